package io.forestall.app.operate;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The words of operators over HTTP, without HTTP: a path and a body in, an answer out. Whoever
 * calls has checked the token, whose name is the author; no field of a body can say another. Routes
 * and bodies are those of {@code openapi.json}; a test compares them. Thread-safe: one word is
 * written at a time, so that versions grow.
 */
public final class PolicyApi {

  /** Longest body; bytes. */
  public static final int MAX_BODY_BYTES = 256 * 1024;

  /** Path of everything here. */
  static final String PREFIX = "/api/v1";

  private static final long PATIENCE_SECONDS = 2;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final Set<String> SCOPE_FIELDS =
      Set.of(
          "scope",
          "reason",
          "act",
          "for",
          "expiresMillis",
          "fromMillis",
          "id",
          "tier",
          "target",
          "mode",
          "approval");
  private static final Set<String> APPROVAL_FIELDS =
      Set.of("reason", "for", "expiresMillis", "early");
  private static final Set<String> POLICY_FIELDS =
      Set.of(
          "kind",
          "scope",
          "id",
          "act",
          "proposal",
          "reason",
          "fromMillis",
          "expiresMillis",
          "for",
          "parameters",
          "body");

  /** What is sent back; the body is JSON. */
  public record Answer(int status, String body) {}

  /** A request that is refused: what is wrong, where, and what to do. */
  public static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String whatToDo;

    Refused(int status, String what, String whatToDo) {
      super(what, null, false, false);
      this.status = status;
      this.whatToDo = whatToDo;
    }

    /** HTTP status. */
    public int status() {
      return status;
    }

