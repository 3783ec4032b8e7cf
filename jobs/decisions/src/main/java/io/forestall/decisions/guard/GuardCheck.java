package io.forestall.decisions.guard;

import java.util.List;
import java.util.function.Function;

/**
 * One named question of the guard. Immutable.
 *
 * @param name its name, in words with dashes
 * @param meaning what it asks, as a sentence
 * @param codes what it may refuse with
 * @param limits the limits of {@link GuardPolicy} and the policies it looks at, as people name them
 * @param question the question itself, pure
 */
record GuardCheck(
    String name,
    String meaning,
    List<DecisionCode> codes,
    List<String> limits,
    Function<Question, GuardResult> question) {

  GuardCheck {
    codes = List.copyOf(codes);
    limits = List.copyOf(limits);
  }

  GuardResult ask(Question about) {
    return question.apply(about);
  }
}
