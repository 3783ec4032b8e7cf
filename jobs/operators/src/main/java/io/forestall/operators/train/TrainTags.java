package io.forestall.operators.train;

import io.forestall.operators.types.AvroType;
import io.forestall.schemas.ModelRecord;
import org.apache.flink.util.OutputTag;

/** Side outputs of the steps of the train job. */
public final class TrainTags {

  /** Challengers that were accepted. */
  public static final OutputTag<ModelRecord> MODELS =
      new OutputTag<>("models", AvroType.info(ModelRecord.class));

  private TrainTags() {}
}
