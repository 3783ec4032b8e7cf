package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTableTest {

  private static final String WIDE =
      """
      source,name,where,entity,metric,factor,reading,aggregate
      csv,host,,,@node
      csv,when,,,@time,,time:iso
      csv,cpu seconds,,node,cpu_busy_seconds_total
      csv,mem_mb,,node,memory_available_bytes,1000000
      csv,reads,,serial:disk,disk_reads_total
      csv,realloc,,serial:disk,smart_5_raw
      csv,model,,serial:disk,@model,,label:model
      """;

  private static final String LONG =
      """
      source,name,where,entity,metric,factor,reading,aggregate
      csv,host,,,@node
      csv,ts,,,@time,,time:ms
      csv,value,metric=sent,node,network_sent_bytes_total,1,number,sum
      csv,value,metric=received,node,network_received_bytes_total,1,number,sum
      csv,value,metric=read_ms,disk:dev,disk_read_seconds_total,1/1000
      csv,serial,serial!=,disk:dev,@serial,1,label:serial
      """;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path folder;

  private final List<CsvTable.Due> pages = new ArrayList<>();
  private final List<SourceProblem> problems = new ArrayList<>();

  private long read(String mapping, String csv) throws Exception {
    Path file = folder.resolve("data.csv");
    Files.writeString(file, csv, StandardCharsets.UTF_8);
    return read(mapping, file);
  }

  private long read(String mapping, Path file) throws IOException, MappingException {
    ExporterMapping rows = ExporterMapping.shipped().with(mapping, "ours.csv");
    assertThat(CsvTable.incomplete(rows)).isNull();
    return CsvTable.read(file, rows, pages::add, problems::add);
  }

  private List<String> said() {
    List<String> said = new ArrayList<>();
    for (CsvTable.Due due : pages) {
      said.add("at " + due.timeMillis() + " " + due.node() + ", " + due.lines() + " lines");
      said.addAll(
          ExporterPagesTest.lines(
              new NodeAssembler(due.node(), 0, null)
                  .assemble(
                      List.of(new NodeAssembler.Part(due.page(), ExporterPagesTest.NODE)),
                      due.timeMillis())));
    }
    return said;
  }

  @Test
  void aWideTableHasAColumnForEachMetric() throws Exception {
    long lines =
        read(
            WIDE,
            """
            host,when,cpu seconds,mem_mb,disk,model,reads,realloc,comment
            n-1,2024-01-01T00:00:00Z,10,500,S1,"FORGE, H",100,0,x
            n-1,2024-01-01T00:00:00Z,10,500,S2,FORGE S,200,,"a ""b"" c"
            n-1,2024-01-01 01:00:30+01:00,11,,S1,"FORGE, H",101,8,
            """);
    assertThat(problems).isEmpty();
    assertThat(lines).isEqualTo(3);
    assertThat(said())
        .containsExactly(
            "at 1704067200000 n-1, 2 lines",
            "node/n-1 cpu_busy_seconds_total 10",
            "node/n-1 memory_available_bytes 500000000",
            "disk/S1 FORGE, H",
            "disk/S1 disk_reads_total 100",
            "disk/S1 smart_5_raw 0",
            "disk/S2 FORGE S",
            "disk/S2 disk_reads_total 200",
            "tier S1 hdd",
            "tier S2 hdd",
            "at 1704067230000 n-1, 1 lines",
            "node/n-1 cpu_busy_seconds_total 11",
            "disk/S1 FORGE, H",
            "disk/S1 disk_reads_total 101",
            "disk/S1 smart_5_raw 8",
            "tier S1 hdd");
  }

  @Test
  void aLongTableHasALineForEachMetricInAnyOrder() throws Exception {
    Path file = folder.resolve("long.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(
          """
          ts,host,metric,dev,serial,value
          1704067260000,n-1,sent,eth0,,50
          1704067200000,n-1,sent,eth0,,10
          1704067200000,n-2,sent,eth0,,7
          1704067200000,n-1,sent,eth1,,20
          1704067200000,n-1,received,eth1,,5
          1704067200000,n-1,read_ms,sda,S1,2500
          1704067200000,n-1,read_ms,sdb,,500
          """
              .getBytes(StandardCharsets.UTF_8));
    }
    assertThat(read(LONG, file)).isEqualTo(7);
    assertThat(problems).isEmpty();
    assertThat(said())
        .containsExactly(
            "at 1704067200000 n-1, 5 lines",
            "node/n-1 network_received_bytes_total 5",
            "node/n-1 network_sent_bytes_total 30",
            "disk/S1 null",
            "disk/S1 disk_read_seconds_total 2.5",
            "disk/n-1:sdb null",
            "disk/n-1:sdb disk_read_seconds_total 0.5",
            "tier S1 hdd",
            "tier n-1:sdb hdd",
            "at 1704067200000 n-2, 1 lines",
            "node/n-1 network_sent_bytes_total 7",
            "at 1704067260000 n-1, 1 lines",
            "node/n-1 network_sent_bytes_total 50");
  }

  @Test
  void linesThatCannotBeReadAreNamed() throws Exception {
    long lines =
        read(
            WIDE,
            """
            host,when,cpu seconds,mem_mb,disk,model,reads,realloc
            ,2024-01-01,1,1,S1,M,1,1
            n-1,yesterday,1,1,S1,M,1,1
            n-1,1024-01-01,1,1,S1,M,1,1
            n-1,2024-01-01,one,1,S1,M,1,1
            n-1,2024-01-01,1,1,S1
            n-1,2024-01-01,1,1,"S1,M,1,1
            n-1,2024-01-01,1,1,S1,M,1,1
            """);
    assertThat(lines).isEqualTo(7);
    assertThat(pages).hasSize(1);
    assertThat(problems)
        .extracting(SourceProblem::line, SourceProblem::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(2L, DeadReason.MISSING_FIELD),
            org.assertj.core.groups.Tuple.tuple(3L, DeadReason.WRONG_TYPE),
            org.assertj.core.groups.Tuple.tuple(4L, DeadReason.TIME_OUT_OF_RANGE),
            org.assertj.core.groups.Tuple.tuple(5L, DeadReason.NOT_A_NUMBER),
            org.assertj.core.groups.Tuple.tuple(6L, DeadReason.UNDECODABLE),
            org.assertj.core.groups.Tuple.tuple(7L, DeadReason.UNDECODABLE));
    assertThat(problems.get(3).detail())
        .isEqualTo("column cpu seconds holds 'one', which is no number");
  }

  @Test
  void aFileWithoutTheColumnsIsRefusedAsAWhole() throws Exception {
    read(WIDE, "host,when,cpu\nn-1,2024-01-01,1\n");
    assertThat(pages).isEmpty();
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).wholeFile()).isTrue();
    assertThat(problems.get(0).detail())
        .contains("[cpu seconds, mem_mb, reads, disk, realloc, model]");
  }

  @Test
  void aMappingMustSayNodeTimeAndAMetric() throws Exception {
    assertThat(CsvTable.incomplete(ExporterMapping.shipped())).contains("@node");
  }

  @Test
  void memoryIsBoundedAndEarlierTimesComeFirst() throws Exception {
    StringBuilder csv = new StringBuilder("ts,host,metric,dev,serial,value\n");
    int times = CsvTable.MAX_OPEN * 2;
    for (int i = 0; i < times; i++) {
      csv.append(1_704_067_200_000L + i * 1000L).append(",n-1,sent,eth0,,").append(i).append('\n');
    }
    read(LONG, csv.toString());
    assertThat(pages).hasSize(times);
    assertThat(pages).extracting(CsvTable.Due::timeMillis).isSorted();
  }
}
