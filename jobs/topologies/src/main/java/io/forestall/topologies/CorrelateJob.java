package io.forestall.topologies;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.CorrelateIntake;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.correlate.CorrelateTags;
import io.forestall.operators.correlate.IncidentBrain;
import io.forestall.operators.correlate.PolicyGate;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.operators.correlate.RouteOperator;
import io.forestall.operators.correlate.RuleOperator;
import io.forestall.operators.correlate.Rules;
import io.forestall.operators.types.RecordFormat;
import java.time.Duration;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The correlate job: events in, incidents out. Event time; state on the heap, where Flink CEP is
 * many times faster than on RocksDB.
 *
 * <pre>
 * events, predicted,
 * anomalies ---------> intake -> route (by entity) -+- symptoms -> pattern of a rule (by key) -+
 * fleet ----------------broadcast------^            |             one for each rule            |
 * policies -> gate -----broadcast------^            +- every symptom --------------------------+-> incidents (by pool)
 *                  \----broadcast-----------------------------------------------------------------^
 * </pre>
 */
public final class CorrelateJob {

  /** The job's fixed name. */
  public static final String NAME = "forestall-correlate";

  /** How often event time is told onwards; part of the time from an event to its incident. */
  private static final Duration WATERMARK_INTERVAL = Duration.ofMillis(100);

  private static final TypeInformation<IncidentInput> INPUT =
      RecordFormat.INCIDENT_INPUT.info(IncidentInput.class);

  private CorrelateJob() {}

  /**
   * Starts the job on the cluster that runs this class, or in this process.
   *
   * @param args options that win over the cluster's configuration: {@code --key value}, {@code
   *     --key=value} or {@code -Dkey=value}
   */
  public static void main(String[] args) throws Exception {
    Arguments.run(NAME, args, CorrelateJob::define);
  }

  /**
   * Adds the job on Kafka to an environment.
   *
   * @param configuration where the job's options are read from
   * @throws IllegalArgumentException when an option or a rule is wrong: what, where, what to do
   */
  public static void define(StreamExecutionEnvironment env, Configuration configuration) {
    CorrelateSettings settings = CorrelateSettings.from(configuration);
    define(env, new KafkaCorrelatePorts(settings), settings, Rules.of(settings));
  }

  /** Adds the job to an environment. */
  public static void define(
      StreamExecutionEnvironment env,
      CorrelatePorts ports,
      CorrelateSettings settings,
      Rules rules) {
    prepare(env, settings);
    SingleOutputStreamOperator<FleetEvent> events =
        intake(ports.events(env), rules, "event intake", CorrelateUids.EVENT_INTAKE);
    SingleOutputStreamOperator<FleetEvent> predicted =
        intake(
            ports.predictedEvents(env), rules, "predicted intake", CorrelateUids.PREDICTED_INTAKE);
    SingleOutputStreamOperator<FleetEvent> anomalies =
        intake(ports.anomalies(env), rules, "anomaly intake", CorrelateUids.ANOMALY_INTAKE);
    SingleOutputStreamOperator<RouteControl> policies =
        ports
            .policies(env)
            .process(new PolicyGate(settings, rules), RouteControl.type())
            .setParallelism(1)
            .name("policy gate")
            .uid(CorrelateUids.POLICY_GATE)
            .setBufferTimeout(0);

    SingleOutputStreamOperator<IncidentInput> route =
        events
            .union(predicted, anomalies)
            .keyBy(event -> event.entity().id(), Types.STRING)
            .connect(ports.fleet(env).broadcast().union(policies.broadcast()))
            .transform("route", INPUT, new RouteOperator(settings, rules))
            .uid(CorrelateUids.ROUTE);
    DataStream<IncidentInput> inputs = route;
    for (Rule rule : rules.set().rules()) {
      inputs = inputs.union(pattern(route, rules, rule));
    }
    SingleOutputStreamOperator<Incident> incidents =
        inputs
            .keyBy(CorrelateTags::pool, Types.STRING)
            .connect(policies.broadcast())
            .transform(
                "incidents",
                RecordFormat.INCIDENT.info(Incident.class),
                IncidentBrain.operator(rules))
            .uid(CorrelateUids.INCIDENTS);

    ports.incidents(incidents);
    ports.deadLetters(
        events
            .getSideOutput(CorrelateTags.DEAD_LETTERS)
            .union(
                predicted.getSideOutput(CorrelateTags.DEAD_LETTERS),
                anomalies.getSideOutput(CorrelateTags.DEAD_LETTERS),
                policies.getSideOutput(CorrelateTags.DEAD_LETTERS)));
  }

  private static SingleOutputStreamOperator<FleetEvent> intake(
      DataStream<CorrelateInput> inputs, Rules rules, String name, String uid) {
    return inputs
        .process(new CorrelateIntake(rules), RecordFormat.FLEET_EVENT.info(FleetEvent.class))
        .setParallelism(inputs.getParallelism())
        .name(name)
        .uid(uid);
  }

  private static DataStream<IncidentInput> pattern(
      SingleOutputStreamOperator<IncidentInput> route, Rules rules, Rule rule) {
    return route
        .getSideOutput(CorrelateTags.symptoms(rule.id()))
        .keyBy(Symptom::key, Types.STRING)
        .transform("rule " + rule.id(), INPUT, new RuleOperator(rules, rule.id()))
        .uid(CorrelateUids.pattern(rule))
        // Matches are few: each is sent at once, and no thread wakes for them all the time.
        .setBufferTimeout(0);
  }

  /** What holds for the job wherever it runs; what it runs on stays the cluster's business. */
  private static void prepare(StreamExecutionEnvironment env, CorrelateSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.NAME, NAME);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, SenseJob.MAX_PARALLELISM);
    configuration.set(PipelineOptions.AUTO_WATERMARK_INTERVAL, WATERMARK_INTERVAL);
    configuration.set(
        ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(settings.flushIntervalMillis()));
    // Whatever the cluster's default is: patterns on RocksDB are fourteen times slower.
    configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    env.configure(configuration);
  }
}
