package io.forestall.nodes.client;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.nodes.LostRecords;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.Rehearsal;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Sample;
import io.forestall.schemas.Severity;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link VolumeClient} on Kafka: reads ownership, maps, fleet and the client's commands, and
 * tells acks, telemetry and events. Nothing is committed; each start reads ownership, maps and
 * fleet from their beginnings. When Kafka does not answer, requests to owners go on.
 */
public final class KafkaClientFeed implements ClientReports, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaClientFeed.class);

  /** Label of a node's fleet entry: host and port of its data plane. */
  public static final String ADDRESS_LABEL = "forestall.address";

  private static final Duration POLL = Duration.ofMillis(250);

  private final ClientSettings settings;
  private final LostRecords lost = new LostRecords(LOG::warn, System::nanoTime);
  private final String prefix;
  private final Signatures.Trusted trusted;
  private final Subject me;
  private final long startMillis;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Producer<byte[], byte[]> producer;
  private final VolumeClient client;
  private final Thread reading;
  private volatile boolean closed;

  private final Map<Topics, Integer> partitions = new EnumMap<>(Topics.class);
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final MapRecords maps = new MapRecords();
  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final AvroCodec<FleetEntry> fleet = AvroCodec.of(FleetEntry.class);
  private final AvroCodec<Event> events = AvroCodec.of(Event.class);
  private final AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
  private final AtomicLong frameNumbers = new AtomicLong();
  private final AtomicLong ackNumbers = new AtomicLong();
  private final AtomicLong pauseNumbers = new AtomicLong();
  private final PauseLimit pauseLimit = new PauseLimit();
  private final Map<TopicPartition, Long> ends = new HashMap<>();

  private KafkaClientFeed(
      Properties kafka, String prefix, Signatures.Trusted trusted, ClientSettings settings) {
    this.settings = settings;
    this.prefix = prefix;
    this.trusted = trusted;
    this.me = new Subject(Subject.Kind.CLIENT, settings.id());
    this.startMillis = System.currentTimeMillis();
    this.consumer = consumer(kafka);
    this.producer = producer(kafka);
    try {
      assign();
    } catch (KafkaException e) {
      consumer.close();
      producer.close(Duration.ZERO);
      throw new PublishException(
          "cannot read the topics of the volumes: "
              + e.getMessage()
              + "; is Kafka reachable, and were the topics created (forestall topics create)?",
          e);
    }
    this.client = new VolumeClient(settings, this);
    this.reading = new Thread(this::read, "forestall-client-feed-" + settings.id());
    this.reading.setDaemon(true);
  }

  /**
   * Connects and begins to read.
   *
   * @param kafka properties of the Kafka clients, at least {@code bootstrap.servers}
   * @param prefix first word of the topics
   * @param trusted keys that takeovers must be signed with; with none at all, every takeover is
   *     believed as far as asking that node, which knows better
   * @throws PublishException when Kafka does not answer or lacks a topic
   */
  public static KafkaClientFeed open(
      Properties kafka, String prefix, Signatures.Trusted trusted, ClientSettings settings) {
    Rehearsal.begin();
    KafkaClientFeed feed = new KafkaClientFeed(kafka, prefix, trusted, settings);
    feed.reading.start();
    return feed;
  }

  /** The client that is fed; closed with this. */
  public VolumeClient client() {
    return client;
  }

  private KafkaConsumer<byte[], byte[]> consumer(Properties kafka) {
    Properties all = new Properties();
    all.put("default.api.timeout.ms", "15000");
    all.putAll(kafka);
    all.remove("group.id");
    all.put("client.id", "forestall-client-" + settings.id());
    all.put("enable.auto.commit", "false");
    all.put("auto.offset.reset", "earliest");
    // A change of owner is read as soon as it is there.
    all.put("fetch.min.bytes", "1");
    all.put("reconnect.backoff.max.ms", "500");
    all.put("key.deserializer", ByteArrayDeserializer.class.getName());
    all.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return new KafkaConsumer<>(all);
  }

  private Producer<byte[], byte[]> producer(Properties kafka) {
    Properties all = new Properties();
    all.put("linger.ms", "0");
    all.put("max.block.ms", "1000");
    all.put("reconnect.backoff.max.ms", "500");
    all.putAll(kafka);
    all.put("client.id", "forestall-client-" + settings.id());
    all.put("acks", "all");
    all.put("enable.idempotence", "true");
    all.put("key.serializer", ByteArraySerializer.class.getName());
    all.put("value.serializer", ByteArraySerializer.class.getName());
    return new KafkaProducer<>(all);
  }

  private void assign() {
    for (Topics topic :
        List.of(
            Topics.OWNERSHIP,
            Topics.MAPS,
            Topics.FLEET,
            Topics.COMMANDS,
            Topics.ACKS,
            Topics.EVENTS,
            Topics.TELEMETRY)) {
      List<PartitionInfo> found = consumer.partitionsFor(topic.name(prefix));
      if (found == null || found.isEmpty()) {
        throw new KafkaException("topic " + topic.name(prefix) + " is not there");
      }
      partitions.put(topic, found.size());
    }
    List<TopicPartition> whole = new ArrayList<>();
    for (Topics topic : List.of(Topics.OWNERSHIP, Topics.MAPS, Topics.FLEET)) {
      for (int i = 0; i < count(topic); i++) {
        whole.add(new TopicPartition(topic.name(prefix), i));
      }
    }
    String key = me.toString();
    TopicPartition orders =
        new TopicPartition(
            Topics.COMMANDS.name(prefix), FixedPartitioner.partition(key, count(Topics.COMMANDS)));
    List<TopicPartition> all = new ArrayList<>(whole);
    all.add(orders);
    consumer.assign(all);
    consumer.seekToBeginning(whole);
    consumer.seekToEnd(List.of(orders));
    ends.putAll(consumer.endOffsets(whole));
  }

  private int count(Topics topic) {
    return partitions.getOrDefault(topic, 1);
  }

  // ---- reading

  private void read() {
    String ownershipTopic = Topics.OWNERSHIP.name(prefix);
    String mapsTopic = Topics.MAPS.name(prefix);
    String fleetTopic = Topics.FLEET.name(prefix);
    try {
      while (!closed) {
        try {
          for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
            try {
              if (each.topic().equals(ownershipTopic)) {
                if (each.value() != null) {
                  client.ownershipRead(
                      each.partition(),
                      each.offset(),
                      believed(ownership.decode(each.value(), trusted)));
                }
              } else if (each.topic().equals(mapsTopic)) {
                if (each.value() != null) {
                  client.mapRead(maps.decode(each.value()));
                }
              } else if (each.topic().equals(fleetTopic)) {
                fleet(each.key(), each.value());
              } else if (each.value() != null) {
                command(each.value());
              }
            } catch (WireException e) {
              LOG.warn(
                  "A record of {} at {}/{} is passed over: {}",
                  each.topic(),
                  each.partition(),
                  each.offset(),
                  e.getMessage());
            }
          }
          if (!ends.isEmpty()) {
            ends.entrySet().removeIf(each -> consumer.position(each.getKey()) >= each.getValue());
            if (ends.isEmpty()) {
              client.caughtUp();
            }
          }
        } catch (WakeupException e) {
          LOG.debug("Woken to end", e);
        } catch (KafkaException e) {
          // The consumer goes on where it was; owners answer meanwhile.
          LOG.warn("Reading from Kafka failed and goes on: {}", e.getMessage());
        }
      }
    } finally {
      consumer.close();
    }
  }

  /** Without any key nothing can be checked: the named owner is asked, and knows better. */
  private OwnershipEntry believed(OwnershipEntry entry) {
    if (!trusted.isEmpty() || entry.authority() != Authority.UNKNOWN_KEY) {
      return entry;
    }
    return entry.withAuthority(Authority.VALID);
  }

  private void fleet(byte @Nullable [] key, byte @Nullable [] value) throws WireException {
    if (value == null) {
      EntityRef gone = key == null ? null : Keys.parse(new String(key, StandardCharsets.UTF_8));
      if (gone != null && gone.getKind() == EntityKind.NODE) {
        client.addressRead(Subject.node(gone.getId()), null);
      }
      return;
    }
    FleetEntry entry = fleet.decode(value);
    String address = entry.getLabels().get(ADDRESS_LABEL);
    String id = entry.getEntity().getId();
    if (entry.getEntity().getKind() != EntityKind.NODE
        || address == null
        || id.isEmpty()
        || id.length() > Subject.MAX_ID_CHARS) {
      return;
    }
    InetSocketAddress where = address(address);
    if (where == null) {
      LOG.warn("Node {} says that it answers at '{}', which is no HOST:PORT", id, address);
    } else {
      client.addressRead(Subject.node(id), where);
    }
  }

  /** The address of {@code host:port}, null when the text is none. */
  public static @Nullable InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      return null;
    }
    try {
      String host = text.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      return new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private void command(byte[] value) throws WireException {
    CommandRecords.Received received = commands.decode(value, trusted);
    Command command = received.command();
    if (!command.addressee().equals(me)) {
      return;
    }
    CommandAck.Code code = CommandAck.Code.NONE;
    String text = "The client knows";
    Subject target = command.target();
    switch (command.kind()) {
      case REDIRECT -> {
        // A hint to connect and no more: a signature that cannot be checked here does no harm, a
        // wrong one is refused.
        if (received.authority() == Authority.FORGED) {
          code = CommandAck.Code.BAD_SIGNATURE;
        } else if (received.authority() == Authority.NONE || target == null) {
          code = CommandAck.Code.NO_ADMISSION;
        } else if (System.currentTimeMillis() > command.expiresMillis()) {
          code = CommandAck.Code.EXPIRED;
        } else {
          client.hinted(target);
        }
      }
      case PROBE -> text = "The client is there and has " + client.open() + " requests open";
      case REFRESH_MAP, CANCEL -> LOG.debug("Nothing to do for {}: maps are always read", command);
      default -> code = CommandAck.Code.UNSUPPORTED;
    }
    boolean done = code == CommandAck.Code.NONE;
    send(
        Topics.ACKS,
        command.subject().toString(),
        acks.encode(
            new CommandAck(
                command.id(),
                me,
                command.subject(),
                command.pool(),
                done ? CommandAck.Status.DONE : CommandAck.Status.REFUSED,
                code,
                done ? text : "The client cannot do this: " + code,
                false,
                null,
                null,
                null,
                null,
                null,
                null,
                Map.of(),
                startMillis,
                ackNumbers.incrementAndGet(),
                System.currentTimeMillis())));
  }

  // ---- telling

  @Override
  public void unreachable(Subject node, String why) {
    long now = System.currentTimeMillis();
    Event event =
        event(
            "node.unreachable/" + node.id() + "/" + me + "/" + now,
            "node.unreachable",
            Severity.CRITICAL,
            new EntityRef(EntityKind.NODE, node.id()),
            List.of(new EntityRef(EntityKind.CLIENT, settings.id())),
            now,
            "Client " + settings.id() + " does not reach node " + node.id() + ": " + why);
    send(Topics.EVENTS, Keys.of(event.getEntity()), events.encode(event));
  }

  @Override
  public void paused(String volume, long pauseMillis) {
    long now = System.currentTimeMillis();
    if (!pauseLimit.tells(volume, pauseMillis, now)) {
      return;
    }
    Event event =
        event(
            "volume.paused/"
                + volume
                + "/"
                + settings.client()
                + "/"
                + pauseNumbers.incrementAndGet(),
            "volume.paused",
            Severity.INFO,
            new EntityRef(EntityKind.PAIR, volume + "@" + settings.id()),
            List.of(
                new EntityRef(EntityKind.VOLUME, volume),
                new EntityRef(EntityKind.CLIENT, settings.id())),
            now,
            "Client "
                + settings.id()
                + " had no answer of volume "
                + volume
                + " for "
                + pauseMillis
                + " ms, and goes on");
    event.setValues(Map.of("pauseMillis", (double) pauseMillis));
    send(Topics.EVENTS, Keys.of(event.getEntity()), events.encode(event));
  }

  private static Event event(
      String id,
      String type,
      Severity severity,
      EntityRef entity,
      List<EntityRef> related,
      long timeMillis,
      String summary) {
    Event event = new Event();
    event.setId(id);
    event.setType(type);
    event.setSeverity(severity);
    event.setPredicted(false);
    event.setEntity(entity);
    event.setRelated(related);
    event.setTimeMillis(timeMillis);
    event.setConfidence(1.0);
    event.setHorizonMillis(0L);
    event.setMode(FailureMode.UNKNOWN);
    event.setSource("client");
    event.setSummary(summary);
    event.setValues(Map.of());
    event.setLabels(Map.of());
    return event;
  }

  @Override
  public void latencies(List<LatencyBook.Page> pages) {
    TelemetryFrame frame = new TelemetryFrame();
    frame.setNode(settings.id());
    frame.setTimeMillis(System.currentTimeMillis());
    frame.setSequence(frameNumbers.getAndIncrement());
    frame.setSource("client");
    List<Sample> samples = new ArrayList<>(pages.size());
    for (LatencyBook.Page page : pages) {
      Map<String, Double> metrics = new HashMap<>();
      metrics.put("path_operations_total", (double) page.operations());
      metrics.put("path_errors_total", (double) page.errors());
      metrics.put("path_bytes_total", (double) page.bytes());
      if (page.recent() > 0) {
        metrics.put("path_latency_seconds", page.meanSeconds());
        metrics.put("path_latency_p99_seconds", page.p99Seconds());
      }
      Sample sample = new Sample();
      sample.setEntity(new EntityRef(EntityKind.PAIR, page.volume() + "@" + settings.id()));
      sample.setMetrics(metrics);
      samples.add(sample);
    }
    frame.setSamples(samples);
    send(Topics.TELEMETRY, settings.id(), frames.encode(frame));
  }

  private void send(Topics topic, String key, byte[] value) {
    try {
      var unused =
          producer.send(
              new ProducerRecord<>(
                  topic.name(prefix),
                  FixedPartitioner.partition(key, count(topic)),
                  Keys.bytes(key),
                  value),
              (metadata, problem) -> {
                if (problem != null) {
                  lost.lost(topic, key, problem);
                }
              });
    } catch (KafkaException | IllegalStateException e) {
      lost.lost(topic, key, e);
    }
  }

  /** Ends the client and this. */
  @Override
  public void close() {
    closed = true;
    client.close();
    consumer.wakeup();
    try {
      reading.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    producer.close(Duration.ofSeconds(2));
  }
}
