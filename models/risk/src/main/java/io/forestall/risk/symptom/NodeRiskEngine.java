package io.forestall.risk.symptom;

import io.forestall.risk.Assessment;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.Tier;
import io.forestall.risk.TierMachine;
import io.forestall.risk.symptom.NodeRiskState.Disk;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Scores machines (nodes, event processors, head nodes) and volumes: own findings, blame and disks
 * become one score with tier, confidence and reasons. Rows A11, A15, G7, G18. Pure: time comes with
 * what is taken in. Not thread-safe.
 *
 * <p>Horizons differ. The headline speaks of the policy's horizon, 30 days by default. A disk's
 * probability is brought to it with a constant hazard. A mode that is told by symptoms speaks of an
 * hour to a day; what fails within the hour fails within the month, so its probability stands as it
 * is: a lower bound, for symptoms of today say nothing of next week. The modes add up as if they
 * were independent. Mode DISK of a machine is the probability that more of its disks fail within
 * the horizon than it can bear (Poisson-binomial), or that checksums and RAID sets foretell it:
 * those that it counts itself, and the bytes that others found to be not what it wrote.
 */
public final class NodeRiskEngine {
  /** Metric of the reason that names disks at risk. */
  public static final String DISKS_AT_RISK = "disks_at_risk";

  /** Metric of the reason that names bytes which others found to be wrong. */
  public static final String WRONG_BYTES = "wrong_bytes";

  /** Metric of the reason that names disks without a fresh score. */
  public static final String DISKS_SILENT = "disks_silent";

  private static final double STALE_CONFIDENCE = 0.5;

  /** Trust in the score of a machine of which only the disks are known. */
  private static final double DISKS_ONLY_CONFIDENCE = 0.4;

  /** Change of the score below which disks and blame give nothing new to say; points. */
  private static final double LEAST_CHANGE = 0.5;

  /** What was found wrong so long ago counts for nothing any more; milliseconds. */
  private static final long WRONG_LASTS_MILLIS = 3 * Evidence.CHECKSUMS.halfLifeMillis();

  /** Probability of mode DISK within its horizon while nothing speaks for it. */
  private static final double DISK_PRIOR = SymptomPolicy.defaults().priorOf(FailureMode.DISK);

  private static final double MINUTE_MILLIS = 60_000.0;
  private static final FailureMode[] MODES = {
    FailureMode.DISK, FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW
  };

  private final NodeRiskPolicy policy;
  private final RiskPolicy risk;
  private final RiskPolicy.Curve curve;
  private final TierMachine tiers;
  private final ModeModel model;
  private final ModeModel.Subject subject;

  /** An engine with this policy, for which each mode is as probable as the symptoms state. */
  public NodeRiskEngine(NodeRiskPolicy policy) {
    this(policy, ModeModel.none(), ModeModel.Subject.MACHINE);
  }

  /**
   * An engine with a model of what symptoms are worth.
   *
   * @param model gives each mode but DISK its probability
   * @param subject what is scored; what is only blamed counts as a link all the same
   */
  public NodeRiskEngine(NodeRiskPolicy policy, ModeModel model, ModeModel.Subject subject) {
    this.policy = policy;
    this.model = model;
    this.subject = subject;
    risk = policy.risk();
    curve = risk.curve();
    tiers = new TierMachine(risk);
  }

  /** The policy in use. */
  public NodeRiskPolicy policy() {
    return policy;
  }

  /**
   * Takes a finding of the machine itself in.
   *
   * @return what to say of it now, null when the finding is not newer than the one before
   */
  public @Nullable Assessment observe(NodeRiskState state, Finding own) {
    if (state.lastMillis != NodeRiskState.NEVER && own.timeMillis() <= state.lastMillis) {
      return null;
    }
    state.lastMillis = own.timeMillis();
    state.nowMillis = Math.max(state.nowMillis, own.timeMillis());
    state.samples++;
    state.confidence = Math.max(0, Math.min(1, own.confidence()));
    state.modes = NodeRiskState.bounded(own.modes());
    state.silences = 0;
    return conclude(state);
  }

