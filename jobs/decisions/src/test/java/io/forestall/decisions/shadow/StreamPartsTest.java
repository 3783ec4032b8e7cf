package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The parts of a stream's state by themselves. */
class StreamPartsTest {

  private static final long MIB = 1 << 20;

  @Test
  void aUnitHasAtMostAThousandChunksWhateverItsSize() {
    for (long bytes : new long[] {1, 4096, MIB, MIB + 1, 1L << 30, (1L << 30) + 1, 100L << 30}) {
      TouchedChunks chunks = new TouchedChunks(bytes);
      for (long at = 0; at < 4096; at += 2) {
        chunks.touch(bytes / 4096 * at, 1, 1);
      }
      assertThat(chunks.behind(0)).hasSizeLessThanOrEqualTo(ShadowStep.MAX_RANGES);
      chunks.touchAll(5);
      assertThat(chunks.behind(4)).as("%d bytes", bytes).containsExactly(new Range(0, bytes));
      assertThat(chunks.whole()).containsExactly(new Range(0, bytes));
    }
  }

  @Test
  void whatIsTouchedIsNamedAndNeverTooLittle() {
    TouchedChunks chunks = new TouchedChunks(10 * MIB - 1);
    chunks.touch(MIB - 1, 2, 7);
    chunks.touch(9 * MIB, 5 * MIB, 8);
    chunks.touch(20 * MIB, 1, 9);
    chunks.touch(0, 1, 3);
    assertThat(chunks.behind(6))
        .containsExactly(new Range(0, 2 * MIB), new Range(9 * MIB, MIB - 1));
    assertThat(chunks.behind(7)).containsExactly(new Range(9 * MIB, MIB - 1));
    assertThat(chunks.behind(8)).as("something at least").containsExactly(new Range(0, MIB));
  }

  @Test
  void aLagIsNeverToldTooSmallAndExactWhileItIsShort() {
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 200; round++) {
      LagMarks marks = new LagMarks();
      int many = 1 + random.nextInt(1000);
      long[] bytes = new long[many + 1];
      for (int i = 1; i <= many; i++) {
        bytes[i] = random.nextInt(5000);
        marks.sent(i, bytes[i], 1000 + i);
      }
      for (int i = 0; i < 20; i++) {
        int has = random.nextInt(many + 1);
        if (random.nextInt(4) == 0) {
          marks = copy(marks);
        }
        long exact = 0;
        for (int j = has + 1; j <= many; j++) {
          exact += bytes[j];
        }
        long told = marks.bytesBehind(has);
        assertThat(told).isGreaterThanOrEqualTo(exact);
        if (many <= 64 || has == many) {
          assertThat(told).isEqualTo(exact);
        }
        if (has < many) {
          assertThat(marks.oldestMillis(has, -1)).isBetween(0L, 1001L + has);
        } else {
          assertThat(marks.oldestMillis(has, -1)).isEqualTo(-1);
        }
      }
      int forgotten = random.nextInt(many + 1);
      long before = marks.bytesBehind(forgotten);
      marks.forget(forgotten);
      assertThat(marks.bytesBehind(forgotten)).isEqualTo(before);
    }
  }

  private static LagMarks copy(LagMarks marks) {
    RowWriter row = new RowWriter(1);
    marks.write(row);
    return LagMarks.read(new RowReader(row.toBytes()));
  }

  @Test
  void limitsThatAreNoneAreRefused() {
    assertThatThrownBy(() -> new StreamPolicy(0, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aStepIsADeltaOrNamesARange() {
    assertThatThrownBy(() -> ShadowStep.resync(Subject.node("n"), "v/0", 1, 1, -1, List.of(), 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
