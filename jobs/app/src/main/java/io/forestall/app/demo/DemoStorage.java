package io.forestall.app.demo;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.ingest.FaultFile;
import io.forestall.app.operate.KafkaPolicyStore;
import io.forestall.app.operate.PolicyStore;
import io.forestall.app.volume.VolumeCommand;
import io.forestall.app.volume.VolumePlan;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.SyntheticPlacement;
import io.forestall.decisions.guard.GuardPolicy;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.client.Volume;
import io.forestall.nodes.hooks.Hook;
import io.forestall.nodes.hooks.HookRunner;
import io.forestall.nodes.node.HookNode;
import io.forestall.nodes.node.NodeException;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What is real in the demo: storage nodes of level 2 that keep volumes on this disk, a node of
 * level 1 whose programs are the demo's own, and a client that reads and writes all the time. They
 * stand on machines of the simulated fleet, which publishes the machines' telemetry in their place,
 * so a fault that is planted there moves real volumes, and one that silences such a machine ends
 * its node.
 *
 * <p>They act on their own machines only: the rest of the fleet stays advised. What an operator has
 * said of these machines is never overwritten.
 */
final class DemoStorage implements AutoCloseable {
  /** Nodes of level 2, as many as there are machines. */
  static final int NODES = 3;

  static final String CLIENT = "demo-client";

  private static final long VOLUME_BYTES = 32L << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final long VOLUME_PATIENCE_SECONDS = 60;
  private static final long HOOK_MILLIS = 60_000;

  /**
   * From which length on pauses are told. Reads follow each other faster, so that none is missed.
   */
  private static final long PAUSE_MILLIS = 20;

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final List<Place> nodes;
  private final @Nullable Place hookNode;
  private final DemoNodes running;
  private final DemoLoad load;

  private DemoStorage(
      List<Place> nodes, @Nullable Place hookNode, DemoNodes running, DemoLoad load) {
    this.nodes = List.copyOf(nodes);
    this.hookNode = hookNode;
    this.running = running;
    this.load = load;
  }

  /**
   * Machines of a simulated fleet that get a storage node: one in each rack, while there are any.
   */
  static List<Place> places(int fleetNodes) {
    SyntheticPlacement placement = SyntheticPlacement.ofNodes(fleetNodes);
    Map<String, Place> byRack = new LinkedHashMap<>();
    for (int i = 0; i < placement.nodes(); i++) {
      byRack.putIfAbsent(placement.nodeAt(i).rack(), placement.nodeAt(i));
    }
    List<Place> chosen = new ArrayList<>(byRack.values());
    for (int i = 0; i < placement.nodes() && chosen.size() < NODES; i++) {
      if (!chosen.contains(placement.nodeAt(i))) {
        chosen.add(placement.nodeAt(i));
      }
    }
    return List.copyOf(chosen.subList(0, Math.min(NODES, chosen.size())));
  }

  /** The machine that gets a node of level 1; null when all have a storage node. */
  static @Nullable Place hookPlace(int fleetNodes) {
    List<Place> taken = places(fleetNodes);
    SyntheticPlacement placement = SyntheticPlacement.ofNodes(fleetNodes);
    for (int i = 0; i < placement.nodes(); i++) {
      if (!taken.contains(placement.nodeAt(i))) {
        return placement.nodeAt(i);
      }
    }
    return null;
  }

  /**
   * The key of the demo's guard, made at the first start.
   *
   * @return file with the private key
   */
  static Path guardKey(Path directory) throws IOException {
    Path file = Files.createDirectories(directory.resolve("keys")).resolve("guard.key");
    if (!Files.exists(file)) {
      var unused = Signatures.generate(file, file.resolveSibling("guard.pub"));
    }
    return file;
  }

