package io.forestall.topologies;

import io.forestall.operators.PoolOperator;
import io.forestall.operators.alert.AlertSettings;
import io.forestall.operators.alert.AlertSteps;
import io.forestall.operators.decide.ActFunction;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.DecideIntake;
import io.forestall.operators.decide.DecideSettings;
import io.forestall.operators.decide.DecideTags;
import io.forestall.operators.decide.EntityFunction;
import io.forestall.operators.decide.GuardBrain;
import io.forestall.operators.decide.PolicyGate;
import io.forestall.operators.decide.SagaBrain;
import io.forestall.operators.decide.SagaSliceFunction;
import io.forestall.operators.decide.Said;
import io.forestall.operators.decide.SaidSorter;
import io.forestall.operators.decide.SliceFunction;
import io.forestall.operators.types.AvroType;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Topics;
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
 * The decide job: incidents in; proposals, decisions with every guard's result, and signed
 * admissions out; and what is done under them, as commands to nodes and clients. Processing time:
 * it waits for what has not happened, which event time cannot.
 *
 * <pre>
 * incidents, proposals -----------------------+
 * admissions --------------+------------------+
 * acks --------------------+-> acts ----------+-> guard (by pool) -> said -+-> proposals, decisions
 * risk, fleet --> entities -------------------+        ^                   +-> admissions, signed
 * maps ---------> slices ---------------------+        | broadcast         +-> marks, notices
 * policies -> gate, zones, models ---------------------+
 * incidents, policies -> alerts (by pool) -> Alertmanager
 *
 * ownership, admissions, acks, entities ------+-> sagas (by pool) -> said -+-> commands, maps
 * maps ---------> slices ---------------------+        ^ policies          +-> ends of acts
 * shadows ------------------------------------+                            +-> steps, proposals
 * </pre>
 */
public final class DecideJob {

  /** The job's fixed name. */
  public static final String NAME = "forestall-decide";

  private DecideJob() {}

  /**
   * Starts the job on the cluster that runs this class, or in this process.
   *
   * @param args options that win over the cluster's configuration: {@code --key value}, {@code
   *     --key=value} or {@code -Dkey=value}
   */
  public static void main(String[] args) throws Exception {
    Arguments.run(NAME, args, DecideJob::define);
  }

  /**
   * Adds the job on Kafka to an environment.
   *
   * @param configuration where the job's options are read from
   * @throws IllegalArgumentException when an option is wrong: what, where, what to do
   */
  public static void define(StreamExecutionEnvironment env, Configuration configuration) {
    DecideSettings settings = DecideSettings.from(configuration);
    AlertSettings alerts = AlertSettings.from(configuration);
    define(
        env, new KafkaDecidePorts(settings, alerts, System.currentTimeMillis()), settings, alerts);
  }

  /** Adds the job to an environment; nobody is told of incidents. */
  public static void define(
      StreamExecutionEnvironment env, DecidePorts ports, DecideSettings settings) {
    define(env, ports, settings, AlertSettings.off());
  }

  /** Adds the job to an environment. */
  public static void define(
      StreamExecutionEnvironment env,
      DecidePorts ports,
      DecideSettings settings,
      AlertSettings alerts) {
    prepare(env, settings);
    Intakes intakes = new Intakes();
    var incidents = intakes.of(ports.incidents(env), "incidents", DecideUids.INCIDENT_INTAKE);
    var proposals = intakes.of(ports.proposals(env), "proposals", DecideUids.PROPOSAL_INTAKE);
    var admissions = intakes.of(ports.admissions(env), "admissions", DecideUids.ADMISSION_INTAKE);
    var acks = intakes.of(ports.acks(env), "acks", DecideUids.ACK_INTAKE);
    var risk = intakes.of(ports.risk(env), "risk", DecideUids.RISK_INTAKE);
    var fleet = intakes.of(ports.fleet(env), "fleet", DecideUids.FLEET_INTAKE);
    var maps = intakes.of(ports.maps(env), "maps", DecideUids.MAP_INTAKE);
    var zones = intakes.of(ports.zones(env), "zones", DecideUids.ZONE_INTAKE);
    var models = intakes.of(ports.models(env), "models", DecideUids.MODEL_INTAKE);

    SingleOutputStreamOperator<DecideInput> policies =
        ports
            .policies(env)
            .process(
                new PolicyGate(settings.keys(), Topics.POLICIES.name(settings.topicPrefix())),
                DecideInput.type())
            .setParallelism(1)
            .name("policy gate")
            .uid(DecideUids.POLICY_GATE);
    SingleOutputStreamOperator<DecideInput> entities =
        fleet
            .union(risk)
            .keyBy(DecideInput::key, Types.STRING)
            .process(new EntityFunction(settings.placeGraceMillis()), DecideInput.type())
            .name("entities")
            .uid(DecideUids.ENTITIES);
    DataStream<DecideInput> units =
        maps.keyBy(DecideInput::key, Types.STRING)
            .process(new SliceFunction(), DecideInput.type())
            .name("slices")
            .uid(DecideUids.SLICES);
    DataStream<DecideInput> acts =
        acks.union(admissions.getSideOutput(DecideTags.ADMISSIONS_SEEN))
            .keyBy(DecideInput::key, Types.STRING)
            .process(new ActFunction(settings.placeGraceMillis()), DecideInput.type())
            .name("acts")
            .uid(DecideUids.ACTS);

    SingleOutputStreamOperator<Decision> decisions =
        incidents
            .union(proposals, admissions, entities, units, acts)
            .keyBy(DecideInput::key, Types.STRING)
            .connect(policies.union(zones, models).broadcast())
            .transform(
                "guard", Said.type(), PoolOperator.processingTime(GuardBrain.factory(settings)))
            .uid(DecideUids.GUARD)
            .process(new SaidSorter(), AvroType.info(Decision.class))
            .name("said")
            .uid(DecideUids.SAID);

    SingleOutputStreamOperator<Decision> sagas =
        sagas(env, ports, settings, intakes, entities, acks, policies);

    ports.decisions(decisions);
    ports.proposed(
        decisions
            .getSideOutput(DecideTags.PROPOSALS)
            .union(sagas.getSideOutput(DecideTags.PROPOSALS)));
    ports.admitted(decisions.getSideOutput(DecideTags.ADMISSIONS));
    ports.marks(decisions.getSideOutput(DecideTags.POLICIES));
    ports.notices(
        decisions.getSideOutput(DecideTags.NOTICES).union(sagas.getSideOutput(DecideTags.NOTICES)));
    ports.commands(sagas.getSideOutput(DecideTags.COMMANDS));
    ports.ends(sagas.getSideOutput(DecideTags.ENDS));
    ports.mapped(sagas.getSideOutput(DecideTags.MAPS));
    ports.alerts(
        AlertSteps.define(incidents, policies, alerts, settings.keys(), DecideUids.ALERTS));
    ports.deadLetters(intakes.deadLetters(policies.getSideOutput(DecideTags.DEAD_LETTERS)));
  }

