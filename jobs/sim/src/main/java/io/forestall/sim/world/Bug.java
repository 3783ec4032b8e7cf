package io.forestall.sim.world;

import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import java.util.List;
import java.util.Map;

/**
 * A way to be wrong that the simulator must notice: a carrier, a log or a decider that breaks one
 * invariant. Each hook says what is done right when it is not overridden. One object may serve many
 * simulations at once: what it remembers is in the {@link Mouth}.
 */
public abstract class Bug {
  private final String name;
  private final String sentence;
  private final List<String> caughtBy;

  /**
   * A bug.
   *
   * @param name a word with dashes
   * @param sentence what is wrong
   * @param caughtBy names of the invariants one of which must notice it
   */
  protected Bug(String name, String sentence, String... caughtBy) {
    this.name = name;
    this.sentence = sentence;
    this.caughtBy = List.of(caughtBy);
  }

  /** A word with dashes. */
  public final String name() {
    return name;
  }

  /** What is wrong. */
  public final String sentence() {
    return sentence;
  }

  /** Names of the invariants one of which must notice it. */
  public final List<String> caughtBy() {
    return caughtBy;
  }

  /** Where it shows itself soonest; empty for everywhere. */
  List<String> scenarios() {
    return List.of();
  }

  /** The scenario in which a seed looks for it. */
  public final Scenario scenario(long seed) {
    List<String> own = scenarios();
    return own.isEmpty()
        ? Scenario.of(seed)
        : Scenario.named(own.get((int) Math.floorMod(seed, (long) own.size())));
  }

  @Override
  public String toString() {
    return name;
  }

  /** What the guard hears of what its carrier read. */
  List<GuardInput> heard(GuardInput input, Mouth mouth) {
    return List.of(input);
  }

  /** What the carrier makes of what the guard said. */
  List<GuardOutput> said(GuardOutput output, Mouth mouth) {
    return List.of(output);
  }

  /** What the incident decider hears. */
  List<IncidentInput> heard(IncidentInput input, boolean late) {
    return List.of(input);
  }

  /** What the carrier makes of an incident. */
  List<Incident> said(Incident incident, Mouth mouth) {
    return List.of(incident);
  }

  /** Rows that changed, on their way to a checkpoint. */
  Map<String, byte[]> kept(Map<String, byte[]> changes) {
    return changes;
  }

  /** True when a carrier looks at signatures. */
  boolean checksSignatures() {
    return true;
  }

  /** True when those who carry acts out count admissions by their sequence. */
  boolean countsBySequence() {
    return true;
  }

  /** True when a record that nobody can decode stops nobody. */
  boolean survivesPoison() {
    return true;
  }

  /** True when dead letters are counted. */
  boolean countsDeadLetters() {
    return true;
  }

  /** True when a restore also reads the admissions since the checkpoint. */
  boolean rereadsAdmissions() {
    return true;
  }

  /** No bug. */
  static final Bug NONE = new Bug("none", "Nothing is planted.") {};

  /** Who speaks: one key of one instance of a job, and what a bug remembers of it. */
  static final class Mouth {
    final String pool;
    final String incarnation;
    long nowMillis;
    long counter;

    /** Acts that the bug has seen admitted, with their expiry. */
    final Map<String, GuardOutput> said = new java.util.LinkedHashMap<>();

    /** Names that the bug has given. */
    final Map<String, String> names = new java.util.HashMap<>();

    /** The last of what it has read. */
    final Map<String, GuardInput> heard = new java.util.LinkedHashMap<>();

    Mouth(String pool, String incarnation) {
      this.pool = pool;
      this.incarnation = incarnation;
    }
  }
}
