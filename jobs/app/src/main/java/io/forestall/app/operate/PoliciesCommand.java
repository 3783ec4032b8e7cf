package io.forestall.app.operate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.wire.PolicyRecords;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall policies list|show|set|end}: every word that was said, and whether it holds. */
@Command(
    name = "policies",
    description =
        "Every word that operators have said: what holds now, until when, and who said it.",
    subcommands = {
      PoliciesCommand.ListPolicies.class,
      PoliciesCommand.Show.class,
      PoliciesCommand.SetPolicy.class,
      PoliciesCommand.End.class
    })
public final class PoliciesCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show, set, end");
  }

  /** Where a word stands in time. */
  enum State {
    HOLDS,
    LATER,
    EXPIRED,
    OFF
  }

  static State state(PolicyRecord record, long nowMillis) {
    if (!record.enabled()) {
      return State.OFF;
    }
    if (record.holdsAt(nowMillis)) {
      return State.HOLDS;
    }
    return record.notBeforeMillis() > nowMillis ? State.LATER : State.EXPIRED;
  }

  /** Prints the newest of each that is wanted. */
  static int list(
      Listening listening,
      @Nullable Path trustedKeys,
      Predicate<PolicyRecord> wanted,
      boolean over,
      PrintWriter out) {
    long now = System.currentTimeMillis();
    PolicyStore.Standing standing = listening.policies(trustedKeys).read();
    List<PolicyStore.Entry> shown = new ArrayList<>();
    int hidden = 0;
    for (PolicyStore.Entry entry : standing.newest().values()) {
      if (!wanted.test(entry.record())) {
        continue;
      }
      if (over || !Words.isOver(entry.record(), now)) {
        shown.add(entry);
      } else {
        hidden++;
      }
    }
    if (listening.json()) {
      ObjectNode node = JsonNodeFactory.instance.objectNode();
      ArrayNode items = node.putArray("items");
      shown.forEach(entry -> items.add(json(entry, now)));
      ArrayNode refused = node.putArray("refused");
      standing.refused().forEach(refused::add);
      listening.print(node, out);
      return ExitCodes.OK;
    }
    TextTable table =
        new TextTable("STATE", "KEY", ">VERSION", "UNTIL", "AUTHOR", "SIGNED", "WHAT", "WHY");
    for (PolicyStore.Entry entry : shown) {
      PolicyRecord record = entry.record();
      table.add(
          Words.lower(state(record, now)),
          record.key(),
          Long.toString(record.version()),
          Times.utcOrDash(record.expiresMillis()),
          record.author(),
          signed(entry),
          PolicySentences.what(record),
          record.reason());
    }
    table.print(out);
    out.printf(
        Locale.ROOT,
        "%d shown%s%s%n",
        shown.size(),
        hidden == 0 ? "" : ", " + hidden + " over or taken back (--all shows them)",
        standing.refused().isEmpty()
            ? ""
            : ", "
                + standing.refused().size()
                + " refused, the newest: "
                + standing.refused().get(standing.refused().size() - 1));
    out.flush();
    return ExitCodes.OK;
  }

  private static String signed(PolicyStore.Entry entry) {
    if (entry.believed() != null) {
      return "NOT TAKEN";
    }
    return entry.keyId() == null ? "-" : entry.keyId();
  }

  private static ObjectNode json(PolicyStore.Entry entry, long nowMillis) {
    ObjectNode node = PolicyJson.of(entry.record(), entry.keyId(), entry.offset(), nowMillis);
    node.put("state", Words.lower(state(entry.record(), nowMillis)));
    node.put("notTaken", entry.believed());
    return node;
  }

  /** Lists. */
  @Command(name = "list", description = "The newest of each; without what is over.")
  static final class ListPolicies implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();
    @Mixin private Where where = new Where();

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        split = ",",
        description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<Kind> kinds = new ArrayList<>();

    @Option(names = "--all", description = "Also what is over, taken back, or said by guards.")
    private boolean all;

    @Option(
        names = "--trusted-keys",
        paramLabel = "FILE|DIR",
        description = "Public keys that readers trust: shows which words they do not take.")
    private @Nullable Path trustedKeys;

    @Override
    public Integer call() {
      String scope = where.isAll() ? null : where.scope();
      return list(
          listening,
          trustedKeys,
          record ->
              (kinds.isEmpty() || kinds.contains(record.kind()))
                  && (all || record.kind() != Kind.SYNC)
                  && (scope == null || record.scope().equals(scope)),
          all,
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }

  /** Shows one. */
  @Command(name = "show", description = "One word, whole.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Parameters(paramLabel = "KEY", description = "Its key as list shows it, such as all/halt/all.")
    private String key = "";

    @Override
    public Integer call() {
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      PolicyStore.Entry entry = listening.policies(null).read().newest().get(key);
      if (entry == null) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "no policy is called '" + key + "': forestall policies list --all shows all");
      }
      long now = System.currentTimeMillis();
      if (listening.json()) {
        listening.print(json(entry, now), out);
        return ExitCodes.OK;
      }
      PolicyRecord record = entry.record();
      out.println(record.key() + ", version " + record.version());
      out.println("  " + PolicySentences.of(record, now));
      out.println("  state    " + Words.lower(state(record, now)));
      out.println("  said by  " + record.author() + " at " + Times.utc(record.timeMillis()));
      out.println("  why      " + record.reason());
      out.println("  from     " + Times.utc(record.notBeforeMillis()));
      out.println("  until    " + Times.utcOrDash(record.expiresMillis()));
      out.println("  signed   " + (entry.keyId() == null ? "no" : "by key " + entry.keyId()));
      new TreeMap<>(record.parameters())
          .forEach((name, value) -> out.println("  " + name + "  " + value));
      if (!record.body().isEmpty()) {
        out.println(record.body());
      }
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** Says what no command of its own says. */
  @Command(
      name = "set",
      description = {
        "Says what no command of its own says: live values of a rule or of the guard, or a rule.",
        "For a rule: set threshold RULE --parameter severity=warning, or enabled=false,"
            + " quiet=5min.",
        "For the guard: set threshold guard --parameter NAME=VALUE. Changes hold at once."
      })
  static final class SetPolicy implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Speech speech = new Speech();
    @Mixin private Where where = new Where();
    @Mixin private When when = new When();

    @Parameters(index = "0", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}.")
    private Kind kind = Kind.THRESHOLD;

    @Parameters(index = "1", paramLabel = "ID", description = "Name of the rule, or guard.")
    private String id = "";

    @Option(
        names = "--act",
        paramLabel = "ACT",
        converter = ActName.class,
        completionCandidates = ActName.Candidates.class,
        description = "Only this kind of act: ${COMPLETION-CANDIDATES}.")
    private ActKind act = ActKind.UNKNOWN;

    @Option(
        names = "--parameter",
        paramLabel = "NAME=VALUE",
        description = "A value by name; may be repeated. All are given anew each time.")
    private Map<String, String> parameters = new HashMap<>();

    @Option(
        names = "--body-file",
        paramLabel = "FILE",
        description = "A rule as YAML, as forestall rules show prints it.")
    private @Nullable Path bodyFile;

    @Override
    public Integer call() {
      Words.Voice voice = speech.voice();
      Span span = when.span();
      PolicyDraft draft =
          new PolicyDraft(
              kind,
              where.scope(),
              id,
              act,
              null,
              voice.author(),
              voice.reason(),
              span.fromMillis(),
              span.expiresMillis(),
              parameters,
              body());
      return speech.print(
          speech.words().say(draft, voice.dryRun()),
          Objects.requireNonNull(spec).commandLine().getOut());
    }

    private String body() {
      Path file = bodyFile;
      if (file == null) {
        return "";
      }
      try {
        if (Files.size(file) > PolicyRecords.MAX_BODY_CHARS) {
          throw CommandFailure.usage(
              "--body-file " + file + " has more than " + PolicyRecords.MAX_BODY_CHARS + " bytes");
        }
        return Files.readString(file);
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.USAGE,
            "cannot read --body-file " + file + " (" + e.getClass().getSimpleName() + ")",
            e);
      }
    }
  }

  /** Takes one back. */
  @Command(
      name = "end",
      description = "Takes one word back: it is switched off, and who did it and why stays.")
  static final class End implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Speech speech = new Speech();

    @Parameters(paramLabel = "KEY", description = "Its key as list shows it.")
    private String key = "";

    @Override
    public Integer call() {
      return speech.print(
          speech.words().takeBack(key, speech.voice()),
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }
}
