package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.sources.InventoryReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileFeedTest {

  private static final long NOW = Instant.parse("2025-01-01T00:00:00Z").toEpochMilli();

  private final TreeMap<LocalDate, List<String>> days = TestingDriveStats.days(11, 100, 14);
  private final List<FeedProgress> progress = new ArrayList<>();

  private FileFeed feed(FileFeed.Options options) {
    return new FileFeed(options, progress::add, () -> NOW);
  }

  private static FileFeed.Options driveStats(Path folder) {
    return FileFeed.Options.of(FileFeed.Kind.DRIVE_STATS, List.of(folder));
  }

  private long rows() {
    return days.values().stream().mapToLong(List::size).sum();
  }

  @Test
  void sendsEachRowOnceInTimeOrderByNode(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(folder, days);
    TestingFrameSink sink = new TestingFrameSink();
    FeedSummary sum = feed(driveStats(folder)).run(sink, new StopSignal());

    assertThat(sum.rows()).isEqualTo(rows());
    assertThat(sum.samples()).isEqualTo(rows()).isEqualTo(sink.samples());
    assertThat(sum.frames()).isEqualTo(sink.frames.size());
    assertThat(sum.batches()).isEqualTo(14);
    assertThat(sum.deadLetters()).isZero();
    assertThat(sum.reconciles()).isTrue();
    assertThat(sink.letters).isEmpty();
    Set<String> seen = new HashSet<>();
    long time = 0;
    for (TelemetryFrame frame : sink.frames) {
      assertThat(frame.getSource()).isEqualTo("drive-stats-csv");
      assertThat(frame.getTimeMillis()).isGreaterThanOrEqualTo(time);
      time = frame.getTimeMillis();
      assertThat(seen.add(frame.getNode() + frame.getSequence())).isTrue();
      for (Sample sample : frame.getSamples()) {
        assertThat(seen.add(sample.getEntity().getId() + "@" + time)).isTrue();
      }
    }
    // 100 disks need three nodes of 45, each in one place for all its frames.
    assertThat(sink.frames)
        .extracting(TelemetryFrame::getNode)
        .containsOnly("n-0001", "n-0002", "n-0003");
    assertThat(sink.members).allMatch(FleetMember::synthetic);
    long failed =
        days.values().stream()
            .flatMap(List::stream)
            .filter(line -> line.split(",")[4].equals("1"))
            .count();
    assertThat(failed).isPositive();
    assertThat(sink.failures).hasSize((int) failed);
    assertThat(progress).isNotEmpty();
    FeedProgress last = progress.get(progress.size() - 1);
    assertThat(last.rowsInAll()).isEqualTo(rows());
    assertThat(last.leftMillis()).isZero();
  }

  @Test
  void carriesValuesModelAndCapacityAsTheFileHasThem(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(
        folder.resolve("2024-03-01.csv"),
        List.of("2024-03-01,Z1,SYNTH MODEL A,4000787030016,0,100.0,8,1234,,31.0,0,3702"));
    TestingFrameSink sink = new TestingFrameSink();
    feed(driveStats(folder)).run(sink, new StopSignal());

    assertThat(sink.frames).hasSize(1);
    TelemetryFrame frame = sink.frames.get(0);
    assertThat(frame.getTimeMillis())
        .isEqualTo(Instant.parse("2024-03-01T00:00:00Z").toEpochMilli());
    Sample sample = frame.getSamples().get(0);
    assertThat(sample.getModel()).isEqualTo("SYNTH MODEL A");
    assertThat(sample.getCapacityBytes()).isEqualTo(4000787030016L);
    assertThat(sample.getMetrics())
        .isEqualTo(
            Map.of(
                "smart_5_normalized", 100.0,
                "smart_5_raw", 8.0,
                "smart_9_raw", 1234.0,
                "smart_194_raw", 31.0,
                "smart_197_raw", 0.0,
                "smart_240_raw", 3702.0));
  }

  @Test
  void accountsForEveryRowItRefuses(@TempDir Path folder) throws Exception {
    TreeMap<LocalDate, List<String>> hostile = new TreeMap<>();
    days.forEach((day, lines) -> hostile.put(day, new ArrayList<>(lines)));
    LocalDate day = days.firstKey().plusDays(3);
    List<String> lines = hostile.getOrDefault(day, List.of());
    lines.add(lines.get(0));
    lines.set(1, TestingDriveStats.with(lines.get(1), 6, "NaN"));
    lines.set(2, TestingDriveStats.with(lines.get(2), 7, "1e300"));
    lines.add("short,row");
    TestingDriveStats.write(folder, hostile);
    TestingDriveStats.write(
        folder.resolve("2031-01-01.csv"),
        List.of(TestingDriveStats.with(lines.get(5), 0, "2031-01-01")));
    Files.writeString(folder.resolve("2024-01-01.csv"), "\u0000\u0001 no table at all");
    TestingFrameSink sink = new TestingFrameSink();
    FileFeed feed = feed(driveStats(folder));
    FeedSummary sum = feed.run(sink, new StopSignal());

    assertThat(sum.rows()).isEqualTo(rows() + 3);
    assertThat(sum.samples()).isEqualTo(rows() - 2).isEqualTo(sink.samples());
    assertThat(sum.refused()).isEqualTo(5);
    assertThat(sum.brokenFiles()).isEqualTo(1);
    assertThat(sum.deadLetters()).isEqualTo(6).isEqualTo(sink.letters.size());
    assertThat(sum.reconciles()).isTrue();
    assertThat(feed.reasons())
        .isEqualTo(
            Map.of(
                DeadReason.DUPLICATE, 1L,
                DeadReason.NOT_A_NUMBER, 1L,
                DeadReason.OUT_OF_RANGE, 1L,
                DeadReason.TRUNCATED, 1L,
                DeadReason.FUTURE_TIME, 1L,
                DeadReason.MISSING_FIELD, 1L));
    DeadLetter twice =
        sink.letters.stream()
            .filter(letter -> letter.getReason() == DeadReason.DUPLICATE)
            .findFirst()
            .orElseThrow();
    assertThat(twice.getOrigin()).contains(day.toString());
    assertThat(twice.getPartition()).isEqualTo(-1);
    assertThat(twice.getOffset()).isEqualTo(lines.size());
    assertThat(twice.getEntity().getId()).isEqualTo(lines.get(0).split(",")[1]);
    assertThat(twice.getTimeMillis())
        .isEqualTo(day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
  }

  @Test
  void goesOnWhereItWasInterruptedAndTheCountsAddUp(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(folder.resolve("in"), days);
    TestingFrameSink whole = new TestingFrameSink();
    feed(driveStats(folder.resolve("in"))).run(whole, new StopSignal());

    FileFeed.Options options =
        driveStats(folder.resolve("in")).withPosition(folder.resolve("position"));
    StopSignal stop = new StopSignal();
    TestingFrameSink first = new TestingFrameSink();
    first.afterFrame(
        () -> {
          if (first.frames.size() == 13) {
            stop.stop();
          }
        });
    FeedSummary half = feed(options).run(first, stop);
    assertThat(half.batches()).isBetween(4L, 6L);
    assertThat(half.samples()).isEqualTo(first.samples());

    TestingFrameSink second = new TestingFrameSink();
    second.know(first);
    FeedSummary all = feed(options).run(second, new StopSignal());
    List<TelemetryFrame> both = new ArrayList<>(first.frames);
    both.addAll(second.frames);
    assertThat(both).isEqualTo(whole.frames);
    assertThat(all.rows()).isEqualTo(rows());
    assertThat(all.samples()).isEqualTo(rows());
    assertThat(all.failures()).isEqualTo(whole.failures.size());

    // Done is done; a later file is taken, and only that.
    TestingFrameSink third = new TestingFrameSink();
    third.know(first);
    third.know(second);
    assertThat(feed(options).run(third, new StopSignal())).isEqualTo(all);
    assertThat(third.frames).isEmpty();
    TestingDriveStats.write(
        folder.resolve("in").resolve("2024-04-01.csv"),
        List.of("2024-04-01,ZNEW,SYNTH MODEL A,1,0,,,,,,,"));
    assertThat(feed(options).run(third, new StopSignal()).rows()).isEqualTo(rows() + 1);
    assertThat(third.frames).hasSize(1);
  }

  @Test
  void refusesAPositionThatIsNone(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(folder.resolve("in"), days);
    Files.writeString(folder.resolve("position"), "something else");
    assertThatThrownBy(
            () ->
                feed(driveStats(folder.resolve("in")).withPosition(folder.resolve("position")))
                    .run(new TestingFrameSink(), new StopSignal()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("remove it to begin anew");
  }

  @Test
  void followsAFolder(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(folder, days);
    FileFeed.Options plain = driveStats(folder);
    FileFeed.Options options =
        new FileFeed.Options(
            plain.kind(), plain.paths(), List.of(), List.of(), 1e12, 1e12, null, true, 0);
    StopSignal stop = new StopSignal();
    TestingFrameSink sink = new TestingFrameSink();
    Set<Long> times = new TreeSet<>();
    sink.afterFrame(
        () -> {
          times.add(sink.frames.get(sink.frames.size() - 1).getTimeMillis());
          if (times.size() == 14) {
            try {
              TestingDriveStats.write(
                  folder.resolve("2024-04-01.csv"),
                  List.of("2024-04-01,ZNEW,SYNTH MODEL A,1,0,,,,,,,"));
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          } else if (times.size() == 15) {
            stop.stop();
          }
        });
    FeedSummary sum = feed(options).run(sink, stop);

    assertThat(sum.rows()).isEqualTo(rows() + 1);
    assertThat(sink.frames.get(sink.frames.size() - 1).getSamples().get(0).getEntity().getId())
        .isEqualTo("ZNEW");
  }

  @Test
  void placesDisksWhereTheInventorySays(@TempDir Path folder) throws Exception {
    TestingDriveStats.write(folder.resolve("in"), days);
    Path inventory = folder.resolve("inventory.csv");
    Files.writeString(
        inventory,
        "kind,id,node,rack,zone,region,pool,tier,model,capacity_bytes\n"
            + "node,store-1,,rack-9,power-b,north,gold,hdd,,\n"
            + "disk,"
            + TestingDriveStats.serial(0)
            + ",store-1,,,,,,SYNTH MODEL A,4000787030016\n"
            + "disk,BROKEN,store-2,,,,,,,\n");
    TestingFrameSink sink = new TestingFrameSink();
    FeedSummary sum =
        feed(driveStats(folder.resolve("in")).withInventory(InventoryReader.read(inventory)))
            .run(sink, new StopSignal());

    FleetMember disk =
        sink.members.stream()
            .filter(member -> member.subject().id().equals(TestingDriveStats.serial(0)))
            .findFirst()
            .orElseThrow();
    assertThat(disk.place().rack()).isEqualTo("rack-9");
    assertThat(disk.place().pool()).isEqualTo("gold");
    assertThat(disk.synthetic()).isFalse();
    assertThat(sink.members).filteredOn(member -> !member.synthetic()).hasSize(2);
    assertThat(sink.members.stream().filter(m -> m.subject().kind() == Subject.Kind.DISK).count())
        .isEqualTo(100);
    assertThat(sink.frames)
        .filteredOn(frame -> frame.getNode().equals("store-1"))
        .hasSizeGreaterThan(10)
        .allMatch(
            frame ->
                frame.getSamples().size() == 1
                    && frame
                        .getSamples()
                        .get(0)
                        .getEntity()
                        .getId()
                        .equals(TestingDriveStats.serial(0)));
    assertThat(sum.brokenFiles()).isEqualTo(1);
    assertThat(sink.letters)
        .extracting(DeadLetter::getReason)
        .containsExactly(DeadReason.MISSING_FIELD);
  }

  @Test
  void keepsThePaceOfEventTimeAndOfRows() throws Exception {
    long[] nanos = {0};
    StopSignal stopped = new StopSignal();
    stopped.stop();
    // A day of event time takes a second at 86,400 fold.
    Pace pace = new Pace(86_400, 100, () -> nanos[0]);
    assertThat(pace.awaitEvent(0, new StopSignal())).isTrue();
    nanos[0] = 999_000_000;
    StopSignal ends = new StopSignal();
    Thread later = new Thread(ends::stop);
    later.start();
    assertThat(pace.awaitEvent(86_400_000, ends)).isFalse();
    later.join();
    nanos[0] = 1_000_000_000;
    assertThat(pace.awaitEvent(86_400_000, new StopSignal())).isTrue();
    assertThat(pace.awaitRows(100, new StopSignal())).isTrue();
    assertThat(pace.awaitRows(1, stopped)).isFalse();
  }
}
