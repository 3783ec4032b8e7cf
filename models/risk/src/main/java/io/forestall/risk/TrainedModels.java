package io.forestall.risk;

/** The models that ship with Forestall. */
public final class TrainedModels {
  /** Folder on the class path of the default disk model. */
  public static final String DEFAULT_DISK_MODEL = "io/forestall/trained/disk-lstm/1/";

  private TrainedModels() {}

  /**
   * The default disk model, ready to score.
   *
   * @throws IllegalStateException when the weights are not on the class path or damaged
   */
  public static CompiledLstm defaultDiskModel() {
    return new CompiledLstm(defaultDiskModelFile());
  }

  /**
   * The default disk model as a file.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static ModelFile defaultDiskModelFile() {
    throw new UnsupportedOperationException();
  }

  /**
   * Card of the default disk model: what it was trained on, how good, what it cannot see; Markdown.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static String defaultDiskModelCard() {
    throw new UnsupportedOperationException();
  }
}
