package io.forestall.app.evaluate;

import io.forestall.app.TextTable;
import io.forestall.app.evaluate.AlarmStream.Fault;
import io.forestall.app.evaluate.AlarmTrial.Group;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How alarms of streams were put together.
 *
 * @param parts one for each stream
 */
record AlarmReport(List<Part> parts) {

  /** Share of a fault's alarms from which a group counts as one of its incidents. */
  private static final double PART_OF = 0.05;

  static final List<String> NOTES =
      List.of(
          "INCIDENTS: not swallowed by a larger one. PER INCIDENT: alarms in incidents, divided by"
              + " incidents; the alarms in none opened no incident and told nobody.",
          "ONE: faults of which exactly one incident holds 5 % of the alarms or more, and that"
              + " incident holds 5 % or more of no other fault.",
          "TOP-1, TOP-3: the name of the thing a fault was injected into equals the name of the"
              + " first suspect, or of one of the first three, of the incident that holds most of"
              + " the fault's alarms; a pod is no hit for its service or node, nor the reverse."
              + " EARLY: as known 2 minutes after the incident's first alarm.",
          "Rules, weights and limits are the same for all streams. Weights of the suspects were"
              + " chosen on every second fault of one stream (rank from 0 even: CHOSEN ON); REST is"
              + " the other half, but it was in sight while the method was built, and the limits of"
              + " the detector of onsets were set on all faults: expect less elsewhere.",
          "Noise: one alarm in two minutes on average, drawn from a seed out of the signals of the"
              + " stream, one in 50 critical; NOISE: incidents without an alarm of a fault.",
          "ROOT OF A SET: learnt in one pass from which type comes before which within a minute, on"
              + " the same device or one next to it.",
          "Plain grouping suspects the thing with the most alarms, or the earliest; it opens a"
              + " group for each alarm that stands alone.");

  /**
   * Results of one stream.
   *
   * @param name of the stream
   * @param alarms count, with noise
   * @param noise count
   * @param faults count
   * @param criticals count of critical alarms
   * @param lines by way of grouping
   * @param roots of alarm types, null when the stream knows none
   */
  record Part(
      String name,
      int alarms,
      int noise,
      int faults,
      int criticals,
      Map<String, Line> lines,
      AlarmRoots.@Nullable Result roots) {}

  /**
   * Results of one way of grouping.
   *
   * @param incidents that speak for themselves
   * @param swallowed by a larger one
   * @param alone alarms in no incident
   * @param lostCriticals critical alarms in no incident
   * @param noiseIncidents without an alarm of a fault
   * @param all over all faults
   * @param chosenOn over those on which the weights were chosen
   * @param rest over the others
   * @param levels by the level of the fault
   */
  record Line(
      int incidents,
      int swallowed,
      int alone,
      int lostCriticals,
      int noiseIncidents,
      Tally all,
      Tally chosenOn,
      Tally rest,
      Map<String, Tally> levels) {}

  /** Counts over faults. */
  record Tally(int faults, int one, int first, int three, int earlyFirst, int earlyThree) {}

  static Part part(AlarmTrial trial, AlarmRoots.@Nullable Result roots) {
    Map<String, Line> lines = new LinkedHashMap<>();
    lines.put("forestall", line(trial, trial.incidents()));
    lines.put("windowsMostFrequent", line(trial, trial.windows(false)));
    lines.put("windowsEarliest", line(trial, trial.windows(true)));
    lines.put("gapsMostFrequent", line(trial, trial.gaps(false)));
    lines.put("gapsEarliest", line(trial, trial.gaps(true)));
    return new Part(
        trial.stream.name(),
        trial.alarms.size(),
        trial.noise,
        trial.stream.faults().size(),
        criticals(trial).cardinality(),
        lines,
        roots);
  }

  private static BitSet criticals(AlarmTrial trial) {
    BitSet criticals = new BitSet();
    for (int i = 0; i < trial.alarms.size(); i++) {
      criticals.set(i, trial.alarms.get(i).severity() == Severity.CRITICAL);
    }
    return criticals;
  }

