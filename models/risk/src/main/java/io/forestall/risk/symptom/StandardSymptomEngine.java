package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.series.SeriesState;
import io.forestall.risk.signal.PeerScore;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.symptom.EntitySymptoms.Slot;
import java.io.DataInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one {@link SymptomEngine}, for machines, drives and paths alike.
 *
 * <p>Each level has a detector of its own, which knows trend and season: it tells anomalies, and
 * what is usual now. Failure modes do not hang on its score alone, for a detector follows a lasting
 * change within the hour: they are told by evidence ({@link Evidence}) that is measured against
 * what has long been usual, against peers under like load, and in absolute terms, and that must
 * last. See {@link SymptomPolicy} for how evidence becomes a probability.
 */
public final class StandardSymptomEngine implements SymptomEngine {
  /** Name of the model in {@link ModeAssessment}. */
  public static final String MODEL = "symptoms";

  /** Metric of the reason that names signals which have fallen silent. */
  public static final String MISSING = "signals_missing";

  /** Version of that model. */
  public static final int MODEL_VERSION = 1;

  private static final Signal[] SIGNALS = Signal.values();
  private static final Evidence[] EVIDENCE = Evidence.values();

  /** Signals by ordinal of their scope. */
  private static final Signal[][] BY_SCOPE = new Signal[Scope.values().length][];

  static {
    for (Scope scope : Scope.values()) {
      BY_SCOPE[scope.ordinal()] =
          Arrays.stream(SIGNALS).filter(each -> each.scope() == scope).toArray(Signal[]::new);
    }
  }

  private static final double HOUR_MILLIS = 3_600_000.0;
  private static final double SMOOTH_HALF_LIFE_MILLIS = 150_000;

  /** A signal that was not seen for so long is no longer expected; milliseconds. */
  private static final long FORGET_SIGNAL_MILLIS = 7 * 86_400_000L;

  /** Quiet time after which an anomaly of rare events has ended; milliseconds. */
  private static final long RARE_QUIET_MILLIS = 3_600_000L;

  /** An older value of another signal says nothing of now; milliseconds. */
  private static final long FRESH_MILLIS = 5 * 60_000L;

  /** Strength of evidence at which it counts in full: what lasts two half-lives. */
  private static final double FULL_STRENGTH = 0.75;

  /** Square of the deviation, in spreads, that gives a score of a half. */
  private static final double HALF_SCORE = 25;

  /** An anomaly is at least so far from what has long been usual; spreads. */
  private static final double LEAST_DEVIATION = 2.5;

  /** And a latency so far from what its load explains; spreads. */
  private static final double LEAST_LINE_DEVIATION = 3;

  /** An operation is taken to be no smaller; bytes. */
  private static final double LEAST_BYTES = 512;

  /** Samples after which what is usual can be told at all; count. */
  private static final int LEAST_SAMPLES = 20;

  private static final List<FailureMode> MACHINE_MODES =
      List.of(FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW, FailureMode.DISK);
  private static final List<FailureMode> DRIVE_MODES = List.of(FailureMode.FAIL_SLOW);
  private static final List<FailureMode> EDGE_MODES = List.of(FailureMode.NETWORK);
  private static final List<FailureMode> PAIR_MODES =
      List.of(FailureMode.FAIL_SLOW, FailureMode.NETWORK);

  private final SymptomPolicy policy;
  private final SeriesDetector detector;
  private final double[] weights = new double[EVIDENCE.length];
  private final SeriesDetector.Reading reading = new SeriesDetector.Reading();
  private final PeerScore peerScore = new PeerScore();

  // The sample at hand.
  private EntitySymptoms state = new EntitySymptoms();
  private SignalSample sample = new SignalSample("", Scope.MACHINE, "", 0, new double[0]);
  private @Nullable PeerSummary peers;
  private final long[] since = new long[SIGNALS.length];
  private double widening = 1;
  private boolean settled;
  private double curveExpected;
  private double peerExpected;
  private final List<Anomaly> anomalies = new ArrayList<>();
  private final List<Anomaly> begun = new ArrayList<>();
  private final List<Anomaly> ended = new ArrayList<>();

  /**
   * An engine.
   *
   * @param policy weights, horizons and limits
   * @param detector watches each level; used by this engine alone
   */
  public StandardSymptomEngine(SymptomPolicy policy, SeriesDetector detector) {
    this.policy = policy;
    this.detector = detector;
    for (Evidence each : EVIDENCE) {
      Double weight = policy.weights().get(each);
      weights[each.ordinal()] = weight == null ? 0 : weight;
    }
  }

  /** An engine with the standard detector. */
  public static StandardSymptomEngine standard(SymptomPolicy policy) {
    return new StandardSymptomEngine(policy, EnsembleDetector.standard());
  }

  @Override
  public SymptomState fresh() {
    return new EntitySymptoms();
  }

  @Override
  public SymptomState read(DataInput in) throws IOException {
    return EntitySymptoms.read(in, detector);
  }

