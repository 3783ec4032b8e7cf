package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import io.forestall.schemas.AdmissionGrant;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.BudgetShare;
import io.forestall.schemas.DeadReason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between admissions and the records of their signed log (G4, G11). What is signed is the grant,
 * byte for byte as it travels; who reads believes the grant and refuses a record whose other fields
 * contradict it. One for each thread: it keeps buffers.
 *
 * <p>Marks of a guard that has started are signed like any other record, under the guard's key when
 * it has one. A forged or repeated mark could do no more than silence a guard until its next start,
 * which is why one whose signature does not fit counts as little as a forged admission. Zone and
 * budget stand beside the grant and are not signed: they count once, with the first record of a
 * sequence, and can make a guard too cautious or too generous by one act, never permit a second
 * act.
 */
public final class AdmissionRecords {

  private final AvroCodec<AdmissionGrant> grants = AvroCodec.of(AdmissionGrant.class);

  /**
   * The record of an admission, signed.
   *
   * @param signer key of the guard; null leaves it unsigned, which only a mark may be
   * @throws IllegalArgumentException when anything but a mark is to stay unsigned
   */
  public io.forestall.schemas.Admission of(
      Admission admission, Signatures.@Nullable Signer signer) {
    if (signer == null && admission.state() != Admission.State.STARTED) {
      throw new IllegalArgumentException(
          "admission " + admission.id() + " is to be written without a key");
    }
    return record(admission, signer);
  }

  /** The record of an admission between two steps of one job; never for a topic. */
  public io.forestall.schemas.Admission unsigned(Admission admission) {
    return record(admission, null);
  }

  private io.forestall.schemas.Admission record(
      Admission admission, Signatures.@Nullable Signer signer) {
    byte[] grant = grants.encode(grant(admission));
    io.forestall.schemas.Admission record = new io.forestall.schemas.Admission();
    record.setId(admission.id());
    record.setRevision(admission.revision());
    record.setState(AdmissionState.valueOf(admission.state().name()));
    record.setAct(GuardRecords.act(admission.act()));
    record.setSubject(FleetEntries.entity(admission.subject()));
    record.setPool(admission.pool());
    record.setZone(admission.zone());
    List<BudgetShare> budget = new ArrayList<>(admission.budget().size());
    for (Admission.Share share : admission.budget()) {
      budget.add(new BudgetShare(share.scope(), share.amount(), share.left()));
    }
    record.setBudget(budget);
    record.setTimeMillis(admission.timeMillis());
    record.setText(GuardRecords.cut(admission.text()));
    record.setAlgorithm(Signatures.ALGORITHM);
    record.setKeyId(signer == null ? "" : signer.keyId());
    record.setSignature(ByteBuffer.wrap(signer == null ? new byte[0] : signer.sign(grant)));
    record.setGrant(ByteBuffer.wrap(grant));
    return record;
  }

  private static AdmissionGrant grant(Admission admission) {
    AdmissionGrant grant = new AdmissionGrant();
    grant.setId(admission.id());
    grant.setProposal(admission.proposal());
    grant.setAct(GuardRecords.act(admission.act()));
    grant.setSubject(FleetEntries.entity(admission.subject()));
    grant.setPool(admission.pool());
    grant.setUnits(GuardRecords.units(admission.units()));
    grant.setSource(GuardRecords.entity(admission.source()));
    grant.setTarget(GuardRecords.entity(admission.target()));
    grant.setIssuedMillis(admission.issuedMillis());
    grant.setNotBeforeMillis(admission.notBeforeMillis());
    grant.setExpiresMillis(admission.expiresMillis());
    grant.setSequence(admission.sequence());
    grant.setCredentialsRef(null);
    grant.setParameters(admission.parameters());
    grant.setPredicted(admission.predicted());
    grant.setRevision(admission.revision());
    grant.setState(admission.state().name());
    return grant;
  }

  /**
   * The admission of a record whose signature is good.
   *
   * @param trusted keys that are believed; when there are none only marks are read, which a guard
   *     without a key writes for itself
   * @throws WireException when the signature is missing, wrong or of an unknown key, when the
   *     record contradicts its grant, or makes no sense
   */
  public Admission admission(io.forestall.schemas.Admission record, Signatures.Trusted trusted)
      throws WireException {
    String field = "admission " + GuardRecords.id(record.getId(), "admission", "id");
    byte[] grantBytes = bytes(record.getGrant());
    boolean mark = record.getState() == AdmissionState.STARTED;
    if (trusted.isEmpty()) {
      if (!mark) {
        throw new WireException(
            DeadReason.OTHER,
            field
                + " cannot be checked: no key is trusted here; name the public keys in"
                + " forestall.decide.trusted-keys");
      }
    } else {
      if (!record.getAlgorithm().equals(Signatures.ALGORITHM)) {
        throw new WireException(
            DeadReason.OTHER, field + " is signed by an algorithm other than Ed25519");
      }
      Signatures.Verdict verdict =
          trusted.verify(record.getKeyId(), grantBytes, bytes(record.getSignature()));
      if (verdict != Signatures.Verdict.VALID) {
        throw new WireException(
            DeadReason.OTHER,
            field
                + " does not count: "
                + verdict.words()
                + " (key '"
                + GuardRecords.cut(record.getKeyId())
                + "')");
      }
    }
    return read(record, grantBytes, field);
  }