  private static Line line(AlarmTrial trial, List<Group> groups) {
    BitSet in = new BitSet();
    int incidents = 0;
    int noise = 0;
    for (Group group : groups) {
      in.or(group.alarms());
      if (!group.swallowed()) {
        incidents++;
        if (group.alarms().stream().noneMatch(i -> trial.alarms.get(i).fault() != null)) {
          noise++;
        }
      }
    }
    BitSet lost = criticals(trial);
    lost.andNot(in);
    List<Found> found = found(trial, groups);
    Map<String, Tally> levels = new LinkedHashMap<>();
    for (Found one : found) {
      levels.computeIfAbsent(
          one.fault.level(), level -> tally(found, other -> other.fault.level().equals(level)));
    }
    return new Line(
        incidents,
        groups.size() - incidents,
        trial.alarms.size() - in.cardinality(),
        lost.cardinality(),
        trial.stream.faults().isEmpty() ? 0 : noise,
        tally(found, any -> true),
        tally(found, one -> one.rank % 2 == 0),
        tally(found, one -> one.rank % 2 != 0),
        levels);
  }

  /** What became of one fault: place of the root among the suspects from 1, 0 when not there. */
  private record Found(int rank, Fault fault, boolean one, int at, int early) {}

  private static List<Found> found(AlarmTrial trial, List<Group> groups) {
    List<BitSet> faults = new ArrayList<>();
    for (Fault fault : trial.stream.faults()) {
      faults.add(trial.of(fault));
    }
    List<Found> found = new ArrayList<>();
    for (int i = 0; i < faults.size(); i++) {
      Fault fault = trial.stream.faults().get(i);
      List<Group> mine = new ArrayList<>();
      for (Group group : groups) {
        if (!group.swallowed() && holds(group, faults.get(i))) {
          mine.add(group);
        }
      }
      boolean one = mine.size() == 1;
      for (int other = 0; one && other < faults.size(); other++) {
        one = other == i || !holds(mine.get(0), faults.get(other));
      }
      Group main = AlarmTrial.main(groups, faults.get(i));
      found.add(
          new Found(
              i,
              fault,
              one,
              main == null ? 0 : place(main.suspects(), fault),
              main == null ? 0 : place(main.early(), fault)));
    }
    return found;
  }

  private static boolean holds(Group group, BitSet fault) {
    int shared = AlarmTrial.shared(group, fault);
    return shared > 0 && shared >= PART_OF * fault.cardinality();
  }

  private static int place(List<Subject> suspects, Fault fault) {
    for (int i = 0; i < suspects.size(); i++) {
      if (suspects.get(i).id().equals(fault.entity())) {
        return i + 1;
      }
    }
    return 0;
  }

  private static Tally tally(List<Found> found, Predicate<Found> which) {
    int faults = 0;
    int one = 0;
    int first = 0;
    int three = 0;
    int earlyFirst = 0;
    int earlyThree = 0;
    for (Found each : found) {
      if (which.test(each)) {
        faults++;
        one += each.one ? 1 : 0;
        first += each.at == 1 ? 1 : 0;
        three += each.at >= 1 && each.at <= 3 ? 1 : 0;
        earlyFirst += each.early == 1 ? 1 : 0;
        earlyThree += each.early >= 1 && each.early <= 3 ? 1 : 0;
      }
    }
    return new Tally(faults, one, first, three, earlyFirst, earlyThree);
  }

  /** For {@code --output json}; numbers are unrounded. */
  Map<String, Object> asMap() {
    Map<String, Object> streams = new LinkedHashMap<>();
    for (Part part : parts) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("alarms", part.alarms);
      map.put("noiseAlarms", part.noise);
      map.put("faults", part.faults);
      map.put("criticalAlarms", part.criticals);
      part.lines.forEach((name, line) -> map.put(name, asMap(part, line)));
      AlarmRoots.Result roots = part.roots;
      if (roots != null) {
        map.put("alarmTypeRoots", roots.asMap());
      }
      streams.put(part.name, map);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("streams", streams);
    all.put("notes", NOTES);
    return all;
  }

