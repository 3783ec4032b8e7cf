package io.forestall.app.evaluate;

import io.forestall.app.TextTable;
import io.forestall.app.evaluate.ServerScores.Variant;
import io.forestall.risk.evaluation.EventTally;
import io.forestall.risk.evaluation.PointTally;
import io.forestall.risk.evaluation.RangeTally;
import io.forestall.risk.evaluation.Score;
import io.forestall.risk.evaluation.TunedThreshold;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the variants of the detector did on sets of labelled servers.
 *
 * @param weights what counts how much in the scores by range
 * @param parts one for each set, and with more than one set their total at the end
 */
record ServersReport(RangeTally.Weights weights, List<Part> parts) {
  private static final int TRIES = 100;
  private static final String TOTAL = "total";

  /**
   * Results of one set, or of all.
   *
   * @param name of the set
   * @param servers count
   * @param rows scored; count
   * @param lines by variant
   */
  record Part(String name, int servers, long rows, Map<Variant, Line> lines) {}

  /**
   * Results of one variant.
   *
   * @param fixed at the threshold it ships with, the same for all servers
   * @param others at the threshold that is best for the other sets, null when there is only one
   * @param tuned at the threshold that is best by range on the very data
   * @param tunedPoints best F1 by points on the very data
   */
  record Line(
      Measures fixed, @Nullable Measures others, Measures tuned, TunedThreshold tunedPoints) {}

  /**
   * Scores at one threshold.
   *
   * @param threshold the threshold
   * @param ranges by range
   * @param points by point, without adjustment
   * @param events by event
   */
  record Measures(double threshold, Score ranges, Score points, EventTally events) {}

  /** Scores sets of servers, each under its name. */
  static ServersReport of(Map<String, List<ServerScores>> sets, RangeTally.Weights weights) {
    List<Part> parts = new ArrayList<>();
    List<ServerScores> all = new ArrayList<>();
    sets.values().forEach(all::addAll);
    for (Map.Entry<String, List<ServerScores>> set : sets.entrySet()) {
      List<ServerScores> others = new ArrayList<>(all);
      others.removeAll(set.getValue());
      parts.add(part(set.getKey(), set.getValue(), others, weights));
    }
    if (sets.size() > 1) {
      parts.add(part(TOTAL, all, List.of(), weights));
    }
    return new ServersReport(weights, parts);
  }

  private static Part part(
      String name, List<ServerScores> own, List<ServerScores> others, RangeTally.Weights weights) {
    Map<Variant, Line> lines = new EnumMap<>(Variant.class);
    for (Variant variant : Variant.values()) {
      double[] scores = scores(own, variant);
      double tuned = tuned(own, variant, weights);
      lines.put(
          variant,
          new Line(
              measures(own, variant, variant.threshold, weights),
              others.isEmpty()
                  ? null
                  : measures(own, variant, tuned(others, variant, weights), weights),
              measures(own, variant, tuned, weights),
              TunedThreshold.search(
                  scores,
                  TRIES,
                  threshold -> measures(own, variant, threshold, weights).points.f1())));
    }
    long rows = own.stream().mapToLong(one -> one.server().labels().length).sum();
    return new Part(name, own.size(), rows, lines);
  }

  private static double tuned(
      List<ServerScores> servers, Variant variant, RangeTally.Weights weights) {
    return TunedThreshold.search(
            scores(servers, variant),
            TRIES,
            threshold -> measures(servers, variant, threshold, weights).ranges.f1())
        .threshold();
  }

  private static double[] scores(List<ServerScores> servers, Variant variant) {
    return servers.stream().flatMapToDouble(one -> Arrays.stream(of(one, variant))).toArray();
  }

  private static double[] of(ServerScores server, Variant variant) {
    return server.scores().getOrDefault(variant, new double[0]);
  }

  private static Measures measures(
      List<ServerScores> servers, Variant variant, double threshold, RangeTally.Weights weights) {
    RangeTally ranges = new RangeTally(weights);
    PointTally points = new PointTally();
    EventTally events = new EventTally();
    for (ServerScores server : servers) {
      boolean[] labels = server.server().labels();
      boolean[] alarms = variant.alarms(of(server, variant), threshold);
      ranges.add(labels, alarms);
      points.add(labels, alarms);
      events.add(labels, alarms, server.stepMillis());
    }
    return new Measures(threshold, ranges.score(), points.score(), events);
  }

