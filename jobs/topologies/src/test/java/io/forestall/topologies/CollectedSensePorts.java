package io.forestall.topologies;

import io.forestall.operators.BaselineUpdate;
import io.forestall.operators.EventTime;
import io.forestall.operators.ModelInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.operators.SenseSettings;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
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

/**
 * The sense job on generated inputs; what leaves is collected in this process. The sources keep
 * their places in checkpoints as Kafka's do.
 */
final class CollectedSensePorts implements SensePorts {

  private static final Map<String, Collected> RUNS = new ConcurrentHashMap<>();

  /** What one run has written. */
  static final class Collected {
    final ConcurrentLinkedQueue<RiskUpdate> risk = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<RiskUpdate> lane = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<DeadLetter> deadLetters = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Event> predictedEvents = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<AnomalyRecord> anomalies = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<BaselineUpdate> baselines = new ConcurrentLinkedQueue<>();

    /** Open once as many scores as asked for have been written. */
    final CountDownLatch enough;

    /** How many scores to write before the one failure; negative for none. */
    final AtomicLong failIn;

    Collected(int enough, long failIn) {
      this.enough = new CountDownLatch(enough);
      this.failIn = new AtomicLong(failIn);
    }
  }

  private final String run;
  private final SenseSettings settings;
  private final GeneratorFunction<Long, SenseInput> telemetry;
  private final long samples;
  private final RateLimiterStrategy<SourceSplit> pace;
  private final GeneratorFunction<Long, SenseInput> fleet;
  private final long disks;
  private List<NodeInput> found = List.of();

  /**
   * Ports of one run.
   *
   * @param run name under which the run collects
   * @param pace pace of the telemetry
   */
  CollectedSensePorts(
      String run,
      Collected collected,
      SenseSettings settings,
      GeneratorFunction<Long, SenseInput> telemetry,
      long samples,
      RateLimiterStrategy<SourceSplit> pace,
      GeneratorFunction<Long, SenseInput> fleet,
      long disks) {
    RUNS.put(run, collected);
    this.run = run;
    this.settings = settings;
    this.telemetry = telemetry;
    this.samples = samples;
    this.pace = pace;
    this.fleet = fleet;
    this.disks = disks;
  }

  /** As fast as it goes. */
  @SuppressWarnings("unchecked") // the limiter never looks at a split
  static RateLimiterStrategy<SourceSplit> fast() {
    return RateLimiterStrategy.noOp();
  }

  /** An even pace. */
  @SuppressWarnings("unchecked") // the limiter never looks at a split
  static RateLimiterStrategy<SourceSplit> perSecond(double samples) {
    return RateLimiterStrategy.perSecond(samples);
  }

  /** A pace that stands still for good after so many samples, while checkpoints go on. */
  static RateLimiterStrategy<SourceSplit> standsStillAfter(long samples) {
    return parallelism ->
        new RateLimiter<>() {
          private long left = samples;

          @Override
          public CompletionStage<Void> acquire(int requestSize) {
            left -= requestSize;
            return left < 0 ? new CompletableFuture<>() : CompletableFuture.completedFuture(null);
          }
        };
  }

  @Override
  public DataStream<SenseInput> telemetry(StreamExecutionEnvironment env) {
    return env.fromSource(
            new DataGeneratorSource<>(telemetry, samples, pace, SenseInput.type()),
            EventTime.telemetry(settings),
            "telemetry")
        .setParallelism(1)
        .uid(SenseUids.TELEMETRY_SOURCE);
  }

  @Override
  public DataStream<SenseInput> fleet(StreamExecutionEnvironment env) {
    return env.fromSource(
            new DataGeneratorSource<>(fleet, disks, SenseInput.type()),
            EventTime.fleet(settings),
            "fleet")
        .setParallelism(1)
        .uid(SenseUids.FLEET_SOURCE);
  }

  /** Lets bytes of nodes be found wrong, too. */
  CollectedSensePorts found(List<NodeInput> wrongBytes) {
    found = List.copyOf(wrongBytes);
    return this;
  }

