package io.forestall.nodes.node;

import java.net.InetSocketAddress;
import java.util.Map;
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

  /** L of the node: how long it may answer reads after it asked for the end of the log. */
  public static final String LEASE_MILLIS = "forestall.lease-millis";

  /** L of a node that does not say it: what the first nodes of level 2 ran with. */
  public static final long UNSAID_LEASE_MILLIS = 500;

  private static final long MAX_LEASE_MILLIS = 60_000;

  private NodeLabels() {}

  /** L of a node with these labels; a number that makes no sense is taken for the longest. */
  public static long leaseMillis(Map<String, String> labels) {
    String said = labels.get(LEASE_MILLIS);
    if (said == null) {
      return UNSAID_LEASE_MILLIS;
    }
    try {
      long millis = Long.parseLong(said);
      return millis < 1 || millis > MAX_LEASE_MILLIS ? MAX_LEASE_MILLIS : millis;
    } catch (NumberFormatException e) {
      return MAX_LEASE_MILLIS;
    }
  }

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
