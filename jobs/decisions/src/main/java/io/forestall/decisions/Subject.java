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
    HEAD
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

  /** The subject as people and keys write it, for example {@code disk/S300YQ5K}. */
  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + "/" + id;
  }
}
