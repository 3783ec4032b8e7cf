package io.forestall.operators;

import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;

/** What readers and writers of Kafka are opened with; its metrics go nowhere. */
public final class TestingSchemaContext
    implements DeserializationSchema.InitializationContext,
        SerializationSchema.InitializationContext {
  @Override
  public MetricGroup getMetricGroup() {
    return new UnregisteredMetricsGroup();
  }

  @Override
  public UserCodeClassLoader getUserCodeClassLoader() {
    return SimpleUserCodeClassLoader.create(TestingSchemaContext.class.getClassLoader());
  }
}
