package io.forestall.operators.train;

import io.forestall.operators.types.AvroType;
import io.forestall.schemas.ModelRecord;
import org.apache.flink.util.OutputTag;

/** Side outputs of the steps of the train job. */
public final class TrainTags {

  /** Models that are published: challengers that were accepted, and what else is said of one. */
  public static final OutputTag<ModelRecord> MODELS =
      new OutputTag<>("models", AvroType.info(ModelRecord.class));

  private TrainTags() {}
}
