package io.forestall.operators.sql;

import static org.apache.flink.table.api.DataTypes.ARRAY;
import static org.apache.flink.table.api.DataTypes.BIGINT;
import static org.apache.flink.table.api.DataTypes.BOOLEAN;
import static org.apache.flink.table.api.DataTypes.BYTES;
import static org.apache.flink.table.api.DataTypes.DOUBLE;
import static org.apache.flink.table.api.DataTypes.FIELD;
import static org.apache.flink.table.api.DataTypes.INT;
import static org.apache.flink.table.api.DataTypes.MAP;
import static org.apache.flink.table.api.DataTypes.ROW;
import static org.apache.flink.table.api.DataTypes.STRING;
import static org.apache.flink.table.api.DataTypes.TIMESTAMP_LTZ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.operators.TestingSchemaContext;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.Tier;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.WriterSchemas;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.catalog.ObjectIdentifier;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.factories.SerializationFormatFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class ForestallAvroFormatTest {

  private static final DataType ENTITY = ROW(FIELD("kind", STRING()), FIELD("id", STRING()));

  private static final DataType RISK =
      ROW(
          FIELD("entity", ENTITY),
          FIELD("node", STRING()),
          FIELD("timeMillis", BIGINT()),
          FIELD("samples", BIGINT()),
          FIELD("score", DOUBLE()),
          FIELD("tier", STRING()),
          FIELD("tierSinceMillis", TIMESTAMP_LTZ(3)),
          FIELD("probability", DOUBLE()),
          FIELD("horizonMillis", BIGINT()),
          FIELD("confidence", DOUBLE()),
          FIELD("stale", BOOLEAN()),
          FIELD(
              "modes",
              ARRAY(
                  ROW(
                      FIELD("mode", STRING()),
                      FIELD("probability", DOUBLE()),
                      FIELD("horizonMillis", BIGINT()),
                      FIELD("model", STRING()),
                      FIELD("modelVersion", INT()),
                      FIELD(
                          "reasons",
                          ARRAY(
                              ROW(
                                  FIELD("metric", STRING()),
                                  FIELD("value", DOUBLE()),
                                  FIELD("contribution", DOUBLE()),
                                  FIELD("text", STRING()))))))));

  private static Risk risk() {
    return new Risk(
        new EntityRef(EntityKind.DISK, "D-ü"),
        null,
        1_700_000_000_000L,
        3L,
        71.5,
        Tier.WARNING,
        1_600_000_000_000L,
        0.25,
        86_400_000L,
        0.9,
        false,
        List.of(
            new ModeRisk(
                FailureMode.DISK,
                0.25,
                86_400_000L,
                "disk-lstm",
                1,
                List.of(new Reason("smart_5_raw", 12.0, 0.5, "12 reallocated sectors")))));
  }

  private static AvroRowDeserializer reader(String record, DataType type, boolean ignore)
      throws Exception {
    DeserializationFormatFactory factory =
        FactoryUtil.discoverFactory(
            ForestallAvroFormatTest.class.getClassLoader(),
            DeserializationFormatFactory.class,
            "forestall-avro");
    Configuration options = new Configuration();
    options.set(ForestallAvroOptions.RECORD, record);
    options.set(ForestallAvroOptions.IGNORE_PARSE_ERRORS, ignore);
    DeserializationSchema<RowData> schema =
        factory
            .createDecodingFormat(new TestingFactoryContext(), options)
            .createRuntimeDecoder(new TestingSourceContext(), type);
    // As it travels to the cluster.
    AvroRowDeserializer copy = (AvroRowDeserializer) InstantiationUtil.clone(schema);
    copy.open(new TestingSchemaContext());
    return copy;
  }

  private static RowData read(AvroRowDeserializer reader, byte[] bytes) throws IOException {
    return Objects.requireNonNull(reader.deserialize(bytes), "no row");
  }

  private static SerializationSchema<RowData> writer(String record, DataType type)
      throws Exception {
    SerializationFormatFactory factory =
        FactoryUtil.discoverFactory(
            ForestallAvroFormatTest.class.getClassLoader(),
            SerializationFormatFactory.class,
            "forestall-avro");
    Configuration options = new Configuration();
    options.set(ForestallAvroOptions.RECORD, record);
    SerializationSchema<RowData> schema =
        InstantiationUtil.clone(
            factory.createEncodingFormat(null, options).createRuntimeEncoder(null, type));
    schema.open(new TestingSchemaContext());
    return schema;
  }

  @Test
  void readsRowsOfTheJobAndWritesTheSameBytes() throws Exception {
    byte[] bytes = AvroCodec.of(Risk.class).encode(risk());

    RowData row = read(reader("Risk", RISK, false), bytes);

    assertThat(row.getRow(0, 2).getString(0)).hasToString("DISK");
    assertThat(row.getRow(0, 2).getString(1)).hasToString("D-ü");
    assertThat(row.isNullAt(1)).isTrue();
    assertThat(row.getDouble(4)).isEqualTo(71.5);
    assertThat(row.getString(5)).hasToString("WARNING");
    assertThat(row.getTimestamp(6, 3)).isEqualTo(TimestampData.fromEpochMillis(1_600_000_000_000L));
    RowData mode = row.getArray(11).getRow(0, 6);
    assertThat(mode.getInt(4)).isEqualTo(1);
    assertThat(mode.getArray(5).getRow(0, 4).getString(3)).hasToString("12 reallocated sectors");

    assertThat(writer("Risk", RISK).serialize(row)).isEqualTo(bytes);
  }

  @Test
  void readsMapsBytesAndOnlyTheColumnsDeclared() throws Exception {
    FleetEntry entry =
        FleetEntry.newBuilder()
            .setEntity(new EntityRef(EntityKind.NODE, "n-0001"))
            .setTimeMillis(1L)
            .setRack("r-01")
            .setZone("z")
            .setRegion("r")
            .setPool("p")
            .setTier("hdd")
            .setSynthetic(true)
            .setLabels(Map.of("a", "b"))
            .build();
    RowData row =
        read(
            reader(
                "FleetEntry",
                ROW(FIELD("labels", MAP(STRING(), STRING())), FIELD("rack", STRING())),
                false),
            AvroCodec.of(FleetEntry.class).encode(entry));
    assertThat(row.getMap(0).keyArray().getString(0)).hasToString("a");
    assertThat(row.getMap(0).valueArray().getString(0)).hasToString("b");
    assertThat(row.getString(1)).hasToString("r-01");

    DeadLetter letter =
        new DeadLetters("test")
            .line("f.csv", 7, 1L, DeadReason.NOT_A_NUMBER, "why", null, new byte[] {1, 2});
    row =
        read(
            reader(
                "DeadLetter",
                ROW(
                    FIELD("payload", BYTES()),
                    FIELD("entity", ENTITY),
                    FIELD("partition", BIGINT())),
                false),
            AvroCodec.of(DeadLetter.class).encode(letter));
    assertThat(row.getBinary(0)).containsExactly(1, 2);
    assertThat(row.isNullAt(1)).isTrue();
    assertThat(row.getLong(2)).isEqualTo(-1);
  }

  @Test
  void fieldsWithoutColumnGetTheirDefault() throws Exception {
    DataType type =
        ROW(
            FIELD("entity", ENTITY),
            FIELD("timeMillis", BIGINT()),
            FIELD("rack", STRING()),
            FIELD("zone", STRING()),
            FIELD("region", STRING()),
            FIELD("pool", STRING()),
            FIELD("tier", STRING()),
            FIELD("synthetic", BOOLEAN()),
            FIELD("labels", MAP(STRING(), STRING())));
    GenericRowData row =
        GenericRowData.of(
            GenericRowData.of(StringData.fromString("NODE"), StringData.fromString("n-1")),
            5L,
            StringData.fromString("r-01"),
            StringData.fromString("z"),
            StringData.fromString("eu"),
            StringData.fromString("p"),
            StringData.fromString("ssd"),
            false,
            null);
    FleetEntry entry =
        AvroCodec.of(FleetEntry.class).decode(writer("FleetEntry", type).serialize(row));
    assertThat(entry.getEntity()).isEqualTo(new EntityRef(EntityKind.NODE, "n-1"));
    assertThat(entry.getCapacityBytes()).isNull();
    assertThat(entry.getLabels()).isEmpty();
  }

  @Test
  void mixedVersionsInOneTopic() throws Exception {
    // A later writer has a field more, a tier more, and does not write the field stale.
    Schema now = RecordSchemas.newest("Risk");
    Schema later =
        new Schema.Parser()
            .parse(
                now.toString()
                    .replace("\"CRITICAL\"]", "\"CRITICAL\",\"DOOMED\"]")
                    .replace("\"name\":\"stale\"", "\"name\":\"mood\""));
    GenericRecord newer = new GenericData.Record(later);
    GenericRecord older = AvroCodec.generic(now, WriterSchemas.released()).decode(encoded(risk()));
    for (Schema.Field field : later.getFields()) {
      newer.put(field.pos(), older.get(field.pos()));
    }
    newer.put("tier", new GenericData.EnumSymbol(later.getField("tier").schema(), "DOOMED"));
    byte[] newerBytes = AvroCodec.generic(later, WriterSchemas.released()).encode(newer);

    AvroRowDeserializer reader = reader("Risk", RISK, true);
    assertThat(reader.deserialize(newerBytes)).as("unknown so far").isNull();
    assertThat(reader.parseErrors()).isEqualTo(1);

    WriterSchemas.shared()
        .add(
            new SchemaRecord(
                SchemaNormalization.parsingFingerprint64(later),
                later.getFullName(),
                later.toString(),
                "test",
                0L));
    RowData row = read(reader, newerBytes);
    assertThat(row.getString(5)).as("a tier of the future").hasToString("UNKNOWN");
    assertThat(row.getBoolean(10)).as("the default of what it lacks").isFalse();
    assertThat(reader.deserialize(encoded(risk()))).as("the next good record").isNotNull();
    assertThat(reader.parseErrors()).isEqualTo(1);
  }

  private static byte[] encoded(Risk risk) {
    return AvroCodec.of(Risk.class).encode(risk);
  }

  @Test
  void findsTheTopicOfWriterSchemasBesideItsOwn() {
    WriterTopic topic =
        Objects.requireNonNull(
            WriterTopic.of(
                Map.of(
                    "topic",
                    "eu.prod.risk.v1",
                    "properties.bootstrap.servers",
                    "b:9092",
                    "properties.security.protocol",
                    "SSL",
                    "scan.startup.mode",
                    "earliest-offset"),
                "Risk"));
    assertThat(topic.topic()).isEqualTo("eu.prod.schemas.v1");
    assertThat(topic.clientProperties())
        .containsOnly(
            Map.entry("bootstrap.servers", "b:9092"), Map.entry("security.protocol", "SSL"));
    assertThat(WriterTopic.of(Map.of("topic", "p.risk.v1"), "Risk")).as("no broker").isNull();
    assertThat(
            WriterTopic.of(
                Map.of("topic", "own", "properties.bootstrap.servers", "b:9092"), "Risk"))
        .as("a topic of somebody else")
        .isNull();
  }

  @Test
  void poisonIsCountedOrFailsAsTold() throws Exception {
    byte[] good = encoded(risk());
    List<byte[]> poison =
        List.of(
            new byte[0],
            new byte[] {1, 2, 3},
            Arrays.copyOf(good, good.length - 3),
            Arrays.copyOf(good, good.length + 3),
            AvroCodec.of(DeadLetter.class).encode(letter()));
    AvroRowDeserializer tolerant = reader("Risk", RISK, true);
    AvroRowDeserializer strict = reader("Risk", RISK, false);
    for (byte[] bytes : poison) {
      assertThat(tolerant.deserialize(bytes)).isNull();
      assertThatThrownBy(() -> strict.deserialize(bytes))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ignore-parse-errors");
      assertThat(tolerant.deserialize(good)).isNotNull();
    }
    assertThat(tolerant.parseErrors()).isEqualTo(poison.size());
    assertThat(tolerant.deserialize(null)).as("a tombstone is no error").isNull();
    assertThat(tolerant.parseErrors()).isEqualTo(poison.size());
  }

  @Test
  void nullInNotNullColumnIsPoison() throws Exception {
    AvroRowDeserializer reader = reader("Risk", ROW(FIELD("node", STRING().notNull())), true);
    assertThat(reader.deserialize(encoded(risk()))).isNull();
    assertThat(reader.parseErrors()).isEqualTo(1);
  }

  @Test
  void wrongTablesAreRefusedWhenPlanned() {
    assertThatThrownBy(() -> reader("Rsik", RISK, true))
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining("Rsik")
        .hasMessageContaining("Risk");
    assertThatThrownBy(() -> reader("Risk", ROW(FIELD("scroe", DOUBLE())), true))
        .hasMessageContaining("scroe");
    assertThatThrownBy(() -> reader("Risk", ROW(FIELD("score", STRING())), true))
        .hasMessageContaining("declare DOUBLE");
    assertThatThrownBy(() -> reader("Risk", ROW(FIELD("samples", TIMESTAMP_LTZ(3))), true))
        .hasMessageContaining("declare BIGINT");
    assertThatThrownBy(() -> writer("Risk", ROW(FIELD("score", DOUBLE()))))
        .hasMessageContaining("needs a column entity");
  }

  @Test
  void wrongRowsAreRefusedWithTheColumn() throws Exception {
    SerializationSchema<RowData> writer = writer("Risk", RISK);
    GenericRowData row = (GenericRowData) read(reader("Risk", RISK, false), encoded(risk()));
    row.setField(5, StringData.fromString("PURPLE"));
    assertThatThrownBy(() -> writer.serialize(row))
        .hasMessageContaining("tier")
        .hasMessageContaining("PURPLE");
    row.setField(5, null);
    assertThatThrownBy(() -> writer.serialize(row)).hasMessageContaining("tier");
  }

  private static DeadLetter letter() {
    return new DeadLetters("test").line("f", 1, 1L, DeadReason.OTHER, "d", null, new byte[0]);
  }

  private static final class TestingFactoryContext implements DynamicTableFactory.Context {
    @Override
    public ObjectIdentifier getObjectIdentifier() {
      return ObjectIdentifier.of("c", "d", "t");
    }

    @Override
    public ResolvedCatalogTable getCatalogTable() {
      return new ResolvedCatalogTable(
          CatalogTable.newBuilder()
              .schema(org.apache.flink.table.api.Schema.newBuilder().build())
              .options(Map.of("connector", "testing"))
              .build(),
          ResolvedSchema.of());
    }

    @Override
    public ReadableConfig getConfiguration() {
      return new Configuration();
    }

    @Override
    public ClassLoader getClassLoader() {
      return ForestallAvroFormatTest.class.getClassLoader();
    }

    @Override
    public boolean isTemporary() {
      return true;
    }
  }

  private static final class TestingSourceContext implements DynamicTableSource.Context {
    @Override
    public <T> TypeInformation<T> createTypeInformation(DataType dataType) {
      return createTypeInformation(dataType.getLogicalType());
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> TypeInformation<T> createTypeInformation(LogicalType logicalType) {
      return (TypeInformation<T>) TypeInformation.of(RowData.class);
    }

    @Override
    public DynamicTableSource.DataStructureConverter createDataStructureConverter(
        DataType dataType) {
      throw new UnsupportedOperationException();
    }
  }
}
