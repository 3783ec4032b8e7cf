package io.forestall.operators.decide;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.incident.Incident;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Proposal;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.WireException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a {@link DecideInput}. Those of policies, zones, models, scores, units and ends of acts
 * lie in state, so each format only grows, by the version. Stateless.
 */
final class DecideInputFormat {

  /**
   * Grew when members told their level, and when they told what they are made of and units who
   * holds their shadows, and when models could be demoted.
   */
  private static final int VERSION = 4;

  private static final int DEMOTION_VERSION = 4;

  private static final int TRAITS_VERSION = 3;

  // One byte for each sort, in the order in which they came to be.
  private static final int DEAD = 0;
  private static final int MEMBER = 1;
  private static final int RISK = 2;
  private static final int ZONE = 3;
  private static final int MODEL = 4;
  private static final int POLICY = 5;
  private static final int SLICE = 6;
  private static final int ACT = 7;
  private static final int ADMISSION_SEEN = 8;
  private static final int MAP = 9;
  private static final int POOL_INCIDENT = 20;
  private static final int POOL_PROPOSED = 21;
  private static final int POOL_MEMBER = 22;
  private static final int POOL_MEMBER_LEFT = 23;
  private static final int POOL_RISK = 24;
  private static final int POOL_ZONE = 25;
  private static final int POOL_UNIT = 26;
  private static final int POOL_ADMISSION = 27;
  private static final int POOL_ACT_ENDED = 28;
  private static final int POOL_MODEL = 29;
  private static final int POOL_UNIT_LEFT = 30;
  private static final int SAGA = 40;

  private static final Subject.Kind[] KINDS = Subject.Kind.values();
  private static final Severity[] SEVERITIES = Severity.values();
  private static final ActKind[] ACTS = ActKind.values();
  private static final Incident.State[] INCIDENT_STATES = Incident.State.values();
  private static final Admission.State[] ADMISSION_STATES = Admission.State.values();

  private DecideInputFormat() {}

  static void write(DecideInput input, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    if (input instanceof DecideInput.ForPool pool) {
      writeForPool(pool, out);
    } else if (input instanceof DecideInput.Dead dead) {
      out.writeByte(DEAD);
      AvroType.of(DeadLetter.class).serialize(dead.letter(), out);
    } else if (input instanceof DecideInput.MemberRead member) {
      out.writeByte(MEMBER);
      writeSubject(member.entity(), out);
      FleetMember described = member.member();
      out.writeBoolean(described != null);
      if (described != null) {
        writeMember(described, out);
      }
      writeLong(member.freeBytes(), out);
      out.writeByte(member.level());
      writeTraits(member.traits(), out);
    } else if (input instanceof DecideInput.ForSaga saga) {
      out.writeByte(SAGA);
      SagaInputFormat.write(saga, out);
    } else if (input instanceof DecideInput.MapRead map) {
      out.writeByte(MAP);
      SagaInputFormat.writeMap(map, out);
    } else if (input instanceof DecideInput.RiskRead risk) {
      out.writeByte(RISK);
      writeSubject(risk.entity(), out);
      GuardInput.RiskChanged changed = risk.risk();
      out.writeBoolean(changed != null);
      if (changed != null) {
        writeRisk(changed, out);
      }
    } else if (input instanceof DecideInput.ZoneRead zone) {
      out.writeByte(ZONE);
      out.writeUTF(zone.zone());
      Wired.writeText(zone.pool(), out);
      List<Subject> members = zone.members();
      out.writeBoolean(members != null);
      if (members != null) {
        writeSubjects(members, out);
      }
    } else if (input instanceof DecideInput.ModelRead model) {
      out.writeByte(MODEL);
      out.writeUTF(model.model());
      out.writeInt(model.version());
      out.writeLong(model.publishedMillis());
      Wired.writeText(model.demoted(), out);
    } else if (input instanceof DecideInput.PolicyRead policy) {
      out.writeByte(POLICY);
      out.writeUTF(policy.policy());
      byte[] value = policy.value();
      out.writeBoolean(value != null);
      if (value != null) {
        Wired.writeBytes(value, out);
      }
      out.writeInt(policy.partition());
      out.writeLong(policy.offset());
    } else if (input instanceof DecideInput.SliceRead slice) {
      out.writeByte(SLICE);
      out.writeUTF(slice.slice());
      out.writeUTF(slice.pool());
      out.writeInt(slice.units().size());
      for (GuardInput.UnitChanged unit : slice.units()) {
        writeUnit(unit, out);
      }
    } else if (input instanceof DecideInput.ActRead act) {
      out.writeByte(ACT);
      writeAct(act, out);
    } else if (input instanceof DecideInput.AdmissionSeen seen) {
      out.writeByte(ADMISSION_SEEN);
      out.writeUTF(seen.admission());
      out.writeUTF(seen.pool());
      out.writeBoolean(seen.ended());
    } else {
      throw new IOException("no format for " + input.getClass());
    }
  }

