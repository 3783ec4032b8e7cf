package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.ShadowStep.Range;
import io.forestall.schemas.ApplyKind;
import io.forestall.schemas.ByteRange;
import io.forestall.schemas.Codec;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.DeltaKind;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.ShadowApply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between steps of a shadow's stream and the records of the topic {@code shadow-apply} (E4). This
 * is on the path of every write to a shadow: as in {@link DeltaRecords}, encoding makes one array
 * of the right size and copies the payload once, decoding copies it once and keeps the names, and
 * both speak Avro's single-object encoding byte for byte. A delta that travels in a step is held to
 * what it is held to in its own topic, the payload's checksum too. One for each thread: it keeps
 * buffers.
 */
public final class ShadowRecords {

  private static final ApplyKind[] APPLY_KINDS = ApplyKind.values();
  private static final Codec[] CODECS = Codec.values();
  private static final EntityKind[] ENTITY_KINDS = EntityKind.values();
  private static final DeltaKind[] DELTA_KINDS = deltaKinds();
  private static final int[] ORDINALS = ordinals();
  private static final int[] SUBJECTS = subjects();
  private static final byte[] NO_PAYLOAD = {};

  private final AvroCodec<ShadowApply> codec = AvroCodec.of(ShadowApply.class);
  private final BoundedDecoder decoder = new BoundedDecoder();
  private final NameCache names = new NameCache();

  /** The shadow of the step before: that of the next is probably the same, and is made once. */
  private @Nullable Subject lastShadow;

  /** The kind of delta of each kind of step; UNKNOWN of one that is no delta. */
  private static DeltaKind[] deltaKinds() {
    DeltaKind[] kinds = new DeltaKind[APPLY_KINDS.length];
    for (ApplyKind kind : APPLY_KINDS) {
      kinds[kind.ordinal()] =
          switch (kind) {
            case WRITE -> DeltaKind.WRITE;
            case ZERO -> DeltaKind.ZERO;
            case TRIM -> DeltaKind.TRIM;
            case BARRIER -> DeltaKind.BARRIER;
            case VERIFY -> DeltaKind.VERIFY;
            case RESYNC, UNKNOWN -> DeltaKind.UNKNOWN;
          };
    }
    return kinds;
  }

  private static int[] ordinals() {
    Delta.Kind[] kinds = Delta.Kind.values();
    int[] ordinals = new int[kinds.length];
    for (Delta.Kind kind : kinds) {
      ordinals[kind.ordinal()] = ApplyKind.valueOf(kind.name()).ordinal();
    }
    return ordinals;
  }

  private static int[] subjects() {
    Subject.Kind[] kinds = Subject.Kind.values();
    int[] ordinals = new int[kinds.length];
    for (Subject.Kind kind : kinds) {
      ordinals[kind.ordinal()] = EntityKind.valueOf(kind.name()).ordinal();
    }
    return ordinals;
  }

  /** The key of a step's record, {@code shadow node/unit}: one stream, in one partition. */
  public static String key(ShadowStep step) {
    return key(step.shadow(), step.unit());
  }

  /** The key of the records of a shadow's stream. */
  public static String key(Subject shadow, String unit) {
    return shadow.id() + "/" + unit;
  }

