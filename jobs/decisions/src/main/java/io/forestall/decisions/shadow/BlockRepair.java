package io.forestall.decisions.shadow;

import io.forestall.decisions.ownership.Delta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Blocks of one copy that its medium changed, on their way from another holder (E5). A block is
 * asked for at the copy's position {@code p} and comes as of a sequence {@code s >= p}. It is
 * written once the copy has come to {@code s}, and only when no delta touched it since {@code p}:
 * then it is as of {@code s} what it was as of {@code p} and is now, and no reader sees anything
 * newer than what follows. Until then it stays damaged, which a reader is told. A delta that
 * touches it writes all of it: it is whole again without help. Pure; for one thread.
 */
public final class BlockRepair {

  /** Blocks of one unit that are repaired at the same time; count. */
  static final int MAX_BLOCKS = 64;

  /**
   * How long the other holders are asked for a block before the copy is given up for it;
   * milliseconds. Long enough for a holder that starts, is a moment behind or has lost a
   * connection, and no longer than one question to a holder that does not answer.
   */
  static final long ASK_MILLIS = 10_000;

  /** What became of a block. */
  public enum Outcome {
    /** What came is to be written. */
    WRITE,
    /** A delta wrote it meanwhile. */
    OVERWRITTEN
  }

  /**
   * A block that is done.
   *
   * @param offset first byte within the unit; bytes
   */
  public record Done(long offset, Outcome outcome) {}

  private static final class Block {
    private final long minSequence;
    private final long foundMillis;
    private long asOf = -1;
    private boolean touched;

    Block(long minSequence, long foundMillis) {
      this.minSequence = minSequence;
      this.foundMillis = foundMillis;
    }
  }

  private final int blockBytes;
  private final Map<Long, Block> blocks = new HashMap<>();

  /** Nothing is damaged. */
  public BlockRepair(int blockBytes) {
    this.blockBytes = blockBytes;
  }

  /**
   * A block was found to be damaged.
   *
   * @param offset its first byte within the unit; bytes
   * @param position last delta of the copy
   * @param nowMillis of a clock that never goes back
   * @return true when it is to be fetched as of that delta or later; false when it is on its way
   */
  public boolean damaged(long offset, long position, long nowMillis) {
    return blocks.size() < MAX_BLOCKS
        && blocks.putIfAbsent(offset, new Block(position, nowMillis)) == null;
  }

  /**
   * True when nobody will give a block that is on its way: nobody else holds it, or each was asked
   * twice and for long enough. A holder that cannot give it now may do so the next moment, and what
   * is given up for it is the whole copy.
   *
   * @param asked questions so far, one holder after the other
   * @param holders who else holds the unit now; count
   */
  public boolean isHopeless(long offset, int asked, int holders, long nowMillis) {
    Block block = blocks.get(offset);
    return block != null
        && (holders == 0 || (asked >= 2 * holders && nowMillis - block.foundMillis >= ASK_MILLIS));
  }

  /** True when the block is on its way. */
  public boolean contains(long offset) {
    return blocks.containsKey(offset);
  }

  /** True when nothing is. */
  public boolean isEmpty() {
    return blocks.isEmpty();
  }

  /** The copy took a delta; told before {@link #done} for its position. */
  public void applied(Delta delta) {
    for (Map.Entry<Long, Block> each : blocks.entrySet()) {
      long offset = each.getKey();
      each.getValue().touched |=
          delta.kind() != Delta.Kind.VERIFY
              && delta.offset() < offset + blockBytes
              && offset < delta.offset() + delta.length();
    }
  }

  /** The bytes of a block came, as of a sequence; false when they are of no use. */
  public boolean came(long offset, long sequence) {
    Block block = blocks.get(offset);
    if (block == null || sequence < block.minSequence) {
      return false;
    }
    block.asOf = sequence;
    return true;
  }

  /** Nobody gives the block. */
  public void failed(long offset) {
    blocks.remove(offset);
  }

  /** What is done at a position of the copy; it is forgotten here. */
  public List<Done> done(long position) {
    List<Done> done = new ArrayList<>();
    Iterator<Map.Entry<Long, Block>> left = blocks.entrySet().iterator();
    while (left.hasNext()) {
      Map.Entry<Long, Block> each = left.next();
      Block block = each.getValue();
      if (block.touched) {
        left.remove();
        done.add(new Done(each.getKey(), Outcome.OVERWRITTEN));
      } else if (block.asOf >= 0 && position >= block.asOf) {
        left.remove();
        done.add(new Done(each.getKey(), Outcome.WRITE));
      }
    }
    return done;
  }
}
