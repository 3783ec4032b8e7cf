package io.forestall.app.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class LocalRuntimeTest {
  /** The newest count of each run of the job, by the run's name. */
  private static final Map<String, Long> COUNTS = new ConcurrentHashMap<>();

  @Test
  void aSecondStartGoesOnFromTheNewestCompleteCheckpoint(@TempDir Path directory) throws Exception {
    LocalRuntime.Settings settings =
        LocalRuntime.Settings.in(directory.resolve("a folder"))
            .withFlink(Configuration.fromMap(Map.of("execution.checkpointing.interval", "100 ms")));
    long before;
    try (LocalRuntime runtime = LocalRuntime.start(settings)) {
      EmbeddedFlink.SubmittedJob job =
          runtime.flink().submit("counting", environment -> count(environment, "first"));
      assertThat(job.resumedFrom()).isNull();
      runtime.flink().awaitRunning(job, Duration.ofSeconds(60));
      Await.until(Duration.ofSeconds(30), "counts", () -> COUNTS.getOrDefault("first", 0L) >= 100);
      before = COUNTS.getOrDefault("first", 0L);
      runtime.flink().checkpoint(job, Duration.ofSeconds(20));
      assertThat(get(runtime.flink().restAddress().resolve("/jobs/" + job.id())))
          .contains("\"counting\"");
      assertThat(get(runtime.flink().restAddress())).contains("Apache Flink Web Dashboard");
    }
    // What a killed process leaves behind.
    Path stale = directory.resolve("a folder/flink/tmp/flink-rpc-akka_stale.jar");
    Files.createDirectories(stale.getParent());
    Files.writeString(stale, "stale", StandardCharsets.UTF_8);
    Path unfinished =
        directory.resolve("a folder/flink/checkpoints/counting").resolve("later/chk-99/part");
    Files.createDirectories(unfinished.getParent());
    Files.writeString(unfinished, "no _metadata: it never completed", StandardCharsets.UTF_8);

    try (LocalRuntime runtime = LocalRuntime.start(settings)) {
      assertThat(stale).doesNotExist();
      EmbeddedFlink.SubmittedJob job =
          runtime.flink().submit("counting", environment -> count(environment, "second"));
      assertThat(job.resumedFrom()).isNotNull().isNotEqualTo(unfinished.getParent());
      assertThat(unfinished).doesNotExist();
      Await.until(Duration.ofSeconds(60), "counts", () -> COUNTS.containsKey("second"));
      assertThat(COUNTS.get("second")).isGreaterThanOrEqualTo(before);
    }
  }

  @Test
  void twoRuntimesDoNotShareAFolder(@TempDir Path directory) {
    LocalRuntime.Settings settings = LocalRuntime.Settings.in(directory);
    try (LocalRuntime first = LocalRuntime.start(settings)) {
      assertThat(first.directory()).isEqualTo(directory);
      assertThatThrownBy(() -> LocalRuntime.start(settings))
          .isInstanceOf(CommandFailure.class)
          .hasMessageContaining("in use by another running demo")
          .hasMessageContaining("--directory");
    }
  }

  @Test
  void aFullDiskIsSaidBeforeAnythingStarts(@TempDir Path directory) {
    LocalRuntime.Settings greedy =
        new LocalRuntime.Settings(
            directory, 0, 0, "forestall", new Configuration(), Long.MAX_VALUE);
    assertThatThrownBy(() -> LocalRuntime.start(greedy))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("MiB free")
        .hasMessageContaining("--directory");
    assertThat(directory.resolve("kafka")).doesNotExist();
  }

  @Test
  void aFolderThatIsAFileIsOneLine(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> LocalRuntime.start(LocalRuntime.Settings.in(file)))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("cannot write in " + file);
  }

  private static String get(URI address) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
        .body();
  }

  private static void count(StreamExecutionEnvironment environment, String run) {
    environment.setParallelism(1);
    GeneratorFunction<Long, Long> itself = value -> value;
    environment
        .fromSource(
            new DataGeneratorSource<>(
                itself, Long.MAX_VALUE, RateLimiterStrategy.perSecond(2_000), Types.LONG),
            WatermarkStrategy.noWatermarks(),
            "numbers")
        .uid("numbers")
        .keyBy(value -> 0)
        .process(new Counter(run))
        .uid("counter")
        .sinkTo(new DiscardingSink<>())
        .uid("nowhere");
  }

  private static final class Counter extends KeyedProcessFunction<Integer, Long, Long> {
    private static final long serialVersionUID = 1L;
    private final String run;
    private transient ValueState<Long> count;

    Counter(String run) {
      this.run = run;
    }

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }

    @Override
    public void processElement(Long value, Context context, Collector<Long> out) throws Exception {
      Long before = count.value();
      long now = before == null ? 1 : before + 1;
      count.update(now);
      COUNTS.put(run, now);
      out.collect(now);
    }
  }
}
