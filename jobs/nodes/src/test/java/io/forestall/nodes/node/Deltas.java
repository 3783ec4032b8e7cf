package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import io.forestall.nodes.transport.PayloadCodec;
import java.util.Random;

/** Deltas for tests. */
final class Deltas {
  private Deltas() {}

  static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static Delta write(
      String unit, long epoch, long sequence, long offset, byte[] plain, PayloadCodec.Codec codec) {
    PayloadCodec.Encoded encoded = PayloadCodec.encode(plain, codec);
    return new Delta(
        unit,
        epoch,
        sequence,
        Delta.Kind.WRITE,
        offset,
        plain.length,
        encoded.codec(),
        encoded.bytes(),
        encoded.encodedCrc(),
        encoded.plainCrc(),
        "n-1",
        "c-1/1",
        sequence,
        0,
        1_700_000_000_000L);
  }

  static Delta write(String unit, long epoch, long sequence, long offset, byte[] plain) {
    return write(unit, epoch, sequence, offset, plain, PayloadCodec.Codec.NONE);
  }

  static Delta empty(Delta.Kind kind, String unit, long sequence, long offset, long length) {
    return new Delta(
        unit,
        1,
        sequence,
        kind,
        offset,
        length,
        "NONE",
        new byte[0],
        0,
        0,
        "n-1",
        "c-1/1",
        sequence,
        0,
        1_700_000_000_000L);
  }
}
