package io.forestall.bench.failover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A network of its own for one node, with one line to the broker and another to clients and other
 * nodes, so that the first can be cut while the second stays. Needs root and {@code ip}. Not
 * thread-safe.
 */
final class Namespace implements AutoCloseable {

  /** Begin of the name of each, which ends with the number of the trial's process. */
  static final String PREFIX = "forestall-trial-";

  private final String name;
  private final String broker;
  private final String data;
  private final String subnet;

  /** That of this process. */
  Namespace() {
    this(ProcessHandle.current().pid());
  }

  /** That of a process. */
  Namespace(long pid) {
    name = PREFIX + pid;
    broker = "fsb" + pid % 100_000;
    data = "fsd" + pid % 100_000;
    subnet = "10.2" + pid % 50 + ".";
  }

  /** All that there are here; none when there is no {@code ip}. */
  static List<String> names() throws InterruptedException {
    try {
      return run("ip", "netns", "list").lines().map(line -> line.split(" ", -1)[0]).toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Where the broker listens for the node inside. */
  String brokerHost() {
    return subnet + "1.1";
  }

  /** Where those outside listen for the node inside. */
  String outsideHost() {
    return subnet + "2.1";
  }

  /** Where the node inside listens. */
  String insideHost() {
    return subnet + "2.2";
  }

  /** True when this machine lets us. */
  static boolean possible() {
    try {
      String name = "forestallprobe" + ProcessHandle.current().pid();
      run("ip", "netns", "add", name);
      run("ip", "netns", "del", name);
      return true;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  void open() throws IOException, InterruptedException {
    run("ip", "netns", "add", name);
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "namespace-end"));
    line(broker, subnet + "1.");
    line(data, subnet + "2.");
    run("ip", "-n", name, "link", "set", "lo", "up");
  }

  private void line(String device, String net) throws IOException, InterruptedException {
    run("ip", "link", "add", device, "type", "veth", "peer", "name", device + "n", "netns", name);
    run("ip", "addr", "add", net + "1/30", "dev", device);
    run("ip", "link", "set", device, "up");
    run("ip", "-n", name, "addr", "add", net + "2/30", "dev", device + "n");
    run("ip", "-n", name, "link", "set", device + "n", "up");
  }

  /** The command, run inside. */
  List<String> inside(List<String> command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
    all.addAll(command);
    return all;
  }

  /** Cuts the line to the broker: nothing is refused, nothing arrives. */
  void cutFromBroker() throws IOException, InterruptedException {
    run("ip", "link", "set", broker, "down");
  }

  /** Mends the line to the broker. */
  void mend() throws IOException, InterruptedException {
    run("ip", "link", "set", broker, "up");
  }

  private static String run(String... words) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", words) + ": " + said.strip());
    }
    return said;
  }

  @Override
  public void close() {
    for (List<String> words :
        List.of(
            List.of("ip", "link", "del", broker),
            List.of("ip", "link", "del", data),
            List.of("ip", "netns", "del", name))) {
      try {
        run(words.toArray(new String[0]));
      } catch (IOException e) {
        // It is gone already.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
