package io.forestall.decisions.ownership;

/**
 * What a client asks of a node. Immutable; the payload is not copied.
 *
 * @param token the shell's handle of the connection and request, given back with the answer
 * @param client the client with the number of its start, for example {@code c-1/17}
 * @param request number of the client's request, growing; a retry has the same
 * @param unit unit that is read or written; a request never crosses units
 * @param epoch epoch that the client believes in, 0 when it knows none
 * @param kind what is asked
 * @param offset first byte within the unit, a multiple of the block; bytes. Of a FLUSH the number
 *     of the write that is asked about
 * @param length a multiple of the block; bytes. 0 for a FLUSH
 * @param codec how the payload is compressed: NONE, ZSTD or LZ4
 * @param payload data of a write as encoded, else empty
 * @param encodedCrc CRC-32C of the payload
 * @param plainCrc CRC-32C of the data before compression
 */
public record NodeRequest(
    long token,
    String client,
    long request,
    String unit,
    long epoch,
    Kind kind,
    long offset,
    long length,
    String codec,
    byte[] payload,
    int encodedCrc,
    int plainCrc) {

  /** The same under another handle. */
  public NodeRequest withToken(long other) {
    return new NodeRequest(
        other,
        client,
        request,
        unit,
        epoch,
        kind,
        offset,
        length,
        codec,
        payload,
        encodedCrc,
        plainCrc);
  }

  /** The same by the word of a client that has read of another epoch. */
  public NodeRequest withEpoch(long other) {
    return new NodeRequest(
        token,
        client,
        request,
        unit,
        other,
        kind,
        offset,
        length,
        codec,
        payload,
        encodedCrc,
        plainCrc);
  }

  /** A write of nothing but zeros, without the zeros. */
  public NodeRequest asZeros() {
    return new NodeRequest(
        token, client, request, unit, epoch, Kind.ZERO, offset, length, "NONE", new byte[0], 0, 0);
  }

  /** What is asked. */
  public enum Kind {
    /** Bytes. */
    READ,
    /** To write bytes. */
    WRITE,
    /** To write zeros. */
    ZERO,
    /** To give space back. */
    TRIM,
    /**
     * To be told when a write that was answered with ACCEPTED is in the log, and with it every
     * write that was so answered before it by the same owner ({@link Owned#asyncFromEpoch} of the
     * answer): {@code DONE}, or {@code INVALID} when it is lost. The offset is that write's number,
     * the length is 0.
     */
    FLUSH
  }
}
