package io.forestall.operators;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.runtime.metrics.DescriptiveStatisticsHistogram;

/** Histogram {@code stateBytes}: the size of one in so many states. One thread. */
final class StateMeter<T> {

  /** One in this many states is measured; a power of two. */
  private static final int ONE_IN = 256;

  private final TypeSerializer<T> serializer;
  private final Histogram histogram;
  private final DataOutputSerializer out = new DataOutputSerializer(4096);
  private long seen;

  StateMeter(SenseMetrics metrics, TypeSerializer<T> serializer) {
    this.serializer = serializer;
    this.histogram =
        metrics.group().histogram("stateBytes", new DescriptiveStatisticsHistogram(1024));
  }

  /** Counts a state that is stored, and measures it when its turn has come. */
  void measure(T state) {
    if ((++seen & (ONE_IN - 1)) != 0) {
      return;
    }
    out.clear();
    try {
      serializer.serialize(state, out);
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail on I/O", e);
    }
    histogram.update(out.length());
  }
}
