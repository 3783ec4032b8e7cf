package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.RiskHarness.Backend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PoolOperatorTest {

  @ParameterizedTest
  @EnumSource
  void decidesAtOnceByTheWallClock(Backend backend) throws Exception {
    try (Harness pools = processing(backend, TestingTally.Brain::silent, null)) {
      pools.wallClock(100).send("p/0/a", "q/0/a").wallClock(105).send("p/0/a");

      assertThat(pools.output()).containsExactly("p a 1 @100", "q a 1 @100", "p a 2 @105");
      assertThat(pools.wallClockTimers()).as("one for each pool").isEqualTo(2);

      pools.wallClock(110);
      assertThat(pools.news()).endsWith("q quiet @110");
      pools.wallClock(115);
      assertThat(pools.news()).containsExactly("p quiet @115");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void writesRowsOnlyWithASnapshot(Backend backend) throws Exception {
    try (Harness pools = processing(backend, TestingTally.Brain::silent, null)) {
      pools.wallClock(100).send("p/0/a", "p/0/b");
      assertThat(pools.keys(PoolOperator.ROWS)).isZero();

      pools.snapshot();
      assertThat(pools.keys(PoolOperator.ROWS)).isEqualTo(1);

      pools.send("p/0/forget");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void goesOnWhereTheSnapshotWas(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Harness pools = processing(backend, TestingTally.Brain::silent, null)) {
      pools.wallClock(100).send("p/0/a", "q/0/b");
      snapshot = pools.snapshot();
      pools.send("p/0/a", "p/0/a");
    }
    try (Harness pools = processing(backend, TestingTally.Brain::silent, snapshot)) {
      assertThat(pools.wallClockTimers()).isEqualTo(2);
      pools.wallClock(104).send("p/0/a");
      assertThat(pools.news()).containsExactly("p a 2 @104");

      pools.wallClock(200);
      assertThat(pools.news())
          .as("also of the pool that nobody spoke to")
          .containsExactlyInAnyOrder("q quiet @200", "p quiet @200");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void spreadsOverMoreSubtasks(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    List<String> expected = new ArrayList<>();
    try (Harness pools = processing(backend, TestingTally.Brain::greeting, null)) {
      pools.wallClock(100);
      pools.broadcast("news");
      for (int i = 0; i < 20; i++) {
        pools.send("pool" + i + "/0/a");
        expected.add("pool" + i + " a 2 @101");
      }
      snapshot = pools.snapshot();
    }
    List<String> found = new ArrayList<>();
    for (int subtask = 0; subtask < 3; subtask++) {
      try (Harness pools =
          Harness.of(processing(TestingTally.Brain::greeting), backend, snapshot, 3, subtask)) {
        pools.wallClock(101);
        List<String> heard = pools.news();
        assertThat(heard)
            .as("each pool hears what is shared, then of the start")
            .isNotEmpty()
            .allMatch(line -> line.contains(" news 2 ") || line.contains(" started 2 "));
        for (int i = 0; i < heard.size(); i += 2) {
          String pool = TestingTally.pool(heard.get(i).replace(' ', '/'));
          assertThat(heard.get(i)).isEqualTo(pool + " news 2 @101");
          assertThat(heard.get(i + 1)).isEqualTo(pool + " started 2 @101");
          pools.send(pool + "/0/a");
        }
        found.addAll(pools.news());
        pools.wallClock(1000);
        pools.nothingLeft();
      }
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void eachPoolHearsOfTheStartAndOfWhatIsShared() throws Exception {
    try (Harness pools = processing(Backend.HEAP, TestingTally.Brain::greeting, null)) {
      pools.wallClock(100).send("p/0/a");
      assertThat(pools.news()).containsExactly("p none 1 @100", "p started 1 @100", "p a 1 @100");

      pools.send("q/0/a").broadcast("x");
      assertThat(pools.news()).endsWith("p x 1 @100", "q x 1 @100");
    }
  }

  @ParameterizedTest
  @EnumSource
  void waitsForTheWatermark(Backend backend) throws Exception {
    try (Harness pools = event(backend, null)) {
      pools.send("p/105/b", "p/103/a", "q/130/a");
      assertThat(pools.output()).isEmpty();

      pools.reach(110);
      assertThat(pools.news()).containsExactly("p a 1 @103", "p b 1 @105");
      pools.send("p/119/c").reach(129);
      assertThat(pools.news())
          .as("the alarm comes before what happened after it")
          .containsExactly("p quiet @115", "p c 1 @119", "p quiet @129");
      pools.reach(140);
      assertThat(pools.news()).containsExactly("q a 1 @130", "q quiet @140");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void urgentAndLateInputsDoNotWait(Backend backend) throws Exception {
    try (Harness pools = event(backend, null)) {
      pools.send("p/105/fire!");
      assertThat(pools.news()).containsExactly("p fire! 1 @105");
      pools.reach(107).send("p/103/late", "p/150/fire!");
      assertThat(pools.news()).containsExactly("p late 1 @107", "p fire! 2 @107");
      pools.reach(117);
      assertThat(pools.news()).containsExactly("p quiet @117");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void waitingInputsSurviveARestore(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Harness pools = event(backend, null)) {
      pools.send("p/100/a").reach(102).send("p/105/b", "q/104/a");
      snapshot = pools.snapshot();
      pools.reach(200);
    }
    try (Harness pools = event(backend, snapshot)) {
      assertThat(pools.output()).isEmpty();
      pools.send("p/103/a").reach(106);
      assertThat(pools.news()).containsExactlyInAnyOrder("p a 2 @103", "p b 1 @105", "q a 1 @104");
      pools.snapshot();
      assertThat(pools.keys(PoolOperator.WAITING)).isZero();
      pools.reach(1000);
      assertThat(pools.news()).containsExactlyInAnyOrder("p quiet @115", "q quiet @114");
      pools.nothingLeft();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyOrderWithinTheBoundAndAnyWatermarkGiveTheSame(long seed) throws Exception {
    Random random = new Random(seed);
    List<String> inputs = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      inputs.add("p" + random.nextInt(3) + "/" + random.nextInt(1000) + "/w" + random.nextInt(4));
    }
    inputs.sort((a, b) -> Long.compare(millis(a), millis(b)));
    List<String> straight = run(inputs, new Random(0), 0, 1);

    for (int bound : List.of(1, 20, 300)) {
      List<String> shuffled = run(inputs, random, bound, 1 + random.nextInt(50));
      assertThat(shuffled)
          .as("seed %d, bound %d", seed, bound)
          .containsExactlyInAnyOrderElementsOf(straight);
    }
  }

  /** Shuffles within the bound, and lets the watermark follow at some distance. */
  private static List<String> run(List<String> inputs, Random random, int bound, int every)
      throws Exception {
    record Arrival(String input, long atMillis) {}
    List<Arrival> arrivals = new ArrayList<>();
    for (String input : inputs) {
      arrivals.add(new Arrival(input, millis(input) + (bound == 0 ? 0 : random.nextInt(bound))));
    }
    if (bound > 0) {
      Collections.shuffle(arrivals, random);
    }
    arrivals.sort((a, b) -> Long.compare(a.atMillis, b.atMillis));
    try (Harness pools = event(Backend.HEAP, null)) {
      int count = 0;
      for (Arrival arrival : arrivals) {
        pools.send(arrival.input);
        if (++count % every == 0) {
          pools.reach(arrival.atMillis - Math.max(1, bound));
        }
      }
      pools.reach(Long.MAX_VALUE);
      pools.nothingLeft();
      return pools.output();
    }
  }

  private static long millis(String input) {
    return new TestingTally.Order().timeMillis(input);
  }

  private static Harness processing(
      Backend backend,
      PoolBrain.Factory<TestingTally.State, String, String, String> brain,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    return Harness.of(processing(brain), backend, from, 1, 0);
  }

  private static PoolOperator<TestingTally.State, String, String, String> processing(
      PoolBrain.Factory<TestingTally.State, String, String, String> brain) {
    return PoolOperator.processingTime(brain);
  }

  private static Harness event(Backend backend, @Nullable OperatorSubtaskState from)
      throws Exception {
    return Harness.of(
        PoolOperator.eventTime(TestingTally.Brain::silent, new TestingTally.Order(), Types.STRING),
        backend,
        from,
        1,
        0);
  }

  private record Harness(KeyedHarness<String, String, String, String> keyed)
      implements AutoCloseable {

    static Harness of(
        PoolOperator<TestingTally.State, String, String, String> operator,
        Backend backend,
        @Nullable OperatorSubtaskState from,
        int parallelism,
        int subtask)
        throws Exception {
      return new Harness(
          KeyedHarness.of(
              operator,
              TestingTally::pool,
              Types.STRING,
              Types.STRING,
              backend,
              from,
              parallelism,
              subtask));
    }

    Harness send(String... inputs) throws Exception {
      keyed.send(inputs);
      return this;
    }

    Harness broadcast(String text) throws Exception {
      keyed.broadcast(text);
      return this;
    }

    Harness wallClock(long millis) throws Exception {
      keyed.wallClock(millis);
      return this;
    }

    Harness reach(long millis) throws Exception {
      keyed.reach(millis);
      return this;
    }

    OperatorSubtaskState snapshot() throws Exception {
      return keyed.snapshot();
    }

    List<String> output() {
      return keyed.output();
    }

    List<String> news() {
      return keyed.news();
    }

    long keys(String state) {
      return keyed.keys(state);
    }

    int wallClockTimers() {
      return keyed.wallClockTimers();
    }

    void nothingLeft() {
      assertThat(keyed.keys(PoolOperator.ROWS)).isZero();
      assertThat(keyed.timers()).isZero();
      assertThat(keyed.wallClockTimers()).isZero();
    }

    @Override
    public void close() throws Exception {
      keyed.close();
    }
  }
}
