package io.forestall.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.decisions.alert.Alert;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Alerts as Alertmanager's API version 2 reads them. Stateless and thread-safe. */
public final class AlertJson {

  private static final JsonFactory JSON = new JsonFactory();
  private static final String LINK = "link";

  private AlertJson() {}

  /** The body of a POST to {@code /api/v2/alerts}: UTF-8. */
  public static byte[] body(List<Alert> alerts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512 * alerts.size());
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartArray();
      for (Alert alert : alerts) {
        json.writeStartObject();
        map(json, "labels", alert.labels());
        map(json, "annotations", alert.annotations());
        json.writeStringField("startsAt", Instant.ofEpochMilli(alert.startsMillis()).toString());
        json.writeStringField("endsAt", Instant.ofEpochMilli(alert.endsMillis()).toString());
        String link = alert.annotations().get(LINK);
        if (link != null) {
          json.writeStringField("generatorURL", link);
        }
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static void map(JsonGenerator json, String name, Map<String, String> map)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, String> entry : new TreeMap<>(map).entrySet()) {
      // Alertmanager takes a label without a value for none.
      if (!entry.getValue().isEmpty()) {
        json.writeStringField(entry.getKey(), entry.getValue());
      }
    }
    json.writeEndObject();
  }
}
