package io.forestall.wire;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.TelemetryFrame;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a telemetry record into valid samples, or dead letters with a reason. Pure, and never
 * throws, whatever the bytes are. What a frame says is all or nothing where its structure is
 * broken, and sample by sample where only a sample is.
 *
 * <p>Frames of the newest schema are read straight from the bytes, because this runs for each
 * sample of the fleet; other versions are first rewritten to it. Keeps buffers: one for each
 * thread.
 */
public final class FrameDecoder {

  /**
   * Schema of {@link TelemetryFrame} that {@link #parse} was written for. A test compares it with
   * the newest one.
   */
  static final long PARSED_FINGERPRINT = 0x5d02c68122cbbd90L;

  private static final EntityKind[] KINDS = EntityKind.values();
  private static final DiskMetric[] METRICS = DiskMetric.values();

  /** Counters of 64 bits, read as a double. */
  private static final double MAX_RAW = 18_446_744_073_709_551_615d;

  /** A cold aisle in winter; degrees Celsius. */
  private static final double MIN_TEMPERATURE = -64;

  private static final int MODEL_CACHE_SLOTS = 4096;

  private final FrameLimits limits;
  private final DeadLetters letters;
  private final AvroCodec<TelemetryFrame> codec;

  private final List<DiskTelemetry> disks = new ArrayList<>();
  private final List<NodeTelemetry> nodes = new ArrayList<>();
  private final List<DeadLetter> dead = new ArrayList<>();
  private final @Nullable String[] models = new String[MODEL_CACHE_SLOTS];
  private final byte[] @Nullable [] modelBytes = new byte[MODEL_CACHE_SLOTS][];

  /** Identifiers of the disks of the frame at hand: open addressing, emptied by a new mark. */
  private @Nullable String[] seen = new String[256];

  private int[] seenMarks = new int[256];
  private int seenCount;
  private int mark;
  private boolean nodeSeen;

  // The record at hand.
  private byte[] bytes = new byte[0];
  private int at;
  private int end;
  private String topic = "";
  private int partition;
  private long offset;
  private int samples;

  /** Where valid samples and dead letters go. */
  public interface Sink {
    /** A valid sample of a disk. */
    void disk(DiskTelemetry telemetry);

    /** A frame or a sample that was refused. */
    void dead(DeadLetter letter);

    /** True when samples of nodes are wanted; without it none are made. */
    default boolean takesNodes() {
      return false;
    }

    /** A valid sample of a node; only when {@link #takesNodes()}. */
    default void node(NodeTelemetry telemetry) {}
  }

  /** A decoder with the default limits for the job {@code sense}. */
  public FrameDecoder() {
    this(FrameLimits.DEFAULT, new DeadLetters("sense"), WriterSchemas.shared());
  }

  /** A decoder with limits, whose dead letters name a component. */
  public FrameDecoder(FrameLimits limits, DeadLetters letters, WriterSchemas writers) {
    this.limits = limits;
    this.letters = letters;
    this.codec = AvroCodec.of(TelemetryFrame.class, writers);
  }

  /**
   * Reads one record.
   *
   * @param value the record's value; null is a dead letter too
   * @param topic topic of the record
   * @param partition partition of the record
   * @param offset offset of the record
   * @param recordTimeMillis time of the record by the broker's clock (LogAppendTime), milliseconds
   *     since 1970-01-01 UTC; negative when unknown, then frames of the future are not noticed
   *     until the year 2100
   * @param out where samples and letters go
   */
  public void decode(
      byte @Nullable [] value,
      String topic,
      int partition,
      long offset,
      long recordTimeMillis,
      Sink out) {
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.samples = 0;
    byte[] payload = value == null ? new byte[0] : value;
    try {
      if (value == null) {
        throw new WireException(
            DeadReason.MISSING_FIELD, "the record has no value; telemetry knows no tombstones");
      }
      if (value.length > limits.maxFrameBytes()) {
        throw new WireException(
            DeadReason.TOO_LARGE,
            "the frame has " + value.length + " bytes, more than " + limits.maxFrameBytes());
      }
      byte[] frame = value;
      if (AvroCodec.fingerprintOf(value) != PARSED_FINGERPRINT) {
        frame = codec.encode(codec.decode(value));
      }
      parse(frame, recordTimeMillis, out.takesNodes());
    } catch (WireException e) {
      refuse(recordTimeMillis, e.reason(), e.getMessage(), payload);
    } catch (RuntimeException | StackOverflowError e) {
      // The last net: an error of ours must not stop the stream of everybody.
      refuse(
          recordTimeMillis, DeadReason.UNDECODABLE, "the frame cannot be decoded: " + e, payload);
    }
    // Outside the net: an error of the receiver is not the frame's.
    emit(out);
  }

