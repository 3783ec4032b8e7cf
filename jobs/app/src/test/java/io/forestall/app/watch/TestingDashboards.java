package io.forestall.app.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;

/** Makes Grafana's JSON of the dashboards in short: places the panels, names the data source. */
final class TestingDashboards {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final Map<String, Integer> HEIGHTS =
      Map.of("stat", 4, "timeseries", 8, "table", 8);
  private static final int COLUMNS = 24;

  private TestingDashboards() {}

  /** The JSON of one dashboard. */
  static String json(JsonNode source) throws IOException {
    ObjectNode board = JSON.createObjectNode();
    board.put("uid", source.get("uid").asText());
    board.put("title", source.get("title").asText());
    board.put("description", source.get("about").asText());
    board.putArray("tags").add("forestall");
    board.put("editable", true);
    board.put("graphTooltip", 1);
    board.put("schemaVersion", 39);
    board.put("version", 1);
    board.put("refresh", "30s");
    board.put("timezone", "browser");
    board.putObject("time").put("from", "now-6h").put("to", "now");
    ObjectNode variable = board.putObject("templating").putArray("list").addObject();
    variable.put("name", "datasource");
    variable.put("label", "Data source");
    variable.put("type", "datasource");
    variable.put("query", "prometheus");
    ArrayNode panels = board.putArray("panels");
    int id = 0;
    int y = 0;
    for (JsonNode row : source.get("rows")) {
      ObjectNode head = panels.addObject();
      head.put("id", ++id);
      head.put("type", "row");
      head.put("title", row.get("title").asText());
      head.put("collapsed", false);
      head.putArray("panels");
      place(head, 0, y++, COLUMNS, 1);
      int x = 0;
      int height = 0;
      for (JsonNode panel : row.get("panels")) {
        int width = panel.get("width").asInt();
        if (x + width > COLUMNS) {
          x = 0;
          y += height;
        }
        height = Objects.requireNonNull(HEIGHTS.get(panel.get("type").asText()));
        panel(panels.addObject(), panel, ++id);
        place((ObjectNode) panels.get(panels.size() - 1), x, y, width, height);
        x += width;
      }
      y += height;
    }
    return JSON.writeValueAsString(board) + "\n";
  }

  private static void panel(ObjectNode to, JsonNode source, int id) {
    String type = source.get("type").asText();
    to.put("id", id);
    to.put("type", type);
    to.put("title", source.get("title").asText());
    to.put("description", source.get("help").asText());
    dataSource(to);
    ObjectNode defaults = to.putObject("fieldConfig").putObject("defaults");
    defaults.put("unit", source.get("unit").asText());
    defaults.put("min", 0);
    if (source.has("steps")) {
      defaults.putObject("color").put("mode", "thresholds");
      ObjectNode thresholds = defaults.putObject("thresholds");
      thresholds.put("mode", "absolute");
      ArrayNode steps = thresholds.putArray("steps");
      for (JsonNode step : source.get("steps")) {
        ObjectNode each = steps.addObject();
        each.put("color", step.get(1).asText());
        if (steps.size() == 1) {
          each.putNull("value");
        } else {
          each.set("value", step.get(0));
        }
      }
    }
    if (type.equals("timeseries")) {
      ObjectNode custom = defaults.putObject("custom");
      custom.put("fillOpacity", source.path("stack").asBoolean() ? 30 : 0);
      custom
          .putObject("stacking")
          .put("mode", source.path("stack").asBoolean() ? "normal" : "none");
    }
    ((ObjectNode) to.get("fieldConfig")).putArray("overrides");
    ObjectNode options = to.putObject("options");
    switch (type) {
      case "stat" -> {
        options.put("graphMode", "area");
        options.putObject("reduceOptions").putArray("calcs").add("lastNotNull");
      }
      case "timeseries" -> {
        options.putObject("legend").put("displayMode", "list").put("placement", "bottom");
        options.putObject("tooltip").put("mode", "multi").put("sort", "desc");
      }
      default -> options.put("showHeader", true);
    }
    ArrayNode targets = to.putArray("targets");
    for (JsonNode query : source.get("queries")) {
      ObjectNode target = targets.addObject();
      target.put("refId", String.valueOf((char) ('A' + targets.size() - 1)));
      dataSource(target);
      target.put("expr", query.get(0).asText());
      target.put("legendFormat", query.get(1).asText());
      if (type.equals("table")) {
        target.put("format", "table");
        target.put("instant", true);
      }
    }
  }

  private static void dataSource(ObjectNode to) {
    to.putObject("datasource").put("type", "prometheus").put("uid", "${datasource}");
  }

  private static void place(ObjectNode panel, int x, int y, int width, int height) {
    panel.putObject("gridPos").put("x", x).put("y", y).put("w", width).put("h", height);
  }
}
