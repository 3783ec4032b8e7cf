package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class GuardsPageTest {

  private static final Path PAGE = Path.of("GUARDS.md");

  @Test
  void thePageIsWhatTheCodeSays() throws IOException {
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(PAGE, GuardsPage.text());
    }
    assertThat(Files.readString(PAGE))
        .as("run this test with -Dforestall.write=true in jobs/decisions")
        .isEqualTo(GuardsPage.text());
  }

  @Test
  void everyLimitIsReadAsItIsWritten() {
    assertThat(GuardPolicy.DEFAULTS.with(GuardPolicy.DEFAULTS.values()))
        .isEqualTo(GuardPolicy.DEFAULTS);
    GuardPolicy odd =
        GuardPolicy.DEFAULTS.with(
            java.util.Map.of("dwell", "0 s", "retry", "1500 ms", "max-cost", "1000 b"));
    assertThat(GuardPolicy.DEFAULTS.with(odd.values())).isEqualTo(odd);
  }

  @Test
  void everyLimitThatAGuardNamesExists() {
    for (GuardCheck check : GuardChecks.ALL) {
      for (String limit : check.limits()) {
        assertThat(limit.contains(" ") || GuardPolicy.DEFAULTS.values().containsKey(limit))
            .as("%s of %s", limit, check.name())
            .isTrue();
      }
    }
  }
}