  private void refuse(
      long timeMillis, DeadReason reason, @Nullable String message, byte[] payload) {
    disks.clear();
    nodes.clear();
    dead.clear();
    dead.add(
        letters.record(
            topic,
            partition,
            offset,
            timeMillis,
            reason,
            message == null ? "no more is known" : message,
            payload,
            Math.max(1, samples)));
  }

  private void emit(Sink out) {
    try {
      for (int i = 0; i < dead.size(); i++) {
        out.dead(dead.get(i));
      }
      for (int i = 0; i < nodes.size(); i++) {
        out.node(nodes.get(i));
      }
      for (int i = 0; i < disks.size(); i++) {
        out.disk(disks.get(i));
      }
    } finally {
      disks.clear();
      nodes.clear();
      dead.clear();
      bytes = new byte[0];
    }
  }

  private void parse(byte[] frame, long recordTimeMillis, boolean takesNodes) throws WireException {
    bytes = frame;
    at = AvroCodec.HEADER_BYTES;
    end = frame.length;
    seenCount = 0;
    nodeSeen = false;
    if (++mark == 0) {
      Arrays.fill(seenMarks, 0);
      mark = 1;
    }

    int nodeLength = length();
    String node = text(at, nodeLength);
    at += nodeLength;
    long timeMillis = number();
    long sequence = number();
    int sourceLength = length();
    at += sourceLength;

    WireException wrong = frameProblem(node, timeMillis, sequence, sourceLength, recordTimeMillis);
    for (long count = items(); count != 0; count = items()) {
      for (long i = 0; i < count; i++) {
        if (samples == limits.maxSamples()) {
          throw new WireException(
              DeadReason.TOO_LARGE, "the frame has more than " + samples + " samples");
        }
        sample(node, timeMillis, takesNodes, wrong == null);
        samples++;
      }
    }
    if (at != end) {
      throw new WireException(
          DeadReason.UNDECODABLE, (end - at) + " bytes follow the last sample of the frame");
    }
    if (wrong != null) {
      throw wrong;
    }
    if (samples == 0) {
      throw new WireException(DeadReason.MISSING_FIELD, "the frame of " + node + " has no samples");
    }
  }

  private @Nullable WireException frameProblem(
      String node, long timeMillis, long sequence, int sourceLength, long recordTimeMillis) {
    String badNode = idProblem(node);
    if (badNode != null) {
      return new WireException(
          node.isBlank() ? DeadReason.MISSING_FIELD : DeadReason.OUT_OF_RANGE,
          "the node's identifier " + badNode);
    }
    if (timeMillis < limits.earliestMillis() || timeMillis > FrameLimits.YEAR_2100_MILLIS) {
      return new WireException(
          DeadReason.TIME_OUT_OF_RANGE,
          "the frame's time "
              + timeMillis
              + " is before 2000 or after 2100: is it in milliseconds, and the node's clock set?");
    }
    if (recordTimeMillis >= 0 && timeMillis - recordTimeMillis > limits.futureAllowanceMillis()) {
      return new WireException(
          DeadReason.FUTURE_TIME,
          "the frame's time is "
              + (timeMillis - recordTimeMillis)
              + " ms ahead of the broker's, more than "
              + limits.futureAllowanceMillis()
              + ": set the node's clock");
    }
    if (sequence < 0) {
      return new WireException(
          DeadReason.OUT_OF_RANGE, "the frame's sequence " + sequence + " is negative");
    }
    if (sourceLength > FrameLimits.MAX_NAME_BYTES) {
      return new WireException(
          DeadReason.TOO_LARGE, "the frame's source has " + sourceLength + " bytes");
    }
    return null;
  }

