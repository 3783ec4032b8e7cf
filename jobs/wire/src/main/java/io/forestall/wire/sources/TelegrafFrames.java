package io.forestall.wire.sources;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts Telegraf's metrics together again: an agent reads its inputs at one time, but sends each
 * metric by itself, and a sum over network cards needs all of them. Metrics of one node within a
 * window become one page. A page is due when its node has gone on to a later time, or when nothing
 * has been added to it for a while. Bounded: beyond {@link #MAX_OPEN} open pages the oldest is due.
 * Not safe for threads. Row A2.
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
   * @param page the page, finished
   */
  public record Due(String node, long timeMillis, int metrics, SourcePage page) {}

  private static final class Open {
    final String node;
    final SourcePage page;
    final long startMillis;
    long newestMillis;
    long touchedMillis;
    int metrics;
    final Set<Long> identities = new HashSet<>();
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
      Open page = page(metric);
      if (page == null) {
        duplicates++;
        continue;
      }
      page.firstOffsets.merge(partition, offset, Math::min);
      page.touchedMillis = nowMillis;
      page.newestMillis = Math.max(page.newestMillis, metric.timeMillis());
      page.metrics++;
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
    // Two rounds later nothing more is expected of the rounds before.
    for (long number : List.copyOf(ofThis)) {
      Open old = open.get(number);
      if (old != null && time - old.startMillis >= 2 * windowMillis) {
        close(number, old);
      }
    }
    if (open.size() >= MAX_OPEN) {
      Map.Entry<Long, Open> oldest = open.entrySet().iterator().next();
      close(oldest.getKey(), oldest.getValue());
    }
    long number = numbers++;
    open.put(number, fresh);
    ofNode.computeIfAbsent(metric.node(), key -> new ArrayList<>(2)).add(number);
    return fresh;
  }

  /**
   * Pages that are due.
   *
   * @param nowMillis time by this machine's clock; milliseconds. {@link Long#MAX_VALUE} for all
   */
  public List<Due> due(long nowMillis) {
    Iterator<Map.Entry<Long, Open>> all = open.entrySet().iterator();
    List<Map.Entry<Long, Open>> ready = new ArrayList<>();
    while (all.hasNext()) {
      Map.Entry<Long, Open> entry = all.next();
      if (nowMillis - entry.getValue().touchedMillis >= patienceMillis) {
        ready.add(Map.entry(entry.getKey(), entry.getValue()));
      }
    }
    ready.forEach(entry -> close(entry.getKey(), entry.getValue()));
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
    due.add(new Due(page.node, page.newestMillis, page.metrics, page.page));
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
