package io.forestall.app.console;

import static io.forestall.app.console.TestingFleet.DAY_MILLIS;
import static io.forestall.app.console.TestingFleet.FIRST_DAY_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FleetViewTest {
  private static final FleetView.Limits SMALL = new FleetView.Limits(100, 8, 64, 3, 2, 4_000, 6);

  private final FleetView view = new FleetView(SMALL);

  @Test
  void keepsTheNewestScoreAndThePastOfADisk() {
    view.fleet("disk/" + TestingFleet.id(0), TestingFleet.entry(0));
    for (int day = 0; day < 3; day++) {
      view.risk(
          "disk/" + TestingFleet.id(0),
          score(TestingFleet.id(0), day, day + 1, 10 * day, Tier.HEALTHY));
    }
    FleetView.Detail detail = detail(TestingFleet.id(0));
    assertThat(detail.entity().rack()).isEqualTo("r-01");
    assertThat(detail.entity().score())
        .isNotNull()
        .extracting("score", "samples")
        .containsExactly(20.0, 3L);
    assertThat(detail.history()).extracting(HistoryPoint::score).containsExactly(0.0, 10.0, 20.0);
    assertThat(detail.history())
        .extracting(HistoryPoint::timeMillis)
        .contains(FIRST_DAY_MILLIS + DAY_MILLIS);
    assertThat(view.status().rowsScored()).isEqualTo(3);
  }

  @Test
  void aRepeatChangesNothing() {
    for (int day = 0; day < 3; day++) {
      view.risk("disk/a", score("a", day, day + 1, day, Tier.WATCH));
    }
    long version = view.version();
    for (int day = 0; day < 3; day++) {
      view.risk("disk/a", score("a", day, day + 1, day, Tier.WATCH));
    }
    assertThat(detail("a").history()).hasSize(3);
    assertThat(view.status().repeats()).isEqualTo(3);
    assertThat(view.status().rowsScored()).isEqualTo(3);
    assertThat(view.version()).isEqualTo(version);
  }

  @Test
  void silenceIsNewsAlthoughItAddsNoSample() {
    view.risk("disk/a", score("a", 0, 1, 5, Tier.HEALTHY));
    Risk silence = score("a", 5, 1, 5, Tier.UNKNOWN);
    silence.setStale(true);
    view.risk("disk/a", silence);
    assertThat(detail("a").history()).extracting(HistoryPoint::stale).containsExactly(false, true);
    // A sample that arrives after the silence is older than the silence, and is news all the same.
    view.risk("disk/a", score("a", 3, 2, 6, Tier.HEALTHY));
    assertThat(detail("a").entity().tier()).isEqualTo(Tier.HEALTHY);
    assertThat(detail("a").history()).extracting(HistoryPoint::timeMillis).isSorted().hasSize(3);
  }

  @Test
  void aTombstoneOfTheFleetEndsTheSubjectButNotTheCount() {
    view.fleet("disk/" + TestingFleet.id(0), TestingFleet.entry(0));
    view.risk("disk/" + TestingFleet.id(0), score(TestingFleet.id(0), 0, 7, 5, Tier.WATCH));
    view.fleet("disk/" + TestingFleet.id(0), null);
    assertThat(view.detail(EntityKind.DISK, TestingFleet.id(0))).isNull();
    assertThat(view.<Integer>tree((tree, version) -> tree.root().children.size())).isZero();
    assertThat(view.status())
        .extracting("entities", "historyPoints", "rowsScored")
        .containsExactly(0, 0L, 7L);
  }

  @Test
  void aTombstoneOfTheRiskForgetsTheScoreAndKeepsThePlace() {
    view.fleet("disk/" + TestingFleet.id(0), TestingFleet.entry(0));
    view.risk("disk/" + TestingFleet.id(0), score(TestingFleet.id(0), 0, 7, 5, Tier.WATCH));
    view.risk("disk/" + TestingFleet.id(0), null);
    view.risk("disk/never-seen", null);
    assertThat(detail(TestingFleet.id(0)).entity().score()).isNull();
    assertThat(view.status().entities()).isEqualTo(1);
  }

  @Test
  void theHistoryOfOneDiskIsARing() {
    for (int day = 0; day < 20; day++) {
      view.risk("disk/a", score("a", day, day + 1, day, Tier.HEALTHY));
    }
    assertThat(detail("a").history())
        .extracting(HistoryPoint::score)
        .containsExactly(12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0);
  }

  @Test
  void whatWasNeverAtRiskIsEvictedFirst() {
    for (int day = 0; day < 8; day++) {
      view.risk("disk/risky", score("risky", day, day + 1, 90, Tier.CRITICAL));
    }
    for (int disk = 0; disk < 30; disk++) {
      view.risk("disk/h" + disk, score("h" + disk, 0, 1, 0, Tier.HEALTHY));
    }
    FleetView.Status status = view.status();
    assertThat(status.historyPoints()).isBetween(1L, (long) SMALL.points());
    assertThat(status.historyEvicted()).isPositive();
    assertThat(detail("risky").history()).hasSize(8);
    // Only the past goes: every newest score is still there.
    assertThat(view.list(RiskQuery.all(100)).items()).allMatch(e -> e.score() != null).hasSize(31);
  }

  @Test
  void entitiesBeyondTheLimitAreCountedAndLeftOut() {
    for (int disk = 0; disk < 105; disk++) {
      view.risk("disk/h" + disk, score("h" + disk, 0, 1, 0, Tier.HEALTHY));
    }
    assertThat(view.status().entities()).isEqualTo(100);
    assertThat(view.status().entitiesRefused()).isEqualTo(5);
  }

  @Test
  void reasonsOfThePastKeepTheirMetrics() {
    List<Reason> reasons =
        List.of(
            new Reason("smart_5_raw", 12.0, 0.5, "small"),
            new Reason("smart_187_raw", 3.0, 2.5, "large"));
    view.risk("disk/a", TestingFleet.risk("a", FIRST_DAY_MILLIS, 1, 60, Tier.WARNING, reasons));
    assertThat(detail("a").history().get(0).reasons())
        .containsExactly(
            new HistoryPoint.Part("smart_187_raw", 3, 2.5),
            new HistoryPoint.Part("smart_5_raw", 12.0, 0.5));
    Reason top = detail("a").entity().topReason();
    assertThat(top).isNotNull().extracting(Reason::getText).isEqualTo("large");
  }

  @Test
  void everyLevelOfTheTreeCountsWhatIsBelowIt() {
    FleetView large = new FleetView();
    TestingFleet fleet = new TestingFleet(large, 500, 1);
    large.risk("disk/" + TestingFleet.id(0), score(TestingFleet.id(0), 0, 1, 95, Tier.CRITICAL));
    large.tree(
        (tree, version) -> {
          assertThat(tree.root().diskCount()).isEqualTo(500);
          assertThat(tree.root().nodes).isEqualTo(12);
          FleetTree.Group rack = Objects.requireNonNull(tree.find("local", "z-1", "r-01"));
          assertThat(rack.disks).containsExactly(359, 0, 0, 0, 1);
          assertThat(rack.nodes).isEqualTo(8);
          assertThat(rack.maxScore()).isEqualTo(95);
          assertThat(rack.worst()).isEqualTo(Tier.CRITICAL);
          assertThat(Objects.requireNonNull(tree.find("local", "z-1", "r-02")).maxScore())
              .isNegative();
          return true;
        });
    fleet.nextDay();
    assertThat(large.status().rowsIn()).isEqualTo(500);
  }

  @Test
  void onlyTheNewestDeadLettersAreKeptAndAllAreCounted() {
    for (int i = 0; i < 5; i++) {
      view.deadLetter(
          TestingFleet.dead(i, i == 0 ? DeadReason.LATE : DeadReason.DUPLICATE, "detail"));
    }
    assertThat(view.deadLetters().newest())
        .extracting(FleetView.DeadEntry::offset)
        .containsExactly(4L, 3L, 2L);
    assertThat(view.deadLetters().byReason())
        .containsEntry(DeadReason.LATE, 1L)
        .containsEntry(DeadReason.DUPLICATE, 4L);
    assertThat(view.status().deadRows()).isEqualTo(5);
  }

  @Test
  void filtersSortsAndPages() {
    view.fleet("disk/" + TestingFleet.id(0), TestingFleet.entry(0));
    view.risk("disk/" + TestingFleet.id(0), score(TestingFleet.id(0), 0, 1, 30, Tier.WATCH));
    view.risk("disk/b", score("b", 0, 1, 70, Tier.WARNING));
    view.risk("disk/c", score("c", 0, 1, 90, Tier.CRITICAL));
    assertThat(ids(Map.of())).containsExactly("c", "b", TestingFleet.id(0));
    assertThat(ids(Map.of("order", "asc"))).containsExactly(TestingFleet.id(0), "b", "c");
    assertThat(ids(Map.of("tier", "warning,critical"))).containsExactly("c", "b");
    assertThat(ids(Map.of("minScore", "70"))).containsExactly("c", "b");
    assertThat(ids(Map.of("rack", "r-01"))).containsExactly(TestingFleet.id(0));
    assertThat(ids(Map.of("q", "tSt"))).containsExactly(TestingFleet.id(0));
    assertThat(ids(Map.of("limit", "1", "offset", "1"))).containsExactly("b");
    assertThat(ids(Map.of("offset", "99"))).isEmpty();
    assertThatThrownBy(() -> ids(Map.of("minScore", "x")))
        .hasMessage("minScore must be a number from 0 to 100");
    assertThatThrownBy(() -> ids(Map.of("limit", "1001"))).hasMessageContaining("1 to 1000");
    assertThatThrownBy(() -> ids(Map.of("tier", "bad")))
        .hasMessageContaining("unknown, healthy, watch");
    assertThatThrownBy(() -> ids(Map.of("limits", "1"))).hasMessageContaining("unknown parameter");
  }

  private List<String> ids(Map<String, String> parameters) {
    return view.list(RiskQuery.parse(parameters)).items().stream().map(EntityRisk::id).toList();
  }

  private FleetView.Detail detail(String id) {
    return Objects.requireNonNull(view.detail(EntityKind.DISK, id), id);
  }

  private static Risk score(String id, int day, long samples, double score, Tier tier) {
    return TestingFleet.risk(
        id, FIRST_DAY_MILLIS + day * DAY_MILLIS, samples, score, tier, List.of());
  }
}
