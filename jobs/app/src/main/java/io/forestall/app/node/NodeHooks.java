package io.forestall.app.node;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.Place;
import io.forestall.decisions.guard.PolicyValues;
import io.forestall.nodes.hooks.Hook;
import io.forestall.nodes.hooks.HookRunner;
import io.forestall.nodes.node.HookNode;
import io.forestall.nodes.node.NodeException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall node hooks}: a node of level 1 of the contract (G11). */
@Command(
    name = "hooks",
    description = {
      "Stands beside storage of your own (level 1 of jobs/nodes/NODE-CONTRACT.md): tells of this",
      "machine, and runs your programs when a signed command says so, once each."
    })
final class NodeHooks implements Callable<Integer> {
  @Mixin private KafkaOptions kafka = new KafkaOptions();
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--id", paramLabel = "NAME", required = true, description = "Name of the node.")
  private String id = "";

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      required = true,
      description = "Folder that remembers which commands were done.")
  private Path directory = Path.of("");

  @Option(
      names = "--trusted-keys",
      paramLabel = "FILE|DIR",
      description = {
        "Public keys whose admissions and halts are believed; looked at again every few seconds."
      })
  private @Nullable Path trustedKeys;

  @Option(names = "--pool", paramLabel = "NAME", defaultValue = "p1", description = "Pool.")
  private String pool = "p1";

  @Option(names = "--rack", paramLabel = "NAME", defaultValue = "", description = "Rack.")
  private String rack = "";

  @Option(names = "--zone", paramLabel = "NAME", defaultValue = "z1", description = "Zone.")
  private String zone = "z1";

  @Option(names = "--region", paramLabel = "NAME", defaultValue = "local", description = "Region.")
  private String region = "local";

  @Option(
      names = "--drain",
      paramLabel = "PROGRAM",
      description = "Gives the node no new work and moves its data off.")
  private @Nullable Path drain;

  @Option(names = "--out", paramLabel = "PROGRAM", description = "Takes the node out.")
  private @Nullable Path out;

  @Option(names = "--in", paramLabel = "PROGRAM", description = "Lets the node in again.")
  private @Nullable Path in;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "1 h",
      description = "How long a program may take. Default: ${DEFAULT-VALUE}.")
  private String timeout = "1 h";

  @Option(
      names = "--telemetry-millis",
      paramLabel = "MS",
      defaultValue = "10000",
      description = {
        "How often it measures the machine; 0 for never, where another exporter tells of it.",
        "Default: ${DEFAULT-VALUE}."
      })
  private long telemetryMillis = 10_000;

  @Override
  public Integer call() throws InterruptedException {
    long timeoutMillis;
    try {
      timeoutMillis = PolicyValues.durationMillis(timeout);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage("--timeout: " + e.getMessage());
    }
    if (telemetryMillis != 0 && telemetryMillis < 100) {
      throw CommandFailure.usage("--telemetry-millis must be 100 or more, or 0");
    }
    Map<Hook, List<String>> programs = new EnumMap<>(Hook.class);
    put(programs, Hook.DRAIN, drain);
    put(programs, Hook.OUT, out);
    put(programs, Hook.IN, in);
    HookNode node;
    TrustedKeys keys = TrustedKeys.read(trustedKeys);
    try {
      node =
          HookNode.start(
              id,
              new Place(id, rack.isEmpty() ? id : rack, zone, region, pool),
              directory,
              new HookRunner(programs, timeoutMillis),
              kafka.clientProperties(),
              kafka.topicPrefix(),
              keys.first(),
              telemetryMillis);
    } catch (NodeException e) {
      throw new CommandFailure(NodeCommand.exitCode(e.reason()), String.valueOf(e.getMessage()), e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(node::close, "node-stop"));
    PrintWriter words = Objects.requireNonNull(spec).commandLine().getOut();
    words.println("node " + id + " of level " + node.level() + ", start " + node.incarnation());
    words.flush();
    CountDownLatch never = new CountDownLatch(1);
    while (!never.await(TrustedKeys.EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
      keys.look(node::trust, id, words);
    }
    return ExitCodes.OK;
  }

  private static void put(Map<Hook, List<String>> programs, Hook hook, @Nullable Path program) {
    if (program == null) {
      return;
    }
    Path absolute = program.toAbsolutePath();
    if (!java.nio.file.Files.isExecutable(absolute)) {
      throw CommandFailure.usage(
          "--" + hook.word() + " " + program + " is not there or not executable: chmod +x it");
    }
    programs.put(hook, List.of(absolute.toString()));
  }
}
