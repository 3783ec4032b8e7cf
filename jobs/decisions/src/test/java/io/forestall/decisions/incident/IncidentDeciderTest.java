package io.forestall.decisions.incident;

import static io.forestall.decisions.incident.TestingIncidents.MINUTE;
import static io.forestall.decisions.incident.TestingIncidents.SECOND;
import static io.forestall.decisions.incident.TestingIncidents.clear;
import static io.forestall.decisions.incident.TestingIncidents.event;
import static io.forestall.decisions.incident.TestingIncidents.matched;
import static io.forestall.decisions.incident.TestingIncidents.place;
import static io.forestall.decisions.incident.TestingIncidents.predicted;
import static io.forestall.decisions.incident.TestingIncidents.rule;
import static io.forestall.decisions.incident.TestingIncidents.seen;
import static io.forestall.decisions.incident.TestingIncidents.symptom;
import static io.forestall.decisions.incident.TestingIncidents.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.State;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What becomes of matches and of what is seen: one incident, its records and its end. */
class IncidentDeciderTest {

  private static final Subject DISK = Subject.disk("d-1");

  private static Symptom disk(String id, long time, Severity severity) {
    return symptom("disks", "node/n-1", event(id, "disk.errors", severity, DISK, time), place(1));
  }

  @Test
  void aMatchOpensAndSilenceResolves() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, matched(disk("a", 10 * SECOND, Severity.ERROR)));
    assertThat(run.records).as("its time has not come").isEmpty();
    run.untilEnd();
    assertThat(run.records)
        .extracting(Incident::state)
        .containsExactly(State.OPENED, State.RESOLVED);
    Incident over = run.last();
    assertThat(over.id()).isEqualTo(run.records.get(0).id()).startsWith("inc-");
    assertThat(over.revision()).isEqualTo(2);
    assertThat(over.openedMillis()).isEqualTo(10 * SECOND);
    assertThat(over.resolvedMillis()).isEqualTo(70 * SECOND);
    assertThat(over.severity()).isEqualTo(Severity.ERROR);
    assertThat(over.recommendation()).isEqualTo(ActKind.MIGRATE);
    assertThat(over.pool()).isEqualTo("p");
    assertThat(over.labels()).containsEntry("team", "storage");
    assertThat(over.events()).extracting(Incident.Original::id).containsExactly("a");
    assertThat(over.suspects().get(0).entity()).isEqualTo(DISK);
    assertThat(run.state().isEmpty()).isTrue();
    assertThat(run.checkpoint()).as("rows").isEmpty();
  }

  @Test
  void whatIsSeenJoinsButOpensNothing() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, seen(disk("before", 1 * SECOND, Severity.ERROR)));
    run.take(0, matched(disk("a", 10 * SECOND, Severity.WARNING)));
    run.take(0, seen(disk("b", 40 * SECOND, Severity.CRITICAL)));
    run.take(0, seen(disk("b", 40 * SECOND, Severity.CRITICAL)));
    run.take(0, seen(disk("a", 10 * SECOND, Severity.WARNING)));
    run.untilEnd();
    Incident over = run.last();
    assertThat(over.eventCount()).as("repeats change nothing").isEqualTo(2);
    assertThat(over.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(over.resolvedMillis()).isEqualTo(100 * SECOND);
    assertThat(run.records).extracting(Incident::id).containsOnly(over.id());
  }

  @Test
  void theEndOfItsLengthResolvesHoweverMuchGoesOn() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    for (int i = 0; i < 240; i++) {
      run.take(i * 30 * SECOND, seen(disk("e" + i, i * 30 * SECOND, Severity.ERROR)));
      if (i == 0) {
        run.take(0, matched(disk("e0", 0, Severity.ERROR)));
      }
    }
    assertThat(run.last().state()).isEqualTo(State.RESOLVED);
    assertThat(run.last().resolvedMillis()).isEqualTo(60 * MINUTE);
    assertThat(run.last().eventCount()).as("the event at the border still counts").isEqualTo(121);
  }

  @Test
  void aClearResolvesAtOnceUnlessWorseCameAfterIt() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, matched(disk("a", 10 * SECOND, Severity.ERROR)));
    run.take(
        0,
        seen(disk("b", 30 * SECOND, Severity.ERROR)),
        clear(disk("c", 35 * SECOND, Severity.INFO)));
    run.until(35 * SECOND);
    assertThat(run.last().state()).isEqualTo(State.RESOLVED);
    assertThat(run.last().resolvedMillis()).isEqualTo(35 * SECOND);
    assertThat(run.last().eventCount()).isEqualTo(3);

    TestingIncidents again = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    again.take(0, matched(disk("a", 10 * SECOND, Severity.ERROR)));
    again.take(50 * SECOND, seen(disk("b", 40 * SECOND, Severity.ERROR)));
    again.take(50 * SECOND, clear(disk("late", 35 * SECOND, Severity.INFO)));
    assertThat(again.last().state()).isNotEqualTo(State.RESOLVED);
  }

  @Test
  void aLateEventUpdatesWhatIsOpen() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, matched(disk("a", 100 * SECOND, Severity.ERROR)));
    run.until(120 * SECOND);
    String id = run.last().id();
    run.take(120 * SECOND, seen(disk("late", 90 * SECOND, Severity.CRITICAL)));
    assertThat(run.last().state()).isEqualTo(State.UPDATED);
    assertThat(run.last().id()).isEqualTo(id);
    assertThat(run.last().severity()).isEqualTo(Severity.CRITICAL);
    assertThat(run.last().openedMillis()).isEqualTo(90 * SECOND);
  }

  @Test
  void aFloodIsToldInFewRecords() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, matched(disk("e0", 0, Severity.ERROR)));
    for (int i = 1; i < 5000; i++) {
      run.take(i, seen(disk("e" + i, i, Severity.ERROR)));
    }
    run.untilEnd();
    assertThat(run.last().eventCount()).isEqualTo(5000);
    assertThat(run.last().events()).hasSize(Incident.MAX_EVENTS);
    assertThat(run.last().events().get(0).id()).isEqualTo("e0");
    assertThat(run.records.size()).as("records of 5 s and 5000 events").isBetween(10, 25);
  }

  @Test
  void aSingleCriticalEventDoesNotWaitForTime() {
    Rule critical = with(rule("disks", Subject.Kind.DISK), Severity.CRITICAL);
    TestingIncidents run = new TestingIncidents(critical);
    Symptom failed =
        symptom(
            "disks",
            "disk/d-1",
            event("f", "disk.failed", Severity.ERROR, DISK, 10 * SECOND),
            place(1));
    run.take(0, matched(failed));
    assertThat(run.records).hasSize(1);
    assertThat(run.last().severity()).isEqualTo(Severity.CRITICAL);
  }

  private static Symptom failed(String id, long time) {
    return symptom(
        "disks", "disk/d-1", event(id, "disk.failed", Severity.CRITICAL, DISK, time), place(1));
  }

  private static Symptom back(String id, long time) {
    return symptom(
        "disks", "disk/d-1", event(id, "disk.replaced", Severity.INFO, DISK, time), place(1));
  }

  @Test
  void whatReturnedAndFailsAgainIsToldWithoutWaitingForTime() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.DISK));
    run.take(0, matched(failed("first", 10 * SECOND)));
    run.take(0, seen(failed("again", 11 * SECOND)));
    run.take(0, clear(back("back", 15 * SECOND)));
    assertThat(run.records).as("an end can wait").hasSize(1);

    run.take(0, matched(failed("second", 18 * SECOND)));

    assertThat(run.records)
        .extracting(Incident::state)
        .containsExactly(State.OPENED, State.UPDATED, State.RESOLVED, State.OPENED);
    assertThat(run.records.get(2).resolvedMillis()).isEqualTo(15 * SECOND);
    assertThat(run.records.get(2).events())
        .extracting(Incident.Original::id)
        .containsExactly("first", "again", "back");
    assertThat(run.last().id()).isNotEqualTo(run.records.get(0).id());
    assertThat(run.last().openedMillis()).isEqualTo(18 * SECOND);
    run.restart().untilEnd();
    assertThat(run.records).as("the second ends by silence").hasSize(5);
    assertThat(run.state().isEmpty()).isTrue();
  }

  @Test
  void whatFailedBeforeItReturnedIsNoSecondIncidentHoweverLateItIsHeardOf() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.DISK));
    run.take(0, matched(failed("first", 10 * SECOND)));
    run.take(0, clear(back("back", 15 * SECOND)));

    run.take(0, matched(failed("another witness", 14 * SECOND))).untilEnd();

    assertThat(run.records).extracting(Incident::id).containsOnly(run.last().id());
    assertThat(run.last().resolvedMillis()).isEqualTo(15 * SECOND);
    assertThat(run.last().eventCount()).isEqualTo(3);
  }

  @Test
  void anEndThatWaitsIsKeptAndFoundAgain() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.DISK));
    run.take(0, matched(failed("first", 10 * SECOND)));
    run.take(0, clear(back("back", 15 * SECOND))).restart();

    run.take(0, matched(failed("second", 18 * SECOND)));

    assertThat(run.records)
        .extracting(Incident::state)
        .containsExactly(State.OPENED, State.RESOLVED, State.OPENED);
  }

  @Test
  void predictionsAreFoldedUntilSomethingHappens() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(
        0,
        matched(
            symptom("disks", "node/n-1", predicted("p1", DISK, 1 * SECOND, 0.6, 7_200_000), null)),
        seen(
            symptom(
                "disks",
                "node/n-1",
                predicted("p2", Subject.disk("d-2"), 2 * SECOND, 0.8, 3_600_000),
                null)));
    run.until(5 * SECOND);
    assertThat(run.last().predicted()).isTrue();
    assertThat(run.last().confidence()).isEqualTo(0.8);
    assertThat(run.last().horizonMillis()).isEqualTo(3_600_000);
    assertThat(run.last().summary()).contains("predicted within 60 min (confidence 0.80)");
    run.take(5 * SECOND, seen(disk("a", 6 * SECOND, Severity.ERROR))).until(6 * SECOND);
    assertThat(run.last().predicted()).isFalse();
    assertThat(run.last().confidence()).isEqualTo(1);
  }

  @Test
  void aSummaryNamesWhoWhatHowManySinceWhenAndWhatToDo() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    run.take(0, matched(disk("a", 10 * SECOND, Severity.ERROR)));
    run.take(0, seen(disk("b", 11 * SECOND, Severity.ERROR)));
    run.until(11 * SECOND);
    assertThat(run.last().summary())
        .isEqualTo(
            "disk d-1 (node n-1, rack r-0, zone z-0): 2 events, disk.errors"
                + " since 1970-01-01T00:00:10Z. Likely cause: disk d-1. Recommended: migrate.");
  }

  @Test
  void aRackSwallowsItsNodesWhicheverCameFirstAndLetsThemGo() {
    Rule rack =
        with(rule("racks", Subject.Kind.RACK), null, new Rule.Inhibition("*", Subject.Kind.RACK));
    Rule nodes = rule("disks", Subject.Kind.NODE);
    Symptom ofRack =
        symptom(
            "racks",
            "rack/r-0",
            event(
                "r",
                "rack.down",
                Severity.CRITICAL,
                new Subject(Subject.Kind.RACK, "r-0"),
                20 * SECOND),
            null);
    for (boolean rackFirst : List.of(true, false)) {
      TestingIncidents run = new TestingIncidents(nodes, rack);
      long nodeTime = rackFirst ? 25 * SECOND : 15 * SECOND;
      run.take(0, matched(ofRack), matched(disk("a", nodeTime, Severity.ERROR)));
      run.until(26 * SECOND);
      Incident swallowed = run.ofRule("disks").get(run.ofRule("disks").size() - 1);
      assertThat(swallowed.inhibitedBy()).isEqualTo(run.ofRule("racks").get(0).id());
      assertThat(swallowed.recommendation()).isEqualTo(ActKind.NONE);
      assertThat(swallowed.summary()).contains("Part of inc-");
      // The rack's incident ends; the node's goes on and speaks for itself again.
      run.take(26 * SECOND, seen(disk("b", 60 * SECOND, Severity.ERROR)));
      run.until(90 * SECOND);
      Incident free = run.ofRule("disks").get(run.ofRule("disks").size() - 1);
      assertThat(free.inhibitedBy()).isNull();
      assertThat(free.recommendation()).isEqualTo(ActKind.MIGRATE);
      assertThat(free.state()).isEqualTo(State.UPDATED);
    }
  }

  @Test
  void aRackDoesNotSwallowANodeOfAnother() {
    Rule rack =
        with(
            rule("racks", Subject.Kind.RACK),
            null,
            new Rule.Inhibition("disks", Subject.Kind.RACK));
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE), rack);
    run.take(
        0,
        matched(
            symptom(
                "racks",
                "rack/r-7",
                event(
                    "r",
                    "rack.down",
                    Severity.CRITICAL,
                    new Subject(Subject.Kind.RACK, "r-7"),
                    1 * SECOND),
                null)),
        matched(disk("a", 2 * SECOND, Severity.ERROR)));
    run.until(3 * SECOND);
    assertThat(run.records).extracting(Incident::inhibitedBy).containsOnlyNulls();
  }

  @Test
  void ofRulesThatSwallowEachOtherOneSpeaks() {
    Rule.Inhibition all = new Rule.Inhibition("*", Subject.Kind.RACK);
    for (int turn = 0; turn < 3; turn++) {
      TestingIncidents run =
          new TestingIncidents(
              with(rule("a", Subject.Kind.RACK), null, all),
              with(rule("b", Subject.Kind.RACK), null, all),
              with(rule("c", Subject.Kind.RACK), null, all));
      for (int i = 0; i < 3; i++) {
        String rule = List.of("a", "b", "c").get((i + turn) % 3);
        run.take(
            0,
            matched(
                symptom(
                    rule,
                    "rack/r-0",
                    event("e" + i, "disk.errors", Severity.ERROR, DISK, i * SECOND),
                    place(1))));
      }
      run.until(10 * SECOND);
      List<Incident> last =
          List.of("a", "b", "c").stream()
              .map(rule -> run.ofRule(rule).get(run.ofRule(rule).size() - 1))
              .toList();
      assertThat(last.stream().filter(one -> one.inhibitedBy() == null))
          .as("turn %d", turn)
          .hasSize(1);
      assertThat(last.get(0).inhibitedBy()).as("the first of the file is the larger").isNull();
    }
  }

  @Test
  void theMostNamedGroundIsTheLikeliestCause() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.RACK));
    IntStream.range(0, 6)
        .forEach(
            i ->
                run.take(
                    0,
                    matched(
                        symptom(
                            "disks",
                            "rack/r-0",
                            event(
                                "e" + i,
                                "disk.errors",
                                Severity.ERROR,
                                Subject.disk("d-" + i),
                                i * SECOND),
                            place(2)))));
    run.until(10 * SECOND);
    assertThat(run.last().subject()).isEqualTo(Subject.node("n-2"));
    assertThat(run.last().suspects().get(0).text())
        .contains("6 of 6 things that stand on it are affected");
    assertThat(run.last().suspects().stream().mapToDouble(Incident.Suspect::weight).sum())
        .isLessThanOrEqualTo(1);
  }

  @Test
  void aBrokenRowIsRefused() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.NODE));
    assertThatThrownBy(() -> run.state().restore("incident/disks/node/n-1", new byte[] {9}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("version 9");
    assertThatThrownBy(() -> run.state().restore("other", new byte[0]))
        .hasMessageContaining("no row of open incidents");
  }

  @Test
  void manyOpenIncidentsAreBounded() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.DISK));
    for (int i = 0; i < IncidentState.MAX_SESSIONS + 100; i++) {
      Subject disk = Subject.disk("d-" + i);
      run.take(
          i,
          matched(
              symptom(
                  "disks",
                  disk.toString(),
                  event("e" + i, "disk.errors", Severity.ERROR, disk, i),
                  place(1))));
    }
    assertThat(run.state().openIncidents()).isEqualTo(IncidentState.MAX_SESSIONS);
    assertThat(run.records.stream().filter(one -> one.state() == State.RESOLVED)).hasSize(100);
  }

  @Test
  void oneIncidentOfVeryManyThingsIsBounded() {
    TestingIncidents run = new TestingIncidents(rule("disks", Subject.Kind.POOL));
    for (int i = 0; i < 3000; i++) {
      run.take(
          i,
          matched(
              symptom(
                  "disks",
                  "pool/p",
                  event("e" + i, "disk.errors", Severity.ERROR, Subject.disk("d-" + i), i),
                  place(i % 64))));
    }
    run.untilEnd();
    assertThat(run.last().eventCount()).isEqualTo(3000);
    assertThat(run.last().affected()).hasSizeLessThanOrEqualTo(IncidentSession.MAX_ENTITIES);
    assertThat(run.last().events()).hasSize(Incident.MAX_EVENTS);
  }
}
