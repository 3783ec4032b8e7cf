package io.forestall.app.console;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Severity;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.schemas.UnitEpoch;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.StandingRecords;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/**
 * Look-alikes of volumes and of acts that moved them, fed to {@link ActViews}: one that was
 * confirmed, one that was given back, one that goes on past its fence; and of a volume with a
 * shadow in sync whose bytes were once wrong, one that is built, and one that goes. Not
 * thread-safe.
 */
public final class TestingVolumes {
  public static final long NOW_MILLIS = TestingActs.NOW_MILLIS;
  public static final String POOL = "p-volumes";
  public static final String DONE = "a-done";
  public static final String GIVEN_BACK = "a-back";
  public static final String OPEN = "a-open";
  public static final String BUILT = "a-built";
  public static final String SWITCHED = "a-switched";

  /** What takes the records: views, or topics. */
  public interface Sink {
    void admission(io.forestall.schemas.Admission admission) throws WireException;

    void command(Command command) throws WireException;

    void ack(Ack ack) throws WireException;

    void event(Event event) throws WireException;

    void map(String key, VolumeMap map) throws WireException;

    void ownership(long offset, Ownership ownership, long timeMillis) throws WireException;

    void digest(Digest digest) throws WireException;

    void shadow(String key, @Nullable ShadowStatus status) throws WireException;
  }

  /** Where records go when they go to topics. */
  public interface Sender {
    void send(Topics topic, String key, byte @Nullable [] value) throws Exception;
  }

  /** Writes the records to their topics. */
  public record ToTopics(Sender sender) implements Sink {
    private <T extends SpecificRecordBase> void send(
        Topics topic, String key, Class<T> type, T record) {
      write(topic, key, AvroCodec.of(type).encode(record));
    }

    private void write(Topics topic, String key, byte @Nullable [] value) {
      try {
        sender.send(topic, key, value);
      } catch (Exception e) {
        throw new IllegalStateException(topic + " takes nothing", e);
      }
    }

    @Override
    public void admission(io.forestall.schemas.Admission admission) {
      send(Topics.ADMISSIONS, admission.getPool(), io.forestall.schemas.Admission.class, admission);
    }

    @Override
    public void command(Command command) {
      send(Topics.COMMANDS, Keys.of(command.getAddressee()), Command.class, command);
    }

    @Override
    public void ack(Ack ack) {
      send(Topics.ACKS, ack.getCommand(), Ack.class, ack);
    }

    @Override
    public void event(Event event) {
      send(Topics.EVENTS, Keys.of(event.getEntity()), Event.class, event);
    }

    @Override
    public void map(String key, VolumeMap map) {
      send(Topics.MAPS, key, VolumeMap.class, map);
    }

    @Override
    public void ownership(long offset, Ownership ownership, long timeMillis) {
      send(Topics.OWNERSHIP, ownership.getPool(), Ownership.class, ownership);
    }

    @Override
    public void digest(Digest digest) {
      send(Topics.DIGESTS, digest.getUnit(), Digest.class, digest);
    }

    @Override
    public void shadow(String key, @Nullable ShadowStatus status) {
      write(
          Topics.SHADOWS,
          key,
          status == null ? null : AvroCodec.of(ShadowStatus.class).encode(status));
    }
  }

  private record Views(ActViews acts) implements Sink {
    @Override
    public void admission(io.forestall.schemas.Admission admission) throws WireException {
      acts.admission(admission);
    }

    @Override
    public void command(Command command) {
      acts.command(command);
    }

    @Override
    public void ack(Ack ack) throws WireException {
      acts.ack(ack);
    }

    @Override
    public void event(Event event) throws WireException {
      acts.volumeEvent(event);
    }

    @Override
    public void map(String key, VolumeMap map) throws WireException {
      acts.map(key, map);
    }

    @Override
    public void ownership(long offset, Ownership ownership, long timeMillis) throws WireException {
      acts.ownership(0, offset, ownership, timeMillis);
    }

    @Override
    public void digest(Digest digest) throws WireException {
      acts.digest(digest);
    }

    @Override
    public void shadow(String key, @Nullable ShadowStatus status) throws WireException {
      acts.shadow(key, status);
    }
  }