  /**
   * Takes a finding that blames the machine in; it counts for a while and then fades.
   *
   * @return what to say of it now, null when there is nothing new to say
   */
  public @Nullable Assessment blame(NodeRiskState state, Finding blame) {
    if (state.blameMillis != NodeRiskState.NEVER && blame.timeMillis() <= state.blameMillis) {
      return null;
    }
    state.blameMillis = blame.timeMillis();
    state.nowMillis = Math.max(state.nowMillis, blame.timeMillis());
    state.blame = NodeRiskState.bounded(blame.modes());
    return whenChanged(state);
  }

  /**
   * Takes in that somebody found bytes of the machine to be others than it recorded when it wrote
   * them. Row E5.
   *
   * @param finding name of what was found: said again it counts once
   * @param timeMillis event time; epoch milliseconds
   * @return what to say of the machine now, null when it was known or is too old to count
   */
  public @Nullable Assessment foundWrong(NodeRiskState state, String finding, long timeMillis) {
    if (state.nowMillis != NodeRiskState.NEVER
        && state.nowMillis - timeMillis >= WRONG_LASTS_MILLIS) {
      return null;
    }
    if (!state.foundWrong(finding, timeMillis)) {
      return null;
    }
    state.nowMillis = Math.max(state.nowMillis, timeMillis);
    return conclude(state);
  }

  /**
   * Takes the score of one of its disks in.
   *
   * @return what to say of the machine now, null when there is nothing new to say
   */
  public @Nullable Assessment disk(NodeRiskState state, DiskShare share) {
    Disk disk = state.disks.get(share.disk());
    if (disk != null && share.timeMillis() < disk.timeMillis) {
      return null;
    }
    if (disk == null) {
      if (state.disks.size() >= policy.maximumDisks()) {
        state.disksLeftOut++;
        return null;
      }
      disk = new Disk();
      state.disks.put(share.disk(), disk);
    }
    disk.timeMillis = share.timeMillis();
    disk.probability = withinHorizon(share.probability(), share.horizonMillis());
    disk.score = share.score();
    disk.tier = share.tier();
    disk.stale = share.stale();
    disk.model = share.model();
    disk.modelVersion = share.modelVersion();
    state.nowMillis = Math.max(state.nowMillis, share.timeMillis());
    if (state.lastMillis == NodeRiskState.NEVER) {
      state.silences = 0;
    }
    return whenChanged(state);
  }

  /**
   * Forgets a disk that has left the machine.
   *
   * @param timeMillis event time; epoch milliseconds
   * @return what to say of the machine now, null when it did not know the disk or nothing is new
   */
  public @Nullable Assessment diskGone(NodeRiskState state, String disk, long timeMillis) {
    if (state.disks.remove(disk) == null) {
      return null;
    }
    state.nowMillis = Math.max(state.nowMillis, timeMillis);
    return whenChanged(state);
  }

  /**
   * True when nothing is known of the machine: it was never heard itself, none of its disks is
   * left, nobody blames it, and no bytes of it were found to be wrong. Such a state can be dropped.
   */
  public boolean knowsNothing(NodeRiskState state) {
    return state.lastMillis == NodeRiskState.NEVER
        && state.disks.isEmpty()
        && state.blame.isEmpty()
        && state.wrongBytes.isEmpty();
  }

  /**
   * What to say of a machine that has been silent; null when there is nothing new to say at this
   * time. Silence alone is never health: first the score is stale and its confidence falls, then
   * the tier is UNKNOWN. Blame and wrong bytes that have faded are spoken of here too.
   *
   * @param nowMillis event time; epoch milliseconds
   */
  public @Nullable Assessment silence(NodeRiskState state, long nowMillis) {
    long from = heardMillis(state);
    boolean blameFaded = !state.blame.isEmpty() && nowMillis >= blameEndMillis(state);
    boolean faded =
        state.wrongBytes.values().removeIf(at -> nowMillis - at >= WRONG_LASTS_MILLIS)
            || blameFaded;
    if (from == NodeRiskState.NEVER && !faded) {
      return null;
    }
    int due = state.silences;
    if (from != NodeRiskState.NEVER) {
      long silentMillis = nowMillis - from;
      due =
          silentMillis >= unknownAfterMillis(state)
              ? 2
              : silentMillis >= staleAfterMillis(state) ? 1 : 0;
    }
    if (due <= state.silences && !faded) {
      return null;
    }
    state.nowMillis = Math.max(state.nowMillis, nowMillis);
    state.silences = Math.max(due, state.silences);
    if (blameFaded) {
      state.blame = List.of();
    }
    return conclude(state);
  }

