package io.forestall.operators.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.operators.TestingSchemaContext;
import io.forestall.risk.Tier;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Zone;
import io.forestall.schemas.ZoneMember;
import io.forestall.schemas.ZoneState;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecideReadersTest {

  private static final long NOW = 1_767_225_600_000L;

  @Test
  void scoresOfDisksAreNotEvenDecoded() throws Exception {
    byte[] poison = {1, 2, 3};
    assertThat(read(DecideReaders.risk(), "disk/d", poison)).isEmpty();
    assertThat(read(DecideReaders.risk(), "volume/v", poison)).isEmpty();
    assertThat(letter(read(DecideReaders.risk(), "node/n", poison))).isNotBlank();
    for (String key : List.of("node/n-1", "processor/p-1", "head/h-1")) {
      assertThat(read(DecideReaders.risk(), key, encode(risk(key, 0.5))))
          .singleElement()
          .satisfies(
              input -> {
                GuardInput.RiskChanged changed =
                    java.util.Objects.requireNonNull(((DecideInput.RiskRead) input).risk());
                assertThat(changed.entity()).isEqualTo(Subject.parse(key));
                assertThat(changed.tier()).isEqualTo(Tier.WARNING);
                assertThat(changed.model()).as("of the likeliest mode").isEqualTo("worse");
              });
    }
    assertThat(read(DecideReaders.risk(), "node/n-1", null))
        .containsExactly(new DecideInput.RiskRead(Subject.node("n-1"), null));
    assertThat(letter(read(DecideReaders.risk(), "node/n-2", encode(risk("node/n-1", 0.5)))))
        .contains("must be its entity");
    assertThat(letter(read(DecideReaders.risk(), "node/n-1", encode(risk("node/n-1", 7)))))
        .contains("0 to 1");
  }

  @Test
  void aModelTellsItsVersionItsAgeAndWhyItOnlyAdvises() throws Exception {
    ModelRecord record =
        ModelRecord.newBuilder()
            .setId("disk-lstm")
            .setVersion(3)
            .setMode(FailureMode.DISK)
            .setPublishedMillis(17)
            .setEffectiveFromMillis(18)
            .setRollbackUntilMillis(19)
            .setFormat("forestall-lstm-1")
            .setWeights(ByteBuffer.wrap(new byte[] {1}))
            .setCard("")
            .build();
    assertThat(read(DecideReaders.models(), "disk/disk-lstm/3", encode(record)))
        .containsExactly(new DecideInput.ModelRead("disk-lstm", 3, 17, null));
    record.setDemoted("of 100 alarms 1 came true");
    assertThat(read(DecideReaders.models(), "disk/disk-lstm/3", encode(record)))
        .containsExactly(
            new DecideInput.ModelRead("disk-lstm", 3, 17, "of 100 alarms 1 came true"));
    record.setDemoted("x".repeat(100_000));
    assertThat(read(DecideReaders.models(), "disk/disk-lstm/3", encode(record)))
        .singleElement()
        .extracting(input -> ((DecideInput.ModelRead) input).demoted())
        .as("it lies in state: bounded")
        .isEqualTo("x".repeat(500));
    assertThat(read(DecideReaders.models(), "disk/disk-lstm/3", null)).isEmpty();
  }

  @Test
  void freeSpaceIsALabel() throws Exception {
    assertThat(read(DecideReaders.fleet(), "node/n-1", encode(entry("100"))))
        .singleElement()
        .extracting(input -> ((DecideInput.MemberRead) input).freeBytes())
        .isEqualTo(100L);
    assertThat(read(DecideReaders.fleet(), "node/n-1", encode(entry(null))))
        .singleElement()
        .extracting(input -> ((DecideInput.MemberRead) input).freeBytes())
        .isNull();
    assertThat(letter(read(DecideReaders.fleet(), "node/n-1", encode(entry("lots")))))
        .contains("count of bytes");
    assertThat(read(DecideReaders.fleet(), "node/n-1", null))
        .containsExactly(new DecideInput.MemberRead(Subject.node("n-1"), null, null, 0));
    assertThat(read(DecideReaders.fleet(), "disk/d", new byte[] {1})).isEmpty();
  }

  @Test
  void whatANodeIsMadeOfAndHowItDoesAreLabels() throws Exception {
    FleetEntry entry = entry(null);
    entry.setLabels(
        Map.of(
            "drive-model",
            "ST4000",
            "drive-firmware",
            " SC60 ",
            "power-feed",
            "",
            "latency-millis",
            "1.5",
            "pending-requests",
            "12"));
    assertThat(read(DecideReaders.fleet(), "node/n-1", encode(entry)))
        .singleElement()
        .extracting(input -> ((DecideInput.MemberRead) input).traits())
        .isEqualTo(new NodeTraits("ST4000", "SC60", null, 1.5, 12L));
    entry.setLabels(Map.of("latency-millis", "NaN"));
    assertThat(letter(read(DecideReaders.fleet(), "node/n-1", encode(entry))))
        .contains("latency-millis");
    entry.setLabels(Map.of("pending-requests", "-1"));
    assertThat(letter(read(DecideReaders.fleet(), "node/n-1", encode(entry))))
        .contains("pending-requests");
  }

  @Test
  void levelIsALabel() throws Exception {
    FleetEntry entry = entry("100");
    assertThat(read(DecideReaders.fleet(), "node/n-1", encode(entry)))
        .singleElement()
        .extracting(input -> ((DecideInput.MemberRead) input).level())
        .as("who declares nothing gets no command that changes anything")
        .isEqualTo(0);
    entry.setLabels(Map.of("forestall.level", "2"));
    assertThat(read(DecideReaders.fleet(), "node/n-1", encode(entry)))
        .singleElement()
        .extracting(input -> ((DecideInput.MemberRead) input).level())
        .isEqualTo(2);
    entry.setLabels(Map.of("forestall.level", "3"));
    assertThat(letter(read(DecideReaders.fleet(), "node/n-1", encode(entry))))
        .contains("0, 1 or 2");
  }

  @Test
  void sagasReadAdmissionsWithTheirSignatures(@TempDir Path folder) throws Exception {
    Signatures.Signer guard =
        Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
    Signatures.Signer thief =
        Signatures.generate(folder.resolve("thief.key"), folder.resolve("thief.pub"));
    GuardKeys keys = new GuardKeys(folder.resolve("guard.key").toString(), "", "");
    AdmissionRecords records = new AdmissionRecords();
    Admission admission = DecideTypesTest.admission();
    io.forestall.schemas.Admission signed = records.of(admission, guard);
    assertThat(read(DecideReaders.sagaAdmissions(keys), "p1", encode(signed)))
        .containsExactly(
            new DecideInput.ForSaga("p1", new SagaInput.AdmissionRead(admission), signed));
    assertThat(read(DecideReaders.sagaAdmissions(keys), "p1", encode(records.of(admission, thief))))
        .as("the guard's reader tells of it")
        .isEmpty();
    assertThat(read(DecideReaders.sagaAdmissions(keys), "p2", encode(signed))).isEmpty();
    assertThat(read(DecideReaders.sagaAdmissions(keys), "p1", null)).isEmpty();
  }

  @Test
  void recordsOfOwnershipKeepTheirPlaceAndWhatTheirAdmissionIsWorth(@TempDir Path folder)
      throws Exception {
    Signatures.Signer guard =
        Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
    Signatures.Signer thief =
        Signatures.generate(folder.resolve("thief.key"), folder.resolve("thief.pub"));
    GuardKeys keys = new GuardKeys(folder.resolve("guard.key").toString(), "", "");
    AdmissionRecords records = new AdmissionRecords();
    OwnershipEntry valid = DecideTypesTest.entry(Authority.VALID);
    byte[] good =
        encode(OwnershipRecords.of(valid, records.of(DecideTypesTest.admission(), guard)));
    assertThat(read(DecideReaders.ownership(keys), "p1", good))
        .containsExactly(
            new DecideInput.ForSaga("p1", new SagaInput.OwnershipRead(77, valid), null));
    byte[] stolen =
        encode(OwnershipRecords.of(valid, records.of(DecideTypesTest.admission(), thief)));
    assertThat(read(DecideReaders.ownership(keys), "p1", stolen))
        .as("the fold says what it is worth")
        .containsExactly(
            new DecideInput.ForSaga(
                "p1",
                new SagaInput.OwnershipRead(77, DecideTypesTest.entry(Authority.UNKNOWN_KEY)),
                null));
    assertThat(letter(read(DecideReaders.ownership(keys), "p2", good)))
        .contains("must be its pool");
    assertThat(letter(read(DecideReaders.ownership(keys), "p1", null))).contains("tombstone");
  }

  @Test
  void sagasReadWholeSlices() throws Exception {
    byte[] map = encode(MapRecords.of(DecideTypesTest.slice(), null));
    assertThat(read(DecideReaders.sagaMaps(), "v/0", map))
        .containsExactly(new DecideInput.MapRead("v/0", DecideTypesTest.slice()));
    assertThat(read(DecideReaders.sagaMaps(), "v/0", null))
        .containsExactly(new DecideInput.MapRead("v/0", null));
    assertThat(read(DecideReaders.sagaMaps(), "v/1", map))
        .as("the other reader tells of it")
        .isEmpty();
  }

  @Test
  void zonesBeginAndEnd() throws Exception {
    Zone zone = new Zone();
    zone.setId("z-1");
    zone.setRevision(1);
    zone.setState(ZoneState.ACTIVE);
    zone.setMembers(List.of(new ZoneMember(new EntityRef(EntityKind.NODE, "n-1"), 0.5, NOW)));
    zone.setProbability(0.5);
    zone.setExpectedFailures(1);
    zone.setHorizonMillis(1);
    zone.setConfidence(1);
    zone.setShared(Map.of());
    zone.setReason("");
    zone.setSinceMillis(NOW);
    zone.setTimeMillis(NOW);
    assertThat(read(DecideReaders.zones(), "z-1", encode(zone)))
        .containsExactly(new DecideInput.ZoneRead("z-1", null, List.of(Subject.node("n-1"))));
    assertThat(read(DecideReaders.zones(), "z-1", null))
        .containsExactly(new DecideInput.ZoneRead("z-1", null, null));
    assertThat(letter(read(DecideReaders.zones(), "z-2", encode(zone)))).contains("key of a zone");
  }

  @Test
  void ownProposalsAreKnownAndThoseOfOthersAreTaken() throws Exception {
    byte[] other = encode(GuardRecords.of(DecideTypesTest.proposal()));
    assertThat(read(DecideReaders.proposals(Set.of("mine")), "node/n-1", other))
        .containsExactly(
            new DecideInput.ForPool("p1", new GuardInput.Proposed(DecideTypesTest.proposal())));
    assertThat(read(DecideReaders.proposals(Set.of("other")), "node/n-1", other)).isEmpty();
  }

  @Test
  void onlyAdmissionsOfTrustedKeysCount(@TempDir Path folder) throws Exception {
    Signatures.Signer guard =
        Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
    Signatures.Signer thief =
        Signatures.generate(folder.resolve("thief.key"), folder.resolve("thief.pub"));
    GuardKeys keys = new GuardKeys(folder.resolve("guard.key").toString(), "", "");
    AdmissionRecords records = new AdmissionRecords();
    Admission admission = DecideTypesTest.admission();
    assertThat(read(DecideReaders.admissions(keys), "p1", encode(records.of(admission, guard))))
        .containsExactly(
            new DecideInput.ForPool("p1", new GuardInput.AdmissionRead(admission)),
            new DecideInput.AdmissionSeen("a-1", "p1", false));
    assertThat(
            letter(
                read(DecideReaders.admissions(keys), "p1", encode(records.of(admission, thief)))))
        .contains("not trusted here");
    assertThat(
            letter(
                read(DecideReaders.admissions(keys), "p2", encode(records.of(admission, guard)))))
        .contains("must be its pool");
    assertThat(letter(read(DecideReaders.admissions(keys), "p1", null)))
        .contains("takes back no admission");

    GuardKeys without =
        new GuardKeys(
            folder.resolve("guard.key").toString(), folder.resolve("thief.pub").toString(), "");
    assertThatThrownBy(() -> read(DecideReaders.admissions(without), "p1", null))
        .as("it would not believe itself")
        .hasMessageContaining("is not among the trusted keys");
  }

  @Test
  void onlyAcksOfWholeActsAreEnds() throws Exception {
    assertThat(read(DecideReaders.acks(), "node/n", encode(ack("act/a-1", AckStatus.DONE))))
        .containsExactly(new DecideInput.ActRead("a-1", Admission.State.DONE, "text"));
    assertThat(read(DecideReaders.acks(), "node/n", encode(ack("act/a-1", AckStatus.FAILED))))
        .containsExactly(new DecideInput.ActRead("a-1", Admission.State.GIVEN_BACK, "text"));
    assertThat(read(DecideReaders.acks(), "node/n", encode(ack("act/a-1", AckStatus.PROGRESS))))
        .isEmpty();
    assertThat(read(DecideReaders.acks(), "node/n", encode(ack("a-1/2/0", AckStatus.DONE))))
        .as("from before acks named their pool")
        .isEmpty();
    Ack end = ack("act/a-1", AckStatus.DONE);
    end.setPool("p1");
    assertThat(read(DecideReaders.acks(), "node/n", encode(end)))
        .as("it need not look for its pool, and a restored saga hears what it said before")
        .containsExactly(
            new DecideInput.ForPool(
                "p1", new GuardInput.ActEnded("a-1", Admission.State.DONE, "text")),
            new DecideInput.ForSaga("p1", new SagaInput.Acked(AckRecords.ack(end)), null));
  }

  @Test
  void answersToCommandsAreForTheSagas() throws Exception {
    assertThat(read(DecideReaders.acks(), "node/n-1", encode(AckRecords.of(DecideTypesTest.ack()))))
        .containsExactly(
            new DecideInput.ForSaga("p1", new SagaInput.Acked(DecideTypesTest.ack()), null));
    Ack bad = AckRecords.of(DecideTypesTest.ack());
    bad.setEpoch(-1L);
    assertThat(letter(read(DecideReaders.acks(), "node/n-1", encode(bad)))).contains("epoch");
  }

  /** Hostile bytes of every sort: no reader ever throws, and each says at most one thing. */
  @Test
  void noReaderThrows() throws Exception {
    long seed = 20_260_402;
    SplittableRandom random = new SplittableRandom(seed);
    Map<DecideReader<?>, byte[]> goods =
        Map.of(
            DecideReaders.risk(), encode(risk("node/n-1", 0.5)),
            DecideReaders.fleet(), encode(entry("100")),
            DecideReaders.acks(), encode(ack("act/a", AckStatus.DONE)),
            DecideReaders.proposals(Set.of()), encode(GuardRecords.of(DecideTypesTest.proposal())),
            DecideReaders.admissions(GuardKeys.NONE),
                encode(new AdmissionRecords().unsigned(DecideTypesTest.admission())),
            DecideReaders.incidents(), encode(risk("node/n-1", 0.5)),
            DecideReaders.maps(), encode(entry("100")),
            DecideReaders.zones(), encode(entry("100")),
            DecideReaders.models(), encode(entry("100")));
    goods = new java.util.LinkedHashMap<>(goods);
    goods.put(
        DecideReaders.ownership(GuardKeys.NONE),
        encode(OwnershipRecords.of(DecideTypesTest.entry(Authority.NONE), unsigned())));
    goods.put(DecideReaders.sagaAdmissions(GuardKeys.NONE), encode(unsigned()));
    goods.put(DecideReaders.sagaMaps(), encode(MapRecords.of(DecideTypesTest.slice(), null)));
    goods.put(DecideReaders.acks(), encode(AckRecords.of(DecideTypesTest.ack())));
    for (Map.Entry<DecideReader<?>, byte[]> each : goods.entrySet()) {
      each.getKey().open(new TestingSchemaContext());
      for (int i = 0; i < 500; i++) {
        byte[] bytes = each.getValue().clone();
        for (int j = 0; j <= random.nextInt(6); j++) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        if (random.nextInt(4) == 0) {
          bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        String key = random.nextInt(8) == 0 ? "" : "node/n-1";
        List<DecideInput> read = new ArrayList<>();
        each.getKey().deserialize(record(key, bytes), new ListCollector<>(read));
        assertThat(read).as("seed %d record %d", seed, i).hasSizeLessThanOrEqualTo(2);
      }
    }
  }

  private static io.forestall.schemas.Admission unsigned() {
    return new AdmissionRecords().unsigned(DecideTypesTest.admission());
  }

  private static String letter(List<DecideInput> read) {
    assertThat(read).hasSize(1);
    DeadLetter letter = ((DecideInput.Dead) read.get(0)).letter();
    assertThat(letter.getOrigin()).isEqualTo("topic");
    assertThat(letter.getPartition()).isEqualTo(3);
    assertThat(letter.getOffset()).isEqualTo(77);
    assertThat(letter.getComponent()).isEqualTo("decide");
    return letter.getDetail();
  }

  private static Ack ack(String command, AckStatus status) {
    Ack ack = new Ack();
    ack.setCommand(command);
    ack.setFrom(new EntityRef(EntityKind.NODE, "n"));
    ack.setSubject(new EntityRef(EntityKind.NODE, "n"));
    ack.setStatus(status);
    ack.setCode(AckCode.NONE);
    ack.setText("text");
    ack.setValues(Map.of());
    ack.setTimeMillis(NOW);
    return ack;
  }

  private static Risk risk(String key, double probability) {
    EntityRef entity = java.util.Objects.requireNonNull(io.forestall.wire.Keys.parse(key));
    return Risk.newBuilder()
        .setEntity(entity)
        .setTimeMillis(NOW)
        .setSamples(7)
        .setScore(61)
        .setTier(io.forestall.schemas.Tier.WARNING)
        .setTierSinceMillis(NOW)
        .setProbability(probability)
        .setHorizonMillis(1000)
        .setConfidence(1)
        .setModes(
            List.of(
                new ModeRisk(FailureMode.DISK, 0.1, 1000L, "better", 1, List.of()),
                new ModeRisk(FailureMode.SOFTWARE, 0.2, 1000L, "worse", 2, List.of())))
        .build();
  }

  private static FleetEntry entry(@Nullable String freeBytes) {
    return FleetEntry.newBuilder()
        .setEntity(new EntityRef(EntityKind.NODE, "n-1"))
        .setTimeMillis(NOW)
        .setRack("r")
        .setZone("z")
        .setRegion("local")
        .setPool("p1")
        .setTier("hdd")
        .setSynthetic(false)
        .setLabels(freeBytes == null ? Map.of() : Map.of("free-bytes", freeBytes))
        .build();
  }

  @SuppressWarnings("unchecked")
  private static byte[] encode(SpecificRecordBase record) {
    return AvroCodec.of((Class<SpecificRecordBase>) record.getClass()).encode(record);
  }

  private static List<DecideInput> read(
      KafkaRecordDeserializationSchema<DecideInput> reader, String key, byte @Nullable [] value)
      throws Exception {
    reader.open(new TestingSchemaContext());
    List<DecideInput> read = new ArrayList<>();
    reader.deserialize(record(key, value), new ListCollector<>(read));
    return read;
  }

  private static ConsumerRecord<byte[], byte[]> record(String key, byte @Nullable [] value) {
    return new ConsumerRecord<>(
        "topic",
        3,
        77,
        NOW,
        TimestampType.LOG_APPEND_TIME,
        0,
        0,
        key.getBytes(StandardCharsets.UTF_8),
        value,
        new RecordHeaders(),
        Optional.empty());
  }
}
