package io.forestall.app.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.forestall.app.Forestall;
import io.forestall.operators.SenseSettings;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.decide.DecideSettings;
import io.forestall.operators.move.MoveSettings;
import io.forestall.operators.train.TrainSettings;
import io.forestall.topologies.CorrelateJob;
import io.forestall.topologies.DecideJob;
import io.forestall.topologies.MoveJob;
import io.forestall.topologies.SenseJob;
import io.forestall.topologies.TrainJob;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The manifests against schemas of what they use, and against the programs that they start. */
class ManifestsTest {
  private static final Path KUBERNETES = TestingConf.FOLDER.resolve("kubernetes");
  private static final Path COMPOSE = TestingConf.FOLDER.resolve("compose/compose.yaml");
  private static final Path RULE = KUBERNETES.resolve("prometheus-rule.yaml");

  /** Settings whose value in a cluster of containers, or for one that trains, is another one. */
  private static final Set<String> OTHERWISE =
      Set.of("taskmanager.numberOfTaskSlots", "taskmanager.memory.task.off-heap.size");

  /** Every job beside sense, by its short name. */
  private static final Map<String, Class<?>> FURTHER_JOBS =
      Map.of(
          "correlate", CorrelateJob.class,
          "decide", DecideJob.class,
          "move", MoveJob.class,
          "train", TrainJob.class);

  /** Maps whose keys are names that anybody may choose. */
  private static final List<String> FREE =
      List.of("/networks", "/volumes", "/secrets", "/x-flink", "/x-forestall");

  @Test
  void everyManifestFollowsItsSchema() throws IOException {
    Map<String, JsonNode> manifests = manifests();
    assertThat(manifests.keySet()).hasSizeGreaterThan(15);
    manifests.forEach((name, manifest) -> assertThat(problems(manifest)).as(name).isEmpty());
    assertThat(problems("Compose", TestingConf.yaml(COMPOSE))).isEmpty();
  }

  /** A misspelt key anywhere in any manifest is found; Kubernetes would ignore it in silence. */
  @Test
  void aWrongKeyAnywhereIsFound() throws IOException {
    int tried = 0;
    for (Map.Entry<String, JsonNode> manifest : manifests().entrySet()) {
      tried += breakEach(manifest.getKey(), kind(manifest.getValue()), manifest.getValue());
    }
    tried += breakEach("compose", "Compose", TestingConf.yaml(COMPOSE));
    assertThat(tried).isGreaterThan(200);
  }

  private static int breakEach(String name, String kind, JsonNode manifest) {
    int tried = 0;
    for (String pointer : objects(manifest, "")) {
      if (FREE.stream().anyMatch(free -> pointer.equals(free) || pointer.startsWith(free + "/x"))
          || pointer.startsWith("/x-")) {
        continue;
      }
      JsonNode copy = manifest.deepCopy();
      ((ObjectNode) copy.at(pointer)).putObject("wrongKey");
      assertThat(problems(kind, copy)).as("%s: wrongKey at %s", name, pointer).isNotEmpty();
      tried++;
    }
    return tried;
  }

  @Test
  void aWrongValueIsFound() throws IOException {
    JsonNode sense = of(manifests(), "FlinkDeployment/forestall-sense");
    Map<String, JsonNode> wrongs =
        Map.of(
            "/spec/job/upgradeMode", TextNode.valueOf("sometimes"),
            "/spec/job/parallelism", TextNode.valueOf("2"),
            "/spec/flinkVersion", TextNode.valueOf("2.3"),
            "/spec/flinkConfiguration/taskmanager.numberOfTaskSlots", IntNode.valueOf(2));
    for (Map.Entry<String, JsonNode> wrong : wrongs.entrySet()) {
      JsonNode copy = sense.deepCopy();
      int slash = wrong.getKey().lastIndexOf('/');
      ((ObjectNode) copy.at(wrong.getKey().substring(0, slash)))
          .set(wrong.getKey().substring(slash + 1), wrong.getValue());
      assertThat(problems(copy)).as(wrong.getKey()).isNotEmpty();
    }
  }