  private final Sink sink;
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final Map<String, Admission> held = new HashMap<>();
  private long offset;
  private long number;

  TestingVolumes(ActViews acts) {
    this(new Views(acts));
  }

  public TestingVolumes(Sink sink) {
    this.sink = sink;
  }

  /** Tells all of it, in order. */
  public void feed() throws WireException {
    map("orders", 4, null);
    map("pictures", 2, "n-3 holds no copy any more: two of three are left");
    map("new", 1, null);
    for (int i = 0; i < 4; i++) {
      start("orders/" + i, "n-" + (1 + i % 3));
    }
    start("pictures/0", "n-1");
    start("pictures/1", "n-2");
    for (int i = 0; i < 4; i++) {
      progress("orders/" + i, "n-1", 4000 + i);
      progress("orders/" + i, "n-2", 4000);
      progress("orders/" + i, "n-3", 3990);
    }

    List<UnitStep> units = List.of(new UnitStep("orders/0", 1, 2), new UnitStep("orders/3", 1, 2));
    long at = NOW_MILLIS - 600_000;
    act(DONE, Admission.State.ADMITTED, ActKind.FAILOVER, true, "n-1", "n-2", units, at, "");
    step(DONE, "n-1", "CHECKING", "node/n-2 is asked whether it can.", at + 4);
    command("c-probe", CommandKind.PROBE, null, "n-2", "n-1", units, at + 5);
    ack("c-probe", "n-2", CommandAck.Status.DONE, CommandAck.Code.NONE, "", at + 11, Map.of());
    step(DONE, "n-1", "PREPARING", "node/n-2 can; it gets ready.", at + 14);
    command("c-prepare", CommandKind.PREPARE, DONE, "n-2", "n-1", units, at + 15);
    ack(
        "c-prepare",
        "n-2",
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        "It follows both units.",
        at + 24,
        Map.of());
    step(DONE, "n-1", "INSTRUCTED", "node/n-2 is told to take over.", at + 26);
    command("c-promote", CommandKind.PROMOTE, DONE, "n-2", "n-1", units, at + 27);
    command("c-demote", CommandKind.DEMOTE, DONE, "n-1", "n-1", units, at + 27);
    takeover(DONE, "n-2", units, at + 33);
    step(DONE, "n-1", "FENCED", "The takeover counts: node/n-2 is the owner.", at + 37);
    step(DONE, "n-1", "PROMOTED", "node/n-2 serves.", at + 61);
    ack(
        "c-promote",
        "n-2",
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        "It serves both units.",
        at + 58,
        Map.of(SagaValues.TAKEOVER_MILLIS, 28.0));
    step(DONE, "n-1", "MAPPED", "The maps say so.", at + 70);
    step(DONE, "n-1", "CONFIRMED", "", at + 92);
    pause("orders", "c-web-1", 41, at + 66);
    pause("orders", "c-batch", 47, at + 68);
    act(
        DONE,
        Admission.State.DONE,
        ActKind.FAILOVER,
        true,
        "n-1",
        "n-2",
        units,
        at,
        "node/n-2 serves 2 units of node/n-1.");

    List<UnitStep> picture = List.of(new UnitStep("pictures/1", 1, 2));
    at = NOW_MILLIS - 300_000;
    act(GIVEN_BACK, Admission.State.ADMITTED, ActKind.MIGRATE, true, "n-2", "n-3", picture, at, "");
    step(GIVEN_BACK, "n-2", "CHECKING", "node/n-3 is asked whether it can.", at + 3);
    command("c-full", CommandKind.PREPARE, GIVEN_BACK, "n-3", "n-2", picture, at + 5);
    ack(
        "c-full",
        "n-3",
        CommandAck.Status.REFUSED,
        CommandAck.Code.NO_SPACE,
        "1 GiB is free, 4 GiB are needed.",
        at + 9,
        Map.of());
    act(
        GIVEN_BACK,
        Admission.State.GIVEN_BACK,
        ActKind.MIGRATE,
        true,
        "n-2",
        "n-3",
        picture,
        at,
        "PREPARE: node/n-3 answers NO_SPACE: 1 GiB is free, 4 GiB are needed.");

    List<UnitStep> death = List.of(new UnitStep("orders/2", 1, 2));
    at = NOW_MILLIS - 2_000;
    act(OPEN, Admission.State.ADMITTED, ActKind.FAILOVER, false, "n-3", "n-1", death, at, "");
    step(OPEN, "n-3", "CHECKING", "node/n-1 is asked whether it can.", at + 3);
    step(OPEN, "n-3", "INSTRUCTED", "node/n-1 is told to take over.", at + 240);
    command("c-late", CommandKind.PROMOTE, OPEN, "n-1", "n-3", death, at + 241);
    ack("c-late", "n-1", CommandAck.Status.RECEIVED, CommandAck.Code.NONE, "", at + 246, Map.of());
    takeover(OPEN, "n-1", death, at + 252);
    step(OPEN, "n-3", "FENCED", "The takeover counts: node/n-1 is the owner.", at + 258);
  }