    /** What to do about it. */
    public String whatToDo() {
      return whatToDo;
    }
  }

  private interface Handler {
    Written answer(List<String> names, Request request);
  }

  /**
   * One resource.
   *
   * @param method POST or DELETE
   * @param path with {@code {name}} where the caller names something
   * @param fields what the body may hold
   */
  record Route(String method, String path, Set<String> fields, Handler handler) {}

  private record Request(JsonNode body, Words.Voice voice, long nowMillis) {

    @Nullable String text(String name) {
      JsonNode node = body.get(name);
      if (node == null || node.isNull()) {
        return null;
      }
      if (!node.isTextual()) {
        throw bad(name + " must be a text");
      }
      return node.asText();
    }

    String needed(String name) {
      String text = text(name);
      if (text == null || text.isBlank()) {
        throw bad(name + " is missing");
      }
      return text;
    }

    @Nullable Long millis(String name) {
      JsonNode node = body.get(name);
      if (node == null || node.isNull()) {
        return null;
      }
      if (!node.isIntegralNumber() || !node.canConvertToLong() || node.asLong() < 0) {
        throw bad(name + " must be milliseconds since 1970-01-01 UTC, a whole number");
      }
      return node.asLong();
    }

    boolean flag(String name) {
      JsonNode node = body.get(name);
      if (node == null || node.isNull()) {
        return false;
      }
      if (!node.isBoolean()) {
        throw bad(name + " must be true or false");
      }
      return node.asBoolean();
    }

    Span span() {
      return Span.of(nowMillis, millis("fromMillis"), text("for"), millis("expiresMillis"));
    }

    String scope() {
      String scope = text("scope");
      return scope == null ? PolicyRecords.ALL : scope;
    }

    ActKind act() {
      return ActName.parse(text("act"));
    }
  }

  private final Words words;
  private final List<Route> routes;
  private final Semaphore pen = new Semaphore(1);

  PolicyApi(Words words) {
    this.words = words;
    UnaryOperator<String> at = PREFIX::concat;
    this.routes =
        List.of(
            new Route("POST", at.apply("/policies"), POLICY_FIELDS, (names, r) -> policy(r)),
            new Route(
                "DELETE",
                at.apply("/policies/{key}"),
                Set.of(),
                (names, r) -> words.takeBack(names.get(0), r.voice)),
            new Route(
                "POST",
                at.apply("/proposals/{id}/approve"),
                APPROVAL_FIELDS,
                (names, r) -> words.approve(names.get(0), r.span(), r.flag("early"), r.voice)),
            new Route(
                "POST",
                at.apply("/proposals/{id}/deny"),
                APPROVAL_FIELDS,
                (names, r) -> words.deny(names.get(0), r.span(), r.flag("early"), r.voice)),
            new Route(
                "POST",
                at.apply("/proposals/{id}/cancel"),
                APPROVAL_FIELDS,
                (names, r) ->
                    words.cancelProposal(names.get(0), r.span(), r.flag("early"), r.voice)),
            new Route(
                "POST",
                at.apply("/admissions/{id}/cancel"),
                APPROVAL_FIELDS,
                (names, r) ->
                    words.cancelAdmission(names.get(0), r.span(), r.flag("early"), r.voice)),
            new Route(
                "POST",
                at.apply("/halt"),
                SCOPE_FIELDS,
                (names, r) -> scoped(Kind.HALT, r, Map.of())),
            new Route(
                "POST",
                at.apply("/resume"),
                SCOPE_FIELDS,
                (names, r) -> words.resume(r.scope(), r.act(), r.voice)),
            new Route(
                "POST",
                at.apply("/silence"),
                SCOPE_FIELDS,
                (names, r) -> scoped(Kind.SILENCE, r, Map.of())),
            new Route(
                "POST",
                at.apply("/maintenance"),
                SCOPE_FIELDS,
                (names, r) -> scoped(Kind.MAINTENANCE, r, Map.of())),
            new Route(
                "POST",
                at.apply("/override"),
                SCOPE_FIELDS,
                (names, r) ->
                    scoped(Kind.OVERRIDE, r, Map.of(PolicyParameters.TIER, r.needed("tier")))),
            new Route("POST", at.apply("/pin"), SCOPE_FIELDS, (names, r) -> pin(r)),
            new Route("POST", at.apply("/mode"), SCOPE_FIELDS, (names, r) -> mode(r)));
  }

  /**
   * Words said to Kafka.
   *
   * @param kafka where it is
   * @param signer who signs them, null for nobody
   * @param acts where named acts are looked up
   * @param nowMillis the time; milliseconds since 1970-01-01 UTC
   */
  public static PolicyApi of(
      KafkaOptions kafka, @Nullable Signer signer, ActLookup acts, LongSupplier nowMillis) {
    return new PolicyApi(
        new Words(new KafkaPolicyStore(kafka, signer, Trusted.NONE), acts, nowMillis));
  }

  /**
   * Words said to a store.
   *
   * @param store where they go
   * @param acts where named acts are looked up
   * @param nowMillis the time; milliseconds since 1970-01-01 UTC
   */
  public static PolicyApi of(PolicyStore store, ActLookup acts, LongSupplier nowMillis) {
    return new PolicyApi(new Words(store, acts, nowMillis));
  }

  /** Method and path of each resource that is served, such as {@code POST/api/v1/halt}. */
  public List<String> described() {
    return routes.stream().map(route -> route.method + route.path).toList();
  }

  /** Methods that change the resource of a path as it was sent; empty when nothing does. */
  public Set<String> methods(String rawPath) {
    Set<String> methods = new TreeSet<>();
    for (Route route : routes) {
      if (names(route, rawPath) != null) {
        methods.add(route.method);
      }
    }
    return methods;
  }

  /**
   * Says a word.
   *
   * @param method POST or DELETE
   * @param rawPath path as it was sent, names still encoded
   * @param parameters parameters of the address, decoded
   * @param body body as it was sent
   * @param author who says so, from the token
   * @throws Refused when it cannot be said, or makes no sense
   */
  public Answer answer(
      String method, String rawPath, Map<String, String> parameters, byte[] body, String author) {
    for (Route route : routes) {
      List<String> names = names(route, rawPath);
      if (names == null || !route.method.equals(method)) {
        continue;
      }
      try {
        return answer(route, names, parameters, body, author);
      } catch (CommandFailure e) {
        throw refused(e);
      }
    }
    throw new Refused(404, "nothing is here to be changed", "see " + PREFIX + "/openapi.json");
  }

  private Answer answer(
      Route route, List<String> names, Map<String, String> parameters, byte[] body, String author) {
    boolean byAddress = route.method.equals("DELETE");
    Set<String> known = byAddress ? Set.of("dryRun", "reason") : Set.of("dryRun");
    for (String name : parameters.keySet()) {
      if (!known.contains(name)) {
        throw bad("unknown parameter " + shown(name));
      }
    }
    String dry = parameters.getOrDefault("dryRun", "false");
    if (!dry.equals("true") && !dry.equals("false")) {
      throw bad("dryRun must be true or false");
    }
    JsonNode fields = byAddress ? JSON.createObjectNode() : parse(body, route.fields);
    JsonNode said = byAddress ? null : fields.get("reason");
    String reason =
        byAddress ? parameters.getOrDefault("reason", "") : said == null ? "" : said.asText();
    if (reason.isBlank() || (said != null && !said.isTextual())) {
      throw bad("reason is missing: say why in a sentence");
    }
    long now = words.now();
    Request request = new Request(fields, new Words.Voice(author, reason, dry.equals("true")), now);
    boolean mine = false;
    try {
      mine = pen.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (!mine) {
        throw new Refused(503, "another word is being written", "try again in a moment");
      }
      Written written = route.handler.answer(names, request);
      ObjectNode node = PolicyJson.written(written, now);
      return new Answer(written.offset() == Written.NOT_WRITTEN ? 200 : 201, node.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refused(503, "the console is stopping", "try again when it runs");
    } finally {
      if (mine) {
        pen.release();
      }
    }
  }

  private static JsonNode parse(byte[] body, Set<String> known) {
    if (body.length > MAX_BODY_BYTES) {
      throw new Refused(
          413, "the body has more than " + MAX_BODY_BYTES + " bytes", "send a shorter one");
    }
    JsonNode node;
    try {
      node = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw bad("the body is no JSON: " + e.getOriginalMessage().replaceAll("\\s*\\R\\s*", " "));
    } catch (IOException e) {
      throw bad("the body is no JSON");
    }
    if (!node.isObject()) {
      throw bad("the body must be a JSON object");
    }
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!known.contains(name)) {
        throw bad(
            "unknown field "
                + shown(name)
                + (name.equals("author") ? ": the author is that of the token" : ""));
      }
    }
    return node;
  }

  private Written policy(Request request) {
    String kind = request.needed("kind");
    Kind known = null;
    for (Kind one : Kind.values()) {
      if (Words.lower(one).equals(kind.toLowerCase(Locale.ROOT))) {
        known = one;
      }
    }
    if (known == null) {
      throw bad("no kind of policy is called " + shown(kind));
    }
    Map<String, String> parameters = new HashMap<>();
    JsonNode given = request.body.get("parameters");
    if (given != null && !given.isNull()) {
      if (!given.isObject()) {
        throw bad("parameters must be an object of texts");
      }
      for (Map.Entry<String, JsonNode> one : given.properties()) {
        if (!one.getValue().isTextual()) {
          throw bad("parameter " + shown(one.getKey()) + " must be a text");
        }
        parameters.put(one.getKey(), one.getValue().asText());
      }
    }
    Span span = request.span();
    String body = request.text("body");
    return words.say(
        new PolicyDraft(
            known,
            request.needed("scope"),
            request.text("id"),
            request.act(),
            request.text("proposal"),
            request.voice.author(),
            request.voice.reason(),
            span.fromMillis(),
            span.expiresMillis(),
            parameters,
            body == null ? "" : body),
        request.voice.dryRun());
  }

  private Written scoped(Kind kind, Request request, Map<String, String> parameters) {
    return words.scoped(
        kind,
        request.scope(),
        request.act(),
        request.text("id"),
        request.span(),
        parameters,
        request.voice);
  }

  private Written pin(Request request) {
    String target = request.text("target");
    return scoped(
        Kind.PIN, request, target == null ? Map.of() : Map.of(PolicyParameters.TARGET, target));
  }

  private Written mode(Request request) {
    Map<String, String> parameters = new HashMap<>();
    parameters.put(PolicyParameters.MODE, request.needed("mode"));
    if (request.flag("approval")) {
      parameters.put(PolicyParameters.APPROVAL, "true");
    }
    return scoped(Kind.MODE, request, parameters);
  }

  private static @Nullable List<String> names(Route route, String rawPath) {
    String[] wanted = route.path.split("/", -1);
    String[] parts = rawPath.split("/", -1);
    if (wanted.length != parts.length) {
      return null;
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < parts.length; i++) {
      if (wanted[i].startsWith("{")) {
        if (parts[i].isEmpty()) {
          return null;
        }
        // A plus sign in a path is a plus sign, not a space.
        names.add(URLDecoder.decode(parts[i].replace("+", "%2B"), StandardCharsets.UTF_8));
      } else if (!wanted[i].equals(parts[i])) {
        return null;
      }
    }
    return names;
  }

  private static Refused refused(CommandFailure e) {
    String text = String.valueOf(e.getMessage());
    return switch (e.exitCode()) {
      case ExitCodes.USAGE -> bad(text);
      case ExitCodes.REFUSED ->
          new Refused(409, text, "a safety rule refuses it; early: true says a word ahead");
      case ExitCodes.UNREACHABLE -> new Refused(503, text, "try again when Kafka answers");
      default -> new Refused(404, text, "GET " + PREFIX + "/policies shows what stands there");
    };
  }

  private static Refused bad(String what) {
    return new Refused(400, what, "correct the request; see " + PREFIX + "/openapi.json");
  }

  private static String shown(String text) {
    String cut = text.length() <= 60 ? text : text.substring(0, 60) + "...";
    return "'" + cut.replaceAll("\\p{Cntrl}", ".") + "'";
  }
}
