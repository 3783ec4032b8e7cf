package io.forestall.operators.decide;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.risk.Tier;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Risk;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.Zone;
import io.forestall.schemas.ZoneMember;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.StandingRecords;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One reader for each topic that the decide job stands on, but for the policies, which the gate
 * behind their source reads. Rows C1, G4, G6.
 */
public final class DecideReaders {

  /** Label of a fleet entry that says how much space is free; bytes. */
  public static final String FREE_BYTES = "free-bytes";

  /** Label of a fleet entry: model of most drives of a node. */
  public static final String DRIVE_MODEL = "drive-model";

  /** Label of a fleet entry: firmware of most drives of a node. */
  public static final String FIRMWARE = "drive-firmware";

  /** Label of a fleet entry: feed of the node's power. */
  public static final String POWER = "power-feed";

  /** Label of a fleet entry: how long the node's requests take; milliseconds. */
  public static final String LATENCY = "latency-millis";

  /** Label of a fleet entry: how many requests wait at the node; count. */
  public static final String PENDING = "pending-requests";

  /** Label of a fleet entry with the level of the contract that a node declares, 0 to 2. */
  public static final String LEVEL = "forestall.level";

  /** Originals of an incident that the guard looks at; the incidents topic keeps all. */
  static final int MAX_ORIGINALS = 16;

  private static final int MAX_MEMBERS = 100_000;
  private static final int MAX_DEMOTION_CHARS = 500;

  private DecideReaders() {}

  /** Incidents, each for its pool. */
  public static DecideReader<io.forestall.schemas.Incident> incidents() {
    return new DecideReader<>(
        io.forestall.schemas.Incident.class,
        () ->
            (key, record, out) -> {
              if (record == null) {
                return;
              }
              Incident incident = IncidentRecords.incident(record);
              out.accept(
                  new DecideInput.ForPool(
                      pool(incident.pool()), new GuardInput.IncidentChanged(slim(incident))));
            },
        null);
  }

  /** Without the bulk of its originals, which would cross the network for nothing. */
  private static Incident slim(Incident incident) {
    if (incident.events().size() <= MAX_ORIGINALS) {
      return incident;
    }
    return new Incident(
        incident.id(),
        incident.revision(),
        incident.state(),
        incident.severity(),
        incident.summary(),
        incident.subject(),
        incident.pool(),
        incident.predicted(),
        incident.confidence(),
        incident.horizonMillis(),
        incident.recommendation(),
        incident.recommendationReason(),
        incident.rule(),
        incident.ruleVersion(),
        incident.correlationKey(),
        incident.suspects(),
        incident.affected(),
        incident.events().subList(0, MAX_ORIGINALS),
        incident.eventCount(),
        incident.openedMillis(),
        incident.updatedMillis(),
        incident.resolvedMillis(),
        incident.inhibitedBy(),
        incident.labels());
  }

  /**
   * Proposals of other deciders; the guard's own are known to it.
   *
   * @param own names of the deciders that run in this job
   */
  public static DecideReader<io.forestall.schemas.Proposal> proposals(Set<String> own) {
    Set<String> mine = Set.copyOf(own);
    return new DecideReader<>(
        io.forestall.schemas.Proposal.class,
        () ->
            (key, record, out) -> {
              if (record == null || mine.contains(record.getDecider())) {
                return;
              }
              Proposal proposal = GuardRecords.proposal(record);
              out.accept(
                  new DecideInput.ForPool(
                      pool(proposal.pool()), new GuardInput.Proposed(proposal)));
            },
        null);
  }

