package io.forestall.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RehearsalTest {

  @Test
  void everyWriteBeforeAndAfterARehearsedTakeoverIsDone() throws Exception {
    assertThat(Rehearsal.takeovers(3, 7)).isEqualTo(3 * 2 * 7);
  }
}
