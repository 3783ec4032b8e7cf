package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.DeltaOrder;
import io.forestall.decisions.shadow.HolderReport.RangeDigest;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A world around the stream of one unit, from one seed: owners that lose appends, are deposed and
 * go on writing, late barriers, damaged records, a job that loses parts of the log and is restored
 * from old rows, holders that speak late, shadows that lose steps and crash, bytes that rot. The
 * truth is the fold of the whole log.
 *
 * <p>A block's content is a number, 0 at first; a write of a block gives it a number of its own.
 */
final class StreamWorld {

  static final String UNIT = "v/0";
  static final int BLOCK_BYTES = 256 * 1024;
  static final int BLOCKS = 40;
  static final int CHUNK_BLOCKS = 4;
  static final Subject OWNER = Subject.node("owner");
  static final Subject REPLICA = Subject.node("replica");

  /** What may happen. */
  record Weather(
      boolean holes,
      boolean failovers,
      boolean damage,
      boolean losses,
      boolean restores,
      boolean shadowFaults,
      boolean rot,
      boolean idleEnd) {
    static Weather of(SplittableRandom random) {
      return new Weather(
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextInt(3) == 0,
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextInt(3) == 0,
          random.nextInt(3) == 0);
    }
  }

  /** A bug that is planted between the world and the stream. */
  interface Planted {
    default StreamInput in(StreamInput input) {
      return input;
    }

    default List<StreamOutput> out(StreamOutput output) {
      return List.of(output);
    }
  }

