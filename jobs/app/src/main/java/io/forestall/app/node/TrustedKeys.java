package io.forestall.app.node;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.wire.Signatures.KeyFileException;
import io.forestall.wire.Signatures.Trusted;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The trusted keys of a node that runs: a rotation needs no restart, the file or folder is looked
 * at again and again. Not safe for threads.
 */
final class TrustedKeys {
  /** How often to look; milliseconds. */
  static final long EVERY_MILLIS = 5_000;

  private final @Nullable Path file;
  private final Trusted first;
  private List<String> keyIds;
  private String problem = "";

  private TrustedKeys(@Nullable Path file, Trusted first) {
    this.file = file;
    this.first = first;
    keyIds = first.keyIds();
  }

  /**
   * Reads them for the first time.
   *
   * @param file file or folder of public keys; null trusts nobody
   * @throws CommandFailure when it cannot be read
   */
  static TrustedKeys read(@Nullable Path file) {
    try {
      return new TrustedKeys(file, file == null ? Trusted.NONE : Trusted.read(file));
    } catch (KeyFileException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  /** What was read first. */
  Trusted first() {
    return first;
  }

  /**
   * Looks again.
   *
   * @param changed takes the keys when they are others than before
   * @param node name of the node, for what is said
   * @param out hears of each change, and of a problem once
   */
  void look(Consumer<Trusted> changed, String node, PrintWriter out) {
    Path from = file;
    if (from == null) {
      return;
    }
    try {
      Trusted now = Trusted.read(from);
      problem = "";
      if (!now.keyIds().equals(keyIds)) {
        keyIds = now.keyIds();
        changed.accept(now);
        out.println("node " + node + " trusts the keys " + String.join(", ", keyIds));
        out.flush();
      }
    } catch (KeyFileException e) {
      // Half a rotation: what was trusted stays so.
      String why = String.valueOf(e.getMessage());
      if (!why.equals(problem)) {
        problem = why;
        out.println("the trusted keys stay as they were: " + problem);
        out.flush();
      }
    }
  }
}
