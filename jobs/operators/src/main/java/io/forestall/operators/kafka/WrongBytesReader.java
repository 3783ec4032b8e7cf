package io.forestall.operators.kafka;

import io.forestall.operators.NodeInput;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Event;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads of the events those that say of a node that bytes of a copy are not what it wrote (E5).
 * Where it cannot be told whose bytes are wrong, nobody's score moves. All other events are passed
 * over without decoding them, and what cannot be read is a dead letter of the job that joins
 * events. Never throws.
 */
public final class WrongBytesReader implements KafkaRecordDeserializationSchema<NodeInput> {

  private static final long serialVersionUID = 1L;

  private static final String TYPE = "copy.diverged";
  private static final byte[] TYPE_BYTES = TYPE.getBytes(StandardCharsets.US_ASCII);

  /** Identifier and type stand at the begin; bytes. */
  private static final int HEAD_BYTES = 1_200;

  private transient AvroCodec<Event> codec;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public WrongBytesReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    codec = AvroCodec.of(Event.class);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<NodeInput> out) {
    byte[] value = record.value();
    if (value == null || !mayBe(value)) {
      return;
    }
    Event event;
    try {
      event = codec.decode(value);
    } catch (WireException e) {
      return;
    }
    String id = event.getEntity().getId();
    if (event.getType().equals(TYPE)
        && "stored-checksum".equals(event.getLabels().get("attributed"))
        && event.getEntity().getKind() == EntityKind.NODE
        && !id.isBlank()
        && id.length() <= FrameLimits.MAX_ID_LENGTH
        && event.getId().length() <= HEAD_BYTES) {
      out.collect(
          NodeInput.wrongBytes(Keys.of(event.getEntity()), event.getId(), event.getTimeMillis()));
    }
  }

  private static boolean mayBe(byte[] value) {
    int end = Math.min(value.length, HEAD_BYTES) - TYPE_BYTES.length;
    for (int at = 0; at <= end; at++) {
      int same = 0;
      while (same < TYPE_BYTES.length && value[at + same] == TYPE_BYTES[same]) {
        same++;
      }
      if (same == TYPE_BYTES.length) {
        return true;
      }
    }
    return false;
  }

  @Override
  public TypeInformation<NodeInput> getProducedType() {
    return NodeInput.type();
  }
}
