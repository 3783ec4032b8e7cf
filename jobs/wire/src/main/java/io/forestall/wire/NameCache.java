package io.forestall.wire;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Names that come again in nearly every record, such as units, owners and clients: kept once, so
 * that reading one allocates nothing and comparing two is a comparison of references. Holds at most
 * {@value #SLOTS} names, each of which gives way to the next with its place. For one thread.
 */
public final class NameCache {

  private static final int SLOTS = 1024;
  private static final int MAX_CACHED_BYTES = 128;

  private final @Nullable String[] names = new @Nullable String[SLOTS];

  /** The text of these bytes in UTF-8. */
  public String text(byte[] bytes, int from, int length) {
    if (length > MAX_CACHED_BYTES) {
      return new String(bytes, from, length, StandardCharsets.UTF_8);
    }
    int hash = 0;
    for (int i = 0; i < length; i++) {
      hash = hash * 31 + bytes[from + i];
    }
    int slot = (hash ^ hash >>> 10 ^ hash >>> 20) & (SLOTS - 1);
    String known = names[slot];
    if (known != null && same(known, bytes, from, length)) {
      return known;
    }
    String text = new String(bytes, from, length, StandardCharsets.UTF_8);
    names[slot] = text;
    return text;
  }

  /** Only names in ASCII are ever the same: of others the count of characters differs. */
  private static boolean same(String known, byte[] bytes, int from, int length) {
    if (known.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (known.charAt(i) != bytes[from + i]) {
        return false;
      }
    }
    return true;
  }
}
