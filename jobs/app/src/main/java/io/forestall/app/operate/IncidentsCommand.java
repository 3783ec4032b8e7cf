package io.forestall.app.operate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall incidents list|show}: events that belong together, as one. */
@Command(
    name = "incidents",
    description = "Events that belong together, as one, with one recommendation.",
    subcommands = {IncidentsCommand.ListIncidents.class, IncidentsCommand.Show.class})
public final class IncidentsCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show");
  }

  /** Which incidents. */
  enum Wanted {
    OPEN,
    RESOLVED,
    ALL
  }

  /** Lists. Exit code 1 when something critical is open. */
  @Command(
      name = "list",
      description = {
        "Open incidents, the worst and newest first, straight from Kafka.",
        "Exit code 1 when an open one is critical and no larger one swallows it."
      })
  static final class ListIncidents implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Option(
        names = "--state",
        paramLabel = "STATE",
        defaultValue = "open",
        description = "Which: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Wanted state = Wanted.OPEN;

    @Option(
        names = "--severity",
        paramLabel = "SEVERITY",
        split = ",",
        description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<Severity> severities = new ArrayList<>();

    @Option(
        names = "--subject",
        paramLabel = "KIND/ID",
        description = "Only those that affect this, such as node/n-0001.")
    private @Nullable String subject;

    @Option(names = "--pool", paramLabel = "ID", description = "Only of this pool.")
    private @Nullable String pool;

    @Option(names = "--rule", paramLabel = "ID", description = "Only of this rule.")
    private @Nullable String rule;

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "7d",
        description = "How far back, such as 24h, 2026-11-22 or all. Default: ${DEFAULT-VALUE}.")
    private String since = "7d";

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "50",
        description = "Incidents at most, 1 to 10000. Default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Override
    public Integer call() {
      if (limit < 1 || limit > 10_000) {
        throw CommandFailure.usage("--limit is a count from 1 to 10000, not " + limit);
      }
      long from = Listening.since(since, System.currentTimeMillis());
      Map<String, Incident> newest = new HashMap<>();
      long unreadable =
          scan(
              listening,
              from,
              null,
              incident ->
                  newest.merge(
                      incident.getId(),
                      incident,
                      (a, b) -> b.getRevision() >= a.getRevision() ? b : a));
      Newest<Incident> kept = new Newest<>(limit, ListIncidents::order);
      newest.values().stream().filter(this::wanted).forEach(kept::add);
      List<Incident> shown = kept.newestFirst();
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      boolean critical =
          newest.values().stream()
              .filter(this::wanted)
              .anyMatch(
                  one ->
                      one.getState() != IncidentState.RESOLVED
                          && one.getSeverity() == Severity.CRITICAL
                          && one.getInhibitedBy() == null);
      int code = critical ? ExitCodes.FOUND : ExitCodes.OK;
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode items = node.putArray("items");
        shown.forEach(incident -> items.add(AvroJson.of(incident)));
        node.put("total", kept.seen());
        node.put("unreadable", unreadable);
        listening.print(node, out);
        return code;
      }
      TextTable table =
          new TextTable(
              "OPENED", "STATE", "SEVERITY", "SUBJECT", ">EVENTS", "RECOMMENDS", "ID", "SUMMARY");
      for (Incident incident : shown) {
        table.add(
            Times.utc(incident.getOpenedMillis()),
            state(incident),
            Words.lower(incident.getSeverity()) + (incident.getPredicted() ? " (predicted)" : ""),
            Keys.of(incident.getSubject()),
            Long.toString(incident.getEventCount()),
            Words.lower(incident.getRecommendation()),
            incident.getId(),
            incident.getSummary());
      }
      table.print(out);
      out.printf(
          Locale.ROOT,
          "%d of %d%s%n",
          shown.size(),
          kept.seen(),
          DecisionsCommand.unread(unreadable));
      out.flush();
      return code;
    }

    /** Worst first, then the newest: one number, since times stay below 2 to the 45th. */
    private static long order(Incident incident) {
      long rank =
          switch (incident.getSeverity()) {
            case CRITICAL -> 3;
            case ERROR -> 2;
            case WARNING -> 1;
            default -> 0;
          };
      return (rank << 46) + incident.getUpdatedMillis();
    }

    private boolean wanted(Incident incident) {
      boolean open = incident.getState() != IncidentState.RESOLVED;
      return (state == Wanted.ALL || (state == Wanted.OPEN) == open)
          && (severities.isEmpty() || severities.contains(incident.getSeverity()))
          && (pool == null || pool.equals(incident.getPool()))
          && (rule == null || rule.equals(incident.getRule()))
          && (subject == null || affects(incident, subject));
    }

    private static boolean affects(Incident incident, String key) {
      return Keys.of(incident.getSubject()).equals(key)
          || incident.getAffected().stream().anyMatch(entity -> Keys.of(entity).equals(key));
    }
  }

  private static String state(Incident incident) {
    return Words.lower(incident.getState())
        + (incident.getInhibitedBy() == null ? "" : ", swallowed");
  }

  /** Shows one. */
  @Command(name = "show", description = "One incident: its suspects, and its events in order.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Parameters(paramLabel = "ID", description = "Identifier of the incident, or how it begins.")
    private String id = "";

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "30d",
        description = "How far back to look. Default: ${DEFAULT-VALUE}.")
    private String since = "30d";

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "200",
        description = "Events at most. Default: ${DEFAULT-VALUE}.")
    private int limit = 200;

    @Override
    public Integer call() {
      long from = Listening.since(since, System.currentTimeMillis());
      // The newest record lists all originals that any record lists.
      Map<String, List<Incident>> found = new TreeMap<>();
      scan(
          listening,
          from,
          id,
          incident -> {
            if (incident.getId().startsWith(id) && !id.isEmpty()) {
              found.computeIfAbsent(incident.getId(), key -> new ArrayList<>()).add(incident);
            }
          });
      if (found.containsKey(id)) {
        found.keySet().retainAll(List.of(id));
      }
      if (found.isEmpty()) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "no incident is called '"
                + id
                + "' since "
                + Times.utc(from)
                + ": forestall incidents list --state all shows them");
      }
      if (found.size() > 1) {
        throw CommandFailure.usage(
            found.size() + " incidents begin with '" + id + "': write more of the identifier");
      }
      List<Incident> revisions = found.values().iterator().next();
      Incident newest = revisions.get(0);
      for (Incident revision : revisions) {
        if (revision.getRevision() >= newest.getRevision()) {
          newest = revision;
        }
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        listening.print(AvroJson.of(newest), out);
        return ExitCodes.OK;
      }
      print(newest, out);
      out.flush();
      return ExitCodes.OK;
    }

    private void print(Incident incident, PrintWriter out) {
      out.println("incident " + incident.getId() + ", revision " + incident.getRevision());
      out.println("  " + incident.getSummary());
      line(out, "state", state(incident));
      line(
          out,
          "severity",
          Words.lower(incident.getSeverity()) + (incident.getPredicted() ? ", predicted" : ""));
      line(out, "subject", Keys.of(incident.getSubject()));
      line(out, "pool", incident.getPool());
      String why = incident.getRecommendationReason();
      line(
          out,
          "recommends",
          Words.lower(incident.getRecommendation()) + (why == null ? "" : ": " + why));
      line(
          out,
          "rule",
          incident.getRule()
              + " version "
              + incident.getRuleVersion()
              + ", key "
              + incident.getCorrelationKey());
      line(out, "opened", Times.utc(incident.getOpenedMillis()));
      line(out, "newest", Times.utc(incident.getUpdatedMillis()));
      line(
          out,
          "resolved",
          incident.getResolvedMillis() == null ? null : Times.utc(incident.getResolvedMillis()));
      line(out, "swallowed by", incident.getInhibitedBy());
      line(
          out,
          "affects",
          incident.getAffected().stream().map(Keys::of).limit(20).collect(Collectors.joining(", "))
              + (incident.getAffected().size() > 20
                  ? " and " + (incident.getAffected().size() - 20) + " more"
                  : ""));
      if (!incident.getSuspects().isEmpty()) {
        out.println();
        TextTable suspects = new TextTable("SUSPECT", ">WEIGHT", "WHY");
        for (Suspect suspect : incident.getSuspects()) {
          suspects.add(
              Keys.of(suspect.getEntity()),
              String.format(Locale.ROOT, "%.2f", suspect.getWeight()),
              suspect.getText());
        }
        suspects.print(out);
      }
      out.println();
      TextTable events = new TextTable("TIME", ">AFTER", "EVENT", "ENTITY", "SORT", "ID");
      int shown = 0;
      for (EventRef event : incident.getEvents()) {
        if (shown++ == limit) {
          break;
        }
        EntityRef entity = event.getEntity();
        events.add(
            Times.utc(event.getTimeMillis()),
            "+" + Times.length(event.getTimeMillis() - incident.getOpenedMillis()),
            event.getType(),
            Keys.of(entity),
            event.getPredicted() ? "predicted" : "happened",
            event.getId());
      }
      events.print(out);
      out.printf(
          Locale.ROOT,
          "%d of %d events%n",
          Math.min(limit, incident.getEvents().size()),
          incident.getEventCount());
    }

    private static void line(PrintWriter out, String name, @Nullable String value) {
      if (value != null && !value.isEmpty()) {
        out.printf(Locale.ROOT, "  %-14s%s%n", name, value);
      }
    }
  }

  /** Scans; what cannot be read is counted. */
  private static long scan(
      Listening listening, long sinceMillis, @Nullable String holding, Consumer<Incident> visitor) {
    AvroCodec<Incident> codec = AvroCodec.of(Incident.class);
    return TopicScan.values(
        listening.kafka(),
        Topics.INCIDENTS,
        sinceMillis,
        holding,
        value -> visitor.accept(codec.decode(value)));
  }
}
