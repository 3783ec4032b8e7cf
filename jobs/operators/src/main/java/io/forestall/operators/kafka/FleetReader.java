package io.forestall.operators.kafka;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.Home;
import io.forestall.operators.SenseInput;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the fleet topic says of disks, nodes, event processors and head nodes: an entry, or
 * the tombstone that ends one. Entries of other kinds are passed over. Never throws.
 */
public final class FleetReader implements KafkaRecordDeserializationSchema<SenseInput> {

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_PAYLOAD = {};

  private transient AvroCodec<FleetEntry> codec;
  private transient DeadLetters letters;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public FleetReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    codec = AvroCodec.of(FleetEntry.class);
    letters = new DeadLetters("sense");
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<SenseInput> out) {
    byte[] key = record.key();
    EntityRef subject = key == null ? null : Keys.parse(new String(key, StandardCharsets.UTF_8));
    byte[] value = record.value();
    if (value == null) {
      if (subject == null) {
        out.collect(
            dead(
                record, DeadReason.MISSING_FIELD, "a tombstone needs the key kind/id", NO_PAYLOAD));
      } else if (described(subject.getKind())) {
        out.collect(
            new SenseInput(
                subject.getKind() == EntityKind.DISK ? DiskInput.tombstone(subject.getId()) : null,
                EntityInput.tombstone(Keys.of(subject))));
      }
      return;
    }
    FleetEntry entry;
    try {
      entry = codec.decode(value);
    } catch (WireException e) {
      out.collect(dead(record, e.reason(), "fleet entry: " + e.getMessage(), value));
      return;
    }
    EntityRef entity = entry.getEntity();
    if (subject == null || !subject.equals(entity)) {
      out.collect(
          dead(
              record,
              DeadReason.WRONG_TYPE,
              "the key of a fleet entry must be its entity, " + Keys.of(entity),
              value));
    } else if (entity.getId().isBlank() || entity.getId().length() > FrameLimits.MAX_ID_LENGTH) {
      out.collect(
          dead(record, DeadReason.OUT_OF_RANGE, "an identifier has 1 to 256 characters", value));
    } else if (described(entity.getKind())) {
      out.collect(
          new SenseInput(
              entity.getKind() == EntityKind.DISK
                  ? DiskInput.fleet(entity.getId(), name(entry.getNode()))
                  : null,
              EntityInput.fleet(Keys.of(entity), home(entry))));
    }
  }

  private static boolean described(EntityKind kind) {
    return switch (kind) {
      case DISK, NODE, PROCESSOR, HEAD -> true;
      default -> false;
    };
  }

  /** Peers are of one kind, one hardware model and one pool: they do the same work. */
  private static Home home(FleetEntry entry) {
    EntityKind kind = entry.getEntity().getKind();
    return new Home(
        kind == EntityKind.NODE ? "" : name(entry.getNode()),
        name(entry.getRack()),
        kind.name().toLowerCase(Locale.ROOT)
            + "|"
            + name(entry.getModel())
            + "|"
            + name(entry.getPool()));
  }

  /** A name as it may stand in state; empty when it is absent, or too long to be one. */
  private static String name(@Nullable String name) {
    return name == null || name.length() > FrameLimits.MAX_ID_LENGTH ? "" : name;
  }

  private SenseInput dead(
      ConsumerRecord<byte[], byte[]> record, DeadReason reason, String detail, byte[] payload) {
    return SenseInput.of(
        DiskInput.dead(
            letters.record(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                reason,
                detail,
                payload,
                0)));
  }

  @Override
  public TypeInformation<SenseInput> getProducedType() {
    return SenseInput.type();
  }
}
