package io.forestall.app.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.volume.SagaJson;
import io.forestall.app.volume.SagaView;
import io.forestall.app.volume.VolumeJson;
import io.forestall.app.volume.VolumeView;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.PolicyKind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The read-only interface under {@code /api/v1}, without HTTP: a path and parameters in, an answer
 * out. The server sends it, and the command line may ask it directly. Routes and parameters are
 * those of {@code openapi.json}; a test compares them. Thread-safe.
 */
final class ConsoleApi {
  static final String PREFIX = "/api/v1";
  static final String JSON = "application/json; charset=utf-8";
  static final String CSV = "text/csv; charset=utf-8";
  static final String PROBLEM = "application/problem+json; charset=utf-8";

  private static final int MAX_CACHED = 64;
  private static final long CACHE_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
  private static final int MAX_PLACES = 2000;
  private static final int MAX_RACKS = 4000;

  /** Nodes up to which a map shows every disk unless told otherwise. */
  private static final int DISKS_UP_TO_NODES = 240;

  private static final List<String> WHERE =
      List.of("kind", "tier", "mode", "region", "zone", "rack", "node", "q", "minScore");
  private static final List<String> LIST =
      with(WHERE, "sort", "order", "offset", "limit", "format");
  private static final List<String> PLACE = List.of("region", "zone", "rack");

  /** What is sent back. */
  @SuppressWarnings("ArrayRecordComponent") // sent once; never compared
  record Answer(int status, String type, byte[] body) {}

  /** A request that cannot be answered: what is wrong, where, and what to do. */
  static final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String where;
    private final String whatToDo;

    Problem(int status, String what, String where, String whatToDo) {
      super(what, null, false, false);
      this.status = status;
      this.where = where;
      this.whatToDo = whatToDo;
    }

    Answer answer() {
      return new Answer(
          status,
          PROBLEM,
          ConsoleJson.problem(status, String.valueOf(getMessage()), where, whatToDo));
    }