  /**
   * The bytes of a step.
   *
   * @throws IllegalArgumentException when its codec is none of the contract's: an error of the
   *     caller
   */
  public byte[] encode(ShadowStep step) {
    Delta delta = step.delta();
    List<Range> ranges = step.ranges();
    long offset = delta == null ? first(ranges) : delta.offset();
    long length = delta == null ? last(ranges) - offset : delta.length();
    int kind = delta == null ? ApplyKind.RESYNC.ordinal() : ORDINALS[delta.kind().ordinal()];
    int codecOrdinal =
        delta == null ? Codec.NONE.ordinal() : DeltaRecords.codecOrdinal(delta.codec());
    if (codecOrdinal == Codec.UNKNOWN.ordinal()) {
      throw new IllegalArgumentException("no codec in a step of " + step.unit());
    }
    byte[] payload = delta == null ? NO_PAYLOAD : delta.payload();
    int encodedCrc = delta == null ? 0 : delta.encodedCrc();
    int plainCrc = delta == null ? 0 : delta.plainCrc();
    String owner = delta == null ? "" : delta.owner();
    String client = delta == null ? null : delta.client();
    long request = delta == null ? 0 : delta.request();
    boolean asked = client != null || request != 0;
    List<Delta.Request> merged = delta == null ? List.of() : delta.merged();
    long batch = delta == null ? 0 : delta.batch();
    int shadowKind = SUBJECTS[step.shadow().kind().ordinal()];
    int size =
        AvroCodec.HEADER_BYTES
            + AvroBytes.sizeOf(shadowKind)
            + AvroBytes.sizeOf(step.shadow().id())
            + AvroBytes.sizeOf(step.unit())
            + AvroBytes.sizeOf(step.epoch())
            + AvroBytes.sizeOf(step.sequence())
            + AvroBytes.sizeOf(step.previousSequence())
            + 2 // kind and codec
            + AvroBytes.sizeOf(offset)
            + AvroBytes.sizeOf(length)
            + AvroBytes.sizeOf(payload.length)
            + payload.length
            + AvroBytes.sizeOf(encodedCrc)
            + AvroBytes.sizeOf(plainCrc)
            + AvroBytes.sizeOf(step.deltaPartition())
            + AvroBytes.sizeOf(step.deltaOffset())
            + AvroBytes.sizeOf(step.timeMillis())
            + AvroBytes.sizeOf(owner)
            + 1
            + (client == null ? 0 : AvroBytes.sizeOf(client))
            + 1
            + (asked ? AvroBytes.sizeOf(request) : 0)
            + AvroBytes.sizeOf(merged)
            + AvroBytes.sizeOf(batch)
            + sizeOf(ranges);
    byte[] bytes = new byte[size];
    int at = codec.header(bytes);
    at = AvroBytes.put(bytes, at, shadowKind);
    at = AvroBytes.put(bytes, at, step.shadow().id());
    at = AvroBytes.put(bytes, at, step.unit());
    at = AvroBytes.put(bytes, at, step.epoch());
    at = AvroBytes.put(bytes, at, step.sequence());
    at = AvroBytes.put(bytes, at, step.previousSequence());
    at = AvroBytes.put(bytes, at, kind);
    at = AvroBytes.put(bytes, at, offset);
    at = AvroBytes.put(bytes, at, length);
    at = AvroBytes.put(bytes, at, codecOrdinal);
    at = AvroBytes.put(bytes, at, payload.length);
    System.arraycopy(payload, 0, bytes, at, payload.length);
    at += payload.length;
    at = AvroBytes.put(bytes, at, encodedCrc);
    at = AvroBytes.put(bytes, at, plainCrc);
    at = AvroBytes.put(bytes, at, step.deltaPartition());
    at = AvroBytes.put(bytes, at, step.deltaOffset());
    at = AvroBytes.put(bytes, at, step.timeMillis());
    at = AvroBytes.put(bytes, at, owner);
    at = AvroBytes.put(bytes, at, client == null ? 0 : 1);
    if (client != null) {
      at = AvroBytes.put(bytes, at, client);
    }
    at = AvroBytes.put(bytes, at, asked ? 1 : 0);
    if (asked) {
      at = AvroBytes.put(bytes, at, request);
    }
    at = AvroBytes.put(bytes, at, merged);
    at = AvroBytes.put(bytes, at, batch);
    at = put(bytes, at, ranges);
    if (at != size) {
      throw new IllegalStateException("a step of " + at + " bytes was sized as " + size);
    }
    return bytes;
  }

  /**
   * The step of the bytes.
   *
   * @throws WireException when they are none, or make no sense
   */
  public ShadowStep decode(byte[] bytes) throws WireException {
    return decode(bytes, 0, bytes.length);
  }

  /**
   * The step of a buffer with an array behind it; the payload is copied out, so the buffer may be
   * used again.
   *
   * @throws WireException when it holds none, or makes no sense
   */
  public ShadowStep decode(ByteBuffer buffer) throws WireException {
    int from = buffer.arrayOffset() + buffer.position();
    return decode(buffer.array(), from, from + buffer.remaining());
  }

