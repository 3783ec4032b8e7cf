package io.forestall.app.doors;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a user runs it: a process of its own, ended by kill -9 and by Ctrl-C. */
@Timeout(1500)
class DemoIT {
  private static final Duration PATIENCE = Duration.ofSeconds(180);

  /** A dying card is found in seven minutes, in the median. */
  private static final Duration FOUND_WITHIN = Duration.ofMinutes(15);

  private static final int DISKS = 2 * 45;
  private static final long DAY_MILLIS = 86_400_000L;

  @Test
  void goesOnAfterKillMinusNineAndEndsOnControlC(@TempDir Path folder) throws Exception {
    Path directory = folder.resolve("var with a space");
    Map<String, Long> before;
    try (Door demo = demo(folder, directory)) {
      demo.awaitText("Ctrl-C ends all of it", PATIENCE);
      assertThat(demo.text())
          .contains(", new")
          .contains("runs, from the beginning; second lane: Deeplearning4j")
          .contains("Simulated fleet (not real)");
      String kafka = demo.word("Kafka");
      // Ten days of every disk, and a checkpoint that has seen some of it.
      Await.until(
          PATIENCE,
          "scores",
          () -> {
            Map<String, Long> scored = samples(kafka);
            return scored.size() == DISKS && scored.values().stream().allMatch(n -> n >= 10);
          });
      // The console reads the topic by itself and may be a moment behind.
      String console = demo.word("console");
      Await.until(
          PATIENCE,
          "the console shows scores",
          () -> get(console + "api/v1/risk").contains("\"score\""));
      assertThat(get(console)).contains("<html");
      Await.until(PATIENCE, "the second lane", () -> lane(kafka) > 0);
      Path checkpoints = directory.resolve("flink/checkpoints/forestall-sense");
      Await.until(
          PATIENCE,
          "a checkpoint",
          () -> io.forestall.app.runtime.Checkpoints.newestComplete(checkpoints).isPresent());
      before = samples(kafka);
      demo.signal("KILL");
      assertThat(demo.ended(PATIENCE).exitCode()).isNotZero();
    }
    try (Door demo = demo(folder, directory)) {
      demo.awaitText("Ctrl-C ends all of it", PATIENCE);
      assertThat(demo.text())
          .contains("goes on with its data")
          .contains("runs, from its checkpoint flink/checkpoints/forestall-sense/");
      String kafka = demo.word("Kafka");
      // The counts of samples go on from where they were: nothing is lost, nothing counts twice.
      Await.until(
          PATIENCE,
          "the scores go on",
          () ->
              samples(kafka).entrySet().stream()
                  .allMatch(e -> e.getValue() > before.getOrDefault(e.getKey(), 0L)));
      assertContinuous(kafka);

      demo.interrupt();
      Door.Said said = demo.ended(Duration.ofSeconds(60));
      assertThat(said.text()).contains("Ending ...").contains("Ended;").doesNotContain("\tat ");
    }
    assertThat(io.forestall.app.runtime.LocalRuntime.isFree(directory)).isTrue();
  }

  @Test
  void saysInOneLineWhatIsWrongAndStartsNothing(@TempDir Path folder) throws Exception {
    Path directory = folder.resolve("var");
    try (java.net.ServerSocket taken =
        new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      for (String option : List.of("--kafka-port", "--flink-port", "--console-port")) {
        List<String> ports =
            new ArrayList<>(
                List.of("--kafka-port", "0", "--flink-port", "0", "--console-port", "0"));
        ports.set(ports.indexOf(option) + 1, port);
        List<String> all = new ArrayList<>(List.of("--no-browser", "--directory"));
        all.add(directory.toString());
        all.addAll(ports);
        Door.Said said = Door.run(folder, Map.of(), "demo", all.toArray(String[]::new));
        assertThat(said.exitCode()).as(said.text()).isEqualTo(3);
        assertThat(said.lines().get(said.lines().size() - 1))
            .contains("port " + port)
            .contains("in use")
            .contains(option);
        assertThat(directory.resolve("kafka")).doesNotExist();
      }
    }
    Door.Said full =
        Door.run(
            folder,
            Map.of("FORESTALL_MIN_FREE_MIB", "99999999"),
            "demo",
            "--no-browser",
            "--directory",
            directory.toString());
    assertThat(full.exitCode()).isEqualTo(1);
    assertThat(full.lines()).hasSize(1);
    assertThat(full.text()).contains("MiB free").contains("--directory");

    Door.Said noData =
        Door.run(folder, Map.of(), "demo", "--data", folder.resolve("nowhere").toString());
    assertThat(noData.exitCode()).isEqualTo(2);
    assertThat(noData.lines()).hasSize(1);

    Door.Said notOurs =
        Door.run(folder, Map.of(), "demo", "--fresh", "--directory", folder.toString());
    assertThat(notOurs.exitCode()).isEqualTo(4);
    assertThat(notOurs.text()).contains("was not made by a demo");
  }

