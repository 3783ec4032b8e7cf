package io.forestall.decisions.shadow;

import io.forestall.decisions.Decider;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.DeltaOrder;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A shadow as the node that holds it keeps it (E3, E4): takes the steps of its stream, fetches what
 * a RESYNC names from other holders while the stream goes on, and knows when its bytes are those of
 * the unit. Pure: it has no clock and does no input or output. For one thread.
 *
 * <p><b>Fetching while the stream goes on.</b> A chunk is asked for with the position {@code p} of
 * the moment; a holder answers with the bytes as of a sequence {@code s >= p}. Blocks of the chunk
 * that steps touched since the asking are kept, all others are written. A block that no step
 * touched between {@code p} and now is, as of {@code s}, either what it is now, or what the steps
 * up to {@code s} will make it once more. So the copy is whole when nothing is missing and it has
 * come to the largest such {@code s}. After a crash it goes on from its checkpoint and the same
 * holds: steps that are applied again, in order, to newer bytes end in those bytes.
 *
 * <p><b>Its fold.</b> The stream says which deltas come next; what else a copy must know (running
 * hash, memory of requests, place in the log of deltas) it takes from a holder after each jump, as
 * of some sequence at or ahead of its own. Once its position has come there the fold is as exact as
 * that of any copy, so that it can go on from the log of deltas by itself, without any job, when it
 * must take over.
 */
public final class ShadowCopy {

  /** What is fetched at once, and kept in mind as missing or there; bytes. */
  public static final int CHUNK_BYTES = 1 << 20;

  /** Chunks of one unit that are asked for at the same time; count. */
  public static final int MAX_IN_FLIGHT = 4;

  /** Steps kept in mind until a holder's fold comes; count. With more it is asked for anew. */
  static final int MAX_HELD = 4_096;

  /** Payloads of steps kept in mind until a holder's fold comes; bytes. */
  static final long MAX_HELD_BYTES = 32L << 20;

  /** RESYNC steps that are known again when they are repeated; count. */
  static final int MAX_RESYNCS = 64;

  /** Pause before what could not be fetched is asked for again; milliseconds. */
  static final long RETRY_MILLIS = 500;

  /** What the copy lets its node do. Calls return at once; for one unit all happens in order. */
  public interface Actions {

    /** Applies a delta to the copy; a VERIFY has its digest taken at this place in the order. */
    void apply(Delta delta);

    /**
     * Asks a holder for its fold of the unit; {@link ShadowCopy#foldFetched} or {@link
     * ShadowCopy#failed} follows. A holder that is behind this place does not give it.
     */
    void fetchFold(long token, long minEpoch, long minSequence);

    /**
     * Asks a holder for bytes of the unit, which it reads at one place in its order of applying;
     * {@link ShadowCopy#fetched} or {@link ShadowCopy#failed} follows.
     *
     * @param minSequence what the holder must have applied at least
     */
    void fetch(long token, long offset, int length, long minSequence);

    /**
     * Writes the bytes that were fetched under a token, but for some blocks.
     *
     * @param offset first byte within the unit
     * @param keep blocks, counted from {@code offset}, that stay as they are
     */
    void fill(long token, long offset, int length, BitSet keep);
  }

  /**
   * How far a shadow is, as its node makes it durable after the bytes.
   *
   * @param epoch epoch of the last barrier of its stream, -1 before the stream began
   * @param lastSequence last delta of its stream
   * @param fold the fold of a copy at that place or ahead of it, null when none came yet
   * @param missing chunks to fetch, one bit each
   * @param wholeAt the largest sequence that fetched bytes were as of
   * @param resyncs RESYNC steps that were taken
   */
  public record Kept(
      long epoch,
      long lastSequence,
      @Nullable KeptFold fold,
      long[] missing,
      long wholeAt,
      List<Long> resyncs) {}

  /**
   * The fold of a copy.
   *
   * @param deltaOffset first offset of the unit's partition of deltas that is not in it
   */
  public record KeptFold(
      long epoch,
      long lastSequence,
      long chain,
      List<RequestMemory.Kept> requests,
      long deltaOffset) {}

  /** One chunk on its way. */
  private static final class Fetch {
    private final int chunk;
    private final long minSequence;
    private final BitSet touched = new BitSet();

    Fetch(int chunk, long minSequence) {
      this.chunk = chunk;
      this.minSequence = minSequence;
    }
  }

  private final UnitSpec spec;
  private final Actions actions;
  private final int chunks;
  private final BitSet missing;
  private final Map<Long, Fetch> inFlight = new HashMap<>();
  private final BitSet flying = new BitSet();
  private final Set<Long> resyncs = new LinkedHashSet<>();