  /**
   * Starts all of it; when it returns, clients read and write.
   *
   * @param directory the demo's folder
   * @param fleetNodes machines of the simulated fleet; count
   * @param key private key of the guard whose admissions the nodes believe
   * @throws CommandFailure in one line, with nothing left running
   */
  static DemoStorage start(Path directory, int fleetNodes, KafkaOptions kafka, Path key)
      throws InterruptedException {
    List<Place> places = places(fleetNodes);
    Place hooks =
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
            ? hookPlace(fleetNodes)
            : null;
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    try {
      Signer signer = Signer.read(key);
      Trusted trusted = signer.trusted();
      sayWhatMayBeDone(kafka, signer, places, hooks);
      Path folder = Files.createDirectories(directory.resolve("nodes"));
      if (hooks != null) {
        parts.push(hookNode(folder, hooks, kafka, trusted));
      }
      DemoNodes running =
          DemoNodes.start(places, folder, new FaultFile(directory.resolve("feed")), kafka, trusted);
      parts.push(running);
      Map<String, Subject> volumes = makeVolumes(kafka, places);
      KafkaClientFeed feed =
          KafkaClientFeed.open(
              kafka.clientProperties(),
              kafka.topicPrefix(),
              trusted,
              ClientSettings.of(CLIENT, Long.toString(System.currentTimeMillis(), 36))
                  .reporting(0, PAUSE_MILLIS));
      parts.push(feed);
      List<Volume> opened = new ArrayList<>();
      for (String volume : volumes.keySet()) {
        opened.add(feed.client().volume(volume).get(VOLUME_PATIENCE_SECONDS, TimeUnit.SECONDS));
      }
      DemoLoad load = DemoLoad.start(opened, BLOCK_BYTES);
      parts.push(load);
      DemoStorage storage = new DemoStorage(places, hooks, running, load);
      storage.parts.addAll(parts);
      return storage;
    } catch (NodeException
        | IOException
        | PublishException
        | TimeoutException
        | ExecutionException e) {
      CommandFailure failure =
          new CommandFailure(
              ExitCodes.FOUND, "the storage nodes cannot start: " + e.getMessage(), e);
      closeAll(parts, failure);
      throw failure;
    } catch (InterruptedException | RuntimeException | Error e) {
      closeAll(parts, e);
      throw e;
    }
  }

  private static HookNode hookNode(Path folder, Place place, KafkaOptions kafka, Trusted trusted)
      throws NodeException, IOException {
    Path programs = Files.createDirectories(folder.resolve(place.node() + "-hooks"));
    Map<Hook, List<String>> words = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      Path program = programs.resolve(hook.word());
      if (!Files.exists(program)) {
        Files.writeString(
            program,
            "#!/bin/sh -eu\n"
                + "# A program of the demo; put your own here, it is read at each run.\n"
                + "echo \"$(date) $FORESTALL_HOOK for $FORESTALL_ADMISSION\" >> \"$(dirname"
                + " \"$0\")/log\"\n"
                + "echo \"$FORESTALL_NODE did $FORESTALL_HOOK\"\n",
            StandardCharsets.UTF_8);
        var unused =
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
      words.put(hook, List.of(program.toString()));
    }
    return HookNode.start(
        place.node(),
        place,
        folder.resolve(place.node()),
        new HookRunner(words, HOOK_MILLIS),
        kafka.clientProperties(),
        kafka.topicPrefix(),
        trusted,
        0);
  }

  /** One volume for each node, with copies on all. */
  private static Map<String, Subject> makeVolumes(KafkaOptions kafka, List<Place> places) {
    Map<String, Subject> volumes = new LinkedHashMap<>();
    List<VolumePlan.Node> candidates = new ArrayList<>();
    for (Place place : places) {
      candidates.add(
          new VolumePlan.Node(
              Subject.node(place.node()), place.region(), place.zone(), place.rack(), null));
    }
    for (int i = 0; i < places.size(); i++) {
      Subject owner = Subject.node(places.get(i).node());
      List<Subject> replicas = new ArrayList<>();
      for (Place place : places) {
        if (!place.node().equals(owner.id())) {
          replicas.add(Subject.node(place.node()));
        }
      }
      String volume = "demo-" + (i + 1);
      VolumePlan.Shape shape =
          new VolumePlan.Shape(
              volume,
              places.get(i).pool(),
              VOLUME_BYTES,
              VOLUME_BYTES,
              BLOCK_BYTES,
              places.size(),
              Math.max(1, places.size() - 1));
      var unused = VolumeCommand.makeOnce(kafka, shape, candidates, owner, replicas);
      volumes.put(volume, owner);
    }
    return volumes;
  }

