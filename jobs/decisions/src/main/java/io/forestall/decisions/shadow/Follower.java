package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One shadow of a unit, as its stream knows it. For one thread. */
final class Follower {

  /** Most ranges of which it is remembered that they were sent for again. */
  static final int MAX_REPAIRS = 64;

  /**
   * A range that was found to be wrong and is fetched again.
   *
   * @param sequence the stream's when it was sent for: older digests of it mean nothing
   */
  record Repair(long offset, long length, long sequence) {
    boolean touches(long otherOffset, long otherLength) {
      return otherOffset < offset + length && offset < otherOffset + otherLength;
    }
  }

  final Subject node;

  /** True when its stream has begun. */
  boolean begun;

  long appliedEpoch;
  long applied = -1;
  long missingBytes;
  boolean needsResync;
  @Nullable Long fetchBytesPerSecond;

  /** Sequence of the last RESYNC of the whole unit: it lacks nothing behind it but later steps. */
  long wholeSequence;

  /** When its place last changed, or it lacked nothing; milliseconds. */
  long progressMillis;

  /** Sequence of the last RESYNC that goes on from a place of it, of the whole unit or not. */
  long resyncSequence = -1;

  long resyncs;
  int tries;
  long nextResyncMillis;

  /** The pass over the unit that is being verified, and how far all of it agreed; bytes. */
  long round;

  long agreedBytes;
  long verifiedRound;
  @Nullable Long verifiedMillis;
  long divergences;
  final List<Repair> repairs = new ArrayList<>();

  /** Ranges that were found to be wrong and are not sent for yet: the stream has no place. */
  final List<Range> wanted = new ArrayList<>();

  /** Sequence of the newest repair that it has not said to have done, -1 without one. */
  long repairing = -1;

  long stoodMillis = Long.MIN_VALUE;
  boolean standing = true;
  boolean changed = true;

  Follower(Subject node) {
    this.node = node;
  }

  /** What it has, or fetches as of; the stream's steps behind it are its lag. */
  long base() {
    return Math.max(applied, wholeSequence);
  }

  /** True when all of its bytes are there, so that a digest of it speaks of the unit. */
  boolean whole() {
    return begun && missingBytes == 0 && !needsResync && applied >= wholeSequence;
  }

  /** Everything is fetched anew: nothing of it is verified. */
  void begins(long sequence) {
    begun = true;
    wholeSequence = sequence;
    round = 0;
    agreedBytes = 0;
    verifiedRound = 0;
    verifiedMillis = null;
    repairs.clear();
    wanted.clear();
    repairing = -1;
    touch();
  }

  /** A range of it is fetched again. */
  void repairs(Range range, long sequence) {
    if (repairs.size() == MAX_REPAIRS) {
      repairs.remove(0);
    }
    repairs.add(new Repair(range.offset(), range.length(), sequence));
    repairing = sequence;
    round = 0;
    touch();
  }

  /** True when a digest of a range as of a sequence speaks of bytes that were sent for since. */
  boolean repaired(long offset, long length, long sequence) {
    if (begun && sequence <= wholeSequence) {
      return true;
    }
    for (Repair each : repairs) {
      if (sequence <= each.sequence && each.touches(offset, length)) {
        return true;
      }
    }
    return false;
  }

  /** A range agreed with the owner's. */
  void agreed(long digestRound, long offset, long length, long unitBytes, long nowMillis) {
    verifiedMillis = nowMillis;
    if (digestRound != round) {
      if (digestRound < round || offset != 0) {
        touch();
        return;
      }
      round = digestRound;
      agreedBytes = 0;
    }
    if (offset <= agreedBytes) {
      agreedBytes = Math.max(agreedBytes, offset + length);
    }
    if (agreedBytes >= unitBytes) {
      verifiedRound = Math.max(verifiedRound, round);
    }
    touch();
  }

  /** Its stream went on: that is to be told, and kept only once until it is. */
  void moved() {
    changed |= !standing;
    standing = true;
  }

  /** It was told how it stands. */
  void stood(long nowMillis) {
    standing = false;
    stoodMillis = nowMillis;
    changed = true;
  }

  /** It is to be kept, and told. */
  void touch() {
    changed = true;
    standing = true;
  }

  // ---- row

  byte[] toRow() {
    RowWriter row = new RowWriter(1);
    row.thing(node)
        .flag(begun)
        .longs(appliedEpoch)
        .longs(applied)
        .longs(missingBytes)
        .flag(needsResync)
        .nullableLong(fetchBytesPerSecond)
        .longs(wholeSequence)
        .longs(resyncs)
        .ints(tries)
        .longs(nextResyncMillis)
        .longs(round)
        .longs(agreedBytes)
        .longs(verifiedRound)
        .nullableLong(verifiedMillis)
        .longs(divergences)
        .list(
            repairs,
            (each, repair) ->
                each.longs(repair.offset()).longs(repair.length()).longs(repair.sequence()))
        .list(wanted, (each, range) -> each.longs(range.offset()).longs(range.length()))
        .longs(repairing)
        .longs(progressMillis)
        .longs(resyncSequence)
        .longs(stoodMillis)
        .flag(standing);
    return row.toBytes();
  }

  static Follower of(RowReader row) {
    Follower follower = new Follower(row.subject());
    follower.begun = row.flag();
    follower.appliedEpoch = row.longs();
    follower.applied = row.longs();
    follower.missingBytes = row.longs();
    follower.needsResync = row.flag();
    follower.fetchBytesPerSecond = row.nullableLong();
    follower.wholeSequence = row.longs();
    follower.resyncs = row.longs();
    follower.tries = row.ints();
    follower.nextResyncMillis = row.longs();
    follower.round = row.longs();
    follower.agreedBytes = row.longs();
    follower.verifiedRound = row.longs();
    follower.verifiedMillis = row.nullableLong();
    follower.divergences = row.longs();
    follower.repairs.addAll(row.list(each -> new Repair(each.longs(), each.longs(), each.longs())));
    follower.wanted.addAll(row.list(each -> new Range(each.longs(), each.longs())));
    follower.repairing = row.longs();
    follower.progressMillis = row.longs();
    follower.resyncSequence = row.longs();
    follower.stoodMillis = row.longs();
    follower.standing = row.flag();
    follower.changed = false;
    return follower;
  }
}
