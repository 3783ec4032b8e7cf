package io.forestall.bench.failover;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How further Java processes of the trial are started: with this process's own Java and class path.
 *
 * @param home folder of the repository
 */
record Java(Path home) {

  /** The command line of a main class. */
  List<String> command(int heapMebibytes, String mainClass, List<String> words) {
    return command(heapMebibytes, List.of(), mainClass, words);
  }

  /** The same with options of the virtual machine. */
  List<String> command(
      int heapMebibytes, List<String> options, String mainClass, List<String> words) {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    all.add("-D" + Leftovers.mark());
    all.add("-Xmx" + heapMebibytes + "m");
    all.add("-XX:+UseSerialGC");
    all.add("-XX:TieredStopAtLevel=4");
    all.add(
        "-Dlog4j2.configurationFile=" + home.resolve("flink-conf").resolve("log4j-cli.properties"));
    all.add("-Dforestall.home=" + home);
    all.add("-Dforestall.conf=" + home.resolve("flink-conf"));
    all.addAll(options);
    all.add("-cp");
    all.add(System.getProperty("java.class.path"));
    all.add(mainClass);
    all.addAll(words);
    return all;
  }

  /** How a process logs what its libraries say, to its output. */
  Path logging() {
    return home.resolve("flink-conf").resolve("log4j-console.properties");
  }

  /** The {@code forestall} command. */
  List<String> forestall(int heapMebibytes, List<String> options, List<String> words) {
    return command(heapMebibytes, options, "io.forestall.app.Forestall", words);
  }
}