  /** Where the stream is, null before it began. */
  private @Nullable DeltaOrder order;

  /** Never behind the stream; null until a holder gave it. */
  private @Nullable DeltaFold fold;

  private long deltaOffset;
  private long wholeAt;

  /** The stream goes on behind a gap. */
  private boolean gap;

  /** False after a restart, while blocks may be as of a later sequence than the position. */
  private boolean exact = true;

  /** Steps taken since a holder was asked for its fold. */
  private final ArrayDeque<ShadowStep> since = new ArrayDeque<>();

  private long sinceBytes;
  private long foldToken = -1;
  private long foldAgainMillis = Long.MIN_VALUE;
  private long fetchAgainMillis = Long.MIN_VALUE;
  private long tokens;

  /** A shadow of which nothing is there yet. */
  public ShadowCopy(UnitSpec spec, Actions actions) {
    this.spec = spec;
    this.actions = actions;
    this.chunks = Math.toIntExact((spec.bytes() + CHUNK_BYTES - 1) / CHUNK_BYTES);
    this.missing = new BitSet(chunks);
    missing.set(0, chunks);
  }

  /** A shadow that goes on from what was kept. */
  public ShadowCopy(UnitSpec spec, Actions actions, Kept kept) {
    this(spec, actions);
    missing.clear();
    missing.or(BitSet.valueOf(kept.missing()));
    exact = false;
    resyncs.addAll(kept.resyncs());
    wholeAt = kept.wholeAt();
    if (kept.epoch() >= 0) {
      order = new DeltaOrder(kept.epoch(), kept.lastSequence());
    }
    KeptFold at = kept.fold();
    if (at != null) {
      fold =
          new DeltaFold(at.epoch(), at.lastSequence(), at.chain(), RequestMemory.of(at.requests()));
      deltaOffset = at.deltaOffset();
    }
  }

  /** What is kept of a shadow of which nothing is there yet. */
  public static Kept nothing(UnitSpec spec) {
    BitSet all = new BitSet();
    all.set(0, Math.toIntExact((spec.bytes() + CHUNK_BYTES - 1) / CHUNK_BYTES));
    return new Kept(-1, 0, null, all.toLongArray(), 0, List.of());
  }

  // ---- the stream

  /** Takes the next step of the stream; repeats change nothing. */
  public void step(ShadowStep step, long nowMillis) {
    Delta delta = step.delta();
    if (delta == null) {
      resync(step, nowMillis);
      return;
    }
    DeltaOrder at = order;
    if (at == null) {
      return;
    }
    boolean barrier = delta.kind() == Delta.Kind.BARRIER;
    if (barrier && step.previousSequence() > at.lastSequence()) {
      // it would begin its epoch over deltas that are lost here
      gap = true;
      return;
    }
    Verdict verdict = at.take(barrier, delta.epoch(), delta.sequence());
    switch (verdict) {
      case COUNTS, BARRIER -> {
        DeltaFold known = fold;
        if (known != null) {
          fold(known, step, delta);
        } else {
          remember(step, delta, nowMillis);
        }
        if (verdict == Verdict.COUNTS) {
          apply(delta);
        }
      }
      case GAP -> gap = true;
      case LATE_BARRIER, FENCED, REPEAT -> {}
    }
  }

  private void fold(DeltaFold known, ShadowStep step, Delta delta) {
    Verdict verdict = known.take(delta);
    if (verdict == Verdict.COUNTS || verdict == Verdict.BARRIER) {
      deltaOffset = step.deltaOffset() + 1;
    }
  }

  private void remember(ShadowStep step, Delta delta, long nowMillis) {
    if (since.size() >= MAX_HELD || sinceBytes + delta.payload().length > MAX_HELD_BYTES) {
      askFold(nowMillis);
      return;
    }
    since.add(step);
    sinceBytes += delta.payload().length;
  }

  private void apply(Delta delta) {
    if (delta.kind() == Delta.Kind.VERIFY) {
      if (isExact()) {
        actions.apply(delta);
      }
      return;
    }
    touch(delta);
    actions.apply(delta);
  }

  private void touch(Delta delta) {
    long end = delta.offset() + delta.length();
    for (Fetch each : inFlight.values()) {
      long begin = (long) each.chunk * CHUNK_BYTES;
      long from = Math.max(begin, delta.offset()) - begin;
      long to = Math.min(begin + length(each.chunk), end) - begin;
      if (from < to) {
        int block = spec.blockBytes();
        each.touched.set((int) (from / block), (int) ((to + block - 1) / block));
      }
    }
  }

