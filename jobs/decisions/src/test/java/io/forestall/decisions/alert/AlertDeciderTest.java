package io.forestall.decisions.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Incident;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AlertDeciderTest {

  private static final long T0 = 1_767_268_800_000L; // noon
  private static final long DAY = 86_400_000;
  private static final AlertRules RULES =
      new AlertRules(Severity.WARNING, 2_000, 60_000, 3, "https://console");

  private final AlertDecider decider = new AlertDecider(RULES);
  private AlertState state = decider.empty("p-1");
  private final Map<String, byte[]> rows = new HashMap<>();
  private final List<Alert> alerts = new ArrayList<>();
  private long nowMillis = T0;

  @Test
  void anIncidentIsToldOnceItIsHeldAgainWhileItGoesOnAndEndedWhenItIsOver() {
    incident("i-1", 1, Severity.CRITICAL, false, null);
    assertThat(alerts).isEmpty();

    advance(1_999);
    assertThat(alerts).isEmpty();
    advance(1);
    assertThat(alerts).hasSize(1);
    Alert alert = alerts.get(0);
    assertThat(alert.resolved()).isFalse();
    assertThat(alert.labels())
        .containsEntry("alertname", "ForestallIncident")
        .containsEntry("incident", "i-1")
        .containsEntry("rule", "node-failed")
        .containsEntry("entity", "node/n-1")
        .containsEntry("pool", "p-1")
        .containsEntry("severity", "critical")
        .containsEntry("predicted", "false")
        .containsEntry("team", "storage");
    assertThat(alert.annotations())
        .containsEntry("summary", "It is broken.")
        .containsEntry("action", "failover: because")
        .containsEntry("link", "https://console/#/incidents/i-1");
    assertThat(alert.endsMillis()).isEqualTo(nowMillis + 4 * 60_000);

    advance(60_000);
    assertThat(alerts).hasSize(2);
    assertThat(alerts.get(1).labels()).isEqualTo(alert.labels());

    resolved("i-1", 9);
    assertThat(alerts).hasSize(3);
    assertThat(alerts.get(2).resolved()).isTrue();
    assertThat(alerts.get(2).labels()).isEqualTo(alert.labels());
    assertThat(alerts.get(2).endsMillis()).isEqualTo(nowMillis);
    advance(DAY);
    assertThat(alerts).hasSize(3);
    assertThat(state.isEmpty()).isTrue();
    assertThat(decider.alarmMillis(state)).isEqualTo(Decider.NO_ALARM);
    flush();
    assertThat(rows).isEmpty();
  }

  @Test
  void whatIsOverInAMomentIsToldToNobody() {
    incident("i-1", 1, Severity.CRITICAL, false, null);
    advance(1_000);
    resolved("i-1", 2);
    advance(DAY);
    assertThat(alerts).isEmpty();
    assertThat(state.isEmpty()).isTrue();
  }

  @Test
  void aRepeatOrAnOlderRecordChangesNothing() {
    incident("i-1", 3, Severity.WARNING, false, null);
    advance(2_000);
    incident("i-1", 3, Severity.CRITICAL, false, null);
    incident("i-1", 2, Severity.CRITICAL, false, null);
    assertThat(alerts).hasSize(1);
    resolved("never-opened", 1);
    assertThat(alerts).hasSize(1);
  }

  @Test
  void aScoreAlonePagesNobodyAndWorthALineIsToldToNobody() {
    incident("predicted", 1, Severity.CRITICAL, true, null);
    incident("info", 1, Severity.INFO, true, null);
    incident("real-info", 1, Severity.INFO, false, null);
    advance(DAY / 2 - 1);
    assertThat(alerts).isNotEmpty();
    assertThat(alerts)
        .allSatisfy(alert -> assertThat(alert.labels()).containsEntry("incident", "predicted"));
    assertThat(alerts)
        .allSatisfy(alert -> assertThat(alert.labels()).containsEntry("severity", "warning"));
  }

  @Test
  void aSeverityThatRisesEndsTheOldAlertAndBeginsALouderOne() {
    incident("i-1", 1, Severity.CRITICAL, true, null);
    advance(2_000);
    incident("i-1", 2, Severity.CRITICAL, false, null);
    assertThat(alerts).hasSize(3);
    assertThat(alerts.get(1).resolved()).isTrue();
    assertThat(alerts.get(1).labels()).containsEntry("severity", "warning");
    assertThat(alerts.get(2).resolved()).isFalse();
    assertThat(alerts.get(2).labels()).containsEntry("severity", "critical");
    incident("i-1", 3, Severity.CRITICAL, false, null);
    assertThat(alerts).as("new words wait for the next refresh").hasSize(3);
  }

  @Test
  void whatALargerIncidentSwallowsIsEndedAndToldAgainWhenItIsReleased() {
    incident("i-1", 1, Severity.ERROR, false, null);
    advance(2_000);
    incident("i-1", 2, Severity.ERROR, false, "larger");
    assertThat(last().resolved()).isTrue();
    advance(600_000);
    assertThat(alerts).hasSize(2);
    incident("i-1", 3, Severity.ERROR, false, null);
    assertThat(alerts).hasSize(3);
    assertThat(last().resolved()).isFalse();
  }

  @Test
  void whatIsSilencedIsToldToNobodyUntilTheSilenceEnds() {
    incident("i-1", 1, Severity.CRITICAL, false, null);
    advance(2_000);
    silence("node/n-1", nowMillis + 600_000);
    assertThat(last().resolved()).isTrue();
    int told = alerts.size();
    advance(590_000);
    assertThat(alerts).hasSize(told);
    advance(70_000);
    assertThat(alerts.size()).isGreaterThan(told);
    assertThat(last().resolved()).isFalse();
  }

  @Test
  void silenceOfOneOfSeveralThingsDoesNotHideThemAll() {
    silence("node/n-1", null);
    take(
        incidentOf(
            "rack",
            1,
            Severity.CRITICAL,
            false,
            null,
            new Subject(Subject.Kind.RACK, "r-1"),
            List.of(Subject.node("n-1"), Subject.node("n-2"))));
    take(
        incidentOf(
            "disk",
            1,
            Severity.CRITICAL,
            false,
            null,
            Subject.disk("d-1"),
            List.of(Subject.disk("d-1"), Subject.node("n-1"))));
    advance(2_000);
    assertThat(alerts).hasSize(1);
    assertThat(last().labels()).containsEntry("incident", "rack");

    silence("all", null);
    assertThat(last().resolved()).isTrue();
  }

  @Test
  void beyondTheCapOneAlertStandsForTheRestAndIsAsSevereAsTheWorst() {
    for (int i = 1; i <= 5; i++) {
      incident("i-" + i, 1, Severity.WARNING, false, null);
    }
    advance(2_000);
    assertThat(alerts).hasSize(4);
    assertThat(named(Alert.INCIDENT)).isEqualTo(3);
    assertThat(named(Alert.MORE_INCIDENTS)).isEqualTo(1);
    assertThat(last().labels()).containsEntry("severity", "warning").containsEntry("pool", "p-1");

    incident("i-6", 1, Severity.CRITICAL, false, null);
    advance(2_000);
    assertThat(last().labels())
        .as("a critical incident is never lost behind the cap")
        .containsEntry("alertname", Alert.MORE_INCIDENTS)
        .containsEntry("severity", "critical");
    assertThat(last().annotations().get("summary")).startsWith("3 more incidents");

    resolved("i-6", 2);
    resolved("i-5", 2);
    assertThat(last().resolved()).isFalse();
    resolved("i-4", 2);
    assertThat(last().resolved()).isTrue();
    assertThat(last().labels()).containsEntry("alertname", Alert.MORE_INCIDENTS);
  }

  @Test
  void anIncidentThatBecomesCriticalBehindTheCapIsHeardOf() {
    for (int i = 1; i <= 4; i++) {
      incident("i-" + i, 1, Severity.WARNING, false, null);
    }
    advance(2_000);
    incident("i-4", 2, Severity.CRITICAL, false, null);
    assertThat(last().labels())
        .containsEntry("alertname", Alert.MORE_INCIDENTS)
        .containsEntry("severity", "critical");
    assertThat(last().resolved()).isFalse();
  }

  @Test
  void atMidnightThoseBehindTheCapGetTheirTurnTheWorstFirst() {
    for (int i = 1; i <= 5; i++) {
      incident("i-" + i, 1, Severity.WARNING, false, null);
    }
    incident("i-6", 1, Severity.CRITICAL, false, null);
    advance(2_000);
    alerts.clear();
    nowMillis = T0 + DAY / 2;
    decider.wake(state, nowMillis, alerts::add);
    List<String> told =
        alerts.stream()
            .filter(alert -> !alert.resolved())
            .filter(alert -> List.of("i-4", "i-5", "i-6").contains(alert.labels().get("incident")))
            .map(alert -> alert.labels().get("incident"))
            .toList();
    assertThat(told).containsExactly("i-6", "i-4", "i-5");
    assertThat(alerts.get(0).resolved()).isTrue();
    assertThat(alerts.get(0).labels()).containsEntry("alertname", Alert.MORE_INCIDENTS);
  }

  @Test
  void nonsenseInARowIsRefused() {
    for (String row : List.of("day", "i/x", "other")) {
      assertThatThrownBy(() -> decider.empty("p").restore(row, new byte[] {1, 2}))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> decider.empty("p").restore("day", new byte[] {9}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // Restored from its rows at any moment, it says what the undisturbed one says; when all is over
  // nothing is left.
  @Test
  void aRestoreFromItsRowsChangesNothing() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    for (int round = 0; round < 40; round++) {
      Random random = new Random(seed + round);
      List<Alert> undisturbed = new ArrayList<>();
      List<Alert> restored = new ArrayList<>();
      AlertState one = decider.empty("p-1");
      AlertState two = decider.empty("p-1");
      Map<String, byte[]> kept = new TreeMap<>();
      long now = T0;
      int[] revisions = new int[8];
      for (int step = 0; step < 120; step++) {
        now += random.nextInt(40_000);
        for (AlertState each : List.of(one, two)) {
          while (decider.alarmMillis(each) <= now) {
            decider.wake(each, now, each == one ? undisturbed::add : restored::add);
          }
        }
        int id = random.nextInt(8);
        Incident incident =
            random.nextInt(4) == 0
                ? over("i-" + id, ++revisions[id])
                : incidentOf(
                    "i-" + id,
                    ++revisions[id],
                    Severity.values()[1 + random.nextInt(4)],
                    random.nextBoolean(),
                    random.nextInt(5) == 0 ? "larger" : null,
                    Subject.node("n-" + id),
                    List.of());
        decider.decide(one, new AlertInput.IncidentChanged(incident), now, undisturbed::add);
        decider.decide(two, new AlertInput.IncidentChanged(incident), now, restored::add);
        if (random.nextInt(5) == 0) {
          keep(two, kept);
          two = decider.empty("p-1");
          kept.forEach(two::restore);
        }
        assertThat(restored).as("seed %d", seed + round).isEqualTo(undisturbed);
      }
      for (int id = 0; id < 8; id++) {
        Incident end = over("i-" + id, ++revisions[id]);
        decider.decide(two, new AlertInput.IncidentChanged(end), now, restored::add);
      }
      decider.wake(two, now + DAY, restored::add);
      keep(two, kept);
      assertThat(kept).as("seed %d", seed + round).isEmpty();
      assertThat(two.isEmpty()).isTrue();
      // Whatever fired last under some labels was ended.
      Map<Map<String, String>, Boolean> open = new HashMap<>();
      restored.forEach(alert -> open.put(alert.labels(), !alert.resolved()));
      assertThat(open.values()).as("seed %d", seed + round).doesNotContain(true);
    }
  }

  private static void keep(AlertState state, Map<String, byte[]> rows) {
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

  private void flush() {
    keep(state, rows);
  }

  private Alert last() {
    return alerts.get(alerts.size() - 1);
  }

  private long named(String name) {
    return alerts.stream().filter(alert -> name.equals(alert.labels().get("alertname"))).count();
  }

  private void advance(long millis) {
    long until = nowMillis + millis;
    while (decider.alarmMillis(state) <= until) {
      nowMillis = Math.max(nowMillis, decider.alarmMillis(state));
      decider.wake(state, nowMillis, alerts::add);
    }
    nowMillis = until;
    flush();
    // What is kept is all there is.
    List<PolicyRecord> silences = state.silences;
    state = decider.empty("p-1");
    rows.forEach(state::restore);
    state.silences = silences;
  }

  private void incident(
      String id, int revision, Severity severity, boolean predicted, @Nullable String by) {
    take(incidentOf(id, revision, severity, predicted, by, Subject.node("n-1"), List.of()));
  }

  private void take(Incident incident) {
    decider.decide(state, new AlertInput.IncidentChanged(incident), nowMillis, alerts::add);
  }

  private void resolved(String id, int revision) {
    take(over(id, revision));
  }

  private void silence(String scope, @Nullable Long expiresMillis) {
    PolicyRecord record =
        new PolicyRecord(
            scope + "/silence/s",
            "s",
            PolicyRecord.Kind.SILENCE,
            1,
            true,
            scope,
            scope.equals("all") ? null : Subject.parse(scope),
            ActKind.UNKNOWN,
            null,
            "somebody",
            "because",
            0,
            0,
            expiresMillis,
            Map.of(),
            "");
    decider.decide(state, new AlertInput.SilencesChanged(List.of(record)), nowMillis, alerts::add);
  }

  private static Incident over(String id, int revision) {
    Incident open =
        incidentOf(id, revision, Severity.INFO, false, null, Subject.node("n-1"), List.of());
    return new Incident(
        open.id(),
        open.revision(),
        Incident.State.RESOLVED,
        open.severity(),
        open.summary(),
        open.subject(),
        open.pool(),
        open.predicted(),
        open.confidence(),
        open.horizonMillis(),
        open.recommendation(),
        open.recommendationReason(),
        open.rule(),
        open.ruleVersion(),
        open.correlationKey(),
        open.suspects(),
        open.affected(),
        open.events(),
        open.eventCount(),
        open.openedMillis(),
        open.updatedMillis(),
        T0,
        null,
        open.labels());
  }

  private static Incident incidentOf(
      String id,
      int revision,
      Severity severity,
      boolean predicted,
      @Nullable String inhibitedBy,
      Subject subject,
      List<Subject> affected) {
    return new Incident(
        id,
        revision,
        revision == 1 ? Incident.State.OPENED : Incident.State.UPDATED,
        severity,
        "It is broken.",
        subject,
        "p-1",
        predicted,
        1,
        0,
        ActKind.FAILOVER,
        "because",
        "node-failed",
        1,
        subject.toString(),
        List.of(),
        affected,
        List.of(),
        1,
        T0 - 1000,
        T0,
        null,
        inhibitedBy,
        Map.of("team", "storage", "severity", "a rule's own word loses"));
  }
}
