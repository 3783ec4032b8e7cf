package io.forestall.operators;

import io.forestall.operators.types.DiskMemoryType;
import io.forestall.risk.DiskState;
import io.forestall.risk.Tier;
import io.forestall.risk.symptom.Finding;
import java.util.ArrayDeque;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.jspecify.annotations.Nullable;

/**
 * All that the sense job keeps of one disk, in one state value: one read and one write a sample.
 * Mutable; not thread-safe.
 */
public final class DiskMemory {

  /** Value of {@link #timerMillis} while no timer is set. */
  public static final long NO_TIMER = Long.MIN_VALUE;

  private boolean known;
  private long timerMillis;
  private Tier tier;
  private String node;
  private @Nullable DiskState state;
  private @Nullable ArrayDeque<DiskInput> parked;
  private @Nullable Finding waitingFinding;
  private String shareNode = "";
  private double shareScore;
  private Tier shareTier = Tier.UNKNOWN;
  private long shareMillis = Long.MIN_VALUE;

  /** Memory of a disk that was never heard of. */
  public DiskMemory() {
    this(false, NO_TIMER, Tier.UNKNOWN, "", null);
  }

  /** Memory as it was stored. */
  public DiskMemory(
      boolean known, long timerMillis, Tier tier, String node, @Nullable DiskState state) {
    this.known = known;
    this.timerMillis = timerMillis;
    this.tier = tier;
    this.node = node;
    this.state = state;
  }

  /** True when the fleet topic has described the disk. */
  public boolean known() {
    return known;
  }

  /** The fleet topic describes the disk. */
  public void learn() {
    known = true;
  }

  /**
   * The one event-time timer that is set for the disk, or {@link #NO_TIMER}; epoch milliseconds.
   */
  public long timerMillis() {
    return timerMillis;
  }

  /** Notes the timer that is set, or {@link #NO_TIMER}. */
  public void timer(long millis) {
    timerMillis = millis;
  }

  /** Tier of the last record that was written, UNKNOWN before the first. */
  public Tier tier() {
    return tier;
  }

  /** Notes the tier of a record that is written. */
  public void tier(Tier written) {
    tier = written;
  }

  /** Node that sent the last sample; empty before the first. */
  public String node() {
    return node;
  }

  /** Notes the node of a sample. */
  public void node(String name) {
    node = name;
  }

  /** What the risk engine remembers, null before the first scored sample. */
  public @Nullable DiskState state() {
    return state;
  }

  /** What the risk engine remembers, made fresh when there is nothing. */
  public DiskState stateOrFresh() {
    DiskState ready = state;
    if (ready == null) {
      ready = DiskState.fresh();
      state = ready;
    }
    return ready;
  }

  /** Samples that wait for the fleet entry, oldest arrival first; to be changed in place. */
  public ArrayDeque<DiskInput> parked() {
    ArrayDeque<DiskInput> ready = parked;
    if (ready == null) {
      ready = new ArrayDeque<>(4);
      parked = ready;
    }
    return ready;
  }

  /** How many samples wait; count. */
  public int parkedCount() {
    return parked == null ? 0 : parked.size();
  }

  /** The newest finding that waits for the fleet entry, null when none does. */
  public @Nullable Finding waitingFinding() {
    return waitingFinding;
  }

  /** Keeps a finding until the fleet entry comes; null when it is used or given up. */
  public void waitingFinding(@Nullable Finding finding) {
    waitingFinding = finding;
  }

  /** Node that was last told of the disk's score; empty when none was. */
  public String shareNode() {
    return shareNode;
  }

  /** Score that the node was told; points. */
  public double shareScore() {
    return shareScore;
  }

  /** Tier that the node was told. */
  public Tier shareTier() {
    return shareTier;
  }

  /** Event time at which it was told; epoch milliseconds. */
  public long shareMillis() {
    return shareMillis;
  }

  /** Notes what a node was told, and when. */
  public void share(String toldNode, double toldScore, Tier toldTier, long toldMillis) {
    shareMillis = toldMillis;
    shareNode = toldNode;
    shareScore = toldScore;
    shareTier = toldTier;
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<DiskMemory> type() {
    return DiskMemoryType.INFO;
  }
}