  @Override
  public Report observe(SymptomState of, SignalSample sample, @Nullable PeerSummary peers) {
    if (!(of instanceof EntitySymptoms state)) {
      throw new IllegalArgumentException("a state of another engine: " + of.getClass());
    }
    if (state.samples > 0 && sample.timeMillis() <= state.lastMillis) {
      throw new IllegalArgumentException(
          sample.entity() + ": sample at " + sample.timeMillis() + " is not newer than the last");
    }
    this.state = state;
    this.sample = sample;
    this.peers = peers;
    if (state.samples == 0) {
      state.firstMillis = sample.timeMillis();
    }
    state.samples++;
    state.lastMillis = sample.timeMillis();
    double mature = maturity();
    widening = 1 + 2 * (1 - mature);

    anomalies.clear();
    begun.clear();
    ended.clear();
    curveExpected = Double.NaN;
    peerExpected = Double.NaN;
    restarts();
    Signal[] signals = BY_SCOPE[sample.scope().ordinal()];
    for (Signal signal : signals) {
      double value = sample.value(signal);
      if (Double.isNaN(value)) {
        Slot slot = state.slots[signal.ordinal()];
        if (slot != null) {
          absent(signal, slot);
        }
        continue;
      }
      take(signal, value);
    }
    switch (sample.scope()) {
      case MACHINE -> machine();
      case DRIVE -> drive();
      case PATH -> path();
    }
    for (Signal signal : signals) {
      Slot slot = state.slots[signal.ordinal()];
      if (slot != null && !slot.rare && sample.has(signal)) {
        Traits traits = Traits.get(signal);
        slot.reference.take(
            traits.scaled(sample.value(signal)), since[signal.ordinal()], traits.leastSpread);
      }
    }
    anomalies.sort(Comparator.comparingDouble(Anomaly::score).reversed());
    return report(mature);
  }

  @Override
  public List<Baseline> baselines(SymptomState of, @Nullable PeerSummary peers) {
    if (!(of instanceof EntitySymptoms state)) {
      throw new IllegalArgumentException("a state of another engine: " + of.getClass());
    }
    List<Baseline> baselines = new ArrayList<>();
    for (Signal signal : SIGNALS) {
      Slot slot = state.slots[signal.ordinal()];
      if (slot != null && !slot.rare && slot.spread > 0) {
        baselines.add(
            new Baseline(
                signal,
                slot.samples,
                slot.expected,
                slot.spread,
                slot.last,
                peers == null ? Double.NaN : peers.medians()[signal.ordinal()]));
      }
    }
    return baselines;
  }

  // Signals, one by one.

  private void restarts() {
    boolean restarted =
        sample.value(Signal.RESTARTS) > 0 || sample.value(Signal.REBOOTS) > 0; // false for NaN
    if (restarted) {
      state.restartedMillis = sample.timeMillis();
      if (state.memory != null) {
        state.memory.clear();
      }
    }
    settled =
        state.restartedMillis == EntitySymptoms.NEVER
            || sample.timeMillis() - state.restartedMillis >= policy.settleMillis();
  }

  private void take(Signal signal, double value) {
    int i = signal.ordinal();
    Traits traits = Traits.get(signal);
    Slot slot = state.slots[i];
    if (slot == null) {
      slot = new Slot();
      slot.smooth = value;
      slot.rare = traits.rare;
      slot.series = policy.detailed().contains(signal) && !traits.rare ? detector.fresh() : null;
      state.slots[i] = slot;
    }
    since[i] =
        slot.lastMillis == EntitySymptoms.NEVER
            ? 60_000L
            : Math.min(Decay.LONGEST_STEP_MILLIS, sample.timeMillis() - slot.lastMillis);
    slot.samples++;
    slot.last = value;
    slot.lastMillis = sample.timeMillis();
    if (slot.rare) {
      return; // rare events are looked at with the evidence they give
    }
    slot.smooth += (value - slot.smooth) * Decay.gain(since[i], SMOOTH_HALF_LIFE_MILLIS);
    SeriesState series = slot.series;
    if (series != null) {
      detector.observe(series, sample.timeMillis(), value, reading);
    } else {
      read(slot, traits, value);
    }
    slot.expected = reading.expected;
    slot.spread = reading.spread;
    boolean byPeers = traits.comparable && comparePeers(signal, slot) && peerScore.deviation > 0;
    byPeers = byPeers && peerScore.score > reading.score;
    double score = byPeers ? peerScore.score : reading.score;
    double deviation = byPeers ? peerScore.deviation : reading.deviation;
    if (!byPeers
        && (Math.abs(deviation(signal, value)) < LEAST_DEVIATION
            || isExplainedByLoad(signal, traits, value))) {
      // A detector knows little more than the last days, and nothing of load: what was seen before,
      // or is usual at this load, is no anomaly.
      score = Math.min(score, policy.anomalyExit());
    }
    judge(
        slot,
        new Anomaly(
            signal,
            slot.sinceMillis,
            value,
            byPeers ? peerScore.expected : reading.expected,
            byPeers ? peerScore.spread : reading.spread,
            score,
            signal.worse() == Signal.Worse.HIGH && deviation > 0,
            byPeers),
        deviation);
  }

  /** True for a latency that is what the own curve expects at this load. */
  private boolean isExplainedByLoad(Signal signal, Traits traits, double value) {
    LoadCurve curve = state.curve;
    Signal load = loadOf(signal);
    return load != null
        && curve != null
        && curve.count() >= LEAST_SAMPLES
        && !(Math.abs(traits.scaled(value) - curve.expected(rate(load), beside(signal)))
            >= LEAST_LINE_DEVIATION
                * curve.spread()
                * widening); // NaN: a load never seen explains it
  }

  private static @Nullable Signal loadOf(Signal latency) {
    return switch (latency) {
      case REQUEST_LATENCY -> Signal.REQUEST_RATE;
      case DISK_LATENCY -> Signal.DISK_IOPS;
      case PATH_LATENCY -> Signal.PATH_RATE;
      default -> null;
    };
  }

  /** First regressor of a latency: the logarithm of the rate. */
  private double rate(Signal load) {
    double rate = near(load);
    return Math.log1p(Double.isNaN(rate) ? 0 : rate);
  }

