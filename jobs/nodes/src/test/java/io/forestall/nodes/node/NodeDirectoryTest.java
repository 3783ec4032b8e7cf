package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.nodes.node.NodeException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeDirectoryTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingMedium medium = new TestingMedium();

  @Test
  void eachStartHasALargerNumber() throws Exception {
    for (long start = 1; start <= 3; start++) {
      try (NodeDirectory directory = NodeDirectory.open(medium, folder, "n-1")) {
        assertThat(directory.incarnation()).isEqualTo(start);
      }
    }
  }

  @Test
  void belongsToOneProcessAndOneNode() throws Exception {
    try (NodeDirectory directory = NodeDirectory.open(medium, folder, "n-1")) {
      assertThat(directory.folder()).isEqualTo(folder);
      assertThatThrownBy(() -> NodeDirectory.open(medium, folder, "n-1"))
          .isInstanceOfSatisfying(
              NodeException.class, e -> assertThat(e.reason()).isEqualTo(Reason.REFUSED))
          .hasMessageContaining("in use by another process");
    }
    assertThatThrownBy(() -> NodeDirectory.open(medium, folder, "n-2"))
        .isInstanceOfSatisfying(
            NodeException.class, e -> assertThat(e.reason()).isEqualTo(Reason.REFUSED))
        .hasMessageContaining("belongs to node n-1");
  }

  @Test
  void aNumberThatCannotBeReadStopsTheStart() throws Exception {
    try (NodeDirectory directory = NodeDirectory.open(medium, folder, "n-1")) {
      assertThat(directory.incarnation()).isEqualTo(1);
    }
    Files.writeString(folder.resolve("incarnation"), "many");
    assertThatThrownBy(() -> NodeDirectory.open(medium, folder, "n-1"))
        .hasMessageContaining("is no number");
    assertThatThrownBy(() -> NodeDirectory.open(medium, folder.resolve("x"), "a b"))
        .isInstanceOfSatisfying(
            NodeException.class, e -> assertThat(e.reason()).isEqualTo(Reason.USAGE));
  }
}
