package io.forestall.nodes.node;

import io.forestall.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the broker keeps what it acknowledged (section 4 point 7): replication 3, two
 * replicas in sync at least, no unclean election, for the logs on which the promise stands.
 */
final class BrokerCheck {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private BrokerCheck() {}

  /** What is weaker than promised, as sentences; empty when all is well. */
  static List<String> problems(Properties client, String prefix) {
    List<String> problems = new ArrayList<>();
    Properties all = new Properties();
    all.putAll(client);
    all.put("client.id", "forestall-node-check");
    try (Admin admin = Admin.create(all)) {
      for (Topics topic : List.of(Topics.DELTAS, Topics.OWNERSHIP)) {
        String name = topic.name(prefix);
        TopicDescription description =
            admin
                .describeTopics(List.of(name))
                .allTopicNames()
                .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .get(name);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        Map<ConfigResource, Config> configs =
            admin
                .describeConfigs(List.of(resource))
                .all()
                .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        judge(name, description, configs.get(resource), problems);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      problems.add("the check of the broker was interrupted");
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
      problems.add("the broker's settings cannot be read: " + cause.getMessage());
    }
    return problems;
  }

  static void judge(
      String name,
      @Nullable TopicDescription description,
      @Nullable Config config,
      List<String> problems) {
    int replicas = Integer.MAX_VALUE;
    if (description != null) {
      for (TopicPartitionInfo partition : description.partitions()) {
        replicas = Math.min(replicas, partition.replicas().size());
      }
      if (replicas < 3) {
        problems.add(name + " has replication " + replicas + ", not 3");
      }
    }
    String inSync = value(config, "min.insync.replicas");
    if (inSync == null || Integer.parseInt(inSync) < 2) {
      problems.add(name + " has min.insync.replicas " + inSync + ", not 2");
    }
    String unclean = value(config, "unclean.leader.election.enable");
    if (!"false".equals(unclean)) {
      problems.add(name + " has unclean.leader.election.enable " + unclean + ", not false");
    }
  }

  private static @Nullable String value(@Nullable Config config, String key) {
    ConfigEntry entry = config == null ? null : config.get(key);
    return entry == null ? null : entry.value();
  }
}
