package io.forestall.nodes.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the Network Block Device protocol: negotiation, then requests that are handed
 * to the device as they come and answered as they end. One thread reads, one writes.
 */
final class NbdConnection {
  private static final Logger LOG = LoggerFactory.getLogger(NbdConnection.class);

  /** Longest read or write; bytes. The protocol's usual limit. */
  static final int MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

  private static final int MAX_OPTION_BYTES = 64 * 1024;

  /** Requests that are open before the next is read; count. */
  private static final int MAX_OPEN = 256;

  /** What open requests may hold in memory, in units of 4 KiB. */
  private static final int MAX_OPEN_PAGES = 4 * MAX_PAYLOAD_BYTES / 4096;

  private static final long NBD_MAGIC = 0x4e42444d41474943L;
  private static final long OPTION_MAGIC = 0x49484156454F5054L;
  private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
  private static final int REQUEST_MAGIC = 0x25609513;
  private static final int REPLY_MAGIC = 0x67446698;

  private static final int FIXED_NEWSTYLE = 1;
  private static final int NO_ZEROES = 2;

  private static final int OPTION_EXPORT_NAME = 1;
  private static final int OPTION_ABORT = 2;
  private static final int OPTION_LIST = 3;
  private static final int OPTION_INFO = 6;
  private static final int OPTION_GO = 7;

  private static final int REPLY_ACK = 1;
  private static final int REPLY_SERVER = 2;
  private static final int REPLY_INFO = 3;
  private static final int REPLY_UNSUPPORTED = 0x80000001;
  private static final int REPLY_INVALID = 0x80000003;
  private static final int REPLY_UNKNOWN = 0x80000006;
  private static final int REPLY_TOO_BIG = 0x80000009;

  private static final int INFO_EXPORT = 0;
  private static final int INFO_NAME = 1;
  private static final int INFO_BLOCK_SIZE = 3;

  // HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN, SEND_FAST_ZERO.
  private static final int TRANSMISSION_FLAGS =
      1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 11;

  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int DISCONNECT = 2;
  private static final int FLUSH = 3;
  private static final int TRIM = 4;
  private static final int WRITE_ZEROES = 6;

  private static final int FLAG_FUA = 1;
  private static final int FLAG_NO_HOLE = 1 << 1;
  private static final int FLAG_FAST_ZERO = 1 << 4;

  /** An answer on its way out; one without buffers ends the writer. */
  private record Reply(List<ByteBuffer> buffers, int pages) {}