  @Test
  @EnabledIfSystemProperty(
      named = "forestall.long",
      matches = "true",
      disabledReason = "takes two minutes; scripts/alerts-demo asks the same of the alerts")
  void aPlantedFaultIsFoundWhereItIsAndNowhereElse(@TempDir Path folder) throws Exception {
    Path directory = folder.resolve("var");
    assertThat(Door.run(folder, Map.of(), "forestall", fault(directory, "list")).exitCode())
        .as("no demo runs yet")
        .isEqualTo(3);
    // Twenty times the pace of life: what takes five minutes takes fifteen seconds.
    try (Door demo =
        demo(
            folder,
            directory,
            10,
            "--no-lane",
            "--speed",
            "4320000",
            "--pace",
            "20",
            "--every",
            "15s",
            "--warm-up",
            "3h")) {
      demo.awaitText("have come to the present", PATIENCE);
      String kafka = demo.word("Kafka");
      Await.until(
          PATIENCE, "every machine has a score", () -> machines(kafka).size() >= 10 + 4 + 4);
      assertThat(troubled(kafka, FailureMode.NETWORK)).isEmpty();

      Door.Said wrong =
          Door.run(
              folder,
              Map.of(),
              "forestall",
              fault(directory, "plant", "slow-disk", "--target", "node/n-0003"));
      assertThat(wrong.exitCode()).as(wrong.text()).isEqualTo(2);
      assertThat(wrong.text()).contains("slow-disk befalls disk");
      Door.Said nobody =
          Door.run(
              folder,
              Map.of(),
              "forestall",
              fault(directory, "plant", "dying-nic", "--target", "node/n-0099"));
      assertThat(nobody.exitCode()).as(nobody.text()).isEqualTo(1);
      assertThat(nobody.text()).contains("there is no node/n-0099");

      Door.Said planted =
          Door.run(
              folder,
              Map.of(),
              "forestall",
              fault(
                  directory,
                  "plant",
                  "dying-nic",
                  "--target",
                  "node/n-0003",
                  "--for",
                  "2h",
                  "--severity",
                  "0.9"));
      assertThat(planted.exitCode()).as(planted.text()).isEqualTo(0);
      assertThat(planted.text()).contains("f-1").contains("active").contains("node/n-0003");
      Await.until(
          PATIENCE,
          "the node is found",
          () -> troubled(kafka, FailureMode.NETWORK).contains("NODE n-0003"));

      Door.Said cleared = Door.run(folder, Map.of(), "forestall", fault(directory, "clear", "f-1"));
      assertThat(cleared.text()).contains("over");
      Door.Said listed =
          Door.run(folder, Map.of(), "forestall", fault(directory, "list", "--output", "json"));
      assertThat(listed.text()).contains("\"state\" : \"over\"").contains("\"NETWORK\"");
      // Of machines and edges nobody else was blamed; a volume on that node has every right to.
      assertThat(troubled(kafka, FailureMode.NETWORK))
          .filteredOn(entity -> !entity.startsWith("VOLUME"))
          .containsExactly("NODE n-0003");
      assertThat(troubled(kafka, FailureMode.SOFTWARE)).isEmpty();
      demo.interrupt();
      demo.ended(Duration.ofSeconds(60));
    }
  }

  /**
   * What the README promises: a machine with a real storage node is cleared for maintenance, and
   * its volume moves; the node of another is gone, and its volume has another owner; a node of
   * level 1 runs its programs, and is let in again; all the while the client reads and writes.
   */
  @Test
  void movesVolumesOfRealNodesBeforeTheEyesOfTheirClient(@TempDir Path folder) throws Exception {
    Path directory = folder.resolve("var");
    try (Door demo = withStorage(folder, directory)) {
      String console = demo.word("console");
      String kafka = demo.word("Kafka");

      evacuate(folder, kafka, "node/n-0002");
      evacuate(folder, kafka, "node/n-0009");
      plant(folder, directory, "silent-node", "node/n-0017", "1m");
      Await.until(
          PATIENCE,
          "the volume of the node under maintenance has another owner",
          () ->
              confirmed(console, "node/n-0009") && !owner(console, "demo-2").equals("node/n-0009"));
      Await.until(
          PATIENCE,
          "the volume of the dead node has another owner",
          () ->
              confirmed(console, "node/n-0017") && !owner(console, "demo-3").equals("node/n-0017"));
      Await.until(
          PATIENCE,
          "the programs of the node of level 1 have cleared it",
          () -> done(console, "node/n-0002", "DRAIN"));
      maintenance(folder, kafka, "end", "--entity", "node/n-0002");
      Await.until(
          PATIENCE, "they have let it in again", () -> done(console, "node/n-0002", "RETURN"));
      endsWell(demo);
    }
    assertThat(io.forestall.app.runtime.LocalRuntime.isFree(directory)).isTrue();
  }

