package io.forestall.operators;

import io.forestall.operators.types.Wired;
import io.forestall.risk.signal.PeerSummary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * The newest closed windows of one group of peers, newest first. Immutable. What it holds does not
 * depend on the order in which windows came.
 *
 * @param windows at most {@link #MAXIMUM_WINDOWS}
 */
public record PeerHistory(List<PeerSummary> windows) {

  /** Most windows that are kept; a sample that is late by more finds none. */
  public static final int MAXIMUM_WINDOWS = 8;

  /** How many windows back a sample looks when its own group was silent. */
  static final int REACH = 4;

  private static final int VERSION = 1;

  /** No window yet. */
  static final PeerHistory EMPTY = new PeerHistory(List.of());

  public PeerHistory {
    windows = List.copyOf(windows);
  }

  /** With one more window, in the place of an equal one. */
  PeerHistory with(PeerSummary window) {
    List<PeerSummary> all = new ArrayList<>(windows);
    all.removeIf(old -> old.endMillis() == window.endMillis());
    all.add(window);
    all.sort(Comparator.comparingLong(PeerSummary::endMillis).reversed());
    return new PeerHistory(all.subList(0, Math.min(all.size(), MAXIMUM_WINDOWS)));
  }

  /** End of the newest window; epoch milliseconds. */
  long newestMillis() {
    return windows.isEmpty() ? Long.MIN_VALUE : windows.get(0).endMillis();
  }

  /** The newest window that ends by a time and is not too old, null when there is none. */
  @Nullable PeerSummary at(long endMillis, long windowMillis) {
    for (PeerSummary window : windows) {
      if (window.endMillis() <= endMillis) {
        return window.endMillis() > endMillis - REACH * windowMillis ? window : null;
      }
    }
    return null;
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(windows.size());
    for (PeerSummary window : windows) {
      window.write(out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static PeerHistory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "history of peers");
    List<PeerSummary> windows = new ArrayList<>();
    for (int i = in.readUnsignedByte(); i > 0; i--) {
      windows.add(PeerSummary.read(in));
    }
    return new PeerHistory(windows);
  }
}
