package io.forestall.wire.sources;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a page in the Prometheus text format 0.0.4; OpenMetrics is understood too (end mark,
 * timestamps, exemplars). One pass, memory bounded by the longest line whatever the page is like. A
 * bad line is reported with its number and passed over. Lines whose name nobody wants are passed
 * over without a look at their labels. Not safe for threads. Row A2.
 */
public final class PrometheusText {

  /** Longest line; bytes. */
  public static final int MAX_LINE_BYTES = 64 * 1024;

  /** Most labels of a series. */
  public static final int MAX_LABELS = 64;

  /** Most problems that are reported of one page; the rest is only counted. */
  public static final int MAX_PROBLEMS = 10;

  private static final int NAME_SLOTS = 256;
  private static final double[] TENS = new double[23];

  static {
    double ten = 1;
    for (int i = 0; i < TENS.length; i++) {
      TENS[i] = ten;
      ten *= 10;
    }
  }

  /** Hears of a page, line by line. */
  public interface Handler {
    /** Whether the series of this name are wanted; the name is {@code bytes[from..to)}. */
    boolean wants(byte[] bytes, int from, int to);

    /** A series that is wanted; ask the argument for what it says, during this call only. */
    void series(PrometheusText at);

    /**
     * A line that cannot be read.
     *
     * @param line number of the line, from 1
     * @param what what is wrong with it, as part of a sentence
     */
    void problem(long line, String what);
  }

  /**
   * What became of a page.
   *
   * @param series series on the page, wanted or not; count
   * @param wanted series that were wanted and could be read; count
   * @param problems lines that could not be read; count
   * @param bytes length of the page; bytes
   * @param broken why the page breaks off, null when it was read to its end
   */
  public record Outcome(
      long series, long wanted, long problems, long bytes, @Nullable String broken) {}

  private byte[] bytes = new byte[0];
  private long line;
  private int nameFrom;
  private int nameTo;
  private int labels;
  private final int[] labelNameFrom = new int[MAX_LABELS];
  private final int[] labelNameTo = new int[MAX_LABELS];
  private final int[] labelFrom = new int[MAX_LABELS];
  private final int[] labelTo = new int[MAX_LABELS];
  private final boolean[] labelEscaped = new boolean[MAX_LABELS];
  private double value;
  private final @Nullable String[] names = new @Nullable String[NAME_SLOTS];
  private final byte[] @Nullable [] nameBytes = new byte[NAME_SLOTS][];

  /** Reads a page from memory. */
  public Outcome read(byte[] page, Handler handler) {
    return read(new ByteArrayInputStream(page), handler);
  }

  /** Reads a page; the stream is not closed. */
  public Outcome read(InputStream page, Handler handler) {
    // The reader only holds the stream, which belongs to the caller.
    LineReader lines = new LineReader(page);
    long series = 0;
    long wanted = 0;
    long problems = 0;
    long length = 0;
    while (lines.next()) {
      line = lines.line();
      bytes = lines.buffer();
      int from = lines.start();
      int to = lines.end();
      length += to - from + 1;
      String problem = null;
      if (lines.tooLong() || to - from > MAX_LINE_BYTES) {
        problem = "is longer than " + MAX_LINE_BYTES + " bytes";
      } else {
        from = blanks(from, to);
        if (from == to) {
          continue;
        }
        if (bytes[from] == '#') {
          if (isEnd(from, to)) {
            break;
          }
          continue;
        }
        series++;
        if (bytes[from] == '{') {
          // A name in quotes, as Prometheus 3 allows: none of those can be in a mapping.
          continue;
        }
        int end = name(from, to);
        if (end == from) {
          problem = "does not begin with the name of a metric";
        } else if (end == to) {
          problem = "has no value";
        } else if (bytes[end] != '{' && bytes[end] != ' ' && bytes[end] != '\t') {
          problem = "has a character in the metric's name that is not allowed there";
        } else if (handler.wants(bytes, from, end)) {
          nameFrom = from;
          nameTo = end;
          problem = rest(end, to);
          if (problem == null) {
            wanted++;
            handler.series(this);
          }
        }
      }
      if (problem != null && problems++ < MAX_PROBLEMS) {
        handler.problem(line, problem);
      }
    }
    IOException failure = lines.failure();
    bytes = new byte[0];
    return new Outcome(
        series,
        wanted,
        problems,
        length,
        failure == null ? null : String.valueOf(failure.getMessage()));
  }

