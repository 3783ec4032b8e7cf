package io.forestall.sim;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.risk.Assessment;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModelSet;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.Tier;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.Verdict;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.PeerWindow;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.signal.SignalState;
import io.forestall.risk.signal.Signals;
import io.forestall.risk.symptom.Anomaly;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import io.forestall.risk.symptom.NetworkBlame;
import io.forestall.risk.symptom.NodeRiskEngine;
import io.forestall.risk.symptom.NodeRiskPolicy;
import io.forestall.risk.symptom.NodeRiskState;
import io.forestall.risk.symptom.PathEngine;
import io.forestall.risk.symptom.PathGroup;
import io.forestall.risk.symptom.PathMember;
import io.forestall.risk.symptom.StandardSymptomEngine;
import io.forestall.risk.symptom.SymptomEngine;
import io.forestall.risk.symptom.SymptomPolicy;
import io.forestall.risk.symptom.SymptomState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The sense job without a cluster: the same engines, put together in the same way, fed in the order
 * of time. For tests and for measuring detectors; not the job's double to the last bit, because
 * here nothing is late. Not safe for threads. Rows A6, A8, A11, A13.
 */
public final class OfflineSense {

  /** Why a sample was not taken. */
  public enum Refused {
    /** The same time as the one before. */
    DUPLICATE,
    /** Older than the one before. */
    LATE,
    /** None of its metrics has a name that is known. */
    UNKNOWN_NAMES,
    /** Too far ahead of the true time. */
    FUTURE
  }

  /** Hears what the pipeline says. */
  public interface Listener {
    /** The score of a thing. */
    void assessed(String entity, Assessment assessment);

    /** An anomaly that began. */
    default void anomaly(String entity, long timeMillis, Anomaly anomaly) {}

    /** A sample that was not taken. */
    default void refused(String entity, long timeMillis, Refused why) {}
  }

  /**
   * How the pipeline is set.
   *
   * @param symptoms weights of the evidence
   * @param nodes how findings become the score of a machine
   * @param disks how the probability of a disk becomes its score
   * @param modes what evidence of a failure mode is worth
   * @param peerWindowMillis length of the windows of peers; milliseconds
   * @param blameWindowMillis length of the windows of blame; milliseconds
   * @param outOfOrdernessMillis how far event time stays behind; milliseconds
   * @param futureAllowanceMillis how far a frame may be ahead; milliseconds
   */
  public record Settings(
      SymptomPolicy symptoms,
      NodeRiskPolicy nodes,
      RiskPolicy disks,
      ModeModel modes,
      long peerWindowMillis,
      long blameWindowMillis,
      long outOfOrdernessMillis,
      long futureAllowanceMillis) {

    /** The defaults of the sense job. */
    public static Settings defaults() {
      return defaults(TrainedModels.nodeModes());
    }

    /** The defaults with another model of modes. */
    public static Settings defaults(ModeModel modes) {
      return new Settings(
          SymptomPolicy.defaults(),
          NodeRiskPolicy.defaults(),
          RiskPolicy.defaults(),
          modes,
          300_000,
          60_000,
          15_000,
          600_000);
    }

    /** The same with another model of modes. */
    public Settings withModes(ModeModel other) {
      return new Settings(
          symptoms,
          nodes,
          disks,
          other,
          peerWindowMillis,
          blameWindowMillis,
          outOfOrdernessMillis,
          futureAllowanceMillis);
    }
  }

  private static final int PEER_WINDOWS = 4;

  private final Settings settings;
  private final Listener listener;
  private final SignalDeriver deriver = new Signals();
  private final SymptomEngine symptoms;
  private final PathEngine paths;
  private final NetworkBlame blame;
  private final NodeRiskEngine nodes;
  private final NodeRiskEngine volumes;
  private final DiskRiskEngine disks;

