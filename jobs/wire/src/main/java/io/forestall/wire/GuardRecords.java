package io.forestall.wire;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.DecisionCode;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardResult;
import io.forestall.decisions.guard.Proposal;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Candidate;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Input;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.UnitEpoch;
import io.forestall.schemas.VolumeMap;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Between the guard's nouns and the records of the topics proposals, decisions and maps. What is
 * read is checked: every length has a limit and every number a range. Stateless; {@link
 * AdmissionRecords} does the same for the signed log. Row G6.
 */
public final class GuardRecords {

  /** Most units that an act may name; the decider splits larger ones. */
  public static final int MAX_UNITS = 4096;

  /** Most candidates that a proposal lists, as the contract says. */
  public static final int MAX_CANDIDATES = 100;

  /** Longest sentence, characters; a longer one that is written is cut. */
  public static final int MAX_TEXT_CHARS = 4096;

  private static final int MAX_INPUTS = 256;
  private static final int MAX_PARAMETERS = 64;

  private GuardRecords() {}

  /** The record of a proposal. */
  public static io.forestall.schemas.Proposal of(Proposal proposal) {
    io.forestall.schemas.Proposal record = new io.forestall.schemas.Proposal();
    record.setId(proposal.id());
    record.setAct(act(proposal.act()));
    record.setSubject(FleetEntries.entity(proposal.subject()));
    record.setPool(proposal.pool());
    record.setZone(proposal.zone());
    record.setUnits(units(proposal.units()));
    record.setSource(entity(proposal.source()));
    record.setTarget(entity(proposal.target()));
    List<Candidate> candidates = new ArrayList<>();
    for (Proposal.Candidate each : proposal.candidates()) {
      if (candidates.size() == MAX_CANDIDATES) {
        break;
      }
      DecisionCode refusal = each.refusal();
      candidates.add(
          new Candidate(
              FleetEntries.entity(each.entity()),
              each.score(),
              refusal == null ? null : refusal.name(),
              cut(each.text())));
    }
    record.setCandidates(candidates);
    record.setDecider(proposal.decider());
    record.setReason(cut(proposal.reason()));
    record.setInputs(inputs(proposal.inputs()));
    record.setIncident(proposal.incident());
    record.setRule(proposal.rule());
    record.setRuleVersion(proposal.ruleVersion());
    record.setModel(proposal.model());
    record.setModelVersion(proposal.modelVersion());
    record.setProbability(proposal.probability());
    record.setHorizonMillis(proposal.horizonMillis());
    record.setConfidence(proposal.confidence());
    record.setCostBytes(proposal.costBytes());
    record.setExpectedPauseMillis(proposal.expectedPauseMillis());
    record.setPriority(proposal.priority());
    record.setTimeMillis(proposal.timeMillis());
    record.setExpiresMillis(proposal.expiresMillis());
    record.setLane(proposal.lane());
    record.setParameters(proposal.parameters());
    return record;
  }

