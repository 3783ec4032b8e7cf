package io.forestall.operators.kafka;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.SenseInput;
import io.forestall.schemas.DeadLetter;
import io.forestall.wire.DiskTelemetry;
import io.forestall.wire.EntityTelemetry;
import io.forestall.wire.FrameDecoder;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * Reads a telemetry frame into one input for each of its samples, and a dead letter for each part
 * that cannot be read. Counts frames, names of metrics that nobody reads, and the lag. Never
 * throws.
 */
public final class TelemetryReader implements KafkaRecordDeserializationSchema<SenseInput> {

  private static final long serialVersionUID = 1L;

  private transient FrameDecoder decoder;
  private transient Exploding exploding;
  private transient Counter framesReceived;

  /** Broker's time of the newest record, written by the reading thread, read by the reporter's. */
  private transient volatile long newestRecordMillis;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public TelemetryReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    decoder = new FrameDecoder();
    MetricGroup group = context.getMetricGroup().addGroup("forestall");
    exploding = new Exploding(group.counter("unknownMetricNames"));
    framesReceived = group.counter("framesReceived");
    newestRecordMillis = Long.MIN_VALUE;
    group.gauge("sourceLagMillis", this::lagMillis);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<SenseInput> out) {
    framesReceived.inc();
    newestRecordMillis = record.timestamp();
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

  /**
   * Age of the newest record that was read, by the wall clock and the broker's: the lag of a reader
   * that is behind, and the quiet of one that is not.
   */
  private long lagMillis() {
    long newest = newestRecordMillis;
    return newest <= 0 ? 0 : Math.max(0, System.currentTimeMillis() - newest);
  }

  @Override
  public TypeInformation<SenseInput> getProducedType() {
    return SenseInput.type();
  }

  private static final class Exploding implements FrameDecoder.Sink {
    private final Counter unknownMetrics;
    private Collector<SenseInput> out;
    private int partition;
    private long offset;

    @SuppressWarnings("NullAway.Init") // set before each record
    Exploding(Counter unknownMetrics) {
      this.unknownMetrics = unknownMetrics;
    }

    @Override
    public void disk(DiskTelemetry telemetry) {
      out.collect(
          SenseInput.of(
              DiskInput.sample(
                  telemetry.node(), telemetry.sample(), partition, offset, telemetry.index())));
    }

    @Override
    public void entity(EntityTelemetry telemetry) {
      out.collect(
          SenseInput.of(
              EntityInput.sample(telemetry.sample(), partition, offset, telemetry.index())));
    }

    @Override
    public void unknownMetrics(int count) {
      unknownMetrics.inc(count);
    }

    @Override
    public void dead(DeadLetter letter) {
      out.collect(SenseInput.of(DiskInput.dead(letter)));
    }
  }
}