  private final Map<String, FleetMember> members = new HashMap<>();
  private final Map<String, String> racks = new HashMap<>();
  private final Map<String, Thing> things = new HashMap<>();
  private final Map<String, Deque<PeerSummary>> closed = new HashMap<>();
  private final Map<String, PeerWindow> open = new HashMap<>();
  private long openEndMillis = Long.MIN_VALUE;
  private final Map<String, PathGroup> groups = new HashMap<>();
  private final Map<String, PathMember> pathMembers = new HashMap<>();
  private NetworkBlame.Window blameWindow;
  private long blameEndMillis = Long.MIN_VALUE;
  private final Map<String, NodeRiskState> scored = new TreeMap<>();
  private final Map<String, Disk> diskStates = new TreeMap<>();
  private long samples;

  private static final class Thing {
    final SignalState signals = SignalState.fresh();
    final SymptomState symptoms;

    Thing(SymptomState symptoms) {
      this.symptoms = symptoms;
    }
  }

  private static final class Disk {
    final DiskState state = DiskState.fresh();
    double sharedScore = Double.NaN;
    Tier sharedTier = Tier.UNKNOWN;
  }

  /**
   * A pipeline.
   *
   * @param models scores disks by their SMART attributes
   * @param detectors makes detectors of single series, one for each engine
   */
  public OfflineSense(
      Settings settings, ModelSet models, Supplier<SeriesDetector> detectors, Listener listener) {
    this.settings = settings;
    this.listener = listener;
    this.symptoms = new StandardSymptomEngine(settings.symptoms(), detectors.get());
    this.paths =
        new PathEngine(
            settings.symptoms(),
            new StandardSymptomEngine(settings.symptoms(), detectors.get()),
            new Signals());
    this.blame = new NetworkBlame(settings.symptoms());
    this.blameWindow = blame.window();
    this.nodes = new NodeRiskEngine(settings.nodes(), settings.modes(), ModeModel.Subject.MACHINE);
    this.volumes =
        new NodeRiskEngine(NodeRiskPolicy.volumes(), settings.modes(), ModeModel.Subject.VOLUME);
    this.disks = new DiskRiskEngine(settings.disks(), models, settings.modes());
  }

  /** Samples taken in so far, of every kind; count. */
  public long samples() {
    return samples;
  }

  /** Says what stands where. */
  public void member(FleetMember member) {
    String entity = member.subject().toString();
    members.put(entity, member);
    if (member.subject().kind() == Subject.Kind.NODE) {
      racks.put(member.subject().id(), member.place().rack());
    }
  }

  /** Says that something is gone. */
  public void retire(Subject subject, long timeMillis) {
    String entity = subject.toString();
    FleetMember member = members.remove(entity);
    things.remove(entity);
    scored.remove(entity);
    diskStates.remove(subject.id());
    if (member != null && subject.kind() == Subject.Kind.DISK) {
      String node = "node/" + member.place().node();
      NodeRiskState state = scored.get(node);
      if (state != null) {
        say(node, nodes.diskGone(state, subject.id(), timeMillis));
      }
    }
  }

  /**
   * Takes one step of a world in.
   *
   * @param step newer than the one before
   */
  public void take(WorldStep step) {
    long now = step.timeMillis();
    for (Subject left : step.left()) {
      retire(left, now);
    }
    step.joined().forEach(this::member);
    advance(now);
    for (PublishedScrape published : step.scrapes()) {
      for (int copy = 0; copy < published.copies(); copy++) {
        take(published, now);
      }
    }
  }

  private void take(PublishedScrape published, long now) {
    for (EntitySample sample : published.scrape().others()) {
      if (published.renamed()) {
        listener.refused(sample.entity(), now, Refused.UNKNOWN_NAMES);
      } else if (sample.timeMillis() - now > settings.futureAllowanceMillis()) {
        listener.refused(sample.entity(), now, Refused.FUTURE);
      } else {
        observe(sample, now);
      }
    }
    if (!published.renamed()
        && published.scrape().timeMillis() - now <= settings.futureAllowanceMillis()) {
      for (DiskSample disk : published.scrape().disks()) {
        observe(disk, now);
      }
    }
  }