  /**
   * Second regressor: CPU in use for requests, the logarithm of an operation's size for the rest.
   */
  private double beside(Signal latency) {
    if (latency == Signal.REQUEST_LATENCY) {
      double busy = near(Signal.CPU_BUSY);
      return Double.isNaN(busy) ? 0 : busy;
    }
    boolean disk = latency == Signal.DISK_LATENCY;
    double rate = near(disk ? Signal.DISK_IOPS : Signal.PATH_RATE);
    double bytes = near(disk ? Signal.DISK_THROUGHPUT : Signal.PATH_THROUGHPUT);
    return Math.log(LEAST_BYTES + (Double.isNaN(bytes) || !(rate > 0) ? 0 : bytes / rate));
  }

  /** What a level and a spread say, of a signal that has no detector of its own. */
  private void read(Slot slot, Traits traits, double value) {
    Reference reference = slot.reference;
    double spread = reference.spread(traits.leastSpread) * widening;
    double deviation =
        reference.count() == 0 ? 0 : (traits.scaled(value) - reference.level()) / spread;
    reading.warming = reference.count() < LEAST_SAMPLES;
    reading.expected = reference.count() == 0 ? value : traits.unscaled(reference.level());
    reading.spread =
        traits.logFloor > 0 ? Math.max(Double.MIN_NORMAL, reading.expected * spread) : spread;
    reading.deviation = deviation;
    reading.score =
        reading.warming ? 0 : 1 - Math.exp(-Math.log(2) * deviation * deviation / HALF_SCORE);
  }

  /** Compares the smoothed value with the peers, a latency at its own load. */
  private boolean comparePeers(Signal signal, Slot slot) {
    if (peers == null) {
      return peerScore.against(null, signal, Double.NaN, 1);
    }
    double least = Traits.get(signal).leastPeerSpread;
    Signal load = PeerScore.loadOf(signal);
    if (load == null) {
      return peerScore.against(peers, signal, slot.smooth, least);
    }
    Slot loadSlot = state.slots[load.ordinal()];
    return peerScore.againstLoad(
        peers, signal, slot.smooth, loadSlot == null ? Double.NaN : loadSlot.smooth, least);
  }

  /** Begins and ends anomalies: so many of the last samples must say so. */
  private void judge(Slot slot, Anomaly now, double deviation) {
    int mask = (1 << policy.anomalyOf()) - 1;
    slot.unusual = (slot.unusual << 1 | (now.score() >= policy.anomalyEnter() ? 1 : 0)) & mask;
    slot.usual = (slot.usual << 1 | (now.score() < policy.anomalyExit() ? 1 : 0)) & mask;
    double size = Math.abs(deviation);
    if (slot.sinceMillis == EntitySymptoms.NEVER) {
      if (Integer.bitCount(slot.unusual) >= policy.anomalyBegin()) {
        slot.sinceMillis = sample.timeMillis();
        slot.told = size;
        slot.usual = 0;
        Anomaly anomaly = since(now, slot.sinceMillis);
        anomalies.add(anomaly);
        begun.add(anomaly);
      }
      return;
    }
    if (Integer.bitCount(slot.usual) >= policy.anomalyEnd()) {
      ended.add(since(now, slot.sinceMillis));
      slot.sinceMillis = EntitySymptoms.NEVER;
      slot.unusual = 0;
      return;
    }
    Anomaly anomaly = since(now, slot.sinceMillis);
    anomalies.add(anomaly);
    if (size > 2 * slot.told && now.score() >= policy.anomalyEnter()) {
      slot.told = size;
      begun.add(anomaly);
    }
  }

  private static Anomaly since(Anomaly anomaly, long sinceMillis) {
    return new Anomaly(
        anomaly.signal(),
        sinceMillis,
        anomaly.value(),
        anomaly.expected(),
        anomaly.spread(),
        anomaly.score(),
        anomaly.worse(),
        anomaly.byPeers());
  }

  /** A signal that the sample does not have. Its anomaly cannot last for ever. */
  private void absent(Signal signal, Slot slot) {
    long silentMillis = sample.timeMillis() - slot.lastMillis;
    if (slot.sinceMillis != EntitySymptoms.NEVER) {
      Anomaly last =
          new Anomaly(
              signal,
              slot.sinceMillis,
              slot.last,
              slot.expected,
              Math.max(slot.spread, Double.MIN_NORMAL),
              silentMillis >= RARE_QUIET_MILLIS ? 0 : policy.anomalyExit(),
              signal.worse() == Signal.Worse.HIGH,
              false);
      if (silentMillis >= RARE_QUIET_MILLIS) {
        ended.add(last);
        slot.sinceMillis = EntitySymptoms.NEVER;
        slot.unusual = 0;
      } else {
        anomalies.add(last);
      }
    }
    if (silentMillis >= FORGET_SIGNAL_MILLIS) {
      state.slots[signal.ordinal()] = null;
    }
  }

  // Evidence.

