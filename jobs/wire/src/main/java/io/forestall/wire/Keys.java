package io.forestall.wire;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Keys of Kafka records: {@code kind/id} in UTF-8, the kind in lower case. Thread-safe. */
public final class Keys {

  private static final Map<EntityKind, String> PREFIXES = new ConcurrentHashMap<>();

  private Keys() {}

  /** The key of an entity, such as {@code disk/PL1331LAG5AR5H}. */
  public static String of(EntityRef entity) {
    return of(entity.getKind(), entity.getId());
  }

  /** The key of an entity. */
  public static String of(EntityKind kind, String id) {
    return PREFIXES.computeIfAbsent(kind, k -> k.name().toLowerCase(Locale.ROOT) + "/").concat(id);
  }

  /** The key of a disk. */
  public static String disk(String id) {
    return "disk/".concat(id);
  }

  /** The key of a node. */
  public static String node(String id) {
    return "node/".concat(id);
  }

  /** The key of a policy: its scope, its kind in lower case, its identifier. */
  public static String policy(String scope, String kind, String id) {
    return scope + "/" + kind.toLowerCase(Locale.ROOT) + "/" + id;
  }

  /** The key of a version of a model: its mode in lower case, its family, its version. */
  public static String model(FailureMode mode, String id, int version) {
    return mode.name().toLowerCase(Locale.ROOT) + "/" + id + "/" + version;
  }

  /** The entity of a key; null when the key names none. An unknown kind gives UNKNOWN. */
  public static @Nullable EntityRef parse(String key) {
    int slash = key.indexOf('/');
    if (slash <= 0 || slash == key.length() - 1) {
      return null;
    }
    EntityKind kind;
    try {
      kind = EntityKind.valueOf(key.substring(0, slash).toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      kind = EntityKind.UNKNOWN;
    }
    return new EntityRef(kind, key.substring(slash + 1));
  }

  /** The bytes of a key. */
  public static byte[] bytes(String key) {
    return key.getBytes(StandardCharsets.UTF_8);
  }
}
