package io.forestall.nodes.hooks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the programs of this test are shell scripts")
class HookRunnerTest {

  private static HookRunner of(String script, long timeoutMillis) {
    return new HookRunner(Map.of(Hook.DRAIN, List.of("/bin/sh", "-c", script)), timeoutMillis);
  }

  @Test
  void theLastLineIsTheAnswerAndVariablesArrive() throws Exception {
    HookRunner.Result result =
        of("echo begin; echo \"$FORESTALL_HOOK $FORESTALL_NODE\"; echo", 10_000)
            .run(Hook.DRAIN, Map.of("NODE", "n-1; rm -rf *"));
    assertThat(result.done()).isTrue();
    assertThat(result.text()).isEqualTo("drain n-1; rm -rf *");
  }

  @Test
  void theExitCodeTellsHowItWent() throws Exception {
    assertThat(of("exit 75", 10_000).run(Hook.DRAIN, Map.of()).tryAgain()).isTrue();
    HookRunner.Result failed = of("echo no quorum >&2; exit 3", 10_000).run(Hook.DRAIN, Map.of());
    assertThat(failed.exitCode()).isEqualTo(3);
    assertThat(failed.text()).isEqualTo("no quorum");
  }

  @Test
  void whatTakesTooLongIsKilledWithItsChildren() throws Exception {
    HookRunner.Result result = of("sleep 600 & sleep 600", 100).run(Hook.DRAIN, Map.of());
    assertThat(result.tooSlow()).isTrue();
    // A kill is a signal: whoever still ends is waited for, and a child that was spared fails here.
    for (ProcessHandle child : ProcessHandle.current().descendants().toList()) {
      if (child.info().commandLine().orElse("").contains("sleep 600")) {
        child.onExit().get(10, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void aLongOutputNeitherBlocksNorFills() throws Exception {
    HookRunner.Result result =
        of("head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo end", 30_000)
            .run(Hook.DRAIN, Map.of());
    assertThat(result.text()).isEqualTo("end");
  }

  @Test
  void aProgramThatIsNotThereSaysSo() throws Exception {
    HookRunner runner = new HookRunner(Map.of(Hook.IN, List.of("/does/not/exist")), 1_000);
    assertThat(runner.run(Hook.IN, Map.of()).text()).contains("/does/not/exist");
    assertThat(runner.supports(Hook.OUT)).isFalse();
    assertThatThrownBy(() -> runner.run(Hook.OUT, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("out");
  }
}
