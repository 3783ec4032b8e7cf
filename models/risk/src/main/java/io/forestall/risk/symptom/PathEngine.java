package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.signal.SignalState;
import java.io.DataInput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Watches what clients see of volumes and nodes of their peers: a baseline for each path, and what
 * the paths of one volume say together. Row A8. Pure. Not thread-safe.
 */
public final class PathEngine {
  private static final String PAIR = "pair/";
  private static final String EDGE = "edge/";

  /** A client that was silent for longer does not speak for the volume; milliseconds. */
  private static final long ACTIVE_MILLIS = 15 * 60_000L;

  /** Log-odds above the prior at which a client counts in full, and at which it is named. */
  private static final double FULL_NATS = 4;

  private static final double BAD_NATS = 1.5;

  /** Log-odds that all clients together add. */
  private static final double VOLUME_NATS = 8;

  private final SymptomPolicy policy;
  private final SymptomEngine engine;
  private final SignalDeriver deriver;

  /**
   * An engine.
   *
   * @param policy limits and weights
   * @param engine watches each path; used by this engine alone
   * @param deriver derives the signals of a path
   */
  public PathEngine(SymptomPolicy policy, SymptomEngine engine, SignalDeriver deriver) {
    this.policy = policy;
    this.engine = engine;
    this.deriver = deriver;
  }

  /**
   * What one sample of a path said.
   *
   * @param member what is remembered of the path now; to be stored under the path's key
   * @param report anomalies, baselines and modes of the path
   * @param group what the paths of the volume say together, null for the paths of a node and while
   *     nothing worth saying has changed
   * @param evicted keys of paths that are forgotten from now on; to be removed
   */
  public record PathReport(
      PathMember member,
      SymptomEngine.Report report,
      @Nullable Finding group,
      List<String> evicted) {
    public PathReport {
      evicted = List.copyOf(evicted);
    }
  }

  /**
   * Key of the group of a path: {@code volume/V} of {@code pair/V@C}, {@code node/A} of {@code
   * edge/A>B}.
   *
   * @throws IllegalArgumentException when it is no path
   */
  public static String group(String path) {
    if (path.startsWith(PAIR)) {
      int at = path.lastIndexOf('@');
      if (at > PAIR.length()) {
        return "volume/" + path.substring(PAIR.length(), at);
      }
    } else if (path.startsWith(EDGE)) {
      int at = path.indexOf('>');
      if (at > EDGE.length()) {
        return "node/" + path.substring(EDGE.length(), at);
      }
    }
    throw new IllegalArgumentException(
        path + " is no path: pair/volume@client or edge/from>to is expected");
  }

  /** What is remembered of a path of which nothing is known. */
  public PathMember freshMember() {
    return new PathMember(SignalState.fresh(), engine.fresh());
  }

  /**
   * Reads what {@link PathMember#write} wrote.
   *
   * @throws IOException when the bytes are no member
   */
  public PathMember readMember(DataInput in) throws IOException {
    return new PathMember(SignalState.read(in), engine.read(in));
  }

  /**
   * Takes one sample in.
   *
   * @param group the group of the path; moved on
   * @param member what is remembered of the path, null when nothing is; moved on
   * @param sample of scope PATH
   * @return null when the sample is not newer than the one before it: nothing has changed then
   */
  public @Nullable PathReport observe(
      PathGroup group, @Nullable PathMember member, EntitySample sample) {
    String path = sample.entity();
    String key = group(path);
    PathMember known = member == null ? freshMember() : member;
    SignalSample signals = deriver.derive(known.signals, sample, "");
    if (signals == null) {
      return null;
    }
    long now = sample.timeMillis();
    SymptomEngine.Report report = engine.observe(known.symptoms, signals, null);
    group.samples++;
    group.lastMillis = Math.max(group.lastMillis, now);
    PathGroup.Entry entry = group.entries.get(path);
    List<String> evicted = List.of();
    if (entry == null) {
      entry = new PathGroup.Entry();
      entry.lastMillis = now;
      // A newcomer is let in; the least active of the others makes room.
      if (group.entries.size() >= policy.maximumPathMembers()) {
        String least = group.leastActiveBut(path);
        if (least != null) {
          group.entries.remove(least);
          group.evicted++;
          evicted = List.of(least);
        }
      }
      group.entries.put(path, entry);
    }
    double rate = signals.value(Signal.PATH_RATE);
    double seconds = Math.min(now - entry.lastMillis, Decay.LONGEST_STEP_MILLIS) / 1000.0;
    entry.activity = entry.activityAt(now) + (Double.isNaN(rate) ? 0 : rate * seconds);
    entry.lastMillis = now;
    entry.slow = excess(report.finding(), FailureMode.FAIL_SLOW);
    entry.failing = excess(report.finding(), FailureMode.NETWORK);
    entry.confidence = (float) report.finding().confidence();
    Finding volume = path.startsWith(PAIR) ? volume(key, group, now) : null;
    return new PathReport(known, report, volume, evicted);
  }

