package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandMemoryTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingMedium medium = new TestingMedium();

  private List<String> reopen(long wallMillis, String... more) throws Exception {
    List<CommandMemory.Entry> read = new ArrayList<>();
    try (CommandMemory memory =
        CommandMemory.open(medium, folder.resolve("commands"), wallMillis, read)) {
      long until = 1_000;
      for (String each : more) {
        memory.remember(new CommandMemory.Entry(until, each.getBytes(StandardCharsets.UTF_8)));
        until += 1_000;
      }
    }
    return read.stream().map(entry -> new String(entry.ack(), StandardCharsets.UTF_8)).toList();
  }

  @Test
  void remembersUntilItMayForget() throws Exception {
    assertThat(reopen(0, "one", "two", "three")).isEmpty();
    assertThat(reopen(1_500)).containsExactly("two", "three");
    assertThat(reopen(0, "four")).containsExactly("two", "three");
    assertThat(reopen(2_500)).containsExactly("three");
    assertThat(reopen(9_000)).isEmpty();
  }

  @Test
  void aTornEndCostsOnlyItself() throws Exception {
    reopen(0, "one", "two");
    Path file = folder.resolve("commands");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 2));
    assertThat(reopen(0, "three")).containsExactly("one");
    assertThat(reopen(0)).containsExactly("one", "three");
  }
}
