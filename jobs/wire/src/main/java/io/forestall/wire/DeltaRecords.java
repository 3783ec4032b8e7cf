package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.schemas.Codec;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.DeltaKind;
import io.forestall.schemas.RequestRef;
import io.forestall.schemas.WriteDelta;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Between deltas and the records of the topic {@code deltas} (E1, E7). This is on the path of every
 * write: encoding makes one array of the right size and copies the payload once, decoding copies
 * the payload once and keeps the names; both speak Avro's single-object encoding byte for byte as
 * any other writer does. What is read is checked, the payload's checksum too, so that a record is
 * refused by all readers or by none. One for each thread: it keeps buffers.
 */
public final class DeltaRecords {

  /** Longest write, before and after compression; bytes. The topic takes no longer record. */
  public static final int MAX_WRITE_BYTES = 4 * 1024 * 1024;

  /** Most requests that one delta settles beside its own; count. */
  public static final int MAX_MERGED = 4096;

  private static final Delta.Kind[] KINDS = Delta.Kind.values();
  private static final DeltaKind[] RECORD_KINDS = DeltaKind.values();
  private static final Codec[] CODECS = Codec.values();
  private static final int[] ORDINALS = ordinals();

  private final AvroCodec<WriteDelta> codec = AvroCodec.of(WriteDelta.class);
  private final BoundedDecoder decoder = new BoundedDecoder();
  private final NameCache names = new NameCache();

  private static int[] ordinals() {
    int[] ordinals = new int[KINDS.length];
    for (Delta.Kind kind : KINDS) {
      ordinals[kind.ordinal()] = DeltaKind.valueOf(kind.name()).ordinal();
    }
    return ordinals;
  }

  /** The key of a delta's record: its unit. */
  public static String key(Delta delta) {
    return delta.unit();
  }

  /** CRC-32C of bytes, as the contract means it. */
  public static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /**
   * The bytes of a delta.
   *
   * @throws IllegalArgumentException when its codec is none of the contract's: an error of the
   *     caller
   */
  public byte[] encode(Delta delta) {
    int codecOrdinal = codecOrdinal(delta.codec());
    if (codecOrdinal == Codec.UNKNOWN.ordinal()) {
      throw new IllegalArgumentException("no codec " + delta.codec());
    }
    String client = delta.client();
    boolean asked = client != null || delta.request() != 0;
    byte[] payload = delta.payload();
    int size =
        AvroCodec.HEADER_BYTES
            + AvroBytes.sizeOf(delta.unit())
            + AvroBytes.sizeOf(delta.epoch())
            + AvroBytes.sizeOf(delta.sequence())
            + 2 // kind and codec
            + AvroBytes.sizeOf(delta.offset())
            + AvroBytes.sizeOf(delta.length())
            + AvroBytes.sizeOf(payload.length)
            + payload.length
            + AvroBytes.sizeOf(delta.encodedCrc())
            + AvroBytes.sizeOf(delta.plainCrc())
            + AvroBytes.sizeOf(delta.owner())
            + 1
            + (client == null ? 0 : AvroBytes.sizeOf(client))
            + 1
            + (asked ? AvroBytes.sizeOf(delta.request()) : 0)
            + AvroBytes.sizeOf(delta.batch())
            + AvroBytes.sizeOf(delta.timeMillis())
            + AvroBytes.sizeOf(delta.merged());
    byte[] bytes = new byte[size];
    int at = codec.header(bytes);
    at = AvroBytes.put(bytes, at, delta.unit());
    at = AvroBytes.put(bytes, at, delta.epoch());
    at = AvroBytes.put(bytes, at, delta.sequence());
    at = AvroBytes.put(bytes, at, ORDINALS[delta.kind().ordinal()]);
    at = AvroBytes.put(bytes, at, delta.offset());
    at = AvroBytes.put(bytes, at, delta.length());
    at = AvroBytes.put(bytes, at, codecOrdinal);
    at = AvroBytes.put(bytes, at, payload.length);
    System.arraycopy(payload, 0, bytes, at, payload.length);
    at += payload.length;
    at = AvroBytes.put(bytes, at, delta.encodedCrc());
    at = AvroBytes.put(bytes, at, delta.plainCrc());
    at = AvroBytes.put(bytes, at, delta.owner());
    at = AvroBytes.put(bytes, at, client == null ? 0 : 1);
    if (client != null) {
      at = AvroBytes.put(bytes, at, client);
    }
    at = AvroBytes.put(bytes, at, asked ? 1 : 0);
    if (asked) {
      at = AvroBytes.put(bytes, at, delta.request());
    }
    at = AvroBytes.put(bytes, at, delta.batch());
    at = AvroBytes.put(bytes, at, delta.timeMillis());
    at = AvroBytes.put(bytes, at, delta.merged());
    if (at != size) {
      throw new IllegalStateException("a delta of " + at + " bytes was sized as " + size);
    }
    return bytes;
  }

