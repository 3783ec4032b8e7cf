package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.Tier;
import io.forestall.risk.TierState;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is remembered of the score of one machine or volume. Mutable; its encoding carries a version
 * and only grows. Bounded: modes, reasons and disks have limits.
 */
public final class NodeRiskState extends TierState {
  static final long NEVER = Long.MIN_VALUE;
  private static final int VERSION = 3;

  /** Grew when wrong bytes that others found were remembered. */
  private static final int WITHOUT_WRONG_BYTES = 1;

  /** Since then each disk says whose probability it has. */
  private static final int WITH_MODELS = 3;

  private static final int STALE = 64;
  private static final int MAXIMUM_MODES = 8;
  private static final int MAXIMUM_REASONS = 8;
  private static final int MAXIMUM_TEXT = 300;
  private static final int MAXIMUM_WRONG_BYTES = 64;

  /** What is known of one disk. */
  static final class Disk {
    long timeMillis;

    /** Probability that it fails within the horizon of the node's policy. */
    double probability;

    double score;
    Tier tier = Tier.UNKNOWN;
    boolean stale;

    /** Model that gave the probability, empty when nobody said. */
    String model = "";

    int modelVersion;
  }

  final TreeMap<String, Disk> disks = new TreeMap<>();

  /** Places whose bytes others found to be wrong: when, by a hash of the finding's name. */
  final TreeMap<Long, Long> wrongBytes = new TreeMap<>();

  List<ModeAssessment> modes = List.of();
  List<ModeAssessment> blame = List.of();
  long blameMillis = NEVER;
  long samples;
  long lastMillis = NEVER;

  /** Newest time of anything that was taken in; epoch milliseconds. */
  long nowMillis = NEVER;

  long disksLeftOut;
  int silences;
  double confidence;
  double probability;
  double score;

  private NodeRiskState() {}

  /** Nothing is known yet. */
  public static NodeRiskState fresh() {
    return new NodeRiskState();
  }

  /** Event time of its own newest finding, {@link Long#MIN_VALUE} for none; epoch milliseconds. */
  public long lastTimeMillis() {
    return lastMillis;
  }

  /** Disks that are remembered; count. */
  public int disks() {
    return disks.size();
  }

  /** Scores of disks that were left out because there were too many; count. */
  public long disksLeftOut() {
    return disksLeftOut;
  }

  Tier wanted() {
    return wantedTier;
  }

