package io.forestall.app.ingest;

import com.sun.net.httpserver.HttpServer;
import io.forestall.app.CommandFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Serves {@code GET /metrics} and nothing else. Safe for threads. */
final class MetricsServer implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads;

  private MetricsServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts to serve.
   *
   * @param host address to listen on, loopback unless others shall read it
   * @param port TCP port, 0 for any free one
   * @param page makes the page
   * @throws CommandFailure with exit code 3 when the port cannot be had
   */
  static MetricsServer start(String host, int port, Supplier<String> page) {
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(host), port), 16);
    } catch (IOException | IllegalArgumentException e) {
      throw CommandFailure.unreachable(
          "cannot serve metrics on "
              + host
              + ":"
              + port
              + " ("
              + e.getMessage()
              + "): choose another --metrics-port or --metrics-host",
          e);
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(
            2,
            task -> {
              Thread thread = new Thread(task, "forestall-ingest-metrics");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            boolean known = exchange.getRequestURI().getPath().equals("/metrics");
            boolean read = exchange.getRequestMethod().equals("GET");
            byte[] body =
                (known && read ? page.get() : "GET /metrics\n").getBytes(StandardCharsets.UTF_8);
            exchange
                .getResponseHeaders()
                .set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(known ? read ? 200 : 405 : 404, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
    return new MetricsServer(server, threads);
  }

  /** The port it listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