  /**
   * The proposal of a record.
   *
   * @throws WireException when it makes no sense: what, and what it should be
   */
  public static Proposal proposal(io.forestall.schemas.Proposal record) throws WireException {
    String what = "proposal";
    String id = id(record.getId(), what, "id");
    String field = what + " " + id;
    List<Proposal.Candidate> candidates = new ArrayList<>();
    atMost(record.getCandidates().size(), MAX_CANDIDATES, field, "candidates");
    for (Candidate each : record.getCandidates()) {
      String refusal = each.getRefusal();
      candidates.add(
          new Proposal.Candidate(
              subject(each.getEntity(), field, "candidate"),
              finite(each.getScore(), field, "score of a candidate"),
              refusal == null ? null : code(refusal),
              text(each.getText(), field, "text of a candidate")));
    }
    List<Proposal.InputValue> inputs = new ArrayList<>();
    atMost(record.getInputs().size(), MAX_INPUTS, field, "inputs");
    for (Input each : record.getInputs()) {
      inputs.add(
          new Proposal.InputValue(
              text(each.getName(), field, "name of an input"),
              each.getValue(),
              text(each.getText(), field, "text of an input")));
    }
    long timeMillis = time(record.getTimeMillis(), field, "timeMillis");
    long expiresMillis = time(record.getExpiresMillis(), field, "expiresMillis");
    if (expiresMillis <= timeMillis) {
      throw outOfRange(field, "expiresMillis", "later than timeMillis");
    }
    String lane = id(record.getLane(), field, "lane");
    return new Proposal(
        id,
        act(record.getAct()),
        subject(record.getSubject(), field, "subject"),
        id(record.getPool(), field, "pool"),
        optionalId(record.getZone(), field, "zone"),
        units(record.getUnits(), field),
        optional(record.getSource(), field, "source"),
        optional(record.getTarget(), field, "target"),
        candidates,
        id(record.getDecider(), field, "decider"),
        text(record.getReason(), field, "reason"),
        inputs,
        optionalId(record.getIncident(), field, "incident"),
        optionalId(record.getRule(), field, "rule"),
        record.getRuleVersion(),
        optionalId(record.getModel(), field, "model"),
        record.getModelVersion(),
        share(record.getProbability(), field, "probability"),
        notNegative(record.getHorizonMillis(), field, "horizonMillis"),
        share(record.getConfidence(), field, "confidence"),
        notNegative(record.getCostBytes(), field, "costBytes"),
        notNegative(record.getExpectedPauseMillis(), field, "expectedPauseMillis"),
        record.getPriority(),
        timeMillis,
        expiresMillis,
        lane,
        parameters(record.getParameters(), field));
  }

  /** The record of a decision. */
  public static Decision of(GuardDecision decision) {
    Proposal proposal = decision.proposal();
    Decision record = new Decision();
    record.setId(decision.id());
    record.setProposal(proposal.id());
    record.setAct(act(decision.act()));
    record.setSubject(FleetEntries.entity(proposal.subject()));
    record.setPool(proposal.pool());
    record.setZone(proposal.zone());
    record.setTarget(entity(proposal.target()));
    record.setOutcome(DecisionOutcome.valueOf(decision.outcome().name()));
    record.setCode(code(decision.code()));
    record.setText(cut(decision.text()));
    List<io.forestall.schemas.GuardResult> guards = new ArrayList<>();
    for (GuardResult each : decision.guards()) {
      guards.add(
          new io.forestall.schemas.GuardResult(
              each.guard(),
              each.passed(),
              code(each.code()),
              finiteOrNull(each.observed()),
              finiteOrNull(each.limit()),
              cut(each.text())));
    }
    record.setGuards(guards);
    record.setLockOwner(decision.lockOwner());
    record.setAdmission(decision.admission());
    record.setIncident(proposal.incident());
    record.setInputs(inputs(proposal.inputs()));
    record.setRule(proposal.rule());
    record.setRuleVersion(proposal.ruleVersion());
    record.setModel(proposal.model());
    record.setModelVersion(proposal.modelVersion());
    record.setPolicyVersion(decision.policyVersion());
    record.setMode(decision.acting() ? ActMode.ACT : ActMode.ADVISE);
    record.setApprovedBy(decision.approvedBy());
    record.setLagMillis(decision.lagMillis());
    record.setTimeMillis(decision.timeMillis());
    record.setLane(proposal.lane());
    return record;
  }

  /**
   * Where the copies of one unit of a map are.
   *
   * @param unit identifier
   * @param owner who may write
   * @param epoch epoch of the owner
   * @param copies nodes with a copy in sync, the owner first
   * @param minReplicas copies below which no act may go
   * @param bytes size of the unit
   * @param shadows nodes with a shadow that is in sync or on its way to be
   * @param others nodes with a copy that does not count: not in sync, on its way out, an archive
   */
  public record UnitCopies(
      String unit,
      Subject owner,
      long epoch,
      List<Subject> copies,
      int minReplicas,
      long bytes,
      List<Subject> shadows,
      List<Subject> others) {}

