package io.forestall.nodes.node;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Labels by which a node's entry in the fleet says more than where it stands. */
public final class NodeLabels {

  /** Level of the contract that the node keeps: 0, 1 or 2. */
  public static final String LEVEL = "forestall.level";

  /** Where its data plane answers, {@code host:port}. */
  public static final String ADDRESS = "forestall.address";

  /** Free space below its folder; bytes. */
  public static final String FREE_BYTES = "free-bytes";

  /** Why what it acknowledges may be lost by the broker; absent when it may not. */
  public static final String DEGRADED = "forestall.degraded";

  private NodeLabels() {}

  /** The address of a label, null when it is none. */
  public static @Nullable InetSocketAddress address(String label) {
    int colon = label.lastIndexOf(':');
    if (colon <= 0) {
      return null;
    }
    try {
      int port = Integer.parseInt(label.substring(colon + 1));
      return port < 1 || port > 65_535
          ? null
          : new InetSocketAddress(label.substring(0, colon), port);
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
