package io.forestall.risk.signal;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * The means of one member's signals within one window. Its sums are whole numbers, so that they are
 * the same to the last bit in whatever order the samples come. Mutable, bounded, not thread-safe;
 * its encoding carries a version and only grows. Row A3.
 */
public final class PeerMeans {
  private static final int VERSION = 1;

  /** Values beyond this are taken as this, so that sums cannot overflow; unit of the signal. */
  static final double MAXIMUM_VALUE = 1L << 44;

  /** Samples after these are not looked at: sums could overflow. A window never has so many. */
  static final int MAXIMUM_SAMPLES = 1 << 18;

  /** Fractions are kept in steps of about 1e-12, far finer than any signal is measured. */
  private static final double FRACTION_STEPS = 1L << 40;

  private static final int[][] SIGNALS_BY_SCOPE = new int[Scope.values().length][];
  private static final int[] SLOT_BY_SIGNAL = new int[Signal.COUNT];

  static {
    int[] sizes = new int[Scope.values().length];
    for (Signal signal : Signal.values()) {
      SLOT_BY_SIGNAL[signal.ordinal()] = sizes[signal.scope().ordinal()]++;
    }
    for (Scope scope : Scope.values()) {
      SIGNALS_BY_SCOPE[scope.ordinal()] = new int[sizes[scope.ordinal()]];
    }
    for (Signal signal : Signal.values()) {
      SIGNALS_BY_SCOPE[signal.scope().ordinal()][SLOT_BY_SIGNAL[signal.ordinal()]] =
          signal.ordinal();
    }
  }

  private final Scope scope;
  private final long[] wholes;
  private final long[] fractions;
  private final int[] counts;

  private PeerMeans(Scope scope) {
    this.scope = scope;
    int slots = SIGNALS_BY_SCOPE[scope.ordinal()].length;
    wholes = new long[slots];
    fractions = new long[slots];
    counts = new int[slots];
  }

  /** No sample yet, of a member of this scope. */
  public static PeerMeans empty(Scope scope) {
    return new PeerMeans(scope);
  }

  /** Which signals it has. */
  public Scope scope() {
    return scope;
  }

  /** Takes the signals of the scope in; those that are absent or not finite are passed over. */
  public void add(SignalSample sample) {
    int[] signals = SIGNALS_BY_SCOPE[scope.ordinal()];
    for (int slot = 0; slot < signals.length; slot++) {
      double value = sample.values()[signals[slot]];
      if (Double.isFinite(value) && counts[slot] < MAXIMUM_SAMPLES) {
        double bounded = Math.max(-MAXIMUM_VALUE, Math.min(MAXIMUM_VALUE, value));
        double whole = Math.floor(bounded);
        wholes[slot] += (long) whole;
        fractions[slot] += (long) ((bounded - whole) * FRACTION_STEPS);
        counts[slot]++;
      }
    }
  }

  /** Adds what another part of the same window summed up. */
  public void merge(PeerMeans other) {
    for (int slot = 0; slot < counts.length && other.scope == scope; slot++) {
      if (counts[slot] + other.counts[slot] <= MAXIMUM_SAMPLES) {
        wholes[slot] += other.wholes[slot];
        fractions[slot] += other.fractions[slot];
        counts[slot] += other.counts[slot];
      }
    }
  }

  /** Mean of the signal in its unit, NaN when it was never there or is of another scope. */
  public double mean(Signal signal) {
    int slot = SLOT_BY_SIGNAL[signal.ordinal()];
    if (signal.scope() != scope || counts[slot] == 0) {
      return Double.NaN;
    }
    return (wholes[slot] + fractions[slot] / FRACTION_STEPS) / counts[slot];
  }

  /** Writes the state; signals that were never there take no room. */
  public void write(DataOutput out) throws IOException {
    int present = 0;
    for (int count : counts) {
      present += count > 0 ? 1 : 0;
    }
    out.writeByte(VERSION);
    out.writeByte(scope.ordinal());
    out.writeByte(present);
    int[] signals = SIGNALS_BY_SCOPE[scope.ordinal()];
    for (int slot = 0; slot < signals.length; slot++) {
      if (counts[slot] > 0) {
        out.writeByte(Signal.values()[signals[slot]].number());
        out.writeInt(counts[slot]);
        out.writeLong(wholes[slot]);
        out.writeLong(fractions[slot]);
      }
    }
  }

  /**
   * Reads what {@link #write} wrote; signals that are no longer known are left out.
   *
   * @throws IOException with a clear message when it is of a later version or no state
   */
  public static PeerMeans read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("means of a peer have version " + version + ", known is " + VERSION);
    }
    int scope = in.readUnsignedByte();
    if (scope >= Scope.values().length) {
      throw new IOException("means of a peer name scope " + scope + ", which does not exist");
    }
    PeerMeans means = new PeerMeans(Scope.values()[scope]);
    for (int present = in.readUnsignedByte(); present > 0; present--) {
      Signal signal = Signal.byNumber(in.readUnsignedByte());
      int count = in.readInt();
      long whole = in.readLong();
      long fraction = in.readLong();
      if (count <= 0 || count > MAXIMUM_SAMPLES) {
        throw new IOException("means of a peer stand on " + count + " samples");
      }
      if (signal != null && signal.scope() == means.scope) {
        int slot = SLOT_BY_SIGNAL[signal.ordinal()];
        means.counts[slot] = count;
        means.wholes[slot] = whole;
        means.fractions[slot] = fraction;
      }
    }
    return means;
  }
}
