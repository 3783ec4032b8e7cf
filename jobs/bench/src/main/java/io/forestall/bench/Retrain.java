package io.forestall.bench;

import io.forestall.app.ingest.FileFeed;
import io.forestall.app.ingest.StopSignal;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.operators.SenseOptions;
import io.forestall.operators.train.TrainOptions;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.Risk;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.schemas.TrialVerdict;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Replays a change log through a broker with the sense and the train job running, retrains on the
 * way, and looks at how the sense job took each model that was accepted. Prints each trial; the
 * replay waits at each trial's day until it has ended, as life would.
 *
 * <p>Arguments: {@code --data DIR --directory DIR --share 0.25 --every 90 --effort 0.3 --epochs 1
 * --confidence 0.8 --until 2015-12-31}. Exit code 1 when there were fewer than four trainings, none
 * was accepted or none refused, or a model was swapped cold.
 */
public final class Retrain {
  private static final Duration PATIENCE = Duration.ofMinutes(30);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);

  /** How far behind a trial's day the replay goes on before it waits; days. */
  private static final int SLACK_DAYS = 2;

  /** Smallest share of its confidence that a disk keeps when a warm model takes over. */
  private static final double WARM = 0.9;

  private final LocalRuntime runtime;
  private final long everyMillis;
  private final List<ModelTrial> trials = new ArrayList<>();
  private final AvroCodec<ModelTrial> codec = AvroCodec.of(ModelTrial.class);
  private final KafkaConsumer<byte[], byte[]> trialReader;

  private Retrain(LocalRuntime runtime, long everyMillis) {
    this.runtime = runtime;
    this.everyMillis = everyMillis;
    this.trialReader = reader(Topics.MODEL_TRIALS);
  }

  /** Runs the replay. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args,
            "--home",
            "--data",
            "--directory",
            "--share",
            "--every",
            "--effort",
            "--epochs",
            "--confidence",
            "--until");
    if (!options.containsKey("--data")) {
      System.err.println("--data is missing: a folder with drives.csv.gz and changes.csv.gz");
      System.exit(2);
    }
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-retrain");
    long everyDays = Long.parseLong(options.getOrDefault("--every", "90"));
    Path data = directory.resolve("data");
    int drives =
        part(
            Path.of(options.get("--data")),
            data,
            Double.parseDouble(options.getOrDefault("--share", "0.25")),
            LocalDate.parse(options.getOrDefault("--until", "2100-01-01")));
    say("%d drives, retraining every %d days of event time", drives, everyDays);
    boolean held;
    try (LocalRuntime runtime =
        LocalRuntime.start(LocalRuntime.Settings.in(directory.resolve("runtime")))) {
      runtime.createTopics();
      EmbeddedFlink.SubmittedJob sense = runtime.submitSense();
      EmbeddedFlink.SubmittedJob train =
          runtime.submitTrain(
              Map.of(
                  TrainOptions.MODEL_UPDATE_INTERVAL.key(), everyDays + " d",
                  TrainOptions.HISTORY.key(), "500 d",
                  TrainOptions.TEST_PERIOD.key(), "90 d",
                  TrainOptions.HELD_OUT_SHARE.key(), "0.4",
                  TrainOptions.LEAST_FAILURES.key(), "5",
                  TrainOptions.CONFIDENCE.key(), options.getOrDefault("--confidence", "0.8"),
                  TrainOptions.EPOCHS.key(), options.getOrDefault("--epochs", "1"),
                  TrainOptions.EFFORT.key(), options.getOrDefault("--effort", "0.3"),
                  TrainOptions.HOLD_WHILE_TRAINING.key(), "true",
                  TrainOptions.SHIPPED_CHAMPION.key(), "false"));
      runtime.flink().awaitRunning(sense, PATIENCE);
      runtime.flink().awaitRunning(train, PATIENCE);
      Retrain retrain = new Retrain(runtime, everyDays * DAY_MILLIS);
      long samples = retrain.replay(data);
      held = retrain.judge(samples);
    }
    System.exit(held ? 0 : 1);
  }

  private static void say(String format, Object... arguments) {
    System.out.printf(Locale.ROOT, format + "%n", arguments);
  }

  // ---- the part of the data that is replayed

  /** Copies a share of the drives, by a hash of their serial, that begin before a day. */
  private static int part(Path from, Path to, double share, LocalDate until) throws IOException {
    Files.createDirectories(to);
    Set<String> chosen = new HashSet<>();
    copy(
        from,
        to,
        "drives.csv",
        (header, cells) -> {
          String serial = cells[header.column("serial_number")];
          LocalDate first = LocalDate.parse(cells[header.column("first_date")]);
          LocalDate last = LocalDate.parse(cells[header.column("last_date")]);
          if (!chosen(serial, share) || first.isAfter(until)) {
            return false;
          }
          if (last.isAfter(until)) {
            cells[header.column("last_date")] = until.toString();
            cells[header.column("failed")] = "0";
          }
          return chosen.add(serial);
        });
    copy(
        from,
        to,
        "changes.csv",
        (header, cells) -> chosen.contains(cells[header.column("serial_number")]));
    return chosen.size();
  }

  private static boolean chosen(String serial, double share) {
    CRC32C crc = new CRC32C();
    crc.update(serial.getBytes(StandardCharsets.UTF_8));
    return (crc.getValue() * 0x9E3779B97F4A7C15L >>> 11) * 0x1.0p-53 < share;
  }

  /** The columns of a file. */
  private record Header(List<String> names) {
    int column(String name) {
      int column = names.indexOf(name);
      if (column < 0) {
        throw new IllegalArgumentException("the file has no column " + name);
      }
      return column;
    }
  }

  /** Whether a row is kept; it may be changed. */
  private interface Row {
    boolean keep(Header header, String[] cells);
  }

  private static void copy(Path from, Path to, String name, Row row) throws IOException {
    Path packed = from.resolve(name + ".gz");
    boolean zipped = Files.isRegularFile(packed);
    try (BufferedReader in =
            new BufferedReader(
                new InputStreamReader(
                    zipped
                        ? new GZIPInputStream(Files.newInputStream(packed))
                        : Files.newInputStream(from.resolve(name)),
                    StandardCharsets.UTF_8));
        Writer out = Files.newBufferedWriter(to.resolve(name), StandardCharsets.UTF_8)) {
      String first = in.readLine();
      if (first == null) {
        throw new IOException(name + " is empty");
      }
      Header header = new Header(List.of(first.split(",", -1)));
      out.write(first + "\n");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] cells = line.split(",", -1);
        if (row.keep(header, cells)) {
          out.write(String.join(",", cells) + "\n");
        }
      }
    }
  }

  // ---- the replay

  private long replay(Path data) throws Exception {
    try (TelemetryPublisher publisher =
        TelemetryPublisher.open(
            runtime.kafkaOptions().clientProperties(), runtime.kafkaOptions().topicPrefix())) {
      publisher.publishSchemas("retrain", System.currentTimeMillis());
      Gate gate = new Gate(publisher);
      new FileFeed(
              FileFeed.Options.of(FileFeed.Kind.CHANGE_LOG, List.of(data)),
              progress -> {},
              System::currentTimeMillis)
          .run(gate, new StopSignal());
      return gate.samples;
    }
  }

  /** Lets frames through up to the next trial, and waits for its end. */
  private final class Gate implements FrameSink {
    private final FrameSink sink;
    private long trialMillis = Long.MIN_VALUE;
    private long samples;

    Gate(FrameSink sink) {
      this.sink = sink;
    }

    @Override
    public void frame(TelemetryFrame frame) {
      long time = frame.getTimeMillis();
      if (trialMillis == Long.MIN_VALUE) {
        trialMillis = next(time);
      } else if (time >= trialMillis + SLACK_DAYS * DAY_MILLIS) {
        sink.flush();
        await(trialMillis);
        trialMillis = next(trialMillis);
      }
      samples += frame.getSamples().size();
      sink.frame(frame);
    }

    private long next(long time) {
      return (Math.floorDiv(time, everyMillis) + 1) * everyMillis;
    }

    @Override
    public void member(FleetMember member, long timeMillis) {
      sink.member(member, timeMillis);
    }

    @Override
    public void retire(Subject subject) {
      sink.retire(subject);
    }

    @Override
    public void failure(DiskFailure failure, String source) {
      sink.failure(failure, source);
    }

    @Override
    public void deadLetter(DeadLetter letter) {
      sink.deadLetter(letter);
    }

    @Override
    public void flush() {
      sink.flush();
    }
  }

  private void await(long trialMillis) {
    try {
      Await.until(
          PATIENCE,
          "the trial of " + Instant.ofEpochMilli(trialMillis),
          () -> {
            readTrials();
            return trials.stream().anyMatch(trial -> trial.getTimeMillis() >= trialMillis);
          });
      ModelTrial trial = trials.get(trials.size() - 1);
      if (trial.getVerdict() == TrialVerdict.ACCEPTED) {
        Await.until(PATIENCE, "the sense job has read the model", this::modelIsRead);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private void readTrials() {
    for (ConsumerRecord<byte[], byte[]> record : trialReader.poll(POLL)) {
      try {
        ModelTrial trial = codec.decode(record.value());
        trials.add(trial);
        say(
            "%s %-8s %s %s (%d s)",
            Instant.ofEpochMilli(trial.getTimeMillis()).toString().substring(0, 10),
            trial.getVerdict(),
            trial.getReasons(),
            trial.getText(),
            trial.getTrainingMillis() / 1000);
      } catch (WireException e) {
        throw new IllegalStateException("the job wrote an unreadable trial", e);
      }
    }
  }

  /** Whether the sense job's checkpoint is behind every model that was accepted. */
  private boolean modelIsRead() {
    long accepted =
        trials.stream().filter(trial -> trial.getVerdict() == TrialVerdict.ACCEPTED).count();
    try (Admin admin = runtime.kafkaOptions().openAdmin();
        KafkaConsumer<byte[], byte[]> models = reader(Topics.MODELS)) {
      long last = -1;
      long count = 0;
      for (ConsumerRecord<byte[], byte[]> record : models.poll(Duration.ofSeconds(5))) {
        last = record.offset();
        count++;
      }
      Map<TopicPartition, OffsetAndMetadata> read =
          admin
              .listConsumerGroupOffsets(SenseOptions.GROUP_ID.defaultValue())
              .partitionsToOffsetAndMetadata()
              .get(30, TimeUnit.SECONDS);
      OffsetAndMetadata offset = read.get(new TopicPartition(name(Topics.MODELS), 0));
      return count >= accepted && offset != null && offset.offset() > last;
    } catch (Exception e) {
      throw new IllegalStateException("the offsets of the sense job are not to be had", e);
    }
  }

  private String name(Topics topic) {
    return topic.name(runtime.kafkaOptions().topicPrefix());
  }

  private KafkaConsumer<byte[], byte[]> reader(Topics topic) {
    Properties properties = runtime.kafkaOptions().clientProperties();
    properties.setProperty("enable.auto.commit", "false");
    properties.setProperty("isolation.level", "read_committed");
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(name(topic)).stream()
            .map(each -> new TopicPartition(each.topic(), each.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    return consumer;
  }

  // ---- what came of it

  /** How one version took over from another. */
  private static final class Swap {
    private int disks;
    private int cold;
    private double lowest = Double.POSITIVE_INFINITY;
  }

  /** What a disk's scores said last. */
  private record Last(long samples, int version, double confidence) {}

  private boolean judge(long samples) throws Exception {
    Map<String, Last> newest = new HashMap<>();
    Map<String, Swap> swaps = new TreeMap<>();
    AvroCodec<Risk> risks = AvroCodec.of(Risk.class);
    long[] scored = {0};
    try (KafkaConsumer<byte[], byte[]> reader = reader(Topics.RISK)) {
      Await.until(
          PATIENCE,
          "every sample is scored",
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
              scored[0] +=
                  record.value() != null && took(risk(risks, record.value()), newest, swaps)
                      ? 1
                      : 0;
            }
            return scored[0] >= samples;
          });
    }
    readTrials();
    say("%d samples, each scored; what each swap did to the confidence of the disks:", samples);
    boolean warm = true;
    for (Map.Entry<String, Swap> each : swaps.entrySet()) {
      Swap swap = each.getValue();
      say(
          "version %s: %d disks, %d with less than %.0f %% of their confidence, lowest %.2f",
          each.getKey(), swap.disks, swap.cold, 100 * WARM, swap.lowest);
      warm &= swap.cold == 0;
    }
    long trained = trials.stream().filter(trial -> trial.getChallengerVersion() != null).count();
    long accepted =
        trials.stream().filter(trial -> trial.getVerdict() == TrialVerdict.ACCEPTED).count();
    long refused =
        trials.stream()
            .filter(
                trial ->
                    trial.getVerdict() == TrialVerdict.REFUSED
                        && trial.getChallengerVersion() != null)
            .count();
    boolean held = trained >= 4 && accepted >= 1 && refused >= 1 && warm && !swaps.isEmpty();
    say(
        "%d trials, %d trainings, %d challengers accepted, %d refused, swapped %s: %s",
        trials.size(),
        trained,
        accepted,
        refused,
        swaps.isEmpty() ? "never" : warm ? "warm" : "cold",
        held ? "held" : "did not hold");
    return held;
  }

  private static Risk risk(AvroCodec<Risk> codec, byte[] value) {
    try {
      return codec.decode(value);
    } catch (WireException e) {
      throw new UncheckedIOException(new IOException("an unreadable score", e));
    }
  }

  /** True when it is a disk's next score. */
  private static boolean took(Risk risk, Map<String, Last> newest, Map<String, Swap> swaps) {
    if (risk.getStale() || risk.getEntity().getKind() != EntityKind.DISK) {
      return false;
    }
    Last before = newest.get(risk.getEntity().getId());
    if (before != null && risk.getSamples() <= before.samples()) {
      return false;
    }
    int version = risk.getModes().get(0).getModelVersion();
    if (before != null && before.version() != version) {
      Swap swap = swaps.computeIfAbsent(before.version() + " to " + version, key -> new Swap());
      double kept = risk.getConfidence() / before.confidence();
      swap.disks++;
      swap.cold += kept < WARM ? 1 : 0;
      swap.lowest = Math.min(swap.lowest, kept);
    }
    newest.put(
        risk.getEntity().getId(), new Last(risk.getSamples(), version, risk.getConfidence()));
    return true;
  }
}
