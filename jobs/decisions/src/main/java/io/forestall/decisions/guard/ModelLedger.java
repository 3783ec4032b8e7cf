package io.forestall.decisions.guard;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How often the alarms of each model came true, against how often they should have (G16). An alarm
 * says "this fails within the horizon with probability p"; it is judged once the horizon has passed
 * or the thing has failed. A model keeps its word when about as many failed as it said; it is often
 * wrong when even the upper end of what its record allows is a small part of that.
 *
 * <p>Bounded: as many open alarms and model versions as the rules allow; old judgements fade. Event
 * time comes with the calls, which may come in any order. Pure; not thread-safe.
 */
public final class ModelLedger {

  /**
   * When a model counts as often wrong.
   *
   * @param leastJudged judgements that a model must have before anything is said of it; count
   * @param leastKept share of what it promised that its record must still allow, 0 to 1
   * @param restoredAt share from which it is trusted again, above leastKept; 0 to 1
   * @param halfLifeJudged after how many further judgements one counts half; count
   * @param mostOpen alarms that wait, and failures that are remembered, at most; the oldest go
   *     first; count
   * @param mostModels versions of models that are remembered at most; count
   */
  public record Rules(
      int leastJudged,
      double leastKept,
      double restoredAt,
      int halfLifeJudged,
      int mostOpen,
      int mostModels) {

    /** Thirty judgements, a half, three quarters, a half-life of 200, a hundred thousand alarms. */
    public static final Rules DEFAULTS = new Rules(30, 0.5, 0.75, 200, 100_000, 32);

    /**
     * @throws IllegalArgumentException when they make no sense
     */
    public Rules {
      require(leastJudged >= 1, "leastJudged is at least 1");
      require(leastKept > 0 && leastKept < restoredAt, "0 < leastKept < restoredAt");
      require(restoredAt <= 1, "restoredAt is at most 1");
      require(halfLifeJudged >= leastJudged, "halfLifeJudged is not below leastJudged");
      require(mostOpen >= 1 && mostModels >= 1, "there is room for one at least");
    }

    private static void require(boolean holds, String what) {
      if (!holds) {
        throw new IllegalArgumentException("rules of the ledger of models: " + what);
      }
    }
  }

