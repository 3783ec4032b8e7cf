package io.forestall.bench.failover;

import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Risk;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.VolumeMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.avro.specific.SpecificRecordBase;

/** A tape as text: who said what, one line each, for people who look for the reason. */
final class Timeline {

  private Timeline() {}

  static void write(Tape tape, int mark, Path file) throws IOException {
    List<Tape.Seen> all = tape.all(mark);
    List<String> lines = new ArrayList<>();
    for (Tape.Seen each : all) {
      if (each.value() instanceof Event event && event.getType().equals("volume.paused")) {
        continue;
      }
      lines.add(
          String.format(
              Locale.ROOT,
              "%9.3f s  %d  %-16s %s",
              (each.seenNanos() - all.get(0).seenNanos()) / 1e9,
              each.seenNanos(),
              each.topic(),
              words(each.value())));
    }
    Files.write(file, lines);
  }

  private static String words(SpecificRecordBase record) {
    if (record instanceof Event event) {
      return event.getType()
          + " "
          + event.getEntity().getId()
          + " "
          + event.getLabels()
          + " "
          + event.getSummary();
    }
    if (record instanceof Incident incident) {
      return incident.getState() + " " + incident.getSummary();
    }
    if (record instanceof Decision decision) {
      return decision.getOutcome() + " " + decision.getCode() + " " + decision.getText();
    }
    if (record instanceof Admission admission) {
      return admission.getState() + " " + admission.getId() + " " + admission.getText();
    }
    if (record instanceof Command command) {
      return command.getKind()
          + " to "
          + command.getAddressee().getId()
          + " step "
          + command.getStep()
          + " attempt "
          + command.getAttempt()
          + " "
          + command.getId();
    }
    if (record instanceof Ack ack) {
      return ack.getStatus()
          + " "
          + ack.getCode()
          + " from "
          + ack.getFrom().getId()
          + " "
          + ack.getCommand()
          + " "
          + ack.getText()
          + " "
          + ack.getValues();
    }
    if (record instanceof Ownership ownership) {
      return ownership.getKind()
          + " by "
          + ownership.getOwner().getId()
          + " "
          + (ownership.getUnits().size() > 3
              ? ownership.getUnits().size() + " units"
              : ownership.getUnits());
    }
    if (record instanceof VolumeMap map) {
      return map.getVolume() + " version " + map.getVersion() + " " + map.getSegments();
    }
    if (record instanceof ShadowStatus shadow) {
      return shadow.getShadow().getId()
          + " "
          + shadow.getState()
          + " at "
          + shadow.getAppliedSequence()
          + " of "
          + shadow.getStreamSequence()
          + ", round "
          + shadow.getVerifiedRound()
          + ", resyncs "
          + shadow.getResyncs()
          + ": "
          + shadow.getText();
    }
    if (record instanceof Risk risk) {
      return risk.getEntity().getId()
          + " "
          + risk.getTier()
          + " with "
          + Quantiles.number(risk.getScore())
          + " points";
    }
    if (record instanceof DeadLetter letter) {
      return letter.getComponent() + " " + letter.getOrigin() + " " + letter.getReason();
    }
    return record.toString();
  }
}
