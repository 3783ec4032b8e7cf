package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PrometheusTextTest {

  private final List<String> series = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private final PrometheusText text = new PrometheusText();

  private final PrometheusText.Handler all =
      new PrometheusText.Handler() {
        @Override
        public boolean wants(byte[] bytes, int from, int to) {
          return !new String(bytes, from, to - from, StandardCharsets.UTF_8).startsWith("skip");
        }

        @Override
        public void series(PrometheusText at) {
          StringBuilder line = new StringBuilder(at.name());
          for (int i = 0; i < at.labels(); i++) {
            line.append(' ').append(at.labelName(i)).append('=').append(at.labelValue(i));
          }
          series.add(line + " -> " + at.value());
        }

        @Override
        public void problem(long line, String what) {
          problems.add(line + " " + what);
        }
      };

  private PrometheusText.Outcome read(String page) {
    return text.read(page.getBytes(StandardCharsets.UTF_8), all);
  }

  @Test
  void readsWhatTheFormatAllows() {
    PrometheusText.Outcome outcome =
        read(
            """
            # HELP a What it is.
            # TYPE a counter

            a 1
            b{} 2
            c{x="1",y="two"} 3.5
              d { x = "1" , y = "2" , } 4e3 1700000000000
            e{x="a\\"b\\\\c\\nd\\te"} -0.25
            f\t+Inf
            g NaN
            h{path="C:\\\\",q="ü"} .5
            i 1 1700000000.123 # {trace_id="x"} 0.5 1700000000
            j_bucket{le="+Inf"} 6 # {trace_id="x y"} 0.5
            k 5.
            {"name.with.dots",x="1"} 3
            skip{not even labels
            """);
    assertThat(problems).isEmpty();
    assertThat(series)
        .containsExactly(
            "a -> 1.0",
            "b -> 2.0",
            "c x=1 y=two -> 3.5",
            "d x=1 y=2 -> 4000.0",
            "e x=a\"b\\c\nd\\te -> -0.25",
            "f -> Infinity",
            "g -> NaN",
            "h path=C:\\ q=ü -> 0.5",
            "i -> 1.0",
            "j_bucket le=+Inf -> 6.0",
            "k -> 5.0");
    assertThat(outcome.series()).isEqualTo(13);
    assertThat(outcome.wanted()).isEqualTo(11);
    assertThat(outcome.broken()).isNull();
  }

  @Test
  void saysWhichLineIsWrongAndGoesOn() {
    read(
        """
        a 1
        1a 2
        b{x="1} 3
        c{x=1} 4
        d{x="1"y="2"} 5
        e{="1"} 6
        f
        g one
        h 1 2 3
        i-j 1
        k{x="1"
        l{x} 1
        m 1
        """);
    assertThat(series).containsExactly("a -> 1.0", "m -> 1.0");
    assertThat(problems)
        .containsExactly(
            "2 does not begin with the name of a metric",
            "3 ends within the value of a label",
            "4 has a label whose value is not in quotes",
            "5 has no comma between two labels",
            "6 has a label without a name",
            "7 has no value",
            "8 has the value 'one', which is no number",
            "9 has something after its timestamp",
            "10 has a character in the metric's name that is not allowed there",
            "11 ends within its labels");
    // The twelfth line is counted, but ten words are enough.
    assertThat(read("l{x} 1\n").problems()).isEqualTo(1);
  }

  @Test
  void nothingFollowsTheEndMark() {
    read("a 1\n# EOF\nb 2\n");
    assertThat(series).containsExactly("a -> 1.0");
  }

  @Test
  void numbersAreReadAsJavaReadsThem() {
    long seed = 20_240_601L;
    Random random = new Random(seed);
    StringBuilder page = new StringBuilder();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      double value =
          switch (random.nextInt(5)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextLong();
            case 2 -> random.nextDouble() * Math.pow(10, random.nextInt(40) - 20);
            case 3 -> Double.longBitsToDouble(random.nextLong());
            default -> random.nextInt(1000) / 8.0;
          };
      if (Double.isNaN(value) || Double.isInfinite(value)) {
        continue;
      }
      String written =
          switch (random.nextInt(3)) {
            case 0 -> Double.toString(value);
            case 1 -> String.format(Locale.ROOT, "%e", value);
            default -> new java.math.BigDecimal(value).toPlainString();
          };
      if (written.length() > 60) {
        continue;
      }
      page.append("a ").append(written).append('\n');
      expected.add("a -> " + Double.parseDouble(written));
    }
    read(page.toString());
    assertThat(problems).as("seed %d", seed).isEmpty();
    assertThat(series).as("seed %d", seed).isEqualTo(expected);
  }

  @Test
  void refusesNumbersThatOnlyJavaKnows() {
    read("a 1f\nb 0x1p3\nc 1d\nd 1_000\ne -\nf +\ng e5\nh .\n");
    assertThat(series).isEmpty();
    assertThat(problems).hasSize(8);
  }

  @Test
  void memoryIsBoundedWhateverThePage() {
    String longLine = "a{x=\"" + "y".repeat(PrometheusText.MAX_LINE_BYTES) + "\"} 1\n";
    String longer = "b " + "1".repeat(3 << 20) + "\n";
    StringBuilder labels = new StringBuilder("c{");
    for (int i = 0; i <= PrometheusText.MAX_LABELS; i++) {
      labels.append("l").append(i).append("=\"1\",");
    }
    PrometheusText.Outcome outcome = read(longLine + longer + labels + "} 1\nd 4\n");
    assertThat(series).containsExactly("d -> 4.0");
    assertThat(problems)
        .containsExactly(
            "1 is longer than 65536 bytes",
            "2 is longer than 65536 bytes",
            "3 has more than 64 labels");
    assertThat(outcome.problems()).isEqualTo(3);
  }

  @Test
  void aPageThatBreaksOffSaysSo() {
    InputStream broken =
        new FilterInputStream(
            new ByteArrayInputStream("a 1\nb 2".getBytes(StandardCharsets.UTF_8))) {
          @Override
          public int read(byte[] into, int offset, int length) throws IOException {
            int read = super.read(into, offset, length);
            if (read < 0) {
              throw new IOException("connection reset");
            }
            return read;
          }
        };
    PrometheusText.Outcome outcome = text.read(broken, all);
    assertThat(series).containsExactly("a -> 1.0");
    assertThat(outcome.broken()).isEqualTo("connection reset");
  }

  @Test
  void noBytesMakeItThrow() {
    long seed = 77;
    Random random = new Random(seed);
    byte[] alphabet = "a{}\"=,\\ \t\n#0.e+-EOFN_:\r".getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 20_000; i++) {
      byte[] page = new byte[random.nextInt(60)];
      for (int j = 0; j < page.length; j++) {
        page[j] =
            random.nextInt(20) == 0
                ? (byte) random.nextInt()
                : alphabet[random.nextInt(alphabet.length)];
      }
      PrometheusText.Outcome outcome = text.read(page, all);
      assertThat(outcome.wanted() + outcome.problems())
          .as("seed %d, page %d", seed, i)
          .isLessThanOrEqualTo(outcome.series() + outcome.problems());
    }
    assertThat(series).isNotEmpty();
    assertThat(problems).isNotEmpty();
  }

  @Test
  void theSameLabelsInAnotherOrderAreTheSameSeries() {
    List<Long> identities = new ArrayList<>();
    text.read(
        "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\na{x=\"2\",y=\"1\"} 1\nb{x=\"1\",y=\"2\"} 1\na 1\n"
            .getBytes(StandardCharsets.UTF_8),
        new PrometheusText.Handler() {
          @Override
          public boolean wants(byte[] bytes, int from, int to) {
            return true;
          }

          @Override
          public void series(PrometheusText at) {
            identities.add(at.identity());
          }

          @Override
          public void problem(long line, String what) {}
        });
    assertThat(identities.get(0)).isEqualTo(identities.get(1));
    assertThat(identities.subList(1, 5)).doesNotHaveDuplicates();
  }
}
