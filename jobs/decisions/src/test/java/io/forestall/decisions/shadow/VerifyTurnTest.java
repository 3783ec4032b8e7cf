package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Decider;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.VerifyTurn.Next;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerifyTurnTest {
  private static final int CHUNK = ShadowCopy.CHUNK_BYTES;
  private static final UnitSpec LARGE = new UnitSpec("v/0", "v", "p", 2L * CHUNK + 4096, 4096);
  private static final UnitSpec SMALL = new UnitSpec("v/1", "v", "p", 4096, 4096);

  @Test
  void unitsHaveTheirTurnsAndEachPassCoversItsUnit() {
    VerifyTurn turn = new VerifyTurn(1_000);
    List<UnitSpec> served = List.of(LARGE, SMALL);
    assertThat(turn.next(served, 0, 500)).isEqualTo(new Next("v/0", 0, CHUNK, 500));
    assertThat(turn.next(served, 0, 501)).isEqualTo(new Next("v/1", 0, 4096, 501));
    assertThat(turn.next(served, 0, 502)).isEqualTo(new Next("v/0", CHUNK, CHUNK, 500));
    assertThat(turn.next(served, 0, 503)).isEqualTo(new Next("v/1", 0, 4096, 503));
    assertThat(turn.next(served, 0, 504)).isEqualTo(new Next("v/0", 2L * CHUNK, 4096, 500));
    assertThat(turn.next(served, 0, 505)).isEqualTo(new Next("v/1", 0, 4096, 505));
    assertThat(turn.next(served, 0, 506)).isEqualTo(new Next("v/0", 0, CHUNK, 506));
  }

  @Test
  void aPassHasALargerNumberAlsoWhenTheClockGoesBack() {
    VerifyTurn turn = new VerifyTurn(1_000);
    assertThat(turn.next(List.of(SMALL), 0, 500)).isEqualTo(new Next("v/1", 0, 4096, 500));
    assertThat(turn.next(List.of(SMALL), 0, 20)).isEqualTo(new Next("v/1", 0, 4096, 501));
  }

  @Test
  void oneChunkAtATimeAndNoneWhenItIsOff() {
    VerifyTurn turn = new VerifyTurn(1_000);
    assertThat(turn.dueMillis()).isZero();
    assertThat(turn.next(List.of(), 0, 500)).isNull();
    assertThat(turn.dueMillis()).isEqualTo(1_000);
    assertThat(new VerifyTurn(0).dueMillis()).isEqualTo(Decider.NO_ALARM);
  }
}