  @Test
  void kustomizeTakesEveryFileAndEveryManifestIsInTheNamespace() throws IOException {
    Set<String> files = new TreeSet<>();
    try (Stream<Path> all = Files.list(KUBERNETES)) {
      all.map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".yaml") && !file.equals("kustomization.yaml"))
          .forEach(files::add);
    }
    JsonNode kustomization = TestingConf.yaml(KUBERNETES.resolve("kustomization.yaml"));
    Set<String> listed = new TreeSet<>();
    kustomization.get("resources").forEach(file -> listed.add(file.asText()));
    assertThat(listed).isEqualTo(files);
    for (JsonNode manifest : manifests().values()) {
      if (manifest.has("metadata") && !kind(manifest).equals("Namespace")) {
        assertThat(manifest.at("/metadata/namespace").asText()).isEqualTo("forestall");
      }
    }
  }

  /** Write the file anew with {@code -Dforestall.write=true}. */
  @Test
  void thePrometheusRuleIsMadeFromTheRules() throws IOException {
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("apiVersion", "monitoring.coreos.com/v1");
    rule.put("kind", "PrometheusRule");
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", "forestall");
    metadata.put("namespace", "forestall");
    metadata.put("labels", Map.of("app", "forestall"));
    rule.put("metadata", metadata);
    rule.put(
        "spec",
        TestingConf.map(
            TestingConf.yaml(TestingConf.FOLDER.resolve("alerts/forestall.rules.yaml"))));
    String text =
        "# Made from ../alerts/forestall.rules.yaml; a test compares.\n"
            + TestingConf.yamlText(rule);
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(RULE, text, StandardCharsets.UTF_8);
    }
    assertThat(RULE).content(StandardCharsets.UTF_8).isEqualTo(text);
  }

  @Test
  void theJobsThatAreDeployedAreThoseThatAreBuiltWithTheSameSettings() throws IOException {
    // Each refuses an option that the job does not have.
    deployed(
        "sense",
        SenseJob.class,
        settings -> SenseSettings.from(Configuration.fromMap(settings)).kafka());
    deployed(
        "correlate",
        CorrelateJob.class,
        settings -> CorrelateSettings.from(Configuration.fromMap(settings)).kafka());
    deployed(
        "decide",
        DecideJob.class,
        settings -> DecideSettings.from(Configuration.fromMap(settings)).kafka());
    deployed(
        "move",
        MoveJob.class,
        settings -> MoveSettings.from(Configuration.fromMap(settings)).kafka());
    deployed(
        "train",
        TrainJob.class,
        settings -> TrainSettings.from(Configuration.fromMap(settings)).kafka());
  }

  private static void deployed(
      String job, Class<?> entry, Function<Map<String, String>, Map<String, String>> kafka)
      throws IOException {
    JsonNode spec = of(manifests(), "FlinkDeployment/forestall-" + job).get("spec");
    assertThat(spec.at("/job/entryClass").asText()).isEqualTo(entry.getName());
    Map<String, String> settings = new TreeMap<>();
    spec.get("flinkConfiguration")
        .fields()
        .forEachRemaining(field -> settings.put(field.getKey(), field.getValue().asText()));
    assertThat(settings).containsEntry("pipeline.max-parallelism", "" + SenseJob.MAX_PARALLELISM);
    assertThat(kafka.apply(settings))
        .containsEntry("bootstrap.servers", settings.get("forestall.kafka.bootstrap.servers"));

    Map<String, String> shipped = new TreeMap<>();
    flatten("", TestingConf.yaml(TestingConf.FOLDER.resolve("config.yaml")), shipped);
    int compared = 0;
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      if (shipped.containsKey(setting.getKey()) && !OTHERWISE.contains(setting.getKey())) {
        assertThat(setting.getValue())
            .as(setting.getKey())
            .isEqualTo(shipped.get(setting.getKey()));
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(15);
    for (String key : shipped.keySet()) {
      if (key.startsWith("state.") || key.startsWith("execution.") || key.startsWith("pipeline.")) {
        assertThat(settings).as("%s.yaml lacks a setting of config.yaml", job).containsKey(key);
      }
    }
  }

  @Test
  void commandsAreKnownToTheProgram() throws IOException {
    List<List<String>> commands = new ArrayList<>();
    Map<String, JsonNode> manifests = manifests();
    for (String name : List.of("Deployment/forestall-console", "Job/forestall-topics")) {
      JsonNode container = of(manifests, name).at("/spec/template/spec/containers/0");
      assertThat(texts(container.get("command"))).endsWith(Forestall.class.getName());
      commands.add(texts(container.get("args")));
    }
    JsonNode services = TestingConf.yaml(COMPOSE).get("services");
    for (String name : List.of("console", "topics")) {
      assertThat(texts(services.get(name).get("entrypoint"))).endsWith(Forestall.class.getName());
      commands.add(texts(services.get(name).get("command")));
    }
    assertThat(texts(services.at("/jobmanager/command"))).endsWith(SenseJob.class.getName());
    FURTHER_JOBS.forEach(
        (name, job) -> {
          String host = name + "-jobmanager";
          String address = "-Djobmanager.rpc.address=" + host;
          assertThat(texts(services.at("/" + host + "/command"))).contains(job.getName(), address);
          assertThat(texts(services.at("/" + name + "-taskmanager/command"))).contains(address);
        });
    for (List<String> command : commands) {
      CommandLine.ParseResult parsed =
          new CommandLine(new Forestall()).parseArgs(command.toArray(String[]::new));
      assertThat(parsed.hasSubcommand()).as(command.toString()).isTrue();
    }
  }

  @Test
  void portsLabelsAndReferencesMeet() throws IOException {
    Map<String, JsonNode> manifests = manifests();
    JsonNode configured = of(manifests, "ConfigMap/forestall-settings").get("data");
    Set<String> jobs = new TreeSet<>(Set.of("forestall-sense"));
    FURTHER_JOBS.keySet().forEach(job -> jobs.add("forestall-" + job));
    for (String name : jobs) {
      JsonNode job = of(manifests, "FlinkDeployment/" + name);
      JsonNode flinkPort = job.at("/spec/podTemplate/spec/containers/0/ports/0");
      assertThat(job.at("/spec/podTemplate/spec/containers/0/name").asText())
          .isEqualTo("flink-main-container");
      JsonNode configuration = job.get("spec").get("flinkConfiguration");
      assertThat(flinkPort.get("containerPort").asText())
          .isEqualTo(configuration.get("metrics.reporter.prom.port").asText());
      JsonNode pods = of(manifests, "PodMonitor/" + name);
      assertThat(pods.at("/spec/podMetricsEndpoints/0/port")).isEqualTo(flinkPort.get("name"));
      // The operator labels the pods with the name of the deployment.
      assertThat(pods.at("/spec/selector/matchLabels/app")).isEqualTo(job.at("/metadata/name"));
      assertThat(manifests)
          .containsKey("ServiceAccount/" + job.at("/spec/serviceAccount").asText());
      assertThat(configuration.get("forestall.kafka.bootstrap.servers"))
          .isEqualTo(configured.get("FORESTALL_BOOTSTRAP_SERVERS"));
    }

    JsonNode console = of(manifests, "Deployment/forestall-console");
    JsonNode service = of(manifests, "Service/forestall-console");
    JsonNode labels = console.at("/spec/template/metadata/labels");
    assertThat(console.at("/spec/selector/matchLabels")).isEqualTo(labels);
    assertThat(service.at("/spec/selector")).isEqualTo(labels);
    assertThat(of(manifests, "NetworkPolicy/forestall-console").at("/spec/podSelector/matchLabels"))
        .isEqualTo(labels);
    JsonNode monitor = of(manifests, "ServiceMonitor/forestall-console");
    assertThat(monitor.at("/spec/selector/matchLabels")).isEqualTo(service.at("/metadata/labels"));
    assertThat(monitor.at("/spec/endpoints/0/port")).isEqualTo(service.at("/spec/ports/0/name"));

    for (JsonNode manifest : manifests.values()) {
      for (String account : manifest.findValuesAsText("serviceAccountName")) {
        assertThat(manifests).containsKey("ServiceAccount/" + account);
      }
      for (JsonNode claim : manifest.findValues("claimName")) {
        assertThat(manifests).containsKey("PersistentVolumeClaim/" + claim.asText());
      }
      for (JsonNode map : manifest.findValues("configMapRef")) {
        assertThat(manifests).containsKey("ConfigMap/" + map.get("name").asText());
      }
    }
  }

  @Test
  void podsHaveNoMoreRightsThanTheyNeedAndNoSecretIsWrittenDown() throws IOException {
    for (Map.Entry<String, JsonNode> manifest : manifests().entrySet()) {
      assertThat(manifest.getKey()).doesNotStartWith("Secret/");
      for (JsonNode pod : manifest.getValue().findParents("containers")) {
        assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
        for (JsonNode container : pod.get("containers")) {
          assertThat(container.at("/securityContext/allowPrivilegeEscalation").asBoolean(true))
              .as(manifest.getKey())
              .isFalse();
          assertThat(container.at("/securityContext/capabilities/drop/0").asText())
              .isEqualTo("ALL");
        }
      }
    }
    assertThat(of(manifests(), "Service/forestall-console").at("/spec/type").asText())
        .isEqualTo("ClusterIP");
  }

  @Test
  void whatComposeNamesIsThere() throws IOException {
    JsonNode compose = TestingConf.yaml(COMPOSE);
    JsonNode services = compose.get("services");
    Path folder = TestingConf.FOLDER.resolve("compose");
    for (JsonNode service : services) {
      service
          .path("depends_on")
          .fieldNames()
          .forEachRemaining(name -> assertThat(services.has(name)).as(name).isTrue());
      service
          .path("networks")
          .forEach(name -> assertThat(compose.get("networks").has(name.asText())).isTrue());
      service
          .path("secrets")
          .forEach(name -> assertThat(compose.get("secrets").has(name.asText())).isTrue());
      for (JsonNode volume : service.path("volumes")) {
        String source = volume.asText().substring(0, volume.asText().indexOf(':'));
        if (source.startsWith(".")) {
          assertThat(folder.resolve(source)).exists();
        } else {
          assertThat(compose.get("volumes").has(source)).as(source).isTrue();
        }
      }
      assertThat(service.get("image").asText()).doesNotEndWith(":latest");
    }
    Path context = folder.resolve(services.at("/jobmanager/build/context").asText());
    assertThat(context.normalize()).isEqualTo(Path.of("..", "..", "jobs", "app", "target"));
    assertThat(context.resolve(services.at("/jobmanager/build/dockerfile").asText()).normalize())
        .exists();
    JsonNode scrapes = TestingConf.yaml(folder.resolve("prometheus.yml")).get("scrape_configs");
    for (JsonNode target : scrapes.findValues("targets")) {
      for (JsonNode address : target) {
        assertThat(services.has(address.asText().split(":", 2)[0])).as(address.asText()).isTrue();
      }
    }
    Map<String, String> flink = new HashMap<>();
    for (JsonNode document :
        TestingConf.documents(services.at("/jobmanager/environment/FLINK_PROPERTIES").asText())) {
      document
          .fields()
          .forEachRemaining(field -> flink.put(field.getKey(), field.getValue().asText()));
    }
    assertThat(SenseSettings.from(Configuration.fromMap(flink)).kafka())
        .containsEntry("bootstrap.servers", "kafka:19092");
  }

  @Test
  void promtoolAcceptsTheSettingsOfPrometheus() throws Exception {
    TestingPromtool.Said said =
        TestingPromtool.run(
            "promtool", "check", "config", "--syntax-only", "flink-conf/compose/prometheus.yml");
    assertThat(said.exitCode()).as(said.text()).isZero();
  }

  // ---- helpers

  private static Map<String, JsonNode> manifests() throws IOException {
    Map<String, JsonNode> manifests = new TreeMap<>();
    try (Stream<Path> files = Files.list(KUBERNETES)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".yaml")).toList()) {
        for (JsonNode manifest : TestingConf.documents(file)) {
          String name = kind(manifest) + "/" + manifest.at("/metadata/name").asText();
          assertThat(manifests.put(name, manifest)).as("%s is there twice", name).isNull();
        }
      }
    }
    return manifests;
  }

  private static JsonNode of(Map<String, JsonNode> manifests, String name) {
    return Objects.requireNonNull(manifests.get(name), name);
  }

  private static String kind(JsonNode manifest) {
    return manifest.path("kind").asText();
  }

  private static Set<ValidationMessage> problems(JsonNode manifest) {
    return problems(kind(manifest), manifest);
  }

  private static Set<ValidationMessage> problems(String kind, JsonNode manifest) {
    ObjectNode schema = schemas().deepCopy();
    assertThat(schema.get("$defs").has(kind)).as("a schema for %s", kind).isTrue();
    schema.put("$ref", "#/$defs/" + kind);
    return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
        .getSchema(schema)
        .validate(manifest);
  }

  private static ObjectNode schemas() {
    try (InputStream in = ManifestsTest.class.getResourceAsStream("manifests.schema.yaml")) {
      if (in == null) {
        throw new AssertionError("manifests.schema.yaml is missing");
      }
      return (ObjectNode)
          TestingConf.documents(new String(in.readAllBytes(), StandardCharsets.UTF_8)).get(0);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Pointers to every object of a document. */
  private static List<String> objects(JsonNode node, String pointer) {
    List<String> found = new ArrayList<>();
    if (node.isObject()) {
      found.add(pointer);
      node.fields()
          .forEachRemaining(
              field ->
                  found.addAll(
                      objects(
                          field.getValue(),
                          pointer + "/" + field.getKey().replace("~", "~0").replace("/", "~1"))));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        found.addAll(objects(node.get(i), pointer + "/" + i));
      }
    }
    return found;
  }

  private static void flatten(String prefix, JsonNode node, Map<String, String> into) {
    node.fields()
        .forEachRemaining(
            field -> {
              String key = prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey();
              if (field.getValue().isObject()) {
                flatten(key, field.getValue(), into);
              } else {
                into.put(key, field.getValue().asText());
              }
            });
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asText()));
    return texts;
  }
}