  /**
   * Event time at which {@link #silence} will next have something to say, {@code Long.MAX_VALUE}
   * for never; epoch milliseconds.
   */
  public long nextLookMillis(NodeRiskState state) {
    long from = heardMillis(state);
    long next = Long.MAX_VALUE;
    if (from != NodeRiskState.NEVER && state.silences < 2) {
      next = from + (state.silences == 0 ? staleAfterMillis(state) : unknownAfterMillis(state));
    }
    if (!state.wrongBytes.isEmpty()) {
      next = Math.min(next, Collections.min(state.wrongBytes.values()) + WRONG_LASTS_MILLIS);
    }
    return state.blame.isEmpty() ? next : Math.min(next, blameEndMillis(state));
  }

  /** When it was last heard: its own newest finding, else the newest score of a disk. */
  private static long heardMillis(NodeRiskState state) {
    if (state.lastMillis != NodeRiskState.NEVER) {
      return state.lastMillis;
    }
    long newest = NodeRiskState.NEVER;
    for (Disk disk : state.disks.values()) {
      newest = Math.max(newest, disk.timeMillis);
    }
    return newest;
  }

  private long staleAfterMillis(NodeRiskState state) {
    return state.lastMillis != NodeRiskState.NEVER
        ? risk.staleAfterMillis()
        : policy.diskStaleAfterMillis();
  }

  private long unknownAfterMillis(NodeRiskState state) {
    return state.lastMillis != NodeRiskState.NEVER
        ? risk.unknownAfterMillis()
        : policy.diskUnknownAfterMillis();
  }

  private long blameEndMillis(NodeRiskState state) {
    return state.blameMillis + 3 * policy.blameLastsMillis();
  }

  private @Nullable Assessment whenChanged(NodeRiskState state) {
    double before = state.score;
    boolean first = state.tierSinceMillis() == NodeRiskState.NEVER;
    Assessment assessment = conclude(state);
    if (!first
        && !assessment.tierChanged()
        && Math.abs(assessment.score() - before) < LEAST_CHANGE) {
      state.score = before; // so that many small steps are told in the end
      return null;
    }
    return assessment;
  }

  private Assessment conclude(NodeRiskState state) {
    long now = state.nowMillis;
    List<ModeAssessment> modes = new ArrayList<>(MODES.length);
    double survival = 1;
    for (FailureMode mode : MODES) {
      ModeAssessment assessment = mode(state, mode, now);
      if (assessment != null) {
        modes.add(assessment);
        survival *= 1 - assessment.probability();
      }
    }
    state.probability = Math.max(0, 1 - survival);
    state.score = curve.score(state.probability);
    boolean stale = state.silences > 0;
    double confidence = confidence(state, now);
    if (stale) {
      long from = heardMillis(state);
      double silentMillis = from == NodeRiskState.NEVER ? 0 : (double) now - from;
      double span = (double) unknownAfterMillis(state) - staleAfterMillis(state);
      confidence *=
          STALE_CONFIDENCE
              * Math.max(0, Math.min(1, 1 - (silentMillis - staleAfterMillis(state)) / span));
      addReason(
          modes,
          new ReasonPart(
              "silence",
              silentMillis / MINUTE_MILLIS,
              0,
              "nothing was heard for "
                  + duration(silentMillis)
                  + "; the score is that of the last sample"));
    }
    boolean changed =
        state.silences >= 2
            ? tiers.unknown(state, now)
            : tiers.move(state, state.score, confidence, now);
    return new Assessment(
        state.score,
        state.tier(),
        state.tierSinceMillis(),
        state.probability,
        risk.horizonMillis(),
        confidence,
        stale,
        changed,
        state.samples,
        now,
        modes);
  }

  private @Nullable ModeAssessment mode(NodeRiskState state, FailureMode mode, long now) {
    ModeAssessment own = find(state.modes, mode);
    if (mode == FailureMode.DISK) {
      return both(both(own, disks(state, now)), wrong(state, now));
    }
    ModeAssessment told = both(own, blamed(state, mode, now));
    // The state keeps what the symptoms state: a model that comes later, or with a restore, weighs
    // what is remembered too.
    return told == null ? null : model.calibrated(subjectOf(state), told);
  }

