package io.forestall.risk;

import io.forestall.risk.symptom.StandardSymptomEngine;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What the symptoms of a failure mode are worth: for each kind of thing and mode a curve from the
 * evidence that the symptom engine adds up to what it adds to the log-odds of a failure within the
 * mode's horizon. Rows A9, A10, A11. Immutable and thread-safe.
 *
 * <p>Without evidence the probability is the base rate. A curve never falls, and beyond its last
 * knot it is flat: more evidence than there was to learn from adds nothing. What has no curve keeps
 * the probability that the symptoms state.
 *
 * <p>Stored as text, format {@value #FORMAT}: a line each for the format, id and version, the model
 * of the symptoms, properties, and curves with their knots; the last line is the CRC32C of all
 * before it.
 */
public final class ModeModel {
  /** Name of the format, the first line of a file. */
  public static final String FORMAT = "forestall-modes-1";

  /** Largest file that is read; bytes. */
  public static final int MAXIMUM_BYTES = 256 * 1024;

  /** Most that evidence can add to log-odds; nats. */
  public static final double MAXIMUM_NATS = 30;

  private static final int MAXIMUM_KNOTS = 256;
  private static final int MAXIMUM_PROPERTIES = 100;
  private static final String CHECKSUM = "crc32c ";

  /** Evidence below this is rounding; nats. */
  private static final double NOTHING = 1e-6;

  private static final ModeModel NONE = new ModeModel("none", 1, "none", 1, Map.of(), List.of());

  /** What a probability is said of. */
  public enum Subject {
    /** A node, event processor or head node that reports about itself. */
    MACHINE,
    /** A drive, by its I/O. */
    DRIVE,
    /** A link or a rack's uplink, which others blame: it reports nothing itself. */
    LINK,
    /** A volume, by what its clients see. */
    VOLUME;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One point of a curve.
   *
   * @param evidence what the symptoms add to the log-odds; nats
   * @param added what it is worth; nats
   */
  public record Knot(double evidence, double added) {}

  /**
   * What evidence of one mode is worth for one kind of thing.
   *
   * @param subject kind of thing
   * @param mode failure mode, not UNKNOWN
   * @param horizonMillis time ahead that the probability speaks of; milliseconds
   * @param baseRate probability within the horizon while nothing speaks for it, above 0, below 1
   * @param knots the first at no evidence, where nothing is added; evidence strictly grows and what
   *     it adds never falls
   */
  public record Curve(
      Subject subject, FailureMode mode, long horizonMillis, double baseRate, List<Knot> knots) {

    /**
     * @throws IllegalArgumentException when values contradict each other; the message names them
     */
    public Curve {
      knots = List.copyOf(knots);
      require(mode != FailureMode.UNKNOWN, "a curve has mode UNKNOWN");
      String name = "the curve of " + subject.word() + " " + mode;
      require(horizonMillis > 0, name + " has a horizon of " + horizonMillis + " ms");
      require(baseRate > 0 && baseRate < 1, name + " has base rate " + baseRate);
      require(
          !knots.isEmpty() && knots.size() <= MAXIMUM_KNOTS,
          name + " has " + knots.size() + " knots, not 1 to " + MAXIMUM_KNOTS);
      Knot before = knots.get(0);
      require(
          before.evidence() == 0 && before.added() == 0,
          name + " does not begin with nothing for no evidence but at " + before);
      for (Knot knot : knots.subList(1, knots.size())) {
        // In this form a number that is none is refused too.
        require(
            knot.evidence() > before.evidence()
                && knot.evidence() <= MAXIMUM_NATS
                && knot.added() >= before.added()
                && knot.added() <= MAXIMUM_NATS,
            name + " goes from " + before + " to " + knot + ": it may only grow");
        before = knot;
      }
    }

    /** What evidence adds to the log-odds of the base rate, never below 0; nats. */
    public double added(double evidence) {
      if (!(evidence > 0)) {
        return 0;
      }
      Knot left = knots.get(0);
      for (int i = 1; i < knots.size(); i++) {
        Knot right = knots.get(i);
        if (evidence < right.evidence()) {
          double share = (evidence - left.evidence()) / (right.evidence() - left.evidence());
          return left.added() + share * (right.added() - left.added());
        }
        left = right;
      }
      return left.added();
    }

    /** Probability of a failure within the horizon; 0 to 1. */
    public double probability(double evidence) {
      double added = added(evidence);
      return added == 0 ? baseRate : 1 / (1 + Math.exp(-(logOdds(baseRate) + added)));
    }
  }

  private final String id;
  private final int version;
  private final String symptoms;
  private final int symptomsVersion;
  private final Map<String, String> properties;
  private final List<Curve> curves;
  private final @Nullable Curve[][] index =
      new Curve[Subject.values().length][FailureMode.values().length];

  /**
   * A model.
   *
   * @param id identifier of the family: letters, digits and dashes, 64 at most
   * @param version version within the family, above 0
   * @param symptoms model that told the evidence it learned from
   * @param symptomsVersion version of that model; evidence of another one is left as it is
   * @param properties what else is known, for example the data; no unit
   * @param curves one at most for each kind of thing and mode
   * @throws IllegalArgumentException when values contradict each other; the message names them
   */
  public ModeModel(
      String id,
      int version,
      String symptoms,
      int symptomsVersion,
      Map<String, String> properties,
      List<Curve> curves) {
    require(id.matches("[A-Za-z0-9-]{1,64}"), "id '" + id + "' is not 1 to 64 letters");
    require(symptoms.matches("[A-Za-z0-9-]{1,64}"), "symptoms '" + symptoms + "' have no name");
    require(version > 0 && symptomsVersion > 0, "versions must be above 0");
    require(properties.size() <= MAXIMUM_PROPERTIES, "more properties than " + MAXIMUM_PROPERTIES);
    properties.forEach(
        (name, value) ->
            require(
                name.matches("[A-Za-z0-9-]{1,64}")
                    && value.length() <= 1000
                    && value.chars().noneMatch(Character::isISOControl),
                "property '" + name + "' is not one line of text"));
    this.id = id;
    this.version = version;
    this.symptoms = symptoms;
    this.symptomsVersion = symptomsVersion;
    this.properties = Map.copyOf(properties);
    this.curves =
        curves.stream()
            .sorted(Comparator.comparing(Curve::subject).thenComparing(Curve::mode))
            .toList();
    for (Curve curve : curves) {
      @Nullable Curve[] row = index[curve.subject().ordinal()];
      require(
          row[curve.mode().ordinal()] == null,
          "there are two curves of " + curve.subject().word() + " " + curve.mode());
      row[curve.mode().ordinal()] = curve;
    }
  }

  /** The model without any curve: each mode keeps what the symptoms state. */
  public static ModeModel none() {
    return NONE;
  }

  /** Identifier of the family. */
  public String id() {
    return id;
  }

  /** Version within the family. */
  public int version() {
    return version;
  }

  /** What else is known, for example the data; no unit. */
  public Map<String, String> properties() {
    return properties;
  }

  /** All curves, in a fixed order. */
  public List<Curve> curves() {
    return curves;
  }

  /** The curve of a kind of thing and mode, null when there is none. */
  public @Nullable Curve curve(Subject subject, FailureMode mode) {
    return index[subject.ordinal()][mode.ordinal()];
  }

  /**
   * The mode with the probability that its evidence is worth, and with this model's name. Reasons
   * share what is added in the proportion in which they spoke. A mode without a curve, of another
   * horizon or told by something else than the symptoms that were learned from is left as it is.
   */
  public ModeAssessment calibrated(Subject subject, ModeAssessment told) {
    Curve curve = curve(subject, told.mode());
    if (curve == null
        || told.horizonMillis() != curve.horizonMillis()
        || told.modelVersion() != symptomsVersion
        || !told.model().equals(symptoms)) {
      return told;
    }
    double evidence = evidence(curve, told.probability());
    List<ReasonPart> reasons = told.reasons();
    if (evidence > 0 && !reasons.isEmpty()) {
      double share = curve.added(evidence) / evidence;
      reasons =
          reasons.stream()
              .map(
                  reason ->
                      new ReasonPart(
                          reason.metric(),
                          reason.value(),
                          reason.contribution() * share,
                          reason.text()))
              .toList();
    }
    return new ModeAssessment(
        told.mode(), curve.probability(evidence), curve.horizonMillis(), id, version, reasons);
  }

  /** What the symptoms added to the log-odds of the base rate; nats, 0 for none. */
  private static double evidence(Curve curve, double probability) {
    return evidence(curve.baseRate(), probability);
  }

  /**
   * What symptoms added to the log-odds of a base rate.
   *
   * @param baseRate probability while nothing speaks for the mode
   * @param probability what the symptoms state
   * @return 0 for none, else up to {@link #MAXIMUM_NATS}; nats
   */
  public static double evidence(double baseRate, double probability) {
    double evidence =
        probability >= 1 ? MAXIMUM_NATS : logOdds(Math.max(0, probability)) - logOdds(baseRate);
    return evidence > NOTHING ? Math.min(MAXIMUM_NATS, evidence) : 0; // NaN is none
  }

  /** The model as a file; the same model always gives the same bytes. */
  public byte[] toBytes() {
    StringBuilder text = new StringBuilder(4096);
    text.append(FORMAT).append('\n');
    text.append("model ").append(id).append(' ').append(version).append('\n');
    text.append("symptoms ").append(symptoms).append(' ').append(symptomsVersion).append('\n');
    new TreeMap<>(properties)
        .forEach(
            (name, value) ->
                text.append("property ").append(name).append(' ').append(value).append('\n'));
    for (Curve curve : curves) {
      text.append("curve ")
          .append(curve.subject())
          .append(' ')
          .append(curve.mode())
          .append(' ')
          .append(curve.horizonMillis())
          .append(' ')
          .append(curve.baseRate())
          .append(' ')
          .append(curve.knots().size())
          .append('\n');
      for (Knot knot : curve.knots()) {
        text.append(knot.evidence()).append(' ').append(knot.added()).append('\n');
      }
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    text.append(CHECKSUM).append(checksum(body, body.length)).append('\n');
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException when they are cut short, damaged, of another format, or of an
   *     impossible shape or value; the message says what and in which line
   */
  public static ModeModel fromBytes(byte[] bytes) throws ModelFormatException {
    if (bytes.length > MAXIMUM_BYTES) {
      throw new ModelFormatException("a model of modes has at most " + MAXIMUM_BYTES + " bytes");
    }
    String text;
    try {
      CharBuffer read = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      text = read.toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException("a model of modes is text in UTF-8, these bytes are not");
    }
    if (!text.startsWith(FORMAT + "\n")) {
      throw new ModelFormatException("a model of modes begins with the line " + FORMAT);
    }
    int last = text.lastIndexOf('\n', text.length() - 2) + 1;
    byte[] body = text.substring(0, last).getBytes(StandardCharsets.UTF_8);
    if (!text.substring(last).equals(CHECKSUM + checksum(body, body.length) + "\n")) {
      throw new ModelFormatException(
          "the model of modes is cut short or damaged: its last line is not the checksum of what"
              + " stands before it");
    }
    return new Lines(text.substring(0, last).split("\n", -1)).model();
  }

  private static String checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return String.format(Locale.ROOT, "%08x", crc.getValue());
  }

  private static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Model of modes: " + what);
    }
  }

  /** Whether the evidence of this version's symptoms is what the model learned from. */
  public boolean fitsSymptoms() {
    return curves.isEmpty()
        || symptoms.equals(StandardSymptomEngine.MODEL)
            && symptomsVersion == StandardSymptomEngine.MODEL_VERSION;
  }

  /** The lines of a file, read one after the other. */
  private static final class Lines {
    private final String[] lines;
    private int next = 1;

    Lines(String[] lines) {
      this.lines = lines;
    }

    ModeModel model() throws ModelFormatException {
      try {
        String[] model = words("model", 3);
        String[] symptoms = words("symptoms", 3);
        Map<String, String> properties = new TreeMap<>();
        while (peek().startsWith("property ")) {
          String[] words = lines[next++].split(" ", 3);
          if (words.length < 3 || properties.put(words[1], words[2]) != null) {
            throw wrong("has no name and value, or a name that was there before");
          }
        }
        List<Curve> curves = new ArrayList<>();
        Set<String> known = new HashSet<>();
        while (peek().startsWith("curve ")) {
          String[] words = words("curve", 6);
          if (!known.add(words[1] + ' ' + words[2])) {
            throw wrong("is the second of its kind");
          }
          int count = Integer.parseInt(words[5]);
          if (count < 1 || count > MAXIMUM_KNOTS) {
            throw wrong("promises " + count + " knots, not 1 to " + MAXIMUM_KNOTS);
          }
          List<Knot> knots = new ArrayList<>(count);
          for (int i = 0; i < count; i++) {
            String[] knot = peek().split(" ", -1);
            next++;
            if (knot.length != 2) {
              throw wrong("is no knot: two numbers were expected");
            }
            knots.add(new Knot(number(knot[0]), number(knot[1])));
          }
          curves.add(
              new Curve(
                  Subject.valueOf(words[1]),
                  FailureMode.valueOf(words[2]),
                  Long.parseLong(words[3]),
                  number(words[4]),
                  knots));
        }
        if (next != lines.length - 1 || !lines[next].isEmpty()) {
          next++;
          throw wrong("was not expected");
        }
        return new ModeModel(
            model[1],
            Integer.parseInt(model[2]),
            symptoms[1],
            Integer.parseInt(symptoms[2]),
            properties,
            curves);
      } catch (IllegalArgumentException e) {
        throw wrong("or what it ends cannot be: " + e.getMessage());
      }
    }

    private String peek() {
      return next < lines.length ? lines[next] : "";
    }

    private String[] words(String first, int count) throws ModelFormatException {
      String[] words = peek().split(" ", -1);
      next++;
      if (words.length != count || !words[0].equals(first)) {
        throw wrong("is not '" + first + "' with " + (count - 1) + " words");
      }
      return words;
    }

    private double number(String word) throws ModelFormatException {
      double value = Double.parseDouble(word);
      if (!Double.isFinite(value)) {
        throw wrong("has " + word + " for a number");
      }
      return value;
    }

    private ModelFormatException wrong(String what) {
      String line = next - 1 < lines.length ? lines[next - 1] : "";
      String shown = line.length() > 60 ? line.substring(0, 60) + "..." : line;
      return new ModelFormatException("line " + next + " ('" + shown + "') " + what);
    }
  }

  @Override
  public String toString() {
    return id + " " + version + " " + Arrays.toString(curves.toArray());
  }
}