  /** Number of the line at hand, from 1. */
  public long line() {
    return line;
  }

  /** Name of the metric at hand. */
  public String name() {
    return shared(nameFrom, nameTo);
  }

  /** Value of the series at hand; may be NaN or infinite. */
  public double value() {
    return value;
  }

  /** How many labels the series at hand has. */
  public int labels() {
    return labels;
  }

  /** Name of a label, counted from 0. */
  public String labelName(int index) {
    return shared(labelNameFrom[index], labelNameTo[index]);
  }

  /** Value of a label, counted from 0. */
  public String labelValue(int index) {
    int from = labelFrom[index];
    int to = labelTo[index];
    return labelEscaped[index]
        ? unescaped(from, to)
        : new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  /** Value of a label by its name in UTF-8, null when the series does not have it. */
  public @Nullable String label(byte[] labelName) {
    for (int i = 0; i < labels; i++) {
      if (Arrays.equals(bytes, labelNameFrom[i], labelNameTo[i], labelName, 0, labelName.length)) {
        return labelValue(i);
      }
    }
    return null;
  }

  /** A number that is the same for the same name and labels, whatever their order. */
  public long identity() {
    long sum = 0;
    for (int i = 0; i < labels; i++) {
      sum += mixed(hash(labelFrom[i], labelTo[i], hash(labelNameFrom[i], labelNameTo[i], 17)));
    }
    return mixed(sum + hash(nameFrom, nameTo, 31));
  }

  private boolean isEnd(int from, int to) {
    int at = blanks(from + 1, to);
    return to - at >= 3
        && bytes[at] == 'E'
        && bytes[at + 1] == 'O'
        && bytes[at + 2] == 'F'
        && blanks(at + 3, to) == to;
  }

  // What is wrong with labels, value and what follows, or null.
  private @Nullable String rest(int from, int to) {
    labels = 0;
    int at = blanks(from, to);
    if (at < to && bytes[at] == '{') {
      at++;
      while (true) {
        at = blanks(at, to);
        if (at == to) {
          return "ends within its labels";
        }
        if (bytes[at] == '}') {
          at++;
          break;
        }
        if (labels == MAX_LABELS) {
          return "has more than " + MAX_LABELS + " labels";
        }
        int end = labelName(at, to);
        if (end == at) {
          return "has a label without a name";
        }
        labelNameFrom[labels] = at;
        labelNameTo[labels] = end;
        at = blanks(end, to);
        if (at == to || bytes[at] != '=') {
          return "has a label without a value";
        }
        at = blanks(at + 1, to);
        if (at == to || bytes[at] != '"') {
          return "has a label whose value is not in quotes";
        }
        at++;
        labelFrom[labels] = at;
        boolean escaped = false;
        while (at < to && bytes[at] != '"') {
          if (bytes[at] == '\\') {
            escaped = true;
            at++;
          }
          at++;
        }
        if (at >= to) {
          return "ends within the value of a label";
        }
        labelTo[labels] = at;
        labelEscaped[labels] = escaped;
        labels++;
        at = blanks(at + 1, to);
        if (at < to && bytes[at] == ',') {
          at++;
        } else if (at < to && bytes[at] != '}') {
          return "has no comma between two labels";
        }
      }
    }
    at = blanks(at, to);
    int end = word(at, to);
    if (end == at) {
      return "has no value";
    }
    if (!number(at, end)) {
      return "has the value '"
          + new String(bytes, at, Math.min(end - at, 40), StandardCharsets.UTF_8)
          + "', which is no number";
    }
    at = blanks(end, to);
    if (at == to || bytes[at] == '#') {
      return null;
    }
    // A timestamp; the frame's time is that of the scrape.
    end = word(at, to);
    for (int i = at; i < end; i++) {
      byte b = bytes[i];
      if ((b < '0' || b > '9') && b != '-' && b != '.' && b != '+' && b != 'e' && b != 'E') {
        return "has something after its value that is no timestamp";
      }
    }
    at = blanks(end, to);
    return at == to || bytes[at] == '#' ? null : "has something after its timestamp";
  }

  private boolean number(int from, int to) {
    long digits = 0;
    int count = 0;
    int scale = 0;
    int at = from;
    boolean negative = bytes[at] == '-';
    if (negative || bytes[at] == '+') {
      at++;
    }
    int first = at;
    boolean point = false;
    for (; at < to; at++) {
      byte b = bytes[at];
      if (b >= '0' && b <= '9') {
        digits = digits * 10 + (b - '0');
        if (digits != 0) {
          count++;
        }
        if (point) {
          scale++;
        }
        if (count > 15) {
          return slowNumber(from, to);
        }
      } else if (b == '.' && !point) {
        point = true;
      } else {
        break;
      }
    }
    if (at == first || (at == first + 1 && point)) {
      return slowNumber(from, to);
    }
    if (at < to) {
      if (bytes[at] != 'e' && bytes[at] != 'E') {
        return slowNumber(from, to);
      }
      at++;
      boolean small = at < to && bytes[at] == '-';
      if (at < to && (small || bytes[at] == '+')) {
        at++;
      }
      if (at == to || to - at > 3) {
        return slowNumber(from, to);
      }
      int exponent = 0;
      for (; at < to; at++) {
        if (bytes[at] < '0' || bytes[at] > '9') {
          return slowNumber(from, to);
        }
        exponent = exponent * 10 + bytes[at] - '0';
      }
      scale += small ? exponent : -exponent;
    }
    // Exact: up to 15 digits and a power of ten that a double holds exactly, so one rounding.
    if (scale > 22 || scale < -22) {
      return slowNumber(from, to);
    }
    double plain = scale >= 0 ? digits / TENS[scale] : digits * TENS[-scale];
    value = negative ? -plain : plain;
    return true;
  }

  private boolean slowNumber(int from, int to) {
    if (to - from > 64) {
      return false;
    }
    String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    switch (text.charAt(0) == '+' || text.charAt(0) == '-' ? text.substring(1) : text) {
      case "NaN", "nan", "NAN" -> value = Double.NaN;
      case "Inf", "inf", "INF", "Infinity", "infinity" ->
          value = text.charAt(0) == '-' ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      default -> {
        // Java's own parser takes more than the format does, such as 1f.
        for (int i = 0; i < text.length(); i++) {
          if ("0123456789+-.eE".indexOf(text.charAt(i)) < 0) {
            return false;
          }
        }
        try {
          value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
          return false;
        }
      }
    }
    return true;
  }

  private int blanks(int from, int to) {
    int at = from;
    while (at < to && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at;
  }

  private int word(int from, int to) {
    int at = from;
    while (at < to && bytes[at] != ' ' && bytes[at] != '\t') {
      at++;
    }
    return at;
  }

  private int name(int from, int to) {
    int at = from;
    while (at < to && (isNamePart(bytes[at], at > from) || bytes[at] == ':')) {
      at++;
    }
    return at;
  }

  private int labelName(int from, int to) {
    int at = from;
    while (at < to && isNamePart(bytes[at], at > from)) {
      at++;
    }
    return at;
  }

  private static boolean isNamePart(byte b, boolean digits) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || b == '_'
        || (digits && b >= '0' && b <= '9');
  }

  private String unescaped(int from, int to) {
    byte[] plain = new byte[to - from];
    int length = 0;
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      if (b == '\\' && i + 1 < to) {
        byte next = bytes[++i];
        if (next == 'n') {
          plain[length++] = '\n';
        } else {
          if (next != '\\' && next != '"') {
            plain[length++] = '\\';
          }
          plain[length++] = next;
        }
      } else {
        plain[length++] = b;
      }
    }
    return new String(plain, 0, length, StandardCharsets.UTF_8);
  }

  // Names come again on each line; a slot that another name took is simply overwritten.
  private String shared(int from, int to) {
    long hash = hash(from, to, 7);
    int slot = (int) (hash ^ hash >>> 17) & (NAME_SLOTS - 1);
    byte[] known = nameBytes[slot];
    String name = names[slot];
    if (known != null && name != null && Arrays.equals(known, 0, known.length, bytes, from, to)) {
      return name;
    }
    name = new String(bytes, from, to - from, StandardCharsets.UTF_8);
    nameBytes[slot] = Arrays.copyOfRange(bytes, from, to);
    names[slot] = name;
    return name;
  }

  private long hash(int from, int to, long seed) {
    long hash = seed;
    for (int i = from; i < to; i++) {
      hash = hash * 1_099_511_628_211L + bytes[i];
    }
    return hash;
  }

  private static long mixed(long hash) {
    long mixed = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    return mixed ^ mixed >>> 29;
  }
}
