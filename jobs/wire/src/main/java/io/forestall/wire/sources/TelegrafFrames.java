package io.forestall.wire.sources;

import io.forestall.wire.FrameLimits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts Telegraf's metrics together again: an agent reads its inputs at one time, but sends each
 * metric by itself, and a sum over network cards needs all of them. Metrics of one node within a
 * window become one page. A page is due when its node has gone on to a later time on every
 * partition, or, once all has been read, when nothing has been added to it for a while. Bounded:
 * beyond {@link #MAX_OPEN} open pages the oldest is due. Not safe for threads. Row A2.
 */
public final class TelegrafFrames {

  /** Most pages that wait at once. */
  public static final int MAX_OPEN = 20_000;

  /**
   * A page that is due.
   *
   * @param node the node
   * @param timeMillis newest time of its metrics; milliseconds since 1970-01-01 UTC
   * @param metrics how many metrics it holds; count
   * @param places tags of the metrics that say where the node stands: rack, zone, region, pool
   * @param page the page, finished
   */
  public record Due(
      String node, long timeMillis, int metrics, Map<String, String> places, SourcePage page) {}

  private static final List<String> PLACES = List.of("rack", "zone", "region", "pool");

  private static final class Open {
    final String node;
    final SourcePage page;
    final long startMillis;
    long newestMillis;
    long touchedMillis;
    int metrics;
    final Set<Long> identities = new HashSet<>();
    final Map<String, String> places = new HashMap<>(4);
    final Map<Integer, Long> firstOffsets = new HashMap<>(4);

    Open(String node, SourcePage page, long startMillis) {
      this.node = node;
      this.page = page;
      this.startMillis = startMillis;
      this.newestMillis = startMillis;
    }
  }

  private final ExporterMapping mapping;
  private final long windowMillis;
  private final long patienceMillis;
  private final LinkedHashMap<Long, Open> open = new LinkedHashMap<>();
  private final Map<String, List<Long>> ofNode = new HashMap<>();
  private final Map<Integer, Long> nextOffsets = new HashMap<>();
  private final Map<Integer, Long> newest = new HashMap<>();
  private final List<Due> due = new ArrayList<>();
  private long numbers;
  private long duplicates;

  /**
   * @param mapping the table
   * @param windowMillis how far apart the metrics of one round may be, at most the interval of the
   *     agents; milliseconds
   * @param patienceMillis how long a page waits for more, by this machine's clock; milliseconds
   */
  public TelegrafFrames(ExporterMapping mapping, long windowMillis, long patienceMillis) {
    this.mapping = mapping;
    this.windowMillis = windowMillis;
    this.patienceMillis = patienceMillis;
  }

  /**
   * Adds the metrics of one record.
   *
   * @param metrics what the record holds
   * @param partition partition of the record
   * @param offset offset of the record
   * @param nowMillis time by this machine's clock; milliseconds
   */
  public void add(
      Collection<TelegrafJson.Metric> metrics, int partition, long offset, long nowMillis) {
    nextOffsets.merge(partition, offset + 1, Math::max);
    for (TelegrafJson.Metric metric : metrics) {
      // A host whose clock is far ahead says nothing of how far the partition has been read.
      if (metric.timeMillis() <= nowMillis + FrameLimits.DEFAULT.futureAllowanceMillis()) {
        newest.merge(partition, metric.timeMillis(), Math::max);
      }
      Open page = page(metric);
      if (page == null) {
        duplicates++;
        continue;
      }
      page.firstOffsets.merge(partition, offset, Math::min);
      page.touchedMillis = nowMillis;
      page.newestMillis = Math.max(page.newestMillis, metric.timeMillis());
      page.metrics++;
      for (String place : PLACES) {
        String value = metric.tags().get(place);
        if (value != null) {
          page.places.putIfAbsent(place, value);
        }
      }
      page.page.measurement(metric.name());
      for (Map.Entry<String, Double> field : metric.fields().entrySet()) {
        page.page.add(metric.name() + "." + field.getKey(), metric.tags(), field.getValue());
      }
    }
  }

  // The open page that a metric belongs to, null when it is in there already.
  private @Nullable Open page(TelegrafJson.Metric metric) {
    long time = metric.timeMillis();
    long identity =
        31L * (31L * metric.name().hashCode() + metric.tags().hashCode()) * 0x9e3779b97f4a7c15L
            + metric.fields().keySet().hashCode();
    List<Long> ofThis = ofNode.computeIfAbsent(metric.node(), key -> new ArrayList<>(2));
    for (int i = ofThis.size() - 1; i >= 0; i--) {
      Open candidate = open.get(ofThis.get(i));
      if (candidate == null
          || time - candidate.startMillis >= windowMillis
          || candidate.startMillis - time > windowMillis / 2) {
        continue;
      }
      // The same series at another time within the window is the next round of a fast agent.
      if (candidate.identities.add(identity)) {
        candidate.identities.add(identity ^ time * 0x5bd1e995L);
        return candidate;
      }
      if (candidate.identities.contains(identity ^ time * 0x5bd1e995L)) {
        return null;
      }
    }
    Open fresh = new Open(metric.node(), new SourcePage(mapping, ExporterMapping.TELEGRAF), time);
    fresh.identities.add(identity);
    fresh.identities.add(identity ^ time * 0x5bd1e995L);
    if (open.size() >= MAX_OPEN) {
      Map.Entry<Long, Open> oldest = open.entrySet().iterator().next();
      close(oldest.getKey(), oldest.getValue());
    }
    long number = numbers++;
    open.put(number, fresh);
    ofNode.computeIfAbsent(metric.node(), key -> new ArrayList<>(2)).add(number);
    return fresh;
  }

  /** Newest time met on a partition, {@link Long#MIN_VALUE} before the first; milliseconds. */
  public long newestMillis(int partition) {
    return newest.getOrDefault(partition, Long.MIN_VALUE);
  }

  /** Pages that are due whatever they still wait for. */
  public List<Due> all() {
    List.copyOf(open.entrySet()).forEach(entry -> close(entry.getKey(), entry.getValue()));
    return given();
  }

  /**
   * Pages that are due.
   *
   * @param nowMillis time by this machine's clock; milliseconds
   * @param readMillis time up to which every partition has been read: of those that have more to
   *     read the least {@link #newestMillis}, {@link Long#MAX_VALUE} when none has. The metrics of
   *     one round stand on several partitions, and a backlog is not read evenly
   */
  public List<Due> due(long nowMillis, long readMillis) {
    List<Map.Entry<Long, Open>> ready = new ArrayList<>();
    for (Map.Entry<Long, Open> entry : open.entrySet()) {
      Open page = entry.getValue();
      boolean passed =
          readMillis != Long.MIN_VALUE && readMillis - page.startMillis >= 2 * windowMillis;
      boolean later = laterRound(page);
      boolean quiet = nowMillis - page.touchedMillis >= patienceMillis;
      if (readMillis == Long.MAX_VALUE ? quiet || later : passed && later) {
        ready.add(Map.entry(entry.getKey(), page));
      }
    }
    ready.forEach(entry -> close(entry.getKey(), entry.getValue()));
    return given();
  }

  // Whether the node is two rounds further by its own time.
  private boolean laterRound(Open page) {
    for (long number : ofNode.getOrDefault(page.node, List.of())) {
      Open other = open.get(number);
      if (other != null && other.startMillis - page.startMillis >= 2 * windowMillis) {
        return true;
      }
    }
    return false;
  }

  private List<Due> given() {
    due.sort(Comparator.comparingLong(Due::timeMillis));
    List<Due> result = List.copyOf(due);
    due.clear();
    return result;
  }

  /**
   * Offsets that may be committed once all pages given so far have arrived, by partition: what
   * stands before them is needed no more.
   */
  public Map<Integer, Long> safeOffsets() {
    Map<Integer, Long> safe = new HashMap<>(nextOffsets);
    for (Open page : open.values()) {
      page.firstOffsets.forEach((partition, offset) -> safe.merge(partition, offset, Math::min));
    }
    return safe;
  }

  /** Forgets a partition that this reader no longer has, and every page with metrics of it. */
  public void forget(int partition) {
    nextOffsets.remove(partition);
    newest.remove(partition);
    List<Map.Entry<Long, Open>> lost =
        open.entrySet().stream()
            .filter(entry -> entry.getValue().firstOffsets.containsKey(partition))
            .toList();
    for (Map.Entry<Long, Open> entry : lost) {
      open.remove(entry.getKey());
      unlink(entry.getKey(), entry.getValue());
    }
  }

  /** Pages that wait; count. */
  public int waiting() {
    return open.size();
  }

  /** Metrics that came twice; count. */
  public long duplicates() {
    return duplicates;
  }

  private void close(long number, Open page) {
    open.remove(number);
    unlink(number, page);
    page.page.finish();
    due.add(new Due(page.node, page.newestMillis, page.metrics, page.places, page.page));
  }

  private void unlink(long number, Open page) {
    List<Long> numbersOfNode = ofNode.get(page.node);
    if (numbersOfNode != null) {
      numbersOfNode.remove((Long) number);
      if (numbersOfNode.isEmpty()) {
        ofNode.remove(page.node);
      }
    }
  }
}
