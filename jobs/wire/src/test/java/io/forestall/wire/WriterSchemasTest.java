package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.forestall.schemas.DeadReason;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.junit.jupiter.api.Test;

class WriterSchemasTest {

  private static final String GOOD =
      "{\"type\":\"record\",\"name\":\"Fresh\",\"fields\":[{\"name\":\"a\",\"type\":\"long\"}]}";

  private final WriterSchemas writers = WriterSchemas.released();

  private static SchemaRecord record(String json, long fingerprint) {
    return new SchemaRecord(fingerprint, "Fresh", json, "test", 0L);
  }

  private static long fingerprint(String json) {
    return SchemaNormalization.parsingFingerprint64(new Schema.Parser().parse(json));
  }

  private DeadReason refused(SchemaRecord record) {
    int before = writers.size();
    WireException e = catchThrowableOfType(WireException.class, () -> writers.add(record));
    assertThat(e).isNotNull();
    assertThat(writers.size()).isEqualTo(before);
    return e.reason();
  }

  @Test
  void knowsEveryReleasedVersion() {
    assertThat(writers.size()).isEqualTo(SchemaHistory.load().size());
    SchemaHistory.load()
        .forEach(released -> assertThat(writers.find(released.fingerprint())).isNotNull());
  }

  @Test
  void learnsAtRunTimeAndOnce() throws WireException {
    long fingerprint = fingerprint(GOOD);
    assertThat(writers.find(fingerprint)).isNull();
    writers.add(record(GOOD, fingerprint));
    writers.add(record(GOOD, fingerprint));
    assertThat(writers.find(fingerprint)).isNotNull();
    assertThat(writers.size()).isEqualTo(SchemaHistory.load().size() + 1);
    assertThat(WriterSchemas.released().find(fingerprint)).as("others do not").isNull();
  }

  @Test
  void refusesWhatCouldHurt() {
    assertThat(refused(record("{", 1))).isEqualTo(DeadReason.UNDECODABLE);
    assertThat(refused(record("", 1))).isEqualTo(DeadReason.UNDECODABLE);
    assertThat(refused(record("[".repeat(100_000), 1))).isEqualTo(DeadReason.UNDECODABLE);
    assertThat(refused(record("\"string\"", 1))).isEqualTo(DeadReason.WRONG_TYPE);
    assertThat(refused(record(GOOD, 1))).as("another fingerprint").isEqualTo(DeadReason.WRONG_TYPE);
    assertThat(refused(record(GOOD + " ".repeat(WriterSchemas.MAX_SCHEMA_LENGTH), 1)))
        .isEqualTo(DeadReason.TOO_LARGE);
    String loop =
        "{\"type\":\"record\",\"name\":\"L\",\"fields\":"
            + "[{\"name\":\"next\",\"type\":[\"null\",\"L\"]}]}";
    assertThat(refused(record(loop, fingerprint(loop)))).isEqualTo(DeadReason.WRONG_TYPE);
    String wideLoop =
        "{\"type\":\"record\",\"name\":\"L\",\"fields\":"
            + "[{\"name\":\"all\",\"type\":{\"type\":\"map\",\"values\":"
            + "{\"type\":\"array\",\"items\":\"L\"}}}]}";
    assertThat(refused(record(wideLoop, fingerprint(wideLoop)))).isEqualTo(DeadReason.WRONG_TYPE);
  }

  @Test
  void keyIsSixteenDigits() {
    assertThat(WriterSchemas.fingerprintKey(0xabcL)).isEqualTo("0000000000000abc");
    assertThat(WriterSchemas.fingerprintKey(-1L)).isEqualTo("ffffffffffffffff");
  }
}
