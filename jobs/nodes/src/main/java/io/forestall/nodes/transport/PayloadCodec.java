package io.forestall.nodes.transport;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;

/**
 * Compresses payloads where it pays and opens them again, with both checksums (E1). A payload is
 * kept as it is unless compression saves at least an eighth. Thread-safe.
 */
public final class PayloadCodec {

  /** Shortest data that is worth an attempt; bytes. */
  public static final int LEAST_BYTES = 512;

  private static final LZ4Factory LZ4 = LZ4Factory.fastestInstance();
  private static final int SAMPLE_BYTES = 4096;

  /** Which compression is tried. */
  public enum Codec {
    /** None. */
    NONE,
    /** Small, for slow links: 1 to 3 times less than LZ4 needs, at a tenth of its speed. */
    ZSTD,
    /** Quick. */
    LZ4
  }

  /**
   * A payload as it travels.
   *
   * @param codec NONE, ZSTD or LZ4, as the contract writes it
   * @param bytes as encoded
   * @param encodedCrc CRC-32C of the bytes
   * @param plainCrc CRC-32C of the data before compression
   */
  public record Encoded(String codec, byte[] bytes, int encodedCrc, int plainCrc) {}

  private PayloadCodec() {}

  /**
   * Encodes data.
   *
   * @param plain kept, not copied, when it travels as it is: it must not change any more
   */
  public static Encoded encode(byte[] plain, Codec wanted) {
    int plainCrc = Frames.crc(plain, 0, plain.length);
    if (wanted == Codec.NONE || plain.length < LEAST_BYTES || !seemsToPay(plain)) {
      return new Encoded("NONE", plain, plainCrc, plainCrc);
    }
    int most = plain.length - plain.length / 8;
    byte[] target = new byte[most];
    int many;
    if (wanted == Codec.LZ4) {
      try {
        many = LZ4.fastCompressor().compress(plain, 0, plain.length, target, 0, most);
      } catch (LZ4Exception e) {
        // It does not fit into what would pay.
        many = 0;
      }
    } else {
      try {
        many = (int) Zstd.compressByteArray(target, 0, most, plain, 0, plain.length, 1);
      } catch (ZstdException e) {
        // As above.
        many = 0;
      }
    }
    if (many <= 0) {
      return new Encoded("NONE", plain, plainCrc, plainCrc);
    }
    byte[] bytes = many == most ? target : Arrays.copyOf(target, many);
    return new Encoded(wanted.name(), bytes, Frames.crc(bytes, 0, many), plainCrc);
  }

  /**
   * Opens a payload.
   *
   * @param codec NONE, ZSTD or LZ4
   * @param length of the data before compression, as the message says; bytes
   * @return the data; the payload itself when it travelled as it is
   * @throws IOException when it does not open to that length, or the checksum is wrong
   */
  public static byte[] decode(String codec, byte[] payload, long length, int plainCrc)
      throws IOException {
    if (length < 0 || length > Frames.MAX_DATA_BYTES) {
      throw new IOException("a payload of " + length + " bytes is larger than any is");
    }
    int size = (int) length;
    byte[] plain;
    try {
      switch (codec) {
        case "NONE" -> plain = payload;
        case "LZ4" -> {
          plain = new byte[size];
          int many = LZ4.safeDecompressor().decompress(payload, 0, payload.length, plain, 0, size);
          if (many != size) {
            throw new IOException("a payload opens to " + many + " bytes instead of " + size);
          }
        }
        case "ZSTD" -> {
          plain = new byte[size];
          long many = Zstd.decompressByteArray(plain, 0, size, payload, 0, payload.length);
          if (many != size) {
            throw new IOException("a payload does not open to its " + size + " bytes");
          }
        }
        default -> throw new IOException("codec " + codec + " is not known here");
      }
    } catch (LZ4Exception | ZstdException e) {
      throw new IOException("a payload does not open: " + e.getMessage(), e);
    }
    if (plain.length != size) {
      throw new IOException("a payload has " + plain.length + " bytes instead of " + size);
    }
    if (Frames.crc(plain, 0, size) != plainCrc) {
      throw new IOException("a payload does not have its checksum");
    }
    return plain;
  }

  /** True when nothing but zeros is left in the buffer, which stays where it is. */
  public static boolean isZeros(ByteBuffer bytes) {
    int at = bytes.position();
    for (; at + Long.BYTES <= bytes.limit(); at += Long.BYTES) {
      if (bytes.getLong(at) != 0) {
        return false;
      }
    }
    for (; at < bytes.limit(); at++) {
      if (bytes.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** True when compression of a small piece of the middle saves something. */
  private static boolean seemsToPay(byte[] plain) {
    if (plain.length <= 4 * SAMPLE_BYTES) {
      return true;
    }
    byte[] target = new byte[SAMPLE_BYTES - SAMPLE_BYTES / 8];
    try {
      return LZ4.fastCompressor()
              .compress(plain, plain.length / 2, SAMPLE_BYTES, target, 0, target.length)
          > 0;
    } catch (LZ4Exception e) {
      return false;
    }
  }
}
