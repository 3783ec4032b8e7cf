package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetsFileTest {

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path folder;

  private List<ScrapeTarget> read(String name, String text) throws Exception {
    Path file = folder.resolve(name);
    Files.writeString(file, text, StandardCharsets.UTF_8);
    return TargetsFile.read(file);
  }

  @Test
  void readsWhatPrometheusReads() throws Exception {
    List<ScrapeTarget> targets =
        read(
            "targets.yaml",
            """
            - targets: ["10.0.0.1:9100"]
              labels: {job: node_exporter, node: n-1, rack: r-1, zone: z-1, region: eu, pool: hot, team: x}
            - targets:
                - 10.0.0.1:9633
              labels: {job: smartctl_exporter, node: n-1, rack: r-1, zone: z-1, region: eu, pool: hot}
            - targets: ["n-2:9100", "n-3:9100", "[::1]:9100"]
              labels: {job: node_exporter}
            - targets: ["10.0.0.9:8080"]
              labels: {job: process, node: n-9, kind: processor, id: p-7, __scheme__: https, __metrics_path__: /q/metrics}
            """);
    Place first = new Place("n-1", "r-1", "z-1", "eu", "hot");
    assertThat(targets)
        .containsExactly(
            new ScrapeTarget(
                URI.create("http://10.0.0.1:9100/metrics"),
                "node-exporter",
                Subject.node("n-1"),
                first),
            new ScrapeTarget(
                URI.create("http://10.0.0.1:9633/metrics"),
                "smartctl-exporter",
                Subject.node("n-1"),
                first),
            new ScrapeTarget(
                URI.create("http://n-2:9100/metrics"),
                "node-exporter",
                Subject.node("n-2"),
                new Place("n-2", "unknown", "unknown", "default", "default")),
            new ScrapeTarget(
                URI.create("http://n-3:9100/metrics"),
                "node-exporter",
                Subject.node("n-3"),
                new Place("n-3", "unknown", "unknown", "default", "default")),
            new ScrapeTarget(
                URI.create("http://[::1]:9100/metrics"),
                "node-exporter",
                Subject.node("[::1]"),
                new Place("[::1]", "unknown", "unknown", "default", "default")),
            new ScrapeTarget(
                URI.create("https://10.0.0.9:8080/q/metrics"),
                "process",
                new Subject(Subject.Kind.PROCESSOR, "p-7"),
                new Place("n-9", "unknown", "unknown", "default", "default")));
    assertThat(
            read(
                "targets.json", "[{\"targets\":[\"a:1\"],\"labels\":{\"job\":\"node_exporter\"}}]"))
        .hasSize(1);
  }

  @Test
  void everyMistakeIsSaidAtTheStart() {
    assertThatThrownBy(
            () ->
                read(
                    "targets.yaml",
                    """
                    - targets: [a:1, b:1]
                      labels: {job: node_exporter, node: n-1}
                    - targets: []
                      labels: {job: node_exporter}
                    - targets: [c:1]
                    - targets: [d:1]
                      labels: {job: cadvisor}
                    - targets: ["e:1/metrics", "user@f:1", "g h:1"]
                      labels: {job: node_exporter}
                    - targets: [i:1]
                      labels: {job: smartctl_exporter, node: n-1, rack: r-2}
                    - targets: [j:1]
                      labels: {job: node_exporter, kind: switch}
                    - targets: [k:1]
                      labels: {job: node_exporter, __scheme__: ftp}
                    """))
        .isInstanceOf(TargetsFile.BadTargets.class)
        .message()
        .satisfies(
            message ->
                assertThat(message.lines().map(line -> line.replaceFirst(".*?: ", "")).toList())
                    .satisfiesExactly(
                        line -> assertThat(line).startsWith("group 1: node/n-1 has two targets"),
                        line -> assertThat(line).startsWith("group 2: has no targets"),
                        line -> assertThat(line).startsWith("group 3: the label job is missing"),
                        line -> assertThat(line).startsWith("group 4: the job 'cadvisor'"),
                        line -> assertThat(line).startsWith("group 5: 'e:1/metrics' is no host"),
                        line -> assertThat(line).startsWith("group 5: 'user@f:1' is no host"),
                        line -> assertThat(line).startsWith("group 5: 'g h:1' is no host"),
                        line -> assertThat(line).startsWith("group 6: node n-1 stands in two"),
                        line -> assertThat(line).startsWith("group 7: kind 'switch'"),
                        line -> assertThat(line).startsWith("group 8: __scheme__ is http")));
  }

  @Test
  void whatIsNoListSaysWhere() {
    assertThatThrownBy(() -> read("targets.yaml", "- targets: [a:1\n  labels: {}\n"))
        .isInstanceOf(TargetsFile.BadTargets.class)
        .hasMessageContaining("targets.yaml:")
        .hasMessageContaining("is no YAML");
    assertThatThrownBy(() -> read("targets.json", "[{"))
        .isInstanceOf(TargetsFile.BadTargets.class)
        .hasMessageContaining("is no JSON");
    assertThatThrownBy(() -> read("targets.yaml", "targets: [a:1]\n"))
        .isInstanceOf(TargetsFile.BadTargets.class)
        .hasMessageContaining("is no list of groups");
    assertThatThrownBy(() -> read("targets.yaml", "")).isInstanceOf(TargetsFile.BadTargets.class);
    assertThatThrownBy(() -> read("targets.yaml", "[]"))
        .isInstanceOf(TargetsFile.BadTargets.class)
        .hasMessageContaining("holds no target");
  }
}
