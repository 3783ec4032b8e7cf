package io.forestall.app.ingest;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.sources.ExporterMapping;
import io.forestall.wire.sources.NodeAssembler;
import io.forestall.wire.sources.TelegrafFrames;
import io.forestall.wire.sources.TelegrafJson;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.jspecify.annotations.Nullable;

/**
 * Telegraf's metrics from a Kafka topic into telemetry. At least once: an offset is committed only
 * after everything before it has arrived as telemetry or as a dead letter. One thread. Row A2.
 */
final class TelegrafFeed {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final long COMMIT_MILLIS = 1000;

  /**
   * How to read.
   *
   * @param topic topic to read
   * @param nodeTag tag that names the node
   * @param windowMillis how far apart the metrics of one round may be; milliseconds
   * @param patienceMillis how long a round waits for more; milliseconds
   * @param smartIntervalMillis SMART metrics of a disk are sent at most once in this time;
   *     milliseconds
   * @param once true to end at the ends that the topic has at the start
   */
  record Options(
      String topic,
      String nodeTag,
      long windowMillis,
      long patienceMillis,
      long smartIntervalMillis,
      boolean once) {}

  /** What was read and sent, in exact counts of this run. */
  record Summary(long records, long metrics, long frames, long samples, long letters) {}

  private static final class NodeState {
    final NodeAssembler assembler;
    final NodeOutput output;
    final Set<String> complaints = new TreeSet<>();

    NodeState(NodeAssembler assembler, NodeOutput output) {
      this.assembler = assembler;
      this.output = output;
    }
  }

  private final Options options;
  private final NodePlaces places;
  private final FrameSink sink;
  private final IngestFigures figures;
  private final java.util.function.Consumer<String> warnings;
  private final LongSupplier clock;
  private final DeadLetters letters = new DeadLetters("ingest");
  private final TelegrafJson json;
  private final TelegrafFrames open;
  private final Map<String, NodeState> nodes = new HashMap<>();
  private final Map<TopicPartition, Long> committed = new HashMap<>();
  private long records;
  private long metrics;
  private long frames;
  private long samples;
  private long deadLetters;

  TelegrafFeed(
      Options options,
      ExporterMapping mapping,
      NodePlaces places,
      FrameSink sink,
      IngestFigures figures,
      java.util.function.Consumer<String> warnings,
      LongSupplier clock) {
    this.options = options;
    this.places = places;
    this.sink = sink;
    this.figures = figures;
    this.warnings = warnings;
    this.clock = clock;
    this.json = new TelegrafJson(options.nodeTag());
    this.open = new TelegrafFrames(mapping, options.windowMillis(), options.patienceMillis());
  }

