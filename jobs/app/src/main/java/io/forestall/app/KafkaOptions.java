package io.forestall.app;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Where Kafka is and how to talk to it: the options every command shares (picocli mixin). Not
 * thread-safe while options are parsed, read-only after that.
 */
public final class KafkaOptions {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:FORESTALL_BOOTSTRAP_SERVERS:-localhost:9092}",
      description = "Kafka brokers, comma separated. Default: ${DEFAULT-VALUE}.")
  private String bootstrapServers = "localhost:9092";

  @Option(
      names = "--topic-prefix",
      paramLabel = "WORD",
      defaultValue = "${env:FORESTALL_TOPIC_PREFIX:-forestall}",
      description = "First word of every topic's name. Default: ${DEFAULT-VALUE}.")
  private String topicPrefix = "forestall";

  @Option(
      names = "--kafka-property",
      paramLabel = "KEY=VALUE",
      description = "A property of the Kafka clients; may be repeated, wins over the file.")
  private Map<String, String> properties = new LinkedHashMap<>();

  @Option(
      names = "--command-config",
      paramLabel = "FILE",
      description = "A properties file for the Kafka clients (security settings).")
  private @Nullable Path commandConfig;

  /** The options picocli fills in. */
  public KafkaOptions() {}

  /** The options as a value, for callers without a command line. */
  public KafkaOptions(String bootstrapServers, String topicPrefix) {
    this.bootstrapServers = bootstrapServers;
    this.topicPrefix = topicPrefix;
  }

  /** {@code host:port}, comma separated. */
  public String bootstrapServers() {
    return bootstrapServers;
  }

  /** The first word of every topic's name. */
  public String topicPrefix() {
    return topicPrefix;
  }

  /**
   * Properties for any Kafka client: the file, then the single properties, then the address.
   *
   * @throws CommandFailure when the file cannot be read
   */
  public Properties clientProperties() {
    Properties all = new Properties();
    if (commandConfig != null) {
      try (Reader in = Files.newBufferedReader(commandConfig, StandardCharsets.UTF_8)) {
        all.load(in);
      } catch (IOException | IllegalArgumentException e) {
        throw new CommandFailure(
            ExitCodes.USAGE, "cannot read --command-config " + commandConfig + ": " + e, e);
      }
    }
    all.putAll(properties);
    all.setProperty("bootstrap.servers", bootstrapServers);
    return all;
  }

  /**
   * An admin client that has just spoken to the cluster.
   *
   * @throws CommandFailure with {@link ExitCodes#UNREACHABLE} when no broker answers
   */
  public Admin openAdmin() {
    Properties clients = clientProperties();
    int patienceMillis = (int) PATIENCE.toMillis();
    clients.putIfAbsent("request.timeout.ms", Integer.toString(patienceMillis));
    clients.putIfAbsent("default.api.timeout.ms", Integer.toString(patienceMillis));
    Admin admin;
    try {
      admin = Admin.create(clients);
    } catch (KafkaException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new CommandFailure(
          ExitCodes.USAGE,
          "Kafka client settings are wrong: "
              + reason.getMessage()
              + " (check --bootstrap-servers, --kafka-property, --command-config)",
          e);
    }
    try {
      var unused =
          admin
              .describeCluster(new DescribeClusterOptions().timeoutMs(patienceMillis))
              .nodes()
              .get(PATIENCE.toMillis() + 1000, TimeUnit.MILLISECONDS);
      return admin;
    } catch (InterruptedException e) {
      admin.close(Duration.ZERO);
      Thread.currentThread().interrupt();
      throw CommandFailure.unreachable("interrupted while asking " + bootstrapServers, e);
    } catch (ExecutionException | TimeoutException e) {
      admin.close(Duration.ZERO);
      throw CommandFailure.unreachable(
          "no Kafka broker answers at "
              + bootstrapServers
              + " within "
              + PATIENCE.toSeconds()
              + " s: start one (scripts/demo) or correct --bootstrap-servers",
          e);
    }
  }
}
