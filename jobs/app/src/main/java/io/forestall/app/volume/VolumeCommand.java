package io.forestall.app.volume;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.TextTable;
import io.forestall.app.operate.Listening;
import io.forestall.app.operate.Times;
import io.forestall.app.operate.TopicScan;
import io.forestall.app.operate.WriteModeCommand;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import io.forestall.wire.SchemaTopic;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall volume attach|create|list|mode|show}: volumes and who owns their segments (D1).
 */
@Command(
    name = "volume",
    description = "Volumes: made, used, looked at.",
    subcommands = {
      AttachCommand.class,
      WriteModeCommand.class,
      VolumeCommand.Create.class,
      VolumeCommand.ListAll.class,
      VolumeCommand.Show.class
    })
public final class VolumeCommand implements Runnable {

  /** Label of a node's fleet entry: the level of the contract that it keeps, 0 to 2. */
  static final String LEVEL = "forestall.level";

  /** Label of a node's fleet entry: what is free on it; bytes. */
  static final String FREE_BYTES = "free-bytes";

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long PROGRESS_MILLIS = Duration.ofMinutes(15).toMillis();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "say what to do: attach, create, list, mode, show");
  }

  /** Makes a volume. */
  @Command(
      name = "create",
      description = {
        "Makes a volume: writes its map, which names the first owner and the replicas of each",
        "segment, chosen over zones and racks from the storage nodes in the fleet. The owners take",
        "their segments when they read it."
      })
  static final class Create implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
    private String volume = "";

    @Option(
        names = "--size",
        paramLabel = "SIZE",
        required = true,
        description = "Size, such as 10GiB.")
    private String size = "";

    @Option(
        names = "--pool",
        paramLabel = "ID",
        description = "Pool. Default: that of the storage nodes, when there is only one.")
    private @Nullable String pool;

    @Option(
        names = "--segment-size",
        paramLabel = "SIZE",
        defaultValue = "1GiB",
        description = "Size of a segment, the unit that has an owner. Default: ${DEFAULT-VALUE}.")
    private String segmentSize = "1GiB";

    @Option(
        names = "--block-size",
        paramLabel = "SIZE",
        defaultValue = "4KiB",
        description = "Unit of reading and writing. Default: ${DEFAULT-VALUE}.")
    private String blockSize = "4KiB";

    @Option(
        names = "--copies",
        paramLabel = "COUNT",
        description =
            "Copies of each segment, the owner's with them. Default: 3, or as many as are named.")
    private @Nullable Integer copies;

    @Option(
        names = "--min-copies",
        paramLabel = "COUNT",
        description = "Copies below which no act may go. Default: one fewer than --copies.")
    private @Nullable Integer minCopies;

    @Option(
        names = "--owner",
        paramLabel = "NODE",
        description = "First owner of every segment. Default: the nodes take turns.")
    private @Nullable String owner;

    @Option(
        names = "--replicas",
        paramLabel = "NODE",
        split = ",",
        description = "Nodes of the further copies of every segment, by preference.")
    private List<String> replicas = new ArrayList<>();

    @Option(
        names = "--other-region",
        description =
            "Ask for a copy in another region than the owner's: the guard plans a shadow there"
                + " when none of the copies is.")
    private boolean otherRegion;

    @Option(names = "--dry-run", description = "Show where it would go, write nothing.")
    private boolean dryRun;

    @Option(
        names = "--wait",
        paramLabel = "SECONDS",
        description = "Wait so long at most until every segment has its owner.")
    private @Nullable Integer waitSeconds;

    @Override
    public Integer call() throws InterruptedException {
      KafkaOptions kafka = listening.kafka();
      long now = System.currentTimeMillis();
      Fleet fleet = Fleet.read(kafka);
      Subject first = owner == null ? null : fleet.named(owner);
      List<Subject> further = replicas.stream().map(fleet::named).toList();
      Set<String> pools = new TreeSet<>();
      for (Fleet.Member member : fleet.members.values()) {
        boolean named =
            member.node().node().equals(first) || further.contains(member.node().node());
        if (member.pool() != null
            && (named || (first == null && further.isEmpty() && member.stores()))) {
          pools.add(member.pool());
        }
      }
      String chosen = pool;
      if (chosen == null) {
        if (pools.size() != 1) {
          throw CommandFailure.usage(
              pools.isEmpty()
                  ? "no storage node of a pool is in the fleet: start one (forestall node run), or"
                      + " say --pool with --owner and --replicas"
                  : "say --pool: there are " + String.join(", ", pools));
        }
        chosen = pools.iterator().next();
      }
      String inPool = chosen;
      int count = copies != null ? copies : replicas.isEmpty() ? 3 : replicas.size() + 1;
      VolumePlan.Shape shape =
          new VolumePlan.Shape(
              volume,
              inPool,
              Sizes.bytes("--size", size),
              Sizes.bytes("--segment-size", segmentSize),
              (int) Math.min(Integer.MAX_VALUE, Sizes.bytes("--block-size", blockSize)),
              count,
              minCopies != null ? minCopies : Math.max(1, count - 1),
              otherRegion);
      List<MapSlice> plan =
          VolumePlan.plan(
              shape,
              fleet.members.values().stream()
                  .filter(member -> member.stores() && inPool.equals(member.pool()))
                  .map(Fleet.Member::node)
                  .toList(),
              first,
              further,
              now);
      refuseTakenName(kafka);
      if (!dryRun) {
        append(kafka, plan, now);
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (waitSeconds != null && !dryRun) {
        await(kafka, plan, waitSeconds);
      }
      print(plan, out);
      return ExitCodes.OK;
    }

    /** A name is never used again: the log of its units goes on where it ended. */
    private void refuseTakenName(KafkaOptions kafka) {
      VolumeView view = new VolumeView();
      var unused = readMaps(kafka, view);
      if (view.volume(volume) != null) {
        throw new CommandFailure(
            ExitCodes.REFUSED,
            "there is a volume " + volume + " already: forestall volume show " + volume);
      }
      unused = readOwnership(kafka, view);
      if (view.everTaken(volume + "/") > 0) {
        throw new CommandFailure(
            ExitCodes.REFUSED,
            "there was a volume "
                + volume
                + " before, and its units are in the log of ownership: take another name");
      }
    }

    private void print(List<MapSlice> plan, PrintWriter out) {
      MapSlice first = plan.get(0);
      int segments = plan.stream().mapToInt(slice -> slice.segments().size()).sum();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("volume", volume);
        node.put("pool", first.pool());
        node.put("bytes", first.volumeBytes());
        node.put("segmentBytes", first.segmentBytes());
        node.put("blockBytes", first.blockBytes());
        node.put("minReplicas", first.minReplicas());
        node.put("otherRegion", first.otherRegion());
        node.put("written", !dryRun);
        ArrayNode items = node.putArray("segments");
        for (MapSlice slice : plan) {
          for (MapSegment each : slice.segments()) {
            ObjectNode segment = items.addObject();
            segment.put("unit", each.unit());
            segment.put("owner", each.owner().toString());
            ArrayNode nodes = segment.putArray("replicas");
            each.copies().forEach(copy -> nodes.add(copy.node().toString()));
          }
        }
        listening.print(node, out);
        return;
      }
      TextTable table = new TextTable("SEGMENT", "OWNER", "REPLICAS");
      for (MapSegment each : first.segments().subList(0, Math.min(50, first.segments().size()))) {
        table.add(
            each.unit(),
            each.owner().id(),
            each.copies().stream().map(copy -> copy.node().id()).collect(Collectors.joining(", ")));
      }
      table.print(out);
      out.printf(
          Locale.ROOT,
          "%s volume %s: %s in pool %s, %d segments, %d copies, never fewer than %d by an act%n",
          dryRun ? "would make" : "made",
          volume,
          Sizes.text(first.volumeBytes()),
          first.pool(),
          segments,
          first.segments().get(0).copies().size() + 1,
          first.minReplicas());
      out.flush();
    }
  }

  /** Lists. */
  @Command(name = "list", description = "All volumes with their owners, copies and lag.")
  static final class ListAll implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();
    @Mixin private Looking looking = new Looking();

    @Option(names = "--pool", paramLabel = "ID", description = "Only of this pool.")
    private @Nullable String pool;

    @Override
    public Integer call() {
      Read read = looking.read(listening.kafka());
      VolumeView view = read.view;
      List<VolumeView.Volume> shown =
          view.volumes().stream().filter(each -> pool == null || pool.equals(each.pool())).toList();
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode items = node.putArray("items");
        shown.forEach(each -> items.add(VolumeJson.volume(each)));
        node.put("total", shown.size());
        node.put("unreadable", read.unreadable);
        listening.print(node, out);
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable(
              "VOLUME",
              "POOL",
              ">SIZE",
              ">SEGMENTS",
              "OWNERS",
              ">EPOCH",
              ">COPIES",
              ">LAG",
              "SHADOWS",
              "STATE",
              "WHY");
      for (VolumeView.Volume each : shown) {
        table.add(
            each.volume(),
            each.pool(),
            Sizes.text(each.bytes()),
            Integer.toString(each.segmentCount()),
            owners(each),
            Long.toString(each.epoch()),
            Integer.toString(each.copies()),
            each.lagDeltas() == null ? "-" : each.lagDeltas().toString(),
            shadows(each.shadows()),
            word(each.state()),
            each.degraded() == null ? "" : each.degraded());
      }
      table.print(out);
      out.printf(
          Locale.ROOT,
          "%d volume%s%s%n",
          shown.size(),
          shown.size() == 1 ? "" : "s",
          read.unreadable == 0 ? "" : ", " + read.unreadable + " records could not be read");
      out.flush();
      return ExitCodes.OK;
    }

    private static String shadows(VolumeView.Shadows shadows) {
      if (shadows.count() == 0) {
        return "-";
      }
      return shadows.inSync()
          + " of "
          + shadows.count()
          + " in sync"
          + (shadows.missingBytes() == 0
              ? ""
              : ", " + Sizes.text(shadows.missingBytes()) + " to copy")
          + (shadows.lagMillis() == 0 ? "" : ", " + Times.length(shadows.lagMillis()) + " behind");
    }

    private static String owners(VolumeView.Volume volume) {
      List<Map.Entry<Subject, Integer>> all = new ArrayList<>(volume.owners().entrySet());
      all.sort(
          Comparator.comparing((Map.Entry<Subject, Integer> each) -> -each.getValue())
              .thenComparing(each -> each.getKey().id()));
      String names =
          all.stream().limit(3).map(each -> each.getKey().id()).collect(Collectors.joining(", "));
      return all.size() > 3 ? names + " and " + (all.size() - 3) + " more" : names;
    }
  }

  /** Shows one. */
  @Command(
      name = "show",
      description =
          "One volume: who owns each segment, since which epoch, its copies and lags, how its"
              + " shadows follow, whose bytes were found wrong, and the acts on it.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();
    @Mixin private Looking looking = new Looking();

    @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
    private String name = "";

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "1000",
        description = "Segments at most. Default: ${DEFAULT-VALUE}.")
    private int limit = 1000;

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "30d",
        description =
            "How far back acts and wrong bytes are looked for, such as 15min, 7d or all. Default:"
                + " ${DEFAULT-VALUE}.")
    private String since = "30d";

    @Override
    public Integer call() {
      VolumeView view = looking.read(listening.kafka()).view;
      VolumeView.Volume volume = view.volume(name);
      if (volume == null) {
        throw new CommandFailure(
            ExitCodes.FOUND, "no volume is called '" + name + "': forestall volume list shows all");
      }
      List<SagaView.Saga> sagas =
          SagaCommand.read(
                  listening.kafka(), Listening.since(since, System.currentTimeMillis()), view)
              .view()
              .ofVolume(name);
      List<VolumeView.Segment> segments = view.segments(name, 0, Math.max(1, limit));
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        listening.print(VolumeJson.detail(volume, segments, sagas), out);
        return ExitCodes.OK;
      }
      out.printf(
          Locale.ROOT,
          "volume %s: %s in pool %s, %s%n",
          name,
          Sizes.text(volume.bytes()),
          volume.pool(),
          word(volume.state()) + (volume.degraded() == null ? "" : ": " + volume.degraded()));
      out.printf(
          Locale.ROOT,
          "  segments    %d of %s, blocks of %s%n",
          volume.segmentCount(),
          Sizes.text(volume.segmentBytes()),
          Sizes.text(volume.blockBytes()));
      out.printf(
          Locale.ROOT, "  copies      never fewer than %d by an act%n", volume.minReplicas());
      out.printf(Locale.ROOT, "  map         version %d%n", volume.version());
      out.printf(
          Locale.ROOT,
          "  mode        %s%n",
          volume.asynchronous() == 0
              ? "synchronous"
              : volume.asynchronous() + " of " + volume.segmentCount() + " segments asynchronous");
      TextTable table =
          new TextTable("SEGMENT", "OWNER", ">EPOCH", "SINCE", ">WRITES", "COPIES", "STATE");
      for (VolumeView.Segment each : segments) {
        table.add(
            each.unit(),
            each.owner().id(),
            Long.toString(each.epoch()),
            Times.utcOrDash(each.sinceMillis()),
            each.copies().get(0).sequence() == null
                ? "-"
                : String.valueOf(each.copies().get(0).sequence()),
            each.copies().stream().skip(1).map(Show::copy).collect(Collectors.joining(", ")),
            word(each.state()));
      }
      table.print(out);
      shadows(segments, out);
      divergences(segments, out);
      acts(sagas, out);
      out.flush();
      return ExitCodes.OK;
    }

    private static void shadows(List<VolumeView.Segment> segments, PrintWriter out) {
      TextTable table =
          new TextTable(
              "SHADOW OF",
              "ON",
              "STATE",
              ">LAG",
              ">BYTES",
              ">BEHIND",
              ">TO COPY",
              "VERIFIED",
              ">ROUND",
              ">WRONG",
              "HOW");
      boolean any = false;
      for (VolumeView.Segment segment : segments) {
        for (VolumeView.Copy copy : segment.copies()) {
          if (!copy.isShadow()) {
            continue;
          }
          any = true;
          ShadowStanding standing = copy.standing();
          if (standing == null) {
            table.add(
                segment.unit(),
                copy.node().id(),
                SagaView.lower(copy.state()),
                "-",
                "-",
                "-",
                "-",
                "-",
                "-",
                "-",
                "nothing was said of it yet");
            continue;
          }
          table.add(
              segment.unit(),
              copy.node().id(),
              SagaView.lower(copy.state()),
              Long.toString(standing.lagRecords()),
              Sizes.text(standing.lagBytes()),
              SagaCommand.millis(standing.lagMillis()),
              Sizes.text(standing.missingBytes()),
              Times.utcOrDash(standing.verifiedMillis()),
              Long.toString(standing.verifiedRound()),
              Long.toString(standing.divergences()),
              standing.text());
        }
      }
      if (any) {
        out.println();
        table.print(out);
      }
    }

    private static void divergences(List<VolumeView.Segment> segments, PrintWriter out) {
      TextTable table = new TextTable("WRONG BYTES OF", "ON", "FOUND", ">FROM", ">BYTES", "HOW");
      boolean any = false;
      for (VolumeView.Segment segment : segments) {
        for (VolumeView.Divergence each : segment.divergences()) {
          any = true;
          table.add(
              segment.unit(),
              each.holder().id() + (each.attributed() ? "" : " (or another)"),
              Times.utc(each.timeMillis()),
              Long.toString(each.offset()),
              Long.toString(each.length()),
              each.text());
        }
      }
      if (any) {
        out.println();
        table.print(out);
      }
    }

    private static void acts(List<SagaView.Saga> sagas, PrintWriter out) {
      if (sagas.isEmpty()) {
        return;
      }
      TextTable table =
          new TextTable("ACT", "BEGAN", "STATE", "FROM", "TO", ">TOOK", ">PAUSE", "ADMISSION");
      for (SagaView.Saga each : sagas) {
        table.add(
            SagaView.lower(each.act().name()),
            Times.utc(each.issuedMillis()),
            SagaView.lower(each.state()) + (each.open() ? "..." : ""),
            SagaCommand.id(each.source()),
            SagaCommand.id(each.target()),
            SagaCommand.took(each),
            SagaCommand.pause(each),
            each.admission());
      }
      out.println();
      table.print(out);
    }

    private static String copy(VolumeView.Copy copy) {
      return copy.node().id()
          + (copy.isShadow() ? " shadow" : "")
          + (copy.state().equals("IN_SYNC") ? "" : " " + copy.state().toLowerCase(Locale.ROOT))
          + (copy.lagDeltas() == null || copy.lagDeltas() == 0
              ? ""
              : " (" + copy.lagDeltas() + " behind)");
    }
  }

  static String word(VolumeView.State state) {
    return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whose signatures count when one looks (picocli mixin). */
  static final class Looking {
    @Option(
        names = "--trusted-keys",
        paramLabel = "PATH",
        description =
            "Public keys: only takeovers that they signed count. Default: signatures are not"
                + " checked.")
    private @Nullable Path trustedKeys;

    Trusted trusted() {
      if (trustedKeys == null) {
        return Trusted.NONE;
      }
      try {
        return Trusted.read(trustedKeys);
      } catch (KeyFileException e) {
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
    }

    /** What is known; what cannot be read is counted. */
    Read read(KafkaOptions kafka) {
      VolumeView view = new VolumeView(trusted());
      long unreadable = readMaps(kafka, view) + readOwnership(kafka, view);
      AvroCodec<ShadowStatus> standings = AvroCodec.of(ShadowStatus.class);
      unreadable +=
          TopicScan.records(
              kafka,
              Topics.SHADOWS,
              0,
              record ->
                  view.shadow(
                      record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8),
                      record.value() == null ? null : standings.decode(record.value())));
      AvroCodec<Digest> digests = AvroCodec.of(Digest.class);
      unreadable +=
          TopicScan.values(
              kafka,
              Topics.DIGESTS,
              System.currentTimeMillis() - PROGRESS_MILLIS,
              null,
              value -> view.digest(digests.decode(value)));
      return new Read(view, unreadable);
    }
  }

  /** Volumes, and how many records of them could not be read. */
  private record Read(VolumeView view, long unreadable) {}

  /** The nodes of the fleet. */
  private static final class Fleet {
    private record Member(VolumePlan.Node node, @Nullable String pool, @Nullable Integer level) {
      boolean stores() {
        return level != null && level >= 2;
      }
    }

    private final Map<Subject, Member> members = new HashMap<>();

    static Fleet read(KafkaOptions kafka) {
      Fleet fleet = new Fleet();
      AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
      Map<String, FleetEntry> newest = new HashMap<>();
      TopicScan.read(
          kafka,
          Topics.FLEET.name(kafka.topicPrefix()),
          0,
          record -> {
            String key =
                record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
            try {
              if (record.value() == null) {
                newest.remove(key);
              } else if (key.startsWith("node/")) {
                newest.put(key, codec.decode(record.value()));
              }
            } catch (WireException e) {
              newest.remove(key);
            }
          });
      for (FleetEntry entry : newest.values()) {
        String id = entry.getEntity().getId();
        if (entry.getEntity().getKind() == EntityKind.NODE
            && !id.isEmpty()
            && id.length() <= Subject.MAX_ID_CHARS) {
          Long level = number(entry.getLabels().get(LEVEL));
          fleet.members.put(
              Subject.node(id),
              new Member(
                  new VolumePlan.Node(
                      Subject.node(id),
                      said(entry.getRegion()),
                      said(entry.getZone()),
                      said(entry.getRack()),
                      number(entry.getLabels().get(FREE_BYTES))),
                  said(entry.getPool()),
                  level == null ? null : (int) Math.min(2, level)));
        }
      }
      return fleet;
    }

    /** A node that was named; one that is not in the fleet yet is taken at its word. */
    Subject named(String name) {
      Subject node;
      try {
        node = name.contains("/") ? Subject.parse(name) : Subject.node(name);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.usage(String.valueOf(e.getMessage()));
      }
      Member member = members.get(node);
      if (member != null && !member.stores()) {
        throw new CommandFailure(
            ExitCodes.REFUSED,
            "node "
                + name
                + " holds no segments: its fleet entry has no label "
                + LEVEL
                + "=2, which a storage node writes");
      }
      return node;
    }

    private static @Nullable String said(@Nullable String text) {
      return text == null || text.isBlank() ? null : text;
    }

    private static @Nullable Long number(@Nullable String text) {
      try {
        return text == null ? null : Long.valueOf(text);
      } catch (NumberFormatException e) {
        return null;
      }
    }
  }

  private static long readMaps(KafkaOptions kafka, VolumeView view) {
    AvroCodec<VolumeMap> codec = AvroCodec.of(VolumeMap.class);
    return TopicScan.records(
        kafka,
        Topics.MAPS,
        0,
        record ->
            view.map(
                record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8),
                record.value() == null ? null : codec.decode(record.value())));
  }

  private static long readOwnership(KafkaOptions kafka, VolumeView view) {
    AvroCodec<Ownership> codec = AvroCodec.of(Ownership.class);
    return TopicScan.records(
        kafka,
        Topics.OWNERSHIP,
        0,
        record -> {
          if (record.value() != null) {
            view.ownership(
                record.partition(),
                record.offset(),
                codec.decode(record.value()),
                record.timestamp());
          }
        });
  }

  /**
   * Makes a volume, unless there is one of its name.
   *
   * @param candidates nodes of its pool
   * @param owner owner of every segment
   * @param replicas nodes of the further copies
   * @return true when it was made
   * @throws CommandFailure when it cannot be made
   */
  public static boolean makeOnce(
      KafkaOptions kafka,
      VolumePlan.Shape shape,
      List<VolumePlan.Node> candidates,
      Subject owner,
      List<Subject> replicas) {
    VolumeView view = new VolumeView();
    var unused = readMaps(kafka, view);
    if (view.volume(shape.volume()) != null) {
      return false;
    }
    long nowMillis = System.currentTimeMillis();
    append(kafka, VolumePlan.plan(shape, candidates, owner, replicas, nowMillis), nowMillis);
    return true;
  }

  private static void append(KafkaOptions kafka, List<MapSlice> plan, long nowMillis) {
    String topic = Topics.MAPS.name(kafka.topicPrefix());
    MapRecords records = new MapRecords();
    Properties properties = kafka.clientProperties();
    String millis = Long.toString(PATIENCE.toMillis());
    properties.setProperty("acks", "all");
    properties.setProperty("enable.idempotence", "true");
    properties.setProperty("max.block.ms", millis);
    properties.setProperty("request.timeout.ms", millis);
    properties.setProperty("linger.ms", "0");
    properties.setProperty("delivery.timeout.ms", millis);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      SchemaTopic.publish(
          producer,
          Topics.SCHEMAS.name(kafka.topicPrefix()),
          "forestall",
          nowMillis,
          Duration.ofSeconds(5));
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (MapSlice slice : plan) {
        sent.add(
            producer.send(
                new ProducerRecord<>(
                    topic, Keys.bytes(MapRecords.key(slice)), records.encode(slice, null))));
      }
      producer.flush();
      for (Future<RecordMetadata> each : sent) {
        each.get(PATIENCE.toMillis() + 1000, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.unreachable("interrupted while writing to " + topic, e);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw CommandFailure.unreachable(
          "it is not known whether "
              + topic
              + " has the map ("
              + cause
              + "): look with forestall volume list, and make it again if not",
          e);
    }
  }

  private static void await(KafkaOptions kafka, List<MapSlice> plan, int seconds)
      throws InterruptedException {
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    Set<String> open = new HashSet<>();
    plan.forEach(slice -> slice.segments().forEach(each -> open.add(each.unit())));
    while (true) {
      VolumeView view = new VolumeView();
      var unused = readOwnership(kafka, view);
      open.removeIf(unit -> view.owned(unit) != null);
      if (open.isEmpty()) {
        return;
      }
      if (System.nanoTime() > deadlineNanos) {
        String unit = open.iterator().next();
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the volume is made, but nobody took "
                + unit
                + (open.size() == 1 ? "" : " and " + (open.size() - 1) + " more")
                + " within "
                + seconds
                + " s: is its owner running (forestall node run), and reading these topics?");
      }
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while waiting for owners");
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
    }
  }
}
