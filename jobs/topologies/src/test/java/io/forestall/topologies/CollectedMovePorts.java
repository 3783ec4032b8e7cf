package io.forestall.topologies;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.StandingUpdate;
import io.forestall.schemas.DeadLetter;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiter;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The move job on lists; what leaves is collected in this process. */
final class CollectedMovePorts implements MovePorts {

  private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

  /** What one run reads and has written. */
  static final class Run {
    final List<MoveInput> deltas = new ArrayList<>();
    final List<MoveInput> reports = new ArrayList<>();
    final List<MoveInput> maps = new ArrayList<>();
    final Queue<ShadowStep> steps = new ConcurrentLinkedQueue<>();
    final Queue<StandingUpdate> standings = new ConcurrentLinkedQueue<>();
    final Queue<FleetEvent> events = new ConcurrentLinkedQueue<>();
    final Queue<DeadLetter> deadLetters = new ConcurrentLinkedQueue<>();

    /** By port and number of an input: opens when that input may be read. */
    final Map<String, CompletableFuture<Void>> gates = new ConcurrentHashMap<>();

    /** How many inputs of a port were read before this start. */
    final Map<String, Integer> before = new ConcurrentHashMap<>();

    /** The input of this number of a port, and all behind it, wait until the gate is completed. */
    CompletableFuture<Void> gate(String port, int number) {
      return gates.computeIfAbsent(port + number, each -> new CompletableFuture<>());
    }
  }

  private final String name;

  CollectedMovePorts(String name, Run run) {
    RUNS.put(name, run);
    this.name = name;
  }

  private static Run run(String name) {
    return Objects.requireNonNull(RUNS.get(name));
  }

  private static List<MoveInput> inputs(String name, String port) {
    Run run = run(name);
    return switch (port) {
      case "deltas" -> run.deltas;
      case "reports" -> run.reports;
      default -> run.maps;
    };
  }

  private record Listed(String name, String port) implements GeneratorFunction<Long, MoveInput> {
    @Override
    public MoveInput map(Long index) {
      return inputs(name, port).get(index.intValue());
    }
  }

  private record Gated(String name, String port) implements RateLimiterStrategy<SourceSplit> {
    @Override
    public RateLimiter<SourceSplit> createRateLimiter(int parallelism) {
      AtomicInteger next = new AtomicInteger(run(name).before.getOrDefault(port, 0));
      return new RateLimiter<>() {
        @Override
        public CompletionStage<Void> acquire(int requestSize) {
          CompletableFuture<Void> gate = run(name).gates.get(port + next.getAndIncrement());
          return gate == null ? CompletableFuture.completedFuture(null) : gate;
        }
      };
    }
  }

  private DataStream<MoveInput> source(StreamExecutionEnvironment env, String port, String uid) {
    return env.fromSource(
            new DataGeneratorSource<>(
                new Listed(name, port),
                inputs(name, port).size(),
                new Gated(name, port),
                MoveInput.type()),
            WatermarkStrategy.noWatermarks(),
            port)
        .setParallelism(1)
        .uid(uid);
  }

  @Override
  public DataStream<MoveInput> deltas(StreamExecutionEnvironment env) {
    return source(env, "deltas", MoveUids.DELTA_SOURCE);
  }

  @Override
  public DataStream<MoveInput> reports(StreamExecutionEnvironment env) {
    return source(env, "reports", MoveUids.REPORT_SOURCE);
  }

  @Override
  public DataStream<MoveInput> maps(StreamExecutionEnvironment env) {
    return source(env, "maps", MoveUids.MAP_SOURCE);
  }

  @Override
  public void steps(DataStream<ShadowStep> steps) {
    steps.sinkTo(new Collecting<ShadowStep>(name)).uid(MoveUids.STEP_SINK);
  }

  @Override
  public void standings(DataStream<StandingUpdate> standings) {
    standings.sinkTo(new Collecting<StandingUpdate>(name)).uid(MoveUids.STANDING_SINK);
  }

  @Override
  public void events(DataStream<FleetEvent> events) {
    events.sinkTo(new Collecting<FleetEvent>(name)).uid(MoveUids.EVENT_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters.sinkTo(new Collecting<DeadLetter>(name)).uid(MoveUids.DEAD_LETTER_SINK);
  }

  private record Collecting<T>(String name) implements Sink<T>, Serializable {
    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      Run run = run(name);
      return new SinkWriter<>() {
        @Override
        public void write(T element, Context context) {
          if (element instanceof ShadowStep step) {
            run.steps.add(step);
          } else if (element instanceof StandingUpdate standing) {
            run.standings.add(standing);
          } else if (element instanceof FleetEvent event) {
            run.events.add(event);
          } else {
            run.deadLetters.add((DeadLetter) element);
          }
        }

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public void close() {}
      };
    }
  }
}
