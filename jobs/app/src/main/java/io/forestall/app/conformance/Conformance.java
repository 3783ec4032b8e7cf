package io.forestall.app.conformance;

import io.forestall.app.conformance.Finding.Verdict;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Signatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The questions of the contract to one running node (G11). It speaks to the node by its topics
 * only, as the decide job does, and at level 2 plays the rival that takes a unit and gives it back.
 * The unit is without an owner that serves for a moment, and acts are halted for the node for
 * another: never ask this of a node that is in use. Not safe for threads.
 */
final class Conformance {
  private static final String LEVEL_LABEL = "forestall.level";
  private static final long FRAME_MILLIS = 60_000;

  private final Conversation talk;
  private final Signatures.@Nullable Signer signer;
  private final @Nullable String unit;

  /**
   * A run of questions.
   *
   * @param signer a key that the node trusts; null when levels above 0 are not asked
   * @param unit unit of level 2 that the node owns; null for the first of its own
   * @param patienceMillis how long an answer may take; milliseconds
   * @param run makes the identifiers of this run its own
   */
  Conformance(
      NodeWires wires,
      Subject node,
      Signatures.@Nullable Signer signer,
      @Nullable String unit,
      long patienceMillis,
      String run) {
    this.talk = new Conversation(wires, node, patienceMillis, run);
    this.signer = signer;
    this.unit = unit;
  }

  /** True when nothing failed. */
  static boolean keeps(List<Finding> findings) {
    return findings.stream().noneMatch(finding -> finding.verdict() == Verdict.FAILED);
  }

  /**
   * Asks everything up to a level, and says what was found, in the order it was asked. What the
   * node does not declare is not asked.
   */
  List<Finding> ask(int level) {
    int declared = declared();
    frames();
    if (level > 0) {
      talk.found(
          0,
          1,
          "The fleet entry declares the level.",
          declared >= level,
          "declares " + declared + ", asked for " + level);
    }
    Signatures.Signer key = signer;
    if (level == 0 || declared == 0) {
      return talk.findings();
    }
    if (key == null) {
      talk.skipped(1, 2, "Commands are checked and obeyed.", "no key: name one with --key-file");
      return talk.findings();
    }
    if (declared == 1) {
      new CommandQuestions(talk, key, List.of()).ask();
      return talk.findings();
    }
    levelTwo(key, level);
    return talk.findings();
  }

  private void levelTwo(Signatures.Signer key, int level) {
    try (EpochQuestions epochs = EpochQuestions.find(talk, key, unit)) {
      UnitStep next = epochs == null ? null : epochs.next();
      new CommandQuestions(
              talk,
              key,
              List.of(next == null ? new UnitStep(talk.name("unit") + "/0", 1, 2) : next))
          .ask();
      if (level < 2) {
        return;
      }
      if (epochs == null) {
        talk.skipped(
            2,
            1,
            "Epochs are kept.",
            unit == null
                ? "no map names the node as an owner: create a volume on it"
                : "no map has the unit " + unit + " with the node as its owner");
        return;
      }
      epochs.ask();
    }
  }

  /** Looks where the node stands, and which level it declares. */
  private int declared() {
    AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
    FleetEntry[] newest = new FleetEntry[1];
    String key = talk.node().toString();
    try (NodeWires.Ear ear = talk.wires().listen(Topics.FLEET, key, true)) {
      ear.drain(
          record -> {
            if (Conversation.isKey(record, key)) {
              newest[0] =
                  record.value() == null
                      ? null
                      : Conversation.decoded(() -> codec.decode(record.value()));
            }
          });
    }
    FleetEntry entry = newest[0];
    String question = "A fleet entry says where the node stands.";
    if (entry == null) {
      talk.found(0, 1, question, false, "topic fleet has no entry of key " + key);
      return 0;
    }
    talk.pool(entry.getPool());
    talk.found(
        0,
        1,
        question,
        !entry.getPool().isEmpty() && !entry.getZone().isEmpty() && !entry.getRack().isEmpty(),
        String.format(
            Locale.ROOT,
            "pool '%s', zone '%s', rack '%s'",
            entry.getPool(),
            entry.getZone(),
            entry.getRack()));
    String label = entry.getLabels().get(LEVEL_LABEL);
    return label != null && label.matches("[0-2]") ? Integer.parseInt(label) : 0;
  }

  private record Seen(TelemetryFrame frame, long atMillis) {}

  private void frames() {
    AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
    List<Seen> seen = new ArrayList<>();
    try (NodeWires.Ear ear = talk.wires().listen(Topics.TELEMETRY, talk.node().id(), false)) {
      while (seen.size() < 2) {
        Seen next =
            ear.await(
                FRAME_MILLIS + talk.patienceMillis(),
                record -> {
                  TelemetryFrame frame =
                      Conversation.isKey(record, talk.node().id()) && record.value() != null
                          ? Conversation.decoded(() -> codec.decode(record.value()))
                          : null;
                  return frame == null ? null : new Seen(frame, System.currentTimeMillis());
                });
        if (next == null) {
          break;
        }
        seen.add(next);
      }
    }
    boolean two = seen.size() == 2;
    talk.found(
        0,
        2,
        "Telemetry comes at least once a minute.",
        two,
        two
            ? seen.get(1).atMillis - seen.get(0).atMillis + " ms between two frames"
            : "no frame in " + (FRAME_MILLIS + talk.patienceMillis()) + " ms");
    if (two) {
      long first = seen.get(0).frame.getSequence();
      long second = seen.get(1).frame.getSequence();
      talk.found(
          0,
          2,
          "Frames are numbered one after the other.",
          second > first,
          first + " then " + second);
    }
    if (!seen.isEmpty()) {
      long offMillis = seen.get(0).frame.getTimeMillis() - seen.get(0).atMillis;
      talk.found(
          0,
          2,
          "The node's clock is right within five minutes.",
          Math.abs(offMillis) < Conversation.MAX_CLOCK_ERROR_MILLIS,
          "off by " + offMillis + " ms, the way here included");
      talk.found(
          0,
          2,
          "Frames hold measurements, each a number.",
          seen.get(0).frame.getSamples().stream()
              .anyMatch(
                  sample ->
                      !sample.getMetrics().isEmpty()
                          && sample.getMetrics().values().stream().allMatch(Double::isFinite)),
          seen.get(0).frame.getSamples().size() + " samples");
    }
  }
}
