package io.forestall.app.model;

import io.forestall.app.CommandFailure;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.DiskState;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.StoredModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the bytes of a model say of themselves. Immutable.
 *
 * @param id identifier of the model family
 * @param version version within the family
 * @param mode failure mode that it scores
 * @param horizonMillis horizon of its probability; milliseconds
 * @param inputs length of an input; count
 * @param stateFloats what it remembers of a disk; count
 * @param stepMillis shortest time between two steps that are kept; milliseconds
 * @param format name of the format of the bytes
 * @param properties what its training noted, for example data, figures
 */
record ModelFacts(
    String id,
    int version,
    FailureMode mode,
    long horizonMillis,
    int inputs,
    int stateFloats,
    long stepMillis,
    String format,
    Map<String, String> properties) {
  private static final List<String> FIGURES = List.of("auc", "auprc", "recall", "precision");
  private static final int FIGURES_SHOWN = 3;
  private static final String TRAINED_UNTIL = "training-last-day";

  ModelFacts {
    properties = Map.copyOf(properties);
  }

  /**
   * Reads them.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged or of another format
   */
  static ModelFacts of(byte[] bytes) throws ModelFormatException {
    StoredModel file = StoredModel.fromBytes(bytes);
    try (BatchSequenceModel model = file.compile()) {
      return new ModelFacts(
          file.id(),
          file.version(),
          file.mode(),
          file.horizonMillis(),
          model.inputs(),
          model.stateFloats(),
          model.stepMillis(),
          file.format(),
          file.properties());
    }
  }

  /** The same, null when nobody can read the bytes. */
  static @Nullable ModelFacts orNull(byte[] bytes) {
    try {
      return of(bytes);
    } catch (ModelFormatException | RuntimeException unreadable) {
      return null;
    }
  }

  /**
   * Refuses a model that the sense job could not run, with what is wrong and what to do.
   *
   * @param where what is told of, such as a file
   * @throws CommandFailure when it could not
   */
  void requireScorable(String where) {
    if (mode != FailureMode.DISK) {
      throw CommandFailure.usage(
          where + " scores " + mode + "; models of this topic score DISK: train one of disks");
    }
    if (inputs != FeatureExtractor.INPUTS) {
      throw CommandFailure.usage(
          where
              + " takes "
              + inputs
              + " inputs; the features of this release are "
              + FeatureExtractor.INPUTS
              + ": train it again with this release");
    }
    if (stateFloats > DiskState.MAXIMUM_MODEL_FLOATS) {
      throw CommandFailure.usage(
          where
              + " remembers "
              + stateFloats
              + " numbers a disk; there is room for "
              + DiskState.MAXIMUM_MODEL_FLOATS
              + ": train a smaller one");
    }
  }

  /** Its figures in a few words: how good it was when it was measured, else how old its data is. */
  String headline() {
    List<String> found = new ArrayList<>();
    for (String figure : FIGURES) {
      for (Map.Entry<String, String> property : new TreeMap<>(properties).entrySet()) {
        if (found.size() < FIGURES_SHOWN
            && property.getKey().toLowerCase(Locale.ROOT).contains(figure)
            && !found.contains(words(property))) {
          found.add(words(property));
        }
      }
    }
    if (!found.isEmpty()) {
      return String.join(", ", found);
    }
    String until = properties.get(TRAINED_UNTIL);
    return until == null ? "-" : "trained until " + until;
  }

  private static String words(Map.Entry<String, String> property) {
    return property.getKey() + " " + property.getValue();
  }
}