  /** Tells of a volume whose three segments have a shadow each; the first one was switched over. */
  public void feedShadows() throws WireException {
    List<UnitStep> reports = List.of(new UnitStep("reports/0", 1, 2));
    long at = NOW_MILLIS - 900_000;
    shadowMap();
    for (int i = 0; i < 3; i++) {
      start("reports/" + i, "n-1");
    }
    act(BUILT, Admission.State.ADMITTED, ActKind.SHADOW, true, "n-1", "n-4", reports, at, "");
    step(BUILT, "n-1", "BUILDING", "The maps name node/n-4.", at + 30);
    act(BUILT, Admission.State.DONE, ActKind.SHADOW, true, "n-1", "n-4", reports, at, "In sync.");
    at = NOW_MILLIS - 800_000;
    act(
        SWITCHED,
        Admission.State.ADMITTED,
        ActKind.SWITCHOVER,
        true,
        "n-1",
        "n-4",
        reports,
        at,
        "");
    step(SWITCHED, "n-1", "INSTRUCTED", "64 MB to drain, a pause of about 90 ms.", at + 10);
    takeover(SWITCHED, "n-4", reports, at + 20);
    step(SWITCHED, "n-1", "FENCED", "The takeover counts: node/n-4 is the owner.", at + 24);
    pause("reports", "c-web-1", 83, at + 90);
    act(
        SWITCHED,
        Admission.State.DONE,
        ActKind.SWITCHOVER,
        true,
        "n-1",
        "n-4",
        reports,
        at,
        "node/n-4 serves reports/0.");
    stands("reports/0", "n-5", "IN_SYNC", 0, 0, 4, NOW_MILLIS - 60_000);
    stands("reports/1", "n-4", "COPYING", 700, 96L << 20, 0, NOW_MILLIS - 40_000);
    stands("reports/1", "n-4", "COPYING", 800, 64L << 20, 0, NOW_MILLIS - 30_000);
    stands("reports/2", "n-5", "IN_SYNC", 12, 0, 3, NOW_MILLIS - 1_000);
    stands("reports/2", "n-gone", "IN_SYNC", 4_000, 0, 0, NOW_MILLIS);
    sink.shadow("reports/2/n-gone", null);
    diverged("reports/0", "n-5", Severity.ERROR, true, 3L << 20);
    diverged("reports/0", "n-5", Severity.ERROR, true, 3L << 20);
    diverged("reports/2", "n-5", Severity.ERROR, false, 0);
  }

  private void shadowMap() throws WireException {
    List<MapSegment> all = new ArrayList<>();
    String[][] shadows = {{"n-5", "IN_SYNC"}, {"n-4", "COPYING"}, {"n-5", "RETIRING"}};
    for (int i = 0; i < 3; i++) {
      all.add(
          new MapSegment(
              "reports/" + i,
              i,
              Subject.node("n-1"),
              0,
              List.of(
                  new MapCopy(Subject.node("n-2"), "REPLICA", "IN_SYNC", -1),
                  new MapCopy(Subject.node(shadows[i][0]), "SHADOW", shadows[i][1], -1))));
    }
    MapSlice slice =
        new MapSlice(
            "reports", POOL, 0, 1, 3, 0, 3L << 30, 1L << 30, 4096, 2, all, NOW_MILLIS - 1_000_000);
    VolumeMap record = MapRecords.of(slice, null);
    record.getSegments().get(1).setWriteMode(WriteMode.ASYNCHRONOUS);
    record.getSegments().get(1).setAsyncBoundMillis(2_000L);
    sink.map(MapRecords.key(slice), record);
  }

