package io.forestall.risk;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What Forestall remembers of one disk: bounded, self-versioned. Mutable; not thread-safe.
 *
 * <p>Encoding, little-endian: version byte, length of the body (2 bytes), CRC32C of the body (4
 * bytes), body. The body only grows: new statistics at the end of the list of statistics, all else
 * at the end of the body; a reader skips what it does not know and keeps the start value for what
 * is not there. Statistics are floats in memory too, so that writing and reading changes nothing.
 */
public final class DiskState extends TierState {
  /** Most bytes of an encoded state; bytes. */
  public static final int MAXIMUM_BYTES = 4096;

  /** Most models that can remember a disk at one time; count. */
  public static final int MAXIMUM_SLOTS = 3;

  /** Most floats that a model may remember of a disk; count. */
  public static final int MAXIMUM_MODEL_FLOATS = 256;

  /** Longest identifier of a model; bytes in UTF-8. */
  public static final int MAXIMUM_MODEL_ID_BYTES = 64;

  /**
   * Counters whose course is kept, by index. Their number and order belong to the encoding: never
   * changed.
   */
  static final DiskMetric[] COUNTERS = {
    DiskMetric.REALLOCATED_SECTORS,
    DiskMetric.REPORTED_UNCORRECTABLE,
    DiskMetric.COMMAND_TIMEOUTS,
    DiskMetric.PENDING_SECTORS,
    DiskMetric.OFFLINE_UNCORRECTABLE,
    DiskMetric.REALLOCATION_EVENTS,
    DiskMetric.SPIN_RETRIES,
    DiskMetric.HIGH_FLY_WRITES,
    DiskMetric.POWER_CYCLES
  };

  static final int REALLOCATED = 0;
  static final int UNCORRECTABLE = 1;
  static final int TIMEOUTS = 2;
  static final int PENDING = 3;
  static final int OFFLINE = 4;
  static final int EVENTS = 5;
  static final int SPIN = 6;
  static final int HIGH_FLY = 7;
  static final int CYCLES = 8;

  // Where each kind of statistic starts in the one array.
  private static final int N = COUNTERS.length;

  /** Last value seen; NaN before the first. */
  static final int LAST = 0;

  /** Days since the counter was last in a sample. */
  static final int UNSEEN_DAYS = N;

  /** Rises, forgotten with a time constant of 7 days; for pending sectors falls count too. */
  static final int SUM_7 = 2 * N;

  /** The same with 30 days. */
  static final int SUM_30 = 3 * N;

  /** Value at the checkpoint 7 to 14 days ago; NaN when it was not there. */
  static final int CHECKPOINT_OLD = 4 * N;

  /** Value at the checkpoint 0 to 7 days ago. */
  static final int CHECKPOINT_NEW = 5 * N;

  static final int HOURS = 6 * N;
  static final int HOURS_UNSEEN_DAYS = HOURS + 1;
  static final int TEMPERATURE_MEAN = HOURS + 2;
  static final int TEMPERATURE_UNSEEN_DAYS = HOURS + 3;
  static final int TEMPERATURE_LAST = HOURS + 4;
  static final int CUSUM = HOURS + 5;
  static final int SHOCK_SUM = HOURS + 6;
  static final int SHOCK_SQUARES = HOURS + 7;
  static final int DAMAGE_SQUARES = HOURS + 8;
  static final int PENDING_SQUARES = HOURS + 9;
  static final int CROSS_PRODUCTS = HOURS + 10;
  private static final int STATISTICS = HOURS + 11;

  /** What is 0 for a disk that was never seen has its place here as NaN: absent is not 0. */
  private static final float[] FRESH_STATISTICS = new float[STATISTICS];

  static {
    Arrays.fill(FRESH_STATISTICS, LAST, LAST + N, Float.NaN);
    Arrays.fill(FRESH_STATISTICS, CHECKPOINT_OLD, CHECKPOINT_OLD + 2 * N, Float.NaN);
    FRESH_STATISTICS[HOURS] = Float.NaN;
    FRESH_STATISTICS[TEMPERATURE_MEAN] = Float.NaN;
    FRESH_STATISTICS[TEMPERATURE_LAST] = Float.NaN;
  }

  /** What one model remembers of the disk. */
  static final class Slot {
    final String id;
    final int version;
    final float[] memory;

    /** Steps that were kept; count. */
    long steps;

    /** Time of the last step that was kept; epoch milliseconds. */
    long lastStepMillis = Long.MIN_VALUE;

    Slot(String id, int version, int floats) {
      this.id = id;
      this.version = version;
      this.memory = new float[floats];
    }
  }

