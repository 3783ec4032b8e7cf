package io.forestall.nodes.nbd;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one device over the Network Block Device protocol, on a TCP port or a Unix socket, to any
 * number of connections at once: writes are durable when they are answered, or, on a volume in
 * asynchronous mode, once any connection's flush is, so a flush on one connection covers all
 * (CAN_MULTI_CONN). There is no encryption and no authentication: bind it to the loopback interface
 * or to a socket file. Safe for threads.
 */
public final class NbdServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

  /** Connections that are served at once; more are closed; count. */
  public static final int MAX_CONNECTIONS = 64;

  private final ServerSocketChannel listening;
  private final SocketAddress address;
  private final BlockDevice device;
  private final Set<NbdConnection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger numbers = new AtomicInteger();
  private volatile boolean closed;

  private NbdServer(ServerSocketChannel listening, SocketAddress address, BlockDevice device) {
    this.listening = listening;
    this.address = address;
    this.device = device;
  }

  /**
   * Listens and serves.
   *
   * @param address an {@link InetSocketAddress}, port 0 for a free one, or a {@link
   *     UnixDomainSocketAddress} whose file must not exist, or be a socket that nobody listens on
   * @throws IOException when the address is taken
   */
  public static NbdServer open(SocketAddress address, BlockDevice device) throws IOException {
    boolean unix = address instanceof UnixDomainSocketAddress;
    if (unix) {
      removeDeadSocket((UnixDomainSocketAddress) address);
    }
    ServerSocketChannel listening =
        unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open();
    try {
      if (!unix) {
        listening.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      }
      listening.bind(address, 64);
    } catch (IOException e) {
      listening.close();
      throw new IOException(
          "cannot listen on " + address + ": " + e.getMessage() + "; choose another", e);
    }
    NbdServer server = new NbdServer(listening, listening.getLocalAddress(), device);
    Thread accepting = new Thread(server::accept, "nbd-" + device.name());
    accepting.setDaemon(true);
    accepting.start();
    return server;
  }

  // A process that was killed leaves its socket file; one that is alive must not lose it.
  private static void removeDeadSocket(UnixDomainSocketAddress address) throws IOException {
    Path path = address.getPath();
    if (!Files.exists(path)) {
      return;
    }
    if (Files.isRegularFile(path) || Files.isDirectory(path)) {
      throw new IOException(path + " exists and is no socket; choose another");
    }
    try (SocketChannel probe = SocketChannel.open(address)) {
      throw new IOException("somebody listens on " + probe.getRemoteAddress() + "; choose another");
    } catch (SocketException e) {
      LOG.debug("Nobody listens on {}: its file is removed", path, e);
      Files.delete(path);
    }
  }

  /** Where it listens. */
  public SocketAddress address() {
    return address;
  }

  /**
   * The address as NBD tools write it: {@code nbd://127.0.0.1:10809} or {@code nbd+unix:///...}.
   */
  public String uri() {
    if (address instanceof InetSocketAddress inet) {
      String host = inet.getAddress().getHostAddress();
      return "nbd://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
    }
    return "nbd+unix:///?socket=" + ((UnixDomainSocketAddress) address).getPath();
  }

  /** Connections that are open; count. */
  public int connections() {
    return connections.size();
  }

  private void accept() {
    while (!closed) {
      try {
        SocketChannel channel = listening.accept();
        if (connections.size() >= MAX_CONNECTIONS) {
          LOG.warn("A connection was refused: {} are open", MAX_CONNECTIONS);
          channel.close();
          continue;
        }
        if (address instanceof InetSocketAddress) {
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
          channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        }
        NbdConnection connection =
            new NbdConnection(channel, device, numbers.incrementAndGet(), connections::remove);
        connections.add(connection);
        connection.start();
      } catch (IOException e) {
        if (!closed) {
          LOG.warn("A connection could not be accepted: {}", e.getMessage());
        }
      }
    }
  }

  /** Closes every connection and listens no more; requests that are open are not waited for. */
  @Override
  public void close() {
    closed = true;
    try {
      listening.close();
      if (address instanceof UnixDomainSocketAddress unix) {
        Files.deleteIfExists(unix.getPath());
      }
    } catch (IOException e) {
      LOG.debug("The listening socket did not close", e);
    }
    for (NbdConnection connection : connections) {
      connection.close();
    }
  }
}
