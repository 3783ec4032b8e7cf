package io.forestall.app.sql;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One volume whose first unit changed hands, and the steps that did it. */
final class TestingFailovers {

  private static final Subject OLD = Subject.node("n-1");
  private static final Subject NEW = Subject.node("n-2");

  private TestingFailovers() {}

  static void seed(TestingDecisions.Sender to, long startMillis) throws Exception {
    to.send(Topics.MAPS, "v-1/0", MapRecords.of(map(1, OLD, 1, startMillis), null));
    to.send(
        Topics.MAPS, "v-1/0", MapRecords.of(map(2, NEW, 2, startMillis), "unit v-1/1 has 1 copy"));
    to.send(Topics.MAPS, "v-gone/0", MapRecords.of(map(1, OLD, 1, startMillis), null));
    to.send(Topics.MAPS, "v-gone/0", null);

    own(to, OwnershipEntry.Kind.START, OLD, 0, 1, startMillis);
    own(to, OwnershipEntry.Kind.TAKEOVER, NEW, 1, 2, startMillis + 5);
    own(to, OwnershipEntry.Kind.TAKEOVER, Subject.node("n-3"), 1, 2, startMillis + 6);

    step(to, "e-1", "0", "CHECKING", startMillis + 10);
    step(to, "e-2", "4", "FENCED", startMillis + 17);
    step(to, "e-2", "4", "FENCED", startMillis + 17);
    step(to, "e-3", "11", "CONFIRMED", startMillis + 42);

    command(to, "a-2/probe", Command.Kind.PROBE, startMillis + 11);
    command(to, "a-2/demote", Command.Kind.DEMOTE, startMillis + 12);
    ack(to, CommandAck.Status.RECEIVED, startMillis + 13);
    ack(to, CommandAck.Status.DONE, startMillis + 14);
  }

  private static SagaInput.MapSlice map(long version, Subject owner, long epoch, long timeMillis) {
    return new SagaInput.MapSlice(
        "v-1",
        "p1",
        0,
        1,
        version,
        2,
        8192,
        4096,
        4096,
        2,
        List.of(
            new SagaInput.MapSegment(
                "v-1/0",
                0,
                owner,
                epoch,
                List.of(new SagaInput.MapCopy(OLD, "REPLICA", "IN_SYNC", -1))),
            new SagaInput.MapSegment("v-1/1", 1, NEW, 1, List.of())),
        timeMillis);
  }

  private static void own(
      TestingDecisions.Sender to,
      OwnershipEntry.Kind kind,
      Subject owner,
      long before,
      long after,
      long timeMillis)
      throws Exception {
    to.send(
        Topics.OWNERSHIP,
        "p1",
        OwnershipRecords.of(
            new OwnershipEntry(
                "p1",
                kind,
                List.of(new UnitStep("v-1/0", before, after)),
                owner,
                1,
                null,
                Authority.NONE,
                owner.id(),
                timeMillis),
            null));
  }

  private static void step(
      TestingDecisions.Sender to, String id, String number, String state, long timeMillis)
      throws Exception {
    to.send(
        Topics.EVENTS,
        OLD.toString(),
        IncidentRecords.event(
            new FleetEvent(
                id,
                "saga.step",
                Severity.INFO,
                false,
                OLD,
                List.of(NEW),
                timeMillis,
                null,
                1,
                0,
                null,
                null,
                null,
                null,
                null,
                "decide",
                "a sentence",
                Map.of(),
                Map.of("admission", "a-2", "step", number, "state", state))));
  }

  private static void command(
      TestingDecisions.Sender to, String id, Command.Kind kind, long timeMillis) throws Exception {
    Subject addressee = kind == Command.Kind.PROBE ? NEW : OLD;
    to.send(
        Topics.COMMANDS,
        addressee.toString(),
        CommandRecords.of(
            new Command(
                id,
                kind,
                addressee,
                OLD,
                "p1",
                null,
                0,
                0,
                List.of(),
                null,
                timeMillis,
                timeMillis,
                timeMillis + 1000,
                null,
                "because",
                Map.of()),
            null));
  }

  private static void ack(TestingDecisions.Sender to, CommandAck.Status status, long timeMillis)
      throws Exception {
    @Nullable Long none = null;
    to.send(
        Topics.ACKS,
        OLD.toString(),
        AckRecords.of(
            new CommandAck(
                "a-2/probe",
                NEW,
                OLD,
                "p1",
                status,
                CommandAck.Code.NONE,
                "it is well",
                false,
                null,
                none,
                none,
                null,
                none,
                none,
                Map.of(),
                1,
                1,
                timeMillis)));
  }
}
