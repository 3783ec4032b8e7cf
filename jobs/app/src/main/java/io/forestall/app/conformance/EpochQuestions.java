package io.forestall.app.conformance;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The questions of level 2: plays the rival that takes a unit from the node and gives it back, by
 * the ownership log alone. Not safe for threads.
 */
final class EpochQuestions implements AutoCloseable {
  private final Conversation talk;
  private final Signatures.Signer key;
  private final Subject rival;
  private final String unit;
  private final NodeWires.Ear log;
  private final OwnershipFold fold = new OwnershipFold();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final DeltaRecords deltas = new DeltaRecords();

  private EpochQuestions(Conversation talk, Signatures.Signer key, String unit) {
    this.talk = talk;
    this.key = key;
    this.unit = unit;
    rival = Subject.node(talk.name("rival"));
    log = talk.wires().listen(Topics.OWNERSHIP, talk.pool(), true);
    readLog();
  }

  /**
   * Questions about a unit that a map gives to the node.
   *
   * @param wanted unit to ask about; null for the first that there is
   * @return null when no map has such a unit
   */
  static @Nullable EpochQuestions find(
      Conversation talk, Signatures.Signer key, @Nullable String wanted) {
    MapRecords maps = new MapRecords();
    for (MapSlice slice :
        talk.wires().newest(Topics.MAPS, value -> Conversation.decoded(() -> maps.decode(value)))) {
      for (MapSegment segment : slice.segments()) {
        if (segment.owner().equals(talk.node())
            && slice.pool().equals(talk.pool())
            && (wanted == null || wanted.equals(segment.unit()))) {
          return new EpochQuestions(talk, key, segment.unit());
        }
      }
    }
    return null;
  }

  /** The step that takes the unit from whoever has it now; null when nobody has it. */
  @Nullable UnitStep next() {
    Owned owned = fold.owned(unit);
    return owned == null ? null : new UnitStep(unit, owned.epoch(), owned.epoch() + 1);
  }

  /** Asks all of them. */
  void ask() {
    Owned before = fold.owned(unit);
    boolean owns = before != null && before.owner().equals(talk.node());
    talk.found(
        2,
        1,
        "The node owns by the log what its map gives it.",
        owns,
        before == null
            ? unit + " has no owner in the log"
            : unit + " is owned by " + before.owner() + " at epoch " + before.epoch());
    if (before == null || !owns) {
      return;
    }
    refusals(before);
    UnitStep taken = takeAway(before);
    overtaken(taken);
    giveBack(new UnitStep(unit, taken.newEpoch(), taken.newEpoch() + 1));
  }

  private void refusals(Owned before) {
    UnitStep wrong = new UnitStep(unit, before.epoch() + 7, before.epoch() + 8);
    Admission ahead = admission(ActKind.FAILOVER, wrong, rival, talk.node());
    talk.refused(
        2,
        7,
        "A takeover from an epoch that is not there is refused.",
        promote(ahead, wrong),
        talk.signed(ahead, key),
        CommandAck.Code.WRONG_EPOCH);
    UnitStep step = new UnitStep(unit, before.epoch(), before.epoch() + 1);
    Admission elsewhere = admission(ActKind.FAILOVER, step, talk.node(), rival);
    talk.refused(
        2,
        7,
        "A takeover that was admitted for another target is refused.",
        promote(elsewhere, step),
        talk.signed(elsewhere, key),
        CommandAck.Code.NO_ADMISSION);
    readLog();
    Owned now = Objects.requireNonNull(fold.owned(unit));
    talk.found(
        2,
        7,
        "What was refused changed no owner.",
        now.epoch() == before.epoch() && now.owner().equals(before.owner()),
        unit + " is owned by " + now.owner() + " at epoch " + now.epoch());
  }

  /** The rival takes the unit, as the target of an admitted failover does. */
  private UnitStep takeAway(Owned before) {
    UnitStep step = new UnitStep(unit, before.epoch(), before.epoch() + 1);
    append(
        OwnershipEntry.Kind.TAKEOVER, step, admission(ActKind.FAILOVER, step, talk.node(), rival));
    talk.wires()
        .send(
            Topics.DELTAS,
            unit,
            deltas.encode(
                Delta.barrier(unit, step.newEpoch(), rival.id(), System.currentTimeMillis())));
    Owned released =
        log.await(
            talk.patienceMillis(),
            record -> {
              fold(record);
              Owned now = fold.owned(unit);
              return now != null && now.epoch() == step.newEpoch() && now.released() ? now : null;
            });
    talk.found(
        2,
        8,
        "A deposed owner that was serving says that it answers no more (RELEASE).",
        released != null,
        released == null
            ? "no RELEASE within " + talk.patienceMillis() + " ms"
            : "released epoch " + before.epoch());
    return step;
  }

