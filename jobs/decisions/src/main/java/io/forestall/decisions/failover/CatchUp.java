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

  /** How often in a row it was asked and said nothing that helps; count. */
  int attempts;

  CatchUp(Subject node) {
    this.node = node;
  }
}