  /** Reads until told to stop, or to the ends; the consumer is subscribed here. */
  Summary run(KafkaConsumer<byte[], byte[]> consumer, StopSignal stop) {
    consumer.subscribe(
        List.of(options.topic()),
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> lost) {
            // Whoever has them next reads again from what was committed.
            for (TopicPartition partition : lost) {
              open.forget(partition.partition());
              committed.remove(partition);
            }
          }

          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> gained) {}
        });
    @Nullable Map<TopicPartition, Long> ends = null;
    long committedAt = clock.getAsLong();
    while (!stop.stopped()) {
      ConsumerRecords<byte[], byte[]> batch = consumer.poll(POLL);
      long now = clock.getAsLong();
      for (ConsumerRecord<byte[], byte[]> record : batch) {
        take(record, now);
      }
      boolean assigned = !consumer.assignment().isEmpty();
      if (options.once() && assigned && ends == null) {
        ends = consumer.endOffsets(consumer.assignment());
      }
      boolean atEnds = ends != null && reached(consumer, ends);
      send(atEnds ? open.all() : open.due(now, readMillis(consumer)), now);
      if (atEnds || now - committedAt >= COMMIT_MILLIS) {
        commit(consumer);
        behind(consumer);
        committedAt = now;
      }
      if (atEnds) {
        break;
      }
    }
    if (stop.stopped()) {
      // What is whole by now is sent; an open round is read again by the next run.
      send(open.due(clock.getAsLong(), readMillis(consumer)), clock.getAsLong());
      commit(consumer);
    }
    return new Summary(records, metrics, frames, samples, deadLetters);
  }

  private long readMillis(KafkaConsumer<byte[], byte[]> consumer) {
    long read = Long.MAX_VALUE;
    for (TopicPartition partition : consumer.assignment()) {
      if (consumer.currentLag(partition).orElse(1) > 0) {
        read = Math.min(read, open.newestMillis(partition.partition()));
      }
    }
    return read;
  }

  private static boolean reached(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.assignment().contains(end.getKey())
          && consumer.position(end.getKey()) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private void take(ConsumerRecord<byte[], byte[]> record, long now) {
    records++;
    figures.add(IngestFigures.RECORDS, 1, "source", TelegrafJson.SOURCE);
    TelegrafJson.Parsed parsed = json.parse(record.value());
    byte[] payload = record.value() == null ? new byte[0] : record.value();
    for (TelegrafJson.Refusal refusal : parsed.refusals()) {
      sink.deadLetter(
          refusal.index() < 0
              ? letters.record(
                  record.topic(),
                  record.partition(),
                  record.offset(),
                  record.timestamp(),
                  refusal.reason(),
                  refusal.detail(),
                  payload,
                  1)
              : letters.sample(
                  record.topic(),
                  record.partition(),
                  record.offset(),
                  refusal.index(),
                  record.timestamp(),
                  refusal.reason(),
                  refusal.detail(),
                  null,
                  payload));
      letter(refusal.reason());
    }
    metrics += parsed.metrics().size();
    open.add(parsed.metrics(), record.partition(), record.offset(), now);
  }

  private void send(List<TelegrafFrames.Due> due, long now) {
    long newest = Long.MIN_VALUE;
    for (TelegrafFrames.Due page : due) {
      figures.add(IngestFigures.SERIES, page.page().series(), "source", TelegrafJson.SOURCE);
      figures.add(IngestFigures.UNMAPPED, page.page().unknown(), "source", TelegrafJson.SOURCE);
      figures.add(IngestFigures.LEFT_OUT, page.page().leftOut(), "source", TelegrafJson.SOURCE);
      NodeState node = node(page);
      changes(node, page);
      NodeAssembler.Assembled assembled =
          node.assembler.assemble(
              List.of(
                  new NodeAssembler.Part(page.page(), new EntityRef(EntityKind.NODE, page.node()))),
              page.timeMillis());
      frames += node.output.send(assembled, page.timeMillis(), sink, figures);
      samples += assembled.samples().size();
      newest = Math.max(newest, page.timeMillis());
    }
    if (newest != Long.MIN_VALUE) {
      figures.set(
          IngestFigures.LAG, Math.max(0, now - newest) / 1000.0, "source", TelegrafJson.SOURCE);
    }
  }

  private NodeState node(TelegrafFrames.Due page) {
    Place place = places.of(page.node(), page.places());
    NodeState known = nodes.get(page.node());
    // A round of few metrics may lack the tags; only a place that says something else is news.
    if (known != null && (page.places().isEmpty() || known.output.place().equals(place))) {
      return known;
    }
    NodeState fresh =
        new NodeState(
            known == null
                ? new NodeAssembler(page.node(), options.smartIntervalMillis(), null)
                : known.assembler,
            new NodeOutput(
                Set.of(Subject.node(page.node())),
                place,
                TelegrafJson.SOURCE,
                known == null ? 0 : known.output.sequence()));
    nodes.put(page.node(), fresh);
    return fresh;
  }

  // Says once what an agent does not send; its measurements come when they like, its fields always.
  private void changes(NodeState node, TelegrafFrames.Due page) {
    Set<String> missing = new TreeSet<>(page.page().missing());
    missing.removeAll(node.complaints);
    if (missing.isEmpty()) {
      return;
    }
    node.complaints.addAll(missing);
    String text =
        "Telegraf on "
            + page.node()
            + " sends a measurement without "
            + String.join("; ", missing)
            + ": see MAPPING.md for the settings that it needs";
    warnings.accept(text);
    sink.deadLetter(
        letters.line(
            options.topic(),
            1,
            page.timeMillis(),
            DeadReason.MISSING_FIELD,
            text,
            new EntityRef(EntityKind.NODE, page.node()),
            new byte[0]));
    letter(DeadReason.MISSING_FIELD);
  }

  private void letter(DeadReason reason) {
    deadLetters++;
    figures.add(IngestFigures.DEAD_LETTERS, 1, "reason", reason.name().toLowerCase(Locale.ROOT));
  }

  private void commit(KafkaConsumer<byte[], byte[]> consumer) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    open.safeOffsets()
        .forEach(
            (partition, offset) -> {
              TopicPartition of = new TopicPartition(options.topic(), partition);
              Long before = committed.get(of);
              if (before == null || before < offset) {
                offsets.put(of, new OffsetAndMetadata(offset));
              }
            });
    if (offsets.isEmpty()) {
      return;
    }
    sink.flush();
    try {
      consumer.commitSync(offsets);
      offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
    } catch (CommitFailedException | RebalanceInProgressException e) {
      // Another reader of the group has the partitions now, and reads what was not committed.
      warnings.accept("the group is being shared out anew: " + e.getMessage());
    }
  }

  private void behind(KafkaConsumer<byte[], byte[]> consumer) {
    long sum = 0;
    for (TopicPartition partition : consumer.assignment()) {
      sum += consumer.currentLag(partition).orElse(0);
    }
    figures.set(IngestFigures.BEHIND, sum, "source", TelegrafJson.SOURCE);
    figures.set(
        IngestFigures.DISKS,
        nodes.values().stream().mapToInt(node -> node.output.disks()).sum(),
        "source",
        TelegrafJson.SOURCE);
  }
}