  /**
   * The delta of the bytes.
   *
   * @throws WireException when they are none, or make no sense
   */
  public Delta decode(byte[] bytes) throws WireException {
    return decode(bytes, 0, bytes.length);
  }

  /**
   * The delta of a buffer with an array behind it, as Kafka's own deserializer of buffers gives it;
   * the payload is copied out, so the buffer may be used again.
   *
   * @throws WireException when it holds none, or makes no sense
   */
  public Delta decode(ByteBuffer buffer) throws WireException {
    int from = buffer.arrayOffset() + buffer.position();
    return decode(buffer.array(), from, from + buffer.remaining());
  }

  private Delta decode(byte[] bytes, int from, int end) throws WireException {
    if (AvroCodec.fingerprintOf(bytes, from, end) != codec.fingerprint()) {
      // A newer writer: rare, and Avro knows how to read it.
      byte[] copy = new byte[end - from];
      System.arraycopy(bytes, from, copy, 0, copy.length);
      return delta(codec.decode(copy));
    }
    decoder.reset(bytes, from + AvroCodec.HEADER_BYTES, end);
    Delta delta;
    try {
      String unit = decoder.readName(names);
      long epoch = decoder.readLong();
      long sequence = decoder.readLong();
      DeltaKind kind = constant(RECORD_KINDS, decoder.readEnum(), "kind");
      long offset = decoder.readLong();
      long length = decoder.readLong();
      Codec payloadCodec = constant(CODECS, decoder.readEnum(), "codec");
      byte[] payload = decoder.readBytes();
      int encodedCrc = decoder.readInt();
      int plainCrc = decoder.readInt();
      String owner = decoder.readName(names);
      String client = present(decoder.readIndex()) ? decoder.readName(names) : null;
      long request = present(decoder.readIndex()) ? decoder.readLong() : 0;
      long batch = decoder.readLong();
      long timeMillis = decoder.readLong();
      List<Delta.Request> merged = merged(decoder, names);
      delta =
          checked(
              unit,
              epoch,
              sequence,
              kind,
              offset,
              length,
              payloadCodec,
              payload,
              encodedCrc,
              plainCrc,
              owner,
              client,
              request,
              batch,
              timeMillis,
              merged);
    } catch (BoundedDecoder.Refused e) {
      throw new WireException(e.reason(), "delta: " + e.getMessage());
    } catch (IOException e) {
      throw new WireException(DeadReason.UNDECODABLE, "delta: " + e.getMessage());
    }
    if (decoder.remaining() > 0) {
      throw new WireException(
          DeadReason.UNDECODABLE,
          decoder.remaining() + " bytes follow the WriteDelta of the record");
    }
    return delta;
  }

  /**
   * The delta of a record.
   *
   * @throws WireException when it makes no sense
   */
  public static Delta delta(WriteDelta record) throws WireException {
    ByteBuffer buffer = record.getPayload();
    byte[] payload = new byte[buffer.remaining()];
    buffer.duplicate().get(payload);
    Long request = record.getRequest();
    List<Delta.Request> merged = requests(record.getMerged());
    return checked(
        record.getUnit(),
        record.getEpoch(),
        record.getSequence(),
        record.getKind(),
        record.getOffset(),
        record.getLength(),
        record.getCodec(),
        payload,
        record.getEncodedCrc(),
        record.getPlainCrc(),
        record.getOwner(),
        record.getClient(),
        request == null ? 0 : request,
        record.getDeltaBatch(),
        record.getTimeMillis(),
        merged);
  }

  /** The requests of a record. */
  static List<Delta.Request> requests(List<RequestRef> records) {
    List<Delta.Request> requests = new ArrayList<>(records.size());
    for (RequestRef each : records) {
      requests.add(new Delta.Request(each.getClient(), each.getRequest()));
    }
    return requests;
  }

