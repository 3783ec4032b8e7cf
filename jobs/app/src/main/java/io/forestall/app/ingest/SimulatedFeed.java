package io.forestall.app.ingest;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.risk.DiskSample;
import io.forestall.sim.FleetStep;
import io.forestall.sim.SimulatedFleet;
import io.forestall.wire.FrameEncoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A simulated fleet as a feed: nothing of it is real, its frames say {@code simulated}, and its
 * description says how much likelier than in life its failures are. It never passes the present:
 * when its event time has caught up with the clock, it goes on at the clock's pace. Not safe for
 * threads.
 */
public final class SimulatedFeed implements Feed {

  /** Name that the frames carry. */
  public static final String SOURCE = "simulated";

  private static final long DAY_MILLIS = 86_400_000L;
  private static final long PROGRESS_MILLIS = 2_000;

  /**
   * What to simulate and how fast.
   *
   * @param fleet the fleet
   * @param stepEveryMillis time between two steps; milliseconds, 0 for as fast as it goes
   * @param steps number of steps, {@code Long.MAX_VALUE} for no end
   * @param position file in which the next step is kept, so that a restarted demo goes on; null for
   *     nowhere
   */
  public record Options(
      SimulatedFleet.Options fleet, long stepEveryMillis, long steps, @Nullable Path position) {

    /**
     * The demo: 24 nodes of 45 disks, one step a day, a day a second, failures forty times likelier
     * than in life, so that something is seen within a minute. It begins two years ago.
     *
     * @param nowMillis the present; milliseconds since 1970-01-01 UTC
     * @param position file in which the next step is kept, or null
     */
    public static Options demo(long nowMillis, @Nullable Path position) {
      long start = Math.floorDiv(nowMillis, DAY_MILLIS) * DAY_MILLIS - 730 * DAY_MILLIS;
      return new Options(
          new SimulatedFleet.Options(20260101L, 24, 45, start, DAY_MILLIS, 40),
          1_000,
          Long.MAX_VALUE,
          position);
    }
  }

  private final Options options;
  private final Consumer<FeedProgress> progress;
  private final LongSupplier clock;

  /**
   * A feed of a simulated fleet.
   *
   * @param options what to simulate and how fast
   * @param progress hears of the progress every two seconds
   * @param clock the time; milliseconds since 1970-01-01 UTC
   */
  public SimulatedFeed(Options options, Consumer<FeedProgress> progress, LongSupplier clock) {
    this.options = options;
    this.progress = progress;
    this.clock = clock;
  }

  @Override
  public String description() {
    SimulatedFleet.Options fleet = options.fleet();
    return String.format(
        Locale.ROOT,
        "Simulated fleet (not real): %d nodes of %d disks from seed %d; failures are %s times likelier"
            + " than in life",
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
    long start = options.fleet().startMillis();
    long resume = start;
    Path position = options.position();
    if (position != null && Files.exists(position)) {
      long[] kept = read(position);
      start = kept[0];
      resume = kept[1];
    }
    SimulatedFleet.Options asked = options.fleet();
    SimulatedFleet fleet =
        new SimulatedFleet(
            new SimulatedFleet.Options(
                asked.seed(),
                asked.nodes(),
                asked.disksPerNode(),
                start,
                asked.stepMillis(),
                asked.hazardFactor()));
    fleet.skipTo(resume);

    long begun = System.nanoTime();
    long reported = begun;
    long nextNanos = begun;
    FeedSummary sum = FeedSummary.NONE;
    for (long step = 0; step < options.steps() && !stop.stopped(); step++) {
      long wait = TimeUnit.NANOSECONDS.toMillis(nextNanos - System.nanoTime());
      long ahead = fleet.nextMillis() - clock.getAsLong();
      while (!stop.stopped() && (wait > 0 || ahead > 0)) {
        stop.await(Math.min(60_000, Math.max(wait, ahead)));
        wait = TimeUnit.NANOSECONDS.toMillis(nextNanos - System.nanoTime());
        ahead = fleet.nextMillis() - clock.getAsLong();
      }
      if (stop.stopped()) {
        break;
      }
      nextNanos =
          Math.max(nextNanos, System.nanoTime() - TimeUnit.SECONDS.toNanos(1))
              + TimeUnit.MILLISECONDS.toNanos(options.stepEveryMillis());
      long sequence = (fleet.nextMillis() - start) / asked.stepMillis();
      sum = send(fleet.next(), sequence, sum, sink);
      if (position != null) {
        sink.flush();
        write(position, start, fleet.nextMillis());
      }
      long now = System.nanoTime();
      if (TimeUnit.NANOSECONDS.toMillis(now - reported) >= PROGRESS_MILLIS) {
        reported = now;
        double seconds = (now - begun) / 1e9;
        progress.accept(
            new FeedProgress(sum, -1, sum.rows() / seconds, (long) (seconds * 1000), -1));
      }
    }
    sink.flush();
    return sum;
  }

  private static FeedSummary send(
      FleetStep step, long sequence, FeedSummary before, FrameSink sink) {
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
    for (NodeScrape scrape : step.scrapes()) {
      FrameEncoder frame =
          new FrameEncoder(scrape.place().node(), scrape.timeMillis(), sequence, SOURCE);
      for (DiskSample disk : scrape.disks()) {
        frame.disk(disk);
      }
      samples += frame.size();
      sink.frame(frame.frame());
    }
    for (DiskFailure failure : step.failures()) {
      sink.failure(failure, SOURCE);
    }
    return new FeedSummary(
        before.batches() + 1,
        before.rows() + samples,
        before.samples() + samples,
        before.frames() + step.scrapes().size(),
        0,
        0,
        before.members() + step.joined().size(),
        before.failures() + step.failures().size(),
        step.timeMillis());
  }

  private static long[] read(Path position) throws IOException {
    List<String> lines = Files.readAllLines(position, StandardCharsets.UTF_8);
    try {
      return new long[] {Long.parseLong(lines.get(0)), Long.parseLong(lines.get(1))};
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException(
          position + " is no position of a simulated feed: remove it to begin anew", e);
    }
  }

  private static void write(Path position, long start, long next) throws IOException {
    Path temporary = position.resolveSibling(position.getFileName() + ".new");
    Files.writeString(temporary, start + "\n" + next + "\n", StandardCharsets.UTF_8);
    Files.move(
        temporary, position, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
