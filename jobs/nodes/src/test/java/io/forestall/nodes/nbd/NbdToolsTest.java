package io.forestall.nodes.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server with tools that nobody here wrote. Each test is skipped with a word where its tool is
 * not installed.
 */
class NbdToolsTest {
  private static final int SIZE = 48 << 20;

  @TempDir private Path directory = Path.of("");
  private final TestingMemoryDevice device = new TestingMemoryDevice(SIZE, 4096);
  private NbdServer server;

  @BeforeEach
  void start() throws IOException {
    server = NbdServer.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), device);
  }

  @AfterEach
  void stop() {
    server.close();
    device.close();
  }

  @Test
  void nbdinfoReadsTheSizesAndWhatIsOffered() throws Exception {
    needs("nbdinfo");
    String said = run("nbdinfo", server.uri() + "/v-1");
    assertThat(said)
        .contains("newstyle-fixed")
        .contains("export-size: " + SIZE)
        .contains("is_read_only: false")
        .contains("can_multi_conn: true")
        .contains("can_flush: true")
        .contains("can_fua: true")
        .contains("can_trim: true")
        .contains("can_zero: true")
        .contains("block_size_minimum: 4096")
        .contains("block_size_maximum: 33554432");
    assertThat(run("nbdinfo", "--list", server.uri())).contains("export=\"v-1\"");
  }

  @Test
  void nbdcopyBringsAnImageInAndOutUnchanged() throws Exception {
    needs("nbdcopy");
    Path image = image();
    Path back = directory.resolve("back");
    run("nbdcopy", "--flush", image.toString(), server.uri());
    run("nbdcopy", "--connections=4", "--requests=64", server.uri(), back.toString());
    assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    assertThat(device.flushes.get()).isPositive();
    // Again, with destroyed zeros and by a socket file.
    try (NbdServer unix =
        NbdServer.open(UnixDomainSocketAddress.of(directory.resolve("s")), device)) {
      Files.delete(back);
      run("nbdcopy", "--allocated", image.toString(), unix.uri());
      run("nbdcopy", unix.uri(), back.toString());
    }
    assertThat(Files.mismatch(image, back)).isEqualTo(-1);
  }

  @Test
  void fioWritesAndVerifiesWithThirtyTwoRequestsInFlight() throws Exception {
    needs("fio");
    assumeTrue(run("fio", "--enghelp").contains("nbd"), "skipped: this fio has no engine for NBD");
    // Trims and writes of one place are in flight at once when there is more than one: no order.
    for (String workload : List.of("randwrite --iodepth=32", "randtrimwrite --iodepth=1")) {
      String[] words = workload.split(" ", -1);
      String said =
          run(
              "fio",
              "--name=verify",
              "--ioengine=nbd",
              "--uri=" + server.uri(),
              "--rw=" + words[0],
              "--bsrange=4k-128k",
              "--bs_unaligned=0",
              "--size=32m",
              words[1],
              "--verify=crc32c",
              "--verify_fatal=1",
              "--verify_state_save=0",
              "--verify_backlog=256",
              "--randseed=7");
      assertThat(said).contains("err= 0");
    }
    assertThat(device.mostOpen.get()).isGreaterThan(8);
  }

  @Test
  void qemuIoWritesPatternsZerosAndHolesAndReadsThem() throws Exception {
    needs("qemu-io");
    String said =
        run(
            "qemu-io",
            "-f",
            "raw",
            "-c",
            "write -P 0x5a 0 1M",
            "-c",
            "write -f -P 0xa5 1M 5M",
            "-c",
            "write -z 64k 64k",
            "-c",
            "write -z -u 256k 128k",
            "-c",
            "discard 512k 64k",
            "-c",
            "aio_write -P 0x11 8M 2M",
            "-c",
            "aio_write -P 0x22 12M 2M",
            "-c",
            "aio_flush",
            "-c",
            "read -P 0x5a 0 64k",
            "-c",
            "read -P 0 64k 64k",
            "-c",
            "read -P 0x5a 128k 128k",
            "-c",
            "read -P 0 256k 128k",
            "-c",
            "read -P 0 512k 64k",
            "-c",
            "read -P 0x5a 576k 448k",
            "-c",
            "read -P 0xa5 1M 5M",
            "-c",
            "read -P 0x11 8M 2M",
            "-c",
            "read -P 0x22 12M 2M",
            // Less than a block: qemu reads, changes and writes the block itself.
            "-c",
            "write -P 0x33 512 512",
            "-c",
            "read -P 0x33 512 512",
            "-c",
            "read -P 0x5a 0 512",
            "-c",
            "flush",
            server.uri());
    assertThat(said).doesNotContain("failed").doesNotContain("error");
    assertThat(device.trimmed.get()).isPositive();
  }

  @Test
  void qemuImgConvertsAnImageInAndComparesIt() throws Exception {
    needs("qemu-img");
    Path image = image();
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), server.uri());
    assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image.toString(), server.uri()))
        .contains("identical");
    Path other = directory.resolve("other.qcow2");
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", server.uri(), other.toString());
    assertThat(
            run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", other.toString(), server.uri()))
        .contains("identical");
  }

  @Test
  void qemuNbdServesADiskImageThatIsLaidOverIt() throws Exception {
    needs("qemu-img", "qemu-io", "qemu-nbd", "nbdcopy");
    Path image = image();
    byte[] changed = Files.readAllBytes(image);
    Arrays.fill(changed, 1 << 20, 4 << 20, (byte) 0x77);
    Arrays.fill(changed, 8 << 20, 9 << 20, (byte) 0);
    Path over = directory.resolve("over.qcow2");
    Path back = directory.resolve("back");
    run("nbdcopy", image.toString(), server.uri());
    run("qemu-img", "create", "-f", "qcow2", "-b", server.uri(), "-F", "raw", over.toString());
    run(
        "qemu-io",
        "-f",
        "qcow2",
        "-c",
        "write -P 0x77 1M 3M",
        "-c",
        "write -z 8M 1M",
        over.toString());
    run("nbdcopy", "--", "[", "qemu-nbd", "-f", "qcow2", over.toString(), "]", back.toString());
    assertThat(Arrays.mismatch(Files.readAllBytes(back), changed)).isEqualTo(-1);
    run("nbdcopy", server.uri(), back.toString());
    assertThat(Files.mismatch(image, back)).as("what lies beneath is as it was").isEqualTo(-1);
    run("qemu-img", "commit", "-f", "qcow2", over.toString());
    run("nbdcopy", server.uri(), back.toString());
    assertThat(Arrays.mismatch(Files.readAllBytes(back), changed)).isEqualTo(-1);
  }

  @Test
  void aFileSystemOnItIsCleanAndHoldsItsFiles() throws Exception {
    needs("nbdcopy", "mke2fs", "e2fsck", "debugfs");
    Path back = directory.resolve("back");
    run("nbdcopy", fileSystem(SIZE).toString(), server.uri());
    run("nbdcopy", server.uri(), back.toString());
    assertThatItHoldsItsFiles(back);
  }

  /** A machine's disk as qemu keeps it: its own tables are read, changed and flushed in between. */
  @Test
  void aFileSystemInADiskImageOnItIsCleanAndHoldsItsFiles() throws Exception {
    needs("qemu-img", "qemu-nbd", "nbdcopy", "mke2fs", "e2fsck", "debugfs");
    int size = SIZE - (8 << 20);
    Path back = directory.resolve("back");
    run("qemu-img", "create", "-f", "qcow2", server.uri(), Integer.toString(size));
    List<String> disk = List.of("[", "qemu-nbd", "-f", "qcow2", server.uri(), "]");
    String tree = fileSystem(size).toString();
    run(words(List.of("nbdcopy", "--flush", "--", tree), disk));
    assertThat(run("qemu-img", "check", "-f", "qcow2", server.uri())).contains("No errors");
    run(words(List.of("nbdcopy", "--"), disk, List.of(back.toString())));
    assertThatItHoldsItsFiles(back);
  }

  /** An image of a file system with twenty files. */
  private Path fileSystem(int bytes) throws Exception {
    Path image = directory.resolve("ext4");
    Path tree = Files.createDirectory(directory.resolve("tree"));
    Random random = new Random(5);
    for (int i = 0; i < 20; i++) {
      byte[] content = new byte[300_000];
      random.nextBytes(content);
      Files.write(tree.resolve("file-" + i), content);
    }
    run("mke2fs", "-q", "-t", "ext4", "-d", tree.toString(), image.toString(), bytes / 1024 + "k");
    return image;
  }

  private void assertThatItHoldsItsFiles(Path image) throws Exception {
    assertThat(run("e2fsck", "-fn", image.toString())).contains("31/").doesNotContain("WARNING");
    Path files = Files.createDirectory(directory.resolve("files"));
    run("debugfs", "-R", "rdump / " + files, image.toString());
    for (int i = 0; i < 20; i++) {
      String name = "file-" + i;
      assertThat(Files.mismatch(directory.resolve("tree").resolve(name), files.resolve(name)))
          .as(name)
          .isEqualTo(-1);
    }
  }

  /** An image with data, zeros and holes. */
  private Path image() throws IOException {
    byte[] bytes = new byte[SIZE];
    byte[] noise = new byte[1 << 20];
    Random random = new Random(11);
    for (int at = 0; at < SIZE; at += noise.length) {
      if (random.nextInt(3) > 0) {
        random.nextBytes(noise);
        System.arraycopy(noise, 0, bytes, at, noise.length - 4096 * random.nextInt(3));
      }
    }
    return Files.write(directory.resolve("image"), bytes);
  }

  private static void needs(String... tools) {
    for (String tool : tools) {
      boolean there = false;
      for (String each : (System.getenv("PATH") + ":/usr/sbin:/sbin").split(":", -1)) {
        there |= Files.isExecutable(Path.of(each, tool));
      }
      assumeTrue(there, "skipped: " + tool + " is not installed");
    }
  }

  @SafeVarargs
  private static String[] words(List<String>... parts) {
    return Stream.of(parts).flatMap(List::stream).toArray(String[]::new);
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "output", "");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().merge("PATH", "/usr/sbin:/sbin", (a, b) -> a + ":" + b);
    Process process =
        builder
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    String said = Files.readString(output);
    assertThat(ended).as("%s ended in a minute: %s", command[0], said).isTrue();
    assertThat(process.exitValue()).as("%s said: %s", List.of(command), said).isZero();
    return said;
  }
}
