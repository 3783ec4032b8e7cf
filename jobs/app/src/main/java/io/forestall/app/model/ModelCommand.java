package io.forestall.app.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.operate.Listening;
import io.forestall.app.operate.Times;
import io.forestall.decisions.guard.PolicyValues;
import io.forestall.risk.StoredModel;
import io.forestall.schemas.ModelRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall model list|show|publish|promote|rollback|withdraw|demote|restore}: which model
 * scores, which is warmed beside it, and how that is changed (G15, G16, A14).
 */
@Command(
    name = "model",
    description = {
      "Models: which scores, which is warmed beside it, and how that is changed.",
      "A new model first advises: it is warmed and says on topic risk.lane what it would say."
          + " Promoted it scores without a cold start; the one before it stays warm for a"
          + " rollback."
    },
    subcommands = {
      ModelCommand.ListModels.class,
      ModelCommand.Show.class,
      ModelCommand.Publish.class,
      ModelCommand.Promote.class,
      ModelCommand.Rollback.class,
      ModelCommand.Withdraw.class,
      ModelCommand.Demote.class,
      ModelCommand.Restore.class
    })
public final class ModelCommand implements Runnable {
  private static final String WINDOW = "14d";

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "say what to do: list, show, publish, promote, rollback, withdraw, demote, restore");
  }

  /** At which event time it is looked (picocli mixin). Not thread-safe. */
  static final class At {
    @Option(
        names = "--at",
        paramLabel = "TIME",
        description =
            "Event time at which it is looked, such as 2026-11-22T08:00, UTC unless it has an"
                + " offset. Default: now; a replay has times of its own.")
    private @Nullable String at;

    long millis() {
      return at == null ? System.currentTimeMillis() : Times.millis("--at", at);
    }
  }

  /** What every change needs (picocli mixin). Not thread-safe. */
  static final class Change {
    @Mixin private Listening listening = new Listening();

    @Option(
        names = "--reason",
        required = true,
        paramLabel = "TEXT",
        description = "Why, a sentence; it stays in the topic.")
    private String reason = "";

    @Option(
        names = "--author",
        paramLabel = "NAME",
        defaultValue = "${env:FORESTALL_AUTHOR:-" + Option.NULL_VALUE + "}",
        description = "Who does so. Default: the name of the user of this shell.")
    private @Nullable String author;

    @Option(names = "--dry-run", description = "Check everything, write nothing.")
    private boolean dryRun;

    ModelDesk desk() {
      return ModelCommand.desk(listening);
    }

    ModelDesk.Voice voice() {
      String name = author == null ? System.getProperty("user.name", "") : author;
      if (name.isBlank()) {
        throw CommandFailure.usage("nobody is known to do so: give --author");
      }
      if (reason.isBlank()) {
        throw CommandFailure.usage("--reason is empty: say why");
      }
      return new ModelDesk.Voice(name, reason, dryRun);
    }

    int print(ModelDesk.Done done, CommandSpec spec) {
      PrintWriter out = spec.commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("key", done.key());
        node.put("offset", done.offset());
        fields(node, done.record());
        ArrayNode notes = node.putArray("notes");
        done.notes().forEach(notes::add);
        ArrayNode warnings = node.putArray("warnings");
        done.warnings().forEach(warnings::add);
        listening.print(node, out);
        return ExitCodes.OK;
      }
      out.println(
          done.offset() < 0
              ? "would write " + done.key()
              : "wrote " + done.key() + ", offset " + done.offset());
      done.notes().forEach(note -> out.println("  " + note));
      done.warnings().forEach(warning -> out.println("  warning: " + warning));
      out.flush();
      return ExitCodes.OK;
    }
  }

  private static ModelDesk desk(Listening listening) {
    return new ModelDesk(new KafkaModelStore(listening.kafka()), System::currentTimeMillis);
  }

  /** Lists. */
  @Command(
      name = "list",
      description = {
        "All models of the topic and the one that ships, by failure mode, champion first.",
        "champion scores; former is warm for a rollback; warming becomes champion at its time;"
            + " advise only says what it would say (* is asked now); withdrawn was taken back."
      })
  static final class ListModels implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();
    @Mixin private At at = new At();

    @Override
    public Integer call() {
      ModelDesk.Board board = desk(listening).board(at.millis());
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode items = node.putArray("items");
        board.lines().forEach(line -> items.add(json(line)));
        node.put("unreadable", board.unreadable());
        listening.print(node, out);
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable(
              "MODE",
              "MODEL",
              ">VERSION",
              "STATE",
              "PUBLISHED",
              "EFFECTIVE",
              "FORMAT",
              ">SIZE",
              "FIGURES",
              "BY",
              "WHY");
      for (ModelDesk.Line line : board.lines()) {
        ModelStandings.Model model = line.standing().model();
        ModelFacts facts = line.facts();
        table.add(
            model.mode(),
            model.id(),
            Integer.toString(model.version()),
            state(line),
            time(model.publishedMillis()),
            time(model.effectiveFromMillis()),
            format(line),
            line.weightBytes() + " B",
            facts == null ? "its weights cannot be read" : facts.headline(),
            line.record() == null ? "" : line.record().getAuthor(),
            line.record() == null ? "" : line.record().getReason());
      }
      table.print(out);
      if (board.unreadable() > 0) {
        out.println(board.unreadable() + " records of the topic could not be read");
      }
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** Shows one. */
  @Command(
      name = "show",
      description = "One model: how it stands, what its training noted, and its card.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();
    @Mixin private At at = new At();
    @Mixin private Name name = new Name();

    @Option(names = "--card", description = "Only the card, as Markdown.")
    private boolean card;

    @Override
    public Integer call() {
      ModelDesk.Line line = desk(listening).show(name.id, name.version, name.mode, at.millis());
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = json(line);
        node.put("card", line.card());
        listening.print(node, out);
        return ExitCodes.OK;
      }
      if (card) {
        out.println(line.card());
        out.flush();
        return ExitCodes.OK;
      }
      ModelStandings.Model model = line.standing().model();
      ModelRecord record = line.record();
      out.println(model.name() + " of mode " + model.mode() + ": " + state(line));
      out.println("  published  " + time(model.publishedMillis()));
      out.println("  effective  " + time(model.effectiveFromMillis()));
      out.println("  rollback   " + time(model.rollbackUntilMillis()));
      out.println("  format     " + format(line) + ", " + line.weightBytes() + " bytes");
      if (record != null && !record.getAuthor().isEmpty()) {
        out.println(
            "  changed    "
                + (record.getChangedMillis() == 0 ? "" : Times.utc(record.getChangedMillis()) + " ")
                + "by "
                + record.getAuthor()
                + ": "
                + record.getReason());
      }
      ModelFacts facts = line.facts();
      if (facts == null) {
        out.println("  its weights cannot be read");
      } else {
        out.println("  horizon    " + Times.length(facts.horizonMillis()));
        new TreeMap<>(facts.properties())
            .forEach((key, value) -> out.println("  " + key + "  " + value));
      }
      if (!line.card().isBlank()) {
        out.println();
        out.println(line.card());
      }
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** A model by its name (picocli mixin). Not thread-safe. */
  static final class Name {
    @Parameters(index = "0", paramLabel = "ID", description = "Its family, such as disk-ensemble.")
    private String id = "";

    @Parameters(index = "1", paramLabel = "VERSION", description = "Its version.")
    private int version;

    @Option(
        names = "--mode",
        paramLabel = "MODE",
        description = "Its failure mode, when the name is there for more than one.")
    private @Nullable String mode;
  }

  /** From when a model is champion (picocli mixin). Not thread-safe. */
  static final class Window {
    @Option(
        names = "--rollback-window",
        paramLabel = "TIME",
        defaultValue = WINDOW,
        description =
            "How long the champion before it is kept warm then. Default: ${DEFAULT-VALUE}.")
    private String window = WINDOW;

    long millis() {
      try {
        return PolicyValues.durationMillis(window);
      } catch (IllegalArgumentException e) {
        throw new CommandFailure(ExitCodes.USAGE, "--rollback-window: " + e.getMessage(), e);
      }
    }
  }

  /** Publishes. */
  @Command(
      name = "publish",
      description = {
        "Publishes a model file of forestall train. Without --from it only advises.",
        "Refused when it is cut short, of the wrong shape, or of a version that is there already."
      })
  static final class Publish implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private Window window = new Window();

    @Parameters(paramLabel = "FILE", description = "The model file, such as model.bin.")
    private Path file = Path.of("");

    @Option(
        names = "--card-file",
        paramLabel = "FILE",
        description = "Its card. Default: card.md beside the model file, when there is one.")
    private @Nullable Path cardFile;

    @Option(
        names = "--at",
        paramLabel = "TIME",
        description = "Event time from which it is warmed. Default: now.")
    private @Nullable String at;

    @Option(
        names = "--from",
        paramLabel = "TIME",
        description = "Event time from which it is champion. Default: never, it only advises.")
    private @Nullable String from;

    @Override
    public Integer call() {
      byte[] bytes = bytes();
      long published = at == null ? System.currentTimeMillis() : Times.millis("--at", at);
      return change.print(
          change
              .desk()
              .publish(
                  file.toString(),
                  bytes,
                  card(),
                  published,
                  from == null ? ModelStandings.ADVISE : Times.millis("--from", from),
                  window.millis(),
                  change.voice()),
          Objects.requireNonNull(spec));
    }

    private byte[] bytes() {
      try (InputStream in = Files.newInputStream(file)) {
        // One more than any model has: what is longer is refused as too long, not read whole.
        return in.readNBytes(StoredModel.MAXIMUM_BYTES + 1);
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.USAGE,
            "cannot read " + file + " (" + e.getClass().getSimpleName() + "): give a model file",
            e);
      }
    }

    private String card() {
      Path beside = file.resolveSibling("card.md");
      Path card = cardFile == null ? (Files.isRegularFile(beside) ? beside : null) : cardFile;
      if (card == null) {
        return "";
      }
      try {
        return Files.readString(card, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.USAGE,
            "cannot read the card " + card + " (" + e.getClass().getSimpleName() + ")",
            e);
      }
    }
  }

  /** Promotes. */
  @Command(
      name = "promote",
      description = {
        "Makes a model champion, now or from a time on; the one before it is kept warm.",
        "Where its memory of a disk is not warm yet, the one before it goes on scoring that disk."
      })
  static final class Promote implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private Name name = new Name();
    @Mixin private Window window = new Window();

    @Option(
        names = "--from",
        paramLabel = "TIME",
        description = "Event time from which it is champion. Default: now.")
    private @Nullable String from;

    @Override
    public Integer call() {
      return change.print(
          change
              .desk()
              .promote(
                  name.id,
                  name.version,
                  name.mode,
                  from == null ? System.currentTimeMillis() : Times.millis("--from", from),
                  window.millis(),
                  change.voice()),
          Objects.requireNonNull(spec));
    }
  }

  /** Goes back. */
  @Command(
      name = "rollback",
      description = "Takes the champion of a mode back: the one before it scores again, at once.")
  static final class Rollback implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private At at = new At();

    @Parameters(paramLabel = "MODE", description = "The failure mode, such as disk.")
    private String mode = "";

    @Option(
        names = "--force",
        description = "Also when the memory of the one before it is no longer kept warm.")
    private boolean force;

    @Override
    public Integer call() {
      return change.print(
          change.desk().rollback(mode, at.millis(), force, change.voice()),
          Objects.requireNonNull(spec));
    }
  }

  /** Takes one back that is not champion. */
  @Command(
      name = "withdraw",
      description =
          "Takes back a model that is not champion: it is no longer warmed; it stays listed.")
  static final class Withdraw implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private At at = new At();
    @Mixin private Name name = new Name();

    @Override
    public Integer call() {
      return change.print(
          change.desk().withdraw(name.id, name.version, name.mode, at.millis(), change.voice()),
          Objects.requireNonNull(spec));
    }
  }

  /** Lets a model only advise. */
  @Command(
      name = "demote",
      description = {
        "Says that a model is often wrong: it goes on scoring, and nothing is done on its word.",
        "Decisions that stand on it are advised, with the reason."
      })
  static final class Demote implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private Name name = new Name();

    @Override
    public Integer call() {
      return change.print(
          change.desk().demote(name.id, name.version, name.mode, true, change.voice()),
          Objects.requireNonNull(spec));
    }
  }

  /** Trusts it again. */
  @Command(name = "restore", description = "Takes a demotion back: its predictions count again.")
  static final class Restore implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Change change = new Change();
    @Mixin private Name name = new Name();

    @Override
    public Integer call() {
      return change.print(
          change.desk().demote(name.id, name.version, name.mode, false, change.voice()),
          Objects.requireNonNull(spec));
    }
  }

  private static String state(ModelDesk.Line line) {
    ModelRecord record = line.record();
    return state(line.standing())
        + (record == null || record.getDemoted().isEmpty() ? "" : ", demoted");
  }

  private static String state(ModelStandings.Standing standing) {
    String state = standing.state().name().toLowerCase(Locale.ROOT);
    if (standing.warmUntilMillis() != null) {
      state += " until " + Times.utc(standing.warmUntilMillis());
    }
    return state
        + (standing.challenger() ? " *" : "")
        + (standing.model().shipped() ? ", shipped" : "");
  }

  private static String time(long millis) {
    return millis == Long.MIN_VALUE || millis == ModelStandings.ADVISE ? "-" : Times.utc(millis);
  }

  private static String format(ModelDesk.Line line) {
    ModelFacts facts = line.facts();
    ModelRecord record = line.record();
    return facts != null ? facts.format() : record == null ? "" : record.getFormat();
  }

  private static ObjectNode json(ModelDesk.Line line) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    ModelStandings.Model model = line.standing().model();
    node.put("id", model.id());
    node.put("version", model.version());
    node.put("mode", model.mode());
    node.put("state", line.standing().state().name().toLowerCase(Locale.ROOT));
    node.put("shipped", model.shipped());
    node.put("challenger", line.standing().challenger());
    node.put("warmUntilMillis", line.standing().warmUntilMillis());
    node.put("publishedMillis", known(model.publishedMillis()));
    node.put("effectiveFromMillis", known(model.effectiveFromMillis()));
    node.put("rollbackUntilMillis", known(model.rollbackUntilMillis()));
    node.put("format", format(line));
    node.put("weightBytes", line.weightBytes());
    ModelRecord record = line.record();
    node.put("author", record == null ? "" : record.getAuthor());
    node.put("reason", record == null ? "" : record.getReason());
    node.put("demoted", record == null ? "" : record.getDemoted());
    node.put(
        "changedMillis",
        record == null || record.getChangedMillis() == 0 ? null : record.getChangedMillis());
    ModelFacts facts = line.facts();
    node.put("readable", facts != null);
    ObjectNode properties = node.putObject("properties");
    if (facts != null) {
      node.put("horizonMillis", facts.horizonMillis());
      new TreeMap<>(facts.properties()).forEach(properties::put);
    }
    return node;
  }

  private static void fields(ObjectNode node, ModelRecord record) {
    node.put("publishedMillis", known(record.getPublishedMillis()));
    node.put("effectiveFromMillis", known(record.getEffectiveFromMillis()));
    node.put("rollbackUntilMillis", known(record.getRollbackUntilMillis()));
    node.put("withdrawn", record.getWithdrawn());
    node.put("demoted", record.getDemoted());
    node.put("author", record.getAuthor());
    node.put("reason", record.getReason());
  }

  private static @Nullable Long known(long millis) {
    return millis == Long.MIN_VALUE || millis == ModelStandings.ADVISE ? null : millis;
  }
}
