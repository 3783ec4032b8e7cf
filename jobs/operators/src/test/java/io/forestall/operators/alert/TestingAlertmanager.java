package io.forestall.operators.alert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** A real HTTP server that takes alerts as Alertmanager does. Thread-safe. */
final class TestingAlertmanager implements AutoCloseable {

  final List<JsonNode> alerts = new CopyOnWriteArrayList<>();
  final List<String> tokens = new CopyOnWriteArrayList<>();
  final List<Integer> batches = new CopyOnWriteArrayList<>();

  /** Gives the status code of a post from its alerts. */
  volatile ToIntFunction<JsonNode> answer = body -> 200;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  TestingAlertmanager() throws IOException {
    this(0);
  }

  TestingAlertmanager(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/api/v2/alerts", this::take);
    server.setExecutor(threads);
    server.start();
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode body = new ObjectMapper().readTree(exchange.getRequestBody());
      @Nullable String token = exchange.getRequestHeaders().getFirst("Authorization");
      tokens.add(token == null ? "" : token);
      int code = answer.applyAsInt(body);
      if (code == 200) {
        List<JsonNode> taken = new ArrayList<>();
        body.forEach(taken::add);
        alerts.addAll(taken);
        batches.add(taken.size());
      }
      exchange.sendResponseHeaders(code, -1);
    }
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
