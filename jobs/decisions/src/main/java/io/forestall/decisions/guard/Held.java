package io.forestall.decisions.guard;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An admission that holds locks and budget, from the moment its record left for the log until a
 * terminal record was read. Immutable.
 *
 * @param counted true once its record was read and had the next number of the pool
 * @param proposal what it was given for, null when only the log told of it
 * @param guards what the guards said
 * @param approvedBy who approved it
 * @param lagMillis how far its newest input was behind
 * @param said true when its decision was said
 * @param ending the terminal record that left for the log, or waits for it; null while it goes on
 * @param resendMillis when the record that is on its way is sent again, 0 when none is on its way
 */
record Held(
    Admission admission,
    boolean counted,
    @Nullable Proposal proposal,
    List<GuardResult> guards,
    @Nullable String approvedBy,
    long lagMillis,
    boolean said,
    @Nullable Admission ending,
    long resendMillis) {

  String id() {
    return admission.id();
  }

  /** The keys it locks: its units and its subject. */
  List<String> locks() {
    return locks(admission.units(), admission.subject());
  }

  static List<String> locks(List<Proposal.UnitStep> units, io.forestall.decisions.Subject subject) {
    List<String> keys = new ArrayList<>(units.size() + 1);
    keys.add(subject.toString());
    for (Proposal.UnitStep step : units) {
      keys.add(unitKey(step.unit()));
    }
    return keys;
  }

  /** The key of a unit's lock; a segment that is a subject has the same. */
  static String unitKey(String unit) {
    return unit.indexOf('/') > 0 ? unit : "segment/" + unit;
  }

  Held counts(boolean hasBeenSaid) {
    return new Held(
        admission, true, proposal, guards, approvedBy, lagMillis, hasBeenSaid, ending, 0);
  }

  Held saidNow() {
    return new Held(
        admission, counted, proposal, guards, approvedBy, lagMillis, true, ending, resendMillis);
  }

  Held ends(Admission terminal) {
    return new Held(
        admission, counted, proposal, guards, approvedBy, lagMillis, said, terminal, resendMillis);
  }

  Held sentAgainAt(long millis) {
    return new Held(
        admission, counted, proposal, guards, approvedBy, lagMillis, said, ending, millis);
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(GuardRows.VERSION);
    GuardRows.admission(out, admission);
    out.flag(counted);
    GuardRows.proposal(out, proposal);
    GuardRows.results(out, guards);
    out.text(approvedBy).longs(lagMillis).flag(said).flag(ending != null);
    if (ending != null) {
      GuardRows.admission(out, ending);
    }
    return out.longs(resendMillis).toBytes();
  }

  static Held of(RowReader in) {
    return new Held(
        GuardRows.admission(in),
        in.flag(),
        GuardRows.proposal(in),
        GuardRows.results(in),
        in.nullableText(),
        in.longs(),
        in.flag(),
        in.flag() ? GuardRows.admission(in) : null,
        in.longs());
  }
}
