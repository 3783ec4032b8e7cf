package io.forestall.decisions;

import java.util.Locale;
import java.util.Objects;

/**
 * Names one thing of the fleet: its sort and its identifier. Immutable.
 *
 * @param kind the sort of thing
 * @param id identifier, unique within its kind, 1 to {@value #MAX_ID_CHARS} characters
 */
public record Subject(Kind kind, String id) {

  /** Longest identifier accepted; characters. */
  public static final int MAX_ID_CHARS = 256;

  /** What sort of thing a subject is. */
  public enum Kind {
    /** A disk; its identifier is the serial number. */
    DISK,
    /** A storage node that holds disks. */
    NODE,
    /** An event processor; it may stand on a node. */
    PROCESSOR,
    /** A head node that keeps metadata; it may stand on a node. */
    HEAD,
    /** A volume. */
    VOLUME,
    /** A client of volumes. */
    CLIENT,
    /** A segment of a volume, the unit of ownership. */
    SEGMENT,
    /** A partition of a head's metadata. */
    PARTITION,
    /** A shard of an event processor's work. */
    SHARD,
    /** A link, {@code from>to}. */
    EDGE,
    /** A rack. */
    RACK,
    /** A failure zone. */
    ZONE,
    /** A region. */
    REGION,
    /** A pool. */
    POOL,
    /** A volume as one client sees it, {@code volume@client}. */
    PAIR
  }

  /** Refuses an empty or over-long identifier. */
  public Subject {
    Objects.requireNonNull(kind, "kind");
    if (id.isEmpty() || id.length() > MAX_ID_CHARS) {
      throw new IllegalArgumentException(
          "a subject's identifier has 1 to " + MAX_ID_CHARS + " characters, not " + id.length());
    }
  }

  /** The disk with this serial number. */
  public static Subject disk(String serial) {
    return new Subject(Kind.DISK, serial);
  }

  /** The node with this name. */
  public static Subject node(String name) {
    return new Subject(Kind.NODE, name);
  }

  /**
   * The subject of a key such as {@code node/n-0001}, the inverse of {@link #toString()}.
   *
   * @throws IllegalArgumentException when the text is no such key or its kind is unknown
   */
  public static Subject parse(String key) {
    int slash = key.indexOf('/');
    if (slash <= 0) {
      throw new IllegalArgumentException("'" + key + "' is no key: write it as node/n-0001");
    }
    String word = key.substring(0, slash).toUpperCase(Locale.ROOT);
    for (Kind kind : Kind.values()) {
      if (kind.name().equals(word)) {
        return new Subject(kind, key.substring(slash + 1));
      }
    }
    throw new IllegalArgumentException("'" + key + "' names an unknown kind of thing");
  }

  /** The subject as people and keys write it, for example {@code disk/S300YQ5K}. */
  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + "/" + id;
  }
}
