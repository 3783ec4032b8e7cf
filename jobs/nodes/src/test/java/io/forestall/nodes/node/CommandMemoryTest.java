package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandMemoryTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingMedium medium = new TestingMedium();

  /** Opens it and lets it remember more, each for a second longer than the one before. */
  private List<String> reopen(long wallMillis, String... more) throws Exception {
    List<String> told = new ArrayList<>();
    try (CommandMemory memory =
        CommandMemory.open(
            medium,
            folder.resolve("commands"),
            wallMillis,
            (ack, untilMillis) -> {
              assertThat(ack).isEqualTo(done(ack.command()));
              told.add(ack.command() + " until " + untilMillis);
            },
            (admission, untilMillis) ->
                told.add("cancel of " + admission + " until " + untilMillis))) {
      long untilMillis = 1_000;
      for (String each : more) {
        if (each.startsWith("a-")) {
          memory.rememberCancelled(each, untilMillis);
        } else {
          memory.remember(done(each), untilMillis);
        }
        untilMillis += 1_000;
      }
    }
    return told;
  }

  private static CommandAck done(String command) {
    Subject node = Subject.node("n-1");
    return new CommandAck(
        command,
        node,
        node,
        "p",
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        "done",
        false,
        "v/0",
        7L,
        41L,
        -5,
        12L,
        1L << 40,
        Map.of("units.held", 1.0),
        3,
        9,
        1_767_571_200_000L);
  }

  @Test
  void remembersUntilItMayForget() throws Exception {
    assertThat(reopen(0, "c-1", "a-2", "c-3")).isEmpty();
    assertThat(reopen(1_500)).containsExactly("cancel of a-2 until 2000", "c-3 until 3000");
    assertThat(reopen(0, "c-4")).containsExactly("cancel of a-2 until 2000", "c-3 until 3000");
    assertThat(reopen(2_500)).containsExactly("c-3 until 3000");
    assertThat(reopen(9_000)).isEmpty();
  }

  @Test
  void aTornEndCostsOnlyItself() throws Exception {
    reopen(0, "c-1", "c-2");
    Path file = folder.resolve("commands");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 2));
    assertThat(reopen(0, "c-3")).containsExactly("c-1 until 1000");
    assertThat(reopen(0)).containsExactly("c-1 until 1000", "c-3 until 1000");
  }
}
