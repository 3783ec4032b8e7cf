package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Tier;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes the console's answers as JSON. Names and units as in the Avro schemas: times end in
 * Millis. Stateless.
 */
final class ConsoleJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private ConsoleJson() {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  static byte[] page(FleetView.RiskPage page, RiskQuery query) {
    return object(
        json -> {
          json.writeNumberField("total", page.total());
          json.writeNumberField("offset", query.offset());
          json.writeNumberField("limit", query.limit());
          json.writeArrayFieldStart("items");
          for (EntityRisk entity : page.items()) {
            json.writeStartObject();
            entity(json, entity);
            Reason top = entity.topReason();
            json.writeStringField("topReason", top == null ? null : top.getText());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] detail(FleetView.Detail detail) {
    return object(
        json -> {
          entity(json, detail.entity());
          json.writeArrayFieldStart("modes");
          EntityRisk.Score score = detail.entity().score();
          if (score != null) {
            for (ModeRisk mode : score.modes()) {
              mode(json, mode);
            }
          }
          json.writeEndArray();
          json.writeArrayFieldStart("history");
          for (HistoryPoint point : detail.history()) {
            json.writeStartObject();
            json.writeNumberField("timeMillis", point.timeMillis());
            number(json, "score", point.score());
            number(json, "probability", point.probability());
            number(json, "confidence", point.confidence());
            json.writeStringField("tier", lower(point.tier()));
            json.writeBooleanField("stale", point.stale());
            json.writeArrayFieldStart("reasons");
            for (HistoryPoint.Part part : point.reasons()) {
              json.writeStartObject();
              json.writeStringField("metric", part.metric());
              number(json, "value", part.value());
              number(json, "contribution", part.contribution());
              json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] fleet(List<RackSummary> racks) {
    return object(
        json -> {
          json.writeArrayFieldStart("racks");
          for (RackSummary rack : racks) {
            json.writeStartObject();
            json.writeStringField("rack", rack.rack());
            json.writeStringField("zone", rack.zone());
            json.writeStringField("region", rack.region());
            json.writeBooleanField("synthetic", rack.synthetic());
            json.writeNumberField("disks", rack.disks());
            tiers(json, rack.tiers());
            number(json, "maxScore", rack.maxScore());
            json.writeArrayFieldStart("nodes");
            for (RackSummary.NodeRow node : rack.nodes()) {
              json.writeStartObject();
              json.writeStringField("node", node.node());
              json.writeStringField("cells", node.cells());
              json.writeStringField("deciles", node.deciles());
              json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] deadLetters(FleetView.DeadLetters letters) {
    return object(
        json -> {
          json.writeNumberField("total", letters.total());
          json.writeObjectFieldStart("byReason");
          for (var reason : letters.byReason().entrySet()) {
            json.writeNumberField(reason.getKey().name(), reason.getValue());
          }
          json.writeEndObject();
          json.writeArrayFieldStart("newest");
          for (FleetView.DeadEntry letter : letters.newest()) {
            json.writeStartObject();
            json.writeStringField("origin", letter.origin());
            json.writeNumberField("partition", letter.partition());
            json.writeNumberField("offset", letter.offset());
            json.writeNumberField("index", letter.index());
            json.writeNumberField("timeMillis", letter.timeMillis());
            json.writeStringField("reason", letter.reason().name());
            json.writeStringField("detail", letter.detail());
            json.writeStringField("kind", letter.kind() == null ? null : lower(letter.kind()));
            json.writeStringField("id", letter.id());
            json.writeStringField("component", letter.component());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /**
   * The status.
   *
   * @param ready true when the topics have been read to their ends once and are still being read
   * @param trouble what is wrong with the feed, null when nothing is
   */
  static byte[] status(FleetView.Status status, boolean ready, @Nullable String trouble) {
    return object(
        json -> {
          json.writeBooleanField("ready", ready);
          json.writeStringField("trouble", trouble);
          json.writeStringField("mode", mode(status));
          json.writeBooleanField("syntheticPlacement", status.synthetic());
          json.writeObjectFieldStart("rowsInBySource");
          for (var source : status.rowsInBySource().entrySet()) {
            json.writeNumberField(source.getKey(), source.getValue());
          }
          json.writeEndObject();
          json.writeNumberField("rowsIn", status.rowsIn());
          json.writeNumberField("rowsScored", status.rowsScored());
          json.writeNumberField("deadLetters", status.deadLetters());
          json.writeNumberField("deadRows", status.deadRows());
          json.writeNumberField("repeats", status.repeats());
          time(json, "newestTelemetryMillis", status.newestTelemetryMillis());
          time(json, "newestRiskMillis", status.newestRiskMillis());
          json.writeNumberField("entities", status.entities());
          json.writeNumberField("disks", status.disks());
          json.writeNumberField("nodes", status.nodes());
          tiers(json, status.disksByTier());
          json.writeNumberField("historyPoints", status.historyPoints());
          json.writeNumberField("historyEvicted", status.historyEvicted());
          json.writeNumberField("entitiesRefused", status.entitiesRefused());
          json.writeArrayFieldStart("models");
          for (FleetView.ModelEntry model : status.models()) {
            json.writeStartObject();
            json.writeStringField("id", model.id());
            json.writeNumberField("version", model.version());
            json.writeStringField("mode", model.mode().toLowerCase(Locale.ROOT));
            json.writeNumberField("publishedMillis", model.publishedMillis());
            json.writeNumberField("effectiveFromMillis", model.effectiveFromMillis());
            json.writeNumberField("rollbackUntilMillis", model.rollbackUntilMillis());
            json.writeNumberField("weightBytes", model.weightBytes());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeObjectFieldStart("scoredByModel");
          for (var model : status.scoredByModel().entrySet()) {
            json.writeNumberField(model.getKey(), model.getValue());
          }
          json.writeEndObject();
        });
  }

  static byte[] error(String message) {
    return object(json -> json.writeStringField("error", message));
  }

  /**
   * {@code simulated}, {@code data}, {@code mixed}, or {@code none} while no telemetry was seen.
   */
  static String mode(FleetView.Status status) {
    boolean simulated = status.rowsInBySource().containsKey("simulated");
    int sources = status.rowsInBySource().size();
    if (sources == 0) {
      return "none";
    }
    if (!simulated) {
      return "data";
    }
    return sources == 1 ? "simulated" : "mixed";
  }

  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static void entity(JsonGenerator json, EntityRisk entity) throws IOException {
    json.writeStringField("kind", lower(entity.kind()));
    json.writeStringField("id", entity.id());
    json.writeStringField("node", entity.node());
    EntityRisk.Placement placement = entity.placement();
    if (placement != null) {
      json.writeStringField("rack", placement.rack());
      json.writeStringField("zone", placement.zone());
      json.writeStringField("region", placement.region());
      json.writeStringField("pool", placement.pool());
      json.writeStringField("storageTier", placement.storageTier());
      json.writeStringField("hardware", placement.model());
      Long capacityBytes = placement.capacityBytes();
      if (capacityBytes == null) {
        json.writeNullField("capacityBytes");
      } else {
        json.writeNumberField("capacityBytes", capacityBytes);
      }
      json.writeBooleanField("synthetic", placement.synthetic());
    }
    json.writeStringField("tier", lower(entity.tier()));
    EntityRisk.Score score = entity.score();
    json.writeBooleanField("scored", score != null);
    if (score != null) {
      json.writeNumberField("timeMillis", score.timeMillis());
      json.writeNumberField("samples", score.samples());
      number(json, "score", score.score());
      json.writeNumberField("tierSinceMillis", score.tierSinceMillis());
      number(json, "probability", score.probability());
      json.writeNumberField("horizonMillis", score.horizonMillis());
      number(json, "confidence", score.confidence());
      json.writeBooleanField("stale", score.stale());
      if (!score.modes().isEmpty()) {
        json.writeStringField("model", score.modes().get(0).getModel());
        json.writeNumberField("modelVersion", score.modes().get(0).getModelVersion());
      }
    }
  }

  private static void mode(JsonGenerator json, ModeRisk mode) throws IOException {
    json.writeStartObject();
    json.writeStringField("mode", lower(mode.getMode()));
    number(json, "probability", mode.getProbability());
    json.writeNumberField("horizonMillis", mode.getHorizonMillis());
    json.writeStringField("model", mode.getModel());
    json.writeNumberField("modelVersion", mode.getModelVersion());
    json.writeArrayFieldStart("reasons");
    for (Reason reason : mode.getReasons()) {
      json.writeStartObject();
      json.writeStringField("metric", reason.getMetric());
      number(json, "value", reason.getValue());
      number(json, "contribution", reason.getContribution());
      json.writeStringField("text", reason.getText());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void tiers(JsonGenerator json, int[] counts) throws IOException {
    json.writeObjectFieldStart("tiers");
    for (Tier tier : Tier.values()) {
      json.writeNumberField(lower(tier), counts[tier.ordinal()]);
    }
    json.writeEndObject();
  }

  /** JSON has no NaN: a number that is none is null. */
  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  private static void time(JsonGenerator json, String name, long millis) throws IOException {
    if (millis == Long.MIN_VALUE) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, millis);
    }
  }

  private static byte[] object(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to memory", e);
    }
    return bytes.toByteArray();
  }
}