  private void resync(ShadowStep step, long nowMillis) {
    long identity = identity(step);
    if (!gap && resyncs.contains(identity)) {
      return;
    }
    DeltaOrder at = order;
    boolean whole = step.previousSequence() < 0;
    boolean jumps = at == null || isBehind(at.epoch(), at.lastSequence(), step);
    boolean makesGood =
        whole || (exact && at != null && at.lastSequence() >= step.previousSequence());
    if (jumps && !makesGood) {
      gap = true;
      return;
    }
    for (Range range : step.ranges()) {
      miss(range.offset(), range.end());
    }
    resyncs.add(identity);
    if (resyncs.size() > MAX_RESYNCS) {
      resyncs.remove(resyncs.iterator().next());
    }
    if (makesGood) {
      gap = false;
      exact |= whole;
    }
    if (jumps) {
      // A block that a skipped delta touched is not known as touched: all is asked for anew.
      miss(0, spec.bytes(), true);
      order = new DeltaOrder(step.epoch(), step.sequence());
      DeltaFold known = fold;
      if (known == null || isBehind(known.epoch(), known.lastSequence(), step)) {
        fold = null;
        askFold(nowMillis);
      }
    }
  }

  private static boolean isBehind(long epoch, long sequence, ShadowStep step) {
    return sequence < step.sequence() || epoch < step.epoch();
  }

  private void miss(long from, long to) {
    miss(from, to, false);
  }

  /** Chunks that must be fetched; what of them is on its way was asked for too early. */
  private void miss(long from, long to, boolean onlyFlying) {
    int first = (int) (Math.max(0, from) / CHUNK_BYTES);
    int end = (int) Math.min(chunks, (to + CHUNK_BYTES - 1) / CHUNK_BYTES);
    for (int chunk = first; chunk < end; chunk++) {
      if (!onlyFlying || flying.get(chunk)) {
        missing.set(chunk);
        flying.clear(chunk);
      }
    }
    inFlight.values().removeIf(each -> !flying.get(each.chunk));
  }

