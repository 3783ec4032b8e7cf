package io.forestall.operators;

import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.DiskState;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.ModelSet;
import io.forestall.risk.StoredModel;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.ModelRecord;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The models of one operator instance: the shipped one, champion from the beginning of time, and
 * those of the models topic by their keys. One thread.
 */
final class ModelShelf implements AutoCloseable {

  /**
   * What every operator instance starts from.
   *
   * @param shipped bytes of the model file that is champion from the beginning of time
   * @param factory which implementation scores
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
  record Origin(byte[] shipped, ModelFactory factory) implements Serializable {}

  private final ModelFactory factory;
  private final AvroCodec<ModelRecord> codec = AvroCodec.of(ModelRecord.class);
  private final BatchSequenceModel shipped;
  private final Map<String, ModelSet.Entry> published = new TreeMap<>();
  private ModelSet models;

  ModelShelf(Origin origin) {
    this.factory = origin.factory();
    try {
      this.shipped = factory.create(StoredModel.fromBytes(origin.shipped()));
    } catch (ModelFormatException e) {
      throw new IllegalStateException(
          "the shipped model is damaged: " + e.getMessage() + "; build the jar again", e);
    }
    this.models = ModelSet.of(shipped);
  }

  /** The models that score now. */
  ModelSet models() {
    return models;
  }

  /**
   * Takes a model record in; one with the same key is replaced. One that is withdrawn takes the
   * model out.
   *
   * @throws WireException when the record is no model that can score; then nothing has changed
   */
  void put(String key, byte[] record) throws WireException {
    ModelRecord model = codec.decode(record);
    if (model.getWithdrawn()) {
      remove(key);
      return;
    }
    ModelSet.Entry entry = read(model);
    close(published.put(key, entry));
    rebuild();
  }

  /** Takes a model out; a key that is not there is no error. */
  void remove(String key) {
    if (published.containsKey(key)) {
      close(published.remove(key));
      rebuild();
    }
  }

  private ModelSet.Entry read(ModelRecord record) throws WireException {
    byte[] weights = new byte[record.getWeights().remaining()];
    record.getWeights().duplicate().get(weights);
    BatchSequenceModel model;
    try {
      StoredModel file = StoredModel.fromBytes(weights);
      if (!file.format().equals(record.getFormat())) {
        throw bad(
            record,
            "has the format " + file.format() + ", not " + record.getFormat() + " as it says");
      }
      if (!file.id().equals(record.getId()) || file.version() != record.getVersion()) {
        throw bad(
            record,
            "holds the weights of " + file.id() + " version " + file.version() + " instead");
      }
      model = factory.create(file);
    } catch (ModelFormatException | RuntimeException e) {
      throw bad(record, "cannot be read: " + e.getMessage());
    }
    if (model.mode() != FailureMode.DISK) {
      model.close();
      throw bad(record, "scores " + model.mode() + "; this job scores DISK only");
    }
    if (model.inputs() != FeatureExtractor.INPUTS) {
      int inputs = model.inputs();
      model.close();
      throw bad(record, "takes " + inputs + " inputs; the features are " + FeatureExtractor.INPUTS);
    }
    if (model.stateFloats() > DiskState.MAXIMUM_MODEL_FLOATS) {
      int floats = model.stateFloats();
      model.close();
      throw bad(
          record,
          "keeps "
              + floats
              + " numbers a disk; there is room for "
              + DiskState.MAXIMUM_MODEL_FLOATS);
    }
    return new ModelSet.Entry(
        model,
        record.getPublishedMillis(),
        record.getEffectiveFromMillis(),
        record.getRollbackUntilMillis());
  }

  private static WireException bad(ModelRecord record, String what) {
    return new WireException(
        DeadReason.BAD_MODEL,
        "the model " + record.getId() + " version " + record.getVersion() + " " + what);
  }

  private void rebuild() {
    List<ModelSet.Entry> entries = new ArrayList<>(ModelSet.of(shipped).entries());
    for (ModelSet.Entry entry : published.values()) {
      if (entries.stream().noneMatch(other -> same(other, entry))) {
        entries.add(entry);
      }
    }
    models = ModelSet.of(entries);
  }

  /** The shipped model stays what it is, also when it is published once more with other times. */
  private static boolean same(ModelSet.Entry one, ModelSet.Entry other) {
    return one.model().id().equals(other.model().id())
        && one.model().version() == other.model().version();
  }

  private static void close(ModelSet.@Nullable Entry entry) {
    if (entry != null && entry.model() instanceof BatchSequenceModel model) {
      model.close();
    }
  }

  @Override
  public void close() {
    published.values().forEach(ModelShelf::close);
    published.clear();
    shipped.close();
  }
}
