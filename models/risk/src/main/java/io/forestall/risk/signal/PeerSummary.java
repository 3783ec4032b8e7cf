package io.forestall.risk.signal;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What a group of peers did in one closed window of event time, by signal: how many reported it,
 * the median and a robust spread (1.4826 x median absolute deviation) of the members' means. And,
 * where the group has enough load, the line of latency against throughput over the members.
 * Immutable by convention.
 *
 * @param peers name of the group
 * @param startMillis start of the window, inclusive; epoch milliseconds
 * @param endMillis end of the window, exclusive; epoch milliseconds
 * @param members members by {@link Signal#ordinal()}; count
 * @param medians medians by signal ordinal, NaN where no member reported it
 * @param spreads spreads by signal ordinal, NaN where no member reported it
 * @param latencyIntercept latency at no load of the group's line, NaN without a line; seconds
 * @param latencySlope growth of latency with operations a second, at least 0, NaN without a line
 * @param latencySpread robust spread of the members around the line, NaN without a line; seconds
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its operator's tests field by field
public record PeerSummary(
    String peers,
    long startMillis,
    long endMillis,
    int[] members,
    double[] medians,
    double[] spreads,
    double latencyIntercept,
    double latencySlope,
    double latencySpread) {
  private static final int VERSION = 1;

  /** Writes the summary; signals that no member reported take no room. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeUTF(peers);
    out.writeLong(startMillis);
    out.writeLong(endMillis);
    out.writeDouble(latencyIntercept);
    out.writeDouble(latencySlope);
    out.writeDouble(latencySpread);
    int present = 0;
    for (int count : members) {
      present += count > 0 ? 1 : 0;
    }
    out.writeByte(present);
    for (Signal signal : Signal.values()) {
      int at = signal.ordinal();
      if (members[at] > 0) {
        out.writeByte(signal.number());
        out.writeInt(members[at]);
        out.writeDouble(medians[at]);
        out.writeDouble(spreads[at]);
      }
    }
  }

  /**
   * Reads what {@link #write} wrote; signals that are no longer known are left out.
   *
   * @throws IOException with a clear message when it is of a later version
   */
  public static PeerSummary read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("summary of peers has version " + version + ", known is " + VERSION);
    }
    String peers = in.readUTF();
    long startMillis = in.readLong();
    long endMillis = in.readLong();
    double intercept = in.readDouble();
    double slope = in.readDouble();
    double lineSpread = in.readDouble();
    int[] members = new int[Signal.COUNT];
    double[] medians = SignalSample.absentValues();
    double[] spreads = SignalSample.absentValues();
    for (int present = in.readUnsignedByte(); present > 0; present--) {
      Signal signal = Signal.byNumber(in.readUnsignedByte());
      int count = in.readInt();
      double median = in.readDouble();
      double spread = in.readDouble();
      if (signal != null) {
        members[signal.ordinal()] = count;
        medians[signal.ordinal()] = median;
        spreads[signal.ordinal()] = spread;
      }
    }
    return new PeerSummary(
        peers, startMillis, endMillis, members, medians, spreads, intercept, slope, lineSpread);
  }
}
