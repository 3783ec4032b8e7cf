package io.forestall.app.ingest;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;

/** An exporter that serves a page, or misbehaves as told. */
final class TestingExporter implements AutoCloseable {

  /** How it answers. */
  enum Manner {
    PLAIN,
    PACKED,
    ERROR,
    REDIRECT,
    /** Nothing comes until it is closed. */
    SILENT,
    /** The header comes, the page does not. */
    STUCK,
    /** Unpacks to far more than it is long. */
    BOMB
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final List<String> authorizations = new CopyOnWriteArrayList<>();
  private volatile String page;
  private volatile Manner manner = Manner.PLAIN;
  private volatile int asked;

  TestingExporter(String page) throws IOException {
    this.page = page;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext("/metrics", this::answer);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  void page(String newPage) {
    this.page = newPage;
  }

  void manner(Manner newManner) {
    this.manner = newManner;
  }

  int asked() {
    return asked;
  }

  List<String> authorizations() {
    return authorizations;
  }

  private synchronized void count() {
    asked++;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      count();
      authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
      byte[] plain = page.getBytes(StandardCharsets.UTF_8);
      switch (manner) {
        case PLAIN -> send(exchange, 200, plain);
        case PACKED -> {
          exchange.getResponseHeaders().set("Content-Encoding", "gzip");
          send(exchange, 200, packed(plain, 1));
        }
        case BOMB -> {
          exchange.getResponseHeaders().set("Content-Encoding", "gzip");
          send(exchange, 200, packed(plain, 3000));
        }
        case ERROR -> send(exchange, 500, plain);
        case REDIRECT -> {
          exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/metrics");
          send(exchange, 302, new byte[0]);
        }
        case SILENT -> await();
        case STUCK -> {
          exchange.sendResponseHeaders(200, plain.length);
          exchange.getResponseBody().write(plain, 0, 10);
          exchange.getResponseBody().flush();
          await();
        }
      }
    }
  }

  private void await() {
    try {
      var unused = closed.await(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] packed(byte[] plain, int times) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      for (int i = 0; i < times; i++) {
        gzip.write(plain);
      }
    }
    return out.toByteArray();
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
