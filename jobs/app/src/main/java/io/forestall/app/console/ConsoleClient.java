package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.risk.signal.Signals;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Where a command asks what the console knows, and how it prints (picocli mixin): a running
 * console, or the topics themselves, read once into this process. The questions are those of the
 * interface under {@code /api/v1}. Not thread-safe.
 */
final class ConsoleClient {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration READING = Duration.ofMinutes(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** How answers are printed. */
  enum Output {
    TABLE,
    JSON
  }

  @Option(
      names = {"--console", "--url"},
      paramLabel = "URL",
      defaultValue = "${env:FORESTALL_CONSOLE_URL:-http://127.0.0.1:7080}",
      description = "Address of the console. Default: ${DEFAULT-VALUE}.")
  private String url = "http://127.0.0.1:7080";

  @Option(
      names = "--from-kafka",
      description =
          "Read the topics in this process instead of asking a console; takes as long as they are.")
  private boolean fromKafka;

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--output",
      paramLabel = "table|json",
      defaultValue = "table",
      description = "How to print: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private Output output = Output.TABLE;

  /** A question: a path below {@code /api/v1} and parameters. */
  static final class Question {
    private final StringBuilder path;
    private char separator = '?';

    Question(String... segments) {
      path = new StringBuilder(ConsoleApi.PREFIX);
      for (String segment : segments) {
        path.append('/').append(encode(segment).replace("+", "%20"));
      }
    }

    /** Adds a parameter; null and empty ones are left out. */
    Question with(String name, @Nullable Object value) {
      if (value != null && !value.toString().isEmpty()) {
        path.append(separator).append(name).append('=').append(encode(value.toString()));
        separator = '&';
      }
      return this;
    }

    private static String encode(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }

  boolean json() {
    return output == Output.JSON;
  }

  /** Where the answers come from, for messages. */
  String source() {
    return fromKafka ? kafka.bootstrapServers() : url;
  }

  /**
   * The answer as it came, null when there is no such thing.
   *
   * @throws CommandFailure when nobody answers, or the question makes no sense
   */
  @Nullable String ask(Question question) throws InterruptedException {
    return fromKafka ? askTopics(question) : askConsole(question);
  }

  /**
   * Asks and prints the answer as JSON when that was asked for.
   *
   * @return the answer to be printed as a table, null when it has been printed
   * @throws CommandFailure when there is no such thing too
   */
  @Nullable JsonNode askOrPrint(Question question, PrintWriter out, String missing)
      throws InterruptedException {
    String body = ask(question);
    if (body == null) {
      throw new CommandFailure(ExitCodes.FOUND, missing);
    }
    if (json()) {
      out.println(body);
      out.flush();
      return null;
    }
    return read(body);
  }

  private @Nullable String askConsole(Question question) throws InterruptedException {
    URI uri;
    try {
      uri = URI.create(url.replaceAll("/+$", "") + question);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "--console " + url + " is no address: write http://HOST:PORT", e);
    }
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw CommandFailure.usage("--console " + url + " is no address: write http://HOST:PORT");
    }
    HttpResponse<String> answer;
    try {
      answer =
          HttpClient.newBuilder()
              .connectTimeout(PATIENCE)
              .build()
              .send(
                  HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
                  HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw CommandFailure.unreachable(
          "no console answers at "
              + url
              + ": start one (forestall console), correct --console, or use --from-kafka",
          e);
    }
    if (answer.statusCode() == 404) {
      return null;
    }
    if (answer.statusCode() != 200) {
      throw new CommandFailure(
          answer.statusCode() == 400 ? ExitCodes.USAGE : ExitCodes.FOUND,
          "the console at " + url + " answered " + answer.statusCode() + problem(answer.body()));
    }
    return answer.body();
  }

  private static String problem(String body) {
    JsonNode problem;
    try {
      problem = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return ": is it a console of Forestall?";
    }
    String what = problem.path("what").asText("");
    return what.isEmpty()
        ? ": is it a console of Forestall?"
        : ": " + what + "; " + problem.path("whatToDo").asText("");
  }

  private @Nullable String askTopics(Question question) throws InterruptedException {
    kafka.openAdmin().close();
    FleetView view = new FleetView(FleetView.Limits.DEFAULT, new Signals(), System::nanoTime);
    KafkaFleetFeed feed;
    try {
      feed = KafkaFleetFeed.start(kafka.clientProperties(), kafka.topicPrefix(), view);
    } catch (KafkaException e) {
      throw new CommandFailure(ExitCodes.USAGE, "Kafka client settings are wrong: " + e, e);
    }
    try (feed) {
      long deadline = System.nanoTime() + READING.toNanos();
      FleetFeed.Progress progress = feed.progress();
      while (!progress.ready()) {
        if (progress.trouble() != null && !progress.trouble().startsWith("reading")) {
          throw CommandFailure.unreachable(progress.trouble(), null);
        }
        if (System.nanoTime() > deadline) {
          throw CommandFailure.unreachable(
              "the topics at "
                  + kafka.bootstrapServers()
                  + " were not read to their ends within "
                  + READING.toMinutes()
                  + " min: ask a console, which reads them once",
              null);
        }
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while reading the topics");
        }
        LockSupport.parkNanos(50_000_000L);
        progress = feed.progress();
      }
      String text = question.toString();
      int query = text.indexOf('?');
      try {
        ConsoleApi.Answer answer =
            new ConsoleApi(view, feed::progress)
                .get(
                    query < 0 ? text : text.substring(0, query),
                    query < 0 ? Map.of() : parameters(text.substring(query + 1)));
        return new String(answer.body(), StandardCharsets.UTF_8);
      } catch (ConsoleApi.Problem e) {
        if (e.status() == 404) {
          return null;
        }
        throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
      }
    }
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      parameters.put(
          pair.substring(0, equals),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return parameters;
  }

  JsonNode read(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "what answers at " + source() + " is no console of Forestall: no JSON",
          e);
    }
  }

  static String decimal(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  /** A value of any size with four digits, a dash for none. */
  static String value(JsonNode node) {
    return node.isNumber() ? String.format(Locale.ROOT, "%.4g", node.asDouble()) : "-";
  }

  static String percent(double probability) {
    return String.format(Locale.ROOT, probability < 0.01 ? "%.3f%%" : "%.1f%%", 100 * probability);
  }

  static String time(long millis) {
    String text = Instant.ofEpochMilli(millis).toString();
    return text.endsWith("T00:00:00Z") ? text.substring(0, 10) : text;
  }

  static String time(JsonNode node) {
    return node.isNumber() ? time(node.asLong()) : "-";
  }

  /** A length of time in its largest unit. */
  static String span(JsonNode millis) {
    if (!millis.isNumber()) {
      return "-";
    }
    long seconds = Math.max(0, Math.round(millis.asDouble() / 1000));
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 7200) {
      return seconds / 60 + " min";
    }
    return seconds < 172_800 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
  }
}
