package io.forestall.app.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.TestingBroker;
import io.forestall.schemas.Topics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What an operator types about models, against a real broker. */
@Timeout(120)
class ModelCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "modelstest";

  private static TestingBroker broker;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    broker = TestingBroker.start(directory, PREFIX, 1, List.of(Topics.MODELS, Topics.SCHEMAS));
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  private int run(String... words) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(Arrays.asList(words));
    all.addAll(List.of("--bootstrap-servers", broker.bootstrapServers(), "--topic-prefix", PREFIX));
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(all.toArray(String[]::new));
  }

  @Test
  void aModelIsPublishedShownPromotedAndRolledBack(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("model.bin");
    Files.write(file, TestingModelFiles.disk("m", 2).toBytes());
    Files.writeString(folder.resolve("card.md"), "# what it cannot see\n");
    assertThat(
            run(
                "model",
                "publish",
                file.toString(),
                "--reason",
                "trained on our own drives",
                "--author",
                "mara"))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("wrote disk/m/2, offset 0").contains("risk.lane");

    assertThat(run("model", "list")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("champion, shipped")
        .contains("advise *")
        .contains("auc-30-days 0.812")
        .contains("mara")
        .contains("trained on our own drives");

    assertThat(run("model", "show", "m", "2", "--card")).isZero();
    assertThat(out.toString()).isEqualTo("# what it cannot see\n" + System.lineSeparator());
    assertThat(run("model", "show", "m", "2")).isZero();
    assertThat(out.toString())
        .contains("m version 2 of mode disk: advise *")
        .contains("auc-30-days  0.812")
        .contains("# what it cannot see");

    assertThat(
            run("model", "promote", "m", "2", "--reason", "better for 30 days", "--author", "jo"))
        .isZero();
    assertThat(out.toString())
        .contains("champion of disk from")
        .contains("warning: its memory of a disk will have seen 0 of 30 steps");
    assertThat(run("model", "list", "--output", "json")).isZero();
    JsonNode items = JSON.readTree(out.toString()).get("items");
    assertThat(items.get(0).get("id").asText()).isEqualTo("m");
    assertThat(items.get(0).get("state").asText()).isEqualTo("champion");
    assertThat(items.get(0).get("author").asText()).isEqualTo("jo");
    assertThat(items.get(0).get("properties").get("seed").asText()).isEqualTo("7");
    assertThat(items.get(1).get("state").asText()).isEqualTo("former");
    assertThat(items.get(1).get("shipped").asBoolean()).isTrue();
    assertThat(items.get(1).get("publishedMillis").isNull()).isTrue();

    assertThat(
            run(
                "model",
                "rollback",
                "disk",
                "--reason",
                "too many alarms",
                "--dry-run",
                "--output",
                "json"))
        .isZero();
    assertThat(JSON.readTree(out.toString()).get("offset").asLong()).isEqualTo(-1);
    assertThat(run("model", "rollback", "disk", "--reason", "too many alarms")).isZero();
    assertThat(out.toString()).contains("is the champion of disk again");
    assertThat(run("model", "list")).isZero();
    assertThat(out.toString()).contains("withdrawn").contains("too many alarms");
    assertThat(run("model", "rollback", "disk", "--reason", "again")).isEqualTo(ExitCodes.REFUSED);

    assertThat(run("model", "publish", file.toString(), "--reason", "once more"))
        .isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("m version 2 is there already").contains("withdrawn");
  }

  @Test
  void whatMakesNoSenseIsOneLineAndUsage(@TempDir Path folder) throws Exception {
    Path cut = folder.resolve("cut.bin");
    byte[] whole = TestingModelFiles.disk("cut", 2).toBytes();
    Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
    assertThat(run("model", "publish", cut.toString(), "--reason", "x")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("cut short or damaged").contains("forestall train");
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(run("model", "publish", folder.resolve("none").toString(), "--reason", "x"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("cannot read");
    assertThat(run("model")).isEqualTo(ExitCodes.USAGE);
    assertThat(run("model", "promote", "m", "2")).as("without a reason").isEqualTo(ExitCodes.USAGE);
    assertThat(run("model", "promote", "m", "2", "--reason", "x", "--from", "soon"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--from 'soon' is no time");
    assertThat(run("model", "promote", "m", "2", "--reason", "x", "--rollback-window", "long"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--rollback-window");
    assertThat(run("model", "show", "m", "77")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("forestall model list");
  }
}