  private static void writeForPool(DecideInput.ForPool input, DataOutputView out)
      throws IOException {
    GuardInput inner = input.input();
    if (inner instanceof GuardInput.IncidentChanged incident) {
      head(POOL_INCIDENT, input, out);
      writeIncident(incident.incident(), out);
    } else if (inner instanceof GuardInput.Proposed proposed) {
      head(POOL_PROPOSED, input, out);
      AvroType.of(Proposal.class).serialize(GuardRecords.of(proposed.proposal()), out);
    } else if (inner instanceof GuardInput.MemberChanged member) {
      head(POOL_MEMBER, input, out);
      writeMember(member.member(), out);
      writeLong(member.freeBytes(), out);
      out.writeByte(member.level());
      writeTraits(member.traits(), out);
    } else if (inner instanceof GuardInput.MemberLeft left) {
      head(POOL_MEMBER_LEFT, input, out);
      writeSubject(left.member(), out);
    } else if (inner instanceof GuardInput.RiskChanged risk) {
      head(POOL_RISK, input, out);
      writeRisk(risk, out);
    } else if (inner instanceof GuardInput.ZoneChanged zone) {
      head(POOL_ZONE, input, out);
      out.writeUTF(zone.zone());
      writeSubjects(zone.members(), out);
    } else if (inner instanceof GuardInput.UnitChanged unit) {
      head(POOL_UNIT, input, out);
      writeUnit(unit, out);
    } else if (inner instanceof GuardInput.UnitLeft left) {
      head(POOL_UNIT_LEFT, input, out);
      out.writeUTF(left.unit());
    } else if (inner instanceof GuardInput.AdmissionRead read) {
      head(POOL_ADMISSION, input, out);
      AvroType.of(io.forestall.schemas.Admission.class)
          .serialize(new AdmissionRecords().unsigned(read.admission()), out);
    } else if (inner instanceof GuardInput.ActEnded ended) {
      head(POOL_ACT_ENDED, input, out);
      out.writeUTF(ended.admission());
      out.writeByte(ended.state().ordinal());
      out.writeUTF(ended.text());
    } else if (inner instanceof GuardInput.ModelPublished model) {
      head(POOL_MODEL, input, out);
      out.writeUTF(model.model());
      out.writeInt(model.version());
      out.writeLong(model.publishedMillis());
      Wired.writeText(model.demoted(), out);
    } else {
      // Started and PoliciesChanged are said by the brain itself and cross no edge.
      throw new IOException("no format for " + inner.getClass());
    }
  }

  private static void head(int tag, DecideInput.ForPool input, DataOutputView out)
      throws IOException {
    out.writeByte(tag);
    out.writeUTF(input.pool());
  }

