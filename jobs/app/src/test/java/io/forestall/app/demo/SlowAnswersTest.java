package io.forestall.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlowAnswersTest {

  @Test
  void onlyTooManyInARowAreAFailure() {
    SlowAnswers slow = new SlowAnswers(2);
    assertThat(slow.unanswered()).isFalse();
    assertThat(slow.unanswered()).isFalse();
    slow.answered();
    assertThat(slow.unanswered()).isFalse();
    assertThat(slow.unanswered()).isFalse();
    assertThat(slow.unanswered()).isTrue();
  }
}
