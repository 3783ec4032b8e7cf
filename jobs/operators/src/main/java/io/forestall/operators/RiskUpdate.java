package io.forestall.operators;

import io.forestall.operators.types.RiskUpdateType;
import io.forestall.schemas.Risk;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.jspecify.annotations.Nullable;

/**
 * One record for the risk topic: a score, or the end of a disk. Both leave by one producer, so that
 * no older score can come after the end and bring the disk back.
 *
 * @param key key of the topic, such as {@code disk/PL1331LAG5AR5H}
 * @param risk the score, null when the disk has ended
 */
public record RiskUpdate(String key, @Nullable Risk risk) {

  /** Type information with a serializer of its own. */
  public static TypeInformation<RiskUpdate> type() {
    return RiskUpdateType.INFO;
  }
}
