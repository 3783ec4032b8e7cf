package io.forestall.operators.train;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DiskTelemetry;
import io.forestall.wire.EntityTelemetry;
import io.forestall.wire.FrameDecoder;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * Reads of telemetry, fleet and events what concerns disks. What cannot be read is counted: the
 * jobs that score and join write its dead letters. Never throws.
 */
public final class TrainReader implements KafkaRecordDeserializationSchema<TrainInput> {

  private static final long serialVersionUID = 1L;

  /** What the event of a failed disk is called. */
  public static final String FAILED = "disk.failed";

  /** One of so many records that say nothing is passed on, so that no topic looks quiet. */
  private static final int STILL_READING_EVERY = 1000;

  /** Takes the records of one topic; for one thread. */
  private interface Taker {
    /** False when the record says nothing of a disk. */
    boolean take(ConsumerRecord<byte[], byte[]> record, Collector<TrainInput> out)
        throws WireException;
  }

  /** Makes a taker when the job starts. */
  private interface TakerFactory extends Serializable {
    Taker open(Counter unreadable);
  }

  private final TakerFactory factory;
  private transient Taker taker;
  private transient Counter unreadable;
  private transient long passedOver;

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  private TrainReader(TakerFactory factory) {
    this.factory = factory;
  }

  /** A reader of telemetry. */
  public static TrainReader telemetry() {
    return new TrainReader(
        unreadable -> {
          FrameDecoder decoder = new FrameDecoder();
          Exploding exploding = new Exploding(unreadable);
          return (record, out) -> {
            exploding.out = out;
            exploding.found = false;
            decoder.decode(
                record.value(),
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestampType() == TimestampType.LOG_APPEND_TIME ? record.timestamp() : -1,
                exploding);
            return exploding.found;
          };
        });
  }

  /** A reader of the fleet. */
  public static TrainReader fleet() {
    return new TrainReader(
        unreadable -> {
          AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
          return (record, out) -> {
            byte[] key = record.key();
            EntityRef entity =
                key == null ? null : Keys.parse(new String(key, StandardCharsets.UTF_8));
            if (entity == null || entity.getKind() != EntityKind.DISK || !named(entity)) {
              return false;
            }
            byte[] value = record.value();
            out.collect(
                value == null
                    ? TrainInput.left(entity.getId())
                    : TrainInput.described(entity.getId(), codec.decode(value).getModel()));
            return true;
          };
        });
  }

  /**
   * A reader of events, of which only disks that failed, or are foretold to, matter.
   *
   * @param futureToleranceMillis how far ahead of the broker's clock a failure may be; milliseconds
   */
  public static TrainReader failures(long futureToleranceMillis) {
    return new TrainReader(
        unreadable -> {
          AvroCodec<Event> codec = AvroCodec.of(Event.class);
          return (record, out) -> {
            byte[] value = record.value();
            if (value == null) {
              return false;
            }
            Event event = codec.decode(value);
            EntityRef entity = event.getEntity();
            if (!event.getType().equals(FAILED)
                || entity.getKind() != EntityKind.DISK
                || !named(entity)) {
              return false;
            }
            // Only the broker's clock can tell that a writer's clock is ahead.
            if (event.getTimeMillis() < 0
                || (record.timestampType() == TimestampType.LOG_APPEND_TIME
                    && event.getTimeMillis() > record.timestamp() + futureToleranceMillis)) {
              unreadable.inc();
              return false;
            }
            TrainInput read =
                event.getPredicted()
                    ? alarm(entity.getId(), event)
                    : TrainInput.failed(entity.getId(), event.getTimeMillis());
            if (read == null) {
              return false;
            }
            out.collect(read);
            return true;
          };
        });
  }

  /** Null when it does not say who foretold it, as what, with which probability until when. */
  private static @Nullable TrainInput alarm(String disk, Event event) {
    String model = event.getModel();
    Integer version = event.getModelVersion();
    Double probability = event.getProbability();
    long horizonMillis = event.getHorizonMillis();
    // Another mode, such as fail-slow, is not proved wrong by a disk that lives on.
    return event.getMode() != FailureMode.DISK
            || model == null
            || model.isEmpty()
            || model.length() > FrameLimits.MAX_ID_LENGTH
            || version == null
            || probability == null
            || !(probability > 0 && probability <= 1)
            || horizonMillis <= 0
        ? null
        : TrainInput.alarm(
            disk,
            event.getTimeMillis(),
            new TrainInput.Alarm(model, version, probability, horizonMillis));
  }

  private static boolean named(EntityRef entity) {
    return !entity.getId().isBlank() && entity.getId().length() <= FrameLimits.MAX_ID_LENGTH;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    unreadable = context.getMetricGroup().addGroup("forestall").counter("unreadable");
    taker = factory.open(unreadable);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<TrainInput> out) {
    try {
      if (!taker.take(record, out) && ++passedOver % STILL_READING_EVERY == 0) {
        out.collect(TrainInput.nothing());
      }
    } catch (WireException | RuntimeException e) {
      unreadable.inc();
    }
  }

  @Override
  public TypeInformation<TrainInput> getProducedType() {
    return TrainInput.type();
  }

  private static final class Exploding implements FrameDecoder.Sink {
    private final Counter unreadable;
    private Collector<TrainInput> out;
    private boolean found;

    @SuppressWarnings("NullAway.Init") // set before each record
    Exploding(Counter unreadable) {
      this.unreadable = unreadable;
    }

    @Override
    public void disk(DiskTelemetry telemetry) {
      found = true;
      out.collect(TrainInput.sample(telemetry.sample()));
    }

    @Override
    public void entity(EntityTelemetry telemetry) {}

    @Override
    public void unknownMetrics(int count) {}

    @Override
    public void dead(DeadLetter letter) {
      unreadable.inc();
    }
  }
}
