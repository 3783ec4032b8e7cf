package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.UnitEpoch;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.Signatures.Trusted;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ownership, commands, acks and maps: there and back, refused with the field, forged or not. */
class ProtocolRecordsTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final Signatures.Signer SIGNER = TestingKeys.signer();

  private final OwnershipRecords ownership = new OwnershipRecords();
  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final MapRecords maps = new MapRecords();
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final Admission admission = AdmissionRecordsTest.admission(Admission.State.ADMITTED);

  @Test
  void constantsOfTheNounsAreThoseOfTheContract() {
    assertThat(names(CommandAck.Code.values())).isEqualTo(names(AckCode.values()));
    assertThat(names(AckStatus.values())).containsAll(names(CommandAck.Status.values()));
    assertThat(names(CommandKind.values())).containsAll(names(Command.Kind.values()));
    assertThat(names(OwnershipKind.values())).containsAll(names(OwnershipEntry.Kind.values()));
  }

  private static List<String> names(Enum<?>[] constants) {
    return Arrays.stream(constants).map(Enum::name).toList();
  }

  @Test
  void ownershipComesBackAsItWent() throws Exception {
    io.forestall.schemas.Admission signed = admissions.of(admission, SIGNER);
    OwnershipEntry takeover = takeover(Authority.VALID);
    byte[] bytes = ownership.encode(takeover, signed);
    assertThat(ownership.decode(bytes, SIGNER.trusted())).isEqualTo(takeover);
    for (OwnershipEntry.Kind kind :
        List.of(OwnershipEntry.Kind.START, OwnershipEntry.Kind.RELEASE, OwnershipEntry.Kind.MODE)) {
      OwnershipEntry entry = entry(kind, null, Authority.NONE);
      assertThat(ownership.decode(ownership.encode(entry, null), Trusted.NONE)).isEqualTo(entry);
    }
    assertThatThrownBy(() -> ownership.encode(takeover, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> ownership.encode(entry(OwnershipEntry.Kind.START, null, Authority.NONE), signed))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theWriteModeTravelsWithTheEpochThatItBegins() throws Exception {
    OwnershipEntry none = entry(OwnershipEntry.Kind.MODE, null, Authority.NONE);
    OwnershipEntry entry =
        new OwnershipEntry(
            none.pool(),
            none.kind(),
            none.steps(),
            none.owner(),
            none.incarnation(),
            null,
            Authority.NONE,
            none.writer(),
            none.timeMillis(),
            500);
    assertThat(ownership.decode(ownership.encode(entry, null), Trusted.NONE)).isEqualTo(entry);
    assertThat(OwnershipRecords.of(entry, null).getWriteMode()).isEqualTo(WriteMode.ASYNCHRONOUS);
    Ownership without = OwnershipRecords.of(entry, null);
    without.setAsyncBoundMillis(null);
    assertThat(ownership.entry(without, Trusted.NONE))
        .as("no bound, no early answer")
        .isEqualTo(none);
    Ownership newer = OwnershipRecords.of(entry, null);
    newer.setWriteMode(WriteMode.UNKNOWN);
    assertThat(ownership.entry(newer, Trusted.NONE))
        .as("a mode of a later release")
        .isEqualTo(none);
  }

  @Test
  void whatAForgedTakeoverIsWorthIsForTheFoldToSay(@TempDir Path folder) throws Exception {
    Signatures.Signer other =
        Signatures.generate(folder.resolve("other.key"), folder.resolve("other.pub"));
    OwnershipEntry takeover = takeover(Authority.VALID);

    byte[] unknown = ownership.encode(takeover, admissions.of(admission, other));
    assertThat(ownership.decode(unknown, SIGNER.trusted()))
        .isEqualTo(takeover(Authority.UNKNOWN_KEY));
    assertThat(ownership.decode(unknown, Trusted.NONE)).isEqualTo(takeover(Authority.UNKNOWN_KEY));
    assertThat(ownership.decode(unknown, other.trusted())).isEqualTo(takeover);

    List<Consumer<io.forestall.schemas.Admission>> forgeries =
        List.of(
            record -> record.getSignature().array()[3] ^= 1,
            record -> record.getGrant().array()[30] ^= 1,
            record -> record.setSignature(ByteBuffer.wrap(new byte[0])),
            record -> record.setKeyId(""),
            record -> record.setAlgorithm("none"),
            record -> record.setPool("p2"),
            record -> record.setSubject(new EntityRef(EntityKind.NODE, "n-9")),
            record -> record.setGrant(ByteBuffer.wrap(new byte[] {1})));
    for (Consumer<io.forestall.schemas.Admission> forgery : forgeries) {
      io.forestall.schemas.Admission signed = admissions.of(admission, SIGNER);
      forgery.accept(signed);
      OwnershipEntry read = ownership.decode(ownership.encode(takeover, signed), SIGNER.trusted());
      assertThat(read.authority()).isEqualTo(Authority.FORGED);
      OwnershipFold fold = new OwnershipFold();
      fold.take(0, start());
      assertThat(fold.take(1, read)).as("void for every unit").isEmpty();
      assertThat(
              fold.take(
                  2,
                  ownership.decode(
                      ownership.encode(takeover, admissions.of(admission, SIGNER)),
                      SIGNER.trusted())))
          .as("the honest one behind it counts")
          .hasSize(1);
    }
  }

  @Test
  void anUnknownKeyPutsTheUnitInDoubt(@TempDir Path folder) throws Exception {
    Signatures.Signer other =
        Signatures.generate(folder.resolve("other.key"), folder.resolve("other.pub"));
    OwnershipFold fold = new OwnershipFold();
    fold.take(0, start());
    fold.take(
        1,
        ownership.decode(
            ownership.encode(takeover(Authority.VALID), admissions.of(admission, other)),
            SIGNER.trusted()));
    assertThat(fold.all()).extracting(Owned::inDoubt).containsExactly(true);
  }

  @Test
  void whatThisReleaseCannotReadMustNotBePassedOver() {
    Ownership record =
        OwnershipRecords.of(entry(OwnershipEntry.Kind.START, null, Authority.NONE), null);
    record.setKind(OwnershipKind.UNKNOWN);
    assertThatThrownBy(() -> ownership.entry(record, Trusted.NONE))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(OwnershipRecords.notUnderstood(e)).isTrue());

    // A grant of a schema that nobody published, rightly signed: only a newer reader can tell.
    byte[] grant = admissions.of(admission, SIGNER).getGrant().array().clone();
    grant[5] ^= 1;
    io.forestall.schemas.Admission signed = admissions.of(admission, SIGNER);
    signed.setGrant(ByteBuffer.wrap(grant));
    signed.setSignature(ByteBuffer.wrap(SIGNER.sign(grant)));
    byte[] bytes = ownership.encode(takeover(Authority.VALID), signed);
    assertThatThrownBy(() -> ownership.decode(bytes, SIGNER.trusted()))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(OwnershipRecords.notUnderstood(e)).isTrue());

    Ownership garbage =
        OwnershipRecords.of(entry(OwnershipEntry.Kind.START, null, Authority.NONE), null);
    garbage.setUnits(List.of(new UnitEpoch("u", 4L, 4L)));
    assertThatThrownBy(() -> ownership.entry(garbage, Trusted.NONE))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(OwnershipRecords.notUnderstood(e)).isFalse());
  }

  @Test
  void ownershipThatMakesNoSenseIsRefusedWithItsField() {
    refusedOwnership("pool", record -> record.setPool(""));
    refusedOwnership("units", record -> record.setUnits(List.of()));
    refusedOwnership("owner", record -> record.setOwner(new EntityRef(EntityKind.UNKNOWN, "x")));
    refusedOwnership("incarnation", record -> record.setIncarnation(-1));
    refusedOwnership("writer", record -> record.setWriter(""));
  }

  private void refusedOwnership(String field, Consumer<Ownership> lie) {
    Ownership record =
        OwnershipRecords.of(entry(OwnershipEntry.Kind.START, null, Authority.NONE), null);
    lie.accept(record);
    assertThatThrownBy(() -> ownership.entry(record, Trusted.NONE))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void commandComesBackAsItWentWithItsSignedAdmission() throws Exception {
    io.forestall.schemas.Admission signed = admissions.of(admission, SIGNER);
    Command command = command(Command.Kind.PROMOTE, admission);
    CommandRecords.Received read =
        commands.decode(commands.encode(command, signed), SIGNER.trusted());
    assertThat(read.command()).isEqualTo(command);
    assertThat(read.authority()).isEqualTo(Authority.VALID);
    assertThat(read.signed()).isEqualTo(signed);
    assertThat(
            ownership
                .decode(
                    ownership.encode(takeover(Authority.VALID), read.signed()), SIGNER.trusted())
                .authority())
        .as("the signature survives the way through a node into the log")
        .isEqualTo(Authority.VALID);

    Command probe = command(Command.Kind.PROBE, null);
    read = commands.decode(commands.encode(probe, null), Trusted.NONE);
    assertThat(read).isEqualTo(new CommandRecords.Received(probe, Authority.NONE, null));
  }

  @Test
  void commandOfANewerOrOlderWriterIsRead() throws Exception {
    io.forestall.schemas.Command record =
        CommandRecords.of(
            command(Command.Kind.PROMOTE, admission), admissions.of(admission, SIGNER));
    record.setKind(CommandKind.UNKNOWN);
    record.setPool(null);
    Command read = commands.received(record, SIGNER.trusted()).command();
    assertThat(read.kind()).isEqualTo(Command.Kind.UNKNOWN);
    assertThat(read.pool()).as("from the admission").isEqualTo("p1");
    assertThatThrownBy(() -> CommandRecords.of(command(Command.Kind.UNKNOWN, null), null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void commandThatMakesNoSenseIsRefusedWithItsField() {
    refusedCommand("id", record -> record.setId(""));
    refusedCommand("id", record -> record.setId("x".repeat(2000)));
    refusedCommand("step", record -> record.setStep(-1));
    refusedCommand("attempt", record -> record.setAttempt(-1));
    refusedCommand("timeMillis", record -> record.setTimeMillis(5));
    refusedCommand("expiresMillis", record -> record.setExpiresMillis(5));
    refusedCommand("addressee", record -> record.setAddressee(new EntityRef(EntityKind.NODE, "")));
    refusedCommand("newEpoch", record -> record.setUnits(List.of(new UnitEpoch("u", 3L, 3L))));
    refusedCommand("reason", record -> record.setReason("x".repeat(5000)));
    refusedCommand("parameter", record -> record.setParameters(Map.of("a", "x".repeat(5000))));
  }

  private void refusedCommand(String field, Consumer<io.forestall.schemas.Command> lie) {
    io.forestall.schemas.Command record =
        CommandRecords.of(command(Command.Kind.PROBE, null), null);
    lie.accept(record);
    assertThatThrownBy(() -> commands.received(record, Trusted.NONE))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void ackComesBackAsItWent() throws Exception {
    CommandAck ack = ack();
    assertThat(acks.decode(acks.encode(ack))).isEqualTo(ack);
    Ack old = AckRecords.of(ack);
    old.setPool(null);
    assertThat(AckRecords.ack(old).pool()).isEmpty();
  }

  @Test
  void ackThatMakesNoSenseIsRefusedWithItsField() {
    refusedAck("command", record -> record.setCommand(" "));
    refusedAck("status", record -> record.setStatus(AckStatus.UNKNOWN));
    refusedAck("epoch", record -> record.setEpoch(-1L));
    refusedAck("appliedSequence", record -> record.setAppliedSequence(-2L));
    refusedAck("freeBytes", record -> record.setFreeBytes(-1L));
    refusedAck("lag", record -> record.setValues(Map.of("lag", Double.NaN)));
    refusedAck("incarnation", record -> record.setIncarnation(-1));
    refusedAck("from", record -> record.setFrom(new EntityRef(EntityKind.UNKNOWN, "x")));
  }

  private static void refusedAck(String field, Consumer<Ack> lie) {
    Ack record = AckRecords.of(ack());
    lie.accept(record);
    assertThatThrownBy(() -> AckRecords.ack(record))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void mapComesBackAsItWent() throws Exception {
    MapSlice slice = slice();
    assertThat(maps.decode(maps.encode(slice, null))).isEqualTo(slice);
    VolumeMap degraded = MapRecords.of(slice, "one replica is away");
    assertThat(degraded.getDegraded()).isTrue();
    assertThat(degraded.getDegradedReason()).isEqualTo("one replica is away");
    assertThat(degraded.getOwnershipPartition())
        .isEqualTo(FixedPartitioner.partition("p1", MapRecords.OWNERSHIP_PARTITIONS));
    assertThat(MapRecords.key(slice)).isEqualTo("v/0");
    assertThat(MapRecords.unit(slice, slice.segments().get(0)).bytes()).isEqualTo(8192);
    assertThat(MapRecords.unit(slice, slice.segments().get(1)).bytes()).isEqualTo(4096);
  }

  @Test
  void mapThatMakesNoSenseIsRefusedWithItsField() {
    refusedMap("volume", record -> record.setVolume(""));
    refusedMap("slice", record -> record.setSlice(1));
    refusedMap("slices", record -> record.setSlices(0));
    refusedMap("volumeBytes", record -> record.setVolumeBytes(0));
    refusedMap("segmentBytes", record -> record.setSegmentBytes(5000));
    refusedMap("index", record -> record.setVolumeBytes(8192));
    refusedMap("index", record -> record.getSegments().get(1).setIndex(0));
    refusedMap("epoch", record -> record.getSegments().get(1).setEpoch(-1L));
    refusedMap("version", record -> record.setVersion(-1));
  }

  private static void refusedMap(String field, Consumer<VolumeMap> lie) {
    VolumeMap record = MapRecords.of(slice(), null);
    lie.accept(record);
    assertThatThrownBy(() -> MapRecords.slice(record))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void bytesOfAnySortNeverThrowAnythingElse() {
    long seed = 20_261_121;
    SplittableRandom random = new SplittableRandom(seed);
    io.forestall.schemas.Admission signed = admissions.of(admission, SIGNER);
    List<byte[]> good =
        List.of(
            ownership.encode(takeover(Authority.VALID), signed),
            commands.encode(command(Command.Kind.PROMOTE, admission), signed),
            acks.encode(ack()),
            maps.encode(slice(), null));
    for (int i = 0; i < 4000; i++) {
      int which = i % good.size();
      byte[] bytes = good.get(which).clone();
      for (int j = 0; j <= random.nextInt(6); j++) {
        bytes[10 + random.nextInt(bytes.length - 10)] = (byte) random.nextInt();
      }
      try {
        switch (which) {
          case 0 -> ownership.decode(bytes, SIGNER.trusted());
          case 1 -> commands.decode(bytes, SIGNER.trusted());
          case 2 -> acks.decode(bytes);
          default -> maps.decode(bytes);
        }
      } catch (WireException e) {
        assertThat(e.getMessage()).as("seed %d record %d", seed, i).isNotBlank();
      }
    }
  }

  private OwnershipEntry takeover(Authority authority) {
    return entry(OwnershipEntry.Kind.TAKEOVER, admission, authority);
  }

  private static OwnershipEntry entry(
      OwnershipEntry.Kind kind, @Nullable Admission admission, Authority authority) {
    return new OwnershipEntry(
        "p1",
        kind,
        List.of(new UnitStep("u-1", 3, 4)),
        Subject.node("n-0002"),
        17,
        admission,
        authority,
        "n-0002",
        5); // a node whose clock is wrong
  }

  private static OwnershipEntry start() {
    return new OwnershipEntry(
        "p1",
        OwnershipEntry.Kind.START,
        List.of(new UnitStep("u-1", 0, 3)),
        Subject.node("n-0001"),
        1,
        null,
        Authority.NONE,
        "n-0001",
        NOW);
  }

  private static Command command(Command.Kind kind, @Nullable Admission admission) {
    return new Command(
        "a-1/2/0/node/n-0002",
        kind,
        Subject.node("n-0002"),
        Subject.node("n-0001"),
        "p1",
        admission,
        2,
        0,
        List.of(new UnitStep("u-1", 3, 4)),
        Subject.node("n-0002"),
        NOW,
        NOW,
        NOW + 1000,
        "vault:volumes/v",
        "because",
        Map.of(Command.REACH, "node/n-0001"));
  }

  private static CommandAck ack() {
    return new CommandAck(
        "a-1/2/0/node/n-0002",
        Subject.node("n-0002"),
        Subject.node("n-0001"),
        "p1",
        CommandAck.Status.REFUSED,
        CommandAck.Code.WRONG_EPOCH,
        "the unit has epoch 5",
        true,
        "u-1",
        5L,
        812L,
        -7,
        90L,
        1L << 40,
        Map.of("units-serving", 3.0),
        17,
        4,
        5);
  }

  private static MapSlice slice() {
    return new MapSlice(
        "v",
        "p1",
        0,
        1,
        3,
        12,
        12_288,
        8192,
        4096,
        2,
        List.of(
            new MapSegment(
                "v/0",
                0,
                Subject.node("n-1"),
                2,
                List.of(new MapCopy(Subject.node("n-2"), "REPLICA", "IN_SYNC", 9))),
            new MapSegment("v/1", 1, Subject.node("n-2"), 1, List.of(), 500)),
        NOW);
  }
}