  @Override
  public DataStream<NodeInput> wrongBytes(StreamExecutionEnvironment env) {
    // A source has something to say; the first is for nobody.
    List<String> entities = new ArrayList<>(List.of(""));
    List<String> names = new ArrayList<>(List.of(""));
    List<Long> times = new ArrayList<>(List.of(0L));
    for (NodeInput each : found) {
      entities.add(each.entity());
      names.add(each.about());
      times.add(each.timeMillis());
    }
    return env.fromSource(
            new DataGeneratorSource<>(
                new Found(List.copyOf(entities), List.copyOf(names), List.copyOf(times)),
                entities.size(),
                NodeInput.type()),
            EventTime.findings(),
            "events")
        .setParallelism(1)
        .uid(SenseUids.EVENT_SOURCE)
        .filter(input -> !input.entity().isEmpty())
        .uid("collected-found");
  }

  private record Found(List<String> entities, List<String> names, List<Long> times)
      implements GeneratorFunction<Long, NodeInput> {
    @Override
    public NodeInput map(Long index) {
      int at = index.intValue();
      return NodeInput.wrongBytes(entities.get(at), names.get(at), times.get(at));
    }
  }

  @Override
  public DataStream<ModelInput> models(StreamExecutionEnvironment env) {
    List<ModelInput> records =
        List.of(
            new ModelInput("disk/none/1", null, 0, 0),
            new ModelInput("disk/bad/1", new byte[] {1, 2, 3}, 0, 1));
    return env.fromSource(
            new DataGeneratorSource<>(
                new ModelRecords(List.copyOf(records)), records.size(), ModelInput.type()),
            EventTime.models(),
            "models")
        .setParallelism(1)
        .uid(SenseUids.MODEL_SOURCE);
  }

  @Override
  public void risk(DataStream<RiskUpdate> updates) {
    updates.sinkTo(new Collecting<RiskUpdate>(run, Collecting.Port.RISK)).uid(SenseUids.RISK_SINK);
  }

  @Override
  public void lane(DataStream<RiskUpdate> updates) {
    updates.sinkTo(new Collecting<RiskUpdate>(run, Collecting.Port.LANE)).uid(SenseUids.LANE_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters
        .sinkTo(new Collecting<DeadLetter>(run, Collecting.Port.DEAD_LETTERS))
        .uid(SenseUids.DEAD_LETTER_SINK);
  }

  @Override
  public void predictedEvents(DataStream<Event> events) {
    events
        .sinkTo(new Collecting<Event>(run, Collecting.Port.PREDICTED_EVENTS))
        .uid(SenseUids.PREDICTED_EVENT_SINK);
  }

  @Override
  public void anomalies(DataStream<AnomalyRecord> anomalies) {
    anomalies
        .sinkTo(new Collecting<AnomalyRecord>(run, Collecting.Port.ANOMALIES))
        .uid(SenseUids.ANOMALY_SINK);
  }

  @Override
  public void baselines(DataStream<BaselineUpdate> baselines) {
    baselines
        .sinkTo(new Collecting<BaselineUpdate>(run, Collecting.Port.BASELINES))
        .uid(SenseUids.BASELINE_SINK);
  }

  private static final class ModelRecords implements GeneratorFunction<Long, ModelInput> {
    private static final long serialVersionUID = 1L;
    private final String[] keys;
    private final byte[][] values;

    ModelRecords(List<ModelInput> records) {
      keys = records.stream().map(ModelInput::key).toArray(String[]::new);
      values = records.stream().map(ModelInput::value).toArray(byte[][]::new);
    }

    @Override
    public ModelInput map(Long index) {
      int at = index.intValue();
      return new ModelInput(keys[at], values[at], 0, index);
    }
  }

  private record Collecting<T>(String run, Port port) implements Sink<T>, Serializable {

    enum Port {
      RISK,
      LANE,
      DEAD_LETTERS,
      PREDICTED_EVENTS,
      ANOMALIES,
      BASELINES
    }

    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      Collected collected = Objects.requireNonNull(RUNS.get(run));
      return new SinkWriter<>() {
        @Override
        public void write(T element, Context context) {
          switch (port) {
            case RISK -> {
              if (collected.failIn.getAndDecrement() == 0) {
                throw new IllegalStateException("a failure, as the test asked for");
              }
              collected.risk.add((RiskUpdate) element);
              collected.enough.countDown();
            }
            case LANE -> collected.lane.add((RiskUpdate) element);
            case DEAD_LETTERS -> collected.deadLetters.add((DeadLetter) element);
            case PREDICTED_EVENTS -> collected.predictedEvents.add((Event) element);
            case ANOMALIES -> collected.anomalies.add((AnomalyRecord) element);
            case BASELINES -> collected.baselines.add((BaselineUpdate) element);
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
