package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import io.forestall.schemas.CommandKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between commands and the records of the topic {@code commands} (C4, G11). What the admission
 * inside is worth is told beside the command: the addressee refuses with the right code. One for
 * each thread: it keeps buffers.
 */
public final class CommandRecords {

  /** Longest identifier of a command, which names admission, step and addressee; characters. */
  public static final int MAX_COMMAND_ID_CHARS = 1024;

  private final AvroCodec<io.forestall.schemas.Command> codec =
      AvroCodec.of(io.forestall.schemas.Command.class);
  private final AdmissionRecords admissions = new AdmissionRecords();

  /**
   * A command that was read.
   *
   * @param authority what the admission inside is worth; {@code NONE} without one
   * @param signed that admission as it travelled, which a takeover carries into the ownership log;
   *     null without one
   */
  public record Received(
      Command command, Authority authority, io.forestall.schemas.@Nullable Admission signed) {}

  /** The key of a command's record: its addressee. */
  public static String key(Command command) {
    return Keys.of(FleetEntries.entity(command.addressee()));
  }

  /**
   * The record of a command.
   *
   * @param signed the admission that the command stands on, with its signature; null when it stands
   *     on none
   * @throws IllegalArgumentException when the kind is unknown, or command and signed admission do
   *     not belong together
   */
  public static io.forestall.schemas.Command of(
      Command command, io.forestall.schemas.@Nullable Admission signed) {
    Admission admission = command.admission();
    OwnershipRecords.belong(admission, signed);
    if (command.kind() == Command.Kind.UNKNOWN) {
      throw new IllegalArgumentException("command " + command.id() + " has no kind");
    }
    io.forestall.schemas.Command record = new io.forestall.schemas.Command();
    record.setId(command.id());
    record.setKind(CommandKind.valueOf(command.kind().name()));
    record.setAddressee(FleetEntries.entity(command.addressee()));
    record.setSubject(FleetEntries.entity(command.subject()));
    record.setAdmission(signed);
    record.setAdmissionId(admission == null ? null : admission.id());
    record.setStep(command.step());
    record.setAttempt(command.attempt());
    record.setUnits(GuardRecords.units(command.units()));
    record.setTarget(GuardRecords.entity(command.target()));
    record.setRanges(List.of());
    record.setRateBytesPerSecond(null);
    record.setTimeMillis(command.timeMillis());
    record.setNotBeforeMillis(command.notBeforeMillis());
    record.setExpiresMillis(command.expiresMillis());
    record.setCredentialsRef(command.credentialsRef());
    record.setReason(GuardRecords.cut(command.reason()));
    record.setParameters(command.parameters());
    record.setPool(command.pool());
    return record;
  }

  /** The bytes of a command; see {@link #of}. */
  public byte[] encode(Command command, io.forestall.schemas.@Nullable Admission signed) {
    return codec.encode(of(command, signed));
  }

  /**
   * The command of the bytes.
   *
   * @param trusted keys that are believed
   * @throws WireException when they are none or make no sense
   */
  public Received decode(byte[] bytes, Signatures.Trusted trusted) throws WireException {
    return received(codec.decode(bytes), trusted);
  }

  /**
   * The command of a record; see {@link #decode}. A kind that this release does not know is read as
   * UNKNOWN, so that the addressee can say that it is unsupported.
   *
   * @throws WireException when it makes no sense
   */
  public Received received(io.forestall.schemas.Command record, Signatures.Trusted trusted)
      throws WireException {
    String id = id(record.getId(), "command", "id");
    String field = "command " + id;
    if (record.getStep() < 0 || record.getAttempt() < 0) {
      throw GuardRecords.outOfRange(field, "step and attempt", "0 or more");
    }
    long timeMillis = GuardRecords.time(record.getTimeMillis(), field, "timeMillis");
    long notBeforeMillis =
        GuardRecords.notNegative(record.getNotBeforeMillis(), field, "notBeforeMillis");
    if (record.getExpiresMillis() < notBeforeMillis) {
      throw GuardRecords.outOfRange(field, "expiresMillis", "notBeforeMillis or later");
    }
    Subject addressee = GuardRecords.subject(record.getAddressee(), field, "addressee");
    Subject subject = GuardRecords.subject(record.getSubject(), field, "subject");
    io.forestall.schemas.Admission signed = record.getAdmission();
    AdmissionRecords.Checked checked = admissions.check(signed, trusted);
    Admission admission = checked.admission();
    Command command =
        new Command(
            id,
            kind(record.getKind()),
            addressee,
            subject,
            pool(record.getPool(), admission, field),
            admission,
            record.getStep(),
            record.getAttempt(),
            GuardRecords.units(record.getUnits(), field),
            GuardRecords.optional(record.getTarget(), field, "target"),
            timeMillis,
            notBeforeMillis,
            record.getExpiresMillis(),
            GuardRecords.optionalId(record.getCredentialsRef(), field, "credentialsRef"),
            GuardRecords.text(record.getReason(), field, "reason"),
            GuardRecords.parameters(record.getParameters(), field));
    return new Received(command, checked.authority(), signed);
  }

  private static Command.Kind kind(CommandKind kind) {
    try {
      return Command.Kind.valueOf(kind.name());
    } catch (IllegalArgumentException e) {
      return Command.Kind.UNKNOWN;
    }
  }

  /** Records that are older than the field: the admission knows the pool, else it stays empty. */
  private static String pool(@Nullable String pool, @Nullable Admission admission, String field)
      throws WireException {
    if (pool == null || pool.isEmpty()) {
      return admission == null ? "" : admission.pool();
    }
    return GuardRecords.id(pool, field, "pool");
  }

  static String id(String id, String record, String field) throws WireException {
    if (id.isBlank() || id.length() > MAX_COMMAND_ID_CHARS) {
      throw GuardRecords.outOfRange(
          record, field, "1 to " + MAX_COMMAND_ID_CHARS + " characters long");
    }
    return id;
  }
}
