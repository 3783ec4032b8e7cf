package io.forestall.nodes.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PayloadCodecTest {

  @ParameterizedTest
  @EnumSource(PayloadCodec.Codec.class)
  void whatIsEncodedOpensAgainAndOnlyPayingCompressionIsKept(PayloadCodec.Codec codec)
      throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      byte[] plain = new byte[512 * (1 + random.nextInt(round < 190 ? 64 : 2048))];
      int noisy = random.nextInt(plain.length + 1);
      for (int i = 0; i < noisy; i++) {
        plain[i] = (byte) random.nextInt();
      }
      PayloadCodec.Encoded encoded = PayloadCodec.encode(plain, codec);
      assertThat(encoded.codec()).as("seed %d", seed).isIn("NONE", codec.name());
      if (encoded.codec().equals("NONE")) {
        assertThat(encoded.bytes()).isSameAs(plain);
      } else {
        assertThat(encoded.bytes().length).isLessThanOrEqualTo(plain.length - plain.length / 8);
      }
      assertThat(encoded.encodedCrc())
          .isEqualTo(Frames.crc(encoded.bytes(), 0, encoded.bytes().length));
      assertThat(
              PayloadCodec.decode(
                  encoded.codec(), encoded.bytes(), plain.length, encoded.plainCrc()))
          .as("seed %d", seed)
          .isEqualTo(plain);
    }
    assertThat(PayloadCodec.encode(new byte[4096], codec).codec()).isEqualTo(codec.name());
  }

  @ParameterizedTest
  @EnumSource(PayloadCodec.Codec.class)
  void damageIsAnErrorAndNeverOtherBytes(PayloadCodec.Codec codec) {
    PayloadCodec.Encoded encoded = PayloadCodec.encode(new byte[4096], codec);
    for (int i = 0; i < encoded.bytes().length; i++) {
      byte[] damaged = encoded.bytes().clone();
      damaged[i] ^= 0x41;
      try {
        byte[] plain = PayloadCodec.decode(encoded.codec(), damaged, 4096, encoded.plainCrc());
        assertThat(plain).isEqualTo(new byte[4096]);
      } catch (IOException e) {
        assertThat(e.getMessage()).contains("payload");
      }
    }
  }

  @Test
  void wrongLengthsAndStrangeCodecsAreRefused() {
    PayloadCodec.Encoded encoded = PayloadCodec.encode(new byte[4096], PayloadCodec.Codec.LZ4);
    for (long length : new long[] {-1, 0, 512, 8192, Long.MAX_VALUE}) {
      assertThatThrownBy(
              () -> PayloadCodec.decode("LZ4", encoded.bytes(), length, encoded.plainCrc()))
          .isInstanceOf(IOException.class);
    }
    assertThatThrownBy(() -> PayloadCodec.decode("SNAPPY", new byte[1], 1, 0))
        .isInstanceOf(IOException.class);
  }
}
