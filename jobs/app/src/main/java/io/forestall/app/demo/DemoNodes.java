package io.forestall.app.demo;

import io.forestall.app.KafkaOptions;
import io.forestall.app.ingest.FaultFile;
import io.forestall.decisions.Place;
import io.forestall.nodes.node.NodeException;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.nodes.node.ReferenceNode;
import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The demo's storage nodes of level 2, in this process. Who silences the machine of one by a
 * planted fault ends the node: it says nothing to anybody, its connections are cut, and its units
 * get another owner once two witnesses agree. With the end of the fault it starts again on its own
 * folder. Thread-safe.
 */
final class DemoNodes implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DemoNodes.class.getName());
  private static final long LOOK_MILLIS = 500;

  private final List<Place> places;
  private final Path folder;
  private final FaultFile faults;
  private final KafkaOptions kafka;
  private final Trusted trusted;
  private final Map<String, ReferenceNode> running = new LinkedHashMap<>();
  private final ScheduledExecutorService watch;

  private DemoNodes(
      List<Place> places, Path folder, FaultFile faults, KafkaOptions kafka, Trusted trusted) {
    this.places = List.copyOf(places);
    this.folder = folder;
    this.faults = faults;
    this.kafka = kafka;
    this.trusted = trusted;
    watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "forestall-demo-nodes");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts one on each of these machines; when it returns, they have read who owns what.
   *
   * @param folder where each has a folder of its own
   * @param faults what is planted in the simulated fleet
   */
  static DemoNodes start(
      List<Place> places, Path folder, FaultFile faults, KafkaOptions kafka, Trusted trusted)
      throws NodeException, InterruptedException {
    DemoNodes nodes = new DemoNodes(places, folder, faults, kafka, trusted);
    try {
      List<ReferenceNode> started = new ArrayList<>();
      for (Place place : places) {
        started.add(nodes.begin(place));
      }
      for (ReferenceNode node : started) {
        node.awaitReady();
      }
      var unused =
          nodes.watch.scheduleWithFixedDelay(
              nodes::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      return nodes;
    } catch (NodeException | InterruptedException | RuntimeException | Error e) {
      nodes.close();
      throw e;
    }
  }

  private synchronized ReferenceNode begin(Place place) throws NodeException {
    ReferenceNode node =
        ReferenceNode.start(
            options(folder, place), kafka.clientProperties(), kafka.topicPrefix(), trusted);
    running.put(place.node(), node);
    return node;
  }

  private static NodeOptions options(Path folder, Place place) {
    NodeOptions usual =
        NodeOptions.standard(
            place.node(),
            folder.resolve(place.node()),
            new InetSocketAddress("127.0.0.1", 0),
            place);
    return new NodeOptions(
        usual.id(),
        usual.directory(),
        usual.listen(),
        usual.advertisedHost(),
        usual.place(),
        usual.leaseMillis(),
        usual.driftMillis(),
        4L << 20,
        usual.reserveBytes(),
        1,
        // The simulated machine tells how it is: two voices of one name would contradict each
        // other.
        0,
        usual.checkpointMillis(),
        usual.pingMillis(),
        usual.unreachableMillis(),
        false,
        // One broker on this machine; the demo says so.
        true,
        null,
        usual.copyPace(),
        usual.verifyMillis());
  }

  private synchronized void look() {
    if (watch.isShutdown()) {
      return;
    }
    Set<String> silent = new HashSet<>();
    try {
      long nowMillis = System.currentTimeMillis();
      for (Fault fault : faults.read()) {
        if (fault.kind() == FaultKind.SILENT_NODE && fault.activeAt(nowMillis)) {
          silent.add(fault.target());
        }
      }
      for (Place place : places) {
        boolean ends = silent.contains("node/" + place.node());
        ReferenceNode node = running.get(place.node());
        if (ends && node != null) {
          running.remove(place.node());
          node.close();
        } else if (!ends && node == null) {
          var unused = begin(place);
        }
      }
    } catch (IOException | NodeException e) {
      // The feed says what is wrong with the faults; a node that cannot start is tried again.
      LOG.log(
          System.Logger.Level.WARNING, "the demo's nodes stay as they are: {0}", e.getMessage());
    }
  }

  /** Those that run. */
  synchronized Set<String> running() {
    return Set.copyOf(running.keySet());
  }

  /** Ends all of them at once, so that none takes the end of another for its death. */
  @Override
  public void close() {
    watch.shutdownNow();
    List<Thread> ends = new ArrayList<>();
    synchronized (this) {
      for (ReferenceNode node : running.values()) {
        Thread end = new Thread(node::close, "forestall-demo-node-end");
        end.start();
        ends.add(end);
      }
      running.clear();
    }
    for (Thread end : ends) {
      try {
        end.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
