package io.forestall.nodes.node;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.HeldShadow;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.CopyPace;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.ShadowFile.KeptShadow;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.Fetched;
import io.forestall.schemas.Severity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shadows that a node holds (E3, E4): each is fed by its own stream of steps and fetches what
 * it lacks from other holders. {@link ShadowCopy} decides, {@link CopyPace} says how fast; this
 * does it, with the files and by the rules of the node's other copies: bytes first, then what says
 * that they are there. Everything on the protocol's thread; nothing on it waits.
 *
 * <p><b>When the disk is full</b> a shadow is refused: it stops, says so (event {@code
 * node.shadow.refused}), gives way to the copies that serve, and is taken up again from what was
 * kept of it once there is room. <b>When the disk fails</b> it is given up (event {@code
 * node.shadow.failed}) until the next start. <b>When no map wants it</b> its files are removed.
 */
final class Shadows implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Shadows.class);

  /** Steps read and not applied yet, before the reading of steps waits; bytes. */
  private static final long MAX_UNAPPLIED_BYTES = 24L * 1024 * 1024;

  /** Chunks that are on their way, or not written yet, over all shadows; count. */
  private static final int MAX_FETCHES = 16;

  /** Shadows that are made durable in a second; count. */
  private static final int MAX_KEPT_A_SECOND = 32;

  /** Shadows that are told of in a second; count. */
  private static final int MAX_REPORTS_A_SECOND = 256;

  /** What a refused shadow waits at least before it is taken up again; milliseconds. */
  private static final long REFUSED_MILLIS = 5_000;

  static final String REFUSED = "node.shadow.refused";
  static final String FAILED = "node.shadow.failed";

  /** What shadows need of their node. */
  interface Home {
    /** Runs something on the protocol's thread, behind what waits there. */
    void execute(Runnable task);

    /** Where a node answers, null when that is not known. */
    @Nullable InetSocketAddress address(String node);

    /** Opens a copy of which the files may be there already. */
    void open(WantedCopies.Wanted wanted);

    /** Removes the files of a shadow. */
    void remove(String unit);

    /** Says what happened to the copy of a unit. */
    void say(String type, Severity severity, String unit, String summary);

    /** A delta was applied to a shadow; on any thread. */
    void applied(Delta delta);

    /** Publishes a report; on any thread. */
    void report(HolderReport report);
  }

  /** A shadow that is here and goes no further, and when it may again. */
  private record Refused(WantedCopies.Wanted wanted, long againMillis) {}

  private final Subject node;
  private final UnitThreads unitThreads;
  private final NodeLog log;
  private final HolderLinks links;
  private final Home home;
  private final long keepMillis;
  private final CopyPace pace;
  private final Backlog backlog = new Backlog(MAX_UNAPPLIED_BYTES);
  private final Map<String, Shadow> shadows = new LinkedHashMap<>();
  private final Map<String, Refused> refused = new HashMap<>();

  /** Those that may have something to ask for, in turn. */
  private final Set<Shadow> hungry = new LinkedHashSet<>();

  private int fetches;
  private long alarmMillis = Decider.NO_ALARM;

  Shadows(
      Subject node,
      UnitThreads unitThreads,
      NodeLog log,
      HolderLinks links,
      Home home,
      long keepMillis,
      CopyPace.Bounds bounds) {
    this.node = node;
    this.unitThreads = unitThreads;
    this.log = log;
    this.links = links;
    this.home = home;
    this.keepMillis = keepMillis;
    this.pace = new CopyPace(bounds, EventLoop.nowMillis());
  }

  private static long now() {
    return EventLoop.nowMillis();
  }

  /** One shadow. */
  private final class Shadow implements ShadowCopy.Actions {
    private WantedCopies.Wanted wanted;
    private final UnitSpec spec;
    private final UnitFiles files;
    private final ShadowCopy copy;
    private int holder;
    private long nextOffset;

    /**
     * Set at once by whoever sees it: nothing of the shadow is written or made durable any more.
     */
    private volatile boolean broken;

    private boolean changed;
    private boolean keeping;
    private long keptMillis = now();
    private @Nullable HolderReport told;
    private long toldMillis = Long.MIN_VALUE;

    /** What the step that is being taken holds of the backlog. */
    private long stepBytes;

    /** What came and was not written yet. */
    private final Map<Long, byte[]> bytes = new HashMap<>();

    Shadow(WantedCopies.Wanted wanted, UnitFiles files, @Nullable KeptShadow kept) {
      this.wanted = wanted;
      this.spec = wanted.spec();
      this.files = files;
      this.nextOffset = kept == null ? -1 : kept.streamOffset();
      this.copy =
          kept == null ? new ShadowCopy(spec, this) : new ShadowCopy(spec, this, kept.kept());
    }

    private boolean isHeld() {
      return shadows.get(spec.unit()) == this;
    }

    // ---- what it lets its node do

    @Override
    public void apply(Delta delta) {
      long held = stepBytes;
      stepBytes = 0;
      unitThreads.execute(
          spec.unit(),
          () -> {
            work(
                () -> {
                  if (delta.kind() == Delta.Kind.VERIFY) {
                    verify(delta);
                  } else {
                    files.apply(delta);
                    home.applied(delta);
                  }
                });
            backlog.less(held);
          });
    }

    /** On the unit's thread. */
    private void verify(Delta delta) throws MediumException {
      HolderReport report = Verified.report(node, false, files, delta);
      home.report(report);
      if (!Verified.isSound(report)) {
        for (UnitFiles.DamagedException each : files.damaged(delta.offset(), delta.length())) {
          home.execute(() -> damaged(spec.unit(), each.offset(), spec.blockBytes()));
        }
      }
    }

    @Override
    public void fetchFold(long token, long minEpoch, long minSequence) {
      ask(token, new Fetch(0, spec.unit(), Fetch.Kind.FOLD, 0, 0, minEpoch, minSequence));
    }

    @Override
    public void fetch(long token, long offset, int length, long minSequence) {
      fetches++;
      ask(token, new Fetch(0, spec.unit(), Fetch.Kind.BYTES, offset, length, 0, minSequence));
    }

    private void ask(long token, Fetch fetch) {
      List<Subject> holders = wanted.holders();
      int asked = holder;
      Subject from = holders.isEmpty() ? null : holders.get(asked % holders.size());
      InetSocketAddress address = from == null ? null : home.address(from.id());
      if (from == null || address == null) {
        String why = from == null ? "the map names no holder" : from + " has no address";
        home.execute(() -> notFetched(token, fetch, asked, why));
        return;
      }
      links.fetch(
          from.id(),
          address,
          fetch,
          new HolderLinks.Asked() {
            @Override
            public void fetched(Fetched fetched, byte[] data) {
              home.execute(() -> answered(token, fetch, asked, fetched, data));
            }

            @Override
            public void failed(String why) {
              home.execute(() -> notFetched(token, fetch, asked, why));
            }
          });
    }

    private void answered(long token, Fetch fetch, int asked, Fetched fetched, byte[] data) {
      pace.heard(fetched.latencyMicros(), fetched.usualMicros());
      if (fetched.outcome() != Fetched.Outcome.DONE) {
        notFetched(token, fetch, asked, fetched.outcome() + ": " + fetched.text());
      } else if (fetch.kind() == Fetch.Kind.FOLD) {
        foldCame(token, fetch, asked, data);
      } else if (data.length != 0 && data.length != fetch.length()) {
        notFetched(token, fetch, asked, "the holder gave another length than was asked for");
      } else {
        fetches--;
        if (data.length == 0) {
          pace.empty(fetch.length());
        }
        if (isHeld()) {
          bytes.put(token, data);
          copy.fetched(token, fetched.sequence(), now());
          bytes.remove(token);
          touched(this);
        } else {
          pump();
        }
      }
    }

    private void foldCame(long token, Fetch fetch, int asked, byte[] data) {
      if (!isHeld()) {
        return;
      }
      try {
        UnitFiles.Checkpoint place = CheckpointBytes.of(data);
        if (place.epoch() < fetch.minEpoch() || place.lastSequence() < fetch.minSequence()) {
          notFetched(token, fetch, asked, "the holder is behind what was asked for");
          return;
        }
        copy.foldFetched(
            token,
            new DeltaFold(
                place.epoch(),
                place.lastSequence(),
                place.chain(),
                RequestMemory.of(place.requests())),
            place.deltaOffset());
        touched(this);
      } catch (IOException | IllegalArgumentException e) {
        notFetched(token, fetch, asked, "what the holder gave is no fold: " + e.getMessage());
      }
    }

    /** Another holder is asked next. */
    private void notFetched(long token, Fetch fetch, int asked, String why) {
      if (fetch.kind() == Fetch.Kind.BYTES) {
        fetches--;
      }
      LOG.debug("Nothing was fetched for the shadow of {}: {}", spec.unit(), why);
      if (isHeld()) {
        // several may have been asked for at once
        holder = Math.max(holder, asked + 1);
        copy.failed(token, now());
        touched(this);
      } else {
        pump();
      }
    }

    @Override
    public void fill(long token, long offset, int length, BitSet keep) {
      byte[] came = bytes.remove(token);
      if (came == null) {
        throw new IllegalStateException("nothing came under token " + token);
      }
      fetches++;
      unitThreads.execute(
          spec.unit(),
          () -> {
            work(
                () -> {
                  if (came.length == 0) {
                    files.fillZeros(offset, length, keep);
                  } else {
                    files.fill(offset, ByteBuffer.wrap(came), keep);
                  }
                });
            home.execute(
                () -> {
                  fetches--;
                  pump();
                });
          });
    }

    private interface Work {
      void run() throws MediumException;
    }

    /** On the unit's thread. */
    private void work(Work work) {
      if (broken) {
        return;
      }
      try {
        work.run();
      } catch (MediumException e) {
        broken = true;
        home.execute(() -> ended(this, e));
      }
    }
  }

  // ---- which there are

  /** True when a shadow of the unit is here, refused or not. */
  boolean contains(String unit) {
    return shadows.containsKey(unit) || refused.containsKey(unit);
  }

  /** The map wants a copy that is a shadow here, perhaps otherwise than before. */
  void want(WantedCopies.Wanted wanted) {
    String unit = wanted.spec().unit();
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      // Called otherwise meanwhile, it still fetches from whom it knows until it is whole.
      shadow.wanted =
          wanted.holders().isEmpty()
              ? new WantedCopies.Wanted(
                  wanted.spec(),
                  wanted.firstOwner(),
                  wanted.shadow(),
                  wanted.retiring(),
                  shadow.wanted.holders())
              : wanted;
    }
    refused.computeIfPresent(unit, (key, each) -> new Refused(wanted, each.againMillis()));
  }

  /**
   * A shadow whose files are open begins, or goes on.
   *
   * @param kept what was kept of it, null for an empty one
   */
  void begin(WantedCopies.Wanted wanted, UnitFiles files, @Nullable KeptShadow kept, boolean room) {
    Shadow shadow = new Shadow(wanted, files, kept);
    String unit = shadow.spec.unit();
    shadows.put(unit, shadow);
    refused.remove(unit);
    if (!room) {
      refuse(shadow, "it has no room");
      return;
    }
    log.followSteps(unit, shadow.nextOffset);
    touched(shadow);
  }

  /** It is wanted no more: it is gone, with its files. */
  void cancel(String unit) {
    refused.remove(unit);
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      drop(shadow);
      unitThreads.execute(unit, () -> close(shadow.files));
    }
    home.remove(unit);
  }

  private static void close(UnitFiles files) {
    try {
      files.close();
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
  }

  private void drop(Shadow shadow) {
    String unit = shadow.spec.unit();
    shadow.broken = true;
    shadows.remove(unit);
    hungry.remove(shadow);
    shadow.bytes.clear();
    log.unfollowSteps(unit);
  }

  private void ended(Shadow shadow, MediumException e) {
    if (!shadow.isHeld()) {
      return;
    }
    if (e.noSpace()) {
      refuse(shadow, String.valueOf(e.getMessage()));
      return;
    }
    drop(shadow);
    unitThreads.execute(shadow.spec.unit(), () -> close(shadow.files));
    fail(shadow.wanted, e);
  }

  private void fail(WantedCopies.Wanted wanted, MediumException e) {
    String unit = wanted.spec().unit();
    // Until the next start: what cannot be written is not tried again and again.
    refused.put(unit, new Refused(wanted, Long.MAX_VALUE));
    LOG.error("The shadow of unit {} is given up: {}", unit, e.getMessage());
    home.say(
        FAILED,
        Severity.CRITICAL,
        unit,
        "Node " + node.id() + " gave up its shadow of unit " + unit + ": " + e.getMessage());
  }

  private void refuse(Shadow shadow, String why) {
    drop(shadow);
    unitThreads.execute(shadow.spec.unit(), () -> close(shadow.files));
    refuse(shadow.wanted, why);
  }

  /** A shadow whose files could not be opened. */
  void notOpened(WantedCopies.Wanted wanted, MediumException e) {
    if (e.noSpace()) {
      refuse(wanted, String.valueOf(e.getMessage()));
    } else {
      fail(wanted, e);
    }
  }

  private void refuse(WantedCopies.Wanted wanted, String why) {
    String unit = wanted.spec().unit();
    refused.put(unit, new Refused(wanted, now() + REFUSED_MILLIS));
    LOG.warn("The shadow of unit {} waits: {}", unit, why);
    home.say(
        REFUSED,
        Severity.ERROR,
        unit,
        "Node "
            + node.id()
            + " takes its shadow of unit "
            + unit
            + " no further until it has room: "
            + why);
  }

  /** How the shadow of a unit stands here, null when none is held. */
  @Nullable HeldShadow held(String unit) {
    Shadow shadow = shadows.get(unit);
    if (shadow == null) {
      return refused.containsKey(unit)
          ? new HeldShadow(
              HeldShadow.State.STOPPED,
              "the shadow of unit "
                  + unit
                  + " on this node goes no further: it has no room or failed")
          : null;
    }
    if (!shadow.broken && shadow.copy.isInSync()) {
      return new HeldShadow(
          HeldShadow.State.IN_SYNC, "the shadow of unit " + unit + " on this node is in sync");
    }
    return new HeldShadow(
        HeldShadow.State.BEHIND,
        "the shadow of unit "
            + unit
            + " on this node is not in sync: it is at "
            + shadow.copy.lastSequence()
            + " and lacks "
            + shadow.copy.missingBytes()
            + " bytes");
  }

  /**
   * What a shadow becomes.
   *
   * @param place where it stands, for its files
   */
  record Adopted(
      WantedCopies.Wanted wanted, UnitFiles files, DeltaFold fold, UnitFiles.Checkpoint place) {}

  /** Gives away a shadow that is in sync; null when it is not, or none is here. */
  @Nullable Adopted adopt(String unit) {
    Shadow shadow = shadows.get(unit);
    if (shadow == null || shadow.broken || !shadow.copy.isInSync()) {
      return null;
    }
    shadows.remove(unit);
    hungry.remove(shadow);
    log.unfollowSteps(unit);
    return new Adopted(shadow.wanted, shadow.files, shadow.copy.fold(), place(shadow.copy));
  }

  /** Shadows that the map wants as copies like any other, and that can be. */
  List<String> toAdopt() {
    List<String> units = new ArrayList<>();
    for (Shadow each : shadows.values()) {
      if (!each.wanted.shadow() && !each.broken && each.copy.isInSync()) {
        units.add(each.spec.unit());
      }
    }
    return units;
  }

  // ---- the streams

  /**
   * A step was read; waits while too much is not applied. On the thread that reads; {@link #step}
   * must follow.
   *
   * @return what it holds of the backlog
   */
  long admit(ShadowStep step) {
    Delta delta = step.delta();
    long size = 256L + (delta == null ? 0 : delta.payload().length);
    var unused = backlog.add(size);
    return size;
  }

  /** Takes a step that was admitted. */
  void step(ShadowStep step, long offset, long held) {
    Shadow shadow = shadows.get(step.unit());
    if (shadow == null) {
      backlog.less(held);
      return;
    }
    shadow.stepBytes = held;
    shadow.copy.step(step, now());
    shadow.nextOffset = offset + 1;
    shadow.changed = true;
    if (shadow.stepBytes > 0) {
      backlog.less(shadow.stepBytes);
      shadow.stepBytes = 0;
    }
    if (step.isResync()) {
      touched(shadow);
    }
  }

  /** The stream of a unit is read up to here. */
  void stepsRead(String unit, long nextOffset) {
    Shadow shadow = shadows.get(unit);
    if (shadow != null && nextOffset > shadow.nextOffset) {
      shadow.nextOffset = nextOffset;
      shadow.changed = true;
    }
  }

  /** The stream of a unit is read to where it ended when it was followed. */
  void stepsCaughtUp(String unit) {
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      shadow.copy.caughtUp();
    }
  }

  /** Steps of a unit are lost. */
  void stepsLost(String unit, String why) {
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      LOG.warn("The shadow of unit {} lost steps and asks for what it lacks: {}", unit, why);
      shadow.copy.lostSteps();
      shadow.changed = true;
    }
  }

  // ---- fetching

  /** Something of a shadow changed: there may be something to ask for. */
  private void touched(Shadow shadow) {
    shadow.changed = true;
    if (shadow.copy.alarmMillis() != Decider.NO_ALARM) {
      hungry.add(shadow);
    }
    pump();
  }

  /** Asks for as much as the pace allows, one chunk of each shadow in turn. */
  private void pump() {
    long now = now();
    boolean asked = true;
    while (asked && fetches < MAX_FETCHES && pace.mayAsk(now)) {
      asked = false;
      for (Shadow each : List.copyOf(hungry)) {
        if (fetches >= MAX_FETCHES || !pace.mayAsk(now)) {
          break;
        }
        int many = each.copy.fetchNext(now);
        hungry.remove(each);
        if (each.copy.alarmMillis() != Decider.NO_ALARM) {
          // behind the others
          hungry.add(each);
        }
        if (many > 0) {
          pace.asked(many);
          asked = true;
        }
      }
    }
    long next = Decider.NO_ALARM;
    for (Shadow each : hungry) {
      next = Math.min(next, each.copy.alarmMillis());
    }
    if (next != Decider.NO_ALARM) {
      next = fetches >= MAX_FETCHES ? now + 1_000 : Math.max(next, pace.nextMillis(now));
    }
    alarmMillis = next == Decider.NO_ALARM ? next : Math.max(next, now + 1);
  }

  /** When {@link #due} must be called next. */
  long alarmMillis() {
    return alarmMillis;
  }

  /** Asks for what may be asked for now. */
  void due() {
    long now = now();
    if (now < alarmMillis) {
      return;
    }
    for (Shadow each : List.copyOf(hungry)) {
      each.copy.tick(now);
    }
    pump();
  }

  // ---- what others ask for

  /** How the own shadow of a unit answers another node. */
  interface Server {
    /** Gives bytes of the files, as of a place. */
    void serve(UnitFiles files, long epoch, long sequence);

    /** Gives the fold. */
    void fold(UnitFiles.Checkpoint place);

    /** Gives nothing. */
    void refuse(Fetched.Outcome outcome, String why);
  }

  /** Another node fetches; a shadow gives only what is exactly the unit's. */
  void fetch(Fetch fetch, Server server) {
    Shadow shadow = shadows.get(fetch.unit());
    if (shadow == null || shadow.broken) {
      server.refuse(Fetched.Outcome.NOT_HELD, "this node holds no sound copy of the unit");
      return;
    }
    ShadowCopy copy = shadow.copy;
    if (!copy.isExact()
        || copy.epoch() < fetch.minEpoch()
        || copy.lastSequence() < fetch.minSequence()) {
      server.refuse(Fetched.Outcome.BEHIND, "this shadow has not come as far yet");
    } else if (fetch.offset() > shadow.spec.bytes() - fetch.length()) {
      server.refuse(Fetched.Outcome.FAILED, "the range lies outside the unit");
    } else if (fetch.kind() == Fetch.Kind.FOLD) {
      server.fold(place(copy));
    } else {
      server.serve(shadow.files, copy.epoch(), copy.lastSequence());
    }
  }

  private static UnitFiles.Checkpoint place(ShadowCopy copy) {
    DeltaFold fold = copy.fold();
    return new UnitFiles.Checkpoint(
        copy.deltaOffset(),
        fold.epoch(),
        fold.lastSequence(),
        fold.chain(),
        fold.requests().kept());
  }

  /** A block of a shadow was found to be damaged: it is fetched again. */
  void damaged(String unit, long offset, long length) {
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      LOG.warn("The shadow of unit {} is damaged at {}, and fetched again there", unit, offset);
      shadow.copy.damaged(offset, length);
      touched(shadow);
    }
  }

  // ---- once a second

  /** Makes durable what changed, and takes up again what was refused when there is room. */
  void second(boolean room) {
    long now = now();
    links.closeIdle(now);
    int left = MAX_KEPT_A_SECOND;
    for (Shadow each : shadows.values()) {
      if (left > 0 && isKeepable(each) && now - each.keptMillis >= keepMillis) {
        keep(each, () -> {});
        left--;
      }
    }
    if (!room) {
      for (Shadow each : List.copyOf(shadows.values())) {
        if (each.copy.missingBytes() > 0) {
          refuse(each, "the node has less room than it keeps free for what it serves");
        }
      }
    }
    for (Map.Entry<String, Refused> each : Map.copyOf(refused).entrySet()) {
      if (room && now >= each.getValue().againMillis()) {
        refused.remove(each.getKey());
        home.open(each.getValue().wanted());
      }
    }
    due();
  }

  private static boolean isKeepable(Shadow shadow) {
    return shadow.changed && !shadow.keeping && !shadow.broken;
  }

  private void keep(Shadow shadow, Runnable done) {
    KeptShadow kept = new KeptShadow(shadow.copy.kept(), shadow.nextOffset);
    shadow.changed = false;
    shadow.keeping = true;
    shadow.keptMillis = now();
    unitThreads.execute(
        shadow.spec.unit(),
        () -> {
          shadow.work(() -> shadow.files.keep(kept));
          home.execute(() -> shadow.keeping = false);
          done.run();
        });
  }

  /** Shadows that changed since they were kept; count. */
  int unkept() {
    int many = 0;
    for (Shadow each : shadows.values()) {
      many += isKeepable(each) ? 1 : 0;
    }
    return many;
  }

  /** Makes all of them durable that changed, and tells of each. */
  void keepAll(Runnable done) {
    for (Shadow each : shadows.values()) {
      if (isKeepable(each)) {
        keep(each, done);
      }
    }
  }

  /**
   * What is to be told of them now: of those that changed, and of those that lack something.
   *
   * @param wallMillis milliseconds since 1970-01-01 UTC
   */
  List<HolderReport> reports(long wallMillis) {
    List<Shadow> tell = new ArrayList<>();
    for (Shadow each : shadows.values()) {
      HolderReport told = each.told;
      HolderReport now = report(each, wallMillis);
      if (told == null
          || now.needsResync()
          || now.missingBytes() > 0
          || told.missingBytes() > 0
          || told.needsResync()
          || told.sequence() != now.sequence()
          || told.epoch() != now.epoch()) {
        tell.add(each);
      }
    }
    tell.sort(Comparator.comparingLong(each -> each.toldMillis));
    List<HolderReport> reports = new ArrayList<>();
    for (Shadow each : tell.subList(0, Math.min(tell.size(), MAX_REPORTS_A_SECOND))) {
      HolderReport report = report(each, wallMillis);
      each.told = report;
      each.toldMillis = wallMillis;
      reports.add(report);
    }
    return reports;
  }

  private HolderReport report(Shadow shadow, long wallMillis) {
    ShadowCopy copy = shadow.copy;
    boolean needsResync = copy.needsResync();
    long missing = copy.missingBytes();
    return new HolderReport(
        shadow.spec.unit(),
        node,
        false,
        copy.epoch(),
        Math.max(0, needsResync ? copy.resyncFrom() : copy.lastSequence()),
        Verified.NONE,
        List.of(),
        0,
        missing,
        needsResync,
        missing == 0 ? null : pace.bytesPerSecond(),
        wallMillis);
  }

  /** How each stands, for tests: its last sequence, negative while it is not in sync. */
  Map<String, Long> inSyncAt() {
    Map<String, Long> at = new TreeMap<>();
    for (Shadow each : shadows.values()) {
      at.put(each.spec.unit(), each.copy.isExact() ? each.copy.lastSequence() : -1);
    }
    return at;
  }

  /** Lets go whoever waits to hand over a step. */
  void stop() {
    backlog.close();
    links.close();
  }

  /** The protocol's thread has ended, and its state is the caller's: what changed is kept. */
  @Override
  public void close() {
    for (Shadow each : shadows.values()) {
      KeptShadow kept = new KeptShadow(each.copy.kept(), each.nextOffset);
      unitThreads.execute(
          each.spec.unit(),
          () -> {
            if (each.changed) {
              each.work(() -> each.files.keep(kept));
            }
            close(each.files);
          });
    }
  }
}
