package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.TestingSchemaContext;
import io.forestall.operators.kafka.PartitionCount;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.ReportRecords;
import io.forestall.wire.ShadowRecords;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MoveReadersTest {

  private static final int PARTITION = 4;

  /** A count by which every unit has its home in the partition of the records here. */
  private static final PartitionCount ONE = () -> PartitionCount.ANY;

  @Test
  void aDeltaIsReadWithItsPlaceInTheLog() throws Exception {
    Delta delta = TestingMoves.write("v/0", 3, 41, new byte[] {1, 2});
    assertThat(read(new DeltaReader(ONE), "v/0", new DeltaRecords().encode(delta)))
        .usingRecursiveComparison()
        .isEqualTo(new MoveInput.DeltaRead(delta, 4, 77, 0, TestingMoves.NOW));
  }

  @Test
  void aRecordThatIsNoDeltaIsALetterAndADoubtOfTheUnitThatItsKeyNames() throws Exception {
    Delta delta = TestingMoves.write("v/0", 3, 41, new byte[] {1, 2});
    byte[] poisoned = new DeltaRecords().encode(delta);
    poisoned[poisoned.length - 30] ^= 1;
    for (byte[] value : new byte[][] {{1, 2, 3}, null, poisoned}) {
      MoveInput.Unreadable read = (MoveInput.Unreadable) read(new DeltaReader(ONE), "v/0", value);
      assertThat(read.unit()).isEqualTo("v/0");
      assertThat(read.offset()).isEqualTo(77);
      assertThat(Objects.requireNonNull(read.letter()).getComponent()).isEqualTo("move");
    }
    assertThat(read(new DeltaReader(ONE), null, new byte[] {1}).key()).isEmpty();
    assertThat(read(new DeltaReader(ONE), "x".repeat(300), new byte[] {1}).key()).isEmpty();
  }

  @Test
  void whatNoHolderCountsIsNotCountedHereEither() throws Exception {
    byte[] value = new DeltaRecords().encode(TestingMoves.write("v/0", 3, 41, new byte[] {1, 2}));
    MoveInput.Unreadable read = (MoveInput.Unreadable) read(new DeltaReader(ONE), "v/1", value);
    assertThat(read.unit()).as("the log of another unit").isEqualTo("v/1");
    assertThat(Objects.requireNonNull(read.letter()).getReason())
        .isEqualTo(DeadReason.OUT_OF_RANGE);
    assertThat(((MoveInput.Unreadable) read(new DeltaReader(ONE), null, value)).unit()).isEmpty();

    int home = FixedPartitioner.partition("v/0", 64);
    assertThat(home).as("not where the record stands").isNotEqualTo(PARTITION);
    MoveInput.Unreadable stray =
        (MoveInput.Unreadable) read(new DeltaReader(() -> 64), "v/0", value);
    assertThat(stray.unit()).as("it does not stand in the log of the unit").isEmpty();
    assertThat(Objects.requireNonNull(stray.letter()).getDetail()).contains("partition");
  }

  @Test
  void whatAHolderSaysIsReadAndWhatMakesNoSenseIsALetter() throws Exception {
    HolderReport report = TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 41).report();
    assertThat(read(MoveReader.reports(), "v/0", new ReportRecords().encode(report)))
        .isEqualTo(new MoveInput.Reported(report));
    assertThat(dead(MoveReader.reports(), "v/0", new byte[] {1})).isEqualTo(DeadReason.TRUNCATED);
    assertThat(dead(MoveReader.reports(), "v/0", null)).isEqualTo(DeadReason.MISSING_FIELD);
    assertThat(dead(MoveReader.reports(), "x".repeat(2000), new byte[] {1}))
        .isEqualTo(DeadReason.TOO_LARGE);
  }

  @Test
  void ofAMapOnlyUnitsWithShadowsMatter() throws Exception {
    MapSlice slice =
        new MapSlice(
            "v",
            "p1",
            0,
            1,
            9,
            0,
            (2L << 30) + 4096,
            1L << 30,
            4096,
            2,
            List.of(
                segment("v/0", 0, new MapCopy(TestingMoves.SHADOW, "REPLICA", "IN_SYNC", 0)),
                segment(
                    "v/2",
                    2,
                    new MapCopy(Subject.node("n-2"), "REPLICA", "IN_SYNC", 0),
                    new MapCopy(TestingMoves.SHADOW, "SHADOW", "COPYING", -1))),
            TestingMoves.NOW);
    assertThat(read(MoveReader.maps(), "v/0", new MapRecords().encode(slice, null)))
        .isEqualTo(
            new MoveInput.SliceRead(
                "v/0",
                "v",
                "p1",
                9,
                4096,
                List.of(
                    new MoveInput.Unit(
                        "v/2", TestingMoves.OWNER, 4096, List.of(TestingMoves.SHADOW)))));
    assertThat(read(MoveReader.maps(), "v/0", null))
        .isEqualTo(new MoveInput.SliceRead("v/0", "", "", Long.MAX_VALUE, 1, List.of()));
    assertThat(dead(MoveReader.maps(), "v/0", new byte[] {1})).isEqualTo(DeadReason.TRUNCATED);
  }

  private static MapSegment segment(String unit, int index, MapCopy... copies) {
    return new MapSegment(unit, index, TestingMoves.OWNER, 3, List.of(copies));
  }

  @Test
  void aStepGoesToThePartitionOfItsStream() throws Exception {
    StepWriter writer = new StepWriter("t");
    writer.open(new TestingSchemaContext(), new SinkContext());
    for (String unit : List.of("v/0", "v/1", "v/0")) {
      ShadowStep step =
          ShadowStep.of(
              TestingMoves.SHADOW, 40, TestingMoves.write(unit, 3, 41, new byte[] {1}), 5, 9);
      ProducerRecord<byte[], byte[]> record =
          writer.serialize(step, new SinkContext(), TestingMoves.NOW);
      assertThat(new String(record.key(), StandardCharsets.UTF_8)).isEqualTo("n-7/" + unit);
      assertThat(record.partition())
          .isEqualTo(FixedPartitioner.partition("n-7/" + unit, SinkContext.PARTITIONS));
      assertThat(record.timestamp()).as("the broker's").isNull();
      assertThat(new ShadowRecords().decode(record.value()))
          .usingRecursiveComparison()
          .isEqualTo(step);
    }
  }

  private static DeadReason dead(
      KafkaRecordDeserializationSchema<MoveInput> reader,
      @Nullable String key,
      byte @Nullable [] value)
      throws Exception {
    return ((MoveInput.Dead) read(reader, key, value)).letter().getReason();
  }

  private static MoveInput read(
      KafkaRecordDeserializationSchema<MoveInput> reader,
      @Nullable String key,
      byte @Nullable [] value)
      throws Exception {
    reader.open(new TestingSchemaContext());
    List<MoveInput> read = new ArrayList<>();
    reader.deserialize(
        new ConsumerRecord<>(
            "t",
            PARTITION,
            77,
            TestingMoves.NOW,
            TimestampType.LOG_APPEND_TIME,
            0,
            0,
            key == null ? null : key.getBytes(StandardCharsets.UTF_8),
            value,
            new RecordHeaders(),
            Optional.empty()),
        new ListCollector<>(read));
    assertThat(read).hasSize(1);
    return read.get(0);
  }

  private static final class SinkContext
      implements KafkaRecordSerializationSchema.KafkaSinkContext {
    static final int PARTITIONS = 64;

    @Override
    public int getParallelInstanceId() {
      return 0;
    }

    @Override
    public int getNumberOfParallelInstances() {
      return 1;
    }

    @Override
    public int[] getPartitionsForTopic(String topic) {
      return new int[PARTITIONS];
    }
  }
}
