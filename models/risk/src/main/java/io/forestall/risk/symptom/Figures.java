package io.forestall.risk.symptom;

import java.util.Locale;

/** Values as people read them. */
final class Figures {
  private Figures() {}

  /** A ratio as a percentage, {@code 0.25 %}. */
  static String share(double ratio) {
    return number(100 * ratio) + " %";
  }

  /** A time, {@code 12 ms} or {@code 1.5 s}. */
  static String seconds(double seconds) {
    return seconds >= 1 ? number(seconds) + " s" : number(1000 * seconds) + " ms";
  }

  /** Two significant digits, or the whole number when it has more. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "unknown";
    }
    double size = Math.abs(value);
    if (size >= 10 || value == Math.rint(value)) {
      return Long.toString(Math.round(value));
    }
    if (size < 0.00001) {
      return "0";
    }
    int decimals = Math.max(1, (int) Math.ceil(1 - Math.log10(size)));
    String text = String.format(Locale.ROOT, "%." + Math.min(6, decimals) + "f", value);
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
  }
}
