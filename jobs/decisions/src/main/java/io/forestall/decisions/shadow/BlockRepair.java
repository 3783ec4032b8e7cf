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
    private long asOf = -1;
    private boolean touched;

    Block(long minSequence) {
      this.minSequence = minSequence;
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
   * @return true when it is to be fetched as of that delta or later; false when it is on its way
   */
  public boolean damaged(long offset, long position) {
    return blocks.size() < MAX_BLOCKS && blocks.putIfAbsent(offset, new Block(position)) == null;
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