  /** What a seed has shown to be wrong. */
  static final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String message) {
      super(message);
    }
  }

  private record Entry(@Nullable Delta delta, int[] content) {}

  private record Place(long epoch, long sequence) {}

  private final long seed;
  private final SplittableRandom random;
  private final Weather weather;
  private final Planted planted;
  private final ShadowStream stream =
      new ShadowStream(new StreamPolicy(20_000, 2_000, 1_000, 5_000));

  private final List<Entry> log = new ArrayList<>();
  private final DeltaOrder truth = new DeltaOrder(0, 0);

  /** Place in the history behind each record of the log. */
  private final List<Place> placeAfter = new ArrayList<>();

  private final Set<Place> places = new HashSet<>();

  /** The blocks as of each sequence. */
  private final List<int[]> bytesAt = new ArrayList<>();

  private final List<HolderReport> reports = new ArrayList<>();
  private final Map<Subject, Integer> holders = new LinkedHashMap<>();
  private final Map<Subject, Model> models = new LinkedHashMap<>();
  private final Set<Integer> ownerRot = new HashSet<>();

  /** True once nothing breaks any more. */
  private boolean calm;

  private long ownerEpoch;
  private long ownerNext = 1;
  private final Map<Long, Long> deposed = new HashMap<>();
  private int nextContent = 1;
  private long verifyAt;
  private long round = 1;
  long nowMillis = 1_000_000;

  private StreamState state = stream.empty(UNIT);
  private Map<String, byte[]> rows = new TreeMap<>();
  private int logRead;
  private int reportsRead;
  private long run;
  private long version;
  private Checkpoint checkpoint;

  final Map<Subject, ShadowStanding> standings = new HashMap<>();
  final Map<Subject, Integer> diverged = new HashMap<>();
  int resyncs;
  int wholeResyncs;
  int stepsSent;
  int rotted;
  int losses;

  /** What a checkpoint of the job holds. */
  private record Checkpoint(Map<String, byte[]> rows, int logRead, int reportsRead, long run) {}

  StreamWorld(long seed, Planted planted) {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.weather = Weather.of(random);
    this.planted = planted;
    bytesAt.add(new int[BLOCKS]);
    places.add(new Place(0, 0));
    holders.put(OWNER, 0);
    holders.put(REPLICA, 0);
    takeOver();
    checkpoint = new Checkpoint(Map.of(), 0, 0, 0);
  }

  // ---- owners and their log

  private void append(@Nullable Delta delta, int[] content) {
    log.add(new Entry(delta, content));
    if (delta != null) {
      Verdict verdict =
          truth.take(delta.kind() == Delta.Kind.BARRIER, delta.epoch(), delta.sequence());
      if (verdict == Verdict.COUNTS) {
        int[] bytes = bytesAt.get(bytesAt.size() - 1).clone();
        apply(bytes, delta, content);
        bytesAt.add(bytes);
      }
    }
    Place place = new Place(truth.epoch(), truth.lastSequence());
    placeAfter.add(place);
    places.add(place);
  }

  private static void apply(int[] bytes, Delta delta, int[] content) {
    if (delta.kind() == Delta.Kind.WRITE) {
      System.arraycopy(content, 0, bytes, (int) (delta.offset() / BLOCK_BYTES), content.length);
    }
  }

  private void takeOver() {
    if (ownerEpoch > 0) {
      deposed.put(ownerEpoch, ownerNext);
    }
    ownerEpoch += 1 + random.nextInt(2);
    append(Delta.barrier(UNIT, ownerEpoch, "owner", nowMillis), new int[0]);
    ownerNext = truth.lastSequence() + 1;
  }

  private Delta write(long epoch, long sequence, int first, int[] content) {
    return new Delta(
        UNIT,
        epoch,
        sequence,
        Delta.Kind.WRITE,
        (long) first * BLOCK_BYTES,
        (long) content.length * BLOCK_BYTES,
        "NONE",
        new byte[content.length],
        0,
        0,
        "owner",
        "c",
        sequence,
        0,
        nowMillis);
  }

  private void write(long epoch, long sequence, boolean damaged) {
    int[] content = new int[1 + random.nextInt(6)];
    Arrays.setAll(content, any -> nextContent++);
    int first = random.nextInt(BLOCKS - content.length + 1);
    append(damaged ? null : write(epoch, sequence, first, content), content);
  }

  private void verify() {
    long length = (long) CHUNK_BLOCKS * BLOCK_BYTES;
    Delta delta =
        new Delta(
            UNIT,
            ownerEpoch,
            ownerNext++,
            Delta.Kind.VERIFY,
            verifyAt,
            length,
            "NONE",
            new byte[0],
            0,
            0,
            "owner",
            null,
            round,
            0,
            nowMillis);
    verifyAt += length;
    if (verifyAt >= (long) BLOCKS * BLOCK_BYTES) {
      verifyAt = 0;
      round++;
    }
    append(delta, new int[0]);
  }

  private void ownerActs() {
    int dice = random.nextInt(100);
    if (weather.holes() && dice < 4) {
      // An append is lost or damaged for all; what follows of this owner never happened.
      if (random.nextBoolean()) {
        write(ownerEpoch, ownerNext, true);
      }
      ownerNext++;
      for (int i = random.nextInt(4); i > 0; i--) {
        write(ownerEpoch, ownerNext++, false);
      }
      takeOver();
    } else if (weather.failovers() && dice < 8) {
      takeOver();
    } else if (weather.failovers() && dice < 16 && !deposed.isEmpty()) {
      List<Long> epochs = new ArrayList<>(deposed.keySet());
      epochs.sort(null);
      long epoch = epochs.get(random.nextInt(epochs.size()));
      if (random.nextInt(5) == 0) {
        append(Delta.barrier(UNIT, epoch, "old", nowMillis), new int[0]);
      } else {
        long sequence = Objects.requireNonNull(deposed.get(epoch));
        deposed.put(epoch, sequence + 1);
        write(epoch, sequence, false);
      }
    } else if (dice < 30) {
      verify();
    } else {
      write(ownerEpoch, ownerNext++, false);
    }
  }

  // ---- holders

  private void holderActs(Subject holder) {
    int at = Objects.requireNonNull(holders.get(holder));
    int to = Math.min(log.size(), at + random.nextInt(8));
    for (int i = at; i < to; i++) {
      Delta delta = log.get(i).delta();
      Place place = placeAfter.get(i);
      if (delta != null
          && delta.kind() == Delta.Kind.VERIFY
          && place.sequence() == delta.sequence()
          && place.epoch() == delta.epoch()) {
        reports.add(digest(holder, holder.equals(OWNER), place, delta, ownBytes(holder, place)));
      }
    }
    holders.put(holder, to);
    if (to > 0) {
      report(holder, placeAfter.get(to - 1), 0, false);
    }
  }

  /** Bytes and what was recorded of them. */
  private int[][] ownBytes(Subject holder, Place place) {
    int[] stored = bytesAt.get((int) place.sequence());
    int[] bytes = stored.clone();
    if (holder.equals(OWNER)) {
      for (int block : ownerRot) {
        bytes[block] = -bytes[block] - 1;
      }
    }
    return new int[][] {bytes, stored};
  }

  private HolderReport digest(
      Subject node, boolean owner, Place place, Delta verify, int[][] bytes) {
    int first = (int) (verify.offset() / BLOCK_BYTES);
    int count = (int) (verify.length() / BLOCK_BYTES);
    return new HolderReport(
        UNIT,
        node,
        owner,
        place.epoch(),
        place.sequence(),
        "test",
        List.of(
            new RangeDigest(
                verify.offset(),
                verify.length(),
                hash(bytes[0], first, count),
                hash(bytes[1], first, count))),
        verify.request(),
        0,
        false,
        null,
        nowMillis);
  }

  private static byte[] hash(int[] blocks, int first, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * 4);
    for (int i = 0; i < count; i++) {
      bytes.putInt(blocks[first + i]);
    }
    return bytes.array();
  }

  private void report(Subject node, Place place, long missing, boolean needsResync) {
    reports.add(
        new HolderReport(
            UNIT,
            node,
            node.equals(OWNER),
            place.epoch(),
            place.sequence(),
            "none",
            List.of(),
            0,
            missing,
            needsResync,
            null,
            nowMillis));
  }

  // ---- the job

  private void tell(StreamInput input) {
    List<StreamOutput> said = new ArrayList<>();
    stream.decide(state, planted.in(input), nowMillis, said::add);
    while (stream.alarmMillis(state) <= nowMillis) {
      stream.wake(state, nowMillis, said::add);
    }
    for (StreamOutput output : said) {
      planted.out(output).forEach(this::take);
    }
  }

  private void take(StreamOutput output) {
    if (output instanceof StreamOutput.Sent sent) {
      stepsSent++;
      if (sent.step().isResync()) {
        resyncs++;
        wholeResyncs += sent.step().previousSequence() == -1 ? 1 : 0;
      }
      Objects.requireNonNull(models.get(sent.step().shadow())).stream.add(sent.step());
    } else if (output instanceof StreamOutput.Stood stood) {
      standings.put(stood.standing().shadow(), stood.standing());
    } else if (output instanceof StreamOutput.Noted noted
        && noted.event().type().equals(StreamEvents.DIVERGED)) {
      diverged.merge(noted.event().entity(), 1, Integer::sum);
    }
  }

  private void jobReads() {
    if (logRead < log.size()) {
      int at = logRead++;
      if (!calm && weather.losses() && random.nextInt(60) == 0) {
        logRead = Math.min(log.size(), logRead + random.nextInt(12));
        run++;
        losses++;
        return;
      }
      Delta delta = log.get(at).delta();
      boolean damagedHere = !calm && weather.damage() && random.nextInt(80) == 0;
      losses += damagedHere ? 1 : 0;
      tell(
          delta == null || damagedHere
              ? new StreamInput.Damaged(0, at, run)
              : new StreamInput.Read(delta, 0, at, run));
    }
  }

  private void jobHears() {
    if (reportsRead < reports.size()) {
      tell(new StreamInput.Reported(reports.get(reportsRead++), log.size() - logRead > 5));
    }
  }

  private void jobCheckpoints() {
    state
        .takeChanges()
        .forEach(
            (row, body) -> {
              if (body.length == 0) {
                rows.remove(row);
              } else {
                rows.put(row, body);
              }
            });
    checkpoint = new Checkpoint(new TreeMap<>(rows), logRead, reportsRead, run);
  }

  private void jobRestores() {
    rows = new TreeMap<>(checkpoint.rows());
    state = stream.empty(UNIT);
    List<String> names = new ArrayList<>(rows.keySet());
    // A carrier gives the rows in any order.
    for (int i = names.size(); i > 1; i--) {
      int other = random.nextInt(i);
      String name = names.get(i - 1);
      names.set(i - 1, names.get(other));
      names.set(other, name);
    }
    names.forEach(name -> state.restore(name, Objects.requireNonNull(rows.get(name))));
    logRead = checkpoint.logRead();
    reportsRead = checkpoint.reportsRead();
    run = checkpoint.run();
    // The topic of maps is read from where the checkpoint was, too.
    map();
  }

  private void map() {
    tell(
        new StreamInput.Mapped(
            "v",
            "p1",
            version,
            OWNER,
            (long) BLOCKS * BLOCK_BYTES,
            BLOCK_BYTES,
            List.copyOf(models.keySet())));
  }

  private void addShadow(String name) {
    models.put(Subject.node(name), new Model(Subject.node(name)));
    version++;
    map();
  }

  // ---- shadows

  /** A shadow as {@link ShadowStep} says that one behaves. */
  private final class Model {
    final Subject node;
    final List<ShadowStep> stream = new ArrayList<>();
    int taken;
    DeltaOrder fold = new DeltaOrder(0, 0);
    int[] bytes = new int[BLOCKS];
    int[] stored = new int[BLOCKS];
    Set<Integer> missing = new HashSet<>();
    long settled;
    boolean begun;
    boolean needsResync = true;
    Set<Integer> rot = new HashSet<>();
    @Nullable Model kept;

    Model(Subject node) {
      this.node = node;
      // What a disk held before.
      Arrays.fill(bytes, -7);
      Arrays.fill(stored, -7);
    }

    Place place() {
      return new Place(fold.epoch(), fold.lastSequence());
    }

    boolean claimsWhole() {
      return begun && !needsResync && missing.isEmpty() && fold.lastSequence() >= settled;
    }

    void acts() {
      int dice = random.nextInt(100);
      if (taken < stream.size() && dice < 55) {
        ShadowStep step = stream.get(taken++);
        if (calm || !(weather.shadowFaults() && random.nextInt(60) == 0)) {
          take(step);
        }
      } else if (dice < 75) {
        fetch();
      } else if (dice < 90) {
        report(node, place(), (long) missing.size() * BLOCK_BYTES, needsResync);
      } else if (weather.shadowFaults() && dice < 92) {
        kept = copy();
      } else if (!calm && weather.shadowFaults() && dice < 93 && kept != null) {
        restore(kept);
      } else if (!calm && weather.rot() && dice < 95 && rotted < 3 && claimsWhole()) {
        rots();
      }
    }

    private void rots() {
      int block = random.nextInt(BLOCKS);
      rot.add(block);
      rotted++;
      bytes[block] = -1000 - nextContent++;
      if (random.nextInt(3) == 0) {
        // Wrong bytes with a right checksum: nobody can be blamed.
        stored[block] = bytes[block];
      }
    }

    void take(ShadowStep step) {
      Delta delta = step.delta();
      if (delta == null) {
        resync(step);
        return;
      }
      if (!begun) {
        return;
      }
      Verdict verdict =
          step.previousSequence() > fold.lastSequence()
              ? Verdict.GAP
              : fold.take(delta.kind() == Delta.Kind.BARRIER, delta.epoch(), delta.sequence());
      if (verdict == Verdict.GAP) {
        needsResync = true;
      } else if (verdict == Verdict.BARRIER) {
        needsResync = false;
      } else if (verdict == Verdict.COUNTS) {
        needsResync = false;
        if (delta.kind() == Delta.Kind.WRITE) {
          int first = (int) (delta.offset() / BLOCK_BYTES);
          int[] content = log.get((int) step.deltaOffset()).content();
          for (int i = 0; i < content.length; i++) {
            put(first + i, content[i]);
          }
        } else if (delta.kind() == Delta.Kind.VERIFY) {
          int first = (int) (delta.offset() / BLOCK_BYTES);
          for (int i = 0; i < CHUNK_BLOCKS; i++) {
            if (missing.contains(first + i) || fold.lastSequence() < settled) {
              return;
            }
          }
          HolderReport report = digest(node, false, place(), delta, new int[][] {bytes, stored});
          if (claimsWhole()) {
            reports.add(report);
          }
        }
      }
    }

    private void put(int block, int content) {
      bytes[block] = content;
      stored[block] = content;
      missing.remove(block);
      rot.remove(block);
    }

    private void resync(ShadowStep step) {
      for (Range range : step.ranges()) {
        int last = (int) ((range.end() - 1) / BLOCK_BYTES);
        for (int i = (int) (range.offset() / BLOCK_BYTES); i <= last; i++) {
          missing.add(i);
        }
      }
      settled = Math.max(settled, step.sequence());
      boolean before =
          fold.epoch() < step.epoch()
              || fold.epoch() == step.epoch() && fold.lastSequence() < step.sequence();
      boolean anew = step.previousSequence() == -1;
      if (!begun ? anew : before && (anew || within(step))) {
        fold = new DeltaOrder(step.epoch(), step.sequence());
        needsResync = false;
        begun = true;
      } else if (before) {
        needsResync = true;
      }
    }

    private boolean within(ShadowStep step) {
      return step.previousSequence() <= fold.lastSequence()
          && fold.lastSequence() <= step.sequence();
    }

    /** Takes some of what is missing from a holder that has come as far. */
    private void fetch() {
      long least = Math.max(settled, fold.lastSequence());
      if (missing.isEmpty() || truth.lastSequence() < least) {
        return;
      }
      long asOf = least + random.nextLong(truth.lastSequence() - least + 1);
      int[] from = bytesAt.get((int) asOf);
      settled = Math.max(settled, asOf);
      for (int block : List.copyOf(missing)) {
        if (random.nextInt(3) == 0) {
          put(block, from[block]);
        }
      }
    }

    private Model copy() {
      Model copy = new Model(node);
      copy.set(this);
      return copy;
    }

    private void restore(Model other) {
      set(other);
    }

    private void set(Model other) {
      taken = other.taken;
      fold = new DeltaOrder(other.fold.epoch(), other.fold.lastSequence());
      bytes = other.bytes.clone();
      stored = other.stored.clone();
      missing = new HashSet<>(other.missing);
      settled = other.settled;
      begun = other.begun;
      needsResync = other.needsResync;
      rot = new HashSet<>(other.rot);
    }

    /** Nothing may be silently wrong: what calls itself whole is what the unit was at its place. */
    void check() {
      if (!claimsWhole()) {
        return;
      }
      if (!places.contains(place())) {
        throw violation(node + " stands at " + place() + ", which never was");
      }
      int[] right = bytesAt.get((int) fold.lastSequence());
      for (int i = 0; i < BLOCKS; i++) {
        if (bytes[i] != right[i] && !rot.contains(i)) {
          throw violation(
              node
                  + " calls itself whole at "
                  + place()
                  + " and has "
                  + bytes[i]
                  + " in block "
                  + i
                  + " instead of "
                  + right[i]);
        }
      }
    }
  }

  private Violation violation(String text) {
    return new Violation("seed " + seed + ", " + weather + ": " + text);
  }

  // ---- running

  private void step(Consumer<StreamWorld> owner) {
    nowMillis += random.nextInt(300);
    owner.accept(this);
    if (random.nextInt(4) == 0) {
      holderActs(OWNER);
    }
    if (random.nextInt(6) == 0) {
      holderActs(REPLICA);
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      jobReads();
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      jobHears();
    }
    if (random.nextInt(25) == 0) {
      jobCheckpoints();
    }
    if (!calm && weather.restores() && random.nextInt(120) == 0) {
      jobRestores();
    }
    Collection<Model> all = models.values();
    for (Model model : all) {
      for (int i = random.nextInt(4); i > 0; i--) {
        model.acts();
        model.check();
      }
    }
  }

  /** Lives for some steps, then heals, and must end well. */
  void live(int steps) {
    int first = random.nextInt(30);
    int second = first + random.nextInt(steps);
    for (int i = 0; i < steps; i++) {
      if (i == first) {
        addShadow("shadow-1");
      }
      if (i == second) {
        addShadow("shadow-2");
      }
      step(
          world -> {
            if (random.nextInt(3) > 0) {
              ownerActs();
            }
          });
      if (weather.rot() && random.nextInt(400) == 0 && rotted < 3) {
        ownerRot.add(random.nextInt(BLOCKS));
        rotted++;
      }
    }
    heal();
  }

  private void heal() {
    calm = true;
    ownerRot.clear();
    // What is in doubt ends by the words of the holders, with or without new writes.
    for (int i = 0; i < 1200; i++) {
      boolean verifies = !weather.idleEnd() && i % 12 == 0;
      step(
          world -> {
            if (verifies) {
              verify();
            }
          });
    }
    finish();
  }

  private void finish() {
    for (int i = 0; i < 4000; i++) {
      nowMillis += 100;
      holderActs(OWNER);
      holderActs(REPLICA);
      for (int j = 0; j < 8; j++) {
        jobReads();
        jobHears();
        jobHears();
      }
      for (Model model : models.values()) {
        for (int j = 0; j < 6; j++) {
          model.acts();
          model.check();
        }
      }
      if (done()) {
        break;
      }
    }
    for (Model model : models.values()) {
      if (!model.rot.isEmpty() && !weather.idleEnd()) {
        throw violation(model.node + " keeps rotten blocks " + model.rot);
      }
      if (!model.claimsWhole()) {
        throw violation(
            model.node
                + " never becomes whole: at "
                + model.place()
                + " of "
                + placeAfter.get(placeAfter.size() - 1)
                + ", misses "
                + model.missing.size()
                + " blocks, needs "
                + model.needsResync
                + ", standing "
                + standings.get(model.node));
      }
      model.check();
      if (!model.place().equals(placeAfter.get(placeAfter.size() - 1))) {
        throw violation(
            model.node
                + " ends at "
                + model.place()
                + " instead of "
                + placeAfter.get(placeAfter.size() - 1));
      }
    }
  }

  private boolean done() {
    Place end = placeAfter.get(placeAfter.size() - 1);
    if (logRead < log.size() || reportsRead + 20 < reports.size()) {
      return false;
    }
    for (Model model : models.values()) {
      if (!model.claimsWhole() || !model.place().equals(end)) {
        return false;
      }
    }
    return true;
  }
}
