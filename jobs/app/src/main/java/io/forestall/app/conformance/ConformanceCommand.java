package io.forestall.app.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.TextTable;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyValues;
import io.forestall.wire.Signatures;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall conformance}: asks a running node whether it keeps its contract (G11). */
@Command(
    name = "conformance",
    description = {
      "Asks a running storage node whether it keeps its contract (jobs/nodes/NODE-CONTRACT.md).",
      "From level 1 on acts are halted for the node for a moment, level 1 runs its hooks, level 2",
      "takes a unit away and gives it back: use a test pool, a key that only the test nodes trust,",
      "and a volume that nobody uses. A rule such as 1.2 is level 1, point 2 of that page."
    })
public final class ConformanceCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(names = "--node", required = true, paramLabel = "NAME", description = "Node to ask.")
  private String node = "";

  @Option(
      names = "--level",
      paramLabel = "0|1|2",
      defaultValue = "0",
      description = "Up to which level. Default: ${DEFAULT-VALUE}.")
  private int level;

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = "Private key of a guard that the node trusts; needed from level 1 on.")
  private @Nullable Path keyFile;

  @Option(
      names = "--unit",
      paramLabel = "VOLUME/INDEX",
      description = "Unit that is taken away and given back. Default: the first that it owns.")
  private @Nullable String unit;

  @Option(
      names = "--patience",
      paramLabel = "TIME",
      defaultValue = "10 s",
      description = "How long an answer may take. Default: ${DEFAULT-VALUE}.")
  private String patience = "10 s";

  @Option(
      names = "--output",
      paramLabel = "table|json",
      defaultValue = "table",
      description = "How to print: table or json. Default: ${DEFAULT-VALUE}.")
  private String output = "table";

  @Override
  public Integer call() {
    if (level < 0 || level > 2) {
      throw CommandFailure.usage("--level " + level + ": write 0, 1 or 2");
    }
    if (!output.equals("table") && !output.equals("json")) {
      throw CommandFailure.usage("--output " + output + ": write table or json");
    }
    long patienceMillis;
    Subject subject;
    try {
      patienceMillis = PolicyValues.durationMillis(patience);
      subject = Subject.node(node);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
    Signatures.Signer signer = null;
    if (keyFile != null) {
      try {
        signer = Signatures.Signer.read(keyFile);
      } catch (Signatures.KeyFileException e) {
        throw CommandFailure.usage(String.valueOf(e.getMessage()));
      }
    } else if (level > 0) {
      throw CommandFailure.usage(
          "level " + level + " gives commands, which are signed: name the key with --key-file");
    }
    List<Finding> findings;
    try (NodeWires wires = new NodeWires(kafka)) {
      findings =
          new Conformance(
                  wires,
                  subject,
                  signer,
                  unit,
                  patienceMillis,
                  UUID.randomUUID().toString().substring(0, 8))
              .ask(level);
    }
    print(findings, Objects.requireNonNull(spec).commandLine().getOut());
    return Conformance.keeps(findings) ? ExitCodes.OK : ExitCodes.FOUND;
  }

  private void print(List<Finding> findings, PrintWriter out) {
    if (output.equals("json")) {
      ObjectMapper mapper = new ObjectMapper();
      ObjectNode all = mapper.createObjectNode();
      all.put("node", node);
      all.put("level", level);
      all.put("keeps", Conformance.keeps(findings));
      ArrayNode each = all.putArray("findings");
      for (Finding finding : findings) {
        each.addObject()
            .put("level", finding.level())
            .put("rule", finding.rule())
            .put("question", finding.question())
            .put("verdict", finding.verdict().name())
            .put("text", finding.text());
      }
      out.println(all.toPrettyString());
    } else {
      TextTable table = new TextTable("rule", "verdict", "question", "seen");
      for (Finding finding : findings) {
        table.add(finding.rule(), finding.verdict().name(), finding.question(), finding.text());
      }
      table.print(out);
    }
    out.flush();
  }
}
