package io.forestall.wire.rules;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleReplay;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.risk.FailureMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Tests of rules as YAML: reads them and runs them. RULES.md describes the format. Stateless and
 * thread-safe.
 */
public final class RuleTrials {

  /** Name of the tests of the shipped rules in messages. */
  public static final String SHIPPED = "shipped-rules-tests.yaml";

  /** Arrival orders that a test is tried in unless the caller says otherwise; count. */
  public static final int DEFAULT_ORDERS = 20;

  private static final int MAX_TESTS = 1000;
  private static final int MAX_EVENTS = 10_000;
  private static final int MAX_RELATED = 16;
  private static final long DEFAULT_BOUND_MILLIS = 30_000;

  /** Time 0 of every test; 2026-01-01 UTC. */
  private static final long EPOCH_MILLIS = 1_767_225_600_000L;

  private static final List<Subject.Kind> PLACED =
      List.of(Subject.Kind.NODE, Subject.Kind.PROCESSOR, Subject.Kind.HEAD);

  private RuleTrials() {}

  /** The tests of the shipped rules. */
  public static List<RuleTrial> shipped() {
    return shipped(RuleFiles.shipped());
  }

  /**
   * The tests of the shipped rules with other rules under test.
   *
   * @throws RulesException when the tests name a rule that is not among them
   */
  public static List<RuleTrial> shipped(RuleSet rules) {
    return read(SHIPPED, shippedText(), rules, null);
  }

