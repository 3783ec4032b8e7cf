package io.forestall.app.sql;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.Topics;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.StandingRecords;
import java.util.List;
import java.util.Map;

/** Two shadows, one of which lags, a third that is gone, and two copies that were found wrong. */
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
