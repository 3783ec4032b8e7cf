package io.forestall.nodes.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The protocol byte by byte; {@link NbdToolsTest} tries it with tools that nobody here wrote. */
class NbdServerTest {
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int DISCONNECT = 2;
  private static final int FLUSH = 3;
  private static final int TRIM = 4;
  private static final int WRITE_ZEROES = 6;
  private static final int FUA = 1;
  private static final int EIO = 5;
  private static final int EINVAL = 22;
  private static final int ENOSPC = 28;
  private static final int ENOTSUP = 95;

  private final TestingMemoryDevice device = new TestingMemoryDevice(1 << 20, 4096);
  private NbdServer server;
  private final Map<Long, byte[]> data = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    server = NbdServer.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), device);
  }

  @AfterEach
  void stop() {
    server.close();
    device.close();
  }

  private final class Client implements AutoCloseable {
    final Socket socket;
    final DataInputStream in;
    final DataOutputStream out;

    Client() throws IOException {
      InetSocketAddress address = (InetSocketAddress) server.address();
      socket = new Socket(address.getAddress(), address.getPort());
      socket.setSoTimeout(20_000);
      in = new DataInputStream(socket.getInputStream());
      out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
      assertThat(in.readLong()).isEqualTo(0x4e42444d41474943L);
      assertThat(in.readLong()).isEqualTo(0x49484156454F5054L);
      assertThat(in.readShort()).isEqualTo((short) 3);
      out.writeInt(3);
      out.flush();
    }

    void option(int option, byte[] bytes) throws IOException {
      out.writeLong(0x49484156454F5054L);
      out.writeInt(option);
      out.writeInt(bytes.length);
      out.write(bytes);
      out.flush();
    }

    /** Type of the next reply of an option; its data goes to {@link #last}. */
    int reply(int option) throws IOException {
      assertThat(in.readLong()).isEqualTo(0x3e889045565a9L);
      assertThat(in.readInt()).isEqualTo(option);
      int type = in.readInt();
      last = in.readNBytes(in.readInt());
      return type;
    }

    byte[] last = new byte[0];

    Client go() throws IOException {
      option(7, wish("v-1"));
      while (reply(7) != 1) {
        assertThat(last).isNotEmpty();
      }
      return this;
    }

    void send(int type, int flags, long cookie, long offset, long length, byte[] payload)
        throws IOException {
      out.writeInt(0x25609513);
      out.writeShort(flags);
      out.writeShort(type);
      out.writeLong(cookie);
      out.writeLong(offset);
      out.writeInt((int) length);
      out.write(payload);
      out.flush();
    }

    /** The error of the next reply; data of a read is kept by its cookie. */
    int error(Map<Long, Integer> reads) throws IOException {
      assertThat(in.readInt()).isEqualTo(0x67446698);
      int error = in.readInt();
      long cookie = in.readLong();
      Integer length = reads.get(cookie);
      if (error == 0 && length != null) {
        data.put(cookie, in.readNBytes(length));
      }
      return error;
    }

    int ask(int type, int flags, long offset, long length, byte[] payload) throws IOException {
      send(type, flags, 77, offset, length, payload);
      return error(type == READ ? Map.of(77L, (int) length) : Map.of());
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static byte[] wish(String name, int... infos) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(6 + bytes.length + 2 * infos.length);
    all.putInt(bytes.length).put(bytes).putShort((short) infos.length);
    for (int info : infos) {
      all.putShort((short) info);
    }
    return all.array();
  }

  @Test
  void optionsThatAreNotSupportedAreRefusedAndNegotiationGoesOn() throws IOException {
    try (Client client = new Client()) {
      for (int option : new int[] {5, 8, 9, 10, 11, 4711}) {
        client.option(option, new byte[9]);
        assertThat(client.reply(option)).isEqualTo(0x80000001);
      }
      client.option(3, new byte[1]);
      assertThat(client.reply(3)).isEqualTo(0x80000003);
      client.option(3, new byte[0]);
      assertThat(client.reply(3)).isEqualTo(2);
      assertThat(ByteBuffer.wrap(client.last).getInt()).isEqualTo(3);
      assertThat(client.reply(3)).isEqualTo(1);
      client.option(6, wish("other"));
      assertThat(client.reply(6)).isEqualTo(0x80000006);
      client.option(6, new byte[3]);
      assertThat(client.reply(6)).isEqualTo(0x80000003);
      client.option(6, new byte[] {0x7f, 0, 0, 0, 0, 0, 0, 0});
      assertThat(client.reply(6)).isEqualTo(0x80000003);
      client.option(99, new byte[1 << 20]);
      assertThat(client.reply(99)).isEqualTo(0x80000009);
      client.option(6, wish("", 1, 3));
      assertThat(client.reply(6)).isEqualTo(3);
      ByteBuffer export = ByteBuffer.wrap(client.last);
      assertThat(export.getShort()).isZero();
      assertThat(export.getLong()).isEqualTo(1 << 20);
      assertThat(export.getShort() & 0xffff).isEqualTo(0b1001_0110_1101);
      assertThat(client.reply(6)).isEqualTo(3);
      ByteBuffer sizes = ByteBuffer.wrap(client.last);
      assertThat(sizes.getShort()).isEqualTo((short) 3);
      assertThat(sizes.getInt()).isEqualTo(4096);
      assertThat(sizes.getInt()).isEqualTo(65536);
      assertThat(sizes.getInt()).isEqualTo(32 << 20);
      assertThat(client.reply(6)).isEqualTo(3);
      assertThat(new String(client.last, 2, 3, StandardCharsets.UTF_8)).isEqualTo("v-1");
      assertThat(client.reply(6)).isEqualTo(1);
      client.option(2, new byte[0]);
      assertThat(client.reply(2)).isEqualTo(1);
      assertThat(client.in.read()).isEqualTo(-1);
    }
  }

  @Test
  void theOldWayToOpenAnExportWorksAndAWrongNameEndsTheConnection() throws IOException {
    try (Client client = new Client()) {
      client.option(1, "v-1".getBytes(StandardCharsets.UTF_8));
      assertThat(client.in.readLong()).isEqualTo(1 << 20);
      assertThat(client.in.readShort() & 1).isEqualTo(1);
      assertThat(client.ask(WRITE, 0, 0, 4096, new byte[4096])).isZero();
    }
    try (Client client = new Client()) {
      client.option(1, "other".getBytes(StandardCharsets.UTF_8));
      assertThat(client.in.read()).isEqualTo(-1);
    }
  }

  @Test
  void everyCommandDoesWhatItSays() throws IOException {
    byte[] ones = new byte[8192];
    Arrays.fill(ones, (byte) 1);
    try (Client client = new Client().go()) {
      assertThat(client.ask(WRITE, FUA, 4096, 8192, ones)).isZero();
      assertThat(device.flushes).as("a write that is to stay is flushed").hasValue(1);
      assertThat(client.ask(READ, 0, 0, 16384, new byte[0])).isZero();
      byte[] expected = new byte[16384];
      System.arraycopy(ones, 0, expected, 4096, 8192);
      assertThat(data.get(77L)).isEqualTo(expected);
      assertThat(client.ask(FLUSH, 0, 0, 0, new byte[0])).isZero();
      assertThat(device.flushes).hasValue(2);
      assertThat(client.ask(WRITE_ZEROES, 2, 4096, 4096, new byte[0])).isZero();
      assertThat(device.trimmed).hasValue(0);
      assertThat(client.ask(READ, 0, 4096, 8192, new byte[0])).isZero();
      assertThat(data.get(77L)).startsWith(new byte[4096]).endsWith((byte) 1);
      assertThat(client.ask(WRITE_ZEROES, FUA | 16, 8192, 4096, new byte[0])).isZero();
      assertThat(device.trimmed).hasValue(4096);
      assertThat(client.ask(TRIM, 0, 0, 1 << 20, new byte[0])).isZero();
      assertThat(client.ask(READ, 0, 0, 1 << 20, new byte[0])).isZero();
      assertThat(data.get(77L)).isEqualTo(new byte[1 << 20]);
    }
  }

  @Test
  void wrongRequestsAreRefusedAndTheConnectionGoesOn() throws IOException {
    try (Client client = new Client().go()) {
      assertThat(client.ask(READ, 0, 512, 4096, new byte[0])).isEqualTo(EINVAL);
      assertThat(client.ask(WRITE, 0, 0, 512, new byte[512])).isEqualTo(EINVAL);
      assertThat(client.ask(READ, 0, 1 << 20, 4096, new byte[0])).isEqualTo(EINVAL);
      assertThat(client.ask(READ, 0, -4096, 4096, new byte[0])).isEqualTo(EINVAL);
      assertThat(client.ask(READ, 0, Long.MAX_VALUE - 4095, 4096, new byte[0])).isEqualTo(EINVAL);
      assertThat(client.ask(WRITE, 0, (1 << 20) - 4096, 8192, new byte[8192])).isEqualTo(ENOSPC);
      assertThat(client.ask(WRITE_ZEROES, 0, 0, 0xfffff000L, new byte[0])).isEqualTo(ENOSPC);
      assertThat(client.ask(TRIM, 0, 0, 1 << 21, new byte[0])).isEqualTo(EINVAL);
      assertThat(client.ask(WRITE, 0x40, 0, 4096, new byte[4096])).isEqualTo(EINVAL);
      assertThat(client.ask(7, 0, 0, 4096, new byte[0])).isEqualTo(ENOTSUP);
      device.full = true;
      assertThat(client.ask(WRITE, 0, 0, 4096, new byte[4096])).isEqualTo(ENOSPC);
      device.broken = true;
      assertThat(client.ask(READ, 0, 0, 4096, new byte[0])).isEqualTo(EIO);
      device.full = false;
      device.broken = false;
      assertThat(client.ask(WRITE, 0, 0, 4096, new byte[4096])).isZero();
    }
  }

  @Test
  void sixtyFourRequestsAreOpenAtOnceAndAGoodbyeWaitsForThem() throws IOException {
    CompletableFuture<Void> gate = new CompletableFuture<>();
    device.gate = gate;
    try (Client client = new Client().go()) {
      Map<Long, Integer> reads = new HashMap<>();
      for (int i = 0; i < 64; i++) {
        byte[] block = new byte[4096];
        block[0] = (byte) i;
        client.send(WRITE, 0, i, 4096L * i, 4096, block);
      }
      // Answered by the reading thread itself, so all the others have been handed over before.
      assertThat(client.ask(99, 0, 0, 0, new byte[0])).isEqualTo(ENOTSUP);
      assertThat(device.mostOpen).hasValue(64);
      client.send(DISCONNECT, 0, 0, 0, 0, new byte[0]);
      gate.complete(null);
      for (int i = 0; i < 64; i++) {
        assertThat(client.error(reads)).isZero();
      }
      assertThat(client.in.read()).isEqualTo(-1);
    }
    try (Client client = new Client().go()) {
      Map<Long, Integer> reads = new HashMap<>();
      for (long i = 0; i < 64; i++) {
        reads.put(i, 4096);
        client.send(READ, 0, i, 4096 * i, 4096, new byte[0]);
      }
      for (int i = 0; i < 64; i++) {
        assertThat(client.error(reads)).isZero();
      }
      for (long i = 0; i < 64; i++) {
        assertThat(data.get(i)).startsWith((byte) i);
      }
    }
  }

  @Test
  void aClientThatBreaksTheProtocolLosesItsConnectionOnly() throws IOException {
    try (Client good = new Client().go()) {
      try (Client bad = new Client().go()) {
        bad.out.write(new byte[28]);
        bad.out.flush();
        assertThat(bad.in.read()).isEqualTo(-1);
      }
      try (Client gone = new Client().go()) {
        gone.send(WRITE, 0, 1, 0, 8192, new byte[100]);
      }
      assertThat(good.ask(READ, 0, 0, 4096, new byte[0])).isZero();
    }
  }

  @Test
  void aSocketFileIsServedAndTheOneOfADeadServerIsTakenOver(@TempDir Path directory)
      throws IOException {
    Path file = directory.resolve("v-1.sock");
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(file);
    try (NbdServer unix = NbdServer.open(address, device)) {
      assertThat(unix.uri()).isEqualTo("nbd+unix:///?socket=" + file);
      try (SocketChannel channel = SocketChannel.open(address)) {
        ByteBuffer greeting = ByteBuffer.allocate(18);
        while (greeting.hasRemaining()) {
          if (channel.read(greeting) < 0) {
            throw new EOFException();
          }
        }
        assertThat(greeting.getLong(0)).isEqualTo(0x4e42444d41474943L);
      }
      assertThatThrownBy(() -> NbdServer.open(address, device)).hasMessageContaining("listens");
    }
    assertThat(file).doesNotExist();
    try (java.nio.channels.ServerSocketChannel dead =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      dead.bind(address);
    }
    assertThat(file).exists();
    NbdServer.open(address, device).close();
    Files.writeString(file, "no socket");
    assertThatThrownBy(() -> NbdServer.open(address, device)).hasMessageContaining("no socket");
  }
}
