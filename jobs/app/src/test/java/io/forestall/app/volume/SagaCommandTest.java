package io.forestall.app.volume;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.console.TestingVolumes;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
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

/** Sagas straight from the topics of a real broker: three acts, and a record that nobody reads. */
@SuppressWarnings("NullAway.Init")
@Timeout(120)
class SagaCommandTest {
  private static final String PREFIX = "sagas";
  private static final List<Topics> READ =
      List.of(Topics.ADMISSIONS, Topics.COMMANDS, Topics.ACKS, Topics.EVENTS);

  private static EmbeddedKafka kafka;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void tellOfThreeActs(@TempDir Path directory) throws Exception {
    kafka = EmbeddedKafka.start(directory);
    KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
    try (Admin admin = options.openAdmin()) {
      admin
          .createTopics(
              READ.stream().map(topic -> new NewTopic(topic.name(PREFIX), 1, (short) 1)).toList())
          .all()
          .get(30, TimeUnit.SECONDS);
    }
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            options.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer())) {
      ToTopics topics = new ToTopics(producer);
      new TestingVolumes(topics).feed();
      topics.send(Topics.COMMANDS, "no Avro at all".getBytes(StandardCharsets.UTF_8));
      producer.flush();
    }
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private record ToTopics(KafkaProducer<byte[], byte[]> producer) implements TestingVolumes.Sink {
    void send(Topics topic, byte[] value) {
      var unused = producer.send(new ProducerRecord<>(topic.name(PREFIX), 0, null, value));
    }

    @Override
    public void admission(Admission admission) {
      send(Topics.ADMISSIONS, AvroCodec.of(Admission.class).encode(admission));
    }

    @Override
    public void command(Command command) {
      send(Topics.COMMANDS, AvroCodec.of(Command.class).encode(command));
    }

    @Override
    public void ack(Ack ack) {
      send(Topics.ACKS, AvroCodec.of(Ack.class).encode(ack));
    }

    @Override
    public void event(Event event) {
      send(Topics.EVENTS, AvroCodec.of(Event.class).encode(event));
    }

    @Override
    public void map(String key, VolumeMap map) throws WireException {}

    @Override
    public void ownership(long offset, Ownership ownership, long timeMillis) {}

    @Override
    public void digest(Digest digest) {}

    @Override
    public void shadow(String key, @Nullable ShadowStatus status) {}
  }

  private int run(String... words) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("saga"));
    all.addAll(List.of(words));
    all.addAll(List.of("--bootstrap-servers", kafka.bootstrapServers(), "--topic-prefix", PREFIX));
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(all.toArray(String[]::new));
  }

  private JsonNode json() throws Exception {
    return new ObjectMapper().readTree(out.toString());
  }

  private static List<String> admissions(JsonNode list) {
    List<String> ids = new ArrayList<>();
    list.get("items").forEach(each -> ids.add(each.get("admission").asText()));
    return ids;
  }

  @Test
  void theNewestActsAreListedFirst() throws Exception {
    assertThat(run("list", "--output", "json")).isZero();
    assertThat(admissions(json()))
        .containsExactly(TestingVolumes.OPEN, TestingVolumes.GIVEN_BACK, TestingVolumes.DONE);
    assertThat(json().get("total").asInt()).isEqualTo(3);
    assertThat(json().get("unreadable").asInt()).isEqualTo(1);
    assertThat(json().at("/items/2/clientPauseMillis").asLong()).isEqualTo(47);

    assertThat(run("list")).isZero();
    assertThat(out.toString())
        .contains("failover", "migrate", "n-1", "n-2", "47 ms", TestingVolumes.DONE)
        .contains("3 of 3, 1 records could not be read");
  }

  @Test
  void aListIsNarrowedAndCut() throws Exception {
    assertThat(run("list", "--open", "--output", "json")).isZero();
    assertThat(admissions(json())).containsExactly(TestingVolumes.OPEN);
    assertThat(run("list", "--volume", "pictures", "--output", "json")).isZero();
    assertThat(admissions(json())).containsExactly(TestingVolumes.GIVEN_BACK);
    assertThat(run("list", "--pool", "nowhere", "--output", "json")).isZero();
    assertThat(admissions(json())).isEmpty();
    assertThat(run("list", "--limit", "1", "--output", "json")).isZero();
    assertThat(admissions(json())).containsExactly(TestingVolumes.OPEN);
    assertThat(json().get("total").asInt()).isEqualTo(3);
    assertThat(run("list", "--limit", "0")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--limit is a count from 1 to 5000");
  }

  @Test
  void oneActIsShownStepByStepByEitherName() throws Exception {
    for (String name : List.of(TestingVolumes.DONE, "p-of-" + TestingVolumes.DONE)) {
      assertThat(run("show", name, "--output", "json")).as(name).isZero();
      JsonNode steps = json().get("steps");
      List<String> states = new ArrayList<>();
      steps.forEach(step -> states.add(step.get("state").asText()));
      assertThat(states)
          .containsSubsequence("checking", "instructed", "fenced", "promoted", "mapped");
    }
    assertThat(run("show", TestingVolumes.DONE)).isZero();
    assertThat(out.toString())
        .contains("failover of node/n-1 in pool " + TestingVolumes.POOL + ": confirmed")
        .contains("28 ms by its new owner, 47 ms at most by its clients")
        .contains("fenced", "promote", "It serves both units.");

    assertThat(run("show", TestingVolumes.GIVEN_BACK)).isZero();
    assertThat(out.toString())
        .contains("NO_SPACE", "1 GiB is free, 4 GiB are needed.")
        .contains("no client told of one");
    assertThat(run("show", TestingVolumes.OPEN)).isZero();
    assertThat(out.toString()).contains(", goes on").contains("received");
  }

  @Test
  void anActThatIsNotThereIsSaidSo() {
    assertThat(run("show", "nothing")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString())
        .contains("no act that moves units is called 'nothing'")
        .hasLineCount(1);
  }
}
