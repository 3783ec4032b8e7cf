package io.forestall.operators.sql;

import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.format.EncodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.factories.SerializationFormatFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/**
 * The SQL format {@code forestall-avro}: reads topics in which several writer versions are mixed,
 * and writes the newest. Columns are matched by name; an enum is a STRING, a time in milliseconds a
 * BIGINT or a TIMESTAMP_LTZ(3).
 */
public final class ForestallAvroFormatFactory
    implements DeserializationFormatFactory, SerializationFormatFactory {

  /** Value of the option {@code format}. */
  public static final String IDENTIFIER = "forestall-avro";

  @Override
  public String factoryIdentifier() {
    return IDENTIFIER;
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of(ForestallAvroOptions.RECORD);
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of(ForestallAvroOptions.IGNORE_PARSE_ERRORS, ForestallAvroOptions.TOMBSTONES);
  }

  @Override
  public Set<ConfigOption<?>> forwardOptions() {
    return Set.of(
        ForestallAvroOptions.RECORD,
        ForestallAvroOptions.IGNORE_PARSE_ERRORS,
        ForestallAvroOptions.TOMBSTONES);
  }

  @Override
  public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
      DynamicTableFactory.Context context, ReadableConfig options) {
    FactoryUtil.validateFactoryOptions(this, options);
    String record = options.get(ForestallAvroOptions.RECORD);
    boolean ignoreParseErrors = options.get(ForestallAvroOptions.IGNORE_PARSE_ERRORS);
    boolean tombstones = options.get(ForestallAvroOptions.TOMBSTONES);
    WriterTopic writers = WriterTopic.of(context.getCatalogTable().getOptions(), record);
    return new DecodingFormat<>() {
      @Override
      public DeserializationSchema<RowData> createRuntimeDecoder(
          DynamicTableSource.Context source, DataType physical) {
        return new AvroRowDeserializer(
            record,
            (RowType) physical.getLogicalType(),
            source.createTypeInformation(physical),
            ignoreParseErrors,
            tombstones,
            writers);
      }

      @Override
      public ChangelogMode getChangelogMode() {
        return ChangelogMode.insertOnly();
      }
    };
  }

  @Override
  public EncodingFormat<SerializationSchema<RowData>> createEncodingFormat(
      DynamicTableFactory.Context context, ReadableConfig options) {
    FactoryUtil.validateFactoryOptions(this, options);
    String record = options.get(ForestallAvroOptions.RECORD);
    return new EncodingFormat<>() {
      @Override
      public SerializationSchema<RowData> createRuntimeEncoder(
          DynamicTableSink.Context sink, DataType physical) {
        return new AvroRowSerializer(record, (RowType) physical.getLogicalType());
      }

      @Override
      public ChangelogMode getChangelogMode() {
        return ChangelogMode.insertOnly();
      }
    };
  }
}
