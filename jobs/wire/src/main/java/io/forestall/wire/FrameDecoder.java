package io.forestall.wire;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.TelemetryFrame;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
  private static final FleetMetric[] FLEET_METRICS = FleetMetric.values();

  /** Counters of 64 bits, read as a double. */
  private static final double MAX_RAW = 18_446_744_073_709_551_615d;

  /** A cold aisle in winter; degrees Celsius. */
  private static final double MIN_TEMPERATURE = -64;

  /** No clock is further off than from 1970 to the last time that is believed; seconds. */
  private static final double MAX_CLOCK_OFFSET = FrameLimits.YEAR_2100_MILLIS / 1000.0;

  /** A share that is a quotient of rounded numbers may be a little above 1. */
  private static final double MAX_RATIO = 1.001;

  private static final int MODEL_CACHE_SLOTS = 4096;

  private final FrameLimits limits;
  private final DeadLetters letters;
  private final AvroCodec<TelemetryFrame> codec;

  private final List<DiskTelemetry> disks = new ArrayList<>();
  private final List<EntityTelemetry> entities = new ArrayList<>();
  private final List<DeadLetter> dead = new ArrayList<>();
  private final @Nullable String[] models = new String[MODEL_CACHE_SLOTS];
  private final byte[] @Nullable [] modelBytes = new byte[MODEL_CACHE_SLOTS][];

  /** Entities of the frame at hand: open addressing, emptied by a new mark. */
  private @Nullable String[] seen = new String[256];

  private EntityKind[] seenKinds = new EntityKind[256];
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
  private int unknownNames;

  /** Where valid samples and dead letters go. */
  public interface Sink {
    /** A valid sample of a disk. */
    void disk(DiskTelemetry telemetry);

    /** A frame or a sample that was refused. */
    void dead(DeadLetter letter);

    /** A valid sample of a machine, of a disk under load, or of a path. */
    default void entity(EntityTelemetry telemetry) {}

    /** How many values of a frame stood under names that nobody reads here; above 0. */
    default void unknownMetrics(int count) {}
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
    this.unknownNames = 0;
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
      parse(frame, recordTimeMillis);
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
    entities.clear();
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
      if (unknownNames > 0) {
        out.unknownMetrics(unknownNames);
      }
      for (int i = 0; i < entities.size(); i++) {
        out.entity(entities.get(i));
      }
      for (int i = 0; i < disks.size(); i++) {
        out.disk(disks.get(i));
      }
    } finally {
      disks.clear();
      entities.clear();
      dead.clear();
      bytes = new byte[0];
    }
  }

  private void parse(byte[] frame, long recordTimeMillis) throws WireException {
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
        sample(node, timeMillis, wrong == null);
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

  private void sample(String node, long timeMillis, boolean wanted) throws WireException {
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
      } else if (scope(kind) == null) {
        reason = DeadReason.UNKNOWN_ENTITY;
        problem =
            "telemetry of a "
                + kind
                + " is not known here; frames hold nodes, disks, processors, heads, edges and"
                + " pairs";
      } else if (capacityBytes < 0) {
        reason = DeadReason.OUT_OF_RANGE;
        problem = "the capacity " + capacityBytes + " is negative";
      } else if (modelLength > FrameLimits.MAX_NAME_BYTES) {
        reason = DeadReason.TOO_LARGE;
        problem = "the model's name has " + modelLength + " bytes";
      } else {
        problem = foreign(kind, id, node);
        reason = problem == null ? null : DeadReason.UNKNOWN_ENTITY;
      }
    }

    Scope scope = scope(kind);
    double[] smart =
        wanted && reason == null && kind == EntityKind.DISK ? DiskSample.absentValues() : null;
    double[] values = null;
    boolean smartSeen = false;
    int strangers = 0;
    int strangerAt = 0;
    int strangerLength = 0;
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
        } else {
          int code = MetricNames.code(bytes, nameAt, nameLength);
          if (code >= MetricNames.FLEET
              && FLEET_METRICS[code - MetricNames.FLEET].scope() == scope) {
            FleetMetric metric = FLEET_METRICS[code - MetricNames.FLEET];
            if (outOfRange(metric, value)) {
              reason = DeadReason.OUT_OF_RANGE;
              problem = metric.metricName() + " is " + value;
            }
            if (values == null) {
              values = EntitySample.absentValues();
            }
            values[code - MetricNames.FLEET] = value;
          } else if (code >= 0 && code < MetricNames.FLEET && smart != null) {
            if (value < lowest(METRICS[code]) || value > MAX_RAW) {
              reason = DeadReason.OUT_OF_RANGE;
              problem = METRICS[code].metricName() + " is " + value;
            }
            smart[code] = value;
            smartSeen = true;
          } else if (smart != null && MetricNames.smart(bytes, nameAt, nameLength)) {
            smartSeen = true;
          } else if (strangers++ == 0) {
            strangerAt = nameAt;
            strangerLength = nameLength;
          }
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
    unknownNames += strangers;
    if (reason == null && strangers > 0 && values == null && !smartSeen) {
      reason = DeadReason.MISSING_FIELD;
      problem =
          "none of its "
              + strangers
              + " metrics has a name that is known here, such as "
              + text(strangerAt, strangerLength)
              + ": has the exporter changed its names? The metric mapping gives the canonical ones";
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
    } else {
      String model = modelAt < 0 ? null : model(modelAt, modelLength);
      if (smart != null && (smartSeen || values == null)) {
        disks.add(
            new DiskTelemetry(node, id, new DiskSample(id, model, timeMillis, smart), samples));
      }
      if (smart == null || values != null) {
        entities.add(
            new EntityTelemetry(
                node,
                new EntitySample(
                    Keys.of(kind, id),
                    scope == null ? Scope.MACHINE : scope,
                    model,
                    timeMillis,
                    values == null ? EntitySample.absentValues() : values),
                samples));
      }
    }
  }

  /** Which metrics a kind of entity has beside SMART attributes, null for an unknown kind. */
  private static @Nullable Scope scope(EntityKind kind) {
    return switch (kind) {
      case DISK -> Scope.DRIVE;
      case NODE, PROCESSOR, HEAD -> Scope.MACHINE;
      case EDGE, PAIR -> Scope.PATH;
      default -> null;
    };
  }

  /** Why a publisher may not speak of an entity, null when it may. */
  private static @Nullable String foreign(EntityKind kind, String id, String node) {
    switch (kind) {
      case NODE -> {
        return id.equals(node) ? null : "the frame is of node " + node + " and not of node " + id;
      }
      case EDGE -> {
        int split = id.indexOf('>');
        if (split < 1 || split == id.length() - 1) {
          return "an edge is named from>to";
        }
        return split == node.length() && id.startsWith(node)
            ? null
            : "the frame is of " + node + ", which sees only edges that begin there";
      }
      case PAIR -> {
        int split = id.lastIndexOf('@');
        if (split < 1 || split == id.length() - 1) {
          return "a pair is named volume@client";
        }
        return id.length() - split - 1 == node.length() && id.endsWith(node)
            ? null
            : "the frame is of " + node + ", which sees only its own volumes";
      }
      default -> {
        return null;
      }
    }
  }

  private static boolean outOfRange(FleetMetric metric, double value) {
    return switch (metric) {
      case CLOCK_OFFSET_SECONDS -> Math.abs(value) > MAX_CLOCK_OFFSET;
      case START_TIME_SECONDS, BOOT_TIME_SECONDS -> value < 0 || value > MAX_CLOCK_OFFSET;
      case PATH_LOSS_RATIO -> value < 0 || value > MAX_RATIO;
      default -> value < 0 || value > MAX_RAW;
    };
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
    return put(kind, id);
  }

  private boolean put(EntityKind kind, String id) {
    int slots = seen.length;
    int hash = id.hashCode() + kind.ordinal() * 0x9E3779B9;
    int slot = (hash ^ hash >>> 16) & (slots - 1);
    while (seenMarks[slot] == mark) {
      if (kind == seenKinds[slot] && id.equals(seen[slot])) {
        return false;
      }
      slot = (slot + 1) & (slots - 1);
    }
    seen[slot] = id;
    seenKinds[slot] = kind;
    seenMarks[slot] = mark;
    seenCount++;
    return true;
  }

  private void grow() {
    @Nullable String[] old = seen;
    EntityKind[] oldKinds = seenKinds;
    int[] oldMarks = seenMarks;
    seen = new String[old.length * 2];
    seenKinds = new EntityKind[old.length * 2];
    seenMarks = new int[old.length * 2];
    seenCount = 0;
    for (int i = 0; i < old.length; i++) {
      String id = old[i];
      if (id != null && oldMarks[i] == mark) {
        put(oldKinds[i], id);
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