  static DecideInput read(DataInputView in) throws IOException {
    int version = Wired.version(in, VERSION, "input of the decide job");
    int tag = in.readUnsignedByte();
    return switch (tag) {
      case DEAD -> new DecideInput.Dead(AvroType.of(DeadLetter.class).deserialize(in));
      case MEMBER ->
          new DecideInput.MemberRead(
              readSubject(in),
              in.readBoolean() ? readMember(in) : null,
              readLong(in),
              version >= 2 ? in.readUnsignedByte() : 0,
              readTraits(version, in));
      case SAGA -> SagaInputFormat.read(in);
      case MAP -> SagaInputFormat.readMap(in);
      case RISK ->
          new DecideInput.RiskRead(readSubject(in), in.readBoolean() ? readRisk(in) : null);
      case ZONE ->
          new DecideInput.ZoneRead(
              in.readUTF(), Wired.readText(in), in.readBoolean() ? readSubjects(in) : null);
      case MODEL ->
          new DecideInput.ModelRead(
              in.readUTF(), in.readInt(), in.readLong(), demoted(version, in));
      case POLICY ->
          new DecideInput.PolicyRead(
              in.readUTF(),
              in.readBoolean() ? Wired.readBytes(in) : null,
              in.readInt(),
              in.readLong());
      case SLICE -> {
        String slice = in.readUTF();
        String pool = in.readUTF();
        int count = in.readInt();
        List<GuardInput.UnitChanged> units = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
          units.add(readUnit(version, in));
        }
        yield new DecideInput.SliceRead(slice, pool, units);
      }
      case ACT -> readAct(in);
      case ADMISSION_SEEN ->
          new DecideInput.AdmissionSeen(in.readUTF(), in.readUTF(), in.readBoolean());
      default -> new DecideInput.ForPool(in.readUTF(), readInner(tag, version, in));
    };
  }

  private static @Nullable String demoted(int version, DataInputView in) throws IOException {
    return version >= DEMOTION_VERSION ? Wired.readText(in) : null;
  }

  private static GuardInput readInner(int tag, int version, DataInputView in) throws IOException {
    try {
      return switch (tag) {
        case POOL_INCIDENT -> new GuardInput.IncidentChanged(readIncident(in));
        case POOL_PROPOSED ->
            new GuardInput.Proposed(
                GuardRecords.proposal(AvroType.of(Proposal.class).deserialize(in)));
        case POOL_MEMBER ->
            new GuardInput.MemberChanged(
                readMember(in),
                readLong(in),
                version >= 2 ? in.readUnsignedByte() : GuardInput.MemberChanged.MAX_LEVEL,
                readTraits(version, in));
        case POOL_MEMBER_LEFT -> new GuardInput.MemberLeft(readSubject(in));
        case POOL_RISK -> readRisk(in);
        case POOL_ZONE -> new GuardInput.ZoneChanged(in.readUTF(), readSubjects(in));
        case POOL_UNIT -> readUnit(version, in);
        case POOL_UNIT_LEFT -> new GuardInput.UnitLeft(in.readUTF());
        case POOL_ADMISSION ->
            new GuardInput.AdmissionRead(
                new AdmissionRecords()
                    .checked(AvroType.of(io.forestall.schemas.Admission.class).deserialize(in)));
        case POOL_ACT_ENDED ->
            new GuardInput.ActEnded(
                in.readUTF(), ADMISSION_STATES[in.readUnsignedByte()], in.readUTF());
        case POOL_MODEL ->
            new GuardInput.ModelPublished(
                in.readUTF(), in.readInt(), in.readLong(), demoted(version, in));
        default -> throw new IOException("input of the decide job: sort " + tag + " is unknown");
      };
    } catch (WireException e) {
      throw new IOException("what was read before can be read again: " + e.getMessage(), e);
    }
  }

  static void writeAct(DecideInput.ActRead act, DataOutputView out) throws IOException {
    out.writeUTF(act.admission());
    out.writeByte(act.state().ordinal());
    out.writeUTF(act.text());
  }

  static DecideInput.ActRead readAct(DataInputView in) throws IOException {
    return new DecideInput.ActRead(
        in.readUTF(), ADMISSION_STATES[in.readUnsignedByte()], in.readUTF());
  }

  static void writeSubject(Subject subject, DataOutputView out) throws IOException {
    out.writeByte(subject.kind().ordinal());
    out.writeUTF(subject.id());
  }

  static Subject readSubject(DataInputView in) throws IOException {
    return new Subject(KINDS[in.readUnsignedByte()], in.readUTF());
  }

  static void writeSubjects(List<Subject> subjects, DataOutputView out) throws IOException {
    out.writeInt(subjects.size());
    for (Subject subject : subjects) {
      writeSubject(subject, out);
    }
  }

  static List<Subject> readSubjects(DataInputView in) throws IOException {
    int count = in.readInt();
    List<Subject> subjects = new ArrayList<>(Math.min(count, 4096));
    for (int i = 0; i < count; i++) {
      subjects.add(readSubject(in));
    }
    return subjects;
  }

  static void writeLong(@Nullable Long value, DataOutputView out) throws IOException {
    out.writeBoolean(value != null);
    if (value != null) {
      out.writeLong(value);
    }
  }

  static @Nullable Long readLong(DataInputView in) throws IOException {
    return in.readBoolean() ? (Long) in.readLong() : null;
  }

  private static void writeMember(FleetMember member, DataOutputView out) throws IOException {
    writeSubject(member.subject(), out);
    Place place = member.place();
    out.writeUTF(place.node());
    out.writeUTF(place.rack());
    out.writeUTF(place.zone());
    out.writeUTF(place.region());
    out.writeUTF(place.pool());
    out.writeUTF(member.tier());
    Wired.writeText(member.model(), out);
    writeLong(member.capacityBytes(), out);
    out.writeBoolean(member.synthetic());
  }

  private static FleetMember readMember(DataInputView in) throws IOException {
    return new FleetMember(
        readSubject(in),
        new Place(in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF()),
        in.readUTF(),
        Wired.readText(in),
        readLong(in),
        in.readBoolean());
  }

  static void writeRisk(GuardInput.RiskChanged risk, DataOutputView out) throws IOException {
    writeSubject(risk.entity(), out);
    out.writeByte(risk.tier().ordinal());
    out.writeDouble(risk.score());
    out.writeDouble(risk.probability());
    out.writeLong(risk.horizonMillis());
    out.writeDouble(risk.confidence());
    out.writeBoolean(risk.stale());
    out.writeLong(risk.timeMillis());
    Wired.writeText(risk.model(), out);
    Integer version = risk.modelVersion();
    writeLong(version == null ? null : version.longValue(), out);
  }

  static GuardInput.RiskChanged readRisk(DataInputView in) throws IOException {
    Subject entity = readSubject(in);
    io.forestall.risk.Tier tier = Wired.tier(in.readUnsignedByte());
    double score = in.readDouble();
    double probability = in.readDouble();
    long horizonMillis = in.readLong();
    double confidence = in.readDouble();
    boolean stale = in.readBoolean();
    long timeMillis = in.readLong();
    String model = Wired.readText(in);
    Long version = readLong(in);
    return new GuardInput.RiskChanged(
        entity,
        tier,
        score,
        probability,
        horizonMillis,
        confidence,
        stale,
        timeMillis,
        model,
        version == null ? null : version.intValue());
  }

  static void writeUnit(GuardInput.UnitChanged unit, DataOutputView out) throws IOException {
    out.writeUTF(unit.unit());
    out.writeUTF(unit.volume());
    writeSubject(unit.owner(), out);
    out.writeLong(unit.epoch());
    writeSubjects(unit.copies(), out);
    out.writeInt(unit.minReplicas());
    out.writeLong(unit.bytes());
    writeSubjects(unit.shadows(), out);
    writeSubjects(unit.others(), out);
    out.writeBoolean(unit.otherRegion());
  }

  private static GuardInput.UnitChanged readUnit(int version, DataInputView in) throws IOException {
    boolean first = version < TRAITS_VERSION;
    return new GuardInput.UnitChanged(
        in.readUTF(),
        in.readUTF(),
        readSubject(in),
        in.readLong(),
        readSubjects(in),
        in.readInt(),
        in.readLong(),
        first ? List.of() : readSubjects(in),
        first ? List.of() : readSubjects(in),
        !first && in.readBoolean());
  }

  private static void writeTraits(NodeTraits traits, DataOutputView out) throws IOException {
    Wired.writeText(traits.driveModel(), out);
    Wired.writeText(traits.firmware(), out);
    Wired.writeText(traits.power(), out);
    Double latency = traits.latencyMillis();
    out.writeBoolean(latency != null);
    if (latency != null) {
      out.writeDouble(latency);
    }
    writeLong(traits.pendingRequests(), out);
  }

  private static NodeTraits readTraits(int version, DataInputView in) throws IOException {
    return version < TRAITS_VERSION
        ? NodeTraits.UNKNOWN
        : new NodeTraits(
            Wired.readText(in),
            Wired.readText(in),
            Wired.readText(in),
            in.readBoolean() ? (Double) in.readDouble() : null,
            readLong(in));
  }

  private static void writeIncident(Incident incident, DataOutputView out) throws IOException {
    out.writeUTF(incident.id());
    out.writeInt(incident.revision());
    out.writeByte(incident.state().ordinal());
    out.writeByte(incident.severity().ordinal());
    out.writeUTF(incident.summary());
    writeSubject(incident.subject(), out);
    Wired.writeText(incident.pool(), out);
    out.writeBoolean(incident.predicted());
    out.writeDouble(incident.confidence());
    out.writeLong(incident.horizonMillis());
    out.writeByte(incident.recommendation().ordinal());
    Wired.writeText(incident.recommendationReason(), out);
    out.writeUTF(incident.rule());
    out.writeInt(incident.ruleVersion());
    out.writeUTF(incident.correlationKey());
    out.writeInt(incident.suspects().size());
    for (Incident.Suspect suspect : incident.suspects()) {
      writeSubject(suspect.entity(), out);
      out.writeDouble(suspect.weight());
      out.writeUTF(suspect.text());
    }
    writeSubjects(incident.affected(), out);
    out.writeInt(incident.events().size());
    for (Incident.Original event : incident.events()) {
      out.writeUTF(event.id());
      out.writeUTF(event.type());
      writeSubject(event.entity(), out);
      out.writeLong(event.timeMillis());
      out.writeBoolean(event.predicted());
    }
    out.writeLong(incident.eventCount());
    out.writeLong(incident.openedMillis());
    out.writeLong(incident.updatedMillis());
    writeLong(incident.resolvedMillis(), out);
    Wired.writeText(incident.inhibitedBy(), out);
    out.writeInt(incident.labels().size());
    for (Map.Entry<String, String> label : incident.labels().entrySet()) {
      out.writeUTF(label.getKey());
      out.writeUTF(label.getValue());
    }
  }

  private static Incident readIncident(DataInputView in) throws IOException {
    String id = in.readUTF();
    int revision = in.readInt();
    Incident.State state = INCIDENT_STATES[in.readUnsignedByte()];
    Severity severity = SEVERITIES[in.readUnsignedByte()];
    String summary = in.readUTF();
    Subject subject = readSubject(in);
    String pool = Wired.readText(in);
    boolean predicted = in.readBoolean();
    double confidence = in.readDouble();
    long horizonMillis = in.readLong();
    ActKind recommendation = ACTS[in.readUnsignedByte()];
    String recommendationReason = Wired.readText(in);
    String rule = in.readUTF();
    int ruleVersion = in.readInt();
    String correlationKey = in.readUTF();
    int suspectCount = in.readInt();
    List<Incident.Suspect> suspects = new ArrayList<>();
    for (int i = 0; i < suspectCount; i++) {
      suspects.add(new Incident.Suspect(readSubject(in), in.readDouble(), in.readUTF()));
    }
    List<Subject> affected = readSubjects(in);
    int eventCount = in.readInt();
    List<Incident.Original> events = new ArrayList<>();
    for (int i = 0; i < eventCount; i++) {
      events.add(
          new Incident.Original(
              in.readUTF(), in.readUTF(), readSubject(in), in.readLong(), in.readBoolean()));
    }
    long allEvents = in.readLong();
    long openedMillis = in.readLong();
    long updatedMillis = in.readLong();
    Long resolvedMillis = readLong(in);
    String inhibitedBy = Wired.readText(in);
    int labelCount = in.readInt();
    Map<String, String> labels = new HashMap<>();
    for (int i = 0; i < labelCount; i++) {
      labels.put(in.readUTF(), in.readUTF());
    }
    return new Incident(
        id,
        revision,
        state,
        severity,
        summary,
        subject,
        pool,
        predicted,
        confidence,
        horizonMillis,
        recommendation,
        recommendationReason,
        rule,
        ruleVersion,
        correlationKey,
        suspects,
        affected,
        events,
        allEvents,
        openedMillis,
        updatedMillis,
        resolvedMillis,
        inhibitedBy,
        labels);
  }
}
