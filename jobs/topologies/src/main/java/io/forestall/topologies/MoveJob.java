package io.forestall.topologies;

import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.move.LogWatch;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.MoveIntake;
import io.forestall.operators.move.MoveSettings;
import io.forestall.operators.move.MoveTags;
import io.forestall.operators.move.StreamOperator;
import io.forestall.operators.move.UnitFunction;
import io.forestall.operators.types.RecordFormat;
import java.time.Duration;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The move job: the log of deltas in, a stream for each shadow out, and how each shadow stands.
 * Processing time: a log that ends must be noticed, which event time cannot. Payloads travel as
 * they are and are never decompressed. No repeat is ever wrong: after a restore the same steps are
 * sent again, and a shadow knows them by unit, epoch and sequence.
 *
 * <pre>
 * deltas -> log watch (each partition) ---+
 * digests -> intake ----------------------+-> streams (by unit) -+-> shadow-apply
 * maps -> intake -> units (by slice) -----+                      +-> shadows, events
 * </pre>
 *
 * <p>How often a payload is copied between the client that reads it and the one that writes it: out
 * of the record when it is read, into and out of Flink's buffers at the one exchange (two each,
 * when a record spans buffers), and into the record of each shadow.
 *
 * <p>Hot and cold units are treated alike: everything is taken in the order of its partition, a
 * fetch takes no more than a mebibyte of one partition before the next has its turn, and the
 * streams wait for nobody.
 */
public final class MoveJob {

  /** The job's fixed name. */
  public static final String NAME = "forestall-move";

  /**
   * How long what is read beside the log waits at most in a buffer: nobody waits for it, and to
   * look a thousand times a second takes a tenth of the job's time. Milliseconds.
   */
  private static final long BESIDE_MILLIS = 20;

  private MoveJob() {}

  /**
   * Starts the job on the cluster that runs this class, or in this process.
   *
   * @param args options that win over the cluster's configuration: {@code --key value}, {@code
   *     --key=value} or {@code -Dkey=value}
   */
  public static void main(String[] args) throws Exception {
    Arguments.run(NAME, args, MoveJob::define);
  }

  /**
   * Adds the job on Kafka to an environment.
   *
   * @param configuration where the job's options are read from
   * @throws IllegalArgumentException when an option is wrong: what, where, what to do
   */
  public static void define(StreamExecutionEnvironment env, Configuration configuration) {
    MoveSettings settings = MoveSettings.from(configuration);
    define(env, new KafkaMovePorts(settings, System.currentTimeMillis()), settings);
  }

  /** Adds the job to an environment. */
  public static void define(
      StreamExecutionEnvironment env, MovePorts ports, MoveSettings settings) {
    prepare(env, settings);
    DataStream<MoveInput> log = ports.deltas(env);
    SingleOutputStreamOperator<MoveInput> deltas =
        log.process(new LogWatch(), MoveInput.type())
            // As parallel as its source: dealing records out anew would lose the order of the log.
            .setParallelism(log.getParallelism())
            .name("log watch")
            .uid(MoveUids.LOG_WATCH);
    SingleOutputStreamOperator<MoveInput> reports =
        intake(ports.reports(env), "report intake", MoveUids.REPORT_INTAKE);
    SingleOutputStreamOperator<MoveInput> maps =
        intake(ports.maps(env), "map intake", MoveUids.MAP_INTAKE);
    DataStream<MoveInput> units =
        maps.keyBy(MoveInput::key, Types.STRING)
            .process(new UnitFunction(), MoveInput.type())
            .setBufferTimeout(BESIDE_MILLIS)
            .name("units")
            .uid(MoveUids.UNITS);

    SingleOutputStreamOperator<ShadowStep> steps =
        deltas
            .union(reports, units)
            .keyBy(MoveInput::key, Types.STRING)
            .transform(
                "streams",
                RecordFormat.SHADOW_STEP.info(ShadowStep.class),
                new StreamOperator(settings))
            .uid(MoveUids.STREAMS);

    ports.steps(steps);
    ports.standings(steps.getSideOutput(MoveTags.STANDINGS));
    ports.events(steps.getSideOutput(MoveTags.EVENTS));
    ports.deadLetters(
        deltas
            .getSideOutput(MoveTags.DEAD_LETTERS)
            .union(
                reports.getSideOutput(MoveTags.DEAD_LETTERS),
                maps.getSideOutput(MoveTags.DEAD_LETTERS)));
  }

  private static SingleOutputStreamOperator<MoveInput> intake(
      DataStream<MoveInput> inputs, String name, String uid) {
    return inputs
        .process(new MoveIntake(), MoveInput.type())
        .setParallelism(inputs.getParallelism())
        .setBufferTimeout(BESIDE_MILLIS)
        .name(name)
        .uid(uid);
  }

  /** What holds for the job wherever it runs; what it runs on stays the cluster's business. */
  private static void prepare(StreamExecutionEnvironment env, MoveSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, NAME);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, SenseJob.MAX_PARALLELISM);
    configuration.set(
        ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(settings.flushIntervalMillis()));
    if (env.getConfiguration().getOptional(StateBackendOptions.STATE_BACKEND).isEmpty()) {
      configuration.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
    }
    env.configure(configuration);
  }
}