  private void machine() {
    double overload = overload();
    own(
        Evidence.PACKET_ERRORS,
        Signal.NETWORK_ERROR_RATE,
        decades(Signal.NETWORK_ERROR_RATE, 1e-5, 2));
    own(
        Evidence.PACKET_DROPS,
        Signal.NETWORK_DROP_RATE,
        decades(Signal.NETWORK_DROP_RATE, 1e-4, 2));
    own(
        Evidence.RETRANSMITS,
        Signal.RETRANSMITS,
        clip((sample.value(Signal.RETRANSMITS) - 0.01) / 0.04) * (1 - 0.7 * overload));
    // A reboot takes the link down and up as well.
    rare(Evidence.LINK_CHANGES, Signal.LINK_CHANGES, settled);
    double failed =
        decades(proven(Signal.REQUEST_FAILURES, Signal.REQUEST_RATE), 0.005, 1.3) * (1 - overload);
    own(Evidence.REQUESTS_UNREACHED, Signal.REQUEST_FAILURES, failed);
    own(Evidence.REQUESTS_FAILED, Signal.REQUEST_FAILURES, failed);

    rare(Evidence.RESTARTS, Signal.RESTARTS, true);
    rare(Evidence.REBOOTS, Signal.REBOOTS, true);
    errorLogs();
    memory();
    queue();
    if (sample.has(Signal.MEMORY_PRESSURE)) {
      level(
          Evidence.MEMORY_PRESSURE,
          Signal.MEMORY_PRESSURE,
          clip((sample.value(Signal.MEMORY_PRESSURE) - 0.05) / 0.35)
              * Math.max(0.3, unusual(Signal.MEMORY_PRESSURE)));
    }
    if (sample.has(Signal.CLOCK_OFFSET)) {
      update(
          Evidence.CLOCK_OFFSET,
          Signal.CLOCK_OFFSET,
          decades(sample.value(Signal.CLOCK_OFFSET), 0.05, 1.3));
    }

    if (sample.has(Signal.REQUEST_LATENCY)) {
      slow(
          Signal.REQUEST_LATENCY,
          Signal.REQUEST_RATE,
          Evidence.SLOW_REQUESTS,
          Evidence.SLOW_REQUESTS_PEERS);
    }
    own(
        Evidence.IO_PRESSURE,
        Signal.IO_PRESSURE,
        clip((sample.value(Signal.IO_PRESSURE) - 0.1) / 0.5) * (1 - overload));

    rare(Evidence.CHECKSUMS, Signal.CHECKSUM_MISMATCHES, true);
    if (sample.has(Signal.RAID_DEGRADED)) {
      double missing = sample.value(Signal.RAID_DEGRADED);
      update(
          Evidence.RAID_DEGRADED,
          Signal.RAID_DEGRADED,
          missing < 1 ? 0 : Math.min(1, 0.7 + 0.3 * (missing - 1)));
      rareAnomaly(Signal.RAID_DEGRADED, missing >= 1, missing >= 1);
    }
  }

  private void drive() {
    if (sample.has(Signal.DISK_LATENCY)) {
      slow(Signal.DISK_LATENCY, Signal.DISK_IOPS, Evidence.SLOW_IO, Evidence.SLOW_IO_PEERS);
    }
    if (sample.has(Signal.DISK_UTILISATION) && sample.has(Signal.DISK_IOPS)) {
      double less = -above(Signal.DISK_IOPS);
      level(
          Evidence.BUSY_IDLE,
          Signal.DISK_UTILISATION,
          clip((sample.value(Signal.DISK_UTILISATION) - 0.7) / 0.25)
              * clip(less / Math.log(2))
              * unusual(Signal.DISK_UTILISATION));
    }
    rare(Evidence.IO_ERRORS, Signal.DISK_IO_ERRORS, true);
  }

  private void path() {
    boolean edge = sample.entity().startsWith("edge/");
    if (sample.has(Signal.PATH_LATENCY)) {
      slow(
          Signal.PATH_LATENCY,
          Signal.PATH_RATE,
          edge ? Evidence.SLOW_EDGE : Evidence.SLOW_PATH,
          null);
    }
    if (sample.has(Signal.PATH_LATENCY_P99) && !edge) {
      level(
          Evidence.SLOW_TAIL,
          Signal.PATH_LATENCY_P99,
          clip((above(Signal.PATH_LATENCY_P99) - Math.log(1.5)) / Math.log(4 / 1.5))
              * unusual(Signal.PATH_LATENCY_P99));
    }
    own(
        Evidence.PATH_ERRORS,
        Signal.PATH_ERRORS,
        decades(proven(Signal.PATH_ERRORS, Signal.PATH_RATE), 0.005, 1.3));
    own(Evidence.PATH_LOSS, Signal.PATH_LOSS, decades(Signal.PATH_LOSS, 0.001, 1.7));
  }

  /** Latency against load: against its own line, and against the peers' at the same load. */
  private void slow(
      Signal latency, Signal load, Evidence ownEvidence, @Nullable Evidence peerEvidence) {
    LoadCurve curve = state.curve;
    if (curve == null) {
      curve = new LoadCurve();
      state.curve = curve;
    }
    Traits traits = Traits.get(latency);
    double x = rate(load);
    double z = beside(latency);
    double y = traits.scaled(sample.value(latency));
    double operations = near(load) * since[latency.ordinal()] / 1000.0;
    double trust = Double.isNaN(operations) ? 1 : operations / (operations + 20);
    curveExpected = curve.expected(x, z);
    double away = y - curveExpected; // NaN at a load that was never seen, which says nothing
    double strength = 0;
    if (curve.count() >= LEAST_SAMPLES) {
      strength =
          slowness(away)
              * clip((away / (curve.spread() * widening) - 2.5) / 3)
              * curve.familiar(z)
              * trust;
    }
    level(ownEvidence, latency, strength);
    if (settled || curve.count() < LEAST_SAMPLES) {
      curve.take(x, z, y, trust, since[latency.ordinal()]);
    }
    if (peerEvidence == null) {
      return;
    }
    Slot slot = slot(latency);
    comparePeers(latency, slot);
    state.alone = !peerScore.known;
    double against = 0;
    if (peerScore.known && peerScore.expected > 0) {
      against =
          slowness(Math.log(slot.smooth / peerScore.expected))
              * clip((peerScore.deviation - 3) / 4)
              * trust;
    } else if (peerScore.known) {
      against = clip((peerScore.deviation - 3) / 4) * trust;
    }
    peerExpected = peerScore.known ? peerScore.expected : Double.NaN;
    level(peerEvidence, latency, against);
  }

