package io.forestall.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ForestallTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpAndVersionSucceed() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("topics").contains("Exit codes");
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).contains("forestall ").contains("Java ");
    assertThat(run("topics", "--help")).isZero();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void aWrongOptionIsOneLineAndUsage() {
    assertThat(run("topics", "--nonsense")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains("--nonsense").contains("forestall topics --help");
  }

  @Test
  void anUnknownCommandIsUsage() {
    assertThat(run("fly")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("fly");
    assertThat(run()).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void aWrongKafkaAddressIsOneLineAndUnreachable() {
    assertThat(run("ask", "--bootstrap-servers", "127.0.0.1:1")).isEqualTo(ExitCodes.UNREACHABLE);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains("127.0.0.1:1").contains("--bootstrap-servers");
  }

  @Test
  void aMeaninglessKafkaAddressIsUsage() {
    assertThat(run("ask", "--bootstrap-servers", "nowhere")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString().lines()).hasSize(1);
  }

  @Test
  void debugShowsTheStackTraceAndOtherwiseThereIsNone() {
    assertThat(run("ask", "--bootstrap-servers", "nowhere")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).doesNotContain("\tat ");
    assertThat(run("ask", "--debug", "--bootstrap-servers", "nowhere")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("\tat ");
  }

  @Test
  void aMissingLibraryIsOneLineThatSaysWhatToDo() {
    assertThat(run("broken")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).contains("kafka.server.KafkaConfig").contains("scripts/forestall");
  }

  private int run(String... args) {
    CommandLine line = Forestall.commandLine();
    line.addSubcommand("ask", new Ask());
    line.addSubcommand("broken", new Broken());
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }

  @Command
  static final class Ask implements Runnable {
    @Mixin private final KafkaOptions kafka = new KafkaOptions();

    @Override
    public void run() {
      kafka.openAdmin().close();
    }
  }

  @Command
  static final class Broken implements Runnable {
    @Override
    public void run() {
      throw new NoClassDefFoundError("kafka/server/KafkaConfig");
    }
  }
}
