package io.forestall.app.sql;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.Topics;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.StandingRecords;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * Two shadows, one of which lags, a third that is gone, two copies that were found wrong, a unit at
 * risk without a shadow, and one that was switched over.
 */
final class TestingShadows {

  private static final Subject OWNER = Subject.node("n-1");

  private TestingShadows() {}

  static void seed(TestingDecisions.Sender to, long startMillis) throws Exception {
    standing(to, "v-1/0", "n-7", "COPYING", 900, 0, startMillis);
    standing(to, "v-1/0", "n-7", "IN_SYNC", 0, 4, startMillis + 1000);
    standing(to, "v-1/1", "n-8", "CATCHING_UP", 20, 0, startMillis + 500);
    standing(to, "v-1/1", "n-9", "IN_SYNC", 0, 0, startMillis);
    to.send(Topics.SHADOWS, "v-1/1/n-9", null);
    diverged(to, Subject.node("n-7"), Severity.ERROR, "none", 0, startMillis + 10);
    diverged(to, Subject.node("n-7"), Severity.ERROR, "none", 0, startMillis + 10);
    diverged(to, OWNER, Severity.CRITICAL, "stored-checksum", 1 << 20, startMillis + 20);
    atRisk(to, startMillis);
    switchedOver(to, startMillis);
  }

  /** Two units whose owner is at risk; the second one has a shadow besides. */
  private static void atRisk(TestingDecisions.Sender to, long startMillis) throws Exception {
    MapCopy replica = new MapCopy(Subject.node("n-8"), "REPLICA", "IN_SYNC", -1);
    MapCopy shadow = new MapCopy(Subject.node("n-9"), "SHADOW", "COPYING", -1);
    MapCopy behind = new MapCopy(Subject.node("n-7"), "REPLICA", "CATCHING_UP", -1);
    Subject owner = Subject.node("n-0001");
    to.send(
        Topics.MAPS,
        "v-7/0",
        MapRecords.of(
            new MapSlice(
                "v-7",
                "p1",
                0,
                1,
                1,
                0,
                8192,
                4096,
                4096,
                2,
                List.of(
                    new MapSegment("v-7/0", 0, owner, 1, List.of(replica, behind)),
                    new MapSegment("v-7/1", 1, owner, 1, List.of(replica, shadow))),
                startMillis),
            null));
  }

  /** A unit that was switched over to its shadow, which a client felt; another came too late. */
  private static void switchedOver(TestingDecisions.Sender to, long startMillis) throws Exception {
    List<UnitStep> units = List.of(new UnitStep("v-7/0", 1, 2));
    AdmissionRecords admissions = new AdmissionRecords();
    for (Admission.State state : List.of(Admission.State.ADMITTED, Admission.State.DONE)) {
      to.send(
          Topics.ADMISSIONS, "p1", admissions.unsigned(admission(state, units, startMillis + 30)));
    }
    for (String owner : List.of("n-9", "n-8")) {
      Admission admission = admission(Admission.State.ADMITTED, units, startMillis + 30);
      io.forestall.schemas.Admission signed = admissions.unsigned(admission);
      signed.setKeyId("0123456789abcdef");
      signed.setSignature(ByteBuffer.wrap(new byte[64]));
      to.send(
          Topics.OWNERSHIP,
          "p1",
          OwnershipRecords.of(
              new OwnershipEntry(
                  "p1",
                  OwnershipEntry.Kind.TAKEOVER,
                  units,
                  Subject.node(owner),
                  1,
                  admission,
                  Authority.VALID,
                  owner,
                  startMillis + 40),
              signed));
    }
    for (int pause : new int[] {41, 83}) {
      FleetEvent event =
          new FleetEvent(
              "pause-" + pause,
              "volume.paused",
              Severity.INFO,
              false,
              new Subject(Subject.Kind.PAIR, "v-7@c-" + pause),
              List.of(),
              startMillis + 50,
              null,
              1,
              0,
              null,
              null,
              null,
              null,
              null,
              "client",
              "paused",
              Map.of("pauseMillis", (double) pause),
              Map.of());
      to.send(Topics.EVENTS, "pair/v-7@c-" + pause, IncidentRecords.event(event));
    }
  }

  private static Admission admission(Admission.State state, List<UnitStep> units, long timeMillis) {
    boolean first = state == Admission.State.ADMITTED;
    return new Admission(
        "a-7",
        first ? 1 : 2,
        state,
        "p-of-a-7",
        ActKind.SWITCHOVER,
        Subject.node("n-0001"),
        "p1",
        "z-1",
        true,
        units,
        Subject.node("n-0001"),
        Subject.node("n-9"),
        List.of(),
        7,
        timeMillis,
        timeMillis,
        timeMillis + 300_000,
        first ? timeMillis : timeMillis + 95,
        first ? "n-0001 is expected to fail." : "node/n-9 serves v-7/0.",
        Map.of());
  }

  private static void standing(
      TestingDecisions.Sender to,
      String unit,
      String shadow,
      String state,
      long lag,
      long round,
      long timeMillis)
      throws Exception {
    ShadowStanding standing =
        new ShadowStanding(
            unit,
            "v-1",
            "p-1",
            Subject.node(shadow),
            OWNER,
            state,
            2,
            1000,
            1000 - lag,
            lag,
            lag * 4096,
            lag * 7,
            0,
            null,
            1,
            round,
            round == 0 ? null : (Long) timeMillis,
            0,
            "as it stands",
            timeMillis);
    to.send(Topics.SHADOWS, StandingRecords.key(standing), StandingRecords.of(standing));
  }

  private static void diverged(
      TestingDecisions.Sender to,
      Subject holder,
      Severity severity,
      String attributed,
      long offset,
      long timeMillis)
      throws Exception {
    FleetEvent event =
        new FleetEvent(
            "copy.diverged/" + holder + "/" + offset,
            "copy.diverged",
            severity,
            false,
            holder,
            List.of(),
            timeMillis,
            null,
            1,
            0,
            null,
            null,
            null,
            null,
            null,
            "move",
            "bytes differ",
            Map.of(
                "offset", (double) offset,
                "length", 1048576.0,
                "sequence", 77.0,
                "epoch", 2.0,
                "round", 4.0),
            Map.of("unit", "v-1/0", "attributed", attributed));
    to.send(Topics.EVENTS, holder.toString(), IncidentRecords.event(event));
  }
}
