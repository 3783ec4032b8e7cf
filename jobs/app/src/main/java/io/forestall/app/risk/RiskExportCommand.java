package io.forestall.app.risk;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.operate.TopicScan;
import io.forestall.risk.AlarmBudget;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Writes the risk topic as a table: the newest score of each entity, or every score. Repeats of an
 * at-least-once sink are written once; two different scores for one sample are a defect and are
 * reported with exit code 1.
 */
@Command(
    name = "export",
    description = "Write the risk topic as CSV: the newest score of each entity, or every score.")
public final class RiskExportCommand implements Callable<Integer> {
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "Where to write; a name that ends in .gz is compressed.")
  private Path output = Path.of("risk.csv");

  @Option(names = "--every", description = "Every score, not only the newest of each entity.")
  private boolean every;

  @Option(
      names = "--alarm-budget",
      paramLabel = "SHARE",
      description = {
        "Only disks that are an alarm now when this share of the healthy ones may be flagged for"
            + " nothing, for example 0.01. The threshold follows the fleet: it is where"
            + " the disks above it are healthy in that share, as their own probabilities say."
      })
  private @Nullable Double alarmBudget;

  @Option(names = "--lane", description = "The second scoring lane instead of the first.")
  private boolean lane;

  @Spec private @Nullable CommandSpec spec;

  private record Point(String entity, long samples, boolean stale) implements Comparable<Point> {
    @Override
    public int compareTo(Point other) {
      int byEntity = entity.compareTo(other.entity);
      if (byEntity != 0) {
        return byEntity;
      }
      int bySamples = Long.compare(samples, other.samples);
      return bySamples != 0 ? bySamples : Boolean.compare(stale, other.stale);
    }
  }

  @Override
  public Integer call() {
    Double budget = alarmBudget;
    if (budget != null && (every || !(budget > 0 && budget < 1))) {
      throw CommandFailure.usage(
          "--alarm-budget is above 0 and below 1, and goes without --every: give 0.01 for one in a"
              + " hundred healthy disks");
    }
    AvroCodec<Risk> codec = AvroCodec.of(Risk.class);
    TreeMap<Point, String> rows = new TreeMap<>();
    TreeMap<Point, Double> disks = new TreeMap<>();
    long[] counts = new long[3];
    long[] read = new long[1];
    counts[2] =
        TopicScan.records(
            kafka,
            lane ? Topics.RISK_LANE : Topics.RISK,
            0,
            record -> {
              read[0]++;
              if (record.value() == null) {
                return;
              }
              Risk risk = codec.decode(record.value());
              String entity = Keys.of(risk.getEntity());
              Point point = new Point(entity, risk.getSamples(), risk.getStale());
              String row = row(risk);
              String before = rows.putIfAbsent(point, row);
              if (budget != null && risk.getEntity().getKind() == EntityKind.DISK) {
                double probability = risk.getProbability();
                disks.put(
                    point,
                    risk.getStale() || !(probability >= 0 && probability <= 1)
                        ? Double.NaN
                        : probability);
              }
              if (before != null) {
                counts[before.equals(row) ? 0 : 1]++;
              }
            });
    long written;
    try {
      written = write(budget == null ? rows : alarms(rows, disks, budget));
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "cannot write --output " + output + ": " + e.getMessage(), e);
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s: %d records, %d rows written, %d repeats, %d contradictions, %d unreadable%n",
        (lane ? Topics.RISK_LANE : Topics.RISK).name(kafka.topicPrefix()),
        read[0],
        written,
        counts[0],
        counts[1],
        counts[2]);
    out.flush();
    return counts[1] + counts[2] == 0 ? ExitCodes.OK : ExitCodes.FOUND;
  }

  /**
   * The newest rows of disks above the threshold. One that is silent now, or whose record holds no
   * probability, is neither an alarm nor counted as healthy.
   */
  private static TreeMap<Point, String> alarms(
      TreeMap<Point, String> rows, TreeMap<Point, Double> disks, double budget) {
    TreeMap<String, Point> newest = new TreeMap<>();
    disks.forEach(
        (point, probability) -> {
          if (probability.isNaN()) {
            newest.remove(point.entity());
          } else {
            newest.put(point.entity(), point);
          }
        });
    double threshold =
        AlarmBudget.threshold(
            newest.values().stream().mapToDouble(point -> value(disks, point)).toArray(), budget);
    TreeMap<Point, String> alarms = new TreeMap<>();
    for (Point point : newest.values()) {
      if (value(disks, point) > threshold) {
        alarms.put(point, Objects.requireNonNull(rows.get(point)));
      }
    }
    return alarms;
  }

  private static double value(TreeMap<Point, Double> disks, Point point) {
    return Objects.requireNonNull(disks.get(point));
  }

  private long write(TreeMap<Point, String> rows) throws IOException {
    long written = 0;
    try (OutputStream file = Files.newOutputStream(output);
        OutputStream bytes =
            output.toString().endsWith(".gz") ? new GZIPOutputStream(file, 1 << 16) : file;
        Writer csv =
            new BufferedWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8), 1 << 16)) {
      csv.write(
          "kind,id,time,samples,stale,score,tier,probability,confidence,model,model_version\n");
      String pending = null;
      String pendingEntity = null;
      for (var row : rows.entrySet()) {
        String entity = row.getKey().entity();
        if (pending != null && (every || !entity.equals(pendingEntity))) {
          csv.write(pending);
          written++;
        }
        pending = row.getValue();
        pendingEntity = entity;
      }
      if (pending != null) {
        csv.write(pending);
        written++;
      }
    }
    return written;
  }

  private static String row(Risk risk) {
    ModeRisk mode = risk.getModes().isEmpty() ? null : risk.getModes().get(0);
    return risk.getEntity().getKind().name().toLowerCase(Locale.ROOT)
        + ','
        + quoted(risk.getEntity().getId())
        + ','
        + Instant.ofEpochMilli(risk.getTimeMillis())
        + ','
        + risk.getSamples()
        + ','
        + risk.getStale()
        + ','
        + risk.getScore()
        + ','
        + risk.getTier()
        + ','
        + risk.getProbability()
        + ','
        + risk.getConfidence()
        + ','
        + (mode == null ? "" : quoted(mode.getModel()))
        + ','
        + (mode == null ? "" : mode.getModelVersion())
        + '\n';
  }

  private static String quoted(String text) {
    return text.indexOf(',') < 0 && text.indexOf('"') < 0 && text.indexOf('\n') < 0
        ? text
        : '"' + text.replace("\"", "\"\"") + '"';
  }
}
