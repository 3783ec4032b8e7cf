package io.forestall.app.train;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.dl4j.DiskTraining;
import io.forestall.dl4j.TrainingException;
import io.forestall.dl4j.TrainingRecipe;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall train}: trains the disk model with Deeplearning4j, on one thread. */
@Command(
    name = "train",
    description = {
      "Train the disk model from drive histories and write its weights and card: a sequence model,"
          + " boosted trees and a calibrated ensemble of them.",
      "Takes about ten minutes of one core. The same data and options give the same bytes. Called"
          + " again with the same options, it goes on behind the last whole epoch of a training"
          + " that was stopped."
    },
    subcommands = TrainModesCommand.class)
public final class TrainCommand implements Callable<Integer> {
  /** What a training that was stopped goes on from; gone when it is over. */
  private static final String RESUME_FILE = "training.resume";

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Required. Folder with drives.csv[.gz] and changes.csv[.gz] (a change log), or with daily"
              + " drive-stats CSV files, plain or gzip.")
  private Path data = Path.of("");

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Required. Folder for model.bin and card.md; made if it does not exist.")
  private Path output = Path.of("");

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description = "Seed of every random choice (default: that of the shipped model).")
  private @Nullable Long seed;

  @Option(
      names = "--epochs",
      paramLabel = "NUMBER",
      description =
          "Passes over freshly drawn windows at most; training ends early when the loss on held-out"
              + " drives does not fall (default: that of the shipped model).")
  private @Nullable Integer epochs;

  @Option(
      names = "--train-until",
      paramLabel = "DATE",
      description =
          "Last day that trains; with --test-from and --test-until (default: placed from the"
              + " data).")
  private @Nullable LocalDate trainUntil;

  @Option(names = "--test-from", paramLabel = "DATE", description = "First day that measures.")
  private @Nullable LocalDate testFrom;

  @Option(names = "--test-until", paramLabel = "DATE", description = "Last day that measures.")
  private @Nullable LocalDate testUntil;

  @Override
  public Integer call() {
    PrintWriter out = spec().commandLine().getOut();
    // Not required by declaration: 'forestall train modes' has no use for them.
    required("--data", data);
    required("--output", output);
    TrainingRecipe recipe = recipe();
    try {
      // Before minutes of work, not after.
      Files.createDirectories(output);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "cannot make the output folder " + output + ": " + e.getMessage(), e);
    }
    try {
      DiskTraining.Result result =
          DiskTraining.train(
              data,
              recipe,
              output.resolve(RESUME_FILE),
              line -> {
                out.println(line);
                out.flush();
              });
      result.write(output);
    } catch (TrainingException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "cannot write to "
              + output
              + ": "
              + e.getMessage()
              + ": give --output a folder with room",
          e);
    }
    out.println(
        "wrote "
            + output.resolve(DiskTraining.MODEL_FILE)
            + " and "
            + output.resolve(DiskTraining.CARD_FILE));
    out.flush();
    return ExitCodes.OK;
  }

  private void required(String option, Path folder) {
    if (folder.toString().isEmpty()) {
      throw new ParameterException(
          spec().commandLine(), "Missing required option: '" + option + "=DIR'");
    }
  }

  private TrainingRecipe recipe() {
    TrainingRecipe recipe = TrainingRecipe.standard();
    if (seed != null) {
      recipe = recipe.withSeed(seed);
    }
    if (epochs != null) {
      if (epochs < 1) {
        throw new ParameterException(spec().commandLine(), "--epochs must be at least 1");
      }
      recipe = recipe.withEpochs(epochs);
    }
    LocalDate until = trainUntil;
    LocalDate from = testFrom;
    LocalDate to = testUntil;
    if (until == null && from == null && to == null) {
      return recipe;
    }
    if (until == null || from == null || to == null) {
      throw new ParameterException(
          spec().commandLine(),
          "--train-until, --test-from and --test-until belong together: give all three or none");
    }
    if (to.isBefore(from) || from.isBefore(until.plusDays(recipe.horizonDays() + 1L))) {
      throw new ParameterException(
          spec().commandLine(),
          "the test period must lie more than "
              + recipe.horizonDays()
              + " days after --train-until, or labels of training reach into it");
    }
    return recipe.withPeriods(
        Math.toIntExact(until.toEpochDay()),
        Math.toIntExact(from.toEpochDay()),
        Math.toIntExact(to.toEpochDay()));
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }
}
