package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.Subject;
import io.forestall.nodes.FrameSink;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.sources.CsvTable;
import io.forestall.wire.sources.ExporterMapping;
import io.forestall.wire.sources.NodeAssembler;
import io.forestall.wire.sources.SourceFiles;
import io.forestall.wire.sources.SourceProblem;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall ingest csv}: plain CSV files, read by a mapping, into Kafka. Exit code 0 when
 * every line was sent, 1 when some became dead letters.
 */
@Command(
    name = "csv",
    description = {
      "Sends plain CSV, wide or long, plain or gzip, to Kafka as a mapping says it is to be read.",
      "Lines that cannot be read go to the topic dead-letters with file, line and reason. Sending"
          + " the same files again is harmless."
    })
final class CsvCommand implements Callable<Integer> {

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--mapping",
      required = true,
      paramLabel = "FILE",
      description = "Which column is what: rows of source csv, as MAPPING.md explains.")
  private @Nullable Path mapping;

  @Option(
      names = "--inventory",
      paramLabel = "FILE",
      description = "Where the nodes stand, as for forestall ingest; unknown without it.")
  private @Nullable Path inventory;

  @Option(
      names = "--smart-interval",
      paramLabel = "TIME",
      defaultValue = "0s",
      description =
          "SMART attributes of a disk are sent at most once in this time. Default: each time.")
  private String smartInterval = "0s";

  @Parameters(
      arity = "1..*",
      paramLabel = "PATH",
      description = "Files, or folders at any depth (.csv, .csv.gz).")
  private List<Path> paths = new ArrayList<>();

  @Spec private @Nullable CommandSpec spec;

  private final DeadLetters letters = new DeadLetters("ingest");
  private final Map<DeadReason, Long> reasons = new EnumMap<>(DeadReason.class);
  private final Map<String, NodeOutput> outputs = new HashMap<>();
  private final Map<String, NodeAssembler> assemblers = new HashMap<>();
  private long refused;
  private long brokenFiles;
  private long frames;
  private long samples;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    long smartMillis = Durations.millis("--smart-interval", smartInterval);
    ExporterMapping rows = MappingOption.read(mapping);
    String incomplete = CsvTable.incomplete(rows);
    if (incomplete != null) {
      throw CommandFailure.usage(incomplete);
    }
    NodePlaces places = new NodePlaces(inventory);
    List<Path> files;
    try {
      files = SourceFiles.csv(paths);
    } catch (NoSuchFileException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "there is no file or folder " + e.getFile() + ": correct the path", e);
    }
    if (files.isEmpty()) {
      throw CommandFailure.usage("the folders hold no .csv or .csv.gz");
    }
    try (Admin answering = kafka.openAdmin()) {
      // Only to fail early, with a clear word, when nobody answers.
      Objects.requireNonNull(answering);
    }
    try (TelemetryPublisher publisher =
        TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix())) {
      publisher.publishSchemas("forestall ingest csv", System.currentTimeMillis());
      IngestFigures figures = new IngestFigures();
      long lines = 0;
      for (Path file : files) {
        lines +=
            CsvTable.read(
                file,
                rows,
                due -> send(due, places, smartMillis, publisher, figures),
                problem -> refuse(problem, publisher));
      }
      publisher.flush();
      row(out, "lines read", lines);
      row(out, "lines refused", refused);
      row(out, "files refused or broken", brokenFiles);
      reasons.forEach((reason, count) -> row(out, "  " + reason, count));
      row(out, "frames sent", frames);
      row(out, "samples sent", samples);
      return refused + brokenFiles == 0 ? ExitCodes.OK : ExitCodes.FOUND;
    } catch (PublishException e) {
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.FOUND, "cannot read: " + e.getMessage(), e);
    } finally {
      out.flush();
    }
  }

  private void send(
      CsvTable.Due due,
      NodePlaces places,
      long smartMillis,
      FrameSink sink,
      IngestFigures figures) {
    NodeAssembler assembler =
        assemblers.computeIfAbsent(due.node(), node -> new NodeAssembler(node, smartMillis, null));
    NodeOutput output =
        outputs.computeIfAbsent(
            due.node(),
            node ->
                new NodeOutput(
                    Set.of(Subject.node(node)), places.of(node, Map.of()), CsvTable.SOURCE, 0));
    NodeAssembler.Assembled assembled =
        assembler.assemble(
            List.of(new NodeAssembler.Part(due.page(), new EntityRef(EntityKind.NODE, due.node()))),
            due.timeMillis());
    frames += output.send(assembled, due.timeMillis(), sink, figures);
    samples += assembled.samples().size();
  }

  private void refuse(SourceProblem problem, FrameSink sink) {
    if (problem.wholeFile()) {
      brokenFiles++;
    } else {
      refused++;
    }
    reasons.merge(problem.reason(), 1L, Long::sum);
    sink.deadLetter(
        letters.line(
            problem.origin(),
            problem.line(),
            problem.timeMillis() == SourceProblem.NO_TIME
                ? System.currentTimeMillis()
                : problem.timeMillis(),
            problem.reason(),
            problem.detail(),
            null,
            problem.payload()));
  }

  private static void row(PrintWriter out, String name, long count) {
    out.printf(Locale.ROOT, "%-36s %,15d%n", name, count);
  }
}
