package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.Topics;
import io.forestall.schemas.UnitEpoch;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.Signatures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where the trial takes place: one broker, one Flink cluster with the jobs, and storage nodes, each
 * a process of its own on this machine. Not thread-safe.
 */
final class Field implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Unit of reading and writing of the trial's volumes; bytes. */
  static final int BLOCK_BYTES = 4096;

  private final Java java;
  private final Path directory;
  private final Broker broker;
  private final Pool pool;
  private final Tape tape;
  private final Path privateKey;
  private final Path publicKey;
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final @Nullable Namespace namespace;
  private @Nullable Jobs jobs;

  private Field(
      Java java,
      Path directory,
      Broker broker,
      Path privateKey,
      Path publicKey,
      @Nullable Namespace namespace) {
    this.java = java;
    this.directory = directory;
    this.broker = broker;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.namespace = namespace;
    pool = new Pool(broker.kafka());
    tape = new Tape(broker.kafka());
  }

  /** Starts the broker and says what an operator would say; nothing else runs yet. */
  static Field open(Java java, Path directory, @Nullable Namespace namespace) throws Exception {
    Files.createDirectories(directory);
    if (namespace != null) {
      namespace.open();
    }
    Path privateKey = directory.resolve("guard.key");
    Path publicKey = directory.resolve("guard.pub");
    Signatures.generate(privateKey, publicKey);
    Broker broker =
        Broker.start(
            java, directory, namespace == null ? List.of() : List.of(namespace.brokerHost()));
    Field field = new Field(java, directory, broker, privateKey, publicKey, namespace);
    field.pool.actWithoutLimits();
    return field;
  }

  /**
   * A node of the field.
   *
   * @param debuggerPort where a debugger may attach
   */
  record Node(String id, Child process, int debuggerPort) {}

  /** Starts nodes n1, n2, ... each in a rack of its own, and keeps their scores healthy. */
  void startNodes(int count) throws Exception {
    List<String> ids = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      String id = "n" + i;
      ids.add(id);
      Node node = define(id, i);
      nodes.put(id, node);
      node.process().start();
    }
    for (String each : ids) {
      awaitReady(each);
    }
    pool.keepHealthy(ids);
  }

  private Node define(String id, int number) throws Exception {
    boolean inside = namespace != null && number == 1;
    String host =
        namespace == null ? "127.0.0.1" : inside ? namespace.insideHost() : namespace.outsideHost();
    int port = Broker.freePort();
    int debugger = Broker.freePort();
    Path folder = Files.createDirectories(directory.resolve("nodes").resolve(id));
    List<String> words =
        java.forestall(
            384,
            inside ? List.of() : List.of(Debugger.option(debugger)),
            List.of(
                "node",
                "run",
                "--id",
                id,
                "--directory",
                folder.toString(),
                "--bootstrap-servers",
                inside && namespace != null
                    ? namespace.brokerHost() + ":" + broker.furtherPort()
                    : broker.kafka().bootstrapServers(),
                "--listen",
                host + ":" + port,
                "--pool",
                Pool.NAME,
                "--rack",
                "r" + number,
                "--zone",
                "z" + number,
                "--trusted-keys",
                publicKey.toString(),
                // One broker has one copy of everything: what power loss does is not tried here.
                "--accept-weak-broker"));
    return new Node(
        id,
        new Child(
            id,
            inside && namespace != null ? namespace.inside(words) : words,
            Map.of(),
            directory.resolve(id + ".log")),
        debugger);
  }

  /**
   * Creates a volume by its map, as {@code forestall volume create} does, and waits until its owner
   * has taken it.
   */
  void createVolume(String volume, int segments, long segmentBytes, String owner) throws Exception {
    int mark = tape.mark();
    announceVolume(volume, segments, segmentBytes, owner);
    for (int i = 0; i < segments; i++) {
      String unit = volume + "/" + i;
      tape.await(
          mark,
          Ownership.class,
          owner + " owns " + unit,
          PATIENCE,
          record -> record.getUnits().stream().anyMatch(step -> step.getUnit().equals(unit)));
    }
  }

  /** Writes the map of a new volume and waits for nothing. */
  void announceVolume(String volume, int segments, long segmentBytes, String owner)
      throws Exception {
    List<Copy> copies = new ArrayList<>();
    for (String each : nodes.keySet()) {
      if (!each.equals(owner)) {
        copies.add(new Copy(ref(each), CopyRole.REPLICA, CopyState.IN_SYNC, 0L));
      }
    }
    List<SegmentEntry> entries = new ArrayList<>();
    for (int i = 0; i < segments; i++) {
      entries.add(
          SegmentEntry.newBuilder()
              .setUnit(volume + "/" + i)
              .setIndex(i)
              .setOwner(ref(owner))
              .setEpoch(0)
              .setWriteMode(WriteMode.SYNCHRONOUS)
              .setCopies(copies)
              .build());
    }
    VolumeMap map = new VolumeMap();
    map.setVolume(volume);
    map.setPool(Pool.NAME);
    map.setSlice(0);
    map.setSlices(1);
    map.setVersion(1);
    map.setVolumeBytes(segments * segmentBytes);
    map.setSegmentBytes(segmentBytes);
    map.setBlockBytes(BLOCK_BYTES);
    map.setMinReplicas(2);
    map.setSegments(entries);
    map.setTimeMillis(System.currentTimeMillis());
    pool.send(Topics.MAPS, volume + "/0", map);
  }

  /** Starts the Flink cluster with correlate and decide, which may sign. */
  Jobs startJobs() throws Exception {
    Jobs started = new Jobs(java.home(), directory, broker.kafka().bootstrapServers());
    jobs = started;
    started.start();
    started.submit("correlate", correlateOptions());
    started.submit("decide", decideOptions());
    return started;
  }

  /** A predicted event waits for the watermark; the trial does not want to wait as long. */
  static List<String> correlateOptions() {
    return List.of(
        "--forestall.correlate.out-of-orderness=200 ms",
        "--forestall.correlate.quiet-after=500 ms");
  }

  List<String> decideOptions() {
    List<String> options = new ArrayList<>();
    options.add("--forestall.decide.signing-key-file=" + privateKey);
    options.add("--forestall.decide.failback-dwell=5 s");
    return options;
  }

  /** Brings a fresh cluster after {@link Jobs#killAll}; its jobs begin anew, from the logs. */
  void restartJobs() throws Exception {
    jobs().start();
    jobs().submit("correlate", correlateOptions());
    jobs().submit("decide", decideOptions());
  }

  /** Starts a node again after it was killed. */
  void startAgain(String id) throws Exception {
    node(id).process().start();
    awaitReady(id);
  }

  /** Ends a node in good order and starts it again in another environment. */
  void startIn(String id, Map<String, String> environment) throws Exception {
    Node node = node(id);
    node.process().end();
    node.process().environment(environment);
    startAgain(id);
  }

  private void awaitReady(String id) throws Exception {
    node(id).process().awaitSaid("is ready", PATIENCE);
  }

  /** Everything runs and is well: where each scenario begins. */
  void mend() throws Exception {
    for (Node each : nodes.values()) {
      if (!each.process().alive()) {
        startAgain(each.id());
      }
      pool.returned(each.id());
    }
  }

  /** Waits until every act that was admitted has its end. */
  void awaitQuiet() throws Exception {
    Await.until(PATIENCE, "all acts have ended: " + openActs(), () -> openActs().isEmpty());
  }

  private Set<String> openActs() {
    Set<String> open = new TreeSet<>();
    for (Admission each : tape.since(0, Admission.class)) {
      if (each.getState() == AdmissionState.ADMITTED) {
        open.add(each.getId());
      } else {
        open.remove(each.getId());
      }
    }
    return open;
  }

  /** Cuts node n1 off from the broker. */
  void cut() throws Exception {
    if (namespace != null) {
      namespace.cutFromBroker();
    }
  }

  /** Mends what {@link #cut} did. */
  void heal() throws Exception {
    if (namespace != null) {
      namespace.mend();
    }
  }

  Jobs jobs() {
    if (jobs == null) {
      throw new IllegalStateException("no jobs run");
    }
    return jobs;
  }

  Broker broker() {
    return broker;
  }

  Pool pool() {
    return pool;
  }

  Tape tape() {
    return tape;
  }

  Node node(String id) {
    Node node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("there is no node " + id);
    }
    return node;
  }

  List<Node> nodes() {
    return List.copyOf(nodes.values());
  }

  Path directory() {
    return directory;
  }

  /** By how much the wall clock of a node is wrong that runs by it: {@code +3600} seconds. */
  Path clock() {
    return directory.resolve("clock");
  }

  Java java() {
    return java;
  }

  /** The guard's key, for what only it could sign. */
  Path privateKey() {
    return privateKey;
  }

  Path publicKey() {
    return publicKey;
  }

  /** The newest epoch of a unit and its owner, as the log has it for those who only count. */
  record Owner(String node, long epoch) {}

  /** Who owns a unit by the ownership log as it was read here, null when nobody. */
  @Nullable Owner owner(String unit) {
    Owner owner = null;
    for (Ownership record : tape.since(0, Ownership.class)) {
      if (record.getKind().name().equals("RELEASE")) {
        continue;
      }
      for (UnitEpoch step : record.getUnits()) {
        if (step.getUnit().equals(unit)
            && step.getExpectedEpoch() == (owner == null ? 0 : owner.epoch())) {
          owner = new Owner(record.getOwner().getId(), step.getNewEpoch());
        }
      }
    }
    return owner;
  }

  /** Waits until somebody else than this node owns the unit. */
  String awaitOwnerOtherThan(String unit, String node) throws Exception {
    Await.until(
        PATIENCE,
        "an owner of " + unit + " other than " + node,
        () -> {
          Owner owner = owner(unit);
          return owner != null && !owner.node().equals(node);
        });
    Owner owner = owner(unit);
    if (owner == null) {
      throw new IllegalStateException(unit + " has no owner");
    }
    return owner.node();
  }

  static EntityRef ref(String node) {
    return new EntityRef(io.forestall.schemas.EntityKind.NODE, node);
  }

  static void say(String format, Object... arguments) {
    System.out.printf(Locale.ROOT, format + "%n", arguments);
  }

  @Override
  public void close() throws Exception {
    tape.close();
    pool.close();
    if (jobs != null) {
      jobs.close();
    }
    for (Node each : nodes.values()) {
      each.process().close();
    }
    broker.close();
    if (namespace != null) {
      namespace.close();
    }
  }
}
