package io.forestall.topologies;

import io.forestall.decisions.alert.Alert;
import io.forestall.operators.alert.AlertSettings;
import io.forestall.operators.alert.AlertmanagerSink;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.DecideReaders;
import io.forestall.operators.decide.DecideSettings;
import io.forestall.operators.decide.Policies;
import io.forestall.operators.decide.PolicyReader;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The decide job on Kafka. A pool's admissions lie in one partition, which never changes and is
 * read by one reader, so the guard sees them in the order of the log.
 */
public final class KafkaDecidePorts implements DecidePorts {

  private final DecideSettings settings;
  private final AlertSettings alerts;
  private final KafkaPorts kafka;
  private final long nowMillis;

  /**
   * Ports under these settings.
   *
   * @param alerts who is told of incidents
   * @param nowMillis the time of the start, from which history is counted back; milliseconds
   */
  public KafkaDecidePorts(DecideSettings settings, AlertSettings alerts, long nowMillis) {
    this.settings = settings;
    this.alerts = alerts;
    this.nowMillis = nowMillis;
    this.kafka = new KafkaPorts(settings.topicPrefix(), settings.kafka(), settings.groupId());
  }

  @Override
  public DataStream<DecideInput> incidents(StreamExecutionEnvironment env) {
    return source(
            env,
            Topics.INCIDENTS,
            DecideReaders.incidents(),
            since(settings.historyMillis()),
            "incidents")
        .uid(DecideUids.INCIDENT_SOURCE);
  }

  @Override
  public DataStream<DecideInput> proposals(StreamExecutionEnvironment env) {
    return source(
            env,
            Topics.PROPOSALS,
            DecideReaders.proposals(DecideSettings.OWN_DECIDERS),
            since(settings.historyMillis()),
            "proposals")
        .uid(DecideUids.PROPOSAL_SOURCE);
  }

  @Override
  public DataStream<DecideInput> admissions(StreamExecutionEnvironment env) {
    return all(env, Topics.ADMISSIONS, DecideReaders.admissions(settings.keys()), "admissions")
        .uid(DecideUids.ADMISSION_SOURCE);
  }

  @Override
  public DataStream<DecideInput> risk(StreamExecutionEnvironment env) {
    return source(
            env, Topics.RISK, DecideReaders.risk(), since(settings.riskHistoryMillis()), "risk")
        .uid(DecideUids.RISK_SOURCE);
  }

  @Override
  public DataStream<DecideInput> fleet(StreamExecutionEnvironment env) {
    return all(env, Topics.FLEET, DecideReaders.fleet(), "fleet").uid(DecideUids.FLEET_SOURCE);
  }

  @Override
  public DataStream<DecideInput> maps(StreamExecutionEnvironment env) {
    return all(env, Topics.MAPS, DecideReaders.maps(), "maps").uid(DecideUids.MAP_SOURCE);
  }

  @Override
  public DataStream<DecideInput> acks(StreamExecutionEnvironment env) {
    return all(env, Topics.ACKS, DecideReaders.acks(), "acks").uid(DecideUids.ACK_SOURCE);
  }

  @Override
  public DataStream<DecideInput> ownership(StreamExecutionEnvironment env) {
    return all(env, Topics.OWNERSHIP, DecideReaders.ownership(settings.keys()), "ownership")
        .uid(DecideUids.OWNERSHIP_SOURCE);
  }

  @Override
  public DataStream<DecideInput> sagaAdmissions(StreamExecutionEnvironment env) {
    return all(
            env,
            Topics.ADMISSIONS,
            DecideReaders.sagaAdmissions(settings.keys()),
            "admissions of sagas")
        .uid(DecideUids.SAGA_ADMISSION_SOURCE);
  }

  @Override
  public DataStream<DecideInput> sagaMaps(StreamExecutionEnvironment env) {
    return all(env, Topics.MAPS, DecideReaders.sagaMaps(), "maps of sagas")
        .uid(DecideUids.SAGA_MAP_SOURCE);
  }

  @Override
  public DataStream<DecideInput> shadows(StreamExecutionEnvironment env) {
    return all(env, Topics.SHADOWS, DecideReaders.shadows(), "shadows")
        .uid(DecideUids.SHADOW_SOURCE);
  }

  @Override
  public DataStream<DecideInput> zones(StreamExecutionEnvironment env) {
    return all(env, Topics.ZONES, DecideReaders.zones(), "zones")
        .setParallelism(1)
        .uid(DecideUids.ZONE_SOURCE);
  }

