package io.forestall.sim.protocol;

import static io.forestall.sim.protocol.ProtocolKnob.*;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A workload of the protocol with its faults, as data. Immutable.
 *
 * @param name a word with dashes
 * @param sentence what it is about
 * @param values what differs from {@link ProtocolKnob#usual()}
 */
public record ProtocolScenario(String name, String sentence, Map<ProtocolKnob, Double> values) {

  /** Copies the map. */
  public ProtocolScenario {
    EnumMap<ProtocolKnob, Double> copy = new EnumMap<>(ProtocolKnob.class);
    copy.putAll(values);
    values = copy;
  }

  /** The value of a knob here. */
  public double value(ProtocolKnob knob) {
    Double own = values.get(knob);
    return own == null ? knob.usual() : own;
  }

  /** All scenarios; a seed chooses one. */
  public static List<ProtocolScenario> all() {
    return ALL;
  }

  /** The scenario of a seed. */
  public static ProtocolScenario of(long seed) {
    return ALL.get((int) Math.floorMod(seed, (long) ALL.size()));
  }

  /**
   * The scenario of this name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static ProtocolScenario named(String name) {
    for (ProtocolScenario scenario : ALL) {
      if (scenario.name.equals(name)) {
        return scenario;
      }
    }
    throw new IllegalArgumentException(
        "there is no scenario '"
            + name
            + "': "
            + ALL.stream().map(ProtocolScenario::name).toList());
  }

  private static final Map<ProtocolKnob, Double> CALM =
      Map.ofEntries(
          Map.entry(CHAINS, 0.0),
          Map.entry(RACES, 0.0),
          Map.entry(DEATHS, 0.0),
          Map.entry(TARGET_DEATHS, 0.0),
          Map.entry(CANCELS, 0.0),
          Map.entry(CRASHES, 0.0),
          Map.entry(PAUSES, 0.0),
          Map.entry(PAUSED_SOURCES, 0.0),
          Map.entry(CUTS, 0.0),
          Map.entry(CUT_SOURCES, 0.0),
          Map.entry(STALLS, 0.0),
          Map.entry(BREAKS, 0.0),
          Map.entry(UNKNOWN_APPENDS, 0.0),
          Map.entry(SLOW, 0.0),
          Map.entry(FULL_DISKS, 0.0),
          Map.entry(FAILED_DISKS, 0.0),
          Map.entry(FORGERIES, 0.0),
          Map.entry(REPLAYS, 0.0),
          Map.entry(RESTORES, 0.0),
          Map.entry(ROTATIONS, 0.0),
          Map.entry(HALTS, 0.0),
          Map.entry(JUMPS, 0.0),
          Map.entry(CLIENT_CRASHES, 0.0));

  private static final List<ProtocolScenario> ALL =
      List.of(
          scenario(
              "calm", "Nothing goes wrong: units move and clients see a pause.", CALM, Map.of()),
          scenario("everything", "A little of every fault.", Map.of(), Map.of()),
          scenario(
              "pauses",
              "Owners are stopped at any action, deposed meanwhile, and go on.",
              Map.of(),
              Map.of(PAUSES, 8.0, PAUSED_SOURCES, 0.8, MOVES, 6.0, SLOW, 0.05)),
          scenario(
              "crashes",
              "Owners, targets and clients die and come back.",
              Map.of(),
              Map.of(
                  CRASHES, 5.0, DEATHS, 0.5, TARGET_DEATHS, 0.4, CLIENT_CRASHES, 1.5, MOVES, 5.0)),
          scenario(
              "appends",
              "Appends fail and nobody knows whether they are in the log; the broker stalls.",
              Map.of(),
              Map.of(UNKNOWN_APPENDS, 0.08, STALLS, 1.0, READS, 0.3, SLOW, 0.05)),
          scenario(
              "cuts",
              "Owners cannot reach the broker while clients reach them and read; others take over.",
              Map.of(),
              Map.of(
                  CUTS, 2.0,
                  CUT_SOURCES, 0.8,
                  CHAINS, 0.5,
                  DEAF_CLIENTS, 0.6,
                  MOVES, 5.0,
                  DEATHS, 0.0,
                  READS, 0.7,
                  UNITS, 1.0,
                  BLOCKS, 1.0,
                  REQUESTS, 120.0)),
          scenario(
              "contests",
              "Two admissions for the same epochs, replays, restored sagas, forgeries, rotation.",
              Map.of(),
              Map.of(
                  RACES, 0.6,
                  REPLAYS, 6.0,
                  RESTORES, 2.0,
                  FORGERIES, 4.0,
                  ROTATIONS, 0.6,
                  MOVES, 7.0,
                  CANCELS, 0.3,
                  CRASHES, 3.0)),
          scenario(
              "sagas",
              "The product's saga carries out acts, restored from old checkpoints, with acks lost"
                  + " and doubled, targets and sources dying, halts.",
              Map.of(),
              Map.of(
                  SAGA, 1.0,
                  FALSE_WITNESSES, 0.25,
                  MOVES, 8.0,
                  DEATHS, 0.4,
                  CUT_SOURCES, 0.4,
                  TARGET_DEATHS, 0.3,
                  HALTS, 0.5,
                  REQUESTS, 40.0)),
          scenario(
              "disks",
              "Disks are full or fail, clocks jump, connections break.",
              Map.of(),
              Map.of(FULL_DISKS, 1.5, FAILED_DISKS, 0.8, JUMPS, 2.0, BREAKS, 12.0, HALTS, 1.0)),
          scenario(
              "shadows",
              "Shadows come and go, and nothing goes wrong; units move to some of them.",
              CALM,
              Map.of(SHADOWS, 6.0, RETIREMENTS, 3.0, BLOCKS, 4.0, REQUESTS, 100.0)),
          scenario(
              "shadow-faults",
              "Shadows of units whose owners, holders and feeding job die, cut off and stopped.",
              Map.of(),
              Map.of(
                  SHADOWS, 8.0,
                  RETIREMENTS, 2.0,
                  ROT, 0.5,
                  MOVE_CRASHES, 2.0,
                  LOST_STEPS, 0.2,
                  LOST_FETCHES, 0.1,
                  CRASHES, 4.0,
                  BLOCKS, 4.0,
                  REQUESTS, 100.0)),
          scenario(
              "shadow-losses",
              "The job that feeds shadows loses parts of the log, cannot read others, and is"
                  + " restored.",
              CALM,
              Map.of(
                  SHADOWS, 8.0,
                  MOVE_CRASHES, 3.0,
                  LOST_DELTAS, 0.02,
                  DAMAGED_DELTAS, 0.02,
                  LOST_STEPS, 0.5,
                  LOST_FETCHES, 0.2,
                  CRASHES, 2.0,
                  UNKNOWN_APPENDS, 0.02,
                  BLOCKS, 6.0,
                  REQUESTS, 100.0)),
          scenario(
              "shadow-sagas",
              "The product's saga builds shadows, switches over to them, planned, predicted or when"
                  + " their owner is killed, and retires them, all at the same time.",
              Map.of(),
              Map.of(
                  SAGA, 1.0,
                  SHADOWS, 10.0,
                  RETIREMENTS, 5.0,
                  MOVES, 8.0,
                  MOVE_CRASHES, 0.5,
                  LOST_FETCHES, 0.03,
                  BLOCKS, 4.0,
                  LIFE_MILLIS, 2_500.0)),
          scenario(
              "asynchronous",
              "Writes are answered before they are in the log, and the mode changes, while a little"
                  + " of every fault happens.",
              Map.of(),
              Map.of(
                  ASYNCHRONOUS, 0.8,
                  MODES, 2.0,
                  FLUSHES, 0.15,
                  REQUESTS, 100.0,
                  SLOW, 0.04)),
          scenario(
              "asynchronous-crashes",
              "Owners that answer early die and come back, or lose appends, and seldom another"
                  + " takes over.",
              Map.of(),
              Map.of(
                  ASYNCHRONOUS, 1.0,
                  MODES, 1.0,
                  FLUSHES, 0.15,
                  MOVES, 1.0,
                  CRASHES, 8.0,
                  UNKNOWN_APPENDS, 0.05,
                  STALLS, 1.0,
                  FULL_DISKS, 0.5,
                  FAILED_DISKS, 0.0,
                  REQUESTS, 120.0)),
          scenario(
              "rot",
              "Media change what they keep, on owners, replicas and shadows.",
              CALM,
              Map.of(
                  SHADOWS, 6.0,
                  ROT, 8.0,
                  CRASHES, 1.0,
                  CUTS, 3.0,
                  SLOW, 0.04,
                  LOST_FETCHES, 0.05,
                  BLOCKS, 4.0,
                  REQUESTS, 100.0)));

  private static ProtocolScenario scenario(
      String name, String sentence, Map<ProtocolKnob, Double> base, Map<ProtocolKnob, Double> own) {
    EnumMap<ProtocolKnob, Double> values = new EnumMap<>(ProtocolKnob.class);
    values.putAll(base);
    values.putAll(own);
    return new ProtocolScenario(name, sentence, values);
  }
}
