package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Holds a JSON value against a schema of an OpenAPI 3.1 document: the words that our document uses,
 * and no others, so that a word nobody checks is an error. An object may have no property that its
 * schema does not name. Not thread-safe.
 */
final class SchemaCheck {
  private static final TreeSet<String> KNOWN =
      new TreeSet<>(
          List.of(
              "$ref",
              "type",
              "description",
              "properties",
              "required",
              "items",
              "enum",
              "minimum",
              "maximum",
              "pattern",
              "oneOf",
              "additionalProperties",
              "default"));

  private final JsonNode document;
  private final List<String> wrong = new ArrayList<>();

  SchemaCheck(JsonNode document) {
    this.document = document;
  }

  /** What does not fit, one line each; empty when all fits. */
  List<String> check(JsonNode value, JsonNode schema) {
    wrong.clear();
    check(value, schema, "$");
    return List.copyOf(wrong);
  }

  private void check(JsonNode value, JsonNode schema, String where) {
    for (Iterator<String> words = schema.fieldNames(); words.hasNext(); ) {
      String word = words.next();
      if (!KNOWN.contains(word)) {
        wrong.add(where + ": the schema has the word " + word + ", which is not checked");
      }
    }
    if (schema.has("$ref")) {
      JsonNode target = document.at(schema.get("$ref").asText().substring(1).replace("~1", "/"));
      if (target.isMissingNode()) {
        wrong.add(where + ": " + schema.get("$ref") + " leads nowhere");
        return;
      }
      check(value, target, where);
      return;
    }
    if (schema.has("oneOf")) {
      int fit = 0;
      for (JsonNode choice : schema.get("oneOf")) {
        fit += new SchemaCheck(document).check(value, choice).isEmpty() ? 1 : 0;
      }
      if (fit != 1) {
        wrong.add(where + ": fits " + fit + " of the choices");
      }
      return;
    }
    if (schema.has("type") && !ofType(value, schema.get("type"))) {
      wrong.add(where + ": " + shown(value) + " is not " + schema.get("type"));
      return;
    }
    if (value.isNull()) {
      return;
    }
    if (schema.has("enum")) {
      boolean found = false;
      for (JsonNode choice : schema.get("enum")) {
        found |= choice.equals(value);
      }
      if (!found) {
        wrong.add(where + ": " + shown(value) + " is none of " + schema.get("enum"));
      }
    }
    if (schema.has("minimum") && value.asDouble() < schema.get("minimum").asDouble()) {
      wrong.add(where + ": " + shown(value) + " is too small");
    }
    if (schema.has("maximum") && value.asDouble() > schema.get("maximum").asDouble()) {
      wrong.add(where + ": " + shown(value) + " is too large");
    }
    if (schema.has("pattern")
        && !Pattern.compile(schema.get("pattern").asText()).matcher(value.asText()).find()) {
      wrong.add(where + ": " + shown(value) + " is not like " + schema.get("pattern"));
    }
    if (value.isObject()) {
      object(value, schema, where);
    } else if (value.isArray() && schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        check(value.get(i), schema.get("items"), where + "[" + i + "]");
      }
    }
  }

  private void object(JsonNode value, JsonNode schema, String where) {
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asText())) {
        wrong.add(where + ": " + name + " is missing");
      }
    }
    Map<String, JsonNode> known = new TreeMap<>();
    schema.path("properties").fields().forEachRemaining(e -> known.put(e.getKey(), e.getValue()));
    JsonNode others = schema.path("additionalProperties");
    value
        .fields()
        .forEachRemaining(
            field -> {
              String at = where + "." + field.getKey();
              JsonNode property = known.get(field.getKey());
              if (property != null) {
                check(field.getValue(), property, at);
              } else if (others.isObject()) {
                check(field.getValue(), others, at);
              } else if (schema.has("properties")) {
                wrong.add(at + ": the schema does not know it");
              }
            });
  }

  private static boolean ofType(JsonNode value, JsonNode type) {
    if (type.isArray()) {
      for (JsonNode one : type) {
        if (ofType(value, one)) {
          return true;
        }
      }
      return false;
    }
    return switch (type.asText()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "null" -> value.isNull();
      default -> false;
    };
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() > 80 ? text.substring(0, 80) + "..." : text;
  }
}
