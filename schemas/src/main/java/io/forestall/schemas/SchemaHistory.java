package io.forestall.schemas;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.jspecify.annotations.NullMarked;

/**
 * Every schema version that was ever released, so that old records stay readable. The files stand
 * in {@code history/<Record>/v<N>.avsc} on the classpath and are named in {@code
 * history/index.txt}; a file that is there once never changes. Thread-safe.
 */
@NullMarked
public final class SchemaHistory {

  /** Folder of the history on the classpath. */
  public static final String FOLDER = "/io/forestall/schemas/history/";

  private SchemaHistory() {}

  /**
   * One released version.
   *
   * @param record simple name of the record
   * @param version version counted from 1
   * @param schema the schema, complete in itself
   */
  public record Released(String record, int version, Schema schema) {
    /** CRC-64-AVRO of the parsing canonical form, as in the header of each record. */
    public long fingerprint() {
      return SchemaNormalization.parsingFingerprint64(schema);
    }
  }

  /** All released versions in the order of the index. */
  public static List<Released> load() {
    return Shipped.RELEASED;
  }

  private static final class Shipped {
    static final List<Released> RELEASED = read();

    private static List<Released> read() {
      List<Released> released = new ArrayList<>();
      for (String line : text("index.txt").split("\n")) {
        if (!line.isBlank()) {
          int slash = line.indexOf('/');
          String record = line.substring(0, slash);
          int version =
              Integer.parseInt(line.substring(slash + 2, line.length() - ".avsc".length()));
          released.add(new Released(record, version, new Schema.Parser().parse(text(line))));
        }
      }
      return List.copyOf(released);
    }

    private static String text(String name) {
      try (InputStream in = SchemaHistory.class.getResourceAsStream(FOLDER + name)) {
        if (in == null) {
          throw new IllegalStateException("the resource " + FOLDER + name + " is missing");
        }
        StringBuilder text = new StringBuilder();
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          text.append(line).append('\n');
        }
        return text.toString();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
