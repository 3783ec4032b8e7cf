package io.forestall.app.operate;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** From when to when a word holds (picocli mixin). Not thread-safe. */
final class When {
  @Option(
      names = "--for",
      paramLabel = "TIME",
      description = "How long it holds, such as 30min, 8h or 7d.")
  private @Nullable String length;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      description = "When it ends, such as 2026-11-22T08:00, UTC unless it has an offset.")
  private @Nullable String until;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description = "When it begins, like --until. Default: now.")
  private @Nullable String from;

  Span span() {
    return Span.of(System.currentTimeMillis(), from, length, until);
  }
}
