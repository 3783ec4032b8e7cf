package io.forestall.app.train;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.evaluate.ServerTrouble;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModelSet;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.risk.symptom.SymptomPolicy;
import io.forestall.sim.EvidenceTally;
import io.forestall.sim.FaultKind;
import io.forestall.sim.FaultTrial;
import io.forestall.sim.ModeTraining;
import io.forestall.sim.ModeTraining.Part;
import io.forestall.sim.ModeTrial;
import io.forestall.sim.OfflineSense;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall train modes}: what evidence of network, software and fail-slow is worth. */
@Command(
    name = "modes",
    description = {
      "Train the model of failure modes network, software and fail-slow, and write it with its"
          + " card: what the evidence of the symptoms is worth, learned from simulated fleets with"
          + " planted faults, mild to severe, and measured on fleets of other seeds.",
      "Takes some minutes of two cores. The same options give the same bytes."
    })
public final class TrainModesCommand implements Callable<Integer> {
  /** Name of the model's file. */
  static final String MODEL_FILE = "model.txt";

  /** Name of the card's file. */
  static final String CARD_FILE = "card.md";

  private static final long START_MILLIS = 1_717_372_800_000L; // 2024-06-03, a Monday
  private static final long MINUTE_MILLIS = 60_000L;

  /** Far from the seeds that 'forestall evaluate faults' begins with: its fleets stay unseen. */
  private static final long FIRST_SEED = 1_000_000L;

  /** Of four fleets two train, one calibrates and one tests. */
  private static final Part[] PARTS = {Part.TRAINING, Part.CALIBRATION, Part.TRAINING, Part.TEST};

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description =
          "Folder for " + MODEL_FILE + " and " + CARD_FILE + "; made if it does not exist.")
  private Path output = Path.of("");

  @Option(
      names = "--servers",
      paramLabel = "DIR",
      description =
          "Folder of a set of labelled servers, as 'forestall evaluate servers' reads; may be given"
              + " several times. Their labels name no mode, so they change no curve: the card says"
              + " what evidence of trouble is worth on them, beside what it is worth in"
              + " simulation.")
  private List<Path> servers = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      defaultValue = "1",
      description = "Seed of every random choice. Default: ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--fleets",
      paramLabel = "N",
      defaultValue = "36",
      description =
          "Simulated fleets, 4 or more; half of them train, a quarter calibrates, a quarter"
              + " measures. Default: ${DEFAULT-VALUE}.")
  private int fleets = 36;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "How long each fleet is watched; the first day has no faults and counts for nothing."
              + " Default: ${DEFAULT-VALUE}.")
  private int days = 3;

  @Override
  public Integer call() throws InterruptedException {
    if (fleets < PARTS.length || fleets > 10_000) {
      throw new ParameterException(
          spec().commandLine(), "--fleets is " + PARTS.length + " to 10000, not " + fleets);
    }
    if (days < 2 || days > 30) {
      throw new ParameterException(spec().commandLine(), "--days is 2 to 30, not " + days);
    }
    PrintWriter out = spec().commandLine().getOut();
    try {
      // Before minutes of work, not after.
      Files.createDirectories(output);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "cannot make the output folder " + output + ": " + e.getMessage(), e);
    }
    List<ServerTrouble> real = real(out);
    ModeTraining training = simulated(out);
    List<ModeTraining.Lesson> lessons = training.lessons();
    Map<String, String> properties = new TreeMap<>();
    properties.put("labels", "planted faults in simulated fleets");
    properties.put("seed", Long.toString(seed));
    properties.put("fleets", Integer.toString(fleets));
    properties.put("days", Integer.toString(days));
    ModeModel model = ModeTraining.model(lessons, properties);
    String card = new ModesCard(model, lessons, fleets, days, seed, real).text();
    try {
      Files.write(output.resolve(MODEL_FILE), model.toBytes());
      Files.writeString(output.resolve(CARD_FILE), card);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "cannot write to " + output + ": " + e.getMessage() + ": give a folder with room",
          e);
    }
    out.println(
        "wrote "
            + output.resolve(MODEL_FILE)
            + " with "
            + model.curves().size()
            + " curves, and "
            + output.resolve(CARD_FILE));
    out.flush();
    return ExitCodes.OK;
  }

  private List<ServerTrouble> real(PrintWriter out) {
    List<ServerTrouble> real = new ArrayList<>();
    for (Path folder : servers) {
      try {
        real.add(ServerTrouble.of(folder, seed));
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "cannot read " + folder + ": " + e.getMessage() + "; correct --servers",
            e);
      }
      out.println("labelled servers of " + folder + " read");
      out.flush();
    }
    return real;
  }

  private ModeTraining simulated(PrintWriter out) throws InterruptedException {
    ModeTraining training = new ModeTraining(SymptomPolicy.defaults(), seed);
    int threads = Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<List<EvidenceTally>>> running = new ArrayList<>();
      for (int i = 0; i < fleets; i++) {
        FaultTrial.Options options = fleet(FIRST_SEED + 1_000_003L * seed + i);
        running.add(pool.submit(() -> tallies(options)));
      }
      long began = System.nanoTime();
      for (int i = 0; i < fleets; i++) {
        training.add(PARTS[i % PARTS.length], running.get(i).get());
        double seconds = (System.nanoTime() - began) / 1e9;
        out.printf(
            Locale.ROOT,
            "fleet %d of %d simulated, about %.0f s left%n",
            i + 1,
            fleets,
            seconds / (i + 1) * (fleets - i - 1));
        out.flush();
      }
    } catch (ExecutionException e) {
      throw new CommandFailure(ExitCodes.FOUND, "a simulated fleet failed: " + e.getCause(), e);
    } finally {
      pool.shutdownNow();
    }
    return training;
  }

  /** Small fleets, but many: what is learned must hold from fleet to fleet. */
  private FaultTrial.Options fleet(long seed) {
    return new FaultTrial.Options(
        seed,
        ModesCard.NODES,
        ModesCard.DISKS,
        START_MILLIS,
        days,
        MINUTE_MILLIS,
        60 * MINUTE_MILLIS,
        24 * 60 * MINUTE_MILLIS,
        ModesCard.FAULTS_PER_KIND,
        EnumSet.allOf(FaultKind.class));
  }

  private static List<EvidenceTally> tallies(FaultTrial.Options options) {
    return ModeTrial.run(
        options,
        OfflineSense.Settings.defaults(ModeModel.none()),
        ModelSet.of(TrainedModels.defaultDiskModel()),
        EnsembleDetector::standard);
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }
}
