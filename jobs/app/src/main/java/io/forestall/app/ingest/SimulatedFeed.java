package io.forestall.app.ingest;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.sim.Fault;
import io.forestall.sim.FleetTelemetry;
import io.forestall.sim.PublishedScrape;
import io.forestall.sim.SimulatedFleet;
import io.forestall.sim.SimulatedWorld;
import io.forestall.sim.WorldStep;
import io.forestall.wire.FrameEncoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A simulated fleet as a feed: nothing of it is real, its frames say {@code simulated}, and its
 * description says how much likelier than in life its failures are. It never passes the present:
 * when its event time has caught up with the clock, it goes on at the clock's pace.
 *
 * <p>With machines, all that is sent lives on one line of time: first the days of SMART attributes
 * up to a while before the present, at the pace of the history; then, as fast as it goes, machines,
 * drives under load and paths up to the present, so that detectors have seen something; then
 * everything live, with the faults that {@link FaultFile} names. Not safe for threads.
 */
public final class SimulatedFeed implements Feed {

  /** Name that the frames carry. */
  public static final String SOURCE = "simulated";

  private static final long DAY_MILLIS = 86_400_000L;
  private static final long HOUR_MILLIS = 3_600_000L;
  private static final long PROGRESS_MILLIS = 2_000;

  /**
   * What to simulate and how fast.
   *
   * @param fleet the fleet
   * @param stepEveryMillis time between two steps of the fleet; milliseconds, 0 for as fast as it
   *     goes
   * @param steps number of steps of the fleet, {@code Long.MAX_VALUE} for no end
   * @param position file in which the next step is kept, so that a restarted demo goes on; null for
   *     nowhere
   * @param live machines and the rest, null for SMART attributes alone
   */
  public record Options(
      SimulatedFleet.Options fleet,
      long stepEveryMillis,
      long steps,
      @Nullable Path position,
      @Nullable Live live) {

    /** SMART attributes alone. */
    public Options(
        SimulatedFleet.Options fleet, long stepEveryMillis, long steps, @Nullable Path position) {
      this(fleet, stepEveryMillis, steps, position, null);
    }

    /**
     * The demo: 24 nodes of 45 disks, one step a day, ten days a second, failures eight times
     * likelier than in life. It begins 120 days ago, and from two hours ago machines, drives and
     * paths report every few seconds.
     *
     * @param nowMillis the present; milliseconds since 1970-01-01 UTC
     * @param position file in which the next step is kept, or null
     */
    public static Options demo(long nowMillis, @Nullable Path position) {
      long start = Math.floorDiv(nowMillis, DAY_MILLIS) * DAY_MILLIS - 120 * DAY_MILLIS;
      return new Options(
          new SimulatedFleet.Options(20260101L, 24, 45, start, DAY_MILLIS, 8),
          100,
          Long.MAX_VALUE,
          position,
          Live.demo());
    }
  }

  /**
   * How machines, drives under load and paths report.
   *
   * @param warmUpMillis how long before the present they begin; milliseconds
   * @param warmUpStepMillis time between two reports while they catch up; milliseconds
   * @param everyMillis time between two reports in the present; milliseconds
   * @param smartEveryMillis time between two rounds of SMART attributes in the present;
   *     milliseconds
   * @param lastMillis event time at which it ends, {@code Long.MAX_VALUE} for no end; milliseconds
   *     since 1970-01-01 UTC
   * @param pace how many times as fast as in life their present passes, 1 or more; above 1 they
   *     begin so far in the past that it lasts an hour, then they are in the true present
   */
  public record Live(
      long warmUpMillis,
      long warmUpStepMillis,
      long everyMillis,
      long smartEveryMillis,
      long lastMillis,
      double pace) {
    public Live {
      if (!(pace >= 1 && pace <= 100)) {
        throw new IllegalArgumentException("the pace is 1 to 100, not " + pace);
      }
      if (warmUpMillis < 0 || warmUpStepMillis < 1000 || everyMillis < 1000) {
        throw new IllegalArgumentException(
            "simulated machines report every second at most, and warm up for 0 ms or more");
      }
    }

    /** Two hours of warming up every 30 s, then every 5 s; SMART every minute. */
    public static Live demo() {
      return new Live(2 * HOUR_MILLIS, 30_000, 5_000, 60_000, Long.MAX_VALUE, 1);
    }

    /** How far in the past their present begins; milliseconds. */
    long lagMillis() {
      return Math.round((pace - 1) * HOUR_MILLIS);
    }
  }

