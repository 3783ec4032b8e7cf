package io.forestall.app.evaluate;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.evaluate.EvaluateCommand.Output;
import io.forestall.dl4j.DiskEvaluation;
import io.forestall.dl4j.EvaluationRecipe;
import io.forestall.dl4j.EvaluationReport;
import io.forestall.dl4j.TrainingException;
import io.forestall.dl4j.TrainingRecipe;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate disk}: what the disk model can and cannot foretell, honestly. */
@Command(
    name = "disk",
    description = {
      "Trains and measures the disk model and its baselines on drive histories, split by drive and"
          + " by time, with intervals, calibration, lead times and canaries for leaks.",
      "Trains one model for each period and part of the drives; on a history of 40 thousand drives"
          + " and the default options that is the better part of an hour on two cores."
    })
final class EvaluateDiskCommand implements Callable<Integer> {
  static final String HTML = "report.html";
  static final String JSON = "report.json";

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description =
          "Folder with drives.csv[.gz] and changes.csv[.gz] (a change log), or with daily"
              + " drive-stats CSV files, plain or gzip.")
  private Path data = Path.of("");

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description = "Folder for " + HTML + " and " + JSON + "; made if it does not exist.")
  private @Nullable Path report;

  @Option(
      names = "--periods",
      paramLabel = "N",
      description = "Test periods of half a year, the last at the end of the data; default 3.")
  private int periods = EvaluationRecipe.standard().periods();

  @Option(
      names = "--folds",
      paramLabel = "N",
      description =
          "Parts of the drives; each is scored by models trained on the others; default 3.")
  private int folds = EvaluationRecipe.standard().folds();

  @Option(
      names = "--replicates",
      paramLabel = "N",
      description = "Bootstrap replicates over drives; default 500.")
  private int replicates = EvaluationRecipe.standard().replicates();

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes of the sequence model at most (default: that of the shipped model).")
  private int epochs = TrainingRecipe.standard().epochs();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Models that are trained at one time; default: one for each processor.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--output", defaultValue = "table", description = "table or json")
  private Output output = Output.TABLE;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    EvaluationRecipe recipe;
    try {
      recipe =
          new EvaluationRecipe(
              TrainingRecipe.standard().withEpochs(epochs), periods, folds, replicates, threads);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
    Path folder = report;
    try {
      if (folder != null) {
        // Before the better part of an hour, not after.
        Files.createDirectories(folder);
      }
      EvaluationReport found =
          DiskEvaluation.evaluate(
              data,
              recipe,
              line -> {
                synchronized (err) {
                  err.println(line);
                  err.flush();
                }
              });
      String json = json(found);
      if (folder != null) {
        Files.writeString(folder.resolve(JSON), json);
        Files.writeString(folder.resolve(HTML), DiskReportPage.html(found));
      }
      if (output == Output.JSON) {
        out.println(json);
      } else {
        print(found, out);
        if (folder != null) {
          out.println("wrote " + folder.resolve(HTML) + " and " + folder.resolve(JSON));
        }
      }
      out.flush();
      return ExitCodes.OK;
    } catch (TrainingException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "cannot write to "
              + folder
              + ": "
              + e.getMessage()
              + ": give --report a folder with room",
          e);
    }
  }

  /** The report as JSON; what cannot be told is null. */
  static String json(EvaluationReport report) throws IOException {
    SimpleModule module = new SimpleModule();
    module.addSerializer(
        new StdSerializer<LocalDate>(LocalDate.class) {
          private static final long serialVersionUID = 1L;

          @Override
          public void serialize(
              LocalDate value, JsonGenerator generator, SerializerProvider provider)
              throws IOException {
            generator.writeString(value.toString());
          }
        });
    StdSerializer<Double> finite =
        new StdSerializer<>(Double.class) {
          private static final long serialVersionUID = 1L;

          @Override
          public void serialize(Double value, JsonGenerator generator, SerializerProvider provider)
              throws IOException {
            if (Double.isFinite(value)) {
              generator.writeNumber(value);
            } else {
              generator.writeNull();
            }
          }
        };
    module.addSerializer(Double.class, finite);
    module.addSerializer(Double.TYPE, finite);
    return new ObjectMapper()
        .registerModule(module)
        .writerWithDefaultPrettyPrinter()
        .writeValueAsString(report);
  }

  private static void print(EvaluationReport report, PrintWriter out) {
    report
        .horizons()
        .forEach(
            (days, horizon) -> {
              out.printf(
                  Locale.ROOT,
                  "%d days: %d failing drives, base rate %.5f%n",
                  days,
                  horizon.failingDrives(),
                  horizon.baseRate());
              TextTable table =
                  new TextTable(
                      "scorer",
                      "AUC",
                      "AUPRC",
                      "recall 0.1 %/week",
                      "recall 1 %/week",
                      "recall 1 %/day",
                      "as many as any",
                      "precision 1 %/week");
              for (Map.Entry<String, EvaluationReport.Scores> entry :
                  horizon.scorers().entrySet()) {
                row(table, entry.getKey(), entry.getValue());
              }
              horizon
                  .differences()
                  .forEach((name, scores) -> row(table, "ensemble less " + name, scores));
              table.print(out);
              out.println();
            });
    out.println("calibration by tenths, as recalibrated: predicted, observed, observed/expected");
    for (EvaluationReport.Tenth tenth : report.calibration()) {
      out.printf(
          Locale.ROOT,
          "%.5f  %.5f  %.2f (%.2f to %.2f), %d drives%n",
          tenth.predicted(),
          tenth.observed(),
          tenth.ratio().value(),
          tenth.ratio().low(),
          tenth.ratio().high(),
          tenth.failingDrives());
    }
    out.println();
    for (EvaluationReport.Threshold threshold : report.thresholds()) {
      out.printf(
          Locale.ROOT,
          "threshold of %s at %.1f %%/week, three months later over its budget: %s, worst factor"
              + " %.2f%n",
          threshold.scorer(),
          100 * threshold.budget(),
          threshold.ratios().stream()
              .map(ratio -> String.format(Locale.ROOT, "%.2f", ratio))
              .toList(),
          threshold.worst());
    }
    EvaluationReport.CanaryFigures canaries = report.canaries();
    out.printf(
        Locale.ROOT,
        "canaries (AUC, trees): honest %.3f, shuffled labels %.3f, identity alone %.3f, random days"
            + " %.3f, with identity %.3f; planted input: %s%n",
        canaries.honest(),
        canaries.shuffledLabels(),
        canaries.identityAlone(),
        canaries.randomDays(),
        canaries.randomDaysIdentity(),
        canaries.plantedRefused());
  }

  private static void row(TextTable table, String name, EvaluationReport.Scores scores) {
    table.add(
        name,
        text(scores.auc(), 1, 3),
        text(scores.auprc(), 1, 4),
        text(scores.recallPerMilleWeek(), 100, 1),
        text(scores.recallPercentWeek(), 100, 1),
        text(scores.recallPercentDay(), 100, 1),
        text(scores.recallAsAny(), 100, 1),
        text(scores.precisionPercentWeek(), 100, 1));
  }

  /** A figure with its interval. */
  static String text(EvaluationReport.Interval interval, double scale, int digits) {
    if (!Double.isFinite(interval.value())) {
      return "-";
    }
    String value = String.format(Locale.ROOT, "%." + digits + "f", scale * interval.value());
    return Double.isFinite(interval.low())
        ? String.format(
            Locale.ROOT,
            "%s (%." + digits + "f to %." + digits + "f)",
            value,
            scale * interval.low(),
            scale * interval.high())
        : value;
  }
}