  private static final int VERSION = 1;

  /** Where symptoms begin with their version there stands this when there are none. */
  private static final byte NO_SYMPTOMS = 0;

  private static final byte CHALLENGER_VERSION = 1;
  private static final int HEADER_BYTES = 1 + 2 + 4;
  private static final int FIXED_BYTES = 8 * 8 + 3 * 8 + 1 + 1 + 1 + 1;
  private static final Tier[] TIERS = Tier.values();
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  /** Holds plain bytes only, so it keeps no class loader alive. */
  private static final ThreadLocal<byte[]> BUFFER =
      ThreadLocal.withInitial(() -> new byte[MAXIMUM_BYTES]);

  final float[] statistics;
  final List<Slot> slots = new ArrayList<>(1);
  long samples;
  long firstTimeMillis = Long.MIN_VALUE;
  long lastTimeMillis = Long.MIN_VALUE;

  /** Last rise of an error counter, {@code Long.MIN_VALUE} for never; epoch milliseconds. */
  long lastRiseMillis = Long.MIN_VALUE;

  long checkpointOldMillis = Long.MIN_VALUE;
  long checkpointNewMillis = Long.MIN_VALUE;

  /** How many of the looks at a silent disk were taken since its last sample; count. */
  int silences;

  double probability;
  double score;
  double confidence;

  /** What its I/O said last, null when nothing was heard of it. */
  @Nullable DiskSymptoms symptoms;

  /** How the challenger sees it, null when none was asked at the last sample. */
  @Nullable Challenger challenger;

  private DiskState(float[] statistics) {
    this.statistics = statistics;
  }

  /** State of a disk that was never seen. */
  public static DiskState fresh() {
    return new DiskState(FRESH_STATISTICS.clone());
  }

  /** How many samples were scored so far; count. */
  public long samples() {
    return samples;
  }

  /** Event time of the last sample, {@code Long.MIN_VALUE} before the first; epoch milliseconds. */
  public long lastTimeMillis() {
    return lastTimeMillis;
  }

