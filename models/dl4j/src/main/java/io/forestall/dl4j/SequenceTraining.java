package io.forestall.dl4j;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains the sequence model with Deeplearning4j: freshly drawn windows each epoch, the loss on
 * windows of held-out drives after each, an end when that has stopped falling, the weights of the
 * best epoch. What is needed to go on is written after each epoch, so that a training that was
 * stopped ends with the same bytes as one that was not.
 */
final class SequenceTraining {
  /** Family of the sequence model inside an ensemble. */
  static final String MODEL_ID = "disk-lstm";

  private static final long DAY_MILLIS = 24L * 3600 * 1000;

  /** How often an epoch lowers the learning rate. */
  private static final int RATE_CHANGES = 8;

  private final TrainingRecipe recipe;
  private final HistoryEncoder encoder;
  private final @Nullable ResumeFile resume;
  private final TrainingProgress progress;

  /**
   * What training gave.
   *
   * @param model the weights of the best epoch, not calibrated
   * @param losses mean training loss of each epoch; only their course means anything
   * @param heldOutLosses mean loss on windows of held-out drives after each epoch
   * @param bestEpoch the epoch whose weights these are, from 1
   * @param unusedInputs inputs that never varied, whose weights are therefore nothing
   */
  record Fit(
      ModelFile model,
      List<Double> losses,
      List<Double> heldOutLosses,
      int bestEpoch,
      List<String> unusedInputs) {
    Fit {
      losses = List.copyOf(losses);
      heldOutLosses = List.copyOf(heldOutLosses);
      unusedInputs = List.copyOf(unusedInputs);
    }
  }

  /**
   * @param resume where to go on from and what to write after each epoch, null for neither
   */
  SequenceTraining(
      TrainingRecipe recipe,
      HistoryEncoder encoder,
      @Nullable ResumeFile resume,
      TrainingProgress progress) {
    this.recipe = recipe;
    this.encoder = encoder;
    this.resume = resume;
    this.progress = progress;
  }

  /**
   * Trains.
   *
   * @param sampler draws the windows that train
   * @param heldOut draws the windows that choose the epoch
   * @throws TrainingException if the loss is not finite, or what is needed to go on cannot be
   *     written
   */
  Fit fit(WindowSampler sampler, WindowSampler heldOut) throws TrainingException {
    SplittableRandom random = new SplittableRandom(recipe.seed());
    List<WindowSampler.Window> judges = heldOut.draw(new SplittableRandom(~recipe.seed()));
    int inputs = FeatureExtractor.INPUTS;
    MultiLayerNetwork network =
        Dl4jNetworks.training(
            inputs,
            new int[] {recipe.firstHidden(), recipe.secondHidden()},
            recipe.seed(),
            recipe.learningRate(),
            recipe.truncationSteps(),
            -2);
    ResumeFile.Progress so = new ResumeFile.Progress(inputs);
    if (resume != null) {
      ResumeFile.@Nullable Progress before = resume.read(network);
      if (before != null) {
        so = before;
        progress.say("goes on behind epoch " + so.losses.size() + " of an earlier training");
      }
    }
    try {
      int from = so.losses.size() + 1;
      long started = System.nanoTime();
      for (int epoch = 1; epoch <= recipe.epochs() && !isOver(so); epoch++) {
        SplittableRandom draw = random.split();
        SplittableRandom order = random.split();
        if (epoch < from) {
          continue; // its random numbers are used up all the same
        }
        double loss = epoch(network, batches(sampler.draw(draw), order), epoch, from, started, so);
        if (!Double.isFinite(loss)) {
          throw new TrainingException(
              "training diverged in epoch " + epoch + ": try another --seed");
        }
        so.losses.add(loss);
        ModelFile now = file(network, so);
        double judged = loss(now, judges);
        so.heldOutLosses.add(judged);
        if (so.best == null || judged < so.heldOutLosses.get(so.bestEpoch - 1)) {
          so.best = now;
          so.bestEpoch = epoch;
        }
        progress.say(
            String.format(
                Locale.ROOT,
                "epoch %d of %d done, loss %.4f, on held-out drives %.4f",
                epoch,
                recipe.epochs(),
                loss,
                judged));
        if (resume != null) {
          resume.write(network, so);
        }
      }
    } catch (IOException e) {
      throw new TrainingException(
          "cannot keep what is needed to go on: " + e.getMessage() + ": give a folder with room",
          e);
    } finally {
      network.close();
    }
    if (so.losses.size() < recipe.epochs()) {
      progress.say(
          "stops early: the loss on held-out drives has not fallen since epoch " + so.bestEpoch);
    }
    ModelFile best = so.best;
    if (best == null) {
      throw new TrainingException("no epoch was trained");
    }
    return new Fit(best, so.losses, so.heldOutLosses, so.bestEpoch, so.unusedInputs());
  }

  private boolean isOver(ResumeFile.Progress so) {
    return so.losses.size() - so.bestEpoch >= recipe.patience() && so.bestEpoch > 0;
  }