  /**
   * What a check of an admission inside another record found.
   *
   * @param admission the admission; null when there is none, or when it is forged so badly that it
   *     cannot be read. Only with {@link Authority#VALID} may anything be done under it.
   * @param authority what it is worth
   */
  public record Checked(@Nullable Admission admission, Authority authority) {}

  /**
   * Reads the admission that stands in a command or a record of ownership, and says what it is
   * worth instead of refusing it: the fold of the log and the node decide what follows.
   *
   * @param record the admission as it travelled, null when there is none
   * @param trusted keys that are believed
   * @throws WireException when its grant was written under a schema that is not known here: nothing
   *     can be said, {@link DeadReason#UNKNOWN_SCHEMA}
   */
  public Checked check(io.forestall.schemas.@Nullable Admission record, Signatures.Trusted trusted)
      throws WireException {
    if (record == null) {
      return new Checked(null, Authority.NONE);
    }
    byte[] grantBytes = bytes(record.getGrant());
    Authority authority = Authority.FORGED;
    if (record.getAlgorithm().equals(Signatures.ALGORITHM)) {
      authority =
          switch (trusted.verify(record.getKeyId(), grantBytes, bytes(record.getSignature()))) {
            case VALID -> Authority.VALID;
            case UNKNOWN_KEY -> Authority.UNKNOWN_KEY;
            case UNSIGNED, WRONG -> Authority.FORGED;
          };
    }
    try {
      String field = "admission " + GuardRecords.id(record.getId(), "admission", "id");
      return new Checked(read(record, grantBytes, field), authority);
    } catch (WireException e) {
      if (e.reason() == DeadReason.UNKNOWN_SCHEMA && authority != Authority.FORGED) {
        throw e;
      }
      // It contradicts its own grant or is no admission at all: as good as forged, whoever signed.
      return new Checked(null, Authority.FORGED);
    }
  }

  /** The admission of a record that was checked before, within a job. */
  public Admission checked(io.forestall.schemas.Admission record) throws WireException {
    return read(record, bytes(record.getGrant()), "admission " + record.getId());
  }

  private Admission read(io.forestall.schemas.Admission record, byte[] grantBytes, String field)
      throws WireException {
    AdmissionGrant grant = grants.decode(grantBytes);
    same(record.getId().equals(grant.getId()), field, "id");
    same(record.getRevision() == grant.getRevision(), field, "revision");
    same(record.getState().name().equals(grant.getState()), field, "state");
    same(record.getAct() == grant.getAct(), field, "act");
    same(record.getSubject().equals(grant.getSubject()), field, "subject");
    same(record.getPool().equals(grant.getPool()), field, "pool");
    Admission.State state;
    try {
      state = Admission.State.valueOf(grant.getState());
    } catch (IllegalArgumentException e) {
      throw GuardRecords.outOfRange(field, "state", "one that this release knows");
    }
    GuardRecords.atMost(record.getBudget().size(), 64, field, "budget shares");
    List<Admission.Share> budget = new ArrayList<>(record.getBudget().size());
    for (BudgetShare share : record.getBudget()) {
      double amount = GuardRecords.finite(share.getAmount(), field, "budget");
      if (amount < 0) {
        throw GuardRecords.outOfRange(field, "budget", "0 or more");
      }
      budget.add(
          new Admission.Share(
              GuardRecords.id(share.getScope(), field, "scope of a budget"),
              amount,
              GuardRecords.finite(share.getLeft(), field, "budget left")));
    }
    boolean mark = state == Admission.State.STARTED;
    if (grant.getRevision() < 1 && !mark) {
      throw GuardRecords.outOfRange(field, "revision", "1 or more");
    }
    if (grant.getSequence() < 1 && !mark) {
      throw GuardRecords.outOfRange(field, "sequence", "1 or more");
    }
    Subject subject = GuardRecords.subject(grant.getSubject(), field, "subject");
    return new Admission(
        grant.getId(),
        grant.getRevision(),
        state,
        mark ? grant.getProposal() : GuardRecords.id(grant.getProposal(), field, "proposal"),
        GuardRecords.act(grant.getAct()),
        subject,
        GuardRecords.text(grant.getPool(), field, "pool"),
        GuardRecords.optionalId(record.getZone(), field, "zone"),
        grant.getPredicted(),
        GuardRecords.units(grant.getUnits(), field),
        GuardRecords.optional(grant.getSource(), field, "source"),
        GuardRecords.optional(grant.getTarget(), field, "target"),
        budget,
        grant.getSequence(),
        grant.getIssuedMillis(),
        grant.getNotBeforeMillis(),
        grant.getExpiresMillis(),
        record.getTimeMillis(),
        GuardRecords.text(record.getText(), field, "text"),
        GuardRecords.parameters(grant.getParameters(), field));
  }

  private static void same(boolean same, String field, String name) throws WireException {
    if (!same) {
      throw new WireException(
          DeadReason.OTHER, field + " contradicts its signed grant in " + name + ": not counted");
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