  /** An order that the log has overtaken: its step belongs to the rival now. */
  private void overtaken(UnitStep taken) {
    Admission late = admission(ActKind.FAILOVER, taken, rival, talk.node());
    talk.refused(
        2,
        7,
        "A takeover that the log has overtaken is refused.",
        promote(late, taken),
        talk.signed(late, key),
        CommandAck.Code.WRONG_EPOCH);
    readLog();
    Owned now = Objects.requireNonNull(fold.owned(unit));
    talk.found(
        2,
        8,
        "Who was deposed takes nothing back by itself.",
        now.epoch() == taken.newEpoch() && now.owner().equals(rival),
        unit + " is owned by " + now.owner() + " at epoch " + now.epoch());
  }

  private void giveBack(UnitStep step) {
    Admission admission = admission(ActKind.FAILBACK, step, rival, talk.node());
    io.forestall.schemas.Admission signed = talk.signed(admission, key);
    Command promote = promote(admission, step);
    try (NodeWires.Ear barriers = talk.wires().listen(Topics.DELTAS, unit, false);
        NodeWires.Ear answers = talk.answers(promote)) {
      talk.tell(promote, signed);
      List<OwnershipEntry> counted = new ArrayList<>();
      Owned taken =
          log.await(
              talk.patienceMillis(),
              record -> {
                OwnershipEntry entry = fold(record);
                Owned now = fold.owned(unit);
                if (now != null
                    && now.epoch() == step.newEpoch()
                    && now.owner().equals(talk.node())) {
                  counted.add(Objects.requireNonNull(entry));
                  return now;
                }
                return null;
              });
      talk.found(
          2,
          7,
          "An admitted takeover is appended to the ownership log and counts.",
          taken != null,
          taken == null
              ? "nothing within "
                  + talk.patienceMillis()
                  + " ms; "
                  + unit
                  + " stays with "
                  + rival
                  + ", which is nobody: delete its volume"
              : "epoch " + taken.epoch());
      if (taken == null) {
        return;
      }
      append(OwnershipEntry.Kind.RELEASE, step, null);
      CommandAck done = talk.last(answers, promote, any -> {});
      talk.found(
          2,
          7,
          "The takeover is done once the unit serves.",
          done != null && done.status() == CommandAck.Status.DONE,
          Conversation.said(done));
      // Whoever serves has read its barrier back, so it stands there before the answer.
      boolean[] barrier = new boolean[1];
      barriers.drain(record -> barrier[0] |= isBarrier(record, step.newEpoch()));
      talk.found(
          2,
          2,
          "A new epoch begins with its barrier, before anything is served.",
          barrier[0],
          (barrier[0] ? "" : "no ") + "barrier of epoch " + step.newEpoch());
      talk.repeated(2, 7, promote, signed);
      long[] again = {0};
      log.drain(
          record -> {
            OwnershipEntry entry = fold(record);
            if (entry != null
                && entry.owner().equals(talk.node())
                && entry.kind() == OwnershipEntry.Kind.TAKEOVER
                && entry.steps().stream().anyMatch(each -> each.unit().equals(unit))) {
              again[0]++;
            }
          });
      talk.found(
          2, 7, "The repeat took nothing over again.", again[0] == 0, again[0] + " takeovers");
    }
  }

  private boolean isBarrier(ConsumerRecord<byte[], byte[]> record, long epoch) {
    if (!Conversation.isKey(record, unit) || record.value() == null) {
      return false;
    }
    Delta delta = Conversation.decoded(() -> deltas.decode(record.value()));
    return delta != null && delta.kind() == Delta.Kind.BARRIER && delta.epoch() == epoch;
  }

  private Admission admission(ActKind act, UnitStep step, Subject source, Subject target) {
    return talk.admission(
        act, talk.node(), List.of(step), source, target, Conversation.Window.open());
  }

  private Command promote(Admission admission, UnitStep step) {
    return talk.command(Command.Kind.PROMOTE, admission, List.of(step));
  }

  /** The rival writes to the ownership log. */
  private void append(OwnershipEntry.Kind kind, UnitStep step, @Nullable Admission admission) {
    OwnershipEntry entry =
        new OwnershipEntry(
            talk.pool(),
            kind,
            List.of(step),
            rival,
            1,
            admission,
            admission == null ? Authority.NONE : Authority.VALID,
            rival.id(),
            System.currentTimeMillis());
    talk.wires()
        .send(
            Topics.OWNERSHIP,
            talk.pool(),
            ownership.encode(entry, admission == null ? null : talk.signed(admission, key)));
  }

  private void readLog() {
    log.drain(
        record -> {
          var unused = fold(record);
        });
  }

  /** Takes a record of the log; null when it means nothing. */
  private @Nullable OwnershipEntry fold(ConsumerRecord<byte[], byte[]> record) {
    OwnershipEntry entry =
        record.value() == null
            ? null
            : Conversation.decoded(() -> ownership.decode(record.value(), key.trusted()));
    if (entry != null) {
      var unused = fold.take(record.offset(), entry);
    }
    return entry;
  }

  @Override
  public void close() {
    log.close();
  }
}
