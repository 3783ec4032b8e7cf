package io.forestall.operators.kafka;

import io.forestall.operators.ModelInput;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Takes model records as they are; the gate behind it reads them. Never throws. */
public final class ModelReader implements KafkaRecordDeserializationSchema<ModelInput> {

  private static final long serialVersionUID = 1L;

  /** Longest key that is kept, characters; the contract's are far shorter. */
  private static final int MAX_KEY_LENGTH = 1024;

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<ModelInput> out) {
    byte[] key = record.key();
    String name = key == null ? "" : new String(key, StandardCharsets.UTF_8);
    out.collect(
        new ModelInput(
            name.length() > MAX_KEY_LENGTH ? name.substring(0, MAX_KEY_LENGTH) : name,
            record.value(),
            record.partition(),
            record.offset()));
  }

  @Override
  public TypeInformation<ModelInput> getProducedType() {
    return ModelInput.type();
  }
}
