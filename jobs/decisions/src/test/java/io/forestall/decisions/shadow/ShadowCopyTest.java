package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShadowCopyTest {
  private static final Subject SHADOW = Subject.node("s-1");
  private static final int BLOCK_BYTES = 128 * 1024;
  private static final int CHUNKS = 4;
  private static final int BLOCKS = CHUNKS * (ShadowCopy.CHUNK_BYTES / BLOCK_BYTES);
  private static final int CHUNK_BLOCKS = BLOCKS / CHUNKS;
  private static final UnitSpec UNIT =
      new UnitSpec("v/0", "v", "p", (long) BLOCKS * BLOCK_BYTES, BLOCK_BYTES);

  /** What the world around the copy may get wrong; each must show. */
  private enum Bug {
    NONE,
    /** The node writes what was fetched over what steps wrote meanwhile. */
    FILLS_OVER_STEPS,
    /** A holder answers with older bytes than it was asked for. */
    ANSWERS_OLDER,
    /** The stream forgets a chunk that changed in a gap. */
    RESYNCS_TOO_LITTLE,
    /** The node makes durable that chunks are there before their bytes are. */
    KEEPS_BEFORE_BYTES
  }

  @Test
  void bytesAndFoldAreTheUnitsWheneverItSaysSoAndItGetsThereInTheEnd() {
    Map<String, Integer> sum = new TreeMap<>();
    for (long seed = 0; seed < 4_000; seed++) {
      World world = new World(seed, Bug.NONE);
      String violation = world.run();
      assertThat(violation).as("seed %d", seed).isNull();
      world.counts.forEach((name, count) -> sum.merge(name, count, Integer::sum));
    }
    assertThat(sum)
        .containsKeys(
            "exact",
            "inexact",
            "gaps",
            "jumps",
            "crashes",
            "fills",
            "kept blocks",
            "refused",
            "repeats");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void whatIsWrongAroundItShows(Bug bug) {
    for (long seed = 0; seed < 4_000; seed++) {
      if (new World(seed, bug).run() != null) {
        return;
      }
    }
    throw new AssertionError(bug + " is caught by no seed");
  }

  @Test
  void aChunkOnItsWayIsAskedForAgainWhenItWasFoundWrong() {
    TestingActions actions = new TestingActions();
    ShadowCopy copy = new ShadowCopy(UNIT, actions);
    copy.step(whole(1, 5), 0);
    assertThat(actions.said).containsExactly("fold 1 1/5");
    copy.foldFetched(1, new DeltaFold(1, 5, 9, new RequestMemory()), 77);
    assertThat(copy.fetchNext(0)).isEqualTo(ShadowCopy.CHUNK_BYTES);
    copy.damaged(0, 1);
    assertThat(copy.fetched(2, 5, 0)).as("it was asked for before").isFalse();
    for (int i = 0; i < CHUNKS; i++) {
      assertThat(copy.isInSync()).isFalse();
      copy.fetchNext(0);
      assertThat(copy.fetched(3 + i, 5, 0)).isTrue();
    }
    assertThat(copy.isInSync()).isTrue();
    assertThat(copy.deltaOffset()).isEqualTo(77);
    assertThat(copy.missingBytes()).isZero();
  }

  @Test
  void itIsWholeOnlyOnceItHasComeToWhatItFetched() {
    TestingActions actions = new TestingActions();
    ShadowCopy copy = new ShadowCopy(UNIT, actions);
    copy.step(whole(1, 5), 0);
    copy.foldFetched(1, new DeltaFold(1, 6, 9, new RequestMemory()), 77);
    for (int i = 0; i < CHUNKS; i++) {
      copy.fetchNext(0);
      copy.fetched(2 + i, 7, 0);
    }
    assertThat(copy.isInSync()).isFalse();
    copy.step(step(6, 5), 0);
    assertThat(copy.isInSync()).as("bytes are as of 7").isFalse();
    copy.step(step(7, 6), 0);
    assertThat(copy.isInSync()).isTrue();
    assertThat(copy.fold().lastSequence()).isEqualTo(7);
  }

  @Test
  void aMarkerIsDigestedOnlyByAWholeCopy() {
    TestingActions actions = new TestingActions();
    ShadowCopy copy = new ShadowCopy(UNIT, actions);
    copy.step(whole(1, 5), 0);
    copy.step(verify(6), 0);
    copy.foldFetched(1, new DeltaFold(1, 5, 9, new RequestMemory()), 77);
    for (int i = 0; i < CHUNKS; i++) {
      copy.fetchNext(0);
      copy.fetched(2 + i, 6, 0);
    }
    assertThat(actions.said).noneMatch(each -> each.startsWith("apply"));
    copy.step(verify(7), 0);
    assertThat(actions.said).endsWith("apply 7 VERIFY");
  }

  private static ShadowStep whole(long epoch, long sequence) {
    return ShadowStep.resync(
        SHADOW, UNIT.unit(), epoch, sequence, -1, List.of(new Range(0, UNIT.bytes())), 0);
  }

  private static ShadowStep step(long sequence, long previous) {
    return ShadowStep.of(SHADOW, previous, delta(1, sequence, Delta.Kind.ZERO, 0, 1), 0, 70);
  }

  private static ShadowStep verify(long sequence) {
    return ShadowStep.of(
        SHADOW, sequence - 1, delta(1, sequence, Delta.Kind.VERIFY, 0, 1), 0, 70 + sequence);
  }

  private static Delta delta(long epoch, long sequence, Delta.Kind kind, int block, int blocks) {
    return new Delta(
        UNIT.unit(),
        epoch,
        sequence,
        kind,
        (long) block * BLOCK_BYTES,
        (long) blocks * BLOCK_BYTES,
        "NONE",
        new byte[0],
        0,
        (int) sequence,
        "n-1",
        "c-1",
        sequence,
        0,
        0);
  }

  private static final class TestingActions implements ShadowCopy.Actions {
    private final List<String> said = new ArrayList<>();

    @Override
    public void apply(Delta delta) {
      said.add("apply " + delta.sequence() + " " + delta.kind());
    }

    @Override
    public void fetchFold(long token, long minEpoch, long minSequence) {
      said.add("fold " + token + " " + minEpoch + "/" + minSequence);
    }

    @Override
    public void fetch(long token, long offset, int length, long minSequence) {
      said.add("fetch " + token);
    }

    @Override
    public void fill(long token, long offset, int length, BitSet keep) {
      said.add("fill " + token);
    }
  }

  /** A unit's history, its stream, a holder, and a copy that loses steps and crashes. */
  private static final class World implements ShadowCopy.Actions {
    private final SplittableRandom random;
    private final Bug bug;
    private final Map<String, Integer> counts = new TreeMap<>();

    // history: what the unit was at each sequence; a block's value is the sequence that wrote it
    private final List<Delta> log = new ArrayList<>();
    private final List<long[]> states = new ArrayList<>();
    private final List<Long> chains = new ArrayList<>();
    private final List<Integer> offsets = new ArrayList<>();
    private final DeltaFold head = new DeltaFold();

    // the holder
    private final DeltaFold holder = new DeltaFold();
    private int held;

    // the stream
    private final List<ShadowStep> stream = new ArrayList<>();
    private int sent;
    private long streamEpoch;
    private long streamSequence;
    private boolean begun;
    private long reported = -1;
    private boolean wanted;

    // the copy
    private ShadowCopy copy = new ShadowCopy(UNIT, this);
    private int next;
    private int end = -1;
    private final long[] blocks = new long[BLOCKS];
    private ShadowCopy.@Nullable Kept kept;
    private int keptNext;
    private long[] keptBlocks = new long[BLOCKS];
    private final Map<Long, long[]> asked = new HashMap<>();
    private final Map<Long, long[]> fetchedBytes = new HashMap<>();
    private long now;

    World(long seed, Bug bug) {
      this.random = new SplittableRandom(seed);
      this.bug = bug;
      states.add(new long[BLOCKS]);
      chains.add(0L);
      append(Delta.barrier(UNIT.unit(), 1, "n-1", 0));
    }

    private void count(String what) {
      counts.merge(what, 1, Integer::sum);
    }

    private void append(Delta delta) {
      log.add(delta);
      if (head.take(delta) == DeltaFold.Verdict.COUNTS) {
        long[] state = states.get(states.size() - 1).clone();
        if (delta.kind() != Delta.Kind.VERIFY) {
          write(state, delta);
        }
        states.add(state);
        chains.add(head.chain());
        offsets.add(log.size());
      }
    }

    private static void write(long[] state, Delta delta) {
      int from = (int) (delta.offset() / BLOCK_BYTES);
      int to = (int) ((delta.offset() + delta.length()) / BLOCK_BYTES);
      Arrays.fill(state, from, to, delta.sequence());
    }

    @Nullable String run() {
      for (int i = 0; i < 300; i++) {
        now += random.nextInt(200);
        turn();
        String wrong = judge();
        if (wrong != null) {
          return wrong;
        }
      }
      // nothing goes wrong any more
      for (int i = 0; i < 2_000; i++) {
        now += 600;
        if (i % 40 == 0) {
          // what the stream lost last shows with the next marker
          append(delta(head.epoch(), head.lastSequence() + 1, Delta.Kind.VERIFY, 0, 1));
        }
        advance(1_000);
        stream(false);
        deliver();
        ask();
        answer(true);
        report();
        String wrong = judge();
        if (wrong != null) {
          return wrong;
        }
        if (copy.isExact() && copy.lastSequence() == head.lastSequence()) {
          return null;
        }
      }
      return "it never gets there: at "
          + copy.lastSequence()
          + " of "
          + head.lastSequence()
          + ", missing "
          + copy.missingBytes();
    }

    private void turn() {
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          int block = random.nextInt(BLOCKS);
          int many = 1 + random.nextInt(Math.min(5, BLOCKS - block));
          Delta.Kind kind = random.nextInt(8) == 0 ? Delta.Kind.VERIFY : Delta.Kind.WRITE;
          append(delta(head.epoch(), head.lastSequence() + 1, kind, block, many));
        }
        case 2 -> {
          if (random.nextInt(4) == 0) {
            append(Delta.barrier(UNIT.unit(), head.epoch() + 1, "n-1", 0));
          }
        }
        case 3 -> advance(random.nextInt(6));
        case 4 -> stream(true);
        case 5, 6 -> deliver();
        case 7 -> ask();
        case 8 -> answer(false);
        default -> {
          if (random.nextInt(12) == 0) {
            crash();
          } else if (random.nextInt(3) == 0) {
            keep();
          } else {
            report();
          }
        }
      }
    }

    private void advance(int many) {
      for (int i = 0; i < many && held < log.size(); i++) {
        holder.take(log.get(held++));
      }
    }

    /** The job: sends what is new, what a shadow asked for, sometimes again, sometimes not. */
    private void stream(boolean faults) {
      if (!begun) {
        begun = true;
        streamEpoch = 0;
      }
      if (stream.isEmpty() || wanted) {
        resync(faults);
        return;
      }
      int many = faults ? random.nextInt(6) : 1_000;
      for (int i = 0; i < many && sent < log.size(); i++) {
        Delta delta = log.get(sent);
        boolean lost = faults && random.nextInt(25) == 0;
        if (!lost) {
          stream.add(ShadowStep.of(SHADOW, streamSequence, delta, 0, sent));
        }
        sent++;
        moved(delta);
      }
      if (faults && random.nextInt(6) == 0 && stream.size() > 2) {
        int from = random.nextInt(stream.size());
        int to = Math.min(stream.size(), from + 1 + random.nextInt(4));
        stream.addAll(List.copyOf(stream.subList(from, to)));
        count("repeats");
      }
    }

    private void moved(Delta delta) {
      streamEpoch = delta.epoch();
      if (delta.sequence() > 0) {
        streamSequence = delta.sequence();
      }
    }

    private void resync(boolean faults) {
      long behind = reported;
      wanted = false;
      List<Range> ranges = new ArrayList<>();
      if (behind >= 0 && behind <= streamSequence && (!faults || random.nextInt(4) > 0)) {
        BitSet chunks = new BitSet();
        long[] then = states.get((int) behind);
        for (long sequence = behind + 1; sequence <= streamSequence; sequence++) {
          long[] now = states.get((int) sequence);
          for (int block = 0; block < BLOCKS; block++) {
            if (now[block] != then[block]) {
              chunks.set(block / CHUNK_BLOCKS);
            }
          }
        }
        if (bug == Bug.RESYNCS_TOO_LITTLE && chunks.cardinality() > 1) {
          chunks.clear(chunks.nextSetBit(0));
        }
        if (chunks.isEmpty()) {
          chunks.set(0);
        }
        chunks.stream()
            .forEach(
                each ->
                    ranges.add(
                        new Range((long) each * ShadowCopy.CHUNK_BYTES, ShadowCopy.CHUNK_BYTES)));
      } else {
        behind = -1;
        ranges.add(new Range(0, UNIT.bytes()));
      }
      stream.add(
          ShadowStep.resync(SHADOW, UNIT.unit(), streamEpoch, streamSequence, behind, ranges, now));
      count("jumps");
    }

    private void deliver() {
      int many = 1 + random.nextInt(8);
      for (int i = 0; i < many && next < stream.size(); i++) {
        copy.step(stream.get(next++), now);
      }
      if (end >= 0 && next >= end) {
        copy.caughtUp();
        end = -1;
      }
    }

    private void ask() {
      copy.tick(now);
      copy.fetchNext(now);
    }

    private void answer(boolean all) {
      for (Map.Entry<Long, long[]> each : List.copyOf(asked.entrySet())) {
        if (!all && random.nextInt(3) > 0) {
          continue;
        }
        long token = each.getKey();
        long[] what = each.getValue();
        if (what.length == 2) {
          asked.remove(token);
          boolean behind = holder.epoch() < what[0] || holder.lastSequence() < what[1];
          if (behind || (!all && random.nextInt(5) == 0)) {
            copy.failed(token, now);
            count("refused");
          } else {
            copy.foldFetched(
                token,
                new DeltaFold(
                    holder.epoch(),
                    holder.lastSequence(),
                    holder.chain(),
                    RequestMemory.of(holder.requests().kept())),
                held);
          }
          continue;
        }
        long[] bytes = fetchedBytes.get(token);
        if (bytes == null) {
          // the holder reads now, its answer comes later
          long sequence = holder.lastSequence();
          if (bug == Bug.ANSWERS_OLDER) {
            sequence = Math.max(0, sequence - random.nextInt(4));
          }
          long[] state = states.get((int) sequence);
          long[] read = Arrays.copyOfRange(state, (int) what[0], (int) (what[0] + what[1]) + 1);
          read[(int) what[1]] = bug == Bug.ANSWERS_OLDER ? Math.max(sequence, what[2]) : sequence;
          fetchedBytes.put(token, read);
          continue;
        }
        asked.remove(token);
        if (!all && random.nextInt(6) == 0) {
          copy.failed(token, now);
          fetchedBytes.remove(token);
          count("refused");
        } else {
          copy.fetched(token, bytes[bytes.length - 1], now);
        }
      }
    }

    private void report() {
      reported = copy.resyncFrom();
      if (copy.needsResync()) {
        wanted = true;
        count("gaps");
      }
    }

    private void keep() {
      if (bug != Bug.KEEPS_BEFORE_BYTES) {
        keptBlocks = blocks.clone();
      }
      kept = copy.kept();
      keptNext = next;
    }

    /** Of what was written since the last checkpoint any block may be there or not. */
    private void crash() {
      count("crashes");
      for (int i = 0; i < BLOCKS; i++) {
        if (random.nextBoolean()) {
          blocks[i] = keptBlocks[i];
        }
      }
      asked.clear();
      fetchedBytes.clear();
      copy = kept == null ? new ShadowCopy(UNIT, this) : new ShadowCopy(UNIT, this, kept);
      next = kept == null ? 0 : keptNext;
      end = stream.size();
      if (random.nextInt(4) == 0) {
        // the stream forgot what stands before
        next = Math.min(stream.size(), next + random.nextInt(10));
        copy.lostSteps();
      }
    }

    private @Nullable String judge() {
      if (!copy.isInSync()) {
        return null;
      }
      int at = (int) copy.lastSequence();
      DeltaFold fold = copy.fold();
      if (fold.lastSequence() != at || fold.chain() != chains.get(at)) {
        return "the fold is not that of " + at;
      }
      if (at > 0 && copy.deltaOffset() < offsets.get(at - 1)) {
        return "it would read the log again from " + copy.deltaOffset();
      }
      for (long i = copy.deltaOffset(); i < log.size(); i++) {
        Delta delta = log.get((int) i);
        if (delta.sequence() > 0) {
          if (delta.sequence() != at + 1) {
            return "it would go on with " + delta.sequence() + " at " + at;
          }
          break;
        }
      }
      if (!copy.isExact()) {
        return wrongAfterTakeover();
      }
      count("exact");
      return Arrays.equals(blocks, states.get(at)) ? null : differ(at, blocks, states.get(at));
    }

    /** It would go on from the log of deltas by itself: what comes of that? */
    private @Nullable String wrongAfterTakeover() {
      count("inexact");
      long[] taken = blocks.clone();
      for (long i = copy.deltaOffset(); i < log.size(); i++) {
        Delta delta = log.get((int) i);
        if (delta.kind() == Delta.Kind.WRITE) {
          write(taken, delta);
        }
      }
      long[] newest = states.get(states.size() - 1);
      return Arrays.equals(taken, newest) ? null : differ(states.size() - 1, taken, newest);
    }

    private static String differ(int at, long[] blocks, long[] right) {
      return "bytes differ at "
          + at
          + ": "
          + Arrays.toString(blocks)
          + " for "
          + Arrays.toString(right);
    }

    @Override
    public void apply(Delta delta) {
      if (delta.kind() != Delta.Kind.VERIFY) {
        write(blocks, delta);
      }
    }

    @Override
    public void fetchFold(long token, long minEpoch, long minSequence) {
      asked.put(token, new long[] {minEpoch, minSequence});
    }

    @Override
    public void fetch(long token, long offset, int length, long minSequence) {
      asked.put(token, new long[] {offset / BLOCK_BYTES, length / BLOCK_BYTES, minSequence});
    }

    @Override
    public void fill(long token, long offset, int length, BitSet keep) {
      long[] bytes = fetchedBytes.remove(token);
      int first = (int) (offset / BLOCK_BYTES);
      count("fills");
      for (int i = 0; i < length / BLOCK_BYTES; i++) {
        if (keep.get(i) && bug != Bug.FILLS_OVER_STEPS) {
          count("kept blocks");
        } else if (bytes != null) {
          blocks[first + i] = bytes[i];
        }
      }
    }
  }
}
