package io.forestall.decisions.ownership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WriteBatchTest {

  /**
   * Writes as {@code kind first-last}, W for one whose payload travels as it is, C for a compressed
   * one; deltas as {@code kind first-last requests}, the one that gives the name first.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "W0-1                 | WRITE 0-1 #0",
        "W0-1, W0-1           | WRITE 0-1 #1 #0",
        "W0-1, W0-2           | WRITE 0-2 #1 #0",
        "W0-2, W0-1           | WRITE 0-2 #0; WRITE 0-1 #1",
        "W0-1, Z0-1           | ZERO 0-1 #1 #0",
        "T0-2, W0-2           | WRITE 0-2 #1 #0",
        "W0-1, W0-1, W0-1     | WRITE 0-1 #2 #1 #0",
        "W0-2, W1-3, W0-2     | WRITE 1-3 #1; WRITE 0-2 #2 #0",
        "W0-1, W1-2           | WRITE 0-2 #0 #1",
        "W1-2, W0-1           | WRITE 0-2 #0 #1",
        "W0-1, W2-3, W1-2     | WRITE 0-1 #0; WRITE 1-3 #1 #2",
        "W0-1, W1-2, W2-3     | WRITE 0-3 #0 #1 #2",
        "W0-1, W1-2, W0-2     | WRITE 0-2 #2 #0 #1",
        "W0-1, C1-2           | WRITE 0-1 #0; WRITE 1-2 #1",
        "C0-1, C1-2           | WRITE 0-1 #0; WRITE 1-2 #1",
        "C0-1, C0-1           | WRITE 0-1 #1 #0",
        "Z0-1, Z1-9           | ZERO 0-9 #0 #1",
        "T5-6, T4-5           | TRIM 4-6 #0 #1",
        "Z0-1, T1-2           | ZERO 0-1 #0; TRIM 1-2 #1",
        "W0-1, W8-9, W1-2     | WRITE 0-2 #0 #2; WRITE 8-9 #1",
        "W0-1, W1-3, W1-2     | WRITE 0-3 #0 #1; WRITE 1-2 #2",
        "W4-5, Z0-3, W2-4     | WRITE 4-5 #0; ZERO 0-3 #1; WRITE 2-4 #2",
      })
  void whatABatchBecomes(String writes, String deltas) {
    List<NodeUnit.Write> batch = new ArrayList<>();
    for (String each : writes.trim().split(", ", -1)) {
      batch.add(write(batch.size(), each));
    }
    assertThat(words(WriteBatch.plan(batch))).isEqualTo(deltas.trim());
  }

  @Test
  void noMoreIsJoinedThanTheBound() {
    int blocks = (int) (WriteBatch.MAX_JOINED_BYTES / BLOCK);
    List<NodeUnit.Write> batch = new ArrayList<>();
    for (int i = 0; i < blocks + 2; i++) {
      batch.add(write(i, "W" + i + "-" + (i + 1)));
    }
    assertThat(WriteBatch.plan(batch))
        .extracting(each -> each.delta(1, 1, "n", 1, 0).length())
        .containsExactly(WriteBatch.MAX_JOINED_BYTES, 2L * BLOCK);
  }

  @Test
  void aBatchEndsAtItsBound() {
    List<NodeUnit.Write> batch = new ArrayList<>();
    for (int i = 0; i < WriteBatch.MAX_WRITES + 1; i++) {
      batch.add(write(i, "W0-1"));
    }
    assertThat(WriteBatch.plan(batch))
        .extracting(each -> each.writes().size())
        .containsExactly(WriteBatch.MAX_WRITES, 1);
  }

  /** Whatever is merged and joined: the bytes are those of the writes in the order they came. */
  @Test
  void theDeltasLeaveWhatTheWritesLeaveAndSettleEachOnce() {
    for (long seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed * 0x9e3779b97f4a7c15L);
      List<NodeUnit.Write> batch = new ArrayList<>();
      byte[] expected = new byte[12 * BLOCK];
      int many = 1 + random.nextInt(12);
      for (int i = 0; i < many; i++) {
        int first = random.nextInt(12);
        int last = first + 1 + random.nextInt(Math.min(4, 12 - first));
        String kind = random.nextInt(4) > 0 ? "W" : random.nextInt(2) == 0 ? "Z" : "T";
        NodeUnit.Write write = write(i, kind + first + "-" + last);
        batch.add(write);
        put(expected, write.request.offset(), write.request.length(), write.request.payload());
      }
      byte[] found = new byte[expected.length];
      Set<Long> settled = new HashSet<>();
      for (WriteBatch.Extent each : WriteBatch.plan(batch)) {
        Delta delta = each.delta(1, 1, "n", 1, 0);
        put(found, delta.offset(), delta.length(), delta.payload());
        CRC32C crc = new CRC32C();
        crc.update(delta.payload());
        assertThat(delta.encodedCrc()).as("seed %d", seed).isEqualTo((int) crc.getValue());
        assertThat(delta.plainCrc()).isEqualTo(delta.encodedCrc());
        assertThat(settled.add(delta.request())).as("seed %d", seed).isTrue();
        for (Delta.Request merged : delta.merged()) {
          assertThat(settled.add(merged.number())).as("seed %d", seed).isTrue();
        }
      }
      assertThat(found).as("seed %d", seed).isEqualTo(expected);
      assertThat(settled).as("seed %d", seed).hasSize(many);
    }
  }

  private static final int BLOCK = 4096;

  private static void put(byte[] into, long offset, long length, byte[] payload) {
    if (payload.length == 0) {
      Arrays.fill(into, (int) offset, (int) (offset + length), (byte) 0);
    } else {
      System.arraycopy(payload, 0, into, (int) offset, payload.length);
    }
  }

  private static NodeUnit.Write write(int number, String text) {
    NodeRequest.Kind kind =
        switch (text.charAt(0)) {
          case 'Z' -> NodeRequest.Kind.ZERO;
          case 'T' -> NodeRequest.Kind.TRIM;
          default -> NodeRequest.Kind.WRITE;
        };
    String[] place = text.substring(1).split("-", -1);
    long offset = Long.parseLong(place[0]) * BLOCK;
    long length = Long.parseLong(place[1]) * BLOCK - offset;
    boolean compressed = text.charAt(0) == 'C';
    byte[] payload = new byte[compressed ? 9 : kind == NodeRequest.Kind.WRITE ? (int) length : 0];
    Arrays.fill(payload, (byte) (number + 1));
    CRC32C crc = new CRC32C();
    crc.update(payload);
    return new NodeUnit.Write(
        new NodeRequest(
            number,
            "c",
            number,
            "v/0",
            0,
            kind,
            offset,
            length,
            compressed ? "LZ4" : "NONE",
            payload,
            (int) crc.getValue(),
            (int) crc.getValue()));
  }

  private static String words(List<WriteBatch.Extent> extents) {
    List<String> words = new ArrayList<>();
    for (WriteBatch.Extent each : extents) {
      Delta delta = each.delta(1, 1, "n", 1, 0);
      StringBuilder text = new StringBuilder();
      text.append(delta.kind()).append(' ').append(delta.offset() / BLOCK).append('-');
      text.append((delta.offset() + delta.length()) / BLOCK).append(" #").append(delta.request());
      delta.merged().forEach(merged -> text.append(" #").append(merged.number()));
      words.add(text.toString());
    }
    return String.join("; ", words);
  }
}
