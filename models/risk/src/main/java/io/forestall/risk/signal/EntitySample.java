package io.forestall.risk.signal;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one thing of the fleet reported at one time, SMART attributes aside. An absent metric is
 * NaN, which is not 0. Immutable by convention: the array is handed over, not copied.
 */
public final class EntitySample {
  private final String entity;
  private final Scope scope;
  private final @Nullable String model;
  private final long timeMillis;
  private final double[] values;

  /**
   * Takes the array over.
   *
   * @param entity key of the thing, {@code kind/id}; opaque here
   * @param scope which metrics it has
   * @param model hardware model, null when unknown
   * @param timeMillis event time; epoch milliseconds
   * @param values values by {@link FleetMetric#ordinal()}, NaN where absent
   * @throws IllegalArgumentException when the array has another length than {@link
   *     FleetMetric#COUNT}
   */
  public EntitySample(
      String entity, Scope scope, @Nullable String model, long timeMillis, double[] values) {
    if (values.length != FleetMetric.COUNT) {
      throw new IllegalArgumentException(
          "A sample has " + FleetMetric.COUNT + " values, not " + values.length);
    }
    this.entity = entity;
    this.scope = scope;
    this.model = model;
    this.timeMillis = timeMillis;
    this.values = values;
  }

  /** A sample from named values; metrics that are not in the map are absent. */
  public static EntitySample of(
      String entity,
      Scope scope,
      @Nullable String model,
      long timeMillis,
      Map<FleetMetric, Double> present) {
    double[] values = absentValues();
    present.forEach((metric, value) -> values[metric.ordinal()] = value);
    return new EntitySample(entity, scope, model, timeMillis, values);
  }

  /** A fresh array in which every metric is absent. */
  public static double[] absentValues() {
    double[] values = new double[FleetMetric.COUNT];
    Arrays.fill(values, Double.NaN);
    return values;
  }

  /** Key of the thing, {@code kind/id}. */
  public String entity() {
    return entity;
  }

  /** Which metrics it has. */
  public Scope scope() {
    return scope;
  }

  /** Hardware model, null when unknown. */
  public @Nullable String model() {
    return model;
  }

  /** Event time; epoch milliseconds. */
  public long timeMillis() {
    return timeMillis;
  }

  /** The metric's value, NaN when absent. */
  public double value(FleetMetric metric) {
    return values[metric.ordinal()];
  }

  /** True when the metric is there. */
  public boolean has(FleetMetric metric) {
    return !Double.isNaN(values[metric.ordinal()]);
  }
}
