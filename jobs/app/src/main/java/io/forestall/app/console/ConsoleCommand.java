package io.forestall.app.console;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.operate.KafkaActLookup;
import io.forestall.app.operate.PolicyApi;
import io.forestall.risk.signal.Signals;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall console}: the page and the interface, until it is stopped. */
@Command(
    name = "console",
    description = "Serves the page and the interface under /api/v1, until stopped.")
public final class ConsoleCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Interface to listen on. There is no login: what can reach it can read. Default:"
              + " ${DEFAULT-VALUE}.")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "7080",
      description = "Port to listen on, 0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int port = ConsoleServer.Options.DEFAULT_PORT;

  @Option(
      names = "--allow-host",
      paramLabel = "NAME",
      description = "A further name under which browsers may ask; may be repeated.")
  private Set<String> allowedHosts = new HashSet<>();

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      defaultValue = "${env:FORESTALL_CONSOLE_TOKEN_FILE:-" + Option.NULL_VALUE + "}",
      description =
          "A file with the tokens of which a request other than GET must bear one, a line each:"
              + " TOKEN [author=NAME] [expires=TIME]. Without it every such request is refused.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      defaultValue = "${env:FORESTALL_KEY_FILE:-" + Option.NULL_VALUE + "}",
      description = "Private key that signs what is written here, see forestall keys generate.")
  private @Nullable Path keyFile;

  @Option(
      names = "--trusted-keys",
      paramLabel = "FILE|DIR",
      description = {
        "Public keys, read at start: a takeover that none of them signed leaves its volume in"
            + " doubt,",
        "as it does for nodes that trust the same keys. Default: signatures are not checked."
      })
  private @Nullable Path trustedKeys;

  @Override
  public Integer call() throws InterruptedException {
    Set<String> names = new HashSet<>();
    allowedHosts.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
    try (Console console =
        Console.start(
            new ConsoleServer.Options(
                host,
                port,
                Set.copyOf(names),
                tokenFile == null ? null : BearerTokens.read(tokenFile)),
            kafka,
            signer(),
            trusted())) {
      CommandSpec known = Objects.requireNonNull(spec);
      known.commandLine().getOut().println("console at " + console.url());
      known.commandLine().getOut().flush();
      CountDownLatch ended = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(ended::countDown, "forestall-console-end"));
      ended.await();
    }
    return ExitCodes.OK;
  }

  private @Nullable Signer signer() {
    try {
      return keyFile == null ? null : Signer.read(keyFile);
    } catch (KeyFileException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  private Trusted trusted() {
    try {
      return trustedKeys == null ? Trusted.NONE : Trusted.read(trustedKeys);
    } catch (KeyFileException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  /** A feed and a server together. */
  public static final class Console implements AutoCloseable {
    private final KafkaFleetFeed feed;
    private final ConsoleServer server;

    private Console(KafkaFleetFeed feed, ConsoleServer server) {
      this.feed = feed;
      this.server = server;
    }

    /**
     * Starts both and returns at once; a broker that does not answer yet is waited for.
     *
     * @param signer who signs what operators write here, null for nobody
     * @param trusted whose signatures count; nobody's means that they are not looked at
     * @throws CommandFailure when the port or the settings of the Kafka client cannot be used
     */
    public static Console start(
        ConsoleServer.Options options,
        KafkaOptions kafka,
        @Nullable Signer signer,
        Trusted trusted) {
      FleetView view = new FleetView(FleetView.Limits.DEFAULT, new Signals(), System::nanoTime);
      ActViews acts = new ActViews(trusted);
      KafkaFleetFeed feed;
      try {
        feed = KafkaFleetFeed.start(kafka.clientProperties(), kafka.topicPrefix(), view, acts);
      } catch (KafkaException e) {
        Throwable reason = e.getCause() == null ? e : e.getCause();
        throw new CommandFailure(
            ExitCodes.USAGE,
            "Kafka client settings are wrong: "
                + reason.getMessage()
                + " (check --bootstrap-servers, --kafka-property,"
                + " --command-config)",
            e);
      }
      PolicyApi words =
          PolicyApi.of(
              kafka,
              signer,
              new ViewedActs(acts, new KafkaActLookup(kafka, System::currentTimeMillis)),
              System::currentTimeMillis);
      try {
        return new Console(feed, ConsoleServer.start(options, view, acts, feed::progress, words));
      } catch (IOException e) {
        feed.close();
        throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
      }
    }

    /** The address to open in a browser. */
    public String url() {
      return server.url();
    }

    /** The port it listens on. */
    public int port() {
      return server.port();
    }

    /** How far the topics have been read. */
    public FleetFeed.Progress progress() {
      return feed.progress();
    }

    @Override
    public void close() {
      server.close();
      feed.close();
    }
  }
}