  /** The same from the telemetry on: a network card is about to fail. At the pace of life. */
  @Test
  @EnabledIfSystemProperty(
      named = "forestall.long",
      matches = "true",
      disabledReason = "takes up to a quarter of an hour")
  void aFailingDeviceOfARealNodeMovesItsVolumeBeforeItFails(@TempDir Path folder) throws Exception {
    Path directory = folder.resolve("var");
    try (Door demo = withStorage(folder, directory)) {
      String console = demo.word("console");
      plant(folder, directory, "dying-nic", "node/n-0001", "2h");
      Await.until(
          FOUND_WITHIN,
          "the card is found, its volume has moved and its client's pause is known",
          () ->
              confirmed(console, "node/n-0001") && !owner(console, "demo-1").equals("node/n-0001"));
      assertThat(owner(console, "demo-2")).as("nobody else moved").isEqualTo("node/n-0009");
      endsWell(demo);
    }
  }

  private static Door withStorage(Path folder, Path directory) throws Exception {
    Door demo = demo(folder, directory, 24, "--no-lane", "--speed", "8640000");
    try {
      demo.awaitText("storage  real storage on n-0001, n-0009, n-0017", PATIENCE);
      String console = demo.word("console");
      Await.until(
          PATIENCE,
          "every volume has its owner",
          () ->
              owner(console, "demo-1").equals("node/n-0001")
                  && owner(console, "demo-2").equals("node/n-0009")
                  && owner(console, "demo-3").equals("node/n-0017"));
      assertThat(items(get(console + "api/v1/sagas"))).isEmpty();
      return demo;
    } catch (Throwable e) {
      demo.close();
      throw e;
    }
  }

  private static void endsWell(Door demo) throws Exception {
    demo.awaitText("volumes: ", PATIENCE);
    assertThat(demo.text())
        .contains(" 0 wrong, 0 errors")
        .doesNotContainPattern(" [1-9][0-9,]* (wrong|errors)");
    demo.interrupt();
    assertThat(demo.ended(Duration.ofSeconds(60)).text()).contains("Ended;");
  }

  private static void evacuate(Path folder, String kafka, String node) throws Exception {
    maintenance(folder, kafka, "add", "--entity", node, "--evacuate", "--for", "1h");
  }

