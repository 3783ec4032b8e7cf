package io.forestall.nodes.transport;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the data plane. Every frame is a head of {@value #HEAD_BYTES} bytes, a body and
 * data, all big-endian:
 *
 * <pre>
 * 2  magic 0x4657
 * 1  version, {@value #VERSION}
 * 1  type of the frame
 * 4  length of the body, at most {@value #MAX_BODY_BYTES}
 * 4  length of the data, at most {@value #MAX_DATA_BYTES}
 * 4  CRC-32C of the twelve bytes before and of the body
 * </pre>
 *
 * <p>The data's own CRC-32C stands in the body, because it exists before the frame does and need
 * not be computed twice. Thread-safe: only constants and functions.
 */
public final class Frames {

  /** The version that this code speaks; a peer of another one is sent away with a sentence. */
  public static final int VERSION = 1;

  /** Length of the head; bytes. */
  public static final int HEAD_BYTES = 16;

  /** Longest body that is read; bytes. */
  public static final int MAX_BODY_BYTES = 64 * 1024;

  /** Longest data that is read; bytes. A client splits what is longer. */
  public static final int MAX_DATA_BYTES = 4 * 1024 * 1024;

  static final int MAGIC = 0x4657;

  /** Client to node: who is there. Must come first. */
  static final int HELLO = 1;

  /** Node to client: who answers. */
  static final int WELCOME = 2;

  static final int REQUEST = 3;
  static final int ANSWER = 4;
  static final int PING = 5;
  static final int PONG = 6;

  /** Why the sender closes the connection. */
  static final int GOODBYE = 7;

  /** Node to node: bytes of a unit, or where its copy stands. */
  static final int FETCH = 8;

  static final int FETCHED = 9;

  static final byte[] NO_DATA = new byte[0];

  // The place in these rows is what travels: they grow at their ends only.
  private static final NodeRequest.Kind[] KINDS = {
    NodeRequest.Kind.READ,
    NodeRequest.Kind.WRITE,
    NodeRequest.Kind.ZERO,
    NodeRequest.Kind.TRIM,
    NodeRequest.Kind.FLUSH
  };
  private static final NodeAnswer.Outcome[] OUTCOMES = {
    NodeAnswer.Outcome.DONE,
    NodeAnswer.Outcome.NOT_OWNER,
    NodeAnswer.Outcome.BUSY,
    NodeAnswer.Outcome.INVALID,
    NodeAnswer.Outcome.ACCEPTED
  };
  private static final Fetch.Kind[] FETCH_KINDS = {Fetch.Kind.BYTES, Fetch.Kind.FOLD};
  private static final Fetched.Outcome[] FETCH_OUTCOMES = {
    Fetched.Outcome.DONE, Fetched.Outcome.BEHIND, Fetched.Outcome.NOT_HELD, Fetched.Outcome.FAILED
  };
  private static final String[] CODECS = {"NONE", "ZSTD", "LZ4"};
  private static final int NO_STRING = 0xffff;

  private Frames() {}

  /** CRC-32C of bytes. */
  public static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /** CRC-32C of what remains of a buffer, whose position stays. */
  public static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  // ---- heads

  /** A buffer in which a body can be written behind the place of the head. */
  static ByteBuffer body(int capacity) {
    return ByteBuffer.allocate(HEAD_BYTES + capacity).position(HEAD_BYTES);
  }

  /** Writes the head before a body and makes both ready to be sent. */
  static ByteBuffer finish(int type, ByteBuffer body, int dataBytes) {
    int bodyBytes = body.position() - HEAD_BYTES;
    if (bodyBytes > MAX_BODY_BYTES || dataBytes > MAX_DATA_BYTES) {
      throw new IllegalArgumentException(
          "a frame with a body of "
              + bodyBytes
              + " and data of "
              + dataBytes
              + " bytes is larger than anybody takes");
    }
    body.flip();
    body.putShort(0, (short) MAGIC);
    body.put(2, (byte) VERSION);
    body.put(3, (byte) type);
    body.putInt(4, bodyBytes);
    body.putInt(8, dataBytes);
    body.putInt(12, crc(body.array(), body));
    return body;
  }

  /** Checks what can be known from a head alone, before anything is allocated. */
  static void checkHead(ByteBuffer head) throws FrameException {
    int magic = head.getShort(0) & 0xffff;
    if (magic != MAGIC) {
      throw new FrameException("the other side speaks another protocol");
    }
    int version = head.get(2) & 0xff;
    if (version != VERSION) {
      throw new FrameException(
          "the other side speaks version " + version + ", this one speaks " + VERSION);
    }
    int body = head.getInt(4);
    int data = head.getInt(8);
    if (body < 0 || body > MAX_BODY_BYTES || data < 0 || data > MAX_DATA_BYTES) {
      throw new FrameException("a frame says that it is larger than any frame is");
    }
  }

  /** Checks the sum over head and body. */
  static void checkSum(ByteBuffer head, ByteBuffer body) throws FrameException {
    CRC32C crc = new CRC32C();
    crc.update(head.array(), 0, 12);
    crc.update(body.array(), 0, body.limit());
    if ((int) crc.getValue() != head.getInt(12)) {
      throw new FrameException("a frame was damaged on its way");
    }
  }

  private static int crc(byte[] array, ByteBuffer frame) {
    CRC32C crc = new CRC32C();
    crc.update(array, 0, 12);
    crc.update(array, HEAD_BYTES, frame.limit() - HEAD_BYTES);
    return (int) crc.getValue();
  }

  // ---- bodies

  static ByteBuffer hello(String client) {
    ByteBuffer body = body(2 + 3 * client.length());
    put(body, client);
    return finish(HELLO, body, 0);
  }

  static ByteBuffer welcome(String node, long incarnation) {
    ByteBuffer body = body(10 + 3 * node.length());
    put(body, node);
    body.putLong(incarnation);
    return finish(WELCOME, body, 0);
  }

  static ByteBuffer ping(int type, long nonce) {
    return finish(type, body(8).putLong(nonce), 0);
  }

  static ByteBuffer goodbye(String why) {
    String text = cut(why);
    ByteBuffer body = body(2 + 3 * text.length());
    put(body, text);
    return finish(GOODBYE, body, 0);
  }

  static ByteBuffer request(NodeRequest request) {
    ByteBuffer body = body(64 + 3 * (request.client().length() + request.unit().length()));
    body.putLong(request.token());
    put(body, request.client());
    body.putLong(request.request());
    put(body, request.unit());
    body.putLong(request.epoch());
    body.put((byte) place(KINDS, request.kind()));
    body.putLong(request.offset());
    body.putLong(request.length());
    body.put((byte) place(CODECS, request.codec()));
    body.putInt(request.encodedCrc());
    body.putInt(request.plainCrc());
    return finish(REQUEST, body, request.payload().length);
  }

  /** Reads a request; its token is still that of the client. */
  static NodeRequest request(ByteBuffer body, byte[] data) throws FrameException {
    try {
      long token = body.getLong();
      String client = string(body);
      long number = body.getLong();
      String unit = string(body);
      long epoch = body.getLong();
      int kind = body.get();
      long offset = body.getLong();
      long length = body.getLong();
      int codec = body.get();
      int encodedCrc = body.getInt();
      int plainCrc = body.getInt();
      if (kind < 0 || kind >= KINDS.length || codec < 0 || codec >= CODECS.length) {
        throw new FrameException("a request of a kind or codec that is not known here");
      }
      if (offset < 0
          || length < 0
          || offset + length < 0
          || (KINDS[kind] == NodeRequest.Kind.READ && length > MAX_DATA_BYTES)) {
        throw new FrameException("a request for bytes that cannot be: " + offset + "+" + length);
      }
      if (KINDS[kind] == NodeRequest.Kind.WRITE
          ? data.length == 0 || length > MAX_DATA_BYTES
          : data.length != 0) {
        throw new FrameException("a request whose data does not fit its kind");
      }
      if (data.length != 0 && crc(data, 0, data.length) != encodedCrc) {
        throw new FrameException("the data of a request was damaged on its way");
      }
      return new NodeRequest(
          token,
          client,
          number,
          unit,
          epoch,
          KINDS[kind],
          offset,
          length,
          CODECS[codec],
          data,
          encodedCrc,
          plainCrc);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new FrameException("a request that cannot be read: " + e.getMessage());
    }
  }

  static ByteBuffer answer(NodeAnswer answer, long clientToken, @Nullable ByteBuffer data) {
    Owned owned = answer.owned();
    String text = cut(answer.text());
    int capacity = 24 + 3 * text.length();
    if (owned != null) {
      capacity += 88 + 3 * owned.unit().length() + 3 * owned.owner().toString().length();
      capacity += owned.former() == null ? 0 : 3 * owned.former().toString().length();
      capacity += owned.admission() == null ? 0 : 3 * owned.admission().length();
    }
    ByteBuffer body = body(capacity);
    body.putLong(clientToken);
    body.put((byte) place(OUTCOMES, answer.outcome()));
    body.putInt(data == null ? 0 : crc(data));
    put(body, text);
    body.put((byte) (owned == null ? 0 : 1));
    if (owned != null) {
      put(body, owned.unit());
      body.putLong(owned.epoch());
      put(body, owned.owner().toString());
      body.putLong(owned.incarnation());
      put(body, owned.former() == null ? null : owned.former().toString());
      body.putLong(owned.formerEpoch());
      body.put((byte) (owned.released() ? 1 : 0));
      body.put((byte) (owned.inDoubt() ? 1 : 0));
      body.putLong(owned.offset());
      put(body, owned.admission());
      body.putLong(owned.asyncBoundMillis());
      body.putLong(owned.asyncFromEpoch());
      body.putLong(owned.lossEpoch());
    }
    return finish(ANSWER, body, data == null ? 0 : data.remaining());
  }

  static NodeAnswer answer(ByteBuffer body, byte[] data) throws FrameException {
    try {
      long token = body.getLong();
      int outcome = body.get();
      int dataCrc = body.getInt();
      String text = string(body);
      Owned owned = null;
      if (body.get() != 0) {
        String unit = string(body);
        long epoch = body.getLong();
        Subject owner = Subject.parse(string(body));
        long incarnation = body.getLong();
        String former = nullable(body);
        long formerEpoch = body.getLong();
        boolean released = body.get() != 0;
        boolean inDoubt = body.get() != 0;
        long offset = body.getLong();
        owned =
            new Owned(
                unit,
                epoch,
                owner,
                incarnation,
                former == null ? null : Subject.parse(former),
                formerEpoch,
                released,
                inDoubt,
                offset,
                nullable(body),
                // A release without an asynchronous mode ends here.
                body.remaining() < Long.BYTES ? 0 : body.getLong(),
                body.remaining() < Long.BYTES ? 0 : body.getLong(),
                body.remaining() < Long.BYTES ? 0 : body.getLong());
      }
      if (outcome < 0 || outcome >= OUTCOMES.length) {
        throw new FrameException("an answer that is not known here");
      }
      if (data.length != 0 && crc(data, 0, data.length) != dataCrc) {
        throw new FrameException("the data of an answer was damaged on its way");
      }
      return new NodeAnswer(token, OUTCOMES[outcome], owned, text);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new FrameException("an answer that cannot be read: " + e.getMessage());
    }
  }

  static ByteBuffer fetch(Fetch fetch) {
    ByteBuffer body = body(48 + 3 * fetch.unit().length());
    body.putLong(fetch.token());
    put(body, fetch.unit());
    body.put((byte) place(FETCH_KINDS, fetch.kind()));
    body.putLong(fetch.offset());
    body.putInt(fetch.length());
    body.putLong(fetch.minEpoch());
    body.putLong(fetch.minSequence());
    return finish(FETCH, body, 0);
  }

  /** Reads what is asked for; its token is still that of who asks. */
  static Fetch fetch(ByteBuffer body) throws FrameException {
    try {
      long token = body.getLong();
      String unit = string(body);
      int kind = body.get();
      long offset = body.getLong();
      int length = body.getInt();
      long minEpoch = body.getLong();
      long minSequence = body.getLong();
      if (kind < 0 || kind >= FETCH_KINDS.length) {
        throw new FrameException("something is to be fetched that is not known here");
      }
      boolean bytes = FETCH_KINDS[kind] == Fetch.Kind.BYTES;
      if (offset < 0
          || length > MAX_DATA_BYTES
          || (bytes ? length < 1 : length != 0)
          || offset > Long.MAX_VALUE - length) {
        throw new FrameException(
            "bytes that cannot be are to be fetched: " + offset + "+" + length);
      }
      return new Fetch(token, unit, FETCH_KINDS[kind], offset, length, minEpoch, minSequence);
    } catch (BufferUnderflowException e) {
      throw new FrameException("a question for bytes that cannot be read: " + e.getMessage());
    }
  }

  static ByteBuffer fetched(Fetched fetched, long clientToken, @Nullable ByteBuffer data) {
    String text = cut(fetched.text());
    ByteBuffer body = body(64 + 3 * text.length());
    body.putLong(clientToken);
    body.put((byte) place(FETCH_OUTCOMES, fetched.outcome()));
    body.putInt(data == null ? 0 : crc(data));
    body.putLong(fetched.epoch());
    body.putLong(fetched.sequence());
    body.putLong(fetched.latencyMicros());
    body.putLong(fetched.usualMicros());
    put(body, text);
    return finish(FETCHED, body, data == null ? 0 : data.remaining());
  }

  static Fetched fetched(ByteBuffer body, byte[] data) throws FrameException {
    try {
      long token = body.getLong();
      int outcome = body.get();
      int dataCrc = body.getInt();
      long epoch = body.getLong();
      long sequence = body.getLong();
      long latencyMicros = body.getLong();
      long usualMicros = body.getLong();
      String text = string(body);
      if (outcome < 0 || outcome >= FETCH_OUTCOMES.length) {
        throw new FrameException("fetched with an outcome that is not known here");
      }
      if (data.length != 0 && crc(data, 0, data.length) != dataCrc) {
        throw new FrameException("what was fetched was damaged on its way");
      }
      return new Fetched(
          token, FETCH_OUTCOMES[outcome], epoch, sequence, latencyMicros, usualMicros, text);
    } catch (BufferUnderflowException e) {
      throw new FrameException("fetched, but it cannot be read: " + e.getMessage());
    }
  }

  static long number(ByteBuffer body) throws FrameException {
    if (body.remaining() < Long.BYTES) {
      throw new FrameException("a frame lacks a number that must be there");
    }
    return body.getLong();
  }

  static String string(ByteBuffer body) throws FrameException {
    String text = nullable(body);
    if (text == null) {
      throw new FrameException("a frame lacks a text that must be there");
    }
    return text;
  }

  private static @Nullable String nullable(ByteBuffer body) throws FrameException {
    int length = body.remaining() < Short.BYTES ? 0 : body.getShort() & 0xffff;
    if (length == NO_STRING) {
      return null;
    }
    if (body.remaining() < length) {
      throw new FrameException("a frame is shorter than its text");
    }
    byte[] bytes = new byte[length];
    body.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void put(ByteBuffer body, @Nullable String text) {
    if (text == null) {
      body.putShort((short) NO_STRING);
      return;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= NO_STRING) {
      throw new IllegalArgumentException("a text of " + bytes.length + " bytes is too long");
    }
    body.putShort((short) bytes.length);
    body.put(bytes);
  }

  private static String cut(String text) {
    return text.length() <= 1000 ? text : text.substring(0, 1000);
  }

  private static int place(Object[] row, Object what) {
    for (int i = 0; i < row.length; i++) {
      if (row[i].equals(what)) {
        return i;
      }
    }
    throw new IllegalArgumentException(what + " does not travel");
  }
}
