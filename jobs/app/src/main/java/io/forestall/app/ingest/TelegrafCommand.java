package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.wire.sources.ExporterMapping;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code forestall ingest telegraf}: what Telegraf writes to a Kafka topic, as telemetry. Exit code
 * 0 after an orderly end.
 */
@Command(
    name = "telegraf",
    description = {
      "Reads Telegraf's JSON (data_format = \"json\", single metrics or batches) from a Kafka topic"
          + " and sends it on as telemetry, at least once.",
      "Records that cannot be read go to the topic dead-letters with topic, partition and offset."
    })
final class TelegrafCommand implements Callable<Integer> {

  @Mixin private KafkaOptions kafka = new KafkaOptions();
  @Mixin private MetricsOptions metrics = new MetricsOptions();

  @Option(
      names = "--input-topic",
      required = true,
      paramLabel = "TOPIC",
      description = "Topic that Telegraf writes to (outputs.kafka).")
  private String inputTopic = "";

  @Option(
      names = "--input-bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Brokers of that topic, when it is on another cluster.")
  private @Nullable String inputServers;

  @Option(
      names = "--group",
      paramLabel = "NAME",
      defaultValue = "forestall-ingest-telegraf",
      description = "Consumer group; several readers of one group share the partitions.")
  private String group = "forestall-ingest-telegraf";

  @Option(
      names = "--node-tag",
      paramLabel = "TAG",
      defaultValue = "host",
      description = "Tag that names the node. Default: ${DEFAULT-VALUE}.")
  private String nodeTag = "host";

  @Option(
      names = "--window",
      paramLabel = "TIME",
      defaultValue = "5s",
      description =
          "How far apart the metrics of one round of an agent may be; at most half of its interval."
              + " Default: ${DEFAULT-VALUE}.")
  private String window = "5s";

  @Option(
      names = "--patience",
      paramLabel = "TIME",
      defaultValue = "3s",
      description =
          "How long a round waits for more metrics when the node sends nothing later. Default:"
              + " ${DEFAULT-VALUE}.")
  private String patience = "3s";

  @Option(
      names = "--smart-interval",
      paramLabel = "TIME",
      defaultValue = "1h",
      description =
          "SMART attributes of a disk are sent at most once in this time; 0s for each round."
              + " Default: ${DEFAULT-VALUE}.")
  private String smartInterval = "1h";

  @Option(names = "--once", description = "Read to the ends that the topic has now, then end.")
  private boolean once;

  @Option(
      names = "--mapping",
      paramLabel = "FILE",
      description = "Rows that add to the shipped mapping or replace some of it (MAPPING.md).")
  private @Nullable Path mapping;

  @Option(
      names = "--inventory",
      paramLabel = "FILE",
      description =
          "Where the nodes stand, as for forestall ingest; else the tags rack, zone, region and"
              + " pool of the metrics say it.")
  private @Nullable Path inventory;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    TelegrafFeed.Options options =
        new TelegrafFeed.Options(
            inputTopic,
            nodeTag,
            Durations.millis("--window", window),
            Durations.millis("--patience", patience),
            Durations.millis("--smart-interval", smartInterval),
            once);
    if (options.windowMillis() < 1) {
      throw CommandFailure.usage("--window is at least 1ms");
    }
    ExporterMapping rows = MappingOption.read(mapping);
    NodePlaces places = new NodePlaces(inventory);
    try (Admin answering = kafka.openAdmin()) {
      // Only to fail early, with a clear word, when nobody answers.
      Objects.requireNonNull(answering);
    }
    KafkaOptions input =
        inputServers == null ? kafka : new KafkaOptions(inputServers, kafka.topicPrefix());
    requireTopic(input);
    IngestFigures figures = new IngestFigures();
    try (TelemetryPublisher publisher =
            TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix());
        KafkaConsumer<byte[], byte[]> consumer = consumer();
        MetricsServer server = metrics.start(figures::page, line -> say(err, line))) {
      publisher.publishSchemas("forestall ingest telegraf", System.currentTimeMillis());
      TelegrafFeed feed =
          new TelegrafFeed(
              options,
              rows,
              places,
              publisher,
              figures,
              line -> say(err, line),
              System::currentTimeMillis);
      return Running.untilStopped(
          stop -> {
            // Here, because the process ends as soon as this does when it was told to.
            print(feed.run(consumer, stop), out);
            out.flush();
            return ExitCodes.OK;
          });
    } catch (PublishException e) {
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
    } catch (KafkaException e) {
      throw CommandFailure.unreachable("reading " + inputTopic + " failed: " + e.getMessage(), e);
    } finally {
      out.flush();
    }
  }

  private static void print(TelegrafFeed.Summary summary, PrintWriter out) {
    out.printf(Locale.ROOT, "%-24s %,12d%n", "records read", summary.records());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "metrics read", summary.metrics());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "frames sent", summary.frames());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "samples sent", summary.samples());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "dead letters", summary.letters());
  }

  private void requireTopic(KafkaOptions input) throws InterruptedException {
    try (Admin admin = input.openAdmin()) {
      Set<String> names = admin.listTopics().names().get();
      if (!names.contains(inputTopic)) {
        throw CommandFailure.usage(
            "there is no topic "
                + inputTopic
                + " at "
                + input.bootstrapServers()
                + ": is it the one of Telegraf's outputs.kafka?");
      }
    } catch (ExecutionException e) {
      throw CommandFailure.unreachable(
          "the topics at " + input.bootstrapServers() + " cannot be listed: " + e.getCause(), e);
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Properties all = kafka.clientProperties();
    if (inputServers != null) {
      all.setProperty("bootstrap.servers", inputServers);
    }
    all.put("group.id", group);
    all.put("enable.auto.commit", "false");
    all.put("auto.offset.reset", "earliest");
    // All partitions are given back together, so that an open round is never lost in halves.
    all.put("partition.assignment.strategy", RangeAssignor.class.getName());
    all.put("client.id", "forestall-ingest-telegraf");
    all.put("key.deserializer", ByteArrayDeserializer.class.getName());
    all.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return new KafkaConsumer<>(all);
  }

  private static void say(PrintWriter err, String line) {
    synchronized (err) {
      err.println(line.replaceAll("\\p{Cntrl}", "."));
      err.flush();
    }
  }
}
