package io.forestall.topologies;

import org.apache.flink.configuration.Configuration;

/** Options on a job's command line. */
final class Arguments {

  private Arguments() {}

  /**
   * Reads {@code --key value}, {@code --key=value}, {@code -Dkey=value} and {@code -D key=value}.
   *
   * @throws IllegalArgumentException when an argument has another form
   */
  static Configuration parse(String[] args) {
    Configuration configuration = new Configuration();
    for (int i = 0; i < args.length; i++) {
      String argument = args[i];
      String pair;
      if (argument.equals("-D")) {
        i++;
        pair = i < args.length ? args[i] : "";
      } else if (argument.startsWith("-D")) {
        pair = argument.substring(2);
      } else if (argument.startsWith("--") && argument.indexOf('=') > 0) {
        pair = argument.substring(2);
      } else if (argument.startsWith("--") && i + 1 < args.length) {
        i++;
        pair = argument.substring(2) + "=" + args[i];
      } else {
        throw wrong(argument);
      }
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw wrong(argument);
      }
      configuration.setString(pair.substring(0, equals).trim(), pair.substring(equals + 1).trim());
    }
    return configuration;
  }

  private static IllegalArgumentException wrong(String argument) {
    return new IllegalArgumentException(
        "argument '" + argument + "' is not understood: give --key value or -Dkey=value");
  }
}
