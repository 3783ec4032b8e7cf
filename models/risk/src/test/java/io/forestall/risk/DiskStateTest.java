package io.forestall.risk;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.symptom.Finding;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class DiskStateTest {
  private static final int HEADER = 7;

  /** A state in which every field has a value of its own. */
  private static DiskState distinct() {
    DiskState state = DiskState.fresh();
    for (int i = 0; i < state.statistics.length; i++) {
      state.statistics[i] = i + 0.5f;
    }
    state.samples = 1;
    state.firstTimeMillis = 2;
    state.lastTimeMillis = 3;
    state.lastRiseMillis = 4;
    state.checkpointOldMillis = 5;
    state.checkpointNewMillis = 6;
    state.tierSinceMillis = 7;
    state.wantedSinceMillis = 8;
    state.probability = 0.25;
    state.score = 50;
    state.confidence = 0.75;
    state.tier = Tier.WARNING;
    state.wantedTier = Tier.WATCH;
    state.silences = 2;
    DiskState.Slot slot = new DiskState.Slot("m", 9, 2);
    slot.steps = 10;
    slot.lastStepMillis = 11;
    slot.memory[0] = 1;
    slot.memory[1] = -1;
    state.slots.add(slot);
    return state;
  }

  /**
   * Savepoints hold these bytes: they may grow at the ends named in DiskState's docstring and
   * change nowhere else.
   */
  @Test
  void goldenBytes() throws IOException {
    StringBuilder statistics = new StringBuilder();
    for (int i = 0; i < 65; i++) {
      statistics.append(HexFormat.of().formatHex(littleEndian(i + 0.5f)));
    }
    String body =
        "0100000000000000" // samples
            + "0200000000000000" // first
            + "0300000000000000" // last
            + "0400000000000000" // last rise
            + "0500000000000000"
            + "0600000000000000" // checkpoints
            + "0700000000000000"
            + "0800000000000000" // tier since, wanted since
            + "000000000000d03f"
            + "0000000000004940"
            + "000000000000e83f" // probability, score, confidence
            + "03"
            + "02"
            + "02" // tier, wanted tier, silences
            + "41"
            + statistics // 65 statistics
            + "01"
            + "016d"
            + "09000000"
            + "0a00000000000000"
            + "0b00000000000000" // slot: id, version, steps, last step
            + "0200"
            + "0000803f"
            + "000080bf"; // memory
    assertThat(HexFormat.of().formatHex(distinct().toBytes()))
        .isEqualTo("01" + lengthHex(body) + crcHex(body) + body);
    DiskState read =
        DiskState.fromBytes(
            seal(HexFormat.of().parseHex("01" + lengthHex(body) + "00000000" + body)));
    assertThat(read).usingRecursiveComparison().isEqualTo(distinct());
  }

  /** What the I/O says stands behind all else; states without it are as they always were. */
  @Test
  void goldenBytesOfSymptoms() throws IOException {
    DiskState state = distinct();
    DiskSymptoms symptoms =
        requireNonNull(
            DiskSymptoms.of(
                new Finding(
                    "disk/d",
                    12,
                    0.5,
                    1,
                    List.of(
                        new ModeAssessment(
                            FailureMode.FAIL_SLOW,
                            0.25,
                            13,
                            "symptoms",
                            1,
                            List.of(new ReasonPart("disk_latency_seconds", 1, 2, "slow"))))),
                null));
    symptoms.base = 0.75;
    symptoms.keep(List.of(new ReasonPart("m", 1, 2, "é")));
    state.symptoms = symptoms;
    String without = HexFormat.of().formatHex(distinct().toBytes()).substring(2 * HEADER);
    String with = HexFormat.of().formatHex(state.toBytes()).substring(2 * HEADER);
    String one = "000000000000f03f";
    String two = "0000000000000040";
    assertThat(with)
        .isEqualTo(
            without
                + "01" // version
                + "0c00000000000000" // time
                + "000000000000d03f" // probability
                + "0d00000000000000" // horizon
                + "000000000000e03f" // confidence
                + two // log-odds of slowness
                + "0c00000000000000" // when
                + "0000000000000000" // log-odds of errors
                + "000000000000e83f" // probability without it
                + "01"
                + "146469736b5f6c6174656e63795f7365636f6e6473"
                + one
                + two
                + "04736c6f77"
                + "01"
                + "016d"
                + one
                + two
                + "02c3a9");
    assertThat(DiskState.fromBytes(state.toBytes())).usingRecursiveComparison().isEqualTo(state);
  }

  @Test
  void symptomsHaveRoomBesideTheLargestModels() throws IOException {
    DiskState state = DiskState.fresh();
    for (int version = 1; version <= DiskState.MAXIMUM_SLOTS; version++) {
      state.slots.add(
          new DiskState.Slot(
              "x".repeat(DiskState.MAXIMUM_MODEL_ID_BYTES),
              version,
              DiskState.MAXIMUM_MODEL_FLOATS));
    }
    List<ReasonPart> reasons = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      reasons.add(new ReasonPart("disk_latency_seconds", i, 9 - i, "ü".repeat(40 * (i % 3) + 40)));
    }
    DiskSymptoms symptoms =
        requireNonNull(
            DiskSymptoms.of(
                new Finding(
                    "disk/d",
                    12,
                    0.5,
                    1,
                    List.of(
                        new ModeAssessment(
                            FailureMode.FAIL_SLOW, 0.25, 13, "symptoms", 1, reasons))),
                null));
    symptoms.keep(reasons);
    state.symptoms = symptoms;
    byte[] bytes = state.toBytes();
    assertThat(bytes).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
    DiskState read = DiskState.fromBytes(bytes);
    assertThat(read.toBytes()).isEqualTo(bytes);
    assertThat(read.symptoms).usingRecursiveComparison().isEqualTo(symptoms);
  }

  @Test
  void whatTheChallengerSaysIsAppendedWithSymptomsAndWithout() throws IOException {
    for (boolean withSymptoms : new boolean[] {false, true}) {
      DiskState state = distinct();
      if (withSymptoms) {
        state.symptoms =
            DiskSymptoms.of(
                new Finding(
                    "disk/d",
                    12,
                    0.5,
                    1,
                    List.of(
                        new ModeAssessment(FailureMode.FAIL_SLOW, 0.25, 13, "m", 1, List.of()))),
                null);
      }
      byte[] without = state.toBytes();
      Challenger challenger = new Challenger(state.slots.get(0));
      challenger.restore(Tier.WARNING, Tier.WATCH, 21, 22);
      challenger.base = 0.5;
      challenger.probability = 0.625;
      challenger.confidence = 0.75;
      state.challenger = challenger;
      byte[] bytes = state.toBytes();
      int marker = withSymptoms ? 0 : 1;
      assertThat(bytes).hasSize(without.length + marker + Challenger.BYTES);
      assertThat(HexFormat.of().formatHex(bytes, without.length, bytes.length))
          .isEqualTo(
              (withSymptoms ? "" : "00") // no symptoms: what an older release takes for unknown
                  + "01" // version
                  + "00" // its place among the models
                  + "0302" // tier, wanted
                  + "1500000000000000"
                  + "1600000000000000"
                  + "000000000000e03f"
                  + "000000000000e43f"
                  + "000000000000e83f");
      DiskState read = DiskState.fromBytes(bytes);
      assertThat(requireNonNull(read.challenger).slot).isSameAs(read.slots.get(0));
      assertThat(read).usingRecursiveComparison().isEqualTo(state);
      assertThat(DiskState.fromBytes(without).challenger).as("bytes of before").isNull();
    }
  }

  @Test
  void theChallengerIsLeftOutWhenTheLargestModelsFillTheState() throws IOException {
    DiskState state = DiskState.fresh();
    for (int version = 1; version <= DiskState.MAXIMUM_SLOTS; version++) {
      state.slots.add(
          new DiskState.Slot(
              "x".repeat(DiskState.MAXIMUM_MODEL_ID_BYTES),
              version,
              DiskState.MAXIMUM_MODEL_FLOATS));
    }
    state.symptoms =
        DiskSymptoms.of(
            new Finding(
                "disk/d",
                12,
                0.5,
                1,
                List.of(
                    new ModeAssessment(
                        FailureMode.FAIL_SLOW,
                        0.25,
                        13,
                        "m",
                        1,
                        List.of(
                            new ReasonPart("a", 1, 2, "x".repeat(140)),
                            new ReasonPart("b", 1, 2, "x".repeat(140)))))),
            null);
    state.challenger = new Challenger(state.slots.get(2));
    byte[] bytes = state.toBytes();
    assertThat(bytes).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
    DiskState read = DiskState.fromBytes(bytes);
    assertThat(read.challenger).isNull();
    assertThat(read.symptoms).isNotNull();
  }

  @Test
  void freshStateSurvives() throws IOException {
    DiskState read = DiskState.fromBytes(DiskState.fresh().toBytes());
    assertThat(read.samples()).isZero();
    assertThat(read.lastTimeMillis()).isEqualTo(Long.MIN_VALUE);
    assertThat(read.statistics).isEqualTo(DiskState.fresh().statistics);
  }

  @Test
  void statesFollowEachOtherInOneStream() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    distinct().write(out);
    DiskState.fresh().write(out);
    distinct().write(out);
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    assertThat(DiskState.read(in).toBytes()).isEqualTo(distinct().toBytes());
    assertThat(DiskState.read(in).toBytes()).isEqualTo(DiskState.fresh().toBytes());
    assertThat(DiskState.read(in).toBytes()).isEqualTo(distinct().toBytes());
    assertThatThrownBy(() -> DiskState.read(in)).isInstanceOf(EOFException.class);
  }

  @Test
  void aLaterReleaseMayAddStatisticsAndFields() throws IOException {
    byte[] bytes = distinct().toBytes();
    int count = HEADER + 91;
    assertThat(bytes[count]).as("place of the count of statistics").isEqualTo((byte) 65);
    ByteBuffer later = ByteBuffer.allocate(bytes.length + 8 + 300);
    later.put(bytes, 0, count).put((byte) 67).put(bytes, count + 1, 4 * 65).putLong(-1);
    later.put(bytes, count + 1 + 4 * 65, bytes.length - (count + 1 + 4 * 65));
    assertThat(DiskState.fromBytes(seal(later.array())))
        .usingRecursiveComparison()
        .isEqualTo(distinct());
    assertThat(DiskState.read(new DataInputStream(new ByteArrayInputStream(seal(later.array())))))
        .usingRecursiveComparison()
        .isEqualTo(distinct());
  }

  @Test
  void anEarlierReleaseMayLackStatistics() throws IOException {
    byte[] bytes = distinct().toBytes();
    int count = HEADER + 91;
    ByteBuffer earlier = ByteBuffer.allocate(bytes.length - 4 * 60);
    earlier.put(bytes, 0, count).put((byte) 5).put(bytes, count + 1, 20);
    earlier.put(bytes, count + 1 + 4 * 65, bytes.length - (count + 1 + 4 * 65));
    DiskState read = DiskState.fromBytes(seal(earlier.array()));
    assertThat(read.statistics[4]).isEqualTo(4.5f);
    assertThat(read.statistics[5]).as("start value: absent is not 0").isNaN();
    assertThat(read.slots).hasSize(1);
  }

  @Test
  void everyFlippedBitAndEveryCutIsNoticed() {
    byte[] bytes = distinct().toBytes();
    for (int bit = 0; bit < 8 * bytes.length; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> DiskState.fromBytes(flipped))
          .as("bit %s", bit)
          .isInstanceOf(IOException.class);
      assertThatThrownBy(
              () -> DiskState.read(new DataInputStream(new ByteArrayInputStream(flipped))))
          .as("bit %s", bit)
          .isInstanceOf(IOException.class);
    }
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> DiskState.fromBytes(cut))
          .as("cut at %s", length)
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void wildBytesBehindAFittingChecksumAreRefusedWithAWord() {
    byte[] bytes = distinct().toBytes();
    int refused = 0;
    for (long seed = 0; seed < 20_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] wild = Arrays.copyOf(bytes, random.nextInt(HEADER, bytes.length + 1));
      for (int i = random.nextInt(4); i > 0 && wild.length > HEADER; i--) {
        wild[random.nextInt(HEADER, wild.length)] = (byte) random.nextInt();
      }
      try {
        DiskState.fromBytes(seal(wild)).toBytes();
      } catch (IOException expected) {
        assertThat(expected).hasMessageStartingWith("Disk state");
        refused++;
      } catch (RuntimeException | Error other) {
        throw new AssertionError("seed " + seed, other);
      }
    }
    assertThat(refused).isGreaterThan(10_000);
  }

  @Test
  void saysWhatIsWrong() {
    byte[] bytes = distinct().toBytes();
    byte[] newer = bytes.clone();
    newer[0] = 2;
    assertThatThrownBy(() -> DiskState.fromBytes(newer))
        .hasMessage(
            "Disk state of version 2 cannot be read by this release, which reads version 1");
    byte[] damaged = bytes.clone();
    damaged[100]++;
    assertThatThrownBy(() -> DiskState.fromBytes(damaged))
        .hasMessageContaining("checksum does not fit");
    byte[] tier = bytes.clone();
    tier[HEADER + 88] = 5;
    assertThatThrownBy(() -> DiskState.fromBytes(seal(tier)))
        .hasMessageContaining("tier 5, which does not exist");
    assertThatThrownBy(() -> DiskState.fromBytes(seal(Arrays.copyOf(bytes, bytes.length - 1))))
        .hasMessageContaining("cut short");
  }

  @Test
  void itemisedBytesAddUpToTheStateWithThreeModels() throws IOException {
    DiskState state = DiskState.fresh();
    for (int version = 1; version <= 3; version++) {
      state.slots.add(new DiskState.Slot("disk-lstm", version, 192));
    }
    state.challenger = new Challenger(state.slots.get(2));
    int sum = DiskState.itemisedBytes().values().stream().mapToInt(Integer::intValue).sum();
    assertThat(state.toBytes()).hasSize(sum).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
    assertThat(DiskState.fromBytes(state.toBytes()).toBytes()).isEqualTo(state.toBytes());
  }

  @Test
  void theLargestPossibleStateHasRoom() {
    DiskState state = DiskState.fresh();
    for (int version = 1; version <= DiskState.MAXIMUM_SLOTS; version++) {
      state.slots.add(
          new DiskState.Slot(
              "x".repeat(DiskState.MAXIMUM_MODEL_ID_BYTES),
              version,
              DiskState.MAXIMUM_MODEL_FLOATS));
    }
    assertThat(state.toBytes()).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
  }

  @Test
  void aSharedBufferLeaksNothingFromOneStateIntoAnother() throws IOException {
    byte[] small = DiskState.fresh().toBytes();
    DiskState large = distinct();
    for (DiskState each : List.of(large, DiskState.fresh(), large, DiskState.fresh())) {
      byte[] bytes = each.toBytes();
      assertThat(DiskState.fromBytes(bytes).toBytes()).isEqualTo(bytes);
    }
    assertThat(DiskState.fresh().toBytes()).isEqualTo(small);
  }

  private static byte[] littleEndian(float value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array();
  }

  private static String lengthHex(String body) {
    byte[] length =
        ByteBuffer.allocate(2)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) (body.length() / 2))
            .array();
    return HexFormat.of().formatHex(length);
  }

  private static String crcHex(String body) {
    CRC32C crc = new CRC32C();
    crc.update(HexFormat.of().parseHex(body));
    byte[] bytes =
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) crc.getValue()).array();
    return HexFormat.of().formatHex(bytes);
  }

  /** The bytes with length and checksum in the header made to fit the body. */
  private static byte[] seal(byte[] bytes) {
    byte[] sealed = bytes.clone();
    CRC32C crc = new CRC32C();
    crc.update(sealed, HEADER, sealed.length - HEADER);
    ByteBuffer.wrap(sealed)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(1, (short) (sealed.length - HEADER))
        .putInt(3, (int) crc.getValue());
    return sealed;
  }
}
