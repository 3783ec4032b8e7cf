package io.forestall.nodes.node;

import io.forestall.decisions.Place;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.shadow.CopyPace;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a reference node is set to. Immutable.
 *
 * @param id name of the node
 * @param directory folder that belongs to it
 * @param listen where it answers clients; port 0 takes a free one
 * @param advertisedHost host by which others reach it, null for the one it listens on
 * @param place where it stands
 * @param leaseMillis L of the protocol; milliseconds
 * @param driftMillis what is waited beyond L; milliseconds
 * @param journalFileBytes size at which a new file of the journal is begun; bytes
 * @param reserveBytes space that is kept free for what the log holds already; bytes
 * @param unitThreads threads that touch the copies; count
 * @param telemetryMillis how often it measures itself; milliseconds, 0 for never: another exporter
 *     tells of the machine
 * @param checkpointMillis how often a copy that changed is made durable; milliseconds
 * @param pingMillis how often neighbours are pinged; milliseconds
 * @param unreachableMillis how long a neighbour may be silent whose host does not answer either;
 *     five times as long when its host does; milliseconds
 * @param pairLatency whether latency for each pair of volume and client is published here; clients
 *     that publish it themselves see more
 * @param weakBroker whether a broker that may lose acknowledged records is accepted
 * @param pauseBeforeAppend file that holds back every append while it is there, for proofs; null
 *     for none
 * @param copyPace how fast the node fetches for its shadows
 * @param verifyMillis how often one mebibyte of what it owns is verified by all holders;
 *     milliseconds, 0 for never
 */
public record NodeOptions(
    String id,
    Path directory,
    InetSocketAddress listen,
    @Nullable String advertisedHost,
    Place place,
    long leaseMillis,
    long driftMillis,
    long journalFileBytes,
    long reserveBytes,
    int unitThreads,
    long telemetryMillis,
    long checkpointMillis,
    long pingMillis,
    long unreachableMillis,
    boolean pairLatency,
    boolean weakBroker,
    @Nullable Path pauseBeforeAppend,
    CopyPace.Bounds copyPace,
    long verifyMillis) {

  /** How often one mebibyte is verified where nothing is said; milliseconds. */
  public static final long VERIFY_MILLIS = 1_000;

  /** What holds where nothing is said. */
  public static NodeOptions standard(
      String id, Path directory, InetSocketAddress listen, Place place) {
    return new NodeOptions(
        id,
        directory,
        listen,
        null,
        place,
        NodeSettings.LEASE_MILLIS,
        NodeSettings.LEASE_MILLIS / 10,
        64L << 20,
        64L << 20,
        2,
        10_000,
        5_000,
        100,
        600,
        false,
        false,
        null,
        CopyPace.Bounds.DEFAULT,
        VERIFY_MILLIS);
  }
}
