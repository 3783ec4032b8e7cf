package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.volume.VolumeView;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.SignalBaseline;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Tier;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(120)
class KafkaFleetFeedTest {
  private static final String PREFIX = "feedtest";

  @Test
  void feedsTheViewSurvivesBadRecordsAndALostBroker(@TempDir Path directory) throws Exception {
    FleetView view = new FleetView();
    EmbeddedKafka kafka = EmbeddedKafka.start(directory);
    int port = kafka.port();
    KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
    ActViews acts = TestingActs.views();
    try (KafkaFleetFeed feed =
        KafkaFleetFeed.start(options.clientProperties(), PREFIX, view, acts)) {
      await(
          "the missing topics are named",
          feed,
          view,
          () -> String.valueOf(feed.progress().trouble()).contains("forestall topics create"));
      assertThat(feed.progress().ready()).isFalse();

      create(options);
      try (KafkaProducer<byte[], byte[]> producer = producer(options)) {
        String id = TestingFleet.id(0);
        send(
            producer,
            Topics.FLEET,
            "disk/" + id,
            AvroCodec.of(FleetEntry.class).encode(TestingFleet.entry(0)));
        send(
            producer,
            Topics.FLEET,
            "disk/" + TestingFleet.id(1),
            AvroCodec.of(FleetEntry.class).encode(TestingFleet.entry(1)));
        send(producer, Topics.RISK, "disk/" + id, new byte[] {1, 2, 3});
        send(
            producer,
            Topics.RISK,
            "disk/" + id,
            AvroCodec.of(Risk.class)
                .encode(TestingFleet.risk(id, 1000, 1, 91, Tier.CRITICAL, List.of())));
        send(
            producer,
            Topics.DEAD_LETTERS,
            "t",
            AvroCodec.of(DeadLetter.class).encode(TestingFleet.dead(1, DeadReason.LATE, "late")));
        send(
            producer,
            Topics.ANOMALIES,
            "disk/" + id,
            AvroCodec.of(AnomalyRecord.class)
                .encode(
                    new AnomalyRecord(
                        new EntityRef(EntityKind.DISK, id),
                        "n-0001",
                        6000L,
                        5000L,
                        false,
                        "disk_latency_seconds",
                        0.03,
                        0.006,
                        0.001,
                        0.9,
                        true,
                        false,
                        "slow")));
        send(
            producer,
            Topics.BASELINES,
            "disk/" + id,
            AvroCodec.of(BaselineRecord.class)
                .encode(
                    new BaselineRecord(
                        new EntityRef(EntityKind.DISK, id),
                        "n-0001",
                        6000L,
                        4L,
                        List.of(
                            new SignalBaseline(
                                "disk_latency_seconds", 4L, 0.006, 0.001, 0.03, 0.007)))));
        List<Sample> samples = new ArrayList<>();
        for (EntityKind kind : List.of(EntityKind.NODE, EntityKind.DISK, EntityKind.DISK)) {
          samples.add(
              Sample.newBuilder()
                  .setEntity(new EntityRef(kind, samples.size() == 1 ? id : "x" + samples.size()))
                  .setMetrics(Map.of("smart_5_raw", 1.0))
                  .build());
        }
        send(
            producer,
            Topics.TELEMETRY,
            "n-0001",
            AvroCodec.of(TelemetryFrame.class)
                .encode(new TelemetryFrame("n-0001", 7_000L, 0L, "simulated", samples)));
        await(
            "everything is read",
            feed,
            view,
            () ->
                feed.progress().ready()
                    && view.status().rowsIn() == 2
                    && view.status().rowsScored() == 1
                    && view.status().deadLetters() == 1
                    && view.status().disks() == 2);
        await(
            "the baseline and the anomaly are read",
            feed,
            view,
            () -> {
              FleetView.Detail disk = view.detail(EntityKind.DISK, id);
              return disk != null && disk.baseline() != null && disk.anomalies().size() == 1;
            });
        FleetView.Series series = Objects.requireNonNull(view.series(EntityKind.DISK, id));
        assertThat(series.names()).containsExactly("smart_5_raw");
        assertThat(series.bandNames()).contains("disk_latency_seconds");
        assertThat(view.status().newestTelemetryMillis()).isEqualTo(7000);
        assertThat(feed.progress().undecodable()).isEqualTo(1);

        sendActs(producer);
        await(
            "incident, decision, admission, policy and storm are read",
            feed,
            view,
            () ->
                acts.incidents().figures().held() == 1
                    && acts.decisions().waiting().size() == 1
                    && acts.admissions().inFlight() == 1
                    && acts.policies().all().size() == 1
                    && acts.storms().size() == 1);
        assertThat(Objects.requireNonNull(acts.decisions().detail("d")).proposal()).isNotNull();
        await(
            "an incident and the grant of an admission that cannot be read are counted",
            feed,
            view,
            () -> feed.progress().undecodable() == 3);
        send(producer, Topics.POLICIES, "all/halt/h", null);
        await("the policy is taken back", feed, view, () -> acts.policies().all().isEmpty());

        new TestingVolumes(
                new TestingVolumes.ToTopics(
                    (topic, key, value) -> send(producer, topic, key, value)))
            .feedShadows();
        await(
            "shadows, wrong bytes and the switchover are read",
            feed,
            view,
            () -> {
              VolumeView.Volume volume = acts.volumes().volume("reports");
              return volume != null
                  && volume.shadows().missingBytes() == 64 << 20
                  && acts.volumes().segments("reports", 0, 1).get(0).divergences().size() == 1
                  && acts.sagas().saga(TestingVolumes.SWITCHED) != null;
            });

        send(producer, Topics.FLEET, "disk/" + TestingFleet.id(1), null);
        await("the tombstone is read", feed, view, () -> view.status().disks() == 1);

        // A command that reads the topics itself knows the same.
        StringWriter out = new StringWriter();
        CommandLine line = Forestall.commandLine();
        line.setOut(new PrintWriter(out));
        assertThat(
                line.execute(
                    "anomalies",
                    "list",
                    "--from-kafka",
                    "--bootstrap-servers",
                    options.bootstrapServers(),
                    "--topic-prefix",
                    PREFIX))
            .isZero();
        assertThat(out.toString()).contains("disk/" + id, "disk_latency_seconds", "1 of 1");
      }

      kafka.close();
      await(
          "the lost broker is named",
          feed,
          view,
          () ->
              !feed.progress().ready()
                  && String.valueOf(feed.progress().trouble())
                      .contains("no Kafka broker answers at"));
      assertThat(view.status().disks()).isEqualTo(1);

      kafka = EmbeddedKafka.start(directory, port);
      try (KafkaProducer<byte[], byte[]> producer = producer(options)) {
        send(
            producer,
            Topics.RISK,
            "disk/" + TestingFleet.id(0),
            AvroCodec.of(Risk.class)
                .encode(TestingFleet.risk(TestingFleet.id(0), 2000, 2, 20, Tier.WATCH, List.of())));
      }
      await(
          "it goes on where it was",
          feed,
          view,
          () -> feed.progress().ready() && view.status().rowsScored() == 2);
      assertThat(view.status().repeats()).isZero();
    } finally {
      kafka.close();
    }
  }

