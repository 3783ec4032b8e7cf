package io.forestall.topologies;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EventTime;
import io.forestall.operators.ModelInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseSettings;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import java.util.List;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** How many samples a second the job scores without Kafka: disks, days, parallelism. */
public final class SenseThroughput {

  private SenseThroughput() {}

  public static void main(String[] args) throws Exception {
    int disks = Integer.parseInt(args[0]);
    int days = Integer.parseInt(args[1]);
    int parallelism = Integer.parseInt(args[2]);
    Configuration configuration = new Configuration();
    for (int i = 3; i < args.length; i++) {
      int at = args[i].indexOf('=');
      configuration.setString(args[i].substring(0, at), args[i].substring(at + 1));
    }
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
    SenseJob.define(
        env,
        new Generated(disks, days),
        SenseSettings.defaults(),
        TestingModels.shippedShape(-8f).toBytes());
    long start = System.nanoTime();
    env.execute(SenseJob.NAME);
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        "%d disks x %d days, parallelism %d: %.1f s, %.0f samples/s%n",
        disks, days, parallelism, seconds, (double) disks * days / seconds);
  }

  private record Generated(int disks, int days) implements SensePorts {
    @Override
    public DataStream<DiskInput> telemetry(StreamExecutionEnvironment env) {
      int n = disks;
      return env.fromSource(
              new DataGeneratorSource<>(
                  index -> sample((int) (index % n), (int) (index / n)),
                  (long) disks * days,
                  RateLimiterStrategy.noOp(),
                  DiskInput.type()),
              EventTime.telemetry(SenseSettings.defaults()),
              "telemetry")
          .setParallelism(1)
          .uid(SenseUids.TELEMETRY_SOURCE);
    }

    private static DiskInput sample(int disk, int day) {
      double[] values = DiskSample.absentValues();
      long mixed = (disk * 31L + day) * 0x9E3779B97F4A7C15L;
      values[DiskMetric.READ_ERROR_RATE.ordinal()] = (mixed >>> 36) & 0xFFFFFF;
      values[DiskMetric.REALLOCATED_SECTORS.ordinal()] = disk % 50 == 0 ? day : 0;
      values[DiskMetric.POWER_ON_HOURS.ordinal()] = 10_000 + 24 * day;
      values[DiskMetric.POWER_CYCLES.ordinal()] = 12;
      values[DiskMetric.SPIN_RETRIES.ordinal()] = 0;
      values[DiskMetric.SEEK_ERROR_RATE.ordinal()] = (mixed >>> 20) & 0xFFFFFF;
      values[DiskMetric.REPORTED_UNCORRECTABLE.ordinal()] = 0;
      values[DiskMetric.COMMAND_TIMEOUTS.ordinal()] = 0;
      values[DiskMetric.TEMPERATURE.ordinal()] = 24 + (mixed >>> 60);
      values[DiskMetric.LOAD_CYCLES.ordinal()] = 100 + day;
      values[DiskMetric.PENDING_SECTORS.ordinal()] = 0;
      values[DiskMetric.OFFLINE_UNCORRECTABLE.ordinal()] = 0;
      values[DiskMetric.INTERFACE_CRC_ERRORS.ordinal()] = disk % 11;
      return DiskInput.sample(
          "n-" + disk / 45,
          new DiskSample("SYN" + disk, "SYNTH A", 1_704_067_200_000L + 86_400_000L * day, values),
          0,
          0,
          -1);
    }

    @Override
    public DataStream<DiskInput> fleet(StreamExecutionEnvironment env) {
      return env.fromSource(
              new DataGeneratorSource<>(
                  index -> DiskInput.fleet("SYN" + index, "n-" + index / 45),
                  disks,
                  RateLimiterStrategy.noOp(),
                  DiskInput.type()),
              EventTime.fleet(SenseSettings.defaults()),
              "fleet")
          .setParallelism(1)
          .uid(SenseUids.FLEET_SOURCE);
    }

    @Override
    public DataStream<ModelInput> models(StreamExecutionEnvironment env) {
      return env.fromData(
              ModelInput.type(),
              List.of(new ModelInput("none", null, 0, 0)).toArray(ModelInput[]::new))
          .setParallelism(1)
          .uid(SenseUids.MODEL_SOURCE);
    }

    @Override
    public void risk(DataStream<RiskUpdate> updates) {
      updates.sinkTo(new DiscardingSink<>()).uid(SenseUids.RISK_SINK);
    }

    @Override
    public void lane(DataStream<RiskUpdate> updates) {
      updates.sinkTo(new DiscardingSink<>()).uid(SenseUids.LANE_SINK);
    }

    @Override
    public void deadLetters(DataStream<DeadLetter> letters) {
      letters.sinkTo(new DiscardingSink<>()).uid(SenseUids.DEAD_LETTER_SINK);
    }

    @Override
    public void predictedEvents(DataStream<Event> events) {
      events.sinkTo(new DiscardingSink<>()).uid(SenseUids.PREDICTED_EVENT_SINK);
    }
  }
}
