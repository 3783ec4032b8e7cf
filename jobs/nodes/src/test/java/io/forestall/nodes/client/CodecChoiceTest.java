package io.forestall.nodes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.PayloadCodec.Codec;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodecChoiceTest {

  private static final int BYTES = 4096;

  private final CodecChoice choice = new CodecChoice();
  private long tries;

  /** Shares saved in hundredths, times in tenths of a nanosecond for a byte. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        " 0 | 20 |  0 |  60 | NONE", // it does not compress
        "50 | 20 | 60 |  60 | LZ4", //  the quicker one gains more
        "30 | 20 | 75 |  40 | ZSTD", // the smaller one gains more
        " 0 | 20 | 60 |  40 | ZSTD", // what LZ4 makes nothing of
        "20 | 90 | 30 | 200 | NONE", // it saves, and costs more than that
        "50 | 20 | 55 |  22 | LZ4", //  the other is better, but not by the margin
        "98 | 05 | 99 |  10 | LZ4",
      })
  void theOneThatGainsMostIsUsed(
      int lz4Saved, int lz4Tenths, int zstdSaved, int zstdTenths, Codec expected) {
    feed(2_000, lz4Saved / 100.0, lz4Tenths / 10.0, zstdSaved / 100.0, zstdTenths / 10.0);
    assertThat(choice.chosen()).isEqualTo(expected);
  }

  @Test
  void whatDoesNotCompressIsTriedEverMoreRarely() {
    feed(2_000, 0, 2, 0, 6);
    tries = 0;
    feed(100 * CodecChoice.RAREST_PROBE, 0, 2, 0, 6);
    assertThat(tries).isBetween(95L, 105L);
  }

  @Test
  void dataThatBeginsToCompressIsNoticedSoon() {
    feed(100_000, 0, 2, 0, 6);
    assertThat(choice.chosen()).isEqualTo(Codec.NONE);
    feed(CodecChoice.RAREST_PROBE + 8 * CodecChoice.SOONEST_PROBE, 0.5, 2, 0.5, 6);
    assertThat(choice.chosen()).isEqualTo(Codec.LZ4);
  }

  @Test
  void dataThatCompressesNoMoreIsLeftAsItIsSoon() {
    feed(2_000, 0.5, 2, 0.5, 6);
    feed(80, 0, 2, 0, 6);
    assertThat(choice.chosen()).isEqualTo(Codec.NONE);
  }

  @Test
  void dataOnTheEdgeDoesNotSwingIt() {
    Random random = new Random(0x5eed_0001L * 0x9e37_79b9L);
    Codec before = choice.chosen();
    int swings = 0;
    for (int i = 0; i < 50_000; i++) {
      // Around the place where LZ4 gains just nothing.
      double share = 0.08 + 0.03 * (random.nextDouble() - 0.5);
      feed(1, share, 2, share, 6);
      swings += choice.chosen() == before ? 0 : 1;
      before = choice.chosen();
    }
    assertThat(swings).isLessThanOrEqualTo(2);
  }

  @Test
  void oneSlowTryChangesNothing() {
    feed(2_000, 0.5, 2, 0.5, 6);
    feed(1, 0.5, 2_000, 0.5, 6_000);
    assertThat(choice.chosen()).isEqualTo(Codec.LZ4);
  }

  @Test
  void aSlowFirstTryIsForgotten() {
    feed(CodecChoice.SOONEST_PROBE, 0, 2, 0.7, 90_000);
    feed(1_000, 0, 2, 0.7, 4);
    assertThat(choice.chosen()).isEqualTo(Codec.ZSTD);
  }

  /** Every try of a cold process takes long, not only the first. */
  @Test
  void aProcessThatWarmsUpComesToWhatPays() {
    feed(40, 0.5, 50, 0.5, 90);
    assertThat(choice.chosen()).isEqualTo(Codec.NONE);
    feed(300, 0.5, 2, 0.5, 6);
    assertThat(choice.chosen()).isEqualTo(Codec.LZ4);
  }

  @Test
  void shortDataSaysNothing() {
    feed(2_000, 0, 2, 0, 6);
    for (int i = 0; i < 10_000; i++) {
      assertThat(choice.next(PayloadCodec.LEAST_BYTES - 1)).isEqualTo(Codec.NONE);
    }
  }

  /** The sizes are the codecs' own, the times are made up. */
  @Test
  void ofRealDataTextIsCompressedAndNoiseIsNot() {
    Random random = new Random(42);
    byte[] noise = new byte[BYTES];
    String[] words = {"storage ", "volume ", "forecast ", "disk "};
    for (int i = 0; i < 1_000; i++) {
      random.nextBytes(noise);
      offer(noise.clone());
    }
    assertThat(choice.chosen()).isEqualTo(Codec.NONE);
    for (int i = 0; i < 1_000; i++) {
      StringBuilder text = new StringBuilder();
      while (text.length() < BYTES) {
        text.append(words[random.nextInt(words.length)]).append(random.nextInt(1000));
      }
      offer(Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), BYTES));
    }
    assertThat(choice.chosen()).isNotEqualTo(Codec.NONE);
  }

  private void offer(byte[] plain) {
    Codec codec = choice.next(plain.length);
    int encoded = PayloadCodec.encode(plain, codec).bytes().length;
    choice.tried(codec, plain.length, encoded, plain.length * (codec == Codec.LZ4 ? 2L : 4L));
  }

  private void feed(
      int payloads, double lz4Saved, double lz4Nanos, double zstdSaved, double zstdNanos) {
    for (int i = 0; i < payloads; i++) {
      Codec codec = choice.next(BYTES);
      if (codec == Codec.NONE) {
        continue;
      }
      tries++;
      boolean lz4 = codec == Codec.LZ4;
      choice.tried(
          codec,
          BYTES,
          (int) (BYTES * (1 - (lz4 ? lz4Saved : zstdSaved))),
          (long) (BYTES * (lz4 ? lz4Nanos : zstdNanos)));
    }
  }
}