  private ModeModel.Subject subjectOf(NodeRiskState state) {
    boolean onlyBlamed = state.lastMillis == NodeRiskState.NEVER && state.disks.isEmpty();
    return onlyBlamed ? ModeModel.Subject.LINK : subject;
  }

  /** Two that speak for one mode, as if they were independent; the horizon is the first one's. */
  private @Nullable ModeAssessment both(
      @Nullable ModeAssessment own, @Nullable ModeAssessment other) {
    if (own == null || other == null) {
      return own == null ? other : own;
    }
    List<ReasonPart> reasons = new ArrayList<>(own.reasons());
    reasons.addAll(other.reasons());
    reasons.sort(Comparator.comparingDouble(ReasonPart::contribution).reversed());
    ModeAssessment louder = own.probability() >= other.probability() ? own : other;
    return new ModeAssessment(
        own.mode(),
        1 - (1 - own.probability()) * (1 - other.probability()),
        own.mode() == FailureMode.DISK ? risk.horizonMillis() : own.horizonMillis(),
        louder.model(),
        louder.modelVersion(),
        shortest(reasons));
  }

  /** The largest reasons; those that add nothing but say what is missing are kept. */
  private List<ReasonPart> shortest(List<ReasonPart> reasons) {
    if (reasons.size() <= risk.maximumReasons()) {
      return reasons;
    }
    List<ReasonPart> kept = new ArrayList<>(reasons.subList(0, risk.maximumReasons()));
    for (ReasonPart reason : reasons.subList(risk.maximumReasons(), reasons.size())) {
      if (reason.contribution() == 0) {
        kept.add(reason);
      }
    }
    return kept;
  }

  private @Nullable ModeAssessment blamed(NodeRiskState state, FailureMode mode, long now) {
    ModeAssessment blame = find(state.blame, mode);
    if (blame == null) {
      return null;
    }
    double age = (double) now - state.blameMillis - policy.blameLastsMillis();
    double left = Math.max(0, Math.min(1, 1 - age / (2.0 * policy.blameLastsMillis())));
    return left <= 0
        ? null
        : new ModeAssessment(
            mode,
            blame.probability() * left,
            blame.horizonMillis(),
            blame.model(),
            blame.modelVersion(),
            blame.reasons());
  }

  /** What wrong bytes that others found foretell, as those do that the machine counts itself. */
  private static @Nullable ModeAssessment wrong(NodeRiskState state, long now) {
    double recent = 0;
    for (long at : state.wrongBytes.values()) {
      recent += Decay.left(Math.max(0, (double) now - at), Evidence.CHECKSUMS.halfLifeMillis());
    }
    double nats = Evidence.CHECKSUMS.defaultWeight() * StandardSymptomEngine.ofChecksums(recent);
    if (nats <= 0) {
      return null;
    }
    int found = state.wrongBytes.size();
    String ranges = found == 1 ? "one range" : found + " ranges";
    return new ModeAssessment(
        FailureMode.DISK,
        1 / (1 + Math.exp(-(logOdds(DISK_PRIOR) + nats))),
        SymptomPolicy.defaults().horizonMillisOf(FailureMode.DISK),
        StandardSymptomEngine.MODEL,
        StandardSymptomEngine.MODEL_VERSION,
        List.of(
            new ReasonPart(
                WRONG_BYTES,
                found,
                nats,
                ranges + " of its copies held other bytes than it wrote, in the last days")));
  }

