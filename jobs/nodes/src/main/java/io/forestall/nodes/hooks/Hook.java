package io.forestall.nodes.hooks;

import java.util.Locale;

/** What a node of level 1 can be told. Each hook is idempotent: done twice is done once. */
public enum Hook {
  /** Give no new work to the node and move its data off. */
  DRAIN,
  /** Take the node out of the cluster. */
  OUT,
  /** Let the node in again. */
  IN;

  /** The hook's name in options and the contract: {@code drain}, {@code out}, {@code in}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