  private ShadowStep decode(byte[] bytes, int from, int end) throws WireException {
    if (AvroCodec.fingerprintOf(bytes, from, end) != codec.fingerprint()) {
      // A newer writer: rare, and Avro knows how to read it.
      byte[] copy = new byte[end - from];
      System.arraycopy(bytes, from, copy, 0, copy.length);
      return step(codec.decode(copy));
    }
    decoder.reset(bytes, from + AvroCodec.HEADER_BYTES, end);
    ShadowStep step;
    try {
      EntityKind shadowKind =
          DeltaRecords.constant(ENTITY_KINDS, decoder.readEnum(), "kind of shadow");
      String shadow = decoder.readName(names);
      String unit = decoder.readName(names);
      long epoch = decoder.readLong();
      long sequence = decoder.readLong();
      long previousSequence = decoder.readLong();
      ApplyKind kind = DeltaRecords.constant(APPLY_KINDS, decoder.readEnum(), "kind");
      long offset = decoder.readLong();
      long length = decoder.readLong();
      Codec payloadCodec = DeltaRecords.constant(CODECS, decoder.readEnum(), "codec");
      byte[] payload = decoder.readBytes();
      int encodedCrc = decoder.readInt();
      int plainCrc = decoder.readInt();
      int deltaPartition = decoder.readInt();
      long deltaOffset = decoder.readLong();
      long timeMillis = decoder.readLong();
      String owner = decoder.readName(names);
      String client = DeltaRecords.present(decoder.readIndex()) ? decoder.readName(names) : null;
      long request = DeltaRecords.present(decoder.readIndex()) ? decoder.readLong() : 0;
      List<Delta.Request> merged = DeltaRecords.merged(decoder, names);
      long batch = decoder.readLong();
      List<Range> ranges = ranges();
      step =
          checked(
              subject(shadowKind, shadow, unit),
              unit,
              epoch,
              sequence,
              previousSequence,
              kind,
              offset,
              length,
              payloadCodec,
              payload,
              encodedCrc,
              plainCrc,
              deltaPartition,
              deltaOffset,
              timeMillis,
              owner,
              client,
              request,
              merged,
              batch,
              ranges);
    } catch (BoundedDecoder.Refused e) {
      throw new WireException(e.reason(), "step: " + e.getMessage());
    } catch (IOException e) {
      throw new WireException(DeadReason.UNDECODABLE, "step: " + e.getMessage());
    }
    if (decoder.remaining() > 0) {
      throw new WireException(
          DeadReason.UNDECODABLE,
          decoder.remaining() + " bytes follow the ShadowApply of the record");
    }
    return step;
  }

  private Subject subject(EntityKind kind, String id, String unit) throws WireException {
    Subject last = lastShadow;
    if (last != null && last.id().equals(id) && last.kind().name().equals(kind.name())) {
      return last;
    }
    Subject shadow = GuardRecords.subject(new EntityRef(kind, id), "step of " + unit, "shadow");
    lastShadow = shadow;
    return shadow;
  }

  /**
   * The step of a record.
   *
   * @throws WireException when it makes no sense
   */
  public static ShadowStep step(ShadowApply record) throws WireException {
    ByteBuffer buffer = record.getPayload();
    byte[] payload = new byte[buffer.remaining()];
    buffer.duplicate().get(payload);
    Long request = record.getRequest();
    if (record.getRanges().size() > ShadowStep.MAX_RANGES) {
      throw tooManyRanges();
    }
    List<Range> ranges = new ArrayList<>(record.getRanges().size());
    for (ByteRange each : record.getRanges()) {
      ranges.add(new Range(each.getOffset(), each.getLength()));
    }
    return checked(
        GuardRecords.subject(record.getShadow(), "step of " + record.getUnit(), "shadow"),
        record.getUnit(),
        record.getEpoch(),
        record.getSequence(),
        record.getPreviousSequence(),
        record.getKind(),
        record.getOffset(),
        record.getLength(),
        record.getCodec(),
        payload,
        record.getEncodedCrc(),
        record.getPlainCrc(),
        record.getDeltaPartition(),
        record.getDeltaOffset(),
        record.getTimeMillis(),
        record.getOwner(),
        record.getClient(),
        request == null ? 0 : request,
        DeltaRecords.requests(record.getMerged()),
        record.getDeltaBatch(),
        ranges);
  }

