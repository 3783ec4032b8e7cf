package io.forestall.app.ingest;

import io.forestall.decisions.Place;
import io.forestall.nodes.FrameSink;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.sources.ExporterMapping;
import io.forestall.wire.sources.NodeAssembler;
import io.forestall.wire.sources.PrometheusText;
import io.forestall.wire.sources.SourcePage;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Scrapes targets in rounds and sends one frame for each node and round. Each node has its own
 * moment within the interval, and its own answers: a slow or dead target delays nobody else, only
 * its own node by the timeout. One thread runs it; pages are fetched and read by others. Rows A2,
 * A3.
 */
final class Scraper {

  /** Name that telemetry frames carry. */
  static final String SOURCE = "scrape";

  /**
   * How to scrape.
   *
   * @param intervalMillis time from one round of a node to the next; milliseconds
   * @param smartIntervalMillis SMART metrics of a disk are sent at most once in this time;
   *     milliseconds
   * @param concurrency most pages under way at once
   * @param once true for one round of each node
   */
  record Options(long intervalMillis, long smartIntervalMillis, int concurrency, boolean once) {}

  /** What was sent, in exact counts. */
  record Summary(long rounds, long pages, long failed, long frames, long samples, long letters) {}

  private record Answer(
      TargetState target,
      @Nullable SourcePage page,
      PrometheusText.@Nullable Outcome outcome,
      @Nullable Throwable failure,
      long nanos) {}

  private record Round(NodeState node, long timeMillis, List<Answer> answers) {}

  private static final class TargetState {
    final ScrapeTarget target;
    final EntityRef machine;
    Set<String> everFound = new TreeSet<>();
    Set<String> complaints = new TreeSet<>();
    boolean failing;
    long lastAnswerMillis = Long.MIN_VALUE;

    TargetState(ScrapeTarget target) {
      this.target = target;
      this.machine = FleetEntries.entity(target.machine());
    }
  }

  private static final class NodeState {
    final String node;
    final List<TargetState> targets = new ArrayList<>();
    final NodeAssembler assembler;
    final NodeOutput output;
    boolean removed;
    boolean underWay;
    long nextNanos;

    NodeState(List<ScrapeTarget> targets, long smartIntervalMillis, long sequence) {
      Place place = targets.get(0).place();
      this.node = place.node();
      this.output =
          new NodeOutput(
              targets.stream().map(ScrapeTarget::machine).collect(Collectors.toSet()),
              place,
              SOURCE,
              sequence);
      targets.forEach(target -> this.targets.add(new TargetState(target)));
      boolean serials =
          targets.stream().anyMatch(t -> t.source().equals(ExporterMapping.SMARTCTL_EXPORTER));
      this.assembler =
          new NodeAssembler(
              node, smartIntervalMillis, serials ? ExporterMapping.SMARTCTL_EXPORTER : null);
    }
  }

  private final Options options;
  private final ExporterMapping mapping;
  private final PageFetcher fetcher;
  private final Executor workers;
  private final FrameSink sink;
  private final IngestFigures figures;
  private final Consumer<String> warnings;
  private final LongSupplier clock;
  private final LongSupplier nanos;
  private final DeadLetters letters = new DeadLetters("ingest");
  private final ThreadLocal<PrometheusText> parsers = ThreadLocal.withInitial(PrometheusText::new);
  private final LinkedBlockingQueue<Round> finished = new LinkedBlockingQueue<>();
  private final AtomicInteger pagesUnderWay = new AtomicInteger();
  private final Map<String, NodeState> nodes = new LinkedHashMap<>();
  private final PriorityQueue<NodeState> due =
      new PriorityQueue<>(Comparator.comparingLong(node -> node.nextNanos));
  private int roundsUnderWay;
  private long rounds;
  private long pages;
  private long failed;
  private long frames;
  private long samples;
  private long deadLetters;

  /**
   * @param workers read the pages
   * @param warnings hears of what a person should know, one line each
   * @param clock the time; milliseconds since 1970-01-01 UTC
   * @param nanos a clock that never goes back; nanoseconds
   */
  Scraper(
      Options options,
      ExporterMapping mapping,
      PageFetcher fetcher,
      Executor workers,
      FrameSink sink,
      IngestFigures figures,
      Consumer<String> warnings,
      LongSupplier clock,
      LongSupplier nanos) {
    this.options = options;
    this.mapping = mapping;
    this.fetcher = fetcher;
    this.workers = workers;
    this.sink = sink;
    this.figures = figures;
    this.warnings = warnings;
    this.clock = clock;
    this.nanos = nanos;
  }

