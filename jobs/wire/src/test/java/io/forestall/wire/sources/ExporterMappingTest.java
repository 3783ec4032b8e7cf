package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExporterMappingTest {

  private static final Path PAGE = Path.of("MAPPING.md");

  /** Write the page anew with {@code -Dforestall.write=true}. */
  @Test
  void pageOfTheMappingIsUpToDate() throws Exception {
    String page = ExporterMappingPage.markdown(ExporterMapping.shipped());
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(PAGE, page, StandardCharsets.UTF_8);
    }
    assertThat(PAGE).content(StandardCharsets.UTF_8).isEqualTo(page);
  }

  @Test
  void everyShippedRowIsExplained() {
    for (ExporterMapping.Row row : ExporterMapping.shipped().rows()) {
      assertThat(row.doc()).as(row.toString()).isNotBlank();
      if (!row.describes()) {
        assertThat(row.unit()).as(row.toString()).isNotBlank();
      }
    }
  }

  @Test
  void aUserAddsReplacesAndTakesAwayWithoutCode() throws Exception {
    ExporterMapping mapping =
        ExporterMapping.shipped()
            .with(
                """
                # what our own exporters say
                source,name,entity,metric,where,factor,aggregate,reading,promised
                node-exporter,our_load,node,load1
                node-exporter,our_queue,node,queue_length,lane=~a|b,1/2,sum,number,yes
                node-exporter,-,node,boot_time_seconds
                node-exporter,our_disk_errors,disk:dev,disk_io_errors_total
                node-exporter,"our_smart",disk:dev,smart_{attr}_raw
                node-exporter,peer_rtt_ms,edge:peer,path_latency_seconds,,1/1000
                node-exporter,volume_seconds,pair:volume,path_latency_seconds
                node-exporter,lag,processor:app,queue_length
                """,
                "ours.csv");
    SourcePage page = new SourcePage(mapping, ExporterMapping.NODE_EXPORTER);
    page.prometheus(
        new PrometheusText(),
        new ByteArrayInputStream(
            """
            node_load1 9
            our_load 3
            our_queue{lane="a"} 4
            our_queue{lane="b"} 6
            our_queue{lane="c"} 100
            node_boot_time_seconds 5
            node_disk_info{device="sda",serial="S1"} 1
            our_disk_errors{dev="sda"} 2
            our_smart{dev="sda",attr="197"} 8
            our_smart{dev="sda",attr="0197"} 9
            our_smart{dev="sda",attr="256"} 10
            peer_rtt_ms{peer="n-2"} 7
            volume_seconds{volume="v-1"} 0.25
            lag{app="p-1"} 12
            """
                .getBytes(StandardCharsets.UTF_8)));
    NodeAssembler.Assembled assembled =
        new NodeAssembler("n-1", 0, null)
            .assemble(List.of(new NodeAssembler.Part(page, ExporterPagesTest.NODE)), 1);
    assertThat(ExporterPagesTest.lines(assembled))
        .containsExactlyInAnyOrder(
            "node/n-1 load1 3",
            "node/n-1 queue_length 5",
            "disk/S1 null",
            "disk/S1 disk_io_errors_total 2",
            "disk/S1 smart_197_raw 8",
            "edge/n-1>n-2 path_latency_seconds 0.007",
            "pair/v-1@n-1 path_latency_seconds 0.25",
            "processor/p-1 queue_length 12",
            "tier S1 hdd");
  }

  @Test
  void everyMistakeIsFoundAtTheStartWithLineAndColumn() {
    assertThatThrownBy(
            () ->
                ExporterMapping.shipped()
                    .with(
                        """
                        source,name,entity,metric,where,factor,aggregate,reading,promised
                        nodes-exporter,a,node,load1
                        node-exporter,,node,load1
                        node-exporter,a,disk,load1
                        node-exporter,a,disk:dev,load1
                        node-exporter,a,node,load_1
                        node-exporter,a,node,load1,mode
                        node-exporter,a,node,load1,mode=~[a
                        node-exporter,a,node,load1,,x
                        node-exporter,a,node,load1,,1/0,mean
                        node-exporter,a,node,load1,,1,last,text
                        node-exporter,a,node,load1,,1,last,number,maybe
                        node-exporter,a,node,load1,,1,last,number,yes,more
                        node-exporter,"a,node,load1
                        node-exporter,a,node,@node
                        csv,t,,@time,,,,number
                        csv,t,,@time,,,,time:QQQQQQQQQ
                        node-exporter,a,disk:dev,@serial
                        node-exporter,a,disk:dev,smart_300_raw
                        node-exporter,a,node:x,load1
                        """,
                        "ours.csv"))
        .isInstanceOf(MappingException.class)
        .message()
        .satisfies(
            message ->
                assertThat(message.lines().toList())
                    .satisfiesExactly(
                        line ->
                            assertThat(line).startsWith("ours.csv:2:1: source: 'nodes-exporter'"),
                        line -> assertThat(line).startsWith("ours.csv:3:15: name: a name is empty"),
                        line -> assertThat(line).startsWith("ours.csv:4:17: entity: 'disk' needs"),
                        line -> assertThat(line).startsWith("ours.csv:4:22: metric: load1 is a"),
                        line -> assertThat(line).startsWith("ours.csv:5:26: metric: load1 is a"),
                        line ->
                            assertThat(line).startsWith("ours.csv:6:22: metric: 'load_1' is no"),
                        line -> assertThat(line).startsWith("ours.csv:7:28: where: 'mode' is no"),
                        line -> assertThat(line).startsWith("ours.csv:8:28: where: '[a' is no"),
                        line -> assertThat(line).startsWith("ours.csv:9:29: factor: 'x' is no"),
                        line -> assertThat(line).startsWith("ours.csv:10:33: aggregate: 'mean'"),
                        line -> assertThat(line).startsWith("ours.csv:10:29: factor: '1/0'"),
                        line -> assertThat(line).startsWith("ours.csv:11:36: reading: 'text'"),
                        line -> assertThat(line).startsWith("ours.csv:12:43: promised: 'maybe'"),
                        line -> assertThat(line).startsWith("ours.csv:13:47: has 10 cells"),
                        line -> assertThat(line).startsWith("ours.csv:14: a quote"),
                        line ->
                            assertThat(line)
                                .contains("ours.csv:15")
                                .contains("only for the source csv"),
                        line ->
                            assertThat(line).contains("ours.csv:15").contains("is empty for @node"),
                        line -> assertThat(line).startsWith("ours.csv:16:17: reading: @time is"),
                        line -> assertThat(line).contains("ours.csv:17").contains("no pattern"),
                        line -> assertThat(line).startsWith("ours.csv:18").contains("label:LABEL"),
                        line -> assertThat(line).startsWith("ours.csv:19").contains("1 to 255"),
                        line -> assertThat(line).startsWith("ours.csv:20").contains("no label")));
  }

  @Test
  void aFileWithoutAHeaderSaysWhatItNeeds() {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "", "ours.csv:1:1: is empty",
                "source,name,entity\n", "the column 'metric' is missing",
                "source,name,entity,metric,colour\n", "ours.csv:1:27: 'colour' is no column",
                "source,name,entity,metric,name\n", "the column 'name' is there twice")
            .entrySet()) {
      assertThatThrownBy(() -> ExporterMapping.shipped().with(wrong.getKey(), "ours.csv"))
          .isInstanceOf(MappingException.class)
          .hasMessageContaining(wrong.getValue());
    }
  }
}
