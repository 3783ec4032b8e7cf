package io.forestall.wire.sources;

import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.wire.FrameLimits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes the samples of one node out of what its sources say: machine metrics of one page and disk
 * metrics of several come together, and each disk gets its identity. A disk is its serial number;
 * where no source knows that, it is {@code node:device}; never the model. Keeps what it learnt of
 * the devices from one time to the next, so that a source that fails once changes no identity. Not
 * safe for threads. Row A2.
 */
public final class NodeAssembler {

  private static final Pattern NAMESPACE = Pattern.compile("(nvme\\d+)n\\d+");
  private static final int MAX_DEVICES = FrameLimits.DEFAULT.maxSamples();

  /**
   * What is known of a disk, for its fleet entry.
   *
   * @param id identifier: serial number, or {@code node:device}
   * @param model model name, null when unknown
   * @param capacityBytes capacity, null when unknown
   * @param tier nvme, ssd or hdd; hdd when nothing tells
   */
  public record Disk(
      String id, @Nullable String model, @Nullable Long capacityBytes, String tier) {}

  /**
   * What a node reports at one time.
   *
   * @param samples its samples, each entity once
   * @param disks disks of the samples
   * @param held disks that were held back until their serial number is known; count
   */
  public record Assembled(List<Sample> samples, List<Disk> disks, int held) {}

  private static final class DiskParts {
    SourcePage.Device device = SourcePage.Device.UNKNOWN;
    String deviceName = "";
    final Map<String, Double> metrics = new LinkedHashMap<>();
  }

  /**
   * A page, and what its machine metrics are of.
   *
   * @param page the page, finished
   * @param machine the node, or an event processor or head node on it
   */
  public record Part(SourcePage page, EntityRef machine) {}

  private final String node;
  private final long smartIntervalMillis;
  private final @Nullable String serialSource;
  private boolean serialsKnown;
  private final Map<String, SourcePage.Device> devices = new HashMap<>();
  private final Map<String, Long> smartSlots = new HashMap<>();

  /**
   * An assembler that has seen nothing yet.
   *
   * @param node identifier of the node, the publisher of its frames
   * @param smartIntervalMillis SMART metrics of a disk are given at most once in this time; 0 for
   *     always; milliseconds
   * @param serialSource source that will name the serial numbers of this node: disks without one
   *     are held back until it has answered; null when there is none
   */
  public NodeAssembler(String node, long smartIntervalMillis, @Nullable String serialSource) {
    this.node = node;
    this.smartIntervalMillis = smartIntervalMillis;
    this.serialSource = serialSource;
    this.serialsKnown = serialSource == null;
  }

  /**
   * Puts the pages of one time together.
   *
   * @param parts finished pages
   * @param timeMillis time of the samples; milliseconds since 1970-01-01 UTC
   */
  public Assembled assemble(List<Part> parts, long timeMillis) {
    for (Part part : parts) {
      SourcePage page = part.page();
      serialsKnown |= page.source().equals(serialSource);
      page.devices().forEach(this::learn);
    }
    Map<EntityRef, Map<String, Double>> others = new LinkedHashMap<>();
    Map<String, DiskParts> disks = new LinkedHashMap<>();
    int held = 0;
    for (Part part : parts) {
      Map<String, Map<String, Double>> ofPage = new LinkedHashMap<>();
      for (SourcePage.Thing thing : part.page().things()) {
        switch (thing.kind()) {
          case DISK, SERIAL -> {
            String id =
                thing.kind() == ExporterMapping.EntityKind.SERIAL
                    ? serial(thing.id())
                    : identity(thing.id());
            if (id == null) {
              held++;
              continue;
            }
            DiskParts disk = disks.computeIfAbsent(id, key -> new DiskParts());
            disk.device = known(thing.id()).or(disk.device);
            disk.deviceName = thing.id();
            // Two paths to one disk share its work, so their counters add up.
            Map<String, Double> already = ofPage.computeIfAbsent(id, key -> new HashMap<>());
            thing
                .metrics()
                .forEach(
                    (metric, value) ->
                        already.merge(
                            metric, value, isDriveCounter(metric) ? Double::sum : Math::max));
          }
          default -> {
            EntityRef entity = entity(thing, part.machine());
            if (entity != null) {
              others.computeIfAbsent(entity, key -> new LinkedHashMap<>()).putAll(thing.metrics());
            }
          }
        }
      }
      ofPage.forEach(
          (id, metrics) -> {
            DiskParts disk = disks.get(id);
            if (disk != null) {
              disk.metrics.putAll(metrics);
            }
          });
    }
    List<Sample> samples = new ArrayList<>();
    others.forEach(
        (entity, metrics) -> samples.add(new Sample(entity, null, null, Map.copyOf(metrics))));
    List<Disk> known = new ArrayList<>();
    disks.forEach(
        (id, disk) -> {
          boolean nvme =
              disk.deviceName.startsWith("nvme")
                  || disk.metrics.keySet().stream().anyMatch(name -> name.startsWith("nvme_"));
          thinOut(id, disk.metrics, timeMillis);
          if (!disk.metrics.isEmpty()) {
            SourcePage.Device device = disk.device;
            String model = model(device.model());
            known.add(new Disk(id, model, device.capacityBytes(), tier(nvme, device)));
            samples.add(
                new Sample(
                    new EntityRef(EntityKind.DISK, id),
                    model,
                    device.capacityBytes(),
                    Map.copyOf(disk.metrics)));
          }
        });
    return new Assembled(samples, known, held);
  }

