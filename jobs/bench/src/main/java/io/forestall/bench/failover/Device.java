package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.nbd.NbdServer;
import io.forestall.wire.Signatures;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A volume as a block device over NBD in a process of its own, which no node's death touches. */
final class Device {

  private Device() {}

  /** The process: {@code BOOTSTRAP PREFIX KEYS VOLUME PORT}. */
  public static void main(String[] args) throws Exception {
    KafkaClientFeed feed =
        KafkaClientFeed.open(
            new KafkaOptions(args[0], args[1]).clientProperties(),
            args[1],
            Signatures.Trusted.read(Path.of(args[2])),
            Clients.patient(
                ClientSettings.of("nbd-" + args[3], Long.toString(System.currentTimeMillis()))));
    NbdServer server =
        NbdServer.open(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[4])),
            feed.client().volume(args[3]).get(Field.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    System.out.println("at " + server.uri());
    new CountDownLatch(1).await();
  }

  /** The process of a volume, at a port of 127.0.0.1. */
  static Child of(Field field, String volume, int port, Path log) {
    return new Child(
        "device-" + volume,
        field
            .java()
            .command(
                512,
                Device.class.getName(),
                List.of(
                    field.broker().kafka().bootstrapServers(),
                    field.broker().kafka().topicPrefix(),
                    field.publicKey().toString(),
                    volume,
                    Integer.toString(port))),
        Map.of(),
        log);
  }
}
