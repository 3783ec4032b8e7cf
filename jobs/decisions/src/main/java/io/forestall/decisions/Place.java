package io.forestall.decisions;

/**
 * Where something stands, from the smallest failure domain to the largest. Immutable.
 *
 * @param node storage node
 * @param rack rack of the node
 * @param zone failure zone of the rack, such as a power domain
 * @param region region of the zone
 * @param pool pool whose budget and placement rules apply
 */
public record Place(String node, String rack, String zone, String region, String pool) {}
