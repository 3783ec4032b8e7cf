package io.forestall.sim.protocol;

import static io.forestall.sim.protocol.Operation.openWrite;
import static io.forestall.sim.protocol.Operation.read;
import static io.forestall.sim.protocol.Operation.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.sim.protocol.Linearizability.Finding;
import io.forestall.sim.protocol.Linearizability.Verdict;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge says right to what is right, and explains what is wrong by few operations. */
class LinearizabilityTest {

  @Test
  void operationsOneAfterTheOtherAreInOrder() {
    assertRight(write("a", "b", 1, 0, 10), read("b", "b", 1, 20, 30), write("a", "b", 2, 40, 50));
    assertRight(read("a", "b", Operation.INITIAL, 0, 5), write("a", "b", 1, 10, 20));
    assertRight();
  }

  @Test
  void readsDuringAWriteMaySeeEither() {
    assertRight(
        write("a", "b", 1, 0, 100),
        read("b", "b", 0, 10, 20),
        read("c", "b", 1, 30, 40),
        read("d", "b", 1, 50, 60));
  }

  @Test
  void aReadThatGoesBackIsWrongAndExplained() {
    Verdict verdict =
        check(
            write("a", "b", 1, 0, 100),
            read("b", "b", 1, 10, 20),
            read("c", "b", 0, 30, 40),
            read("d", "b", 1, 50, 60));
    assertThat(verdict.finding()).isEqualTo(Finding.VIOLATION);
    assertThat(verdict.block()).isEqualTo("b");
    assertThat(verdict.conflict())
        .contains(read("b", "b", 1, 10, 20), read("c", "b", 0, 30, 40))
        .hasSizeLessThanOrEqualTo(4);
    assertThat(verdict.explanation()).contains("value 1", "value 0", "it was there at first");
  }

  @Test
  void aLostWriteIsWrong() {
    assertWrong(write("a", "b", 1, 0, 10), read("b", "b", 0, 20, 30));
    assertWrong(write("a", "b", 1, 0, 10), write("a", "b", 2, 20, 30), read("b", "b", 1, 40, 50));
  }

  @Test
  void twoReadersThatDisagreeAreWrong() {
    assertWrong(
        write("a", "b", 1, 0, 100),
        write("b", "b", 2, 0, 100),
        read("c", "b", 1, 110, 120),
        read("d", "b", 2, 130, 140),
        read("c", "b", 1, 150, 160));
  }

  @Test
  void whatNobodyWroteIsWrong() {
    assertWrong(read("a", "b", 7, 0, 10));
    assertWrong(read("a", "b", 7, 0, 10), write("b", "b", 7, 20, 30));
  }

  @Test
  void aWriteWithoutAnEndMayHappenLateOrNever() {
    assertRight(
        openWrite("a", "b", 1, 0), read("b", "b", 0, 10, 20), read("b", "b", 1, 1000, 1010));
    assertRight(openWrite("a", "b", 1, 0), read("b", "b", 0, 1000, 1010));
    assertWrong(
        openWrite("a", "b", 1, 0), read("b", "b", 1, 10, 20), read("b", "b", 0, 1000, 1010));
  }

  @Test
  void aReadWithoutAnEndSaysNothing() {
    assertRight(
        write("a", "b", 1, 0, 10),
        new Operation("b", "b", Operation.Kind.READ, 5, 0, Operation.INDETERMINATE));
  }

  @Test
  void blocksAreJudgedByThemselves() {
    Verdict verdict =
        check(
            write("a", "x", 1, 0, 10),
            write("a", "y", 1, 0, 10),
            read("b", "x", 1, 20, 30),
            read("b", "y", 0, 20, 30));
    assertThat(verdict.block()).isEqualTo("y");
    assertThat(verdict.blocks()).isEqualTo(2);
  }

  @Test
  void touchingEndsAreConcurrent() {
    assertRight(write("a", "b", 1, 0, 10), read("b", "b", 0, 10, 20));
  }

  @Test
  void repeatedValuesAreSearched() {
    assertRight(
        write("a", "b", 1, 0, 10),
        write("a", "b", 0, 20, 30),
        read("b", "b", 0, 40, 50),
        write("a", "b", 1, 60, 70),
        read("b", "b", 1, 80, 90));
    assertWrong(write("a", "b", 1, 0, 10), write("a", "b", 0, 20, 30), read("b", "b", 1, 40, 50));
  }