  /** What makes a RESYNC known again; two that differ have the same with a chance of 2^-64. */
  private static long identity(ShadowStep step) {
    long hash = step.epoch() * 31 + step.sequence();
    hash = mix(hash) ^ step.previousSequence();
    for (Range range : step.ranges()) {
      hash = mix(mix(hash) ^ range.offset()) ^ range.length();
    }
    return mix(hash);
  }

  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }

  /**
   * The stream was taken to where it ended when this process began: what the process before applied
   * behind its checkpoint was applied again, unless there is a gap.
   */
  public void caughtUp() {
    exact |= !gap;
  }

  /** Steps of the stream that were not taken yet are there no more, however many they are. */
  public void lostSteps() {
    gap = true;
  }

  // ---- fetching

  private void askFold(long nowMillis) {
    DeltaOrder at = order;
    if (at == null) {
      return;
    }
    since.clear();
    sinceBytes = 0;
    foldToken = ++tokens;
    foldAgainMillis = nowMillis + 10 * RETRY_MILLIS;
    actions.fetchFold(foldToken, at.epoch(), at.lastSequence());
  }

  /**
   * A holder's fold came, as of no less than was asked for.
   *
   * @param offset first offset of the unit's partition of deltas that is not in it
   */
  public void foldFetched(long token, DeltaFold holders, long offset) {
    if (token != foldToken || fold != null) {
      return;
    }
    foldToken = -1;
    fold = holders;
    deltaOffset = offset;
    for (ShadowStep each : since) {
      Delta delta = each.delta();
      if (delta != null) {
        fold(holders, each, delta);
      }
    }
    since.clear();
    sinceBytes = 0;
  }

  /**
   * Asks for one more chunk, when there is one to ask for. The node calls it as its pace allows.
   *
   * @return bytes asked for, 0 for none
   */
  public int fetchNext(long nowMillis) {
    DeltaOrder at = order;
    if (at == null || inFlight.size() >= MAX_IN_FLIGHT || nowMillis < fetchAgainMillis) {
      return 0;
    }
    int chunk = missing.nextSetBit(0);
    if (chunk < 0) {
      return 0;
    }
    missing.clear(chunk);
    flying.set(chunk);
    long token = ++tokens;
    Fetch fetch = new Fetch(chunk, at.lastSequence());
    inFlight.put(token, fetch);
    int length = length(chunk);
    actions.fetch(token, (long) chunk * CHUNK_BYTES, length, fetch.minSequence);
    return length;
  }

  /**
   * Bytes came; the node keeps them under the token until {@link Actions#fill} or its return.
   *
   * @param sequence what the holder had applied when it read them
   * @return false when they are of no use
   */
  public boolean fetched(long token, long sequence, long nowMillis) {
    Fetch fetch = inFlight.get(token);
    if (fetch == null) {
      return false;
    }
    if (sequence < fetch.minSequence) {
      failed(token, nowMillis);
      return false;
    }
    inFlight.remove(token);
    flying.clear(fetch.chunk);
    wholeAt = Math.max(wholeAt, sequence);
    actions.fill(token, (long) fetch.chunk * CHUNK_BYTES, length(fetch.chunk), fetch.touched);
    return true;
  }

  /** What was asked for under a token does not come. */
  public void failed(long token, long nowMillis) {
    if (token == foldToken) {
      foldAgainMillis = nowMillis + RETRY_MILLIS;
      return;
    }
    Fetch fetch = inFlight.remove(token);
    if (fetch != null) {
      flying.clear(fetch.chunk);
      missing.set(fetch.chunk);
      fetchAgainMillis = nowMillis + RETRY_MILLIS;
    }
  }

  /** A range of the own copy is damaged, as its checksums say: it is fetched again. */
  public void damaged(long offset, long length) {
    miss(offset, offset + length);
  }

  /** Asks again for what did not come. */
  public void tick(long nowMillis) {
    if (order != null && fold == null && nowMillis >= foldAgainMillis) {
      askFold(nowMillis);
    }
  }

  /** When {@link #tick} or {@link #fetchNext} has something to do at the earliest. */
  public long alarmMillis() {
    if (order == null) {
      return Decider.NO_ALARM;
    }
    long atMillis = fold == null ? foldAgainMillis : Decider.NO_ALARM;
    return missing.isEmpty() || inFlight.size() >= MAX_IN_FLIGHT
        ? atMillis
        : Math.min(atMillis, fetchAgainMillis);
  }

  private int length(int chunk) {
    return (int) Math.min(CHUNK_BYTES, spec.bytes() - (long) chunk * CHUNK_BYTES);
  }

  // ---- how it stands

  /**
   * True when it may take over: with the deltas of the log behind its fold its bytes become those
   * of the unit. After a restart some may be newer than its position already, which does no harm
   * then; nor does a gap in its stream.
   */
  public boolean isInSync() {
    DeltaOrder at = order;
    DeltaFold known = fold;
    return at != null
        && known != null
        && missing.isEmpty()
        && inFlight.isEmpty()
        && at.lastSequence() >= wholeAt
        && at.lastSequence() == known.lastSequence()
        && at.epoch() == known.epoch();
  }

  /**
   * True when its bytes are those of the unit at {@link #lastSequence}, neither older nor newer: it
   * may give them to others, and its digests can be compared.
   */
  public boolean isExact() {
    return exact && isInSync();
  }

  /**
   * The sequence that a RESYNC may go on from; -1 when only one of the whole unit will do: before
   * the stream began, and when steps were lost after a restart, for then nobody knows which blocks
   * are newer than the position.
   */
  public long resyncFrom() {
    return order == null || (gap && !exact) ? -1 : order.lastSequence();
  }

  /** True when its stream goes on behind a gap, or has not begun. */
  public boolean needsResync() {
    return gap || order == null;
  }

  /** Bytes that it has still to fetch. */
  public long missingBytes() {
    long bytes = 0;
    for (int i = missing.nextSetBit(0); i >= 0; i = missing.nextSetBit(i + 1)) {
      bytes += length(i);
    }
    for (Fetch each : inFlight.values()) {
      bytes += length(each.chunk);
    }
    return bytes;
  }

  /** Epoch of the last barrier of its stream, 0 for none. */
  public long epoch() {
    return order == null ? 0 : order.epoch();
  }

  /** Last delta of its stream that is in the copy, 0 for none. */
  public long lastSequence() {
    return order == null ? 0 : order.lastSequence();
  }

  /** First offset of the unit's partition of deltas that is not in {@link #fold}. */
  public long deltaOffset() {
    return deltaOffset;
  }

  /**
   * The fold that the copy goes on from when it follows the log of deltas by itself.
   *
   * @throws IllegalStateException when it is not in sync
   */
  public DeltaFold fold() {
    DeltaFold at = fold;
    if (at == null || !isInSync()) {
      throw new IllegalStateException("the shadow of " + spec.unit() + " is not in sync");
    }
    return at;
  }

  /** What must be kept so that a new process goes on, as of all that was asked of the actions. */
  public Kept kept() {
    DeltaOrder at = order;
    DeltaFold known = fold;
    BitSet still = (BitSet) missing.clone();
    still.or(flying);
    return new Kept(
        at == null ? -1 : at.epoch(),
        at == null ? 0 : at.lastSequence(),
        known == null
            ? null
            : new KeptFold(
                known.epoch(),
                known.lastSequence(),
                known.chain(),
                known.requests().kept(),
                deltaOffset),
        still.toLongArray(),
        wholeAt,
        List.copyOf(resyncs));
  }
}
