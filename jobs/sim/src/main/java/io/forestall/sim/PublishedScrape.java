package io.forestall.sim;

import io.forestall.decisions.NodeScrape;

/**
 * One scrape as a publisher sends it. Immutable.
 *
 * @param scrape what it says; its times are those of the publisher's clock
 * @param copies how often the same frame is sent, 1 or more
 * @param metricPrefix put before the name of every metric, empty for canonical names
 */
public record PublishedScrape(NodeScrape scrape, int copies, String metricPrefix) {

  /** True when no metric has a name that Forestall knows. */
  public boolean renamed() {
    return !metricPrefix.isEmpty();
  }
}
