package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What became of a command, or an answer to a probe (G11). Immutable.
 *
 * @param command identifier of the command
 * @param from who answers
 * @param subject subject of the command
 * @param pool pool of the command
 * @param status what became of it
 * @param code why, NONE when it went well
 * @param text the answer as a sentence
 * @param duplicate true when the command had been done before and only the answer is repeated
 * @param unit unit that the numbers speak of, null when they speak of none
 * @param epoch epoch of that unit as the answerer knows it
 * @param appliedSequence last delta of that unit that is applied
 * @param checksum CRC-32C over (unit, applied sequence, running hash of all deltas that counted
 *     since the copy began), null when not asked or not known
 * @param ownershipOffset offset up to which the answerer has read the ownership log
 * @param freeBytes free space of the answerer; bytes
 * @param values further measurements, finite, by name; {@link SagaValues} lists those the saga
 *     reads
 * @param incarnation number of the start of the answerer's process
 * @param sequence number of this ack since that start
 * @param timeMillis by the answerer's wall clock; milliseconds since 1970-01-01 UTC
 */
public record CommandAck(
    String command,
    Subject from,
    Subject subject,
    String pool,
    Status status,
    Code code,
    String text,
    boolean duplicate,
    @Nullable String unit,
    @Nullable Long epoch,
    @Nullable Long appliedSequence,
    @Nullable Integer checksum,
    @Nullable Long ownershipOffset,
    @Nullable Long freeBytes,
    Map<String, Double> values,
    long incarnation,
    long sequence,
    long timeMillis) {

  /** Copies the map. */
  public CommandAck {
    values = Map.copyOf(values);
  }

  /** The same with other measurements. */
  public CommandAck withValues(Map<String, Double> others) {
    return new CommandAck(
        command,
        from,
        subject,
        pool,
        status,
        code,
        text,
        duplicate,
        unit,
        epoch,
        appliedSequence,
        checksum,
        ownershipOffset,
        freeBytes,
        others,
        incarnation,
        sequence,
        timeMillis);
  }

  /** What became of a command. */
  public enum Status {
    /** It was read and will be done. */
    RECEIVED,
    /** It is under way. */
    PROGRESS,
    /** It is done. */
    DONE,
    /** It will not be done: nothing was changed. */
    REFUSED,
    /** It was begun and could not be finished. */
    FAILED
  }

  /** Why a command was refused or failed. The constants are those of the contract. */
  public enum Code {
    /** Not known here. */
    UNKNOWN,
    /** It went well. */
    NONE,
    /** It came after its expiry, or that of its admission. */
    EXPIRED,
    /** It came before it may be begun. */
    TOO_EARLY,
    /** A unit has another epoch. */
    WRONG_EPOCH,
    /** The signature is wrong, or the command contradicts what was signed. */
    BAD_SIGNATURE,
    /** The key is not trusted here. */
    UNKNOWN_KEY,
    /** It needs an admission and has none that covers it. */
    NO_ADMISSION,
    /** The answerer holds no copy of the unit, or is not the one meant. */
    NOT_OWNER,
    /** No space. */
    NO_SPACE,
    /** Too much to do. */
    BUSY,
    /** Acts are halted. */
    HALTED,
    /** The medium fails. */
    IO_ERROR,
    /** A checksum is wrong. */
    BAD_CHECKSUM,
    /** Deltas are missing. */
    GAP,
    /** The answerer does not know how: its level or release is too low. */
    UNSUPPORTED,
    /** It was cancelled before. */
    CANCELLED,
    /** What was to be reached does not answer. */
    UNREACHABLE,
    /** It took too long. */
    TOO_SLOW
  }

  /** True when nothing more will come for this command. */
  public boolean ends() {
    return status == Status.DONE || status == Status.REFUSED || status == Status.FAILED;
  }
}
