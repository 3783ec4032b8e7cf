package io.forestall.operators.decide;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Takes policy records as they are; the gate behind it judges them. Never throws. */
public final class PolicyReader implements KafkaRecordDeserializationSchema<DecideInput> {

  private static final long serialVersionUID = 1L;

  /** Longest key that is kept, characters; the contract's are far shorter. */
  private static final int MAX_KEY_CHARS = 1024;

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<DecideInput> out) {
    byte[] key = record.key();
    String name = key == null ? "" : new String(key, StandardCharsets.UTF_8);
    out.collect(
        new DecideInput.PolicyRead(
            name.length() > MAX_KEY_CHARS ? name.substring(0, MAX_KEY_CHARS) : name,
            record.value(),
            record.partition(),
            record.offset()));
  }

  @Override
  public TypeInformation<DecideInput> getProducedType() {
    return DecideInput.type();
  }
}
