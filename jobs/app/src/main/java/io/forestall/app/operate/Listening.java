package io.forestall.app.operate;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.guard.PolicyValues;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Trusted;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every command needs that only reads (picocli mixin). Not thread-safe. */
public final class Listening {
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  /** Nothing is said yet. */
  public Listening() {}

  @Option(
      names = "--output",
      paramLabel = "table|json",
      defaultValue = "table",
      description = "How to print: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private Output output = Output.TABLE;

  /** Where the topics are. */
  public KafkaOptions kafka() {
    return kafka;
  }

  /** True when JSON was asked for. */
  public boolean json() {
    return output == Output.JSON;
  }

  /** Prints an answer as JSON. */
  public void print(JsonNode node, PrintWriter out) {
    out.println(node.toPrettyString());
    out.flush();
  }

  /** The words that stand in Kafka, to be read only. */
  PolicyStore policies(@Nullable Path trustedKeys) {
    Trusted trusted = Trusted.NONE;
    if (trustedKeys != null) {
      try {
        trusted = Trusted.read(trustedKeys);
      } catch (KeyFileException e) {
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
    }
    return new KafkaPolicyStore(kafka, null, trusted);
  }

  /** How far back: a length of time, or a time. */
  public static long since(String text, long nowMillis) {
    if (text.equals("all")) {
      return 0;
    }
    try {
      return Math.max(0, nowMillis - PolicyValues.durationMillis(text));
    } catch (IllegalArgumentException e) {
      return Span.millis("--since", text);
    }
  }
}
