package io.forestall.app.score;

import io.forestall.risk.Assessment;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.Verdict;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.sources.SourceProblem;
import io.forestall.wire.sources.SourceRow;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The disks of one partition and their states. What the job would score is scored as the job does
 * and moves the state on; what it would refuse gets a score too, from nothing later than the row,
 * and leaves the state alone. Not safe for threads.
 */
final class DiskScores {

  private final DiskRiskEngine engine;
  private final Map<String, Disk> disks = new HashMap<>();
  private @Nullable List<String> mappedMetrics;
  private int[] ordinals = new int[0];

  private static final class Disk {
    private final DiskState state = DiskState.fresh();
    private long timeMillis = Long.MIN_VALUE;
    private double probability;
  }

  DiskScores(DiskRiskEngine engine) {
    this.engine = engine;
  }

  /** Number of disks seen. */
  int size() {
    return disks.size();
  }

  /**
   * Scores the rows of one day that belong to this partition: accepted ones first, because a
   * refused row of the same disk and day refers to them.
   *
   * @param rows all rows of the day
   * @param partition number of this partition, from 0
   * @param partitions number of partitions
   * @param probabilities takes the probability of each row of this partition, by its place
   */
  void score(List<SourceRow> rows, int partition, int partitions, double[] probabilities) {
    boolean refused = false;
    for (int i = 0; i < rows.size(); i++) {
      SourceRow row = rows.get(i);
      if (partition(row.disk(), partitions) != partition) {
        continue;
      }
      if (row.problem() == null) {
        probabilities[i] = accept(row);
      } else {
        refused = true;
      }
    }
    for (int i = 0; refused && i < rows.size(); i++) {
      SourceRow row = rows.get(i);
      SourceProblem problem = row.problem();
      if (problem != null && partition(row.disk(), partitions) == partition) {
        probabilities[i] = glance(row, problem.reason());
      }
    }
  }

  private static int partition(String disk, int partitions) {
    int hash = disk.hashCode();
    return Math.floorMod(hash ^ (hash >>> 16), partitions);
  }

  private double accept(SourceRow row) {
    Disk disk = disks.get(row.disk());
    if (disk == null) {
      disk = new Disk();
      disks.put(row.disk(), disk);
    }
    DiskSample sample = sample(row);
    if (engine.check(disk.state, sample) != Verdict.ACCEPT) {
      // Days grow strictly and a disk is accepted once a day, so this cannot be.
      throw new IllegalStateException("row " + row.origin() + ":" + row.line() + " comes too late");
    }
    Assessment assessment = engine.observe(disk.state, sample);
    disk.timeMillis = row.timeMillis();
    disk.probability = assessment.probability();
    return disk.probability;
  }

  // A score that leaves no trace.
  private double glance(SourceRow row, DeadReason reason) {
    Disk disk = disks.get(row.disk());
    if (disk != null && disk.timeMillis == row.timeMillis()) {
      return disk.probability;
    }
    DiskState state =
        disk == null || reason == DeadReason.LATE ? DiskState.fresh() : copy(disk.state);
    return engine.observe(state, sample(row)).probability();
  }

  private DiskSample sample(SourceRow row) {
    List<String> metrics = row.metrics();
    if (metrics != mappedMetrics) {
      mappedMetrics = metrics;
      ordinals = new int[metrics.size()];
      for (int i = 0; i < ordinals.length; i++) {
        DiskMetric metric = DiskMetric.byName(metrics.get(i));
        ordinals[i] = metric == null ? -1 : metric.ordinal();
      }
    }
    double[] values = DiskSample.absentValues();
    double[] given = row.values();
    for (int i = 0; i < ordinals.length; i++) {
      if (ordinals[i] >= 0) {
        values[ordinals[i]] = given[i];
      }
    }
    return new DiskSample(row.disk(), row.model(), row.timeMillis(), values);
  }

  private static DiskState copy(DiskState state) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      state.write(new DataOutputStream(bytes));
      return DiskState.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    } catch (IOException e) {
      throw new UncheckedIOException("memory refused bytes", e);
    }
  }
}
