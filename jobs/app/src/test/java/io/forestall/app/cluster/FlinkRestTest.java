package io.forestall.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlinkRestTest {
  private HttpServer server;
  private FlinkRest cluster;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
    cluster = new FlinkRest(URI.create("http://localhost:" + server.getAddress().getPort()));
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void theRootCauseIsTheLastSentenceOfATrace() {
    assertThat(
            FlinkRest.rootCause(
                """
                Internal server error.
                <Exception on server side:
                org.apache.flink.util.FlinkException: Could not run
                \tat org.apache.flink.X.y(X.java:1)
                Caused by: java.lang.IllegalArgumentException: share is 7: give 0 to 1
                \t... 3 more
                """))
        .isEqualTo("share is 7: give 0 to 1");
    assertThat(FlinkRest.rootCause("only a line")).isEqualTo("only a line");
    assertThat(FlinkRest.rootCause("")).contains("no reason given");
  }

  @Test
  void theJarTravelsWhole(@TempDir Path folder) throws Exception {
    Path jar = Files.write(folder.resolve("a.jar"), new byte[] {1, 2, 3, 0, -1});
    byte[][] body = new byte[1][];
    server.createContext(
        "/jars/upload",
        exchange -> {
          body[0] = exchange.getRequestBody().readAllBytes();
          byte[] answer = "{\"filename\":\"/tmp/x/abc_a.jar\"}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    assertThat(cluster.upload(jar)).isEqualTo("abc_a.jar");
    String text = new String(body[0], StandardCharsets.ISO_8859_1);
    assertThat(text)
        .contains("filename=\"a.jar\"")
        .contains("\r\n\r\n" + new String(Files.readAllBytes(jar), StandardCharsets.ISO_8859_1));
  }

  @Test
  void whatIsNoClusterIsSaidInOneLine() {
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 5);
          exchange.getResponseBody().write("hello".getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });
    assertThatThrownBy(() -> cluster.overview())
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCodes.UNREACHABLE))
        .hasMessageContaining("does not answer as a Flink cluster does");
    stop();
    assertThatThrownBy(() -> cluster.overview()).hasMessageContaining("no Flink cluster answers");
  }

  @Test
  void theProbeNamesWhatALoaderLacks() {
    ClassLoader onlyTheJdk = ClassLoader.getPlatformClassLoader();
    assertThat(ClusterProbe.missing(onlyTheJdk))
        .containsExactlyElementsOf(
            ClusterProbe.NEEDED.stream().map(ClusterProbe.Library::name).toList());
    assertThat(ClusterProbe.missing(ClusterProbe.class.getClassLoader())).isEmpty();
    assertThatThrownBy(() -> ClusterProbe.main(new String[0])).hasMessage(ClusterProbe.COMPLETE);
    assertThat(List.copyOf(ClusterProbe.NEEDED)).hasSizeGreaterThan(5);
  }
}
