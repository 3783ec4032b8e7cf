package io.forestall.sim.protocol;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Histories as text, one operation a line, so that any program can write one and a person can read
 * it:
 *
 * <pre>
 * # client block kind value invoked-nanos completed-nanos
 * c-1 v-1/0:8192 write 17 1000 2500
 * c-2 v-1/0:8192 read 17 2000 2600
 * c-1 v-1/0:8192 write 18 3000 ?
 * </pre>
 *
 * {@code ?} is an end that nobody saw. A recorder that can be killed writes a write down with
 * {@code ?} before it asks, and the same line again with the end once it has the answer: of lines
 * that differ only in their end the one that ends first is taken. All times are by one clock:
 * {@code System.nanoTime()} of processes on one host is. Stateless; for any thread.
 */
public final class History {
  private static final String OPEN = "?";

  private History() {}

  /** One operation as its line, without the end of line. */
  public static String line(Operation operation) {
    return operation.client()
        + ' '
        + operation.block()
        + ' '
        + operation.kind().name().toLowerCase(Locale.ROOT)
        + ' '
        + operation.value()
        + ' '
        + operation.invokedNanos()
        + ' '
        + (operation.indeterminate() ? OPEN : Long.toString(operation.completedNanos()));
  }

  /** Writes a history with its head line. */
  public static void write(Collection<Operation> history, Writer out) throws IOException {
    BufferedWriter buffered = new BufferedWriter(out);
    buffered.write("# client block kind value invoked-nanos completed-nanos\n");
    for (Operation each : history) {
      buffered.write(line(each));
      buffered.write('\n');
    }
    buffered.flush();
  }

  /** Writes a history into a file, replacing what stood there. */
  public static void write(Collection<Operation> history, Path file) throws IOException {
    try (Writer out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      write(history, out);
    }
  }

  /**
   * Reads histories that belong together, for example one file of each client.
   *
   * @throws IllegalArgumentException when a line is no operation; says which line of which file
   */
  public static List<Operation> read(Collection<Path> files) throws IOException {
    Map<Operation, Operation> read = new LinkedHashMap<>();
    for (Path file : files) {
      try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        read(file.toString(), in, read);
      } catch (UncheckedIOException e) {
        throw new IOException("cannot read the history " + file, e);
      }
    }
    return List.copyOf(read.values());
  }

  /**
   * Reads one history.
   *
   * @param name what the text is called in an error
   * @throws IllegalArgumentException when a line is no operation; says which line
   */
  public static List<Operation> read(String name, Reader in) throws IOException {
    Map<Operation, Operation> read = new LinkedHashMap<>();
    read(name, in, read);
    return List.copyOf(read.values());
  }

  private static void read(String name, Reader in, Map<Operation, Operation> into)
      throws IOException {
    BufferedReader lines = new BufferedReader(in);
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (!line.isBlank() && !line.startsWith("#")) {
        Operation operation = parse(name, number, line);
        Operation open =
            new Operation(
                operation.client(),
                operation.block(),
                operation.kind(),
                operation.value(),
                operation.invokedNanos(),
                Operation.INDETERMINATE);
        into.merge(
            open,
            operation,
            (one, two) -> one.completedNanos() <= two.completedNanos() ? one : two);
      }
    }
  }

  private static Operation parse(String name, int number, String line) {
    List<String> words = List.of(line.strip().split("\\s+"));
    try {
      if (words.size() != 6) {
        throw new IllegalArgumentException("it has " + words.size() + " words");
      }
      return new Operation(
          words.get(0),
          words.get(1),
          Operation.Kind.valueOf(words.get(2).toUpperCase(Locale.ROOT)),
          Long.parseLong(words.get(3)),
          Long.parseLong(words.get(4)),
          words.get(5).equals(OPEN) ? Operation.INDETERMINATE : Long.parseLong(words.get(5)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          name
              + " line "
              + number
              + " is no operation: "
              + e.getMessage()
              + ". Write it as: client block read|write value invoked-nanos completed-nanos|?",
          e);
    }
  }
}
