package io.forestall.topologies;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.correlate.CorrelateTime;
import io.forestall.operators.correlate.RouteControl;
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
import org.apache.flink.api.common.typeinfo.TypeInformation;
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

/** The correlate job on lists; what leaves is collected in this process. */
final class CollectedCorrelatePorts implements CorrelatePorts {

  private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

  /** What one run reads and has written. */
  static final class Run {
    final List<CorrelateInput> events = new ArrayList<>();
    final List<CorrelateInput> predicted = new ArrayList<>();
    final List<CorrelateInput> anomalies = new ArrayList<>();
    final List<RouteControl> fleet = new ArrayList<>();
    final List<RouteControl> policies = new ArrayList<>();
    final Queue<Incident> incidents = new ConcurrentLinkedQueue<>();
    final Queue<DeadLetter> deadLetters = new ConcurrentLinkedQueue<>();

    /** By port and number of an input: opens when that input may be read. */
    final Map<String, CompletableFuture<Void>> gates = new ConcurrentHashMap<>();

    /** The input of this number of a port waits until the gate is completed. */
    CompletableFuture<Void> gate(String port, int number) {
      return gates.computeIfAbsent(port + number, each -> new CompletableFuture<>());
    }
  }

  private final String name;
  private final CorrelateSettings settings;

  CollectedCorrelatePorts(String name, Run run, CorrelateSettings settings) {
    // A generated source has one input at least: what concerns nobody.
    if (run.predicted.isEmpty()) {
      run.predicted.add(CorrelateInput.of(nobodys()));
    }
    if (run.anomalies.isEmpty()) {
      run.anomalies.add(CorrelateInput.of(nobodys()));
    }
    if (run.policies.isEmpty()) {
      run.policies.add(RouteControl.policy("all/mode/none", null, 0, 0));
    }
    RUNS.put(name, run);
    this.name = name;
    this.settings = settings;
  }

  private static FleetEvent nobodys() {
    return new FleetEvent(
        "nobodys",
        "nobody.listens",
        Severity.INFO,
        true,
        Subject.node("n-0"),
        List.of(),
        1_700_000_000_000L,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "test",
        "",
        Map.of(),
        Map.of());
  }

  private static Run run(String name) {
    return Objects.requireNonNull(RUNS.get(name));
  }

  private static List<?> inputs(String name, String port) {
    Run run = run(name);
    return switch (port) {
      case "events" -> run.events;
      case "predicted" -> run.predicted;
      case "anomalies" -> run.anomalies;
      case "fleet" -> run.fleet;
      default -> run.policies;
    };
  }

  private record Listed<T>(String name, String port) implements GeneratorFunction<Long, T> {
    @Override
    @SuppressWarnings("unchecked") // each port has one type
    public T map(Long index) {
      return (T) inputs(name, port).get(index.intValue());
    }
  }

  private record Gated(String name, String port) implements RateLimiterStrategy<SourceSplit> {
    @Override
    public RateLimiter<SourceSplit> createRateLimiter(int parallelism) {
      AtomicInteger next = new AtomicInteger();
      return new RateLimiter<>() {
        @Override
        public CompletionStage<Void> acquire(int requestSize) {
          CompletableFuture<Void> gate = run(name).gates.get(port + next.getAndIncrement());
          return gate == null ? CompletableFuture.completedFuture(null) : gate;
        }
      };
    }
  }

  private <T> DataGeneratorSource<T> source(String port, TypeInformation<T> type) {
    return new DataGeneratorSource<>(
        new Listed<>(name, port), inputs(name, port).size(), new Gated(name, port), type);
  }

  @Override
  public DataStream<CorrelateInput> events(StreamExecutionEnvironment env) {
    return env.fromSource(
            source("events", CorrelateInput.type()), CorrelateTime.events(settings), "events")
        .setParallelism(1)
        .uid(CorrelateUids.EVENT_SOURCE);
  }

  @Override
  public DataStream<CorrelateInput> predictedEvents(StreamExecutionEnvironment env) {
    return env.fromSource(
            source("predicted", CorrelateInput.type()), CorrelateTime.events(settings), "predicted")
        .setParallelism(1)
        .uid(CorrelateUids.PREDICTED_SOURCE);
  }

  @Override
  public DataStream<CorrelateInput> anomalies(StreamExecutionEnvironment env) {
    return env.fromSource(
            source("anomalies", CorrelateInput.type()), CorrelateTime.events(settings), "anomalies")
        .setParallelism(1)
        .uid(CorrelateUids.ANOMALY_SOURCE);
  }

  @Override
  public DataStream<RouteControl> fleet(StreamExecutionEnvironment env) {
    return env.fromSource(
            source("fleet", RouteControl.type()), CorrelateTime.controls(settings), "fleet")
        .setParallelism(1)
        .uid(CorrelateUids.FLEET_SOURCE);
  }

  @Override
  public DataStream<RouteControl> policies(StreamExecutionEnvironment env) {
    return env.fromSource(
            source("policies", RouteControl.type()), CorrelateTime.controls(settings), "policies")
        .setParallelism(1)
        .uid(CorrelateUids.POLICY_SOURCE);
  }

  @Override
  public void incidents(DataStream<Incident> incidents) {
    incidents.sinkTo(new Collecting<Incident>(name)).uid(CorrelateUids.INCIDENT_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters.sinkTo(new Collecting<DeadLetter>(name)).uid(CorrelateUids.DEAD_LETTER_SINK);
  }

  private record Collecting<T>(String name) implements Sink<T>, Serializable {
    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      Run run = run(name);
      return new SinkWriter<>() {
        @Override
        public void write(T element, Context context) {
          if (element instanceof Incident incident) {
            run.incidents.add(incident);
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
