package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SmartctlReaderTest {

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(SmartctlReaderTest.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static List<SourceBatch> read(Path folder, String text) throws IOException {
    Path file = folder.resolve("scrape.json");
    Files.writeString(file, text);
    return Rows.batches(SmartctlReader.open(SourceFiles.json(List.of(folder))));
  }

  @Test
  void readsAnAtaDiskAsTheGoldenSays(@TempDir Path folder) throws IOException {
    SourceRow row = read(folder, resource("smartctl-ata.json")).get(0).rows().get(0);

    assertThat(row.disk()).isEqualTo("ZATA0001");
    assertThat(row.model()).isEqualTo("SYNTH MODEL A");
    assertThat(row.capacityBytes()).isEqualTo(4_000_787_030_016L);
    assertThat(row.timeMillis()).isEqualTo(1_709_251_200_000L);
    assertThat(Rows.metrics(row))
        .isEqualTo(
            "{smart_12_raw=7.0, smart_188_normalized=100.0, smart_188_raw=4.295032833E9,"
                + " smart_190_normalized=67.0, smart_190_raw=33.0, smart_194_normalized=33.0,"
                + " smart_194_raw=34.0, smart_197_normalized=100.0, smart_197_raw=8.0,"
                + " smart_1_normalized=117.0, smart_1_raw=1.21966232E8,"
                + " smart_5_normalized=100.0, smart_5_raw=16.0, smart_9_normalized=81.0,"
                + " smart_9_raw=17358.0}");
  }

  @Test
  void readsAnNvmeDiskAsTheGoldenSays(@TempDir Path folder) throws IOException {
    SourceRow row = read(folder, resource("smartctl-nvme.json")).get(0).rows().get(0);

    assertThat(row.disk()).isEqualTo("ZNVME0001");
    assertThat(row.capacityBytes()).isEqualTo(1_920_383_410_176L);
    assertThat(Rows.metrics(row))
        .isEqualTo(
            "{nvme_available_spare=100.0, nvme_available_spare_threshold=10.0,"
                + " nvme_critical_warning=0.0, nvme_error_log_entries=5.0,"
                + " nvme_host_reads=9.223372036854776E18, nvme_media_errors=1.0,"
                + " nvme_percentage_used=3.0, nvme_unsafe_shutdowns=2.0, smart_12_raw=12.0,"
                + " smart_194_raw=41.0, smart_241_raw=2.0E9, smart_242_raw=1.5E9,"
                + " smart_9_raw=8760.0}");
  }

  @Test
  void bringsManyDocumentsInAnyFormIntoTimeOrder(@TempDir Path folder) throws IOException {
    String ata = resource("smartctl-ata.json").replace("\n", " ");
    String nvme = resource("smartctl-nvme.json").replace("\n", " ");
    Files.writeString(folder.resolve("a.jsonl"), nvme + "\n" + ata + "\n");
    try (var out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("b.json.gz")))) {
      out.write(
          ("[" + ata.replace("ZATA0001", "ZATA0002") + "," + ata + "]")
              .getBytes(StandardCharsets.UTF_8));
    }
    List<SourceBatch> batches =
        Rows.batches(SmartctlReader.open(SourceFiles.json(List.of(folder))));

    assertThat(batches)
        .extracting(SourceBatch::timeMillis)
        .containsExactly(1_709_251_200_000L, 1_709_254_800_000L);
    assertThat(batches.get(0).rows())
        .extracting(SourceRow::disk)
        .containsExactly("ZATA0001", "ZATA0002", "ZATA0001");
    SourceProblem twice = Objects.requireNonNull(batches.get(0).rows().get(2).problem());
    assertThat(twice.reason()).isEqualTo(DeadReason.DUPLICATE);
    assertThat(batches.get(0).rows().get(0).line()).isEqualTo(2);
  }

  @Test
  void saysWhyADocumentIsRefused(@TempDir Path folder) throws IOException {
    String sound = "{\"serial_number\":\"Z1\",\"local_time\":{\"time_t\":1709251200}";
    List<String> documents =
        List.of(
            "{\"smartctl\":{\"messages\":[{\"string\":\"Permission denied\"}]}}",
            "{\"serial_number\":\"Z1\"}",
            "{\"serial_number\":7,\"local_time\":{\"time_t\":1709251200}}",
            "{\"serial_number\":\"Z1\",\"local_time\":{\"time_t\":\"now\"}}",
            "{\"serial_number\":\"Z1\",\"local_time\":{\"time_t\":5}}",
            sound + ",\"power_on_time\":{\"hours\":\"many\"}}",
            sound + ",\"ata_smart_attributes\":{\"table\":[{\"id\":\"five\"}]}}",
            sound + ",\"ata_smart_attributes\":{\"table\":[{\"id\":5,\"raw\":{\"value\":-4}}]}}",
            "17",
            sound + "}");
    List<SourceBatch> batches = read(folder, String.join("\n", documents));

    assertThat(batches).hasSize(1);
    assertThat(batches.get(0).rows()).hasSize(1);
    assertThat(batches.get(0).problems())
        .extracting(SourceProblem::reason)
        .containsExactly(
            DeadReason.MISSING_FIELD,
            DeadReason.MISSING_FIELD,
            DeadReason.MISSING_FIELD,
            DeadReason.WRONG_TYPE,
            DeadReason.TIME_OUT_OF_RANGE,
            DeadReason.WRONG_TYPE,
            DeadReason.WRONG_TYPE,
            DeadReason.WRONG_TYPE,
            DeadReason.WRONG_TYPE);
    assertThat(batches.get(0).problems())
        .extracting(SourceProblem::line)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
    assertThat(batches.get(0).problems().get(0).detail()).contains("Permission denied");
  }

  @Test
  void survivesAThousandDamagedDocuments(@TempDir Path folder) throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] sound = resource("smartctl-ata.json").getBytes(StandardCharsets.UTF_8);
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      byte[] bytes = sound.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      if (i % 5 == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      } else if (i % 5 == 1) {
        random.nextBytes(bytes);
      }
      Path file = folder.resolve(i + ".json");
      Files.write(file, bytes);
      files.add(file);
    }
    SmartctlReader reader = SmartctlReader.open(files);
    long documents = reader.rows();
    long accounted = 0;
    long broken = 0;
    for (SourceBatch batch : Rows.batches(reader)) {
      accounted += batch.rows().size();
      for (SourceProblem problem : batch.problems()) {
        if (problem.wholeFile()) {
          broken++;
        } else {
          accounted++;
        }
        assertThat(problem.payload().length).isLessThanOrEqualTo(SourceProblem.MAX_PAYLOAD_BYTES);
      }
    }
    assertThat(accounted).as("seed %d", seed).isEqualTo(documents);
    assertThat(broken).as("seed %d", seed).isGreaterThan(300);
  }

  @Test
  void givesUpOnADocumentWithoutEndOrWithoutBottom(@TempDir Path folder) throws IOException {
    assertThat(read(folder, "{\"a\":" + "[".repeat(100_000)).get(0).problems())
        .extracting(SourceProblem::reason)
        .containsExactly(DeadReason.UNDECODABLE);
    Path file = folder.resolve("scrape.json");
    try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("{\"a\":[".getBytes(StandardCharsets.UTF_8));
      byte[] numbers = "1,".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
      for (int i = 0; i < 800; i++) {
        out.write(numbers);
      }
    }
    assertThat(Rows.batches(SmartctlReader.open(List.of(file))).get(0).problems())
        .extracting(SourceProblem::reason)
        .containsExactly(DeadReason.TOO_LARGE);
  }
}
