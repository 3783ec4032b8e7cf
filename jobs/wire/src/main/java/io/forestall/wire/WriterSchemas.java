package io.forestall.wire;

import io.forestall.schemas.DeadReason;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.NameValidator;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.jspecify.annotations.Nullable;

/**
 * The writer schemas that readers here know, by fingerprint: all released versions on the
 * classpath, and those that writers published on the topic {@code schemas}. Only grows.
 * Thread-safe.
 */
public final class WriterSchemas {

  /** Longest schema accepted from a topic, characters. */
  static final int MAX_SCHEMA_LENGTH = 256 * 1024;

  /** Most schemas kept, so that a hostile publisher cannot fill the memory. */
  static final int MAX_SCHEMAS = 10_000;

  private static final WriterSchemas SHARED = new WriterSchemas();

  private final Map<Long, Schema> byFingerprint = new ConcurrentHashMap<>();
  private volatile @Nullable Refresh refresh;

  /** How to learn more, and how often. */
  private static final class Refresh {
    final Runnable how;
    final long everyNanos;
    final AtomicLong nextNanos = new AtomicLong(System.nanoTime());

    Refresh(Runnable how, Duration atMostEvery) {
      this.how = how;
      this.everyNanos = atMostEvery.toNanos();
    }

    boolean due() {
      long now = System.nanoTime();
      long next = nextNanos.get();
      return now - next >= 0 && nextNanos.compareAndSet(next, now + everyNanos);
    }
  }

  private WriterSchemas() {
    for (SchemaHistory.Released released : SchemaHistory.load()) {
      byFingerprint.put(released.fingerprint(), released.schema());
    }
  }

  /** The one collection of this process; what is added here is known to every codec. */
  public static WriterSchemas shared() {
    return SHARED;
  }

  /** A collection of its own, which knows the released versions. */
  public static WriterSchemas released() {
    return new WriterSchemas();
  }

  /**
   * Sets what is done when a fingerprint is not known, before it counts as unknown, at most once in
   * the given time. It runs in the thread that met the fingerprint.
   */
  public void refreshWith(Runnable how, Duration atMostEvery) {
    refresh = new Refresh(how, atMostEvery);
  }

  /** The schema of a fingerprint, null when it stays unknown after a look for new ones. */
  @Nullable Schema findOrRefresh(long fingerprint) {
    Schema schema = byFingerprint.get(fingerprint);
    Refresh more = refresh;
    if (schema == null && more != null && more.due()) {
      more.how.run();
      schema = byFingerprint.get(fingerprint);
    }
    return schema;
  }

  /** The schema of a fingerprint, null when unknown. */
  public @Nullable Schema find(long fingerprint) {
    return byFingerprint.get(fingerprint);
  }

  /** How many schemas are known. */
  public int size() {
    return byFingerprint.size();
  }

  /** Adds a schema of our own code. */
  void addTrusted(Schema schema) {
    byFingerprint.putIfAbsent(SchemaNormalization.parsingFingerprint64(schema), schema);
  }

  /**
   * Adds a schema that came from outside. One that is known already changes nothing.
   *
   * @throws WireException when it is no schema of a record, too long, refers to itself, or does not
   *     have the fingerprint that it claims
   */
  public void add(SchemaRecord record) throws WireException {
    String name = fingerprintKey(record.getFingerprint());
    if (byFingerprint.containsKey(record.getFingerprint())) {
      return;
    }
    if (record.getJson().length() > MAX_SCHEMA_LENGTH || byFingerprint.size() >= MAX_SCHEMAS) {
      throw new WireException(
          DeadReason.TOO_LARGE, "schema " + name + " is too long, or there are too many schemas");
    }
    Schema schema;
    try {
      schema = new Schema.Parser(NameValidator.STRICT_VALIDATOR).parse(record.getJson());
    } catch (AvroRuntimeException | StackOverflowError e) {
      throw new WireException(
          DeadReason.UNDECODABLE, "schema " + name + " is no Avro schema: " + e.getMessage());
    }
    if (schema.getType() != Schema.Type.RECORD) {
      throw new WireException(
          DeadReason.WRONG_TYPE, "schema " + name + " describes no record but " + schema.getType());
    }
    // A record that holds itself could be nested until the reader's stack ends.
    if (refersToItself(schema, new HashSet<>())) {
      throw new WireException(DeadReason.WRONG_TYPE, "schema " + name + " refers to itself");
    }
    long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
    if (fingerprint != record.getFingerprint()) {
      throw new WireException(
          DeadReason.WRONG_TYPE,
          "schema " + name + " has the fingerprint " + fingerprintKey(fingerprint));
    }
    byFingerprint.putIfAbsent(fingerprint, schema);
  }

  /** The key of a schema on its topic: the fingerprint as 16 hexadecimal digits. */
  public static String fingerprintKey(long fingerprint) {
    return String.format(Locale.ROOT, "%016x", fingerprint);
  }

  private static boolean refersToItself(Schema schema, Set<String> above) {
    switch (schema.getType()) {
      case RECORD -> {
        if (!above.add(schema.getFullName())) {
          return true;
        }
        for (Schema.Field field : schema.getFields()) {
          if (refersToItself(field.schema(), above)) {
            return true;
          }
        }
        above.remove(schema.getFullName());
        return false;
      }
      case ARRAY -> {
        return refersToItself(schema.getElementType(), above);
      }
      case MAP -> {
        return refersToItself(schema.getValueType(), above);
      }
      case UNION -> {
        for (Schema branch : schema.getTypes()) {
          if (refersToItself(branch, above)) {
            return true;
          }
        }
        return false;
      }
      default -> {
        return false;
      }
    }
  }
}