  /**
   * Takes a list of targets over from the one before. A node that is not in it any more is no
   * longer scraped and falls silent; it is not ended, because a list that was cut by mistake must
   * not end a fleet. A node whose targets or place changed begins anew.
   */
  void targets(List<ScrapeTarget> list) {
    Map<String, List<ScrapeTarget>> byNode = new LinkedHashMap<>();
    for (ScrapeTarget target : list) {
      byNode.computeIfAbsent(target.node(), node -> new ArrayList<>()).add(target);
    }
    for (NodeState old : List.copyOf(nodes.values())) {
      List<ScrapeTarget> now = byNode.get(old.node);
      if (now == null || !now.equals(old.targets.stream().map(t -> t.target).toList())) {
        old.removed = true;
        due.remove(old);
        nodes.remove(old.node);
        if (now != null) {
          // Its place may be new, its publisher is the same.
          enter(new NodeState(now, options.smartIntervalMillis(), old.output.sequence()));
        }
      }
    }
    byNode.forEach(
        (node, targets) -> {
          if (!nodes.containsKey(node)) {
            enter(new NodeState(targets, options.smartIntervalMillis(), 0));
          }
        });
    Map<String, Integer> counts = new HashMap<>();
    list.forEach(target -> counts.merge(target.source(), 1, Integer::sum));
    for (String source :
        List.of(
            ExporterMapping.NODE_EXPORTER,
            ExporterMapping.SMARTCTL_EXPORTER,
            ExporterMapping.PROCESS)) {
      figures.set(IngestFigures.TARGETS, counts.getOrDefault(source, 0), "source", source);
    }
  }

  private void enter(NodeState node) {
    long interval = TimeUnit.MILLISECONDS.toNanos(options.intervalMillis());
    long phase =
        options.once() ? 0 : Math.floorMod(node.node.hashCode() * 0x9e3779b97f4a7c15L, interval);
    node.nextNanos = nanos.getAsLong() + phase;
    nodes.put(node.node, node);
    due.add(node);
  }

  /**
   * Runs until told to stop, or for one round of each node.
   *
   * @param reload asked at most every second for a new list of targets; null for none
   * @throws InterruptedException when interrupted
   */
  Summary run(StopSignal stop, Reload reload) throws InterruptedException {
    long nextLook = nanos.getAsLong();
    while (!stop.stopped()) {
      if (nanos.getAsLong() - nextLook >= 0) {
        List<ScrapeTarget> fresh = reload.newTargets();
        if (fresh != null) {
          targets(fresh);
        }
        lag();
        nextLook = nanos.getAsLong() + TimeUnit.SECONDS.toNanos(1);
      }
      start();
      if (options.once() && due.isEmpty() && roundsUnderWay == 0) {
        break;
      }
      NodeState next = due.peek();
      long wait = next == null ? nextLook - nanos.getAsLong() : next.nextNanos - nanos.getAsLong();
      wait = Math.min(wait, nextLook - nanos.getAsLong());
      // When all places are taken, only a finished round makes room.
      Round round = finished.poll(Math.max(1_000_000, wait), TimeUnit.NANOSECONDS);
      while (round != null) {
        finish(round);
        round = finished.poll();
      }
    }
    sink.flush();
    return new Summary(rounds, pages, failed, frames, samples, deadLetters);
  }

  /** Gives a new list of targets when there is one. */
  interface Reload {
    /** A new list of targets, null when nothing has changed. */
    @Nullable List<ScrapeTarget> newTargets();
  }

  private void start() {
    long now = nanos.getAsLong();
    long interval = TimeUnit.MILLISECONDS.toNanos(options.intervalMillis());
    while (!due.isEmpty() && due.peek().nextNanos - now <= 0) {
      NodeState node = due.peek();
      if (pagesUnderWay.get() > 0
          && pagesUnderWay.get() + node.targets.size() > options.concurrency()) {
        return;
      }
      due.poll();
      if (!options.once()) {
        // Rounds keep their moment; those that could not be held are left out and counted.
        node.nextNanos += interval;
        if (now - node.nextNanos >= 0) {
          long lost = (now - node.nextNanos) / interval + 1;
          node.nextNanos += lost * interval;
          figures.add(IngestFigures.SKIPPED, lost);
        }
        due.add(node);
      }
      if (node.underWay) {
        figures.add(IngestFigures.SKIPPED, 1);
        continue;
      }
      begin(node);
    }
  }

