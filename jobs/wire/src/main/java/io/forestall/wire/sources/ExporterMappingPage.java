package io.forestall.wire.sources;

import io.forestall.risk.signal.FleetMetric;
import java.util.List;
import java.util.Locale;

/** Writes the page of the mapping (MAPPING.md) from the table itself. Stateless. */
final class ExporterMappingPage {

  private static final String HEAD =
      """
      # From what you run to what Forestall reads

      Generated from `exporter-mapping.csv`; a test compares. `forestall ingest scrape`, `telegraf` and `csv` take
      `--mapping FILE`, a CSV file of the same form whose rows add to these or replace them; no code is needed.

      | column | what it says |
      |---|---|
      | `source` | `node-exporter`, `smartctl-exporter`, `process` (a storage process that serves Prometheus metrics itself), `telegraf`, `csv` |
      | `name` | name in the source: of a metric, `measurement.field` for Telegraf, of a column for CSV. Of several, parted by a bar, the first one that is there. `-` takes the shipped rows of the metric away |
      | `where` | conditions on labels, tags or columns, parted by blanks: `mode!=idle`, `device!~lo\\|veth.*`, `fstype=xfs`, `code=~5..`; a pattern must match the whole value, an absent label is empty. Labels of the disk's `@serial` row count too |
      | `entity` | `node` (the target itself), `disk:LABEL` (disk behind the device that the label names), `serial:LABEL` (disk by serial number), `edge:LABEL` (way to the node that the label names), `pair:LABEL` (this client and a volume), `processor:LABEL`, `head:LABEL` |
      | `metric` | a canonical metric from the list below, `smart_N_raw`, `smart_{LABEL}_raw` with the number in a label, `nvme_...`; or `@serial`, `@model`, `@capacity_bytes`, `@rotation`, which describe a disk; `@node` and `@time` for CSV |
      | `aggregate` | `last` (default), `sum`, `sum:LABEL` (the values of a label once each), `count`, `max`, `min` |
      | `factor` | a number or a fraction such as `1/1000` |
      | `reading` | `number` (default), `positive` (0 means unknown), `low-byte` (a packed temperature), `label:LABEL`, `time:iso`, `time:s`, `time:ms`, `time:us`, `time:ns`, `time:auto` or `time:` and a pattern such as `yyyy-MM-dd HH:mm:ss` (UTC) |
      | `promised` | `yes` when a page without it is worth a warning and a dead letter, once |
      | `unit`, `doc` | for people |

      Only `source`, `name`, `entity` and `metric` must be there, in any order. Mistakes are shown at the start, with line and
      column. Rows of one metric that sum add up, and when one of them finds nothing the metric is left out, because a sum
      that lacks a part would seem to fall. Otherwise the later row wins. Rows of a file replace all shipped rows of the same
      source, entity and metric.

      **A disk is its serial number.** Where no source knows it, it is `node:device`, and where a smartctl_exporter of the node
      is on the list of targets, its disks wait until that has answered once. Never the model. Serial numbers that adapters
      make up (all the same character, `unknown`, `1234567890`) do not count.

      **An exporter that changes its names** is noticed when a promised metric, or one that it gave before, is not on a page
      that was answered: one warning, one dead letter with the reason MISSING_FIELD, and `forestall_ingest_missing_metrics`.

      **CSV** needs a row for `@node`, one for `@time` and the metrics. Every column is a label too, so a long table is read by
      conditions:

      ```
      source,name,where,entity,metric,factor,reading
      csv,host,,,@node,,
      csv,when,,,@time,,time:s
      csv,value,metric=cpu_seconds,node,cpu_busy_seconds_total,,
      csv,value,metric=read_ms,disk:dev,disk_read_seconds_total,1/1000,
      csv,serial,,disk:dev,@serial,,label:serial
      ```

      **Telegraf** must say `data_format = "json"` in `outputs.kafka`; the time may be in any unit. It needs
      `collect_cpu_time = true` (input cpu), the inputs system, mem, net, nstat, kernel, disk, and diskio with
      `skip_serial_number = false`, smart with `attributes = true`. Name the targets of ping as the fleet names its nodes. Let
      procstat watch the storage process and nothing else. The inputs processes and internal hold nothing that is scored.

      **What is left to you**: node_exporter does not see the storage process. Its own `process_...` metrics are those of the
      exporter, so they are not taken; add the process as a target of job `process` if it serves metrics.
      """;

  private ExporterMappingPage() {}

  /** The page as Markdown. */
  static String markdown(ExporterMapping mapping) {
    StringBuilder page = new StringBuilder(HEAD);
    for (String source :
        List.of(
            ExporterMapping.NODE_EXPORTER,
            ExporterMapping.SMARTCTL_EXPORTER,
            ExporterMapping.PROCESS,
            ExporterMapping.TELEGRAF)) {
      page.append("\n## ").append(source).append("\n\n");
      page.append("| name | where | entity | metric | how | unit | promised | what |\n");
      page.append("|---|---|---|---|---|---|---|---|\n");
      for (ExporterMapping.Row row : mapping.rows(source)) {
        page.append("| ").append(code(String.join(" or ", row.names())));
        page.append(" | ").append(code(shortened(row.where())));
        page.append(" | ").append(row.entity());
        page.append(" | ").append(code(row.metric()));
        page.append(" | ").append(how(row));
        page.append(" | ").append(row.unit());
        page.append(" | ").append(row.promised() ? "yes" : "");
        page.append(" | ").append(row.doc()).append(" |\n");
      }
    }
    page.append("\n## Canonical metrics\n\n");
    page.append("Beside `smart_N_raw`, `smart_N_normalized` and `nvme_...`. Base units; a counter");
    page.append(" only grows until its source restarts.\n\n");
    page.append("| metric | of | counter | what |\n|---|---|---|---|\n");
    for (FleetMetric metric : FleetMetric.values()) {
      page.append("| `").append(metric.metricName()).append("` | ");
      page.append(metric.scope().name().toLowerCase(Locale.ROOT)).append(" | ");
      page.append(metric.counter() ? "yes" : "").append(" | ");
      page.append(metric.label()).append(" |\n");
    }
    return page.toString();
  }

  private static String how(ExporterMapping.Row row) {
    StringBuilder how = new StringBuilder();
    switch (row.aggregate()) {
      case LAST -> {}
      case SUM_BY -> how.append("sum by ").append(row.aggregateLabel());
      default -> how.append(row.aggregate().name().toLowerCase(Locale.ROOT));
    }
    if (!row.factor().equals("1")) {
      how.append(how.isEmpty() ? "" : ", ").append("times ").append(row.factor());
    }
    switch (row.reading()) {
      case POSITIVE -> how.append(how.isEmpty() ? "" : ", ").append("0 is unknown");
      case LOW_BYTE -> how.append(how.isEmpty() ? "" : ", ").append("lowest byte");
      case LABEL ->
          how.append(how.isEmpty() ? "" : ", ").append("label ").append(row.readingArgument());
      default -> {}
    }
    return how.toString();
  }

  // The long lists of devices say little here; the table has them.
  private static String shortened(String where) {
    StringBuilder out = new StringBuilder();
    for (String part : where.split(" ")) {
      out.append(out.isEmpty() ? "" : " ");
      int first = part.indexOf('|');
      int second = first < 0 ? -1 : part.indexOf('|', first + 1);
      out.append(part.length() > 60 && second > 0 ? part.substring(0, second) + "|..." : part);
    }
    return out.toString();
  }

  private static String code(String text) {
    return text.isEmpty() ? "" : "`" + text.replace("|", "\\|") + "`";
  }
}
