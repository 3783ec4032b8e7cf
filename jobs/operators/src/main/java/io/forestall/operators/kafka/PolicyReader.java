package io.forestall.operators.kafka;

import io.forestall.operators.correlate.RouteControl;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Takes policy records as they are; the gate behind it reads them. Never throws. */
public final class PolicyReader implements KafkaRecordDeserializationSchema<RouteControl> {

  private static final long serialVersionUID = 1L;

  /** Longest key that is kept, characters; the contract's are shorter. */
  private static final int MAX_KEY_LENGTH = 1024;

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<RouteControl> out) {
    byte[] key = record.key();
    String name = key == null ? "" : new String(key, StandardCharsets.UTF_8);
    out.collect(
        RouteControl.policy(
            name.length() > MAX_KEY_LENGTH ? name.substring(0, MAX_KEY_LENGTH) : name,
            record.value(),
            record.partition(),
            record.offset()));
  }

  @Override
  public TypeInformation<RouteControl> getProducedType() {
    return RouteControl.type();
  }
}
