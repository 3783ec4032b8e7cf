package io.forestall.operators.types;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.Tier;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parts that several formats share. Arrays of values are written as a bit mask and the values that
 * are present; metrics and signals by their ordinals, because samples in state wait for minutes,
 * while the enums grow at their ends. Stateless.
 */
public final class Wired {

  private static final Scope[] SCOPES = Scope.values();
  private static final Tier[] TIERS = Tier.values();
  private static final FailureMode[] MODES = FailureMode.values();

  private Wired() {}

  /**
   * Reads a format's version.
   *
   * @return the version, at least 1
   * @throws IOException when it is newer than this build
   */
  public static int version(DataInput in, int newest, String what) throws IOException {
    int version = in.readUnsignedByte();
    if (version < 1 || version > newest) {
      throw new IOException(
          what
              + ": format "
              + version
              + " is unknown to this build (it reads 1 to "
              + newest
              + "); start the release that wrote the checkpoint, or a newer one");
    }
    return version;
  }

  /** Writes a text that may be absent. */
  public static void writeText(@Nullable String text, DataOutput out) throws IOException {
    out.writeBoolean(text != null);
    if (text != null) {
      out.writeUTF(text);
    }
  }

  /** Reads what {@link #writeText} wrote. */
  public static @Nullable String readText(DataInput in) throws IOException {
    return in.readBoolean() ? in.readUTF() : null;
  }

  /** Writes bytes after their count. */
  public static void writeBytes(byte[] bytes, DataOutput out) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Reads what {@link #writeBytes} wrote. */
  public static byte[] readBytes(DataInput in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }

  /** Writes a sample. */
  public static void writeSample(EntitySample sample, DataOutput out) throws IOException {
    out.writeUTF(sample.entity());
    out.writeByte(sample.scope().ordinal());
    writeText(sample.model(), out);
    out.writeLong(sample.timeMillis());
    int count = FleetMetric.COUNT;
    FleetMetric[] metrics = METRICS;
    long present = 0;
    for (int i = 0; i < count; i++) {
      if (sample.has(metrics[i])) {
        present |= 1L << i;
      }
    }
    out.writeLong(present);
    for (long left = present; left != 0; left &= left - 1) {
      out.writeDouble(sample.value(metrics[Long.numberOfTrailingZeros(left)]));
    }
  }

  private static final FleetMetric[] METRICS = metrics();

  private static FleetMetric[] metrics() {
    if (FleetMetric.COUNT > Long.SIZE || Signal.COUNT > Long.SIZE) {
      throw new IllegalStateException("a mask of 64 bits no longer holds all metrics");
    }
    return FleetMetric.values();
  }

  /** Reads what {@link #writeSample} wrote. */
  public static EntitySample readSample(DataInput in) throws IOException {
    String entity = in.readUTF();
    Scope scope = SCOPES[in.readUnsignedByte()];
    String model = readText(in);
    long timeMillis = in.readLong();
    return new EntitySample(entity, scope, model, timeMillis, values(in, FleetMetric.COUNT));
  }

  private static double[] values(DataInput in, int count) throws IOException {
    double[] values = new double[count];
    java.util.Arrays.fill(values, Double.NaN);
    for (long left = in.readLong(); left != 0; left &= left - 1) {
      int i = Long.numberOfTrailingZeros(left);
      double value = in.readDouble();
      if (i < count) {
        values[i] = value;
      }
    }
    return values;
  }

  /** Writes signals. */
  public static void writeSignals(SignalSample sample, DataOutput out) throws IOException {
    out.writeUTF(sample.entity());
    out.writeByte(sample.scope().ordinal());
    out.writeUTF(sample.peers());
    out.writeLong(sample.timeMillis());
    double[] values = sample.values();
    long present = 0;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        present |= 1L << i;
      }
    }
    out.writeLong(present);
    for (long left = present; left != 0; left &= left - 1) {
      out.writeDouble(values[Long.numberOfTrailingZeros(left)]);
    }
  }

  /** Reads what {@link #writeSignals} wrote. */
  public static SignalSample readSignals(DataInput in) throws IOException {
    return new SignalSample(
        in.readUTF(),
        SCOPES[in.readUnsignedByte()],
        in.readUTF(),
        in.readLong(),
        values(in, Signal.COUNT));
  }

  /** Writes a finding. */
  public static void writeFinding(Finding finding, DataOutput out) throws IOException {
    out.writeUTF(finding.entity());
    out.writeLong(finding.timeMillis());
    out.writeDouble(finding.confidence());
    out.writeLong(finding.samples());
    out.writeByte(finding.modes().size());
    for (ModeAssessment mode : finding.modes()) {
      out.writeByte(mode.mode().ordinal());
      out.writeDouble(mode.probability());
      out.writeLong(mode.horizonMillis());
      out.writeUTF(mode.model());
      out.writeInt(mode.modelVersion());
      out.writeByte(mode.reasons().size());
      for (ReasonPart reason : mode.reasons()) {
        out.writeUTF(reason.metric());
        out.writeDouble(reason.value());
        out.writeDouble(reason.contribution());
        out.writeUTF(reason.text());
      }
    }
  }

  /** Reads what {@link #writeFinding} wrote. */
  public static Finding readFinding(DataInput in) throws IOException {
    String entity = in.readUTF();
    long timeMillis = in.readLong();
    double confidence = in.readDouble();
    long samples = in.readLong();
    List<ModeAssessment> modes = new ArrayList<>(4);
    for (int i = in.readUnsignedByte(); i > 0; i--) {
      FailureMode mode = MODES[in.readUnsignedByte()];
      double probability = in.readDouble();
      long horizonMillis = in.readLong();
      String model = in.readUTF();
      int modelVersion = in.readInt();
      int count = in.readUnsignedByte();
      List<ReasonPart> reasons = count == 0 ? List.of() : new ArrayList<>(count);
      for (int j = 0; j < count; j++) {
        reasons.add(new ReasonPart(in.readUTF(), in.readDouble(), in.readDouble(), in.readUTF()));
      }
      modes.add(new ModeAssessment(mode, probability, horizonMillis, model, modelVersion, reasons));
    }
    return new Finding(entity, timeMillis, confidence, samples, modes);
  }

  /** Writes what a disk adds to its node. */
  public static void writeShare(DiskShare share, DataOutput out) throws IOException {
    out.writeUTF(share.disk());
    out.writeLong(share.timeMillis());
    out.writeDouble(share.probability());
    out.writeLong(share.horizonMillis());
    out.writeDouble(share.score());
    out.writeByte(share.tier().ordinal());
    out.writeBoolean(share.stale());
    out.writeUTF(share.model());
    out.writeInt(share.modelVersion());
  }

  /**
   * Reads what {@link #writeShare} wrote.
   *
   * @param withModel false when it was written before shares said whose probability they have
   */
  public static DiskShare readShare(DataInput in, boolean withModel) throws IOException {
    return new DiskShare(
        in.readUTF(),
        in.readLong(),
        in.readDouble(),
        in.readLong(),
        in.readDouble(),
        tier(in.readUnsignedByte()),
        in.readBoolean(),
        withModel ? in.readUTF() : "",
        withModel ? in.readInt() : 0);
  }

  /** The tier of a stored ordinal; one that this build does not know is UNKNOWN. */
  public static Tier tier(int ordinal) {
    return ordinal < TIERS.length ? TIERS[ordinal] : Tier.UNKNOWN;
  }
}
