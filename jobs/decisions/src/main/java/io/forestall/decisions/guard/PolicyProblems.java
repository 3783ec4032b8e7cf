package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a policy record, a sentence each: asked by whoever writes one and by whoever
 * reads one, so nobody is surprised later. Pure.
 */
public final class PolicyProblems {

  /** Longest text of author, reason or a value; characters. */
  public static final int MAX_CHARS = 1_000;

  /** Most parameters of one record; count. */
  public static final int MAX_PARAMETERS = 64;

  private static final Map<Kind, Set<String>> ALLOWED = new EnumMap<>(Kind.class);

  static {
    ALLOWED.put(Kind.MODE, Set.of(PolicyParameters.MODE, PolicyParameters.APPROVAL));
    ALLOWED.put(
        Kind.BUDGET,
        Set.of(
            PolicyParameters.ACTS_IN_FLIGHT,
            PolicyParameters.ALL_ACTS_IN_FLIGHT,
            PolicyParameters.RATE_ACTS,
            PolicyParameters.RATE_WINDOW,
            PolicyParameters.NODES_PER_DAY));
    ALLOWED.put(Kind.MAINTENANCE, Set.of(PolicyParameters.EVACUATE));
    ALLOWED.put(Kind.APPROVAL, Set.of(PolicyParameters.MAX_COST, PolicyParameters.HOURS));
    ALLOWED.put(Kind.DENIAL, Set.of());
    ALLOWED.put(Kind.OVERRIDE, Set.of(PolicyParameters.TIER));
    ALLOWED.put(Kind.PIN, Set.of(PolicyParameters.TARGET));
    ALLOWED.put(Kind.SILENCE, Set.of());
    ALLOWED.put(Kind.HALT, Set.of());
    ALLOWED.put(Kind.CANCEL, Set.of(PolicyParameters.ADMISSION));
    ALLOWED.put(Kind.SYNC, Set.of());
    ALLOWED.put(Kind.WRITE_MODE, Set.of(PolicyParameters.WRITE_MODE, PolicyParameters.ASYNC_BOUND));
  }

  private PolicyProblems() {}

  /** What is wrong with the record; empty when it makes sense. */
  public static List<String> of(PolicyRecord record) {
    List<String> problems = new ArrayList<>();
    identity(record, problems);
    scope(record, problems);
    if (record.expiresMillis() != null && record.expiresMillis() <= record.notBeforeMillis()) {
      problems.add("it would end before it begins: let it expire later than it starts");
    }
    if (record.parameters().size() > MAX_PARAMETERS) {
      problems.add("it has more than " + MAX_PARAMETERS + " parameters");
      return problems;
    }
    Set<String> allowed = ALLOWED.get(record.kind());
    new TreeMap<>(record.parameters())
        .forEach((name, value) -> parameter(record, allowed, name, value, problems));
    kind(record, problems);
    return problems;
  }

  private static void identity(PolicyRecord record, List<String> problems) {
    if (record.kind() == Kind.UNKNOWN) {
      problems.add("its kind is not known to this version");
    }
    if (record.id().isBlank()) {
      problems.add("it has no id");
    }
    if (record.author().isBlank()) {
      problems.add("nobody signs for it: name an author");
    }
    boolean isWord = record.kind() != Kind.SYNC && record.kind() != Kind.RULE;
    if (isWord && record.reason().isBlank()) {
      problems.add("it gives no reason: say why in a sentence");
    }
    if (record.author().length() > MAX_CHARS || record.reason().length() > MAX_CHARS) {
      problems.add("its author or reason is longer than " + MAX_CHARS + " characters");
    }
    if (record.version() < 0) {
      problems.add("its version " + record.version() + " is below 0");
    }
  }

