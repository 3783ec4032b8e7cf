package io.forestall.wire;

import io.forestall.decisions.failover.CommandAck;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.AckStatus;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Between answers to commands and the records of the topic {@code acks} (G11). What is read is
 * checked; times are not, because a node with a wrong clock must be heard. One for each thread: it
 * keeps buffers.
 */
public final class AckRecords {

  /** Most measurements in an answer; count. */
  public static final int MAX_VALUES = 1024;

  private final AvroCodec<Ack> codec = AvroCodec.of(Ack.class);

  /** The key of an answer's record: the subject of the command. */
  public static String key(CommandAck ack) {
    return Keys.of(FleetEntries.entity(ack.subject()));
  }

  /** The record of an answer; measurements that are not finite are left out. */
  public static Ack of(CommandAck ack) {
    Ack record = new Ack();
    record.setCommand(ack.command());
    record.setFrom(FleetEntries.entity(ack.from()));
    record.setSubject(FleetEntries.entity(ack.subject()));
    record.setStatus(AckStatus.valueOf(ack.status().name()));
    record.setCode(AckCode.valueOf(ack.code().name()));
    record.setText(GuardRecords.cut(ack.text()));
    record.setDuplicate(ack.duplicate());
    record.setUnit(ack.unit());
    record.setEpoch(ack.epoch());
    record.setAppliedSequence(ack.appliedSequence());
    record.setChecksum(ack.checksum());
    record.setOwnershipOffset(ack.ownershipOffset());
    record.setBytesDone(null);
    record.setBytesTotal(null);
    record.setFreeBytes(ack.freeBytes());
    Map<String, Double> values = new HashMap<>();
    ack.values()
        .forEach(
            (name, value) -> {
              if (Double.isFinite(value)) {
                values.put(name, value);
              }
            });
    record.setValues(values);
    record.setSequence(ack.sequence());
    record.setIncarnation(ack.incarnation());
    record.setTimeMillis(ack.timeMillis());
    record.setPool(ack.pool());
    return record;
  }

  /** The bytes of an answer. */
  public byte[] encode(CommandAck ack) {
    return codec.encode(of(ack));
  }

  /**
   * The answer of the bytes.
   *
   * @throws WireException when they are none or make no sense
   */
  public CommandAck decode(byte[] bytes) throws WireException {
    return ack(codec.decode(bytes));
  }

  /**
   * The answer of a record. One written before acks named their pool has an empty one.
   *
   * @throws WireException when it makes no sense
   */
  public static CommandAck ack(Ack record) throws WireException {
    String field = "ack of command " + CommandRecords.id(record.getCommand(), "ack", "command");
    CommandAck.Status status =
        switch (record.getStatus()) {
          case RECEIVED -> CommandAck.Status.RECEIVED;
          case PROGRESS -> CommandAck.Status.PROGRESS;
          case DONE -> CommandAck.Status.DONE;
          case REFUSED -> CommandAck.Status.REFUSED;
          case FAILED -> CommandAck.Status.FAILED;
          case UNKNOWN ->
              throw GuardRecords.outOfRange(field, "status", "one that this release knows");
        };
    GuardRecords.atMost(record.getValues().size(), MAX_VALUES, field, "values");
    for (Map.Entry<String, Double> value : record.getValues().entrySet()) {
      GuardRecords.text(value.getKey(), field, "name of a value");
      GuardRecords.finite(value.getValue(), field, "value " + value.getKey());
    }
    Long applied = record.getAppliedSequence();
    if (applied != null && applied < -1) {
      throw GuardRecords.outOfRange(field, "appliedSequence", "-1 or more");
    }
    String pool = record.getPool();
    return new CommandAck(
        record.getCommand(),
        GuardRecords.subject(record.getFrom(), field, "from"),
        GuardRecords.subject(record.getSubject(), field, "subject"),
        pool == null || pool.isEmpty() ? "" : GuardRecords.id(pool, field, "pool"),
        status,
        code(record.getCode()),
        GuardRecords.text(record.getText(), field, "text"),
        record.getDuplicate(),
        GuardRecords.optionalId(record.getUnit(), field, "unit"),
        notNegative(record.getEpoch(), field, "epoch"),
        applied,
        record.getChecksum(),
        notNegative(record.getOwnershipOffset(), field, "ownershipOffset"),
        notNegative(record.getFreeBytes(), field, "freeBytes"),
        record.getValues(),
        GuardRecords.notNegative(record.getIncarnation(), field, "incarnation"),
        GuardRecords.notNegative(record.getSequence(), field, "sequence"),
        record.getTimeMillis());
  }

  private static CommandAck.Code code(AckCode code) {
    try {
      return CommandAck.Code.valueOf(code.name());
    } catch (IllegalArgumentException e) {
      return CommandAck.Code.UNKNOWN;
    }
  }

  private static @Nullable Long notNegative(@Nullable Long value, String record, String field)
      throws WireException {
    return value == null ? null : GuardRecords.notNegative(value, record, field);
  }
}
