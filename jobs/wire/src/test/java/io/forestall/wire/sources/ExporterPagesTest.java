package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.wire.Keys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pages of each source and version, as its documentation describes them, against what they mean.
 */
class ExporterPagesTest {

  static final EntityRef NODE = new EntityRef(EntityKind.NODE, "n-1");

  @ParameterizedTest
  @CsvSource({
    "node-exporter-1.8, node-exporter",
    "node-exporter-0.16, node-exporter",
    "smartctl-exporter-0.8, smartctl-exporter",
    "smartctl-exporter-0.9, smartctl-exporter",
    "smartctl-exporter-0.12, smartctl-exporter",
    "process, process"
  })
  void everyVersionGivesTheSameMetrics(String name, String source) throws Exception {
    SourcePage page = new SourcePage(ExporterMapping.shipped(), source);
    PrometheusText.Outcome outcome =
        page.prometheus(new PrometheusText(), new ByteArrayInputStream(bytes(name + ".txt")));
    assertThat(page.problems()).isEmpty();
    assertThat(page.missing()).isEmpty();
    assertThat(outcome.broken()).isNull();
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, null)
            .assemble(List.of(new NodeAssembler.Part(page, NODE)), 1_700_000_000_000L);
    assertThat(lines(assembled))
        .containsExactlyElementsOf(
            new String(bytes(name + ".expected"), StandardCharsets.UTF_8).lines().toList());
  }

  @Test
  void pagesOfOneNodeComeTogetherBySerialNumber() throws Exception {
    SourcePage node = page(ExporterMapping.NODE_EXPORTER, "node-exporter-1.8.txt");
    SourcePage smart = page(ExporterMapping.SMARTCTL_EXPORTER, "smartctl-exporter-0.9.txt");
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, ExporterMapping.SMARTCTL_EXPORTER)
            .assemble(
                List.of(new NodeAssembler.Part(node, NODE), new NodeAssembler.Part(smart, NODE)),
                1_700_000_000_000L);
    assertThat(assembled.samples())
        .extracting(sample -> Keys.of(sample.getEntity()))
        .containsExactlyInAnyOrder("node/n-1", "disk/HD0001AA", "disk/NV0001AA");
    Sample disk =
        assembled.samples().stream()
            .filter(sample -> sample.getEntity().getId().equals("NV0001AA"))
            .findFirst()
            .orElseThrow();
    assertThat(disk.getMetrics())
        .containsEntry("disk_reads_total", 256.0)
        .containsEntry("nvme_media_errors", 3.0);
    assertThat(disk.getCapacityBytes()).isEqualTo(1_000_204_886_016L);
  }

  @Test
  void theLabelOfAnOtherDiskIsNotTaken() throws Exception {
    // smartctl_exporter writes 0 for what a disk does not have: a SATA disk has no NVMe metric.
    SourcePage smart = page(ExporterMapping.SMARTCTL_EXPORTER, "smartctl-exporter-0.9.txt");
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, null)
            .assemble(List.of(new NodeAssembler.Part(smart, NODE)), 1_700_000_000_000L);
    for (Sample sample : assembled.samples()) {
      if (sample.getEntity().getId().equals("HD0001AA")) {
        assertThat(sample.getMetrics().keySet()).noneMatch(name -> name.startsWith("nvme_"));
      }
    }
  }

  @Test
  void aSumThatLacksAPartIsNotGivenAndPromisesAreKept() throws Exception {
    String text =
        new String(bytes("node-exporter-1.8.txt"), StandardCharsets.UTF_8)
            .replace("node_network_transmit_packets_total", "node_network_tx_packets_total")
            .replace("node_load1 ", "node_load_one ")
            .replace("node_disk_reads_completed_total", "node_disk_reads_done_total")
            .replace("node_memory_MemAvailable_bytes", "node_memory_free");
    SourcePage page = new SourcePage(ExporterMapping.shipped(), ExporterMapping.NODE_EXPORTER);
    page.prometheus(
        new PrometheusText(), new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    assertThat(page.missing())
        .containsExactlyInAnyOrder(
            "network_packets_total from node_network_transmit_packets_total",
            "load1 from node_load1",
            "disk_reads_total from node_disk_reads_completed_total");
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, null)
            .assemble(List.of(new NodeAssembler.Part(page, NODE)), 1_700_000_000_000L);
    Sample node = assembled.samples().get(0);
    assertThat(node.getMetrics())
        .doesNotContainKeys("network_packets_total", "load1", "memory_available_bytes")
        .containsEntry("network_sent_bytes_total", 9000.0);
  }

  @Test
  void valuesThatCannotBeAreLeftOut() throws Exception {
    String text =
        "node_load1 NaN\nnode_memory_MemTotal_bytes +Inf\nnode_boot_time_seconds -5\n"
            + "node_timex_offset_seconds -5\nnode_timex_offset_seconds -6\n";
    SourcePage page = new SourcePage(ExporterMapping.shipped(), ExporterMapping.NODE_EXPORTER);
    page.prometheus(
        new PrometheusText(), new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, null)
            .assemble(List.of(new NodeAssembler.Part(page, NODE)), 1_700_000_000_000L);
    assertThat(assembled.samples()).hasSize(1);
    assertThat(assembled.samples().get(0).getMetrics())
        .containsOnly(java.util.Map.entry("clock_offset_seconds", -5.0));
    assertThat(page.leftOut()).isEqualTo(4);
  }

  static SourcePage page(String source, String file) throws IOException {
    SourcePage page = new SourcePage(ExporterMapping.shipped(), source);
    page.prometheus(new PrometheusText(), new ByteArrayInputStream(bytes(file)));
    return page;
  }

  static List<String> lines(NodeAssembler.Assembled assembled) {
    List<String> lines = new ArrayList<>();
    for (Sample sample : assembled.samples()) {
      String key = Keys.of(sample.getEntity());
      if (sample.getEntity().getKind() == EntityKind.DISK) {
        lines.add(key + " " + sample.getModel());
      }
      new TreeMap<>(sample.getMetrics())
          .forEach(
              (metric, value) ->
                  lines.add(
                      key
                          + " "
                          + metric
                          + " "
                          + BigDecimal.valueOf(value).stripTrailingZeros().toPlainString()));
    }
    for (NodeAssembler.Disk disk : assembled.disks()) {
      lines.add("tier " + disk.id() + " " + disk.tier());
    }
    return lines;
  }

  static byte[] bytes(String file) throws IOException {
    try (InputStream in = ExporterPagesTest.class.getResourceAsStream("pages/" + file)) {
      return Objects.requireNonNull(in, file).readAllBytes();
    }
  }
}
