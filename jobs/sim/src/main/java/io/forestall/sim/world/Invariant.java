package io.forestall.sim.world;

import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.incident.Incident;

/**
 * Something that must hold at every step. It sees what every instance says, what every log takes
 * and what is carried out, and keeps whatever it needs to judge by itself. One object for each
 * simulation.
 */
abstract class Invariant {
  private final int number;
  private final String sentence;

  Invariant(int number, String sentence) {
    this.number = number;
    this.sentence = sentence;
  }

  /** Its name: that of its class, in words with dashes. */
  final String name() {
    return getClass()
        .getSimpleName()
        .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
        .toLowerCase(java.util.Locale.ROOT);
  }

  /** The invariant of the house that it belongs to, 0 when it is one of its own. */
  final int number() {
    return number;
  }

  /** What must hold. */
  final String sentence() {
    return sentence;
  }

  final void require(boolean holds, java.util.function.Supplier<String> message) {
    if (!holds) {
      throw new Violation(this, message.get());
    }
  }

  /** An instance of decide says something, having read what is known of it. */
  void said(
      DecideCarrier<?> instance,
      String pool,
      Knowledge known,
      GuardOutput output,
      long nowMillis) {}

  /** An instance of correlate says something. */
  void said(CorrelateCarrier<?> instance, Incident incident) {}

  /** A log took a record. */
  void appended(Entry entry) {}

  /** A log of admissions took a genuine record of this meaning. */
  void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {}

  /** Those who carry out have read an admission that they believe. */
  void actRead(Executors.Act act) {}

  /** An act is begun. */
  void actBegan(Executors.Act act) {}

  /** An act ended. */
  void actEnded(Executors.Act act) {}

  /** A record was put aside. */
  void deadLetter(Carrier instance, Entry entry) {}

  /** Everything has come to rest: nothing fails any more, all was read, hours have gone by. */
  void rested(Simulation world) {}

  /** Every subject has left and long time has gone by. */
  void ended(Simulation world) {}
}
