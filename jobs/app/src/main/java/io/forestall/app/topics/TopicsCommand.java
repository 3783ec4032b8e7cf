package io.forestall.app.topics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall topics list|describe|create|check}. */
@Command(name = "topics", description = "The catalogue of topics, and a broker held against it.")
public final class TopicsCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  /** How to print. */
  enum Output {
    TABLE,
    JSON
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec().commandLine(), "say what to do: list, describe, create or check");
  }

  @Command(name = "list", description = "Print the catalogue; needs no broker.")
  int list(
      @Option(names = "--topic-prefix", defaultValue = "forestall", paramLabel = "WORD")
          String prefix,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    if (output == Output.JSON) {
      List<Map<String, Object>> all = new ArrayList<>();
      TopicCatalogue.load().forEach(topic -> all.add(asMap(topic, prefix)));
      printJson(all);
      return ExitCodes.OK;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("TOPIC", "KEY", "VALUE", "PARTITIONS", "CLEANUP", "WRITTEN BY"));
    for (TopicSpec topic : TopicCatalogue.load()) {
      rows.add(
          List.of(
              topic.name(prefix),
              topic.key(),
              topic.valueSchema(),
              topic.partitions() + (topic.fixedPartitions() ? " fixed" : ""),
              topic.cleanup().policy(),
              topic.owner()));
    }
    printTable(rows);
    return ExitCodes.OK;
  }

  @Command(name = "describe", description = "Print all the catalogue says of one topic.")
  int describe(
      @Parameters(paramLabel = "NOUN", description = "such as risk or events.predicted")
          String noun,
      @Option(names = "--topic-prefix", defaultValue = "forestall", paramLabel = "WORD")
          String prefix,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    TopicSpec topic =
        TopicCatalogue.load().stream()
            .filter(t -> t.noun().equals(noun) || t.name(prefix).equals(noun))
            .findFirst()
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec().commandLine(),
                        "there is no topic '" + noun + "': forestall topics list names them"));
    if (output == Output.JSON) {
      printJson(asMap(topic, prefix));
    } else {
      List<List<String>> rows = new ArrayList<>();
      asMap(topic, prefix).forEach((k, v) -> rows.add(List.of(k, v.toString())));
      printTable(rows);
    }
    return ExitCodes.OK;
  }

  @Command(name = "create", description = "Create the topics that a broker lacks.")
  int create(
      @Mixin KafkaOptions kafka,
      @Option(
              names = "--replication",
              paramLabel = "N",
              defaultValue = "0",
              description = "Copies of each; default 3, or as many as there are brokers.")
          short replication,
      @Option(names = "--correct", description = "Also correct the settings of existing topics.")
          boolean correct,
      @Option(names = "--dry-run", description = "Only say what would be done.") boolean dryRun) {
    try (Admin admin = kafka.openAdmin()) {
      TopicAdmin topics = new TopicAdmin(admin, kafka.topicPrefix());
      if (dryRun) {
        topics.differences().forEach(d -> out().println("would mend: " + d.sentence()));
        out().flush();
        return ExitCodes.OK;
      }
      List<String> created =
          topics.createMissing(replication > 0 ? replication : topics.replicationForCluster());
      created.forEach(name -> out().println("created " + name));
      if (correct) {
        topics.correctSettings().forEach(d -> out().println("corrected " + d.sentence()));
      }
      int schemas = SchemaPublisher.publish(kafka, System.currentTimeMillis());
      out()
          .println(
              created.size()
                  + " created, "
                  + (TopicCatalogue.load().size() - created.size())
                  + " were there; "
                  + schemas
                  + " writer schemas published");
      out().flush();
      return ExitCodes.OK;
    }
  }

  @Command(
      name = "check",
      description = "Compare a broker with the catalogue; exit code 1 when they differ.")
  int check(
      @Mixin KafkaOptions kafka,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    try (Admin admin = kafka.openAdmin()) {
      List<TopicAdmin.Difference> differences =
          new TopicAdmin(admin, kafka.topicPrefix()).differences();
      if (output == Output.JSON) {
        printJson(differences);
      } else {
        differences.forEach(d -> out().println(d.sentence()));
        out()
            .println(
                differences.isEmpty()
                    ? "all " + TopicCatalogue.load().size() + " topics are as the catalogue says"
                    : String.format(
                        Locale.ROOT,
                        "%d differences: forestall topics create --correct mends what is missing"
                            + " and settings",
                        differences.size()));
        out().flush();
      }
      return differences.isEmpty() ? ExitCodes.OK : ExitCodes.FOUND;
    }
  }

  private static Map<String, Object> asMap(TopicSpec topic, String prefix) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("topic", topic.name(prefix));
    all.put("doc", topic.doc());
    all.put("key", topic.key());
    all.put("value", topic.valueSchema());
    all.put("partitions", topic.partitions());
    all.put("fixed", topic.fixedPartitions());
    all.put("partitionNote", topic.partitionNote());
    all.put("owner", topic.owner());
    all.put("config", topic.brokerConfig());
    return all;
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }

  private PrintWriter out() {
    return spec().commandLine().getOut();
  }

  private void printJson(Object value) {
    try {
      out().println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(value));
      out().flush();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private void printTable(List<List<String>> rows) {
    int columns = rows.isEmpty() ? 0 : rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        line.append(cell);
        if (i < columns - 1) {
          line.append(" ".repeat(widths[i] - cell.length() + 2));
        }
      }
      out().println(line);
    }
    out().flush();
  }
}
