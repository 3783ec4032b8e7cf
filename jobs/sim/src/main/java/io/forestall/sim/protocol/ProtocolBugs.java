package io.forestall.sim.protocol;

import static io.forestall.sim.protocol.ProtocolInvariant.ACCEPTED_WRITES_STAY;
import static io.forestall.sim.protocol.ProtocolInvariant.ACKNOWLEDGED_WRITES_STAY;
import static io.forestall.sim.protocol.ProtocolInvariant.COMES_TO_REST;
import static io.forestall.sim.protocol.ProtocolInvariant.COPIES_ARE_WHOLE;
import static io.forestall.sim.protocol.ProtocolInvariant.DEPOSED_ARE_SILENT;
import static io.forestall.sim.protocol.ProtocolInvariant.FOLDS_AGREE;
import static io.forestall.sim.protocol.ProtocolInvariant.LINEARIZABLE;
import static io.forestall.sim.protocol.ProtocolInvariant.ONCE_ONLY;
import static io.forestall.sim.protocol.ProtocolInvariant.ONE_OWNER_PER_EPOCH;
import static io.forestall.sim.protocol.ProtocolInvariant.ONLY_WHAT_WAS_SIGNED;
import static io.forestall.sim.protocol.ProtocolInvariant.OWNERS_ARE_KEPT;
import static io.forestall.sim.protocol.ProtocolInvariant.ROT_IS_ATTRIBUTED;
import static io.forestall.sim.protocol.ProtocolInvariant.TWO_WITNESSES;
import static io.forestall.sim.protocol.ProtocolInvariant.WORD_IS_KEPT;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.sim.world.Admissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The planted bugs of the protocol: each breaks one rule that nodes, clients or their shells keep,
 * so that a simulator which does not notice it is itself the bug.
 */
public final class ProtocolBugs {
  private ProtocolBugs() {}

  /** All of them. */
  public static List<ProtocolBug> all() {
    return ALL;
  }

  /**
   * The bug of this name; {@code none} for no bug.
   *
   * @throws IllegalArgumentException when there is none of this name
   */
  public static ProtocolBug named(String name) {
    if (name.equals(ProtocolBug.NONE.name())) {
      return ProtocolBug.NONE;
    }
    for (ProtocolBug bug : ALL) {
      if (bug.name().equals(name)) {
        return bug;
      }
    }
    throw new IllegalArgumentException(
        "there is no bug '" + name + "': " + ALL.stream().map(ProtocolBug::name).toList());
  }

  private static NodeAnswer done(long token) {
    return new NodeAnswer(token, NodeAnswer.Outcome.DONE, null, "");
  }

  private static CommandAck doneInstead(CommandAck ack) {
    return new CommandAck(
        ack.command(),
        ack.from(),
        ack.subject(),
        ack.pool(),
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        "",
        ack.duplicate(),
        ack.unit(),
        ack.epoch(),
        ack.appliedSequence(),
        ack.checksum(),
        ack.ownershipOffset(),
        ack.freeBytes(),
        ack.values(),
        ack.incarnation(),
        ack.sequence(),
        ack.timeMillis());
  }

  /** The open request that a delta stands for, null when nobody waits. */
  private static @Nullable Long tokenOf(NodeLife life, Delta delta) {
    String client = delta.client();
    return client == null
        ? null
        : tokenOf(life, delta.unit(), new Delta.Request(client, delta.request()));
  }

  private static @Nullable Long tokenOf(NodeLife life, String unit, Delta.Request request) {
    for (Map.Entry<Long, NodeLife.Pending> each : life.pending.entrySet()) {
      NodeRequest asked = each.getValue().asked;
      if (asked.client().equals(request.client())
          && asked.request() == request.number()
          && asked.unit().equals(unit)) {
        return each.getKey();
      }
    }
    return null;
  }

