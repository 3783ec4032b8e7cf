package io.forestall.operators.kafka;

import io.forestall.decisions.FleetMember;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads where nodes, event processors and head nodes stand; disks are passed over by their keys.
 * What cannot be read is counted: the sense job writes the dead letters of the fleet topic. Never
 * throws.
 */
public final class PlaceReader implements KafkaRecordDeserializationSchema<RouteControl> {

  private static final long serialVersionUID = 1L;
  private static final byte[] DISK = Keys.bytes("disk/");

  private static final int STILL_READING_EVERY = 1000;

  /** Ends a thing that cannot be: changes nothing. */
  private static final RouteControl STILL_READING = RouteControl.place("disk/", null);

  private transient AvroCodec<FleetEntry> codec;
  private transient long disks;
  private transient Counter unreadable;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public PlaceReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    codec = AvroCodec.of(FleetEntry.class);
    unreadable = context.getMetricGroup().addGroup("forestall").counter("fleetUnreadable");
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<RouteControl> out) {
    byte[] key = record.key();
    if (key == null) {
      return;
    }
    if (startsWith(key, DISK)) {
      // A long run of disks is no silence: the topic is not read to its end yet.
      if (++disks % STILL_READING_EVERY == 0) {
        out.collect(STILL_READING);
      }
      return;
    }
    EntityRef entity = Keys.parse(new String(key, StandardCharsets.UTF_8));
    if (entity == null || !described(entity.getKind())) {
      return;
    }
    byte[] value = record.value();
    if (value == null) {
      out.collect(RouteControl.place(Keys.of(entity), null));
      return;
    }
    try {
      FleetEntry entry = codec.decode(value);
      FleetMember member = entity.equals(entry.getEntity()) ? FleetEntries.member(entry) : null;
      if (member == null) {
        unreadable.inc();
      } else {
        out.collect(RouteControl.place(Keys.of(entity), member.place()));
      }
    } catch (WireException e) {
      unreadable.inc();
    }
  }

  private static boolean described(EntityKind kind) {
    return kind == EntityKind.NODE || kind == EntityKind.PROCESSOR || kind == EntityKind.HEAD;
  }

  private static boolean startsWith(byte[] key, byte[] prefix) {
    return key.length >= prefix.length
        && java.util.Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
  }

  @Override
  public TypeInformation<RouteControl> getProducedType() {
    return RouteControl.type();
  }
}
