package io.forestall.wire.rules;

import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads rules: the shipped ones, a file, or the rule in a policy record. Whatever is wrong is said
 * with file, line, field and what to do. Stateless and thread-safe. Row B3.
 */
public final class RuleFiles {

  /** Largest rules file; bytes. */
  public static final int MAX_BYTES = 1 << 20;

  /** Name of the shipped file in messages. */
  public static final String SHIPPED = "shipped-rules.yaml";

  private RuleFiles() {}

  /** The rules that Forestall ships. */
  public static RuleSet shipped() {
    return read(SHIPPED, shippedText());
  }

  /** The shipped file. */
  public static String shippedText() {
    try (InputStream stream = RuleFiles.class.getResourceAsStream(SHIPPED)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks " + SHIPPED);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /**
   * The rules of a file.
   *
   * @throws RulesException when they make no sense
   * @throws IOException when the file cannot be read
   */
  public static RuleSet read(Path file) throws IOException {
    return read(file.toString(), text(file));
  }

  /**
   * The rules of a text.
   *
   * @param name what messages call it
   * @throws RulesException when they make no sense
   */
  public static RuleSet read(String name, String text) {
    return new RuleSet(0, RuleYaml.readAll(text, new Problems(name)));
  }

  /**
   * The rule in a policy record of kind RULE; what {@link
   * io.forestall.decisions.incident.LiveRules} asks for.
   *
   * @throws RulesException when it makes no sense
   */
  public static Rule read(PolicyRecord record) {
    return RuleYaml.readOne(record.body(), new Problems("policy " + record.key()));
  }

  /** The rule as YAML: the body of a policy record; an item of a file when it is indented. */
  public static String write(Rule rule) {
    return RuleYaml.write(rule);
  }

  /** These rules as the text of a file. */
  public static String write(List<Rule> rules) {
    StringBuilder text = new StringBuilder("rules:\n");
    for (Rule rule : rules) {
      String indent = "  - ";
      for (String line : RuleYaml.write(rule).lines().toList()) {
        text.append(indent).append(line).append('\n');
        indent = "    ";
      }
    }
    return text.toString();
  }

  static String text(Path file) throws IOException {
    byte[] bytes;
    try (InputStream stream = Files.newInputStream(file)) {
      bytes = stream.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new RulesException(List.of(file + ": is larger than 1 MiB; split it"));
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException broken) {
      throw new RulesException(List.of(file + ": is no UTF-8 text"));
    }
  }
}
