package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InventoryReaderTest {

  private static final String CSV =
      """
      kind,id,node,rack,zone,region,pool,tier,model,capacity_bytes,note
      disk,Z1,store-1,,,,,,SYNTH,4000787030016,bought in spring
      node,store-1,,r9,power-b,north,gold,hdd,,,
      disk,Z2,store-2,r1,power-a,,,nvme,,,
      """;
  private static final String JSON =
      """
      [{"kind":"disk","id":"Z1","node":"store-1","model":"SYNTH","capacity_bytes":4000787030016},
       {"kind":"NODE","id":"store-1","rack":"r9","zone":"power-b","region":"north","pool":"gold",
        "tier":"hdd","model":null},
       {"kind":"disk","id":"Z2","node":"store-2","rack":"r1","zone":"power-a","tier":"nvme"}]
      """;

  private static InventoryReader.Inventory read(Path folder, String name, String text)
      throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    return InventoryReader.read(file);
  }

  @Test
  void readsNodesAndDisksAndGivesDisksThePlaceOfTheirNode(@TempDir Path folder) throws IOException {
    InventoryReader.Inventory inventory = read(folder, "fleet.csv", CSV);

    assertThat(inventory.problems()).isEmpty();
    Place place = new Place("store-1", "r9", "power-b", "north", "gold");
    assertThat(inventory.members())
        .containsExactly(
            new FleetMember(Subject.node("store-1"), place, "hdd", null, null, false),
            new FleetMember(Subject.disk("Z1"), place, "hdd", "SYNTH", 4_000_787_030_016L, false),
            new FleetMember(
                Subject.disk("Z2"),
                new Place("store-2", "r1", "power-a", "default", "default"),
                "nvme",
                null,
                null,
                false));
    assertThat(read(folder, "fleet.json", JSON)).isEqualTo(inventory);
  }

  @Test
  void saysWhyAnEntryIsRefused(@TempDir Path folder) throws IOException {
    InventoryReader.Inventory inventory =
        read(
            folder,
            "fleet.csv",
            """
            kind,id,node,rack,zone,capacity_bytes
            node,store-1,,r9,power-b,
            node,store-1,,r9,power-b,
            disk,,store-1,,,
            disk,Z1,store-2,,,
            disk,Z2,store-1,,,-5
            shelf,Z3,store-1,,,
            disk,Z4
            """);
    assertThat(inventory.members()).hasSize(1);
    assertThat(inventory.problems())
        .extracting(SourceProblem::reason)
        .containsExactlyInAnyOrder(
            DeadReason.DUPLICATE,
            DeadReason.MISSING_FIELD,
            DeadReason.MISSING_FIELD,
            DeadReason.WRONG_TYPE,
            DeadReason.WRONG_TYPE,
            DeadReason.UNDECODABLE);
  }

  @Test
  void refusesWhatFollowsTheArray(@TempDir Path folder) throws IOException {
    InventoryReader.Inventory inventory =
        read(folder, "fleet.json", "[ ]{\"kind\": \"node\", \"id\": \"store-1\"}]");
    assertThat(inventory.members()).isEmpty();
    assertThat(inventory.problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.reason()).isEqualTo(DeadReason.UNDECODABLE);
              assertThat(problem.wholeFile()).isTrue();
            });
  }

  @Test
  void saysThatAFileHasNoEntry(@TempDir Path folder) throws IOException {
    for (InventoryReader.Inventory inventory :
        List.of(
            read(folder, "fleet.csv", "kind,id,node,notedisk,Z1,store-1,x\n"),
            read(folder, "fleet.json", "[]"))) {
      assertThat(inventory.members()).isEmpty();
      assertThat(inventory.problems())
          .singleElement()
          .extracting(SourceProblem::detail)
          .isEqualTo("file has no entry");
    }
  }

  @Test
  void survivesAThousandDamagedInventories(@TempDir Path folder) throws IOException {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    Random random = new Random(seed);
    int refused = 0;
    for (int i = 0; i < 1000; i++) {
      boolean json = i % 2 == 0;
      byte[] bytes = (json ? JSON : CSV).getBytes(StandardCharsets.UTF_8);
      for (int k = 0; k < 6; k++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Path file = folder.resolve(json ? "fleet.json" : "fleet.csv");
      Files.write(file, bytes);
      InventoryReader.Inventory inventory = InventoryReader.read(file);
      assertThat(inventory.members().size() + inventory.problems().size())
          .as("seed %d, file %d", seed, i)
          .isPositive();
      refused += inventory.problems().isEmpty() ? 0 : 1;
    }
    assertThat(refused).as("seed %d", seed).isGreaterThan(500);
  }
}
