package io.forestall.bench;

import io.forestall.nodes.transport.PayloadCodec;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a codec takes for one write, checksums included, by the data: figures from which {@code
 * --compression auto} chooses while it runs. How much a codec saves is printed once for each case.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx512m", "-XX:+UseSerialGC"})
public class CodecBenchmark {

  @Param({"4096", "65536"})
  public int bytes = 4096;

  @Param({"text", "records", "noise"})
  public String data = "text";

  @Param({"NONE", "LZ4", "ZSTD"})
  public PayloadCodec.Codec codec = PayloadCodec.Codec.NONE;

  private byte[] plain = new byte[0];

  /** Makes the data up. */
  @Setup
  public void start() {
    plain = new byte[bytes];
    Random random = new Random(1);
    switch (data) {
      case "text" -> {
        String[] words = {"storage ", "volume ", "forecast ", "disk ", "epoch ", "log ", "a "};
        StringBuilder text = new StringBuilder();
        while (text.length() < bytes) {
          text.append(words[random.nextInt(words.length)]).append(random.nextInt(100)).append(' ');
        }
        plain = Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), bytes);
      }
      case "records" -> {
        // Rows of a table: a key, a time, a few small numbers, a hash.
        for (int at = 0; at + 64 <= bytes; at += 64) {
          plain[at + 7] = (byte) (at >> 6);
          plain[at + 6] = (byte) (at >> 14);
          plain[at + 15] = (byte) random.nextInt(20);
          plain[at + 23] = (byte) random.nextInt(200);
          for (int i = 48; i < 64; i++) {
            plain[at + i] = (byte) random.nextInt();
          }
        }
      }
      default -> random.nextBytes(plain);
    }
    System.out.printf(
        "%s of %d bytes by %s: %d bytes%n",
        data, bytes, codec, PayloadCodec.encode(plain, codec).bytes().length);
  }

  /** One write's payload. */
  @Benchmark
  public PayloadCodec.Encoded encode() {
    return PayloadCodec.encode(plain, codec);
  }
}