  private final Options options;
  private final Consumer<FeedProgress> progress;
  private final LongSupplier clock;
  private final Consumer<String> say;
  private final Runnable atPresent;

  /**
   * A feed of a simulated fleet.
   *
   * @param options what to simulate and how fast
   * @param progress hears of the progress every two seconds
   * @param clock the time; milliseconds since 1970-01-01 UTC
   */
  public SimulatedFeed(Options options, Consumer<FeedProgress> progress, LongSupplier clock) {
    this(options, progress, clock, line -> {}, () -> {});
  }

  /**
   * A feed of a simulated fleet.
   *
   * @param say hears in a sentence when it has come to the present, and what faults it takes
   * @param atPresent runs once, when its machines have come to their present; must not block
   */
  public SimulatedFeed(
      Options options,
      Consumer<FeedProgress> progress,
      LongSupplier clock,
      Consumer<String> say,
      Runnable atPresent) {
    this.options = options;
    this.progress = progress;
    this.clock = clock;
    this.say = say;
    this.atPresent = atPresent;
  }

  @Override
  public String description() {
    SimulatedFleet.Options fleet = options.fleet();
    return String.format(
        Locale.ROOT,
        "Simulated fleet (not real): %d nodes of %d disks from seed %d; failures are %s times"
            + " likelier than in life",
        fleet.nodes(),
        fleet.disksPerNode(),
        fleet.seed(),
        fleet.hazardFactor() == Math.rint(fleet.hazardFactor())
            ? Long.toString((long) fleet.hazardFactor())
            : Double.toString(fleet.hazardFactor()));
  }

  @Override
  public boolean simulated() {
    return true;
  }

  @Override
  public FeedSummary run(FrameSink sink, StopSignal stop) throws IOException, InterruptedException {
    Run run = new Run(sink, stop);
    run.history();
    if (options.live() != null && !stop.stopped()) {
      run.live(options.live());
    }
    sink.flush();
    return run.sum;
  }

  /** One run; its state. */
  private final class Run {
    private final FrameSink sink;
    private final StopSignal stop;
    private final SimulatedFleet.Options asked = options.fleet();
    private final long start;
    private final SimulatedWorld world;
    private final long begun = System.nanoTime();
    private long reported = begun;

    /** Time of the newest report of machines, -1 before the first; milliseconds since 1970. */
    private long machinesMillis;

    /** When the machines' present began, by the clock, and what it was then; milliseconds. */
    private long presentBegun;

    private long presentMillis;

    private FeedSummary sum = FeedSummary.NONE;

    Run(FrameSink sink, StopSignal stop) throws IOException {
      this.sink = sink;
      this.stop = stop;
      long[] kept = {asked.startMillis(), asked.startMillis(), -1};
      Path position = options.position();
      if (position != null && Files.exists(position)) {
        kept = read(position);
      }
      start = kept[0];
      machinesMillis = kept[2];
      SimulatedFleet fleet =
          new SimulatedFleet(
              new SimulatedFleet.Options(
                  asked.seed(),
                  asked.nodes(),
                  asked.disksPerNode(),
                  start,
                  asked.stepMillis(),
                  asked.hazardFactor()));
      fleet.skipTo(kept[1]);
      world =
          new SimulatedWorld(fleet, FleetTelemetry.Options.forNodes(asked.seed(), asked.nodes()));
    }

