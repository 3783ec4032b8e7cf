package io.forestall.operators.kafka;

import io.forestall.operators.DiskInput;
import io.forestall.schemas.DeadLetter;
import io.forestall.wire.DiskTelemetry;
import io.forestall.wire.FrameDecoder;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * Reads a telemetry frame into one input for each of its disks, and a dead letter for each part
 * that cannot be read. Never throws.
 */
public final class TelemetryReader implements KafkaRecordDeserializationSchema<DiskInput> {

  private static final long serialVersionUID = 1L;

  private transient FrameDecoder decoder;
  private transient Exploding exploding;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public TelemetryReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    decoder = new FrameDecoder();
    exploding = new Exploding();
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<DiskInput> out) {
    exploding.out = out;
    exploding.partition = record.partition();
    exploding.offset = record.offset();
    // Only the broker's clock can tell that a node's clock is ahead.
    long brokerMillis =
        record.timestampType() == TimestampType.LOG_APPEND_TIME ? record.timestamp() : -1;
    decoder.decode(
        record.value(),
        record.topic(),
        record.partition(),
        record.offset(),
        brokerMillis,
        exploding);
  }

  @Override
  public TypeInformation<DiskInput> getProducedType() {
    return DiskInput.type();
  }

  private static final class Exploding implements FrameDecoder.Sink {
    private Collector<DiskInput> out;
    private int partition;
    private long offset;

    @SuppressWarnings("NullAway.Init") // set before each record
    Exploding() {}

    @Override
    public void disk(DiskTelemetry telemetry) {
      out.collect(DiskInput.sample(telemetry.node(), telemetry.sample(), partition, offset, -1));
    }

    @Override
    public void dead(DeadLetter letter) {
      out.collect(DiskInput.dead(letter));
    }
  }
}
