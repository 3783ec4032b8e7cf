package io.forestall.app.ingest;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.sources.NodeAssembler;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Sends what one node reports: first who it is and which disks it has, then its frames, numbered
 * from 0. Not safe for threads.
 */
final class NodeOutput {

  private static final int MAX_SAMPLES_A_FRAME = FrameLimits.DEFAULT.maxSamples();

  private final Set<Subject> machines;
  private final Place place;
  private final String source;
  private final Map<String, NodeAssembler.Disk> disks = new HashMap<>();
  private boolean announced;
  private long sequence;

  /**
   * @param machines the node, or event processors and head nodes on it
   * @param place where they stand
   * @param source what the frames say of their origin
   * @param sequence number of the first frame
   */
  NodeOutput(Set<Subject> machines, Place place, String source, long sequence) {
    this.machines = Set.copyOf(machines);
    this.place = place;
    this.source = source;
    this.sequence = sequence;
  }

  /** Where the node stands. */
  Place place() {
    return place;
  }

  /** Number of the next frame. */
  long sequence() {
    return sequence;
  }

  /** Disks seen; count. */
  int disks() {
    return disks.size();
  }

  /**
   * Sends what was reported at one time.
   *
   * @param timeMillis that time; milliseconds since 1970-01-01 UTC
   * @return frames sent; count
   */
  int send(
      NodeAssembler.Assembled assembled, long timeMillis, FrameSink sink, IngestFigures figures) {
    boolean joined = false;
    if (!announced) {
      for (Subject machine : machines) {
        sink.member(new FleetMember(machine, place, "", null, null, false), timeMillis);
      }
      announced = true;
      joined = true;
    }
    for (NodeAssembler.Disk disk : assembled.disks()) {
      if (!disk.equals(disks.get(disk.id()))) {
        sink.member(
            new FleetMember(
                Subject.disk(disk.id()),
                place,
                disk.tier(),
                disk.model(),
                disk.capacityBytes(),
                false),
            timeMillis);
        disks.put(disk.id(), disk);
        joined = true;
      }
    }
    if (joined) {
      // Frames of a disk that nobody knows yet would have to wait in the job.
      sink.flush();
    }
    List<Sample> all = assembled.samples();
    int frames = 0;
    for (int from = 0; from < all.size(); from += MAX_SAMPLES_A_FRAME) {
      List<Sample> some = all.subList(from, Math.min(all.size(), from + MAX_SAMPLES_A_FRAME));
      sink.frame(
          new TelemetryFrame(place.node(), timeMillis, sequence++, source, List.copyOf(some)));
      frames++;
      figures.add(IngestFigures.FRAMES, 1, "source", source);
      figures.add(IngestFigures.SAMPLES, some.size(), "source", source);
    }
    return frames;
  }
}
