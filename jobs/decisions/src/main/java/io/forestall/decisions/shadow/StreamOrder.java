package io.forestall.decisions.shadow;

import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * How far the stream of a unit is, and whether that is certain. For one thread.
 *
 * <p>As long as its log is read without a break, which deltas count follows from the log alone, as
 * in {@code DeltaOrder}: a delta behind a hole never happened, nor did one of an old epoch behind a
 * barrier; nothing out of order is kept, because nothing that is out of order ever counts. That is
 * {@link #sure}.
 *
 * <p>When something may have been lost (the stream begins, the log broke, a record was damaged),
 * the log alone proves nothing any more: the next delta may carry the next number and yet stand
 * behind a barrier that was lost. Then the stream doubts: what it reads is remembered as spans of
 * numbers, without a payload, and what a holder says of its own position, which is always a place
 * in the true history, settles it:
 *
 * <ul>
 *   <li>The holder's place lies in the spans: from there on the log is complete. If every delta
 *       from the stream's position up to that place was read, and all are of the holder's epoch,
 *       nothing was lost: an epoch's deltas follow each other without a hole, and the first of them
 *       follows what its owner found at its barrier. Otherwise something was.
 *   <li>The holder stays ahead of all that is read, though the reader is at the end of the log:
 *       what lies between is lost.
 * </ul>
 *
 * <p>A holder whose place contradicts a position that was certain (a number behind the hole, more
 * deltas in a lower epoch, fewer in a higher one) shows that something was lost unseen.
 */
final class StreamOrder {

  /** Most spans that are remembered in doubt; the oldest gives way. */
  static final int MAX_SPANS = 16;

  /** What the reader's runs are never called. */
  private static final long NO_RUN = Long.MIN_VALUE;

  private static final long NONE = -1;

  /** What something means for the stream. */
  enum Meaning {
    /** Nothing: the delta never happened, or was read before; the holder said nothing new. */
    NOTHING,
    /** The delta happened. */
    COUNTS,
    /** The delta begins an epoch. */
    BARRIER,
    /** The delta may have happened; a holder will tell. */
    DOUBTED,
    /** The stream has a position now, that of a holder; nothing is known of what was before. */
    BASED,
    /** Nothing was lost: the stream goes on at its new position, all numbers up to it were read. */
    SETTLED,
    /** Something was lost between the position before and the new one. */
    LOST
  }

  /** Deltas of one epoch with numbers that follow each other, as they stand in the log. */
  private static final class Span {
    final long epoch;
    final boolean barrier;
    long first;
    long last;

    Span(long epoch, boolean barrier, long first, long last) {
      this.epoch = epoch;
      this.barrier = barrier;
      this.first = first;
      this.last = last;
    }

    /** True when it is a barrier alone. */
    boolean bare() {
      return last == NONE;
    }
  }

  private boolean based;
  private boolean sure;

  /** True when the position itself was found to be wrong, so that nothing follows from it. */
  private boolean lost;

  /**
   * True from a first position that is a holder's word alone until it is certain: what was read
   * before is not known, so that a hole behind it is no loss, but a beginning that came too early.
   */
  private boolean fresh;

  private long epoch;
  private long sequence;
  private long run = NO_RUN;

  /** First number behind a hole in the epoch of the position, NONE without one. */
  private long behindHole = NONE;

  /** A holder's place that was not reached when it was heard; NONE without one. */
  private long targetEpoch = NONE;

  private long targetSequence = NONE;
  private long targetSinceMillis;
  private final List<Span> spans = new ArrayList<>();

  /**
   * True when there is a position, and it is a place in the true history: what a shadow fetches as
   * of it is right, even while it is in doubt what comes next.
   */
  boolean based() {
    return based && !lost;
  }

  /** True when what counts follows from the log. */
  boolean sure() {
    return sure;
  }

  /** Epoch of the last barrier that counted. */
  long epoch() {
    return epoch;
  }

  /** Last sequence that counted. */
  long sequence() {
    return sequence;
  }

  /** True when the stream waits for a holder's word on what it has read, or has not read. */
  boolean waits() {
    return !based || !sure && (!spans.isEmpty() || targetEpoch != NONE);
  }

  /** Takes the next record of the unit. */
  Meaning read(boolean barrier, long deltaEpoch, long deltaSequence, long deltaRun) {
    if (deltaRun != run) {
      doubt();
      run = deltaRun;
    }
    return sure
        ? readSurely(barrier, deltaEpoch, deltaSequence)
        : readInDoubt(barrier, deltaEpoch, deltaSequence);
  }

  private Meaning readSurely(boolean barrier, long deltaEpoch, long deltaSequence) {
    if (deltaEpoch < epoch || barrier && deltaEpoch == epoch) {
      return Meaning.NOTHING;
    }
    if (barrier) {
      epoch = deltaEpoch;
      behindHole = NONE;
      reached();
      return Meaning.BARRIER;
    }
    if (deltaEpoch > epoch) {
      // No owner writes before its barrier: it was lost.
      doubt();
      return readInDoubt(false, deltaEpoch, deltaSequence);
    }
    if (deltaSequence <= sequence) {
      return Meaning.NOTHING;
    }
    if (deltaSequence == sequence + 1) {
      sequence = deltaSequence;
      reached();
      return Meaning.COUNTS;
    }
    if (targetEpoch == epoch && targetSequence > sequence) {
      // A holder has what should stand in the hole.
      doubt();
      lost = true;
      return readInDoubt(false, deltaEpoch, deltaSequence);
    }
    behindHole = behindHole == NONE ? deltaSequence : Math.min(behindHole, deltaSequence);
    return Meaning.NOTHING;
  }

  private Meaning readInDoubt(boolean barrier, long deltaEpoch, long deltaSequence) {
    if (based && !lost) {
      if (deltaEpoch < epoch) {
        return Meaning.NOTHING;
      }
      if (!barrier && deltaEpoch == epoch && deltaSequence <= sequence) {
        // The delta of the position itself: all behind it is read from here on. A barrier would
        // prove nothing, because a late one may stand anywhere.
        sure |= deltaSequence == sequence;
        if (sure) {
          fresh = false;
          spans.clear();
        }
        return Meaning.NOTHING;
      }
    }
    if (!remember(barrier, deltaEpoch, deltaSequence)) {
      return Meaning.NOTHING;
    }
    int place = targetEpoch == NONE ? -1 : locate(targetEpoch, targetSequence);
    return place < 0 ? Meaning.DOUBTED : settle(place, targetEpoch, targetSequence);
  }

  private boolean remember(boolean barrier, long deltaEpoch, long deltaSequence) {
    Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
    if (last != null && (deltaEpoch < last.epoch || barrier && deltaEpoch == last.epoch)) {
      return false;
    }
    if (last != null && !barrier && deltaEpoch == last.epoch) {
      if (last.bare()) {
        last.first = deltaSequence;
        last.last = deltaSequence;
        return true;
      }
      if (deltaSequence <= last.last) {
        return false;
      }
      if (deltaSequence == last.last + 1) {
        last.last = deltaSequence;
        return true;
      }
    }
    if (spans.size() == MAX_SPANS) {
      spans.remove(0);
    }
    spans.add(
        barrier
            ? new Span(deltaEpoch, true, NONE, NONE)
            : new Span(deltaEpoch, false, deltaSequence, deltaSequence));
    return true;
  }

  /** A record of the unit could not be read. */
  void damaged(long recordRun) {
    doubt();
    run = recordRun;
  }

  private void doubt() {
    sure = false;
    spans.clear();
    behindHole = NONE;
  }

  /**
   * Hears the place of a holder.
   *
   * @param behind true when the reader is known to be behind the end of the log
   * @param lostMillis how long a place may stay ahead
   */
  Meaning heard(
      long holderEpoch, long holderSequence, long nowMillis, boolean behind, long lostMillis) {
    if (sure && contradicts(holderEpoch, holderSequence)) {
      doubt();
      lost = true;
    }
    if (!sure) {
      int place = locate(holderEpoch, holderSequence);
      if (place >= 0) {
        return settle(place, holderEpoch, holderSequence);
      }
    }
    if (!based && aheadOfSpans(holderEpoch, holderSequence)) {
      return jump(holderEpoch, holderSequence, Meaning.BASED);
    }
    if (based && !lost && holderEpoch <= epoch && holderSequence <= sequence) {
      return Meaning.NOTHING;
    }
    if (based && !sure && !lost && holderSequence == sequence) {
      // An epoch has begun and nothing was written since: no delta was lost.
      epoch = holderEpoch;
      return Meaning.SETTLED;
    }
    if (targetEpoch == NONE) {
      targetEpoch = holderEpoch;
      targetSequence = holderSequence;
      targetSinceMillis = nowMillis;
    } else if (behind || nowMillis < targetSinceMillis) {
      targetSinceMillis = nowMillis;
    } else if (nowMillis - targetSinceMillis >= lostMillis) {
      return jump(holderEpoch, holderSequence, based ? Meaning.LOST : Meaning.BASED);
    }
    return Meaning.NOTHING;
  }

  private boolean contradicts(long holderEpoch, long holderSequence) {
    return holderEpoch < epoch && holderSequence > sequence
        || holderEpoch > epoch && holderSequence < sequence
        || holderEpoch == epoch && behindHole != NONE && holderSequence >= behindHole;
  }

  private boolean aheadOfSpans(long holderEpoch, long holderSequence) {
    if (spans.isEmpty()) {
      return true;
    }
    Span last = spans.get(spans.size() - 1);
    return holderEpoch > last.epoch || holderEpoch == last.epoch && holderSequence > last.last;
  }

  /** The span in which a place of the true history lies, -1 when it lies in none. */
  private int locate(long placeEpoch, long placeSequence) {
    for (int i = spans.size() - 1; i >= 0; i--) {
      Span span = spans.get(i);
      if (span.epoch != placeEpoch) {
        continue;
      }
      if (!span.bare() && span.first <= placeSequence && placeSequence <= span.last) {
        return i;
      }
    }
    return -1;
  }

  /** Goes on from a holder's place that lies in a span. */
  private Meaning settle(int place, long placeEpoch, long placeSequence) {
    Meaning meaning =
        !based
            ? Meaning.BASED
            : complete(place, placeEpoch, placeSequence)
                ? Meaning.SETTLED
                : fresh ? Meaning.BASED : Meaning.LOST;
    based = true;
    sure = true;
    lost = false;
    fresh = false;
    epoch = placeEpoch;
    sequence = placeSequence;
    behindHole = NONE;
    for (int i = place; i < spans.size(); i++) {
      take(spans.get(i));
    }
    spans.clear();
    targetEpoch = NONE;
    return meaning;
  }

  /** The deltas of a span in the order of the log, as they are read when nothing is in doubt. */
  private void take(Span span) {
    if (span.epoch > epoch && span.barrier) {
      epoch = span.epoch;
      behindHole = NONE;
    }
    if (span.bare() || span.epoch != epoch || span.last <= sequence) {
      return;
    }
    if (span.first <= sequence + 1) {
      sequence = span.last;
    } else {
      behindHole = behindHole == NONE ? span.first : Math.min(behindHole, span.first);
    }
  }

  /** True when all that counted between the position and the place was read. */
  private boolean complete(int place, long placeEpoch, long placeSequence) {
    if (lost || placeEpoch < epoch || placeSequence < sequence) {
      return false;
    }
    long counted = sequence;
    boolean begun = placeEpoch == epoch;
    for (int i = 0; i <= place && counted < placeSequence; i++) {
      Span span = spans.get(i);
      if (span.epoch != placeEpoch) {
        if (!begun && !span.bare() && span.epoch == epoch && span.first <= counted + 1) {
          // A delta of the old epoch that may have counted, or have come behind a lost barrier.
          return false;
        }
        continue;
      }
      begun |= span.barrier;
      if (begun && !span.bare() && span.first <= counted + 1) {
        counted = Math.max(counted, span.last);
      }
    }
    return begun(place, placeEpoch) && counted >= placeSequence;
  }

  private boolean begun(int place, long placeEpoch) {
    if (placeEpoch == epoch) {
      return true;
    }
    for (int i = 0; i <= place; i++) {
      if (spans.get(i).epoch == placeEpoch && spans.get(i).barrier) {
        return true;
      }
    }
    return false;
  }

  /** Goes on from a holder's place that was not read. */
  private Meaning jump(long placeEpoch, long placeSequence, Meaning meaning) {
    based = true;
    sure = false;
    lost = false;
    fresh = meaning == Meaning.BASED;
    epoch = placeEpoch;
    sequence = placeSequence;
    behindHole = NONE;
    targetEpoch = NONE;
    return meaning;
  }

  private void reached() {
    if (targetEpoch != NONE && targetEpoch <= epoch && targetSequence <= sequence) {
      targetEpoch = NONE;
    }
  }

  // ---- row

  void write(RowWriter row) {
    row.flag(based)
        .flag(sure)
        .flag(lost)
        .longs(epoch)
        .longs(sequence)
        .longs(run)
        .longs(behindHole)
        .longs(targetEpoch)
        .longs(targetSequence)
        .longs(targetSinceMillis)
        .list(
            spans,
            (each, span) ->
                each.longs(span.epoch).flag(span.barrier).longs(span.first).longs(span.last))
        .flag(fresh);
  }

  static StreamOrder read(RowReader row) {
    StreamOrder order = new StreamOrder();
    order.based = row.flag();
    order.sure = row.flag();
    order.lost = row.flag();
    order.epoch = row.longs();
    order.sequence = row.longs();
    order.run = row.longs();
    order.behindHole = row.longs();
    order.targetEpoch = row.longs();
    order.targetSequence = row.longs();
    order.targetSinceMillis = row.longs();
    order.spans.addAll(
        row.list(each -> new Span(each.longs(), each.flag(), each.longs(), each.longs())));
    order.fresh = row.flag();
    return order;
  }
}
