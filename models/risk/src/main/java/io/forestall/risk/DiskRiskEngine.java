package io.forestall.risk;

import io.forestall.risk.symptom.Finding;
import io.forestall.risk.symptom.StandardSymptomEngine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Scores disks: features, models, probability, score, tier, confidence, reasons. Rows A5, A10, A12,
 * A15, G7, G18. Pure: time comes with the samples. Not thread-safe; one engine per thread serves
 * any number of disks.
 *
 * <p>Each model keeps its own memory of a disk. A new champion scores a disk only once its memory
 * is warm (as many steps as the policy asks, or as many as any other model has made); until then
 * the warm one before it goes on scoring, so that a swap never means a cold start. {@link
 * ModeAssessment#modelVersion} says who scored.
 *
 * <p>A challenger (published and not champion) can be asked what it says, {@link
 * Assessment#challenger}: its step is the one that warms it, its tiers move by the same policy, and
 * nothing else of the assessment depends on it.
 */
public final class DiskRiskEngine {
  private static final double FIRST_CONFIDENCE = 0.3;
  private static final double STALE_CONFIDENCE = 0.5;

  /** Trust in a score that stands on a disk's I/O alone, without a SMART counter. */
  private static final double SYMPTOMS_ONLY_CONFIDENCE = 0.6;

  private static final int CONFIDENT_SAMPLES = 8;
  private static final float FRESH_DAYS = 2f;
  private static final double DAY_MILLIS = 86_400_000.0;

  /**
   * Silence of a disk's I/O, once it has been heard, after which its score is stale: rates are
   * taken over half an hour at most, so that nothing for twice that long is silence. SMART
   * attributes come once a day and have the policy's patience.
   */
  static final long IO_STALE_AFTER_MILLIS = 3_600_000L;

  private final RiskPolicy policy;
  private final RiskPolicy.Curve curve;
  private final TierMachine tiers;
  private final FeatureExtractor extractor = new FeatureExtractor();
  private final Reasons reasons;
  private final Predicate<String> lane;
  private final ModeModel modeModel;
  private final Prepared own = new Prepared();
  private ModelSet models;
  private ModelSet.@Nullable Schedule schedule;

  /** An engine with this policy and these models; no challenger is asked. */
  public DiskRiskEngine(RiskPolicy policy, ModelSet models) {
    this(policy, models, ModeModel.none());
  }

  /**
   * An engine with a model of what slow I/O is worth; no challenger is asked.
   *
   * @param modeModel gives mode FAIL_SLOW its probability
   */
  public DiskRiskEngine(RiskPolicy policy, ModelSet models, ModeModel modeModel) {
    this(policy, models, modeModel, disk -> false);
  }

  /**
   * An engine that also asks the challenger, which is warmed in any case.
   *
   * @param modeModel gives mode FAIL_SLOW its probability
   * @param lane of which disks the challenger is asked, by their names
   */
  public DiskRiskEngine(
      RiskPolicy policy, ModelSet models, ModeModel modeModel, Predicate<String> lane) {
    this.policy = policy;
    this.models = models;
    this.modeModel = modeModel;
    this.lane = lane;
    curve = policy.curve();
    tiers = new TierMachine(policy);
    reasons = new Reasons(policy);
  }

  /** Uses another set of models from the next sample on. */
  public void use(ModelSet models) {
    this.models = models;
    schedule = null;
  }

  /** The models in use. */
  public ModelSet models() {
    return models;
  }

  /** The policy in use. */
  public RiskPolicy policy() {
    return policy;
  }

  /** Whether the sample may be scored: it must be newer than the last one. Changes nothing. */
  public Verdict check(DiskState state, DiskSample sample) {
    if (state.samples == 0 || sample.timeMillis() > state.lastTimeMillis) {
      return Verdict.ACCEPT;
    }
    return sample.timeMillis() == state.lastTimeMillis ? Verdict.DUPLICATE : Verdict.LATE;
  }

  /**
   * Scores one sample and moves the state on.
   *
   * @throws IllegalArgumentException when {@link #check} does not say ACCEPT
   * @throws IllegalStateException when no model is effective at the sample's time
   */
  public Assessment observe(DiskState state, DiskSample sample) {
    prepare(state, sample, own);
    Prepared.Part part = own.parts[0];
    return conclude(state, own, part.model().step(part.input, part.memory));
  }

  /**
   * First half of {@link #observe}: everything up to the step of the disk model that scores.
   *
   * @throws IllegalArgumentException as observe
   * @throws IllegalStateException as observe
   */
  public Prepared prepare(DiskState state, DiskSample sample) {
    Prepared prepared = new Prepared();
    prepare(state, sample, prepared);
    return prepared;
  }

  private void prepare(DiskState state, DiskSample sample, Prepared prepared) {
    long timeMillis = sample.timeMillis();
    ModelSet.Schedule now = scheduleAt(timeMillis);
    float[] input = prepared.parts[0].input;
    extractor.extract(state, sample, input);
    state.silences = 0;
    prepared.driveModel = sample.model();
    prepared.open = true;
    prepared.count = Math.min(now.rankings().size(), DiskState.MAXIMUM_SLOTS);

    // Who scores, by mode. The slots that are needed gather at the front of the list; what is left
    // behind them is retired.
    int needed = 0;
    for (int i = 0; i < prepared.count; i++) {
      ModelSet.Ranking ranking = now.rankings().get(i);
      ModelSet.Entry scorer = scorer(state, ranking);
      Prepared.Part part = prepared.parts[i];
      part.model = scorer.model();
      part.slot = need(state, scorer.model(), needed++);
      if (i > 0) {
        System.arraycopy(input, 0, part.input, 0, input.length);
      }
    }
    int scoring = needed;
    for (int i = 0; i < prepared.count; i++) {
      ModelSet.Ranking ranking = now.rankings().get(i);
      needed = needBeside(state, ranking.champion(), needed);
      if (ranking.byRank().size() > 1 && timeMillis < ranking.champion().rollbackUntilMillis()) {
        needed = needBeside(state, ranking.byRank().get(1), needed);
      }
      if (ranking.warming() != null) {
        needed = needBeside(state, ranking.warming(), needed);
      }
    }
    while (state.slots.size() > needed) {
      state.slots.remove(state.slots.size() - 1);
    }
    prepareChallenger(state, sample, prepared, now, scoring);
    for (int i = scoring; i < needed; i++) {
      if (prepared.besidePart < 0 || state.slots.get(i) != prepared.challenger.slot) {
        warm(state.slots.get(i), input, sample);
      }
    }
    for (int i = 0; i < prepared.count; i++) {
      Prepared.Part part = prepared.parts[i];
      SequenceModel model = part.model();
      DiskState.Slot slot = part.slot();
      part.input[FeatureExtractor.DRIVE_MODEL_HAZARD] = model.hazards().input(sample.model());
      part.kept = isDue(slot, model, timeMillis);
      if (part.memory.length != slot.memory.length) {
        part.memory = new float[slot.memory.length];
      }
      System.arraycopy(slot.memory, 0, part.memory, 0, slot.memory.length);
      if (i > 0) {
        part.logit = model.step(part.input, part.memory);
      }
    }
  }

  /** Steps the challenger when this disk is in its lane; that is its warming too. */
  private void prepareChallenger(
      DiskState state, DiskSample sample, Prepared prepared, ModelSet.Schedule now, int scoring) {
    prepared.besidePart = -1;
    for (int i = 0; i < prepared.count && prepared.besidePart < 0; i++) {
      ModelSet.Entry warming = now.rankings().get(i).warming();
      if (warming == null || !lane.test(sample.disk())) {
        continue;
      }
      SequenceModel model = warming.model();
      DiskState.Slot slot = state.slot(model.id(), model.version());
      if (slot == null || state.slots.indexOf(slot) < scoring) {
        continue; // there was no room for its memory
      }
      Prepared.Part part = prepared.challenger;
      part.model = model;
      part.slot = slot;
      System.arraycopy(prepared.parts[0].input, 0, part.input, 0, part.input.length);
      part.input[FeatureExtractor.DRIVE_MODEL_HAZARD] = model.hazards().input(sample.model());
      part.kept = isDue(slot, model, sample.timeMillis());
      if (part.memory.length != slot.memory.length) {
        part.memory = new float[slot.memory.length];
      }
      System.arraycopy(slot.memory, 0, part.memory, 0, slot.memory.length);
      part.logit = model.step(part.input, part.memory);
      if (part.kept) {
        keep(slot, part.memory, sample.timeMillis());
      }
      prepared.besidePart = i;
    }
    Challenger before = state.challenger;
    if (prepared.besidePart < 0) {
      state.challenger = null;
    } else if (before == null || before.slot != prepared.challenger.slot) {
      state.challenger = new Challenger(prepared.challenger.slot());
    }
  }

  /**
   * Second half of {@link #observe}, with the raw logit of the step.
   *
   * @throws IllegalStateException when this sample was concluded already
   */
  public Assessment conclude(DiskState state, Prepared prepared, float logit) {
    if (!prepared.open) {
      throw new IllegalStateException("A prepared sample is concluded once");
    }
    prepared.open = false;
    prepared.parts[0].logit = logit;
    List<ModeAssessment> modes = new ArrayList<>(prepared.count);
    for (int i = 0; i < prepared.count; i++) {
      Prepared.Part part = prepared.parts[i];
      SequenceModel model = part.model();
      double probability = model.probability(part.logit);
      modes.add(
          new ModeAssessment(
              model.mode(),
              probability,
              model.horizonMillis(),
              model.id(),
              model.version(),
              probability < policy.reasonFloor()
                  ? List.of()
                  : reasons.find(state, part, prepared.driveModel, probability)));
      if (part.kept) {
        keep(part.slot(), part.memory, state.lastTimeMillis);
      }
    }
    long now = state.lastTimeMillis;
    state.probability = probabilityOver(modes);
    DiskSymptoms symptoms = state.symptoms;
    List<ModeAssessment> all = modes;
    if (symptoms != null) {
      symptoms.base = state.probability;
      for (ModeAssessment mode : modes) {
        if (mode.mode() == FailureMode.DISK) {
          symptoms.keep(mode.reasons());
        }
      }
      Told told = withSymptoms(state, symptoms, modes, symptoms.base, now);
      state.probability = told.probability;
      all = told.modes;
    }
    state.score = curve.score(state.probability);
    state.confidence = confidence(state, prepared.parts[0]);
    boolean changed = tiers.move(state, state.score, state.confidence, now);
    return assessment(
        state,
        state.confidence,
        false,
        changed,
        now,
        all,
        prepared.besidePart < 0 ? null : challenger(state, prepared, modes));
  }

  /** What the challenger says of a sample: the same modes, but for the one that it scores. */
  private @Nullable Assessment challenger(
      DiskState state, Prepared prepared, List<ModeAssessment> champions) {
    Challenger seen = state.challenger;
    if (seen == null) {
      return null;
    }
    Prepared.Part part = prepared.challenger;
    SequenceModel model = part.model();
    double probability = model.probability(part.logit);
    List<ModeAssessment> modes = new ArrayList<>(champions);
    modes.set(prepared.besidePart, of(model, probability, List.of()));
    seen.base = probabilityOver(modes);
    seen.confidence = confidence(state, part);
    long now = state.lastTimeMillis;
    Told told = told(state, modes, seen.base, now);
    double score = curve.score(told.probability);
    boolean changed = tiers.move(seen, score, seen.confidence, now);
    if (seen.tier() != state.tier && probability >= policy.reasonFloor()) {
      // Reasons cost some sixty steps; where both agree those of the champion are enough.
      modes.set(
          prepared.besidePart,
          of(model, probability, reasons.find(state, part, prepared.driveModel, probability)));
      told = told(state, modes, seen.base, now);
    }
    seen.probability = told.probability;
    return assessment(state, seen, seen.confidence, false, changed, now, told.modes);
  }

  private static ModeAssessment of(
      SequenceModel model, double probability, List<ReasonPart> reasons) {
    return new ModeAssessment(
        model.mode(), probability, model.horizonMillis(), model.id(), model.version(), reasons);
  }

  /** The modes with what the I/O says, if anything was heard of it. */
  private Told told(DiskState state, List<ModeAssessment> modes, double base, long nowMillis) {
    DiskSymptoms symptoms = state.symptoms;
    return symptoms == null
        ? new Told(modes, base)
        : withSymptoms(state, symptoms, modes, base, nowMillis);
  }

  /** Probability over modes within the policy's horizon. */
  private double probabilityOver(List<ModeAssessment> modes) {
    if (modes.size() == 1 && modes.get(0).horizonMillis() == policy.horizonMillis()) {
      return modes.get(0).probability(); // 1 - (1 - p) would lose digits of a small p
    }
    double survival = 1;
    for (ModeAssessment mode : modes) {
      survival *=
          survivalWithin(policy.horizonMillis(), 1 - mode.probability(), mode.horizonMillis());
    }
    return 1 - survival;
  }

  /** The challenger, while it still is one; null when it is not. */
  private @Nullable Challenger stillChallenger(DiskState state, long nowMillis) {
    Challenger seen = state.challenger;
    if (seen == null) {
      return null;
    }
    for (ModelSet.Entry entry : models.entries()) {
      if (entry.model().version() == seen.slot.version
          && entry.model().id().equals(seen.slot.id)
          && !entry.isEffectiveAt(nowMillis)) {
        return seen;
      }
    }
    return null;
  }

  /**
   * Takes in what the disk's I/O says (mode FAIL_SLOW of its symptoms). From now on its assessment
   * has mode FAIL_SLOW too, and slowness together with rising errors raises mode DISK. Row A13.
   *
   * @param finding newest finding of the disk's symptoms
   * @return what to say of the disk now, null when the finding says nothing new: it is not newer
   *     than the one before, or has no mode FAIL_SLOW
   */
  public @Nullable Assessment finding(DiskState state, Finding finding) {
    DiskSymptoms before = state.symptoms;
    if (before != null && finding.timeMillis() <= before.timeMillis) {
      return null;
    }
    DiskSymptoms symptoms = DiskSymptoms.of(finding, before);
    if (symptoms == null) {
      return null;
    }
    if (before == null) {
      symptoms.base = state.probability;
    }
    state.symptoms = symptoms;
    long now = Math.max(finding.timeMillis(), state.lastTimeMillis);
    if (state.samples == 0) {
      state.silences = 0; // all that is heard of this disk is its I/O
    }
    List<ModeAssessment> modes = new ArrayList<>(2);
    if (state.samples > 0) {
      DiskState.Slot slot = state.slots.isEmpty() ? null : state.slots.get(0);
      modes.add(
          new ModeAssessment(
              FailureMode.DISK,
              symptoms.base,
              policy.horizonMillis(),
              slot == null ? "" : slot.id,
              slot == null ? 0 : slot.version,
              symptoms.diskReasons));
    }
    Told told = withSymptoms(state, symptoms, modes, symptoms.base, now);
    state.probability = told.probability;
    state.score = curve.score(state.probability);
    double confidence = state.confidence;
    double trust = 1;
    if (state.samples == 0) {
      confidence = symptoms.confidence * SYMPTOMS_ONLY_CONFIDENCE;
      state.confidence = confidence;
    } else if (state.silences > 0) {
      if (state.silences == 1
          && finding.timeMillis() - state.lastTimeMillis < policy.staleAfterMillis()) {
        state.silences = 0; // it was its I/O that had fallen silent
      } else {
        trust = STALE_CONFIDENCE;
      }
    }
    confidence *= trust;
    boolean changed = state.silences <= 1 && tiers.move(state, state.score, confidence, now);
    return assessment(
        state,
        confidence,
        state.silences > 0,
        changed,
        now,
        told.modes,
        challengerOfFinding(state, symptoms, trust, now));
  }

  private @Nullable Assessment challengerOfFinding(
      DiskState state, DiskSymptoms symptoms, double trust, long nowMillis) {
    Challenger seen = stillChallenger(state, nowMillis);
    if (seen == null) {
      return null;
    }
    ModeAssessment mode =
        new ModeAssessment(
            FailureMode.DISK,
            seen.base,
            policy.horizonMillis(),
            seen.slot.id,
            seen.slot.version,
            List.of());
    Told told = withSymptoms(state, symptoms, List.of(mode), seen.base, nowMillis);
    seen.probability = told.probability;
    double confidence = seen.confidence * trust;
    boolean changed =
        state.silences <= 1
            && tiers.move(seen, curve.score(told.probability), confidence, nowMillis);
    return assessment(state, seen, confidence, state.silences > 0, changed, nowMillis, told.modes);
  }

  /** Modes, and the probability over all of them. */
  private record Told(List<ModeAssessment> modes, double probability) {}

  /**
   * The modes with what the I/O says: mode FAIL_SLOW, and a lift of mode DISK.
   *
   * @param base probability over the modes without it
   */
  private Told withSymptoms(
      DiskState state,
      DiskSymptoms symptoms,
      List<ModeAssessment> modes,
      double base,
      long nowMillis) {
    List<ModeAssessment> all = new ArrayList<>(modes.size() + 1);
    double lift = symptoms.lift(nowMillis, state.lastRiseMillis);
    double survival = 1 - base;
    for (ModeAssessment mode : modes) {
      if (mode.mode() != FailureMode.DISK || lift <= 0) {
        all.add(mode);
        continue;
      }
      double lifted = lifted(mode.probability(), lift);
      survival *=
          survivalWithin(
              policy.horizonMillis(),
              (1 - lifted) / (1 - mode.probability()),
              mode.horizonMillis());
      List<ReasonPart> reasons = new ArrayList<>(mode.reasons());
      reasons.add(
          new ReasonPart(
              CrossSignal.METRIC,
              symptoms.slowNats,
              lift,
              "I/O became slow while error counters rise: together they foretell a failure"));
      reasons.sort(Comparator.comparingDouble(ReasonPart::contribution).reversed());
      all.add(
          new ModeAssessment(
              mode.mode(),
              lifted,
              mode.horizonMillis(),
              mode.model(),
              mode.modelVersion(),
              reasons.size() > policy.maximumReasons()
                  ? reasons.subList(0, policy.maximumReasons())
                  : reasons));
    }
    if (symptoms.isFresh(nowMillis)) {
      ModeAssessment slow =
          modeModel.calibrated(
              ModeModel.Subject.DRIVE,
              new ModeAssessment(
                  FailureMode.FAIL_SLOW,
                  symptoms.slowProbability,
                  symptoms.horizonMillis,
                  StandardSymptomEngine.MODEL,
                  StandardSymptomEngine.MODEL_VERSION,
                  symptoms.slowReasons));
      // Its horizon is a day: what fails within the day fails within the month.
      survival *= 1 - slow.probability();
      all.add(slow);
    }
    return new Told(all, Math.max(0, Math.min(1, 1 - survival)));
  }

  private static double lifted(double probability, double nats) {
    if (probability <= 0 || probability >= 1) {
      return probability;
    }
    double odds = probability / (1 - probability) * Math.exp(nats);
    return odds / (1 + odds);
  }

  /**
   * What to say of a disk that has been silent; null when there is nothing new to say at this time.
   * Silence alone is never health: first the score is stale and its confidence falls, then the tier
   * is UNKNOWN.
   *
   * @param nowMillis event time; epoch milliseconds
   */
  public @Nullable Assessment silence(DiskState state, long nowMillis) {
    long heardMillis = heardMillis(state);
    if (heardMillis == Long.MIN_VALUE) {
      return null;
    }
    long silentMillis = nowMillis - heardMillis;
    boolean ioSilent = nowMillis >= ioStaleMillis(state);
    int due =
        silentMillis >= policy.unknownAfterMillis()
            ? 2
            : silentMillis >= policy.staleAfterMillis() || ioSilent ? 1 : 0;
    if (due <= state.silences) {
      return null;
    }
    boolean ioAlone = silentMillis < policy.staleAfterMillis();
    state.silences = due;
    double span = (double) policy.unknownAfterMillis() - policy.staleAfterMillis();
    double left = Math.max(0, 1 - Math.max(0, silentMillis - policy.staleAfterMillis()) / span);
    double confidence = state.confidence * STALE_CONFIDENCE * left;
    boolean changed = false;
    if (due == 2 || confidence < policy.unknownBelowConfidence()) {
      changed = tiers.unknown(state, nowMillis);
    }
    List<ModeAssessment> modes = List.of();
    Assessment challenger = null;
    if (!state.slots.isEmpty()) { // the first slot is the one that scored last
      DiskState.Slot slot = state.slots.get(0);
      double days = silentMillis / DAY_MILLIS;
      ReasonPart why =
          new ReasonPart(
              "silence",
              days,
              0,
              ioAlone
                  ? "nothing is heard of its I/O any more; the score is that of the last sample"
                  : "no sample for "
                      + Reasons.days(days)
                      + "; the score is that of the last sample");
      modes =
          List.of(
              new ModeAssessment(
                  FailureMode.DISK,
                  state.probability,
                  policy.horizonMillis(),
                  slot.id,
                  slot.version,
                  List.of(why)));
      challenger = challengerOfSilence(state, due == 2, STALE_CONFIDENCE * left, nowMillis, why);
    }
    return assessment(state, confidence, true, changed, nowMillis, modes, challenger);
  }

  private @Nullable Assessment challengerOfSilence(
      DiskState state, boolean unknown, double trust, long nowMillis, ReasonPart why) {
    Challenger seen = stillChallenger(state, nowMillis);
    if (seen == null) {
      return null;
    }
    double confidence = seen.confidence * trust;
    boolean changed = false;
    if (unknown || confidence < policy.unknownBelowConfidence()) {
      changed = tiers.unknown(seen, nowMillis);
    }
    ModeAssessment mode =
        new ModeAssessment(
            FailureMode.DISK,
            seen.probability,
            policy.horizonMillis(),
            seen.slot.id,
            seen.slot.version,
            List.of(why));
    return assessment(state, seen, confidence, true, changed, nowMillis, List.of(mode));
  }

  /**
   * Event time at which {@link #silence} will next have something to say, {@code Long.MAX_VALUE}
   * for never; epoch milliseconds.
   */
  public long nextLookMillis(DiskState state) {
    long heardMillis = heardMillis(state);
    if (heardMillis == Long.MIN_VALUE || state.silences > 1) {
      return Long.MAX_VALUE;
    }
    return state.silences == 0
        ? Math.min(heardMillis + policy.staleAfterMillis(), ioStaleMillis(state))
        : heardMillis + policy.unknownAfterMillis();
  }

  /**
   * When the silence of the disk's I/O makes its score stale, {@code Long.MAX_VALUE} when there is
   * none to be heard: a sample without I/O since then means that its source sends none any more.
   */
  private static long ioStaleMillis(DiskState state) {
    DiskSymptoms symptoms = state.symptoms;
    return state.samples == 0
            || symptoms == null
            || symptoms.timeMillis + IO_STALE_AFTER_MILLIS <= state.lastTimeMillis
        ? Long.MAX_VALUE
        : symptoms.timeMillis + IO_STALE_AFTER_MILLIS;
  }

  /** When it was last heard: its last sample, and of a disk without one its I/O. */
  private static long heardMillis(DiskState state) {
    DiskSymptoms symptoms = state.symptoms;
    return state.samples > 0 || symptoms == null ? state.lastTimeMillis : symptoms.timeMillis;
  }

  private ModelSet.Schedule scheduleAt(long timeMillis) {
    ModelSet.Schedule now = schedule;
    if (now == null || !now.holdsAt(timeMillis)) {
      now = models.schedule(timeMillis);
      schedule = now;
    }
    if (now.rankings().isEmpty()) {
      throw new IllegalStateException(
          "No model is effective at "
              + timeMillis
              + ": the set must hold one from the beginning of time");
    }
    return now;
  }

  /** The highest ranked model whose memory of this disk is warm. */
  private ModelSet.Entry scorer(DiskState state, ModelSet.Ranking ranking) {
    List<ModelSet.Entry> byRank = ranking.byRank();
    if (byRank.size() == 1) {
      return byRank.get(0);
    }
    long most = 0;
    for (int i = 0; i < byRank.size(); i++) {
      most = Math.max(most, steps(state, byRank.get(i).model()));
    }
    long warm = Math.min(policy.warmSteps(), most);
    for (int i = 0; i < byRank.size(); i++) {
      if (steps(state, byRank.get(i).model()) >= warm) {
        return byRank.get(i);
      }
    }
    return byRank.get(0);
  }

  private static long steps(DiskState state, SequenceModel model) {
    DiskState.Slot slot = state.slot(model.id(), model.version());
    return slot == null || slot.memory.length != model.stateFloats() ? 0 : slot.steps;
  }

  private static int needBeside(DiskState state, ModelSet.Entry entry, int needed) {
    SequenceModel model = entry.model();
    for (int i = 0; i < needed; i++) {
      DiskState.Slot slot = state.slots.get(i);
      if (slot.version == model.version() && slot.id.equals(model.id())) {
        return needed;
      }
    }
    if (needed == DiskState.MAXIMUM_SLOTS) {
      return needed; // no room: it will be warmed when a slot is free, and until then another
      // scores
    }
    need(state, model, needed);
    return needed + 1;
  }

  /** Puts the model's slot at this place of the list, a new one when it has none that fits. */
  private static DiskState.Slot need(DiskState state, SequenceModel model, int place) {
    List<DiskState.Slot> slots = state.slots;
    for (int i = place; i < slots.size(); i++) {
      DiskState.Slot slot = slots.get(i);
      if (slot.version == model.version()
          && slot.memory.length == model.stateFloats()
          && slot.id.equals(model.id())) {
        if (i != place) {
          slots.remove(i);
          slots.add(place, slot);
        }
        return slot;
      }
    }
    DiskState.Slot slot = new DiskState.Slot(model.id(), model.version(), model.stateFloats());
    slots.add(place, slot);
    return slot;
  }

  /** Steps a model that does not score, when it is due. */
  private void warm(DiskState.Slot slot, float[] input, DiskSample sample) {
    for (ModelSet.Entry entry : models.entries()) {
      SequenceModel model = entry.model();
      if (model.version() == slot.version && model.id().equals(slot.id)) {
        if (isDue(slot, model, sample.timeMillis())) {
          input[FeatureExtractor.DRIVE_MODEL_HAZARD] = model.hazards().input(sample.model());
          model.warm(input, slot.memory);
          slot.steps++;
          slot.lastStepMillis = sample.timeMillis();
        }
        return;
      }
    }
  }

  private static boolean isDue(DiskState.Slot slot, SequenceModel model, long timeMillis) {
    return slot.steps == 0 || timeMillis - slot.lastStepMillis >= model.stepMillis();
  }

  private static void keep(DiskState.Slot slot, float[] memory, long timeMillis) {
    System.arraycopy(memory, 0, slot.memory, 0, memory.length);
    slot.steps++;
    slot.lastStepMillis = timeMillis;
  }

  private static double survivalWithin(long horizonMillis, double survival, long ofMillis) {
    return horizonMillis == ofMillis
        ? survival
        : Math.pow(survival, (double) horizonMillis / ofMillis);
  }

  /**
   * Trust in the probability: the counters that tell most are known and fresh, the disk was watched
   * long and often enough, and the model that scores has seen of it what it could.
   */
  private double confidence(DiskState state, Prepared.Part part) {
    float[] s = state.statistics;
    double others = 0;
    for (int counter = 0; counter < FeatureExtractor.ERROR_COUNTERS; counter++) {
      if (counter != DiskState.REALLOCATED
          && counter != DiskState.PENDING
          && counter != DiskState.HIGH_FLY) {
        others += freshness(s, counter);
      }
    }
    // Vendors differ in what they report beside 5 and 197; any two of the others count as a full
    // set.
    double coverage =
        0.35 * freshness(s, DiskState.REALLOCATED)
            + 0.35 * freshness(s, DiskState.PENDING)
            + 0.3 * Math.min(1, others / 2);
    double historyMillis = (double) state.lastTimeMillis - state.firstTimeMillis;
    double watched =
        Math.min(
            1,
            Math.min(
                historyMillis / policy.fullConfidenceMillis(),
                (state.samples - 1.0) / (CONFIDENT_SAMPLES - 1)));
    double possible =
        Math.min(
            policy.warmSteps(),
            Math.min(state.samples, 1 + historyMillis / part.model().stepMillis() * 0.75));
    double warm = Math.min(1, Math.max(1, part.slot().steps) / possible);
    return coverage * (FIRST_CONFIDENCE + (1 - FIRST_CONFIDENCE) * watched) * (0.5 + 0.5 * warm);
  }

  private static double freshness(float[] s, int counter) {
    if (Float.isNaN(s[DiskState.LAST + counter])) {
      return 0;
    }
    float stale = s[DiskState.UNSEEN_DAYS + counter] - FRESH_DAYS;
    return stale <= 0 ? 1 : Math.max(0, 1 - stale / (FeatureExtractor.KNOWN_DAYS - FRESH_DAYS));
  }

  private Assessment assessment(
      DiskState state,
      double confidence,
      boolean stale,
      boolean changed,
      long timeMillis,
      List<ModeAssessment> modes,
      @Nullable Assessment challenger) {
    return new Assessment(
        state.score,
        state.tier,
        state.tierSinceMillis,
        state.probability,
        policy.horizonMillis(),
        confidence,
        stale,
        changed,
        state.samples,
        timeMillis,
        modes,
        challenger);
  }

  private Assessment assessment(
      DiskState state,
      Challenger seen,
      double confidence,
      boolean stale,
      boolean changed,
      long timeMillis,
      List<ModeAssessment> modes) {
    return new Assessment(
        curve.score(seen.probability),
        seen.tier(),
        seen.tierSinceMillis(),
        seen.probability,
        policy.horizonMillis(),
        confidence,
        stale,
        changed,
        state.samples,
        timeMillis,
        modes);
  }
}