  private static ShadowStep checked(
      Subject shadow,
      String unit,
      long epoch,
      long sequence,
      long previousSequence,
      ApplyKind kind,
      long offset,
      long length,
      Codec payloadCodec,
      byte[] payload,
      int encodedCrc,
      int plainCrc,
      int deltaPartition,
      long deltaOffset,
      long timeMillis,
      String owner,
      @Nullable String client,
      long request,
      List<Delta.Request> merged,
      long batch,
      List<Range> ranges)
      throws WireException {
    GuardRecords.id(unit, "step", "unit");
    String field = "step of " + unit;
    if (kind == ApplyKind.UNKNOWN) {
      throw GuardRecords.outOfRange(field, "kind", "one that this release knows");
    }
    if (previousSequence < -1 || deltaPartition < -1 || deltaOffset < -1) {
      throw GuardRecords.outOfRange(
          field, "previousSequence, deltaPartition and deltaOffset", "-1 or more");
    }
    if (kind == ApplyKind.RESYNC) {
      if (payload.length != 0 || payloadCodec != Codec.NONE || !merged.isEmpty()) {
        throw GuardRecords.outOfRange(field, "payload and merged", "empty in a RESYNC");
      }
      if (epoch < 0 || sequence < 0 || previousSequence > sequence) {
        throw GuardRecords.outOfRange(
            field, "epoch and sequence", "0 or more, and not below previousSequence");
      }
      return ShadowStep.resync(
          shadow,
          unit,
          epoch,
          sequence,
          previousSequence,
          ranges(field, offset, length, ranges),
          timeMillis);
    }
    if (!ranges.isEmpty()) {
      throw GuardRecords.outOfRange(field, "ranges", "empty unless it is a RESYNC");
    }
    Delta delta =
        DeltaRecords.checked(
            unit,
            epoch,
            sequence,
            DELTA_KINDS[kind.ordinal()],
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
    return ShadowStep.of(shadow, previousSequence, delta, deltaPartition, deltaOffset);
  }

  /** Ascending, apart, and within the extent that spans them. */
  private static List<Range> ranges(String field, long offset, long length, List<Range> ranges)
      throws WireException {
    if (offset < 0 || length < 1 || offset > Long.MAX_VALUE - length) {
      throw GuardRecords.outOfRange(
          field, "offset and length", "0 or more, and the length 1 or more");
    }
    if (ranges.isEmpty()) {
      return List.of(new Range(offset, length));
    }
    long before = offset;
    for (Range each : ranges) {
      if (each.offset() < before
          || each.length() < 1
          || each.length() > offset + length - each.offset()) {
        throw GuardRecords.outOfRange(
            field, "ranges", "ascending, apart, and within offset and length");
      }
      before = each.end();
    }
    return ranges;
  }

  private List<Range> ranges() throws IOException, WireException {
    long many = decoder.readArrayStart();
    if (many == 0) {
      return List.of();
    }
    List<Range> ranges = new ArrayList<>();
    while (many > 0) {
      if (ranges.size() + many > ShadowStep.MAX_RANGES) {
        throw tooManyRanges();
      }
      for (long i = 0; i < many; i++) {
        ranges.add(new Range(decoder.readLong(), decoder.readLong()));
      }
      many = decoder.arrayNext();
    }
    return ranges;
  }

  private static WireException tooManyRanges() {
    return new WireException(
        DeadReason.TOO_LARGE, "step: a RESYNC has at most " + ShadowStep.MAX_RANGES + " ranges");
  }

  private static long first(List<Range> ranges) {
    return ranges.get(0).offset();
  }

  private static long last(List<Range> ranges) {
    return ranges.get(ranges.size() - 1).end();
  }

  /** One range stands in offset and length alone. */
  private static int sizeOf(List<Range> ranges) {
    if (ranges.size() < 2) {
      return 1;
    }
    int size = AvroBytes.sizeOf(ranges.size()) + 1;
    for (Range each : ranges) {
      size += AvroBytes.sizeOf(each.offset()) + AvroBytes.sizeOf(each.length());
    }
    return size;
  }

  private static int put(byte[] bytes, int at, List<Range> ranges) {
    int next = at;
    if (ranges.size() > 1) {
      next = AvroBytes.put(bytes, next, ranges.size());
      for (Range each : ranges) {
        next = AvroBytes.put(bytes, next, each.offset());
        next = AvroBytes.put(bytes, next, each.length());
      }
    }
    return AvroBytes.put(bytes, next, 0);
  }
}