  /** Log-odds of a mode above its prior; nats. */
  private float excess(Finding finding, FailureMode mode) {
    for (ModeAssessment each : finding.modes()) {
      if (each.mode() == mode) {
        return (float) Math.max(0, logOdds(each.probability()) - prior(mode));
      }
    }
    return 0;
  }

  /**
   * What the active clients of a volume say together: the volume is bad when most of them say so,
   * each counted by the logarithm of its activity; what one client of many says is the client's
   * matter, or the network's between.
   */
  private @Nullable Finding volume(String key, PathGroup group, long now) {
    double weights = 0;
    double slow = 0;
    double failing = 0;
    double confidence = 0;
    int active = 0;
    int slowClients = 0;
    int failingClients = 0;
    for (PathGroup.Entry entry : group.entries.values()) {
      double activity = entry.activityAt(now);
      if (now - entry.lastMillis > ACTIVE_MILLIS || activity < 1) {
        continue;
      }
      double weight = Math.log1p(activity);
      weights += weight;
      active++;
      slow += weight * Math.min(1, entry.slow / FULL_NATS);
      failing += weight * Math.min(1, entry.failing / FULL_NATS);
      confidence += weight * entry.confidence;
      slowClients += entry.slow >= BAD_NATS ? 1 : 0;
      failingClients += entry.failing >= BAD_NATS ? 1 : 0;
    }
    if (active == 0) {
      return null;
    }
    // A single client cannot tell the volume from itself: it counts for half.
    double alone = active == 1 ? 0.5 : 1;
    double slowNats = nats(slow / weights) * alone;
    double failingNats = nats(failing / weights) * alone;
    boolean due =
        group.saidMillis == Long.MIN_VALUE
            || now - group.saidMillis >= policy.notableMillis()
            || Math.abs(slowNats - group.saidSlow) >= policy.notableNats()
            || Math.abs(failingNats - group.saidFailing) >= policy.notableNats();
    if (!due || now <= group.saidMillis) {
      return null;
    }
    group.saidMillis = now;
    group.saidSlow = slowNats;
    group.saidFailing = failingNats;
    return new Finding(
        key,
        now,
        confidence / weights,
        group.samples,
        List.of(
            mode(FailureMode.FAIL_SLOW, slowNats, slowClients, active, "find it slow"),
            mode(FailureMode.NETWORK, failingNats, failingClients, active, "fail to reach it")));
  }

  /** Nothing below a third of the clients, all from two thirds. */
  private static double nats(double share) {
    return VOLUME_NATS * Math.max(0, Math.min(1, (share - 1.0 / 3) * 3));
  }

  private ModeAssessment mode(FailureMode mode, double nats, int saying, int active, String what) {
    return new ModeAssessment(
        mode,
        1 / (1 + Math.exp(-(prior(mode) + nats))),
        policy.horizonMillisOf(mode),
        StandardSymptomEngine.MODEL,
        StandardSymptomEngine.MODEL_VERSION,
        nats < policy.reasonFloorNats()
            ? List.of()
            : List.of(
                new ReasonPart(
                    "clients",
                    saying,
                    nats,
                    saying + " of " + active + " active clients " + what)));
  }

  private double prior(FailureMode mode) {
    return logOdds(policy.priorOf(mode));
  }

  private static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }

  /** What is usual for a path, one entry for each signal that is known. */
  public List<Baseline> baselines(PathMember member) {
    return engine.baselines(member.symptoms, null);
  }
}
