package io.forestall.sim.world;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A workload with its faults, as data. Immutable.
 *
 * @param name a word with dashes
 * @param sentence what it is about
 * @param values what differs from {@link Knob#usual()}
 */
public record Scenario(String name, String sentence, Map<Knob, Double> values) {

  /** Copies the map. */
  public Scenario {
    EnumMap<Knob, Double> copy = new EnumMap<>(Knob.class);
    copy.putAll(values);
    values = copy;
  }

  /** The value of a knob here. */
  public double value(Knob knob) {
    Double own = values.get(knob);
    return own == null ? knob.usual() : own;
  }

  /** All scenarios; a seed chooses one. */
  public static List<Scenario> all() {
    return ALL;
  }

  /** The scenario of a seed. */
  public static Scenario of(long seed) {
    return ALL.get((int) Math.floorMod(seed, (long) ALL.size()));
  }

  /**
   * The scenario of this name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Scenario named(String name) {
    for (Scenario scenario : ALL) {
      if (scenario.name.equals(name)) {
        return scenario;
      }
    }
    throw new IllegalArgumentException(
        "there is no scenario '" + name + "': " + ALL.stream().map(Scenario::name).toList());
  }

  private static final Map<Knob, Double> NO_FAULTS =
      Map.ofEntries(
          Map.entry(Knob.LOSS, 0.0),
          Map.entry(Knob.DUPLICATES, 0.0),
          Map.entry(Knob.DELAY_MILLIS, 20.0),
          Map.entry(Knob.LATE, 0.0),
          Map.entry(Knob.CRASHES, 0.0),
          Map.entry(Knob.PAUSES, 0.0),
          Map.entry(Knob.SKEW_MILLIS, 0.0),
          Map.entry(Knob.POISON, 0.0),
          Map.entry(Knob.FORGERIES, 0.0),
          Map.entry(Knob.NONSENSE, 0.0),
          Map.entry(Knob.LOST_ACKS, 0.0),
          Map.entry(Knob.OLD_MODELS, 0.0),
          Map.entry(Knob.BLACKOUTS, 0.0));

  private static final List<Scenario> ALL =
      List.of(
          scenario(
              "healthy",
              "Nothing goes wrong but disks: acts must be admitted and end.",
              NO_FAULTS,
              Map.of(
                  Knob.HOURS, 6.0,
                  Knob.DECAYS, 0.7,
                  Knob.WORDS, 0.2,
                  Knob.ACT, 1.0,
                  Knob.APPROVALS, 0.0,
                  Knob.HALTS, 0.0,
                  Knob.ZONES, 0.2,
                  Knob.LEAVES, 0.0,
                  Knob.MAINTENANCES, 0.2)),
          scenario("everything", "A little of every fault.", Map.of(), Map.of()),
          scenario(
              "restores",
              "Jobs die all the time and come back from any earlier checkpoint.",
              Map.of(),
              Map.of(
                  Knob.CRASHES, 3.0,
                  Knob.OLD_RESTORES, 0.7,
                  Knob.ZOMBIES, 0.2,
                  Knob.POISON, 0.3,
                  Knob.ACT, 1.0,
                  Knob.APPROVALS, 0.1)),
          scenario(
              "zombies",
              "What was replaced goes on for a while beside what replaced it.",
              Map.of(),
              Map.of(
                  Knob.CRASHES, 2.0,
                  Knob.ZOMBIES, 1.0,
                  Knob.ACT, 1.0,
                  Knob.APPROVALS, 0.0,
                  Knob.CONTESTS, 2.0,
                  Knob.DELAY_MILLIS, 2_000.0)),
          scenario(
              "storm",
              "Two fifths of a pool are at risk at once, with acts in flight and around restores.",
              Map.of(),
              Map.of(Knob.STORMS, 0.4, Knob.ACT, 1.0, Knob.CRASHES, 1.0)),
          scenario(
              "advise",
              "Nobody has switched anything on: nothing is admitted, whatever happens.",
              Map.of(),
              Map.of(Knob.ACT, 0.0, Knob.STORMS, 0.1)),
          scenario(
              "approvals",
              "Every act waits for a person, who is early, late, or says no.",
              Map.of(),
              Map.of(Knob.ACT, 1.0, Knob.APPROVALS, 1.0, Knob.CRASHES, 1.0)),
          scenario(
              "operators",
              "People halt, pin, silence, maintain and mistype all day.",
              Map.of(),
              Map.of(
                  Knob.HALTS, 1.0,
                  Knob.WORDS, 3.0,
                  Knob.MAINTENANCES, 3.0,
                  Knob.NONSENSE, 6.0,
                  Knob.BUDGETS, 1.5,
                  Knob.CANCELS, 0.4,
                  Knob.ACT, 1.0)),
          scenario(
              "poison",
              "Bytes that nobody can decode and admissions that nobody signed, in every topic.",
              Map.of(),
              Map.of(Knob.POISON, 30.0, Knob.FORGERIES, 5.0, Knob.NONSENSE, 5.0, Knob.ACT, 1.0)),
          scenario(
              "blind",
              "Telemetry falls silent, jobs pause and lag, models grow old.",
              Map.of(),
              Map.of(
                  Knob.BLACKOUTS, 1.0,
                  Knob.PAUSES, 4.0,
                  Knob.OLD_MODELS, 0.5,
                  Knob.SKEW_MILLIS, 20_000.0,
                  Knob.ACT, 1.0)));

  private static Scenario scenario(
      String name, String sentence, Map<Knob, Double> base, Map<Knob, Double> own) {
    EnumMap<Knob, Double> values = new EnumMap<>(Knob.class);
    values.putAll(base);
    values.putAll(own);
    return new Scenario(name, sentence, values);
  }
}
