package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.FailureCorrelation;
import io.forestall.decisions.shadow.ShadowPlan;
import io.forestall.risk.Tier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the nouns that rows of {@link GuardState} and of sagas hold. Fields are only added
 * behind.
 */
public final class GuardRows {

  /** Version that is written now. */
  static final int VERSION = 1;

  /** Version of the rows of units; those of the first knew nothing of shadows. */
  static final int UNIT_VERSION = 2;

  private GuardRows() {}

  static void member(RowWriter out, @Nullable FleetMember member) {
    out.flag(member != null);
    if (member != null) {
      out.thing(member.subject());
      Place place = member.place();
      out.text(place.node()).text(place.rack()).text(place.zone());
      out.text(place.region()).text(place.pool());
      out.text(member.tier()).text(member.model());
      out.nullableLong(member.capacityBytes()).flag(member.synthetic());
    }
  }

  static @Nullable FleetMember member(RowReader in) {
    if (!in.flag()) {
      return null;
    }
    Subject subject = in.subject();
    Place place = new Place(in.text(), in.text(), in.text(), in.text(), in.text());
    return new FleetMember(
        subject, place, in.text(), in.nullableText(), in.nullableLong(), in.flag());
  }

  static void risk(RowWriter out, GuardInput.@Nullable RiskChanged risk) {
    out.flag(risk != null);
    if (risk != null) {
      out.thing(risk.entity()).text(risk.tier().name()).doubles(risk.score());
      out.doubles(risk.probability()).longs(risk.horizonMillis()).doubles(risk.confidence());
      out.flag(risk.stale()).longs(risk.timeMillis());
      out.text(risk.model()).nullableInt(risk.modelVersion());
    }
  }

  static GuardInput.@Nullable RiskChanged risk(RowReader in) {
    if (!in.flag()) {
      return null;
    }
    return new GuardInput.RiskChanged(
        in.subject(),
        in.constant(Tier.class, Tier.UNKNOWN),
        in.doubles(),
        in.doubles(),
        in.longs(),
        in.doubles(),
        in.flag(),
        in.longs(),
        in.nullableText(),
        in.nullableInt());
  }

  static void traits(RowWriter out, NodeTraits traits) {
    out.text(traits.driveModel()).text(traits.firmware()).text(traits.power());
    out.nullableDouble(traits.latencyMillis()).nullableLong(traits.pendingRequests());
  }

  static NodeTraits traits(RowReader in) {
    return new NodeTraits(
        in.nullableText(),
        in.nullableText(),
        in.nullableText(),
        in.nullableDouble(),
        in.nullableLong());
  }

  static void trace(RowWriter out, FailureCorrelation.Trace trace) {
    out.longs(trace.bucket()).bytes(trace.levels());
    out.list(trace.failures(), RowWriter::longs);
  }

  static FailureCorrelation.Trace trace(RowReader in) {
    return new FailureCorrelation.Trace(in.longs(), in.bytes(), in.list(RowReader::longs));
  }

  static void standing(RowWriter out, ShadowPlan.Standing standing) {
    ShadowPlan.Why why = standing.why();
    out.text(why == null ? null : why.name()).thing(standing.worry());
    out.longs(standing.neededSinceMillis()).thing(standing.spare());
    out.longs(standing.spareSinceMillis());
  }

  static ShadowPlan.Standing standing(RowReader in) {
    String why = in.nullableText();
    return new ShadowPlan.Standing(
        why == null ? null : ShadowPlan.Why.valueOf(why),
        in.nullableSubject(),
        in.longs(),
        in.nullableSubject(),
        in.longs());
  }

  static void unit(RowWriter out, GuardInput.UnitChanged unit) {
    out.text(unit.unit()).text(unit.volume()).thing(unit.owner()).longs(unit.epoch());
    out.list(unit.copies(), RowWriter::thing).ints(unit.minReplicas()).longs(unit.bytes());
    out.list(unit.shadows(), RowWriter::thing).list(unit.others(), RowWriter::thing);
    out.flag(unit.otherRegion());
  }

  static GuardInput.UnitChanged unit(RowReader in) {
    boolean first = in.version() < UNIT_VERSION;
    return new GuardInput.UnitChanged(
        in.text(),
        in.text(),
        in.subject(),
        in.longs(),
        in.list(RowReader::subject),
        in.ints(),
        in.longs(),
        first ? List.of() : in.list(RowReader::subject),
        first ? List.of() : in.list(RowReader::subject),
        !first && in.flag());
  }

  private static void step(RowWriter out, Proposal.UnitStep step) {
    out.text(step.unit()).longs(step.expectedEpoch()).longs(step.newEpoch());
  }

