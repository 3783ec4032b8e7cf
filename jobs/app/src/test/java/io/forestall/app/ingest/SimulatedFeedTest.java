package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import io.forestall.sim.SimulatedFleet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedFeedTest {

  private static final long HOUR = 3_600_000L;
  private static final long DAY = 24 * HOUR;
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

  /** Machines from two hours before NOW on, to one hour after it. */
  private static final long NOW = START + 20 * DAY + 5 * HOUR;

  private static SimulatedFeed.Options live(Path position, long lastMillis) {
    return new SimulatedFeed.Options(
        new SimulatedFleet.Options(5, 3, 4, START, DAY, 0),
        0,
        Long.MAX_VALUE,
        position,
        new SimulatedFeed.Live(2 * HOUR, 60_000, 15_000, 60_000, lastMillis, 1));
  }

  private static List<TelemetryFrame> run(Path position, long lastMillis, LongSupplier clock)
      throws Exception {
    TestingFrameSink sink = new TestingFrameSink();
    new SimulatedFeed(live(position, lastMillis), progress -> {}, clock)
        .run(sink, new StopSignal());
    return sink.frames;
  }

  @Test
  void historyThenMachinesAllOnOneLineOfTime(@TempDir Path folder) throws Exception {
    List<TelemetryFrame> frames = run(folder.resolve("position"), NOW + HOUR, () -> NOW + HOUR);

    long before = 0;
    for (TelemetryFrame frame : frames) {
      assertThat(frame.getTimeMillis()).isGreaterThanOrEqualTo(before);
      before = frame.getTimeMillis();
    }
    long from = NOW - HOUR;
    assertThat(frames)
        .filteredOn(frame -> frame.getTimeMillis() < from)
        .hasSize(21 * 3)
        .allMatch(
            frame ->
                frame.getSamples().stream()
                    .allMatch(sample -> sample.getEntity().getKind() == EntityKind.DISK));
    assertThat(frames)
        .filteredOn(frame -> frame.getTimeMillis() >= from)
        .extracting(TelemetryFrame::getNode)
        .contains("n-0001", "p-1", "h-1", "client-1");
    // One sample an entity: a disk's attributes and its load stand together.
    assertThat(frames)
        .allSatisfy(
            frame ->
                assertThat(frame.getSamples())
                    .extracting(sample -> sample.getEntity().toString())
                    .doesNotHaveDuplicates());
    assertThat(frames)
        .anySatisfy(
            frame ->
                assertThat(frame.getSamples())
                    .anySatisfy(
                        sample ->
                            assertThat(sample.getMetrics())
                                .containsKeys("disk_reads_total", "smart_5_raw")));
    assertThat(before).isEqualTo(NOW + HOUR);
  }

  @Test
  void machinesGoOnAfterARestart(@TempDir Path folder) throws Exception {
    Path position = folder.resolve("position");
    List<TelemetryFrame> first = run(position, NOW, () -> NOW);
    List<TelemetryFrame> second = run(position, NOW + 600_000, () -> NOW + 600_000);
    long last = first.get(first.size() - 1).getTimeMillis();
    assertThat(second).isNotEmpty();
    assertThat(second.get(0).getTimeMillis()).isGreaterThan(last).isLessThan(last + 120_000);
    assertThat(second)
        .extracting(TelemetryFrame::getSequence)
        .allMatch(sequence -> sequence > first.get(first.size() - 1).getSequence());
    assertThat(second)
        .anySatisfy(
            frame ->
                assertThat(frame.getSamples())
                    .anyMatch(sample -> sample.getEntity().getKind() == EntityKind.DISK));
  }

  @Test
  void takesFaultsThatAreDroppedAndRefusesWrongOnes(@TempDir Path folder) throws Exception {
    Path position = folder.resolve("position");
    FaultFile file = new FaultFile(folder);
    List<String> said = new ArrayList<>();
    run(position, NOW, () -> NOW);
    assertThat(file.targets()).contains("node/n-0002", "edge/n-0001>n-0002", "processor/p-1");

    String text =
        file.change(
            none ->
                List.of(
                    new Fault("f-1", FaultKind.SILENT_NODE, "node/n-0002", NOW, NOW + HOUR, 1)));
    TestingFrameSink sink = new TestingFrameSink();
    new SimulatedFeed(
            live(position, NOW + HOUR / 2),
            progress -> {},
            () -> NOW + HOUR / 2,
            said::add,
            () -> said.add("present"))
        .run(sink, new StopSignal());
    assertThat(said).as("once").containsOnlyOnce("present");
    assertThat(file.isTaken(text)).isTrue();
    assertThat(said).anyMatch(line -> line.contains("f-1") && line.contains("node/n-0002"));
    assertThat(sink.frames)
        .filteredOn(frame -> frame.getNode().equals("n-0002"))
        .as("only the first step, before the faults were looked at")
        .hasSizeLessThan(2);
    assertThat(sink.frames)
        .filteredOn(frame -> frame.getNode().equals("n-0001"))
        .hasSizeGreaterThan(20);

    String wrong =
        file.change(
            before ->
                List.of(new Fault("f-2", FaultKind.SILENT_NODE, "node/nobody", NOW, NOW + DAY, 1)));
    run(position, NOW + HOUR, () -> NOW + HOUR);
    assertThatThrownBy(() -> file.isTaken(wrong)).hasMessageContaining("no node/nobody");

    Files.writeString(folder.resolve("faults"), "forestall-faults-1\nf-3\tslow-disk\n");
    assertThatThrownBy(file::read).hasMessageContaining("line 2").hasMessageContaining("6 fields");
    Files.writeString(folder.resolve("faults"), "anything");
    assertThatThrownBy(file::read).hasMessageContaining("no file of faults");
  }

  @Test
  void hurriesAfterThePresentAtItsPaceAndNeverPassesIt(@TempDir Path folder) throws Exception {
    Path position = folder.resolve("position");
    long[] wall = {NOW};
    List<Long> ahead = new ArrayList<>();
    TestingFrameSink sink = new TestingFrameSink();
    // The clock moves with each frame, so that no time has to be waited for.
    sink.afterFrame(
        () -> {
          wall[0] += 400;
          ahead.add(sink.frames.get(sink.frames.size() - 1).getTimeMillis() - wall[0]);
        });
    SimulatedFeed.Options options =
        new SimulatedFeed.Options(
            new SimulatedFleet.Options(5, 3, 4, START, DAY, 0),
            0,
            Long.MAX_VALUE,
            position,
            new SimulatedFeed.Live(2 * HOUR, 60_000, 15_000, 60_000, NOW - HOUR, 3));
    new SimulatedFeed(options, progress -> {}, () -> wall[0] += 50).run(sink, new StopSignal());

    assertThat(ahead).allMatch(millis -> millis <= 0);
    // Machines begin two hours before a present that is two hours behind, an hour for each of the
    // two paces above life's.
    TelemetryFrame first =
        sink.frames.stream()
            .filter(frame -> frame.getNode().equals("p-1"))
            .findFirst()
            .orElseThrow();
    assertThat(first.getTimeMillis()).isBetween(NOW - 4 * HOUR, NOW - 4 * HOUR + 180_000);
    assertThat(SimulatedFeed.machinesMillis(position)).isEqualTo(NOW - HOUR);
    assertThat(SimulatedFeed.machinesMillis(folder.resolve("none"))).isEqualTo(-1);
  }
}
