package io.forestall.topologies;

import io.forestall.operators.ModelInput;
import io.forestall.operators.train.TrainInput;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTally;
import io.forestall.schemas.ModelTrial;
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

/** The train job on lists; what leaves is collected in this process. */
final class CollectedTrainPorts implements TrainPorts {

  private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

  /** What one run reads and has written. */
  static final class Run {
    final List<TrainInput> samples = new ArrayList<>();
    final List<TrainInput> fleet = new ArrayList<>(List.of(TrainInput.nothing()));
    final List<TrainInput> failures = new ArrayList<>();
    final List<ModelInput> models = new ArrayList<>();

    /** The last sample waits for it. */
    volatile CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    final Queue<ModelRecord> accepted = new ConcurrentLinkedQueue<>();
    final Queue<ModelTally> tallies = new ConcurrentLinkedQueue<>();
    final Queue<ModelTrial> trials = new ConcurrentLinkedQueue<>();
  }

  private final String name;

  CollectedTrainPorts(String name, Run run) {
    RUNS.put(name, run);
    this.name = name;
  }

  private static Run run(String name) {
    return Objects.requireNonNull(RUNS.get(name));
  }

  private static List<?> inputs(String name, String port) {
    Run run = run(name);
    return switch (port) {
      case "samples" -> run.samples;
      case "fleet" -> run.fleet;
      case "failures" -> run.failures;
      default -> run.models;
    };
  }

  private record Listed<T>(String name, String port) implements GeneratorFunction<Long, T> {
    @Override
    @SuppressWarnings("unchecked") // the port ties name and type together
    public T map(Long index) {
      return (T) inputs(name, port).get(index.intValue());
    }
  }

  private record Gated(String name, String port) implements RateLimiterStrategy<SourceSplit> {
    @Override
    public RateLimiter<SourceSplit> createRateLimiter(int parallelism) {
      AtomicInteger left = new AtomicInteger(inputs(name, port).size());
      return new RateLimiter<>() {
        @Override
        public CompletionStage<Void> acquire(int requestSize) {
          return left.decrementAndGet() == 0 && port.equals("samples")
              ? run(name).last
              : CompletableFuture.completedFuture(null);
        }
      };
    }
  }

  private <T> DataStream<T> source(
      StreamExecutionEnvironment env,
      String port,
      TypeInformation<T> type,
      WatermarkStrategy<T> time,
      String uid) {
    return env.fromSource(
            new DataGeneratorSource<>(new Listed<T>(name, port), inputs(name, port).size(), type),
            time,
            port)
        .setParallelism(1)
        .uid(uid);
  }

  @Override
  public DataStream<TrainInput> telemetry(StreamExecutionEnvironment env) {
    return source(
        env,
        "samples",
        TrainInput.type(),
        WatermarkStrategy.<TrainInput>forMonotonousTimestamps()
            .withTimestampAssigner((input, recordTimeMillis) -> input.timeMillis()),
        TrainUids.TELEMETRY_SOURCE);
  }

  @Override
  public DataStream<TrainInput> fleet(StreamExecutionEnvironment env) {
    return source(
        env, "fleet", TrainInput.type(), WatermarkStrategy.noWatermarks(), TrainUids.FLEET_SOURCE);
  }

  @Override
  public DataStream<TrainInput> failures(StreamExecutionEnvironment env) {
    return source(
        env,
        "failures",
        TrainInput.type(),
        WatermarkStrategy.noWatermarks(),
        TrainUids.EVENT_SOURCE);
  }

  @Override
  public DataStream<ModelInput> models(StreamExecutionEnvironment env) {
    return source(
        env, "models", ModelInput.type(), WatermarkStrategy.noWatermarks(), TrainUids.MODEL_SOURCE);
  }

  @Override
  public void published(DataStream<ModelRecord> models) {
    models.sinkTo(new Collecting<ModelRecord>(name)).uid(TrainUids.MODEL_SINK);
  }

  @Override
  public void trials(DataStream<ModelTrial> trials) {
    trials.sinkTo(new Collecting<ModelTrial>(name)).uid(TrainUids.TRIAL_SINK);
  }

  @Override
  public void tallies(DataStream<ModelTally> tallies) {
    tallies.sinkTo(new Collecting<ModelTally>(name)).uid(TrainUids.TALLY_SINK);
  }

  private record Collecting<T>(String name) implements Sink<T>, Serializable {
    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      Run run = run(name);
      return new SinkWriter<>() {
        @Override
        public void write(T element, Context context) {
          if (element instanceof ModelRecord model) {
            run.accepted.add(model);
          } else if (element instanceof ModelTally tally) {
            run.tallies.add(tally);
          } else {
            run.trials.add((ModelTrial) element);
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
