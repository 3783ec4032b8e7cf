package io.forestall.app.console;

import io.forestall.app.volume.SagaView;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import io.forestall.wire.WriterSchemas;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads fleet, risk, its second lane, anomalies, baselines, dead letters, models, telemetry,
 * incidents, proposals, decisions, admissions, policies, maps, shadows, ownership, commands and
 * acks from the beginning, the newest progress of copies, and of the newest events those about
 * pools and volumes, and feeds a {@link FleetView} and {@link ActViews}, in one thread, with no
 * consumer group and no commit: a second console changes nothing for the first. Of old telemetry
 * only the source, the time and the count of disk samples are decoded; of the newest {@value
 * #WHOLE_FRAMES} frames of a partition, and of those that come later, the metrics too. It outlives
 * its broker: while none answers it says so and tries again. Thread-safe.
 */
public final class KafkaFleetFeed implements FleetFeed {
  private static final Logger LOG = Logger.getLogger(KafkaFleetFeed.class.getName());

  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final long LOOK_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long TOPICS_NANOS = Duration.ofSeconds(60).toNanos();
  private static final long WHOLE_FRAMES = 20_000;

  /** Of the events and the progress of a partition, how many are looked through. */
  private static final long NEWEST_EVENTS = 100_000;

  private static final String POOL = "pool/";
  private static final List<Topics> READ =
      List.of(
          Topics.SCHEMAS,
          Topics.FLEET,
          Topics.RISK,
          Topics.RISK_LANE,
          Topics.ANOMALIES,
          Topics.BASELINES,
          Topics.DEAD_LETTERS,
          Topics.MODELS,
          Topics.INCIDENTS,
          Topics.PROPOSALS,
          Topics.DECISIONS,
          Topics.ADMISSIONS,
          Topics.POLICIES,
          Topics.MAPS,
          Topics.SHADOWS,
          Topics.OWNERSHIP,
          Topics.COMMANDS,
          Topics.ACKS,
          Topics.DIGESTS,
          Topics.EVENTS,
          Topics.TELEMETRY);

  /** The part of a frame that is counted; Avro skips the rest without making objects of it. */
  private static final Schema FRAME_IN_SHORT =
      new Schema.Parser()
          .parse(
              """
              {"type": "record", "name": "TelemetryFrame", "namespace": "io.forestall.schemas", "fields": [
                {"name": "timeMillis", "type": "long"},
                {"name": "source", "type": "string"},
                {"name": "samples", "type": {"type": "array", "items":
                  {"type": "record", "name": "Sample", "fields": [
                    {"name": "entity", "type":
                      {"type": "record", "name": "EntityRef", "fields": [
                        {"name": "kind", "type": {"type": "enum", "name": "EntityKind",
                          "symbols": ["UNKNOWN", "DISK"], "default": "UNKNOWN"}}]}}]}}}]}
              """);

  private static final Set<String> ATTRIBUTES =
      Arrays.stream(DiskMetric.values())
          .map(DiskMetric::metricName)
          .collect(Collectors.toUnmodifiableSet());

  private final FleetView view;
  private final ActViews acts;
  private final String bootstrapServers;
  private final String prefix;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Topics> byName = new HashMap<>();
  private final Thread thread;
  private final AtomicBoolean closed = new AtomicBoolean();

  // Used by the feed's thread only.
  private final AvroCodec<SchemaRecord> schemas = AvroCodec.of(SchemaRecord.class);
  private final AvroCodec<FleetEntry> entries = AvroCodec.of(FleetEntry.class);
  private final AvroCodec<Risk> risks = AvroCodec.of(Risk.class);
  private final AvroCodec<DeadLetter> deadLetters = AvroCodec.of(DeadLetter.class);
  private final AvroCodec<AnomalyRecord> anomalies = AvroCodec.of(AnomalyRecord.class);
  private final AvroCodec<BaselineRecord> baselines = AvroCodec.of(BaselineRecord.class);
  private final AvroCodec<TelemetryFrame> wholeFrames = AvroCodec.of(TelemetryFrame.class);
  private final AvroCodec<ModelRecord> models = AvroCodec.of(ModelRecord.class);
  private final AvroCodec<Incident> incidents = AvroCodec.of(Incident.class);
  private final AvroCodec<Proposal> proposals = AvroCodec.of(Proposal.class);
  private final AvroCodec<Decision> decisions = AvroCodec.of(Decision.class);
  private final AvroCodec<Admission> admissions = AvroCodec.of(Admission.class);
  private final AvroCodec<Policy> policies = AvroCodec.of(Policy.class);
  private final AvroCodec<Event> events = AvroCodec.of(Event.class);
  private final AvroCodec<VolumeMap> maps = AvroCodec.of(VolumeMap.class);
  private final AvroCodec<ShadowStatus> standings = AvroCodec.of(ShadowStatus.class);
  private final AvroCodec<Ownership> ownership = AvroCodec.of(Ownership.class);
  private final AvroCodec<Command> commands = AvroCodec.of(Command.class);
  private final AvroCodec<Ack> ackRecords = AvroCodec.of(Ack.class);
  private final AvroCodec<Digest> digests = AvroCodec.of(Digest.class);
  private final AvroCodec<GenericRecord> frames =
      AvroCodec.generic(FRAME_IN_SHORT, WriterSchemas.shared());
  private final Map<Topics, Long> counts = new EnumMap<>(Topics.class);
  private final Map<TopicPartition, Long> firstEnds = new HashMap<>();
  private long undecodable;
  private boolean caughtUp;
  private volatile Progress progress = new Progress(false, "reading the topics", Map.of(), 0, 0);

  private KafkaFleetFeed(Properties client, String prefix, FleetView view, ActViews acts) {
    this.view = view;
    this.acts = acts;
    this.prefix = prefix;
    this.bootstrapServers = client.getProperty("bootstrap.servers", "");
    Properties properties = new Properties();
    properties.putAll(client);
    properties.put("client.id", "forestall-console");
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("auto.offset.reset", "earliest");
    properties.put("max.poll.records", "2000");
    properties.putIfAbsent("reconnect.backoff.max.ms", "2000");
    this.consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    for (Topics topic : READ) {
      byName.put(topic.name(prefix), topic);
    }
    this.thread = new Thread(this::run, "forestall-console-feed");
    thread.setDaemon(true);
  }

  /** As the other one, for whoever does not ask about incidents and decisions. */
  public static KafkaFleetFeed start(Properties client, String prefix, FleetView view) {
    return start(client, prefix, view, new ActViews());
  }

  /**
   * Starts to feed views. It returns at once; {@link #progress()} tells whether a broker answers.
   *
   * @param client properties for the Kafka client, with {@code bootstrap.servers}
   * @param prefix first word of the topics
   * @throws KafkaException when the properties make no sense
   */
  public static KafkaFleetFeed start(
      Properties client, String prefix, FleetView view, ActViews acts) {
    KafkaFleetFeed feed = new KafkaFleetFeed(client, prefix, view, acts);
    feed.thread.start();
    return feed;
  }

  @Override
  public Progress progress() {
    return progress;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      consumer.wakeup();
      synchronized (closed) {
        closed.notifyAll();
      }
      try {
        thread.join(ANSWER.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run() {
    long lastLook = System.nanoTime() - LOOK_NANOS;
    long lastTopics = System.nanoTime() - TOPICS_NANOS;
    boolean complete = false;
    try (consumer) {
      while (!closed.get()) {
        try {
          long now = System.nanoTime();
          if (now - lastLook >= LOOK_NANOS) {
            lastLook = now;
            if (!complete || now - lastTopics >= TOPICS_NANOS) {
              lastTopics = now;
              complete = assign();
            }
            look(complete);
          }
          if (consumer.assignment().isEmpty()) {
            // Nothing to poll yet: the broker is asked for its topics again at the next look.
            waitALittle();
            continue;
          }
          ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
          for (ConsumerRecord<byte[], byte[]> record : records) {
            take(record);
          }
        } catch (WakeupException | InterruptException e) {
          if (!closed.get()) {
            LOG.log(Level.FINE, "console: woken without reason", e);
          }
        } catch (TimeoutException e) {
          trouble(
              "no Kafka broker answers at "
                  + bootstrapServers
                  + ": start one, or correct --bootstrap-servers");
        } catch (KafkaException e) {
          LOG.log(Level.FINE, "console: Kafka refused", e);
          trouble("Kafka at " + bootstrapServers + " refused: " + e.getMessage());
          waitALittle();
        } catch (RuntimeException e) {
          LOG.log(
              Level.WARNING, "console: the feed failed at a record and goes on with the next", e);
          trouble("the feed failed: " + e + "; the log says where");
          waitALittle();
        }
      }
    }
  }

  /** Adds the partitions that are new; says whether all topics exist. */
  private boolean assign() {
    List<TopicPartition> all = new ArrayList<>();
    boolean complete = true;
    for (Topics topic : READ) {
      List<PartitionInfo> partitions;
      try {
        partitions = consumer.partitionsFor(topic.name(prefix), ANSWER);
      } catch (UnknownTopicOrPartitionException | InvalidTopicException e) {
        partitions = List.of();
      }
      if (partitions == null || partitions.isEmpty()) {
        complete = false;
        continue;
      }
      for (PartitionInfo partition : partitions) {
        all.add(new TopicPartition(partition.topic(), partition.partition()));
      }
    }
    Set<TopicPartition> before = consumer.assignment();
    List<TopicPartition> added = new ArrayList<>(all);
    added.removeAll(before);
    if (!added.isEmpty()) {
      Map<TopicPartition, Long> positions = new HashMap<>();
      for (TopicPartition partition : before) {
        positions.put(partition, consumer.position(partition, ANSWER));
      }
      all.addAll(before.stream().filter(partition -> !all.contains(partition)).toList());
      consumer.assign(all);
      consumer.seekToBeginning(added);
      positions.forEach(consumer::seek);
      firstEnds.putAll(consumer.endOffsets(added, ANSWER));
      skipOldEvents(added);
    }
    return complete;
  }

  /** Only the newest word about a pool counts, and events are many. */
  private void skipOldEvents(List<TopicPartition> added) {
    List<TopicPartition> ofEvents =
        added.stream()
            .filter(
                p ->
                    byName.get(p.topic()) == Topics.EVENTS
                        || byName.get(p.topic()) == Topics.DIGESTS)
            .toList();
    consumer
        .beginningOffsets(ofEvents, ANSWER)
        .forEach(
            (partition, first) -> {
              long from = firstEnds.getOrDefault(partition, 0L) - NEWEST_EVENTS;
              if (from > first) {
                consumer.seek(partition, from);
              }
            });
  }

  /** Compares the positions with the ends; an answer also shows that the broker lives. */
  private void look(boolean complete) {
    Collection<TopicPartition> assigned = consumer.assignment();
    long lag = 0;
    boolean readAll = complete;
    boolean schemasRead = true;
    if (!assigned.isEmpty()) {
      for (Map.Entry<TopicPartition, Long> end : consumer.endOffsets(assigned, ANSWER).entrySet()) {
        long position = consumer.position(end.getKey(), ANSWER);
        lag += Math.max(0, end.getValue() - position);
        boolean toFirstEnd = position >= firstEnds.getOrDefault(end.getKey(), 0L);
        readAll &= toFirstEnd;
        if (!toFirstEnd && byName.get(end.getKey().topic()) == Topics.SCHEMAS) {
          schemasRead = false;
        }
      }
      // Schemas come first: without them a newer writer's records could not be read.
      List<TopicPartition> others =
          assigned.stream().filter(p -> byName.get(p.topic()) != Topics.SCHEMAS).toList();
      if (schemasRead) {
        consumer.resume(others);
      } else {
        consumer.pause(others);
      }
    }
    caughtUp |= readAll;
    String trouble = null;
    if (assigned.isEmpty()) {
      trouble =
          "there are no topics "
              + prefix
              + ".* at "
              + bootstrapServers
              + " yet: create them with forestall topics create, or correct --topic-prefix";
    }
    publish(caughtUp && trouble == null, trouble, lag);
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    Topics topic = byName.get(record.topic());
    if (topic == null) {
      return;
    }
    counts.merge(topic, 1L, Long::sum);
    byte[] value = record.value();
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    try {
      switch (topic) {
        case SCHEMAS -> {
          if (value != null) {
            WriterSchemas.shared().add(schemas.decode(value));
          }
        }
        case FLEET -> {
          FleetEntry entry = value == null ? null : entries.decode(value);
          view.fleet(entry == null ? key : Keys.of(entry.getEntity()), entry);
        }
        case RISK -> {
          Risk risk = value == null ? null : risks.decode(value);
          view.risk(risk == null ? key : Keys.of(risk.getEntity()), risk);
        }
        case RISK_LANE -> view.lane(key, value == null ? null : risks.decode(value));
        case ANOMALIES -> {
          if (value != null) {
            view.anomaly(anomalies.decode(value));
          }
        }
        case BASELINES -> {
          BaselineRecord baseline = value == null ? null : baselines.decode(value);
          view.baseline(baseline == null ? key : Keys.of(baseline.getEntity()), baseline);
        }
        case DEAD_LETTERS -> {
          if (value != null) {
            view.deadLetter(deadLetters.decode(value));
          }
        }
        case MODELS -> view.model(key, value == null ? null : models.decode(value));
        case TELEMETRY -> {
          if (value != null) {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            if (record.offset() >= firstEnds.getOrDefault(partition, 0L) - WHOLE_FRAMES) {
              takeWhole(wholeFrames.decode(value));
            } else {
              count(frames.decode(value));
            }
          }
        }
        case INCIDENTS -> acts.incident(key, value == null ? null : incidents.decode(value));
        case PROPOSALS -> {
          if (value != null) {
            acts.proposal(proposals.decode(value));
          }
        }
        case DECISIONS -> {
          if (value != null) {
            acts.decision(decisions.decode(value));
          }
        }
        case ADMISSIONS -> {
          if (value != null) {
            acts.admission(admissions.decode(value));
          }
        }
        case POLICIES -> acts.policy(key, value == null ? null : policies.decode(value));
        case EVENTS -> {
          // Events of everything else are in the incidents that they belong to.
          if (value != null && key.startsWith(POOL)) {
            acts.poolEvent(events.decode(value));
          } else if (value != null && SagaView.speaksOfVolumes(value)) {
            acts.volumeEvent(events.decode(value));
          }
        }
        case MAPS -> acts.map(key, value == null ? null : maps.decode(value));
        case SHADOWS -> acts.shadow(key, value == null ? null : standings.decode(value));
        case OWNERSHIP -> {
          if (value != null) {
            acts.ownership(
                record.partition(), record.offset(), ownership.decode(value), record.timestamp());
          }
        }
        case COMMANDS -> {
          if (value != null) {
            acts.command(commands.decode(value));
          }
        }
        case ACKS -> {
          if (value != null) {
            acts.ack(ackRecords.decode(value));
          }
        }
        case DIGESTS -> {
          if (value != null) {
            acts.digest(digests.decode(value));
          }
        }
        default -> {}
      }
    } catch (WireException e) {
      undecodable++;
      LOG.log(
          Level.FINE,
          "console: {0}[{1}]@{2} left out: {3}",
          new Object[] {record.topic(), record.partition(), record.offset(), e.getMessage()});
    }
  }

  private void count(GenericRecord frame) {
    long disks = 0;
    for (Object sample : (Collection<?>) frame.get("samples")) {
      GenericRecord entity = (GenericRecord) ((GenericRecord) sample).get("entity");
      if (entity.get("kind").toString().equals("DISK")) {
        disks++;
      }
    }
    view.telemetry(frame.get("source").toString(), disks, (Long) frame.get("timeMillis"));
  }

  private void takeWhole(TelemetryFrame frame) {
    long disks = 0;
    for (Sample sample : frame.getSamples()) {
      EntityKind kind = sample.getEntity().getKind();
      if (kind == EntityKind.DISK) {
        disks++;
      }
      Scope scope = scope(kind);
      if (scope == null) {
        continue;
      }
      String key = Keys.of(sample.getEntity());
      Map<String, Double> attributes = new HashMap<>();
      double[] values = null;
      for (Map.Entry<String, Double> metric : sample.getMetrics().entrySet()) {
        FleetMetric known = FleetMetric.byName(metric.getKey());
        if (!Double.isFinite(metric.getValue())) {
          continue;
        }
        if (known != null && known.scope() == scope) {
          if (values == null) {
            values = EntitySample.absentValues();
          }
          values[known.ordinal()] = metric.getValue();
        } else if (ATTRIBUTES.contains(metric.getKey())) {
          attributes.put(metric.getKey(), metric.getValue());
        }
      }
      if (values != null) {
        view.sample(
            new EntitySample(key, scope, sample.getModel(), frame.getTimeMillis(), values),
            attributes);
      } else if (!attributes.isEmpty()) {
        view.values(key, frame.getTimeMillis(), attributes);
      }
    }
    view.telemetry(frame.getSource(), disks, frame.getTimeMillis());
  }

  private static @Nullable Scope scope(EntityKind kind) {
    return switch (kind) {
      case DISK -> Scope.DRIVE;
      case NODE, PROCESSOR, HEAD -> Scope.MACHINE;
      case EDGE, PAIR -> Scope.PATH;
      default -> null;
    };
  }

  private void trouble(String sentence) {
    if (!closed.get()) {
      publish(false, sentence, progress.lagRecords());
    }
  }

  private void publish(boolean ready, @Nullable String trouble, long lag) {
    Map<String, Long> byNoun = new TreeMap<>();
    counts.forEach((topic, count) -> byNoun.put(topic.noun(), count));
    progress = new Progress(ready, trouble, byNoun, undecodable, lag);
  }

  private void waitALittle() {
    try {
      synchronized (closed) {
        if (!closed.get()) {
          closed.wait(POLL.toMillis());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
