package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import java.util.List;
import java.util.TreeSet;

/**
 * A node that holds copies which have to catch up, by the newest maps: it is asked until it follows
 * them. Not kept: found again in the maps. Mutable, for one thread.
 */
final class CatchUp {

  final Subject node;

  /** Units of which it holds such a copy. */
  final TreeSet<String> units = new TreeSet<>();

  /** The question that is out, empty when none is. */
  String asked = "";

  /** The units that it concerns. */
  List<String> askedUnits = List.of();

  /** Most units of the next question: fewer and fewer while some are not there; count. */
  int most;

  /** The last unit that was asked about: the next question begins behind it. */
  String last = "";

  /** How often in a row it was asked and said nothing that helps; count. */
  int attempts;

  CatchUp(Subject node, int most) {
    this.node = node;
    this.most = most;
  }
}
