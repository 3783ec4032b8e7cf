package io.forestall.bench;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.sources.ExporterMapping;
import io.forestall.wire.sources.NodeAssembler;
import io.forestall.wire.sources.PrometheusText;
import io.forestall.wire.sources.SourcePage;
import io.forestall.wire.sources.TelegrafFrames;
import io.forestall.wire.sources.TelegrafJson;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How fast pages are read on one thread: the Prometheus text alone with every label looked at, a
 * node_exporter page of a storage node into samples, and Telegraf's JSON into samples. No argument.
 */
public final class SourcesBenchmark {

  private static final int DISKS = 45;
  private static final int CORES = 32;
  private static final long RUN_NANOS = 2_000_000_000L;
  private static final int RUNS = 5;

  private SourcesBenchmark() {}

  /** Runs the benchmark; the last of five runs counts. */
  public static void main(String[] args) {
    byte[] page = page().getBytes(StandardCharsets.UTF_8);
    PrometheusText text = new PrometheusText();
    EntityRef node = new EntityRef(EntityKind.NODE, "n-1");
    Everything everything = new Everything();
    report("text, every label", page.length, () -> text.read(page, everything).series());
    report(
        "node_exporter page to samples",
        page.length,
        () -> {
          SourcePage read =
              new SourcePage(ExporterMapping.shipped(), ExporterMapping.NODE_EXPORTER);
          var unused = read.prometheus(text, new ByteArrayInputStream(page));
          NodeAssembler.Assembled samples =
              new NodeAssembler("n-1", 0, null)
                  .assemble(List.of(new NodeAssembler.Part(read, node)), 1);
          if (samples.samples().size() != DISKS + 1) {
            throw new IllegalStateException("the page gave " + samples.samples().size());
          }
          return read.series();
        });
    byte[][] records = new byte[1000][];
    for (int i = 0; i < records.length; i++) {
      records[i] =
          ("{\"fields\":{\"io_time\":12500,\"read_bytes\":4096,\"read_time\":2500,\"reads\":10,"
                  + "\"write_bytes\":8192,\"write_time\":5000,\"writes\":20},\"name\":\"diskio\","
                  + "\"tags\":{\"host\":\"n-"
                  + i / 45
                  + "\",\"name\":\"sd"
                  + (char) ('a' + i % 26)
                  + "\",\"serial\":\"S"
                  + i
                  + "\"},\"timestamp\":1700000000}")
              .getBytes(StandardCharsets.UTF_8);
    }
    long bytes = 0;
    for (byte[] record : records) {
      bytes += record.length;
    }
    TelegrafJson json = new TelegrafJson("host");
    report(
        "Telegraf records to pages",
        bytes,
        () -> {
          TelegrafFrames frames = new TelegrafFrames(ExporterMapping.shipped(), 5000, 3000);
          long fields = 0;
          for (int i = 0; i < records.length; i++) {
            List<TelegrafJson.Metric> metrics = json.parse(records[i]).metrics();
            fields += metrics.get(0).fields().size();
            frames.add(metrics, 0, i, 0);
          }
          if (frames.all().size() < records.length / 45) {
            throw new IllegalStateException("rounds are missing");
          }
          return fields;
        });
  }

  private static void report(String what, long bytes, LongSupplier once) {
    for (int run = 1; run <= RUNS; run++) {
      long begin = System.nanoTime();
      long times = 0;
      long values = 0;
      while (System.nanoTime() - begin < RUN_NANOS) {
        values += once.getAsLong();
        times++;
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      if (run == RUNS) {
        System.out.printf(
            Locale.ROOT,
            "%-32s %,8.0f MB/s %,12.0f values/s %,10.0f us a page of %,d bytes%n",
            what,
            bytes * times / seconds / 1e6,
            values / seconds,
            seconds * 1e6 / times,
            bytes);
      }
    }
  }

  /** The page of a node with many disks and cores, and with as much that nobody wants. */
  private static String page() {
    StringBuilder page = new StringBuilder();
    for (int cpu = 0; cpu < CORES; cpu++) {
      for (String mode :
          List.of("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")) {
        line(page, "node_cpu_seconds_total{cpu=\"" + cpu + "\",mode=\"" + mode + "\"}", cpu * 3.5);
      }
    }
    for (int disk = 0; disk < DISKS; disk++) {
      String device = "{device=\"sd" + (char) ('a' + disk / 26) + (char) ('a' + disk % 26) + "\"}";
      line(
          page,
          "node_disk_info"
              + device.replace(
                  "}", ",major=\"8\",minor=\"0\",model=\"M\",serial=\"S" + disk + "\"}"),
          1);
      for (String name :
          List.of(
              "discarded_sectors_total",
              "discards_completed_total",
              "flush_requests_total",
              "io_now",
              "io_time_seconds_total",
              "io_time_weighted_seconds_total",
              "read_bytes_total",
              "read_time_seconds_total",
              "reads_completed_total",
              "reads_merged_total",
              "write_time_seconds_total",
              "writes_completed_total",
              "writes_merged_total",
              "written_bytes_total")) {
        line(page, "node_disk_" + name + device, 1.7e9 + disk);
      }
    }
    for (int card = 0; card < 4; card++) {
      for (String name :
          List.of(
              "receive_bytes_total",
              "receive_drop_total",
              "receive_errs_total",
              "receive_packets_total",
              "receive_multicast_total",
              "transmit_bytes_total",
              "transmit_drop_total",
              "transmit_errs_total",
              "transmit_packets_total",
              "transmit_queue_length")) {
        line(page, "node_network_" + name + "{device=\"eth" + card + "\"}", 5e8 + card);
      }
    }
    for (int i = 0; i < 300; i++) {
      line(page, "node_memory_field_" + i + "_bytes", i * 1e6);
    }
    line(page, "node_load1", 0.5);
    return page.toString();
  }

  private static void line(StringBuilder page, String series, double value) {
    page.append(series).append(' ').append(value).append('\n');
  }

  /** Looks at everything. */
  private static final class Everything implements PrometheusText.Handler {
    private double sum;

    @Override
    public boolean wants(byte[] bytes, int from, int to) {
      return true;
    }

    @Override
    public void series(PrometheusText at) {
      sum += at.value() + at.labels();
    }

    @Override
    public void problem(long line, String what) {
      throw new IllegalStateException("line " + line + " " + what + " after " + sum);
    }
  }
}