  /** The probability that more disks fail within the horizon than are tolerated. */
  private @Nullable ModeAssessment disks(NodeRiskState state, long now) {
    if (state.disks.isEmpty()) {
      return null;
    }
    int bearable = policy.disksTolerated();
    double[] failing = new double[bearable + 1]; // failing[k]: that exactly k fail
    failing[0] = 1;
    int atRisk = 0;
    int silent = 0;
    int counted = 0;
    String worst = "";
    double worstScore = -1;
    String model = "";
    int modelVersion = 0;
    for (Map.Entry<String, Disk> each : state.disks.entrySet()) {
      Disk disk = each.getValue();
      double age = (double) now - disk.timeMillis;
      silent += disk.stale || age >= policy.diskStaleAfterMillis() ? 1 : 0;
      if (age >= policy.diskUnknownAfterMillis()) {
        continue;
      }
      counted++;
      double p = disk.probability;
      for (int k = bearable; k >= 0; k--) {
        failing[k] = failing[k] * (1 - p) + (k > 0 ? failing[k - 1] * p : 0);
      }
      atRisk += disk.tier.compareTo(Tier.WATCH) >= 0 ? 1 : 0;
      if (disk.score > worstScore) {
        worstScore = disk.score;
        worst = each.getKey();
        model = disk.model;
        modelVersion = disk.modelVersion;
      }
    }
    double bearing = 0;
    for (double each : failing) {
      bearing += each;
    }
    double probability = Math.max(0, Math.min(1, 1 - bearing));
    List<ReasonPart> reasons = new ArrayList<>(2);
    if (atRisk > 0) {
      double nats =
          Math.max(0, logOdds(Math.max(1e-9, Math.min(1 - 1e-9, probability))) - logOdds(0.0001));
      reasons.add(
          new ReasonPart(
              DISKS_AT_RISK,
              atRisk,
              nats,
              atRisk
                  + " of its "
                  + state.disks.size()
                  + " disks "
                  + (atRisk == 1 ? "is" : "are")
                  + " at risk, worst "
                  + worst
                  + " with "
                  + Math.round(worstScore)
                  + " points; it can bear "
                  + bearable));
    }
    if (silent > 0) {
      reasons.add(
          new ReasonPart(
              DISKS_SILENT,
              silent,
              0,
              silent
                  + " of its "
                  + state.disks.size()
                  + (silent == 1 ? " disks is silent" : " disks are silent")));
    }
    return counted == 0 && reasons.isEmpty()
        ? null
        : new ModeAssessment(
            FailureMode.DISK,
            probability,
            risk.horizonMillis(),
            // Of the worst disk: who is stale or demoted there is so for the machine too.
            model.isEmpty() ? StandardSymptomEngine.MODEL : model,
            model.isEmpty() ? StandardSymptomEngine.MODEL_VERSION : modelVersion,
            reasons);
  }

  /** Trust: that of its own finding, the less the more of its disks are silent. */
  private double confidence(NodeRiskState state, long now) {
    double own = state.lastMillis == NodeRiskState.NEVER ? DISKS_ONLY_CONFIDENCE : state.confidence;
    if (state.disks.isEmpty()) {
      return state.lastMillis == NodeRiskState.NEVER ? 0.2 : own;
    }
    int silent = 0;
    for (Disk disk : state.disks.values()) {
      silent += disk.stale || now - disk.timeMillis >= policy.diskStaleAfterMillis() ? 1 : 0;
    }
    return own * (1 - 0.5 * silent / state.disks.size());
  }

  private double withinHorizon(double probability, long horizonMillis) {
    double p = Math.max(0, Math.min(1, probability));
    return horizonMillis == risk.horizonMillis() || horizonMillis <= 0
        ? p
        : 1 - Math.pow(1 - p, (double) risk.horizonMillis() / horizonMillis);
  }

  private static @Nullable ModeAssessment find(List<ModeAssessment> modes, FailureMode mode) {
    for (ModeAssessment each : modes) {
      if (each.mode() == mode) {
        return each;
      }
    }
    return null;
  }

  private static void addReason(List<ModeAssessment> modes, ReasonPart reason) {
    if (modes.isEmpty()) {
      return;
    }
    int worst = 0;
    for (int i = 1; i < modes.size(); i++) {
      worst = modes.get(i).probability() > modes.get(worst).probability() ? i : worst;
    }
    ModeAssessment mode = modes.get(worst);
    List<ReasonPart> reasons = new ArrayList<>(mode.reasons());
    reasons.add(0, reason);
    modes.set(
        worst,
        new ModeAssessment(
            mode.mode(),
            mode.probability(),
            mode.horizonMillis(),
            mode.model(),
            mode.modelVersion(),
            reasons));
  }

  private static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }

  private static String duration(double millis) {
    double minutes = millis / MINUTE_MILLIS;
    return minutes < 120
        ? Figures.number(Math.rint(minutes)) + " minutes"
        : minutes < 72 * 60
            ? Figures.number(Math.rint(minutes / 60)) + " hours"
            : Figures.number(Math.rint(minutes / 1440)) + " days";
  }
}