  /**
   * 0 at 1.3 times, 1 at 2.5 times, 2 at 4.8 times what is expected: what is worse counts sooner.
   */
  private static double slowness(double logRatio) {
    return 2 * clip((logRatio - Math.log(1.3)) / Math.log(2.5 / 1.3) / 2);
  }

  private void errorLogs() {
    if (sample.has(Signal.ERROR_LOGS)) {
      double logs = sample.value(Signal.ERROR_LOGS);
      level(
          Evidence.ERROR_LOGS,
          Signal.ERROR_LOGS,
          logs < 0.02
              ? 0
              : clip((above(Signal.ERROR_LOGS) - Math.log(3)) / Math.log(10))
                  * unusual(Signal.ERROR_LOGS));
    }
  }

  private void memory() {
    double process = sample.value(Signal.PROCESS_MEMORY);
    double used = sample.value(Signal.MEMORY_USED);
    if (Double.isNaN(process) && Double.isNaN(used)) {
      return;
    }
    MemoryTrend trend = state.memory;
    if (trend == null) {
      trend = new MemoryTrend();
      state.memory = trend;
    }
    trend.take(sample.timeMillis(), process, used);
    double hours = trend.hoursLeft();
    double strength = hours >= 48 ? 0 : clip(Math.log(48 / Math.max(hours, 1)) / Math.log(8));
    Signal signal = Double.isNaN(process) ? Signal.MEMORY_USED : Signal.PROCESS_MEMORY;
    double gate = Math.max(unusual(signal), clip((trend.growth() - 0.2) / 0.3));
    level(Evidence.MEMORY_GROWTH, signal, strength * gate);
  }

  private void queue() {
    if (!sample.has(Signal.QUEUE)) {
      return;
    }
    double strength =
        clip((above(Signal.QUEUE) - Math.log(2)) / Math.log(5)) * unusual(Signal.QUEUE);
    double work = 0.7; // not known
    if (!Double.isNaN(near(Signal.PROCESSED_RATE))) {
      double deviation = deviation(Signal.PROCESSED_RATE, near(Signal.PROCESSED_RATE));
      // More work than usual explains the queue; less than usual makes it worse.
      work = deviation < 0 ? 0.7 + 0.3 * clip(-deviation / 2) : 0.7 * (1 - clip(deviation / 2));
    }
    level(Evidence.QUEUE_GROWTH, Signal.QUEUE, strength * work);
  }

  /** How far too much work explains what is wrong; 0 to 1. */
  private double overload() {
    double cpu = near(Signal.CPU_BUSY);
    double load = near(Signal.LOAD);
    double rate = near(Signal.REQUEST_RATE);
    double overload = 0;
    if (!Double.isNaN(cpu)) {
      overload = clip((cpu - 0.9) / 0.08);
    }
    if (!Double.isNaN(load)) {
      overload = Math.max(overload, clip((load - 2) / 2));
    }
    Slot slot = state.slots[Signal.REQUEST_RATE.ordinal()];
    if (!Double.isNaN(rate) && slot != null && slot.reference.count() >= LEAST_SAMPLES) {
      Traits traits = Traits.get(Signal.REQUEST_RATE);
      double away = traits.scaled(rate) - slot.reference.level();
      if (away > Math.log(2)) {
        overload = Math.max(overload, clip((deviation(Signal.REQUEST_RATE, rate) - 3) / 3));
      }
    }
    return overload;
  }

  /** A failure ratio, the lower the fewer operations it stands on: 1 of 3 proves little. */
  private double proven(Signal failures, Signal rate) {
    double operations = near(rate) * since[failures.ordinal()] / 1000.0;
    double ratio = sample.value(failures);
    return Double.isNaN(operations) ? ratio : ratio * operations / (operations + 50);
  }

  /** Evidence that counts only as far as it is unusual here or among peers. */
  private void own(Evidence evidence, Signal signal, double strength) {
    if (sample.has(signal)) {
      level(evidence, signal, strength > 0 ? strength * unusual(signal) : 0);
    }
  }

  /** Evidence of a level: nothing while caches are cold after a restart. */
  private void level(Evidence evidence, Signal signal, double strength) {
    update(evidence, signal, settled ? strength : 0);
  }

  private void update(Evidence evidence, Signal signal, double strength) {
    int i = evidence.ordinal();
    double before = state.evidence[i];
    double after =
        before
            + (strength - before) * Decay.gain(since[signal.ordinal()], evidence.halfLifeMillis());
    state.evidence[i] = after < EntitySymptoms.NOTHING ? 0 : (float) after;
    state.evidenceMillis[i] = sample.timeMillis();
  }

  /** Evidence of events: a sum that fades. */
  private void rare(Evidence evidence, Signal signal, boolean counts) {
    if (!sample.has(signal)) {
      return;
    }
    int i = evidence.ordinal();
    double rate = sample.value(signal);
    double events =
        rate <= 0 ? 0 : Math.max(1, Math.rint(rate * since[signal.ordinal()] / HOUR_MILLIS));
    if (signal == Signal.RESTARTS || signal == Signal.REBOOTS) {
      events = Math.min(1, events); // the start time tells the last one only
    }
    double before =
        state.evidence[i]
            * Decay.left(sample.timeMillis() - state.evidenceMillis[i], evidence.halfLifeMillis());
    double after = Math.min(1000, before + (counts ? events : 0));
    state.evidence[i] = after < EntitySymptoms.NOTHING ? 0 : (float) after;
    state.evidenceMillis[i] = sample.timeMillis();
    rareAnomaly(signal, counts && events > 0, strength(evidence) > 0);
  }

