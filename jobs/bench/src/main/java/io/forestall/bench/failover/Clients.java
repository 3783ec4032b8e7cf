package io.forestall.bench.failover;

import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.client.Volume;
import io.forestall.wire.Signatures;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Clients of volumes within this process. */
final class Clients {

  private static final long SILENT_MILLIS = 5_000;

  private Clients() {}

  /** A client that may use any volumes. */
  static final class Client implements AutoCloseable {
    private final KafkaClientFeed feed;
    private final Map<String, Volume> volumes = new ConcurrentHashMap<>();

    Client(KafkaClientFeed feed) {
      this.feed = feed;
    }

    /** Opens a volume. */
    void use(String volume) throws Exception {
      volumes.put(
          volume, feed.client().volume(volume).get(Field.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    CompletableFuture<byte[]> read(String volume, long offset, int length) {
      return volume(volume).read(offset, length).thenApply(Client::joined);
    }

    CompletableFuture<Void> write(String volume, long offset, byte[] bytes) {
      return volume(volume).write(offset, bytes);
    }

    private Volume volume(String name) {
      Volume volume = volumes.get(name);
      if (volume == null) {
        throw new IllegalStateException("volume " + name + " was not opened");
      }
      return volume;
    }

    private static byte[] joined(List<ByteBuffer> pieces) {
      int length = 0;
      for (ByteBuffer each : pieces) {
        length += each.remaining();
      }
      ByteBuffer all = ByteBuffer.allocate(length);
      pieces.forEach(each -> all.put(each.duplicate()));
      return all.array();
    }

    /** One volume of it, for the recorder; closing it closes the client. */
    Recorder.Blocks blocks(String volume) {
      return new Recorder.Blocks() {
        @Override
        public CompletableFuture<byte[]> read(long offset, int length) {
          return Client.this.read(volume, offset, length);
        }

        @Override
        public CompletableFuture<Void> write(long offset, byte[] bytes) {
          return Client.this.write(volume, offset, bytes);
        }

        @Override
        public void close() {
          Client.this.close();
        }
      };
    }

    @Override
    public void close() {
      feed.close();
    }
  }

  /** Opens a client. */
  static Client open(Field field, String id) throws Exception {
    return new Client(
        KafkaClientFeed.open(
            field.broker().kafka().clientProperties(),
            field.broker().kafka().topicPrefix(),
            Signatures.Trusted.read(field.publicKey()),
            patient(ClientSettings.of(id, Long.toString(System.currentTimeMillis())))));
  }

  /**
   * With all processes on one busy machine a client that is kept waiting for its turn sees nodes
   * fall silent that are well. The nodes bear witness of each other as shipped.
   */
  static ClientSettings patient(ClientSettings shipped) {
    return new ClientSettings(
        shipped.id(),
        shipped.start(),
        shipped.answerMillis(),
        shipped.busyMillis(),
        shipped.maxInFlight(),
        shipped.connectMillis(),
        shipped.pingMillis(),
        SILENT_MILLIS,
        shipped.compression(),
        shipped.telemetryMillis(),
        shipped.pauseMillis());
  }
}
