package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.shadow.CopyPace;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Risk;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.Tier;
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

  /** A score that is younger is one of now; milliseconds. */
  private static final long FRESH_MILLIS = 30_000;

  /** The node whose disk can be filled. */
  static final String SMALL = "n3";

  /**
   * How nodes keep shadows.
   *
   * @param verifyMillis how often one mebibyte of what a node owns is verified; milliseconds
   * @param copyMegabytesPerSecond how fast a node fetches at most; 10^6 bytes per second
   * @param smallDisk whether the disk of {@link #SMALL} can be filled
   */
  record Shadowing(long verifyMillis, int copyMegabytesPerSecond, boolean smallDisk) {
    /** A segment is verified soon, and not copied so fast that nobody could be killed meanwhile. */
    static final Shadowing TRIAL = new Shadowing(25, 6, true);

    /** As shipped. */
    static final Shadowing SHIPPED =
        new Shadowing(
            NodeOptions.VERIFY_MILLIS,
            (int) (CopyPace.Bounds.DEFAULT.maxBytesPerSecond() / 1_000_000),
            false);
  }

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
  private final @Nullable Shadowing shadows;
  private @Nullable Jobs jobs;
  private @Nullable SmallDisk smallDisk;
  private @Nullable Machines machines;

  private Field(
      Java java,
      Path directory,
      Broker broker,
      Path privateKey,
      Path publicKey,
      @Nullable Namespace namespace,
      @Nullable Shadowing shadows) {
    this.java = java;
    this.directory = directory;
    this.broker = broker;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.namespace = namespace;
    this.shadows = shadows;
    pool = new Pool(broker.kafka());
    tape = new Tape(broker.kafka());
  }

  /**
   * Starts the broker and says what an operator would say; nothing else runs yet.
   *
   * @param shadows how shadows are kept, and their job runs too; null for none
   */
  static Field open(
      Java java, Path directory, @Nullable Namespace namespace, @Nullable Shadowing shadows)
      throws Exception {
    Leftovers.end();
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
    Field field = new Field(java, directory, broker, privateKey, publicKey, namespace, shadows);
    field.pool.actWithoutLimits();
    if (shadows != null) {
      field.pool.mode(ActKind.SWITCHOVER, "act");
    }
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
    List<Place> places = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      places.add(new Place("n" + i, "r" + i, "z" + i, "local", Pool.NAME));
    }
    startNodes(places);
    pool.keepHealthy(List.copyOf(nodes.keySet()));
  }

  /** Starts a node at each place. */
  private void startNodes(List<Place> places) throws Exception {
    for (Place each : places) {
      Node node = define(each, namespace != null && nodes.isEmpty());
      nodes.put(each.node(), node);
      node.process().start();
    }
    for (Place each : places) {
      awaitReady(each.node());
    }
  }

  /**
   * Starts the Flink cluster with all jobs, simulated machines, and a node on some of them: what
   * the sense job says of these is all that anybody says of their health.
   */
  void startSensing() throws Exception {
    Machines started = Machines.start(broker.kafka(), directory.resolve("machines"));
    machines = started;
    pool.mode(ActKind.SHADOW, "act");
    startJobs();
    started.awaitPresent();
    startNodes(Machines.places());
    for (Node each : nodes.values()) {
      tape.await(
          0,
          Risk.class,
          "a score of " + each.id(),
          Machines.PATIENCE,
          risk ->
              risk.getEntity().equals(ref(each.id()))
                  && risk.getTier() == Tier.HEALTHY
                  && risk.getTimeMillis() > System.currentTimeMillis() - FRESH_MILLIS);
    }
  }

  /** The machines on which the nodes stand; there are some after {@link #startSensing}. */
  Machines machines() {
    if (machines == null) {
      throw new IllegalStateException("nobody tells of machines");
    }
    return machines;
  }

  /** The newest score of a node. */
  Risk risk(String node) {
    return tape.since(0, Risk.class).stream()
        .filter(each -> each.getEntity().equals(ref(node)))
        .reduce((first, second) -> second)
        .orElseThrow(() -> new IllegalStateException(node + " has no score"));
  }

  /** The folder of a node. */
  Path folder(String id) {
    return directory.resolve("nodes").resolve(id);
  }

  /** The disk of {@link #SMALL}, null when this machine gives it none of its own. */
  @Nullable SmallDisk smallDisk() {
    return smallDisk;
  }

  private Node define(Place place, boolean inside) throws Exception {
    String id = place.node();
    String host =
        namespace == null ? "127.0.0.1" : inside ? namespace.insideHost() : namespace.outsideHost();
    int port = Broker.freePort();
    int debugger = Broker.freePort();
    Path folder = Files.createDirectories(folder(id));
    if (shadows != null && shadows.smallDisk() && id.equals(SMALL) && SmallDisk.possible()) {
      smallDisk = SmallDisk.mount(folder);
    }
    List<String> options =
        new ArrayList<>(
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
                place.pool(),
                "--rack",
                place.rack(),
                "--zone",
                place.zone(),
                "--region",
                place.region(),
                "--trusted-keys",
                publicKey.toString(),
                // One broker has one copy of everything: what power loss does is not tried here.
                "--accept-weak-broker"));
    if (shadows != null) {
      options.addAll(
          List.of(
              "--telemetry-millis",
              // Simulated machines tell how they are: two voices of one name would contradict.
              machines == null ? "1000" : "0",
              "--verify-millis",
              Long.toString(shadows.verifyMillis()),
              "--copy-mb-per-second",
              Integer.toString(shadows.copyMegabytesPerSecond())));
    }
    List<String> words =
        java.forestall(384, inside ? List.of() : List.of(Debugger.option(debugger)), options);
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
    createVolume(volume, segments, segmentBytes, owner, others(owner));
  }

  /** The same with replicas on some of the other nodes only. */
  void createVolume(
      String volume, int segments, long segmentBytes, String owner, List<String> replicas)
      throws Exception {
    createVolume(volume, segments, segmentBytes, BLOCK_BYTES, owner, replicas);
  }

  /** The same with blocks of another size. */
  void createVolume(
      String volume,
      int segments,
      long segmentBytes,
      int blockBytes,
      String owner,
      List<String> replicas)
      throws Exception {
    int mark = tape.mark();
    announceVolume(volume, segments, segmentBytes, blockBytes, owner, replicas);
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
    announceVolume(volume, segments, segmentBytes, BLOCK_BYTES, owner, others(owner));
  }

  private List<String> others(String owner) {
    return nodes.keySet().stream().filter(each -> !each.equals(owner)).toList();
  }

  private void announceVolume(
      String volume,
      int segments,
      long segmentBytes,
      int blockBytes,
      String owner,
      List<String> replicas)
      throws Exception {
    List<Copy> copies = new ArrayList<>();
    for (String each : replicas) {
      copies.add(new Copy(ref(each), CopyRole.REPLICA, CopyState.IN_SYNC, 0L));
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
    map.setPool(machines == null ? Pool.NAME : Machines.place(0).pool());
    map.setSlice(0);
    map.setSlices(1);
    map.setVersion(1);
    map.setVolumeBytes(segments * segmentBytes);
    map.setSegmentBytes(segmentBytes);
    map.setBlockBytes(blockBytes);
    map.setMinReplicas(2);
    map.setSegments(entries);
    map.setTimeMillis(System.currentTimeMillis());
    pool.send(Topics.MAPS, volume + "/0", map);
  }

  /** The newest map of a volume. */
  VolumeMap map(String volume) {
    VolumeMap newest = null;
    for (VolumeMap each : tape.since(0, VolumeMap.class)) {
      if (each.getVolume().equals(volume)
          && (newest == null || each.getVersion() > newest.getVersion())) {
        newest = each;
      }
    }
    if (newest == null) {
      throw new IllegalStateException(volume + " has no map");
    }
    return newest;
  }

  /** Says in the map of a volume what the copies of its units on a node are. */
  void copy(String volume, String node, CopyRole role, CopyState state) throws Exception {
    VolumeMap map = VolumeMap.newBuilder(map(volume)).build();
    for (SegmentEntry segment : map.getSegments()) {
      List<Copy> copies = new ArrayList<>(segment.getCopies());
      copies.removeIf(each -> each.getNode().getId().equals(node));
      copies.add(new Copy(ref(node), role, state, -1L));
      segment.setCopies(copies);
    }
    map.setVersion(map.getVersion() + 1);
    map.setTimeMillis(System.currentTimeMillis());
    int mark = tape.mark();
    pool.send(Topics.MAPS, volume + "/0", map);
    tape.await(
        mark,
        VolumeMap.class,
        "the map of " + volume,
        PATIENCE,
        each -> each.getVolume().equals(volume) && each.getVersion() >= map.getVersion());
  }

  /** Lets writes to a volume be answered before they are in the log, and waits until they are. */
  void asynchronous(String volume, String bound) throws Exception {
    int mark = tape.mark();
    pool.asynchronous(volume, bound, Signatures.Signer.read(privateKey));
    tape.await(
        mark,
        Ownership.class,
        volume + " is asynchronous",
        PATIENCE,
        each -> each.getWriteMode() == WriteMode.ASYNCHRONOUS);
  }

  /** Removes a volume of one segment: nobody keeps a copy of it, and nobody verifies it. */
  void removeVolume(String volume) throws Exception {
    pool.send(Topics.MAPS, volume + "/0", (byte[]) null);
  }

  /** Starts the Flink cluster with correlate and decide, which may sign. */
  Jobs startJobs() throws Exception {
    Jobs started = startCluster();
    submitAll();
    return started;
  }

  /** Starts the Flink cluster with the job alone that feeds shadows. */
  void startMove() throws Exception {
    startCluster().submit("move", moveOptions());
  }

  private Jobs startCluster() throws Exception {
    Jobs started =
        new Jobs(
            java.home(),
            directory,
            broker.kafka().bootstrapServers(),
            Shadowing.SHIPPED.equals(shadows),
            machines == null ? Jobs.Memory.SMALL : Jobs.Memory.WITH_SENSE);
    jobs = started;
    started.start();
    return started;
  }

  private void submitAll() throws Exception {
    jobs().submit("correlate", correlateOptions());
    jobs().submit("decide", decideOptions());
    if (shadows != null) {
      jobs().submit("move", moveOptions());
    }
    if (machines != null) {
      jobs().submit("sense", senseOptions());
    }
  }

  /** Simulated machines are in step, and a disk's entry may come after its history has begun. */
  private static List<String> senseOptions() {
    return List.of(
        "--forestall.sense.out-of-orderness=5 s", "--forestall.sense.unknown-entity-grace=130 d");
  }

  /** What is lost to the streams of shadows is taken for lost sooner than as shipped. */
  static List<String> moveOptions() {
    return List.of("--forestall.move.lost-after=10 s", "--forestall.move.resync-again=2 s");
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
    if (machines != null) {
      // The trial does not wait as long as shipped to see a shadow come.
      options.add("--forestall.decide.shadow-enter-dwell=10 s");
      // The sense job is behind for as long as the history is told.
      options.add("--forestall.decide.max-sample-age=7 d");
      options.add("--forestall.decide.max-lag=7 d");
      options.add("--forestall.decide.max-telemetry-age=30 d");
    }
    return options;
  }

  /** Brings a fresh cluster after {@link Jobs#killAll}; its jobs begin anew, from the logs. */
  void restartJobs() throws Exception {
    jobs().start();
    submitAll();
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
    if (machines != null) {
      machines.close();
    }
    if (jobs != null) {
      jobs.close();
    }
    for (Node each : nodes.values()) {
      each.process().close();
    }
    broker.close();
    if (smallDisk != null) {
      smallDisk.close();
    }
    if (namespace != null) {
      namespace.close();
    }
  }
}
