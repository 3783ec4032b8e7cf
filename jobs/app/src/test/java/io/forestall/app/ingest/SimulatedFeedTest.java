package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.TelemetryFrame;
import io.forestall.sim.SimulatedFleet;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedFeedTest {

  private static final long DAY = 86_400_000L;
  private static final long START = Instant.parse("2024-01-01T00:00:00Z").toEpochMilli();

  private static SimulatedFeed.Options options(long steps, Path position) {
    return new SimulatedFeed.Options(
        new SimulatedFleet.Options(5, 3, 10, START, DAY, 400), 0, steps, position);
  }

  private static SimulatedFeed feed(SimulatedFeed.Options options) {
    return new SimulatedFeed(options, progress -> {}, () -> START + 1000 * DAY);
  }

  @Test
  void saysThatItIsSimulated(@TempDir Path folder) throws Exception {
    SimulatedFeed feed = feed(options(2, folder.resolve("position")));
    TestingFrameSink sink = new TestingFrameSink();
    FeedSummary sum = feed.run(sink, new StopSignal());

    assertThat(feed.simulated()).isTrue();
    assertThat(feed.description()).contains("Simulated", "not real", "400 times");
    assertThat(sink.frames).hasSize(6).allMatch(frame -> frame.getSource().equals("simulated"));
    assertThat(sum.samples()).isEqualTo(sink.samples()).isBetween(50L, 60L);
    assertThat(sum.reconciles()).isTrue();
  }

  @Test
  void goesOnAfterARestartAsIfNothingHadHappened(@TempDir Path folder) throws Exception {
    TestingFrameSink whole = new TestingFrameSink();
    feed(options(60, folder.resolve("whole"))).run(whole, new StopSignal());
    TestingFrameSink first = new TestingFrameSink();
    feed(options(25, folder.resolve("parts"))).run(first, new StopSignal());
    TestingFrameSink second = new TestingFrameSink();
    feed(options(35, folder.resolve("parts"))).run(second, new StopSignal());

    List<TelemetryFrame> both = new ArrayList<>(first.frames);
    both.addAll(second.frames);
    assertThat(both).isEqualTo(whole.frames);
    assertThat(whole.failures).hasSizeGreaterThan(3);
    assertThat(whole.retired).hasSizeGreaterThan(2);
    assertThat(first.failures.size() + second.failures.size()).isEqualTo(whole.failures.size());
  }

  @Test
  void neverPassesThePresent(@TempDir Path folder) throws Exception {
    StopSignal stop = new StopSignal();
    TestingFrameSink sink = new TestingFrameSink();
    long[] asked = {0};
    SimulatedFeed feed =
        new SimulatedFeed(
            options(100, folder.resolve("position")),
            progress -> {},
            () -> {
              // After it has looked at the clock often enough, it would have run away.
              if (++asked[0] > 4) {
                stop.stop();
              }
              return START + 4 * DAY - 1;
            });
    feed.run(sink, stop);

    assertThat(sink.frames).hasSize(12);
    assertThat(sink.frames).allMatch(frame -> frame.getTimeMillis() < START + 4 * DAY);
  }
}
