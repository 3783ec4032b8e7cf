package io.forestall.sim.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Judges histories of concurrent clients (invariant 3): is there, for every block, one order of its
 * operations that agrees with real time and in which each read gives what the write before it
 * wrote? A write without a known end may have happened at any time after it was asked for, or
 * never; a read without a known end says nothing.
 *
 * <p>Where every value of a block is written once, this takes the time of sorting: all operations
 * of one value stand together in any such order, so it is enough to look for two values that each
 * must come before the other (Gibbons and Korach, Testing Shared Memories, 1997). A block in which
 * a value is written twice, such as zeros, is searched, with a limit on the work. Stateless; for
 * any thread.
 */
public final class Linearizability {

  /** Steps of the search of one block after which it is undecided; count. */
  public static final long MAX_SEARCH_STEPS = 2_000_000;

  private Linearizability() {}

  /** What was found. */
  public enum Finding {
    /** There is such an order for every block. */
    LINEARIZABLE,
    /** There is none for at least one block. */
    VIOLATION,
    /** A block in which values repeat was too much work. */
    UNDECIDED
  }

  /**
   * A judgement.
   *
   * @param finding what was found
   * @param operations operations that were looked at; count
   * @param blocks blocks that were looked at; count
   * @param block the block that is wrong, null when none is
   * @param conflict the operations that cannot be put in order, few; empty when none is wrong
   * @param explanation the judgement in sentences
   */
  public record Verdict(
      Finding finding,
      int operations,
      int blocks,
      @Nullable String block,
      List<Operation> conflict,
      String explanation) {
    /** Copies the list. */
    public Verdict {
      conflict = List.copyOf(conflict);
    }

    /** True when every block has its order. */
    public boolean linearizable() {
      return finding == Finding.LINEARIZABLE;
    }
  }

  /** Judges a history, all its blocks; the first block that is wrong, by name, is explained. */
  public static Verdict check(Collection<Operation> history) {
    Map<String, List<Operation>> blocks = new HashMap<>();
    for (Operation each : history) {
      if (each.kind() == Operation.Kind.WRITE || !each.indeterminate()) {
        blocks.computeIfAbsent(each.block(), none -> new ArrayList<>()).add(each);
      }
    }
    Verdict worst = null;
    for (Map.Entry<String, List<Operation>> each : new TreeMap<>(blocks).entrySet()) {
      Verdict verdict = block(each.getKey(), each.getValue());
      if (verdict.finding() == Finding.VIOLATION) {
        worst = verdict;
        break;
      }
      if (verdict.finding() == Finding.UNDECIDED && worst == null) {
        worst = verdict;
      }
    }
    if (worst == null) {
      return new Verdict(
          Finding.LINEARIZABLE,
          history.size(),
          blocks.size(),
          null,
          List.of(),
          history.size() + " operations on " + blocks.size() + " blocks are linearizable.");
    }
    return new Verdict(
        worst.finding(),
        history.size(),
        blocks.size(),
        worst.block(),
        worst.conflict(),
        worst.explanation());
  }

  private static Verdict block(String block, List<Operation> operations) {
    Map<Long, Cluster> clusters = new HashMap<>();
    Cluster initial = new Cluster(Operation.INITIAL, null);
    clusters.put(Operation.INITIAL, initial);
    for (Operation each : operations) {
      if (each.kind() == Operation.Kind.WRITE) {
        if (clusters.putIfAbsent(each.value(), new Cluster(each.value(), each)) != null) {
          return search(block, operations);
        }
      }
    }
    for (Operation each : operations) {
      if (each.kind() == Operation.Kind.READ) {
        Cluster cluster = clusters.get(each.value());
        if (cluster == null) {
          return violation(
              block, List.of(each), each + ", but nobody ever asked to write that value.");
        }
        Operation write = cluster.write;
        if (write != null && each.precedes(write)) {
          return violation(
              block,
              List.of(each, write),
              each + ", before anybody asked to write it: " + write + ".");
        }
        cluster.add(each);
      }
    }
    return zones(block, clusters.values());
  }

  /** All operations of one value: its write and the reads that gave it. */
  private static final class Cluster {
    final long value;

    /** Null for what the block held at first. */
    final @Nullable Operation write;

    /** The operation that ended first; null for a write before all time. */
    private @Nullable Operation first;

    /** The operation that began last, null when there is none. */
    private @Nullable Operation last;

    Cluster(long value, @Nullable Operation write) {
      this.value = value;
      this.write = write;
      this.first = write;
      this.last = write;
    }

    void add(Operation read) {
      if (first != null && read.completedNanos() < first.completedNanos()) {
        first = read;
      }
      if (last == null || read.invokedNanos() > last.invokedNanos()) {
        last = read;
      }
    }

    /** When the first of them surely had happened. */
    long firstEndNanos() {
      return first == null ? Long.MIN_VALUE : first.completedNanos();
    }

    /** When the last of them surely had not happened yet. */
    long lastStartNanos() {
      return last == null ? Long.MIN_VALUE : last.invokedNanos();
    }

    /** Something of this value must come before something of the other. */
    boolean precedes(Cluster other) {
      return firstEndNanos() < other.lastStartNanos();
    }

    boolean forward() {
      return firstEndNanos() < lastStartNanos();
    }
  }