  private static void sendActs(KafkaProducer<byte[], byte[]> producer) throws Exception {
    ActViews made = TestingActs.views();
    new TestingActs(made, 1, 3).feed();
    Incident incident =
        Objects.requireNonNull(made.incidents().detail(TestingActs.incidentId(0))).incident();
    Proposal proposal = TestingActs.proposal("p", incident, TestingActs.NOW_MILLIS + 1000);
    send(producer, Topics.INCIDENTS, "broken", new byte[] {4, 5});
    send(
        producer,
        Topics.INCIDENTS,
        incident.getId(),
        AvroCodec.of(Incident.class).encode(incident));
    send(producer, Topics.PROPOSALS, "node/a", AvroCodec.of(Proposal.class).encode(proposal));
    send(
        producer,
        Topics.DECISIONS,
        "node/a",
        AvroCodec.of(Decision.class)
            .encode(
                TestingActs.decision(
                    "d",
                    proposal,
                    DecisionOutcome.WAITING,
                    DecisionCode.APPROVAL_NEEDED,
                    TestingActs.NOW_MILLIS)));
    Admission admission = TestingActs.admission("a", proposal, 1, 2);
    send(
        producer,
        Topics.ADMISSIONS,
        TestingActs.POOL,
        AvroCodec.of(Admission.class).encode(admission));
    admission.setGrant(ByteBuffer.wrap(new byte[] {1}));
    send(
        producer,
        Topics.ADMISSIONS,
        TestingActs.POOL,
        AvroCodec.of(Admission.class).encode(admission));
    Policy halt = TestingActs.policy(PolicyKind.HALT, "all", "h", null);
    send(producer, Topics.POLICIES, TestingActs.key(halt), AvroCodec.of(Policy.class).encode(halt));
    send(
        producer,
        Topics.EVENTS,
        "pool/" + TestingActs.POOL,
        AvroCodec.of(Event.class)
            .encode(TestingActs.automation(TestingActs.POOL, true, TestingActs.NOW_MILLIS)));
    send(producer, Topics.EVENTS, "node/a", new byte[] {9});
  }

  private static void create(KafkaOptions options) throws Exception {
    try (Admin admin = options.openAdmin()) {
      List<NewTopic> topics = new ArrayList<>();
      for (Topics topic : Topics.values()) {
        topics.add(new NewTopic(topic.name(PREFIX), 2, (short) 1));
      }
      admin.createTopics(topics).all().get(30, TimeUnit.SECONDS);
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(KafkaOptions options) {
    Properties properties = options.clientProperties();
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, Topics topic, String key, byte @Nullable [] value)
      throws Exception {
    producer
        .send(new ProducerRecord<>(topic.name(PREFIX), key.getBytes(StandardCharsets.UTF_8), value))
        .get(30, TimeUnit.SECONDS);
  }

  private static void await(
      String what, KafkaFleetFeed feed, FleetView view, BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime())
          .as(() -> what + ", but " + feed.progress() + " and " + view.status())
          .isLessThan(deadline);
      LockSupport.parkNanos(20_000_000L);
    }
  }
}