  private double epoch(
      MultiLayerNetwork network,
      List<List<WindowSampler.Window>> batches,
      int epoch,
      int from,
      long started,
      ResumeFile.Progress so) {
    double lossSum = 0;
    long said = System.nanoTime();
    for (int i = 0; i < batches.size(); i++) {
      if (i % Math.max(1, batches.size() / RATE_CHANGES) == 0) {
        double done = (epoch - 1 + (double) i / batches.size()) / recipe.epochs();
        network.setLearningRate(
            recipe.learningRate() * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * done))));
      }
      network.fit(batch(batches.get(i), so));
      lossSum += network.score();
      if (System.nanoTime() - said > 10_000_000_000L) {
        said = System.nanoTime();
        double now = epoch - from + (i + 1.0) / batches.size();
        double left = (said - started) / 1e9 * (recipe.epochs() - from + 1 - now) / now;
        progress.say(
            String.format(
                Locale.ROOT,
                "epoch %d of %d, %d %%, loss %.4f, at most about %d min %02d s of training left",
                epoch,
                recipe.epochs(),
                100 * (i + 1) / batches.size(),
                lossSum / (i + 1),
                (long) left / 60,
                (long) left % 60));
      }
    }
    return lossSum / batches.size();
  }

  /** Windows of like length together, so that little is padded; batches in random order. */
  private List<List<WindowSampler.Window>> batches(
      List<WindowSampler.Window> windows, SplittableRandom random) {
    List<List<WindowSampler.Window>> batches = new ArrayList<>();
    int chunk = 8 * recipe.batch();
    for (int start = 0; start < windows.size(); start += chunk) {
      List<WindowSampler.Window> sorted =
          new ArrayList<>(windows.subList(start, Math.min(windows.size(), start + chunk)));
      sorted.sort(Comparator.comparingInt(WindowSampler.Window::length));
      for (int first = 0; first < sorted.size(); first += recipe.batch()) {
        batches.add(sorted.subList(first, Math.min(sorted.size(), first + recipe.batch())));
      }
    }
    for (int i = batches.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      List<WindowSampler.Window> swapped = batches.get(i);
      batches.set(i, batches.get(other));
      batches.set(other, swapped);
    }
    return batches;
  }

  /**
   * Inputs, labels and the mask that carries the weights: 0 where the label is unknown or padding.
   */
  private DataSet batch(List<WindowSampler.Window> windows, ResumeFile.Progress so) {
    int size = windows.size();
    int steps = windows.stream().mapToInt(WindowSampler.Window::length).max().orElseThrow();
    int inputs = FeatureExtractor.INPUTS;
    float[] x = new float[size * inputs * steps];
    float[] y = new float[size * steps];
    float[] mask = new float[size * steps];
    float[][] encoded = new float[steps][inputs];
    for (int w = 0; w < size; w++) {
      WindowSampler.Window window = windows.get(w);
      encode(window, encoded);
      for (int t = 0; t < window.length(); t++) {
        for (int i = 0; i < inputs; i++) {
          float value = encoded[t][i];
          x[(w * inputs + i) * steps + t] = value;
          so.lowest[i] = Math.min(so.lowest[i], value);
          so.highest[i] = Math.max(so.highest[i], value);
        }
        DriveHistory history = window.history();
        switch (history.label(history.day(window.from() + t), recipe.horizonDays())) {
          case FAILS -> {
            y[w * steps + t] = 1;
            mask[w * steps + t] = 1;
          }
          case SURVIVES -> mask[w * steps + t] = window.survivorWeight();
          case UNKNOWN -> {}
        }
      }
    }
    INDArray features = Nd4j.create(x, new long[] {size, inputs, steps}, 'c');
    INDArray labels = Nd4j.create(y, new long[] {size, 1, steps}, 'c');
    INDArray labelMask = Nd4j.create(mask, new long[] {size, steps}, 'c');
    return new DataSet(features, labels, null, labelMask);
  }

  private void encode(WindowSampler.Window window, float[][] encoded) {
    encoder.encode(
        window.history(),
        window.from(),
        window.to(),
        window.hidden(),
        window.knowsModel(),
        encoded);
  }

  /** Mean loss of the days of some windows, each by its weight; nats. */
  private double loss(ModelFile file, List<WindowSampler.Window> windows) {
    double sum = 0;
    double weights = 0;
    float[][] encoded = new float[recipe.windowSteps()][FeatureExtractor.INPUTS];
    try (CompiledLstm model = file.compile()) {
      for (WindowSampler.Window window : windows) {
        encode(window, encoded);
        float[] state = new float[model.stateFloats()];
        DriveHistory history = window.history();
        for (int t = 0; t < window.length(); t++) {
          double p = model.probability(model.step(encoded[t], state));
          DriveHistory.Label label =
              history.label(history.day(window.from() + t), recipe.horizonDays());
          if (label != DriveHistory.Label.UNKNOWN) {
            boolean fails = label == DriveHistory.Label.FAILS;
            double weight = fails ? 1 : window.survivorWeight();
            sum -= weight * Math.log(Math.max(1e-12, fails ? p : 1 - p));
            weights += weight;
          }
        }
      }
    }
    return weights == 0 ? 0 : sum / weights;
  }

  private ModelFile file(MultiLayerNetwork network, ResumeFile.Progress so) {
    List<LstmLayer> layers = new ArrayList<>(Dl4jNetworks.layers(network));
    layers.set(0, withoutUnused(layers.get(0), so));
    return new ModelFile(
        MODEL_ID,
        1,
        FailureMode.DISK,
        recipe.horizonDays() * DAY_MILLIS,
        layers,
        Dl4jNetworks.outputWeights(network),
        Dl4jNetworks.outputBias(network),
        1,
        0,
        DriveModelHazards.NONE,
        Map.of());
  }

  /**
   * An input that never varied in training still has its first random weights. They are set to
   * nothing: a metric that the data lacks must not move the score when another fleet reports it.
   */
  private static LstmLayer withoutUnused(LstmLayer layer, ResumeFile.Progress so) {
    float[] weights = layer.inputWeights().clone();
    int row = 4 * layer.hidden();
    for (int i = 0; i < layer.inputs(); i++) {
      if (!(so.highest[i] > so.lowest[i])) {
        Arrays.fill(weights, i * row, (i + 1) * row, 0);
      }
    }
    return new LstmLayer(
        layer.inputs(), layer.hidden(), weights, layer.recurrentWeights(), layer.bias());
  }
}
