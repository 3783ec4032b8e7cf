package io.forestall.wire;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes one telemetry frame: what one node and its disks reported at one time. Values that are not
 * finite are left out, because absent is not 0. Not thread-safe.
 */
public final class FrameEncoder {

  private final String node;
  private final long timeMillis;
  private final long sequence;
  private final String source;
  private final List<Sample> samples = new ArrayList<>();

  /** Samples of disks that may still get their other half: SMART attributes, or load. */
  private final Map<String, Sample> smartOnly = new HashMap<>();

  private final Map<String, Sample> loadOnly = new HashMap<>();

  /**
   * An empty frame.
   *
   * @param node identifier of the node
   * @param timeMillis when the samples were taken, milliseconds since 1970-01-01 UTC
   * @param sequence number of the frame since the publisher started, from 0
   * @param source what produced it, such as {@code drive-stats-csv}
   */
  public FrameEncoder(String node, long timeMillis, long sequence, String source) {
    this.node = node;
    this.timeMillis = timeMillis;
    this.sequence = sequence;
    this.source = source;
  }

  /**
   * Adds the sample of a disk by canonical metric names; it joins what {@link #entity} said of the
   * disk's load, because a frame holds each entity once.
   */
  public FrameEncoder disk(
      String disk,
      @Nullable String model,
      @Nullable Long capacityBytes,
      Map<String, Double> metrics) {
    Sample smart = sample(new EntityRef(EntityKind.DISK, disk), model, capacityBytes, metrics);
    Sample load = loadOnly.remove(disk);
    if (load == null) {
      samples.add(smart);
      smartOnly.put(disk, smart);
    } else {
      join(load, smart);
    }
    return this;
  }

  /** Adds the sample of a disk; its time is the frame's. */
  public FrameEncoder disk(DiskSample sample) {
    Map<String, Double> metrics = new HashMap<>();
    for (DiskMetric metric : DiskMetric.values()) {
      if (sample.has(metric)) {
        metrics.put(metric.metricName(), sample.value(metric));
      }
    }
    return disk(sample.disk(), sample.model(), null, metrics);
  }

  /** Adds the sample of the node itself by canonical metric names. */
  public FrameEncoder node(Map<String, Double> metrics) {
    samples.add(sample(new EntityRef(EntityKind.NODE, node), null, null, metrics));
    return this;
  }

  /**
   * Adds a sample of any kind but SMART attributes; its time is the frame's. What it says of a
   * disk's load joins the disk's SMART attributes when the frame holds them.
   */
  public FrameEncoder entity(EntitySample sample) {
    EntityRef entity = Keys.parse(sample.entity());
    if (entity == null) {
      throw new IllegalArgumentException("not the key of an entity: " + sample.entity());
    }
    Map<String, Double> metrics = new HashMap<>();
    for (FleetMetric metric : FleetMetric.values()) {
      if (sample.has(metric)) {
        metrics.put(metric.metricName(), sample.value(metric));
      }
    }
    Sample made = sample(entity, sample.model(), null, metrics);
    Sample smart = entity.getKind() == EntityKind.DISK ? smartOnly.remove(entity.getId()) : null;
    if (smart != null) {
      join(smart, made);
      return this;
    }
    samples.add(made);
    if (entity.getKind() == EntityKind.DISK) {
      loadOnly.put(entity.getId(), made);
    }
    return this;
  }

  private static void join(Sample into, Sample other) {
    into.getMetrics().putAll(other.getMetrics());
    if (into.getModel() == null) {
      into.setModel(other.getModel());
    }
    if (into.getCapacityBytes() == null) {
      into.setCapacityBytes(other.getCapacityBytes());
    }
  }

  private static Sample sample(
      EntityRef entity,
      @Nullable String model,
      @Nullable Long capacityBytes,
      Map<String, Double> metrics) {
    Map<String, Double> finite = new HashMap<>();
    metrics.forEach(
        (name, value) -> {
          if (Double.isFinite(value)) {
            finite.put(name, value);
          }
        });
    Sample sample = new Sample();
    sample.setEntity(entity);
    sample.setModel(model);
    sample.setCapacityBytes(capacityBytes);
    sample.setMetrics(finite);
    return sample;
  }

  /** How many samples the frame holds so far. */
  public int size() {
    return samples.size();
  }

  /** The frame. */
  public TelemetryFrame frame() {
    return new TelemetryFrame(node, timeMillis, sequence, source, List.copyOf(samples));
  }

  /** The bytes of the frame. */
  public byte[] encode(AvroCodec<TelemetryFrame> codec) {
    return codec.encode(frame());
  }
}
