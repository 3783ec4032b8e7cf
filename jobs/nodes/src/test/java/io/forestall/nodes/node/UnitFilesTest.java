package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.transport.PayloadCodec;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitFilesTest {
  private static final int BYTES = 1 << 20;
  private static final UnitSpec SPEC = new UnitSpec("v/0", "v", "p1", BYTES, 4096);

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingMedium medium = new TestingMedium();

  private static byte[] array(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Test
  void holdsWhatAnArrayWouldHold() throws Exception {
    long seed = 7;
    Random random = new Random(seed);
    byte[] model = new byte[BYTES];
    UnitFiles files = UnitFiles.open(medium, folder, SPEC);
    for (int step = 1; step <= 300; step++) {
      int offset = random.nextInt(BYTES / 512) * 512;
      int length = Math.min(BYTES - offset, (1 + random.nextInt(64)) * 512);
      int kind = random.nextInt(4);
      if (kind < 2) {
        byte[] plain = Deltas.bytes(step, length);
        Arrays.fill(plain, 0, length / 2, (byte) step);
        PayloadCodec.Codec codec =
            PayloadCodec.Codec.values()[random.nextInt(PayloadCodec.Codec.values().length)];
        files.apply(Deltas.write("v/0", 1, step, offset, plain, codec));
        System.arraycopy(plain, 0, model, offset, length);
      } else {
        Delta.Kind zero = kind == 2 ? Delta.Kind.ZERO : Delta.Kind.TRIM;
        files.apply(Deltas.empty(zero, "v/0", step, offset, length));
        Arrays.fill(model, offset, offset + length, (byte) 0);
      }
      if (step % 50 == 0) {
        files.close();
        files = UnitFiles.open(medium, folder, SPEC);
      }
      assertThat(array(files.read(offset, length)))
          .as("seed %d, step %d", seed, step)
          .isEqualTo(Arrays.copyOfRange(model, offset, offset + length));
    }
    assertThat(array(files.read(0, BYTES))).as("seed %d", seed).isEqualTo(model);
    files.close();
  }

  @Test
  void trimAtTheEndTakesNoSpace() throws Exception {
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      files.apply(Deltas.write("v/0", 1, 1, BYTES - 4096, Deltas.bytes(1, 4096)));
      files.apply(Deltas.empty(Delta.Kind.TRIM, "v/0", 2, 4096, BYTES - 4096));
      assertThat(Files.size(UnitFiles.folder(folder, "v/0").resolve("data"))).isEqualTo(4096);
      files.apply(Deltas.empty(Delta.Kind.ZERO, "v/0", 3, 4096, BYTES - 4096));
      assertThat(Files.size(UnitFiles.folder(folder, "v/0").resolve("data"))).isEqualTo(4096);
    }
  }

  @Test
  void aCheckpointComesBackAsItWas() throws Exception {
    RequestMemory memory = new RequestMemory();
    memory.add("c-1/1", 5);
    memory.add("c-1/1", 9);
    memory.add("c-2/7", 1);
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      assertThat(files.checkpoint()).isNull();
      files.checkpoint(new UnitFiles.Checkpoint(77, 3, 12, 0x123456789abcdefL, memory.kept()));
    }
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      UnitFiles.Checkpoint back = Objects.requireNonNull(files.checkpoint());
      assertThat(back.deltaOffset()).isEqualTo(77);
      assertThat(back.epoch()).isEqualTo(3);
      assertThat(back.lastSequence()).isEqualTo(12);
      assertThat(back.chain()).isEqualTo(0x123456789abcdefL);
      RequestMemory again = RequestMemory.of(back.requests());
      assertThat(again.contains("c-1/1", 5)).isTrue();
      assertThat(again.contains("c-1/1", 6)).isFalse();
      assertThat(again.contains("c-2/7", 1)).isTrue();
    }
  }

  @Test
  void whatWasKeptOfAShadowComesBackAsItWasOrNotAtAll() throws Exception {
    RequestMemory requests = new RequestMemory();
    requests.add("c-1/1", 5);
    ShadowCopy.Kept kept =
        new ShadowCopy.Kept(
            3,
            12,
            new ShadowCopy.KeptFold(3, 14, 99, requests.kept(), 70),
            new long[] {5},
            14,
            List.of(8L, -9L));
    Path file = ShadowFile.path(UnitFiles.folder(folder, "v/0"));
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      assertThat(files.shadow()).isNull();
      files.keep(new ShadowFile.KeptShadow(kept, 77));
      ShadowFile.KeptShadow again = Objects.requireNonNull(files.shadow());
      assertThat(again.streamOffset()).isEqualTo(77);
      assertThat(again.kept()).usingRecursiveComparison().isEqualTo(kept);
      byte[] good = Files.readAllBytes(file);
      for (int at = 0; at < good.length; at++) {
        byte[] bad = good.clone();
        bad[at] ^= 4;
        Files.write(file, bad);
        assertThatThrownBy(files::shadow).as("byte %d", at).isInstanceOf(MediumException.class);
      }
    }
    assertThat(UnitFiles.shadows(folder)).containsExactly("v/0");
    UnitFiles.remove(medium, folder, "v/0");
    assertThat(UnitFiles.folder(folder, "v/0")).doesNotExist();
  }

  @Test
  void zerosOfAnotherHolderReplaceWhatIsThereButForWhatIsKept() throws Exception {
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      byte[] model = Deltas.bytes(1, 4 * 4096);
      files.apply(Deltas.write("v/0", 1, 1, 0, model));
      BitSet keep = new BitSet();
      keep.set(2);
      files.fillZeros(0, 64 * 4096, keep);
      Arrays.fill(model, 0, 2 * 4096, (byte) 0);
      Arrays.fill(model, 3 * 4096, 4 * 4096, (byte) 0);
      assertThat(array(files.read(0, 4 * 4096))).isEqualTo(model);
      assertThat(PayloadCodec.isZeros(files.read(4 * 4096, 60 * 4096))).isTrue();
      assertThat(Files.size(UnitFiles.folder(folder, "v/0").resolve("data")))
          .as("zeros behind the end take no space")
          .isLessThanOrEqualTo(4 * 4096);
    }
  }

  @Test
  void aDamagedCheckpointIsNoCheckpoint() throws Exception {
    Path file = UnitFiles.folder(folder, "v/0").resolve("checkpoint");
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      files.checkpoint(new UnitFiles.Checkpoint(77, 3, 12, 1, List.of()));
      byte[] good = Files.readAllBytes(file);
      for (int at = 0; at < good.length; at++) {
        byte[] bad = good.clone();
        bad[at] ^= 4;
        Files.write(file, bad);
        assertThatThrownBy(files::checkpoint).as("byte %d", at).isInstanceOf(MediumException.class);
      }
      Files.write(file, Arrays.copyOf(good, 6));
      assertThatThrownBy(files::checkpoint).isInstanceOf(MediumException.class);
    }
  }

  @Test
  void theBytesAreOnTheMediumBeforeTheCheckpointSaysSo() throws Exception {
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      files.checkpoint(new UnitFiles.Checkpoint(1, 1, 1, 1, List.of()));
      files.apply(Deltas.write("v/0", 1, 2, 0, Deltas.bytes(1, 4096)));
      medium.failSyncs("data");
      assertThatThrownBy(() -> files.checkpoint(new UnitFiles.Checkpoint(2, 1, 2, 1, List.of())))
          .isInstanceOf(MediumException.class);
      assertThat(Objects.requireNonNull(files.checkpoint()).deltaOffset()).isEqualTo(1);
    }
  }

  @Test
  void whatIsNotWhatItsChecksumSaysIsNotApplied() throws Exception {
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      Delta good = Deltas.write("v/0", 1, 1, 0, Deltas.bytes(1, 4096));
      Delta bad =
          new Delta(
              good.unit(),
              1,
              1,
              good.kind(),
              0,
              good.length(),
              good.codec(),
              good.payload(),
              good.encodedCrc(),
              good.plainCrc() + 1,
              "n-1",
              "c-1/1",
              1,
              0,
              0);
      assertThatThrownBy(() -> files.apply(bad))
          .isInstanceOf(MediumException.class)
          .hasMessageContaining("delta 1 of epoch 1 of unit v/0");
    }
  }

  @Test
  void aChangedByteIsFoundByWhoReadsItAndByTheDigestOfWhatWasWritten() throws Exception {
    long seed = 11;
    Random random = new Random(seed);
    Path data = UnitFiles.folder(folder, "v/0").resolve("data");
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      files.apply(Deltas.write("v/0", 1, 1, 8192, Deltas.bytes(1, 65536)));
      files.apply(Deltas.empty(Delta.Kind.ZERO, "v/0", 2, 16384, 4096));
      UnitFiles.Digests good = files.digests(0, BYTES);
      assertThat(good.is()).isEqualTo(good.was());
      for (int i = 0; i < 50; i++) {
        int at = 8192 + random.nextInt(65536);
        byte[] bytes = Files.readAllBytes(data);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(data, bytes);
        assertThatThrownBy(() -> files.read(8192, 65536))
            .as("seed %d, byte %d", seed, at)
            .isInstanceOfSatisfying(
                UnitFiles.DamagedException.class,
                e -> assertThat(e.offset()).isEqualTo(at / 4096 * 4096L));
        assertThat(files.read(0, 8192).remaining()).as("other blocks are sound").isEqualTo(8192);
        UnitFiles.Digests bad = files.digests(8192, 65536);
        assertThat(bad.is()).isNotEqualTo(bad.was());
        assertThat(bad.was()).isEqualTo(files.digests(8192, 65536).was());
        files.fill(at / 4096 * 4096L, ByteBuffer.wrap(original(at / 4096 * 4096)), new BitSet());
        assertThat(files.digests(0, BYTES).is()).isEqualTo(good.is());
      }
    }
  }

  private static byte[] original(int offset) {
    byte[] all = new byte[BYTES];
    System.arraycopy(Deltas.bytes(1, 65536), 0, all, 8192, 65536);
    Arrays.fill(all, 16384, 16384 + 4096, (byte) 0);
    return Arrays.copyOfRange(all, offset, offset + 4096);
  }

  @Test
  void digestsAreThoseOfTheBytesHoweverTheyCameThere() throws Exception {
    UnitSpec other = new UnitSpec("v/1", "v", "p1", BYTES, 4096);
    try (UnitFiles one = UnitFiles.open(medium, folder, SPEC);
        UnitFiles two = UnitFiles.open(medium, folder, other)) {
      assertThat(one.digests(0, BYTES).is()).isEqualTo(two.digests(0, BYTES).was());
      one.apply(Deltas.write("v/0", 1, 1, 0, Deltas.bytes(3, 40960)));
      one.apply(Deltas.empty(Delta.Kind.TRIM, "v/0", 2, 36864, BYTES - 36864));
      BitSet keep = new BitSet();
      keep.set(2, 4);
      keep.set(6);
      two.apply(
          Deltas.write("v/1", 1, 1, 8192, Arrays.copyOfRange(Deltas.bytes(3, 40960), 8192, 16384)));
      two.apply(
          Deltas.write(
              "v/1", 1, 2, 24576, Arrays.copyOfRange(Deltas.bytes(3, 40960), 24576, 28672)));
      byte[] from = Arrays.copyOf(Deltas.bytes(3, 40960), 36864);
      Arrays.fill(from, 8192, 16384, (byte) 9);
      Arrays.fill(from, 24576, 28672, (byte) 9);
      two.fill(0, ByteBuffer.wrap(from), keep);
      for (int at = 0; at < BYTES; at += 65536) {
        assertThat(two.digests(at, 65536).is()).isEqualTo(one.digests(at, 65536).is());
        assertThat(two.digests(at, 65536).was()).isEqualTo(one.digests(at, 65536).was());
      }
    }
  }

  @Test
  void aCopyFromBeforeThereWereSumsGetsThem() throws Exception {
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      files.apply(Deltas.write("v/0", 1, 1, 4096, Deltas.bytes(1, 65536)));
    }
    Files.delete(UnitFiles.folder(folder, "v/0").resolve("sums"));
    try (UnitFiles files = UnitFiles.open(medium, folder, SPEC)) {
      assertThat(array(files.read(4096, 65536))).isEqualTo(Deltas.bytes(1, 65536));
      assertThat(files.digests(0, BYTES).is()).isEqualTo(files.digests(0, BYTES).was());
    }
  }
}
