package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport.RangeDigest;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ShadowStreamTest {

  private static final String UNIT = "v/0";
  private static final long MIB = 1 << 20;
  private static final Subject OWNER = Subject.node("n-1");
  private static final Subject REPLICA = Subject.node("n-2");
  private static final Subject SHADOW = Subject.node("n-7");
  private static final Subject OTHER = Subject.node("n-8");
  private static final StreamPolicy POLICY = new StreamPolicy(60_000, 10_000, 1_000, 5_000);

  private final ShadowStream stream = new ShadowStream(POLICY);
  private StreamState state = stream.empty(UNIT);
  private final Map<String, byte[]> rows = new TreeMap<>();
  private long nowMillis = 1_767_225_600_000L;
  private long offset;
  private long run = 1;

  // ---- how a stream begins

  @Test
  void aUnitWithoutShadowsIsNotRemembered() {
    assertThat(says(write(1, 1, 0))).isEmpty();
    assertThat(says(report(OWNER, 1, 1))).isEmpty();
    assertThat(says(mapped(List.of()))).isEmpty();
    assertThat(state.isEmpty()).isTrue();
    assertThat(state.takeChanges()).isEmpty();
    assertThat(stream.alarmMillis(state)).isEqualTo(Decider.NO_ALARM);
  }

  @Test
  void aStreamBeginsWithTheWholeUnitWhereAHolderSaysThatItIs() {
    assertThat(steps(mapped(List.of(SHADOW)))).as("nobody knows where").isEmpty();
    assertThat(steps(report(OWNER, 3, 40)))
        .containsExactly(resync(SHADOW, 3, 40, -1, new Range(0, 8 * MIB)));
    assertThat(steps(report(REPLICA, 3, 40))).as("said already").isEmpty();
  }

  @Test
  void whatAShadowSaysOfTheHistoryProvesNothing() {
    says(mapped(List.of(SHADOW)));
    assertThat(steps(report(SHADOW, 3, 40))).isEmpty();
  }

  @Test
  void whatIsReadBeforeAHolderConfirmsItIsFetchedAndWhatComesLaterIsSent() {
    says(mapped(List.of(SHADOW)));
    says(report(OWNER, 3, 40));
    assertThat(steps(write(3, 41, 5 * MIB))).as("behind what may be lost").isEmpty();
    assertThat(steps(write(3, 42, 5 * MIB))).isEmpty();
    assertThat(steps(report(OWNER, 3, 41)))
        .as("nothing was lost: what changed since, as far as the log is read")
        .containsExactly(resync(SHADOW, 3, 42, 40, new Range(5 * MIB, MIB)));
    StreamInput.Read next = write(3, 43, 0);
    assertThat(steps(next))
        .containsExactly(ShadowStep.of(SHADOW, 42, next.delta(), 0, next.offset()));
  }

  @Test
  void anIdleUnitThatFailsOverAtOnceIsNotFetchedAgain() {
    says(mapped(List.of(SHADOW)));
    says(report(OWNER, 3, 40));
    says(barrier(4));
    says(write(4, 41, 2 * MIB));
    assertThat(steps(report(OWNER, 4, 41)))
        .containsExactly(resync(SHADOW, 4, 41, 40, new Range(2 * MIB, MIB)));
  }

  @Test
  void deltasThatWereReadBeforeTheUnitWasMappedAreNoLoss() {
    says(mapped(List.of(SHADOW)));
    says(report(OWNER, 3, 40));
    // 41 to 45 were passed over: nobody knew of a shadow then.
    assertThat(steps(write(3, 46, 0))).isEmpty();
    keep();
    state = restored();
    List<StreamOutput> said = says(report(OWNER, 3, 46));
    assertThat(steps(said)).containsExactly(resync(SHADOW, 3, 46, -1, new Range(0, 8 * MIB)));
    assertThat(events(said)).isEmpty();
    StreamInput.Read next = write(3, 47, 0);
    assertThat(steps(next))
        .containsExactly(ShadowStep.of(SHADOW, 46, next.delta(), 0, next.offset()));
    run++;
    says(write(3, 60, 0));
    assertThat(events(says(report(OWNER, 3, 60)))).as("from there on it is one").hasSize(1);
  }

  @Test
  void aShadowThatComesLaterBeginsWhereTheStreamIs() {
    begun();
    assertThat(steps(mapped(List.of(SHADOW, OTHER))))
        .containsExactly(resync(OTHER, 3, 41, -1, new Range(0, 8 * MIB)));
    StreamInput.Read next = write(3, 42, 0);
    assertThat(steps(next)).extracting(ShadowStep::shadow).containsExactly(SHADOW, OTHER);
  }

  // ---- what counts

  @Test
  void whatNeverHappenedIsNotSent() {
    begun();
    assertThat(steps(write(3, 41, 0))).as("a repeat").isEmpty();
    assertThat(steps(write(3, 43, 0))).as("behind a hole").isEmpty();
    assertThat(steps(barrier(3))).as("a late barrier").isEmpty();
    assertThat(steps(write(2, 42, 0))).as("an epoch that is over").isEmpty();
    StreamInput.Read barrier = barrier(5);
    assertThat(steps(barrier))
        .containsExactly(ShadowStep.of(SHADOW, 41, barrier.delta(), 0, barrier.offset()));
    assertThat(steps(write(3, 42, 0))).as("fenced").isEmpty();
    StreamInput.Read next = write(5, 42, 0);
    assertThat(steps(next))
        .containsExactly(ShadowStep.of(SHADOW, 41, next.delta(), 0, next.offset()));
  }

  @Test
  void behindABreakOfTheLogEvenTheNextNumberIsInDoubt() {
    begun();
    run++;
    assertThat(steps(write(3, 42, 0))).as("a barrier may have been lost before it").isEmpty();
    // It was: what was read had been fenced.
    says(write(4, 42, MIB));
    List<StreamOutput> said = says(report(OWNER, 4, 42));
    assertThat(steps(said)).containsExactly(resync(SHADOW, 4, 42, -1, new Range(0, 8 * MIB)));
    assertThat(events(said)).extracting(FleetEvent::type).containsExactly(StreamEvents.LOST);
  }

  @Test
  void anEpochThatBeganWithoutADeltaWasLostAndNothingElse() {
    begun();
    run++;
    assertThat(steps(write(3, 42, 5 * MIB))).isEmpty();
    assertThat(steps(report(OWNER, 4, 41)))
        .as("a RESYNC names at least something")
        .containsExactly(resync(SHADOW, 4, 41, 41, new Range(5 * MIB, MIB)));
  }

  @Test
  void aDamagedRecordIsADoubtThatAHolderEnds() {
    begun();
    says(new StreamInput.Damaged(0, offset++, run));
    assertThat(steps(write(3, 42, 3 * MIB))).isEmpty();
    assertThat(steps(report(OWNER, 3, 42)))
        .as("others could not read it either")
        .containsExactly(resync(SHADOW, 3, 42, 41, new Range(3 * MIB, MIB)));
  }

  @Test
  void whatWasLostIsFetchedWithTheWholeUnit() {
    begun();
    run++;
    says(write(3, 60, 0));
    List<StreamOutput> said = says(report(OWNER, 3, 60));
    assertThat(steps(said)).containsExactly(resync(SHADOW, 3, 60, -1, new Range(0, 8 * MIB)));
    FleetEvent event = events(said).get(0);
    assertThat(event.severity()).isEqualTo(Severity.WARNING);
    assertThat(event.entity()).isEqualTo(new Subject(Subject.Kind.SEGMENT, UNIT));
    assertThat(event.summary()).contains("41").contains("60");
  }

  @Test
  void aHolderThatStaysAheadShowsThatTheEndOfTheLogIsLost() {
    begun();
    assertThat(steps(report(OWNER, 3, 45))).isEmpty();
    nowMillis += POLICY.lostMillis() - 1;
    assertThat(steps(report(OWNER, 3, 45))).isEmpty();
    nowMillis += 1;
    assertThat(steps(report(OWNER, 3, 46)))
        .containsExactly(resync(SHADOW, 3, 46, -1, new Range(0, 8 * MIB)));
  }

  @Test
  void aHolderIsAheadOfAReaderThatIsBehind() {
    begun();
    says(report(OWNER, 3, 45));
    nowMillis += POLICY.lostMillis();
    assertThat(steps(new StreamInput.Reported(report(OWNER, 3, 45).report(), true))).isEmpty();
    nowMillis += POLICY.lostMillis() - 1;
    assertThat(steps(report(OWNER, 3, 45))).as("counted from where it caught up").isEmpty();
  }

  @Test
  void aHolderThatHasWhatStandsBehindAHoleShowsALoss() {
    begun();
    says(write(3, 43, 0));
    assertThat(steps(report(OWNER, 3, 43))).as("where the log is, comes with it").isEmpty();
    says(write(3, 44, 0));
    assertThat(steps(report(OWNER, 3, 44)))
        .containsExactly(resync(SHADOW, 3, 44, -1, new Range(0, 8 * MIB)));
  }

  @Test
  void aHistoryThatCannotBeTheStreamsShowsALoss() {
    begun();
    says(barrier(6));
    says(write(6, 42, 0));
    // More deltas in a lower epoch than the stream has in a higher one.
    says(report(OWNER, 4, 50));
    assertThat(steps(write(6, 43, 0))).isEmpty();
  }

  // ---- what a shadow asks for

  @Test
  void aShadowBehindAGapFetchesWhatChangedBehindIt() {
    begun();
    says(write(3, 42, 0));
    says(write(3, 43, 2 * MIB));
    says(write(3, 44, 6 * MIB - 4096));
    assertThat(steps(needs(SHADOW, 3, 42)))
        .containsExactly(
            resync(SHADOW, 3, 44, 42, new Range(2 * MIB, MIB), new Range(5 * MIB, MIB)));
    nowMillis += POLICY.resyncMillis() - 1;
    assertThat(steps(needs(SHADOW, 3, 42))).as("it is on its way").isEmpty();
    nowMillis += 1;
    assertThat(steps(needs(SHADOW, 3, 42))).hasSize(1);
    nowMillis += POLICY.resyncMillis();
    assertThat(steps(needs(SHADOW, 3, 42))).as("each time it waits longer").isEmpty();
    nowMillis += POLICY.resyncMillis();
    assertThat(steps(needs(SHADOW, 3, 42))).hasSize(1);
  }

  @Test
  void aShadowThatKnowsNothingFetchesTheWholeUnit() {
    begun();
    assertThat(steps(needs(SHADOW, 0, 0)))
        .as("said before it read where its stream begins")
        .isEmpty();
    nowMillis += POLICY.resyncMillis();
    assertThat(steps(needs(SHADOW, 0, 0)))
        .containsExactly(resync(SHADOW, 3, 41, -1, new Range(0, 8 * MIB)));
  }

  @Test
  void aShadowThatIsAheadOfTheStreamWaitsForIt() {
    begun();
    assertThat(steps(needs(SHADOW, 3, 44))).isEmpty();
  }

  @Test
  void aShadowThatStandsStillHasLostTheLastSteps() {
    begun();
    says(write(3, 42, 3 * MIB));
    says(report(SHADOW, 3, 41));
    nowMillis += POLICY.lostMillis() - 1;
    assertThat(steps(report(SHADOW, 3, 41))).isEmpty();
    nowMillis += 1;
    assertThat(steps(report(SHADOW, 3, 41)))
        .containsExactly(resync(SHADOW, 3, 42, 41, new Range(3 * MIB, MIB)));
  }

  // ---- digests

  @Test
  void digestsThatAgreeVerifyAPassOverTheUnit() {
    verified();
    for (long at = 0; at < 8; at++) {
      assertThat(standing(SHADOW).verifiedRound()).as("range %d", at).isZero();
      says(digest(OWNER, true, 41, 2, at * MIB, 5, 5));
      assertThat(events(says(digest(SHADOW, false, 41, 2, at * MIB, 5, 5)))).isEmpty();
    }
    nowMillis += 1000;
    assertThat(standing(SHADOW).verifiedRound()).isEqualTo(2);
    assertThat(standing(SHADOW).verifiedMillis()).isNotNull();
  }

  @Test
  void digestsOfDifferentMomentsAreNotCompared() {
    verified();
    says(digest(OWNER, true, 41, 2, 0, 5, 5));
    assertThat(events(says(digest(SHADOW, false, 42, 2, 0, 6, 6)))).isEmpty();
    assertThat(events(says(digest(SHADOW, false, 41, 3, 0, 6, 6)))).isEmpty();
    assertThat(events(says(digest(SHADOW, false, 41, 2, MIB, 6, 6)))).isEmpty();
    assertThat(standing(SHADOW).verifiedMillis()).isNull();
  }

  @Test
  void aShadowWhoseBytesAreNotWhatItWroteIsWrong() {
    verified();
    List<StreamOutput> said = says(digest(SHADOW, false, 41, 2, MIB, 6, 5));
    assertThat(steps(said)).containsExactly(resync(SHADOW, 3, 41, 41, new Range(MIB, MIB)));
    FleetEvent event = events(said).get(0);
    assertThat(event.type()).isEqualTo("copy.diverged");
    assertThat(event.severity()).isEqualTo(Severity.ERROR);
    assertThat(event.entity()).isEqualTo(SHADOW);
    assertThat(event.labels()).containsEntry("attributed", "stored-checksum");
    assertThat(event.values()).containsEntry("offset", (double) MIB);
    nowMillis += 1000;
    assertThat(standing(SHADOW).state()).isEqualTo("DIVERGED");
    assertThat(events(says(digest(OWNER, true, 41, 2, MIB, 5, 5))))
        .as("the bytes are on their way")
        .isEmpty();
    says(report(SHADOW, 3, 41));
    nowMillis += 1000;
    assertThat(standing(SHADOW).state()).isEqualTo("IN_SYNC");
    assertThat(standing(SHADOW).divergences()).isEqualTo(1);
    assertThat(event.id()).isEqualTo("copy.diverged/node/n-7/v/0/2/" + MIB);
  }

  @Test
  void anOwnerWhoseBytesAreNotWhatItWroteIsWrongAndItsShadowIsNot() {
    verified();
    List<StreamOutput> said = says(digest(OWNER, true, 41, 2, MIB, 6, 5));
    assertThat(events(said))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.entity()).isEqualTo(OWNER);
              assertThat(event.severity()).isEqualTo(Severity.CRITICAL);
            });
    said = says(digest(SHADOW, false, 41, 2, MIB, 5, 5));
    assertThat(events(said)).isEmpty();
    assertThat(steps(said)).isEmpty();
  }

  @Test
  void twoCopiesThatDifferThoughEachIsWhatItWroteAreNobodysFault() {
    verified();
    says(digest(OWNER, true, 41, 2, MIB, 5, 5));
    List<StreamOutput> said = says(digest(SHADOW, false, 41, 2, MIB, 6, 6));
    assertThat(events(said))
        .singleElement()
        .satisfies(event -> assertThat(event.labels()).containsEntry("attributed", "none"));
    assertThat(steps(said)).containsExactly(resync(SHADOW, 3, 41, 41, new Range(MIB, MIB)));
  }

  @Test
  void whoKeepsNoChecksumsIsBelieved() {
    verified();
    HolderReport bare =
        report(
            3, 41, OWNER, true, 2, List.of(new RangeDigest(0, MIB, of(5), new byte[0])), 0, false);
    says(new StreamInput.Reported(bare, false));
    assertThat(events(says(digest(SHADOW, false, 41, 2, 0, 5, 5)))).isEmpty();
    assertThat(standing(SHADOW).verifiedMillis()).isNotNull();
  }

  @Test
  void aShadowThatStillFetchesIsNotCompared() {
    begun();
    HolderReport fetching =
        report(3, 41, SHADOW, false, 2, List.of(new RangeDigest(0, MIB, of(6), of(6))), 9, false);
    says(new StreamInput.Reported(fetching, false));
    assertThat(events(says(digest(OWNER, true, 41, 2, 0, 5, 5)))).isEmpty();
  }

  @Test
  void digestsThatNobodyAnswersDoNotPileUp() {
    verified();
    for (int i = 0; i < 10_000; i++) {
      says(digest(OWNER, true, 100 + i, 2, 0, 5, 5));
    }
    assertThat(row(state.takeChanges(), "digests").length).isLessThan(10_000);
  }

  // ---- standings

  @Test
  void aStateThatWasPutAwayDoesNotTellAgainWhatWasTold() {
    begun();
    says(report(SHADOW, 3, 41));
    assertThat(standings(wakes())).hasSize(1);
    keep();
    state = restored();
    nowMillis += 100;
    assertThat(standings(wakes())).isEmpty();
    says(write(3, 42, 0));
    keep();
    state = restored();
    nowMillis += 100;
    assertThat(standings(wakes())).as("too soon").isEmpty();
    nowMillis += 900;
    assertThat(standings(wakes())).hasSize(1);
  }

  @Test
  void aShadowIsToldOfAtMostOnceASecond() {
    begun();
    says(report(SHADOW, 3, 41));
    List<StreamOutput> first = wakes();
    assertThat(standings(first)).hasSize(1);
    says(write(3, 42, 0));
    says(write(3, 43, 0));
    nowMillis += 999;
    assertThat(standings(wakes())).isEmpty();
    nowMillis += 1;
    assertThat(standings(wakes()))
        .singleElement()
        .satisfies(
            standing -> {
              assertThat(standing.lagRecords()).isEqualTo(2);
              assertThat(standing.lagBytes()).isEqualTo(2 * 4096);
              assertThat(standing.lagMillis()).isEqualTo(1000);
              assertThat(standing.streamSequence()).isEqualTo(43);
              assertThat(standing.appliedSequence()).isEqualTo(41);
              assertThat(standing.state()).isEqualTo("IN_SYNC");
            });
    nowMillis += 1000;
    assertThat(standings(wakes())).as("nothing changed").isEmpty();
    nowMillis += 4000;
    assertThat(standings(wakes())).as("what only grows older, less often").hasSize(1);
    nowMillis += 1000;
    says(report(SHADOW, 3, 43));
    assertThat(standings(wakes())).extracting(ShadowStanding::lagRecords).containsExactly(0L);
    assertThat(stream.alarmMillis(state)).isEqualTo(Decider.NO_ALARM);
  }

  @Test
  void theStateOfAShadowIsThatOfItsBytes() {
    says(mapped(List.of(SHADOW)));
    assertThat(standing(SHADOW).state()).isEqualTo("COPYING");
    assertThat(standing(SHADOW).text()).contains("begins");
    begun();
    assertThat(stood(report(3, 41, SHADOW, false, 0, List.of(), 77, false)).state())
        .isEqualTo("COPYING");
    assertThat(stood(report(3, 41, SHADOW, false, 0, List.of(), 0, false)).state())
        .isEqualTo("IN_SYNC");
    says(write(3, 42, 0));
    nowMillis += POLICY.inSyncMillis() + 1;
    assertThat(stood(report(3, 41, SHADOW, false, 0, List.of(), 0, false)).state())
        .isEqualTo("CATCHING_UP");
    assertThat(stood(report(3, 41, SHADOW, false, 0, List.of(), 0, true)).state())
        .isEqualTo("CATCHING_UP");
  }

  @Test
  void aShadowThatIsNoneAnyMoreEndsAndTheLastOneLeavesNothing() {
    begun();
    says(mapped(List.of(SHADOW, OTHER)));
    keep();
    assertThat(says(mapped(List.of(OTHER)))).contains(new StreamOutput.Ended(UNIT, SHADOW));
    keep();
    assertThat(rows.keySet()).noneMatch(row -> row.contains("n-7"));
    assertThat(says(new StreamInput.Unmapped(99)))
        .containsExactly(new StreamOutput.Ended(UNIT, OTHER));
    keep();
    assertThat(state.isEmpty()).isTrue();
    assertThat(rows).isEmpty();
    assertThat(stream.alarmMillis(state)).isEqualTo(Decider.NO_ALARM);
  }

  @Test
  void anOldMapIsPassedOver() {
    begun();
    says(new StreamInput.Mapped("v", "p1", 9, OWNER, 8 * MIB, 4096, List.of(SHADOW)));
    assertThat(says(new StreamInput.Mapped("v", "p1", 8, OWNER, 8 * MIB, 4096, List.of())))
        .isEmpty();
    assertThat(state.isEmpty()).isFalse();
  }

  @Test
  void moreShadowsThanAreFedAreRefusedWithAWord() {
    List<Subject> many = new ArrayList<>();
    for (int i = 0; i < StreamState.MAX_SHADOWS + 2; i++) {
      many.add(Subject.node("s-" + i));
    }
    List<StreamOutput> said = says(mapped(many));
    assertThat(events(said))
        .singleElement()
        .satisfies(event -> assertThat(event.summary()).contains("10 shadows").contains("retire"));
    assertThat(steps(report(OWNER, 1, 1))).hasSize(StreamState.MAX_SHADOWS);
    assertThat(events(says(mapped(many)))).as("said once").isEmpty();
  }

  @Test
  void aUnitOfAnotherSizeIsFetchedAnew() {
    begun();
    assertThat(steps(new StreamInput.Mapped("v", "p1", 5, OWNER, 16 * MIB, 4096, List.of(SHADOW))))
        .containsExactly(resync(SHADOW, 3, 41, -1, new Range(0, 16 * MIB)));
  }

  // ---- the state

  @Test
  void aStateThatIsRestoredGoesOnAsIfNothingHadBeen() {
    verified();
    says(digest(OWNER, true, 41, 2, 0, 5, 5));
    says(write(3, 42, 2 * MIB));
    says(write(3, 44, 2 * MIB));
    run++;
    says(write(3, 43, 4 * MIB));
    says(report(OWNER, 5, 50));
    keep();
    StreamState other = restored();
    StreamState before = state;
    for (StreamInput input :
        List.of(
            digest(SHADOW, false, 41, 2, 0, 6, 6),
            report(OWNER, 3, 43),
            write(3, 44, MIB),
            needs(SHADOW, 3, 41))) {
      nowMillis += POLICY.resyncMillis();
      state = before;
      List<StreamOutput> one = says(input);
      state = other;
      assertThat(says(input)).usingRecursiveComparison().isEqualTo(one);
      assertThat(one).isNotEmpty();
    }
  }

  @Test
  void onlyWhatChangedIsKept() {
    begun();
    keep();
    assertThat(state.takeChanges()).isEmpty();
    says(write(3, 42, 3 * MIB));
    assertThat(state.takeChanges().keySet())
        .containsExactlyInAnyOrder("order", "marks", "touched/0");
    says(report(SHADOW, 3, 42));
    assertThat(state.takeChanges().keySet()).containsExactlyInAnyOrder("shadow/node/n-7", "marks");
  }

  @Test
  void theStateOfAUnitIsSmall() {
    says(
        new StreamInput.Mapped(
            "v", "p1", 4, OWNER, 1L << 30, 4096, List.of(SHADOW, OTHER, Subject.node("n-9"))));
    says(report(OWNER, 3, 40));
    says(write(3, 41, 0));
    says(report(OWNER, 3, 41));
    for (long i = 42; i < 20_000; i++) {
      says(write(3, i, i * 12_345_678 % (1 << 30) / 4096 * 4096));
    }
    keep();
    assertThat(rows.values().stream().mapToInt(each -> each.length).sum()).isLessThan(12_000);
  }

  @Test
  void aRowOfANewerReleaseIsReadAndADamagedOneIsRefused() {
    begun();
    keep();
    byte[] newer = row(rows, "order").clone();
    newer[0] = 2;
    byte[] longer = java.util.Arrays.copyOf(newer, newer.length + 8);
    StreamState other = stream.empty(UNIT);
    other.restore("order", longer);
    assertThatThrownBy(() -> other.restore("order", java.util.Arrays.copyOf(longer, 5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row order");
    assertThatThrownBy(() -> other.restore("what", new byte[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---- helpers

  /** A stream at (3, 41), with one shadow. */
  private void begun() {
    says(mapped(List.of(SHADOW)));
    says(report(OWNER, 3, 40));
    says(write(3, 41, 0));
    says(report(OWNER, 3, 41));
  }

  /** A stream at (3, 41) whose shadow is whole. */
  private void verified() {
    begun();
    says(report(SHADOW, 3, 41));
  }

  /** A state made from the rows that were kept, the last one first. */
  private StreamState restored() {
    StreamState other = stream.empty(UNIT);
    List<String> names = new ArrayList<>(rows.keySet());
    for (int i = names.size() - 1; i >= 0; i--) {
      other.restore(names.get(i), row(rows, names.get(i)));
    }
    return other;
  }

  private List<StreamOutput> says(StreamInput input) {
    List<StreamOutput> said = new ArrayList<>();
    stream.decide(state, input, nowMillis, said::add);
    return said;
  }

  private List<StreamOutput> wakes() {
    List<StreamOutput> said = new ArrayList<>();
    if (stream.alarmMillis(state) <= nowMillis) {
      stream.wake(state, nowMillis, said::add);
      assertThat(stream.alarmMillis(state)).as("a wake makes progress").isGreaterThan(nowMillis);
    }
    return said;
  }

  private @Nullable ShadowStanding lastStanding;

  private ShadowStanding standing(Subject shadow) {
    for (ShadowStanding each : standings(wakes())) {
      if (each.shadow().equals(shadow)) {
        lastStanding = each;
      }
    }
    return Objects.requireNonNull(lastStanding);
  }

  private ShadowStanding stood(HolderReport report) {
    nowMillis += 1000;
    says(new StreamInput.Reported(report, false));
    return standing(report.node());
  }

  private void keep() {
    state
        .takeChanges()
        .forEach(
            (row, body) -> {
              if (body.length == 0) {
                rows.remove(row);
              } else {
                rows.put(row, body);
              }
            });
  }

  private static byte[] row(Map<String, byte[]> rows, String name) {
    return Objects.requireNonNull(rows.get(name), name);
  }

  private List<ShadowStep> steps(StreamInput input) {
    return steps(says(input));
  }

  private static List<ShadowStep> steps(List<StreamOutput> said) {
    List<ShadowStep> steps = new ArrayList<>();
    for (StreamOutput each : said) {
      if (each instanceof StreamOutput.Sent sent) {
        steps.add(sent.step());
      }
    }
    return steps;
  }

  private static List<FleetEvent> events(List<StreamOutput> said) {
    List<FleetEvent> events = new ArrayList<>();
    for (StreamOutput each : said) {
      if (each instanceof StreamOutput.Noted noted) {
        events.add(noted.event());
      }
    }
    return events;
  }

  private static List<ShadowStanding> standings(List<StreamOutput> said) {
    List<ShadowStanding> standings = new ArrayList<>();
    for (StreamOutput each : said) {
      if (each instanceof StreamOutput.Stood stood) {
        standings.add(stood.standing());
      }
    }
    return standings;
  }

  private ShadowStep resync(Subject shadow, long epoch, long sequence, long from, Range... ranges) {
    return ShadowStep.resync(shadow, UNIT, epoch, sequence, from, List.of(ranges), nowMillis);
  }

  private StreamInput.Mapped mapped(List<Subject> shadows) {
    return new StreamInput.Mapped("v", "p1", 4, OWNER, 8 * MIB, 4096, shadows);
  }

  private StreamInput.Read write(long epoch, long sequence, long at) {
    return read(
        new Delta(
            UNIT,
            epoch,
            sequence,
            Delta.Kind.WRITE,
            at,
            4096,
            "NONE",
            new byte[4096],
            0,
            0,
            "n-1",
            "c-1",
            sequence,
            0,
            nowMillis));
  }

  private StreamInput.Read barrier(long epoch) {
    return read(Delta.barrier(UNIT, epoch, "n-1", nowMillis));
  }

  private StreamInput.Read read(Delta delta) {
    return new StreamInput.Read(delta, 0, offset++, run);
  }

  private StreamInput.Reported report(Subject node, long epoch, long sequence) {
    return new StreamInput.Reported(
        report(epoch, sequence, node, node.equals(OWNER), 0, List.of(), 0, false), false);
  }

  private StreamInput.Reported needs(Subject node, long epoch, long sequence) {
    return new StreamInput.Reported(
        report(epoch, sequence, node, false, 0, List.of(), 0, true), false);
  }

  private StreamInput.Reported digest(
      Subject node, boolean owner, long sequence, long round, long at, int digest, int stored) {
    return new StreamInput.Reported(
        report(
            3,
            sequence,
            node,
            owner,
            round,
            List.of(new RangeDigest(at, MIB, of(digest), of(stored))),
            0,
            false),
        false);
  }

  private static byte[] of(int value) {
    return new byte[] {(byte) value, 1, 2, 3};
  }

  private HolderReport report(
      long epoch,
      long sequence,
      Subject node,
      boolean owner,
      long round,
      List<RangeDigest> ranges,
      long missing,
      boolean needsResync) {
    return new HolderReport(
        UNIT,
        node,
        owner,
        epoch,
        sequence,
        ranges.isEmpty() ? "none" : "sha-256",
        ranges,
        round,
        missing,
        needsResync,
        null,
        nowMillis);
  }
}
