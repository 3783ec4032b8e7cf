package io.forestall.app.cluster;

import java.util.ArrayList;
import java.util.List;

/**
 * A main class that starts no job: run in a cluster, it fails with the list of what the cluster's
 * lib lacks, or with {@link #COMPLETE}. So the check sees exactly what a job would see, whatever
 * distribution the cluster is.
 */
public final class ClusterProbe {
  static final String COMPLETE = "forestall-probe: complete";
  static final String LACKS = "forestall-probe: lacks ";

  /**
   * A library and one class of it.
   *
   * @param name as its jar is called
   * @param className a class only it has
   */
  record Library(String name, String className) {}

  static final List<Library> NEEDED =
      List.of(
          new Library(
              "flink-statebackend-rocksdb",
              "org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend"),
          new Library(
              "flink-connector-base",
              "org.apache.flink.connector.base.source.reader.SourceReaderBase"),
          new Library("deeplearning4j-nn", "org.deeplearning4j.nn.multilayer.MultiLayerNetwork"),
          new Library("nd4j-api", "org.nd4j.linalg.factory.Nd4j"),
          new Library("nd4j-native", "org.nd4j.linalg.cpu.nativecpu.CpuBackend"),
          new Library("openblas", "org.bytedeco.openblas.global.openblas"),
          new Library("javacpp", "org.bytedeco.javacpp.Loader"));

  private ClusterProbe() {}

  /** Always throws: see the class. */
  public static void main(String[] args) {
    List<String> missing = missing(ClusterProbe.class.getClassLoader());
    throw new IllegalStateException(
        missing.isEmpty() ? COMPLETE : LACKS + String.join(", ", missing));
  }

  static List<String> missing(ClassLoader loader) {
    List<String> missing = new ArrayList<>();
    for (Library library : NEEDED) {
      try {
        Class.forName(library.className(), false, loader);
      } catch (ClassNotFoundException | NoClassDefFoundError e) {
        missing.add(library.name());
      }
    }
    return missing;
  }
}
