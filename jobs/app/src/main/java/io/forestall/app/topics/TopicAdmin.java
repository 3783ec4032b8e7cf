package io.forestall.app.topics;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Holds a broker against the catalogue of topics and creates what is missing. Partition counts of
 * topics that exist are never changed: the place of a key would move. Thread-safe as its admin
 * client is.
 */
public final class TopicAdmin {
  private static final int WANTED_REPLICATION = 3;

  /** How long the leaders of new partitions are waited for. */
  private static final int LEADERS_PATIENCE_MILLIS = 60_000;

  private final Admin admin;
  private final String prefix;

  /**
   * @param admin stays open; the caller closes it
   * @param prefix first word of every topic's name
   */
  public TopicAdmin(Admin admin, String prefix) {
    this.admin = admin;
    this.prefix = prefix;
  }

  /**
   * One thing in which a broker differs from the catalogue.
   *
   * @param topic full name
   * @param what missing, partitions, replication, or a setting's name
   * @param wanted by the catalogue
   * @param found on the broker
   */
  public record Difference(String topic, String what, String wanted, String found) {
    /** As one line. */
    public String sentence() {
      return what.equals("missing")
          ? topic + " is missing"
          : topic + ": " + what + " is " + found + ", wanted " + wanted;
    }
  }

  /** Replication for this cluster: three copies, or as many as there are brokers. */
  public short replicationForCluster() {
    return (short)
        Math.min(WANTED_REPLICATION, await(admin.describeCluster().nodes(), "brokers").size());
  }

  /**
   * Creates the topics that are missing.
   *
   * @param replication copies of each
   * @return the names of those created, in the catalogue's order
   */
  public List<String> createMissing(short replication) {
    Set<String> there = await(admin.listTopics().names(), "the list of topics");
    Map<String, NewTopic> missing = new LinkedHashMap<>();
    for (TopicSpec topic : TopicCatalogue.load()) {
      String name = topic.name(prefix);
      if (!there.contains(name)) {
        Map<String, String> settings = new TreeMap<>(topic.brokerConfig());
        if (replication >= WANTED_REPLICATION) {
          settings.putIfAbsent("min.insync.replicas", "2");
        }
        missing.put(name, new NewTopic(name, topic.partitions(), replication).configs(settings));
      }
    }
    List<String> created = new ArrayList<>();
    admin
        .createTopics(missing.values())
        .values()
        .forEach(
            (name, done) -> {
              try {
                done.get();
                created.add(name);
              } catch (InterruptedException e) {
                throw interrupted(e);
              } catch (ExecutionException e) {
                // Somebody else created it in the meantime: as good.
                if (!(e.getCause() instanceof TopicExistsException)) {
                  throw refused("creating " + name, e);
                }
              }
            });
    created.sort(
        (a, b) ->
            Integer.compare(
                List.copyOf(missing.keySet()).indexOf(a),
                List.copyOf(missing.keySet()).indexOf(b)));
    awaitLeaders(created.stream().map(missing::get).filter(Objects::nonNull).toList());
    return created;
  }

  /**
   * Waits until the leader of each partition answers. A broker hears of a new partition after the
   * controller; a producer whose first batch comes before that, and whose second does not, cannot
   * write the first until it gives up after two minutes (KAFKA-15591).
   */
  private void awaitLeaders(List<NewTopic> created) {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (NewTopic topic : created) {
      for (int partition = 0; partition < topic.numPartitions(); partition++) {
        asked.put(new TopicPartition(topic.name(), partition), OffsetSpec.latest());
      }
    }
    if (asked.isEmpty()) {
      return;
    }
    try {
      var unused =
          admin
              .listOffsets(asked, new ListOffsetsOptions().timeoutMs(LEADERS_PATIENCE_MILLIS))
              .all()
              .get();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw refused("waiting for the leaders of the topics that were created", e);
    }
  }

  /** Sets the settings of existing topics to the catalogue's. Returns what was changed. */
  public List<Difference> correctSettings() {
    List<Difference> wrong = new ArrayList<>();
    Map<ConfigResource, Collection<AlterConfigOp>> changes = new LinkedHashMap<>();
    for (Difference difference : differences()) {
      if (difference.what().contains(".")) {
        wrong.add(difference);
        changes
            .computeIfAbsent(
                new ConfigResource(ConfigResource.Type.TOPIC, difference.topic()),
                topic -> new ArrayList<>())
            .add(
                new AlterConfigOp(
                    new ConfigEntry(difference.what(), difference.wanted()),
                    AlterConfigOp.OpType.SET));
      }
    }
    if (!changes.isEmpty()) {
      await(admin.incrementalAlterConfigs(changes).all(), "changing settings");
    }
    return wrong;
  }

  /** Everything in which the broker differs from the catalogue, in the catalogue's order. */
  public List<Difference> differences() {
    Set<String> there = await(admin.listTopics().names(), "the list of topics");
    List<TopicSpec> present =
        TopicCatalogue.load().stream().filter(t -> there.contains(t.name(prefix))).toList();
    List<String> names = present.stream().map(t -> t.name(prefix)).toList();
    Map<String, TopicDescription> descriptions =
        await(admin.describeTopics(names).allTopicNames(), "descriptions of topics");
    Map<ConfigResource, Config> settings =
        await(
            admin
                .describeConfigs(
                    names.stream()
                        .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                        .toList())
                .all(),
            "settings of topics");
    short replication = replicationForCluster();
    List<Difference> found = new ArrayList<>();
    for (TopicSpec topic : TopicCatalogue.load()) {
      String name = topic.name(prefix);
      TopicDescription description = descriptions.get(name);
      Config config = settings.get(new ConfigResource(ConfigResource.Type.TOPIC, name));
      if (description == null || config == null) {
        found.add(new Difference(name, "missing", "present", "missing"));
        continue;
      }
      int partitions = description.partitions().size();
      if (topic.fixedPartitions()
          ? partitions != topic.partitions()
          : partitions < topic.partitions()) {
        found.add(
            new Difference(
                name,
                "partitions",
                Integer.toString(topic.partitions()),
                Integer.toString(partitions)));
      }
      int copies =
          description.partitions().stream().mapToInt(p -> p.replicas().size()).min().orElse(0);
      if (copies < replication) {
        found.add(
            new Difference(
                name, "replication", Short.toString(replication), Integer.toString(copies)));
      }
      new TreeMap<>(topic.brokerConfig())
          .forEach(
              (key, wanted) -> {
                ConfigEntry entry = config.get(key);
                String value = entry == null || entry.value() == null ? "not set" : entry.value();
                if (!value.equals(wanted)) {
                  found.add(new Difference(name, key, wanted, value));
                }
              });
    }
    return found;
  }

  private static <T> T await(org.apache.kafka.common.KafkaFuture<T> future, String what) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw refused("asking for " + what, e);
    }
  }

  private static CommandFailure interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new CommandFailure(ExitCodes.FOUND, "interrupted", e);
  }

  private static CommandFailure refused(String doing, ExecutionException e) {
    Throwable why = e.getCause() == null ? e : e.getCause();
    return CommandFailure.unreachable(
        doing
            + " failed: "
            + why.getMessage()
            + " ("
            + why.getClass().getSimpleName()
            + "); check the broker and the rights of this client",
        e);
  }
}
