package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.WriteMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between entries and the records of the ownership log (D2). Everyone must fold the log alike, so
 * only what is garbage for all is refused here; what a record is worth, a forged admission
 * included, the fold decides. A record that this release cannot understand is no garbage: see
 * {@link #notUnderstood}. One for each thread: it keeps buffers.
 */
public final class OwnershipRecords {

  private final AvroCodec<Ownership> codec = AvroCodec.of(Ownership.class);
  private final AdmissionRecords admissions = new AdmissionRecords();

  /** The key of an entry's record: its pool. */
  public static String key(OwnershipEntry entry) {
    return entry.pool();
  }

  /**
   * The record of an entry.
   *
   * @param signed the admission that the entry stands on, with its signature, byte for byte as it
   *     came; null when the entry stands on none
   * @throws IllegalArgumentException when entry and signed admission do not belong together
   */
  public static Ownership of(
      OwnershipEntry entry, io.forestall.schemas.@Nullable Admission signed) {
    Admission admission = entry.admission();
    belong(admission, signed);
    Ownership record = new Ownership();
    record.setPool(entry.pool());
    record.setKind(OwnershipKind.valueOf(entry.kind().name()));
    record.setUnits(GuardRecords.units(entry.steps()));
    record.setOwner(FleetEntries.entity(entry.owner()));
    record.setFormerOwner(admission == null ? null : GuardRecords.entity(admission.source()));
    record.setAdmission(signed);
    boolean asynchronous = entry.asyncBoundMillis() > 0;
    record.setWriteMode(asynchronous ? WriteMode.ASYNCHRONOUS : WriteMode.SYNCHRONOUS);
    record.setAsyncBoundMillis(asynchronous ? entry.asyncBoundMillis() : null);
    record.setIncarnation(entry.incarnation());
    record.setTimeMillis(entry.timeMillis());
    record.setWriter(entry.writer());
    return record;
  }

  /** The bytes of an entry; see {@link #of}. */
  public byte[] encode(OwnershipEntry entry, io.forestall.schemas.@Nullable Admission signed) {
    return codec.encode(of(entry, signed));
  }

  /**
   * The entry of the bytes.
   *
   * @param trusted keys that are believed
   * @throws WireException when they are none or make no sense; the reader looks at {@link
   *     #notUnderstood} before it passes over them
   */
  public OwnershipEntry decode(byte[] bytes, Signatures.Trusted trusted) throws WireException {
    return entry(codec.decode(bytes), trusted);
  }

  /**
   * The entry of a record; see {@link #decode}.
   *
   * @throws WireException when it makes no sense
   */
  public OwnershipEntry entry(Ownership record, Signatures.Trusted trusted) throws WireException {
    String pool = GuardRecords.id(record.getPool(), "ownership", "pool");
    String field = "ownership of pool " + pool;
    OwnershipEntry.Kind kind =
        switch (record.getKind()) {
          case START -> OwnershipEntry.Kind.START;
          case TAKEOVER -> OwnershipEntry.Kind.TAKEOVER;
          case RELEASE -> OwnershipEntry.Kind.RELEASE;
          case MODE -> OwnershipEntry.Kind.MODE;
          case UNKNOWN ->
              throw new WireException(
                  DeadReason.UNKNOWN_SCHEMA,
                  field + ": its kind is not known to this release: bring it up to date");
        };
    Subject owner = GuardRecords.subject(record.getOwner(), field, "owner");
    List<UnitStep> steps = GuardRecords.units(record.getUnits(), field);
    if (steps.isEmpty()) {
      throw GuardRecords.outOfRange(field, "units", "1 or more");
    }
    long incarnation = GuardRecords.notNegative(record.getIncarnation(), field, "incarnation");
    String writer = GuardRecords.id(record.getWriter(), field, "writer");
    AdmissionRecords.Checked checked = admissions.check(record.getAdmission(), trusted);
    return new OwnershipEntry(
        pool,
        kind,
        steps,
        owner,
        incarnation,
        checked.admission(),
        checked.authority(),
        writer,
        // Never checked: a node with a wrong clock must be able to say that it owns.
        record.getTimeMillis(),
        asyncBoundMillis(record));
  }

  /** A mode that this release does not know is none that it may answer early under. */
  private static long asyncBoundMillis(Ownership record) {
    Long bound = record.getAsyncBoundMillis();
    return record.getWriteMode() == WriteMode.ASYNCHRONOUS && bound != null && bound > 0
        ? bound
        : 0;
  }

  /**
   * True when a record was refused only because this release is too old for it, while others may
   * count it. Whoever folds the log must not pass over it: it stops serving the units of the
   * partition until it can read on, for a takeover may stand there.
   */
  public static boolean notUnderstood(WireException refusal) {
    return refusal.reason() == DeadReason.UNKNOWN_SCHEMA;
  }

  static void belong(
      @Nullable Admission admission, io.forestall.schemas.@Nullable Admission signed) {
    String id = admission == null ? null : admission.id();
    String signedId = signed == null ? null : signed.getId();
    if (id == null ? signedId != null : !id.equals(signedId)) {
      throw new IllegalArgumentException(
          "admission " + id + " was to travel with the signature of " + signedId);
    }
  }
}
