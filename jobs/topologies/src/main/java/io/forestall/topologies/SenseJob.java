package io.forestall.topologies;

import io.forestall.operators.DiskInput;
import io.forestall.operators.Engines;
import io.forestall.operators.Intake;
import io.forestall.operators.MicroBatchOperator;
import io.forestall.operators.ModelFactory;
import io.forestall.operators.ModelGate;
import io.forestall.operators.ModelInput;
import io.forestall.operators.RiskFunction;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.operators.SenseSettings;
import io.forestall.operators.SenseTags;
import io.forestall.operators.StandardEngines;
import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.datastream.BroadcastStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The sense job: telemetry in, failure scores with reasons out. Event time; state on RocksDB.
 *
 * <pre>
 * telemetry -> intake -+- SMART ----------------------------------> risk (by disk) -> risk topic
 * fleet -----> intake -+                                             ^    | changed scores
 * models ----> gate ------broadcast-------------------------------> -+    |
 *                      +- machines, disks under load                 |    v
 *                      |    -> signals (by thing) -+-> symptoms -----+-> nodes -> risk topic
 *                      |              |            | (broadcast)     |    ^
 *                      |              +-> peers ---+   network ------+    |
 *                      |                                             v    |
 *                      +- paths -> paths (by volume, by node) ---> blame -+
 * events ---> bytes of nodes that others found to be wrong ---------------+
 * </pre>
 *
 * <p>Beside the scores there leave predicted events, anomalies, baselines, dead letters of every
 * step, and the scores of the second lane when it is on.
 */
public final class SenseJob {

  /** The job's fixed name. */
  public static final String NAME = "forestall-sense";

  /** Number of key groups: the largest parallelism that state can ever be spread over. */
  public static final int MAX_PARALLELISM = 720;

  private SenseJob() {}

  /**
   * Starts the job on the cluster that runs this class, or in this process.
   *
   * @param args options that win over the cluster's configuration: {@code --key value}, {@code
   *     --key=value} or {@code -Dkey=value}
   */
  public static void main(String[] args) throws Exception {
    Arguments.run(NAME, args, SenseJob::define);
  }

  /**
   * Adds the job on Kafka, with the shipped model, to an environment.
   *
   * @param configuration where the job's options are read from
   * @throws IllegalArgumentException when an option is wrong: what, where, what to do
   */
  public static void define(StreamExecutionEnvironment env, Configuration configuration) {
    SenseSettings settings = SenseSettings.from(configuration);
    define(env, new KafkaSensePorts(settings), settings);
  }

  /** Adds the job on other ports, with the shipped model, to an environment. */
  public static void define(
      StreamExecutionEnvironment env, SensePorts ports, SenseSettings settings) {
    define(env, ports, settings, TrainedModels.defaultDiskModelFile().toBytes());
  }

  /**
   * Adds the job to an environment.
   *
   * @param shippedModel bytes of the model file that is champion from the beginning of time
   */
  public static void define(
      StreamExecutionEnvironment env,
      SensePorts ports,
      SenseSettings settings,
      byte[] shippedModel) {
    prepare(env);
    ModelFactory compiled = StoredModel::compile;
    Engines engines = new StandardEngines(settings);

    SingleOutputStreamOperator<DiskInput> telemetry =
        intake(ports.telemetry(env), "telemetry intake", SenseUids.TELEMETRY_INTAKE);
    SingleOutputStreamOperator<DiskInput> fleet =
        intake(ports.fleet(env), "fleet intake", SenseUids.FLEET_INTAKE);
    SingleOutputStreamOperator<ModelInput> models =
        ports
            .models(env)
            .process(new ModelGate(settings, shippedModel, compiled), ModelInput.type())
            .setParallelism(1)
            .name("model gate")
            .uid(SenseUids.MODEL_GATE);
    BroadcastStream<ModelInput> everywhere = models.broadcast(SenseTags.MODELS);

    MachineSteps machines = MachineSteps.define(telemetry, fleet, settings, engines);
    SingleOutputStreamOperator<RiskUpdate> risk =
        telemetry
            .union(fleet, machines.driveFindings())
            .keyBy(DiskInput::disk)
            .connect(everywhere)
            .process(new RiskFunction(settings, shippedModel, compiled), RiskUpdate.type())
            .name("risk")
            .uid(SenseUids.RISK);

    SingleOutputStreamOperator<RiskUpdate> nodes =
        machines.nodes(risk.getSideOutput(SenseTags.DISK_SHARES), ports.wrongBytes(env));

    ports.risk(risk.union(nodes));
    ports.anomalies(machines.anomalies());
    ports.baselines(machines.baselines());
    ports.predictedEvents(
        risk.getSideOutput(SenseTags.PREDICTED_EVENTS)
            .union(nodes.getSideOutput(SenseTags.PREDICTED_EVENTS)));
    ports.deadLetters(
        telemetry
            .getSideOutput(SenseTags.DEAD_LETTERS)
            .union(
                fleet.getSideOutput(SenseTags.DEAD_LETTERS),
                models.getSideOutput(SenseTags.DEAD_LETTERS),
                machines.deadLetters(),
                risk.getSideOutput(SenseTags.DEAD_LETTERS)));
    switch (settings.lane()) {
      case OFF -> {}
      case ADVISE -> ports.lane(risk.getSideOutput(SenseTags.ADVISED));
      case DL4J -> ports.lane(lane(risk, models, settings, shippedModel, new Dl4jModels()));
    }
  }

  private static SingleOutputStreamOperator<DiskInput> intake(
      DataStream<SenseInput> inputs, String name, String uid) {
    // As parallel as its source, whatever that is: dealing records out anew would lose the order of
    // a node's frames.
    return inputs
        .process(new Intake(), DiskInput.type())
        .setParallelism(inputs.getParallelism())
        .name(name)
        .uid(uid);
  }

  private static DataStream<RiskUpdate> lane(
      SingleOutputStreamOperator<RiskUpdate> risk,
      DataStream<ModelInput> models,
      SenseSettings settings,
      byte[] shippedModel,
      ModelFactory factory) {
    return risk.getSideOutput(SenseTags.LANE)
        .keyBy(DiskInput::disk)
        .connect(models.broadcast())
        .transform(
            "second lane",
            RiskUpdate.type(),
            new MicroBatchOperator(settings, shippedModel, factory))
        .uid(SenseUids.LANE);
  }

  /** What holds for the job wherever it runs; what it runs on stays the cluster's business. */
  private static void prepare(StreamExecutionEnvironment env) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, NAME);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, MAX_PARALLELISM);
    if (env.getConfiguration().getOptional(StateBackendOptions.STATE_BACKEND).isEmpty()) {
      configuration.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
    }
    env.configure(configuration);
  }
}