  /** Acts are done on these machines, unless an operator has said otherwise; nowhere else. */
  private static void sayWhatMayBeDone(
      KafkaOptions kafka, Signer signer, List<Place> places, @Nullable Place hooks) {
    KafkaPolicyStore store = new KafkaPolicyStore(kafka, signer, Trusted.NONE);
    PolicyStore.Standing standing = store.read();
    String pool = "pool/" + places.get(0).pool();
    say(
        store,
        standing,
        pool,
        PolicyRecord.Kind.THRESHOLD,
        GuardPolicy.THRESHOLD_ID,
        ActKind.UNKNOWN,
        "Three nodes take turns in the demo, and a laptop's disk may be full.",
        // As targets they may follow each other soon, and with little space.
        Map.of("target-rest", "1 min", "target-free", "0.02"));
    say(
        store,
        standing,
        pool,
        PolicyRecord.Kind.BUDGET,
        "all",
        ActKind.UNKNOWN,
        "Who tries the demo moves more in an hour than an operator in a week.",
        Map.of(
            PolicyParameters.NODES_PER_DAY, "0.5",
            PolicyParameters.RATE_ACTS, "60",
            PolicyParameters.RATE_WINDOW, "1 h"));
    for (Place place : places) {
      act(store, standing, place, ActKind.FAILOVER);
      act(store, standing, place, ActKind.DRAIN);
      act(store, standing, place, ActKind.SHADOW);
      act(store, standing, place, ActKind.RETIRE_SHADOW);
      act(store, standing, place, ActKind.SWITCHOVER);
    }
    if (hooks != null) {
      act(store, standing, hooks, ActKind.DRAIN);
      act(store, standing, hooks, ActKind.RETURN);
    }
  }

  private static void act(
      PolicyStore store, PolicyStore.Standing standing, Place place, ActKind act) {
    say(
        store,
        standing,
        Subject.node(place.node()).toString(),
        PolicyRecord.Kind.MODE,
        act.name().toLowerCase(Locale.ROOT),
        act,
        "The demo acts on its own storage nodes and advises for the rest.",
        Map.of(PolicyParameters.MODE, "act"));
  }

  private static void say(
      PolicyStore store,
      PolicyStore.Standing standing,
      String scope,
      PolicyRecord.Kind kind,
      String id,
      ActKind act,
      String reason,
      Map<String, String> parameters) {
    String key = PolicyRecords.key(scope, kind, id);
    if (standing.newest().containsKey(key)) {
      return;
    }
    long nowMillis = System.currentTimeMillis();
    var unused =
        store.write(
            new PolicyRecord(
                key,
                id,
                kind,
                1,
                true,
                scope,
                PolicyRecords.entity(scope),
                act,
                null,
                "demo",
                reason,
                nowMillis,
                nowMillis,
                null,
                parameters,
                ""),
            false);
  }

  /** What runs, as a line. */
  String description() {
    StringBuilder line = new StringBuilder("real storage on ");
    for (int i = 0; i < nodes.size(); i++) {
      line.append(i == 0 ? "" : ", ").append(nodes.get(i).node());
    }
    line.append(": ").append(nodes.size()).append(" volumes of ");
    line.append(VOLUME_BYTES >> 20).append(" MiB, read and written all the time");
    if (hookNode != null) {
      line.append("; programs of level 1 on ").append(hookNode.node());
    }
    return line.toString();
  }

  /** A machine whose network card could fail now. */
  String example() {
    return nodes.get(0).node();
  }

  /** Nodes of level 2 that run. */
  Set<String> running() {
    return running.running();
  }

  /** What the client has seen so far. */
  DemoLoad.Figures figures() {
    return load.figures();
  }

  /** Ends the client, then the nodes. */
  @Override
  public void close() {
    closeAll(parts, null);
  }

  private static void closeAll(Deque<AutoCloseable> parts, @Nullable Throwable why) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        if (why != null) {
          why.addSuppressed(e);
        } else {
          System.getLogger(DemoStorage.class.getName())
              .log(System.Logger.Level.WARNING, "a part of the storage did not end cleanly", e);
        }
      }
    }
  }
}
