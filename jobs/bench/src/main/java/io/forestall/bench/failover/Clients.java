package io.forestall.bench.failover;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Clients of volumes: within this process, and as a device in a process of their own. */
final class Clients {

  private Clients() {}

  /** A client of one volume. */
  static final class Client implements Recorder.Blocks {
    @Override
    public CompletableFuture<byte[]> read(long offset, int length) {
      throw new UnsupportedOperationException("no client yet");
    }

    @Override
    public CompletableFuture<Void> write(long offset, byte[] bytes) {
      throw new UnsupportedOperationException("no client yet");
    }

    @Override
    public void close() {}
  }

  /** Opens a client. */
  static Client open(Field field, String id, String volume) {
    throw new UnsupportedOperationException("no client yet: " + field + id + volume);
  }

  /** The volume as a device at a port of 127.0.0.1. */
  static Child attach(Field field, String volume, int port, Path log) {
    return new Child(
        "attach-" + volume,
        field
            .java()
            .forestall(
                512,
                List.of(),
                List.of(
                    "volume",
                    "attach",
                    volume,
                    "--bootstrap-servers",
                    field.broker().kafka().bootstrapServers(),
                    "--listen",
                    "127.0.0.1:" + port)),
        Map.of(),
        log);
  }
}
