package io.forestall.decisions.ownership;

/**
 * The fold of one unit's deltas (E4, E7): what the log says happened to the unit, the same for its
 * owner, its copies, the jobs and the simulator. For one thread.
 *
 * <ul>
 *   <li>A barrier counts when its epoch is larger than that of the last one that counted.
 *   <li>A write counts when its epoch is that of the last barrier and its sequence is the next.
 *       Everything else never happened and was never acknowledged: deltas of an old epoch behind a
 *       newer barrier, repeats, and whatever stands behind a hole that its owner's lost append left
 *       (that owner takes a new epoch and writes it again).
 * </ul>
 */
public final class DeltaFold {
  private final DeltaOrder order;
  private long chain;
  private final RequestMemory requests;

  /** A fold that has read nothing. */
  public DeltaFold() {
    this(0, 0, 0, new RequestMemory());
  }

  /**
   * A fold that goes on from a checkpoint.
   *
   * @param epoch epoch of the last barrier that counted, 0 for none
   * @param lastSequence last sequence that counted, 0 for none
   * @param chain what {@link #chain} gave then
   * @param requests requests whose deltas counted
   */
  public DeltaFold(long epoch, long lastSequence, long chain, RequestMemory requests) {
    this.order = new DeltaOrder(epoch, lastSequence);
    this.chain = chain;
    this.requests = requests;
  }

  /** What a delta means. */
  public enum Verdict {
    /** It happened: apply it. */
    COUNTS,
    /** It begins an epoch. */
    BARRIER,
    /** A barrier of an epoch that is over already. */
    LATE_BARRIER,
    /** A delta of an epoch that is over. */
    FENCED,
    /** It was read before. */
    REPEAT,
    /** A delta of its epoch before it is missing, or its epoch has no barrier yet. */
    GAP
  }

  /** Takes the next delta of the unit, in the order of the log. */
  public Verdict take(Delta delta) {
    Verdict verdict =
        order.take(delta.kind() == Delta.Kind.BARRIER, delta.epoch(), delta.sequence());
    if (verdict != Verdict.COUNTS) {
      return verdict;
    }
    chain = chained(chain, delta);
    String client = delta.client();
    if (client != null) {
      requests.add(client, delta.request());
    }
    for (Delta.Request each : delta.merged()) {
      requests.add(each.client(), each.number());
    }
    return Verdict.COUNTS;
  }

  /** Epoch of the last barrier that counted, 0 for none. */
  public long epoch() {
    return order.epoch();
  }

  /** Last sequence that counted, 0 for none. */
  public long lastSequence() {
    return order.lastSequence();
  }

  /**
   * A running hash of every delta that counted (sequence, kind, place, checksum of its data), in
   * order: two copies that began alike and stand at the same sequence have the same one, or one of
   * them is wrong. Kept in checkpoints.
   */
  public long chain() {
    return chain;
  }

  private static long chained(long chain, Delta delta) {
    long mixed = chain ^ delta.sequence();
    mixed = mix(mixed ^ delta.plainCrc() & 0xffffffffL);
    mixed = mix(mixed ^ delta.offset());
    return mix(mixed ^ delta.length() << 3 ^ delta.kind().ordinal());
  }

  /** Finalizer of SplitMix64: each bit in changes each bit out with a chance of one half. */
  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }

  /** The requests whose deltas counted, as far as they are remembered. */
  public RequestMemory requests() {
    return requests;
  }
}
