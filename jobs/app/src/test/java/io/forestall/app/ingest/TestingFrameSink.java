package io.forestall.app.ingest;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Collects what a feed sends, and checks that no frame goes before its disks are known. */
final class TestingFrameSink implements FrameSink {

  final List<FleetMember> members = new ArrayList<>();
  final List<Subject> retired = new ArrayList<>();
  final List<TelemetryFrame> frames = new ArrayList<>();
  final List<DiskFailure> failures = new ArrayList<>();
  final List<DeadLetter> letters = new ArrayList<>();
  int flushes;
  private final Set<String> unflushed = new HashSet<>();
  private final Set<String> known = new HashSet<>();
  private Runnable afterFrame = () -> {};

  /** Does something after each frame. */
  void afterFrame(Runnable action) {
    afterFrame = action;
  }

  /** What else a broker has heard of from earlier runs. */
  void know(TestingFrameSink earlier) {
    known.addAll(earlier.known);
  }

  @Override
  public void member(FleetMember member, long timeMillis) {
    members.add(member);
    unflushed.add(member.subject().toString());
  }

  @Override
  public void retire(Subject subject) {
    retired.add(subject);
  }

  @Override
  public void frame(TelemetryFrame frame) {
    if (!known.contains("node/" + frame.getNode())
        && frame.getSamples().stream()
            .anyMatch(sample -> sample.getEntity().getKind() == EntityKind.NODE)) {
      throw new AssertionError("node " + frame.getNode() + " is not known yet");
    }
    for (Sample sample : frame.getSamples()) {
      EntityKind kind = sample.getEntity().getKind();
      String key = kind.name().toLowerCase(Locale.ROOT) + "/" + sample.getEntity().getId();
      if (kind != EntityKind.EDGE && kind != EntityKind.PAIR && !known.contains(key)) {
        throw new AssertionError(key + " is not known yet");
      }
    }
    frames.add(frame);
    afterFrame.run();
  }

  @Override
  public void failure(DiskFailure failure, String source) {
    failures.add(failure);
  }

  @Override
  public void deadLetter(DeadLetter letter) {
    letters.add(letter);
  }

  @Override
  public void flush() {
    flushes++;
    known.addAll(unflushed);
    unflushed.clear();
  }

  /** Samples of all frames; count. */
  long samples() {
    return frames.stream().mapToLong(frame -> frame.getSamples().size()).sum();
  }
}