  /**
   * The units of a slice of a volume's map. A copy counts when it is in sync, whatever else it is
   * for, but for an archive, from which nobody can take over.
   *
   * @throws WireException when it makes no sense
   */
  public static List<UnitCopies> units(VolumeMap map) throws WireException {
    String field = "map of volume " + id(map.getVolume(), "map", "volume");
    atMost(map.getSegments().size(), 1024, field, "segments");
    List<UnitCopies> units = new ArrayList<>(map.getSegments().size());
    for (SegmentEntry segment : map.getSegments()) {
      String unit = id(segment.getUnit(), field, "unit");
      Subject owner = subject(segment.getOwner(), field, "owner");
      Set<Subject> copies = new LinkedHashSet<>();
      copies.add(owner);
      Set<Subject> shadows = new LinkedHashSet<>();
      Set<Subject> others = new LinkedHashSet<>();
      atMost(segment.getCopies().size(), 64, field, "copies of " + unit);
      for (Copy copy : segment.getCopies()) {
        Subject node = subject(copy.getNode(), field, "copy");
        if (copy.getState() == CopyState.IN_SYNC && copy.getRole() != CopyRole.ARCHIVE) {
          copies.add(node);
        } else {
          others.add(node);
        }
        if (copy.getRole() == CopyRole.SHADOW && copy.getState() != CopyState.RETIRING) {
          shadows.add(node);
        }
      }
      long segmentBytes = notNegative(map.getSegmentBytes(), field, "segmentBytes");
      long index = notNegative(segment.getIndex(), field, "index of " + unit);
      long behind = map.getVolumeBytes() - index * segmentBytes;
      units.add(
          new UnitCopies(
              unit,
              owner,
              notNegative(segment.getEpoch(), field, "epoch of " + unit),
              List.copyOf(copies),
              (int) notNegative(map.getMinReplicas(), field, "minReplicas"),
              behind > 0 ? Math.min(segmentBytes, behind) : segmentBytes,
              List.copyOf(shadows),
              List.copyOf(others)));
    }
    return units;
  }

  /** The contract's constant of a kind of act. */
  public static io.forestall.schemas.ActKind act(ActKind act) {
    return io.forestall.schemas.ActKind.valueOf(act.name());
  }

  /** The kind of act of the contract's constant; one that is not known here is UNKNOWN. */
  public static ActKind act(io.forestall.schemas.ActKind act) {
    try {
      return ActKind.valueOf(act.name());
    } catch (IllegalArgumentException e) {
      return ActKind.UNKNOWN;
    }
  }

  static io.forestall.schemas.DecisionCode code(DecisionCode code) {
    return io.forestall.schemas.DecisionCode.valueOf(code.name());
  }

  private static DecisionCode code(String name) {
    try {
      return DecisionCode.valueOf(name);
    } catch (IllegalArgumentException e) {
      return DecisionCode.UNKNOWN;
    }
  }

  /**
   * The thing of a reference.
   *
   * @param record what the reference stands in, for the sentence of a refusal
   * @throws WireException when it has no valid name or an unknown kind
   */
  public static Subject subject(EntityRef entity, String record, String field)
      throws WireException {
    try {
      return new Subject(Subject.Kind.valueOf(entity.getKind().name()), entity.getId());
    } catch (IllegalArgumentException e) {
      throw outOfRange(
          record, field, "a thing of the fleet with a name of 1 to " + Subject.MAX_ID_CHARS);
    }
  }

  static @Nullable Subject optional(@Nullable EntityRef entity, String record, String field)
      throws WireException {
    return entity == null ? null : subject(entity, record, field);
  }

  static @Nullable EntityRef entity(@Nullable Subject subject) {
    return subject == null ? null : FleetEntries.entity(subject);
  }