  private static Verdict zones(String block, Collection<Cluster> clusters) {
    List<Cluster> forward = new ArrayList<>();
    List<Cluster> backward = new ArrayList<>();
    for (Cluster each : clusters) {
      (each.forward() ? forward : backward).add(each);
    }
    forward.sort(
        Comparator.comparingLong(Cluster::firstEndNanos)
            .thenComparingLong(Cluster::lastStartNanos));
    for (int i = 1; i < forward.size(); i++) {
      Cluster before = forward.get(i - 1);
      Cluster after = forward.get(i);
      if (before.precedes(after) && after.precedes(before)) {
        return conflict(block, before, after);
      }
    }
    long[] starts = forward.stream().mapToLong(Cluster::firstEndNanos).toArray();
    for (Cluster each : backward) {
      // The zones of the others do not overlap now: only the last that began before can hold it.
      int at = Arrays.binarySearch(starts, each.lastStartNanos());
      for (int i = Math.max(0, (at < 0 ? -at - 1 : at) - 1);
          i < Math.min(starts.length, (at < 0 ? -at - 1 : at) + 1);
          i++) {
        Cluster other = forward.get(i);
        if (other.precedes(each) && each.precedes(other)) {
          return conflict(block, other, each);
        }
      }
    }
    return new Verdict(Finding.LINEARIZABLE, 0, 1, null, List.of(), "");
  }

  private static Verdict conflict(String block, Cluster one, Cluster two) {
    List<Operation> part = new ArrayList<>();
    for (Cluster each : List.of(one, two)) {
      for (@Nullable Operation operation : Arrays.asList(each.write, each.first, each.last)) {
        if (operation != null && !part.contains(operation)) {
          part.add(operation);
        }
      }
    }
    part.sort(Comparator.comparingLong(Operation::invokedNanos));
    StringBuilder text = new StringBuilder();
    text.append("On block ").append(block).append(" value ").append(one.value);
    text.append(" must come before value ")
        .append(two.value)
        .append(" (")
        .append(because(one, two));
    text.append(") and value ").append(two.value).append(" before value ").append(one.value);
    text.append(" (").append(because(two, one)).append("):");
    for (Operation each : part) {
      text.append("\n  ").append(each);
    }
    return violation(block, part, text.toString());
  }

  private static String because(Cluster before, Cluster after) {
    return before.first == null
        ? "it was there at first"
        : "seen by "
            + before.firstEndNanos()
            + " ns, before one asked at "
            + after.lastStartNanos();
  }

  private static Verdict violation(String block, List<Operation> part, String text) {
    return new Verdict(Finding.VIOLATION, part.size(), 1, block, part, text);
  }

  /**
   * Looks for an order one operation at a time, never twice from the same place (Wing and Gong).
   */
  static Verdict search(String block, List<Operation> operations) {
    Search search = new Search(operations);
    boolean found = search.from(Operation.INITIAL, 0);
    if (found) {
      return new Verdict(Finding.LINEARIZABLE, 0, 1, null, List.of(), "");
    }
    if (search.steps >= MAX_SEARCH_STEPS) {
      return new Verdict(
          Finding.UNDECIDED,
          0,
          1,
          block,
          List.of(),
          "Block "
              + block
              + " is undecided: values repeat and "
              + operations.size()
              + " operations are too many to search.");
    }
    List<Operation> part = search.furthest();
    StringBuilder text = new StringBuilder();
    text.append("On block ").append(block).append(" there is no order. After the longest one that");
    text.append(" agrees with all reads, none of these can follow:");
    for (Operation each : part) {
      text.append("\n  ").append(each);
    }
    return violation(block, part, text.toString());
  }

  private static final class Search {
    private final List<Operation> operations;
    private final boolean[] done;
    private final Set<List<Object>> seen = new HashSet<>();
    private boolean[] best;
    private int bestCount = -1;
    private long steps;

    Search(List<Operation> operations) {
      this.operations = new ArrayList<>(operations);
      this.operations.sort(Comparator.comparingLong(Operation::invokedNanos));
      this.done = new boolean[operations.size()];
      this.best = done.clone();
    }

    boolean from(long value, int count) {
      if (++steps >= MAX_SEARCH_STEPS) {
        return false;
      }
      if (count > bestCount) {
        bestCount = count;
        best = done.clone();
      }
      long firstEnd = Long.MAX_VALUE;
      boolean allEnded = true;
      for (int i = 0; i < done.length; i++) {
        if (!done[i] && !operations.get(i).indeterminate()) {
          allEnded = false;
          firstEnd = Math.min(firstEnd, operations.get(i).completedNanos());
        }
      }
      if (allEnded) {
        return true;
      }
      if (!seen.add(List.of(value, java.util.BitSet.valueOf(packed())))) {
        return false;
      }
      for (int i = 0; i < done.length && operations.get(i).invokedNanos() <= firstEnd; i++) {
        Operation each = operations.get(i);
        if (done[i] || each.kind() == Operation.Kind.READ && each.value() != value) {
          continue;
        }
        done[i] = true;
        if (from(each.kind() == Operation.Kind.READ ? value : each.value(), count + 1)) {
          return true;
        }
        done[i] = false;
      }
      return false;
    }

    private long[] packed() {
      long[] bits = new long[(done.length + 63) / 64];
      for (int i = 0; i < done.length; i++) {
        if (done[i]) {
          bits[i >>> 6] |= 1L << (i & 63);
        }
      }
      return bits;
    }

    /**
     * Where the longest order ends: what is open there and asked before the first of them ended.
     */
    List<Operation> furthest() {
      long firstEnd = Long.MAX_VALUE;
      for (int i = 0; i < best.length; i++) {
        if (!best[i]) {
          firstEnd = Math.min(firstEnd, operations.get(i).completedNanos());
        }
      }
      List<Operation> part = new ArrayList<>();
      for (int i = 0; i < best.length; i++) {
        if (!best[i] && operations.get(i).invokedNanos() <= firstEnd) {
          part.add(operations.get(i));
        }
      }
      return part;
    }
  }
}