  /**
   * The log of admissions, each record checked.
   *
   * @param keys where the trusted keys are
   */
  public static DecideReader<io.forestall.schemas.Admission> admissions(GuardKeys keys) {
    return new DecideReader<>(
        io.forestall.schemas.Admission.class,
        () -> {
          Signatures.Trusted trusted = keys.trusted();
          AdmissionRecords records = new AdmissionRecords();
          return (key, record, out) -> {
            if (record == null) {
              throw new WireException(
                  DeadReason.MISSING_FIELD, "a tombstone takes back no admission");
            }
            if (!key.equals(record.getPool())) {
              throw new WireException(
                  DeadReason.WRONG_TYPE, "the key of an admission must be its pool");
            }
            Admission admission = records.admission(record, trusted);
            out.accept(
                new DecideInput.ForPool(admission.pool(), new GuardInput.AdmissionRead(admission)));
            if (admission.state() != Admission.State.STARTED) {
              out.accept(
                  new DecideInput.AdmissionSeen(
                      admission.id(),
                      admission.pool(),
                      admission.state() != Admission.State.ADMITTED));
            }
          };
        },
        null);
  }

  /** Scores of nodes, event processors and head nodes; those of disks are not even decoded. */
  public static DecideReader<Risk> risk() {
    return new DecideReader<>(
        Risk.class,
        () ->
            (key, record, out) -> {
              EntityRef entity = Keys.parse(key);
              if (entity == null) {
                throw new WireException(DeadReason.MISSING_FIELD, "a score needs the key kind/id");
              }
              Subject subject = GuardRecords.subject(entity, "score", "key");
              if (record == null) {
                out.accept(new DecideInput.RiskRead(subject, null));
                return;
              }
              if (!record.getEntity().equals(entity)) {
                throw new WireException(
                    DeadReason.WRONG_TYPE, "the key of a score must be its entity");
              }
              out.accept(new DecideInput.RiskRead(subject, risk(subject, record)));
            },
        DecideReaders::placed);
  }

