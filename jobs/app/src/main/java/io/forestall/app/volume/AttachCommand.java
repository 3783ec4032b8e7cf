package io.forestall.app.volume;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.Compression;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.client.Volume;
import io.forestall.nodes.nbd.NbdServer;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall volume attach}: a volume as a disk over NBD, served from this process, so that
 * the death of a storage node ends no device.
 */
@Command(
    name = "attach",
    description = {
      "Serves a volume as a disk over NBD until Ctrl-C: nbdcopy, qemu, fio and nbd-client use it.",
      "When an owner fails, requests wait for the next one; none ends with an error."
    })
public final class AttachCommand implements Callable<Integer> {
  private static final String UNIX = "unix:";

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Parameters(paramLabel = "VOLUME", description = "The volume.")
  private String volume = "";

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT|unix:PATH",
      defaultValue = "127.0.0.1:10809",
      description = "Where the disk is served; port 0 takes a free one. Default: ${DEFAULT-VALUE}.")
  private String listen = "127.0.0.1:10809";

  @Option(
      names = "--open-to-network",
      description =
          "Listen beyond this machine. NBD has neither password nor encryption: whoever reaches the"
              + " port reads and writes the volume.")
  private boolean openToNetwork;

  @Option(
      names = "--client",
      paramLabel = "NAME",
      description = "Name of this client in telemetry and commands. Default: host and volume.")
  private @Nullable String client;

  @Option(
      names = "--trusted-keys",
      paramLabel = "FILE|DIR",
      description =
          "Public keys that takeovers must be signed with. Without it whoever the log names is"
              + " asked, and knows better.")
  private @Nullable Path trustedKeys;

  @Option(
      names = "--compression",
      paramLabel = "auto|none|lz4|zstd",
      defaultValue = "auto",
      description =
          "What writes are compressed by; auto: what pays on the data seen, for each segment by"
              + " itself. Default: ${DEFAULT-VALUE}.")
  private Compression compression = Compression.AUTO;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait for the volume's map. Default: ${DEFAULT-VALUE}.")
  private int waitSeconds = 30;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    SocketAddress address = address();
    ClientSettings settings;
    try {
      // Requests are known by client and start: two starts must never share a name.
      String start =
          Long.toString(System.currentTimeMillis(), 36)
              + "-"
              + Integer.toString(new SecureRandom().nextInt(36 * 36 * 36 * 36), 36);
      settings =
          ClientSettings.of(client == null ? host() + "-" + volume : client, start)
              .compressedBy(compression);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage("--client: " + e.getMessage());
    }
    Trusted trusted;
    try {
      trusted = trustedKeys == null ? Trusted.NONE : Trusted.read(trustedKeys);
    } catch (KeyFileException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
    KafkaClientFeed feed;
    try {
      feed = KafkaClientFeed.open(kafka.clientProperties(), kafka.topicPrefix(), trusted, settings);
    } catch (PublishException e) {
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
    }
    try (feed) {
      Volume disk = find(feed);
      try (NbdServer server = NbdServer.open(address, disk)) {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(
                    () -> {
                      asked.countDown();
                      try {
                        var unused = ended.await(5, TimeUnit.SECONDS);
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    },
                    "attach-stop"));
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(
            "volume "
                + volume
                + ": "
                + Sizes.text(disk.bytes())
                + " at "
                + server.uri()
                + ", as client "
                + settings.id()
                + "; Ctrl-C ends it");
        out.flush();
        asked.await();
        ended.countDown();
        return ExitCodes.OK;
      } catch (IOException e) {
        throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
      }
    }
  }

  private Volume find(KafkaClientFeed feed) throws InterruptedException {
    try {
      return feed.client().volume(volume).get(waitSeconds, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "no map of a volume called '"
              + volume
              + "' came within "
              + waitSeconds
              + " s: forestall volume list shows those that exist, forestall volume create makes"
              + " one",
          e);
    } catch (ExecutionException e) {
      throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
    }
  }

  private SocketAddress address() {
    if (listen.startsWith(UNIX)) {
      return UnixDomainSocketAddress.of(Path.of(listen.substring(UNIX.length())));
    }
    InetSocketAddress address = KafkaClientFeed.address(listen);
    if (address == null || address.isUnresolved()) {
      throw CommandFailure.usage(
          "--listen is HOST:PORT or unix:PATH, and '" + listen + "' is neither");
    }
    if (!openToNetwork && !address.getAddress().isLoopbackAddress()) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          listen
              + " can be reached from other machines, and NBD knows no password: listen on"
              + " 127.0.0.1, or say --open-to-network");
    }
    return address;
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[/@]", "-");
    } catch (UnknownHostException e) {
      return "client";
    }
  }
}