  private void rareAnomaly(Signal signal, boolean happened, boolean matters) {
    Slot slot = slot(signal);
    boolean was = slot.sinceMillis != EntitySymptoms.NEVER;
    if (happened && matters) {
      if (!was) {
        slot.sinceMillis = sample.timeMillis();
      }
      slot.told = sample.timeMillis(); // of rare events: when the last one was
    }
    boolean is = slot.sinceMillis != EntitySymptoms.NEVER;
    if (!is) {
      return;
    }
    boolean over = sample.timeMillis() - slot.told >= RARE_QUIET_MILLIS;
    Anomaly anomaly =
        new Anomaly(signal, slot.sinceMillis, slot.last, 0, 1, over ? 0 : 1, !over, false);
    if (over) {
      ended.add(anomaly);
      slot.sinceMillis = EntitySymptoms.NEVER;
    } else {
      anomalies.add(anomaly);
      if (!was) {
        begun.add(anomaly);
      }
    }
  }

  // What a signal is against what is usual.

  private Slot slot(Signal signal) {
    Slot slot = state.slots[signal.ordinal()];
    if (slot == null) {
      throw new IllegalStateException("signal " + signal + " was not taken in");
    }
    return slot;
  }

  /** The signal now, or as last told when that is recent; else NaN. */
  private double near(Signal signal) {
    Slot slot = state.slots[signal.ordinal()];
    return slot != null && sample.timeMillis() - slot.lastMillis <= FRESH_MILLIS
        ? slot.last
        : Double.NaN;
  }

  /** Distance above the own level, on the signal's scale; 0 while it is not known. */
  private double above(Signal signal) {
    Slot slot = slot(signal);
    return slot.reference.count() < LEAST_SAMPLES
        ? 0
        : Traits.get(signal).scaled(slot.last) - slot.reference.level();
  }

  /** The same in spreads, which are taken wider while the history is short. */
  private double deviation(Signal signal, double value) {
    Slot slot = slot(signal);
    Traits traits = Traits.get(signal);
    return slot.reference.count() < LEAST_SAMPLES
        ? 0
        : (traits.scaled(value) - slot.reference.level())
            / (slot.reference.spread(traits.leastSpread) * widening);
  }

  /** How unusual a level is on the bad side, against the own past or against peers; 0 to 1. */
  private double unusual(Signal signal) {
    Slot slot = slot(signal);
    double own =
        slot.reference.count() < LEAST_SAMPLES
            ? 0.5 // nothing is known: what is bad in itself counts for half
            : clip((deviation(signal, slot.last) - 2) / 3);
    if (!Traits.get(signal).comparable || !comparePeers(signal, slot)) {
      return own;
    }
    double among = clip((peerScore.deviation - 3) / 4);
    // What all peers have too is no fault of this one.
    return peerScore.deviation < 1 ? 0.5 * own : Math.max(own, among);
  }

  private double decades(Signal signal, double from, double decades) {
    return decades(sample.value(signal), from, decades);
  }

  /** 0 at or below a value, 1 so many decades above it. */
  private static double decades(double value, double from, double decades) {
    return value > from ? Math.min(1, Math.log10(value / from) / decades) : 0;
  }

  private static double clip(double value) {
    return value > 0 ? Math.min(1, value) : 0; // NaN is nothing
  }

  // What it adds up to.

  /** Strength of a piece of evidence now, 0 to 1. */
  private double strength(Evidence evidence) {
    int i = evidence.ordinal();
    float held = state.evidence[i];
    if (held == 0) {
      return 0;
    }
    double age = (double) state.lastMillis - state.evidenceMillis[i];
    double now = held * Decay.left(age - FRESH_MILLIS, evidence.halfLifeMillis());
    return switch (evidence) {
      case LINK_CHANGES -> clip((now - 2) / 6);
      case RESTARTS -> clip((now - 1.3) / 3);
      case REBOOTS -> clip((now - 1.2) / 2.5);
      case IO_ERRORS -> now < 0.5 ? 0 : clip(0.1 + 0.9 * Math.log10(now));
      case CHECKSUMS -> ofChecksums(now);
      default -> Math.min(1, now / FULL_STRENGTH);
    };
  }

  /** Strength of so many places whose bytes were wrong, recent ones counted in full; 0 to 1. */
  static double ofChecksums(double wrong) {
    return wrong < 0.5 ? 0 : clip(0.35 + 0.65 * Math.log10(wrong));
  }

  private double contribution(Evidence evidence) {
    double weight = weights[evidence.ordinal()] * strength(evidence);
    return state.alone && (evidence == Evidence.SLOW_IO || evidence == Evidence.SLOW_REQUESTS)
        ? weight * policy.aloneFactor()
        : weight;
  }

  private Report report(double mature) {
    List<FailureMode> modes = modes();
    List<ModeAssessment> assessments = new ArrayList<>(modes.size());
    boolean notable =
        state.notableMillis == EntitySymptoms.NEVER
            || state.lastMillis - state.notableMillis >= policy.notableMillis()
            || !begun.isEmpty();
    double[] logOdds = new double[modes.size()];
    for (int m = 0; m < modes.size(); m++) {
      FailureMode mode = modes.get(m);
      double sum = logOdds(policy.priorOf(mode));
      for (Evidence each : EVIDENCE) {
        if (each.mode() == mode && state.evidence[each.ordinal()] != 0) {
          sum += contribution(each);
        }
      }
      logOdds[m] = sum;
      notable |= Math.abs(sum - state.notableLogOdds[m]) >= policy.notableNats();
      assessments.add(
          new ModeAssessment(
              mode,
              1 / (1 + Math.exp(-sum)),
              policy.horizonMillisOf(mode),
              MODEL,
              MODEL_VERSION,
              reasons(mode)));
    }
    if (notable) {
      state.notableMillis = state.lastMillis;
      System.arraycopy(logOdds, 0, state.notableLogOdds, 0, logOdds.length);
    }
    double confidence = confidence(mature, assessments);
    return new Report(
        new Finding(sample.entity(), sample.timeMillis(), confidence, state.samples, assessments),
        anomalies,
        begun,
        ended,
        notable);
  }

