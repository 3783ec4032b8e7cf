package io.forestall.wire;

import io.forestall.decisions.ownership.Delta;
import java.util.List;

/**
 * Avro's numbers, strings and lists of requests for who writes a record by hand: first the size of
 * each, then the array of exactly that size. Stateless.
 */
final class AvroBytes {

  private AvroBytes() {}

  static int sizeOf(long value) {
    long rest = (value << 1) ^ (value >> 63);
    return (63 - Long.numberOfLeadingZeros(rest | 1)) / 7 + 1;
  }

  static int sizeOf(List<Delta.Request> merged) {
    if (merged.isEmpty()) {
      return 1;
    }
    int size = sizeOf(merged.size()) + 1;
    for (Delta.Request each : merged) {
      size += sizeOf(each.client()) + sizeOf(each.number());
    }
    return size;
  }

  static int sizeOf(String text) {
    int bytes = bytesOf(text);
    return sizeOf(bytes) + bytes;
  }

  static int bytesOf(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return Keys.bytes(text).length;
      }
    }
    return text.length();
  }

  static int put(byte[] bytes, int at, List<Delta.Request> merged) {
    int next = at;
    if (!merged.isEmpty()) {
      next = put(bytes, next, merged.size());
      for (Delta.Request each : merged) {
        next = put(bytes, next, each.client());
        next = put(bytes, next, each.number());
      }
    }
    return put(bytes, next, 0);
  }

  static int put(byte[] bytes, int at, long value) {
    long rest = (value << 1) ^ (value >> 63);
    int next = at;
    while ((rest & ~0x7fL) != 0) {
      bytes[next++] = (byte) (rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    bytes[next++] = (byte) rest;
    return next;
  }

  static int put(byte[] bytes, int at, String text) {
    int length = bytesOf(text);
    int next = put(bytes, at, length);
    if (length == text.length()) {
      for (int i = 0; i < length; i++) {
        bytes[next + i] = (byte) text.charAt(i);
      }
    } else {
      System.arraycopy(Keys.bytes(text), 0, bytes, next, length);
    }
    return next + length;
  }
}
