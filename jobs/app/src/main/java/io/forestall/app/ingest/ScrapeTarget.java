package io.forestall.app.ingest;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import java.net.URI;

/**
 * One exporter to scrape. Immutable.
 *
 * @param uri where its page is
 * @param source source of the mapping, such as {@code node-exporter}
 * @param machine what its machine metrics are of: a node, an event processor or a head node
 * @param place where the node stands
 */
record ScrapeTarget(URI uri, String source, Subject machine, Place place) {

  /** Node that the target belongs to. */
  String node() {
    return place.node();
  }
}