  private static void scope(PolicyRecord record, List<String> problems) {
    String scope = record.scope();
    if (!scope.equals("all")) {
      try {
        Subject entity = Subject.parse(scope);
        if (record.entity() != null && !record.entity().equals(entity)) {
          problems.add("its scope " + scope + " and its entity " + record.entity() + " differ");
        }
      } catch (IllegalArgumentException e) {
        problems.add(
            "its scope '"
                + shorten(scope)
                + "' is none: write all, pool/p1, zone/z1 or node/n-0001");
      }
    }
    boolean needsEntity =
        record.kind() == Kind.OVERRIDE
            || record.kind() == Kind.PIN
            || record.kind() == Kind.SILENCE;
    if (needsEntity && scope.equals("all")) {
      problems.add(named(record) + " names what it holds for, not all");
    }
  }

  private static void kind(PolicyRecord record, List<String> problems) {
    Map<String, String> parameters = record.parameters();
    switch (record.kind()) {
      case MODE -> {
        if (!parameters.containsKey(PolicyParameters.MODE)) {
          problems.add("a mode says mode=advise or mode=act");
        }
        if (record.act() != ActKind.UNKNOWN && !record.act().touchesData()) {
          problems.add("a mode of " + record.act() + " has no meaning: it touches no data");
        }
      }
      case BUDGET -> {
        if (parameters.isEmpty()) {
          problems.add("a budget limits nothing: give at least one of its parameters");
        }
        if (parameters.containsKey(PolicyParameters.RATE_ACTS)
            != parameters.containsKey(PolicyParameters.RATE_WINDOW)) {
          problems.add("rate-acts and rate-window come together");
        }
        String head = record.scope().replaceFirst("/.*", "");
        if (!Set.of("all", "pool", "zone").contains(head)) {
          problems.add("a budget holds for all, a pool or a zone, not for " + record.scope());
        }
      }
      case OVERRIDE -> {
        if (!parameters.containsKey(PolicyParameters.TIER)) {
          problems.add("an override says tier=healthy, watch, warning or critical");
        }
        expiring(record, problems);
      }
      case MAINTENANCE -> {
        String evacuate = parameters.get(PolicyParameters.EVACUATE);
        boolean node = record.scope().startsWith("node/");
        if (evacuate != null && !node) {
          problems.add("only a node is evacuated, one at a time, not " + record.scope());
        }
        expiring(record, problems);
      }
      case SILENCE -> expiring(record, problems);
      case DENIAL -> {
        if (record.proposal() == null) {
          problems.add("a denial names the proposal that it denies");
        }
      }
      case APPROVAL -> {
        if (record.proposal() == null && record.act() == ActKind.UNKNOWN) {
          problems.add("an approval names a proposal, or as a rule the kind of act it approves");
        }
        if (record.proposal() != null && !parameters.isEmpty()) {
          problems.add("an approval of one proposal takes no max-cost and no hours");
        }
        if (record.proposal() == null) {
          expiring(record, problems);
        }
      }
      case CANCEL -> {
        if ((record.proposal() == null) == (parameters.get(PolicyParameters.ADMISSION) == null)) {
          problems.add("a cancel names either a proposal or admission=ID");
        }
      }
      case WRITE_MODE -> {
        if (!record.scope().startsWith("volume/")) {
          problems.add("a write mode is that of a volume, not of " + record.scope());
        }
        if (!record.id().equals(WriteModes.ID)) {
          problems.add("a volume has one write mode, with the id " + WriteModes.ID);
        }
        String mode = parameters.get(PolicyParameters.WRITE_MODE);
        if (mode == null) {
          problems.add("a write mode says write-mode=synchronous or asynchronous");
        } else if (mode.equals(WriteModes.ASYNCHRONOUS)
            != parameters.containsKey(PolicyParameters.ASYNC_BOUND)) {
          problems.add("an asynchronous mode has a bound, async-bound, and a synchronous one none");
        }
      }
      case THRESHOLD -> {
        if (record.id().equals(GuardPolicy.THRESHOLD_ID)) {
          try {
            GuardPolicy.DEFAULTS.with(parameters);
          } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
          }
        }
      }
      default -> {}
    }
  }

  private static void expiring(PolicyRecord record, List<String> problems) {
    if (record.expiresMillis() == null) {
      problems.add(named(record) + " must expire, so that nobody forgets it: say until when");
    }
  }

  private static void parameter(
      PolicyRecord record,
      @Nullable Set<String> allowed,
      String name,
      String value,
      List<String> problems) {
    if (allowed == null) {
      return;
    }
    if (!allowed.contains(name)) {
      problems.add(
          named(record)
              + " has no parameter '"
              + shorten(name)
              + "'"
              + (allowed.isEmpty()
                  ? ""
                  : ", only " + String.join(", ", new java.util.TreeSet<>(allowed))));
      return;
    }
    if (value.length() > MAX_CHARS) {
      problems.add(name + " is longer than " + MAX_CHARS + " characters");
      return;
    }
    try {
      check(name, value);
    } catch (IllegalArgumentException e) {
      problems.add(name + ": " + e.getMessage());
    }
  }

  private static void check(String name, String value) {
    switch (name) {
      case PolicyParameters.MODE -> {
        if (!value.equals("advise") && !value.equals("act")) {
          throw new IllegalArgumentException(
              "'" + shorten(value) + "' is no mode, write advise or act");
        }
      }
      case PolicyParameters.WRITE_MODE -> {
        if (!value.equals(WriteModes.SYNCHRONOUS) && !value.equals(WriteModes.ASYNCHRONOUS)) {
          throw new IllegalArgumentException(
              "'" + shorten(value) + "' is no write mode, write synchronous or asynchronous");
        }
      }
      case PolicyParameters.ASYNC_BOUND -> {
        double millis = PolicyValues.durationMillis(value);
        if (millis < WriteModes.MIN_BOUND_MILLIS || millis > WriteModes.MAX_BOUND_MILLIS) {
          throw new IllegalArgumentException(
              "'" + shorten(value) + "' is not between 10 ms and 60 s");
        }
      }
      case PolicyParameters.APPROVAL, PolicyParameters.EVACUATE -> PolicyValues.flag(value);
      case PolicyParameters.HOURS -> PolicyValues.withinHours(value, 0);
      case PolicyParameters.TIER -> {
        if (!Set.of("healthy", "watch", "warning", "critical")
            .contains(value.trim().toLowerCase(Locale.ROOT))) {
          throw new IllegalArgumentException(
              "'" + shorten(value) + "' is no tier, write healthy, watch, warning or critical");
        }
      }
      case PolicyParameters.TARGET -> Subject.parse(value);
      case PolicyParameters.ADMISSION -> {
        if (value.isBlank()) {
          throw new IllegalArgumentException("it is empty, write the admission's id");
        }
      }
      default -> {
        double number = value(name, value);
        boolean mustBePositive = name.equals(PolicyParameters.RATE_WINDOW);
        if (mustBePositive && (number < 1_000 || number > 86_400_000)) {
          throw new IllegalArgumentException("'" + value + "' is not between 1 s and 1 d");
        }
      }
    }
  }

  /**
   * The value of a numeric parameter: count, milliseconds, share or bytes.
   *
   * @throws IllegalArgumentException when it is no such value, with a sentence
   */
  static double value(String name, String text) {
    return switch (name) {
      case PolicyParameters.RATE_WINDOW -> PolicyValues.durationMillis(text);
      case PolicyParameters.NODES_PER_DAY -> PolicyValues.share(text);
      case PolicyParameters.MAX_COST -> PolicyValues.sizeBytes(text);
      default -> PolicyValues.count(text);
    };
  }

  private static String named(PolicyRecord record) {
    String word = record.kind().name().toLowerCase(Locale.ROOT);
    return ("aou".indexOf(word.charAt(0)) < 0 ? "a " : "an ") + word;
  }

  private static String shorten(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }
}