  private List<FailureMode> modes() {
    return switch (sample.scope()) {
      case MACHINE -> MACHINE_MODES;
      case DRIVE -> DRIVE_MODES;
      case PATH -> sample.entity().startsWith("edge/") ? EDGE_MODES : PAIR_MODES;
    };
  }

  private double maturity() {
    double age = (double) state.lastMillis - state.firstMillis;
    return Math.min(
        1, Math.min(age / policy.matureMillis(), (state.samples - 1.0) / policy.matureSamples()));
  }

  /**
   * Trust: it was watched long and often enough, the signals that tell most are there, and none
   * that was there has fallen silent. What is missing becomes a reason that adds nothing.
   */
  private double confidence(double mature, List<ModeAssessment> assessments) {
    int present = 0;
    int missing = 0;
    StringBuilder names = null;
    for (Signal signal : BY_SCOPE[sample.scope().ordinal()]) {
      Slot slot = state.slots[signal.ordinal()];
      if (slot == null || Traits.get(signal).conditional) {
        continue;
      }
      if (state.lastMillis - slot.lastMillis < policy.missingAfterMillis()) {
        present++;
        continue;
      }
      missing++;
      if (missing <= 3) {
        names = names == null ? new StringBuilder() : names.append(", ");
        names.append(signal.label());
      }
    }
    if (names != null && !assessments.isEmpty()) {
      ModeAssessment first = assessments.get(0);
      List<ReasonPart> reasons = new ArrayList<>(first.reasons());
      reasons.add(
          new ReasonPart(
              MISSING,
              missing,
              0,
              missing
                  + " of "
                  + (present + missing)
                  + " signals are no longer reported: "
                  + names
                  + (missing > 3 ? " and more" : "")));
      assessments.set(
          0,
          new ModeAssessment(
              first.mode(),
              first.probability(),
              first.horizonMillis(),
              first.model(),
              first.modelVersion(),
              reasons));
    }
    double reported = present == 0 ? 0 : (double) present / (present + missing);
    return (0.3 + 0.7 * mature) * (0.4 + 0.6 * families()) * reported;
  }

  /** Share of the kinds of signals that are known: each lets something be told. */
  private double families() {
    return switch (sample.scope()) {
      case MACHINE ->
          (known(Signal.NETWORK_ERROR_RATE, Signal.RETRANSMITS)
                  + known(Signal.REQUEST_RATE, Signal.PROCESSED_RATE)
                  + known(Signal.PROCESS_MEMORY, Signal.MEMORY_USED)
                  + known(Signal.RESTARTS, Signal.REBOOTS)
                  + known(Signal.CPU_BUSY, Signal.LOAD))
              / 5.0;
      case DRIVE ->
          (2 * known(Signal.DISK_LATENCY, Signal.DISK_LATENCY)
                  + known(Signal.DISK_IOPS, Signal.DISK_IOPS)
                  + known(Signal.DISK_UTILISATION, Signal.DISK_UTILISATION))
              / 4.0;
      case PATH ->
          (known(Signal.PATH_LATENCY, Signal.PATH_LATENCY_P99)
                  + known(Signal.PATH_RATE, Signal.PATH_RATE)
                  + known(Signal.PATH_ERRORS, Signal.PATH_LOSS))
              / 3.0;
    };
  }

  private int known(Signal one, Signal other) {
    return state.slots[one.ordinal()] != null || state.slots[other.ordinal()] != null ? 1 : 0;
  }

  private List<ReasonPart> reasons(FailureMode mode) {
    List<ReasonPart> reasons = null;
    for (Evidence each : EVIDENCE) {
      if (each.mode() != mode || state.evidence[each.ordinal()] == 0) {
        continue;
      }
      double contribution = contribution(each);
      if (contribution >= policy.reasonFloorNats()) {
        reasons = reasons == null ? new ArrayList<>(3) : reasons;
        reasons.add(reason(each, contribution));
      }
    }
    if (reasons == null) {
      return List.of();
    }
    reasons.sort(Comparator.comparingDouble(ReasonPart::contribution).reversed());
    return reasons.size() > policy.maximumReasons()
        ? reasons.subList(0, policy.maximumReasons())
        : reasons;
  }

