package io.forestall.operators;

import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import io.forestall.schemas.ModelRecord;
import io.forestall.wire.AvroCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Small disk models with weights from a seed, and their records. */
public final class TestingModels {

  private TestingModels() {}

  /** A model of two small layers. */
  public static ModelFile file(String id, int version) {
    return file(id, version, FailureMode.DISK, FeatureExtractor.INPUTS, 8, 4);
  }

  /** A model of the shape that ships. */
  public static ModelFile shippedShape() {
    return file("disk-lstm", 1, FailureMode.DISK, FeatureExtractor.INPUTS, 64, 32);
  }

  /** A model of a mode and of these widths. */
  public static ModelFile file(String id, int version, FailureMode mode, int... widths) {
    SplittableRandom random = new SplittableRandom(id.hashCode() * 31L + version);
    List<LstmLayer> layers = new ArrayList<>();
    for (int i = 0; i + 1 < widths.length; i++) {
      int inputs = widths[i];
      int hidden = widths[i + 1];
      layers.add(
          new LstmLayer(
              inputs,
              hidden,
              floats(random, inputs * 4 * hidden, 1.5 / Math.sqrt(inputs)),
              floats(random, hidden * 4 * hidden, 1.5 / Math.sqrt(hidden)),
              floats(random, 4 * hidden, 0.5)));
    }
    return new ModelFile(
        id,
        version,
        mode,
        30L * TestingDisks.DAY_MILLIS,
        layers,
        floats(random, widths[widths.length - 1], 4.0),
        -1f,
        1.25f,
        -2f,
        new DriveModelHazards(0.02, Map.of("SYNTH A", 0.06)),
        Map.of());
  }

  /** The record of a model. */
  public static ModelRecord record(
      ModelFile file, long publishedMillis, long effectiveFromMillis, long rollbackUntilMillis) {
    return ModelRecord.newBuilder()
        .setId(file.id())
        .setVersion(file.version())
        .setMode(io.forestall.schemas.FailureMode.valueOf(file.mode().name()))
        .setPublishedMillis(publishedMillis)
        .setEffectiveFromMillis(effectiveFromMillis)
        .setRollbackUntilMillis(rollbackUntilMillis)
        .setFormat(ModelFile.FORMAT)
        .setWeights(ByteBuffer.wrap(file.toBytes()))
        .setCard("A test model.")
        .build();
  }

  /** The record as it comes from the models topic. */
  public static ModelInput input(ModelRecord record) {
    return new ModelInput(
        key(record.getId(), record.getVersion()),
        AvroCodec.of(ModelRecord.class).encode(record),
        0,
        0);
  }

  /** The key of a disk model. */
  public static String key(String id, int version) {
    return "disk/" + id + "/" + version;
  }

  private static float[] floats(SplittableRandom random, int n, double scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextDouble(-1, 1) * scale);
    }
    return values;
  }
}