  static List<UnitEpoch> units(List<Proposal.UnitStep> units) {
    List<UnitEpoch> records = new ArrayList<>(units.size());
    for (Proposal.UnitStep unit : units) {
      records.add(new UnitEpoch(unit.unit(), unit.expectedEpoch(), unit.newEpoch()));
    }
    return records;
  }

  static List<Proposal.UnitStep> units(List<UnitEpoch> records, String record)
      throws WireException {
    atMost(records.size(), MAX_UNITS, record, "units");
    List<Proposal.UnitStep> units = new ArrayList<>(records.size());
    for (UnitEpoch each : records) {
      if (each.getExpectedEpoch() < 0 || each.getNewEpoch() <= each.getExpectedEpoch()) {
        throw outOfRange(record, "newEpoch of unit " + each.getUnit(), "above expectedEpoch");
      }
      units.add(
          new Proposal.UnitStep(
              id(each.getUnit(), record, "unit"), each.getExpectedEpoch(), each.getNewEpoch()));
    }
    return units;
  }

  private static List<Input> inputs(List<Proposal.InputValue> inputs) {
    List<Input> records = new ArrayList<>(inputs.size());
    for (Proposal.InputValue each : inputs) {
      if (records.size() == MAX_INPUTS) {
        break;
      }
      records.add(new Input(each.name(), finiteOrNull(each.value()), cut(each.text())));
    }
    return records;
  }

  static Map<String, String> parameters(Map<String, String> parameters, String record)
      throws WireException {
    atMost(parameters.size(), MAX_PARAMETERS, record, "parameters");
    for (Map.Entry<String, String> each : parameters.entrySet()) {
      text(each.getKey(), record, "name of a parameter");
      text(each.getValue(), record, "parameter " + each.getKey());
    }
    return parameters;
  }

  static String id(@Nullable String id, String record, String field) throws WireException {
    if (id == null || id.isBlank() || id.length() > Subject.MAX_ID_CHARS) {
      throw outOfRange(record, field, "1 to " + Subject.MAX_ID_CHARS + " characters long");
    }
    return id;
  }

  static @Nullable String optionalId(@Nullable String id, String record, String field)
      throws WireException {
    return id == null ? null : id(id, record, field);
  }

  static String text(String text, String record, String field) throws WireException {
    if (text.length() > MAX_TEXT_CHARS) {
      throw outOfRange(record, field, "at most " + MAX_TEXT_CHARS + " characters long");
    }
    return text;
  }

  static String cut(String text) {
    return text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS);
  }

  static long time(long millis, String record, String field) throws WireException {
    if (millis < FrameLimits.YEAR_2000_MILLIS || millis > FrameLimits.YEAR_2100_MILLIS) {
      throw new WireException(
          DeadReason.TIME_OUT_OF_RANGE,
          record + ": " + field + " is " + millis + ": it must lie in the years 2000 to 2099");
    }
    return millis;
  }

  static long notNegative(long value, String record, String field) throws WireException {
    if (value < 0) {
      throw outOfRange(record, field, "0 or more");
    }
    return value;
  }

  static double finite(double value, String record, String field) throws WireException {
    if (!Double.isFinite(value)) {
      throw new WireException(
          DeadReason.NOT_A_NUMBER, record + ": " + field + " is " + value + ", no finite number");
    }
    return value;
  }

  private static double share(double value, String record, String field) throws WireException {
    if (!(value >= 0 && value <= 1)) {
      throw outOfRange(record, field, "0 to 1");
    }
    return value;
  }

  private static @Nullable Double finiteOrNull(@Nullable Double value) {
    return value == null || !Double.isFinite(value) ? null : value;
  }

  static void atMost(int count, int limit, String record, String field) throws WireException {
    if (count > limit) {
      throw new WireException(
          DeadReason.TOO_LARGE, record + ": " + count + " " + field + ", more than " + limit);
    }
  }

  static WireException outOfRange(String record, String field, String must) {
    return new WireException(DeadReason.OUT_OF_RANGE, record + ": " + field + " must be " + must);
  }
}
