package io.forestall.app.console;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.forestall.app.operate.PolicyApi;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The console's HTTP server: the page, the interface, health and metrics. It answers GET and HEAD;
 * any other method needs a bearer token. It knows no cookie and no login, and listens on the
 * loopback interface unless told otherwise. A request whose Host header is a name that was not
 * allowed is refused, so that a web page elsewhere cannot reach the console through a name that
 * resolves to this machine. Thread-safe.
 */
public final class ConsoleServer implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ConsoleServer.class.getName());

  private static final int THREADS = 4;
  private static final int QUEUED_REQUESTS = 128;
  private static final int MAX_URI = 4096;
  private static final int COMPRESS_FROM = 1024;
  private static final Set<String> READ_ONLY = Set.of("/livez", "/readyz", "/metrics");

  private static final Map<String, String> FILES =
      Map.ofEntries(
          Map.entry("/", "text/html; charset=utf-8"),
          Map.entry("/console.css", "text/css; charset=utf-8"),
          Map.entry("/js/main.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/theme.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/format.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/dom.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/ask.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/charts.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/table.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/fleet.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/entity.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/lists.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/volumes.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/incidents.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/decisions.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/guard.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/codes.js", "text/javascript; charset=utf-8"),
          Map.entry("/js/timeline.js", "text/javascript; charset=utf-8"),
          Map.entry("/favicon.svg", "image/svg+xml"),
          Map.entry("/vendor/uplot/uPlot.iife.min.js", "text/javascript; charset=utf-8"),
          Map.entry("/vendor/uplot/uPlot.min.css", "text/css; charset=utf-8"));

  static {
    // The JDK's server reads these once: answers without delay, and no connection that trickles for
    // ever.
    setIfAbsent("sun.net.httpserver.nodelay", "true");
    setIfAbsent("sun.net.httpserver.maxReqTime", "15");
    setIfAbsent("sun.net.httpserver.maxRspTime", "60");
    setIfAbsent("sun.net.httpserver.idleInterval", "60");
    setIfAbsent("sun.net.httpserver.maxReqHeaders", "100");
    setIfAbsent("jdk.httpserver.maxConnections", "256");
  }

  /**
   * Where to listen and for whom.
   *
   * @param host address or name of the interface; {@code 127.0.0.1} serves this machine only
   * @param port TCP port, 0 for any free one
   * @param allowedHosts further names under which the console may be asked, without port
   * @param tokens of which a request that would change something must bear one; null when no such
   *     request is answered
   */
  public record Options(
      String host, int port, Set<String> allowedHosts, @Nullable BearerTokens tokens) {

    /** As the other constructor, without a token. */
    public Options(String host, int port, Set<String> allowedHosts) {
      this(host, port, allowedHosts, null);
    }

    /** Port unless told otherwise. */
    public static final int DEFAULT_PORT = 7080;

    /** This machine only, the usual port. */
    public static final Options DEFAULT = new Options("127.0.0.1", DEFAULT_PORT, Set.of());
  }

  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final FleetView view;
  private final ActViews acts;
  private final Supplier<FleetFeed.Progress> progress;
  private final Set<String> allowedHosts;
  private final String host;
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final RequestTimes times = new RequestTimes();
  private final ConsoleApi api;
  private final @Nullable BearerTokens tokens;
  private final @Nullable PolicyApi words;

  private ConsoleServer(
      HttpServer server,
      Options options,
      FleetView view,
      ActViews acts,
      Supplier<FleetFeed.Progress> progress,
      @Nullable PolicyApi words) {
    this.server = server;
    this.view = view;
    this.acts = acts;
    this.progress = progress;
    this.allowedHosts = options.allowedHosts();
    this.host = options.host();
    this.tokens = options.tokens();
    this.words = words;
    this.api =
        new ConsoleApi(
            view, acts, options.tokens() != null && words != null, progress, System::nanoTime);
    AtomicInteger number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(QUEUED_REQUESTS),
            task -> {
              Thread thread = new Thread(task, "forestall-console-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** As the other one, with nothing known of incidents and decisions, and nothing to change. */
  public static ConsoleServer start(
      Options options, FleetView view, Supplier<FleetFeed.Progress> progress) throws IOException {
    return start(options, view, new ActViews(), progress);
  }

  /** As the other one, with nothing to change. */
  public static ConsoleServer start(
      Options options, FleetView view, ActViews acts, Supplier<FleetFeed.Progress> progress)
      throws IOException {
    return start(options, view, acts, progress, null);
  }

  /**
   * Starts a server.
   *
   * @param acts incidents, decisions, admitted acts and policies
   * @param progress how far the views have been fed, asked at every status
   * @param words where the words of operators go, null when there is nothing to change
   * @throws IOException with one line on what to do when the port cannot be had
   */
  public static ConsoleServer start(
      Options options,
      FleetView view,
      ActViews acts,
      Supplier<FleetFeed.Progress> progress,
      @Nullable PolicyApi words)
      throws IOException {
    InetAddress address;
    try {
      address = InetAddress.getByName(options.host());
    } catch (IOException e) {
      throw new IOException(
          "console: unknown host " + options.host() + ": give an address of this machine", e);
    }
    HttpServer http;
    try {
      http = HttpServer.create(new InetSocketAddress(address, options.port()), 64);
    } catch (BindException e) {
      throw new IOException(
          "console: cannot listen on "
              + options.host()
              + ":"
              + options.port()
              + " ("
              + e.getMessage()
              + "): stop what uses the port, or choose another one",
          e);
    }
    ConsoleServer server = new ConsoleServer(http, options, view, acts, progress, words);
    http.setExecutor(server.threads);
    http.createContext("/", server::handle);
    http.start();
    return server;
  }

  /** The port it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** The address to open in a browser on this machine. */
  public String url() {
    InetAddress address = server.getAddress().getAddress();
    String name = address.isAnyLocalAddress() ? "127.0.0.1" : host;
    return "http://" + (name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":" + port() + "/";
  }

  /** Stops at once; requests in progress end without an answer. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) {
    long startNanos = System.nanoTime();
    try (exchange) {
      requests.incrementAndGet();
      ConsoleApi.Answer answer;
      try {
        answer = answer(exchange);
      } catch (ConsoleApi.Problem e) {
        if (e.status() != 404) {
          refused.incrementAndGet();
        }
        answer = e.answer();
      } catch (IllegalArgumentException e) {
        refused.incrementAndGet();
        answer =
            new ConsoleApi.Problem(
                    400,
                    e.getMessage() == null ? "bad request" : e.getMessage(),
                    "the address",
                    "see /api/v1/openapi.json")
                .answer();
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "console: a request failed", e);
        answer =
            new ConsoleApi.Problem(
                    500,
                    "the console failed at this request",
                    exchange.getRequestURI().getPath(),
                    "its log says why")
                .answer();
      }
      send(exchange, answer);
      times.add(
          exchange.getRequestURI().getRawPath(), answer.status(), System.nanoTime() - startNanos);
    } catch (IOException e) {
      LOG.log(Level.FINE, "console: the client went away", e);
    }
  }

  private ConsoleApi.Answer answer(HttpExchange exchange) throws IOException {
    if (exchange.getRequestURI().toString().length() > MAX_URI) {
      throw new ConsoleApi.Problem(
          414,
          "the address is longer than " + MAX_URI + " characters",
          "the address",
          "ask for less at once");
    }
    List<String> hosts = exchange.getRequestHeaders().getOrDefault("Host", List.of());
    if (hosts.size() != 1 || !hostAllowed(hosts.get(0))) {
      throw new ConsoleApi.Problem(
          421,
          "this console is not known by that name",
          "the Host header",
          "use its address, or start it with --allow-host NAME");
    }
    String path = exchange.getRequestURI().getRawPath();
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return write(exchange, method, path);
    }
    String type = FILES.get(path);
    if (type != null) {
      return file(path.equals("/") ? "/index.html" : path, type);
    }
    switch (path) {
      case "/livez":
        return text(200, "live\n");
      case "/readyz":
        FleetFeed.Progress now = progress.get();
        return now.ready()
            ? text(200, "ready\n")
            : text(
                503,
                "not ready: "
                    + (now.trouble() == null ? "reading the topics" : now.trouble())
                    + "\n");
      case "/metrics":
        return new ConsoleApi.Answer(
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            ConsoleMetrics.text(
                    view.status(),
                    view.figures(),
                    view.deadLetters(),
                    acts,
                    new MissingShadows(view).of(acts.volumes(), null),
                    progress.get(),
                    requests.get(),
                    refused.get(),
                    times)
                .getBytes(StandardCharsets.UTF_8));
      default:
        break;
    }
    Map<String, String> parameters = parameters(exchange.getRequestURI().getRawQuery());
    String accept = exchange.getRequestHeaders().getFirst("Accept");
    if (accept != null && accept.trim().startsWith("text/csv")) {
      parameters.putIfAbsent("format", "csv");
    }
    return api.get(path, parameters);
  }

  /**
   * Whoever would change something must show a token first, so that nobody without it learns what
   * there is. It comes in a header that no foreign page can set, and no cookie stands in for it.
   */
  private ConsoleApi.Answer write(HttpExchange exchange, String method, String path)
      throws IOException {
    String author = author(exchange);
    PolicyApi known = words;
    Set<String> methods = known == null ? Set.of() : known.methods(path);
    if (known == null || !methods.contains(method)) {
      boolean read = FILES.containsKey(path) || READ_ONLY.contains(path) || api.knows(path);
      if (!read && methods.isEmpty()) {
        throw new ConsoleApi.Problem(
            404, "nothing is here to be changed", path, "see /api/v1/openapi.json");
      }
      String allowed = (read ? "GET, HEAD" : "") + (read && !methods.isEmpty() ? ", " : "");
      exchange.getResponseHeaders().set("Allow", allowed + String.join(", ", methods));
      throw methods.isEmpty()
          ? new ConsoleApi.Problem(405, "this resource can only be read", path, "use GET")
          : new ConsoleApi.Problem(
              405, "this resource is not changed so", path, "use " + String.join(", ", methods));
    }
    byte[] body = new byte[0];
    if (!method.equals("DELETE")) {
      String type = exchange.getRequestHeaders().getFirst("Content-Type");
      if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
        throw new ConsoleApi.Problem(
            415, "the body must be JSON", "the Content-Type header", "send application/json");
      }
      body = exchange.getRequestBody().readNBytes(PolicyApi.MAX_BODY_BYTES + 1);
    }
    try {
      PolicyApi.Answer answer =
          known.answer(
              method, path, parameters(exchange.getRequestURI().getRawQuery()), body, author);
      return new ConsoleApi.Answer(
          answer.status(), ConsoleApi.JSON, answer.body().getBytes(StandardCharsets.UTF_8));
    } catch (PolicyApi.Refused e) {
      throw new ConsoleApi.Problem(e.status(), String.valueOf(e.getMessage()), path, e.whatToDo());
    }
  }

  /** Whose token the request bears. */
  private String author(HttpExchange exchange) {
    BearerTokens known = tokens;
    List<String> given = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
    BearerTokens.Holder holder =
        known == null || given.size() != 1 ? null : known.holder(given.get(0));
    if (holder != null && !holder.expiredAt(System.currentTimeMillis())) {
      return holder.author();
    }
    exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"forestall\"");
    throw holder != null
        ? new ConsoleApi.Problem(
            401,
            "this token has expired",
            "the Authorization header",
            "ask for a new one: its line in the console's --token-file says until when it held")
        : new ConsoleApi.Problem(
            401,
            "whatever is not a GET needs a token",
            "the Authorization header",
            known == null
                ? "start the console with --token-file FILE"
                : "send Authorization: Bearer with a token of the console's --token-file");
  }

  private boolean hostAllowed(String header) {
    String name = header.toLowerCase(Locale.ROOT);
    if (name.startsWith("[")) {
      int end = name.indexOf(']');
      // An address is not a name: nobody can make it resolve to another machine.
      return end > 0;
    }
    int colon = name.indexOf(':');
    if (colon >= 0) {
      name = name.substring(0, colon);
    }
    return name.equals("localhost")
        || name.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")
        || allowedHosts.contains(name);
  }

  private void send(HttpExchange exchange, ConsoleApi.Answer answer) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", answer.type());
    headers.set("Cache-Control", "no-cache");
    headers.set("Vary", "Accept, Accept-Encoding");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("X-Frame-Options", "DENY");
    headers.set(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
            + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    byte[] body = answer.body();
    if (answer.status() == 200) {
      CRC32C sum = new CRC32C();
      sum.update(body);
      String tag = "\"" + body.length + "-" + Long.toHexString(sum.getValue()) + "\"";
      headers.set("ETag", tag);
      if (tag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
        exchange.sendResponseHeaders(304, -1);
        return;
      }
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      headers.set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(answer.status(), -1);
      return;
    }
    String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
    if (body.length >= COMPRESS_FROM && accepted != null && accepted.contains("gzip")) {
      headers.set("Content-Encoding", "gzip");
      ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 4);
      try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
        gzip.write(body);
      }
      body = packed.toByteArray();
    }
    exchange.sendResponseHeaders(answer.status(), body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private static ConsoleApi.Answer text(int status, String text) {
    return new ConsoleApi.Answer(
        status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }

  private static ConsoleApi.Answer file(String path, String type) throws IOException {
    try (InputStream in = ConsoleServer.class.getResourceAsStream("web" + path)) {
      if (in == null) {
        throw new UncheckedIOException(new IOException("the jar lacks web" + path));
      }
      return new ConsoleApi.Answer(200, type, in.readAllBytes());
    }
  }

  private static Map<String, String> parameters(@Nullable String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query == null || query.isEmpty()) {
      return parameters;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      String previous =
          parameters.put(
              URLDecoder.decode(name, StandardCharsets.UTF_8),
              URLDecoder.decode(value, StandardCharsets.UTF_8));
      if (previous != null) {
        throw new IllegalArgumentException("a parameter was given twice");
      }
    }
    return parameters;
  }

  private static void setIfAbsent(String name, String value) {
    if (System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }
}
