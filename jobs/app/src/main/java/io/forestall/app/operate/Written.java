package io.forestall.app.operate;

import io.forestall.decisions.guard.PolicyRecord;
import org.jspecify.annotations.Nullable;

/**
 * A word as it stands in the topic. Immutable.
 *
 * @param record the record
 * @param keyId key that signed it, null when nobody did
 * @param offset its offset, {@value #NOT_WRITTEN} when it was only tried
 */
public record Written(PolicyRecord record, @Nullable String keyId, long offset) {

  /** Offset of what was not written. */
  public static final long NOT_WRITTEN = -1;
}
