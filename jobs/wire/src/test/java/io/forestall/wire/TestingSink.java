package io.forestall.wire;

import io.forestall.schemas.DeadLetter;
import java.util.ArrayList;
import java.util.List;

/** Keeps what a decoder gives. */
final class TestingSink implements FrameDecoder.Sink {

  final List<DiskTelemetry> disks = new ArrayList<>();
  final List<NodeTelemetry> nodes = new ArrayList<>();
  final List<DeadLetter> dead = new ArrayList<>();

  @Override
  public void disk(DiskTelemetry telemetry) {
    disks.add(telemetry);
  }

  @Override
  public void dead(DeadLetter letter) {
    dead.add(letter);
  }

  @Override
  public boolean takesNodes() {
    return true;
  }

  @Override
  public void node(NodeTelemetry telemetry) {
    nodes.add(telemetry);
  }

  void clear() {
    disks.clear();
    nodes.clear();
    dead.clear();
  }

  int outcomes() {
    return disks.size() + nodes.size() + dead.size();
  }
}
