package io.forestall.decisions.ownership;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One write to a unit, or the barrier of a new epoch, with its payload as it travels (E1, E7).
 * Immutable; the payload is not copied and must not be changed.
 *
 * @param unit identifier of the unit
 * @param epoch epoch of the owner that writes
 * @param sequence number within the unit: valid deltas grow by one across epochs, from 1; 0 for a
 *     barrier
 * @param kind what it does
 * @param offset first byte within the unit; bytes
 * @param length length of the extent before compression; bytes
 * @param codec how the payload is compressed: NONE, ZSTD or LZ4, a symbol of the contract's Codec
 * @param payload the data as encoded; empty for ZERO, TRIM and BARRIER
 * @param encodedCrc CRC-32C of the payload as it stands here
 * @param plainCrc CRC-32C of the data before compression
 * @param owner node that writes it
 * @param client client that asked for it, null for a barrier
 * @param request number of the client's request, by which a retry is known; 0 for a barrier
 * @param batch number of the owner's batch; of a VERIFY, number of the pass over the unit, which
 *     grows from owner to owner too
 * @param timeMillis when the owner took it in, by its clock; decides nothing
 * @param merged further requests that it settles: writes of one batch that it covers or continues,
 *     which happen with it or not at all
 */
public record Delta(
    String unit,
    long epoch,
    long sequence,
    Kind kind,
    long offset,
    long length,
    String codec,
    byte[] payload,
    int encodedCrc,
    int plainCrc,
    String owner,
    @Nullable String client,
    long request,
    long batch,
    long timeMillis,
    List<Request> merged) {

  private static final byte[] NOTHING = new byte[0];

  /** A request of a client. */
  public record Request(String client, long number) {}

  /** Copies the list. */
  public Delta {
    merged = List.copyOf(merged);
  }

  /** A delta that settles one request at most. */
  public Delta(
      String unit,
      long epoch,
      long sequence,
      Kind kind,
      long offset,
      long length,
      String codec,
      byte[] payload,
      int encodedCrc,
      int plainCrc,
      String owner,
      @Nullable String client,
      long request,
      long batch,
      long timeMillis) {
    this(
        unit,
        epoch,
        sequence,
        kind,
        offset,
        length,
        codec,
        payload,
        encodedCrc,
        plainCrc,
        owner,
        client,
        request,
        batch,
        timeMillis,
        List.of());
  }

  /** The same under another epoch and number of its owner. */
  public Delta renumbered(long otherEpoch, long otherSequence, String otherOwner) {
    return new Delta(
        unit,
        otherEpoch,
        otherSequence,
        kind,
        offset,
        length,
        codec,
        payload,
        encodedCrc,
        plainCrc,
        otherOwner,
        client,
        request,
        batch,
        timeMillis,
        merged);
  }

  /** The same without its data. */
  public Delta withoutPayload() {
    return new Delta(
        unit,
        epoch,
        sequence,
        kind,
        offset,
        length,
        codec,
        NOTHING,
        encodedCrc,
        plainCrc,
        owner,
        client,
        request,
        batch,
        timeMillis,
        merged);
  }

  /** What a delta does. */
  public enum Kind {
    /** It writes bytes. */
    WRITE,
    /** It writes zeros. */
    ZERO,
    /** It gives space back; the extent reads as zeros. */
    TRIM,
    /** It begins an epoch: deltas of lower epochs behind it never happened. */
    BARRIER,
    /**
     * It changes nothing: every holder of the unit publishes the digest of the range as of this
     * sequence, so that digests of different holders are of the same bytes.
     */
    VERIFY
  }

  /** The barrier of an epoch. */
  public static Delta barrier(String unit, long epoch, String owner, long timeMillis) {
    return new Delta(
        unit,
        epoch,
        0,
        Kind.BARRIER,
        0,
        0,
        "NONE",
        new byte[0],
        0,
        0,
        owner,
        null,
        0,
        0,
        timeMillis);
  }
}
