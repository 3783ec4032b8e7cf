package io.forestall.schemas;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** What tests of the contract share: which records there are, and a full example of each. */
final class Records {

  private Records() {}

  /** Simple names of all records that are encoded by themselves. */
  static List<String> names() {
    TreeSet<String> names = new TreeSet<>();
    TopicCatalogue.load().forEach(topic -> names.add(topic.valueSchema()));
    // Signed by itself, carried inside an Admission.
    names.add("AdmissionGrant");
    return List.copyOf(names);
  }

  /** Schema of a record as it is compiled, without what only concerns Java. */
  static Schema current(String name) {
    try {
      Schema schema =
          (Schema)
              Class.forName("io.forestall.schemas." + name)
                  .getMethod("getClassSchema")
                  .invoke(null);
      return new Schema.Parser().parse(withoutJava(schema.toString()));
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("no record " + name, e);
    }
  }

  private static String withoutJava(String json) {
    return json.replace("{\"type\":\"string\",\"avro.java.string\":\"String\"}", "\"string\"")
        .replace(",\"avro.java.string\":\"String\"", "");
  }

  /** All records and enums within a schema, by full name. */
  static Map<String, Schema> named(Schema schema) {
    Map<String, Schema> found = new TreeMap<>();
    collect(schema, found);
    return found;
  }

  private static void collect(Schema schema, Map<String, Schema> found) {
    switch (schema.getType()) {
      case RECORD -> {
        if (found.putIfAbsent(schema.getFullName(), schema) == null) {
          schema.getFields().forEach(field -> collect(field.schema(), found));
        }
      }
      case ENUM, FIXED -> found.putIfAbsent(schema.getFullName(), schema);
      case ARRAY -> collect(schema.getElementType(), found);
      case MAP -> collect(schema.getValueType(), found);
      case UNION -> schema.getTypes().forEach(branch -> collect(branch, found));
      default -> {}
    }
  }

  /** A record in which every field has a value that only it has. The same for ever. */
  static GenericRecord example(Schema schema) {
    return (GenericRecord) value(schema, schema.getName());
  }

  private static Object value(Schema schema, String path) {
    int salt = path.hashCode() & 0xffff;
    return switch (schema.getType()) {
      case RECORD -> {
        GenericRecord record = new GenericData.Record(schema);
        schema
            .getFields()
            .forEach(
                field ->
                    record.put(field.name(), value(field.schema(), path + "." + field.name())));
        yield record;
      }
      case ENUM ->
          new GenericData.EnumSymbol(
              schema, schema.getEnumSymbols().get(1 + salt % (schema.getEnumSymbols().size() - 1)));
      case ARRAY -> new ArrayList<>(List.of(value(schema.getElementType(), path + "[]")));
      case MAP -> {
        // One entry: the order of several would depend on the map.
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("k" + salt, value(schema.getValueType(), path + "{}"));
        yield map;
      }
      case UNION -> value(schema.getTypes().get(schema.getTypes().size() - 1), path);
      case STRING -> path.substring(path.lastIndexOf('.') + 1) + "-" + salt;
      case BYTES -> java.nio.ByteBuffer.wrap(new byte[] {(byte) salt, (byte) (salt >> 8), 0, -1});
      case INT -> salt;
      case LONG -> path.endsWith("Millis") ? 1_700_000_000_000L + salt : -1L - salt;
      case FLOAT -> salt / 7f;
      case DOUBLE -> salt / 7d;
      case BOOLEAN -> salt % 2 == 0;
      default -> throw new AssertionError("no example of " + schema.getType() + " at " + path);
    };
  }
}
