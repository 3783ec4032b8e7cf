package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command that runs on serves metrics of itself. */
final class MetricsOptions {
  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description = "Serve metrics of this command itself; 0 for any free port.")
  private @Nullable Integer port;

  @Option(
      names = "--metrics-host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address for --metrics-port. Default: ${DEFAULT-VALUE}, this machine only.")
  private String host = "127.0.0.1";

  /**
   * Starts to serve, and says where.
   *
   * @param page makes the page
   * @param say takes the line
   * @return null when no port was asked for
   * @throws CommandFailure with exit code 3 when the port cannot be had
   */
  @Nullable MetricsServer start(Supplier<String> page, Consumer<String> say) {
    if (port == null) {
      return null;
    }
    MetricsServer server = MetricsServer.start(host, port, page);
    say.accept("metrics on http://" + host + ":" + server.port() + "/metrics");
    return server;
  }
}
