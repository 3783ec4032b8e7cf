package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The console with the trusted keys that its command line names: what is in doubt is shown so. */
@SuppressWarnings("NullAway.Init")
@Timeout(120)
class ConsoleTrustTest {
  private static final String PREFIX = "forestall";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path directory;
  private static EmbeddedKafka kafka;
  private static Signer guard;
  private static Signer stranger;

  @BeforeAll
  static void aVolumeWhoseTakeoverAStrangerSigned() throws Exception {
    kafka = EmbeddedKafka.start(directory.resolve("kafka"));
    KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
    try (Admin admin = options.openAdmin()) {
      new TopicAdmin(admin, PREFIX).createMissing((short) 1);
    }
    guard = Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    stranger = Signatures.generate(directory.resolve("other.key"), directory.resolve("other.pub"));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            options.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer())) {
      // One partition, in this order: whoever has read the last takeover has read the other.
      for (String volume : List.of("v-stranger", "v-guard")) {
        MapSlice slice =
            new MapSlice(
                volume,
                "p1",
                0,
                1,
                1,
                0,
                1 << 20,
                1 << 20,
                4096,
                1,
                List.of(new MapSegment(volume + "/0", 0, Subject.node("n-1"), 0, List.of())),
                System.currentTimeMillis());
        send(producer, Topics.MAPS, MapRecords.key(slice), new MapRecords().encode(slice, null));
        start(producer, volume + "/0");
        takeOver(producer, volume + "/0", volume.equals("v-guard") ? guard : stranger);
      }
    }
  }

  @AfterAll
  static void stopBroker() {
    kafka.close();
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, Topics topic, String key, byte[] value)
      throws Exception {
    int partitions = producer.partitionsFor(topic.name(PREFIX)).size();
    var unused =
        producer
            .send(
                new ProducerRecord<>(
                    topic.name(PREFIX),
                    FixedPartitioner.partition(key, partitions),
                    key.getBytes(StandardCharsets.UTF_8),
                    value))
            .get(30, TimeUnit.SECONDS);
  }

  private static void start(KafkaProducer<byte[], byte[]> producer, String unit) throws Exception {
    append(producer, OwnershipEntry.Kind.START, new UnitStep(unit, 0, 1), "n-1", null, null);
  }

  private static void takeOver(KafkaProducer<byte[], byte[]> producer, String unit, Signer by)
      throws Exception {
    long now = System.currentTimeMillis();
    UnitStep step = new UnitStep(unit, 1, 2);
    Admission admission =
        new Admission(
            "a-" + unit,
            1,
            Admission.State.ADMITTED,
            "p-" + unit,
            ActKind.FAILOVER,
            Subject.node("n-1"),
            "p1",
            null,
            true,
            List.of(step),
            Subject.node("n-1"),
            Subject.node("n-2"),
            List.of(),
            1,
            now,
            now,
            now + 60_000,
            now,
            "a test",
            Map.of());
    append(producer, OwnershipEntry.Kind.TAKEOVER, step, "n-2", admission, by);
  }

  private static void append(
      KafkaProducer<byte[], byte[]> producer,
      OwnershipEntry.Kind kind,
      UnitStep step,
      String owner,
      @Nullable Admission admission,
      @Nullable Signer by)
      throws Exception {
    OwnershipEntry entry =
        new OwnershipEntry(
            "p1",
            kind,
            List.of(step),
            Subject.node(owner),
            1,
            admission,
            admission == null ? Authority.NONE : Authority.VALID,
            owner,
            System.currentTimeMillis());
    send(
        producer,
        Topics.OWNERSHIP,
        "p1",
        new OwnershipRecords()
            .encode(
                entry,
                admission == null || by == null ? null : new AdmissionRecords().of(admission, by)));
  }

  /** What the console of a command line says of the state and the owner of each volume. */
  private static List<String> volumes(String... options) throws Exception {
    List<String> line =
        new ArrayList<>(List.of("--bootstrap-servers", kafka.bootstrapServers(), "--port", "0"));
    line.addAll(List.of(options));
    StringWriter out = new StringWriter();
    Thread console =
        new Thread(
            () ->
                new CommandLine(new ConsoleCommand())
                    .setOut(new PrintWriter(out, true))
                    // It ends as it is interrupted.
                    .setExecutionExceptionHandler((e, parsed, result) -> ExitCodes.OK)
                    .execute(line.toArray(String[]::new)),
            "testing-console");
    console.start();
    try {
      Await.until(PATIENCE, "the console starts", () -> out.toString().contains("console at "));
      String url = out.toString().strip().substring("console at ".length());
      String address = url + "api/v1/volumes/";
      Await.until(
          PATIENCE,
          "the console has read the log",
          () -> segment(address + "v-guard").path("epoch").asInt() == 2);
      return List.of(
          "v-guard " + segment(address + "v-guard").path("state").asText(),
          "v-stranger " + segment(address + "v-stranger").path("state").asText());
    } finally {
      console.interrupt();
      console.join(PATIENCE.toMillis());
    }
  }

  private static JsonNode segment(String address) throws Exception {
    return new ObjectMapper()
        .readTree(
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString())
                .body())
        .path("segments")
        .path(0);
  }

  @Test
  void aTakeoverThatNobodyTrustedSignedIsInDoubt() throws Exception {
    assertThat(volumes("--trusted-keys", directory.resolve("guard.pub").toString()))
        .containsExactly("v-guard ok", "v-stranger in-doubt");
  }

  @Test
  void withoutKeysNothingIsChecked() throws Exception {
    assertThat(volumes()).containsExactly("v-guard ok", "v-stranger ok");
  }

  @Test
  void keysThatAreNotThereAreAnErrorOfUsage() {
    int exitCode =
        Forestall.commandLine()
            .execute("console", "--trusted-keys", directory.resolve("nobody.pub").toString());
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
  }
}
