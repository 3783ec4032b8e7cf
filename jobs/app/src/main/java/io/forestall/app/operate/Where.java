package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.Subject;
import io.forestall.wire.PolicyRecords;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What a word holds for (picocli mixin). Not thread-safe. */
final class Where {
  @ArgGroup private @Nullable Choice choice;

  /** One of them. */
  static final class Choice {
    @Option(names = "--pool", paramLabel = "ID", description = "Only this pool.")
    private @Nullable String pool;

    @Option(names = "--zone", paramLabel = "ID", description = "Only this failure zone.")
    private @Nullable String zone;

    @Option(
        names = "--entity",
        paramLabel = "KIND/ID",
        description = "Only this entity, such as node/n-0001 or volume/v-17.")
    private @Nullable String entity;
  }

  /** The scope as records name it; {@code all} when nothing was said. */
  String scope() {
    Choice given = choice;
    if (given == null) {
      return PolicyRecords.ALL;
    }
    String key;
    if (given.pool != null) {
      key = "pool/" + given.pool;
    } else if (given.zone != null) {
      key = "zone/" + given.zone;
    } else {
      key = String.valueOf(given.entity);
    }
    try {
      return Subject.parse(key).toString();
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(e.getMessage() + "; write KIND/ID, such as node/n-0001");
    }
  }

  /** True when no scope was named. */
  boolean isAll() {
    return choice == null;
  }

  /** The scope, which must be narrower than all. */
  String narrow(String what) {
    String scope = scope();
    if (scope.equals(PolicyRecords.ALL)) {
      throw CommandFailure.usage(
          "a " + what + " names what it holds for: --entity, --pool or --zone");
    }
    return scope;
  }
}