  private final SocketChannel channel;
  private final BlockDevice device;
  private final int number;
  private final Consumer<NbdConnection> ended;
  private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024).limit(0);
  private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
  private final Semaphore open = new Semaphore(MAX_OPEN);
  private final Semaphore pages = new Semaphore(MAX_OPEN_PAGES);
  private final AtomicBoolean closed = new AtomicBoolean();

  NbdConnection(
      SocketChannel channel, BlockDevice device, int number, Consumer<NbdConnection> ended) {
    this.channel = channel;
    this.device = device;
    this.number = number;
    this.ended = ended;
  }

  void start() {
    Thread reading = new Thread(this::run, "nbd-" + device.name() + "-" + number + "-in");
    reading.setDaemon(true);
    reading.start();
  }

  void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.debug("A connection did not close", e);
      }
      replies.add(new Reply(List.of(), 0));
    }
  }

  private void run() {
    try {
      if (negotiate()) {
        Thread writing = new Thread(this::write, "nbd-" + device.name() + "-" + number + "-out");
        writing.setDaemon(true);
        writing.start();
        transmit();
      }
    } catch (EOFException | ClosedChannelException e) {
      LOG.debug("Connection {} of {} ended", number, device.name(), e);
    } catch (IOException e) {
      if (!closed.get()) {
        LOG.warn("Connection {} of {} ends: {}", number, device.name(), e.getMessage());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
      ended.accept(this);
    }
  }

  // ---- negotiation

  private boolean negotiate() throws IOException {
    send(
        ByteBuffer.allocate(18)
            .putLong(NBD_MAGIC)
            .putLong(OPTION_MAGIC)
            .putShort((short) (FIXED_NEWSTYLE | NO_ZEROES)));
    need(4);
    int flags = in.getInt();
    if ((flags & ~(FIXED_NEWSTYLE | NO_ZEROES)) != 0) {
      throw new IOException("the client sets handshake flags that were not offered: " + flags);
    }
    while (true) {
      need(16);
      if (in.getLong() != OPTION_MAGIC) {
        throw new IOException("the client does not speak this protocol");
      }
      int option = in.getInt();
      long length = in.getInt() & 0xffffffffL;
      if (length > MAX_OPTION_BYTES) {
        skip(length);
        reply(option, REPLY_TOO_BIG, text("an option of " + length + " bytes"));
        continue;
      }
      ByteBuffer data = ByteBuffer.wrap(take((int) length));
      switch (option) {
        case OPTION_EXPORT_NAME -> {
          String name = StandardCharsets.UTF_8.decode(data).toString();
          if (!known(name)) {
            // This option has no way to say no.
            throw new IOException("the client wants the export '" + name + "', which is not here");
          }
          ByteBuffer answer =
              ByteBuffer.allocate((flags & NO_ZEROES) == 0 ? 134 : 10)
                  .putLong(device.bytes())
                  .putShort((short) TRANSMISSION_FLAGS);
          send(answer.position(answer.capacity()));
          return true;
        }
        case OPTION_ABORT -> {
          reply(option, REPLY_ACK, ByteBuffer.allocate(0));
          return false;
        }
        case OPTION_LIST -> list(data);
        case OPTION_INFO, OPTION_GO -> {
          if (info(option, data) && option == OPTION_GO) {
            return true;
          }
        }
        default ->
            reply(option, REPLY_UNSUPPORTED, text("option " + option + " is not supported here"));
      }
    }
  }

  private void list(ByteBuffer data) throws IOException {
    if (data.hasRemaining()) {
      reply(OPTION_LIST, REPLY_INVALID, text("a list takes no data"));
      return;
    }
    byte[] name = device.name().getBytes(StandardCharsets.UTF_8);
    reply(
        OPTION_LIST,
        REPLY_SERVER,
        ByteBuffer.allocate(4 + name.length).putInt(name.length).put(name).flip());
    reply(OPTION_LIST, REPLY_ACK, ByteBuffer.allocate(0));
  }

  private boolean info(int option, ByteBuffer data) throws IOException {
    if (data.remaining() < 6) {
      reply(option, REPLY_INVALID, text("too short"));
      return false;
    }
    int nameLength = data.getInt();
    if (nameLength < 0 || nameLength > data.remaining() - 2) {
      reply(option, REPLY_INVALID, text("the name is longer than the option"));
      return false;
    }
    byte[] bytes = new byte[nameLength];
    data.get(bytes);
    String name = new String(bytes, StandardCharsets.UTF_8);
    int wishes = data.getShort() & 0xffff;
    if (data.remaining() != 2 * wishes) {
      reply(option, REPLY_INVALID, text("the number of wishes is wrong"));
      return false;
    }
    if (!known(name)) {
      reply(option, REPLY_UNKNOWN, text("there is no export '" + name + "' here"));
      return false;
    }
    reply(
        option,
        REPLY_INFO,
        ByteBuffer.allocate(12)
            .putShort((short) INFO_EXPORT)
            .putLong(device.bytes())
            .putShort((short) TRANSMISSION_FLAGS)
            .flip());
    // Said whether asked for or not: who does not ask should know too.
    reply(
        option,
        REPLY_INFO,
        ByteBuffer.allocate(14)
            .putShort((short) INFO_BLOCK_SIZE)
            .putInt(device.blockBytes())
            .putInt(device.preferredBytes())
            .putInt(MAX_PAYLOAD_BYTES)
            .flip());
    while (data.hasRemaining()) {
      if (data.getShort() == INFO_NAME) {
        byte[] canonical = device.name().getBytes(StandardCharsets.UTF_8);
        reply(
            option,
            REPLY_INFO,
            ByteBuffer.allocate(2 + canonical.length)
                .putShort((short) INFO_NAME)
                .put(canonical)
                .flip());
      }
    }
    reply(option, REPLY_ACK, ByteBuffer.allocate(0));
    return true;
  }

  private boolean known(String name) {
    return name.isEmpty() || name.equals(device.name());
  }

  private void reply(int option, int type, ByteBuffer data) throws IOException {
    send(
        ByteBuffer.allocate(20 + data.remaining())
            .putLong(OPTION_REPLY_MAGIC)
            .putInt(option)
            .putInt(type)
            .putInt(data.remaining())
            .put(data));
  }

  private static ByteBuffer text(String words) {
    return ByteBuffer.wrap(words.getBytes(StandardCharsets.UTF_8));
  }

  private void send(ByteBuffer written) throws IOException {
    written.flip();
    while (written.hasRemaining()) {
      channel.write(written);
    }
  }

  // ---- transmission

  private void transmit() throws IOException, InterruptedException {
    while (true) {
      need(28);
      if (in.getInt() != REQUEST_MAGIC) {
        throw new IOException("a request without its magic number");
      }
      int flags = in.getShort() & 0xffff;
      int type = in.getShort() & 0xffff;
      long cookie = in.getLong();
      long offset = in.getLong();
      long length = in.getInt() & 0xffffffffL;
      if (type == DISCONNECT) {
        // Everything that is open is answered before the connection ends.
        open.acquire(MAX_OPEN);
        return;
      }
      open.acquire();
      int error = refusal(type, flags, offset, length);
      if (error != 0) {
        if (type == WRITE) {
          skip(length);
        }
        answer(cookie, error, List.of(), 0);
      } else {
        begin(type, flags, cookie, offset, length);
      }
    }
  }

  private void begin(int type, int flags, long cookie, long offset, long length)
      throws IOException, InterruptedException {
    if (type == READ) {
      int held = hold(length);
      var unused =
          device
              .read(offset, (int) length)
              .whenComplete(
                  (data, failure) ->
                      answer(
                          cookie,
                          error(failure),
                          failure == null && data != null ? data : List.of(),
                          held));
      return;
    }
    int held = type == WRITE ? hold(length) : 0;
    CompletableFuture<Void> ends =
        switch (type) {
          case WRITE -> device.write(offset, take((int) length));
          case FLUSH -> device.flush();
          case TRIM -> device.trim(offset, length);
          default ->
              (flags & FLAG_NO_HOLE) == 0
                  ? device.trim(offset, length)
                  : device.zero(offset, length);
        };
    if ((flags & FLAG_FUA) != 0 && type != FLUSH) {
      ends = ends.thenCompose(done -> device.flush());
    }
    var unused =
        ends.whenComplete((done, failure) -> answer(cookie, error(failure), List.of(), held));
  }

  /** What is wrong with a request; 0 when nothing is. */
  private int refusal(int type, int flags, long offset, long length) {
    int allowed =
        switch (type) {
          case READ, WRITE, FLUSH, TRIM -> FLAG_FUA;
          case WRITE_ZEROES -> FLAG_FUA | FLAG_NO_HOLE | FLAG_FAST_ZERO;
          default -> -1;
        };
    if (allowed < 0) {
      return DeviceException.Code.ENOTSUP.number();
    }
    if ((flags & ~allowed) != 0) {
      return DeviceException.Code.EINVAL.number();
    }
    if (type == FLUSH) {
      return offset == 0 && length == 0 ? 0 : DeviceException.Code.EINVAL.number();
    }
    if (offset < 0 || offset > device.bytes() || length > device.bytes() - offset) {
      return type == WRITE || type == WRITE_ZEROES
          ? DeviceException.Code.ENOSPC.number()
          : DeviceException.Code.EINVAL.number();
    }
    boolean tooLong = (type == READ || type == WRITE) && length > MAX_PAYLOAD_BYTES;
    int block = device.blockBytes();
    return length == 0 || tooLong || offset % block != 0 || length % block != 0
        ? DeviceException.Code.EINVAL.number()
        : 0;
  }

  private int error(@Nullable Throwable failure) {
    if (failure == null) {
      return 0;
    }
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    LOG.warn("A request to {} failed: {}", device.name(), cause.getMessage());
    return cause instanceof DeviceException known
        ? known.code().number()
        : DeviceException.Code.EIO.number();
  }

  private int hold(long length) throws InterruptedException {
    int many = (int) ((length + 4095) / 4096);
    pages.acquire(many);
    return many;
  }

  // From any thread; the data is written by the writer's.
  private void answer(long cookie, int error, List<ByteBuffer> data, int held) {
    ByteBuffer head =
        ByteBuffer.allocate(16).putInt(REPLY_MAGIC).putInt(error).putLong(cookie).flip();
    if (data.isEmpty()) {
      replies.add(new Reply(List.of(head), held));
    } else {
      List<ByteBuffer> all = new ArrayList<>(1 + data.size());
      all.add(head);
      for (ByteBuffer each : data) {
        all.add(each.duplicate());
      }
      replies.add(new Reply(all, held));
    }
  }

  private void write() {
    List<Reply> batch = new ArrayList<>();
    List<ByteBuffer> buffers = new ArrayList<>();
    try {
      while (!closed.get()) {
        batch.add(replies.take());
        long bytes = 0;
        Reply next;
        while (bytes < 1 << 20 && batch.size() < 64 && (next = replies.poll()) != null) {
          batch.add(next);
          for (ByteBuffer each : next.buffers()) {
            bytes += each.remaining();
          }
        }
        for (Reply each : batch) {
          buffers.addAll(each.buffers());
        }
        ByteBuffer[] gathered = buffers.toArray(new ByteBuffer[0]);
        int first = 0;
        while (first < gathered.length) {
          channel.write(gathered, first, gathered.length - first);
          while (first < gathered.length && !gathered[first].hasRemaining()) {
            first++;
          }
        }
        for (Reply each : batch) {
          if (!each.buffers().isEmpty()) {
            pages.release(each.pages());
            open.release();
          }
        }
        batch.clear();
        buffers.clear();
      }
    } catch (IOException e) {
      LOG.debug("Connection {} of {} cannot be written to", number, device.name(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
      // Whoever waits for room reads next, and meets the closed channel.
      open.release(MAX_OPEN);
      pages.release(MAX_OPEN_PAGES);
    }
  }

  // ---- reading

  /** Waits until so many bytes stand in the buffer. */
  private void need(int bytes) throws IOException {
    if (in.remaining() >= bytes) {
      return;
    }
    in.compact();
    while (in.position() < bytes) {
      if (channel.read(in) < 0) {
        throw new EOFException("the client left");
      }
    }
    in.flip();
  }

  private byte[] take(int length) throws IOException {
    byte[] bytes = new byte[length];
    int there = Math.min(length, in.remaining());
    in.get(bytes, 0, there);
    ByteBuffer rest = ByteBuffer.wrap(bytes, there, length - there);
    while (rest.hasRemaining()) {
      if (channel.read(rest) < 0) {
        throw new EOFException("the client left within a request");
      }
    }
    return bytes;
  }

  private void skip(long length) throws IOException {
    long left = length;
    while (left > 0) {
      if (!in.hasRemaining()) {
        in.clear();
        int many = channel.read(in);
        in.flip();
        if (many < 0) {
          throw new EOFException("the client left within a request");
        }
      }
      int here = (int) Math.min(left, in.remaining());
      in.position(in.position() + here);
      left -= here;
    }
  }
}