  private static GuardInput.RiskChanged risk(Subject subject, Risk record) throws WireException {
    double score = record.getScore();
    double probability = record.getProbability();
    double confidence = record.getConfidence();
    if (!(score >= 0 && score <= 100)
        || !(probability >= 0 && probability <= 1)
        || !(confidence >= 0 && confidence <= 1)
        || record.getHorizonMillis() < 0) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE,
          "score of " + subject + ": score 0 to 100, probability and confidence 0 to 1");
    }
    // The model behind the likeliest mode: whose age the guard asks for.
    ModeRisk likeliest = null;
    for (ModeRisk mode : record.getModes()) {
      if (likeliest == null || mode.getProbability() > likeliest.getProbability()) {
        likeliest = mode;
      }
    }
    return new GuardInput.RiskChanged(
        subject,
        tier(record.getTier()),
        score,
        probability,
        record.getHorizonMillis(),
        confidence,
        record.getStale(),
        record.getTimeMillis(),
        likeliest == null ? null : likeliest.getModel(),
        likeliest == null ? null : (Integer) likeliest.getModelVersion());
  }

  private static Tier tier(io.forestall.schemas.Tier tier) {
    try {
      return Tier.valueOf(tier.name());
    } catch (IllegalArgumentException e) {
      return Tier.UNKNOWN;
    }
  }

  /** Where nodes, event processors and head nodes stand. */
  public static DecideReader<FleetEntry> fleet() {
    return new DecideReader<>(
        FleetEntry.class,
        () ->
            (key, record, out) -> {
              EntityRef entity = Keys.parse(key);
              if (entity == null) {
                throw new WireException(
                    DeadReason.MISSING_FIELD, "a fleet entry needs the key kind/id");
              }
              Subject subject = GuardRecords.subject(entity, "fleet entry", "key");
              if (record == null) {
                out.accept(new DecideInput.MemberRead(subject, null, null, 0));
                return;
              }
              FleetMember member = FleetEntries.member(record);
              if (member == null || !member.subject().equals(subject)) {
                throw new WireException(
                    DeadReason.WRONG_TYPE, "the key of a fleet entry must be its entity");
              }
              out.accept(
                  new DecideInput.MemberRead(
                      subject,
                      member,
                      freeBytes(record.getLabels().get(FREE_BYTES)),
                      level(record.getLabels().get(LEVEL)),
                      traits(record.getLabels())));
            },
        DecideReaders::placed);
  }

  private static @Nullable Long freeBytes(@Nullable String label) throws WireException {
    if (label == null) {
      return null;
    }
    try {
      long bytes = Long.parseLong(label.strip());
      if (bytes >= 0) {
        return bytes;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new WireException(
        DeadReason.OUT_OF_RANGE,
        "label " + FREE_BYTES + " of a fleet entry is a count of bytes, such as 1099511627776");
  }

  private static NodeTraits traits(Map<String, String> labels) throws WireException {
    return new NodeTraits(
        word(labels.get(DRIVE_MODEL)),
        word(labels.get(FIRMWARE)),
        word(labels.get(POWER)),
        measured(labels, LATENCY),
        pending(labels.get(PENDING)));
  }

  private static @Nullable String word(@Nullable String label) {
    return label == null || label.isBlank() || label.length() > Subject.MAX_ID_CHARS
        ? null
        : label.strip();
  }

  private static @Nullable Double measured(Map<String, String> labels, String name)
      throws WireException {
    String label = labels.get(name);
    if (label == null) {
      return null;
    }
    try {
      double value = Double.parseDouble(label.strip());
      if (value >= 0 && value < Double.POSITIVE_INFINITY) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new WireException(
        DeadReason.OUT_OF_RANGE,
        "label " + name + " of a fleet entry is a number of 0 or more, such as 1.5");
  }

  private static @Nullable Long pending(@Nullable String label) throws WireException {
    Double value = label == null ? null : measured(Map.of(PENDING, label), PENDING);
    return value == null ? null : Math.round(value);
  }

  private static int level(@Nullable String label) throws WireException {
    if (label == null) {
      return 0;
    }
    return switch (label.strip()) {
      case "0" -> 0;
      case "1" -> 1;
      case "2" -> 2;
      default ->
          throw new WireException(
              DeadReason.OUT_OF_RANGE, "label " + LEVEL + " of a fleet entry is 0, 1 or 2");
    };
  }

  /** Failure zones. */
  public static DecideReader<Zone> zones() {
    return new DecideReader<>(
        Zone.class,
        () ->
            (key, record, out) -> {
              if (key.isBlank() || key.length() > Subject.MAX_ID_CHARS) {
                throw new WireException(
                    DeadReason.MISSING_FIELD, "a zone needs its identifier as key");
              }
              if (record == null) {
                out.accept(new DecideInput.ZoneRead(key, null, null));
                return;
              }
              if (!record.getId().equals(key) || record.getMembers().size() > MAX_MEMBERS) {
                throw new WireException(
                    DeadReason.OUT_OF_RANGE,
                    "the key of a zone is its id, and it has at most " + MAX_MEMBERS + " members");
              }
              List<Subject> members = new ArrayList<>(record.getMembers().size());
              for (ZoneMember member : record.getMembers()) {
                members.add(GuardRecords.subject(member.getEntity(), "zone " + key, "member"));
              }
              out.accept(new DecideInput.ZoneRead(key, record.getPool(), members));
            },
        null);
  }

  /** Slices of the volumes' maps. */
  public static DecideReader<VolumeMap> maps() {
    return new DecideReader<>(
        VolumeMap.class,
        () ->
            (key, record, out) -> {
              if (key.isBlank()) {
                throw new WireException(
                    DeadReason.MISSING_FIELD, "a map needs the key volume/slice");
              }
              if (record == null) {
                out.accept(new DecideInput.SliceRead(key, "", List.of()));
                return;
              }
              if (!key.equals(record.getVolume() + "/" + record.getSlice())) {
                throw new WireException(
                    DeadReason.WRONG_TYPE, "the key of a map must be its volume/slice");
              }
              List<GuardInput.UnitChanged> units = new ArrayList<>();
              for (GuardRecords.UnitCopies unit : GuardRecords.units(record)) {
                units.add(
                    new GuardInput.UnitChanged(
                        unit.unit(),
                        record.getVolume(),
                        unit.owner(),
                        unit.epoch(),
                        unit.copies(),
                        unit.minReplicas(),
                        unit.bytes(),
                        unit.shadows(),
                        unit.others(),
                        record.getOtherRegion()));
              }
              out.accept(new DecideInput.SliceRead(key, pool(record.getPool()), units));
            },
        null);
  }

  /** Models as they are published; a retired one stays known by its time. */
  public static DecideReader<ModelRecord> models() {
    return new DecideReader<>(
        ModelRecord.class,
        () ->
            (key, record, out) -> {
              if (record != null) {
                if (record.getId().isBlank() || record.getId().length() > Subject.MAX_ID_CHARS) {
                  throw new WireException(
                      DeadReason.OUT_OF_RANGE, "the id of a model has 1 to 256 characters");
                }
                out.accept(
                    new DecideInput.ModelRead(
                        record.getId(),
                        record.getVersion(),
                        record.getPublishedMillis(),
                        demoted(record.getDemoted())));
              }
            },
        null);
  }

  private static @Nullable String demoted(String reason) {
    return reason.isBlank()
        ? null
        : reason.length() <= MAX_DEMOTION_CHARS ? reason : reason.substring(0, MAX_DEMOTION_CHARS);
  }

  /**
   * Answers to commands for the sagas, and ends of whole acts for the guard and for the sagas: one
   * that goes on from a checkpoint must not contradict what it said after it. An ack speaks of an
   * act as a whole when its command is the admission itself. Acks are not signed: an end releases
   * locks, so what is read here is only as trustworthy as those who may write the topic.
   */
  public static DecideReader<Ack> acks() {
    return new DecideReader<>(
        Ack.class,
        () ->
            (key, record, out) -> {
              if (record == null) {
                return;
              }
              if (record.getCommand().startsWith(ACT_PREFIX)) {
                end(record, out);
                return;
              }
              CommandAck ack = AckRecords.ack(record);
              // One from before acks named their pool answers nothing that a saga has asked.
              if (!ack.pool().isEmpty()) {
                out.accept(new DecideInput.ForSaga(ack.pool(), new SagaInput.Acked(ack), null));
              }
            },
        null);
  }

  private static void end(Ack record, Consumer<DecideInput> out) throws WireException {
    String admission = record.getCommand().substring(ACT_PREFIX.length());
    if (admission.isBlank() || admission.length() > Subject.MAX_ID_CHARS) {
      throw new WireException(DeadReason.OUT_OF_RANGE, "ack: the command names no admission");
    }
    Admission.State state = end(record);
    if (state == null) {
      return;
    }
    String text = record.getText();
    String shortened = text.length() > 1024 ? text.substring(0, 1024) : text;
    String pool = pool(record.getPool());
    if (pool.isEmpty()) {
      out.accept(new DecideInput.ActRead(admission, state, shortened));
      return;
    }
    out.accept(new DecideInput.ForPool(pool, new GuardInput.ActEnded(admission, state, shortened)));
    record.setText(shortened);
    out.accept(new DecideInput.ForSaga(pool, new SagaInput.Acked(AckRecords.ack(record)), null));
  }

  /**
   * The log of admissions for the sagas: the same records, with their signatures, which commands
   * carry. What does not count is told of by the guard's own reader.
   *
   * @param keys where the trusted keys are
   */
  public static DecideReader<io.forestall.schemas.Admission> sagaAdmissions(GuardKeys keys) {
    return new DecideReader<>(
        io.forestall.schemas.Admission.class,
        () -> {
          Signatures.Trusted trusted = keys.trusted();
          AdmissionRecords records = new AdmissionRecords();
          return (key, record, out) -> {
            if (record != null && key.equals(record.getPool())) {
              Admission admission = records.admission(record, trusted);
              out.accept(
                  new DecideInput.ForSaga(
                      admission.pool(), new SagaInput.AdmissionRead(admission), record));
            }
          };
        },
        null,
        true);
  }

  /**
   * The ownership log, for the sagas: a record with a forged admission goes on too, because the
   * fold says what it is worth.
   *
   * @param keys where the trusted keys are
   */
  public static DecideReader<Ownership> ownership(GuardKeys keys) {
    return new DecideReader<>(Ownership.class, () -> new OwnershipTaker(keys.trusted()), null);
  }

  private static final class OwnershipTaker implements DecideReader.Taker<Ownership> {
    private final Signatures.Trusted trusted;
    private final OwnershipRecords records = new OwnershipRecords();

    OwnershipTaker(Signatures.Trusted trusted) {
      this.trusted = trusted;
    }

    @Override
    public void take(String key, @Nullable Ownership record, Consumer<DecideInput> out) {
      throw new IllegalStateException("the fold of the ownership log needs the place of a record");
    }

    @Override
    public void takeAt(
        long offset, String key, @Nullable Ownership record, Consumer<DecideInput> out)
        throws WireException {
      if (record == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a tombstone takes back no ownership");
      }
      OwnershipEntry entry = records.entry(record, trusted);
      if (!key.equals(entry.pool())) {
        throw new WireException(
            DeadReason.WRONG_TYPE, "the key of a record of ownership must be its pool");
      }
      out.accept(
          new DecideInput.ForSaga(entry.pool(), new SagaInput.OwnershipRead(offset, entry), null));
    }
  }

  /** Slices of the volumes' maps for the sagas; what is wrong is told of by the other reader. */
  public static DecideReader<VolumeMap> sagaMaps() {
    return new DecideReader<>(
        VolumeMap.class,
        () ->
            (key, record, out) -> {
              if (record == null) {
                out.accept(new DecideInput.MapRead(key, null));
              } else if (key.equals(record.getVolume() + "/" + record.getSlice())) {
                out.accept(new DecideInput.MapRead(key, MapRecords.slice(record)));
              }
            },
        null,
        true);
  }

  /** How the shadows stand, for the sagas of their pools. */
  public static DecideReader<ShadowStatus> shadows() {
    return new DecideReader<>(
        ShadowStatus.class,
        () ->
            (key, record, out) -> {
              if (record == null) {
                return;
              }
              ShadowStanding standing = StandingRecords.standing(record);
              if (!key.equals(StandingRecords.key(standing))) {
                throw new WireException(
                    DeadReason.WRONG_TYPE, "the key of a shadow must be its unit/node");
              }
              // One from before shadows named their pool is said again within seconds.
              if (!standing.pool().isEmpty()) {
                out.accept(
                    new DecideInput.ForSaga(
                        standing.pool(), new SagaInput.ShadowStood(standing), null));
              }
            },
        null);
  }

  /** Begin of the command of an ack that speaks of a whole act; the admission follows. */
  public static final String ACT_PREFIX = "act/";

  private static Admission.@Nullable State end(Ack ack) {
    return switch (ack.getStatus()) {
      case DONE -> Admission.State.DONE;
      case REFUSED, FAILED ->
          ack.getCode() == AckCode.CANCELLED
              ? Admission.State.CANCELLED
              : ack.getCode() == AckCode.EXPIRED
                  ? Admission.State.EXPIRED
                  : Admission.State.GIVEN_BACK;
      default -> null;
    };
  }

  /** Whether the bytes are the key of a thing that holds or serves data as a machine. */
  static boolean placed(byte[] key) {
    for (byte[] prefix : PLACED) {
      if (key.length > prefix.length && startsWith(key, prefix)) {
        return true;
      }
    }
    return false;
  }

  private static final byte[][] PLACED = {
    "node/".getBytes(StandardCharsets.UTF_8),
    "processor/".getBytes(StandardCharsets.UTF_8),
    "head/".getBytes(StandardCharsets.UTF_8)
  };

  private static boolean startsWith(byte[] key, byte[] prefix) {
    for (int i = 0; i < prefix.length; i++) {
      if (key[i] != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  private static String pool(@Nullable String pool) throws WireException {
    if (pool == null) {
      return "";
    }
    if (pool.length() > Subject.MAX_ID_CHARS) {
      throw new WireException(
          DeadReason.OUT_OF_RANGE, "the name of a pool has 1 to 256 characters");
    }
    return pool;
  }
}
