package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** How a job is begun by the process that runs its {@code main}. */
class ArgumentsTest {

  /** A library's value, as Avro leaves one; whose thread keeps it keeps the classes behind it. */
  private static final ThreadLocal<Object> LEFT = new ThreadLocal<>();

  @Test
  void nothingIsLeftInTheThreadThatSubmits() throws Exception {
    ClassLoader classes = Thread.currentThread().getContextClassLoader();
    Object seen =
        Arguments.inThreadOfItsOwn(
            "job",
            () -> {
              LEFT.set("a value");
              assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(classes);
              return LEFT.get();
            });
    assertThat(seen).isEqualTo("a value");
    assertThat(LEFT.get()).isNull();
  }

  @Test
  void whatIsWrongIsSaidAsItWas() {
    assertThatThrownBy(
            () ->
                Arguments.run(
                    "job",
                    new String[0],
                    (env, all) -> {
                      throw new IllegalArgumentException("forestall.x is 0, it must be 1 or more");
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("job cannot start: forestall.x is 0, it must be 1 or more");
    assertThatThrownBy(() -> Arguments.run("job", new String[] {"x"}, (env, all) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("job cannot start: ");
    assertThatThrownBy(
            () ->
                Arguments.inThreadOfItsOwn(
                    "job",
                    () -> {
                      throw new AssertionError("an error");
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessage("an error");
  }
}