  /** The tests of the shipped rules as text: examples of the format. */
  public static String shippedText() {
    try (InputStream stream = RuleTrials.class.getResourceAsStream(SHIPPED)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks " + SHIPPED);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /**
   * The tests of a file.
   *
   * @param rules rules under test; null for those that the file names, or else the shipped ones
   * @throws RulesException when they make no sense
   * @throws IOException when the file or its rules cannot be read
   */
  public static List<RuleTrial> read(Path file, @Nullable RuleSet rules) throws IOException {
    try {
      return read(file.toString(), RuleFiles.text(file), rules, file.toAbsolutePath().getParent());
    } catch (UncheckedIOException broken) {
      throw broken.getCause();
    }
  }

  static List<RuleTrial> read(
      String name, String text, @Nullable RuleSet given, @Nullable Path folder) {
    Problems problems = new Problems(name);
    Fields file = Fields.of(problems, "the file", YamlTree.read(text, problems));
    String rulesFile = file.text("rules");
    RuleSet rules = given;
    if (rules == null && rulesFile != null && folder != null) {
      try {
        rules = RuleFiles.read(folder.resolve(rulesFile));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
    if (rules == null) {
      rules = RuleFiles.shipped();
    }
    long boundMillis = file.millis("bound", DEFAULT_BOUND_MILLIS);
    Map<String, Place> fleet = fleet(problems, file);
    List<YamlTree> items = file.items("tests");
    if (items.isEmpty() || items.size() > MAX_TESTS) {
      problems.add(
          file.line("tests"), "a file has 1 to " + MAX_TESTS + " tests, not " + items.size());
    }
    file.nothingElse();
    problems.check();
    List<RuleTrial> tests = new ArrayList<>();
    for (YamlTree item : items) {
      tests.add(test(problems, name, item, rules, boundMillis, fleet));
    }
    problems.check();
    return tests;
  }

  private static Map<String, Place> fleet(Problems problems, Fields file) {
    Map<String, Place> fleet = new HashMap<>();
    for (YamlTree item : file.items("fleet")) {
      Fields member = Fields.of(problems, "fleet", item);
      String node = member.requiredText("node");
      Place place =
          new Place(
              node,
              orEmpty(member.text("rack")),
              orEmpty(member.text("zone")),
              orEmpty(member.text("region")),
              orEmpty(member.text("pool")));
      Subject entity = subject(member, "entity", member.text("entity"));
      member.nothingElse();
      String key = entity == null ? "node/" + node : entity.toString();
      if (fleet.put(key, place) != null) {
        problems.add(item.line(), "fleet: " + Problems.quoted(key) + " stands twice");
      }
    }
    return fleet;
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static @Nullable Subject subject(Fields fields, String name, @Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Subject.parse(text);
    } catch (IllegalArgumentException wrong) {
      fields.problem(name, String.valueOf(wrong.getMessage()));
      return null;
    }
  }

  /** An event and when it arrives. */
  private record Timed(long arrivesMillis, FleetEvent event) {}

  private static RuleTrial test(
      Problems problems,
      String file,
      YamlTree tree,
      RuleSet rules,
      long boundMillis,
      Map<String, Place> fleet) {
    Fields test = Fields.of(problems, "a test", tree);
    String name = test.requiredText("name");
    test = test.named("test " + Problems.quoted(name));
    RuleSet inForce = only(test, rules);
    List<Timed> events = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    boolean orderMatters = false;
    for (YamlTree item : test.items("events")) {
      Fields event = Fields.of(problems, "test " + Problems.quoted(name) + ", an event", item);
      orderMatters |= event.has("arrives");
      events(problems, event, events, ids);
    }
    if (events.isEmpty()) {
      test.problem("events", "write at least one");
    }
    if (events.size() > MAX_EVENTS) {
      test.problem("events", "at most " + MAX_EVENTS);
    }
    events.sort(Comparator.comparingLong(Timed::arrivesMillis));
    long lastMillis = EPOCH_MILLIS;
    List<RuleTrial.Arrival> arrivals = new ArrayList<>();
    for (Timed timed : events) {
      arrivals.add(new RuleTrial.Arrival(timed.event(), place(fleet, timed.event())));
      lastMillis = Math.max(lastMillis, timed.event().timeMillis());
    }
    long untilMillis = EPOCH_MILLIS + test.millis("until", lastMillis - EPOCH_MILLIS);
    if (untilMillis < lastMillis) {
      test.problem("until", "is before the last event");
    }
    List<RuleTrial.Expected> incidents = new ArrayList<>();
    if (!test.has("incidents")) {
      problems.add(
          test.line(),
          "test " + Problems.quoted(name) + ": incidents is missing; write [] when there are none");
    }
    for (YamlTree item : test.items("incidents")) {
      incidents.add(expected(problems, name, item, inForce, ids));
    }
    test.nothingElse();
    return new RuleTrial(
        file,
        tree.line(),
        name,
        inForce,
        boundMillis,
        arrivals,
        orderMatters,
        untilMillis,
        incidents);
  }

  private static RuleSet only(Fields test, RuleSet rules) {
    List<String> ids = test.texts("only");
    if (!test.has("only")) {
      return rules;
    }
    List<Rule> kept = new ArrayList<>();
    for (Rule rule : rules.rules()) {
      if (ids.contains(rule.id())) {
        kept.add(rule);
      }
    }
    for (String id : ids) {
      if (rules.rule(id) == null) {
        test.problem("only", Problems.quoted(id) + " is no rule");
      }
    }
    return new RuleSet(rules.version(), kept);
  }

  private static void events(
      Problems problems, Fields fields, List<Timed> events, Set<String> ids) {
    String id = fields.text("id");
    if (id == null) {
      id = "e" + (events.size() + 1);
    }
    long atMillis = EPOCH_MILLIS + fields.millis("at", 0);
    long arrivesMillis = EPOCH_MILLIS + fields.millis("arrives", atMillis - EPOCH_MILLIS);
    int times = (int) fields.whole("times", 1, 1, MAX_EVENTS);
    long everyMillis = fields.millis("every", 0);
    Subject entity = subject(fields, "entity", fields.requiredText("entity"));
    List<Subject> related = new ArrayList<>();
    for (String text : fields.texts("related")) {
      Subject subject = subject(fields, "related", text);
      if (subject != null && related.size() < MAX_RELATED) {
        related.add(subject);
      }
    }
    boolean predicted = fields.truth("predicted", false);
    Severity severity =
        fields.one(
            "severity",
            List.of(Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL));
    FailureMode mode =
        fields.one(
            "mode",
            Arrays.stream(FailureMode.values())
                .filter(known -> known != FailureMode.UNKNOWN)
                .toList());
    Double confidence = fields.number("confidence");
    Map<String, Double> values = new LinkedHashMap<>();
    for (Map.Entry<String, String> value : fields.map("values").entrySet()) {
      Double number = Fields.finite(value.getValue());
      if (number == null) {
        fields.problem("values", Problems.quoted(value.getValue()) + " is no number");
      } else {
        values.put(value.getKey(), number);
      }
    }
    String type = fields.requiredText("type");
    long horizonMillis = fields.millis("horizon", 0);
    Double probability = fields.number("probability");
    Double score = fields.number("score");
    Long length = fields.has("lasts") ? (Long) fields.millis("lasts", 0) : null;
    fields.nothingElse();
    if (events.size() + times > MAX_EVENTS + 1) {
      fields.problem("times", "a test has at most " + MAX_EVENTS + " events");
      return;
    }
    for (int i = 0; i < times; i++) {
      String own = times == 1 ? id : id + "-" + (i + 1);
      // The same id twice is a repeat of an event, which a test may well want; it must say so.
      ids.add(own);
      long timeMillis = atMillis + i * everyMillis;
      events.add(
          new Timed(
              arrivesMillis + i * everyMillis,
              new FleetEvent(
                  own,
                  type,
                  severity == null ? Severity.WARNING : severity,
                  predicted,
                  entity == null ? Subject.node("?") : entity,
                  related,
                  timeMillis,
                  length == null ? null : timeMillis + length,
                  confidence == null ? 1 : confidence,
                  horizonMillis,
                  probability,
                  mode,
                  score,
                  predicted ? "test" : null,
                  predicted ? 1 : null,
                  "test",
                  "",
                  values,
                  Map.of())));
    }
  }

  private static @Nullable Place place(Map<String, Place> fleet, FleetEvent event) {
    if (PLACED.contains(event.entity().kind())) {
      Place own = fleet.get(event.entity().toString());
      if (own != null) {
        return own;
      }
    }
    for (Subject related : event.related()) {
      if (related.kind() == Subject.Kind.NODE) {
        return fleet.get(related.toString());
      }
    }
    return null;
  }

  private static RuleTrial.Expected expected(
      Problems problems, String test, YamlTree tree, RuleSet rules, Set<String> ids) {
    Fields fields = Fields.of(problems, "test " + Problems.quoted(test) + ", an incident", tree);
    String rule = fields.requiredText("rule");
    if (!rule.equals("?") && rules.rule(rule) == null) {
      fields.problem("rule", Problems.quoted(rule) + " is not in force in this test");
    }
    String key = fields.requiredText("key");
    String state = fields.text("state");
    Boolean open = state == null ? null : (Boolean) state.equals("open");
    if (state != null && !state.equals("open") && !state.equals("resolved")) {
      fields.problem("state", Problems.quoted(state) + " is unknown; use open or resolved");
    }
    Severity severity =
        fields.one(
            "severity",
            List.of(Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL));
    ActKind recommendation = fields.one("recommendation", List.of(ActKind.values()));
    Boolean predicted = fields.has("predicted") ? (Boolean) fields.truth("predicted", false) : null;
    Subject subject = subject(fields, "subject", fields.text("subject"));
    Set<String> events = null;
    if (fields.has("events")) {
      events = new TreeSet<>(fields.texts("events"));
      for (String id : events) {
        if (!ids.contains(id)) {
          fields.problem("events", Problems.quoted(id) + " is no event of this test");
        }
      }
    }
    String inhibitedBy = fields.text("inhibitedBy");
    fields.nothingElse();
    return new RuleTrial.Expected(
        tree.line(),
        rule,
        key,
        open,
        severity,
        recommendation,
        predicted,
        subject,
        events,
        inhibitedBy == null ? null : inhibitedBy.equals("none") ? "" : inhibitedBy);
  }

  /**
   * Runs a test: as it stands, and in other arrival orders within the bound, all of which must give
   * the same incidents.
   *
   * @param orders how many other orders to try
   * @param seed decides the orders
   * @return what is not as it should be, each a sentence with file and line; empty when all is well
   */
  public static List<String> run(RuleTrial test, int orders, long seed) {
    List<String> wrong = new ArrayList<>();
    Map<String, Incident> incidents = incidents(test, test.arrivals());
    compare(test, incidents, wrong);
    if (wrong.isEmpty() && !test.orderMatters()) {
      String inOrder = told(test, incidents);
      for (int order = 0; order < orders; order++) {
        List<RuleTrial.Arrival> shuffled = shuffled(test, new Random(seed + order));
        String told = told(test, incidents(test, shuffled));
        if (!told.equals(inOrder)) {
          wrong.add(
              test.file()
                  + ":"
                  + test.line()
                  + ": arriving as "
                  + shuffled.stream().map(arrival -> arrival.event().id()).toList()
                  + " (seed "
                  + (seed + order)
                  + ") the events give\n"
                  + told
                  + "instead of\n"
                  + inOrder);
          break;
        }
      }
    }
    return wrong;
  }

  // An event that is at most the bound late: a random delay for each, then sorted by arrival.
  static List<RuleTrial.Arrival> shuffled(RuleTrial test, Random random) {
    List<Long> arrivesMillis = new ArrayList<>();
    List<Integer> order = new ArrayList<>();
    for (RuleTrial.Arrival arrival : test.arrivals()) {
      order.add(order.size());
      long delay = (long) (random.nextDouble() * (test.boundMillis() + 1));
      arrivesMillis.add(arrival.event().timeMillis() + delay);
    }
    order.sort(Comparator.comparing(arrivesMillis::get));
    List<RuleTrial.Arrival> shuffled = new ArrayList<>();
    for (int index : order) {
      shuffled.add(test.arrivals().get(index));
    }
    return shuffled;
  }

  private static Map<String, Incident> incidents(RuleTrial test, List<RuleTrial.Arrival> arrivals) {
    Map<String, Incident> newest = new LinkedHashMap<>();
    RuleReplay replay = new RuleReplay(test.rules(), test.boundMillis());
    for (RuleTrial.Arrival arrival : arrivals) {
      replay.take(
          arrival.event(), arrival.place(), incident -> newest.put(incident.id(), incident));
    }
    replay.advance(test.untilMillis(), incident -> newest.put(incident.id(), incident));
    return newest;
  }

  /** All that may not depend on the order in which events arrived. */
  private static String told(RuleTrial test, Map<String, Incident> incidents) {
    TreeMap<String, String> lines = new TreeMap<>();
    for (Incident incident : incidents.values()) {
      Rule rule = Objects.requireNonNull(test.rules().rule(incident.rule()));
      // What fires on arrival is named after the first to arrive.
      String id = rule.needsOneEvent() ? "" : " " + incident.id();
      Incident by = incident.inhibitedBy() == null ? null : incidents.get(incident.inhibitedBy());
      String line =
          incident.rule()
              + " of "
              + incident.correlationKey()
              + id
              + (incident.state() == Incident.State.RESOLVED ? " resolved " : " open ")
              + Fields.word(incident.severity())
              + " "
              + Fields.word(incident.recommendation())
              + " "
              + incident.subject()
              + (by == null ? " " : " inhibited by " + by.rule() + " ")
              + ids(incident);
      lines.merge(line, line, (one, other) -> one + " twice");
    }
    StringBuilder told = new StringBuilder();
    lines.values().forEach(line -> told.append("  ").append(line).append('\n'));
    return told.length() == 0 ? "  nothing\n" : told.toString();
  }

  private static Set<String> ids(Incident incident) {
    Set<String> ids = new TreeSet<>();
    for (Incident.Original original : incident.events()) {
      ids.add(original.id());
    }
    return ids;
  }

  private static void compare(RuleTrial test, Map<String, Incident> incidents, List<String> wrong) {
    List<Incident> left = new ArrayList<>(incidents.values());
    for (RuleTrial.Expected expected : test.incidents()) {
      String where =
          test.file() + ":" + expected.line() + ": " + expected.rule() + " of " + expected.key();
      Incident found = null;
      List<String> least = List.of();
      for (Incident incident : left) {
        if (incident.rule().equals(expected.rule())
            && incident.correlationKey().equals(expected.key())) {
          List<String> differences = differences(expected, incident, incidents);
          if (found == null || differences.size() < least.size()) {
            found = incident;
            least = differences;
          }
        }
      }
      if (found == null) {
        wrong.add(where + ": there is no such incident; there are\n" + told(test, incidents));
        continue;
      }
      left.remove(found);
      for (String difference : least) {
        wrong.add(where + ": " + difference);
      }
    }
    for (Incident incident : left) {
      wrong.add(
          test.file()
              + ":"
              + test.line()
              + ": "
              + incident.rule()
              + " of "
              + incident.correlationKey()
              + " is an incident that the test does not expect; its events are "
              + ids(incident));
    }
  }

  private static List<String> differences(
      RuleTrial.Expected expected, Incident incident, Map<String, Incident> incidents) {
    List<String> differences = new ArrayList<>();
    boolean open = incident.state() != Incident.State.RESOLVED;
    differ(differences, "state", expected.open(), open, is -> is ? "open" : "resolved");
    differ(differences, "severity", expected.severity(), incident.severity(), Fields::word);
    differ(
        differences,
        "recommendation",
        expected.recommendation(),
        incident.recommendation(),
        Fields::word);
    differ(differences, "predicted", expected.predicted(), incident.predicted(), String::valueOf);
    differ(differences, "subject", expected.subject(), incident.subject(), String::valueOf);
    differ(differences, "events", expected.events(), ids(incident), String::valueOf);
    Incident by = incident.inhibitedBy() == null ? null : incidents.get(incident.inhibitedBy());
    differ(
        differences,
        "inhibitedBy",
        expected.inhibitedBy(),
        by == null ? "" : by.rule(),
        rule -> rule.isEmpty() ? "none" : rule);
    return differences;
  }

  private static <T> void differ(
      List<String> differences,
      String name,
      @Nullable T expected,
      T found,
      java.util.function.Function<T, String> word) {
    if (expected != null && !expected.equals(found)) {
      differences.add(name + " is " + word.apply(found) + " instead of " + word.apply(expected));
    }
  }
}