  private static final List<ProtocolBug> ALL =
      List.of(
          // Invariant 1.
          new ProtocolBug(
              "acknowledges-at-fsync",
              "A write is acknowledged once it is in the journal, before it is in the log.",
              "pauses",
              ACKNOWLEDGED_WRITES_STAY) {
            @Override
            void append(NodeLife life, Delta delta) {
              Long token = tokenOf(life, delta);
              if (token != null) {
                life.answer(done(token));
              }
              life.append(delta);
            }
          },
          new ProtocolBug(
              "acknowledges-before-read-back",
              "A write is acknowledged once it is in the log, whether or not it counts there.",
              "pauses",
              ACKNOWLEDGED_WRITES_STAY,
              DEPOSED_ARE_SILENT) {
            @Override
            void afterAppend(NodeLife life, Delta delta) {
              Long token = tokenOf(life, delta);
              if (token != null && !life.dead()) {
                life.answer(done(token));
              }
            }
          },
          new ProtocolBug(
              "acknowledges-what-it-merges",
              "A write that another one of its batch covers is acknowledged at once: its bytes are"
                  + " not wanted any more.",
              "pauses",
              ACKNOWLEDGED_WRITES_STAY) {
            @Override
            void journal(NodeLife life, long ticket, Delta delta) {
              for (Delta.Request each : delta.merged()) {
                Long token = tokenOf(life, delta.unit(), each);
                if (token != null) {
                  life.answer(done(token));
                }
              }
              life.journal(ticket, delta);
            }
          },
          new ProtocolBug(
              "forgets-what-it-merged",
              "A delta does not say which requests it settles beside its own.",
              "calm",
              COMES_TO_REST) {
            @Override
            void append(NodeLife life, Delta delta) {
              life.append(
                  new Delta(
                      delta.unit(),
                      delta.epoch(),
                      delta.sequence(),
                      delta.kind(),
                      delta.offset(),
                      delta.length(),
                      delta.codec(),
                      delta.payload(),
                      delta.encodedCrc(),
                      delta.plainCrc(),
                      delta.owner(),
                      delta.client(),
                      delta.request(),
                      delta.batch(),
                      delta.timeMillis()));
            }
          },
          new ProtocolBug(
              "promotes-before-drain",
              "A new owner takes its own barrier for read as soon as it has appended it, and serves"
                  + " without what stands before it.",
              "crashes",
              ACKNOWLEDGED_WRITES_STAY,
              FOLDS_AGREE,
              LINEARIZABLE,
              ONCE_ONLY,
              COMES_TO_REST) {
            @Override
            void append(NodeLife life, Delta delta) {
              life.append(delta);
              if (delta.kind() == Delta.Kind.BARRIER) {
                life.readsAtOnce(delta);
              }
            }
          },
          new ProtocolBug(
              "saves-before-it-writes",
              "A checkpoint says that deltas are applied which are not on the medium.",
              "crashes",
              LINEARIZABLE,
              FOLDS_AGREE) {
            @Override
            boolean savesWhatItCovers() {
              return false;
            }
          },
          new ProtocolBug(
              "sequences-used-again",
              "A process that starts again goes on under the epoch of the one that died, with"
                  + " sequences that one has used, and acknowledges what it reads back under them.",
              "crashes",
              ACKNOWLEDGED_WRITES_STAY,
              LINEARIZABLE,
              COMES_TO_REST) {
            @Override
            boolean countsStarts() {
              return false;
            }

            @Override
            void journal(NodeLife life, long ticket, Delta delta) {
              life.bugMemory.put(number(delta), delta);
              life.journal(ticket, delta);
            }

            @Override
            void afterDelta(NodeLife life, Delta delta) {
              Delta mine = life.bugMemory.get(number(delta));
              Long token = mine == null ? null : tokenOf(life, mine);
              if (token != null) {
                life.answer(done(token));
              }
            }

            private static String number(Delta delta) {
              return delta.unit() + " " + delta.epoch() + " " + delta.sequence();
            }
          },
          new ProtocolBug(
              "accepts-beyond-the-bound",
              "In asynchronous mode every write is answered once it is in the journal, however old"
                  + " what is not in the log yet.",
              "asynchronous-crashes",
              ACCEPTED_WRITES_STAY,
              DEPOSED_ARE_SILENT) {
            @Override
            void append(NodeLife life, Delta delta) {
              Long token = tokenOf(life, delta);
              Owned owned = life.readFold().owned(delta.unit());
              life.append(delta);
              if (token != null && owned != null && owned.isAsynchronous()) {
                life.answer(new NodeAnswer(token, NodeAnswer.Outcome.ACCEPTED, owned, ""));
              }
            }
          },
          new ProtocolBug(
              "flushes-at-once",
              "A flush is answered without a look at what is not in the log.",
              "asynchronous-crashes",
              ACCEPTED_WRITES_STAY,
              DEPOSED_ARE_SILENT) {
            @Override
            boolean answers(NodeLife life, NodeRequest request) {
              if (request.kind() != NodeRequest.Kind.FLUSH) {
                return false;
              }
              life.answer(done(request.token()));
              return true;
            }
          },
          new ProtocolBug(
              "forgets-its-journal",
              "An owner that starts again does not write what it had accepted.",
              "asynchronous-crashes",
              ACCEPTED_WRITES_STAY) {
            @Override
            boolean readsItsJournal() {
              return false;
            }
          },
          new ProtocolBug(
              "forgets-what-it-owes",
              "The journal gives up what was written under epochs that are over, though it was"
                  + " accepted and is not in the log: its owner cannot serve without it.",
              "asynchronous-crashes",
              COMES_TO_REST,
              ACCEPTED_WRITES_STAY) {
            @Override
            boolean keepsWhatItOwes() {
              return false;
            }
          },
          // Invariant 2.
          new ProtocolBug(
              "lease-from-the-answer",
              "The read lease runs from when the end of the log was told, not from when it was"
                  + " asked for.",
              "cuts",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            long leaseFromMillis(long askedMillis, long answeredMillis) {
              return answeredMillis;
            }
          },
          new ProtocolBug(
              "lease-without-reading",
              "The read lease is renewed though the log was not read to its end.",
              "cuts",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            boolean looksForTheEnd() {
              return false;
            }
          },
          new ProtocolBug(
              "waits-for-its-own-lease-only",
              "Who takes over waits for its own L, while its predecessor runs with a longer one.",
              "cuts",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            boolean tellsLeases() {
              return false;
            }
          },
          new ProtocolBug(
              "releases-though-never-served",
              "A deposed owner says that nobody answers any more, though it had not become the"
                  + " serving one: the owner before it may still answer.",
              "cuts",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            void afterOwnership(NodeLife life, OwnershipEntry entry) {
              if (entry.kind() != OwnershipEntry.Kind.TAKEOVER) {
                return;
              }
              for (UnitStep step : entry.steps()) {
                Owned owned = life.readFold().owned(step.unit());
                if (owned != null
                    && owned.epoch() == step.newEpoch()
                    && life.self().equals(owned.former())
                    && !life.self().equals(owned.owner())) {
                  life.appendOwnership(
                      new OwnershipEntry(
                          entry.pool(),
                          OwnershipEntry.Kind.RELEASE,
                          List.of(step),
                          life.self(),
                          life.node.incarnation,
                          null,
                          Authority.NONE,
                          life.self().id(),
                          0));
                }
              }
            }
          },
          new ProtocolBug(
              "serves-without-waiting",
              "A new owner takes its predecessor for gone as soon as it has drained.",
              "cuts",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            NodeSettings settings(NodeSettings settings) {
              return new NodeSettings(
                  settings.node(),
                  settings.incarnation(),
                  settings.leaseMillis(),
                  -settings.leaseMillis(),
                  settings.maxPendingRequests(),
                  settings.commandMemoryMillis());
            }
          },
          new ProtocolBug(
              "copies-answer",
              "A node that is not the owner answers reads from its copy.",
              "calm",
              DEPOSED_ARE_SILENT,
              LINEARIZABLE) {
            @Override
            void answer(NodeLife life, NodeAnswer answer) {
              NodeLife.Pending waiting = life.pending.get(answer.token());
              if (waiting != null
                  && waiting.asked.kind() == NodeRequest.Kind.READ
                  && answer.outcome() == NodeAnswer.Outcome.NOT_OWNER) {
                SimulatedNode.Copy copy = life.node.copies.get(waiting.asked.unit());
                if (copy != null) {
                  waiting.read = ProtocolWorld.blocks(copy.blocks, waiting.asked);
                  life.answer(done(answer.token()));
                  return;
                }
              }
              life.answer(answer);
            }
          },
          new ProtocolBug(
              "deposed-acknowledge",
              "A write that was open when its owner was deposed is acknowledged.",
              "pauses",
              DEPOSED_ARE_SILENT,
              ACKNOWLEDGED_WRITES_STAY) {
            @Override
            void answer(NodeLife life, NodeAnswer answer) {
              NodeLife.Pending waiting = life.pending.get(answer.token());
              life.answer(
                  waiting != null
                          && waiting.asked.kind() == NodeRequest.Kind.WRITE
                          && answer.outcome() == NodeAnswer.Outcome.NOT_OWNER
                      ? done(answer.token())
                      : answer);
            }
          },
          // Invariant 3.
          new ProtocolBug(
              "retries-are-new",
              "A request that is asked again has another number: what was done is done twice.",
              "crashes",
              ONCE_ONLY,
              ACKNOWLEDGED_WRITES_STAY,
              LINEARIZABLE) {
            @Override
            NodeRequest request(NodeLife life, NodeRequest request) {
              return new NodeRequest(
                  request.token(),
                  request.client() + "#" + request.request() + Truth.ALIAS + request.token(),
                  0,
                  request.unit(),
                  request.epoch(),
                  request.kind(),
                  request.offset(),
                  request.length(),
                  request.codec(),
                  request.payload(),
                  request.encodedCrc(),
                  request.plainCrc());
            }
          },
          new ProtocolBug(
              "reads-overtake-writes",
              "A read does not wait until what was acknowledged is applied.",
              "calm",
              LINEARIZABLE,
              FOLDS_AGREE) {
            @Override
            boolean appliesBeforeReads() {
              return false;
            }
          },
          // Invariant 6.
          new ProtocolBug(
              "folds-the-last",
              "One node takes the last record with an epoch for the one that counts.",
              "contests",
              FOLDS_AGREE,
              ONE_OWNER_PER_EPOCH,
              DEPOSED_ARE_SILENT,
              ACKNOWLEDGED_WRITES_STAY,
              LINEARIZABLE,
              COMES_TO_REST) {
            @Override
            OwnershipEntry ownership(NodeLife life, OwnershipEntry entry) {
              if (life.node.index != 0 || entry.kind() != OwnershipEntry.Kind.TAKEOVER) {
                return entry;
              }
              Admission admission = entry.admission();
              List<UnitStep> steps = new ArrayList<>();
              for (UnitStep step : entry.steps()) {
                Owned owned = life.readFold().owned(step.unit());
                steps.add(
                    owned != null && owned.epoch() == step.newEpoch()
                        ? new UnitStep(step.unit(), owned.epoch(), owned.epoch() + 1)
                        : step);
              }
              return admission == null
                  ? entry
                  : new OwnershipEntry(
                      entry.pool(),
                      entry.kind(),
                      steps,
                      entry.owner(),
                      entry.incarnation(),
                      Admissions.redirected(admission, admission.target(), steps),
                      entry.authority(),
                      entry.writer(),
                      entry.timeMillis());
            }
          },
          new ProtocolBug(
              "trusts-anybody",
              "Nobody looks at signatures.",
              "contests",
              FOLDS_AGREE,
              ONLY_WHAT_WAS_SIGNED,
              ONE_OWNER_PER_EPOCH,
              DEPOSED_ARE_SILENT,
              WORD_IS_KEPT) {
            @Override
            Authority authority(Authority found) {
              return found == Authority.NONE ? found : Authority.VALID;
            }
          },
          new ProtocolBug(
              "forgets-commands",
              "A restarted node does not know what it has done, and answers otherwise.",
              "contests",
              WORD_IS_KEPT) {
            @Override
            boolean remembersCommands() {
              return false;
            }
          },
          new ProtocolBug(
              "cancels-unread",
              "A restarted node says that an act is cancelled before it has read whether the"
                  + " process before it took over.",
              "crashes",
              WORD_IS_KEPT) {
            @Override
            void ack(NodeLife life, CommandAck ack) {
              life.ack(
                  ack.code() == CommandAck.Code.BUSY
                          && life.readFold().nextOffset() == 0
                          && life.given(ack.command()).kind() == Command.Kind.CANCEL
                      ? doneInstead(ack)
                      : ack);
            }
          },
          // Shadows.
          new ProtocolBug(
              "digests-at-other-sequences",
              "A shadow digests a range a while behind the VERIFY, with what was written since.",
              "shadows",
              ROT_IS_ATTRIBUTED) {
            @Override
            boolean digestsLate() {
              return true;
            }
          },
          new ProtocolBug(
              "digests-what-was-meant",
              "Holders digest what they recorded and do not look at their media.",
              "rot",
              COMES_TO_REST) {
            @Override
            boolean digestsTheMedium() {
              return false;
            }
          },
          new ProtocolBug(
              "repairs-at-once",
              "A damaged block is written as it comes, from a place that the copy has not reached.",
              "rot",
              COPIES_ARE_WHOLE) {
            @Override
            boolean repairsAtOnce() {
              return true;
            }
          },
          new ProtocolBug(
              "retires-while-draining",
              "A node lets go, as the map says, of a shadow that takes over.",
              "shadow-faults",
              OWNERS_ARE_KEPT,
              COMES_TO_REST) {
            @Override
            boolean retiresTakers() {
              return true;
            }

            @Override
            boolean keepsTakers() {
              return false;
            }
          },
          new ProtocolBug(
              "copies-older-ranges",
              "A holder that has not come as far gives what it has: a range that is older than a"
                  + " delta which the shadow has applied.",
              "rot",
              COPIES_ARE_WHOLE,
              FOLDS_AGREE) {
            @Override
            boolean givesOlder() {
              return true;
            }

            @Override
            boolean givesRight() {
              return false;
            }
          },
          new ProtocolBug(
              "gives-while-catching-up",
              "A holder that started again gives blocks that may be newer than its place.",
              "shadow-faults",
              COPIES_ARE_WHOLE) {
            @Override
            boolean givesAnything() {
              return true;
            }
          },
          new ProtocolBug(
              "overwrites-newer-blocks",
              "What was fetched is written over what the stream wrote meanwhile.",
              "shadows",
              COPIES_ARE_WHOLE,
              FOLDS_AGREE) {
            @Override
            boolean overwrites() {
              return true;
            }
          },
          new ProtocolBug(
              "ignores-resync-after-restart",
              "A shadow whose process started again passes over what it is to fetch anew.",
              "shadow-losses",
              COMES_TO_REST) {
            @Override
            @Nullable ShadowStep step(NodeLife life, ShadowStep step) {
              return step.isResync() && life.node.incarnation > 1 ? null : step;
            }
          },
          new ProtocolBug(
              "applies-stale-steps",
              "A shadow applies steps of an old epoch, and those that come again.",
              "shadow-faults",
              COPIES_ARE_WHOLE) {
            @Override
            boolean appliesAnything() {
              return true;
            }
          },
          new ProtocolBug(
              "takes-over-out-of-sync",
              "A shadow takes over that lacks some of the unit.",
              "shadow-faults",
              COPIES_ARE_WHOLE,
              LINEARIZABLE,
              FOLDS_AGREE) {
            @Override
            boolean promotesAnything(ShadowCopy copy) {
              return copy.kept().fold() != null;
            }
          },
          new ProtocolBug(
              "keeps-before-it-writes",
              "What says that a range is there is on the medium before the range.",
              "shadow-faults",
              COPIES_ARE_WHOLE,
              FOLDS_AGREE) {
            @Override
            boolean syncsShadows() {
              return false;
            }
          },
          new ProtocolBug(
              "names-too-little",
              "A RESYNC names only the first of the ranges that changed.",
              "shadow-losses",
              COPIES_ARE_WHOLE,
              FOLDS_AGREE) {
            @Override
            ShadowStep sent(ShadowStep step) {
              if (!step.isResync() || step.previousSequence() < 0) {
                return step;
              }
              ShadowStep.Range first = step.ranges().get(0);
              long length = Math.min(first.length(), ShadowCopy.CHUNK_BYTES);
              return ShadowStep.resync(
                  step.shadow(),
                  step.unit(),
                  step.epoch(),
                  step.sequence(),
                  step.previousSequence(),
                  List.of(new ShadowStep.Range(first.offset(), length)),
                  step.timeMillis());
            }
          },
          // Invariant 7.
          new ProtocolBug(
              "one-witness",
              "One witness is enough to take a node for dead.",
              "sagas",
              TWO_WITNESSES,
              WORD_IS_KEPT) {
            @Override
            int witnesses() {
              return 1;
            }
          });
}