  /** Writes the state. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(tier.ordinal());
    out.writeByte(wantedTier.ordinal());
    out.writeLong(tierSinceMillis);
    out.writeLong(wantedSinceMillis);
    out.writeLong(samples);
    out.writeLong(lastMillis);
    out.writeLong(nowMillis);
    out.writeLong(disksLeftOut);
    out.writeByte(silences);
    out.writeDouble(confidence);
    out.writeDouble(probability);
    out.writeDouble(score);
    writeModes(modes, out);
    out.writeLong(blameMillis);
    writeModes(blame, out);
    out.writeShort(disks.size());
    for (Map.Entry<String, Disk> each : disks.entrySet()) {
      Disk disk = each.getValue();
      out.writeUTF(each.getKey());
      out.writeLong(disk.timeMillis);
      out.writeDouble(disk.probability);
      out.writeDouble(disk.score);
      out.writeByte(disk.tier.ordinal() | (disk.stale ? STALE : 0));
      out.writeUTF(disk.model);
      out.writeInt(disk.modelVersion);
    }
    out.writeByte(wrongBytes.size());
    for (Map.Entry<Long, Long> each : wrongBytes.entrySet()) {
      out.writeLong(each.getKey());
      out.writeLong(each.getValue());
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when the bytes are no such state
   */
  public static NodeRiskState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version < WITHOUT_WRONG_BYTES || version > VERSION) {
      throw new IOException("node risk state has version " + version + ", known is " + VERSION);
    }
    NodeRiskState state = new NodeRiskState();
    state.tier = tier(in.readByte());
    state.wantedTier = tier(in.readByte());
    state.tierSinceMillis = in.readLong();
    state.wantedSinceMillis = in.readLong();
    state.samples = in.readLong();
    state.lastMillis = in.readLong();
    state.nowMillis = in.readLong();
    state.disksLeftOut = in.readLong();
    state.silences = in.readByte();
    state.confidence = in.readDouble();
    state.probability = in.readDouble();
    state.score = in.readDouble();
    state.modes = readModes(in);
    state.blameMillis = in.readLong();
    state.blame = readModes(in);
    for (int count = in.readUnsignedShort(); count > 0; count--) {
      String id = in.readUTF();
      Disk disk = new Disk();
      disk.timeMillis = in.readLong();
      disk.probability = in.readDouble();
      disk.score = in.readDouble();
      int bits = in.readByte();
      disk.tier = tier((byte) (bits & ~STALE));
      disk.stale = (bits & STALE) != 0;
      if (version >= WITH_MODELS) {
        disk.model = in.readUTF();
        disk.modelVersion = in.readInt();
      }
      state.disks.put(id, disk);
    }
    if (version != WITHOUT_WRONG_BYTES) {
      for (int count = in.readUnsignedByte(); count > 0; count--) {
        state.wrongBytes.put(in.readLong(), in.readLong());
      }
    }
    return state;
  }

  /**
   * Remembers that bytes were found to be wrong; when there are too many, the oldest is forgotten.
   *
   * @return false when this was known
   */
  boolean foundWrong(String finding, long timeMillis) {
    long name = hash(finding);
    if (wrongBytes.putIfAbsent(name, timeMillis) != null) {
      return false;
    }
    if (wrongBytes.size() > MAXIMUM_WRONG_BYTES) {
      long oldest = Collections.min(wrongBytes.values());
      wrongBytes.values().remove(oldest);
    }
    return true;
  }

  /** FNV-1a: the name itself may be long. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }

  /** The modes within the limits of the encoding, so that storing them changes nothing. */
  static List<ModeAssessment> bounded(List<ModeAssessment> modes) {
    List<ModeAssessment> bounded = new ArrayList<>(modes.size());
    for (ModeAssessment mode : modes.subList(0, Math.min(MAXIMUM_MODES, modes.size()))) {
      List<ReasonPart> reasons = mode.reasons();
      boolean fits = reasons.size() <= MAXIMUM_REASONS;
      for (ReasonPart reason : reasons) {
        fits &= reason.text().length() <= MAXIMUM_TEXT && reason.metric().length() <= MAXIMUM_TEXT;
      }
      if (fits) {
        bounded.add(mode);
        continue;
      }
      List<ReasonPart> cut = new ArrayList<>();
      for (ReasonPart reason : reasons.subList(0, Math.min(MAXIMUM_REASONS, reasons.size()))) {
        cut.add(
            new ReasonPart(
                cut(reason.metric()), reason.value(), reason.contribution(), cut(reason.text())));
      }
      bounded.add(
          new ModeAssessment(
              mode.mode(),
              mode.probability(),
              mode.horizonMillis(),
              mode.model(),
              mode.modelVersion(),
              cut));
    }
    return List.copyOf(bounded);
  }

  private static String cut(String text) {
    return text.length() <= MAXIMUM_TEXT ? text : text.substring(0, MAXIMUM_TEXT);
  }

  private static void writeModes(List<ModeAssessment> modes, DataOutput out) throws IOException {
    out.writeByte(modes.size());
    for (ModeAssessment mode : modes) {
      out.writeUTF(mode.mode().name());
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

  private static List<ModeAssessment> readModes(DataInput in) throws IOException {
    List<ModeAssessment> modes = new ArrayList<>();
    for (int count = in.readUnsignedByte(); count > 0; count--) {
      FailureMode mode;
      String name = in.readUTF();
      try {
        mode = FailureMode.valueOf(name);
      } catch (IllegalArgumentException unknown) {
        throw new IOException("node risk state names mode " + name + ", which is unknown", unknown);
      }
      double probability = in.readDouble();
      long horizon = in.readLong();
      String model = in.readUTF();
      int version = in.readInt();
      List<ReasonPart> reasons = new ArrayList<>();
      for (int r = in.readUnsignedByte(); r > 0; r--) {
        reasons.add(new ReasonPart(in.readUTF(), in.readDouble(), in.readDouble(), in.readUTF()));
      }
      modes.add(new ModeAssessment(mode, probability, horizon, model, version, reasons));
    }
    return List.copyOf(modes);
  }

  private static Tier tier(byte ordinal) throws IOException {
    Tier[] tiers = Tier.values();
    if (ordinal < 0 || ordinal >= tiers.length) {
      throw new IOException("node risk state names tier " + ordinal + ", which does not exist");
    }
    return tiers[ordinal];
  }
}
