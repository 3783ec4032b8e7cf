package io.forestall.topologies;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.move.DeltaReader;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.MoveReader;
import io.forestall.operators.move.MoveSettings;
import io.forestall.operators.move.StandingUpdate;
import io.forestall.operators.move.StepWriter;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.wire.IncidentRecords;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The move job on Kafka. */
public final class KafkaMovePorts implements MovePorts {

  private final MoveSettings settings;
  private final long nowMillis;
  private final KafkaPorts kafka;

  /**
   * The same, for payloads: what the owner found worth compressing it has compressed, and a shadow
   * waits for each of them.
   */
  private final KafkaPorts payloads;

  /**
   * Ports under these settings.
   *
   * @param nowMillis the time of the start, from which history is counted back; milliseconds
   */
  public KafkaMovePorts(MoveSettings settings, long nowMillis) {
    this.settings = settings;
    this.nowMillis = nowMillis;
    this.kafka = new KafkaPorts(settings.topicPrefix(), settings.kafka(), settings.groupId());
    this.payloads =
        kafka.preferring(
            // A client hands out what it fetched of one partition before the next: less of each, so
            // that a unit that is written all the time does not keep the others waiting.
            Map.of("max.partition.fetch.bytes", "1048576"),
            Map.of(
                "compression.type",
                "none",
                "max.request.size",
                "8388608",
                "batch.size",
                "524288",
                "buffer.memory",
                "67108864"));
  }

  @Override
  public DataStream<MoveInput> deltas(StreamExecutionEnvironment env) {
    return env.fromSource(
            payloads.source(
                Topics.DELTAS,
                new DeltaReader(kafka.partitions(Topics.DELTAS)),
                since(settings.historyMillis())),
            WatermarkStrategy.noWatermarks(),
            "deltas")
        .uid(MoveUids.DELTA_SOURCE);
  }

  @Override
  public DataStream<MoveInput> reports(StreamExecutionEnvironment env) {
    // Older words would speak of places behind which no delta is read.
    return source(env, Topics.DIGESTS, MoveReader.reports(), since(0), "reports")
        .uid(MoveUids.REPORT_SOURCE);
  }

  @Override
  public DataStream<MoveInput> maps(StreamExecutionEnvironment env) {
    return source(env, Topics.MAPS, MoveReader.maps(), OffsetsInitializer.earliest(), "maps")
        .uid(MoveUids.MAP_SOURCE);
  }

  private DataStreamSource<MoveInput> source(
      StreamExecutionEnvironment env,
      Topics topic,
      KafkaRecordDeserializationSchema<MoveInput> reader,
      OffsetsInitializer start,
      String name) {
    return env.fromSource(
        kafka.source(topic, reader, start), WatermarkStrategy.noWatermarks(), name);
  }

  private OffsetsInitializer since(long historyMillis) {
    return OffsetsInitializer.timestamp(Math.max(0, nowMillis - historyMillis));
  }

  @Override
  public void steps(DataStream<ShadowStep> steps) {
    steps
        .sinkTo(
            payloads.promptSink(new StepWriter(Topics.SHADOW_APPLY.name(settings.topicPrefix()))))
        .name("steps")
        .uid(MoveUids.STEP_SINK);
  }

  @Override
  public void standings(DataStream<StandingUpdate> standings) {
    standings
        .sinkTo(
            kafka.sink(
                Topics.SHADOWS, ShadowStatus.class, StandingUpdate::key, StandingUpdate::status))
        .name("standings")
        .uid(MoveUids.STANDING_SINK);
  }

  @Override
  public void events(DataStream<FleetEvent> events) {
    events
        .sinkTo(
            kafka.<FleetEvent, Event>promptSink(
                Topics.EVENTS,
                Event.class,
                event -> event.entity().toString(),
                IncidentRecords::event))
        .name("events")
        .uid(MoveUids.EVENT_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters
        .sinkTo(
            kafka.sink(
                Topics.DEAD_LETTERS, DeadLetter.class, DeadLetter::getOrigin, letter -> letter))
        .name("dead letters")
        .uid(MoveUids.DEAD_LETTER_SINK);
  }
}
