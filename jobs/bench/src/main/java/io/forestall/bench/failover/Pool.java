package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.WriteModes;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Tier;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * What the trial says in the place of those that do not take part: the scores of the sense job, the
 * events that a failure is expected or has passed, and the words of an operator. Thread-safe.
 */
final class Pool implements AutoCloseable {

  /** The pool of all nodes and volumes of the trial. */
  static final String NAME = "p1";

  private static final long RISK_EVERY_SECONDS = 5;

  /** A window that is switched off still needs an end that comes after its begin. */
  private static final Duration OVER = Duration.ofSeconds(1);

  private final KafkaOptions kafka;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Set<String> scored = ConcurrentHashMap.newKeySet();
  private final Set<String> sick = ConcurrentHashMap.newKeySet();
  private final AtomicLong number = new AtomicLong();
  private final long start = System.currentTimeMillis();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "risks");
            thread.setDaemon(true);
            return thread;
          });

  Pool(KafkaOptions kafka) {
    this.kafka = kafka;
    Properties properties = kafka.clientProperties();
    properties.put("acks", "all");
    properties.put("reconnect.backoff.max.ms", "200");
    producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Writes a record where a product would write it. */
  @SuppressWarnings("unchecked")
  RecordMetadata send(Topics topic, String key, SpecificRecordBase record) throws Exception {
    return send(
        topic, key, AvroCodec.of((Class<SpecificRecordBase>) record.getClass()).encode(record));
  }

  /** Writes bytes. */
  RecordMetadata send(Topics topic, String key, byte @Nullable [] value) throws Exception {
    return producer
        .send(
            new ProducerRecord<>(
                topic.name(kafka.topicPrefix()),
                FixedPartitioner.partition(key, topic.spec().partitions()),
                key.getBytes(StandardCharsets.UTF_8),
                value))
        .get(60, TimeUnit.SECONDS);
  }

  /**
   * From now on these nodes are healthy, as of each moment. Of others nobody but the sense job says
   * how they are.
   */
  void keepHealthy(List<String> nodes) throws Exception {
    scored.addAll(nodes);
    for (String each : nodes) {
      score(each);
    }
    var unused =
        clock.scheduleAtFixedRate(
            () -> {
              for (String each : nodes) {
                try {
                  score(each);
                } catch (Exception e) {
                  // The broker is being restarted: the next round comes soon.
                  return;
                }
              }
            },
            RISK_EVERY_SECONDS,
            RISK_EVERY_SECONDS,
            TimeUnit.SECONDS);
  }

  private void score(String node) throws Exception {
    boolean ill = sick.contains(node);
    send(
        Topics.RISK,
        "node/" + node,
        Risk.newBuilder()
            .setEntity(new EntityRef(EntityKind.NODE, node))
            .setTimeMillis(System.currentTimeMillis())
            .setSamples(number.incrementAndGet())
            .setScore(ill ? 95 : 0.1)
            .setTier(ill ? Tier.CRITICAL : Tier.HEALTHY)
            .setTierSinceMillis(start)
            .setProbability(ill ? 0.9 : 0.0001)
            .setHorizonMillis(3_600_000)
            .setConfidence(0.95)
            .setModes(
                List.of(
                    new ModeRisk(
                        FailureMode.SOFTWARE,
                        ill ? 0.9 : 0.0001,
                        3_600_000L,
                        "symptoms",
                        1,
                        List.of())))
            .build());
  }

  /** A node is expected to fail within seconds: no time for anything but a failover. */
  Event expectedToFail(String node) throws Exception {
    ails(node);
    Event event =
        event("node.failed", node, Severity.CRITICAL)
            .setPredicted(true)
            .setConfidence(0.95)
            .setProbability(0.9)
            .setHorizonMillis(10_000)
            .setMode(FailureMode.SOFTWARE)
            .setScore(95.0)
            .setModel("symptoms")
            .setModelVersion(1)
            .setRiskSamples(number.incrementAndGet())
            .setSource("sense")
            .setSummary("Node " + node + " is expected to fail within 10 s.")
            .build();
    send(Topics.PREDICTED_EVENTS, "node/" + node, event);
    return event;
  }

  /** A node's score is that of one which will fail soon; nobody says that it must be left. */
  void ails(String node) throws Exception {
    sick.add(node);
    score(node);
  }

  /** A node has failed, as its manager says. */
  Event failed(String node) throws Exception {
    Event event =
        event("node.failed", node, Severity.CRITICAL)
            .setSummary("Node " + node + " has failed.")
            .build();
    send(Topics.EVENTS, "node/" + node, event);
    return event;
  }

  /** A node is well again: what was expected or had happened is over. */
  void returned(String node) throws Exception {
    sick.remove(node);
    if (scored.contains(node)) {
      score(node);
    }
    send(
        Topics.EVENTS,
        "node/" + node,
        event("node.returned", node, Severity.INFO)
            .setSummary("Node " + node + " is back.")
            .build());
  }

  private Event.Builder event(String type, String node, Severity severity) {
    return Event.newBuilder()
        .setId("trial-" + start + "-" + number.incrementAndGet())
        .setType(type)
        .setSeverity(severity)
        .setPredicted(false)
        .setEntity(new EntityRef(EntityKind.NODE, node))
        .setTimeMillis(System.currentTimeMillis())
        .setSource("trial");
  }

  /** The word of an operator, unsigned: the trial's guard asks for no operator's key. */
  void policy(
      PolicyRecord.Kind kind, String scope, String id, ActKind act, Map<String, String> parameters)
      throws Exception {
    policy(kind, scope, id, act, parameters, true, Duration.ZERO, null, null);
  }

  /** For how long writes to a volume may be answered before they are in the log: signed. */
  void asynchronous(String volume, String bound, Signatures.Signer signer) throws Exception {
    policy(
        PolicyRecord.Kind.WRITE_MODE,
        "volume/" + volume,
        WriteModes.ID,
        ActKind.UNKNOWN,
        Map.of(
            PolicyParameters.WRITE_MODE,
            WriteModes.ASYNCHRONOUS,
            PolicyParameters.ASYNC_BOUND,
            bound),
        true,
        Duration.ZERO,
        null,
        signer);
  }

  private void policy(
      PolicyRecord.Kind kind,
      String scope,
      String id,
      ActKind act,
      Map<String, String> parameters,
      boolean enabled,
      Duration ahead,
      @Nullable Duration length,
      Signatures.@Nullable Signer signer)
      throws Exception {
    long nowMillis = System.currentTimeMillis();
    String key = PolicyRecords.key(scope, kind, id);
    PolicyRecord record =
        new PolicyRecord(
            key,
            id,
            kind,
            number.incrementAndGet(),
            enabled,
            scope,
            scope.equals(PolicyRecords.ALL) ? null : Subject.parse(scope),
            act,
            null,
            "trial",
            "the trial of failover",
            nowMillis,
            nowMillis + ahead.toMillis(),
            length == null ? null : nowMillis + ahead.toMillis() + length.toMillis(),
            new TreeMap<>(parameters),
            "");
    send(Topics.POLICIES, key, new PolicyRecords(Signatures.Trusted.NONE).write(record, signer));
  }

  /** A maintenance window begins in which the node shall own nothing. */
  void evacuate(String node, Duration length) throws Exception {
    window(node, true, Duration.ZERO, length);
  }

  /** Such a window is announced for later. */
  void announce(String node, Duration ahead, Duration length) throws Exception {
    window(node, true, ahead, length);
  }

  /** The node's maintenance window is over. */
  void maintained(String node) throws Exception {
    window(node, false, Duration.ZERO, OVER);
  }

  private void window(String node, boolean enabled, Duration ahead, Duration length)
      throws Exception {
    policy(
        PolicyRecord.Kind.MAINTENANCE,
        "node/" + node,
        "trial-" + node,
        ActKind.UNKNOWN,
        Map.of(PolicyParameters.EVACUATE, "true"),
        enabled,
        ahead,
        length,
        null);
  }

  /**
   * Acts are done, and as many as the trial wants: three nodes that fail by turns every few seconds
   * are what the shipped limits are there to stop.
   */
  void actWithoutLimits() throws Exception {
    mode(ActKind.FAILOVER, "act");
    policy(
        PolicyRecord.Kind.THRESHOLD,
        PolicyRecords.ALL,
        "guard",
        ActKind.UNKNOWN,
        Map.ofEntries(
            Map.entry("predicted-acts-in-flight", "8"),
            Map.entry("acts-in-flight", "16"),
            Map.entry("zone-acts-in-flight", "16"),
            Map.entry("kind-acts-in-flight", "16"),
            Map.entry("rate-acts", "100000"),
            Map.entry("nodes-per-day", "1"),
            Map.entry("dwell", "0 s"),
            Map.entry("storm-enter", "1"),
            Map.entry("storm-exit", "1"),
            Map.entry("storm-min-nodes", "1000"),
            Map.entry("max-target-probability", "0.5"),
            Map.entry("target-free", "0"),
            Map.entry("target-rest", "0 s"),
            Map.entry("max-replica-set-risk", "1"),
            Map.entry("retry", "2 s"),
            Map.entry("max-attempts", "20")));
  }

  /** Whether acts of a kind are done ({@code act}) or only advised ({@code advise}). */
  void mode(ActKind act, String mode) throws Exception {
    policy(
        PolicyRecord.Kind.MODE,
        PolicyRecords.ALL,
        "trial-" + act.name().toLowerCase(Locale.ROOT),
        act,
        Map.of("mode", mode));
  }

  @Override
  public void close() {
    clock.shutdownNow();
    producer.close();
  }
}
