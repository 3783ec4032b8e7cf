package io.forestall.app.runtime;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * A real Kafka broker (KRaft, one node, so replication 1) in this process, bound to loopback. Its
 * data lives in a directory and survives both {@link #close()} and kill -9; the next start on the
 * same directory goes on with it within about five seconds. Several may run in one process on
 * different directories and ports. Thread-safe.
 */
public final class EmbeddedKafka implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final int NODE_ID = 1;
  private static final int TRIES_FOR_A_FREE_PORT = 5;

  private final KafkaRaftServer server;
  private final int port;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private EmbeddedKafka(KafkaRaftServer server, int port) {
    this.server = server;
    this.port = port;
  }

  /** {@link #start(Path, int)} on any free port. */
  public static EmbeddedKafka start(Path directory) {
    return start(directory, 0);
  }

  /**
   * Starts the broker and returns when it serves.
   *
   * @param directory where its data lives; created and formatted when empty
   * @param port 0 for any free one
   * @throws CommandFailure with {@link ExitCodes#UNREACHABLE} when the port is in use, with {@link
   *     ExitCodes#FOUND} when the directory cannot be used
   */
  public static EmbeddedKafka start(Path directory, int port) {
    return start(directory, port, Map.of());
  }

  /** As {@link #start(Path, int)}, with broker settings that win over ours. */
  public static EmbeddedKafka start(Path directory, int port, Map<String, String> settings) {
    for (int tried = 1; ; tried++) {
      int brokerPort = port == 0 ? freePort() : port;
      if (port != 0) {
        Ports.requireFree(port, "Kafka", "--kafka-port");
      }
      try {
        return startOn(directory, brokerPort, freePort(), settings);
      } catch (RuntimeException e) {
        // Between looking for a free port and binding it, somebody else may have taken it.
        boolean taken = String.valueOf(e.getMessage()).contains("failed to bind");
        if (taken && tried < TRIES_FOR_A_FREE_PORT) {
          continue;
        }
        if (e instanceof CommandFailure) {
          throw e;
        }
        throw new CommandFailure(
            taken ? ExitCodes.UNREACHABLE : ExitCodes.FOUND,
            "the Kafka broker did not start on "
                + HOST
                + ":"
                + brokerPort
                + " with data in "
                + directory
                + ": "
                + rootMessage(e),
            e);
      }
    }
  }

  private static EmbeddedKafka startOn(
      Path directory, int brokerPort, int controllerPort, Map<String, String> settings) {
    Path data = directory.toAbsolutePath();
    Map<String, String> all = new TreeMap<>(defaults(data, brokerPort, controllerPort));
    all.putAll(settings);
    format(data);
    KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(all, false), Time.SYSTEM);
    try {
      server.startup();
    } catch (Throwable e) {
      try {
        server.shutdown();
      } catch (RuntimeException secondary) {
        e.addSuppressed(secondary);
      }
      throw e;
    }
    return new EmbeddedKafka(server, brokerPort);
  }

  private static Map<String, String> defaults(Path data, int brokerPort, int controllerPort) {
    Map<String, String> all = new TreeMap<>();
    all.put("process.roles", "broker,controller");
    all.put("node.id", Integer.toString(NODE_ID));
    all.put("log.dirs", data.toString());
    all.put("metadata.log.dir", data.toString());
    all.put(
        "listeners",
        "PLAINTEXT://" + HOST + ":" + brokerPort + ",CONTROLLER://" + HOST + ":" + controllerPort);
    all.put("advertised.listeners", "PLAINTEXT://" + HOST + ":" + brokerPort);
    all.put("controller.listener.names", "CONTROLLER");
    all.put("controller.quorum.voters", NODE_ID + "@" + HOST + ":" + controllerPort);
    all.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    all.put("inter.broker.listener.name", "PLAINTEXT");

    all.put("default.replication.factor", "1");
    all.put("min.insync.replicas", "1");
    all.put("offsets.topic.replication.factor", "1");
    all.put("transaction.state.log.replication.factor", "1");
    all.put("transaction.state.log.min.isr", "1");
    all.put("share.coordinator.state.topic.replication.factor", "1");
    all.put("share.coordinator.state.topic.min.isr", "1");
    // Topics come from the catalogue; a misspelt name must fail, not appear.
    all.put("auto.create.topics.enable", "false");

    // After kill -9 the controller waits for the old session to end: 9 s by default.
    all.put("broker.session.timeout.ms", "2000");
    all.put("broker.heartbeat.interval.ms", "500");
    all.put("group.initial.rebalance.delay.ms", "0");
    // One laptop: the defaults are sized for a cluster (50 partitions, 128 MiB for the cleaner).
    all.put("offsets.topic.num.partitions", "4");
    all.put("transaction.state.log.num.partitions", "4");
    all.put("share.coordinator.state.topic.num.partitions", "1");
    all.put("log.cleaner.dedupe.buffer.size", Integer.toString(16 << 20));
    all.put("num.network.threads", "2");
    all.put("num.io.threads", "4");
    all.put("num.recovery.threads.per.data.dir", "2");
    all.put("controlled.shutdown.enable", "false");
    all.put("log.segment.bytes", Integer.toString(256 << 20));
    return all;
  }

  private static void format(Path data) {
    if (Files.exists(data.resolve("meta.properties"))) {
      return;
    }
    try {
      Files.createDirectories(data);
      new Formatter()
          .setClusterId(Uuid.randomUuid().toString())
          .setNodeId(NODE_ID)
          .setControllerListenerName("CONTROLLER")
          .setMetadataLogDirectory(data.toString())
          .addDirectory(data.toString())
          .setIgnoreFormatted(true)
          .setPrintStream(
              new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8))
          .run();
    } catch (Exception e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "cannot set up Kafka's data in "
              + data
              + ": "
              + rootMessage(e)
              + "; free space or choose another --directory",
          e);
    }
  }

  /** What clients use: {@code 127.0.0.1:port}. */
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  /** The port clients use. */
  public int port() {
    return port;
  }

  /** Stops the broker and waits until its data is closed. Calling it again does nothing. */
  @Override
  public void close() {
    if (open.compareAndSet(true, false)) {
      server.shutdown();
      server.awaitShutdown();
    }
  }

  /**
   * A broker that can no longer write halts its process. Says why in one line first, since the
   * usual cause is a full disk. For processes that are nothing but the demo; leaves tests alone.
   */
  public static void explainHalts(PrintStream err) {
    Exit.Procedure explain =
        (status, message) -> {
          err.println(
              "forestall: the Kafka broker stopped this process ("
                  + (message == null ? "storage failure" : message)
                  + "): most often the disk is full; free space and start again, data is kept");
          err.flush();
          Runtime.getRuntime().halt(status == 0 ? ExitCodes.FOUND : status);
        };
    Exit.setHaltProcedure(explain);
    Exit.setExitProcedure(explain);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName(HOST), 0));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw CommandFailure.unreachable("no free port on " + HOST + ": " + e.getMessage(), e);
    }
  }

  private static String rootMessage(Throwable failure) {
    Throwable at = failure;
    while (at.getCause() != null) {
      at = at.getCause();
    }
    return at.getMessage() == null ? at.getClass().getSimpleName() : at.getMessage();
  }
}
