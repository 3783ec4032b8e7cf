package io.forestall.wire;

import io.forestall.schemas.DeadLetter;
import java.util.ArrayList;
import java.util.List;

/** Keeps what a decoder gives. */
final class TestingSink implements FrameDecoder.Sink {

  final List<DiskTelemetry> disks = new ArrayList<>();
  final List<EntityTelemetry> entities = new ArrayList<>();
  final List<DeadLetter> dead = new ArrayList<>();
  int unknownMetrics;

  @Override
  public void disk(DiskTelemetry telemetry) {
    disks.add(telemetry);
  }

  @Override
  public void dead(DeadLetter letter) {
    dead.add(letter);
  }

  @Override
  public void entity(EntityTelemetry telemetry) {
    entities.add(telemetry);
  }

  @Override
  public void unknownMetrics(int count) {
    unknownMetrics += count;
  }

  void clear() {
    disks.clear();
    entities.clear();
    unknownMetrics = 0;
    dead.clear();
  }

  int outcomes() {
    return disks.size() + entities.size() + dead.size();
  }
}