  private ReasonPart reason(Evidence evidence, double contribution) {
    double held = state.evidence[evidence.ordinal()];
    double events =
        held
            * Decay.left(
                (double) state.lastMillis - state.evidenceMillis[evidence.ordinal()],
                evidence.halfLifeMillis());
    return switch (evidence) {
      case PACKET_ERRORS ->
          share(evidence, contribution, Signal.NETWORK_ERROR_RATE, " of packets are in error");
      case PACKET_DROPS ->
          share(evidence, contribution, Signal.NETWORK_DROP_RATE, " of packets are dropped");
      case RETRANSMITS ->
          share(evidence, contribution, Signal.RETRANSMITS, " of TCP segments are sent again");
      case REQUESTS_UNREACHED, REQUESTS_FAILED ->
          share(
              evidence,
              contribution,
              Signal.REQUEST_FAILURES,
              " of requests fail, and no overload explains it");
      case PATH_ERRORS -> share(evidence, contribution, Signal.PATH_ERRORS, " of operations fail");
      case PATH_LOSS -> share(evidence, contribution, Signal.PATH_LOSS, " is lost on the way");
      case MEMORY_PRESSURE ->
          share(
              evidence,
              contribution,
              Signal.MEMORY_PRESSURE,
              " of the time is lost waiting for memory");
      case IO_PRESSURE ->
          share(evidence, contribution, Signal.IO_PRESSURE, " of the time is lost waiting for I/O");
      case BUSY_IDLE ->
          share(
              evidence,
              contribution,
              Signal.DISK_UTILISATION,
              " of the time the disk is busy while it does less than usual");
      case SLOW_EDGE, SLOW_PATH -> slow(evidence, contribution, Signal.PATH_LATENCY, "latency");
      case SLOW_TAIL ->
          new ReasonPart(
              evidence.metric(),
              last(Signal.PATH_LATENCY_P99),
              contribution,
              "the slowest operations take "
                  + Figures.seconds(last(Signal.PATH_LATENCY_P99))
                  + ", usually "
                  + Figures.seconds(usually(Signal.PATH_LATENCY_P99)));
      case SLOW_REQUESTS -> slow(evidence, contribution, Signal.REQUEST_LATENCY, "a request");
      case SLOW_IO -> slow(evidence, contribution, Signal.DISK_LATENCY, "an I/O");
      case SLOW_REQUESTS_PEERS ->
          slowerThanPeers(evidence, contribution, Signal.REQUEST_LATENCY, "a request");
      case SLOW_IO_PEERS -> slowerThanPeers(evidence, contribution, Signal.DISK_LATENCY, "an I/O");
      case LINK_CHANGES ->
          new ReasonPart(
              evidence.metric(),
              events,
              contribution,
              "the link went up or down about "
                  + Figures.number(Math.rint(events))
                  + " times lately");
      case RESTARTS ->
          new ReasonPart(
              evidence.metric(),
              events,
              contribution,
              "the process was restarted about "
                  + Figures.number(Math.rint(events))
                  + " times in the last hours");
      case REBOOTS ->
          new ReasonPart(
              evidence.metric(),
              events,
              contribution,
              "the machine was restarted about "
                  + Figures.number(Math.rint(events))
                  + " times in the last hours");
      case ERROR_LOGS ->
          new ReasonPart(
              evidence.metric(),
              last(Signal.ERROR_LOGS),
              contribution,
              Figures.number(last(Signal.ERROR_LOGS))
                  + " error-log lines a second, usually "
                  + Figures.number(usually(Signal.ERROR_LOGS)));
      case MEMORY_GROWTH -> memoryReason(evidence, contribution);
      case QUEUE_GROWTH ->
          new ReasonPart(
              evidence.metric(),
              last(Signal.QUEUE),
              contribution,
              Figures.number(last(Signal.QUEUE))
                  + " wait, usually "
                  + Figures.number(usually(Signal.QUEUE))
                  + ", and no more work than usual is done");
      case CLOCK_OFFSET ->
          new ReasonPart(
              evidence.metric(),
              last(Signal.CLOCK_OFFSET),
              contribution,
              "the clock is off by " + Figures.seconds(last(Signal.CLOCK_OFFSET)));
      case IO_ERRORS ->
          new ReasonPart(
              evidence.metric(),
              events,
              contribution,
              "about " + Figures.number(Math.rint(events)) + " I/O errors in the last day");
      case CHECKSUMS ->
          new ReasonPart(
              evidence.metric(),
              events,
              contribution,
              "about "
                  + Figures.number(Math.rint(events))
                  + " blocks with a wrong checksum in the last day");
      case RAID_DEGRADED ->
          new ReasonPart(
              evidence.metric(),
              last(Signal.RAID_DEGRADED),
              contribution,
              Figures.number(last(Signal.RAID_DEGRADED)) + " disks are missing from RAID sets");
    };
  }

  private ReasonPart share(Evidence evidence, double contribution, Signal signal, String what) {
    return new ReasonPart(
        evidence.metric(),
        last(signal),
        contribution,
        Figures.share(last(signal)) + what + ", usually " + Figures.share(usually(signal)));
  }

  private ReasonPart slow(Evidence evidence, double contribution, Signal latency, String what) {
    LoadCurve curve = state.curve;
    String expected =
        curve == null || Double.isNaN(curveExpected)
            ? ""
            : ", at this load usually "
                + Figures.seconds(Traits.get(latency).unscaled(curveExpected));
    return new ReasonPart(
        evidence.metric(),
        last(latency),
        contribution,
        what + " takes " + Figures.seconds(last(latency)) + expected);
  }

  private ReasonPart slowerThanPeers(
      Evidence evidence, double contribution, Signal latency, String what) {
    Slot slot = state.slots[latency.ordinal()];
    double smooth = slot == null ? 0 : slot.smooth;
    return new ReasonPart(
        evidence.metric(),
        smooth,
        contribution,
        what
            + " takes "
            + Figures.seconds(smooth)
            + (Double.isNaN(peerExpected)
                ? ", more than with its peers"
                : ", with its peers under like load " + Figures.seconds(peerExpected)));
  }

  private ReasonPart memoryReason(Evidence evidence, double contribution) {
    MemoryTrend trend = state.memory;
    double hours = trend == null ? Double.POSITIVE_INFINITY : trend.hoursLeft();
    if (!Double.isFinite(hours)) {
      return new ReasonPart(
          evidence.metric(), 0, contribution, "memory grew steadily until a moment ago");
    }
    return new ReasonPart(
        evidence.metric(),
        hours,
        contribution,
        "memory grows steadily and runs out in about " + Figures.number(hours) + " hours");
  }

  private double last(Signal signal) {
    Slot slot = state.slots[signal.ordinal()];
    return slot == null ? 0 : slot.last;
  }

  private double usually(Signal signal) {
    Slot slot = state.slots[signal.ordinal()];
    return slot == null || slot.reference.count() == 0
        ? 0
        : Traits.get(signal).unscaled(slot.reference.level());
  }

  private static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }
}