  private static Proposal.UnitStep step(RowReader in) {
    return new Proposal.UnitStep(in.text(), in.longs(), in.longs());
  }

  static void proposal(RowWriter out, @Nullable Proposal p) {
    out.flag(p != null);
    if (p == null) {
      return;
    }
    out.text(p.id()).text(p.act().name()).thing(p.subject()).text(p.pool()).text(p.zone());
    out.list(p.units(), GuardRows::step).thing(p.source()).thing(p.target());
    out.list(
        p.candidates(),
        (row, candidate) -> {
          row.thing(candidate.entity()).doubles(candidate.score());
          row.text(candidate.refusal() == null ? null : candidate.refusal().name());
          row.text(candidate.text());
        });
    out.text(p.decider()).text(p.reason());
    out.list(
        p.inputs(),
        (row, input) -> row.text(input.name()).nullableDouble(input.value()).text(input.text()));
    out.text(p.incident()).text(p.rule()).nullableInt(p.ruleVersion());
    out.text(p.model()).nullableInt(p.modelVersion());
    out.doubles(p.probability()).longs(p.horizonMillis()).doubles(p.confidence());
    out.longs(p.costBytes()).longs(p.expectedPauseMillis()).ints(p.priority());
    out.longs(p.timeMillis()).longs(p.expiresMillis()).text(p.lane()).texts(p.parameters());
  }

  static @Nullable Proposal proposal(RowReader in) {
    if (!in.flag()) {
      return null;
    }
    return new Proposal(
        in.text(),
        in.constant(ActKind.class, ActKind.UNKNOWN),
        in.subject(),
        in.text(),
        in.nullableText(),
        in.list(GuardRows::step),
        in.nullableSubject(),
        in.nullableSubject(),
        in.list(GuardRows::candidate),
        in.text(),
        in.text(),
        in.list(row -> new Proposal.InputValue(row.text(), row.nullableDouble(), row.text())),
        in.nullableText(),
        in.nullableText(),
        in.nullableInt(),
        in.nullableText(),
        in.nullableInt(),
        in.doubles(),
        in.longs(),
        in.doubles(),
        in.longs(),
        in.longs(),
        in.ints(),
        in.longs(),
        in.longs(),
        in.text(),
        in.texts());
  }

  private static Proposal.Candidate candidate(RowReader in) {
    Subject entity = in.subject();
    double score = in.doubles();
    String refusal = in.nullableText();
    return new Proposal.Candidate(entity, score, refusal == null ? null : code(refusal), in.text());
  }

  private static DecisionCode code(String name) {
    for (DecisionCode code : DecisionCode.values()) {
      if (code.name().equals(name)) {
        return code;
      }
    }
    return DecisionCode.UNKNOWN;
  }

  static void results(RowWriter out, List<GuardResult> results) {
    out.list(
        results,
        (row, result) -> {
          row.text(result.guard()).flag(result.passed()).text(result.code().name());
          row.nullableDouble(result.observed()).nullableDouble(result.limit());
          row.text(result.text());
        });
  }

  static List<GuardResult> results(RowReader in) {
    return in.list(
        row ->
            new GuardResult(
                row.text(),
                row.flag(),
                code(row.text()),
                row.nullableDouble(),
                row.nullableDouble(),
                row.text()));
  }

  /** Adds an admission. */
  public static void admission(RowWriter out, Admission a) {
    out.text(a.id()).ints(a.revision()).text(a.state().name()).text(a.proposal());
    out.text(a.act().name()).thing(a.subject()).text(a.pool()).text(a.zone()).flag(a.predicted());
    out.list(a.units(), GuardRows::step).thing(a.source()).thing(a.target());
    out.list(
        a.budget(),
        (row, share) -> row.text(share.scope()).doubles(share.amount()).doubles(share.left()));
    out.longs(a.sequence()).longs(a.issuedMillis()).longs(a.notBeforeMillis());
    out.longs(a.expiresMillis()).longs(a.timeMillis()).text(a.text()).texts(a.parameters());
  }

  /** Reads an admission. */
  public static Admission admission(RowReader in) {
    return new Admission(
        in.text(),
        in.ints(),
        Admission.State.valueOf(in.text()),
        in.text(),
        in.constant(ActKind.class, ActKind.UNKNOWN),
        in.subject(),
        in.text(),
        in.nullableText(),
        in.flag(),
        in.list(GuardRows::step),
        in.nullableSubject(),
        in.nullableSubject(),
        in.list(row -> new Admission.Share(row.text(), row.doubles(), row.doubles())),
        in.longs(),
        in.longs(),
        in.longs(),
        in.longs(),
        in.longs(),
        in.text(),
        in.texts());
  }
}
