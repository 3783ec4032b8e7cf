package io.forestall.app.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The few calls of Flink's REST interface that our doors need. Every failure is a {@link
 * CommandFailure} in one line. Thread-safe.
 */
public final class FlinkRest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final URI address;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param address for example {@code http://localhost:8081}
   */
  public FlinkRest(URI address) {
    String text = address.toString();
    this.address = URI.create(text.endsWith("/") ? text : text + "/");
  }

  /**
   * A job as the cluster lists it.
   *
   * @param id Flink's id of this run
   * @param name the job's name
   * @param state such as RUNNING, FAILED
   * @param tasks all of them
   * @param running how many of them run
   */
  public record Job(String id, String name, String state, int tasks, int running) {
    /** Whether it has ended and will not go on. */
    public boolean ended() {
      return state.equals("FINISHED") || state.equals("CANCELED") || state.equals("FAILED");
    }

    /** Whether every task runs. */
    public boolean allRun() {
      return state.equals("RUNNING") && tasks > 0 && running == tasks;
    }
  }

  /**
   * The cluster as a whole.
   *
   * @param version of Flink
   * @param taskManagers registered
   * @param slots in all
   * @param freeSlots unused
   */
  public record Overview(String version, int taskManagers, int slots, int freeSlots) {}

  /** How the cluster stands. */
  public Overview overview() {
    JsonNode node = get("overview");
    return new Overview(
        node.path("flink-version").asText("unknown"),
        node.path("taskmanagers").asInt(),
        node.path("slots-total").asInt(),
        node.path("slots-available").asInt());
  }

  /** All jobs it remembers, ended ones too. */
  public List<Job> jobs() {
    List<Job> all = new ArrayList<>();
    for (JsonNode job : get("jobs/overview").path("jobs")) {
      all.add(
          new Job(
              job.path("jid").asText(),
              job.path("name").asText(),
              job.path("state").asText(),
              job.path("tasks").path("total").asInt(),
              job.path("tasks").path("running").asInt()));
    }
    return all;
  }

  /** One job. */
  public Job job(String id) {
    return jobs().stream()
        .filter(job -> job.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new CommandFailure(ExitCodes.FOUND, "the cluster knows no job " + id));
  }

  /** The root cause of a job's newest failure in one line, or null when it never failed. */
  public @Nullable String failureOf(String id) {
    JsonNode entries = get("jobs/" + id + "/exceptions").path("exceptionHistory").path("entries");
    if (entries.isEmpty()) {
      return null;
    }
    return rootCause(entries.get(0).path("stacktrace").asText());
  }

