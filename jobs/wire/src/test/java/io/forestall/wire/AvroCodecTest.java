package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Event;
import io.forestall.schemas.Risk;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.specific.SpecificRecordBase;
import org.junit.jupiter.api.Test;

class AvroCodecTest {

  private static final Path GOLDEN = Path.of("../../schemas/src/test/resources/golden");

  /** Golden bytes of the newest version, which is the one that is written. */
  private static byte[] golden(String record) throws Exception {
    Path folder = GOLDEN.resolve(record);
    int version = 1;
    while (Files.exists(folder.resolve("v" + (version + 1) + ".hex"))) {
      version++;
    }
    return HexFormat.of()
        .parseHex(Files.readString(folder.resolve("v" + version + ".hex")).replaceAll("\\s", ""));
  }

  @SuppressWarnings("unchecked")
  private static AvroCodec<SpecificRecordBase> codec(String record) throws Exception {
    return AvroCodec.of(
        (Class<SpecificRecordBase>) Class.forName("io.forestall.schemas." + record));
  }

  @Test
  void everyRecordOfTheContractComesBackToTheByte() throws Exception {
    TreeSet<String> records = new TreeSet<>(List.of("AdmissionGrant"));
    TopicCatalogue.load().stream().map(TopicSpec::valueSchema).forEach(records::add);
    for (String record : records) {
      byte[] bytes = golden(record);
      AvroCodec<SpecificRecordBase> codec = codec(record);
      assertThat(codec.encode(codec.decode(bytes))).as(record).isEqualTo(bytes);
    }
  }

  @Test
  void cutAnywhereItIsRefused() throws Exception {
    for (String record : List.of("Risk", "Incident", "Decision", "Ownership", "WriteDelta")) {
      byte[] bytes = golden(record);
      AvroCodec<SpecificRecordBase> codec = codec(record);
      for (int length = 0; length < bytes.length; length++) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertThatThrownBy(() -> codec.decode(cut))
            .as("%s cut to %d bytes", record, length)
            .isInstanceOf(WireException.class);
      }
      assertThat(codec.encode(codec.decode(bytes))).isEqualTo(bytes);
    }
  }

  @Test
  void mutatedRecordsAreReadOrRefusedAndNothingElse() throws Exception {
    long seed = 99;
    Random random = new Random(seed);
    int refused = 0;
    for (String record : List.of("Risk", "Incident", "Decision", "Ownership", "VolumeMap")) {
      byte[] good = golden(record);
      AvroCodec<SpecificRecordBase> codec = codec(record);
      for (int round = 0; round < 2_000; round++) {
        byte[] bytes = good.clone();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        try {
          codec.decode(bytes);
        } catch (WireException e) {
          refused++;
          assertThat(e.getMessage()).isNotBlank();
        } catch (Throwable e) {
          throw new AssertionError("seed " + seed + " " + record + " round " + round, e);
        }
      }
    }
    assertThat(refused).isGreaterThan(1_000);
  }

  @Test
  void saysWhatIsWrong() throws Exception {
    AvroCodec<Risk> codec = AvroCodec.of(Risk.class);
    byte[] good = golden("Risk");
    assertThat(reason(codec, new byte[3])).isEqualTo(DeadReason.TRUNCATED);
    assertThat(reason(codec, new byte[30])).isEqualTo(DeadReason.UNDECODABLE);
    assertThat(reason(codec, golden("Event"))).isEqualTo(DeadReason.WRONG_TYPE);
    assertThat(reason(codec, Arrays.copyOf(good, good.length + 1)))
        .isEqualTo(DeadReason.UNDECODABLE);
    byte[] unknown = good.clone();
    unknown[2] ^= 1;
    assertThat(reason(codec, unknown)).isEqualTo(DeadReason.UNKNOWN_SCHEMA);
  }

  private static DeadReason reason(AvroCodec<?> codec, byte[] bytes) {
    WireException refused = catchThrowableOfType(WireException.class, () -> codec.decode(bytes));
    assertThat(refused).isNotNull();
    return refused.reason();
  }

  @Test
  void skipsWhatANewerWriterHasAndThisReaderLacks() throws Exception {
    Schema newer =
        new Schema.Parser()
            .parse(
                """
                {"type":"record","name":"R","fields":[
                  {"name":"s","type":"string"},
                  {"name":"m","type":{"type":"map","values":"string"}},
                  {"name":"a","type":{"type":"array","items":
                    {"type":"record","name":"I","fields":[{"name":"x","type":"bytes"},
                      {"name":"e","type":{"type":"enum","name":"E","symbols":["P","Q"]}}]}}},
                  {"name":"u","type":["null","double"]},
                  {"name":"f","type":{"type":"fixed","name":"F","size":3}},
                  {"name":"fl","type":"float"},
                  {"name":"b","type":"boolean"},
                  {"name":"keep","type":"long"}]}""");
    Schema older =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"R\",\"fields\":"
                    + "[{\"name\":\"keep\",\"type\":\"long\"}]}");
    WriterSchemas writers = WriterSchemas.released();
    writers.addTrusted(newer);
    GenericRecord item = new GenericData.Record(newer.getField("a").schema().getElementType());
    item.put("x", java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}));
    item.put("e", new GenericData.EnumSymbol(item.getSchema().getField("e").schema(), "Q"));
    GenericRecord record = new GenericData.Record(newer);
    record.put("s", "text");
    record.put("m", Map.of("k", "v"));
    record.put("a", List.of(item, item));
    record.put("u", 1.5);
    record.put("f", new GenericData.Fixed(newer.getField("f").schema(), new byte[] {1, 2, 3}));
    record.put("fl", 2.5f);
    record.put("b", true);
    record.put("keep", 77L);
    byte[] bytes = AvroCodec.generic(newer, writers).encode(record);

    assertThat(AvroCodec.generic(older, writers).decode(bytes).get("keep")).isEqualTo(77L);
    GenericRecord all = AvroCodec.generic(newer, writers).decode(bytes);
    assertThat(all.get("fl")).isEqualTo(2.5f);
    assertThat(all.get("f")).isEqualTo(record.get("f"));
  }

  @Test
  void aRecordThatCannotBeWrittenLeavesNothingBehind() throws Exception {
    AvroCodec<Event> codec = AvroCodec.of(Event.class);
    Event good = codec.decode(golden("Event"));
    byte[] bytes = codec.encode(good);
    assertThatThrownBy(() -> codec.encode(new Event())).isInstanceOf(RuntimeException.class);
    assertThat(codec.encode(good)).isEqualTo(bytes);
  }

  @Test
  void deadLettersAreBounded() throws Exception {
    DeadLetter letter =
        new DeadLetters("test")
            .record(
                "o".repeat(9999),
                1,
                2,
                3,
                DeadReason.OTHER,
                "d".repeat(99_999),
                new byte[1_000_000],
                4);
    AvroCodec<DeadLetter> codec = AvroCodec.of(DeadLetter.class);
    byte[] bytes = codec.encode(letter);
    assertThat(bytes.length).isLessThan(8_000);
    assertThat(codec.decode(bytes)).isEqualTo(letter);
  }
}
