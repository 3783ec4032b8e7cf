package io.forestall.sim;

import io.forestall.risk.FailureMode;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a simulated thing can go wrong. Rows A1, A11, A13, G18. */
public enum FaultKind {
  /** A drive takes several times as long for each operation. */
  SLOW_DISK("each operation takes longer", FailureMode.FAIL_SLOW, 6, List.of("disk")),
  /** Sector counters grow, I/O fails, latency rises: the drive will stop. */
  DYING_DISK(
      "SMART counters and I/O errors grow, latency rises", FailureMode.DISK, 24, List.of("disk")),
  /** Packets in error and dropped, segments sent again, loss on every path of the node. */
  DYING_NIC("the network card loses packets", FailureMode.NETWORK, 2, List.of("node")),
  /** The storage process grows until the system ends it. */
  MEMORY_LEAK(
      "the process grows until it is killed",
      FailureMode.SOFTWARE,
      6,
      List.of("node", "processor", "head")),
  /** A link comes and goes: of an edge, or the uplink of a rack. */
  FLAPPING_LINK("the link comes and goes", FailureMode.NETWORK, 2, List.of("edge", "rack")),
  /** The process ends and starts again, over and over, and says so in its log. */
  CRASH_LOOP(
      "the process restarts over and over",
      FailureMode.SOFTWARE,
      1,
      List.of("node", "processor", "head")),
  /** No frame at all. */
  SILENT_NODE("no frame comes", null, 1, List.of("node", "processor", "head")),
  /** Some drives are missing from the frames of their node. */
  HALF_SILENT("drives vanish from the node's frames", null, 8, List.of("node")),
  /** The clock jumps ahead, and the frames' times with it. */
  CLOCK_JUMP("the clock jumps ahead by minutes", null, 1, List.of("node", "processor", "head")),
  /** Every frame comes twice. Harmless, and to be found harmless. */
  DUPLICATE_FRAMES("every frame comes twice", null, 2, List.of("node", "processor", "head")),
  /** The exporter was upgraded and calls its metrics otherwise. */
  RENAMED_EXPORTER(
      "the exporter renames its metrics", null, 2, List.of("node", "processor", "head"));

  private final String label;
  private final @Nullable FailureMode mode;
  private final int usualHours;
  private final List<String> targets;

  FaultKind(String label, @Nullable FailureMode mode, int usualHours, List<String> targets) {
    this.label = label;
    this.mode = mode;
    this.usualHours = usualHours;
    this.targets = targets;
  }

  /** What happens, for people. */
  public String label() {
    return label;
  }

  /** The mode that is to be found, null for a fault of the telemetry itself. */
  public @Nullable FailureMode mode() {
    return mode;
  }

  /** How long it usually lasts; hours. */
  public int usualHours() {
    return usualHours;
  }

  /** Kinds of things it can befall, as keys write them. */
  public List<String> targets() {
    return targets;
  }

  /** True when it can befall a thing with this key, {@code kind/id}. */
  public boolean befalls(String entity) {
    int slash = entity.indexOf('/');
    return slash > 0 && targets.contains(entity.substring(0, slash));
  }

  /** Name on a command line, for example {@code slow-disk}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The kind of a word, null when there is none; case and dashes do not matter. */
  public static @Nullable FaultKind of(String word) {
    String wanted = word.strip().replace('-', '_');
    for (FaultKind kind : values()) {
      if (kind.name().equalsIgnoreCase(wanted)) {
        return kind;
      }
    }
    return null;
  }
}
