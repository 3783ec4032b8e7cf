package io.forestall.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class BrowserTest {
  @Test
  void opensOnlyWhereThereIsAScreen() {
    assertThat(Browser.command("Linux", Map.of())).isNull();
    assertThat(Browser.command("Linux", Map.of("DISPLAY", ""))).isNull();
    assertThat(Browser.command("Linux", Map.of("DISPLAY", ":0"))).isEqualTo("xdg-open");
    assertThat(Browser.command("Linux", Map.of("WAYLAND_DISPLAY", "w"))).isEqualTo("xdg-open");
    assertThat(Browser.command("Mac OS X", Map.of())).isEqualTo("open");
    assertThat(Browser.command("Mac OS X", Map.of("SSH_CONNECTION", "a b"))).isNull();
  }
}
