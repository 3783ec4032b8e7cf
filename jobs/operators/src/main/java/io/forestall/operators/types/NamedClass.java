package io.forestall.operators.types;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A class of this jar by its name, for what Flink serializes. A class that is written or read as
 * such is initialized by that; a generated record then parses its schema, and Avro leaves a value
 * of its own with the thread. The JobManager reads every job in threads that outlive it, and would
 * keep the classes of each one that was ever submitted. Safe for threads.
 *
 * @param <T> what the class is of
 */
public final class NamedClass<T> implements Serializable {

  private static final long serialVersionUID = 1L;

  private final String name;
  private transient volatile @Nullable Class<T> type;

  private NamedClass(Class<T> type) {
    this.name = type.getName();
    this.type = type;
  }

  /** The name of a class. */
  public static <T> NamedClass<T> of(Class<T> type) {
    return new NamedClass<>(type);
  }

  /** The class, which this does not initialize. */
  @SuppressWarnings("unchecked")
  public Class<T> get() {
    Class<T> known = type;
    if (known == null) {
      try {
        // records and operators come in one jar
        known = (Class<T>) Class.forName(name, false, NamedClass.class.getClassLoader());
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException(name + " is not in the jar of the job", e);
      }
      type = known;
    }
    return known;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NamedClass<?> that && that.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
