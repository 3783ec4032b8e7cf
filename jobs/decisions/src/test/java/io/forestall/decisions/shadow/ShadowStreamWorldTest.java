package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport.RangeDigest;
import io.forestall.decisions.shadow.ShadowStep.Range;
import io.forestall.decisions.shadow.StreamWorld.Planted;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Streams in random worlds: whatever is lost, a shadow that follows its stream and fetches what a
 * RESYNC names ends with the owner's bytes, and never calls itself whole when it is not. Each
 * planted bug is caught. More seeds with {@code -Dforestall.stream.seeds=100000}.
 */
class ShadowStreamWorldTest {

  private static final int SEEDS = Integer.getInteger("forestall.stream.seeds", 400);
  private static final long FIRST = Long.getLong("forestall.stream.first", 1);

  @Test
  void aShadowThatFollowsItsStreamEndsAsTheOwner() {
    int losses = 0;
    int whole = 0;
    int resyncs = 0;
    long steps = 0;
    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
      StreamWorld world = new StreamWorld(seed, new Planted() {});
      world.live(300);
      if (world.rotted == 0) {
        assertThat(world.diverged).as("seed %d: nothing rots, nothing differs", seed).isEmpty();
      }
      losses += world.losses;
      whole += world.wholeResyncs;
      resyncs += world.resyncs;
      steps += world.stepsSent;
    }
    System.out.printf(
        "%d worlds: %d steps, %d times something was lost, %d resyncs, %d of whole units%n",
        SEEDS, steps, losses, resyncs, whole);
    assertThat(losses).as("something is lost").isPositive();
    assertThat(resyncs - whole).as("some resyncs are of parts").isPositive();
  }

  @Test
  void whatRotsIsFoundAndBlamedOnWhoIsWrong() {
    int found = 0;
    int rotted = 0;
    for (long seed = 1; seed < 200; seed++) {
      StreamWorld world = new StreamWorld(seed, new Planted() {});
      world.live(300);
      rotted += world.rotted;
      found += world.diverged.size();
    }
    assertThat(rotted).isGreaterThan(20);
    assertThat(found).isGreaterThan(10);
  }

  @Test
  void digestsOfDifferentSequencesThatAreComparedAreCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public StreamInput in(StreamInput input) {
                if (input instanceof StreamInput.Reported said
                    && !said.report().ranges().isEmpty()) {
                  HolderReport report = said.report();
                  RangeDigest range = report.ranges().get(0);
                  return new StreamInput.Reported(
                      new HolderReport(
                          report.unit(),
                          report.node(),
                          report.owner(),
                          1,
                          1,
                          report.algorithm(),
                          List.of(
                              new RangeDigest(
                                  0, range.length(), range.digest(), range.storedDigest())),
                          1,
                          0,
                          false,
                          null,
                          report.timeMillis()),
                      said.behind());
                }
                return input;
              }
            });
  }

  @Test
  void aResyncOfTooFewChunksIsCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public List<StreamOutput> out(StreamOutput output) {
                if (output instanceof StreamOutput.Sent sent && sent.step().ranges().size() > 1) {
                  List<Range> ranges = sent.step().ranges();
                  return List.of(with(sent.step(), ranges.subList(0, ranges.size() - 1), 0));
                }
                return List.of(output);
              }
            });
  }

  @Test
  void aResyncInPiecesIsCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public List<StreamOutput> out(StreamOutput output) {
                if (output instanceof StreamOutput.Sent sent && sent.step().ranges().size() > 1) {
                  List<StreamOutput> pieces = new ArrayList<>();
                  for (Range range : sent.step().ranges()) {
                    pieces.add(with(sent.step(), List.of(range), 0));
                  }
                  return pieces;
                }
                return List.of(output);
              }
            });
  }

  @Test
  void aResyncThatPassesOverTheShadowsOwnGapIsCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public List<StreamOutput> out(StreamOutput output) {
                return output instanceof StreamOutput.Sent sent
                        && sent.step().isResync()
                        && sent.step().previousSequence() > 0
                    ? List.of(
                        with(sent.step(), sent.step().ranges(), -sent.step().previousSequence()))
                    : List.of(output);
              }
            });
  }

  @Test
  void aGapThatIsIgnoredIsCaught() {
    caught(
        () ->
            new Planted() {
              private long last = -1;

              @Override
              public StreamInput in(StreamInput input) {
                if (input instanceof StreamInput.Read read
                    && read.delta().kind() != Delta.Kind.BARRIER) {
                  long sequence = read.delta().sequence();
                  last = last < 0 || sequence <= last ? Math.max(last, sequence) : last + 1;
                  return with(read, read.delta().epoch(), sequence <= last ? sequence : last);
                }
                return input;
              }
            });
  }

  @Test
  void anEpochThatIsIgnoredIsCaught() {
    caught(
        () ->
            new Planted() {
              private long highest;

              @Override
              public StreamInput in(StreamInput input) {
                if (input instanceof StreamInput.Read read) {
                  highest = Math.max(highest, read.delta().epoch());
                  return read.delta().kind() == Delta.Kind.BARRIER
                      ? read
                      : with(read, highest, read.delta().sequence());
                }
                return input;
              }
            });
  }

  @Test
  void aLogThatBreaksUnseenIsCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public StreamInput in(StreamInput input) {
                return input instanceof StreamInput.Read read
                    ? new StreamInput.Read(read.delta(), read.partition(), read.offset(), 0)
                    : input;
              }
            });
  }

  @Test
  void aShadowsOwnWordThatIsTakenForProofOfTheLogIsCaught() {
    caught(
        () ->
            new Planted() {
              @Override
              public StreamInput in(StreamInput input) {
                if (input instanceof StreamInput.Reported said && said.report().sequence() > 3) {
                  // As if every holder were as far as it likes to be.
                  HolderReport report = said.report();
                  return new StreamInput.Reported(
                      new HolderReport(
                          report.unit(),
                          report.node(),
                          report.owner(),
                          report.epoch(),
                          report.sequence() + 2,
                          report.algorithm(),
                          List.of(),
                          0,
                          report.missingBytes(),
                          report.needsResync(),
                          null,
                          report.timeMillis()),
                      said.behind());
                }
                return input;
              }
            });
  }

  /** A bug that no seed shows is no test of the world. */
  private static void caught(Supplier<Planted> planted) {
    for (long seed = 1; seed <= 400; seed++) {
      StreamWorld world = new StreamWorld(seed, planted.get());
      try {
        world.live(300);
      } catch (StreamWorld.Violation e) {
        return;
      }
      if (world.rotted == 0 && !world.diverged.isEmpty()) {
        return;
      }
    }
    throw new AssertionError("no seed shows the planted bug");
  }

  private static StreamInput.Read with(StreamInput.Read read, long epoch, long sequence) {
    Delta delta = read.delta();
    return new StreamInput.Read(
        new Delta(
            delta.unit(),
            epoch,
            sequence,
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
            delta.timeMillis()),
        read.partition(),
        read.offset(),
        read.run());
  }

  private static StreamOutput with(ShadowStep step, List<Range> ranges, long addToPrevious) {
    return new StreamOutput.Sent(
        ShadowStep.resync(
            step.shadow(),
            step.unit(),
            step.epoch(),
            step.sequence(),
            step.previousSequence() + addToPrevious,
            ranges,
            step.timeMillis()));
  }
}
