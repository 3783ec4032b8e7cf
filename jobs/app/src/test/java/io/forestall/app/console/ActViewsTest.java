package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.forestall.app.volume.VolumeView;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ActViewsTest {
  private static final long NOW = TestingActs.NOW_MILLIS;

  private static Incident incident(
      String id, int revision, IncidentState state, Severity severity, long updatedMillis) {
    return Incident.newBuilder()
        .setId(id)
        .setRevision(revision)
        .setState(state)
        .setSeverity(severity)
        .setSummary("look-alike " + id)
        .setSubject(TestingActs.ref(EntityKind.NODE, "n-" + id))
        .setPool(TestingActs.POOL)
        .setPredicted(false)
        .setConfidence(0.9)
        .setRecommendation(ActKind.SHADOW)
        .setRule("rule-" + id.length())
        .setRuleVersion(1)
        .setCorrelationKey("node/n-" + id)
        .setEventCount(revision)
        .setOpenedMillis(1)
        .setUpdatedMillis(updatedMillis)
        .build();
  }

  private static IncidentQuery asked(Map<String, String> parameters) {
    return IncidentQuery.parse(parameters);
  }

  private static List<String> ids(IncidentView view, Map<String, String> parameters) {
    return view.list(asked(parameters)).items().stream().map(IncidentView.Row::id).toList();
  }

  @Test
  void theNewestRecordOfAnIncidentCountsAndARepeatChangesNothing() {
    IncidentView view = new IncidentView(IncidentView.Limits.DEFAULT);
    Incident first = incident("a", 1, IncidentState.OPENED, Severity.WARNING, 10);
    Incident second = incident("a", 2, IncidentState.UPDATED, Severity.CRITICAL, 20);
    view.incident("a", first);
    view.incident("a", second);
    view.incident("a", first);
    view.incident("a", second);
    assertThat(view.figures().repeats()).isEqualTo(2);
    assertThat(view.figures().openBySeverity()[Severity.CRITICAL.ordinal()]).isEqualTo(1);
    assertThat(view.figures().openBySeverity()[Severity.WARNING.ordinal()]).isZero();
    IncidentView.Detail detail = Objects.requireNonNull(view.detail("a"));
    assertThat(detail.revisions())
        .extracting(IncidentView.Revision::revision)
        .containsExactly(1, 2);
    assertThat(detail.incident()).isEqualTo(second);
  }

  @Test
  void anEndCountsEvenWhenARestoredJobNumbersItLower() {
    IncidentView view = new IncidentView(IncidentView.Limits.DEFAULT);
    view.incident("a", incident("a", 7, IncidentState.UPDATED, Severity.ERROR, 20));
    view.incident("a", incident("a", 5, IncidentState.RESOLVED, Severity.ERROR, 30));
    assertThat(Objects.requireNonNull(view.row("a")).open()).isFalse();
    view.incident("a", incident("a", 6, IncidentState.UPDATED, Severity.ERROR, 25));
    assertThat(Objects.requireNonNull(view.row("a")).revision()).isEqualTo(6);
  }

  @Test
  void filtersAndOrdersAsAPersonWould() {
    IncidentView view = new IncidentView(IncidentView.Limits.DEFAULT);
    view.incident("a", incident("a", 1, IncidentState.OPENED, Severity.WARNING, 50));
    view.incident("b", incident("b", 1, IncidentState.OPENED, Severity.CRITICAL, 10));
    view.incident("c", incident("c", 3, IncidentState.RESOLVED, Severity.CRITICAL, 99));
    Incident swallowed = incident("dd", 1, IncidentState.OPENED, Severity.ERROR, 60);
    swallowed.setInhibitedBy("b");
    swallowed.setAffected(List.of(TestingActs.ref(EntityKind.VOLUME, "v-1")));
    view.incident("dd", swallowed);
    assertThat(ids(view, Map.of())).containsExactly("b", "dd", "a");
    assertThat(ids(view, Map.of("state", "all", "sort", "updated")))
        .containsExactly("c", "dd", "a", "b");
    assertThat(ids(view, Map.of("state", "resolved"))).containsExactly("c");
    assertThat(ids(view, Map.of("swallowed", "false"))).containsExactly("b", "a");
    assertThat(ids(view, Map.of("severity", "warning,error"))).containsExactly("dd", "a");
    assertThat(ids(view, Map.of("entity", "volume/v-1"))).containsExactly("dd");
    assertThat(ids(view, Map.of("subject", "node/n-a"))).containsExactly("a");
    assertThat(ids(view, Map.of("rule", "rule-2"))).containsExactly("dd");
    assertThat(ids(view, Map.of("q", "LOOK-ALIKE B"))).containsExactly("b");
    assertThat(ids(view, Map.of("since", "1970-01-01T00:00:00.055Z"))).containsExactly("dd");
    assertThat(ids(view, Map.of("pool", "other"))).isEmpty();
    assertThat(ids(view, Map.of("limit", "1", "offset", "1"))).containsExactly("dd");
    assertThat(Objects.requireNonNull(view.detail("b")).swallowed())
        .extracting(IncidentView.Row::id)
        .containsExactly("dd");
    assertThat(view.figures().swallowed()).isEqualTo(1);
    view.incident("dd", null);
    assertThat(ids(view, Map.of("entity", "volume/v-1"))).isEmpty();
    assertThat(view.figures().swallowed()).isZero();
  }

  @Test
  void whatIsOverGoesFirstAndTheOldestOfItAndTheSumsStayRight() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    IncidentView view = new IncidentView(new IncidentView.Limits(50, 80, 1 << 20));
    Map<String, Incident> model = new TreeMap<>();
    for (int i = 0; i < 4000; i++) {
      String id = "i" + random.nextInt(400);
      Incident before = model.get(id);
      int revision = before == null ? 1 : before.getRevision() + 1;
      IncidentState state = random.nextInt(3) == 0 ? IncidentState.UPDATED : IncidentState.RESOLVED;
      Incident now = incident(id, revision, state, Severity.values()[random.nextInt(5)], i);
      if (random.nextInt(4) == 0) {
        now.setInhibitedBy("i" + random.nextInt(400));
      }
      view.incident(id, now);
      model.put(id, now);
      FleetView.Page<IncidentView.Row> all =
          view.list(asked(Map.of("state", "all", "limit", "1000")));
      assertThat(view.figures().held()).as("seed %d", seed).isEqualTo(all.total());
      if (i % 50 != 0) {
        continue;
      }
      int[] counts = new int[Severity.values().length];
      int swallowed = 0;
      TreeSet<Long> resolved = new TreeSet<>();
      for (IncidentView.Row row : all.items()) {
        assertThat(row.revision())
            .as("seed %d", seed)
            .isEqualTo(Objects.requireNonNull(model.get(row.id())).getRevision());
        if (row.open() && row.inhibitedBy() == null) {
          counts[row.severity().ordinal()]++;
        } else if (row.open()) {
          swallowed++;
        } else {
          resolved.add(row.updatedMillis());
        }
      }
      assertThat(view.figures().openBySeverity()).as("seed %d", seed).isEqualTo(counts);
      assertThat(view.figures().swallowed()).as("seed %d", seed).isEqualTo(swallowed);
      assertThat(all.total())
          .as("seed %d: more than the limit only while all are open", seed)
          .matches(total -> total <= 50 || (resolved.isEmpty() && total <= 80));
    }
    assertThat(view.figures().bytes()).as("seed %d", seed).isPositive();
    for (String id : model.keySet()) {
      view.incident(id, null);
    }
    assertThat(view.figures().bytes()).as("seed %d", seed).isZero();
    assertThat(view.figures().held()).as("seed %d", seed).isZero();
  }

  @Test
  void bytesAreALimitToo() {
    IncidentView view = new IncidentView(new IncidentView.Limits(1000, 1000, 200_000));
    for (int i = 0; i < 200; i++) {
      Incident big = incident("b" + i, 1, IncidentState.RESOLVED, Severity.INFO, i);
      List<EventRef> events = new ArrayList<>();
      for (int e = 0; e < 300; e++) {
        events.add(
            new EventRef(
                "event-" + e, "t", TestingActs.ref(EntityKind.NODE, "n"), (long) e, false));
      }
      big.setEvents(events);
      view.incident("b" + i, big);
    }
    assertThat(view.figures().bytes()).isBetween(1L, 200_000L);
    assertThat(view.figures().held()).isLessThan(200);
    assertThat(view.row("b199")).isNotNull();
    assertThat(view.row("b0")).isNull();
  }

  @Test
  void theFirstAndTheNewestRevisionsAreKept() {
    IncidentView view = new IncidentView(IncidentView.Limits.DEFAULT);
    for (int i = 1; i <= 100; i++) {
      view.incident("a", incident("a", i, IncidentState.UPDATED, Severity.ERROR, i));
    }
    List<IncidentView.Revision> kept = Objects.requireNonNull(view.detail("a")).revisions();
    assertThat(kept).hasSize(IncidentView.MAX_REVISIONS);
    assertThat(kept.get(0).revision()).isEqualTo(1);
    assertThat(kept.get(1).revision()).isEqualTo(100 - IncidentView.MAX_REVISIONS + 2);
    assertThat(kept.get(kept.size() - 1).revision()).isEqualTo(100);
  }

  private static Proposal proposal(String id, long expiresMillis) {
    Incident of = incident("inc", 1, IncidentState.OPENED, Severity.ERROR, NOW - 60_000);
    return TestingActs.proposal(id, of, expiresMillis);
  }

  private static List<String> decisions(DecisionView view, Map<String, String> parameters) {
    return view.list(DecisionQuery.parse(parameters)).items().stream()
        .map(DecisionView.Row::id)
        .toList();
  }

  @Test
  void aProposalWaitsUntilItsNewestDecisionSaysOtherwiseInAnyOrderOfArrival() {
    Proposal proposal = proposal("p", NOW + 1000);
    Decision waits =
        TestingActs.decision(
            "d1", proposal, DecisionOutcome.WAITING, DecisionCode.APPROVAL_NEEDED, NOW - 3000);
    Decision admitted =
        TestingActs.decision("d2", proposal, DecisionOutcome.ADMITTED, DecisionCode.OK, NOW - 2000);
    Decision ended =
        TestingActs.decision("d3", proposal, DecisionOutcome.ENDED, DecisionCode.COMPLETED, NOW);
    DecisionView forward = new DecisionView(DecisionView.Limits.DEFAULT);
    forward.proposal(proposal);
    forward.decision(waits);
    assertThat(forward.waitingAt(NOW)).isEqualTo(1);
    assertThat(forward.waitingAt(NOW + 1000)).as("it expired").isZero();
    assertThat(forward.waiting()).hasSize(1);
    forward.decision(admitted);
    forward.decision(ended);
    forward.decision(admitted);
    assertThat(forward.waiting()).isEmpty();
    assertThat(forward.figures().repeats()).isEqualTo(1);

    DecisionView backward = new DecisionView(DecisionView.Limits.DEFAULT);
    backward.decision(ended);
    backward.decision(admitted);
    backward.decision(waits);
    backward.proposal(proposal);
    assertThat(backward.waiting()).isEmpty();
    for (DecisionView view : List.of(forward, backward)) {
      assertThat(Objects.requireNonNull(view.detail("d1")).of().decisions())
          .extracting(DecisionView.Row::id)
          .containsExactly("d1", "d2", "d3");
      assertThat(Objects.requireNonNull(view.detail("d2")).proposal()).isEqualTo(proposal);
      assertThat(decisions(view, Map.of())).containsExactly("d3", "d2", "d1");
      assertThat(view.ofIncident("inc")).hasSize(1);
    }
  }

  @Test
  void decisionsAreFoundByWhatTheyAreAbout() {
    ActViews acts = TestingActs.views();
    new TestingActs(acts, 60, 4).feed();
    DecisionView view = acts.decisions();
    List<String> all = decisions(view, Map.of("limit", "1000"));
    List<String> byOutcome = new ArrayList<>();
    for (DecisionOutcome outcome : DecisionOutcome.values()) {
      byOutcome.addAll(
          decisions(view, Map.of("outcome", ConsoleJson.lower(outcome), "limit", "1000")));
    }
    assertThat(byOutcome).containsExactlyInAnyOrderElementsOf(all);
    DecisionView.Row one = view.list(DecisionQuery.parse(Map.of("limit", "1"))).items().get(0);
    String subject = ConsoleJson.lower(one.kind()) + "/" + one.subject();
    assertThat(decisions(view, Map.of("subject", subject))).contains(one.id());
    assertThat(decisions(view, Map.of("incident", String.valueOf(one.incident()))))
        .containsExactly(one.id());
    assertThat(decisions(view, Map.of("proposal", one.proposal()))).containsExactly(one.id());
    assertThat(decisions(view, Map.of("since", Long.toString(one.timeMillis()))))
        .containsExactly(one.id());
    assertThat(decisions(view, Map.of("code", "UNIT_LOCKED,STORM")))
        .isNotEmpty()
        .allMatch(
            id ->
                Objects.requireNonNull(view.detail(id)).row().guardsPassed()
                    == TestingActs.GUARD_COUNT - 1);
    assertThat(decisions(view, Map.of("pool", "none"))).isEmpty();
    assertThat(decisions(view, Map.of("incident", "none"))).isEmpty();
    assertThat(view.pools()).hasSize(1);
    assertThat(view.pools().get(0).guards()).hasSize(TestingActs.GUARD_COUNT);
  }

  @Test
  void whatWaitsIsForgottenLast() {
    DecisionView view = new DecisionView(new DecisionView.Limits(100, 100, 64L << 20));
    for (int i = 0; i < 1000; i++) {
      Proposal proposal = proposal("p" + i, NOW + 1000);
      view.proposal(proposal);
      boolean waits = i % 20 == 0;
      view.decision(
          TestingActs.decision(
              "d" + i,
              proposal,
              waits ? DecisionOutcome.WAITING : DecisionOutcome.REFUSED,
              waits ? DecisionCode.APPROVAL_NEEDED : DecisionCode.DWELL,
              NOW - 1000 + i));
    }
    assertThat(view.figures().proposals()).isEqualTo(100);
    assertThat(view.waitingAt(NOW)).isEqualTo(50);
    assertThat(view.detail("d0")).isNotNull();
    assertThat(view.detail("d1")).isNull();
    assertThat(view.detail("d999")).isNotNull();
    for (int i = 1000; i < 1200; i++) {
      Proposal proposal = proposal("p" + i, NOW + 1000);
      view.decision(
          TestingActs.decision(
              "d" + i, proposal, DecisionOutcome.WAITING, DecisionCode.APPROVAL_NEEDED, NOW + i));
    }
    assertThat(view.figures().proposals()).as("even when all of them wait").isEqualTo(100);
    assertThat(view.ofIncident("inc")).hasSize(100);
  }

  @Test
  void theAdmissionsLogIsFoldedAsTheGuardFoldsIt() throws WireException {
    AdmissionView view = new AdmissionView();
    Admission first = TestingActs.admission("a1", proposal("p1", NOW), 1, 2);
    Admission twin = TestingActs.admission("a2", proposal("p2", NOW), 1, 2);
    Admission second = TestingActs.admission("a3", proposal("p3", NOW), 2, 1);
    view.admission(TestingActs.started(TestingActs.POOL, "one"));
    view.admission(first);
    view.admission(twin);
    view.admission(second);
    view.admission(first);
    AdmissionView.Pool pool = view.pools().get(0);
    assertThat(pool.inFlight()).extracting(AdmissionView.Act::id).containsExactly("a1", "a3");
    assertThat(pool.voids()).isEqualTo(2);
    assertThat(pool.incarnation()).isEqualTo("one");
    assertThat(pool.budgets())
        .filteredOn(budget -> budget.scope().equals("pool/p-01"))
        .singleElement()
        .satisfies(
            budget -> {
              assertThat(budget.inFlight()).isEqualTo(2);
              assertThat(budget.limit()).isEqualTo(3);
            });
    view.admission(TestingActs.ended(first, AdmissionState.GIVEN_BACK));
    view.admission(TestingActs.ended(twin, AdmissionState.DONE));
    assertThat(view.inFlight()).isEqualTo(1);
    assertThat(Objects.requireNonNull(view.act("a1")).state()).isEqualTo(AdmissionState.GIVEN_BACK);
    assertThat(view.act("a2")).isNull();
    assertThat(view.pools().get(0).budgets())
        .allSatisfy(budget -> assertThat(budget.limit() - budget.inFlight()).isEqualTo(2));
    Admission broken = TestingActs.admission("a4", proposal("p4", NOW), 3, 1);
    broken.setGrant(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    assertThatThrownBy(() -> view.admission(broken)).isInstanceOf(WireException.class);
    assertThat(view.inFlight()).isEqualTo(1);
  }

  private static void mode(
      PolicyView view, String scope, ActKind act, String mode, @Nullable Long expires) {
    Policy policy =
        TestingActs.policy(PolicyKind.MODE, scope, "m-" + ConsoleJson.lower(act) + mode, expires);
    policy.setAct(act);
    policy.setParameters(Map.of("mode", mode));
    view.policy(TestingActs.key(policy), policy);
  }

  @Test
  void theModeIsAdviseUntilAPolicyInForceSaysOtherwise() {
    PolicyView view = new PolicyView();
    assertThat(view.mode(NOW)).isEqualTo(PolicyView.Mode.ADVISE);
    mode(view, "all", ActKind.UNKNOWN, "act", NOW - 1);
    assertThat(view.mode(NOW)).as("it expired").isEqualTo(PolicyView.Mode.ADVISE);
    mode(view, "pool/p-01", ActKind.PREFETCH, "act", null);
    assertThat(view.mode(NOW)).isEqualTo(PolicyView.Mode.MIXED);
    List<PolicyView.Row> modes = view.holding(PolicyKind.MODE, NOW);
    assertThat(PolicyView.acts(modes, ActKind.PREFETCH, "p-01")).isTrue();
    assertThat(PolicyView.acts(modes, ActKind.PREFETCH, "p-02")).isFalse();
    assertThat(PolicyView.acts(modes, ActKind.FAILOVER, "p-01")).isFalse();
    mode(view, "pool/p-01", ActKind.PREFETCH, "advise", null);
    assertThat(PolicyView.acts(view.holding(PolicyKind.MODE, NOW), ActKind.PREFETCH, "p-01"))
        .as("of two the careful one")
        .isFalse();
  }

  @Test
  void aPolicyThatIsTakenBackIsGoneAndGuardsLeaveNoMark() {
    PolicyView view = new PolicyView();
    Policy halt = TestingActs.policy(PolicyKind.HALT, "all", "h", null);
    view.policy(TestingActs.key(halt), halt);
    Policy sync = TestingActs.policy(PolicyKind.SYNC, "pool/p", "s", null);
    view.policy(TestingActs.key(sync), sync);
    assertThat(view.all()).extracting(PolicyView.Row::id).containsExactly("h");
    assertThat(view.holding(PolicyKind.HALT, NOW)).hasSize(1);
    view.policy(TestingActs.key(halt), null);
    assertThat(view.all()).isEmpty();
  }

  @Test
  void theBoardTellsWhoSetALimit() {
    ActViews acts = TestingActs.views();
    new TestingActs(acts, 60, 4).feed();
    BudgetBoard board = BudgetBoard.of(acts, null);
    assertThat(board.pools()).extracting(BudgetBoard.Pool::pool).containsExactly("p-01");
    Map<String, BudgetBoard.Line> lines = new TreeMap<>();
    for (BudgetBoard.Line line : board.pools().get(0).budgets()) {
      lines.put(line.scope(), line);
    }
    assertThat(Objects.requireNonNull(lines.get("pool/p-01/predicted")).source())
        .isEqualTo("policy");
    assertThat(Objects.requireNonNull(lines.get("pool/p-01/predicted")).limit()).isEqualTo(3);
    assertThat(Objects.requireNonNull(lines.get("zone/z-1")).source()).isEqualTo("admission");
    assertThat(BudgetBoard.of(acts, "other").pools()).isEmpty();
    ActViews empty = TestingActs.views();
    empty.poolEvent(TestingActs.automation("p-09", true, NOW));
    assertThat(BudgetBoard.of(empty, null).pools().get(0).budgets())
        .extracting(BudgetBoard.Line::scope, BudgetBoard.Line::limit, BudgetBoard.Line::source)
        .containsExactly(
            tuple("pool/p-09/predicted", 1.0, "shipped"), tuple("pool/p-09", 4.0, "shipped"));
  }

  @Test
  void aStormLastsUntilTheGuardSaysThatItIsOver() {
    ActViews acts = TestingActs.views();
    acts.poolEvent(TestingActs.automation("p-01", true, NOW - 10));
    assertThat(acts.storms()).extracting(ActViews.Notice::pool).containsExactly("p-01");
    acts.poolEvent(TestingActs.automation("p-01", false, NOW - 20));
    assertThat(acts.storms()).as("an older word changes nothing").hasSize(1);
    acts.poolEvent(TestingActs.automation("p-01", false, NOW));
    assertThat(acts.storms()).isEmpty();
    assertThat(Objects.requireNonNull(acts.notice("p-01")).stopped()).isFalse();
  }

  @Test
  void aCopyThatStandsStillAndAShadowThatNobodyVerifiesAreCounted() throws Exception {
    ActViews acts =
        new ActViews(IncidentView.Limits.DEFAULT, DecisionView.Limits.DEFAULT, () -> NOW);
    TestingVolumes volumes = new TestingVolumes(acts);
    volumes.feedShadows();
    VolumeView.ShadowFigures figures = acts.volumes().shadows(NOW);
    assertThat(figures.byState())
        .containsExactlyInAnyOrderEntriesOf(Map.of("IN_SYNC", 1, "COPYING", 1, "RETIRING", 1));
    assertThat(figures.stalledMillis())
        .as("it had less to fetch half a minute ago")
        .isEqualTo(30_000);
    assertThat(figures.unverifiedMillis())
        .as("the one that goes does not count")
        .isEqualTo(560_000);

    volumes.stands("reports/1", "n-4", "COPYING", 900, 64L << 20, 0, NOW + 500_000);
    assertThat(acts.volumes().shadows(NOW + 600_000).stalledMillis())
        .as("it spoke, and fetched nothing")
        .isEqualTo(630_000);
    volumes.stands("reports/1", "n-4", "COPYING", 900, 1, 0, NOW + 600_000);
    assertThat(acts.volumes().shadows(NOW + 600_000).stalledMillis()).isZero();
    volumes.stands("reports/1", "n-4", "IN_SYNC", 0, 0, 0, NOW + 700_000);
    VolumeView.ShadowFigures synced = acts.volumes().shadows(NOW + 2_000_000);
    assertThat(synced.stalledMillis()).isZero();
    assertThat(synced.unverifiedMillis()).isEqualTo(2_560_000);
    assertThat(synced.sums().verifiedMillis()).as("one never was").isNull();
  }

  @Test
  void theirActKeepsThePausesThatItCostAndNoOthers() throws Exception {
    ActViews acts =
        new ActViews(IncidentView.Limits.DEFAULT, DecisionView.Limits.DEFAULT, () -> NOW);
    TestingVolumes volumes = new TestingVolumes(acts);
    volumes.feed();
    long ended =
        Objects.requireNonNull(
            Objects.requireNonNull(acts.sagas().saga(TestingVolumes.DONE)).saga().endedMillis());
    // Ten seconds later its volume pauses for another reason, again and again.
    for (int i = 0; i < 200; i++) {
      volumes.pause("orders", "c-web-1", 900, ended + 10_000 + 1_000 * i);
    }
    var done = Objects.requireNonNull(acts.sagas().saga(TestingVolumes.DONE));
    assertThat(done.saga().clientPauseMillis()).isEqualTo(47);
    assertThat(done.pauses()).hasSize(2);
    assertThat(acts.sagas().pauses("orders")).as("the newest").hasSize(50);
    assertThat(acts.sagas().actOf(done.pauses().get(0))).isEqualTo(TestingVolumes.DONE);
    assertThat(acts.sagas().actOf(acts.sagas().pauses("orders").get(49))).isNull();
  }

  @Test
  void theLongestPauseOfAnActIsKeptHoweverManyShortOnesThereAre() throws Exception {
    ActViews acts =
        new ActViews(IncidentView.Limits.DEFAULT, DecisionView.Limits.DEFAULT, () -> NOW);
    TestingVolumes volumes = new TestingVolumes(acts);
    volumes.feed();
    long began =
        Objects.requireNonNull(acts.sagas().saga(TestingVolumes.DONE)).saga().issuedMillis();
    for (int i = 0; i < 200; i++) {
      volumes.pause("orders", "c-web-1", i == 150 ? 80 : 21, began + 100);
    }
    var done = Objects.requireNonNull(acts.sagas().saga(TestingVolumes.DONE));
    assertThat(done.saga().clientPauseMillis()).isEqualTo(80);
    assertThat(done.pauses()).hasSizeLessThan(100);
  }
}
