package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium that is told what to do over its DevTools protocol, and one page in it. For
 * tests and measurements of the page. Not thread-safe.
 */
final class Chrome implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger number = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        String whole = text.toString();
        text.setLength(0);
        received(whole);
      }
      from.request(1);
      return null;
    }
  }

  private Chrome(Process process, URI page) throws IOException, InterruptedException {
    this.process = process;
    try {
      this.socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(page, new Listener())
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the browser's page cannot be reached", e);
    }
  }

  /** Where a browser is installed, null when none is on the PATH. */
  static @Nullable Path installed() {
    String path = System.getenv("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
        Path candidate = Path.of(folder, name);
        if (Files.isExecutable(candidate)) {
          return candidate;
        }
      }
    }
    return null;
  }

  /**
   * Starts a browser with an empty page.
   *
   * @param browser executable
   * @param directory an existing folder for its profile and log
   */
  static Chrome start(Path browser, Path directory, int width, int height)
      throws IOException, InterruptedException {
    Path profile = Files.createTempDirectory(directory, "profile");
    List<String> command = new ArrayList<>(List.of(browser.toString()));
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
            String.format(Locale.ROOT, "--window-size=%d,%d", width, height),
            "--user-data-dir=" + profile,
            "about:blank"));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(profile.resolve("browser.log").toFile())
            .start();
    try {
      Path port = profile.resolve("DevToolsActivePort");
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!Files.exists(port) || Files.readAllLines(port).isEmpty()) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IOException("the browser did not start");
        }
        LockSupport.parkNanos(20_000_000L);
      }
      String address = "http://127.0.0.1:" + Files.readAllLines(port).get(0) + "/json/list";
      while (true) {
        HttpResponse<String> answer =
            HttpClient.newHttpClient()
                .send(
                    HttpRequest.newBuilder(URI.create(address)).build(),
                    HttpResponse.BodyHandlers.ofString());
        for (JsonNode target : JSON.readTree(answer.body())) {
          if (target.path("type").asText().equals("page")) {
            Chrome chrome =
                new Chrome(process, URI.create(target.path("webSocketDebuggerUrl").asText()));
            chrome.call("Page.enable", JSON.createObjectNode());
            chrome.call("Runtime.enable", JSON.createObjectNode());
            chrome.call("Log.enable", JSON.createObjectNode());
            chrome.window(width, height, 1);
            return chrome;
          }
        }
        if (System.nanoTime() > deadline) {
          throw new IOException("the browser opened no page");
        }
        LockSupport.parkNanos(20_000_000L);
      }
    } catch (IOException | RuntimeException e) {
      end(process);
      throw e;
    }
  }

  /** Sets the size of the page in CSS pixels. */
  void window(int width, int height, double ratio) throws IOException, InterruptedException {
    call(
        "Emulation.setDeviceMetricsOverride",
        JSON.createObjectNode()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", ratio)
            .put("mobile", false));
  }

  /** Makes the reader prefer {@code light} or {@code dark}. */
  void prefer(String scheme) throws IOException, InterruptedException {
    ObjectNode parameters = JSON.createObjectNode();
    parameters
        .putArray("features")
        .addObject()
        .put("name", "prefers-color-scheme")
        .put("value", scheme);
    call("Emulation.setEmulatedMedia", parameters);
  }

  /** Opens an address. */
  void open(String url) throws IOException, InterruptedException {
    complaints.clear();
    call("Page.navigate", JSON.createObjectNode().put("url", url));
  }

  /** Value of an expression in the page; null for undefined. */
  JsonNode eval(String expression) throws IOException, InterruptedException {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            JSON.createObjectNode()
                .put("expression", expression)
                .put("returnByValue", true)
                .put("awaitPromise", true));
    if (answer.has("exceptionDetails")) {
      throw new IOException(expression + " failed: " + answer.path("exceptionDetails"));
    }
    return answer.path("result").path("value");
  }

  /** Waits until an expression is true. */
  void await(String expression) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    // While a page comes, there is no document yet.
    String safe =
        "(() => { try { return Boolean(" + expression + "); } catch { return false; } })()";
    while (!eval(safe).asBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "never true: "
                + expression
                + "; complaints: "
                + complaints
                + "; page: "
                + eval("document.body.innerText").asText());
      }
      LockSupport.parkNanos(25_000_000L);
    }
  }

  /** Presses and releases a key, named as in KeyboardEvent.key. */
  void press(String key) throws IOException, InterruptedException {
    Map<String, Integer> codes =
        Map.of(
            "Tab",
            9,
            "Enter",
            13,
            "Escape",
            27,
            "ArrowLeft",
            37,
            "ArrowUp",
            38,
            "ArrowRight",
            39,
            "ArrowDown",
            40,
            "Backspace",
            8,
            "Home",
            36,
            "End",
            35);
    ObjectNode down =
        JSON.createObjectNode()
            .put("type", "keyDown")
            .put("key", key)
            .put("windowsVirtualKeyCode", codes.getOrDefault(key, (int) key.charAt(0)));
    if (key.length() == 1) {
      down.put("text", key);
    } else if (key.equals("Enter")) {
      down.put("text", "\r");
    }
    call("Input.dispatchKeyEvent", down);
    call(
        "Input.dispatchKeyEvent",
        JSON.createObjectNode()
            .put("type", "keyUp")
            .put("key", key)
            .put("windowsVirtualKeyCode", codes.getOrDefault(key, (int) key.charAt(0))));
  }

  /** Writes a picture of what is seen. */
  void picture(Path file) throws IOException, InterruptedException {
    JsonNode answer = call("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
    Files.write(file, Base64.getDecoder().decode(answer.path("data").asText()));
  }

  /** Errors, exceptions and breaches of the page's policy since it was opened. */
  List<String> complaints() {
    return List.copyOf(complaints);
  }

  private JsonNode call(String method, ObjectNode parameters)
      throws IOException, InterruptedException {
    int id = number.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    ObjectNode message = JSON.createObjectNode();
    message.put("id", id);
    message.put("method", method);
    message.set("params", parameters);
    try {
      socket.sendText(message.toString(), true).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      JsonNode whole = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (whole.has("error")) {
        throw new IOException(method + " failed: " + whole.path("error"));
      }
      return whole.path("result");
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(method + " got no answer", e);
    } finally {
      waiting.remove(id);
    }
  }

  private void received(String text) {
    JsonNode message;
    try {
      message = JSON.readTree(text);
    } catch (IOException e) {
      complaints.add("no JSON from the browser: " + e.getMessage());
      return;
    }
    if (message.has("id")) {
      CompletableFuture<JsonNode> answer = waiting.get(message.path("id").asInt());
      if (answer != null) {
        answer.complete(message);
      }
      return;
    }
    switch (message.path("method").asText()) {
      case "Runtime.exceptionThrown" ->
          complaints.add(message.path("params").path("exceptionDetails").toString());
      case "Log.entryAdded" -> {
        JsonNode entry = message.path("params").path("entry");
        if (entry.path("level").asText().equals("error")) {
          complaints.add(entry.path("text").asText() + " " + entry.path("url").asText());
        }
      }
      default -> {}
    }
  }

  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Override
  public void close() {
    try {
      // Asked to, it takes its sockets in the system's temporary folder away with it.
      socket
          .sendText("{\"id\": 0, \"method\": \"Browser.close\"}", true)
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        end(process);
        process.waitFor(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // It is gone already.
      end(process);
    } finally {
      socket.abort();
      end(process);
    }
  }
}