  @Override
  public DataStream<DecideInput> models(StreamExecutionEnvironment env) {
    return all(env, Topics.MODELS, DecideReaders.models(), "models")
        .setParallelism(1)
        .uid(DecideUids.MODEL_SOURCE);
  }

  @Override
  public DataStream<DecideInput> policies(StreamExecutionEnvironment env) {
    return all(env, Topics.POLICIES, new PolicyReader(), "policies")
        .setParallelism(1)
        .uid(DecideUids.POLICY_SOURCE);
  }

  private DataStreamSource<DecideInput> all(
      StreamExecutionEnvironment env,
      Topics topic,
      KafkaRecordDeserializationSchema<DecideInput> reader,
      String name) {
    return source(env, topic, reader, OffsetsInitializer.earliest(), name);
  }

  private DataStreamSource<DecideInput> source(
      StreamExecutionEnvironment env,
      Topics topic,
      KafkaRecordDeserializationSchema<DecideInput> reader,
      OffsetsInitializer start,
      String name) {
    return env.fromSource(
        kafka.source(topic, reader, start), WatermarkStrategy.noWatermarks(), name);
  }

  private OffsetsInitializer since(long historyMillis) {
    return OffsetsInitializer.timestamp(Math.max(0, nowMillis - historyMillis));
  }

  @Override
  public void proposed(DataStream<Proposal> proposals) {
    proposals
        .sinkTo(
            kafka.promptSink(
                Topics.PROPOSALS,
                Proposal.class,
                proposal -> Keys.of(proposal.getSubject()),
                proposal -> proposal))
        .name("proposals")
        .uid(DecideUids.PROPOSAL_SINK);
  }

  @Override
  public void decisions(DataStream<Decision> decisions) {
    decisions
        .sinkTo(
            kafka.promptSink(
                Topics.DECISIONS,
                Decision.class,
                decision -> Keys.of(decision.getSubject()),
                decision -> decision))
        .name("decisions")
        .uid(DecideUids.DECISION_SINK);
  }

  @Override
  public void admitted(DataStream<Admission> admissions) {
    admissions
        .sinkTo(
            kafka.promptSink(
                Topics.ADMISSIONS, Admission.class, Admission::getPool, admission -> admission))
        .name("admissions")
        .uid(DecideUids.ADMISSION_SINK);
  }

  @Override
  public void commands(DataStream<Command> commands) {
    commands
        .sinkTo(
            kafka.promptSink(
                Topics.COMMANDS,
                Command.class,
                command -> Keys.of(command.getAddressee()),
                command -> command))
        .name("commands")
        .uid(DecideUids.COMMAND_SINK);
  }

  @Override
  public void ends(DataStream<Ack> acks) {
    acks.sinkTo(
            kafka.promptSink(Topics.ACKS, Ack.class, ack -> Keys.of(ack.getSubject()), ack -> ack))
        .name("ends of acts")
        .uid(DecideUids.ACK_SINK);
  }

  @Override
  public void mapped(DataStream<VolumeMap> maps) {
    maps.sinkTo(
            kafka.promptSink(
                Topics.MAPS,
                VolumeMap.class,
                map -> MapRecords.key(map.getVolume(), map.getSlice()),
                map -> map))
        .name("new maps")
        .uid(DecideUids.MAP_SINK);
  }

  @Override
  public void marks(DataStream<Policy> marks) {
    marks
        .sinkTo(kafka.promptSink(Topics.POLICIES, Policy.class, Policies::key, policy -> policy))
        .name("marks")
        .uid(DecideUids.POLICY_SINK);
  }

  @Override
  public void notices(DataStream<Event> events) {
    events
        .sinkTo(
            kafka.promptSink(
                Topics.EVENTS, Event.class, event -> Keys.of(event.getEntity()), event -> event))
        .name("notices")
        .uid(DecideUids.NOTICE_SINK);
  }

  @Override
  public void alerts(DataStream<Alert> stream) {
    stream.sinkTo(new AlertmanagerSink(alerts)).name("alertmanager").uid(DecideUids.ALERT_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters
        .sinkTo(
            kafka.sink(
                Topics.DEAD_LETTERS, DeadLetter.class, DeadLetter::getOrigin, letter -> letter))
        .name("dead letters")
        .uid(DecideUids.DEAD_LETTER_SINK);
  }
}
