package io.forestall.operators.correlate;

import io.forestall.decisions.incident.RuleSet;
import io.forestall.wire.rules.RuleFiles;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a job as they travel with it: as the YAML that they were read from, which the steps
 * read again. Immutable.
 */
public final class Rules implements Serializable {

  private static final long serialVersionUID = 1L;

  private final String name;
  private final String yaml;
  private transient @Nullable RuleSet set;

  /**
   * Rules of a text.
   *
   * @param name what errors call the text
   * @param yaml the rules
   * @throws IllegalArgumentException with a line for each mistake
   */
  public Rules(String name, String yaml) {
    this.name = name;
    this.yaml = yaml;
    this.set = RuleFiles.read(name, yaml);
  }

  /**
   * The rules of a job: those of the file that its settings name, else the shipped ones.
   *
   * @throws IllegalArgumentException when the file cannot be read, or a rule is wrong
   */
  public static Rules of(CorrelateSettings settings) {
    if (settings.rulesFile().isEmpty()) {
      return new Rules(RuleFiles.SHIPPED, RuleFiles.shippedText());
    }
    try {
      return new Rules(
          settings.rulesFile(),
          Files.readString(Path.of(settings.rulesFile()), StandardCharsets.UTF_8));
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          CorrelateOptions.RULES_FILE.key()
              + ": "
              + settings.rulesFile()
              + " cannot be read: name a file of this machine",
          e);
    }
  }

  /** Rules that stand nowhere yet. */
  public static Rules of(RuleSet rules) {
    return new Rules("rules", RuleFiles.write(rules.rules()));
  }

  /** The rules. */
  public RuleSet set() {
    RuleSet known = set;
    if (known == null) {
      known = RuleFiles.read(name, yaml);
      set = known;
    }
    return known;
  }
}
