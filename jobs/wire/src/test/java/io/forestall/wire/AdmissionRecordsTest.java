package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.Signatures.Trusted;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdmissionRecordsTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final Signatures.Signer SIGNER = TestingKeys.signer();

  private final AdmissionRecords records = new AdmissionRecords();

  @Test
  void whatIsSignedIsReadAsItWas() throws Exception {
    for (Admission.State state : Admission.State.values()) {
      Admission admission = admission(state);
      io.forestall.schemas.Admission record = throughBytes(records.of(admission, SIGNER));
      assertThat(records.admission(record, SIGNER.trusted())).isEqualTo(admission);
      assertThat(records.checked(record)).isEqualTo(admission);
      assertThat(record.getKeyId()).isEqualTo(SIGNER.keyId());
      assertThat(record.getSignature().remaining()).isEqualTo(Signatures.SIGNATURE_BYTES);
    }
  }

  @Test
  void everyFieldThatContradictsTheGrantIsSeen() throws Exception {
    List<Consumer<io.forestall.schemas.Admission>> lies =
        List.of(
            record -> record.setId("a-2"),
            record -> record.setRevision(9),
            record -> record.setState(AdmissionState.DONE),
            record -> record.setAct(io.forestall.schemas.ActKind.DRAIN),
            record -> record.setSubject(new EntityRef(EntityKind.NODE, "n-9")),
            record -> record.setPool("p2"));
    for (Consumer<io.forestall.schemas.Admission> lie : lies) {
      io.forestall.schemas.Admission record =
          records.of(admission(Admission.State.ADMITTED), SIGNER);
      lie.accept(record);
      assertThatThrownBy(() -> records.admission(record, SIGNER.trusted()))
          .isInstanceOf(WireException.class)
          .hasMessageContaining("contradicts its signed grant");
    }
  }

  @Test
  void everyChangedByteOfGrantOrSignatureIsSeen() throws Exception {
    io.forestall.schemas.Admission good = records.of(admission(Admission.State.ADMITTED), SIGNER);
    for (int at = 0; at < good.getGrant().remaining(); at++) {
      io.forestall.schemas.Admission record = copy(good);
      byte[] grant = record.getGrant().array().clone();
      grant[at] ^= 1;
      record.setGrant(ByteBuffer.wrap(grant));
      refused(record, SIGNER.trusted(), "does not fit");
    }
    for (int at = 0; at < Signatures.SIGNATURE_BYTES; at++) {
      io.forestall.schemas.Admission record = copy(good);
      byte[] signature = record.getSignature().array().clone();
      signature[at] ^= 1;
      record.setSignature(ByteBuffer.wrap(signature));
      refused(record, SIGNER.trusted(), "does not fit");
    }
  }

  @Test
  void unknownKeyNoSignatureAndAnotherAlgorithmCountForNothing(@TempDir Path folder)
      throws Exception {
    Signatures.Signer other =
        Signatures.generate(folder.resolve("other.key"), folder.resolve("other.pub"));
    for (Admission.State state : Admission.State.values()) {
      refused(records.of(admission(state), other), SIGNER.trusted(), "not trusted here");
      refused(records.unsigned(admission(state)), SIGNER.trusted(), "not signed");
      io.forestall.schemas.Admission record = records.of(admission(state), SIGNER);
      record.setAlgorithm("none");
      refused(record, SIGNER.trusted(), "algorithm");
    }
  }

  @Test
  void withoutTrustedKeysOnlyMarksAreRead() throws Exception {
    Admission mark = admission(Admission.State.STARTED);
    assertThat(records.admission(records.of(mark, null), Trusted.NONE)).isEqualTo(mark);
    refused(
        records.of(admission(Admission.State.ADMITTED), SIGNER), Trusted.NONE, "cannot be checked");
    assertThatThrownBy(() -> records.of(admission(Admission.State.ADMITTED), null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bytesOfAnySortNeverThrowAnythingElse() {
    long seed = 20_260_401;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2000; i++) {
      io.forestall.schemas.Admission record =
          records.of(admission(Admission.State.ADMITTED), SIGNER);
      byte[] grant = record.getGrant().array().clone();
      for (int j = 0; j <= random.nextInt(8); j++) {
        grant[random.nextInt(grant.length)] = (byte) random.nextInt();
      }
      record.setGrant(ByteBuffer.wrap(grant));
      // Signed by the guard itself: a bad writer with a good key.
      record.setSignature(ByteBuffer.wrap(SIGNER.sign(grant)));
      try {
        Admission read = records.admission(record, SIGNER.trusted());
        assertThat(read.sequence()).as("seed %d record %d", seed, i).isPositive();
      } catch (WireException e) {
        assertThat(e.getMessage()).as("seed %d record %d", seed, i).isNotBlank();
      }
    }
  }

  private void refused(io.forestall.schemas.Admission record, Trusted trusted, String why) {
    assertThatThrownBy(() -> records.admission(record, trusted))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(why);
  }

  private static io.forestall.schemas.Admission throughBytes(io.forestall.schemas.Admission record)
      throws WireException {
    AvroCodec<io.forestall.schemas.Admission> codec =
        AvroCodec.of(io.forestall.schemas.Admission.class);
    return codec.decode(codec.encode(record));
  }

  private static io.forestall.schemas.Admission copy(io.forestall.schemas.Admission record) {
    return io.forestall.schemas.Admission.newBuilder(record).build();
  }

  static Admission admission(Admission.State state) {
    boolean mark = state == Admission.State.STARTED;
    return new Admission(
        "a-1",
        mark ? 0 : state == Admission.State.ADMITTED ? 1 : 2,
        state,
        mark ? "" : "p-1",
        mark ? ActKind.NONE : ActKind.MIGRATE,
        mark ? new Subject(Subject.Kind.POOL, "p1") : Subject.node("n-0001"),
        "p1",
        mark ? null : "z-1",
        !mark,
        mark ? List.of() : List.of(new Proposal.UnitStep("u-1", 3, 4)),
        mark ? null : Subject.node("n-0001"),
        mark ? null : Subject.node("n-0002"),
        mark ? List.of() : List.of(new Admission.Share("pool/p1", 1, 3)),
        mark ? 0 : 7,
        NOW,
        NOW,
        NOW + 1000,
        NOW,
        "a sentence",
        Map.of());
  }
}
