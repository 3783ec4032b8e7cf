package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class ModelFileTest {
  private static final ModelFile MODEL = TestingModels.file(1, "disk-lstm", 3, 24, 6, 5);

  @Test
  void writesAndReadsEverything() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    MODEL.write(out);
    ModelFile read = (ModelFile) StoredModel.read(new ByteArrayInputStream(out.toByteArray()));
    assertThat(read.id()).isEqualTo("disk-lstm");
    assertThat(read.version()).isEqualTo(3);
    assertThat(read.mode()).isEqualTo(FailureMode.DISK);
    assertThat(read.horizonMillis()).isEqualTo(TestingModels.MONTH_MILLIS);
    assertThat(read.hazards()).isEqualTo(MODEL.hazards());
    assertThat(read.properties()).isEqualTo(Map.of("seed", "1"));
    assertThat(read).usingRecursiveComparison().isEqualTo(MODEL);
    assertThat(read.toBytes()).isEqualTo(MODEL.toBytes());
    assertThat(new String(out.toByteArray(), 0, 16, java.nio.charset.StandardCharsets.US_ASCII))
        .isEqualTo(ModelFile.FORMAT);
  }

  /** These bytes are stored in topics and jars: the format may not drift. */
  @Test
  void goldenBytes() throws IOException {
    ModelFile tiny =
        new ModelFile(
            "t",
            2,
            FailureMode.DISK,
            1000,
            List.of(
                new LstmLayer(
                    1,
                    1,
                    new float[] {1, 2, 3, 4},
                    new float[] {5, 6, 7, 8},
                    new float[] {.5f, 0, 0, 0})),
            new float[] {2},
            -1,
            1,
            0.25f,
            new DriveModelHazards(0.5, Map.of("A", 1.0)),
            Map.of("k", "v"));
    String expected =
        "666f72657374616c6c2d6c73746d2d31" // forestall-lstm-1
            + "000174" // id
            + "00000002" // version
            + "00044449534b" // DISK
            + "00000000000003e8" // horizon
            + "00000001"
            + "00016b"
            + "000176" // properties
            + "3fe0000000000000" // fleet rate
            + "00000001"
            + "000141"
            + "3ff0000000000000" // drive models
            + "00000001"
            + "00000001"
            + "00000001" // layers
            + "0000803f000000400000404000008040" // input weights
            + "0000a0400000c0400000e04000000041" // recurrent weights
            + "0000003f000000000000000000000000" // bias
            + "00000040" // output weights
            + "000080bf0000803f0000803e"; // output bias, slope, intercept
    byte[] bytes = tiny.toBytes();
    String hex = java.util.HexFormat.of().formatHex(bytes);
    assertThat(hex.substring(0, hex.length() - 8)).isEqualTo(expected);
    assertThat(ModelFile.fromBytes(java.util.HexFormat.of().parseHex(hex)))
        .usingRecursiveComparison()
        .isEqualTo(tiny);
  }

  @Test
  void everyCutIsNamed() {
    byte[] bytes = MODEL.toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> ModelFile.fromBytes(cut)).isInstanceOf(ModelFormatException.class);
      byte[] sealed = length < 20 ? cut : seal(cut);
      assertThatThrownBy(() -> ModelFile.fromBytes(sealed))
          .as("cut at %s with a checksum that fits", length)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void everyFlippedBitIsNoticed() {
    byte[] bytes = MODEL.toBytes();
    for (int bit = 0; bit < 8 * bytes.length; bit += 3) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> ModelFile.fromBytes(flipped))
          .as("bit %s", bit)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void randomBytesBehindAFittingChecksumNeverDoMoreThanRefuse() {
    byte[] bytes = MODEL.toBytes();
    int refused = 0;
    for (long seed = 0; seed < 3000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] wild = bytes.clone();
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        wild[random.nextInt(16, random.nextBoolean() ? 120 : bytes.length)] =
            (byte) random.nextInt();
      }
      try {
        ModelFile.fromBytes(seal(wild)).toBytes();
      } catch (ModelFormatException expected) {
        assertThat(expected).hasMessageMatching("(?s).+");
        refused++;
      } catch (RuntimeException | Error other) {
        throw new AssertionError("seed " + seed, other);
      }
    }
    assertThat(refused).isBetween(500, 2999);
  }

  @Test
  void saysWhatIsWrong() {
    byte[] bytes = MODEL.toBytes();
    assertRefused(new byte[0], "do not begin with forestall-lstm-1");
    assertRefused(
        "PK and some zip file here".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
        "are no model");
    assertRefused(Arrays.copyOf(bytes, bytes.length - 40), "cut short or damaged");
    assertRefused(seal(Arrays.copyOf(bytes, bytes.length - 40)), "ends before its weights do");
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 8);
    assertRefused(seal(longer), "8 bytes after its weights");
    byte[] notANumber = bytes.clone();
    ByteBuffer.wrap(notANumber)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putFloat(bytes.length - 400, Float.NaN);
    assertRefused(seal(notANumber), "Model has NaN among the");
    byte[] version = bytes.clone();
    ByteBuffer.wrap(version).putInt(16 + 2 + 9, -1);
    assertRefused(seal(version), "version -1, it must be above 0");
    assertRefused(new byte[StoredModel.MAXIMUM_BYTES + 1], "larger than");
  }

  @Test
  void shapesThatDoNotFitAreRefusedBeforeTheyAreWritten() {
    LstmLayer layer = MODEL.layers().get(0);
    assertThatThrownBy(() -> new LstmLayer(2, 2, new float[15], new float[16], new float[8]))
        .hasMessageContaining("input weights has 15 values, its shape needs 16");
    assertThatThrownBy(() -> new LstmLayer(2, 2, new float[16], new float[17], new float[8]))
        .hasMessageContaining("recurrent weights has 17");
    assertThatThrownBy(() -> new LstmLayer(2, 2, new float[16], new float[16], new float[7]))
        .hasMessageContaining("bias has 7");
    assertThatThrownBy(() -> model(List.of(layer, layer), new float[6], 1))
        .hasMessageContaining("layer 2 with 24 inputs where 6 come in");
    assertThatThrownBy(() -> model(List.of(layer), new float[5], 1))
        .hasMessageContaining("5 output weights for 6");
    assertThatThrownBy(() -> model(List.of(layer), new float[6], 0))
        .hasMessageContaining("slope 0.0");
    assertThatThrownBy(() -> model(List.of(), new float[6], 1)).hasMessageContaining("0 layers");
    assertThatThrownBy(() -> TestingModels.file(1, "wide", 1, 24, 129))
        .hasMessageContaining("remembers 258 floats");
    assertThatThrownBy(() -> TestingModels.file(1, " ", 1, 24, 2)).hasMessageContaining("no id");
  }

  @Test
  void aMissingShippedModelIsNamed() {
    assertThatThrownBy(() -> TrainedModels.modelFile("io/forestall/trained/no-such/1/"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("io/forestall/trained/no-such/1/model.bin is not on the class path")
        .hasMessageContaining("forestall train");
  }

  private static ModelFile model(List<LstmLayer> layers, float[] output, float slope) {
    return new ModelFile(
        "m", 1, FailureMode.DISK, 1, layers, output, 0, slope, 0, DriveModelHazards.NONE, Map.of());
  }

  private static void assertRefused(byte[] bytes, String message) {
    assertThatThrownBy(() -> ModelFile.fromBytes(bytes))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  /** The bytes with their last four replaced by the checksum of those before. */
  private static byte[] seal(byte[] bytes) {
    byte[] sealed = bytes.clone();
    CRC32C crc = new CRC32C();
    crc.update(sealed, 0, sealed.length - 4);
    ByteBuffer.wrap(sealed).putInt(sealed.length - 4, (int) crc.getValue());
    return sealed;
  }
}