    int status() {
      return status;
    }
  }

  private interface Handler {
    Answer answer(List<String> names, Map<String, String> parameters);
  }

  /**
   * One resource.
   *
   * @param path with {@code {name}} where the caller names something
   * @param parameters names of the parameters it knows
   */
  record Route(String path, List<String> parameters, Handler handler) {}

  @SuppressWarnings("ArrayRecordComponent") // looked up, never compared
  private record Cached(long version, long nanos, Answer answer) {}

  private final FleetView view;
  private final ActViews acts;
  private final boolean writable;
  private final Supplier<FleetFeed.Progress> progress;
  private final LongSupplier nanoClock;
  private final List<Route> routes;
  private final Map<String, Cached> cache =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Cached> eldest) {
          return size() > MAX_CACHED;
        }
      };

  ConsoleApi(FleetView view, Supplier<FleetFeed.Progress> progress) {
    this(view, new ActViews(), false, progress, System::nanoTime);
  }

  /**
   * The interface over views.
   *
   * @param writable true when approvals can be given here, with a token
   * @param nanoClock monotonic time in nanoseconds, for the age of answers only
   */
  ConsoleApi(
      FleetView view,
      ActViews acts,
      boolean writable,
      Supplier<FleetFeed.Progress> progress,
      LongSupplier nanoClock) {
    this.view = view;
    this.acts = acts;
    this.writable = writable;
    this.progress = progress;
    this.nanoClock = nanoClock;
    this.routes =
        List.of(
            new Route(PREFIX + "/status", List.of(), (names, given) -> status()),
            new Route(
                PREFIX + "/fleet",
                with(PLACE, "since", "offset", "limit"),
                (names, given) -> level(given)),
            new Route(
                PREFIX + "/fleet/map",
                with(PLACE, "cells", "since", "offset", "limit"),
                (names, given) -> map(given)),
            new Route(PREFIX + "/entities", LIST, (names, given) -> entities("entities", given)),
            new Route(PREFIX + "/entities/{kind}/{id}", List.of(), (names, given) -> detail(names)),
            new Route(
                PREFIX + "/entities/{kind}/{id}/series",
                List.of("format"),
                (names, given) -> series(names, given)),
            new Route(
                PREFIX + "/anomalies",
                List.of(
                    "state", "signal", "worse", "kind", "region", "zone", "rack", "node", "q",
                    "sort", "offset", "limit", "format"),
                (names, given) -> anomalies(given)),
            new Route(
                PREFIX + "/late",
                with(WHERE, "state", "offset", "limit", "format"),
                (names, given) -> late(given)),
            new Route(
                PREFIX + "/dead-letters",
                List.of("reason", "offset", "limit", "format"),
                (names, given) -> deadLetters(given)),
            new Route(PREFIX + "/models", List.of(), (names, given) -> models()),
            new Route(
                PREFIX + "/models/{mode}/{id}/{version}",
                List.of(),
                (names, given) -> model(names)),
            new Route(
                PREFIX + "/incidents",
                List.of(
                    "state",
                    "severity",
                    "pool",
                    "subject",
                    "entity",
                    "rule",
                    "predicted",
                    "swallowed",
                    "q",
                    "since",
                    "sort",
                    "offset",
                    "limit",
                    "format"),
                (names, given) -> incidents(given)),
            new Route(PREFIX + "/incidents/{id}", List.of(), (names, given) -> incident(names)),
            new Route(
                PREFIX + "/decisions",
                List.of(
                    "outcome",
                    "code",
                    "act",
                    "subject",
                    "pool",
                    "incident",
                    "proposal",
                    "rule",
                    "q",
                    "since",
                    "offset",
                    "limit",
                    "format"),
                (names, given) -> decisions(given)),
            new Route(PREFIX + "/decisions/{id}", List.of(), (names, given) -> decision(names)),
            new Route(
                PREFIX + "/approvals",
                List.of("pool", "offset", "limit"),
                (names, given) -> approvals(given)),
            new Route(
                PREFIX + "/budget",
                List.of("pool"),
                (names, given) -> json(ActJson.budget(acts, given.get("pool")))),
            new Route(
                PREFIX + "/policies",
                List.of("kind", "scope", "holds", "q", "offset", "limit", "format"),
                (names, given) -> policies(given)),
            new Route(
                PREFIX + "/volumes",
                List.of("pool", "state", "q", "offset", "limit"),
                (names, given) -> volumes(given)),
            new Route(
                PREFIX + "/volumes/{id}",
                List.of("offset", "limit"),
                (names, given) -> volume(names, given)),
            new Route(
                PREFIX + "/sagas",
                List.of("pool", "volume", "state", "q", "offset", "limit"),
                (names, given) -> sagas(given)),
            new Route(PREFIX + "/sagas/{id}", List.of(), (names, given) -> saga(names)),
            new Route(PREFIX + "/risk", LIST, (names, given) -> entities("risk", given)),
            new Route(PREFIX + "/risk/{kind}/{id}", List.of(), (names, given) -> detail(names)),
            new Route(PREFIX + "/openapi.json", List.of(), (names, given) -> document()));
  }

  /** The resources that are served. */
  List<Route> routes() {
    return routes;
  }

  /** Whether a path names a resource. */
  boolean knows(String rawPath) {
    return match(rawPath) != null;
  }

  /**
   * Answers a GET.
   *
   * @param rawPath path as it was sent, names still encoded
   * @param parameters decoded
   * @throws Problem when there is no such thing, or the question makes no sense
   */
  Answer get(String rawPath, Map<String, String> parameters) {
    Match match = match(rawPath);
    if (match == null) {
      throw new Problem(
          404,
          "nothing is here",
          rawPath,
          "the page is at /, the interface is described by " + PREFIX + "/openapi.json");
    }
    for (String name : parameters.keySet()) {
      if (!match.route.parameters.contains(name)) {
        throw new Problem(
            400,
            "unknown parameter " + name,
            match.route.path,
            match.route.parameters.isEmpty()
                ? "this resource knows none"
                : "known are " + String.join(", ", match.route.parameters));
      }
    }
    try {
      return match.route.handler.answer(match.names, parameters);
    } catch (IllegalArgumentException e) {
      throw new Problem(
          400,
          e.getMessage() == null ? "the question makes no sense" : e.getMessage(),
          match.route.path,
          "correct the parameter; " + PREFIX + "/openapi.json says what it may be");
    }
  }

  private record Match(Route route, List<String> names) {}

  private @Nullable Match match(String rawPath) {
    String[] parts = rawPath.split("/", -1);
    for (Route route : routes) {
      String[] wanted = route.path.split("/", -1);
      if (wanted.length != parts.length) {
        continue;
      }
      List<String> names = new ArrayList<>();
      boolean same = true;
      for (int i = 0; i < parts.length && same; i++) {
        if (wanted[i].startsWith("{")) {
          same = !parts[i].isEmpty();
          // A plus sign in a path is a plus sign, not a space.
          names.add(
              same ? URLDecoder.decode(parts[i].replace("+", "%2B"), StandardCharsets.UTF_8) : "");
        } else {
          same = wanted[i].equals(parts[i]);
        }
      }
      if (same) {
        return new Match(route, names);
      }
    }
    return null;
  }

  private Answer status() {
    return json(ConsoleJson.status(view.status(), progress.get(), acts, writable));
  }

  private Answer level(Map<String, String> given) {
    int offset = Parameters.whole(given, "offset", 0, 0, 10_000_000);
    int limit = Parameters.whole(given, "limit", 200, 1, MAX_PLACES);
    long since = since(given);
    return cached(
        "level" + given,
        () ->
            view.tree(
                (tree, version) ->
                    json(
                        ConsoleJson.level(
                            group(tree, given), version, since, offset, limit, given))));
  }

  private Answer map(Map<String, String> given) {
    int offset = Parameters.whole(given, "offset", 0, 0, 10_000_000);
    int limit = Parameters.whole(given, "limit", MAX_RACKS, 1, MAX_RACKS);
    long since = since(given);
    String cells = given.getOrDefault("cells", "auto");
    if (!Set.of("auto", "nodes", "disks").contains(cells)) {
      throw new IllegalArgumentException("cells must be one of auto, nodes, disks");
    }
    return cached(
        "map" + given,
        () ->
            view.tree(
                (tree, version) -> {
                  FleetTree.Group scope = group(tree, given);
                  boolean disks = scope.nodes <= DISKS_UP_TO_NODES;
                  if (cells.equals("disks") && !disks) {
                    throw new Problem(
                        400,
                        "the place has "
                            + scope.nodes
                            + " nodes, and disks are shown for "
                            + DISKS_UP_TO_NODES
                            + " at most",
                        PREFIX + "/fleet/map",
                        "ask for cells=nodes, or for one rack");
                  }
                  return json(
                      ConsoleJson.map(
                          scope, version, since, disks && !cells.equals("nodes"), offset, limit));
                }));
  }

  private FleetTree.Group group(FleetTree tree, Map<String, String> given) {
    String region = given.get("region");
    String zone = given.get("zone");
    String rack = given.get("rack");
    if ((zone != null && region == null) || (rack != null && zone == null)) {
      throw new IllegalArgumentException("a zone needs its region, and a rack its zone and region");
    }
    FleetTree.Group group = tree.find(region, zone, rack);
    if (group == null) {
      throw new Problem(
          404,
          "no such place is known",
          PREFIX + "/fleet",
          "ask for the level above, which lists its places");
    }
    return group;
  }

  private Answer entities(String resource, Map<String, String> given) {
    boolean csv = csv(given);
    Map<String, String> rest = new HashMap<>(given);
    rest.remove("format");
    RiskQuery query = RiskQuery.parse(rest);
    FleetView.RiskPage page = view.list(query);
    if (csv) {
      return csv(ConsoleCsv.entities(page.items()));
    }
    return json(
        ConsoleJson.page(
            page, query, next("/" + resource, given, query.offset(), query.limit(), page.total())));
  }

  private Answer detail(List<String> names) {
    EntityKind kind = kind(names.get(0));
    FleetView.Detail detail = view.detail(kind, names.get(1));
    if (detail == null) {
      throw unknown(kind, names.get(1));
    }
    return json(ConsoleJson.detail(detail));
  }

  private Answer series(List<String> names, Map<String, String> given) {
    EntityKind kind = kind(names.get(0));
    FleetView.Series series = view.series(kind, names.get(1));
    if (series == null) {
      throw unknown(kind, names.get(1));
    }
    return csv(given) ? csv(ConsoleCsv.series(series)) : json(ConsoleJson.series(series));
  }

  private static Problem unknown(EntityKind kind, String id) {
    return new Problem(
        404,
        "no " + ConsoleJson.lower(kind) + " " + id + " is known",
        PREFIX + "/entities",
        "look for it with " + PREFIX + "/entities?q=...; what left the fleet is forgotten");
  }

  private Answer anomalies(Map<String, String> given) {
    boolean csv = csv(given);
    Map<String, String> rest = new HashMap<>(given);
    rest.remove("format");
    AnomalyQuery query = AnomalyQuery.parse(rest);
    FleetView.Page<AnomalyView> page = view.anomalies(query);
    if (csv) {
      return csv(ConsoleCsv.anomalies(page.items()));
    }
    return json(
        ConsoleJson.anomalies(
            page,
            query.offset(),
            query.limit(),
            next("/anomalies", given, query.offset(), query.limit(), page.total())));
  }

  private Answer late(Map<String, String> given) {
    boolean csv = csv(given);
    Map<String, String> rest = new HashMap<>(given);
    rest.remove("format");
    String state = rest.remove("state");
    Set<String> states = new LinkedHashSet<>();
    for (String one : (state == null ? "silent,late,never" : state).split(",", -1)) {
      if (!Set.of("silent", "late", "never").contains(one)) {
        throw new IllegalArgumentException("state must be one or more of silent, late, never");
      }
      states.add(one);
    }
    RiskQuery query = RiskQuery.parse(rest);
    FleetView.Page<FleetView.LateEntry> page = view.late(query, states);
    if (csv) {
      return csv(ConsoleCsv.late(page.items()));
    }
    return json(
        ConsoleJson.late(
            page,
            view.status(),
            query.offset(),
            query.limit(),
            next("/late", given, query.offset(), query.limit(), page.total())));
  }

  private Answer deadLetters(Map<String, String> given) {
    boolean csv = csv(given);
    int offset = Parameters.whole(given, "offset", 0, 0, 10_000_000);
    int limit = Parameters.whole(given, "limit", 50, 1, RiskQuery.MAX_LIMIT);
    String reason = given.get("reason");
    FleetView.DeadLetters letters = view.deadLetters();
    List<FleetView.DeadEntry> wanted = new ArrayList<>();
    for (FleetView.DeadEntry letter : letters.newest()) {
      if (reason == null || letter.reason().name().equalsIgnoreCase(reason)) {
        wanted.add(letter);
      }
    }
    List<FleetView.DeadEntry> page =
        wanted.subList(Math.min(offset, wanted.size()), Math.min(wanted.size(), offset + limit));
    if (csv) {
      return csv(ConsoleCsv.deadLetters(page));
    }
    return json(
        ConsoleJson.deadLetters(
            letters,
            page,
            offset,
            limit,
            next("/dead-letters", given, offset, limit, wanted.size())));
  }

  private Answer incidents(Map<String, String> given) {
    boolean csv = csv(given);
    IncidentQuery query = IncidentQuery.parse(given);
    FleetView.Page<IncidentView.Row> page = acts.incidents().list(query);
    if (csv) {
      return csv(ActCsv.incidents(page.items()));
    }
    return json(
        ActJson.incidents(
            page,
            query.offset(),
            query.limit(),
            next("/incidents", given, query.offset(), query.limit(), page.total())));
  }

  private Answer incident(List<String> names) {
    IncidentView.Detail detail = acts.incidents().detail(names.get(0));
    if (detail == null) {
      throw new Problem(
          404,
          "no incident " + names.get(0) + " is held",
          PREFIX + "/incidents",
          "the list names those that are; the oldest that are over are forgotten");
    }
    String swallower = detail.row().inhibitedBy();
    return json(
        ActJson.incident(
            detail,
            swallower == null ? null : acts.incidents().row(swallower),
            acts.decisions().ofIncident(names.get(0))));
  }

  private Answer decisions(Map<String, String> given) {
    boolean csv = csv(given);
    DecisionQuery query = DecisionQuery.parse(given);
    FleetView.Page<DecisionView.Row> page = acts.decisions().list(query);
    if (csv) {
      return csv(ActCsv.decisions(page.items()));
    }
    return json(
        ActJson.decisions(
            page,
            query.offset(),
            query.limit(),
            next("/decisions", given, query.offset(), query.limit(), page.total())));
  }

  private Answer decision(List<String> names) {
    DecisionView.Detail detail = acts.decisions().detail(names.get(0));
    if (detail == null) {
      throw new Problem(
          404,
          "no decision " + names.get(0) + " is held",
          PREFIX + "/decisions",
          "the list names the newest; all of them are on the topic decisions, which SQL asks");
    }
    DecisionView.Row row = detail.row();
    return json(
        ActJson.decision(
            detail,
            row.incident() == null ? null : acts.incidents().row(row.incident()),
            row.admission() == null ? null : acts.admissions().act(row.admission()),
            row.lockOwner() == null ? null : acts.admissions().act(row.lockOwner())));
  }

  private Answer approvals(Map<String, String> given) {
    int offset = Parameters.offset(given);
    int limit = Parameters.limit(given);
    String pool = given.get("pool");
    List<DecisionView.Case> fit = new ArrayList<>();
    for (DecisionView.Case one : acts.decisions().waiting()) {
      DecisionView.Row newest = one.newest();
      if (pool == null || (newest != null && newest.pool().equals(pool))) {
        fit.add(one);
      }
    }
    return json(
        ActJson.approvals(
            page(fit, offset, limit),
            acts,
            writable,
            fit.size(),
            offset,
            limit,
            next("/approvals", given, offset, limit, fit.size())));
  }

  private Answer policies(Map<String, String> given) {
    boolean csv = csv(given);
    int offset = Parameters.offset(given);
    int limit = Parameters.limit(given);
    Set<PolicyKind> kinds = new LinkedHashSet<>();
    for (String word : Parameters.list(given, "kind")) {
      kinds.add(Parameters.oneOf(PolicyKind.class, "kind", word));
    }
    Boolean holds = Parameters.flag(given, "holds");
    String scope = given.get("scope");
    String text = given.getOrDefault("q", "").toLowerCase(Locale.ROOT);
    long now = acts.nowMillis();
    List<PolicyView.Row> fit = new ArrayList<>();
    for (PolicyView.Row row : acts.policies().all()) {
      if ((kinds.isEmpty() || kinds.contains(row.kind()))
          && (holds == null || holds == row.holdsAt(now))
          && (scope == null || scope.equals(row.scope()))
          && (row.key() + ' ' + row.author() + ' ' + row.reason())
              .toLowerCase(Locale.ROOT)
              .contains(text)) {
        fit.add(row);
      }
    }
    List<PolicyView.Row> page = page(fit, offset, limit);
    if (csv) {
      return csv(ActCsv.policies(page, now));
    }
    return json(
        ActJson.policies(
            page,
            now,
            fit.size(),
            offset,
            limit,
            next("/policies", given, offset, limit, fit.size())));
  }

  private static <T> List<T> page(List<T> all, int offset, int limit) {
    int first = Math.min(offset, all.size());
    return List.copyOf(all.subList(first, Math.min(all.size(), first + limit)));
  }

  private Answer volumes(Map<String, String> given) {
    int offset = Parameters.offset(given);
    int limit = Parameters.limit(given);
    String pool = given.get("pool");
    String state = given.get("state");
    Set<String> states = Set.of("ok", "degraded", "unclaimed", "in-doubt");
    if (state != null && !states.contains(state)) {
      throw new IllegalArgumentException(
          "state must be one of " + String.join(", ", new TreeSet<>(states)));
    }
    String text = given.getOrDefault("q", "").toLowerCase(Locale.ROOT);
    List<VolumeView.Volume> fit = new ArrayList<>();
    for (VolumeView.Volume volume : acts.volumes().volumes()) {
      if ((pool == null || pool.equals(volume.pool()))
          && (state == null || state.equals(ConsoleJson.lower(volume.state()).replace('_', '-')))
          && volume.volume().toLowerCase(Locale.ROOT).contains(text)) {
        fit.add(volume);
      }
    }
    ObjectNode body = paging("/volumes", given, offset, limit, fit.size());
    ArrayNode items = body.putArray("items");
    List<VolumeView.Volume> shown = page(fit, offset, limit);
    Map<String, SagaView.Saga> newest =
        acts.sagas()
            .newestOf(
                shown.stream()
                    .map(VolumeView.Volume::volume)
                    .collect(Collectors.toUnmodifiableSet()));
    MissingShadows missing = new MissingShadows(view);
    for (VolumeView.Volume volume : shown) {
      SagaView.Saga saga = newest.get(volume.volume());
      ObjectNode item = VolumeJson.volume(volume);
      item.put("missingShadows", missing.of(acts.volumes(), volume.volume()));
      items.add(item.set("newestSaga", saga == null ? null : SagaJson.saga(saga)));
    }
    return json(body);
  }

  private Answer volume(List<String> names, Map<String, String> given) {
    int offset = Parameters.offset(given);
    int limit = Parameters.limit(given);
    String name = names.get(0);
    VolumeView.Volume volume = acts.volumes().volume(name);
    if (volume == null) {
      throw new Problem(
          404,
          "no volume " + name + " is known",
          PREFIX + "/volumes",
          "the list names those there are; forestall volume create makes one");
    }
    ObjectNode body =
        paging(
            "/volumes/" + URLEncoder.encode(name, StandardCharsets.UTF_8),
            given,
            offset,
            limit,
            volume.segmentCount());
    List<VolumeView.Segment> segments = acts.volumes().segments(name, offset, limit);
    body.setAll(VolumeJson.detail(volume, segments, acts.sagas().ofVolume(name)));
    MissingShadows missing = new MissingShadows(view);
    for (int i = 0; i < segments.size(); i++) {
      ((ObjectNode) body.at("/segments/" + i))
          .put("missingShadow", missing.text(segments.get(i), volume.minReplicas()));
    }
    body.set("pauses", SagaJson.pauses(acts.sagas().pauses(name), acts.sagas()::actOf));
    return json(body);
  }

  private Answer sagas(Map<String, String> given) {
    int offset = Parameters.offset(given);
    int limit = Parameters.limit(given);
    String pool = given.get("pool");
    String volume = given.get("volume");
    String state = given.get("state");
    if (state != null && !state.equals("open") && !state.equals("ended")) {
      throw new IllegalArgumentException("state must be one of ended, open");
    }
    String text = given.getOrDefault("q", "").toLowerCase(Locale.ROOT);
    List<SagaView.Saga> fit = new ArrayList<>();
    for (SagaView.Saga saga :
        volume == null ? acts.sagas().sagas() : acts.sagas().ofVolume(volume)) {
      if ((pool == null || pool.equals(saga.pool()))
          && (state == null || state.equals("open") == saga.open())
          && (saga.subject() + " " + saga.target() + " " + saga.admission() + " " + saga.text())
              .toLowerCase(Locale.ROOT)
              .contains(text)) {
        fit.add(saga);
      }
    }
    ObjectNode body = paging("/sagas", given, offset, limit, fit.size());
    ArrayNode items = body.putArray("items");
    page(fit, offset, limit).forEach(saga -> items.add(SagaJson.saga(saga)));
    return json(body);
  }

  private Answer saga(List<String> names) {
    SagaView.Detail detail = acts.sagas().saga(names.get(0));
    if (detail == null) {
      throw new Problem(
          404,
          "no act " + names.get(0) + " that moves units is held",
          PREFIX + "/sagas",
          "the list names the newest; all of them are on the topics, which SQL asks");
    }
    return json(SagaJson.detail(detail));
  }

  private static ObjectNode paging(
      String resource, Map<String, String> given, int offset, int limit, int total) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("total", total);
    body.put("offset", offset);
    body.put("limit", limit);
    body.put("next", next(resource, given, offset, limit, total));
    return body;
  }

  private static Answer json(ObjectNode body) {
    return json(body.toString().getBytes(StandardCharsets.UTF_8));
  }

  private Answer models() {
    return json(ConsoleJson.models(view.status()));
  }

  private Answer model(List<String> names) {
    String key = String.join("/", names);
    for (FleetView.ModelEntry model : view.status().models()) {
      if (model.key().equalsIgnoreCase(key)
          || (model.mode() + "/" + model.id() + "/" + model.version()).equalsIgnoreCase(key)) {
        return json(ConsoleJson.model(model, view.status()));
      }
    }
    throw new Problem(
        404,
        "no model " + key + " is on the models topic",
        PREFIX + "/models",
        "the list names the models there are");
  }

  /** The description of the interface, as it stands in the jar. */
  static Answer document() {
    try (InputStream in = ConsoleApi.class.getResourceAsStream("openapi.json")) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks openapi.json");
      }
      return json(in.readAllBytes());
    } catch (IOException e) {
      throw new IllegalStateException("the jar's openapi.json cannot be read", e);
    }
  }

  static EntityKind kind(String name) {
    for (EntityKind known : EntityKind.values()) {
      if (known.name().equalsIgnoreCase(name)) {
        return known;
      }
    }
    Set<String> names = new TreeSet<>();
    for (EntityKind known : EntityKind.values()) {
      names.add(ConsoleJson.lower(known));
    }
    throw new IllegalArgumentException("kind must be one of " + String.join(", ", names));
  }

  private Answer cached(String key, Supplier<Answer> maker) {
    long now = nanoClock.getAsLong();
    long version = view.version();
    synchronized (cache) {
      Cached known = cache.get(key);
      if (known != null && (known.version == version || now - known.nanos < CACHE_NANOS)) {
        return known.answer;
      }
    }
    Answer made = maker.get();
    synchronized (cache) {
      cache.put(key, new Cached(version, now, made));
    }
    return made;
  }

  private static @Nullable String next(
      String resource, Map<String, String> given, int offset, int limit, int total) {
    if (offset + limit >= total) {
      return null;
    }
    Map<String, String> all = new LinkedHashMap<>(given);
    all.put("offset", Integer.toString(offset + limit));
    StringBuilder link = new StringBuilder(PREFIX).append(resource);
    char separator = '?';
    for (Map.Entry<String, String> parameter : all.entrySet()) {
      link.append(separator)
          .append(parameter.getKey())
          .append('=')
          .append(URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8));
      separator = '&';
    }
    return link.toString();
  }

  private static boolean csv(Map<String, String> given) {
    String format = given.get("format");
    if (format != null && !format.equals("json") && !format.equals("csv")) {
      throw new IllegalArgumentException("format must be json or csv");
    }
    return "csv".equals(format);
  }

  private static long since(Map<String, String> given) {
    String text = given.get("since");
    if (text == null) {
      return -1;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("since must be the version of an earlier answer", e);
    }
  }

  private static List<String> with(List<String> names, String... more) {
    List<String> all = new ArrayList<>(names);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  private static Answer json(byte[] body) {
    return new Answer(200, JSON, body);
  }

  private static Answer csv(String text) {
    return new Answer(200, CSV, text.getBytes(StandardCharsets.UTF_8));
  }
}