    /** Days of SMART attributes, up to the machines' first report or without end. */
    void history() throws IOException, InterruptedException {
      SimulatedFleet fleet = world.fleet();
      Live live = options.live();
      long nextNanos = begun;
      for (long step = 0; step < options.steps() && !stop.stopped(); step++) {
        if (live != null
            && (machinesMillis >= 0
                || fleet.nextMillis()
                    > clock.getAsLong() - live.lagMillis() - live.warmUpMillis())) {
          return;
        }
        long wait = TimeUnit.NANOSECONDS.toMillis(nextNanos - System.nanoTime());
        long ahead = fleet.nextMillis() - clock.getAsLong();
        while (!stop.stopped() && (wait > 0 || ahead > 0)) {
          stop.await(Math.min(60_000, Math.max(wait, ahead)));
          wait = TimeUnit.NANOSECONDS.toMillis(nextNanos - System.nanoTime());
          ahead = fleet.nextMillis() - clock.getAsLong();
        }
        if (stop.stopped()) {
          return;
        }
        nextNanos =
            Math.max(nextNanos, System.nanoTime() - TimeUnit.SECONDS.toNanos(1))
                + TimeUnit.MILLISECONDS.toNanos(options.stepEveryMillis());
        long sequence = (fleet.nextMillis() - start) / asked.stepMillis();
        send(world.nextDay(), sequence);
        keep();
      }
    }

    /** Everything, from a while before the present on. */
    void live(Live live) throws IOException, InterruptedException {
      FaultFile faults =
          options.position() == null
              ? null
              : new FaultFile(options.position().toAbsolutePath().resolveSibling(""));
      String taken = "";
      boolean caughtUp = false;
      boolean listed = false;
      long smartMillis = Long.MIN_VALUE;
      presentBegun = clock.getAsLong();
      presentMillis = Math.max(machinesMillis, presentBegun - live.lagMillis());
      long from = presentMillis - live.warmUpMillis();
      long now = Math.max(machinesMillis, from - Math.floorMod(from, live.warmUpStepMillis()));
      while (!stop.stopped()) {
        long behind = present(live) - now;
        boolean present = behind <= 2 * live.warmUpStepMillis();
        long next = now + (present ? live.everyMillis() : live.warmUpStepMillis());
        if (next > live.lastMillis()) {
          return;
        }
        long ahead = next - present(live);
        while (!stop.stopped() && ahead > 0) {
          stop.await(Math.min(60_000, (long) Math.ceil(ahead / live.pace())));
          ahead = next - present(live);
        }
        if (stop.stopped()) {
          return;
        }
        now = next;
        if (present && !caughtUp) {
          caughtUp = true;
          say.accept(
              "the simulated machines have come to the present and report every "
                  + live.everyMillis() / 1000
                  + " s"
                  + (live.pace() > 1 ? ", at " + live.pace() + " times the pace of life" : ""));
          atPresent.run();
        }
        if (faults != null && listed) {
          taken = takeFaults(faults, taken, now);
        }
        boolean smart =
            smartMillis == Long.MIN_VALUE
                || now - smartMillis >= (present ? live.smartEveryMillis() : HOUR_MILLIS);
        if (smart) {
          smartMillis = now;
        }
        WorldStep step = world.step(now, smart);
        send(step, (now - start) / 1000);
        machinesMillis = now;
        if (faults != null && (!listed || !step.joined().isEmpty())) {
          faults.publishTargets(world.telemetry().targets());
          listed = true;
        }
        keep();
      }
    }

    /** The machines' present: the true one, or one that is behind and hurries after it. */
    private long present(Live live) {
      long wall = clock.getAsLong();
      return Math.min(wall, presentMillis + (long) ((wall - presentBegun) * live.pace()));
    }

    private String takeFaults(FaultFile file, String taken, long now) throws IOException {
      String text = file.text();
      if (text.equals(taken)) {
        return taken;
      }
      String problem = null;
      try {
        List<Fault> wanted = file.parse(text);
        for (Fault fault : wanted) {
          if (fault.endMillis() > now && !world.telemetry().has(fault.target())) {
            throw new IllegalArgumentException(
                "there is no " + fault.target() + " in the simulated fleet");
          }
        }
        for (Fault known : world.faults()) {
          if (wanted.stream().noneMatch(fault -> fault.id().equals(known.id()))) {
            world.telemetry().clear(known.id(), now);
          }
        }
        for (Fault fault : wanted) {
          if (world.telemetry().has(fault.target()) && !world.faults().contains(fault)) {
            world.telemetry().plant(fault);
            if (fault.activeAt(now)) {
              say.accept(
                  "fault "
                      + fault.id()
                      + " planted: "
                      + fault.target()
                      + ", "
                      + fault.kind().label());
            }
          }
        }
      } catch (IOException | IllegalArgumentException e) {
        problem = String.valueOf(e.getMessage());
        say.accept("faults are left as they were: " + problem);
      }
      file.take(text, problem);
      return text;
    }