  void stands(
      String unit,
      String shadow,
      String state,
      long lag,
      long missingBytes,
      long round,
      long timeMillis)
      throws WireException {
    ShadowStanding standing =
        new ShadowStanding(
            unit,
            "reports",
            POOL,
            Subject.node(shadow),
            Subject.node("n-1"),
            state,
            1,
            5_000,
            5_000 - lag,
            lag,
            lag * 4_096,
            lag * 10,
            missingBytes,
            missingBytes == 0 ? null : (Long) (8L << 20),
            1,
            round,
            round == 0 ? null : (Long) (timeMillis - 500_000),
            round == 4 ? 1 : 0,
            missingBytes == 0 ? lag + " deltas behind" : missingBytes + " bytes are to be fetched",
            timeMillis);
    sink.shadow(StandingRecords.key(standing), StandingRecords.of(standing));
  }

  private void diverged(
      String unit, String holder, Severity severity, boolean attributed, long offset)
      throws WireException {
    Event event =
        event(
            "copy.diverged",
            new EntityRef(EntityKind.NODE, holder),
            "1048576 bytes at " + offset + " of " + unit + " on node/" + holder + " differ",
            NOW_MILLIS - 70_000);
    event.setId("copy.diverged/node/" + holder + "/" + unit + "/4/" + offset);
    event.setSeverity(severity);
    event.setValues(
        Map.of("offset", (double) offset, "length", 1048576.0, "sequence", 77.0, "round", 4.0));
    event.setLabels(Map.of("unit", unit, "attributed", attributed ? "stored-checksum" : "none"));
    sink.event(event);
  }

  private void map(String volume, int segments, @Nullable String degraded) throws WireException {
    List<MapSegment> all = new ArrayList<>();
    for (int i = 0; i < segments; i++) {
      List<MapCopy> copies = new ArrayList<>();
      for (int node = 1; node <= 3; node++) {
        if (node != 1 + i % 3) {
          copies.add(new MapCopy(Subject.node("n-" + node), "REPLICA", "IN_SYNC", -1));
        }
      }
      all.add(new MapSegment(volume + "/" + i, i, Subject.node("n-" + (1 + i % 3)), 0, copies));
    }
    MapSlice slice =
        new MapSlice(
            volume,
            POOL,
            0,
            1,
            1,
            0,
            segments * (1L << 30),
            1L << 30,
            4096,
            2,
            all,
            NOW_MILLIS - 3_600_000);
    sink.map(MapRecords.key(slice), MapRecords.of(slice, degraded));
  }

  private void start(String unit, String owner) throws WireException {
    log(
        new OwnershipEntry(
            POOL,
            OwnershipEntry.Kind.START,
            List.of(new UnitStep(unit, 0, 1)),
            Subject.node(owner),
            1,
            null,
            Authority.NONE,
            owner,
            NOW_MILLIS - 3_500_000),
        null,
        NOW_MILLIS - 3_500_000);
  }

  private void takeover(String id, String owner, List<UnitStep> units, long timeMillis)
      throws WireException {
    Admission admission = held.get(id);
    if (admission == null) {
      throw new IllegalStateException("no admission " + id);
    }
    log(
        new OwnershipEntry(
            POOL,
            OwnershipEntry.Kind.TAKEOVER,
            units,
            Subject.node(owner),
            1,
            admission,
            Authority.VALID,
            owner,
            timeMillis),
        signed(admission),
        timeMillis);
  }

  /** Nobody checks the signature here, but one stands there. */
  private io.forestall.schemas.Admission signed(Admission admission) {
    io.forestall.schemas.Admission record = admissions.unsigned(admission);
    record.setKeyId("0123456789abcdef");
    record.setSignature(ByteBuffer.wrap(new byte[64]));
    return record;
  }

