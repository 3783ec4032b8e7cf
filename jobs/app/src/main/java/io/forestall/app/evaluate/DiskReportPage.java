package io.forestall.app.evaluate;

import io.forestall.dl4j.EvaluationReport;
import io.forestall.dl4j.EvaluationReport.Group;
import io.forestall.dl4j.EvaluationReport.Horizon;
import io.forestall.dl4j.EvaluationReport.Interval;
import io.forestall.dl4j.EvaluationReport.Scores;
import io.forestall.dl4j.EvaluationReport.Tenth;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * The report of an evaluation as one HTML page: no script, nothing loaded, plots as SVG, light and
 * dark as the reader's system is.
 */
final class DiskReportPage {
  private static final Map<String, String> NAMES =
      Map.of(
          "any", "any of SMART 5, 187, 188, 197, 198",
          "graded", "their graded count",
          "logistic", "logistic regression",
          "detectors", "detectors alone",
          "trees", "boosted trees alone",
          "sequence", "sequence model alone",
          "ensemble", "ensemble");

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1c2733; --soft: #5b6b7b; --line: #d5dce3; --page: #ffffff;
        --mark: #0b6e99; --other: #9aa8b5; --bad: #b3402a; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9fb0c0; --line: #33414e;
        --page: #12181f; --mark: #4db5e0; --other: #6f8091; --bad: #ef8a72; } }
      body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.2rem 4rem; background: var(--page);
        color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.6rem; margin: 1.2rem 0 .4rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
      p, li { max-width: 46rem; } .soft { color: var(--soft); }
      .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
        font-size: .86rem; } th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid var(--line);
        white-space: nowrap; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
      tr.mark td { font-weight: 600; } .yes { color: var(--mark); } .no { color: var(--soft); }
      svg { width: 100%; height: auto; max-width: 46rem; display: block; } svg text { fill: var(--ink);
        font: 12px system-ui, sans-serif; } svg .soft { fill: var(--soft); }
      """;

  private DiskReportPage() {}

  static String html(EvaluationReport report) {
    StringBuilder page = new StringBuilder(64 * 1024);
    page.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>Disk failures foretold: an evaluation</title>\n<style>\n")
        .append(STYLE)
        .append("</style></head><body>\n");
    page.append("<h1>Disk failures foretold: an evaluation</h1>\n");
    line(
        page,
        "<p class=\"soft\">%,d drives, %s to %s. Shares in per cent, with the middle 95 %% of the"
            + " bootstrap over drives in brackets.</p>",
        report.drives(),
        report.firstDay(),
        report.lastDay());
    summary(page, report);
    report.horizons().forEach((days, horizon) -> horizon(page, days, horizon));
    calibration(page, report);
    thresholds(page, report);
    leadTimes(page, report);
    groups(page, "By drive model", report.driveModels());
    groups(page, "By year", report.years());
    importance(page, report);
    canaries(page, report);
    page.append("<h2>How it was done</h2>\n<ul>\n");
    report.protocol().forEach(text -> line(page, "<li>%s</li>", escaped(text)));
    page.append("</ul>\n");
    periods(page, report);
    page.append("</body></html>\n");
    return page.toString();
  }

  private static void summary(StringBuilder page, EvaluationReport report) {
    Horizon month = report.horizons().get(30);
    Scores ensemble = month == null ? null : month.scorers().get("ensemble");
    if (month == null || ensemble == null) {
      return;
    }
    line(
        page,
        "<p>Of %,d drives that failed, the ensemble flags <b>%.0f %%</b> in the month before when 1"
            + " %% of healthy drives are flagged a week, and <b>%.0f %%</b> when 0.1 %% are. About"
            + " three failures in ten give no sign in these counters.</p>",
        month.failingDrives(),
        100 * ensemble.recallPercentWeek().value(),
        100 * ensemble.recallPerMilleWeek().value());
    page.append(bars(month));
  }

  /** Recall at the three budgets with intervals, a row a scorer. */
  private static String bars(Horizon horizon) {
    List<Map.Entry<String, Function<Scores, Interval>>> budgets =
        List.of(
            Map.entry("0.1 % a week", Scores::recallPerMilleWeek),
            Map.entry("1 % a week", Scores::recallPercentWeek),
            Map.entry("1 % a day", Scores::recallPercentDay));
    int rows = horizon.scorers().size();
    int height = 40 + 3 * (rows * 18 + 30);
    StringBuilder svg = new StringBuilder();
    line(
        svg,
        "<svg viewBox=\"0 0 720 %d\" role=\"img\" aria-label=\"Recall at three action budgets, 30"
            + " days\">",
        height);
    int y = 16;
    for (Map.Entry<String, Function<Scores, Interval>> budget : budgets) {
      line(svg, "<text x=\"0\" y=\"%d\">Recall within 30 days at %s</text>", y, budget.getKey());
      y += 12;
      for (Map.Entry<String, Scores> scorer : horizon.scorers().entrySet()) {
        Interval recall = budget.getValue().apply(scorer.getValue());
        boolean ours = scorer.getKey().equals("ensemble");
        double scale = 440 / 0.8;
        line(
            svg,
            "<text class=\"soft\" x=\"0\" y=\"%d\">%s</text>",
            y + 11,
            escaped(name(scorer.getKey())));
        line(
            svg,
            "<rect x=\"230\" y=\"%d\" width=\"%.1f\" height=\"12\" fill=\"var(--%s)\"/>",
            y + 1,
            Math.max(0, scale * finite(recall.value())),
            ours ? "mark" : "other");
        if (Double.isFinite(recall.low())) {
          line(
              svg,
              "<path d=\"M%.1f %dH%.1f\" stroke=\"var(--ink)\" stroke-width=\"1.5\"/>",
              230 + scale * recall.low(),
              y + 7,
              230 + scale * recall.high());
        }
        line(
            svg,
            "<text x=\"%.1f\" y=\"%d\">%.1f</text>",
            238 + scale * Math.max(finite(recall.value()), finite(recall.high())),
            y + 11,
            100 * finite(recall.value()));
        y += 18;
      }
      y += 18;
    }
    return svg.append("</svg>\n").toString();
  }

  private static void horizon(StringBuilder page, int days, Horizon horizon) {
    line(page, "<h2>Within %d days</h2>", days);
    line(
        page,
        "<p class=\"soft\">%,d failing drives count; a failure follows %.3f %% of the days.</p>",
        horizon.failingDrives(),
        100 * horizon.baseRate());
    page.append(
        "<div class=\"wide\"><table><tr><th></th><th>AUC</th><th>AUPRC</th><th>recall at 0.1"
            + " %/week</th><th>1 %/week</th><th>1 %/day</th><th>as many flags as"
            + " any</th><th>precision, 1 %/week</th></tr>\n");
    horizon.scorers().forEach((scorer, scores) -> row(page, name(scorer), scorer, scores));
    page.append("</table></div>\n<p>The ensemble less each baseline, paired over drives:</p>\n");
    page.append(
        "<div class=\"wide\"><table><tr><th></th><th>AUC</th><th>AUPRC</th><th>recall at 0.1"
            + " %/week</th><th>1 %/week</th><th>1 %/day</th><th>as many flags as any</th></tr>\n");
    horizon
        .differences()
        .forEach(
            (scorer, scores) -> {
              line(page, "<tr><td>%s</td>", escaped(name(scorer)));
              difference(page, scores.auc(), 1, 3);
              difference(page, scores.auprc(), 1, 4);
              difference(page, scores.recallPerMilleWeek(), 100, 1);
              difference(page, scores.recallPercentWeek(), 100, 1);
              difference(page, scores.recallPercentDay(), 100, 1);
              difference(page, scores.recallAsAny(), 100, 1);
              page.append("</tr>\n");
            });
    page.append("</table></div>\n");
  }

  private static void row(StringBuilder page, String name, String scorer, Scores scores) {
    line(
        page,
        "<tr%s><td>%s</td>",
        scorer.equals("ensemble") ? " class=\"mark\"" : "",
        escaped(name));
    cell(page, EvaluateDiskCommand.text(scores.auc(), 1, 3));
    cell(page, EvaluateDiskCommand.text(scores.auprc(), 1, 4));
    cell(page, EvaluateDiskCommand.text(scores.recallPerMilleWeek(), 100, 1));
    cell(page, EvaluateDiskCommand.text(scores.recallPercentWeek(), 100, 1));
    cell(page, EvaluateDiskCommand.text(scores.recallPercentDay(), 100, 1));
    cell(page, EvaluateDiskCommand.text(scores.recallAsAny(), 100, 1));
    cell(page, EvaluateDiskCommand.text(scores.precisionPercentWeek(), 100, 1));
    page.append("</tr>\n");
  }

  private static void difference(StringBuilder page, Interval interval, double scale, int digits) {
    line(
        page,
        "<td class=\"%s\">%s</td>",
        interval.isAboveZero() ? "yes" : "no",
        EvaluateDiskCommand.text(interval, scale, digits));
  }

  private static void calibration(StringBuilder page, EvaluationReport report) {
    page.append(
        "<h2>Calibration</h2>\n"
            + "<p>Drive-days in tenths by predicted probability of a failure within 30 days; both"
            + " axes logarithmic. Filled: as recalibrated in the stream; hollow: as calibrated"
            + " before each period.</p>\n");
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg viewBox=\"0 0 520 420\" role=\"img\" aria-label=\"Observed against predicted\">\n");
    for (int decade = -5; decade <= -1; decade++) {
      double at = place(Math.pow(10, decade));
      line(
          svg,
          "<path d=\"M%.1f 20V370M%.1f %.1fH500\" stroke=\"var(--line)\"/><text class=\"soft\""
              + " x=\"%.1f\" y=\"390\" text-anchor=\"middle\">%s</text><text class=\"soft\""
              + " x=\"54\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
          60 + at,
          60.0,
          370 - at * 350 / 440,
          60 + at,
          label(decade),
          374 - at * 350 / 440,
          label(decade));
    }
    svg.append("<path d=\"M60 370L500 20\" stroke=\"var(--soft)\" stroke-dasharray=\"4 4\"/>\n");
    points(svg, report.calibrationUnmoved(), false);
    points(svg, report.calibration(), true);
    svg.append(
        "<text class=\"soft\" x=\"280\" y=\"412\" text-anchor=\"middle\">predicted</text></svg>\n");
    page.append(svg);
    page.append(
        "<div class=\"wide\"><table><tr><th>tenth</th><th>predicted</th><th>observed</th><th>observed"
            + " over expected</th><th>failing drives</th><th>before recalibration</th></tr>\n");
    for (int i = 0; i < report.calibration().size(); i++) {
      Tenth tenth = report.calibration().get(i);
      line(
          page,
          "<tr><td>%d</td><td>%.5f</td><td>%.5f</td><td>%s</td><td>%d</td><td>%s</td></tr>",
          i + 1,
          tenth.predicted(),
          tenth.observed(),
          EvaluateDiskCommand.text(tenth.ratio(), 1, 2),
          tenth.failingDrives(),
          EvaluateDiskCommand.text(report.calibrationUnmoved().get(i).ratio(), 1, 2));
    }
    page.append("</table></div>\n");
  }

  private static void points(StringBuilder svg, List<Tenth> tenths, boolean filled) {
    for (Tenth tenth : tenths) {
      double x = 60 + place(tenth.predicted());
      double predicted = tenth.predicted();
      if (filled && tenth.ratio().low() > 0) {
        line(
            svg,
            "<path d=\"M%.1f %.1fV%.1f\" stroke=\"var(--mark)\" stroke-width=\"1.5\"/>",
            x,
            370 - place(predicted * tenth.ratio().low()) * 350 / 440,
            370 - place(predicted * tenth.ratio().high()) * 350 / 440);
      }
      line(
          svg,
          "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\" stroke=\"var(--mark)\"/>",
          x,
          370 - place(tenth.observed()) * 350 / 440,
          filled ? "var(--mark)" : "none");
    }
  }

  /** From 1e-5 to 0.3 on 440 pixels. */
  private static double place(double share) {
    double log = Math.log10(Math.max(share, 1e-5));
    return Math.min(440, 440 * (log + 5) / (5 + Math.log10(0.3)));
  }

  private static String label(int decade) {
    return switch (decade) {
      case -5 -> "0.001 %";
      case -4 -> "0.01 %";
      case -3 -> "0.1 %";
      case -2 -> "1 %";
      default -> "10 %";
    };
  }

  private static void thresholds(StringBuilder page, EvaluationReport report) {
    page.append(
        "<h2>A threshold, three months later</h2>\n"
            + "<p>Set on the first three months of each period so that its budget of healthy drives"
            + " is flagged a week, and held for the next three: how many times its budget it then"
            + " flags. Set weekly: anew each week from the probabilities of all drives in the two"
            + " weeks before, each counted as healthy as far as its own probability leaves"
            + " it.</p>\n"
            + "<div class=\"wide\"><table><tr><th></th><th>budget</th><th>by period</th><th>worst"
            + " factor</th></tr>\n");
    for (EvaluationReport.Threshold threshold : report.thresholds()) {
      line(
          page,
          "<tr%s><td>%s</td><td>%.1f %%/week</td><td>%s</td><td>%.2f</td></tr>",
          threshold.scorer().equals("ensemble") ? " class=\"mark\"" : "",
          escaped(name(threshold.scorer())),
          100 * threshold.budget(),
          String.join(
              ", ",
              threshold.ratios().stream().map(r -> String.format(Locale.ROOT, "%.2f", r)).toList()),
          threshold.worst());
    }
    page.append("</table></div>\n");
  }

  private static void leadTimes(StringBuilder page, EvaluationReport report) {
    EvaluationReport.LeadTimes leads = report.leadTimes();
    List<String> names = List.of("1", "2 to 3", "4 to 7", "8 to 14", "15 to 30", "31 to 60");
    line(
        page,
        "<h2>Lead times</h2>\n"
            + "<p>Days from the first alarm (1 %% a week) to the failure, of the %d drives found"
            + " within 60 days: quartiles %.0f, %.0f and %.0f.</p>",
        leads.found(),
        leads.quartiles().get(0),
        leads.quartiles().get(1),
        leads.quartiles().get(2));
    int most = leads.byDays().stream().mapToInt(Integer::intValue).max().orElse(1);
    StringBuilder svg = new StringBuilder();
    svg.append("<svg viewBox=\"0 0 520 180\" role=\"img\" aria-label=\"Lead times\">\n");
    for (int i = 0; i < names.size(); i++) {
      double height = 120.0 * leads.byDays().get(i) / Math.max(1, most);
      line(
          svg,
          "<rect x=\"%d\" y=\"%.1f\" width=\"60\" height=\"%.1f\" fill=\"var(--mark)\"/><text"
              + " x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">%d</text><text class=\"soft\" x=\"%d\""
              + " y=\"165\" text-anchor=\"middle\">%s</text>",
          20 + 82 * i,
          145 - height,
          height,
          50 + 82 * i,
          139 - height,
          leads.byDays().get(i),
          50 + 82 * i,
          names.get(i));
    }
    page.append(svg).append("</svg>\n");
  }

  private static void groups(StringBuilder page, String title, List<Group> groups) {
    line(page, "<h2>%s</h2>", title);
    page.append(
        "<p class=\"soft\">The ensemble, one threshold for all of a period.</p><div"
            + " class=\"wide\"><table><tr><th></th><th>drives</th><th>failing</th><th>recall at 1"
            + " %/week</th><th>healthy weeks flagged</th><th>observed over expected</th></tr>\n");
    for (Group group : groups) {
      line(
          page,
          "<tr><td>%s</td><td>%,d</td><td>%d</td><td>%.0f</td><td>%.2f %%</td><td>%.2f</td></tr>",
          escaped(group.name()),
          group.drives(),
          group.failingDrives(),
          100 * group.recallPercentWeek(),
          100 * group.flagged(),
          group.observedOverExpected());
    }
    page.append("</table></div>\n");
  }

  private static void importance(StringBuilder page, EvaluationReport report) {
    page.append(
        "<h2>What the trees look at</h2>\n"
            + "<div class=\"wide\"><table><tr><th>input</th><th>share of the gain</th></tr>\n");
    for (EvaluationReport.Share share : report.importance()) {
      if (share.share() >= 0.005) {
        line(
            page,
            "<tr><td>%s</td><td>%.0f %%</td></tr>",
            escaped(share.name()),
            100 * share.share());
      }
    }
    page.append("</table></div>\n");
  }

  private static void canaries(StringBuilder page, EvaluationReport report) {
    EvaluationReport.CanaryFigures canaries = report.canaries();
    page.append(
        "<h2>Canaries</h2>\n"
            + "<p>Leaks made on purpose, trees alone, last period, AUC at 30 days.</p>\n"
            + "<div class=\"wide\"><table>\n");
    line(
        page,
        "<tr><td>honest: other drives, earlier days</td><td>%.3f</td></tr>",
        canaries.honest());
    line(page, "<tr><td>shuffled labels: chance</td><td>%.3f</td></tr>", canaries.shuffledLabels());
    line(
        page,
        "<tr><td>the drive's name alone: chance</td><td>%.3f</td></tr>",
        canaries.identityAlone());
    line(
        page,
        "<tr><td>days at random, the same drives on both sides: flattery</td><td>%.3f</td></tr>",
        canaries.randomDays());
    line(
        page,
        "<tr><td>the same with the drive's name among the inputs</td><td>%.3f</td></tr>",
        canaries.randomDaysIdentity());
    page.append("</table></div>\n");
    line(
        page,
        "<p>Audited days on which no input looked ahead: %d. What the audit says of a planted one:"
            + " <i>%s</i>.</p>",
        canaries.auditedDays(),
        escaped(canaries.plantedRefused()));
  }

  private static void periods(StringBuilder page, EvaluationReport report) {
    page.append(
        "<div class=\"wide\"><table><tr><th>trained"
            + " until</th><th>measured</th><th>drive-days</th><th>failing</th></tr>\n");
    for (EvaluationReport.Period period : report.periods()) {
      line(
          page,
          "<tr><td>%s</td><td>%s to %s</td><td>%,d</td><td>%d</td></tr>",
          period.trainLastDay(),
          period.firstDay(),
          period.lastDay(),
          period.driveDays(),
          period.failingDrives());
    }
    page.append("</table></div>\n");
  }

  private static String name(String scorer) {
    return NAMES.getOrDefault(scorer, scorer);
  }

  private static double finite(double value) {
    return Double.isFinite(value) ? value : 0;
  }

  private static void cell(StringBuilder page, String text) {
    page.append("<td>").append(text).append("</td>");
  }

  private static void line(StringBuilder page, String format, Object... arguments) {
    page.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