    private void keep() throws IOException {
      if (options.position() != null) {
        sink.flush();
        write(options.position(), start, world.fleet().nextMillis(), machinesMillis);
      }
      long now = System.nanoTime();
      if (TimeUnit.NANOSECONDS.toMillis(now - reported) >= PROGRESS_MILLIS) {
        reported = now;
        double seconds = (now - begun) / 1e9;
        progress.accept(
            new FeedProgress(sum, -1, sum.rows() / seconds, (long) (seconds * 1000), -1));
      }
    }

    private void send(WorldStep step, long sequence) {
      for (Subject left : step.left()) {
        sink.retire(left);
      }
      for (FleetMember member : step.joined()) {
        sink.member(member, step.timeMillis());
      }
      if (!step.joined().isEmpty()) {
        // Frames of a disk that nobody knows yet would have to wait in the job.
        sink.flush();
      }
      long samples = 0;
      long frames = 0;
      for (PublishedScrape published : step.scrapes()) {
        TelemetryFrame frame = frame(published, sequence);
        for (int copy = 0; copy < published.copies(); copy++) {
          sink.frame(frame);
          samples += frame.getSamples().size();
          frames++;
        }
      }
      for (DiskFailure failure : step.failures()) {
        sink.failure(failure, SOURCE);
      }
      sum =
          new FeedSummary(
              sum.batches() + 1,
              sum.rows() + samples,
              sum.samples() + samples,
              sum.frames() + frames,
              0,
              0,
              sum.members() + step.joined().size(),
              sum.failures() + step.failures().size(),
              step.timeMillis());
    }
  }

  private static TelemetryFrame frame(PublishedScrape published, long sequence) {
    NodeScrape scrape = published.scrape();
    FrameEncoder encoder =
        new FrameEncoder(scrape.place().node(), scrape.timeMillis(), sequence, SOURCE);
    for (DiskSample disk : scrape.disks()) {
      encoder.disk(disk);
    }
    for (EntitySample other : scrape.others()) {
      encoder.entity(other);
    }
    TelemetryFrame frame = encoder.frame();
    if (published.renamed()) {
      for (Sample sample : frame.getSamples()) {
        Map<String, Double> renamed = new HashMap<>();
        sample
            .getMetrics()
            .forEach((name, value) -> renamed.put(published.metricPrefix() + name, value));
        sample.setMetrics(renamed);
      }
    }
    return frame;
  }

  /**
   * Time of the newest report of simulated machines.
   *
   * @param position file in which the feed keeps its position
   * @return -1 when none has reported yet; milliseconds since 1970-01-01 UTC
   */
  public static long machinesMillis(Path position) throws IOException {
    return Files.exists(position) ? read(position)[2] : -1;
  }

  private static long[] read(Path position) throws IOException {
    List<String> lines = Files.readAllLines(position, StandardCharsets.UTF_8);
    try {
      return new long[] {
        Long.parseLong(lines.get(0)),
        Long.parseLong(lines.get(1)),
        lines.size() > 2 ? Long.parseLong(lines.get(2)) : -1
      };
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException(
          position + " is no position of a simulated feed: remove it to begin anew", e);
    }
  }

  private static void write(Path position, long start, long next, long machines)
      throws IOException {
    Path temporary = position.resolveSibling(position.getFileName() + ".new");
    Files.writeString(
        temporary, start + "\n" + next + "\n" + machines + "\n", StandardCharsets.UTF_8);
    Files.move(
        temporary, position, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
