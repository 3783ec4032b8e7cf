package io.forestall.decisions.ownership;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Which deltas the writes of one batch become (E1). None of them is acknowledged yet, so all of
 * them overlap in time; they keep the order in which they came wherever they touch the same bytes.
 *
 * <ul>
 *   <li>A write that a single later one covers wholly is merged into that one: its bytes never
 *       leave the node, its request is settled by the later delta.
 *   <li>Writes that lie side by side become one delta, up to {@value #MAX_JOINED_BYTES} bytes, when
 *       their payloads travel as they are; so do zeros and trims, of any length. A write moves in
 *       front of others of its batch for that only when it overlaps none of them.
 * </ul>
 */
final class WriteBatch {

  /** Writes that are looked at together; what comes behind them is the next batch; count. */
  static final int MAX_WRITES = 128;

  /** Largest payload of a delta that was joined of several; bytes. */
  static final long MAX_JOINED_BYTES = 128 * 1024;

  private final List<Extent> extents = new ArrayList<>();

  private WriteBatch() {}

  /** What goes out as one delta. */
  static final class Extent {
    private final NodeRequest.Kind kind;
    private long offset;
    private long end;

    /** What its bytes consist of, by their place. */
    private final Deque<NodeRequest> parts = new ArrayDeque<>(1);

    /** Whom it settles; the first one gives it its name. */
    private final List<NodeUnit.Write> writes = new ArrayList<>(1);

    private Extent(NodeUnit.Write write) {
      NodeRequest request = write.request;
      this.kind = request.kind();
      this.offset = request.offset();
      this.end = request.offset() + request.length();
      this.parts.add(request);
      this.writes.add(write);
    }

    List<NodeUnit.Write> writes() {
      return writes;
    }

    private boolean covers(Extent other) {
      return offset <= other.offset && end >= other.end;
    }

    private boolean overlaps(NodeRequest request) {
      return offset < request.offset() + request.length() && request.offset() < end;
    }

    /** True when it took the write in. */
    private boolean joins(NodeUnit.Write write) {
      NodeRequest request = write.request;
      boolean behind = end == request.offset();
      if (kind != request.kind() || !behind && request.offset() + request.length() != offset) {
        return false;
      }
      if (kind == NodeRequest.Kind.WRITE
          && (end - offset + request.length() > MAX_JOINED_BYTES
              || !isPlain(parts.getFirst())
              || !isPlain(request))) {
        return false;
      }
      if (behind) {
        end += request.length();
        parts.addLast(request);
      } else {
        offset = request.offset();
        parts.addFirst(request);
      }
      writes.add(write);
      return true;
    }

    private static boolean isPlain(NodeRequest request) {
      return request.codec().equals("NONE") && request.payload().length == request.length();
    }

    /** The delta of these writes. */
    Delta delta(long epoch, long sequence, String owner, long batch, long timeMillis) {
      NodeRequest named = writes.get(0).request;
      NodeRequest only = parts.getFirst();
      byte[] payload = only.payload();
      int encodedCrc = only.encodedCrc();
      int plainCrc = only.plainCrc();
      if (parts.size() > 1 && kind == NodeRequest.Kind.WRITE) {
        payload = new byte[(int) (end - offset)];
        int at = 0;
        for (NodeRequest each : parts) {
          System.arraycopy(each.payload(), 0, payload, at, each.payload().length);
          at += each.payload().length;
        }
        CRC32C crc = new CRC32C();
        crc.update(payload, 0, payload.length);
        encodedCrc = (int) crc.getValue();
        plainCrc = encodedCrc;
      }
      return new Delta(
          named.unit(),
          epoch,
          sequence,
          switch (kind) {
            case WRITE -> Delta.Kind.WRITE;
            case ZERO -> Delta.Kind.ZERO;
            case TRIM -> Delta.Kind.TRIM;
            case READ, FLUSH -> throw new IllegalStateException("a " + kind + " is no write");
          },
          offset,
          end - offset,
          only.codec(),
          payload,
          encodedCrc,
          plainCrc,
          owner,
          named.client(),
          named.request(),
          batch,
          timeMillis,
          merged());
    }

    private List<Delta.Request> merged() {
      if (writes.size() == 1) {
        return List.of();
      }
      List<Delta.Request> merged = new ArrayList<>(writes.size() - 1);
      for (NodeUnit.Write each : writes.subList(1, writes.size())) {
        merged.add(new Delta.Request(each.request.client(), each.request.request()));
      }
      return merged;
    }
  }

  /** What goes out for writes, in this order. */
  static List<Extent> plan(List<NodeUnit.Write> writes) {
    if (writes.size() == 1) {
      return List.of(new Extent(writes.get(0)));
    }
    List<Extent> all = new ArrayList<>();
    for (int from = 0; from < writes.size(); from += MAX_WRITES) {
      WriteBatch batch = new WriteBatch();
      writes.subList(from, Math.min(writes.size(), from + MAX_WRITES)).forEach(batch::add);
      all.addAll(batch.extents);
    }
    return all;
  }

  private void add(NodeUnit.Write write) {
    Extent added = new Extent(write);
    for (Iterator<Extent> each = extents.iterator(); each.hasNext(); ) {
      Extent earlier = each.next();
      if (added.covers(earlier)) {
        each.remove();
        added.writes.addAll(earlier.writes);
      }
    }
    if (added.writes.size() == 1) {
      for (int i = extents.size() - 1; i >= 0; i--) {
        if (extents.get(i).joins(write)) {
          return;
        }
        if (extents.get(i).overlaps(write.request)) {
          break;
        }
      }
    }
    extents.add(added);
  }
}
