package io.forestall.app.runtime;

import io.forestall.app.CommandFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Looks at TCP ports before a server does, so that the error can say what to do. */
public final class Ports {
  private Ports() {}

  /**
   * @param port the loopback port wanted; 0 always passes
   * @param who what wants it, for the message
   * @param option how to choose another
   * @throws CommandFailure with exit code 3 when the port is in use
   */
  public static void requireFree(int port, String who, String option) {
    if (port == 0) {
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw CommandFailure.unreachable(
          "port "
              + port
              + " for "
              + who
              + " is in use: stop what holds it, or choose another with "
              + option
              + " (0 for any free one)",
          e);
    }
  }

  /**
   * The first loopback port of a range that is free now.
   *
   * @param from first of the range; 0 gives any free port
   * @param to last of the range
   * @param who what wants it, for the message
   * @param option how to choose another
   * @throws CommandFailure with exit code 3 when all of them are in use
   */
  public static int firstFree(int from, int to, String who, String option) {
    for (int port = from; port <= to; port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return socket.getLocalPort();
      } catch (IOException e) {
        // The next one then.
      }
    }
    throw CommandFailure.unreachable(
        "every port from "
            + from
            + " to "
            + to
            + " for "
            + who
            + " is in use: choose one with "
            + option
            + " (0 for any free one)",
        new IOException("in use"));
  }
}
