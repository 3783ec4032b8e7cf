package io.forestall.topologies;

import io.forestall.operators.ModelInput;
import io.forestall.operators.train.HandOver;
import io.forestall.operators.train.HistoryFunction;
import io.forestall.operators.train.LedgerFunction;
import io.forestall.operators.train.ShippedModel;
import io.forestall.operators.train.TrainInput;
import io.forestall.operators.train.TrainOperator;
import io.forestall.operators.train.TrainSettings;
import io.forestall.operators.train.TrainTags;
import io.forestall.operators.train.TrainerFactory;
import io.forestall.operators.types.AvroType;
import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;
import io.forestall.schemas.ModelTally;
import io.forestall.schemas.ModelTrial;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The train job: what disks reported and which of them failed in, better models out. Rows A4, A14.
 * Event time; state on RocksDB. Deeplearning4j must be in the cluster's {@code lib/}.
 *
 * <pre>
 * telemetry --+
 * fleet ----+-+-> histories (by disk) --> trainer (one a mode) -+-> models
 * events ---+-+                             ^                   +-> trials
 *           |                               |
 *           +-> ledger <-- models ----------+
 *                 +-> tallies, models (demoted)
 * </pre>
 */
public final class TrainJob {

  /** The job's fixed name. */
  public static final String NAME = "forestall-train";

  private TrainJob() {}

  /**
   * Starts the job on the cluster that runs this class, or in this process.
   *
   * @param args options that win over the cluster's configuration: {@code --key value}, {@code
   *     --key=value} or {@code -Dkey=value}
   */
  public static void main(String[] args) throws Exception {
    Arguments.run(NAME, args, TrainJob::define);
  }

  /**
   * Adds the job on Kafka, with the shipped model and Deeplearning4j, to an environment.
   *
   * @param configuration where the job's options are read from
   * @throws IllegalArgumentException when an option is wrong: what, where, what to do
   */
  public static void define(StreamExecutionEnvironment env, Configuration configuration) {
    TrainSettings settings = TrainSettings.from(configuration);
    define(env, new KafkaTrainPorts(settings), settings, shipped(), new Dl4jTrainers(settings));
  }

  /**
   * Adds the job to an environment.
   *
   * @param shipped the model that is champion as long as no other is published
   * @param trainers makes the trainer where the job runs
   */
  public static void define(
      StreamExecutionEnvironment env,
      TrainPorts ports,
      TrainSettings settings,
      ShippedModel shipped,
      TrainerFactory trainers) {
    prepare(env, settings);
    DataStream<TrainInput> fleet = ports.fleet(env);
    DataStream<TrainInput> failures = ports.failures(env);
    DataStream<ModelInput> models = ports.models(env);
    DataStream<TrainInput> telemetry = ports.telemetry(env);
    DataStream<HandOver> histories =
        telemetry
            .union(fleet, failures)
            .keyBy(TrainInput::disk, Types.STRING)
            .process(new HistoryFunction(settings), HandOver.type())
            .name("histories")
            .uid(TrainUids.HISTORIES);

    SingleOutputStreamOperator<ModelTrial> trials =
        histories
            .keyBy(handOver -> HandOver.MODE, Types.STRING)
            .connect(models.keyBy((ModelInput model) -> HandOver.MODE, Types.STRING))
            .transform(
                "trainer",
                AvroType.info(ModelTrial.class),
                new TrainOperator.Factory(settings, shipped, trainers))
            .setParallelism(1)
            .uid(TrainUids.TRAINER);

    SingleOutputStreamOperator<ModelTally> tallies =
        // Rebalanced throughout: over a forward edge no barrier overtakes what a training holds.
        failures
            .rebalance()
            .union(
                fleet.rebalance(),
                // Of telemetry its event time alone: it says when an alarm's horizon is over.
                telemetry.filter(input -> false).name("event-time").uid(TrainUids.TIME).rebalance())
            .connect(models.rebalance())
            .process(new LedgerFunction(shipped), AvroType.info(ModelTally.class))
            .setParallelism(1)
            .name("ledger")
            .uid(TrainUids.LEDGER);

    ports.published(
        trials.getSideOutput(TrainTags.MODELS).union(tallies.getSideOutput(TrainTags.MODELS)));
    ports.trials(trials);
    ports.tallies(tallies);
  }

  private static ShippedModel shipped() {
    StoredModel file = TrainedModels.defaultDiskModelFile();
    return new ShippedModel(file.id(), file.version(), file.toBytes());
  }

  /** What holds for the job wherever it runs; what it runs on stays the cluster's business. */
  private static void prepare(StreamExecutionEnvironment env, TrainSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, NAME);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, SenseJob.MAX_PARALLELISM);
    if (settings.holdWhileTraining()) {
      // A barrier behind input that is held would wait for the training to end.
      configuration.set(CheckpointingOptions.ENABLE_UNALIGNED, true);
    }
    if (env.getConfiguration().getOptional(StateBackendOptions.STATE_BACKEND).isEmpty()) {
      configuration.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
    }
    env.configure(configuration);
  }
}
