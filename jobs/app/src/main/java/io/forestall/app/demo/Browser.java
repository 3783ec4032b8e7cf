package io.forestall.app.demo;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens a page where there is a screen to show it. */
final class Browser {
  private Browser() {}

  /** The command that opens a page here, or null when there is no screen. */
  static @Nullable String command(String operatingSystem, Map<String, String> environment) {
    String system = operatingSystem.toLowerCase(Locale.ROOT);
    if (system.startsWith("mac")) {
      return environment.containsKey("SSH_CONNECTION") ? null : "open";
    }
    boolean screen =
        !environment.getOrDefault("DISPLAY", "").isEmpty()
            || !environment.getOrDefault("WAYLAND_DISPLAY", "").isEmpty();
    return screen ? "xdg-open" : null;
  }

  /** Opens the page; returns whether a browser was asked to. */
  static boolean open(String url) {
    String command = command(System.getProperty("os.name", ""), System.getenv());
    if (command == null) {
      return false;
    }
    try {
      new ProcessBuilder(List.of(command, url))
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      return true;
    } catch (IOException e) {
      return false; // No such program: the address is on the terminal.
    }
  }
}
