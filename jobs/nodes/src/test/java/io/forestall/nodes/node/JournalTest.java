package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ownership.Delta;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JournalTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingMedium medium = new TestingMedium();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private final List<Delta> found = new ArrayList<>();

  @BeforeEach
  void clear() {
    told.clear();
    found.clear();
  }

  private Journal open(long fileBytes, long reserveBytes) throws Exception {
    found.clear();
    return Journal.open(
        medium,
        folder,
        fileBytes,
        reserveBytes,
        new Journal.Listener() {
          @Override
          public void durable(long ticket) {
            told.add("durable " + ticket);
          }

          @Override
          public void failed(long ticket, boolean noSpace, String why) {
            told.add((noSpace ? "full " : "failed ") + ticket);
          }
        },
        found::add);
  }

  private String next() throws InterruptedException {
    return told.poll(30, TimeUnit.SECONDS);
  }

  private static Delta delta(long epoch, long sequence) {
    return Deltas.write("v/0", epoch, sequence, 0, Deltas.bytes(sequence, 1000));
  }

  private void assertFound(Journal journal, Delta... expected) throws Exception {
    assertThat(found).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found.get(i).payload()).isEmpty();
      assertThat(journal.whole(found.get(i)))
          .usingRecursiveComparison()
          .as("delta %d", i)
          .isEqualTo(expected[i]);
    }
  }

  @Test
  void whatWasCalledDurableIsFoundAtTheNextStart() throws Exception {
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      journal.write(0, delta(1, 1));
      journal.write(1, Deltas.empty(Delta.Kind.TRIM, "v/0", 2, 0, 4096));
      String last = next();
      while (!"durable 1".equals(last)) {
        last = next();
      }
    }
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      assertFound(journal, delta(1, 1), Deltas.empty(Delta.Kind.TRIM, "v/0", 2, 0, 4096));
    }
  }

  @Test
  void whatWaitsIsSyncedTogether() throws Exception {
    try (Journal journal = open(1 << 20, 0)) {
      for (int i = 0; i < 100; i++) {
        journal.write(i, delta(1, i + 1));
      }
      journal.start();
      assertThat(next()).isEqualTo("durable 99");
      assertThat(medium.syncs()).isEqualTo(1);
    }
  }

  @Test
  void anEndThatIsTornIsLeftOut() throws Exception {
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      journal.write(0, delta(1, 1));
      assertThat(next()).isEqualTo("durable 0");
      journal.write(1, delta(1, 2));
      assertThat(next()).isEqualTo("durable 1");
    }
    Path file;
    try (var files = Files.list(folder)) {
      file = files.findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    for (int cut = 1; cut < 1000; cut += 97) {
      Files.write(
          file,
          java.util.Arrays.copyOf(bytes, bytes.length - cut),
          StandardOpenOption.TRUNCATE_EXISTING);
      try (Journal journal = open(1 << 20, 0)) {
        journal.start();
        assertFound(journal, delta(1, 1));
      }
    }
    byte[] damaged = bytes.clone();
    damaged[bytes.length - 10] ^= 1;
    Files.write(file, damaged);
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      assertFound(journal, delta(1, 1));
    }
  }

  @Test
  void filesGoOnceEverythingInThemIsDecided() throws Exception {
    try (Journal journal = open(1500, 0)) {
      journal.start();
      for (int i = 1; i <= 6; i++) {
        journal.write(i, delta(i <= 4 ? 1 : 2, i));
        assertThat(next()).isEqualTo("durable " + i);
      }
      int before = journal.files();
      assertThat(before).isEqualTo(3);
      journal.decided("v/0", 1, 1);
      assertThat(journal.files()).isEqualTo(3);
      journal.decided("v/0", 1, 2);
      assertThat(journal.files()).isEqualTo(2);
      // Sequence 4 never happened, but its epoch is over: that is decided too.
      journal.decided("v/0", 2, 3);
      assertThat(journal.files()).isEqualTo(1);
    }
    try (Journal journal = open(1500, 0)) {
      journal.start();
      assertThat(found).hasSize(2);
      assertThat(found).allMatch(delta -> delta.epoch() == 2);
    }
  }

  @Test
  void aFullMediumRefusesAndTakesUpAgain() throws Exception {
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      journal.write(0, delta(1, 1));
      assertThat(next()).isEqualTo("durable 0");
      medium.budget(100);
      journal.write(1, delta(1, 2));
      assertThat(next()).isEqualTo("full 1");
      assertThat(journal.full()).isTrue();
      medium.budget(1 << 20);
      journal.write(2, delta(2, 2));
      assertThat(next()).isEqualTo("durable 2");
      assertThat(journal.full()).isFalse();
    }
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      assertFound(journal, delta(1, 1), delta(2, 2));
    }
  }

  @Test
  void theReserveIsLeftForWhatTheLogHolds() throws Exception {
    medium.budget(10_000);
    try (Journal journal = open(1 << 20, 9_000)) {
      journal.start();
      journal.write(0, delta(1, 1));
      assertThat(next()).isEqualTo("full 0");
    }
  }

  @Test
  void aFileWhoseSyncFailedIsNeverWrittenAgain() throws Exception {
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      journal.write(0, delta(1, 1));
      assertThat(next()).isEqualTo("durable 0");
      medium.failSyncs("journal");
      journal.write(1, delta(1, 2));
      assertThat(next()).isEqualTo("failed 1");
      medium.failSyncs("");
      journal.write(2, delta(1, 3));
      assertThat(next()).isEqualTo("durable 2");
      assertThat(journal.files()).isEqualTo(2);
    }
    try (Journal journal = open(1 << 20, 0)) {
      journal.start();
      // The one that failed may stand there: it was never appended, and is set aside at most.
      assertThat(found).extracting(Delta::sequence).contains(1L, 3L);
    }
  }
}
