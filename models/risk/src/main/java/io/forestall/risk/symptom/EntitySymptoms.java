package io.forestall.risk.symptom;

import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.series.SeriesState;
import io.forestall.risk.signal.Signal;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What {@link StandardSymptomEngine} remembers of one thing. */
final class EntitySymptoms implements SymptomState {
  static final long NEVER = Long.MIN_VALUE;
  private static final int VERSION = 1;
  private static final Signal[] SIGNALS = Signal.values();
  private static final Evidence[] EVIDENCE = Evidence.values();

  /** Evidence below this is forgotten. */
  static final float NOTHING = 1e-4f;

  /** What is remembered of one signal. */
  static final class Slot {
    /** True for a signal of rare events, of which no level is kept. */
    boolean rare;

    /** State of the detector, null for a signal that has none. */
    @Nullable SeriesState series;

    Reference reference = new Reference();

    /** Samples that had it; count. */
    long samples;

    long lastMillis = NEVER;
    double last;

    /** Mean over about a window of peers; unit of the signal. */
    double smooth;

    /** What the detector expected last and how far off is usual. */
    double expected;

    double spread;

    /** One bit for each of the last samples, newest lowest: it was unusual; it was usual. */
    int unusual;

    int usual;

    /** When the anomaly began, NEVER while there is none. */
    long sinceMillis = NEVER;

    /**
     * Largest deviation that was told of it; of rare events the time of the last one, epoch
     * milliseconds.
     */
    double told;
  }

  final @Nullable Slot[] slots = new Slot[SIGNALS.length];
  final float[] evidence = new float[EVIDENCE.length];
  final long[] evidenceMillis = new long[EVIDENCE.length];
  final double[] notableLogOdds = new double[4];
  long notableMillis = NEVER;
  long samples;
  long firstMillis = NEVER;
  long lastMillis = NEVER;
  long restartedMillis = NEVER;

  /** True when the last latency had no peers to be compared with. */
  boolean alone;

  @Nullable LoadCurve curve;
  @Nullable MemoryTrend memory;

  @Override
  public long samples() {
    return samples;
  }

  @Override
  public long lastTimeMillis() {
    return lastMillis;
  }

  @Override
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(samples);
    out.writeLong(firstMillis);
    out.writeLong(lastMillis);
    out.writeLong(restartedMillis);
    out.writeLong(notableMillis);
    for (double each : notableLogOdds) {
      out.writeDouble(each);
    }
    int active = 0;
    for (float each : evidence) {
      active += each >= NOTHING ? 1 : 0;
    }
    out.writeByte(active);
    for (Evidence each : EVIDENCE) {
      int i = each.ordinal();
      if (evidence[i] >= NOTHING) {
        out.writeByte(each.number());
        out.writeFloat(evidence[i]);
        out.writeLong(evidenceMillis[i]);
      }
    }
    out.writeByte((curve == null ? 0 : 1) | (memory == null ? 0 : 2) | (alone ? 4 : 0));
    if (curve != null) {
      curve.write(out);
    }
    if (memory != null) {
      memory.write(out);
    }
    int present = 0;
    for (Slot slot : slots) {
      present += slot == null ? 0 : 1;
    }
    out.writeByte(present);
    for (Signal signal : SIGNALS) {
      Slot slot = slots[signal.ordinal()];
      if (slot != null) {
        out.writeByte(signal.number());
        write(slot, out);
      }
    }
  }

  private static void write(Slot slot, DataOutput out) throws IOException {
    boolean anomalous = slot.sinceMillis != NEVER;
    out.writeByte((slot.series == null ? 0 : 1) | (anomalous ? 2 : 0) | (slot.rare ? 4 : 0));
    out.writeLong(slot.samples);
    out.writeLong(slot.lastMillis);
    out.writeDouble(slot.last);
    out.writeByte(slot.unusual);
    out.writeByte(slot.usual);
    if (anomalous) {
      out.writeLong(slot.sinceMillis);
      out.writeDouble(slot.told);
    }
    if (!slot.rare) {
      out.writeDouble(slot.smooth);
      out.writeDouble(slot.expected);
      out.writeDouble(slot.spread);
      slot.reference.write(out);
    }
    SeriesState series = slot.series;
    if (series != null) {
      series.write(out);
    }
  }

  static EntitySymptoms read(DataInput in, SeriesDetector detector) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("symptoms have version " + version + ", known is " + VERSION);
    }
    EntitySymptoms state = new EntitySymptoms();
    state.samples = in.readLong();
    state.firstMillis = in.readLong();
    state.lastMillis = in.readLong();
    state.restartedMillis = in.readLong();
    state.notableMillis = in.readLong();
    for (int i = 0; i < state.notableLogOdds.length; i++) {
      state.notableLogOdds[i] = in.readDouble();
    }
    for (int n = in.readUnsignedByte(); n > 0; n--) {
      Evidence each = Evidence.byNumber(in.readUnsignedByte());
      float strength = in.readFloat();
      long millis = in.readLong();
      if (each != null) {
        state.evidence[each.ordinal()] = strength;
        state.evidenceMillis[each.ordinal()] = millis;
      }
    }
    int parts = in.readUnsignedByte();
    state.alone = (parts & 4) != 0;
    if ((parts & 1) != 0) {
      state.curve = LoadCurve.read(in);
    }
    if ((parts & 2) != 0) {
      state.memory = MemoryTrend.read(in);
    }
    for (int n = in.readUnsignedByte(); n > 0; n--) {
      Signal signal = Signal.byNumber(in.readUnsignedByte());
      Slot slot = readSlot(in, detector);
      if (signal != null) {
        state.slots[signal.ordinal()] = slot;
      }
    }
    return state;
  }

  private static Slot readSlot(DataInput in, SeriesDetector detector) throws IOException {
    Slot slot = new Slot();
    int flags = in.readUnsignedByte();
    slot.samples = in.readLong();
    slot.lastMillis = in.readLong();
    slot.last = in.readDouble();
    slot.unusual = in.readUnsignedByte();
    slot.usual = in.readUnsignedByte();
    if ((flags & 2) != 0) {
      slot.sinceMillis = in.readLong();
      slot.told = in.readDouble();
    }
    slot.rare = (flags & 4) != 0;
    if (!slot.rare) {
      slot.smooth = in.readDouble();
      slot.expected = in.readDouble();
      slot.spread = in.readDouble();
      slot.reference = Reference.read(in);
    }
    if ((flags & 1) != 0) {
      slot.series = detector.read(in);
    }
    return slot;
  }
}
