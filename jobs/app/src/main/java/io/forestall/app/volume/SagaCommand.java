package io.forestall.app.volume;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.TextTable;
import io.forestall.app.operate.Listening;
import io.forestall.app.operate.Times;
import io.forestall.app.operate.TopicScan;
import io.forestall.decisions.Subject;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.Event;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall saga list|show}: what became of each admitted act, step by step (C1 to C6). */
@picocli.CommandLine.Command(
    name = "saga",
    description = "Failovers, failbacks and drains step by step: commands, answers, pauses.",
    subcommands = {SagaCommand.ListSagas.class, SagaCommand.Show.class})
public final class SagaCommand implements Runnable {
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show");
  }

  /** Lists. */
  @picocli.CommandLine.Command(
      name = "list",
      description = "The newest sagas first, straight from Kafka.")
  static final class ListSagas implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Option(names = "--pool", paramLabel = "ID", description = "Only of this pool.")
    private @Nullable String pool;

    @Option(names = "--volume", paramLabel = "NAME", description = "Only of this volume.")
    private @Nullable String volume;

    @Option(names = "--open", description = "Only those that go on.")
    private boolean open;

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "7d",
        description =
            "How far back, such as 15min, 7d, 2026-11-22 or all. Default: ${DEFAULT-VALUE}.")
    private String since = "7d";

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "50",
        description = "Sagas at most, 1 to 5000. Default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Override
    public Integer call() {
      if (limit < 1 || limit > 5000) {
        throw CommandFailure.usage("--limit is a count from 1 to 5000, not " + limit);
      }
      Read read = read(listening.kafka(), Listening.since(since, System.currentTimeMillis()));
      SagaView view = read.view;
      List<SagaView.Saga> fit =
          (volume == null ? view.sagas() : view.ofVolume(volume))
              .stream()
                  .filter(
                      each -> (pool == null || pool.equals(each.pool())) && (!open || each.open()))
                  .toList();
      List<SagaView.Saga> shown = fit.subList(0, Math.min(limit, fit.size()));
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode items = node.putArray("items");
        shown.forEach(each -> items.add(SagaJson.saga(each)));
        node.put("total", fit.size());
        node.put("unreadable", read.unreadable);
        listening.print(node, out);
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable(
              "BEGAN",
              "STATE",
              "ACT",
              "SUBJECT",
              "FROM",
              "TO",
              ">UNITS",
              ">TOOK",
              ">PAUSE",
              "ADMISSION",
              "WHY");
      for (SagaView.Saga each : shown) {
        table.add(
            Times.utc(each.issuedMillis()),
            SagaView.lower(each.state()) + (each.open() ? "..." : ""),
            SagaView.lower(each.act().name()),
            each.subject().toString(),
            id(each.source()),
            id(each.target()),
            Integer.toString(each.units().size()),
            took(each),
            pause(each),
            each.admission(),
            each.text());
      }
      table.print(out);
      out.printf(
          Locale.ROOT,
          "%d of %d%s%n",
          shown.size(),
          fit.size(),
          read.unreadable == 0 ? "" : ", " + read.unreadable + " records could not be read");
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** Shows one. */
  @picocli.CommandLine.Command(
      name = "show",
      description = "One saga: its steps, the commands it gave and what was answered.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Parameters(paramLabel = "ID", description = "Identifier of the admission or the proposal.")
    private String id = "";

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "30d",
        description = "How far back to look. Default: ${DEFAULT-VALUE}.")
    private String since = "30d";

    @Override
    public Integer call() {
      SagaView view =
          read(listening.kafka(), Listening.since(since, System.currentTimeMillis())).view;
      SagaView.Detail detail = view.saga(id);
      if (detail == null) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "no act that moves units is called '"
                + id
                + "': forestall saga list shows them, --since looks further back");
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        listening.print(SagaJson.detail(detail), out);
        return ExitCodes.OK;
      }
      SagaView.Saga saga = detail.saga();
      out.println(
          SagaView.lower(saga.act().name())
              + " of "
              + saga.subject()
              + " in pool "
              + saga.pool()
              + ": "
              + SagaView.lower(saga.state())
              + (saga.open() ? ", goes on" : ""));
      out.println("  why         " + saga.text());
      out.println("  from, to    " + id(saga.source()) + ", " + id(saga.target()));
      out.println("  units       " + saga.units().size());
      out.println("  admission   " + saga.admission() + " of proposal " + saga.proposal());
      out.println("  began       " + Times.utc(saga.issuedMillis()) + ", took " + took(saga));
      out.println(
          "  pause       "
              + (saga.pauseMillis() == null ? "unknown" : saga.pauseMillis() + " ms")
              + " by its new owner, "
              + (saga.clientPauseMillis() == null
                  ? "no client told of one"
                  : saga.clientPauseMillis() + " ms at most by its clients"));
      TextTable steps = new TextTable("TIME", ">AFTER", "STEP", "WHAT");
      long before = saga.issuedMillis();
      for (SagaView.Step step : detail.steps()) {
        steps.add(
            MILLIS.format(Instant.ofEpochMilli(step.timeMillis())),
            Math.max(0, step.timeMillis() - before) + " ms",
            SagaView.lower(step.state()),
            step.text());
        before = step.timeMillis();
      }
      steps.print(out);
      TextTable commands = new TextTable("TIME", "COMMAND", "TO", ">TRY", "ANSWER", "CODE", "WHAT");
      for (SagaView.Order order : detail.orders()) {
        commands.add(
            MILLIS.format(Instant.ofEpochMilli(order.timeMillis())),
            SagaView.lower(order.kind()),
            order.addressee(),
            Integer.toString(order.attempt()),
            order.answers().isEmpty() ? "none" : "",
            "",
            order.reason());
        for (SagaView.Answer answer : order.answers()) {
          commands.add(
              MILLIS.format(Instant.ofEpochMilli(answer.timeMillis())),
              "",
              "",
              "",
              SagaView.lower(answer.status()) + (answer.duplicate() ? " again" : ""),
              answer.code().equals("NONE") ? "" : answer.code(),
              answer.text());
        }
      }
      commands.print(out);
      out.flush();
      return ExitCodes.OK;
    }
  }

  static String id(@Nullable Subject subject) {
    return subject == null ? "-" : subject.id();
  }

  static String took(SagaView.Saga saga) {
    long millis =
        (saga.endedMillis() == null ? saga.lastMillis() : saga.endedMillis()) - saga.issuedMillis();
    return millis(millis);
  }

  /** A length of time; a short one to the millisecond. */
  static String millis(long millis) {
    return millis < 10_000 ? Math.max(0, millis) + " ms" : Times.length(millis);
  }

  static String pause(SagaView.Saga saga) {
    Long pause = saga.clientPauseMillis() == null ? saga.pauseMillis() : saga.clientPauseMillis();
    return pause == null ? "-" : pause + " ms";
  }

  /** Sagas, and how many records of them could not be read. */
  record Read(SagaView view, long unreadable) {}

  private static Read read(KafkaOptions kafka, long sinceMillis) {
    return read(kafka, sinceMillis, new VolumeView());
  }

  /**
   * What is known of sagas since a time.
   *
   * @param volumes takes in the events about them that are met on the way
   */
  static Read read(KafkaOptions kafka, long sinceMillis, VolumeView volumes) {
    SagaView view = new SagaView();
    AvroCodec<Admission> admissions = AvroCodec.of(Admission.class);
    AvroCodec<Command> commands = AvroCodec.of(Command.class);
    AvroCodec<Ack> acks = AvroCodec.of(Ack.class);
    AvroCodec<Event> events = AvroCodec.of(Event.class);
    long unreadable =
        TopicScan.values(
            kafka,
            Topics.ADMISSIONS,
            sinceMillis,
            null,
            value -> view.admission(admissions.decode(value)));
    unreadable +=
        TopicScan.values(
            kafka,
            Topics.COMMANDS,
            sinceMillis,
            null,
            value -> view.command(commands.decode(value)));
    unreadable +=
        TopicScan.values(
            kafka, Topics.ACKS, sinceMillis, null, value -> view.ack(acks.decode(value)));
    unreadable +=
        TopicScan.values(
            kafka,
            Topics.EVENTS,
            sinceMillis,
            null,
            value -> {
              if (SagaView.speaksOfVolumes(value)) {
                Event event = events.decode(value);
                view.event(event);
                volumes.event(event);
              }
            });
    return new Read(view, unreadable);
  }
}