  /** Lets event time pass: windows close, and what has been silent is said to be. */
  private void advance(long now) {
    long watermark = now - settings.outOfOrdernessMillis() - 1;
    if (openEndMillis != Long.MIN_VALUE && watermark >= openEndMillis - 1) {
      closePeers();
    }
    if (blameEndMillis != Long.MIN_VALUE && watermark >= blameEndMillis - 1) {
      closeBlame();
    }
    for (Map.Entry<String, NodeRiskState> each : List.copyOf(scored.entrySet())) {
      NodeRiskEngine engine = engine(each.getKey());
      for (long look = engine.nextLookMillis(each.getValue()); look <= watermark; ) {
        say(each.getKey(), engine.silence(each.getValue(), look));
        look = engine.nextLookMillis(each.getValue());
      }
    }
    for (Map.Entry<String, Disk> each : List.copyOf(diskStates.entrySet())) {
      DiskState state = each.getValue().state;
      for (long look = disks.nextLookMillis(state); look <= watermark; ) {
        said(each.getKey(), each.getValue(), disks.silence(state, look));
        look = disks.nextLookMillis(state);
      }
    }
  }

  private NodeRiskEngine engine(String entity) {
    return entity.startsWith("volume/") ? volumes : nodes;
  }

  private void closePeers() {
    long end = openEndMillis;
    open.forEach(
        (peers, window) -> {
          Deque<PeerSummary> known = closed.computeIfAbsent(peers, name -> new ArrayDeque<>());
          known.addFirst(window.close(peers, end - settings.peerWindowMillis(), end));
          while (known.size() > PEER_WINDOWS) {
            known.removeLast();
          }
        });
    open.clear();
    openEndMillis = Long.MIN_VALUE;
  }

  private void closeBlame() {
    for (Finding finding : blame.findings(blameWindow, racks, blameEndMillis)) {
      NodeRiskState state =
          scored.computeIfAbsent(finding.entity(), entity -> NodeRiskState.fresh());
      say(finding.entity(), nodes.blame(state, finding));
    }
    blameWindow = blame.window();
    blameEndMillis = Long.MIN_VALUE;
  }

  private void observe(EntitySample sample, long now) {
    samples++;
    if (sample.scope() == Scope.PATH) {
      path(sample, now);
      return;
    }
    String entity = sample.entity();
    FleetMember member = members.get(entity);
    if (member == null) {
      return;
    }
    Thing thing = things.computeIfAbsent(entity, name -> new Thing(symptoms.fresh()));
    long before = thing.signals.timeMillis();
    String group = peersOf(member);
    SignalSample signals = deriver.derive(thing.signals, sample, group);
    if (signals == null) {
      refuse(entity, sample.timeMillis(), before, now);
      return;
    }
    long time = signals.timeMillis();
    long end = (Math.floorDiv(time, settings.peerWindowMillis()) + 1) * settings.peerWindowMillis();
    if (openEndMillis == Long.MIN_VALUE) {
      openEndMillis = end;
    }
    // A clock that is ahead or behind would belong to another window: none of its peers is there.
    if (end == openEndMillis) {
      open.computeIfAbsent(group, name -> PeerWindow.empty()).add(entity, signals);
    }
    SymptomEngine.Report report = symptoms.observe(thing.symptoms, signals, peersAt(group, time));
    report.begun().forEach(anomaly -> listener.anomaly(entity, time, anomaly));
    if (sample.scope() == Scope.DRIVE) {
      if (report.notable()) {
        String serial = entity.substring("disk/".length());
        Disk disk = diskStates.get(serial);
        if (disk != null) {
          said(serial, disk, disks.finding(disk.state, report.finding()));
        }
      }
      return;
    }
    NodeRiskState state = scored.computeIfAbsent(entity, name -> NodeRiskState.fresh());
    say(entity, nodes.observe(state, report.finding()));
    if (entity.startsWith("node/")) {
      blameInput(report.finding());
    }
  }

