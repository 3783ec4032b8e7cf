package io.forestall.sim.protocol;

import java.util.Locale;

/** What must hold in every schedule of the protocol. */
public enum ProtocolInvariant {
  /** Invariant 1. */
  ACKNOWLEDGED_WRITES_STAY(
      1, "A write that a node answers with DONE stands in the log and counts there."),
  /** Invariant 1. */
  ACCEPTED_WRITES_STAY(
      1,
      "A write that a node accepts in asynchronous mode counts, unless another node takes over or"
          + " the disk of its owner is lost; no write is accepted while one is older than the"
          + " bound; a flush tells the truth."),
  /** Invariant 2. */
  ONE_OWNER_PER_EPOCH(
      2, "Epochs of a unit only grow, and only the owner of an epoch writes under it."),
  /** Invariant 2. */
  DEPOSED_ARE_SILENT(
      2,
      "A node that has read that it is deposed, or in doubt, answers no request with DONE; no read"
          + " is answered after a later owner answered."),
  /** Invariant 3. */
  LINEARIZABLE(3, "What clients saw of each block has an order that agrees with real time."),
  /** Invariant 3. */
  ONCE_ONLY(3, "One request of a client counts at most once."),
  /** Invariant 6. */
  FOLDS_AGREE(
      6, "Every node folds the logs alike: copies apply what counts, in order, and nothing else."),
  /** Invariant 6. */
  WORD_IS_KEPT(
      6, "A command has one end: what a node answered is never contradicted, over every restart."),
  /** Invariant 6. */
  ONLY_WHAT_WAS_SIGNED(
      6, "A takeover counts only with an admission that was signed and allows it."),
  /** Invariant 6. */
  COPIES_ARE_WHOLE(
      6,
      "A copy that calls itself whole, a shadow too, has the bytes of the log at its place, and"
          + " gives others no other bytes; a step that comes again changes nothing."),
  /** Invariant 6. */
  ROT_IS_ATTRIBUTED(
      6,
      "Bytes of copies are said to differ only where a medium changed some, and that side is"
          + " blamed."),
  /** Invariant 2. */
  OWNERS_ARE_KEPT(2, "No node lets go of a copy that it owns, or is about to take over."),
  /** Invariant 7. */
  TWO_WITNESSES(
      7,
      "The saga takes nobody for dead unless two others do not reach it, or answer all the while it"
          + " is silent, or by its own word."),
  /** One of the simulator's own. */
  COMES_TO_REST(0, "When nothing fails any more, every request ends and every unit is served."),
  /** One of the simulator's own. */
  NOBODY_STUMBLES(0, "No input makes a node or client throw.");

  private final int number;
  private final String sentence;

  ProtocolInvariant(int number, String sentence) {
    this.number = number;
    this.sentence = sentence;
  }

  /** Its name: words with dashes. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The invariant of the house that it belongs to, 0 when it is one of the simulator's own. */
  public int number() {
    return number;
  }

  /** What must hold. */
  public String sentence() {
    return sentence;
  }
}
