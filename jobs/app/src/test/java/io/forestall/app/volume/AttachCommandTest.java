package io.forestall.app.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What is refused before anything is reached. */
class AttachCommandTest {
  private final StringWriter err = new StringWriter();

  private int run(String... words) {
    CommandLine line = Forestall.commandLine();
    line.setErr(new PrintWriter(err, true));
    return line.execute(words);
  }

  @Test
  void aDiskIsNotGivenToTheNetworkUnlessThatIsSaid() {
    assertThat(run("volume", "attach", "v-1", "--listen", "0.0.0.0:0"))
        .isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("--open-to-network").hasLineCount(1);
  }

  @Test
  void aPlaceToListenMustBeOne() {
    for (String wrong : new String[] {"10809", "here", "127.0.0.1:99999"}) {
      assertThat(run("volume", "attach", "v-1", "--listen", wrong)).isEqualTo(ExitCodes.USAGE);
    }
    assertThat(err.toString()).contains("HOST:PORT or unix:PATH");
  }

  @Test
  void aClientsNameHoldsNoSlash() {
    assertThat(run("volume", "attach", "v-1", "--client", "a/b")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("neither / nor @");
  }
}
