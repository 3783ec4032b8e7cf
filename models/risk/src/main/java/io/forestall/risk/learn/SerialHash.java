package io.forestall.risk.learn;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * A number of a disk that follows from its serial alone, so that a choice by it is the same in
 * every run and in any order of arrival. Stateless.
 */
public final class SerialHash {

  private static final long HELD_OUT = 0x5DEECE66DL;
  private static final long RANK = 0x9E3779B97F4A7C15L;

  private SerialHash() {}

  /** True when the disk never trains: for about this share of all disks, 0 to 1. */
  public static boolean heldOut(String serial, double share) {
    return (mix(serial, HELD_OUT) >>> 11) * 0x1.0p-53 < share;
  }

  /** Where the disk stands in the order in which healthy disks are chosen; lowest first. */
  static long rank(String serial) {
    return mix(serial, RANK) >>> 1;
  }

  private static long mix(String serial, long salt) {
    CRC32C crc = new CRC32C();
    crc.update(serial.getBytes(StandardCharsets.UTF_8));
    long z = (crc.getValue() + serial.length() * 0x100000001B3L) * 0x9E3779B97F4A7C15L ^ salt;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
