package io.forestall.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Arguments of a benchmark: names, each with a value. */
public final class Flags {

  private Flags() {}

  /**
   * Reads {@code --name value} pairs. A name that nobody knows would run the whole benchmark with
   * what it was meant to change left as it is, so it ends the process before anything starts.
   *
   * @param args as given to {@code main}
   * @param known the names that there are, with their dashes
   * @return values by name
   */
  public static Map<String, String> parse(String[] args, String... known) {
    Map<String, String> flags = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      boolean named = List.of(known).contains(args[i]);
      if (!named || i + 1 == args.length) {
        System.err.printf(
            "%s %s; the options are %s, each with a value.%n",
            args[i], named ? "has no value" : "is not an option", String.join(", ", known));
        System.exit(2);
      }
      flags.put(args[i], args[i + 1]);
    }
    return flags;
  }
}
