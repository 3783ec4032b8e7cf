package io.forestall.decisions;

import org.jspecify.annotations.Nullable;

/**
 * What a node is made of and how it does: what it may have in common with another, and what it
 * would cost to add to it. Immutable; everything unknown is null.
 *
 * @param driveModel model of most of its drives
 * @param firmware firmware of most of its drives, which with the model names a batch
 * @param power feed of its power
 * @param latencyMillis how long its requests take, measured; milliseconds
 * @param pendingRequests how many requests wait at it, measured; count
 */
public record NodeTraits(
    @Nullable String driveModel,
    @Nullable String firmware,
    @Nullable String power,
    @Nullable Double latencyMillis,
    @Nullable Long pendingRequests) {

  /** Nothing is known. */
  public static final NodeTraits UNKNOWN = new NodeTraits(null, null, null, null, null);
}
