package io.forestall.wire.sources;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Strings of bytes without making the same string twice: serial numbers and models come again every
 * day. Bounded: a full table gives new strings. Not safe for threads.
 */
final class Texts {

  private static final int MAX_ENTRIES = 1 << 20;

  private @Nullable String[] texts = new @Nullable String[1 << 12];
  private byte[][] keys = new byte[1 << 12][];
  private int size;

  /** The string of these bytes, as UTF-8. */
  String get(byte[] bytes, int from, int to) {
    int mask = keys.length - 1;
    int slot = hash(bytes, from, to) & mask;
    while (keys[slot] != null) {
      String text = texts[slot];
      if (text != null && Arrays.equals(keys[slot], 0, keys[slot].length, bytes, from, to)) {
        return text;
      }
      slot = (slot + 1) & mask;
    }
    String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
    if (size < MAX_ENTRIES) {
      keys[slot] = Arrays.copyOfRange(bytes, from, to);
      texts[slot] = text;
      if (++size * 2 > keys.length) {
        grow();
      }
    }
    return text;
  }

  private void grow() {
    byte[][] oldKeys = keys;
    @Nullable String[] oldTexts = texts;
    keys = new byte[oldKeys.length * 2][];
    texts = new @Nullable String[oldKeys.length * 2];
    int mask = keys.length - 1;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != null) {
        int slot = hash(oldKeys[i], 0, oldKeys[i].length) & mask;
        while (keys[slot] != null) {
          slot = (slot + 1) & mask;
        }
        keys[slot] = oldKeys[i];
        texts[slot] = oldTexts[i];
      }
    }
  }

  private static int hash(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = hash * 31 + bytes[i];
    }
    hash ^= hash >>> 15;
    hash *= 0x2c1b3c6d;
    return hash ^ (hash >>> 13);
  }
}