  private static void maintenance(Path folder, String kafka, String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("maintenance"));
    command.addAll(List.of(words));
    command.addAll(List.of("--reason", "new fans", "--bootstrap-servers", kafka));
    Door.Said said = Door.run(folder, Map.of(), "forestall", command.toArray(new String[0]));
    assertThat(said.exitCode()).as(said.text()).isEqualTo(0);
  }

  private static boolean done(String console, String subject, String act) throws Exception {
    return items(get(console + "api/v1/sagas")).stream()
        .anyMatch(
            saga ->
                saga.path("subject").asText().equals(subject)
                    && saga.path("act").asText().equalsIgnoreCase(act)
                    && saga.path("state").asText().equals("done"));
  }

  private static void plant(Path folder, Path directory, String kind, String target, String length)
      throws Exception {
    Door.Said planted =
        Door.run(
            folder,
            Map.of(),
            "forestall",
            fault(directory, "plant", kind, "--target", target, "--for", length));
    // On a busy machine the demo may take it later than its command waits; it is written by then.
    assertThat(planted.exitCode() == 0 || planted.text().contains("It takes it then"))
        .as(planted.text())
        .isTrue();
  }

  private static boolean confirmed(String console, String subject) throws Exception {
    return items(get(console + "api/v1/sagas")).stream()
        .anyMatch(
            saga ->
                saga.path("subject").asText().equals(subject)
                    && saga.path("state").asText().equals("confirmed")
                    && saga.path("clientPauseMillis").isNumber());
  }

  private static List<JsonNode> items(String json) throws Exception {
    List<JsonNode> all = new ArrayList<>();
    new ObjectMapper().readTree(json).path("items").forEach(all::add);
    return all;
  }

  private static String owner(String console, String volume) throws Exception {
    return new ObjectMapper()
        .readTree(get(console + "api/v1/volumes/" + volume))
        .path("segments")
        .path(0)
        .path("owner")
        .asText();
  }

  private static String[] fault(Path directory, String... words) {
    List<String> all = new ArrayList<>(List.of("demo", "fault"));
    all.addAll(List.of(words));
    all.addAll(List.of("--directory", directory.toString()));
    return all.toArray(String[]::new);
  }

  /** Names of the machines that have a score. */
  private static Set<String> machines(String kafka) throws Exception {
    Set<String> names = new TreeSet<>();
    for (Risk risk : records(kafka, Topics.RISK)) {
      switch (risk.getEntity().getKind()) {
        case NODE, PROCESSOR, HEAD -> names.add(risk.getEntity().toString());
        default -> {}
      }
    }
    return names;
  }

  /** Everything that ever was at warning or worse by a mode. */
  private static Set<String> troubled(String kafka, FailureMode mode) throws Exception {
    Set<String> names = new TreeSet<>();
    for (Risk risk : records(kafka, Topics.RISK)) {
      if (risk.getModes().stream()
          .anyMatch(each -> each.getMode() == mode && each.getProbability() >= 0.06)) {
        names.add(risk.getEntity().getKind() + " " + risk.getEntity().getId());
      }
    }
    return names;
  }

  private static Door demo(Path folder, Path directory) throws Exception {
    return demo(folder, directory, 2, "--lane-share", "0.5", "--speed", "432000");
  }

  private static Door demo(Path folder, Path directory, int nodes, String... more)
      throws Exception {
    List<String> all = new ArrayList<>();
    Collections.addAll(
        all,
        "--no-browser",
        "--directory",
        directory.toString(),
        "--kafka-port",
        "0",
        "--flink-port",
        "0",
        "--console-port",
        "0",
        "--nodes",
        Integer.toString(nodes),
        // Nobody leaves, so every disk's counts go on to the end.
        "--hazard",
        "0",
        "-D",
        "execution.checkpointing.interval=1 s",
        "-D",
        "forestall.sense.fleet-quiet=1 s");
    Collections.addAll(all, more);
    // A whole fleet with storage nodes has the heap that users give it.
    Map<String, String> heap = nodes > 2 ? Map.of() : Map.of("FORESTALL_HEAP", "1500m");
    return Door.open(folder, heap, "demo", all.toArray(String[]::new));
  }

  private static String get(String address) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString())
        .body();
  }

  /** The newest count of samples of each disk. */
  private static Map<String, Long> samples(String kafka) throws Exception {
    Map<String, Long> newest = new HashMap<>();
    for (Risk risk : records(kafka, Topics.RISK)) {
      if (risk.getEntity().getKind() == EntityKind.DISK) {
        newest.merge(risk.getEntity().getId(), risk.getSamples(), Math::max);
      }
    }
    return newest;
  }

  /** Every disk's counts are 1, 2, 3 ... with repeats, which say the same, and no gap. */
  private static void assertContinuous(String kafka) throws Exception {
    Map<String, Map<Long, Risk>> all = new HashMap<>();
    for (Risk risk : records(kafka, Topics.RISK)) {
      // The days of the history; later a disk's I/O has a word too, between two samples.
      if (risk.getStale()
          || risk.getEntity().getKind() != EntityKind.DISK
          || risk.getTimeMillis() % DAY_MILLIS != 0) {
        continue;
      }
      Risk earlier =
          all.computeIfAbsent(risk.getEntity().getId(), id -> new HashMap<>())
              .put(risk.getSamples(), risk);
      if (earlier != null) {
        assertThat(risk.getScore()).isEqualTo(earlier.getScore());
        assertThat(risk.getTimeMillis()).isEqualTo(earlier.getTimeMillis());
      }
    }
    all.forEach(
        (disk, bySamples) -> {
          long most = bySamples.keySet().stream().mapToLong(n -> n).max().orElse(0);
          assertThat(bySamples).as("disk %s", disk).hasSize((int) most);
        });
  }

  private static int lane(String kafka) throws Exception {
    return records(kafka, Topics.RISK_LANE).size();
  }

  private static List<Risk> records(String kafka, Topics topic) throws Exception {
    Properties properties = new KafkaOptions(kafka, "forestall").clientProperties();
    AvroCodec<Risk> codec = AvroCodec.of(Risk.class);
    List<Risk> all = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name("forestall")).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          if (record.value() == null) {
            continue; // what has ended
          }
          Risk risk = codec.decode(record.value());
          assertThat(new String(record.key(), StandardCharsets.UTF_8))
              .isEqualTo(Keys.of(risk.getEntity()));
          all.add(risk);
        }
      }
    }
    return all;
  }
}