  private static Map<String, Object> asMap(Part part, Line line) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("incidents", line.incidents);
    map.put("swallowed", line.swallowed);
    map.put("alarmsInNone", line.alone);
    map.put("alarmsPerIncident", perIncident(part, line));
    map.put("lostCriticals", line.lostCriticals);
    map.put("noiseIncidents", line.noiseIncidents);
    if (part.faults > 0) {
      map.put("all", asMap(line.all));
      map.put("chosenOn", asMap(line.chosenOn));
      map.put("rest", asMap(line.rest));
      Map<String, Object> levels = new LinkedHashMap<>();
      line.levels.forEach((level, tally) -> levels.put(level, asMap(tally)));
      map.put("byLevel", levels);
    }
    return map;
  }

  private static double perIncident(Part part, Line line) {
    return (double) (part.alarms - line.alone) / Math.max(1, line.incidents);
  }

  private static Map<String, Object> asMap(Tally tally) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("faults", tally.faults);
    map.put("exactlyOneIncident", share(tally.one, tally.faults));
    map.put("top1", share(tally.first, tally.faults));
    map.put("top3", share(tally.three, tally.faults));
    map.put("earlyTop1", share(tally.earlyFirst, tally.faults));
    map.put("earlyTop3", share(tally.earlyThree, tally.faults));
    return map;
  }

  private static double share(int part, int of) {
    return of == 0 ? 0 : (double) part / of;
  }

  /** Critical alarms that the product lost, over all streams. */
  int lostCriticals() {
    int lost = 0;
    for (Part part : parts) {
      Line own = part.lines.get("forestall");
      lost += own == null ? 0 : own.lostCriticals;
    }
    return lost;
  }

  /** For a terminal. */
  void print(PrintWriter out) {
    for (Part part : parts) {
      out.printf(
          Locale.ROOT,
          "%s: %,d alarms (%,d of them noise), %d faults, %d critical alarms%n",
          part.name,
          part.alarms,
          part.noise,
          part.faults,
          part.criticals);
      TextTable table =
          new TextTable(
              "GROUPING",
              ">INCIDENTS",
              ">SWALLOWED",
              ">IN NONE",
              ">PER INCIDENT",
              ">LOST CRITICALS",
              ">NOISE",
              ">ONE",
              ">TOP-1",
              ">TOP-3",
              ">REST TOP-1",
              ">REST TOP-3",
              ">EARLY TOP-1",
              ">EARLY TOP-3");
      part.lines.forEach(
          (name, line) ->
              table.add(
                  title(name),
                  Integer.toString(line.incidents),
                  Integer.toString(line.swallowed),
                  Integer.toString(line.alone),
                  String.format(Locale.ROOT, "%.1f", perIncident(part, line)),
                  Integer.toString(line.lostCriticals),
                  part.faults == 0 ? "-" : Integer.toString(line.noiseIncidents),
                  percent(line.all.one, line.all.faults),
                  percent(line.all.first, line.all.faults),
                  percent(line.all.three, line.all.faults),
                  percent(line.rest.first, line.rest.faults),
                  percent(line.rest.three, line.rest.faults),
                  percent(line.all.earlyFirst, line.all.faults),
                  percent(line.all.earlyThree, line.all.faults)));
      table.print(out);
      out.println();
      Line own = part.lines.get("forestall");
      if (own != null && !own.levels.isEmpty()) {
        TextTable levels = new TextTable("FAULTS", ">COUNT", ">ONE", ">TOP-1", ">TOP-3");
        own.levels.forEach((level, tally) -> level(levels, level, tally));
        level(levels, "chosen on", own.chosenOn);
        level(levels, "rest", own.rest);
        levels.print(out);
        out.println();
      }
      AlarmRoots.Result roots = part.roots;
      if (roots != null) {
        roots.print(out);
      }
    }
    NOTES.forEach(out::println);
    out.flush();
  }

  private static void level(TextTable table, String level, Tally tally) {
    table.add(
        level,
        Integer.toString(tally.faults),
        percent(tally.one, tally.faults),
        percent(tally.first, tally.faults),
        percent(tally.three, tally.faults));
  }

  private static String title(String name) {
    return switch (name) {
      case "forestall" -> "rules and sessions";
      case "windowsMostFrequent" -> "10 min windows, most alarms";
      case "windowsEarliest" -> "10 min windows, earliest";
      case "gapsMostFrequent" -> "150 s gaps, most alarms";
      default -> "150 s gaps, earliest";
    };
  }

  private static String percent(int part, int of) {
    return of == 0 ? "-" : String.format(Locale.ROOT, "%.0f %%", 100.0 * part / of);
  }
}
