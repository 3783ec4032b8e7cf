package io.forestall.bench.failover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a trial leaves behind that was killed by SIGKILL: none of its hooks ran, and its broker,
 * nodes and Flink cluster go on. Each of them, its network and its disk carry the number of the
 * trial's process, so that the next trial finds them, ends them and says so. Linux only.
 */
final class Leftovers {

  private static final Path PROCESSES = Path.of("/proc");
  private static final String OPTION = "forestall.trial";
  private static final String DISK = "forestall-trial-";
  private static final Pattern MARK = Pattern.compile(Pattern.quote(OPTION) + "=(\\d+)");
  private static final Pattern MOUNT = Pattern.compile(Pattern.quote(DISK) + "(\\d+) (\\S+) .*");
  private static final Pattern NETWORK = Pattern.compile(Namespace.PREFIX + "(\\d+)");

  private Leftovers() {}

  /** Option of each process that a trial starts, {@code key=value}. */
  static String mark() {
    return OPTION + "=" + ProcessHandle.current().pid();
  }

  /** Device of each disk that a trial mounts. */
  static String disk() {
    return DISK + ProcessHandle.current().pid();
  }

  /** Ends what trials have left behind that are no more, and says so. */
  static void end() throws IOException, InterruptedException {
    if (!Files.isDirectory(PROCESSES)) {
      return;
    }
    List<String> ended = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROCESSES, "[0-9]*")) {
      for (Path each : all) {
        Optional<ProcessHandle> process =
            ProcessHandle.of(Long.parseLong(each.getFileName().toString()));
        if (process.isPresent() && isOrphan(MARK.matcher(words(each)))) {
          process.get().destroyForcibly();
          ended.add("process " + process.get().pid());
        }
      }
    }
    for (String each : mounts()) {
      Matcher mount = MOUNT.matcher(each);
      if (mount.matches() && !lives(mount.group(1))) {
        SmallDisk.unmount(Path.of(mount.group(2)));
        ended.add("disk " + mount.group(2));
      }
    }
    for (String each : Namespace.names()) {
      Matcher network = NETWORK.matcher(each);
      if (network.matches() && !lives(network.group(1))) {
        new Namespace(Long.parseLong(network.group(1))).close();
        ended.add("network " + each);
      }
    }
    if (!ended.isEmpty()) {
      Field.say("a trial that was killed had left behind, ended now: %s", ended);
    }
  }

  private static boolean isOrphan(Matcher mark) {
    return mark.find() && !lives(mark.group(1));
  }

  private static boolean lives(String pid) {
    return ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false);
  }

  private static List<String> mounts() throws IOException {
    return Files.readAllLines(PROCESSES.resolve("mounts"), StandardCharsets.UTF_8);
  }

  /** The command line of a process; empty when it is gone or another user's. */
  private static String words(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
