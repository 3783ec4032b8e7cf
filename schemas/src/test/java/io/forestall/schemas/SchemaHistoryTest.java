package io.forestall.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What was released stays readable, by old and new readers, to the byte. A changed schema is
 * recorded as a new version, with golden bytes, by
 *
 * <pre>./mvnw -pl schemas test -Dtest=SchemaHistoryTest -Dforestall.schemas.record=true</pre>
 *
 * <p>after which the test must be run once more without it.
 */
class SchemaHistoryTest {

  private static final String HOW =
      "record the new version with: ./mvnw -pl schemas test -Dtest=SchemaHistoryTest"
          + " -Dforestall.schemas.record=true";
  private static final Path HISTORY = Path.of("src/main/resources/io/forestall/schemas/history");
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @BeforeAll
  static void recordWhenAsked() throws IOException {
    if (!Boolean.getBoolean("forestall.schemas.record")) {
      return;
    }
    for (String name : Records.names()) {
      Schema schema = Records.current(name);
      List<SchemaHistory.Released> versions = versions(name);
      if (!versions.isEmpty() && same(newest(versions).schema(), schema)) {
        continue;
      }
      int version = versions.size() + 1;
      Path file = HISTORY.resolve(name).resolve("v" + version + ".avsc");
      Files.createDirectories(file.getParent());
      Files.writeString(file, schema.toString(true) + "\n");
      Path golden = GOLDEN.resolve(name).resolve("v" + version + ".hex");
      Files.createDirectories(golden.getParent());
      Files.writeString(golden, hex(encode(schema, Records.example(schema))));
    }
    List<String> index = new ArrayList<>();
    try (var folders = Files.list(HISTORY)) {
      for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
        int count;
        try (var files = Files.list(folder)) {
          count = (int) files.count();
        }
        for (int version = 1; version <= count; version++) {
          index.add(folder.getFileName() + "/v" + version + ".avsc");
        }
      }
    }
    Files.writeString(HISTORY.resolve("index.txt"), String.join("\n", index) + "\n");
  }

  private static List<SchemaHistory.Released> versions(String name) {
    return SchemaHistory.load().stream()
        .filter(released -> released.record().equals(name))
        .sorted(Comparator.comparingInt(SchemaHistory.Released::version))
        .toList();
  }

  private static SchemaHistory.Released newest(List<SchemaHistory.Released> versions) {
    return versions.get(versions.size() - 1);
  }

  /** The same to readers: defaults count, words for people do not. */
  private static boolean same(Schema a, Schema b) {
    return a.equals(b)
        && SchemaNormalization.parsingFingerprint64(a)
            == SchemaNormalization.parsingFingerprint64(b);
  }

  /** Why two versions cannot be mixed in one topic; empty when they can, in both directions. */
  static Optional<String> conflict(Schema older, Schema newer) {
    var forward = SchemaCompatibility.checkReaderWriterCompatibility(newer, older);
    if (forward.getType() != SchemaCompatibilityType.COMPATIBLE) {
      return Optional.of("the new reader cannot read old records: " + forward.getDescription());
    }
    var backward = SchemaCompatibility.checkReaderWriterCompatibility(older, newer);
    if (backward.getType() != SchemaCompatibilityType.COMPATIBLE) {
      return Optional.of("old readers cannot read new records: " + backward.getDescription());
    }
    return Optional.empty();
  }

  @Test
  void everySchemaIsRecordedAsItIs() {
    for (String name : Records.names()) {
      List<SchemaHistory.Released> versions = versions(name);
      assertThat(versions).as("%s has no history; %s", name, HOW).isNotEmpty();
      assertThat(same(newest(versions).schema(), Records.current(name)))
          .as("%s has changed since v%d; %s", name, newest(versions).version(), HOW)
          .isTrue();
      for (int i = 0; i < versions.size(); i++) {
        assertThat(versions.get(i).version()).as(name).isEqualTo(i + 1);
      }
    }
  }

  @Test
  void indexNamesEveryFile() throws IOException {
    List<String> files;
    try (var all = Files.walk(HISTORY)) {
      files =
          all.filter(file -> file.toString().endsWith(".avsc"))
              .map(file -> HISTORY.relativize(file).toString())
              .toList();
    }
    assertThat(
            SchemaHistory.load().stream()
                .map(released -> released.record() + "/v" + released.version() + ".avsc"))
        .containsExactlyInAnyOrderElementsOf(files);
  }

  @Test
  void everyVersionReadsEveryOther() {
    for (String name : Records.names()) {
      List<Schema> all = new ArrayList<>();
      versions(name).forEach(released -> all.add(released.schema()));
      all.add(Records.current(name));
      for (int older = 0; older < all.size(); older++) {
        for (int newer = older + 1; newer < all.size(); newer++) {
          assertThat(conflict(all.get(older), all.get(newer)))
              .as("%s v%d against v%d", name, older + 1, newer + 1)
              .isEmpty();
        }
      }
    }
  }

  @Test
  void incompatibleChangesAreCaught() {
    Schema v1 =
        schema("{'name':'a','type':'long'},{'name':'b','type':'string','default':''}", "'X','Y'");
    assertThat(conflict(v1, schema("{'name':'a','type':'long'}", "'X','Y'")))
        .as("removing a field with a default")
        .isEmpty();
    assertThat(
            conflict(
                v1,
                schema(
                    "{'name':'a','type':'long'},{'name':'b','type':'string','default':''},"
                        + "{'name':'c','type':['null','int'],'default':null}",
                    "'X','Y','Z'")))
        .as("a field with a default and a symbol more")
        .isEmpty();
    assertThat(conflict(v1, schema("{'name':'b','type':'string','default':''}", "'X','Y'")))
        .as("removing a field without a default")
        .isPresent();
    assertThat(
            conflict(
                v1,
                schema(
                    "{'name':'a','type':'long'},{'name':'b','type':'string','default':''},"
                        + "{'name':'c','type':'int'}",
                    "'X','Y'")))
        .as("a field without a default")
        .isPresent();
    assertThat(
            conflict(
                v1,
                schema(
                    "{'name':'a','type':'int'},{'name':'b','type':'string','default':''}",
                    "'X','Y'")))
        .as("a narrower type")
        .isPresent();
    assertThat(
            conflict(
                v1,
                schema(
                    "{'name':'aa','type':'long'},{'name':'b','type':'string','default':''}",
                    "'X','Y'")))
        .as("a new name")
        .isPresent();
  }

  private static Schema schema(String fields, String symbols) {
    return new Schema.Parser()
        .parse(
            ("{'type':'record','name':'R','fields':["
                    + fields
                    + ",{'name':'e','type':{'type':'enum','name':'E','symbols':["
                    + symbols
                    + "],'default':'X'}}]}")
                .replace('\'', '"'));
  }

  @Test
  void goldenBytesOfEveryVersionStayReadable() throws IOException {
    for (String name : Records.names()) {
      Schema current = Records.current(name);
      for (SchemaHistory.Released released : versions(name)) {
        Path file = GOLDEN.resolve(name).resolve("v" + released.version() + ".hex");
        assertThat(file).as(HOW).exists();
        byte[] bytes = HexFormat.of().parseHex(Files.readString(file).replaceAll("\\s", ""));

        // What stands in the file is what the version wrote, header and all.
        GenericRecord old = decode(bytes, released.schema(), released.schema());
        assertThat(encode(released.schema(), old)).as("%s", file).isEqualTo(bytes);
        assertThat(old).isEqualTo(Records.example(released.schema()));

        // Today's readers see the same values in all fields that both have.
        GenericRecord today = decode(bytes, released.schema(), current);
        for (Schema.Field field : current.getFields()) {
          if (released.schema().getField(field.name()) != null
              && field.schema().equals(released.schema().getField(field.name()).schema())) {
            assertThat(today.get(field.name())).isEqualTo(old.get(field.name()));
          }
        }
      }
    }
  }

  @Test
  void generatedClassesReadAndWriteTheGoldenBytes() throws Exception {
    for (String name : Records.names()) {
      Path file = GOLDEN.resolve(name).resolve("v" + versions(name).size() + ".hex");
      byte[] bytes = HexFormat.of().parseHex(Files.readString(file).replaceAll("\\s", ""));
      Class<?> type = Class.forName("io.forestall.schemas." + name);
      Object record =
          type.getMethod("fromByteBuffer", ByteBuffer.class).invoke(null, ByteBuffer.wrap(bytes));
      assertThat(SpecificData.get().validate(SpecificData.get().getSchema(type), record)).isTrue();
      ByteBuffer again = (ByteBuffer) type.getMethod("toByteBuffer").invoke(record);
      byte[] copy = new byte[again.remaining()];
      again.get(copy);
      assertThat(copy).as(name).isEqualTo(bytes);
    }
  }

  /** Single-object encoding, written out here so that the golden bytes do not prove themselves. */
  private static byte[] encode(Schema schema, GenericRecord record) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0xC3);
    out.write(0x01);
    long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
    for (int shift = 0; shift < 64; shift += 8) {
      out.write((int) (fingerprint >>> shift));
    }
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  private static GenericRecord decode(byte[] bytes, Schema writer, Schema reader)
      throws IOException {
    // Avro's own decoder checks the header.
    BinaryMessageDecoder<GenericRecord> header =
        new BinaryMessageDecoder<>(new GenericData(), writer);
    assertThat(header.decode(bytes)).isNotNull();
    GenericDatumReader<GenericRecord> datum = new GenericDatumReader<>(writer, reader);
    return datum.read(null, DecoderFactory.get().binaryDecoder(bytes, 10, bytes.length - 10, null));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes).replaceAll("(.{100})", "$1\n").strip() + "\n";
  }
}
