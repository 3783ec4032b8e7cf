package io.forestall.app.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Reads what lies in flink-conf/. */
final class TestingConf {
  /** The folder. */
  static final Path FOLDER = Path.of("..", "..", "flink-conf");

  private static final ObjectMapper JSON = new ObjectMapper();

  private TestingConf() {}

  /** One YAML document; anchors are followed, and a key that is there twice is an error. */
  static JsonNode yaml(Path file) throws IOException {
    List<JsonNode> all = documents(file);
    if (all.size() != 1) {
      throw new AssertionError(file + " holds " + all.size() + " documents, not one");
    }
    return all.get(0);
  }

  /** All YAML documents of a file. */
  static List<JsonNode> documents(Path file) throws IOException {
    return documents(Files.readString(file));
  }

  /** All YAML documents of a text. */
  static List<JsonNode> documents(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(10_000);
    List<JsonNode> documents = new ArrayList<>();
    for (Object each : new Yaml(new SafeConstructor(options)).loadAll(text)) {
      if (each != null) {
        documents.add(JSON.valueToTree(each));
      }
    }
    return documents;
  }

  static JsonNode json(Path file) throws IOException {
    return JSON.readTree(Files.readString(file));
  }

  /** As YAML, the way everything that is generated is written. */
  static String yamlText(Object value) throws IOException {
    return new ObjectMapper(
            YAMLFactory.builder()
                .disable(
                    com.fasterxml.jackson.dataformat.yaml.YAMLGenerator.Feature
                        .WRITE_DOC_START_MARKER)
                .enable(com.fasterxml.jackson.dataformat.yaml.YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .enable(
                    com.fasterxml.jackson.dataformat.yaml.YAMLGenerator.Feature.LITERAL_BLOCK_STYLE)
                .disable(com.fasterxml.jackson.dataformat.yaml.YAMLGenerator.Feature.SPLIT_LINES)
                .build())
        .writeValueAsString(value);
  }

  static Map<?, ?> map(JsonNode node) {
    return JSON.convertValue(node, Map.class);
  }
}
