package io.forestall.app.ingest;

import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The faults planted in a running demo, in a small text file that survives a restart: one line a
 * fault, fields between tabs. Commands write it, the feed reads it and answers with a copy of what
 * it has taken. Written whole and moved into place; two commands at a time wait for each other.
 */
public final class FaultFile {

  private static final String HEAD = "forestall-faults-1";
  private static final int FIELDS = 6;

  private final Path file;
  private final Path taken;
  private final Path targets;

  /** The files of the demo whose feed keeps its position in this folder. */
  public FaultFile(Path feedFolder) {
    this.file = feedFolder.resolve("faults");
    this.taken = feedFolder.resolve("faults.taken");
    this.targets = feedFolder.resolve("faults.targets");
  }

  /**
   * The faults.
   *
   * @return none when there is no file
   * @throws IOException when the file is there and is not one of faults, with the line
   */
  public List<Fault> read() throws IOException {
    return parse(text());
  }

  /** The text of the file, the header alone when there is none. */
  String text() throws IOException {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return HEAD + "\n";
    }
  }

  List<Fault> parse(String text) throws IOException {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.get(0).equals(HEAD)) {
      throw new IOException(file + " is no file of faults: remove it to begin anew");
    }
    List<Fault> faults = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      try {
        faults.add(fault(line));
      } catch (IllegalArgumentException | DateTimeParseException e) {
        throw new IOException(
            file + " line " + (i + 1) + ": " + e.getMessage() + "; correct or remove the line", e);
      }
    }
    return faults;
  }

  private static Fault fault(String line) {
    String[] parts = line.split("\t", -1);
    if (parts.length != FIELDS) {
      throw new IllegalArgumentException("a fault has " + FIELDS + " fields between tabs");
    }
    FaultKind kind = FaultKind.of(parts[1]);
    if (kind == null) {
      throw new IllegalArgumentException("no kind of fault is called '" + parts[1] + "'");
    }
    return new Fault(
        parts[0],
        kind,
        parts[2],
        Instant.parse(parts[3]).toEpochMilli(),
        Instant.parse(parts[4]).toEpochMilli(),
        Double.parseDouble(parts[5]));
  }

  private static String line(Fault fault) {
    return String.format(
        Locale.ROOT,
        "%s\t%s\t%s\t%s\t%s\t%s%n",
        fault.id(),
        fault.kind().word(),
        fault.target(),
        Instant.ofEpochMilli(fault.startMillis()),
        Instant.ofEpochMilli(fault.endMillis()),
        fault.severity());
  }

  /**
   * Changes the faults.
   *
   * @param change makes the new list of the old one
   * @return the text that was written; {@link #isTaken} says when the feed has it
   */
  public String change(UnaryOperator<List<Fault>> change) throws IOException {
    Path lockFile = file.resolveSibling("faults.lock");
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      StringBuilder text = new StringBuilder(HEAD).append('\n');
      for (Fault fault : change.apply(read())) {
        text.append(line(fault));
      }
      write(file, text.toString());
      return lock.isValid() ? text.toString() : "";
    }
  }

  /** Says, from the feed, that it has taken a text; or what is wrong with it. */
  void take(String text, @Nullable String problem) throws IOException {
    write(taken, problem == null ? text : text + "# refused: " + problem + "\n");
  }

  /**
   * Whether the feed has taken a text.
   *
   * @throws IOException with the feed's words when it has refused it
   */
  public boolean isTaken(String text) throws IOException {
    if (!Files.exists(taken)) {
      return false;
    }
    String found = Files.readString(taken, StandardCharsets.UTF_8);
    int refused = found.indexOf("# refused: ");
    if (refused >= 0 && found.startsWith(text)) {
      throw new IOException(
          "the demo refused it: " + found.substring(refused + "# refused: ".length()).strip());
    }
    return found.equals(text);
  }

  /** Says, from the feed, what can be named as a target. */
  void publishTargets(List<String> all) throws IOException {
    write(targets, String.join("\n", all) + "\n");
  }

  /** What can be named as a target, empty until the feed has said so. */
  public List<String> targets() throws IOException {
    return Files.exists(targets) ? Files.readAllLines(targets, StandardCharsets.UTF_8) : List.of();
  }

  private static void write(Path target, String text) throws IOException {
    Path temporary = target.resolveSibling(target.getFileName() + ".new");
    Files.writeString(temporary, text, StandardCharsets.UTF_8);
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
