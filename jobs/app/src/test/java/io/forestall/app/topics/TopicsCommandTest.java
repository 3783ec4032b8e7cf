package io.forestall.app.topics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.Topics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(120)
class TopicsCommandTest {
  private StringWriter out = new StringWriter();
  private StringWriter err = new StringWriter();

  @Test
  void listsAndDescribesTheCatalogueWithoutABroker() throws Exception {
    assertThat(run("topics", "list")).isZero();
    assertThat(out.toString().lines()).hasSize(TopicCatalogue.load().size() + 1);
    assertThat(out.toString()).contains("forestall.risk.v1");

    assertThat(run("topics", "list", "--output", "json", "--topic-prefix", "other")).isZero();
    JsonNode all = new ObjectMapper().readTree(out.toString());
    assertThat(all).hasSize(TopicCatalogue.load().size());
    assertThat(all.findValuesAsText("topic")).contains("other.telemetry.v1");

    assertThat(run("topics", "describe", "risk")).isZero();
    assertThat(out.toString()).contains("forestall.risk.v1").contains("cleanup.policy");

    assertThat(run("topics", "describe", "nonsense")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("topics list");
  }

  @Test
  void createsWhatIsMissingAndFindsWhatDiffers(@TempDir Path directory) throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory)) {
      String at = kafka.bootstrapServers();
      String risk = Topics.RISK.name("t");
      String fleet = Topics.FLEET.name("t");
      try (Admin admin = new KafkaOptions(at, "t").openAdmin()) {
        // One there already, with a wrong count of partitions.
        admin.createTopics(List.of(new NewTopic(fleet, 1, (short) 1))).all().get();

        assertThat(run("topics", "check", "--bootstrap-servers", at, "--topic-prefix", "t"))
            .isEqualTo(ExitCodes.FOUND);
        assertThat(out.toString()).contains(risk + " is missing");

        assertThat(run("topics", "create", "--bootstrap-servers", at, "--topic-prefix", "t"))
            .isZero();
        assertThat(out.toString())
            .contains("created " + risk)
            .doesNotContain("created " + fleet)
            .contains((TopicCatalogue.load().size() - 1) + " created, 1 were there")
            .contains(SchemaHistory.load().size() + " writer schemas published");

        assertThat(run("topics", "check", "--bootstrap-servers", at, "--topic-prefix", "t"))
            .isEqualTo(ExitCodes.FOUND);
        assertThat(out.toString())
            .contains(fleet + ": cleanup.policy is delete, wanted compact")
            .contains(fleet + ": partitions is 1");

        assertThat(
                run(
                    "topics",
                    "create",
                    "--correct",
                    "--bootstrap-servers",
                    at,
                    "--topic-prefix",
                    "t"))
            .isZero();
        // A broker shows a changed setting a moment after it has agreed to it.
        Await.until(
            Duration.ofSeconds(30),
            "only the partitions differ",
            () -> {
              assertThat(run("topics", "check", "--bootstrap-servers", at, "--topic-prefix", "t"))
                  .isEqualTo(ExitCodes.FOUND);
              return !out.toString().contains("cleanup.policy")
                  && out.toString().contains(fleet + ": partitions is 1")
                  && out.toString().contains("1 differences");
            });
      }
    }
  }

  private int run(String... args) {
    out = new StringWriter();
    err = new StringWriter();
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }
}