  /** Uploads a jar and returns the cluster's id for it. */
  public String upload(Path jar) {
    String boundary = "forestall-" + UUID.randomUUID();
    String head =
        "--"
            + boundary
            + "\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\""
            + jar.getFileName()
            + "\"\r\nContent-Type: application/x-java-archive\r\n\r\n";
    BodyPublisher body;
    try {
      body =
          BodyPublishers.concat(
              BodyPublishers.ofString(head),
              BodyPublishers.ofFile(jar),
              BodyPublishers.ofString("\r\n--" + boundary + "--\r\n"));
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "the jar " + jar + " is missing: build it with ./mvnw -q -DskipTests package",
          e);
    }
    JsonNode answer =
        send(
            HttpRequest.newBuilder(address.resolve("jars/upload"))
                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                .POST(body));
    String file = answer.path("filename").asText();
    return file.substring(file.lastIndexOf('/') + 1);
  }

  /** Forgets an uploaded jar; running jobs keep their own copy. */
  public void delete(String jarId) {
    send(HttpRequest.newBuilder(address.resolve("jars/" + jarId)).DELETE());
  }

  /**
   * Runs a class of an uploaded jar.
   *
   * @param entryClass its main class
   * @param arguments for its main method
   * @param from savepoint or checkpoint to start from, or null
   * @param allowNonRestored whether state that no operator takes may be dropped
   * @param parallelism 0 for the cluster's default
   * @return the id of the job it started
   */
  public String run(
      String jarId,
      String entryClass,
      List<String> arguments,
      @Nullable String from,
      boolean allowNonRestored,
      int parallelism) {
    ObjectNode body = json.createObjectNode();
    body.put("entryClass", entryClass);
    arguments.forEach(body.putArray("programArgsList")::add);
    if (parallelism > 0) {
      body.put("parallelism", parallelism);
    }
    if (from != null) {
      body.put("savepointPath", from);
      body.put("allowNonRestoredState", allowNonRestored);
    }
    JsonNode answer = post("jars/" + jarId + "/run", body);
    String id = answer.path("jobid").asText("");
    if (id.isEmpty()) {
      throw new CommandFailure(ExitCodes.FOUND, "the cluster started no job: " + answer);
    }
    return id;
  }

  /**
   * Asks a job to stop with a savepoint.
   *
   * @param target folder for it, as the cluster sees it; null for the cluster's own
   * @return the id of the request, for {@link #savepoint}
   */
  public String stopWithSavepoint(String jobId, @Nullable String target) {
    ObjectNode body = json.createObjectNode();
    if (target != null) {
      body.put("targetDirectory", target);
    }
    body.put("drain", false);
    body.put("formatType", "CANONICAL");
    return post("jobs/" + jobId + "/stop", body).path("request-id").asText();
  }

  /** Where the savepoint of a request is; null while it is not complete. Throws when it failed. */
  public @Nullable String savepoint(String jobId, String request) {
    JsonNode answer = get("jobs/" + jobId + "/savepoints/" + request);
    if (!answer.path("status").path("id").asText().equals("COMPLETED")) {
      return null;
    }
    JsonNode operation = answer.path("operation");
    if (operation.has("location")) {
      return operation.path("location").asText();
    }
    throw new CommandFailure(
        ExitCodes.FOUND,
        "the savepoint failed: "
            + rootCause(operation.path("failure-cause").path("stack-trace").asText()));
  }

  /** Ends a job without a savepoint. */
  public void cancel(String jobId) {
    send(
        HttpRequest.newBuilder(address.resolve("jobs/" + jobId + "?mode=cancel"))
            .method("PATCH", BodyPublishers.noBody()));
  }

  /** A page of the web interface. */
  public URI page(String path) {
    return address.resolve("#/" + path);
  }

  private JsonNode get(String path) {
    return send(HttpRequest.newBuilder(address.resolve(path)).GET());
  }

  private JsonNode post(String path, ObjectNode body) {
    return send(
        HttpRequest.newBuilder(address.resolve(path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString())));
  }

  private JsonNode send(HttpRequest.Builder request) {
    HttpResponse<String> response;
    try {
      response =
          client.send(
              request.timeout(PATIENCE).build(),
              BodyHandlers.ofString(java.nio.charset.StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (IOException e) {
      throw CommandFailure.unreachable(
          "no Flink cluster answers at "
              + address
              + ": start one (scripts/cluster start) or correct --rest",
          e);
    }
    JsonNode answer;
    try {
      answer = json.readTree(response.body());
    } catch (JsonProcessingException e) {
      throw CommandFailure.unreachable(
          address + " does not answer as a Flink cluster does: correct --rest", e);
    }
    if (response.statusCode() / 100 != 2) {
      StringBuilder all = new StringBuilder();
      answer.path("errors").forEach(error -> all.append(error.asText()).append('\n'));
      throw new CommandFailure(ExitCodes.FOUND, rootCause(all.toString()));
    }
    return answer;
  }

  /** The last "Caused by" of a stack trace, or its first line, without class names of wrappers. */
  static String rootCause(String trace) {
    String found = "";
    for (String line : trace.split("\n", -1)) {
      String text = line.strip();
      if (text.startsWith("Caused by: ")) {
        found = text.substring("Caused by: ".length());
      } else if (found.isEmpty()
          && !text.isEmpty()
          && !text.startsWith("at ")
          && !text.equals("Internal server error.")
          && !text.startsWith("<Exception on server side")) {
        found = text;
      }
    }
    // The class of an exception says nothing to a user where a sentence follows.
    String sentence = found.replaceFirst("^[\\w.$]+(?:Exception|Error): ", "");
    return sentence.isEmpty() ? "no reason given; see the cluster's log" : sentence;
  }
}