  private void learn(String name, SourcePage.Device device) {
    SourcePage.Device before = devices.get(name);
    if (before == null && devices.size() >= MAX_DEVICES) {
      return;
    }
    String serial = serial(device.serial());
    SourcePage.Device clean =
        new SourcePage.Device(serial, device.model(), device.capacityBytes(), device.rotation());
    if (before == null) {
      devices.put(name, clean);
    } else if (serial != null && before.serial() != null && !serial.equals(before.serial())) {
      // Another disk is in the slot: nothing of the old one is true of it.
      devices.put(name, clean);
    } else {
      devices.put(name, clean.or(before));
    }
  }

  // What is known of a device; a namespace of an NVMe disk knows what its controller knows.
  private SourcePage.Device known(String name) {
    SourcePage.Device device = devices.getOrDefault(name, SourcePage.Device.UNKNOWN);
    Matcher namespace = NAMESPACE.matcher(name);
    if (namespace.matches()) {
      return device.or(devices.getOrDefault(namespace.group(1), SourcePage.Device.UNKNOWN));
    }
    return device;
  }

  private @Nullable String identity(String name) {
    String serial = known(name).serial();
    if (serial != null) {
      return serial;
    }
    if (!serialsKnown) {
      return null;
    }
    Matcher namespace = NAMESPACE.matcher(name);
    return printable(node + ":" + (namespace.matches() ? namespace.group(1) : name));
  }

  /** A serial number that names one disk, null for none and for what bridges make up. */
  private static @Nullable String serial(@Nullable String text) {
    if (text == null) {
      return null;
    }
    String serial = text.trim();
    String lower = serial.toLowerCase(java.util.Locale.ROOT);
    if (serial.isEmpty()
        || serial.chars().allMatch(c -> c == serial.charAt(0))
        || lower.equals("unknown")
        || lower.equals("none")
        || lower.equals("n/a")
        || lower.equals("1234567890")
        || lower.equals("123456789abc")
        || lower.equals("0123456789abcdef")) {
      return null;
    }
    return printable(serial);
  }

  private static @Nullable String printable(String id) {
    return id.isBlank()
            || id.length() > FrameLimits.MAX_ID_LENGTH
            || id.chars().anyMatch(c -> Character.isISOControl(c) || c == 0xfffd)
        ? null
        : id;
  }

  private @Nullable EntityRef entity(SourcePage.Thing thing, EntityRef machine) {
    String id = thing.id();
    EntityKind kind;
    switch (thing.kind()) {
      case MACHINE -> {
        return machine;
      }
      case EDGE -> {
        kind = EntityKind.EDGE;
        id = node + ">" + id;
      }
      case PAIR -> {
        kind = EntityKind.PAIR;
        id = id + "@" + node;
      }
      case PROCESSOR -> kind = EntityKind.PROCESSOR;
      case HEAD -> kind = EntityKind.HEAD;
      default -> {
        return null;
      }
    }
    return printable(id) == null ? null : new EntityRef(kind, id);
  }

  // SMART attributes change slowly and each sample costs a step of the network: not every time.
  private void thinOut(String id, Map<String, Double> metrics, long timeMillis) {
    if (smartIntervalMillis <= 0 || metrics.keySet().stream().noneMatch(NodeAssembler::isSmart)) {
      return;
    }
    // Each disk has its own phase, so that a fleet does not send all at one moment.
    long phase = Math.floorMod(id.hashCode() * 0x9e3779b97f4a7c15L, smartIntervalMillis);
    long slot = Math.floorDiv(timeMillis + phase, smartIntervalMillis);
    Long last = smartSlots.get(id);
    if (last != null && last >= slot) {
      metrics.keySet().removeIf(NodeAssembler::isSmart);
    } else if (last != null || smartSlots.size() < MAX_DEVICES) {
      smartSlots.put(id, slot);
    }
  }

  private static boolean isSmart(String metric) {
    return metric.startsWith("smart_") || metric.startsWith("nvme_");
  }

  private static boolean isDriveCounter(String metric) {
    FleetMetric known = FleetMetric.byName(metric);
    return known != null && known.scope() == Scope.DRIVE && known.counter();
  }

  private static @Nullable String model(@Nullable String text) {
    return text == null
            || text.isBlank()
            || text.getBytes(StandardCharsets.UTF_8).length > FrameLimits.MAX_NAME_BYTES
        ? null
        : text;
  }

  private static String tier(boolean nvme, SourcePage.Device device) {
    if (nvme) {
      return "nvme";
    }
    Double rotation = device.rotation();
    return rotation != null && rotation == 0 ? "ssd" : "hdd";
  }
}