  private void log(
      OwnershipEntry entry, io.forestall.schemas.@Nullable Admission signed, long timeMillis)
      throws WireException {
    Ownership record = OwnershipRecords.of(entry, signed);
    sink.ownership(offset++, record, timeMillis);
  }

  private void act(
      String id,
      Admission.State state,
      ActKind act,
      boolean predicted,
      String source,
      String target,
      List<UnitStep> units,
      long issuedMillis,
      String text)
      throws WireException {
    boolean first = state == Admission.State.ADMITTED;
    Admission admission =
        new Admission(
            id,
            first ? 1 : 2,
            state,
            "p-of-" + id,
            act,
            Subject.node(source),
            POOL,
            "z-1",
            predicted,
            units,
            Subject.node(source),
            Subject.node(target),
            List.of(),
            first ? ++number : number,
            issuedMillis,
            issuedMillis,
            issuedMillis + 300_000,
            first ? issuedMillis : issuedMillis + 95,
            text,
            Map.of());
    held.put(id, admission);
    sink.admission(admissions.unsigned(admission));
  }

  private void step(String id, String subject, String state, String text, long timeMillis)
      throws WireException {
    Event event = event("saga.step", new EntityRef(EntityKind.NODE, subject), text, timeMillis);
    event.setLabels(Map.of("admission", id, "state", state, "step", "0"));
    sink.event(event);
  }

  /** A client tells of a pause that has just ended. */
  void pause(String volume, String client, long millis, long timeMillis) throws WireException {
    Event event =
        event(
            "volume.paused",
            new EntityRef(EntityKind.PAIR, volume + "@" + client),
            "paused",
            timeMillis);
    event.setValues(Map.of("pauseMillis", (double) millis));
    sink.event(event);
  }

  private Event event(String type, EntityRef entity, String text, long timeMillis) {
    Event event = new Event();
    event.setId("e-" + type + "-" + ++number);
    event.setType(type);
    event.setSeverity(Severity.INFO);
    event.setEntity(entity);
    event.setRelated(List.of());
    event.setTimeMillis(timeMillis);
    event.setPredicted(false);
    event.setConfidence(1.0);
    event.setHorizonMillis(0L);
    event.setMode(FailureMode.UNKNOWN);
    event.setSource("testing");
    event.setSummary(text);
    event.setValues(Map.of());
    event.setLabels(Map.of());
    return event;
  }

  private void command(
      String id,
      CommandKind kind,
      @Nullable String admission,
      String addressee,
      String subject,
      List<UnitStep> units,
      long timeMillis)
      throws WireException {
    Command command = new Command();
    command.setId(id);
    command.setKind(kind);
    command.setAddressee(new EntityRef(EntityKind.NODE, addressee));
    command.setSubject(new EntityRef(EntityKind.NODE, subject));
    command.setAdmissionId(admission);
    command.setStep(0);
    command.setAttempt(0);
    command.setUnits(
        units.stream()
            .map(unit -> new UnitEpoch(unit.unit(), unit.expectedEpoch(), unit.newEpoch()))
            .toList());
    command.setTimeMillis(timeMillis);
    command.setRanges(List.of());
    command.setNotBeforeMillis(timeMillis);
    command.setExpiresMillis(timeMillis + 30_000);
    command.setParameters(Map.of());
    command.setReason("Because " + kind.name().toLowerCase(Locale.ROOT) + ".");
    command.setPool(POOL);
    sink.command(command);
  }

  private void ack(
      String command,
      String from,
      CommandAck.Status status,
      CommandAck.Code code,
      String text,
      long timeMillis,
      Map<String, Double> values)
      throws WireException {
    sink.ack(
        AckRecords.of(
            new CommandAck(
                command,
                Subject.node(from),
                Subject.node("n-1"),
                POOL,
                status,
                code,
                text,
                false,
                null,
                null,
                null,
                null,
                null,
                null,
                values,
                1,
                ++number,
                timeMillis)));
  }

  private void progress(String unit, String node, long sequence) throws WireException {
    sink.digest(
        new Digest(
            unit,
            new EntityRef(EntityKind.NODE, node),
            false,
            1L,
            sequence,
            "none",
            List.of(),
            0L,
            NOW_MILLIS,
            0L,
            false,
            null));
  }
}
