package io.forestall.operators;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import java.util.SplittableRandom;

/** Samples of made-up disks; the same disk and time always give the same values. */
public final class TestingDisks {

  public static final long DAY_MILLIS = 86_400_000L;

  /** 2024-01-01 UTC. */
  public static final long START_MILLIS = 1_704_067_200_000L;

  private TestingDisks() {}

  /** Name of a disk by number. */
  public static String disk(int number) {
    return "SYN%06d".formatted(number);
  }

  /** Name of the node of a disk: 45 disks each. */
  public static String node(int number) {
    return "n-%04d".formatted(1 + number / 45);
  }

  /** Noon of a day. */
  public static long noonMillis(int day) {
    return START_MILLIS + day * DAY_MILLIS + DAY_MILLIS / 2;
  }

  /** The sample of a disk on a day; every seventh disk goes bad after the tenth day. */
  public static DiskSample sample(int number, int day) {
    SplittableRandom random = new SplittableRandom(number * 1_000_003L + day);
    double[] values = DiskSample.absentValues();
    boolean bad = number % 7 == 3 && day > 10;
    values[DiskMetric.READ_ERROR_RATE.ordinal()] = random.nextInt(200_000_000);
    values[DiskMetric.REALLOCATED_SECTORS.ordinal()] = bad ? (day - 10) * 24 : 0;
    values[DiskMetric.POWER_ON_HOURS.ordinal()] = 10_000 + 24 * day + number % 100;
    values[DiskMetric.POWER_CYCLES.ordinal()] = 12;
    values[DiskMetric.REPORTED_UNCORRECTABLE.ordinal()] = bad ? day - 10 : 0;
    values[DiskMetric.TEMPERATURE.ordinal()] = 22 + random.nextInt(12);
    values[DiskMetric.PENDING_SECTORS.ordinal()] = bad ? 8 * (day - 9) : 0;
    values[DiskMetric.OFFLINE_UNCORRECTABLE.ordinal()] = bad ? 8 * (day - 9) : 0;
    values[DiskMetric.INTERFACE_CRC_ERRORS.ordinal()] = number % 11;
    values[DiskMetric.BLOCKS_WRITTEN.ordinal()] = 1e9 + day * 1e6 + random.nextInt(100_000);
    return new DiskSample(
        disk(number), number % 2 == 0 ? "SYNTH A" : null, noonMillis(day), values);
  }

  /** The same as an input from partition 0. */
  public static DiskInput input(int number, int day) {
    return DiskInput.sample(node(number), sample(number, day), 0, day * 1000L + number, -1);
  }

  /** The fleet's word on a disk. */
  public static DiskInput fleet(int number) {
    return DiskInput.fleet(disk(number), node(number));
  }

  /** The fleet's last word on a disk. */
  public static DiskInput tombstone(int number) {
    return DiskInput.tombstone(disk(number));
  }
}