  /** What happens under the admissions: the sagas of each pool, beside its fold of ownership. */
  private static SingleOutputStreamOperator<Decision> sagas(
      StreamExecutionEnvironment env,
      DecidePorts ports,
      DecideSettings settings,
      Intakes intakes,
      SingleOutputStreamOperator<DecideInput> entities,
      SingleOutputStreamOperator<DecideInput> acks,
      DataStream<DecideInput> policies) {
    var ownership = intakes.of(ports.ownership(env), "ownership", DecideUids.OWNERSHIP_INTAKE);
    var admissions =
        intakes.of(
            ports.sagaAdmissions(env), "admissions of sagas", DecideUids.SAGA_ADMISSION_INTAKE);
    var maps = intakes.of(ports.sagaMaps(env), "maps of sagas", DecideUids.SAGA_MAP_INTAKE);
    DataStream<DecideInput> slices =
        maps.keyBy(DecideInput::key, Types.STRING)
            .process(new SagaSliceFunction(), DecideInput.type())
            .name("slices of sagas")
            .uid(DecideUids.SAGA_SLICES);
    var shadows = intakes.of(ports.shadows(env), "shadows", DecideUids.SHADOW_INTAKE);
    return ownership
        .getSideOutput(DecideTags.SAGAS)
        .union(
            admissions.getSideOutput(DecideTags.SAGAS),
            acks.getSideOutput(DecideTags.SAGAS),
            entities.getSideOutput(DecideTags.SAGAS),
            shadows.getSideOutput(DecideTags.SAGAS),
            slices)
        .keyBy(DecideInput::key, Types.STRING)
        .connect(policies.broadcast())
        .transform("sagas", Said.type(), PoolOperator.processingTime(SagaBrain.factory(settings)))
        .uid(DecideUids.SAGAS)
        .process(new SaidSorter(), AvroType.info(Decision.class))
        .name("said by sagas")
        .uid(DecideUids.SAGA_SAID);
  }

  /** The intakes behind the sources, and the dead letters of all of them. */
  private static final class Intakes {
    private final java.util.List<DataStream<DeadLetter>> letters = new java.util.ArrayList<>();

    SingleOutputStreamOperator<DecideInput> of(
        DataStream<DecideInput> inputs, String name, String uid) {
      // As parallel as its source: dealing records out anew would lose the order of the log.
      SingleOutputStreamOperator<DecideInput> intake =
          inputs
              .process(new DecideIntake(), DecideInput.type())
              .setParallelism(inputs.getParallelism())
              .name(name + " intake")
              .uid(uid);
      letters.add(intake.getSideOutput(DecideTags.DEAD_LETTERS));
      return intake;
    }

    DataStream<DeadLetter> deadLetters(DataStream<DeadLetter> more) {
      DataStream<DeadLetter> all = more;
      for (DataStream<DeadLetter> each : letters) {
        all = all.union(each);
      }
      return all;
    }
  }

  /** What holds for the job wherever it runs; what it runs on stays the cluster's business. */
  private static void prepare(StreamExecutionEnvironment env, DecideSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, NAME);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, SenseJob.MAX_PARALLELISM);
    configuration.set(
        ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(settings.flushIntervalMillis()));
    if (env.getConfiguration().getOptional(StateBackendOptions.STATE_BACKEND).isEmpty()) {
      configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    }
    env.configure(configuration);
  }
}
