package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An act that ended, remembered for rates, for the nodes of the day and for targets that rest.
 * Immutable.
 *
 * @param nodes nodes it touched: its subject and its source
 * @param matter what it was done for, see {@link Proposer}; empty when unknown
 */
record Past(
    String id,
    String proposal,
    ActKind act,
    @Nullable String zone,
    boolean predicted,
    List<Subject> nodes,
    @Nullable Subject target,
    long issuedMillis,
    long endedMillis,
    String matter) {

  static Past of(Admission admission, long endedMillis) {
    return new Past(
        admission.id(),
        admission.proposal(),
        admission.act(),
        admission.zone(),
        admission.predicted(),
        nodes(admission.subject(), admission.source()),
        admission.target(),
        admission.issuedMillis(),
        endedMillis,
        admission.parameters().getOrDefault(Proposer.MATTER, ""));
  }

  /** The same act, after which what it was done for is proposed again. */
  Past forAnotherTry() {
    return new Past(
        id, proposal, act, zone, predicted, nodes, target, issuedMillis, endedMillis, "");
  }

  /** The nodes that an act touches. */
  static List<Subject> nodes(Subject subject, @Nullable Subject source) {
    if (source != null && source.kind() == Subject.Kind.NODE) {
      return List.of(source);
    }
    return subject.kind() == Subject.Kind.NODE ? List.of(subject) : List.of();
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(GuardRows.VERSION).text(id).text(proposal).text(act.name());
    out.text(zone).flag(predicted).list(nodes, RowWriter::thing).thing(target);
    return out.longs(issuedMillis).longs(endedMillis).text(matter).toBytes();
  }

  static Past of(RowReader in) {
    return new Past(
        in.text(),
        in.text(),
        in.constant(ActKind.class, ActKind.UNKNOWN),
        in.nullableText(),
        in.flag(),
        in.list(RowReader::subject),
        in.nullableSubject(),
        in.longs(),
        in.longs(),
        in.text());
  }
}
