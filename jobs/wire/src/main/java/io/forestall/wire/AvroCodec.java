package io.forestall.wire;

import io.forestall.schemas.DeadReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.AvroTypeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/**
 * Avro's single-object encoding of one kind of record: two magic bytes, the fingerprint of the
 * writer schema, the body. Reads every writer version that {@link WriterSchemas} knows. Keeps
 * buffers and readers: one for each thread.
 */
public final class AvroCodec<T> {

  /** Length of magic and fingerprint, bytes. */
  public static final int HEADER_BYTES = 10;

  /** Longest record that is read, bytes; the broker's own limits are lower. */
  public static final int MAX_RECORD_BYTES = 16 * 1024 * 1024;

  static final byte MAGIC_0 = (byte) 0xC3;
  static final byte MAGIC_1 = 0x01;

  private final Schema schema;
  private final long fingerprint;
  private final GenericData model;
  private final WriterSchemas writers;
  private final DatumWriter<T> writer;
  private final Map<Long, DatumReader<T>> readers = new HashMap<>();
  private final BoundedDecoder decoder = new BoundedDecoder();
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(512);
  private @Nullable BinaryEncoder encoder;

  private AvroCodec(Schema schema, GenericData model, WriterSchemas writers) {
    this.schema = schema;
    this.model = model;
    this.writers = writers;
    this.fingerprint = SchemaNormalization.parsingFingerprint64(schema);
    this.writer =
        model instanceof SpecificData specific
            ? new SpecificDatumWriter<>(schema, specific)
            : new GenericDatumWriter<>(schema, model);
  }

  /** A codec of a generated record that knows all writer schemas of this process. */
  public static <T extends SpecificRecordBase> AvroCodec<T> of(Class<T> type) {
    return of(type, WriterSchemas.shared());
  }

  /** A codec of a generated record that knows the given writer schemas. */
  public static <T extends SpecificRecordBase> AvroCodec<T> of(
      Class<T> type, WriterSchemas writers) {
    SpecificData model = SpecificData.getForClass(type);
    Schema schema = model.getSchema(type);
    writers.addTrusted(schema);
    return new AvroCodec<>(schema, model, writers);
  }

  /**
   * A codec of any record, by schema, that knows the given writer schemas. The schema may be a part
   * of a record's, to read no more than that part.
   */
  public static AvroCodec<GenericRecord> generic(Schema schema, WriterSchemas writers) {
    return new AvroCodec<>(schema, GenericData.get(), writers);
  }

  /** The schema that this codec writes and reads into. */
  public Schema schema() {
    return schema;
  }

  /** Fingerprint of {@link #schema()}, as in the header of what this codec writes. */
  public long fingerprint() {
    return fingerprint;
  }

  /**
   * The bytes of a record.
   *
   * @throws AvroRuntimeException when a field without a default is not set: an error of the caller
   */
  public byte[] encode(T record) {
    buffer.reset();
    buffer.write(MAGIC_0);
    buffer.write(MAGIC_1);
    for (int shift = 0; shift < 64; shift += 8) {
      buffer.write((int) (fingerprint >>> shift));
    }
    try {
      encoder = EncoderFactory.get().binaryEncoder(buffer, encoder);
      writer.write(record, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("a byte array refused bytes", e);
    } catch (RuntimeException e) {
      // The encoder may hold half a record.
      encoder = null;
      throw e;
    }
    return buffer.toByteArray();
  }

  /** Writes magic and fingerprint for who writes the body by hand; returns where it begins. */
  int header(byte[] bytes) {
    bytes[0] = MAGIC_0;
    bytes[1] = MAGIC_1;
    for (int i = 0; i < 8; i++) {
      bytes[2 + i] = (byte) (fingerprint >>> (8 * i));
    }
    return HEADER_BYTES;
  }

  /**
   * The record of the bytes.
   *
   * @throws WireException when they are not one, for whatever reason
   */
  public T decode(byte[] bytes) throws WireException {
    long writerFingerprint = fingerprintOf(bytes);
    DatumReader<T> reader = readers.get(writerFingerprint);
    if (reader == null) {
      reader = reader(writerFingerprint);
    }
    decoder.reset(bytes, HEADER_BYTES, bytes.length);
    T record;
    try {
      record = reader.read(null, decoder);
    } catch (BoundedDecoder.Refused e) {
      throw new WireException(e.reason(), schema.getName() + ": " + e.getMessage());
    } catch (AvroTypeException e) {
      throw new WireException(DeadReason.WRONG_TYPE, schema.getName() + ": " + e.getMessage());
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw new WireException(
          DeadReason.UNDECODABLE, schema.getName() + " cannot be decoded: " + e.getMessage());
    }
    if (decoder.remaining() > 0) {
      throw new WireException(
          DeadReason.UNDECODABLE,
          decoder.remaining() + " bytes follow the " + schema.getName() + " of the record");
    }
    return record;
  }

  private DatumReader<T> reader(long writerFingerprint) throws WireException {
    Schema writerSchema = writers.findOrRefresh(writerFingerprint);
    if (writerSchema == null) {
      throw new WireException(
          DeadReason.UNKNOWN_SCHEMA,
          "no schema has the fingerprint "
              + WriterSchemas.fingerprintKey(writerFingerprint)
              + ": the writer is newer and did not publish it on the topic schemas");
    }
    if (!writerSchema.getName().equals(schema.getName())) {
      throw new WireException(
          DeadReason.WRONG_TYPE,
          "the record is a " + writerSchema.getName() + " and not a " + schema.getName());
    }
    DatumReader<T> reader =
        model instanceof SpecificData specific
            ? new SpecificDatumReader<>(writerSchema, schema, specific)
            : new GenericDatumReader<>(writerSchema, schema, model);
    readers.put(writerFingerprint, reader);
    return reader;
  }

  /**
   * The fingerprint in the header.
   *
   * @throws WireException when the bytes do not begin as a single-object encoding does
   */
  static long fingerprintOf(byte[] bytes) throws WireException {
    return fingerprintOf(bytes, 0, bytes.length);
  }

  /**
   * The fingerprint in the header of a record that stands in {@code bytes[from..end)}.
   *
   * @throws WireException when the bytes do not begin as a single-object encoding does
   */
  static long fingerprintOf(byte[] bytes, int from, int end) throws WireException {
    int length = end - from;
    if (length > MAX_RECORD_BYTES) {
      throw new WireException(
          DeadReason.TOO_LARGE,
          "the record has " + length + " bytes, more than " + MAX_RECORD_BYTES);
    }
    if (length < HEADER_BYTES) {
      throw new WireException(
          DeadReason.TRUNCATED,
          "the record has " + length + " bytes, fewer than a header of " + HEADER_BYTES);
    }
    if (bytes[from] != MAGIC_0 || bytes[from + 1] != MAGIC_1) {
      throw new WireException(
          DeadReason.UNDECODABLE, "the record is no Avro single-object encoding (C3 01)");
    }
    return Bytes.longAt(bytes, from + 2);
  }
}