  /** The memory of a model, null when it has none. */
  @Nullable Slot slot(String id, int version) {
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      if (slot.version == version && slot.id.equals(id)) {
        return slot;
      }
    }
    return null;
  }

  /** Writes the state; at most {@link #MAXIMUM_BYTES}. */
  public void write(DataOutput out) throws IOException {
    byte[] buffer = BUFFER.get();
    out.write(buffer, 0, encode(buffer));
  }

  /** The state as bytes. */
  public byte[] toBytes() {
    byte[] buffer = BUFFER.get();
    return Arrays.copyOf(buffer, encode(buffer));
  }

  /**
   * Reads what {@link #write} wrote, of this or any later version that still begins like it.
   *
   * @throws IOException with a clear message when the bytes are no state
   */
  public static DiskState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    requireVersion(version);
    int length = Short.toUnsignedInt(Short.reverseBytes(in.readShort()));
    int checksum = Integer.reverseBytes(in.readInt());
    byte[] buffer = BUFFER.get();
    if (length > buffer.length) {
      buffer = new byte[length];
    }
    in.readFully(buffer, 0, length);
    return decodeBody(buffer, 0, length, checksum);
  }

  /**
   * Reads what {@link #toBytes} gave.
   *
   * @throws IOException as {@link #read}
   */
  public static DiskState fromBytes(byte[] bytes) throws IOException {
    if (bytes.length < HEADER_BYTES) {
      throw new IOException(
          "Disk state of " + bytes.length + " bytes is cut short: it has no whole header");
    }
    requireVersion(bytes[0] & 0xFF);
    int length = Short.toUnsignedInt((short) SHORT.get(bytes, 1));
    if (bytes.length != HEADER_BYTES + length) {
      throw new IOException(
          "Disk state of "
              + bytes.length
              + " bytes does not fit its header, which says "
              + (HEADER_BYTES + length));
    }
    return decodeBody(bytes, HEADER_BYTES, length, (int) INT.get(bytes, 3));
  }

  /**
   * Where the bytes of an encoded state go, part by part, in bytes, for three models of the shipped
   * shape; for docs and limits.
   */
  public static Map<String, Integer> itemisedBytes() {
    Map<String, Integer> items = new LinkedHashMap<>();
    items.put("header (version, length, checksum)", HEADER_BYTES);
    items.put("counts, times, tier, last score, count of models", FIXED_BYTES);
    items.put("nine counters: last value and when seen", 1 + 4 * 2 * N);
    items.put("nine counters: growth over 7 and 30 days", 4 * 2 * N);
    items.put("nine counters: two weekly checkpoints", 4 * 2 * N);
    items.put("age, temperature, control charts, correlation", 4 * (STATISTICS - HOURS));
    for (int i = 1; i <= MAXIMUM_SLOTS; i++) {
      items.put(
          "model " + i + " of " + MAXIMUM_SLOTS + " (64 and 32 hidden: 192 floats)",
          slotBytes(9, 192));
    }
    items.put("what the challenger says", 1 + Challenger.BYTES);
    return items;
  }

  private static int slotBytes(int idBytes, int floats) {
    return 1 + idBytes + 4 + 8 + 8 + 2 + 4 * floats;
  }

  private int encode(byte[] to) {
    int at = HEADER_BYTES;
    at = putLong(to, at, samples);
    at = putLong(to, at, firstTimeMillis);
    at = putLong(to, at, lastTimeMillis);
    at = putLong(to, at, lastRiseMillis);
    at = putLong(to, at, checkpointOldMillis);
    at = putLong(to, at, checkpointNewMillis);
    at = putLong(to, at, tierSinceMillis);
    at = putLong(to, at, wantedSinceMillis);
    at = putLong(to, at, Double.doubleToRawLongBits(probability));
    at = putLong(to, at, Double.doubleToRawLongBits(score));
    at = putLong(to, at, Double.doubleToRawLongBits(confidence));
    to[at++] = (byte) tier.ordinal();
    to[at++] = (byte) wantedTier.ordinal();
    to[at++] = (byte) silences;
    to[at++] = (byte) STATISTICS;
    at = putFloats(to, at, statistics);
    to[at++] = (byte) slots.size();
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      byte[] id = slot.id.getBytes(StandardCharsets.UTF_8);
      to[at++] = (byte) id.length;
      System.arraycopy(id, 0, to, at, id.length);
      at += id.length;
      INT.set(to, at, slot.version);
      at = putLong(to, at + 4, slot.steps);
      at = putLong(to, at, slot.lastStepMillis);
      SHORT.set(to, at, (short) slot.memory.length);
      at = putFloats(to, at + 2, slot.memory);
    }
    if (symptoms != null) {
      ByteBuffer rest = ByteBuffer.wrap(to, at, to.length - at).order(ByteOrder.LITTLE_ENDIAN);
      symptoms.put(rest);
      at = rest.position();
    }
    at = putChallenger(to, at);
    to[0] = VERSION;
    SHORT.set(to, 1, (short) (at - HEADER_BYTES));
    INT.set(to, 3, checksum(to, HEADER_BYTES, at - HEADER_BYTES));
    return at;
  }

  /**
   * Appends the challenger. It is the only part that may be left out when three models of the
   * largest shape fill the state: its tiers then begin anew after a restore, and nothing else does.
   */
  private int putChallenger(byte[] to, int at) {
    Challenger seen = challenger;
    if (seen == null) {
      return at;
    }
    int place = slots.indexOf(seen.slot);
    if (place < 0 || at + 1 + Challenger.BYTES > MAXIMUM_BYTES) {
      return at;
    }
    int next = at;
    if (symptoms == null) {
      to[next++] = NO_SYMPTOMS;
    }
    to[next++] = CHALLENGER_VERSION;
    to[next++] = (byte) place;
    to[next++] = (byte) seen.tier().ordinal();
    to[next++] = (byte) seen.wantedTier().ordinal();
    next = putLong(to, next, seen.tierSinceMillis());
    next = putLong(to, next, seen.wantedSinceMillis());
    next = putLong(to, next, Double.doubleToRawLongBits(seen.base));
    next = putLong(to, next, Double.doubleToRawLongBits(seen.probability));
    return putLong(to, next, Double.doubleToRawLongBits(seen.confidence));
  }

  private static DiskState decodeBody(byte[] from, int start, int length, int checksum)
      throws IOException {
    if (checksum(from, start, length) != checksum) {
      throw new IOException(
          "Disk state of " + length + " bytes is damaged: its checksum does not fit");
    }
    try {
      return decodeChecked(from, start, start + length);
    } catch (IndexOutOfBoundsException shorter) {
      throw new IOException("Disk state of " + length + " bytes is cut short", shorter);
    }
  }

  private static DiskState decodeChecked(byte[] from, int start, int end) throws IOException {
    // A view that ends where the body ends, so that reading past it is noticed in a larger buffer
    // too.
    ByteBuffer body = ByteBuffer.wrap(from, start, end - start).order(ByteOrder.LITTLE_ENDIAN);
    int at = start;
    DiskState state = new DiskState(FRESH_STATISTICS.clone());
    state.samples = body.getLong(at);
    state.firstTimeMillis = body.getLong(at + 8);
    state.lastTimeMillis = body.getLong(at + 16);
    state.lastRiseMillis = body.getLong(at + 24);
    state.checkpointOldMillis = body.getLong(at + 32);
    state.checkpointNewMillis = body.getLong(at + 40);
    state.tierSinceMillis = body.getLong(at + 48);
    state.wantedSinceMillis = body.getLong(at + 56);
    state.probability = body.getDouble(at + 64);
    state.score = body.getDouble(at + 72);
    state.confidence = body.getDouble(at + 80);
    at += 88;
    state.tier = tier(body.get(at++));
    state.wantedTier = tier(body.get(at++));
    state.silences = body.get(at++);
    int statistics = body.get(at++) & 0xFF;
    getFloats(body, at, state.statistics, Math.min(statistics, STATISTICS));
    at += 4 * statistics;
    int slots = body.get(at++);
    if (slots < 0 || slots > MAXIMUM_SLOTS) {
      throw new IOException(
          "Disk state names " + slots + " models, at most " + MAXIMUM_SLOTS + " are possible");
    }
    for (int i = 0; i < slots; i++) {
      int idBytes = body.get(at++) & 0xFF;
      if (idBytes > end - at) {
        throw new IOException("Disk state is cut short in the name of a model");
      }
      String id = new String(from, at, idBytes, StandardCharsets.UTF_8);
      at += idBytes;
      int floats = Short.toUnsignedInt(body.getShort(at + 20));
      if (floats > MAXIMUM_MODEL_FLOATS) {
        throw new IOException(
            "Disk state holds "
                + floats
                + " floats of model "
                + id
                + ", at most "
                + MAXIMUM_MODEL_FLOATS);
      }
      Slot slot = new Slot(id, body.getInt(at), floats);
      slot.steps = body.getLong(at + 4);
      slot.lastStepMillis = body.getLong(at + 12);
      getFloats(body, at + 22, slot.memory, floats);
      at += 22 + 4 * floats;
      state.slots.add(slot);
    }
    if (at < end) {
      body.position(at);
      boolean known = true;
      if (body.get(at) == NO_SYMPTOMS) {
        body.get();
      } else {
        state.symptoms = DiskSymptoms.get(body);
        known = state.symptoms != null; // of a later version: nobody knows where it ends
      }
      if (known && body.hasRemaining() && body.get() == CHALLENGER_VERSION) {
        state.challenger = challenger(body, state);
      }
    }
    return state;
  }

  private static @Nullable Challenger challenger(ByteBuffer body, DiskState state)
      throws IOException {
    if (body.remaining() < Challenger.BYTES - 1) {
      throw new IOException("Disk state is cut short in what the challenger says");
    }
    int place = body.get();
    Tier tier = tier(body.get());
    Tier wanted = tier(body.get());
    if (place < 0 || place >= state.slots.size()) {
      throw new IOException(
          "Disk state names model " + place + " as challenger, it has " + state.slots.size());
    }
    Challenger seen = new Challenger(state.slots.get(place));
    seen.restore(tier, wanted, body.getLong(), body.getLong());
    seen.base = body.getDouble();
    seen.probability = body.getDouble();
    seen.confidence = body.getDouble();
    return seen;
  }

  private static void requireVersion(int version) throws IOException {
    if (version != VERSION) {
      throw new IOException(
          "Disk state of version "
              + version
              + " cannot be read by this release, which reads version "
              + VERSION);
    }
  }

  private static Tier tier(byte ordinal) throws IOException {
    if (ordinal < 0 || ordinal >= TIERS.length) {
      throw new IOException("Disk state names tier " + ordinal + ", which does not exist");
    }
    return TIERS[ordinal];
  }

  private static int checksum(byte[] bytes, int start, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, start, length);
    return (int) crc.getValue();
  }

  private static int putLong(byte[] to, int at, long value) {
    LONG.set(to, at, value);
    return at + 8;
  }

  private static int putFloats(byte[] to, int at, float[] values) {
    ByteBuffer.wrap(to, at, 4 * values.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .put(values);
    return at + 4 * values.length;
  }

  private static void getFloats(ByteBuffer from, int at, float[] to, int n) {
    if (at > from.limit() - 4 * n) {
      throw new IndexOutOfBoundsException(at);
    }
    from.position(at);
    from.asFloatBuffer().get(to, 0, n);
  }
}