  private void begin(NodeState node) {
    node.underWay = true;
    roundsUnderWay++;
    long timeMillis = clock.getAsLong();
    long started = nanos.getAsLong();
    List<CompletableFuture<Answer>> answers = new ArrayList<>();
    for (TargetState target : node.targets) {
      pagesUnderWay.incrementAndGet();
      CompletableFuture<InputStream> page;
      try {
        page = fetcher.fetch(target.target.uri());
      } catch (RuntimeException e) {
        page = CompletableFuture.failedFuture(e);
      }
      answers.add(
          page.thenApplyAsync(in -> read(target, in, started), workers)
              .exceptionally(
                  failure -> new Answer(target, null, null, failure, nanos.getAsLong() - started))
              .whenComplete((answer, failure) -> pagesUnderWay.decrementAndGet()));
    }
    var unused =
        CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0]))
            .whenComplete(
                (nothing, failure) ->
                    finished.add(
                        new Round(
                            node,
                            timeMillis,
                            answers.stream().map(CompletableFuture::join).toList())));
  }

  private Answer read(TargetState target, InputStream in, long started) {
    SourcePage page = new SourcePage(mapping, target.target.source());
    PrometheusText.Outcome outcome = page.prometheus(parsers.get(), in);
    return new Answer(target, page, outcome, null, nanos.getAsLong() - started);
  }

  private void finish(Round round) {
    NodeState node = round.node();
    node.underWay = false;
    roundsUnderWay--;
    rounds++;
    if (node.removed) {
      return;
    }
    List<NodeAssembler.Part> parts = new ArrayList<>();
    for (Answer answer : round.answers()) {
      TargetState target = answer.target();
      String source = target.target.source();
      pages++;
      figures.duration(source, answer.nanos() / 1e9);
      String wrong = wrong(answer);
      figures.add(
          IngestFigures.SCRAPES,
          1,
          "source",
          source,
          "result",
          wrong == null ? "ok" : kind(answer));
      if (wrong != null) {
        failed++;
        if (!target.failing) {
          warnings.accept(
              target.target.uri()
                  + " "
                  + wrong
                  + "; node "
                  + node.node
                  + " goes without its metrics until it answers");
        }
        target.failing = true;
        continue;
      }
      if (target.failing) {
        warnings.accept(target.target.uri() + " answers again");
        target.failing = false;
      }
      target.lastAnswerMillis = round.timeMillis();
      SourcePage page = answer.page();
      PrometheusText.Outcome outcome = answer.outcome();
      if (page == null || outcome == null) {
        continue;
      }
      figures.add(IngestFigures.BYTES, outcome.bytes(), "source", source);
      figures.add(IngestFigures.SERIES, page.series(), "source", source);
      figures.add(IngestFigures.UNMAPPED, page.unknown(), "source", source);
      figures.add(IngestFigures.LEFT_OUT, page.leftOut(), "source", source);
      changes(node, target, page, outcome, round.timeMillis());
      parts.add(new NodeAssembler.Part(page, target.machine));
    }
    if (!parts.isEmpty()) {
      publish(node, node.assembler.assemble(parts, round.timeMillis()), round.timeMillis());
    }
  }

  private static @Nullable String wrong(Answer answer) {
    Throwable failure = cause(answer.failure());
    if (failure != null) {
      return switch (kind(answer)) {
        case "timeout" -> "does not answer in time";
        case "refused" -> "cannot be reached";
        case "tls" -> "has no TLS that is trusted here: " + failure.getMessage();
        default ->
            failure.getMessage() == null
                ? failure.getClass().getSimpleName()
                : failure.getMessage();
      };
    }
    PrometheusText.Outcome outcome = answer.outcome();
    if (outcome != null && outcome.broken() != null) {
      return "breaks off: " + outcome.broken();
    }
    if (outcome != null
        && outcome.wanted() == 0
        && (outcome.problems() > 0 || outcome.series() == 0)) {
      return "answers with a page that holds no metric in the Prometheus text format";
    }
    return null;
  }

  private static String kind(Answer answer) {
    Throwable failure = cause(answer.failure());
    if (failure == null) {
      return "page";
    }
    if (failure instanceof TimeoutException
        || failure instanceof java.net.http.HttpTimeoutException
        || failure instanceof HttpConnectTimeoutException) {
      return "timeout";
    }
    if (failure instanceof ConnectException) {
      return "refused";
    }
    if (failure instanceof SSLException) {
      return "tls";
    }
    if (failure instanceof PageFetcher.Failed) {
      return "answer";
    }
    return "other";
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    Throwable at = failure;
    while (at instanceof CompletionException && at.getCause() != null) {
      at = at.getCause();
    }
    // The client wraps what a body said, and what TLS said, once more.
    if (at instanceof IOException
        && (at.getCause() instanceof PageFetcher.Failed || at.getCause() instanceof SSLException)) {
      return at.getCause();
    }
    return at;
  }

  // Says once what a target no longer tells, or what cannot be read of it, and once that it is
  // back.
  private void changes(
      NodeState node,
      TargetState target,
      SourcePage page,
      PrometheusText.Outcome outcome,
      long timeMillis) {
    Set<String> missing = new TreeSet<>(page.missing());
    for (String before : target.everFound) {
      if (!page.found().contains(before)) {
        missing.add(before);
      }
    }
    target.everFound.addAll(page.found());
    Set<String> fresh = new TreeSet<>(missing);
    fresh.removeAll(target.complaints);
    Set<String> back = new TreeSet<>(target.complaints);
    back.removeAll(missing);
    back.remove(BAD_LINES);
    if (!fresh.isEmpty()) {
      String text =
          "the page of "
              + target.target.source()
              + " lacks "
              + String.join("; ", fresh)
              + ": has the exporter changed its names? A row of --mapping can name the new ones";
      warnings.accept(target.target.uri() + ": " + text);
      letter(target, node, timeMillis, DeadReason.MISSING_FIELD, text);
    }
    if (!back.isEmpty()) {
      warnings.accept(target.target.uri() + ": is back: " + String.join("; ", back));
    }
    if (outcome.problems() > 0 || !page.problems().isEmpty()) {
      if (!target.complaints.contains(BAD_LINES)) {
        String text =
            outcome.problems()
                + " lines of the page cannot be read and were left out: "
                + String.join("; ", page.problems());
        warnings.accept(target.target.uri() + ": " + text);
        letter(target, node, timeMillis, DeadReason.UNDECODABLE, text);
      }
      missing.add(BAD_LINES);
    }
    target.complaints = missing;
  }

  private static final String BAD_LINES = "lines that can be read";

  private void letter(
      TargetState target, NodeState node, long timeMillis, DeadReason reason, String detail) {
    sink.deadLetter(
        letters.line(
            target.target.uri().toString(),
            1,
            timeMillis,
            reason,
            detail,
            new EntityRef(EntityKind.NODE, node.node),
            new byte[0]));
    deadLetters++;
    figures.add(
        IngestFigures.DEAD_LETTERS, 1, "reason", reason.name().toLowerCase(java.util.Locale.ROOT));
  }

  private void publish(NodeState node, NodeAssembler.Assembled assembled, long timeMillis) {
    frames += node.output.send(assembled, timeMillis, sink, figures);
    samples += assembled.samples().size();
  }

  private void lag() {
    long now = clock.getAsLong();
    Map<String, Long> oldest = new HashMap<>();
    Map<String, Integer> failing = new HashMap<>();
    Map<String, Integer> missing = new HashMap<>();
    long disks = 0;
    for (NodeState node : nodes.values()) {
      disks += node.output.disks();
      for (TargetState target : node.targets) {
        String source = target.target.source();
        if (target.lastAnswerMillis != Long.MIN_VALUE) {
          oldest.merge(source, target.lastAnswerMillis, Math::min);
        }
        failing.merge(source, target.failing ? 1 : 0, Integer::sum);
        missing.merge(
            source,
            target.complaints.size() - (target.complaints.contains(BAD_LINES) ? 1 : 0),
            Integer::sum);
      }
    }
    oldest.forEach(
        (source, millis) ->
            figures.set(IngestFigures.LAG, Math.max(0, now - millis) / 1000.0, "source", source));
    failing.forEach((source, count) -> figures.set(IngestFigures.FAILING, count, "source", source));
    missing.forEach((source, count) -> figures.set(IngestFigures.MISSING, count, "source", source));
    figures.set(IngestFigures.DISKS, disks, "source", SOURCE);
  }
}
