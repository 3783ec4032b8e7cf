package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.app.model.ModelStandings;
import io.forestall.app.model.ShippedModel;
import io.forestall.risk.signal.Signal;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Tier;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the console's answers as JSON. Names and units as in the Avro schemas: times end in
 * Millis. Stateless.
 */
final class ConsoleJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  /** What the four columns of a band mean, in the order in which a view keeps them. */
  private static final String[] BAND_PARTS = {"level", "spread", "last", "peerMedian"};

  private static final Map<String, String> LABELS = new HashMap<>();

  static {
    for (Signal signal : Signal.values()) {
      LABELS.put(signal.signalName(), signal.label());
    }
  }

  private ConsoleJson() {}

  /** Writes the fields of an object. */
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  /** Writes the fields of one object of an array. */
  interface Item<T> {
    void write(T item) throws IOException;
  }

  static byte[] page(FleetView.RiskPage page, RiskQuery query, @Nullable String next) {
    return object(
        json -> {
          paging(json, page.total(), query.offset(), query.limit(), next);
          objects(
              json,
              "items",
              page.items(),
              entity -> {
                entity(json, entity);
                Reason top = entity.topReason();
                json.writeStringField("topReason", top == null ? null : top.getText());
              });
        });
  }

  static byte[] detail(FleetView.Detail detail) {
    return object(
        json -> {
          entity(json, detail.entity());
          time(json, "newestMillis", detail.newestMillis());
          number(json, "intervalMillis", detail.intervalMillis());
          heard(json, detail.flags());
          json.writeArrayFieldStart("modes");
          EntityRisk.Score score = detail.entity().score();
          if (score != null) {
            for (ModeRisk mode : score.modes()) {
              mode(json, mode);
            }
          }
          json.writeEndArray();
          objects(
              json,
              "history",
              detail.history(),
              point -> {
                json.writeNumberField("timeMillis", point.timeMillis());
                number(json, "score", point.score());
                number(json, "probability", point.probability());
                number(json, "confidence", point.confidence());
                json.writeStringField("tier", lower(point.tier()));
                json.writeBooleanField("stale", point.stale());
                objects(
                    json,
                    "reasons",
                    point.reasons(),
                    part -> {
                      json.writeStringField("metric", part.metric());
                      number(json, "value", part.value());
                      number(json, "contribution", part.contribution());
                    });
              });
          json.writeArrayFieldStart("anomalies");
          for (AnomalyView anomaly : detail.anomalies()) {
            anomaly(json, anomaly);
          }
          json.writeEndArray();
          json.writeFieldName("challenger");
          challenger(json, detail.challenger());
          json.writeFieldName("baseline");
          baseline(json, detail.baseline());
          json.writeArrayFieldStart("related");
          for (FleetView.Related related : detail.related()) {
            EntityRisk entity = related.entity();
            json.writeStartObject();
            json.writeStringField("as", related.as());
            json.writeStringField("kind", lower(entity.kind()));
            json.writeStringField("id", entity.id());
            json.writeStringField("tier", lower(entity.tier()));
            json.writeBooleanField("scored", entity.score() != null);
            EntityRisk.Score newest = entity.score();
            number(json, "score", newest == null ? Double.NaN : newest.score());
            heard(json, related.flags());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] series(FleetView.Series series) {
    return object(
        json -> {
          json.writeStringField("kind", series.kind());
          json.writeStringField("id", series.id());
          json.writeBooleanField("heldOnlyNow", series.heldOnlyNow());
          times(json, "timesMillis", series.values().timesMillis());
          json.writeArrayFieldStart("metrics");
          for (int i = 0; i < series.names().size(); i++) {
            json.writeStartObject();
            String name = series.names().get(i);
            json.writeStringField("name", name);
            json.writeStringField("label", LABELS.getOrDefault(name, name));
            values(json, "values", series.values().columns().get(i).values());
            json.writeEndObject();
          }
          json.writeEndArray();
          times(json, "bandTimesMillis", series.bands().timesMillis());
          json.writeArrayFieldStart("bands");
          String open = null;
          for (int i = 0; i < series.bandNames().size(); i++) {
            String name = series.bandNames().get(i);
            EntitySeries.Column column = series.bands().columns().get(i);
            if (!name.equals(open)) {
              if (open != null) {
                json.writeEndObject();
              }
              open = name;
              json.writeStartObject();
              json.writeStringField("name", name);
              json.writeStringField("label", LABELS.getOrDefault(name, name));
            }
            values(json, BAND_PARTS[column.number() % BAND_PARTS.length], column.values());
          }
          if (open != null) {
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /**
   * One level of the fleet.
   *
   * @param since version of an answer that the caller holds, negative for none; children that did
   *     not change after it are left out, unless some came or went
   */
  static byte[] level(
      FleetTree.Group group,
      long version,
      long since,
      int offset,
      int limit,
      Map<String, String> given) {
    return object(
        json -> {
          boolean full = since < 0 || group.structure > since || since > version;
          json.writeNumberField("version", version);
          json.writeBooleanField("full", full);
          json.writeObjectFieldStart("place");
          place(json, group);
          json.writeEndObject();
          json.writeNumberField("total", group.children.size());
          json.writeNumberField("offset", offset);
          json.writeNumberField("limit", limit);
          json.writeArrayFieldStart("items");
          int at = 0;
          for (FleetTree.Group child : group.children.values()) {
            if (at >= offset && at < offset + limit && (full || child.changed > since)) {
              json.writeStartObject();
              place(json, child);
              json.writeEndObject();
            }
            at++;
          }
          json.writeEndArray();
        });
  }

  /**
   * The racks below a place, each of their nodes or disks as one character: a digit is the tier's
   * ordinal, the letter at the same place of the alphabet (a for 0) says that something there is
   * late or silent too, the capital letter that something there behaves unusually, {@code -} was
   * never scored.
   *
   * @param since as at {@link #level}
   * @param disks a character for each disk, by node; else a character for each node
   */
  static byte[] map(
      FleetTree.Group scope, long version, long since, boolean disks, int offset, int limit) {
    List<FleetTree.Group> racks = new ArrayList<>();
    boolean full = racks(scope, racks, since) || since < 0 || since > version;
    return object(
        json -> {
          json.writeNumberField("version", version);
          json.writeBooleanField("full", full);
          json.writeStringField("cells", disks ? "disks" : "nodes");
          json.writeObjectFieldStart("place");
          place(json, scope);
          json.writeEndObject();
          json.writeNumberField("total", racks.size());
          json.writeNumberField("offset", offset);
          json.writeNumberField("limit", limit);
          json.writeArrayFieldStart("racks");
          for (int i = offset; i < Math.min(racks.size(), offset + limit); i++) {
            FleetTree.Group rack = racks.get(i);
            if (!full && rack.changed <= since && rack.structure <= since) {
              continue;
            }
            json.writeStartObject();
            place(json, rack);
            boolean names = full || rack.structure > since;
            if (names) {
              json.writeArrayFieldStart("names");
              for (FleetTree.Group node : rack.children.values()) {
                json.writeString(node.name);
              }
              json.writeEndArray();
            }
            StringBuilder cells = new StringBuilder();
            for (FleetTree.Group node : rack.children.values()) {
              cells.append(cell(node));
            }
            json.writeStringField("nodeCells", cells.toString());
            if (disks) {
              objects(
                  json,
                  "rows",
                  rack.children.values(),
                  node -> {
                    List<Slot> members = node.membersOf(EntityKind.DISK);
                    StringBuilder row = new StringBuilder();
                    for (Slot member : members) {
                      row.append(cell(member));
                    }
                    json.writeStringField("cells", row.toString());
                    if (full || node.structure > since) {
                      json.writeArrayFieldStart("ids");
                      for (Slot member : members) {
                        json.writeString(member.id);
                      }
                      json.writeEndArray();
                    }
                  });
            }
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** Collects the racks below; true when a place above them came or went after a version. */
  private static boolean racks(FleetTree.Group group, List<FleetTree.Group> into, long since) {
    if (group.level == FleetTree.Level.RACK) {
      into.add(group);
      return false;
    }
    boolean changed = group.structure > since;
    for (FleetTree.Group child : group.children.values()) {
      changed |= racks(child, into, since);
    }
    return changed;
  }

  private static char cell(FleetTree.Group node) {
    return cell(
        node.worst(),
        node.flagged(Slot.SILENT) > 0 || node.flagged(Slot.LATE) > 0,
        node.flagged(Slot.ANOMALOUS) > 0);
  }

  private static char cell(Slot slot) {
    int flags = slot.flags();
    return slot.score == null
        ? '-'
        : cell(
            slot.tier(), (flags & (Slot.SILENT | Slot.LATE)) != 0, (flags & Slot.ANOMALOUS) != 0);
  }

  private static char cell(Tier tier, boolean blind, boolean anomalous) {
    return (char) ((blind ? 'a' : anomalous ? 'A' : '0') + tier.ordinal());
  }

  private static void place(JsonGenerator json, FleetTree.Group group) throws IOException {
    json.writeStringField("level", lower(group.level));
    json.writeStringField("name", group.name);
    if (group.level != FleetTree.Level.FLEET) {
      json.writeStringField("region", group.nameAt(FleetTree.Level.REGION));
      if (group.level != FleetTree.Level.REGION) {
        json.writeStringField("zone", group.nameAt(FleetTree.Level.ZONE));
        if (group.level != FleetTree.Level.ZONE) {
          json.writeStringField("rack", group.nameAt(FleetTree.Level.RACK));
        }
      }
    }
    json.writeNumberField("disks", group.diskCount());
    json.writeNumberField("nodes", group.nodes);
    json.writeNumberField("machines", group.machineCount());
    tiers(json, "tiers", group.disks);
    tiers(json, "machineTiers", group.machines);
    json.writeNumberField("silent", group.flagged(Slot.SILENT));
    json.writeNumberField("late", group.flagged(Slot.LATE));
    json.writeNumberField("never", group.flagged(Slot.NEVER));
    json.writeNumberField("anomalous", group.flagged(Slot.ANOMALOUS));
    json.writeBooleanField("synthetic", group.flagged(Slot.SYNTHETIC) > 0);
    number(json, "maxScore", group.maxScore() < 0 ? Double.NaN : group.maxScore());
    json.writeStringField("worst", lower(group.worst()));
  }

  static byte[] anomalies(
      FleetView.Page<AnomalyView> page, int offset, int limit, @Nullable String next) {
    return object(
        json -> {
          paging(json, page.total(), offset, limit, next);
          json.writeArrayFieldStart("items");
          for (AnomalyView anomaly : page.items()) {
            anomaly(json, anomaly);
          }
          json.writeEndArray();
        });
  }

  static byte[] late(
      FleetView.Page<FleetView.LateEntry> page,
      FleetView.Status status,
      int offset,
      int limit,
      @Nullable String next) {
    return object(
        json -> {
          paging(json, page.total(), offset, limit, next);
          time(json, "fleetMillis", status.fleetMillis());
          objects(
              json,
              "items",
              page.items(),
              entry -> {
                entity(json, entry.entity());
                json.writeStringField("state", entry.state());
                time(json, "newestMillis", entry.newestMillis());
                if (entry.ageMillis() < 0) {
                  json.writeNullField("ageMillis");
                } else {
                  json.writeNumberField("ageMillis", entry.ageMillis());
                }
                number(json, "intervalMillis", entry.intervalMillis());
              });
        });
  }

  static byte[] deadLetters(
      FleetView.DeadLetters letters,
      List<FleetView.DeadEntry> page,
      int offset,
      int limit,
      @Nullable String next) {
    return object(
        json -> {
          json.writeNumberField("total", letters.total());
          json.writeNumberField("held", letters.newest().size());
          json.writeNumberField("offset", offset);
          json.writeNumberField("limit", limit);
          json.writeStringField("next", next);
          json.writeObjectFieldStart("byReason");
          for (var reason : letters.byReason().entrySet()) {
            json.writeNumberField(reason.getKey().name(), reason.getValue());
          }
          json.writeEndObject();
          objects(
              json,
              "newest",
              page,
              letter -> {
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
              });
        });
  }

  /** The status: what is one number, and how far the topics have been read. */
  static byte[] status(
      FleetView.Status status, FleetFeed.Progress progress, ActViews acts, boolean writable) {
    return object(
        json -> {
          json.writeBooleanField("ready", progress.ready());
          json.writeStringField("trouble", progress.trouble());
          json.writeStringField("mode", mode(status));
          json.writeBooleanField("syntheticPlacement", status.synthetic());
          ActJson.brief(json, acts, writable);
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
          json.writeNumberField("lagRecords", progress.lagRecords());
          json.writeNumberField("undecodable", progress.undecodable());
          time(json, "newestTelemetryMillis", status.newestTelemetryMillis());
          time(json, "newestRiskMillis", status.newestRiskMillis());
          time(json, "fleetMillis", status.fleetMillis());
          if (status.quietMillis() < 0) {
            json.writeNullField("quietMillis");
          } else {
            json.writeNumberField("quietMillis", status.quietMillis());
          }
          json.writeNumberField("entities", status.entities());
          json.writeNumberField("disks", status.disks());
          json.writeNumberField("nodes", status.nodes());
          tiers(json, "tiers", status.disksByTier());
          tiers(json, "machineTiers", status.machinesByTier());
          json.writeNumberField("silent", status.silent());
          json.writeNumberField("late", status.late());
          json.writeNumberField("never", status.never());
          json.writeNumberField("anomalous", status.anomalous());
          json.writeNumberField("openAnomalies", status.openAnomalies());
          json.writeNumberField("historyPoints", status.historyPoints());
          json.writeNumberField("historyEvicted", status.historyEvicted());
          json.writeNumberField("values", status.values());
          json.writeNumberField("entitiesRefused", status.entitiesRefused());
          objects(json, "models", status.models(), model -> model(json, model, status));
          json.writeObjectFieldStart("scoredByModel");
          for (var model : status.scoredByModel().entrySet()) {
            json.writeNumberField(model.getKey(), model.getValue());
          }
          json.writeEndObject();
        });
  }

  static byte[] models(FleetView.Status status) {
    return object(
        json -> {
          objects(json, "items", status.models(), model -> model(json, model, status));
          // Detectors without weights score too; they are on no topic.
          json.writeObjectFieldStart("scoredByModel");
          for (var model : status.scoredByModel().entrySet()) {
            json.writeNumberField(model.getKey(), model.getValue());
          }
          json.writeEndObject();
        });
  }

  static byte[] model(FleetView.ModelEntry model, FleetView.Status status) {
    return object(
        json -> {
          model(json, model, status);
          json.writeStringField("card", model.card());
        });
  }

  private static void model(JsonGenerator json, FleetView.ModelEntry model, FleetView.Status status)
      throws IOException {
    json.writeStringField("id", model.id());
    json.writeNumberField("version", model.version());
    json.writeStringField("mode", model.mode().toLowerCase(Locale.ROOT));
    json.writeNumberField("publishedMillis", model.publishedMillis());
    json.writeNumberField("effectiveFromMillis", model.effectiveFromMillis());
    json.writeNumberField("rollbackUntilMillis", model.rollbackUntilMillis());
    json.writeStringField("format", model.format());
    json.writeNumberField("weightBytes", model.weightBytes());
    ModelStandings.Standing standing = standing(model, status);
    json.writeStringField("state", lower(standing.state()));
    json.writeBooleanField("shipped", standing.model().shipped());
    json.writeBooleanField("challenger", standing.challenger());
    json.writeStringField("author", model.author());
    json.writeStringField("reason", model.reason());
    json.writeStringField("demoted", model.demoted());
    json.writeNumberField(
        "entities", status.scoredByModel().getOrDefault(model.id() + "/" + model.version(), 0L));
  }

  /** How a model stands by the newest event time that scores tell of. */
  static ModelStandings.Standing standing(FleetView.ModelEntry model, FleetView.Status status) {
    List<ModelStandings.Model> all = new ArrayList<>();
    all.add(ShippedModel.standing());
    ModelStandings.Model wanted = ShippedModel.standing();
    for (FleetView.ModelEntry each : status.models()) {
      if (ShippedModel.isIt(each.id(), each.version())) {
        continue;
      }
      ModelStandings.Model standing =
          new ModelStandings.Model(
              each.mode(),
              each.id(),
              each.version(),
              each.publishedMillis(),
              each.effectiveFromMillis(),
              each.rollbackUntilMillis(),
              each.withdrawn(),
              false);
      all.add(standing);
      if (each == model) {
        wanted = standing;
      }
    }
    long now =
        status.newestRiskMillis() == Long.MIN_VALUE
            ? System.currentTimeMillis()
            : status.newestRiskMillis();
    for (ModelStandings.Standing standing : ModelStandings.at(now, all)) {
      if (standing.model().equals(wanted)) {
        return standing;
      }
    }
    throw new IllegalStateException("no standing of " + model.key());
  }

  static byte[] problem(int status, String what, String where, String whatToDo) {
    return object(
        json -> {
          json.writeStringField("type", "about:blank");
          json.writeNumberField("status", status);
          json.writeStringField("title", what);
          json.writeStringField("what", what);
          json.writeStringField("where", where);
          json.writeStringField("whatToDo", whatToDo);
        });
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

  private static void challenger(JsonGenerator json, EntityRisk.@Nullable Score said)
      throws IOException {
    if (said == null) {
      json.writeNull();
      return;
    }
    json.writeStartObject();
    json.writeStringField("model", said.modes().get(0).getModel());
    json.writeNumberField("modelVersion", said.modes().get(0).getModelVersion());
    json.writeNumberField("timeMillis", said.timeMillis());
    number(json, "score", said.score());
    json.writeStringField("tier", lower(said.tier()));
    json.writeNumberField("tierSinceMillis", said.tierSinceMillis());
    number(json, "probability", said.probability());
    json.writeNumberField("horizonMillis", said.horizonMillis());
    number(json, "confidence", said.confidence());
    json.writeArrayFieldStart("modes");
    for (ModeRisk mode : said.modes()) {
      mode(json, mode);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void mode(JsonGenerator json, ModeRisk mode) throws IOException {
    json.writeStartObject();
    json.writeStringField("mode", lower(mode.getMode()));
    number(json, "probability", mode.getProbability());
    json.writeNumberField("horizonMillis", mode.getHorizonMillis());
    json.writeStringField("model", mode.getModel());
    json.writeNumberField("modelVersion", mode.getModelVersion());
    objects(
        json,
        "reasons",
        mode.getReasons(),
        reason -> {
          json.writeStringField("metric", reason.getMetric());
          number(json, "value", reason.getValue());
          number(json, "contribution", reason.getContribution());
          json.writeStringField("text", reason.getText());
        });
    json.writeEndObject();
  }

  private static void anomaly(JsonGenerator json, AnomalyView anomaly) throws IOException {
    json.writeStartObject();
    json.writeStringField("kind", lower(anomaly.kind()));
    json.writeStringField("id", anomaly.id());
    json.writeStringField("node", anomaly.node());
    json.writeStringField("signal", anomaly.signal());
    json.writeStringField("label", LABELS.getOrDefault(anomaly.signal(), anomaly.signal()));
    json.writeNumberField("sinceMillis", anomaly.sinceMillis());
    json.writeNumberField("timeMillis", anomaly.timeMillis());
    json.writeBooleanField("ended", anomaly.ended());
    number(json, "value", anomaly.value());
    number(json, "expected", anomaly.expected());
    number(json, "spread", anomaly.spread());
    number(json, "score", anomaly.score());
    number(json, "peak", anomaly.peak());
    json.writeBooleanField("worse", anomaly.worse());
    json.writeBooleanField("byPeers", anomaly.byPeers());
    json.writeStringField("text", anomaly.text());
    json.writeEndObject();
  }

  private static void baseline(JsonGenerator json, @Nullable BaselineView baseline)
      throws IOException {
    if (baseline == null) {
      json.writeNull();
      return;
    }
    json.writeStartObject();
    json.writeNumberField("timeMillis", baseline.timeMillis());
    json.writeNumberField("samples", baseline.samples());
    objects(
        json,
        "signals",
        baseline.signals(),
        signal -> {
          json.writeStringField("signal", signal.signal());
          json.writeStringField("label", LABELS.getOrDefault(signal.signal(), signal.signal()));
          json.writeNumberField("samples", signal.samples());
          number(json, "level", signal.level());
          number(json, "spread", signal.spread());
          number(json, "last", signal.last());
          number(json, "peerMedian", signal.peerMedian());
        });
    json.writeEndObject();
  }

  private static void heard(JsonGenerator json, int flags) throws IOException {
    json.writeBooleanField("late", (flags & Slot.LATE) != 0);
    json.writeBooleanField("silent", (flags & Slot.SILENT) != 0);
    json.writeBooleanField("never", (flags & Slot.NEVER) != 0);
    json.writeBooleanField("anomalous", (flags & Slot.ANOMALOUS) != 0);
  }

  static void paging(JsonGenerator json, int total, int offset, int limit, @Nullable String next)
      throws IOException {
    json.writeNumberField("total", total);
    json.writeNumberField("offset", offset);
    json.writeNumberField("limit", limit);
    json.writeStringField("next", next);
  }

  private static void times(JsonGenerator json, String name, long[] millis) throws IOException {
    json.writeFieldName(name);
    json.writeArray(millis, 0, millis.length);
  }

  private static void values(JsonGenerator json, String name, float[] values) throws IOException {
    json.writeArrayFieldStart(name);
    for (float value : values) {
      if (Float.isFinite(value)) {
        json.writeNumber(value);
      } else {
        json.writeNull();
      }
    }
    json.writeEndArray();
  }

  private static void tiers(JsonGenerator json, String name, int[] counts) throws IOException {
    json.writeObjectFieldStart(name);
    for (Tier tier : Tier.values()) {
      json.writeNumberField(lower(tier), counts[tier.ordinal()]);
    }
    json.writeEndObject();
  }

  /** JSON has no NaN: a number that is none is null. */
  static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  static void time(JsonGenerator json, String name, long millis) throws IOException {
    if (millis == Long.MIN_VALUE) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, millis);
    }
  }

  /** A field that is an array of objects. */
  static <T> void objects(JsonGenerator json, String name, Iterable<T> items, Item<T> item)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (T each : items) {
      json.writeStartObject();
      item.write(each);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static byte[] object(Body body) {
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
