package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.BlockRepair.Done;
import io.forestall.decisions.shadow.BlockRepair.Outcome;
import org.junit.jupiter.api.Test;

class BlockRepairTest {
  private final BlockRepair repair = new BlockRepair(4096);

  private static Delta delta(Delta.Kind kind, long offset) {
    return new Delta(
        "v/0", 1, 8, kind, offset, 4096, "NONE", new byte[0], 0, 0, "n-1", "c", 1, 0, 0);
  }

  @Test
  void aBlockIsWrittenOnceTheCopyHasComeToItsPlace() {
    assertThat(repair.damaged(8192, 7, 100)).isTrue();
    assertThat(repair.damaged(8192, 7, 100)).as("it is on its way").isFalse();
    assertThat(repair.came(8192, 6)).as("older than what was asked for").isFalse();
    assertThat(repair.came(8192, 9)).isTrue();
    assertThat(repair.done(8)).as("a reader would see what is to come").isEmpty();
    assertThat(repair.done(9)).containsExactly(new Done(8192, Outcome.WRITE));
    assertThat(repair.isEmpty()).isTrue();
  }

  @Test
  void aBlockThatADeltaWroteMeanwhileIsNotWrittenOver() {
    repair.damaged(8192, 7, 100);
    repair.damaged(0, 7, 100);
    repair.came(8192, 9);
    repair.applied(delta(Delta.Kind.VERIFY, 8192));
    repair.applied(delta(Delta.Kind.WRITE, 4096));
    assertThat(repair.done(8)).isEmpty();
    repair.applied(delta(Delta.Kind.WRITE, 8192));
    assertThat(repair.done(8)).containsExactly(new Done(8192, Outcome.OVERWRITTEN));
    assertThat(repair.contains(0)).isTrue();
  }

  @Test
  void whatNobodyGivesMayBeAskedForAgain() {
    repair.damaged(0, 7, 100);
    repair.failed(0);
    assertThat(repair.came(0, 9)).isFalse();
    assertThat(repair.damaged(0, 8, 100)).isTrue();
  }

  @Test
  void nobodyGivesItWhenEachWasAskedTwiceAndForLong() {
    repair.damaged(0, 7, 100);
    long over = 100 + BlockRepair.ASK_MILLIS;
    assertThat(repair.isHopeless(0, 0, 0, 100)).as("nobody else holds it").isTrue();
    assertThat(repair.isHopeless(0, 2, 1, over - 1)).as("it may come in a moment").isFalse();
    assertThat(repair.isHopeless(0, 500, 2, over - 1)).isFalse();
    assertThat(repair.isHopeless(0, 3, 2, over)).as("this node slept: ask them").isFalse();
    assertThat(repair.isHopeless(0, 4, 2, over)).isTrue();
    assertThat(repair.isHopeless(4096, 4, 2, over)).as("it is whole").isFalse();
    repair.failed(0);
    assertThat(repair.isHopeless(0, 4, 2, over)).isFalse();
  }
}
