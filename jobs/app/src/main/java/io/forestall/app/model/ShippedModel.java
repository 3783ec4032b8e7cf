package io.forestall.app.model;

import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;

/** The disk model that ships: champion from the beginning of time unless another is before it. */
public final class ShippedModel {
  private static final StoredModel FILE = TrainedModels.defaultDiskModelFile();

  private ShippedModel() {}

  /** How it stands in {@link ModelStandings}. */
  public static ModelStandings.Model standing() {
    return new ModelStandings.Model(
        FILE.mode().name(),
        FILE.id(),
        FILE.version(),
        Long.MIN_VALUE,
        Long.MIN_VALUE,
        Long.MIN_VALUE,
        false,
        true);
  }

  /** Whether a model is it; the jobs leave it what it is, whatever the topic says of it. */
  public static boolean isIt(String id, int version) {
    return FILE.id().equals(id) && FILE.version() == version;
  }

  /** Name of the format of its weights. */
  static String format() {
    return FILE.format();
  }

  /** Its weights. */
  static byte[] bytes() {
    return FILE.toBytes();
  }

  /** Its card; Markdown. */
  static String card() {
    return TrainedModels.defaultDiskModelCard();
  }
}
