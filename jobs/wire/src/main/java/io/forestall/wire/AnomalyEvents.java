package io.forestall.wire;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.risk.signal.Signal;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What behaves unusually, as events that rules can join with others (B1, B4). An anomaly to the bad
 * side becomes one event when it begins; its later records repeat the same identifier, and its end
 * is no event: an incident of it falls quiet. Always a warning, never more: a score alone never
 * pages. Stateless.
 *
 * <p>The type is {@code KIND.WORDS.high}, the kind being that of the thing and the words those of
 * {@link #words}. A pair of volume and client speaks of the volume and names the client as related.
 */
public final class AnomalyEvents {

  /** Who writes these events, the field {@code source}. */
  public static final String SOURCE = "sense";

  private static final Map<String, String> WORDS = new HashMap<>();

  static {
    for (Signal signal : Signal.values()) {
      WORDS.put(signal.signalName(), words(signal));
    }
  }

  private AnomalyEvents() {}

  /** What a type says about a signal, for example {@code latency}. */
  public static String words(Signal signal) {
    return switch (signal) {
      case DISK_LATENCY, PATH_LATENCY, PATH_LATENCY_P99, REQUEST_LATENCY -> "latency";
      case DISK_IO_ERRORS, PATH_ERRORS, NETWORK_ERROR_RATE -> "errors";
      case DISK_UTILISATION -> "busy";
      case DISK_IOPS, DISK_THROUGHPUT, PATH_RATE, PATH_THROUGHPUT, REQUEST_RATE, PROCESSED_RATE ->
          "load";
      case PATH_LOSS, NETWORK_DROP_RATE -> "loss";
      case REQUEST_FAILURES -> "requests.failed";
      case CHECKSUM_MISMATCHES -> "checksum.mismatches";
      case CPU_BUSY -> "cpu";
      case LOAD -> "load";
      case MEMORY_USED, PROCESS_MEMORY -> "memory";
      case MEMORY_PRESSURE -> "memory.pressure";
      case IO_PRESSURE -> "io.pressure";
      case NETWORK_THROUGHPUT -> "network.load";
      case LINK_CHANGES -> "link.changes";
      case RETRANSMITS -> "retransmits";
      case RESTARTS -> "restarts";
      case REBOOTS -> "reboots";
      case ERROR_LOGS -> "error-logs";
      case CLOCK_OFFSET -> "clock.offset";
      case SPACE_USED -> "space.used";
      case RAID_DEGRADED -> "raid.degraded";
      case QUEUE -> "queue";
    };
  }

  /**
   * The event of an anomaly.
   *
   * @return null when it is none: the anomaly is over, is not to the bad side, or its signal or
   *     thing is not known here
   */
  public static @Nullable FleetEvent event(AnomalyRecord anomaly) {
    String words = WORDS.get(anomaly.getSignal());
    if (anomaly.getEnded() || !anomaly.getWorse() || words == null) {
      return null;
    }
    List<Subject> related = new ArrayList<>(3);
    Subject entity = entity(anomaly.getEntity(), related);
    if (entity == null) {
      return null;
    }
    String node = anomaly.getNode();
    if (node != null
        && !node.isEmpty()
        && node.length() <= Subject.MAX_ID_CHARS
        && !related.contains(Subject.node(node))) {
      related.add(Subject.node(node));
    }
    Map<String, Double> values = new HashMap<>();
    measured(values, anomaly.getSignal(), anomaly.getValue());
    measured(values, "expected", anomaly.getExpected());
    String key = Keys.of(anomaly.getEntity());
    return new FleetEvent(
        id(key, anomaly.getSignal(), anomaly.getSinceMillis()),
        entity.kind().name().toLowerCase(Locale.ROOT) + "." + words + ".high",
        Severity.WARNING,
        false,
        entity,
        related,
        anomaly.getSinceMillis(),
        null,
        Double.isFinite(anomaly.getScore()) ? Math.min(1, Math.max(0, anomaly.getScore())) : 0,
        0,
        null,
        null,
        null,
        null,
        null,
        SOURCE,
        anomaly.getText(),
        values,
        Map.of());
  }

  /** Entity, signal and beginning name an anomaly; a key may be as long as an identifier. */
  private static String id(String key, String signal, long sinceMillis) {
    String end = "/" + signal + "/" + sinceMillis;
    int room = Subject.MAX_ID_CHARS - "anomaly/".length() - end.length();
    String name =
        key.length() <= room
            ? key
            : key.substring(0, room - 9) + "~" + Integer.toHexString(key.hashCode());
    return "anomaly/" + name + end;
  }

  private static void measured(Map<String, Double> values, String name, double value) {
    if (Double.isFinite(value)) {
      values.put(name, value);
    }
  }

  /** What the event speaks of; the other ends of a path go to the related things. */
  private static @Nullable Subject entity(EntityRef entity, List<Subject> related) {
    Subject subject = IncidentRecords.subject(entity);
    if (subject == null) {
      return null;
    }
    String id = entity.getId();
    if (entity.getKind() == EntityKind.PAIR) {
      int at = id.lastIndexOf('@');
      if (at <= 0 || at == id.length() - 1) {
        return null;
      }
      related.add(new Subject(Subject.Kind.CLIENT, id.substring(at + 1)));
      return new Subject(Subject.Kind.VOLUME, id.substring(0, at));
    }
    if (entity.getKind() == EntityKind.EDGE) {
      int between = id.indexOf('>');
      if (between <= 0 || between == id.length() - 1) {
        return null;
      }
      related.add(Subject.node(id.substring(0, between)));
      related.add(Subject.node(id.substring(between + 1)));
    }
    return subject;
  }
}