  private void sample(String node, long timeMillis, boolean takesNodes, boolean wanted)
      throws WireException {
    int start = at;
    long kindIndex = number();
    if (kindIndex < 0 || kindIndex >= KINDS.length) {
      throw new WireException(DeadReason.WRONG_TYPE, "no kind of entity is number " + kindIndex);
    }
    EntityKind kind = KINDS[(int) kindIndex];
    int idLength = length();
    int idAt = at;
    at += idLength;
    int modelAt = -1;
    int modelLength = 0;
    if (branch()) {
      modelLength = length();
      modelAt = at;
      at += modelLength;
    }
    long capacityBytes = branch() ? number() : 0;

    DeadReason reason = null;
    String problem = null;
    String id = "";
    if (wanted) {
      id = text(idAt, Math.min(idLength, 4 * FrameLimits.MAX_ID_LENGTH + 4));
      String badId = idProblem(id);
      if (badId != null) {
        reason = id.isBlank() ? DeadReason.MISSING_FIELD : DeadReason.OUT_OF_RANGE;
        problem = "the identifier " + badId;
      } else if (kind != EntityKind.DISK && kind != EntityKind.NODE) {
        reason = DeadReason.UNKNOWN_ENTITY;
        problem = "telemetry of a " + kind + " is not known here; frames hold nodes and disks";
      } else if (capacityBytes < 0) {
        reason = DeadReason.OUT_OF_RANGE;
        problem = "the capacity " + capacityBytes + " is negative";
      } else if (modelLength > FrameLimits.MAX_NAME_BYTES) {
        reason = DeadReason.TOO_LARGE;
        problem = "the model's name has " + modelLength + " bytes";
      } else if (kind == EntityKind.NODE && !id.equals(node)) {
        reason = DeadReason.UNKNOWN_ENTITY;
        problem = "the frame is of node " + node + " and not of node " + id;
      }
    }

    double[] values = wanted && kind == EntityKind.DISK ? DiskSample.absentValues() : null;
    Map<String, Double> named =
        wanted && takesNodes && kind == EntityKind.NODE ? new HashMap<>() : null;
    int metrics = 0;
    for (long count = items(); count != 0; count = items()) {
      for (long i = 0; i < count; i++) {
        int nameLength = length();
        int nameAt = at;
        at += nameLength;
        if (end - at < 8) {
          throw truncated();
        }
        double value = Double.longBitsToDouble(Bytes.longAt(bytes, at));
        at += 8;
        metrics++;
        if (!wanted || reason != null) {
          continue;
        }
        if (nameLength > FrameLimits.MAX_NAME_BYTES || metrics > limits.maxMetrics()) {
          reason = DeadReason.TOO_LARGE;
          problem =
              "a metric's name has " + nameLength + " bytes, or there are " + metrics + " metrics";
        } else if (Double.isNaN(value) || Double.isInfinite(value)) {
          reason = DeadReason.NOT_A_NUMBER;
          problem = text(nameAt, nameLength) + " is " + value + "; leave out what is not known";
        } else if (values != null) {
          int ordinal = MetricNames.ordinal(bytes, nameAt, nameLength);
          if (ordinal >= 0) {
            if (value < lowest(METRICS[ordinal]) || value > MAX_RAW) {
              reason = DeadReason.OUT_OF_RANGE;
              problem = METRICS[ordinal].metricName() + " is " + value;
            }
            values[ordinal] = value;
          }
        } else if (named != null) {
          named.put(text(nameAt, nameLength), value);
        }
      }
    }
    if (!wanted) {
      return;
    }
    if (reason == null && !first(kind, id)) {
      reason = DeadReason.DUPLICATE;
      problem = "the entity stands in the frame already";
    }
    if (reason != null) {
      dead.add(
          letters.sample(
              topic,
              partition,
              offset,
              samples,
              timeMillis,
              reason,
              node + " " + kind + " " + id + ": " + problem,
              id.isBlank() ? null : new EntityRef(kind, id),
              Arrays.copyOfRange(
                  bytes, start, Math.min(at, start + DeadLetters.MAX_PAYLOAD_BYTES))));
    } else if (values != null) {
      String model = modelAt < 0 ? null : model(modelAt, modelLength);
      disks.add(new DiskTelemetry(node, id, new DiskSample(id, model, timeMillis, values)));
    } else if (named != null) {
      nodes.add(new NodeTelemetry(node, timeMillis, named));
    }
  }