  /** The fast way agrees with the search of all orders, on histories right and wrong. */
  @Test
  void fastAndExhaustiveAgree() {
    int wrong = 0;
    for (long seed = 0; seed < 20_000; seed++) {
      List<Operation> history = random(new Random(seed));
      boolean fast = Linearizability.check(history).linearizable();
      boolean slow = Linearizability.search("b", determinate(history)).linearizable();
      assertThat(fast).as("seed %d: %s", seed, history).isEqualTo(slow);
      wrong += fast ? 0 : 1;
    }
    assertThat(wrong).isBetween(2_000, 18_000);
  }

  /** What is named as the conflict is wrong by itself. */
  @Test
  void theConflictIsWrongByItself() {
    for (long seed = 0; seed < 5_000; seed++) {
      Verdict verdict = Linearizability.check(random(new Random(seed)));
      if (!verdict.linearizable()) {
        assertThat(verdict.conflict()).as("seed %d", seed).hasSizeLessThanOrEqualTo(6);
        assertThat(Linearizability.check(verdict.conflict()).linearizable())
            .as("seed %d: %s", seed, verdict.explanation())
            .isFalse();
      }
    }
  }

  @Test
  void aLongHistoryIsJudgedToo() {
    List<Operation> history = new ArrayList<>();
    for (int i = 1; i <= 100_000; i++) {
      history.add(write("a", "b", i, i * 100L, i * 100L + 150));
      history.add(read("b", "b", i, i * 100L + 160, i * 100L + 170));
    }
    assertThat(Linearizability.check(history).linearizable()).isTrue();
    history.add(read("c", "b", 50_000, 50_001 * 100L + 151, 50_001 * 100L + 159));
    assertThat(Linearizability.check(history).linearizable()).isFalse();
  }

  @Test
  void aHistoryIsReadAsItWasWritten(@TempDir Path directory) throws Exception {
    List<Operation> history =
        List.of(
            write("c-1", "v-1/0:8192", 17, 1000, 2500),
            read("c-2", "v-1/0:8192", 17, 2000, 2600),
            openWrite("c-1", "v-1/0:8192", 18, 3000));
    StringWriter text = new StringWriter();
    History.write(history, text);
    assertThat(text.toString()).contains("c-1 v-1/0:8192 write 17 1000 2500\n", " 3000 ?\n");
    assertThat(History.read("text", new StringReader(text.toString()))).isEqualTo(history);

    Path one = directory.resolve("one");
    Path two = directory.resolve("two");
    History.write(history.subList(0, 1), one);
    History.write(history.subList(1, 3), two);
    assertThat(History.read(List.of(one, two))).isEqualTo(history);
    assertThat(Files.readString(two)).startsWith("# client block");
  }

  @Test
  void theEndOfAnOperationMayFollowLater() throws Exception {
    assertThat(History.read("text", new StringReader("a b write 1 10 ?\n\na b write 1 10 20\n")))
        .containsExactly(write("a", "b", 1, 10, 20));
  }

  @Test
  void aLineThatIsNoneIsNamed() {
    assertThatThrownBy(() -> History.read("h.txt", new StringReader("# x\na b wrote 1 10 20\n")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("h.txt line 2")
        .hasMessageContaining("client block read|write");
    assertThatThrownBy(() -> History.read("h.txt", new StringReader("a b read 1 10\n")))
        .hasMessageContaining("5 words");
    assertThatThrownBy(() -> History.read("h.txt", new StringReader("a b read 1 10 9\n")))
        .hasMessageContaining("before it began");
  }

  private static List<Operation> random(Random random) {
    List<Operation> history = new ArrayList<>();
    int writes = 1 + random.nextInt(4);
    for (int i = 1; i <= writes; i++) {
      long at = random.nextInt(40);
      history.add(
          random.nextInt(5) == 0
              ? openWrite("w", "b", i, at)
              : write("w", "b", i, at, at + random.nextInt(25)));
    }
    int reads = random.nextInt(5);
    for (int i = 0; i < reads; i++) {
      long at = random.nextInt(60);
      history.add(read("r", "b", random.nextInt(writes + 1), at, at + random.nextInt(15)));
    }
    return history;
  }

  private static List<Operation> determinate(List<Operation> history) {
    return history.stream()
        .filter(each -> each.kind() == Operation.Kind.WRITE || !each.indeterminate())
        .toList();
  }

  private static Verdict check(Operation... history) {
    return Linearizability.check(List.of(history));
  }

  private static void assertRight(Operation... history) {
    Verdict verdict = check(history);
    assertThat(verdict.linearizable()).as(verdict.explanation()).isTrue();
  }

  private static void assertWrong(Operation... history) {
    assertThat(check(history).finding()).isEqualTo(Finding.VIOLATION);
  }
}
