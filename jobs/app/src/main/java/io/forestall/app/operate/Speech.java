package io.forestall.app.operate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every word of an operator needs on the command line (picocli mixin). Not thread-safe. */
final class Speech {
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--reason",
      required = true,
      paramLabel = "TEXT",
      description = "Why, a sentence; it stays in the topic.")
  private String reason = "";

  @Option(
      names = "--author",
      paramLabel = "NAME",
      defaultValue = "${env:FORESTALL_AUTHOR:-" + Option.NULL_VALUE + "}",
      description = "Who says so. Default: the name of the user of this shell.")
  private @Nullable String author;

  @Option(names = "--dry-run", description = "Check everything, write nothing.")
  private boolean dryRun;

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      defaultValue = "${env:FORESTALL_KEY_FILE:-" + Option.NULL_VALUE + "}",
      description =
          "Private key that signs it, see keys generate. Where trusted keys are configured, halts,"
              + " approvals and the switch to act count only when signed.")
  private @Nullable Path keyFile;

  @Option(
      names = "--output",
      paramLabel = "table|json",
      defaultValue = "table",
      description = "How to print: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private Output output = Output.TABLE;

  /** The words, said to Kafka. */
  Words words() {
    Signer signer = null;
    Path file = keyFile;
    if (file != null) {
      try {
        signer = Signer.read(file);
      } catch (KeyFileException e) {
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
    }
    return new Words(
        new KafkaPolicyStore(kafka, signer, Trusted.NONE),
        new KafkaActLookup(kafka, System::currentTimeMillis),
        System::currentTimeMillis);
  }

  Words.Voice voice() {
    String name = author == null ? System.getProperty("user.name", "") : author;
    if (name.isBlank()) {
      throw CommandFailure.usage("nobody is known to say so: give --author");
    }
    return new Words.Voice(name, reason, dryRun);
  }

  /** Prints what was written and what it means. */
  int print(List<Written> all, PrintWriter out) {
    long now = System.currentTimeMillis();
    if (output == Output.JSON) {
      if (all.size() == 1) {
        out.println(PolicyJson.written(all.get(0), now).toPrettyString());
      } else {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        all.forEach(written -> array.add(PolicyJson.written(written, now)));
        out.println(array.toPrettyString());
      }
    } else {
      for (Written written : all) {
        boolean tried = written.offset() == Written.NOT_WRITTEN;
        out.println(
            (tried ? "would write " : "wrote ")
                + written.record().key()
                + ", version "
                + written.record().version()
                + (tried ? "" : ", offset " + written.offset())
                + (written.keyId() == null ? "" : ", signed by key " + written.keyId()));
        out.println("  " + PolicySentences.of(written.record(), now));
        if (written.keyId() == null && PolicyRecords.needsSignature(written.record())) {
          out.println(
              "  not signed: where trusted keys are configured nobody takes it; give --key-file");
        }
      }
    }
    out.flush();
    return ExitCodes.OK;
  }

  int print(Written written, PrintWriter out) {
    return print(List.of(written), out);
  }
}