  /**
   * What is known of one version of a model.
   *
   * @param model identifier of the model
   * @param version its version
   * @param judged judgements, faded; count
   * @param cameTrue those that came true, faded; count
   * @param promised share that it said would, 0 to 1
   * @param share share that did, 0 to 1
   * @param low lower end of the 95 % interval of that share, 0 to 1
   * @param high upper end, 0 to 1
   * @param demoted true when it is often wrong
   */
  public record Standing(
      String model,
      int version,
      double judged,
      double cameTrue,
      double promised,
      double share,
      double low,
      double high,
      boolean demoted) {

    /** The record as a sentence. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "of about %.0f alarms %.1f %% came true (%.1f to %.1f %%); it promised %.1f %%",
          judged,
          100 * share,
          100 * low,
          100 * high,
          100 * promised);
    }
  }

  private static final double NORMAL_95 = 1.959963984540054;

  private record Alarm(String model, int version, double probability, long untilMillis) {}

  private static final class Tally {
    final String model;
    final int version;
    double judged;
    double cameTrue;
    double promised;
    boolean demoted;
    long touched;

    Tally(String model, int version) {
      this.model = model;
      this.version = version;
    }
  }

  private static final int FORMAT = 1;

  /**
   * A failure that is remembered, because alarms that came before it may be heard after it.
   *
   * @param timeMillis when; epoch milliseconds
   * @param proof true when an alarm has been judged by it
   */
  private record Failure(long timeMillis, boolean proof) {}

  private final Rules rules;
  private final LinkedHashMap<String, Alarm> open = new LinkedHashMap<>();
  private final LinkedHashMap<String, Failure> failures = new LinkedHashMap<>();
  private final Map<String, Tally> tallies = new TreeMap<>();
  private final Set<String> judgedSince = new TreeSet<>();
  private long touches;

  /** A ledger with these rules and nothing in it. */
  public ModelLedger(Rules rules) {
    this.rules = rules;
  }

  /**
   * A thing entered a tier that people or the guard act on. While an alarm of it is open a further
   * one changes nothing: one failure proves one alarm.
   *
   * @param thing what it speaks of, such as disk/S1
   * @param probability that it fails within the horizon, above 0, at most 1
   * @param horizonMillis how long the alarm waits to come true; milliseconds, above 0
   * @param timeMillis event time; epoch milliseconds
   */
  public void alarm(
      String thing,
      String model,
      int version,
      double probability,
      long horizonMillis,
      long timeMillis) {
    if (!(probability > 0 && probability <= 1) || horizonMillis <= 0) {
      throw new IllegalArgumentException(
          "an alarm needs a probability and a horizon above 0, not "
              + probability
              + " and "
              + horizonMillis);
    }
    Alarm before = open.get(thing);
    if (before != null) {
      if (timeMillis <= before.untilMillis) {
        return;
      }
      open.remove(thing);
      judge(before, false); // the time came before anybody looked
    }
    long end = timeMillis + horizonMillis;
    long until = end < timeMillis ? Long.MAX_VALUE : end;
    Alarm alarm = new Alarm(model, version, probability, until);
    Failure failure = failures.get(thing);
    if (failure != null && timeMillis <= failure.timeMillis) {
      if (!failure.proof) {
        judge(alarm, failure.timeMillis <= until);
        failures.put(thing, new Failure(failure.timeMillis, true));
      }
      return;
    }
    open.put(thing, alarm);
    if (open.size() > rules.mostOpen) {
      open.remove(open.keySet().iterator().next()); // unjudged: nobody knows how it came out
    }
  }

  /** A thing failed: its alarm came true if that was in time. */
  public void failed(String thing, long timeMillis) {
    Alarm alarm = open.remove(thing);
    if (alarm != null) {
      judge(alarm, timeMillis <= alarm.untilMillis);
    }
    Failure before = failures.remove(thing);
    Failure now = new Failure(timeMillis, alarm != null);
    if (before != null && timeMillis <= before.timeMillis) {
      // Told twice it is one failure all the same.
      now = new Failure(before.timeMillis, now.proof || before.proof);
    }
    failures.put(thing, now);
    if (failures.size() > rules.mostOpen) {
      failures.remove(failures.keySet().iterator().next());
    }
  }

  /** A thing has left without failing, as far as is known: nothing is learned from its alarm. */
  public void left(String thing) {
    open.remove(thing);
  }

  /** Time passes: alarms whose horizon is over did not come true. */
  public void passed(long timeMillis) {
    open.values()
        .removeIf(
            alarm -> {
              if (alarm.untilMillis >= timeMillis) {
                return false;
              }
              judge(alarm, false);
              return true;
            });
  }

  /** How many alarms wait; count. */
  public int open() {
    return open.size();
  }

  /** What is known of a version of a model, null when nothing is. */
  public @Nullable Standing standing(String model, int version) {
    Tally tally = tallies.get(key(model, version));
    return tally == null ? null : standing(model, version, tally);
  }

  /** The versions of which something was judged since this was asked last. */
  public List<Standing> news() {
    List<Standing> news = new ArrayList<>();
    for (String key : judgedSince) {
      Tally tally = tallies.get(key);
      if (tally != null) {
        news.add(standing(tally.model, tally.version, tally));
      }
    }
    judgedSince.clear();
    return news;
  }

  /** Writes all that it knows, but for what {@link #news} would tell. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(FORMAT);
    out.writeInt(open.size());
    for (Map.Entry<String, Alarm> each : open.entrySet()) {
      Alarm alarm = each.getValue();
      out.writeUTF(each.getKey());
      out.writeUTF(alarm.model);
      out.writeInt(alarm.version);
      out.writeDouble(alarm.probability);
      out.writeLong(alarm.untilMillis);
    }
    out.writeInt(failures.size());
    for (Map.Entry<String, Failure> each : failures.entrySet()) {
      out.writeUTF(each.getKey());
      out.writeLong(each.getValue().timeMillis);
      out.writeBoolean(each.getValue().proof);
    }
    out.writeLong(touches);
    out.writeInt(tallies.size());
    for (Tally tally : tallies.values()) {
      out.writeUTF(tally.model);
      out.writeInt(tally.version);
      out.writeDouble(tally.judged);
      out.writeDouble(tally.cameTrue);
      out.writeDouble(tally.promised);
      out.writeBoolean(tally.demoted);
      out.writeLong(tally.touched);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when it is of a newer format
   */
  public static ModelLedger read(DataInput in, Rules rules) throws IOException {
    int format = in.readUnsignedByte();
    if (format != FORMAT) {
      throw new IOException("ledger of models: format " + format + " is unknown to this build");
    }
    ModelLedger ledger = new ModelLedger(rules);
    for (int i = in.readInt(); i > 0; i--) {
      ledger.open.put(
          in.readUTF(), new Alarm(in.readUTF(), in.readInt(), in.readDouble(), in.readLong()));
    }
    for (int i = in.readInt(); i > 0; i--) {
      ledger.failures.put(in.readUTF(), new Failure(in.readLong(), in.readBoolean()));
    }
    ledger.touches = in.readLong();
    for (int i = in.readInt(); i > 0; i--) {
      Tally tally = new Tally(in.readUTF(), in.readInt());
      tally.judged = in.readDouble();
      tally.cameTrue = in.readDouble();
      tally.promised = in.readDouble();
      tally.demoted = in.readBoolean();
      tally.touched = in.readLong();
      ledger.tallies.put(key(tally.model, tally.version), tally);
    }
    return ledger;
  }

  private void judge(Alarm alarm, boolean cameTrue) {
    String key = key(alarm.model, alarm.version);
    Tally tally = tallies.get(key);
    if (tally == null) {
      tally = new Tally(alarm.model, alarm.version);
      tallies.put(key, tally);
      if (tallies.size() > rules.mostModels) {
        forgetOldest(key);
      }
    }
    tally.touched = ++touches;
    judgedSince.add(key);
    double kept = Math.pow(0.5, 1.0 / rules.halfLifeJudged);
    tally.judged = tally.judged * kept + 1;
    tally.cameTrue = tally.cameTrue * kept + (cameTrue ? 1 : 0);
    tally.promised = tally.promised * kept + alarm.probability;
    Standing now = standing(alarm.model, alarm.version, tally);
    if (tally.judged < rules.leastJudged) {
      return;
    }
    // Two thresholds, so that one judgement more or less changes nothing back and forth.
    if (now.high < rules.leastKept * now.promised) {
      tally.demoted = true;
    } else if (now.share >= rules.restoredAt * now.promised) {
      tally.demoted = false;
    }
  }

  private void forgetOldest(String spared) {
    String oldest = null;
    long touched = Long.MAX_VALUE;
    for (Map.Entry<String, Tally> each : tallies.entrySet()) {
      if (!each.getKey().equals(spared) && each.getValue().touched < touched) {
        oldest = each.getKey();
        touched = each.getValue().touched;
      }
    }
    if (oldest != null) {
      tallies.remove(oldest);
    }
  }

  private static Standing standing(String model, int version, Tally tally) {
    double n = tally.judged;
    double share = tally.cameTrue / n;
    // Wilson's interval: it holds for few judgements and for shares near 0 too.
    double z2 = NORMAL_95 * NORMAL_95;
    double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
    double half = NORMAL_95 * Math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    return new Standing(
        model,
        version,
        n,
        tally.cameTrue,
        tally.promised / n,
        share,
        Math.max(0, middle - half),
        Math.min(1, middle + half),
        tally.demoted);
  }

  private static String key(String model, int version) {
    return model + "/" + version;
  }
}
