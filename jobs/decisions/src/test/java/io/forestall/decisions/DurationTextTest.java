package io.forestall.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class DurationTextTest {

  @Test
  void itReadsWhatItWrites() {
    for (String text : List.of("0 s", "1 ms", "1500 ms", "5 s", "15 min", "8 h", "7 d")) {
      assertThat(DurationText.of(DurationText.parseMillis(text))).isEqualTo(text);
    }
    assertThat(DurationText.parseMillis(" 90MIN ")).isEqualTo(5_400_000);
    assertThat(DurationText.of(5_400_000)).isEqualTo("90 min");
  }

  @Test
  void itRefusesNonsense() {
    for (String text :
        List.of(
            "", "5", "s", "-1 s", "1.5 s", "5 mon", "5 weeks", "9".repeat(50) + " s", "99999 d")) {
      assertThatThrownBy(() -> DurationText.parseMillis(text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class)
          .message()
          .hasSizeLessThan(200);
    }
  }
}
