package io.forestall.app.volume;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;

/** Volumes as JSON, the same for the command line and over HTTP. Stateless. */
public final class VolumeJson {

  private VolumeJson() {}

  /** One volume as the list shows it. */
  public static ObjectNode volume(VolumeView.Volume volume) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("volume", volume.volume());
    node.put("pool", volume.pool());
    node.put("bytes", volume.bytes());
    node.put("segmentBytes", volume.segmentBytes());
    node.put("blockBytes", volume.blockBytes());
    node.put("segments", volume.segmentCount());
    node.put("minReplicas", volume.minReplicas());
    node.put("epoch", volume.epoch());
    node.put("copies", volume.copies());
    node.put("state", VolumeCommand.word(volume.state()));
    node.put("degraded", volume.degraded());
    node.put("lagDeltas", volume.lagDeltas());
    node.put("version", volume.version());
    node.put("timeMillis", volume.timeMillis());
    ArrayNode owners = node.putArray("owners");
    volume
        .owners()
        .forEach(
            (owner, units) -> owners.addObject().put("node", owner.toString()).put("units", units));
    return node;
  }

  /** One volume with these of its segments. */
  public static ObjectNode detail(VolumeView.Volume volume, List<VolumeView.Segment> segments) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("volume", volume(volume));
    ArrayNode items = node.putArray("segments");
    segments.forEach(each -> items.add(segment(each)));
    return node;
  }

  private static ObjectNode segment(VolumeView.Segment segment) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("unit", segment.unit());
    node.put("index", segment.index());
    node.put("bytes", segment.bytes());
    node.put("owner", segment.owner().toString());
    node.put("epoch", segment.epoch());
    node.put("released", segment.released());
    node.put("state", VolumeCommand.word(segment.state()));
    node.put("admission", segment.admission());
    node.put("sinceMillis", segment.sinceMillis());
    ArrayNode copies = node.putArray("copies");
    for (VolumeView.Copy copy : segment.copies()) {
      ObjectNode one = copies.addObject();
      one.put("node", copy.node().toString());
      one.put("role", lower(copy.role()));
      one.put("state", lower(copy.state()));
      one.put("sequence", copy.sequence());
      one.put("lagDeltas", copy.lagDeltas());
      one.put("heardMillis", copy.heardMillis());
    }
    ArrayNode history = node.putArray("history");
    for (VolumeView.Step step : segment.history()) {
      ObjectNode one = history.addObject();
      one.put("epoch", step.epoch());
      one.put("kind", lower(step.kind()));
      one.put("owner", step.owner().toString());
      one.put("admission", step.admission());
      one.put("timeMillis", step.timeMillis());
    }
    return node;
  }

  private static String lower(String word) {
    return word.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
