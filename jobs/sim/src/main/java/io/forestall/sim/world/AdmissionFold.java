package io.forestall.sim.world;

import io.forestall.decisions.guard.Admission;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The admissions log of one pool, read by the rule of the contract and by nothing of the guard: an
 * {@code ADMITTED} record counts when its sequence is the next, its first terminal record ends it.
 */
final class AdmissionFold {
  private long nextSequence = 1;
  private final Map<String, Admission> inFlight = new LinkedHashMap<>();
  private final Map<String, Admission> counted = new HashMap<>();
  private final Map<String, Admission> ended = new HashMap<>();
  private final Map<String, String> byProposal = new HashMap<>();

  /** What a record meant. */
  enum Meaning {
    /** The mark of a guard that starts. */
    MARK,
    /** The act is admitted. */
    COUNTED,
    /** A repeat of what was said. */
    REPEATED,
    /** Another has its number. */
    VOID,
    /** The act ended. */
    ENDED
  }

  Meaning take(Admission admission) {
    switch (admission.state()) {
      case STARTED:
        return Meaning.MARK;
      case ADMITTED:
        if (counted.containsKey(admission.id())) {
          return Meaning.REPEATED;
        }
        if (admission.sequence() != nextSequence) {
          return Meaning.VOID;
        }
        nextSequence++;
        counted.put(admission.id(), admission);
        inFlight.put(admission.id(), admission);
        byProposal.putIfAbsent(admission.proposal(), admission.id());
        return Meaning.COUNTED;
      default:
        if (ended.containsKey(admission.id())) {
          return Meaning.REPEATED;
        }
        if (inFlight.remove(admission.id()) == null) {
          return Meaning.VOID;
        }
        ended.put(admission.id(), admission);
        return Meaning.ENDED;
    }
  }

  /** The number of the next admission. */
  long nextSequence() {
    return nextSequence;
  }

  /** Admitted and not ended, by identifier, oldest first. */
  Map<String, Admission> inFlight() {
    return inFlight;
  }

  /** The admission that counted, null when none of this name did. */
  @Nullable Admission counted(String id) {
    return counted.get(id);
  }

  /** True when this admission counted. */
  boolean says(@Nullable String id) {
    return id != null && counted.containsKey(id);
  }

  /** The terminal record of an act, null while it has none. */
  @Nullable Admission end(String id) {
    return ended.get(id);
  }

  /** The admission of a proposal, null when none counted. */
  @Nullable String ofProposal(String proposal) {
    return byProposal.get(proposal);
  }

  /** True when nothing ever counted. */
  boolean isEmpty() {
    return counted.isEmpty();
  }

  /** All that counted. */
  Iterable<Admission> all() {
    return counted.values();
  }

  AdmissionFold copy() {
    AdmissionFold copy = new AdmissionFold();
    copy.nextSequence = nextSequence;
    copy.inFlight.putAll(inFlight);
    copy.counted.putAll(counted);
    copy.ended.putAll(ended);
    copy.byProposal.putAll(byProposal);
    return copy;
  }
}
