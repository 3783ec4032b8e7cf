package io.forestall.operators.sql;

import io.forestall.wire.AvroCodec;
import io.forestall.wire.WriterSchemas;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** Writes rows as records of the newest version. A field without a column gets its default. */
final class AvroRowSerializer implements SerializationSchema<RowData> {

  private static final long serialVersionUID = 1L;

  private final String record;
  private final RowType row;

  private transient @Nullable AvroCodec<GenericRecord> codec;
  private transient @Nullable ToAvro converter;

  AvroRowSerializer(String record, RowType row) {
    this.record = record;
    this.row = row;
    // Errors of the table's definition are said when it is planned.
    prepare();
  }

  private void prepare() {
    Schema schema = RecordSchemas.newest(record);
    codec = AvroCodec.generic(schema, WriterSchemas.shared());
    converter = ToAvro.of(schema, row.copy(false), "");
  }

  @Override
  public void open(InitializationContext context) {
    prepare();
  }

  @Override
  public byte[] serialize(RowData element) {
    Object converted = Objects.requireNonNull(converter, "open first").convert(element);
    return Objects.requireNonNull(codec, "open first")
        .encode((GenericRecord) Objects.requireNonNull(converted));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AvroRowSerializer that
        && record.equals(that.record)
        && row.equals(that.row);
  }

  @Override
  public int hashCode() {
    return Objects.hash(record, row);
  }
}
