package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.incident.Incident;
import io.forestall.operators.RiskHarness.Backend;
import io.forestall.operators.decide.Said;
import io.forestall.risk.Tier;
import io.forestall.wire.Signatures;
import java.nio.file.Path;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The arbiter in the carrier: what it says when, and what a restore does to it. */
class GuardCarrierTest {

  private static final long START = TestingGuard.START;
  private static final long HALF_AN_HOUR = 30 * 60_000;

  private static String keyFile = "";

  @BeforeAll
  static void key(@TempDir Path folder) throws Exception {
    Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
    keyFile = folder.resolve("guard.key").toString();
  }

  @ParameterizedTest
  @EnumSource
  void adviseModeAdmitsNothing(Backend backend) throws Exception {
    try (TestingGuard guard = guard(new TestingGuard.Logs(), backend, keyFile)) {
      guard.fleet().settle().give(guard.failed(1)).settle();
      assertThat(guard.decisions()).containsExactly("node/n1 ADVISED ADVISE_MODE");
      assertThat(guard.log()).isEmpty();
    }
  }

  @Test
  void withoutAKeyNothingIsAdmittedWhateverThePoliciesSay() throws Exception {
    try (TestingGuard guard = guard(new TestingGuard.Logs(), Backend.HEAP, "")) {
      guard.act().fleet().settle().give(guard.failed(1)).settle();
      assertThat(guard.decisions()).containsExactly("node/n1 ADVISED ADVISE_MODE");
      assertThat(guard.log()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsSaidBeforeTheLogsWereRead(Backend backend) throws Exception {
    try (TestingGuard guard = guard(new TestingGuard.Logs(), backend, keyFile)) {
      guard.act().fleet().give(guard.failed(1));
      assertThat(guard.decisions()).as("its marks are not read back yet").isEmpty();
      assertThat(guard.log()).isEmpty();

      guard.settle();
      assertThat(guard.log()).containsExactly("1 ADMITTED node/n1");
      assertThat(guard.decisions()).containsExactly("node/n1 ADMITTED OK");
    }
  }

  /** The issue's own case: a savepoint of half an hour ago, acts in flight, the logs kept. */
  @ParameterizedTest
  @EnumSource
  void anOldSavepointSpendsNoBudgetTwiceAndLosesNoLock(Backend backend) throws Exception {
    TestingGuard.Logs logs = new TestingGuard.Logs();
    OperatorSubtaskState old;
    int admissionsRead;
    int policiesRead;
    try (TestingGuard guard = guard(logs, backend, keyFile)) {
      guard.act().fleet().settle();
      old = guard.snapshot();
      admissionsRead = guard.admissionsRead;
      policiesRead = guard.policiesRead;
      // Two real failovers fill the budget of their kind; both are in flight when it dies.
      guard.give(guard.failed(1)).settle().give(guard.failed(2)).settle();
      assertThat(guard.log()).containsExactly("1 ADMITTED node/n1", "2 ADMITTED node/n2");
    }
    long laterMillis = START + HALF_AN_HOUR;
    try (TestingGuard guard =
        new TestingGuard(logs, backend, keyFile, laterMillis, old, admissionsRead, policiesRead)) {
      // The world is read anew before the log is: the same incidents, and one more.
      refresh(guard);
      guard.give(guard.failed(1), guard.failed(2), guard.failed(6));
      assertThat(guard.decisions()).as("nothing before read-back").isEmpty();
      guard.settle();

      assertThat(guard.log())
          .as("what was said stands, and nothing is said twice")
          .containsExactly("1 ADMITTED node/n1", "2 ADMITTED node/n2");
      assertThat(guard.decisions())
          .contains("node/n6 REFUSED BUDGET_SPENT")
          .doesNotContain("node/n6 ADMITTED OK");

      // The first act ends: its budget is free again, with the next number.
      String first =
          logs.admissions.stream()
              .filter(record -> record.getSubject().getId().equals("n1"))
              .findFirst()
              .orElseThrow()
              .getId();
      guard
          .give(
              new GuardInput.ActEnded(
                  first, io.forestall.decisions.guard.Admission.State.DONE, "done"))
          .settle();
      assertThat(guard.log()).endsWith("1 DONE node/n1");
      guard.give(guard.failed(7)).settle();
      assertThat(guard.log()).endsWith("3 ADMITTED node/n7");
    }
  }

  @Test
  void aGuardThatAYoungerOneFollowedSaysNothingMore() throws Exception {
    TestingGuard.Logs logs = new TestingGuard.Logs();
    try (TestingGuard old = guard(logs, Backend.HEAP, keyFile)) {
      old.act().fleet().settle();
      OperatorSubtaskState copy = old.snapshot();
      try (TestingGuard young =
          new TestingGuard(
              logs, Backend.HEAP, keyFile, START + 1, copy, old.admissionsRead, old.policiesRead)) {
        young.settle().give(young.failed(1)).settle();
        assertThat(young.log()).containsExactly("1 ADMITTED node/n1");

        // The old one wakes up: until it has read the mark of the young one it may still write, and
        // what it writes has a number that is taken once only.
        old.give(old.failed(2)).settle();
        young.settle();
        assertThat(young.log()).as("the first one counts").startsWith("1 ADMITTED node/n1");
        assertThat(old.decisions()).as("the other is void").doesNotContain("node/n2 ADMITTED OK");
        int spoken = old.said.size();
        old.give(old.failed(3), old.failed(4)).settle().pass(START + HALF_AN_HOUR).settle();
        assertThat(old.said).as("it has read that it was followed").hasSize(spoken);
        young.give(young.failed(5)).settle();
        assertThat(young.said).as("the young one goes on").isNotEmpty();
        assertThat(young.log()).doesNotHaveDuplicates();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aStormStopsAutomationAlsoRightAfterARestore(Backend backend) throws Exception {
    TestingGuard.Logs logs = new TestingGuard.Logs();
    OperatorSubtaskState snapshot;
    int admissionsRead;
    int policiesRead;
    try (TestingGuard guard = guard(logs, backend, keyFile)) {
      guard.act().fleet().settle().give(guard.failed(1)).settle();
      assertThat(guard.log()).hasSize(1);
      for (int i = 6; i < 10; i++) {
        guard.give(guard.risk(i, Tier.WARNING, 0.3));
      }
      assertThat(notices(guard)).containsExactly("pool.automation.stopped");
      snapshot = guard.snapshot();
      admissionsRead = guard.admissionsRead;
      policiesRead = guard.policiesRead;
    }
    try (TestingGuard guard =
        new TestingGuard(
            logs, backend, keyFile, START + 60_000, snapshot, admissionsRead, policiesRead)) {
      guard.settle().give(guard.failed(2)).settle();
      assertThat(guard.log()).as("the act in flight goes on, no other begins").hasSize(1);
      assertThat(guard.decisions()).contains("node/n2 REFUSED STORM");
      assertThat(notices(guard)).as("said once").isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsBornDies(Backend backend) throws Exception {
    try (TestingGuard guard = guard(new TestingGuard.Logs(), backend, keyFile)) {
      guard.fleet().settle().give(guard.failed(1)).settle();
      guard.snapshot();
      assertThat(guard.keys()).isEqualTo(1);
      guard.give(guard.failed(1, Incident.State.RESOLVED, 2));
      for (int i = 0; i < 10; i++) {
        guard.give(
            new GuardInput.MemberLeft(TestingGuard.node(i)), new GuardInput.UnitLeft("u-" + i));
      }
      guard.settle().pass(START + 48L * 3_600_000).snapshot();
      assertThat(guard.keys()).isZero();
      assertThat(guard.timers()).isZero();
    }
  }

  private static java.util.List<String> notices(TestingGuard guard) {
    return guard.said.stream()
        .filter(each -> each.topic() == Said.Topic.EVENTS)
        .map(each -> ((io.forestall.schemas.Event) each.record()).getType())
        .toList();
  }

  private static void refresh(TestingGuard guard) throws Exception {
    for (int i = 0; i < 10; i++) {
      guard.give(guard.risk(i, Tier.HEALTHY, 0.001));
    }
  }

  private static TestingGuard guard(TestingGuard.Logs logs, Backend backend, String keyFile)
      throws Exception {
    return new TestingGuard(logs, backend, keyFile, START, null, 0, 0);
  }
}
