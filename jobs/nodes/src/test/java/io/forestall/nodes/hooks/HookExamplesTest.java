package io.forestall.nodes.hooks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The hooks that ship for Ceph and LINSTOR, against doubles of their command lines. */
@SuppressWarnings("NullAway.Init")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the hooks are shell scripts")
class HookExamplesTest {
  private static final Path HOOKS = Path.of("hooks").toAbsolutePath();
  private static final String NODE = "n-1";

  private Path folder;

  private record Said(int exitCode, String lastLine) {}

  /** Doubles note what they are told, and answer from files that a test writes. */
  @BeforeEach
  void installDoubles(@TempDir Path temporary) throws IOException {
    folder = temporary;
    Path bin = Files.createDirectories(folder.resolve("bin"));
    program(
        bin.resolve("ceph"),
        """
        #!/bin/sh
        case "$1 $2" in
          "osd ls-tree") [ "$3" = n-1 ] && printf '3\\n7\\n'; exit 0 ;;
          "osd safe-to-destroy") exit "$(cat "$STATE/safe")" ;;
          "osd ok-to-stop") exit "$(cat "$STATE/stop")" ;;
        esac
        echo "$*" >> "$STATE/told"
        """);
    program(
        bin.resolve("linstor"),
        """
        #!/bin/sh
        case "$*" in
          "--machine-readable node list") cat "$STATE/nodes"; exit 0 ;;
          "--machine-readable resource list --nodes n-1") cat "$STATE/resources"; exit 0 ;;
        esac
        echo "$*" >> "$STATE/told"
        [ "$1 $2" = "node evacuate" ] && sed 's/"flags": \\[\\]/"flags": ["EVACUATE"]/' "$STATE/nodes" > "$STATE/new" &&
          mv "$STATE/new" "$STATE/nodes"
        exit 0
        """);
    state("safe", "0");
    state("stop", "0");
    state(
        "nodes",
        """
        [[{"name": "n-0", "flags": ["EVACUATE"], "net_interfaces": [{"name": "n-1"}]},
          {"name": "n-1", "type": "SATELLITE", "flags": [], "net_interfaces": [{"name": "default"}]}]]
        """);
    state("resources", "[[]]");
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardCharsets.UTF_8);
    var unused = Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void state(String name, String value) throws IOException {
    Files.writeString(folder.resolve(name), value, StandardCharsets.UTF_8);
  }

  private List<String> told() throws IOException {
    Path told = folder.resolve("told");
    return Files.exists(told) ? Files.readAllLines(told) : List.of();
  }

  private Said run(String storage, String hook, String node) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(HOOKS.resolve(storage).resolve(hook).toString())
            .redirectErrorStream(true);
    builder.environment().put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
    builder.environment().put("STATE", folder.toString());
    builder.environment().put("FORESTALL_NODE", node);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Said(process.exitValue(), lines.isEmpty() ? "" : lines.get(lines.size() - 1));
  }

  private static void requireJq() throws InterruptedException {
    int exitCode;
    try {
      exitCode = new ProcessBuilder("jq", "--version").start().waitFor();
    } catch (IOException e) {
      exitCode = -1;
    }
    assumeTrue(exitCode == 0, "the hooks for LINSTOR need jq, which is not installed");
  }

  @Test
  void cephIsDrainedOnceAllIsSafeAndNotBefore() throws Exception {
    state("safe", "16");
    assertThat(run("ceph", "drain", NODE))
        .isEqualTo(new Said(75, "OSDs of n-1 still hold data that is nowhere else"));
    state("safe", "0");
    assertThat(run("ceph", "drain", NODE).exitCode()).isZero();
    assertThat(told()).containsExactly("osd out 3 7", "osd out 3 7");
  }

  @Test
  void cephStaysOutUntilItIsLetIn() throws Exception {
    state("stop", "16");
    assertThat(run("ceph", "out", NODE).exitCode()).isEqualTo(75);
    state("stop", "0");
    assertThat(run("ceph", "out", NODE)).isEqualTo(new Said(0, "n-1 is out and may be stopped"));
    assertThat(run("ceph", "in", NODE)).isEqualTo(new Said(0, "n-1 is in"));
    List<String> told = new ArrayList<>(told());
    assertThat(told.subList(told.size() - 4, told.size()))
        .containsExactly(
            "osd set-group noin n-1", "osd out 3 7", "osd unset-group noin n-1", "osd in 3 7");
  }

  @Test
  void aHostThatCephDoesNotKnowIsNoSuccess() throws Exception {
    for (String hook : List.of("drain", "out", "in")) {
      assertThat(run("ceph", hook, "n-9")).isEqualTo(new Said(1, "CRUSH has no OSD below n-9"));
    }
    assertThat(told()).isEmpty();
  }

  @Test
  void linstorIsAskedToEvacuateOnce() throws Exception {
    requireJq();
    state(
        "resources",
        """
        [[{"name": "r-1", "node_name": "n-1", "layer_object": {"type": "DRBD"}},
          {"name": "r-2", "node_name": "n-1", "flags": ["DISKLESS"], "layer_object": {"type": "DRBD"}}]]
        """);
    assertThat(run("linstor", "drain", NODE)).isEqualTo(new Said(75, "1 replicas left on n-1"));
    assertThat(run("linstor", "drain", NODE).exitCode()).isEqualTo(75);
    state("resources", "[[]]");
    assertThat(run("linstor", "drain", NODE)).isEqualTo(new Said(0, "no replica left on n-1"));
    assertThat(told())
        .filteredOn(line -> line.startsWith("node evacuate"))
        .containsExactly("node evacuate n-1");
    assertThat(told()).contains("node set-property n-1 AutoplaceTarget false");
  }

  @Test
  void linstorRestoresOnlyWhatWasAway() throws Exception {
    requireJq();
    assertThat(run("linstor", "in", NODE)).isEqualTo(new Said(0, "n-1 is in"));
    assertThat(told()).containsExactly("node set-property n-1 AutoplaceTarget true");
    assertThat(run("linstor", "drain", NODE).exitCode()).isZero();
    assertThat(run("linstor", "out", NODE).exitCode()).isZero();
    assertThat(run("linstor", "in", NODE).exitCode()).isZero();
    assertThat(told()).contains("node restore n-1");
    assertThat(run("linstor", "drain", "n-9")).isEqualTo(new Said(1, "LINSTOR knows no node n-9"));
  }
}
