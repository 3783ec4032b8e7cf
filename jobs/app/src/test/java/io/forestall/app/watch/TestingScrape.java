package io.forestall.app.watch;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A page in the Prometheus text format, taken apart as far as tests ask. */
final class TestingScrape {
  private static final Pattern LINE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)(?: \\d+)?");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

  private final Map<String, String> types = new TreeMap<>();
  private final Map<String, String> helps = new TreeMap<>();
  private final Map<String, Set<String>> labels = new TreeMap<>();
  private final Map<String, Map<String, Set<String>>> values = new HashMap<>();
  private final Map<String, Double> sums = new HashMap<>();

  private TestingScrape() {}

  static TestingScrape of(String text) {
    TestingScrape scrape = new TestingScrape();
    text.lines().forEach(scrape::line);
    return scrape;
  }

  static String get(String address) throws Exception {
    var answer =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new AssertionError(address + " answers " + answer.statusCode());
    }
    return answer.body();
  }

  private void line(String line) {
    if (line.startsWith("# TYPE ")) {
      String[] words = line.split(" ", 4);
      types.put(words[2], words[3]);
    } else if (line.startsWith("# HELP ")) {
      String[] words = line.split(" ", 4);
      helps.put(words[2], words[3]);
    } else if (!line.isBlank() && !line.startsWith("#")) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        throw new AssertionError("not in the Prometheus text format: " + line);
      }
      String name = matcher.group(1);
      Set<String> names = labels.computeIfAbsent(name, key -> new TreeSet<>());
      String inBraces = matcher.group(2);
      if (inBraces != null) {
        Matcher label = LABEL.matcher(inBraces);
        while (label.find()) {
          names.add(label.group(1));
          values
              .computeIfAbsent(name, key -> new HashMap<>())
              .computeIfAbsent(label.group(1), key -> new TreeSet<>())
              .add(label.group(2));
        }
      }
      sums.merge(name, Double.parseDouble(matcher.group(3)), Double::sum);
    }
  }

  /** Names of the series. */
  Set<String> series() {
    return labels.keySet();
  }

  /** Names of the metrics, as their TYPE lines say. */
  Set<String> metrics() {
    return types.keySet();
  }

  @Nullable String type(String metric) {
    return types.get(metric);
  }

  @Nullable String help(String metric) {
    return helps.get(metric);
  }

  /** Names of the labels of a series. */
  Set<String> labels(String series) {
    return labels.getOrDefault(series, Set.of());
  }

  /** Values of a label of a series. */
  Set<String> values(String series, String label) {
    return values.getOrDefault(series, Map.of()).getOrDefault(label, Set.of());
  }

  /** The sum over a name's series; 0 when there is none. */
  double sum(String series) {
    return sums.getOrDefault(series, 0.0);
  }
}
