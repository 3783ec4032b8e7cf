package io.forestall.wire.rules;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * A YAML text as a tree in which each part knows its line. Aliases, tags, several documents and
 * deep nesting are refused, so a small text never becomes a large tree.
 */
sealed interface YamlTree {

  /** Longest text; characters. */
  int MAX_CHARS = 1 << 20;

  /** Deepest nesting. */
  int MAX_DEPTH = 12;

  /** Most parts of a tree. */
  int MAX_PARTS = 200_000;

  /** Line on which it begins, from 1. */
  int line();

  /** A word, number or sentence; {@code text} is null for nothing at all. */
  record Scalar(int line, @Nullable String text) implements YamlTree {}

  /** A list. */
  record Sequence(int line, List<YamlTree> items) implements YamlTree {}

  /** Names and what stands under them, in the order of the text. */
  record Mapping(int line, Map<String, Entry> entries) implements YamlTree {}

  /**
   * What stands under a name.
   *
   * @param line line of the name
   */
  record Entry(int line, YamlTree value) {}

  /**
   * Reads a text.
   *
   * @throws RulesException when it is no YAML, or none of the kind that is accepted
   */
  static YamlTree read(String text, Problems problems) {
    if (text.length() > MAX_CHARS) {
      throw problems.fatal(1, "the text is longer than 1 MiB; split it");
    }
    LoaderOptions limits = new LoaderOptions();
    limits.setCodePointLimit(MAX_CHARS);
    limits.setNestingDepthLimit(MAX_DEPTH);
    try (YAMLParser parser =
        YAMLFactory.builder().loaderOptions(limits).build().createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw problems.fatal(1, "the text is empty");
      }
      int[] parts = {0};
      YamlTree tree = read(parser, first, 0, parts, problems);
      if (parser.nextToken() != null) {
        throw problems.fatal(line(parser), "there is a second document; write one");
      }
      return tree;
    } catch (JsonProcessingException broken) {
      int line = broken.getLocation() == null ? 1 : broken.getLocation().getLineNr();
      throw problems.fatal(Math.max(1, line), "this is no YAML: " + sentences(broken));
    } catch (IOException | org.yaml.snakeyaml.error.YAMLException broken) {
      throw problems.fatal(1, "this is no YAML: " + sentences(broken));
    }
  }

  private static String sentences(Exception broken) {
    String message = broken.getMessage() == null ? "" : broken.getMessage();
    if (broken instanceof JsonProcessingException json) {
      message = json.getOriginalMessage();
    }
    // The sentences of the parser begin at the margin; where and what it read is indented.
    String sentences =
        message
            .lines()
            .filter(line -> !line.isBlank() && !Character.isWhitespace(line.charAt(0)))
            .limit(2)
            .collect(Collectors.joining(", "));
    return sentences.isEmpty() ? "unreadable" : sentences;
  }

  private static int line(JsonParser parser) {
    return Math.max(1, parser.currentTokenLocation().getLineNr());
  }

  private static YamlTree read(
      YAMLParser parser, @Nullable JsonToken token, int depth, int[] parts, Problems problems)
      throws IOException {
    int line = line(parser);
    if (token == null) {
      throw problems.fatal(line, "the text ends too early");
    }
    if (depth > MAX_DEPTH) {
      throw problems.fatal(line, "this is nested too deeply");
    }
    if (++parts[0] > MAX_PARTS) {
      throw problems.fatal(line, "the text has too many parts; split it");
    }
    if (parser.isCurrentAlias()) {
      throw problems.fatal(line, "an alias (*name) is not accepted; write it out");
    }
    switch (token) {
      case START_OBJECT -> {
        Map<String, Entry> entries = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          int nameLine = line(parser);
          String name = parser.currentName();
          YamlTree value = read(parser, parser.nextToken(), depth + 1, parts, problems);
          if (entries.put(name, new Entry(nameLine, value)) != null) {
            problems.add(nameLine, Problems.quoted(name) + " stands here twice; keep one");
          }
        }
        return new Mapping(line, entries);
      }
      case START_ARRAY -> {
        List<YamlTree> items = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          items.add(read(parser, next, depth + 1, parts, problems));
        }
        return new Sequence(line, items);
      }
      case VALUE_NULL -> {
        return new Scalar(line, null);
      }
      default -> {
        return new Scalar(line, parser.getText());
      }
    }
  }
}
