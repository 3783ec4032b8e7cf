package io.forestall.app.runtime;

import io.forestall.app.ExitCodes;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * A broker by itself, to try {@code scripts/cluster} without a Kafka of one's own, or to look into
 * what a demo left behind. One node: no copy of anything, so not for earnest.
 */
@Command(
    name = "broker",
    description = "Run the demo's Kafka broker by itself until Ctrl-C (one node, for trying only).")
public final class BrokerCommand implements Callable<Integer> {
  @Option(
      names = "--directory",
      paramLabel = "DIR",
      defaultValue = "var/broker",
      description = "Where its data lives. Default: ${DEFAULT-VALUE}.")
  private Path directory = Path.of("var/broker");

  @Option(
      names = "--kafka-port",
      paramLabel = "PORT",
      defaultValue = "9092",
      description = "0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int port = 9092;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    EmbeddedKafka.explainHalts(System.err);
    EmbeddedKafka kafka = EmbeddedKafka.start(directory, port);
    Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "broker-stop"));
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.println(
        "Kafka at " + kafka.bootstrapServers() + ", data in " + directory + "; Ctrl-C ends it");
    out.flush();
    new CountDownLatch(1).await();
    return ExitCodes.OK;
  }
}
