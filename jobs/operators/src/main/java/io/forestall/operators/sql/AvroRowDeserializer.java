package io.forestall.operators.sql;

import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import io.forestall.wire.WriterSchemas;
import java.io.IOException;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/**
 * Reads records of one kind, of whatever version, into rows. A tombstone gives no row, or one of
 * nulls, as the option says. What cannot be read gives none either and is counted, or fails, as the
 * option says.
 */
final class AvroRowDeserializer implements DeserializationSchema<RowData> {

  private static final long serialVersionUID = 1L;

  private final String record;
  private final RowType row;
  private final TypeInformation<RowData> produced;
  private final boolean ignoreParseErrors;
  private final boolean tombstones;
  private final @Nullable WriterTopic writers;

  private transient @Nullable AvroCodec<GenericRecord> codec;
  private transient @Nullable FromAvro converter;
  private transient Counter parseErrors = new SimpleCounter();

  AvroRowDeserializer(
      String record,
      RowType row,
      TypeInformation<RowData> produced,
      boolean ignoreParseErrors,
      boolean tombstones,
      @Nullable WriterTopic writers) {
    this.record = record;
    this.row = row;
    this.produced = produced;
    this.ignoreParseErrors = ignoreParseErrors;
    this.tombstones = tombstones;
    this.writers = writers;
    // Errors of the table's definition are said when it is planned.
    prepare();
  }

  private void prepare() {
    Schema schema = RecordSchemas.projected(RecordSchemas.newest(record), row);
    codec = AvroCodec.generic(schema, WriterSchemas.shared());
    converter = FromAvro.of(schema, row.copy(false), "");
  }

  @Override
  public void open(InitializationContext context) {
    prepare();
    if (writers != null) {
      writers.follow(WriterSchemas.shared());
    }
    parseErrors = context.getMetricGroup().addGroup("forestall").counter("sqlParseErrors");
  }

  @Override
  public @Nullable RowData deserialize(byte @Nullable [] message) throws IOException {
    if (message == null) {
      return tombstones ? new GenericRowData(row.getFieldCount()) : null;
    }
    try {
      GenericRecord decoded = Objects.requireNonNull(codec, "open first").decode(message);
      return (RowData) Objects.requireNonNull(converter, "open first").convert(decoded);
    } catch (WireException | FromAvro.NullInColumn e) {
      if (ignoreParseErrors) {
        parseErrors.inc();
        return null;
      }
      throw new IOException(
          "forestall-avro: a "
              + record
              + " cannot be read: "
              + e.getMessage()
              + "; ignore-parse-errors=true leaves such rows out",
          e);
    }
  }

  /** How many rows could not be read so far. */
  long parseErrors() {
    return parseErrors.getCount();
  }

  @Override
  public boolean isEndOfStream(RowData nextElement) {
    return false;
  }

  @Override
  public TypeInformation<RowData> getProducedType() {
    return produced;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AvroRowDeserializer that
        && record.equals(that.record)
        && row.equals(that.row)
        && ignoreParseErrors == that.ignoreParseErrors
        && tombstones == that.tombstones
        && Objects.equals(writers, that.writers);
  }

  @Override
  public int hashCode() {
    return Objects.hash(record, row, ignoreParseErrors, tombstones, writers);
  }
}
