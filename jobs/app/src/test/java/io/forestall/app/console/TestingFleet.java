package io.forestall.app.console;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/** A made-up fleet from a seed, fed to a view by hand, day by day. Not thread-safe. */
final class TestingFleet {
  static final long DAY_MILLIS = 86_400_000L;
  static final long FIRST_DAY_MILLIS = 1_767_225_600_000L; // 2026-01-01T00:00:00Z
  static final long HORIZON_MILLIS = 30 * DAY_MILLIS;
  static final int DISKS_PER_NODE = 45;
  static final int NODES_PER_RACK = 8;

  private static final String[] METRICS = {
    "smart_5_raw", "smart_187_raw", "smart_197_raw", "smart_188_raw", "smart_194_raw"
  };

  private final FleetView view;
  private final int disks;
  private final double[] frailty;
  private final Tier[] tiers;
  private final long[] since;
  private final SplittableRandom random;
  private long day;

  TestingFleet(FleetView view, int disks, long seed) {
    this.view = view;
    this.disks = disks;
    this.random = new SplittableRandom(seed);
    this.frailty = new double[disks];
    this.tiers = new Tier[disks];
    this.since = new long[disks];
    for (int i = 0; i < disks; i++) {
      double draw = random.nextDouble();
      frailty[i] =
          draw > 0.994
              ? 3 + 5 * random.nextDouble()
              : draw > 0.97 ? 1 + 2 * random.nextDouble() : 0;
      tiers[i] = Tier.HEALTHY;
      since[i] = FIRST_DAY_MILLIS;
    }
    for (int i = 0; i < disks; i++) {
      view.fleet("disk/" + id(i), entry(i));
    }
    view.model(
        "disk/disk-lstm/1",
        new ModelRecord(
            "disk-lstm",
            1,
            FailureMode.DISK,
            FIRST_DAY_MILLIS,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            "forestall-lstm-1",
            ByteBuffer.wrap(new byte[64]),
            "card",
            "",
            "",
            0L,
            false,
            ""));
  }

  static String id(int disk) {
    return String.format(Locale.ROOT, "TST%07d", (disk * 7919L) % 9_999_991L);
  }

  static String node(int disk) {
    return String.format(Locale.ROOT, "n-%04d", disk / DISKS_PER_NODE + 1);
  }

  static String rack(int disk) {
    return String.format(Locale.ROOT, "r-%02d", disk / DISKS_PER_NODE / NODES_PER_RACK + 1);
  }

  static EntityRef ref(String id) {
    return new EntityRef(EntityKind.DISK, id);
  }

  static FleetEntry entry(int disk) {
    return new FleetEntry(
        ref(id(disk)),
        FIRST_DAY_MILLIS,
        node(disk),
        rack(disk),
        "z-" + (disk / 1080 % 3 + 1),
        "local",
        "default",
        "hdd",
        disk % 3 == 0 ? "Look-alike HD4000" : "Look-alike HD8000",
        disk % 3 == 0 ? 4_000_000_000_000L : 8_000_000_000_000L,
        true,
        Map.of());
  }

  static Risk risk(
      String id, long timeMillis, long samples, double score, Tier tier, List<Reason> reasons) {
    double probability = Math.min(0.99, Math.pow(score / 100, 2));
    return new Risk(
        ref(id),
        "n-0001",
        timeMillis,
        samples,
        score,
        tier,
        timeMillis,
        probability,
        HORIZON_MILLIS,
        0.9,
        false,
        List.of(
            new ModeRisk(FailureMode.DISK, probability, HORIZON_MILLIS, "disk-lstm", 1, reasons)));
  }

  static DeadLetter dead(long offset, DeadReason reason, String detail) {
    return DeadLetter.newBuilder()
        .setOrigin("forestall.telemetry.v1")
        .setPartition(0)
        .setOffset(offset)
        .setIndex(3)
        .setTimeMillis(FIRST_DAY_MILLIS)
        .setReason(reason)
        .setDetail(detail)
        .setEntity(ref("TSTBAD"))
        .setPayload(ByteBuffer.wrap(new byte[3]))
        .setComponent("forestall-sense")
        .build();
  }

  /** Scores every disk once more, a day later. */
  void nextDay() {
    long time = FIRST_DAY_MILLIS + day * DAY_MILLIS;
    day++;
    for (int i = 0; i < disks; i++) {
      double hazard =
          frailty[i] == 0
              ? 0
              : Math.max(0, Math.tanh((day - 34 + 4 * frailty[i]) / 14.0))
                  * Math.min(1, 0.2 + frailty[i] / 7);
      double score = Math.max(0, Math.min(100, 100 * hazard + 3 * random.nextDouble()));
      Tier tier =
          score >= 80
              ? Tier.CRITICAL
              : score >= 50 ? Tier.WARNING : score >= 20 ? Tier.WATCH : Tier.HEALTHY;
      if (tier != tiers[i]) {
        tiers[i] = tier;
        since[i] = time;
      }
      List<Reason> reasons = new ArrayList<>();
      if (tier != Tier.HEALTHY) {
        for (int m = 0; m < 3; m++) {
          String metric = METRICS[(i + m) % METRICS.length];
          double contribution = hazard * 4 / (m + 1) + 0.2 * random.nextDouble();
          double value = Math.floor(hazard * (m + 1) * 40 + day);
          reasons.add(
              new Reason(
                  metric,
                  value,
                  contribution,
                  String.format(
                      Locale.ROOT,
                      "%s is %.0f and grew by %.0f in 7 days",
                      metric,
                      value,
                      value / 4)));
        }
      }
      Risk risk = risk(id(i), time, day, score, tier, reasons);
      risk.setNode(node(i));
      risk.setTierSinceMillis(since[i]);
      view.risk("disk/" + id(i), risk);
    }
    view.telemetry("simulated", disks, time);
    if (day % 3 == 0) {
      view.deadLetter(
          dead(
              day,
              DeadReason.NOT_A_NUMBER,
              "smart_5_raw of sample 3 is not a number: the source must leave it out"));
      view.deadLetter(
          dead(
              day,
              DeadReason.UNKNOWN_ENTITY,
              "no fleet entry names this disk: add it with forestall ingest --inventory"));
    }
    if (day % 11 == 0) {
      view.deadLetter(
          dead(
              day,
              DeadReason.FUTURE_TIME,
              "the time of the frame is 3 days ahead of the broker's"));
    }
  }
}