  /** For {@code --output json}; numbers are unrounded. */
  Map<String, Object> asMap() {
    Map<String, Object> all = new LinkedHashMap<>();
    Map<String, Object> scoring = new LinkedHashMap<>();
    scoring.put("existence", weights.existence());
    scoring.put("bias", weights.bias().name().toLowerCase(Locale.ROOT));
    scoring.put("cardinality", weights.cardinality().name().toLowerCase(Locale.ROOT));
    scoring.put("pointAdjustment", false);
    all.put("scoring", scoring);
    Map<String, Object> sets = new LinkedHashMap<>();
    for (Part part : parts) {
      sets.put(part.name, asMap(part));
    }
    // Of one set the total is the set itself: a reader finds it at the same place.
    Part whole = parts.get(parts.size() - 1);
    sets.putIfAbsent(TOTAL, asMap(whole));
    Map<String, Object> rangeF1 = new LinkedHashMap<>();
    whole.lines.forEach((variant, line) -> rangeF1.put(name(variant), line.fixed.ranges.f1()));
    all.put("rangeF1", rangeF1);
    all.put("sets", sets);
    return all;
  }

  private static Map<String, Object> asMap(Part part) {
    Map<String, Object> set = new LinkedHashMap<>();
    set.put("servers", part.servers);
    set.put("rows", part.rows);
    part.lines.forEach((variant, line) -> set.put(name(variant), asMap(line)));
    return set;
  }

  private static String name(Variant variant) {
    return switch (variant) {
      case EWMA -> "ewma";
      case EWMA_HELD -> "ewmaHeld";
      case SUDDEN -> "sudden";
      case LASTING -> "lasting";
      case PEER_FREE -> "peerFree";
      case FULL -> "full";
    };
  }

  private static Map<String, Object> asMap(Line line) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("fixedThreshold", asMap(line.fixed));
    if (line.others != null) {
      map.put("thresholdOfOtherSets", asMap(line.others));
    }
    map.put("tunedOnTheData", asMap(line.tuned));
    Map<String, Object> points = new LinkedHashMap<>();
    points.put("threshold", line.tunedPoints.threshold());
    points.put("f1", line.tunedPoints.value());
    map.put("pointF1TunedOnTheData", points);
    return map;
  }

  private static Map<String, Object> asMap(Measures measures) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("threshold", measures.threshold);
    map.put("range", asMap(measures.ranges));
    map.put("point", asMap(measures.points));
    Map<String, Object> events = new LinkedHashMap<>();
    events.put("events", measures.events.events());
    events.put("noticed", measures.events.noticed());
    events.put("recall", measures.events.score().recall());
    events.put("alarms", measures.events.alarms());
    events.put("falseAlarms", measures.events.falseAlarms());
    events.put("falseAlarmsPerServerDay", measures.events.falseAlarmsPerDay());
    map.put("event", events);
    return map;
  }

  private static Map<String, Object> asMap(Score score) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("precision", score.precision());
    map.put("recall", score.recall());
    map.put("f1", score.f1());
    return map;
  }

  /** For a terminal. */
  void print(PrintWriter out) {
    for (Part part : parts) {
      out.printf(
          Locale.ROOT, "%s: %d servers, %,d rows scored%n", part.name, part.servers, part.rows);
      TextTable table =
          new TextTable(
              "FIXED THRESHOLD",
              ">RANGE F1",
              ">PRECISION",
              ">RECALL",
              ">POINT F1",
              ">NOTICED",
              ">FALSE/SERVER-DAY",
              ">OTHERS' F1",
              ">TUNED F1",
              ">TUNED POINT F1");
      part.lines.forEach(
          (variant, line) -> {
            Measures fixed = line.fixed;
            Measures others = line.others;
            table.add(
                variant.label,
                digits(fixed.ranges.f1()),
                digits(fixed.ranges.precision()),
                digits(fixed.ranges.recall()),
                digits(fixed.points.f1()),
                fixed.events.noticed() + "/" + fixed.events.events(),
                String.format(Locale.ROOT, "%.2f", fixed.events.falseAlarmsPerDay()),
                others == null ? "-" : digits(others.ranges.f1()),
                digits(line.tuned.ranges.f1()),
                digits(line.tunedPoints.value()));
          });
      table.print(out);
      out.println();
    }
    out.printf(
        Locale.ROOT,
        "Ranges: existence %s, bias %s, cardinality %s. No point adjustment.%n"
            + "OTHERS' F1: range F1 at the threshold that is best on the other sets. TUNED: at the"
            + " threshold that is best on the scored data itself, which nobody knows in use.%n",
        weights.existence(),
        weights.bias().name().toLowerCase(Locale.ROOT),
        weights.cardinality().name().toLowerCase(Locale.ROOT));
    out.flush();
  }

  private static String digits(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
