package io.forestall.nodes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.nodes.nbd.DeviceException;
import io.forestall.nodes.nbd.NbdServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VolumeClientTest {
  private static final int SEGMENT = 3 << 20;
  private static final int BYTES = 2 * SEGMENT + (1 << 20);

  private final TestingPool pool = new TestingPool("v-1", BYTES, SEGMENT);
  private final TestingReports reports = new TestingReports();
  private final List<AutoCloseable> open = new ArrayList<>();
  private VolumeClient client = client(settings(Compression.LZ4));

  private static final class TestingReports implements ClientReports {
    final BlockingQueue<Subject> unreachable = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> pauses = new LinkedBlockingQueue<>();
    final BlockingQueue<List<LatencyBook.Page>> pages = new LinkedBlockingQueue<>();

    @Override
    public void unreachable(Subject node, String why) {
      unreachable.add(node);
    }

    @Override
    public void paused(String volume, long pauseMillis) {
      pauses.add(pauseMillis);
    }

    @Override
    public void latencies(List<LatencyBook.Page> told) {
      pages.add(told);
    }
  }

  private static ClientSettings settings(Compression codec) {
    return new ClientSettings("c-1", codec.name(), 2000, 2, 256, 400, 20, 400, codec, 50, 100);
  }

  private VolumeClient client(ClientSettings settings) {
    VolumeClient made = new VolumeClient(settings, reports);
    open.add(made);
    return made;
  }

  @BeforeEach
  void start() throws IOException {
    pool.node("n-1");
    pool.node("n-2");
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    pool.close();
  }

  private Volume volume() throws Exception {
    pool.introduce(client);
    return client.volume("v-1").get(20, TimeUnit.SECONDS);
  }

  private TestingPool.Node node(String id) {
    return java.util.Objects.requireNonNull(pool.nodes.get(id));
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  private static byte[] bytes(List<ByteBuffer> pieces) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuffer each : pieces) {
      byte[] piece = new byte[each.remaining()];
      each.duplicate().get(piece);
      all.writeBytes(piece);
    }
    return all.toByteArray();
  }

  @Test
  void aVolumeReadsAsItWasWrittenWhateverIsSplitAndCompressed() throws Exception {
    long seed = System.nanoTime();
    for (Compression codec : Compression.values()) {
      client = client(settings(codec));
      Volume volume = volume();
      assertThat(volume.bytes()).isEqualTo(BYTES);
      assertThat(volume.blockBytes()).isEqualTo(4096);
      Random random = new Random(seed);
      byte[] model = new byte[BYTES];
      get(volume.zero(0, BYTES));
      for (int round = 0; round < 60; round++) {
        int blocks = 1 + random.nextInt(random.nextInt(10) == 0 ? 1000 : 40);
        int from = 4096 * random.nextInt(BYTES / 4096 - blocks);
        int length = 4096 * blocks;
        switch (random.nextInt(5)) {
          case 0 -> {
            get(random.nextBoolean() ? volume.zero(from, length) : volume.trim(from, length));
            Arrays.fill(model, from, from + length, (byte) 0);
          }
          case 1, 2 -> {
            byte[] data = new byte[length];
            if (random.nextBoolean()) {
              random.nextBytes(data);
            } else {
              Arrays.fill(data, (byte) random.nextInt());
            }
            get(volume.write(from, data));
            System.arraycopy(data, 0, model, from, length);
          }
          default ->
              assertThat(
                      Arrays.equals(
                          bytes(get(volume.read(from, length))),
                          Arrays.copyOfRange(model, from, from + length)))
                  .as("seed %d round %d", seed, round)
                  .isTrue();
        }
      }
      assertThat(bytes(get(volume.read(0, BYTES)))).as("seed %d", seed).isEqualTo(model);
    }
  }

  @Test
  void zerosAreSentWithoutTheirBytes() throws Exception {
    Volume volume = volume();
    byte[] ones = new byte[8192];
    Arrays.fill(ones, (byte) 1);
    get(volume.write(0, ones));
    assertThat(Objects.requireNonNull(pool.lastWrite).kind()).isEqualTo(NodeRequest.Kind.WRITE);
    get(volume.write(4096, new byte[4096]));

    NodeRequest sent = Objects.requireNonNull(pool.lastWrite);
    assertThat(sent.kind()).isEqualTo(NodeRequest.Kind.ZERO);
    assertThat(sent.length()).isEqualTo(4096);
    assertThat(sent.payload()).isEmpty();
    Arrays.fill(ones, 4096, 8192, (byte) 0);
    assertThat(bytes(get(volume.read(0, 8192)))).isEqualTo(ones);
  }

  @Test
  void requestsOutsideTheVolumeOrItsBlocksFailAtOnce() throws Exception {
    Volume volume = volume();
    for (long[] wrong :
        new long[][] {{-4096, 4096}, {0, 512}, {512, 4096}, {BYTES, 4096}, {0, 0}, {0, -4096}}) {
      assertThatThrownBy(() -> get(volume.read(wrong[0], (int) wrong[1])))
          .hasCauseInstanceOf(DeviceException.class)
          .hasMessageContaining("no row of blocks");
    }
    assertThat(client.open()).isZero();
  }

  @Test
  void aDeadOwnerCostsAPauseAndNoErrorAndNothingIsDoneTwice() throws Exception {
    Volume volume = volume();
    get(volume.write(0, new byte[4096]));
    TestingPool.Node owner = node("n-1");
    owner.manner = TestingPool.Manner.DIES_BEFORE_ANSWERING;
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      byte[] block = new byte[4096];
      Arrays.fill(block, (byte) i);
      writes.add(volume.write(4096L * i, block));
    }
    // The witness speaks before anybody took over.
    assertThat(reports.unreachable.poll(20, TimeUnit.SECONDS)).isEqualTo(Subject.node("n-1"));
    assertThat(client.open()).isEqualTo(100);
    assertThatThrownBy(() -> writes.get(99).get(150, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    pool.tell(client, pool.takeOver("n-2"));
    for (CompletableFuture<Void> each : writes) {
      get(each);
    }
    for (int i = 0; i < 100; i++) {
      byte[] expected = new byte[4096];
      Arrays.fill(expected, (byte) i);
      assertThat(bytes(get(volume.read(4096L * i, 4096)))).isEqualTo(expected);
    }
    assertThat(pool.executedWrites).isEqualTo(101);
    assertThat(reports.pauses.poll(20, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(100);
    assertThat(reports.unreachable).isEmpty();
  }

  @Test
  void aStoppedOwnerIsCalledUnreachableAndItsRequestsGoToTheNextOne() throws Exception {
    Volume volume = volume();
    get(volume.write(0, new byte[4096]));
    TestingPool.Node owner = node("n-1");
    owner.manner = TestingPool.Manner.STOPPED;
    CompletableFuture<Void> write = volume.write(4096, new byte[4096]);
    assertThat(reports.unreachable.poll(20, TimeUnit.SECONDS)).isEqualTo(Subject.node("n-1"));
    assertThat(write).isNotDone();
    pool.tell(client, pool.takeOver("n-2"));
    get(write);
    assertThat(bytes(get(volume.read(0, 4096)))).hasSize(4096);
  }

  @Test
  void aFormerOwnerRedirectsAndBusyOnesAreAskedAgain() throws Exception {
    Volume volume = volume();
    var untold = pool.takeOver("n-2");
    assertThat(untold.steps()).hasSize(3);
    node("n-2").manner = TestingPool.Manner.BUSY;
    CompletableFuture<Void> write = volume.write(0, new byte[4096]);
    assertThatThrownBy(() -> write.get(200, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    node("n-2").manner = TestingPool.Manner.GOOD;
    get(write);
    assertThat(java.util.Objects.requireNonNull(client.owner("v-1/0")).owner())
        .isEqualTo(Subject.node("n-2"));
  }

  @Test
  void aFlushAsksTheOwnersThatAnsweredEarlyAndNobodyElse() throws Exception {
    Volume volume = volume();
    get(volume.write(0, new byte[8192]));
    get(volume.flush());
    assertThat(pool.flushed).as("what is done is in the log").isEmpty();
    node("n-1").manner = TestingPool.Manner.ACCEPTS;
    get(volume.write(0, new byte[4096]));
    get(volume.write(4096, new byte[4096]));
    NodeRequest last = java.util.Objects.requireNonNull(pool.lastWrite);
    get(volume.flush());
    assertThat(pool.flushed)
        .singleElement()
        .satisfies(
            flush -> {
              assertThat(flush.unit()).isEqualTo("v-1/0");
              assertThat(flush.offset()).as("the last write").isEqualTo(last.request());
            });
    get(volume.flush());
    assertThat(pool.flushed).as("it is known to be there").hasSize(1);
  }

  @Test
  void aFlushFailsOnceWhenWhatWasAnsweredIsLost() throws Exception {
    Volume volume = volume();
    node("n-1").manner = TestingPool.Manner.ACCEPTS;
    get(volume.write(0, new byte[4096]));
    node("n-1").manner = TestingPool.Manner.LOSES;
    assertThatThrownBy(() -> get(volume.flush()))
        .hasCauseInstanceOf(DeviceException.class)
        .hasMessageContaining("asked");
    get(volume.flush());
    assertThat(pool.flushed).hasSize(1);
  }

  @Test
  void moreThanMayBeOpenWaitsItsTurn() throws Exception {
    Volume volume = volume();
    node("n-1").manner = TestingPool.Manner.BUSY;
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    byte[] noise = new byte[1 << 20];
    new Random(1).nextBytes(noise);
    for (int i = 0; i < 50; i++) {
      writes.add(volume.write((long) (i % 6) << 20, noise.clone()));
    }
    assertThat(client.open()).isEqualTo(50);
    node("n-1").manner = TestingPool.Manner.GOOD;
    for (CompletableFuture<Void> each : writes) {
      get(each);
    }
    assertThat(client.open()).isZero();
  }

  @Test
  void latenciesAreToldAndAClosedClientFailsWhatIsOpen() throws Exception {
    Volume volume = volume();
    get(volume.write(0, new byte[8192]));
    get(volume.read(0, 4096));
    List<LatencyBook.Page> pages = new ArrayList<>();
    while (pages.stream().mapToLong(LatencyBook.Page::recent).sum() < 2) {
      List<LatencyBook.Page> next = reports.pages.poll(20, TimeUnit.SECONDS);
      assertThat(next).isNotNull();
      pages.addAll(next);
    }
    LatencyBook.Page last = pages.get(pages.size() - 1);
    assertThat(last.volume()).isEqualTo("v-1");
    assertThat(last.operations()).isEqualTo(2);
    assertThat(last.bytes()).isEqualTo(12288);
    assertThat(last.errors()).isZero();
    node("n-1").manner = TestingPool.Manner.BUSY;
    CompletableFuture<Void> write = volume.write(0, new byte[4096]);
    client.close();
    assertThatThrownBy(() -> get(write)).hasMessageContaining("closed");
    assertThatThrownBy(() -> get(volume.write(0, new byte[4096]))).hasMessageContaining("closed");
  }

  @Test
  void aVolumeOfSeveralSlicesIsThereOnceAllOfThemAre() throws Exception {
    pool.tell(client, pool.own("n-1"));
    var whole = pool.map();
    CompletableFuture<Volume> wanted = client.volume("v-1");
    for (int slice = 0; slice < 3; slice++) {
      assertThat(wanted).isNotDone();
      client.mapRead(
          new io.forestall.decisions.failover.SagaInput.MapSlice(
              "v-1",
              "p-1",
              slice,
              3,
              1,
              0,
              whole.volumeBytes(),
              whole.segmentBytes(),
              4096,
              2,
              whole.segments().subList(slice, slice + 1),
              0));
      if (slice == 1) {
        client.caughtUp();
      }
    }
    assertThat(get(wanted).bytes()).isEqualTo(BYTES);
  }

  @Test
  void theLatencyOfASlotIsNeverTooSmallAndAtMostAnEighthTooLarge() {
    Random random = new Random(3);
    for (int i = 0; i < 10_000; i++) {
      long nanos = 8 + (random.nextLong() >>> (8 + random.nextInt(50)));
      double upper = LatencyBook.upperNanos(LatencyBook.slot(nanos));
      assertThat(upper)
          .isGreaterThanOrEqualTo((double) nanos)
          .isLessThanOrEqualTo(nanos * 1.125 + 1);
    }
  }

  @Test
  void aDiskOverTheNetworkSurvivesAChangeOfOwner() throws Exception {
    Volume volume = volume();
    try (NbdServer nbd =
        NbdServer.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), volume)) {
      assertThat(nbd.uri()).startsWith("nbd://127.0.0.1:");
      for (int round = 0; round < 6; round++) {
        byte[] data = new byte[64 * 1024];
        Arrays.fill(data, (byte) (round + 1));
        get(volume.write(round * 65536L, data));
        // Told by the former owner alone.
        var unused = pool.takeOver(round % 2 == 0 ? "n-2" : "n-1");
      }
      for (int round = 0; round < 6; round++) {
        assertThat(bytes(get(volume.read(round * 65536L, 4096)))[7]).isEqualTo((byte) (round + 1));
      }
    }
  }

  @Test
  void fioVerifiesWhileTheOwnerChangesDiesAndIsCutOff() throws Exception {
    boolean there = false;
    for (String each : String.valueOf(System.getenv("PATH")).split(":", -1)) {
      there |= Files.isExecutable(Path.of(each, "fio"));
    }
    assumeTrue(there, "skipped: fio is not installed");
    Volume volume = volume();
    try (NbdServer nbd =
        NbdServer.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), volume)) {
      Path said = Files.createTempFile("fio", "");
      Process fio =
          new ProcessBuilder(
                  "fio",
                  "--name=verify",
                  "--ioengine=nbd",
                  "--uri=" + nbd.uri(),
                  "--rw=randwrite",
                  "--bsrange=4k-128k",
                  "--size=6m",
                  "--loops=8",
                  "--iodepth=32",
                  "--verify=crc32c",
                  "--verify_fatal=1",
                  "--verify_state_save=0",
                  "--verify_backlog=64")
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      try {
        int changes = 0;
        String owner = "n-1";
        while (!fio.waitFor(100, TimeUnit.MILLISECONDS) && changes < 300) {
          changes++;
          String next = owner.equals("n-1") ? "n-2" : "n-1";
          if (changes % 4 == 0) {
            // What is open there is done or not, and never answered.
            node(owner).manner = TestingPool.Manner.DIES_BEFORE_ANSWERING;
            pool.tell(client, pool.takeOver(next));
            node(owner).die();
            TestingPool.Node again = pool.node(owner);
            client.addressRead(again.subject, again.server.address());
          } else {
            pool.tell(client, pool.takeOver(next));
          }
          owner = next;
        }
        assertThat(fio.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String words = Files.readString(said);
        assertThat(fio.exitValue()).as(words).isZero();
        assertThat(words).contains("err= 0");
        assertThat(changes).isPositive();
      } finally {
        fio.destroyForcibly();
        Files.deleteIfExists(said);
      }
    }
  }
}