  private static double lowest(DiskMetric metric) {
    return metric == DiskMetric.TEMPERATURE || metric == DiskMetric.AIRFLOW_TEMPERATURE
        ? MIN_TEMPERATURE
        : 0;
  }

  /** What is wrong with an identifier, null when nothing is. */
  private static @Nullable String idProblem(String id) {
    if (id.isBlank()) {
      return "is empty";
    }
    if (id.length() > FrameLimits.MAX_ID_LENGTH) {
      return "has more than " + FrameLimits.MAX_ID_LENGTH + " characters";
    }
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      if (Character.isISOControl(c) || c == '\uFFFD') {
        return "has control characters or is no UTF-8";
      }
    }
    return null;
  }

  /** False when the entity was in this frame before. */
  private boolean first(EntityKind kind, String id) {
    if (kind == EntityKind.NODE) {
      boolean first = !nodeSeen;
      nodeSeen = true;
      return first;
    }
    if (seenCount * 2 >= seen.length) {
      grow();
    }
    return put(id);
  }

  private boolean put(String id) {
    int slots = seen.length;
    int hash = id.hashCode();
    int slot = (hash ^ hash >>> 16) & (slots - 1);
    while (seenMarks[slot] == mark) {
      if (id.equals(seen[slot])) {
        return false;
      }
      slot = (slot + 1) & (slots - 1);
    }
    seen[slot] = id;
    seenMarks[slot] = mark;
    seenCount++;
    return true;
  }

  private void grow() {
    @Nullable String[] old = seen;
    int[] oldMarks = seenMarks;
    seen = new String[old.length * 2];
    seenMarks = new int[old.length * 2];
    seenCount = 0;
    for (int i = 0; i < old.length; i++) {
      String id = old[i];
      if (id != null && oldMarks[i] == mark) {
        put(id);
      }
    }
  }

  /** A model's name; there are few, so the strings are shared. */
  private String model(int from, int length) {
    int hash = length;
    for (int i = from; i < from + length; i++) {
      hash = hash * 31 + bytes[i];
    }
    int slot = (hash ^ hash >>> 12) & (MODEL_CACHE_SLOTS - 1);
    byte[] cached = modelBytes[slot];
    String name = models[slot];
    if (cached != null
        && name != null
        && Arrays.equals(cached, 0, cached.length, bytes, from, from + length)) {
      return name;
    }
    name = text(from, length);
    modelBytes[slot] = Arrays.copyOfRange(bytes, from, from + length);
    models[slot] = name;
    return name;
  }

  private String text(int from, int length) {
    return new String(bytes, from, length, StandardCharsets.UTF_8);
  }

  private long number() throws WireException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at >= end) {
        throw truncated();
      }
      byte b = bytes[at++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new WireException(DeadReason.UNDECODABLE, "a number has more than ten bytes");
  }

  private int length() throws WireException {
    long length = number();
    if (length < 0) {
      throw new WireException(DeadReason.UNDECODABLE, "a length is negative");
    }
    if (length > end - at) {
      throw truncated();
    }
    return (int) length;
  }

  private boolean branch() throws WireException {
    long branch = number();
    if (branch < 0 || branch > 1) {
      throw new WireException(DeadReason.WRONG_TYPE, "a union has no branch " + branch);
    }
    return branch == 1;
  }

  private long items() throws WireException {
    long count = number();
    if (count < 0) {
      count = -count;
      // Size of the block in bytes, for readers that skip.
      length();
    }
    if (count > end - at || count < 0) {
      if (count >= 0 && count <= limits.maxSamples()) {
        throw truncated();
      }
      throw new WireException(
          DeadReason.TOO_LARGE, "a list claims more items than the frame has bytes");
    }
    return count;
  }

  private static WireException truncated() {
    return new WireException(DeadReason.TRUNCATED, "the frame ends too early");
  }
}
