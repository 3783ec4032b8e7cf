package io.forestall.wire.sources;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which files of a folder a source reads. Stateless. */
public final class SourceFiles {

  private static final Pattern DAY = Pattern.compile("(\\d{4})-(\\d{2})-(\\d{2})\\.csv(?:\\.gz)?");

  private SourceFiles() {}

  /**
   * Drive-stats files under these paths, by name and then by path. A path that is a file is taken
   * as it is; in a folder, at any depth, files ending in {@code .csv} or {@code .csv.gz} are taken
   * and hidden ones are not.
   *
   * @throws IOException when a path does not exist or cannot be listed
   */
  public static List<Path> csv(List<Path> paths) throws IOException {
    return list(paths, List.of(".csv", ".csv.gz"));
  }

  /**
   * Files of smartctl JSON under these paths: {@code .json}, {@code .jsonl} and either with {@code
   * .gz}.
   *
   * @throws IOException when a path does not exist or cannot be listed
   */
  public static List<Path> json(List<Path> paths) throws IOException {
    return list(paths, List.of(".json", ".json.gz", ".jsonl", ".jsonl.gz"));
  }

  private static List<Path> list(List<Path> paths, List<String> endings) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        try (Stream<Path> walk = Files.walk(path)) {
          walk.filter(file -> matches(path, file, endings)).forEach(files::add);
        }
      } else if (Files.exists(path)) {
        files.add(path);
      } else {
        throw new NoSuchFileException(path.toString());
      }
    }
    files.sort(
        Comparator.comparing((Path file) -> String.valueOf(file.getFileName()))
            .thenComparing(Path::toString));
    return files;
  }

  private static boolean matches(Path root, Path file, List<String> endings) {
    for (Path part : root.relativize(file)) {
      if (part.toString().startsWith(".") || part.toString().equals("__MACOSX")) {
        return false;
      }
    }
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return endings.stream().anyMatch(name::endsWith) && Files.isRegularFile(file);
  }

  /**
   * The day that a daily file is named after, as {@code 2024-03-31.csv.gz}, or {@link
   * SourceProblem#NO_TIME} when the name is no day; milliseconds since 1970-01-01 UTC.
   */
  static long namedDayMillis(Path file) {
    Matcher name = DAY.matcher(String.valueOf(file.getFileName()));
    if (!name.matches()) {
      return SourceProblem.NO_TIME;
    }
    try {
      return LocalDate.of(
                  Integer.parseInt(name.group(1)),
                  Integer.parseInt(name.group(2)),
                  Integer.parseInt(name.group(3)))
              .toEpochDay()
          * DriveStatsReader.DAY_MILLIS;
    } catch (DateTimeException e) {
      return SourceProblem.NO_TIME;
    }
  }
}
