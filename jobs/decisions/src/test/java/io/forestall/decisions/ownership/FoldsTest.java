package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.STEP;
import static io.forestall.decisions.ownership.Cast.admission;
import static io.forestall.decisions.ownership.Cast.delta;
import static io.forestall.decisions.ownership.Cast.entry;
import static io.forestall.decisions.ownership.Cast.takeover;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.OwnershipEntry.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FoldsTest {

  private static final UnitStep FIRST = new UnitStep("v/0", 0, 1);

  // ---- ownership

  @Test
  void theFirstRecordWithTheRightEpochWins() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, entry(Kind.START, "n-1", 1, FIRST));
    take(fold, 1, entry(Kind.START, "n-2", 1, FIRST));
    take(fold, 2, takeover("n-2", Authority.VALID, admission("a-1", STEP), STEP));
    take(fold, 3, entry(Kind.START, "n-1", 2, STEP));

    assertOwner(fold, "n-2", 2);
    assertThat(fold.nextOffset()).isEqualTo(4);
  }

  @Test
  void aStartNeedsALargerIncarnationAndAModeTheSame() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, entry(Kind.MODE, "n-1", 3, FIRST));
    assertThat(fold.owned("v/0")).as("a mode of nobody's unit").isNull();
    take(fold, 1, entry(Kind.START, "n-1", 3, FIRST));
    take(fold, 2, entry(Kind.START, "n-1", 3, STEP));
    take(fold, 3, entry(Kind.MODE, "n-1", 4, STEP));
    take(fold, 4, entry(Kind.MODE, "n-2", 3, STEP));
    assertOwner(fold, "n-1", 1);
    take(fold, 5, entry(Kind.MODE, "n-1", 3, STEP));
    assertOwner(fold, "n-1", 2);
    take(fold, 6, entry(Kind.START, "n-1", 4, new UnitStep("v/0", 2, 3)));
    assertOwner(fold, "n-1", 3);
  }

  @Test
  void aTakeoverWithoutAGrantIsVoid() {
    Map<String, OwnershipEntry> voids =
        Map.of(
            "forged",
            takeover("n-2", Authority.FORGED, admission("a", STEP), STEP),
            "not checked",
            takeover("n-2", Authority.NONE, admission("a", STEP), STEP),
            "another's",
            takeover("n-3", Authority.VALID, admission("a", STEP), STEP),
            "another step",
            takeover("n-2", Authority.VALID, admission("a", new UnitStep("v/1", 1, 2)), STEP),
            "ended",
            takeover(
                "n-2",
                Authority.VALID,
                admission("a", Admission.State.DONE, ActKind.FAILOVER, STEP),
                STEP),
            "for a prefetch",
            takeover(
                "n-2",
                Authority.VALID,
                admission("a", Admission.State.ADMITTED, ActKind.PREFETCH, STEP),
                STEP),
            "without an admission",
            entry(Kind.TAKEOVER, "n-2", 1, STEP),
            "backwards",
            takeover(
                "n-2",
                Authority.VALID,
                admission("a", new UnitStep("v/0", 1, 1)),
                new UnitStep("v/0", 1, 1)));
    voids.forEach(
        (what, entry) -> {
          OwnershipFold fold = new OwnershipFold();
          take(fold, 0, entry(Kind.START, "n-1", 1, FIRST));
          assertThat(take(fold, 1, entry)).as(what).isEmpty();
          assertOwner(fold, "n-1", 1);
        });
  }

  @Test
  void nobodyTakesOverWhatNobodyOwned() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, takeover("n-2", Authority.VALID, admission("a", FIRST), FIRST));

    assertThat(fold.owned("v/0")).isNull();
  }

  /** Were anything taken after a doubt, two readers could believe in two owners of one epoch. */
  @Test
  void aUnitInDoubtStaysSoWhateverFollows() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, entry(Kind.START, "n-1", 1, FIRST));
    take(fold, 1, takeover("n-2", Authority.UNKNOWN_KEY, admission("a", STEP), STEP));
    assertThat(owned(fold).inDoubt()).isTrue();
    assertThat(take(fold, 2, entry(Kind.MODE, "n-1", 1, STEP))).isEmpty();
    assertThat(take(fold, 3, entry(Kind.START, "n-1", 2, STEP))).isEmpty();
    assertThat(take(fold, 4, takeover("n-2", Authority.VALID, admission("b", STEP), STEP)))
        .isEmpty();
    assertThat(owned(fold).inDoubt()).isTrue();
  }

  @Test
  void aReleaseCountsOnceAndOnlyFromTheFormerOwner() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, entry(Kind.START, "n-1", 1, FIRST));
    assertThat(owned(fold).released()).as("the first has no predecessor").isTrue();
    take(fold, 1, takeover("n-2", Authority.VALID, admission("a", STEP), STEP));
    assertThat(take(fold, 2, entry(Kind.RELEASE, "n-3", 1, STEP))).isEmpty();
    assertThat(take(fold, 3, entry(Kind.RELEASE, "n-1", 1, new UnitStep("v/0", 0, 2)))).isEmpty();
    assertThat(owned(fold).released()).isFalse();
    assertThat(take(fold, 4, entry(Kind.RELEASE, "n-1", 1, STEP)))
        .singleElement()
        .satisfies(change -> assertThat(change.epochStepped()).isFalse());
    assertThat(owned(fold).released()).isTrue();
    assertThat(take(fold, 5, entry(Kind.RELEASE, "n-1", 1, STEP))).isEmpty();
  }

  @Test
  void whatWasFoldedChangesNothing() {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 5, entry(Kind.START, "n-1", 1, FIRST));

    assertThat(take(fold, 5, entry(Kind.START, "n-1", 2, STEP))).isEmpty();
    assertThat(take(fold, 4, entry(Kind.START, "n-1", 2, STEP))).isEmpty();
  }

  // ---- deltas

  @Test
  void deltasCountInTheirEpochWithoutAHole() {
    DeltaFold fold = new DeltaFold();
    assertThat(fold.take(delta(1, 1, "c/1", 1))).isEqualTo(Verdict.GAP);
    assertThat(fold.take(Delta.barrier("v/0", 1, "n-1", 0))).isEqualTo(Verdict.BARRIER);
    assertThat(fold.take(delta(1, 1, "c/1", 1))).isEqualTo(Verdict.COUNTS);
    assertThat(fold.take(delta(1, 1, "c/1", 1))).isEqualTo(Verdict.REPEAT);
    assertThat(fold.take(delta(1, 3, "c/1", 3))).isEqualTo(Verdict.GAP);
    assertThat(fold.take(Delta.barrier("v/0", 3, "n-1", 0))).isEqualTo(Verdict.BARRIER);
    assertThat(fold.take(Delta.barrier("v/0", 2, "n-1", 0))).isEqualTo(Verdict.LATE_BARRIER);
    assertThat(fold.take(Delta.barrier("v/0", 3, "n-1", 0))).isEqualTo(Verdict.LATE_BARRIER);
    assertThat(fold.take(delta(2, 2, "c/1", 2))).isEqualTo(Verdict.FENCED);
    assertThat(fold.take(delta(3, 2, "c/1", 2))).isEqualTo(Verdict.COUNTS);
    assertThat(fold.take(delta(4, 3, "c/1", 3))).isEqualTo(Verdict.GAP);
    assertThat(fold.lastSequence()).isEqualTo(2);
    assertThat(fold.epoch()).isEqualTo(3);
    assertThat(fold.requests().contains("c/1", 2)).isTrue();
    assertThat(fold.requests().contains("c/1", 3)).isFalse();
  }

  @Test
  void theRunningHashIsThatOfWhatCountedOnly() {
    DeltaFold one = new DeltaFold();
    one.take(Delta.barrier("v/0", 1, "n-1", 0));
    one.take(delta(1, 1, "c/1", 1));
    DeltaFold other =
        new DeltaFold(1, one.lastSequence(), one.chain(), RequestMemory.of(one.requests().kept()));
    DeltaFold third = new DeltaFold();
    third.take(Delta.barrier("v/0", 1, "n-1", 0));
    third.take(delta(1, 1, "c/1", 1));
    third.take(Delta.barrier("v/0", 2, "n-2", 0));
    third.take(delta(1, 2, "c/1", 7));
    assertThat(third.chain()).isEqualTo(one.chain()).isEqualTo(other.chain()).isNotZero();
    one.take(delta(1, 2, "c/1", 2));
    other.take(delta(1, 2, "c/1", 2));
    third.take(delta(2, 2, "c/1", 2));

    assertThat(third.chain()).isEqualTo(one.chain()).isEqualTo(other.chain());
  }

  @Test
  void otherDataGivesAnotherHash() {
    Delta same = delta(1, 1, "c/1", 1);
    Set<Long> chains = new HashSet<>();
    List<Delta> others =
        List.of(
            same,
            with(same, Delta.Kind.ZERO, 0, 4096, 0),
            with(same, Delta.Kind.WRITE, 4096, 4096, 0),
            with(same, Delta.Kind.WRITE, 0, 8192, 0),
            with(same, Delta.Kind.WRITE, 0, 4096, 1));
    for (Delta each : others) {
      DeltaFold fold = new DeltaFold();
      fold.take(Delta.barrier("v/0", 1, "n-1", 0));
      fold.take(each);
      chains.add(fold.chain());
    }
    assertThat(chains).hasSize(others.size());
  }

  // ---- requests

  /** Against a plain set, in the disorder that retries make. */
  @Test
  void requestsAreRememberedWithinTheirWindow() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    Random random = new Random(seed);
    RequestMemory memory = new RequestMemory();
    Map<String, Set<Long>> all = new HashMap<>();
    Map<String, Long> newest = new HashMap<>();
    for (int round = 0; round < 20_000; round++) {
      String client = "c-" + random.nextInt(3) + "/1";
      long top = newest.getOrDefault(client, 0L);
      long request =
          switch (random.nextInt(20)) {
            case 0 -> top + random.nextInt(6_000);
            case 1, 2 -> Math.max(0, top - random.nextInt(RequestMemory.MAX_IN_FLIGHT_SPAN));
            default -> top + 1 + random.nextInt(3);
          };
      memory.add(client, request);
      all.computeIfAbsent(client, key -> new HashSet<>()).add(request);
      newest.merge(client, request, Math::max);
      if (random.nextInt(1_000) == 0) {
        memory = RequestMemory.of(memory.kept());
      }
      long probe =
          Math.max(0, newest.getOrDefault(client, 0L) - random.nextInt(RequestMemory.WINDOW) + 5);
      Set<Long> known = all.getOrDefault(client, Set.of());
      assertThat(memory.contains(client, probe))
          .as("seed %d, round %d, request %d of %s", seed, round, probe, client)
          .isEqualTo(known.contains(probe));
      assertThat(memory.isStale(client, probe))
          .as("seed %d, round %d", seed, round)
          .isEqualTo(probe <= newest.getOrDefault(client, 0L) - RequestMemory.MAX_IN_FLIGHT_SPAN);
    }
  }

  @Test
  void theSecondRequestMayBeMuchOlderThanTheFirst() {
    RequestMemory memory = new RequestMemory();
    memory.add("c/1", 1_000);
    memory.add("c/1", 10);

    assertThat(memory.contains("c/1", 1_000)).isTrue();
    assertThat(memory.contains("c/1", 10)).isTrue();
    assertThat(memory.contains("c/1", 11)).isFalse();
    assertThat(memory.contains("c/2", 10)).isFalse();
  }

  @Test
  void theClientThatWasQuietLongestIsForgottenFirst() {
    RequestMemory memory = new RequestMemory();
    for (int client = 0; client < RequestMemory.MAX_CLIENTS; client++) {
      memory.add("c-" + client, 1);
    }
    memory.add("c-0", 2);
    memory.add("another", 1);

    assertThat(memory.contains("c-0", 1)).isTrue();
    assertThat(memory.contains("c-1", 1)).isFalse();
    assertThat(memory.kept()).hasSize(RequestMemory.MAX_CLIENTS);
  }

  @Test
  void aCheckpointOfAnotherLengthIsRefused() {
    assertThatThrownBy(
            () -> RequestMemory.of(List.of(new RequestMemory.Kept("c/1", 1, new long[2]))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("c/1");
  }

  @ParameterizedTest
  @EnumSource(
      value = ActKind.class,
      names = {"MIGRATE", "FAILOVER", "SWITCHOVER", "FAILBACK", "DRAIN"})
  void actsThatChangeOwnersGrantTakeovers(ActKind act) {
    OwnershipFold fold = new OwnershipFold();
    take(fold, 0, entry(Kind.START, "n-1", 1, FIRST));
    take(
        fold,
        1,
        takeover(
            "n-2", Authority.VALID, admission("a", Admission.State.ADMITTED, act, STEP), STEP));

    assertOwner(fold, "n-2", 2);
  }

  private static List<OwnershipFold.Change> take(
      OwnershipFold fold, long offset, OwnershipEntry entry) {
    return fold.take(offset, entry);
  }

  private static Owned owned(OwnershipFold fold) {
    Owned owned = fold.owned("v/0");
    if (owned == null) {
      throw new AssertionError("nobody owns it");
    }
    return owned;
  }

  private static void assertOwner(OwnershipFold fold, String node, long epoch) {
    assertThat(owned(fold).owner()).isEqualTo(Subject.node(node));
    assertThat(owned(fold).epoch()).isEqualTo(epoch);
  }

  private static Delta with(Delta delta, Delta.Kind kind, long offset, long length, int plainCrc) {
    return new Delta(
        delta.unit(),
        delta.epoch(),
        delta.sequence(),
        kind,
        offset,
        length,
        delta.codec(),
        delta.payload(),
        delta.encodedCrc(),
        plainCrc,
        delta.owner(),
        delta.client(),
        delta.request(),
        delta.batch(),
        delta.timeMillis());
  }
}