  private void refuse(String entity, long timeMillis, long before, long now) {
    listener.refused(entity, now, timeMillis == before ? Refused.DUPLICATE : Refused.LATE);
  }

  private static String peersOf(FleetMember member) {
    return member.subject().kind()
        + "|"
        + (member.model() == null ? "" : member.model())
        + "|"
        + member.place().pool();
  }

  private @Nullable PeerSummary peersAt(String group, long timeMillis) {
    long window = settings.peerWindowMillis();
    long until =
        Math.floorDiv(timeMillis - settings.outOfOrdernessMillis() - window, window) * window;
    Deque<PeerSummary> known = closed.get(group);
    if (known != null) {
      for (PeerSummary summary : known) {
        if (summary.endMillis() <= until) {
          return summary.endMillis() > until - PEER_WINDOWS * window ? summary : null;
        }
      }
    }
    return null;
  }

  private void blameInput(Finding finding) {
    long window = settings.blameWindowMillis();
    long end = (Math.floorDiv(finding.timeMillis(), window) + 1) * window;
    if (blameEndMillis == Long.MIN_VALUE) {
      blameEndMillis = end;
    }
    if (end == blameEndMillis) {
      blameWindow.add(finding);
    }
  }

  private void path(EntitySample sample, long now) {
    String path = sample.entity();
    PathGroup group = groups.computeIfAbsent(PathEngine.group(path), name -> PathGroup.fresh());
    PathEngine.PathReport said = paths.observe(group, pathMembers.get(path), sample);
    if (said == null) {
      listener.refused(path, now, Refused.DUPLICATE);
      return;
    }
    pathMembers.put(path, said.member());
    said.evicted().forEach(pathMembers::remove);
    said.report().begun().forEach(anomaly -> listener.anomaly(path, sample.timeMillis(), anomaly));
    if (path.startsWith("edge/")) {
      blameInput(said.report().finding());
    }
    Finding together = said.group();
    if (together != null) {
      NodeRiskState state =
          scored.computeIfAbsent(together.entity(), entity -> NodeRiskState.fresh());
      say(together.entity(), engine(together.entity()).observe(state, together));
    }
  }

  private void observe(DiskSample sample, long now) {
    samples++;
    Disk disk = diskStates.computeIfAbsent(sample.disk(), serial -> new Disk());
    Verdict verdict = disks.check(disk.state, sample);
    if (verdict != Verdict.ACCEPT) {
      listener.refused(
          "disk/" + sample.disk(),
          now,
          verdict == Verdict.DUPLICATE ? Refused.DUPLICATE : Refused.LATE);
      return;
    }
    said(sample.disk(), disk, disks.observe(disk.state, sample));
  }

  private void said(String serial, Disk disk, @Nullable Assessment assessment) {
    if (assessment == null) {
      return;
    }
    String entity = "disk/" + serial;
    listener.assessed(entity, assessment);
    FleetMember member = members.get(entity);
    if (member != null
        && (Double.isNaN(disk.sharedScore)
            || Math.abs(disk.sharedScore - assessment.score()) >= 1
            || disk.sharedTier != assessment.tier()
            || assessment.stale())) {
      disk.sharedScore = assessment.stale() ? Double.NaN : assessment.score();
      disk.sharedTier = assessment.tier();
      String node = "node/" + member.place().node();
      NodeRiskState state = scored.computeIfAbsent(node, name -> NodeRiskState.fresh());
      say(node, nodes.disk(state, DiskShare.of(serial, assessment)));
    }
  }

  private void say(String entity, @Nullable Assessment assessment) {
    if (assessment != null) {
      listener.assessed(entity, assessment);
    }
  }

  /** The newest things that are scored beside disks, by key. */
  public List<String> scored() {
    return new ArrayList<>(scored.keySet());
  }
}
