package io.forestall.wire.sources;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one source of an {@link ExporterMapping}, made ready to meet each series quickly.
 * Immutable and safe for threads.
 */
final class SourcePlan {

  /**
   * One name of one row.
   *
   * @param index number of the slot, from 0
   * @param row number of the row within the source, from 0
   * @param rule the row
   */
  record Slot(int index, int row, ExporterMapping.Row rule) {}

  private final String source;
  private final List<ExporterMapping.Row> rows;
  private final List<Slot> slots = new ArrayList<>();
  private final List<List<Slot>> slotsByRow = new ArrayList<>();
  private final Map<String, List<Slot>> byName = new HashMap<>();
  private final byte[] @Nullable [] nameBytes;
  private final @Nullable List<Slot>[] nameSlots;

  @SuppressWarnings({"unchecked", "rawtypes"})
  SourcePlan(String source, List<ExporterMapping.Row> rows) {
    this.source = source;
    this.rows = List.copyOf(rows);
    for (int i = 0; i < rows.size(); i++) {
      ExporterMapping.Row row = rows.get(i);
      List<Slot> own = new ArrayList<>();
      for (String name : row.names()) {
        Slot slot = new Slot(slots.size(), i, row);
        slots.add(slot);
        own.add(slot);
        byName.computeIfAbsent(name, key -> new ArrayList<>()).add(slot);
      }
      slotsByRow.add(own);
    }
    int size = Integer.highestOneBit(Math.max(1, byName.size()) * 8);
    nameBytes = new byte[size][];
    nameSlots = new List[size];
    byName.forEach(
        (name, named) -> {
          byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
          int at = hash(bytes, 0, bytes.length) & (size - 1);
          while (nameBytes[at] != null) {
            at = (at + 1) & (size - 1);
          }
          nameBytes[at] = bytes;
          nameSlots[at] = named;
        });
  }

  String source() {
    return source;
  }

  List<ExporterMapping.Row> rows() {
    return rows;
  }

  /** How many slots there are. */
  int slots() {
    return slots.size();
  }

  /** The slots of a row, in the order of its names. */
  List<Slot> slotsOf(int row) {
    return slotsByRow.get(row);
  }

  /** The slots of a name, null when no row has it. */
  @Nullable List<Slot> find(String name) {
    return byName.get(name);
  }

  /** The slots of a name in UTF-8, null when no row has it. */
  @Nullable List<Slot> find(byte[] bytes, int from, int to) {
    int mask = nameBytes.length - 1;
    int at = hash(bytes, from, to) & mask;
    for (byte[] name = nameBytes[at]; name != null; name = nameBytes[at]) {
      if (Arrays.equals(name, 0, name.length, bytes, from, to)) {
        return nameSlots[at];
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  /** Whether a text is the number of a SMART attribute, 1 to 255, without leading zeros. */
  static boolean attribute(String text) {
    if (text.isEmpty() || text.length() > 3 || text.charAt(0) == '0') {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return Integer.parseInt(text) <= 255;
  }

  private static int hash(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = hash * 31 + bytes[i];
    }
    hash *= 0x2c1b3c6d;
    return hash ^ hash >>> 15;
  }
}
