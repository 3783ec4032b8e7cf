package io.forestall.app.volume;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.List;
import java.util.Locale;

/** Volumes as JSON, the same for the command line and over HTTP. Stateless. */
public final class VolumeJson {

  private static final int MAX_SAGAS = 20;

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
    node.set("shadows", shadows(volume.shadows()));
    node.put("asynchronousSegments", volume.asynchronous());
    node.put("version", volume.version());
    node.put("timeMillis", volume.timeMillis());
    ArrayNode owners = node.putArray("owners");
    volume
        .owners()
        .forEach(
            (owner, units) -> owners.addObject().put("node", owner.toString()).put("units", units));
    return node;
  }

  /**
   * One volume with these of its segments, and the newest acts on it.
   *
   * @param sagas the newest first
   */
  public static ObjectNode detail(
      VolumeView.Volume volume, List<VolumeView.Segment> segments, List<SagaView.Saga> sagas) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("volume", volume(volume));
    ArrayNode items = node.putArray("segments");
    segments.forEach(each -> items.add(segment(each)));
    ArrayNode acts = node.putArray("sagas");
    sagas
        .subList(0, Math.min(MAX_SAGAS, sagas.size()))
        .forEach(saga -> acts.add(SagaJson.saga(saga)));
    return node;
  }

  private static ObjectNode shadows(VolumeView.Shadows shadows) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("count", shadows.count());
    node.put("inSync", shadows.inSync());
    node.put("lagRecords", shadows.lagRecords());
    node.put("lagBytes", shadows.lagBytes());
    node.put("lagMillis", shadows.lagMillis());
    node.put("missingBytes", shadows.missingBytes());
    node.put("verifiedMillis", shadows.verifiedMillis());
    node.put("divergences", shadows.divergences());
    return node;
  }

  private static ObjectNode standing(ShadowStanding standing) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("lagRecords", standing.lagRecords());
    node.put("lagBytes", standing.lagBytes());
    node.put("lagMillis", standing.lagMillis());
    node.put("missingBytes", standing.missingBytes());
    node.put("fetchBytesPerSecond", standing.fetchBytesPerSecond());
    node.put("sentSequence", standing.streamSequence());
    node.put("appliedSequence", standing.appliedSequence());
    node.put("resyncs", standing.resyncs());
    node.put("verifiedRound", standing.verifiedRound());
    node.put("verifiedMillis", standing.verifiedMillis());
    node.put("divergences", standing.divergences());
    node.put("text", standing.text());
    node.put("timeMillis", standing.timeMillis());
    return node;
  }

  /** One segment with its copies, its owners and whose bytes were wrong. */
  public static ObjectNode segment(VolumeView.Segment segment) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("unit", segment.unit());
    node.put("index", segment.index());
    node.put("bytes", segment.bytes());
    node.put("owner", segment.owner().toString());
    node.put("epoch", segment.epoch());
    node.put("released", segment.released());
    node.put("state", VolumeCommand.word(segment.state()));
    node.put("mode", segment.asyncBoundMillis() == null ? "synchronous" : "asynchronous");
    node.put("asyncBoundMillis", segment.asyncBoundMillis());
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
      ShadowStanding standing = copy.standing();
      one.set("shadow", standing == null ? null : standing(standing));
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
    ArrayNode divergences = node.putArray("divergences");
    for (VolumeView.Divergence each : segment.divergences()) {
      ObjectNode one = divergences.addObject();
      one.put("holder", each.holder().toString());
      one.put("severity", lower(each.severity()));
      one.put("attributed", each.attributed());
      one.put("offset", each.offset());
      one.put("bytes", each.length());
      one.put("sequence", each.sequence());
      one.put("round", each.round());
      one.put("text", each.text());
      one.put("timeMillis", each.timeMillis());
    }
    return node;
  }

  private static String lower(String word) {
    return word.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