  /** A delta whose fields make sense together; the payload's checksum is checked too. */
  static Delta checked(
      String unit,
      long epoch,
      long sequence,
      DeltaKind recordKind,
      long offset,
      long length,
      Codec payloadCodec,
      byte[] payload,
      int encodedCrc,
      int plainCrc,
      String owner,
      @Nullable String client,
      long request,
      long batch,
      long timeMillis,
      List<Delta.Request> merged)
      throws WireException {
    if (!named(unit)) {
      throw refused("delta", "unit", "1 to " + Subject.MAX_ID_CHARS + " characters long");
    }
    Delta.Kind kind =
        switch (recordKind) {
          case WRITE -> Delta.Kind.WRITE;
          case ZERO -> Delta.Kind.ZERO;
          case TRIM -> Delta.Kind.TRIM;
          case BARRIER -> Delta.Kind.BARRIER;
          case VERIFY -> Delta.Kind.VERIFY;
          case UNKNOWN -> throw refused(unit, "kind", "one that this release knows");
        };
    if (!named(owner)) {
      throw refused(unit, "owner", "1 to " + Subject.MAX_ID_CHARS + " characters long");
    }
    if (client != null && !named(client)) {
      throw refused(unit, "client", "1 to " + Subject.MAX_ID_CHARS + " characters long");
    }
    if (epoch < 1) {
      throw refused(unit, "epoch", "1 or more");
    }
    if (request < 0 || batch < 0) {
      throw refused(unit, "request and batch", "0 or more");
    }
    if (merged.size() > MAX_MERGED) {
      throw tooManyMerged();
    }
    for (Delta.Request each : merged) {
      if (!named(each.client()) || each.number() < 0) {
        throw refused(unit, "merged", "requests of named clients, numbered from 0");
      }
    }
    boolean barrier = kind == Delta.Kind.BARRIER;
    if (!merged.isEmpty() && (barrier || kind == Delta.Kind.VERIFY)) {
      throw refused(unit, "merged", "empty in what no client asked for");
    }
    if (barrier ? sequence != 0 : sequence < 1) {
      throw refused(unit, "sequence", barrier ? "0 in a barrier" : "1 or more");
    }
    if (barrier ? offset != 0 || length != 0 : offset < 0 || length < 1) {
      throw refused(
          unit,
          "offset and length",
          barrier ? "0 in a barrier" : "0 or more, and the length 1 or more");
    }
    if (offset > Long.MAX_VALUE - length) {
      throw refused(unit, "the end of the extent", "below 2^63");
    }
    if (payloadCodec == Codec.UNKNOWN) {
      throw refused(unit, "codec", "one that this release knows");
    }
    if (kind == Delta.Kind.WRITE) {
      if (length > MAX_WRITE_BYTES || payload.length > MAX_WRITE_BYTES) {
        throw new WireException(
            DeadReason.TOO_LARGE,
            "delta of " + unit + ": a write has at most " + MAX_WRITE_BYTES + " bytes");
      }
      if (payloadCodec == Codec.NONE
          ? payload.length != length || encodedCrc != plainCrc
          : payload.length == 0) {
        throw refused(unit, "payload", "as long as its length and codec say, with both checksums");
      }
      if (crc(payload, 0, payload.length) != encodedCrc) {
        throw refused(unit, "payload", "as its checksum says: bytes were changed on the way");
      }
    } else if (payload.length != 0 || payloadCodec != Codec.NONE) {
      throw refused(unit, "payload", "empty and not compressed unless it is a write");
    }
    return new Delta(
        unit,
        epoch,
        sequence,
        kind,
        offset,
        length,
        payloadCodec.name(),
        payload,
        encodedCrc,
        plainCrc,
        owner,
        client,
        request,
        batch,
        timeMillis,
        merged);
  }

  /** The requests that stand next. */
  static List<Delta.Request> merged(BoundedDecoder decoder, NameCache names)
      throws IOException, WireException {
    long many = decoder.readArrayStart();
    if (many == 0) {
      return List.of();
    }
    List<Delta.Request> merged = new ArrayList<>();
    while (many > 0) {
      if (merged.size() + many > MAX_MERGED) {
        throw tooManyMerged();
      }
      for (long i = 0; i < many; i++) {
        merged.add(new Delta.Request(decoder.readName(names), decoder.readLong()));
      }
      many = decoder.arrayNext();
    }
    return merged;
  }

  private static WireException tooManyMerged() {
    return new WireException(
        DeadReason.TOO_LARGE, "delta: at most " + MAX_MERGED + " requests are merged");
  }

  private static boolean named(String name) {
    return !name.isBlank() && name.length() <= Subject.MAX_ID_CHARS;
  }

  private static WireException refused(String unit, String field, String must) {
    return GuardRecords.outOfRange("delta of " + unit, field, must);
  }

  static <T> T constant(T[] constants, int index, String field) throws WireException {
    if (index < 0 || index >= constants.length) {
      throw new WireException(DeadReason.UNDECODABLE, "delta: no " + field + " number " + index);
    }
    return constants[index];
  }

  static boolean present(int index) throws WireException {
    if (index < 0 || index > 1) {
      throw new WireException(DeadReason.UNDECODABLE, "delta: no branch number " + index);
    }
    return index == 1;
  }

  static int codecOrdinal(String codec) {
    return switch (codec) {
      case "NONE" -> Codec.NONE.ordinal();
      case "ZSTD" -> Codec.ZSTD.ordinal();
      case "LZ4" -> Codec.LZ4.ordinal();
      default -> Codec.UNKNOWN.ordinal();
    };
  }
}
