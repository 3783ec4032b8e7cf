package io.forestall.app.node;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.Place;
import io.forestall.decisions.shadow.CopyPace;
import io.forestall.nodes.node.NodeException;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.nodes.node.ReferenceNode;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall node run}: a storage node as a process of its own. */
@Command(
    name = "node",
    description = "Storage nodes that keep volumes.",
    subcommands = {NodeCommand.Run.class, NodeHooks.class})
public final class NodeCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: run or hooks");
  }

  static int exitCode(NodeException.Reason reason) {
    return switch (reason) {
      case USAGE -> ExitCodes.USAGE;
      case UNREACHABLE -> ExitCodes.UNREACHABLE;
      case REFUSED -> ExitCodes.REFUSED;
      case MEDIUM -> ExitCodes.FOUND;
    };
  }

  /** Runs one. */
  @Command(
      name = "run",
      description = {
        "Runs a storage node until it is told to end. It keeps copies of the volumes whose maps",
        "name it, serves those that it owns, and takes over what a signed admission gives it."
      })
  static final class Run implements Callable<Integer> {
    @Mixin private KafkaOptions kafka = new KafkaOptions();

    @Option(
        names = "--id",
        paramLabel = "NAME",
        required = true,
        description = "Name of the node; a folder belongs to one name for ever.")
    private String id = "";

    @Option(
        names = "--directory",
        paramLabel = "DIR",
        required = true,
        description = "Folder of the node: copies, journal, memory.")
    private Path directory = Path.of("");

    @Option(
        names = "--listen",
        paramLabel = "HOST:PORT",
        defaultValue = "127.0.0.1:0",
        description =
            "Where clients are answered; port 0 takes a free one. Default: ${DEFAULT-VALUE}.")
    private String listen = "127.0.0.1:0";

    @Option(
        names = "--advertise",
        paramLabel = "HOST",
        description = "Host by which others reach it. Default: that of --listen.")
    private @Nullable String advertise;

    @Option(
        names = "--trusted-keys",
        paramLabel = "FILE|DIR",
        description = {
          "Public keys whose admissions and halts are believed. Without it the node takes nothing",
          "over."
        })
    private @Nullable Path trustedKeys;

    @Option(
        names = "--pool",
        paramLabel = "NAME",
        defaultValue = "p1",
        description = "Pool whose budget and rules apply. Default: ${DEFAULT-VALUE}.")
    private String pool = "p1";

    @Option(
        names = "--rack",
        paramLabel = "NAME",
        defaultValue = "",
        description = "Rack that it stands in. Default: its own name.")
    private String rack = "";

    @Option(
        names = "--zone",
        paramLabel = "NAME",
        defaultValue = "z1",
        description = "Failure zone. Default: ${DEFAULT-VALUE}.")
    private String zone = "z1";

    @Option(
        names = "--region",
        paramLabel = "NAME",
        defaultValue = "local",
        description = "Region. Default: ${DEFAULT-VALUE}.")
    private String region = "local";

    @Option(
        names = "--lease-millis",
        paramLabel = "MS",
        defaultValue = "250",
        description = {
          "L: how long it may answer reads after it last asked for the end of the ownership log;",
          "who takes over from it when it is dead waits for it. Default: ${DEFAULT-VALUE}."
        })
    private long leaseMillis = 250;

    @Option(
        names = "--reserve-mib",
        paramLabel = "MIB",
        defaultValue = "64",
        description = {
          "Space kept free for what the log holds already: below it writes wait.",
          "Default: ${DEFAULT-VALUE}."
        })
    private long reserveMebibytes = 64;

    @Option(
        names = "--copy-mb-per-second",
        paramLabel = "MB",
        defaultValue = "1000",
        description = {
          "How fast it fetches for its shadows at most, all together, in 10^6 bytes; it is slower",
          "while those it fetches from answer their clients slower. Default: ${DEFAULT-VALUE}."
        })
    private long copyMegabytesPerSecond = 1_000;

    @Option(
        names = "--verify-millis",
        paramLabel = "MS",
        defaultValue = "1000",
        description = {
          "How often one mebibyte of what it owns is compared with all other copies, round after",
          "round; 0 for never. Default: ${DEFAULT-VALUE}."
        })
    private long verifyMillis = NodeOptions.VERIFY_MILLIS;

    @Option(
        names = "--telemetry-millis",
        paramLabel = "MS",
        defaultValue = "10000",
        description = {
          "How often it measures itself; 0 for never, where another exporter tells of the machine.",
          "Default: ${DEFAULT-VALUE}."
        })
    private long telemetryMillis = 10_000;

    @Option(
        names = "--pair-latency",
        description = "Publish latency for each client, for clients that publish none themselves.")
    private boolean pairLatency;

    @Option(
        names = "--accept-weak-broker",
        description = {
          "Do not call the node degraded when the broker may lose what it acknowledged"
              + " (replication",
          "below 3, min.insync.replicas below 2, unclean election): for trying only."
        })
    private boolean weakBroker;

    @Option(
        names = "--hold-appends",
        paramLabel = "FILE",
        defaultValue = "${env:FORESTALL_NODE_PAUSE_BEFORE_APPEND}",
        hidden = true,
        description = "For proofs: holds every append back while the file is there.")
    private @Nullable Path holdAppends;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
      if (leaseMillis < 50 || leaseMillis > 60_000) {
        throw CommandFailure.usage("--lease-millis must lie between 50 and 60000");
      }
      if (reserveMebibytes < 1 || telemetryMillis != 0 && telemetryMillis < 100) {
        throw CommandFailure.usage(
            "--reserve-mib must be 1 or more, --telemetry-millis 100 or more, or 0");
      }
      if (copyMegabytesPerSecond < 1 || copyMegabytesPerSecond > 1_000_000) {
        throw CommandFailure.usage("--copy-mb-per-second must lie between 1 and 1000000");
      }
      if (verifyMillis != 0 && verifyMillis < 10) {
        throw CommandFailure.usage("--verify-millis must be 10 or more, or 0");
      }
      NodeOptions options =
          new NodeOptions(
              id,
              directory,
              address(listen),
              advertise,
              new Place(id, rack.isEmpty() ? id : rack, zone, region, pool),
              leaseMillis,
              Math.max(10, leaseMillis / 10),
              16L << 20,
              reserveMebibytes << 20,
              2,
              telemetryMillis,
              5_000,
              100,
              600,
              pairLatency,
              weakBroker,
              holdAppends,
              pace(),
              verifyMillis);
      ReferenceNode node;
      TrustedKeys keys = TrustedKeys.read(trustedKeys);
      try {
        node =
            ReferenceNode.start(
                options, kafka.clientProperties(), kafka.topicPrefix(), keys.first());
      } catch (NodeException e) {
        throw new CommandFailure(exitCode(e.reason()), String.valueOf(e.getMessage()), e);
      }
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(node::close, "node-stop"));
      } catch (IllegalStateException e) {
        // It was told to end while it started.
        node.close();
        return ExitCodes.OK;
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      InetSocketAddress at = node.address();
      out.println(
          "node "
              + id
              + " answers at "
              + at.getHostString()
              + ":"
              + at.getPort()
              + ", start "
              + node.incarnation()
              + ", data in "
              + directory);
      for (String problem : node.degraded()) {
        out.println((weakBroker ? "accepted: " : "degraded: ") + problem);
      }
      out.flush();
      node.awaitReady();
      out.println("node " + id + " is ready");
      out.flush();
      while (!node.awaitEnd(TrustedKeys.EVERY_MILLIS)) {
        keys.look(node::trust, id, out);
      }
      if (node.died()) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the node met what it must not meet and stopped; its log says where, start it again",
            null);
      }
      return ExitCodes.OK;
    }

    private CopyPace.Bounds pace() {
      CopyPace.Bounds usual = CopyPace.Bounds.DEFAULT;
      long most = copyMegabytesPerSecond * 1_000_000;
      return new CopyPace.Bounds(
          Math.min(usual.minBytesPerSecond(), most),
          most,
          usual.stepBytesPerSecond(),
          usual.slowdown(),
          usual.toleranceMicros());
    }

    private static InetSocketAddress address(String text) {
      int colon = text.lastIndexOf(':');
      try {
        int port = Integer.parseInt(text.substring(colon + 1));
        if (colon > 0 && port >= 0 && port <= 65_535) {
          return new InetSocketAddress(text.substring(0, colon), port);
        }
      } catch (NumberFormatException e) {
        throw new CommandFailure(ExitCodes.USAGE, wrongAddress(text), e);
      }
      throw CommandFailure.usage(wrongAddress(text));
    }

    private static String wrongAddress(String text) {
      return "'" + text + "' is no address: write --listen as 127.0.0.1:7100";
    }
  }
}
