package io.forestall.app.doors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The scripts as a user meets them, from any folder, in a path with spaces. */
@Timeout(600)
class DoorsIT {
  @Test
  void aMissingOrOldJdkIsOneLine(@TempDir Path folder) throws Exception {
    Door.Said none =
        Door.run(folder, Map.of("JAVA_HOME", folder.resolve("none").toString()), "forestall");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.lines()).hasSize(1);
    assertThat(none.text()).contains("JAVA_HOME").contains("JDK 17 or newer");

    Path old = Files.createDirectories(folder.resolve("old/bin")).resolve("java");
    Files.writeString(
        old,
        "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n",
        StandardCharsets.UTF_8);
    assertThat(old.toFile().setExecutable(true)).isTrue();
    Door.Said tooOld =
        Door.run(folder, Map.of("JAVA_HOME", folder.resolve("old").toString()), "demo");
    assertThat(tooOld.exitCode()).isEqualTo(2);
    assertThat(tooOld.lines()).hasSize(1);
    assertThat(tooOld.text()).contains("is version 11").contains("17 or newer");

    // Everything a script needs but Java.
    Path tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool : List.of("bash", "env", "dirname", "basename", "readlink", "sed", "head")) {
      Path real = which(tool);
      Files.createSymbolicLink(tools.resolve(tool), real);
    }
    Map<String, String> bare = new HashMap<>();
    bare.put("JAVA_HOME", "");
    bare.put("PATH", tools.toString());
    Door.Said noJava = Door.run(folder, bare, "forestall", "--version");
    assertThat(noJava.exitCode()).as(noJava.text()).isEqualTo(2);
    assertThat(noJava.lines()).hasSize(1);
    assertThat(noJava.text()).contains("no JDK found");
  }

  @Test
  void aMissingJarOrLibIsOneLineThatSaysHowToBuild(@TempDir Path folder) throws Exception {
    Door.Said noJar =
        Door.run(
            folder, Map.of("FORESTALL_JAR", folder.resolve("no.jar").toString()), "topics", "list");
    assertThat(noJar.exitCode()).isEqualTo(2);
    assertThat(noJar.lines()).hasSize(1);
    assertThat(noJar.text())
        .contains("no.jar is missing")
        .contains("./mvnw -q -DskipTests package");

    Path lib = Files.createDirectories(folder.resolve("lib"));
    Door.Said noLib = Door.run(folder, Map.of("FORESTALL_LIB", lib.toString()), "demo");
    assertThat(noLib.exitCode()).isEqualTo(2);
    assertThat(noLib.lines()).hasSize(1);
    assertThat(noLib.text()).contains(lib.toString()).contains("./mvnw -q -DskipTests package");

    // The jar alone knows what it lacks, too.
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-jar",
            Door.HOME.resolve("jobs/app/target/forestall.jar").toString(),
            "demo",
            "--directory",
            folder.resolve("var").toString());
    Process alone = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(alone.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(alone.waitFor()).isEqualTo(1);
    assertThat(said).contains("missing from the class path").doesNotContain("\tat ");
  }

  @Test
  void aWrongKafkaAddressIsOneLine(@TempDir Path folder) throws Exception {
    Door.Said said =
        Door.run(folder, Map.of(), "topics", "check", "--bootstrap-servers", "127.0.0.1:1");
    assertThat(said.exitCode()).isEqualTo(3);
    assertThat(said.lines()).hasSize(1);
    assertThat(said.text()).contains("127.0.0.1:1").contains("--bootstrap-servers");
  }

  @Test
  void aWrongFlinkAddressIsOneLine(@TempDir Path folder) throws Exception {
    Door.Said said = Door.run(folder, Map.of(), "submit", "--rest", "http://127.0.0.1:1");
    assertThat(said.exitCode()).isEqualTo(3);
    assertThat(said.lines()).hasSize(1);
    assertThat(said.text()).contains("no Flink cluster answers").contains("scripts/cluster start");
  }

  @Test
  void theDoorsRunFromAnyFolderInAPathWithSpaces(@TempDir Path folder) throws Exception {
    Path home = copyOfTheRepository(folder.resolve("a path with spaces"));
    try (Door door = Door.open(home, folder.resolve("else where"), Map.of(), "topics", "list")) {
      Door.Said said = door.ended(java.time.Duration.ofSeconds(60));
      assertThat(said.exitCode()).as(said.text()).isZero();
      assertThat(said.text()).contains("forestall.risk.v1");
    }
  }

  @Test
  void theClusterTakesTheJarAndSaysWhatItLacks(@TempDir Path folder) throws Exception {
    Path home = copyOfTheRepository(folder.resolve("a path with spaces"));
    Path directory = folder.resolve("cluster dir");
    String rest = freePort();
    String[] cluster = {
      "--directory", directory.toString(), "--rest-port", rest, "--rpc-port", freePort()
    };
    // A lib in which the jar of ND4J is there but empty: only the cluster itself can tell.
    Path lib = Files.createDirectories(folder.resolve("poor lib/dl4j")).getParent();
    Files.createSymbolicLink(lib.resolve("flink"), home.resolve("jobs/app/target/lib/flink"));
    Files.createSymbolicLink(lib.resolve("broker"), home.resolve("jobs/app/target/lib/broker"));
    try (var jar =
        new java.util.jar.JarOutputStream(
            Files.newOutputStream(lib.resolve("dl4j/nd4j-native-0.jar")))) {
      jar.putNextEntry(new java.util.zip.ZipEntry("nothing"));
    }
    Map<String, String> poor = Map.of("FORESTALL_LIB", lib.toString());
    try {
      Door.Said started = run(home, folder, poor, "cluster", "start", cluster);
      assertThat(started.exitCode()).as(started.text()).isZero();
      assertThat(started.text()).contains("started jobmanager taskmanager-1");

      Door.Said submitted =
          run(home, folder, Map.of(), "submit", "--rest", "http://localhost:" + rest, "sense");
      assertThat(submitted.exitCode()).as(submitted.text()).isEqualTo(1);
      assertThat(submitted.lines()).hasSize(1);
      assertThat(submitted.text())
          .contains("lacks deeplearning4j-nn, nd4j-api, nd4j-native")
          .contains("lib/dl4j")
          .doesNotContain("rocksdb");

      // Only what is dead is started again.
      Path pid = directory.resolve("taskmanager-1.pid");
      long taskManager = Long.parseLong(Files.readString(pid, StandardCharsets.UTF_8).strip());
      ProcessHandle.of(taskManager).orElseThrow().destroyForcibly();
      ProcessHandle.of(taskManager).ifPresent(gone -> gone.onExit().join());
      assertThat(run(home, folder, Map.of(), "cluster", "status", cluster).text())
          .contains("jobmanager runs")
          .contains("taskmanager-1 is dead");
      Door.Said again = run(home, folder, Map.of(), "cluster", "start", cluster);
      assertThat(again.exitCode()).as(again.text()).isZero();
      assertThat(again.text()).contains("started taskmanager-1;");
    } finally {
      Door.Said stopped = run(home, folder, Map.of(), "cluster", "stop", cluster);
      assertThat(stopped.text()).contains("stopped jobmanager").contains("stopped taskmanager-1");
    }
    Door.Said status = run(home, folder, Map.of(), "cluster", "status", cluster);
    assertThat(status.exitCode()).isEqualTo(1);
    assertThat(status.lines()).hasSize(1);
  }

  @Test
  void theClusterSaysInOneLineWhatIsWrong(@TempDir Path folder) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      Door.Said said =
          Door.run(
              folder,
              Map.of(),
              "cluster",
              "start",
              "--directory",
              folder.resolve("c").toString(),
              "--rest-port",
              port);
      assertThat(said.exitCode()).isEqualTo(3);
      assertThat(said.lines()).hasSize(1);
      assertThat(said.text()).contains("port " + port).contains("--rest-port");
    }
    Door.Said full =
        Door.run(
            folder,
            Map.of("FORESTALL_MIN_FREE_MIB", "999999999"),
            "cluster",
            "start",
            "--directory",
            folder.resolve("c").toString());
    assertThat(full.exitCode()).isEqualTo(1);
    assertThat(full.lines()).hasSize(1);
    assertThat(full.text()).contains("MiB free").contains("--directory");

    for (String[] wrong :
        List.of(
            new String[] {"fly"},
            new String[] {"start", "--nonsense"},
            new String[] {"start", "--rest-port", "x"},
            new String[] {"start", "--rest-port"})) {
      assertThat(Door.run(folder, Map.of(), "cluster", wrong).exitCode()).isEqualTo(2);
    }
  }

  @Test
  void theScriptsAreCleanForShellcheck(@TempDir Path folder) throws Exception {
    List<String> doors = new ArrayList<>(List.of("shellcheck", "-x", "-P", "SCRIPTDIR"));
    try (Stream<Path> all = Files.list(Door.HOME.resolve("scripts"))) {
      all.filter(Files::isRegularFile).map(Path::toString).sorted().forEach(doors::add);
    }
    try (Stream<Path> all = Files.walk(Door.HOME.resolve("jobs/nodes/hooks"))) {
      all.filter(Files::isRegularFile).map(Path::toString).sorted().forEach(doors::add);
    }
    Process process;
    try {
      process = new ProcessBuilder(doors).redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeThat(false).as("shellcheck is not installed").isTrue();
      return;
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  private static Door.Said run(
      Path home, Path folder, Map<String, String> environment, String door, String... arguments)
      throws Exception {
    try (Door opened = Door.open(home, folder, environment, door, arguments)) {
      return opened.ended(java.time.Duration.ofSeconds(150));
    }
  }

  private static Door.Said run(
      Path home,
      Path folder,
      Map<String, String> environment,
      String door,
      String action,
      String[] more)
      throws Exception {
    List<String> all = new ArrayList<>(List.of(action));
    all.addAll(List.of(more));
    return run(home, folder, environment, door, all.toArray(String[]::new));
  }

  /** Scripts and settings as they are, what was built by a link. */
  private static Path copyOfTheRepository(Path home) throws IOException {
    for (String part : List.of("scripts", "flink-conf")) {
      try (Stream<Path> all = Files.walk(Door.HOME.resolve(part))) {
        for (Path from : all.toList()) {
          Path to = home.resolve(Door.HOME.relativize(from).toString());
          if (Files.isDirectory(from)) {
            Files.createDirectories(to);
          } else {
            Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
          }
        }
      }
    }
    Files.createDirectories(home.resolve("jobs/app"));
    Files.createSymbolicLink(home.resolve("jobs/app/target"), Door.HOME.resolve("jobs/app/target"));
    return home;
  }

  private static Path which(String tool) {
    for (String folder : System.getenv("PATH").split(":", -1)) {
      Path file = Path.of(folder, tool);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    throw new AssertionError("no " + tool + " on the PATH");
  }

  private static String freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Integer.toString(socket.getLocalPort());
    }
  }
}
