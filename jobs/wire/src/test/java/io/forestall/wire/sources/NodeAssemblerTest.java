package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.Sample;
import io.forestall.wire.Keys;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class NodeAssemblerTest {

  private static final long HOUR_MILLIS = 3_600_000;

  private static NodeAssembler.Part node(String text) {
    return part(ExporterMapping.NODE_EXPORTER, text);
  }

  private static NodeAssembler.Part smart(String text) {
    return part(ExporterMapping.SMARTCTL_EXPORTER, text);
  }

  private static NodeAssembler.Part part(String source, String text) {
    SourcePage page = new SourcePage(ExporterMapping.shipped(), source);
    page.prometheus(
        new PrometheusText(), new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    return new NodeAssembler.Part(page, ExporterPagesTest.NODE);
  }

  private static List<String> said(NodeAssembler.Assembled assembled) {
    List<String> said = new ArrayList<>();
    for (Sample sample : assembled.samples()) {
      said.add(Keys.of(sample.getEntity()) + " " + new TreeMap<>(sample.getMetrics()));
    }
    return said;
  }

  @Test
  void withoutASerialNumberADiskIsNodeAndDevice() {
    NodeAssembler assembler = new NodeAssembler("n-1", 0, null);
    assertThat(
            said(
                assembler.assemble(
                    List.of(
                        node(
                            """
                            node_disk_info{device="sda",serial=""} 1
                            node_disk_info{device="sdb",serial="0000000000"} 1
                            node_disk_info{device="sdc",serial="unknown"} 1
                            node_disk_reads_completed_total{device="sda"} 1
                            node_disk_reads_completed_total{device="sdb"} 2
                            node_disk_reads_completed_total{device="sdc"} 3
                            node_disk_reads_completed_total{device="nvme1n1"} 4
                            """)),
                    1)))
        .containsExactlyInAnyOrder(
            "disk/n-1:sda {disk_reads_total=1.0}",
            "disk/n-1:sdb {disk_reads_total=2.0}",
            "disk/n-1:sdc {disk_reads_total=3.0}",
            "disk/n-1:nvme1 {disk_reads_total=4.0}");
  }

  @Test
  void disksWaitForTheSourceThatKnowsTheirNames() {
    NodeAssembler assembler = new NodeAssembler("n-1", 0, ExporterMapping.SMARTCTL_EXPORTER);
    String io = "node_load1 1\nnode_disk_reads_completed_total{device=\"sda\"} 5\n";
    NodeAssembler.Assembled first = assembler.assemble(List.of(node(io)), 1);
    assertThat(said(first)).containsExactly("node/n-1 {load1=1.0}");
    assertThat(first.held()).isEqualTo(1);
    String smart = "smartctl_device{device=\"sda\",serial_number=\"S1\",model_name=\"M\"} 1\n";
    assertThat(said(assembler.assemble(List.of(node(io), smart(smart)), 2)))
        .containsExactlyInAnyOrder("node/n-1 {load1=1.0}", "disk/S1 {disk_reads_total=5.0}");
    // The smartctl_exporter fails: the disk keeps its name.
    NodeAssembler.Assembled third = assembler.assemble(List.of(node(io)), 3);
    assertThat(said(third)).contains("disk/S1 {disk_reads_total=5.0}");
    assertThat(third.disks().get(0).model()).isEqualTo("M");
  }

  @Test
  void aNewDiskInTheSlotIsAnotherDisk() {
    NodeAssembler assembler = new NodeAssembler("n-1", 0, null);
    String smart =
        "smartctl_device{device=\"sda\",serial_number=\"%s\",model_name=\"%s\"} 1\n"
            + "smartctl_device_power_on_seconds{device=\"sda\"} 3600\n";
    var unused = assembler.assemble(List.of(smart(smart.formatted("S1", "M1"))), 1);
    NodeAssembler.Assembled second =
        assembler.assemble(List.of(smart(smart.formatted("S2", ""))), 2);
    assertThat(second.disks()).containsExactly(new NodeAssembler.Disk("S2", null, null, "hdd"));
  }

  @Test
  void twoPathsToOneDiskAddUp() {
    NodeAssembler assembler = new NodeAssembler("n-1", 0, null);
    assertThat(
            said(
                assembler.assemble(
                    List.of(
                        node(
                            """
                            node_disk_info{device="sda",serial="S1"} 1
                            node_disk_info{device="sdb",serial="S1"} 1
                            node_disk_reads_completed_total{device="sda"} 10
                            node_disk_reads_completed_total{device="sdb"} 5
                            """),
                        smart(
                            """
                            smartctl_device{device="sda",serial_number="S1"} 1
                            smartctl_device{device="sdb",serial_number="S1"} 1
                            smartctl_device_attribute{device="sda",attribute_id="5",attribute_value_type="raw"} 3
                            smartctl_device_attribute{device="sdb",attribute_id="5",attribute_value_type="raw"} 3
                            """)),
                    1)))
        .containsExactly("disk/S1 {disk_reads_total=15.0, smart_5_raw=3.0}");
  }

  @Test
  void smartMetricsComeOnceInTheirInterval() {
    NodeAssembler assembler = new NodeAssembler("n-1", HOUR_MILLIS, null);
    StringBuilder page = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      page.append("smartctl_device{device=\"sd%d\",serial_number=\"S%d\"} 1\n".formatted(i, i));
      page.append("smartctl_device_power_on_seconds{device=\"sd%d\"} 3600\n".formatted(i));
    }
    String io = "node_disk_reads_completed_total{device=\"sd0\"} 5\n";
    List<Integer> smart = new ArrayList<>();
    for (int minute = 0; minute < 180; minute++) {
      NodeAssembler.Assembled assembled =
          assembler.assemble(
              List.of(node(io), smart(page.toString())), minute * 60_000L + 1_700_000_000_000L);
      assertThat(said(assembled)).anyMatch(line -> line.contains("disk_reads_total=5.0"));
      smart.add(
          (int)
              assembled.samples().stream()
                  .filter(sample -> sample.getMetrics().containsKey("smart_9_raw"))
                  .count());
    }
    // All at the first look, then each once an hour, and not all in one minute.
    assertThat(smart.get(0)).isEqualTo(60);
    assertThat(smart.subList(60, 120).stream().mapToInt(Integer::intValue).sum()).isEqualTo(60);
    assertThat(smart.subList(1, 180)).allMatch(count -> count < 20);
  }
}
