package io.forestall.app.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.wire.MapRecords;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VolumePlanTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final long GIB = 1L << 30;

  @Test
  void copiesStandInDifferentZonesAndOwnersTakeTurns() throws Exception {
    List<VolumePlan.Node> nodes = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      nodes.add(node("n-" + i, "z-" + i % 3, "r-" + i % 6, null));
    }
    List<MapSlice> plan = VolumePlan.plan(shape(120 * GIB, 3), nodes, null, List.of(), NOW);
    Map<Subject, Integer> owned = new HashMap<>();
    Map<Subject, Integer> held = new HashMap<>();
    for (MapSegment segment : plan.get(0).segments()) {
      Set<String> zones = new HashSet<>();
      zones.add(zone(nodes, segment.owner()));
      held.merge(segment.owner(), 1, Integer::sum);
      owned.merge(segment.owner(), 1, Integer::sum);
      segment.copies().forEach(copy -> zones.add(zone(nodes, copy.node())));
      segment.copies().forEach(copy -> held.merge(copy.node(), 1, Integer::sum));
      assertThat(zones).as(segment.unit()).hasSize(3);
      assertThat(segment.epoch()).isZero();
    }
    assertThat(owned.values()).as("segments owned").containsOnly(10);
    assertThat(held.values()).as("segments held").allMatch(count -> count >= 28 && count <= 32);
    // What is planned is what a reader accepts.
    MapRecords records = new MapRecords();
    assertThat(records.decode(records.encode(plan.get(0), null))).isEqualTo(plan.get(0));
  }

  @Test
  void withFewZonesTheRacksAndThenTheNodesAreKeptApart() {
    List<VolumePlan.Node> nodes =
        List.of(
            node("n-1", "z-1", "r-1", null),
            node("n-2", "z-1", "r-1", null),
            node("n-3", "z-1", "r-2", null));
    MapSegment segment =
        VolumePlan.plan(shape(GIB, 2), nodes, Subject.node("n-1"), List.of(), NOW)
            .get(0)
            .segments()
            .get(0);
    assertThat(segment.copies().get(0).node()).isEqualTo(Subject.node("n-3"));
    assertThat(
            VolumePlan.plan(shape(GIB, 3), nodes, null, List.of(), NOW)
                .get(0)
                .segments()
                .get(0)
                .copies())
        .hasSize(2);
    refused(ExitCodes.REFUSED, "copy 4 of 4", shape(GIB, 4), nodes, null);
  }

  @Test
  void aFullNodeGetsNothing() {
    List<VolumePlan.Node> nodes =
        List.of(
            node("n-1", "z-1", null, 2 * GIB),
            node("n-2", "z-2", null, 10 * GIB),
            node("n-3", "z-3", null, 10 * GIB));
    List<MapSegment> segments =
        VolumePlan.plan(shape(4 * GIB, 2), nodes, null, List.of(), NOW).get(0).segments();
    long onFirst =
        segments.stream()
            .filter(
                each ->
                    each.owner().id().equals("n-1")
                        || each.copies().get(0).node().id().equals("n-1"))
            .count();
    assertThat(onFirst).isEqualTo(2);
    refused(ExitCodes.REFUSED, "free space", shape(20 * GIB, 2), nodes, null);
  }

  @Test
  void namedNodesAreTaken() {
    List<MapSegment> segments =
        VolumePlan.plan(
                shape(2 * GIB, 3),
                List.of(),
                Subject.node("a"),
                List.of(Subject.node("b"), Subject.node("c")),
                NOW)
            .get(0)
            .segments();
    assertThat(segments).extracting(MapSegment::owner).containsOnly(Subject.node("a"));
    assertThat(segments.get(1).copies())
        .extracting(copy -> copy.node().id())
        .containsExactly("b", "c");
    assertThatThrownBy(
            () ->
                VolumePlan.plan(
                    shape(GIB, 2), List.of(), Subject.node("a"), List.of(Subject.node("a")), NOW))
        .hasMessageContaining("named twice");
    assertThatThrownBy(
            () ->
                VolumePlan.plan(
                    shape(GIB, 3), List.of(), Subject.node("a"), List.of(Subject.node("b")), NOW))
        .hasMessageContaining("--copies");
  }

  @Test
  void aLargeVolumeHasSeveralSlicesAndAShorterLastSegment() {
    List<MapSlice> plan =
        VolumePlan.plan(
            shape(1500 * GIB + 4096, 1),
            List.of(node("n", null, null, null)),
            null,
            List.of(),
            NOW);
    assertThat(plan).hasSize(2);
    assertThat(plan.get(1).slices()).isEqualTo(2);
    assertThat(plan.get(0).segments()).hasSize(1024);
    MapSegment last = plan.get(1).segments().get(476);
    assertThat(last.unit()).isEqualTo("v/1500");
    assertThat(MapRecords.unit(plan.get(1), last).bytes()).isEqualTo(4096);
  }

  @Test
  void aShapeThatMakesNoSenseIsRefused() {
    List<VolumePlan.Node> nodes = List.of(node("n", null, null, null));
    refused(
        ExitCodes.USAGE,
        "no name",
        new VolumePlan.Shape("a/b", "p", GIB, GIB, 4096, 1, 1),
        nodes,
        null);
    refused(
        ExitCodes.USAGE,
        "--block-size",
        new VolumePlan.Shape("v", "p", GIB, GIB, 1000, 1, 1),
        nodes,
        null);
    refused(
        ExitCodes.USAGE,
        "--segment-size",
        new VolumePlan.Shape("v", "p", GIB, 5000, 4096, 1, 1),
        nodes,
        null);
    refused(
        ExitCodes.USAGE,
        "--size",
        new VolumePlan.Shape("v", "p", 5000, GIB, 4096, 1, 1),
        nodes,
        null);
    refused(
        ExitCodes.USAGE,
        "--copies",
        new VolumePlan.Shape("v", "p", GIB, GIB, 4096, 0, 0),
        nodes,
        null);
    refused(
        ExitCodes.USAGE,
        "--min-copies",
        new VolumePlan.Shape("v", "p", GIB, GIB, 4096, 1, 2),
        nodes,
        null);
  }

  @Test
  void sizesAreReadAsPeopleWriteThem() {
    assertThat(Sizes.bytes("--size", "10GiB")).isEqualTo(10 * GIB);
    assertThat(Sizes.bytes("--size", "1.5 TiB")).isEqualTo(3 * (1L << 39));
    assertThat(Sizes.bytes("--size", "4096")).isEqualTo(4096);
    assertThat(Sizes.bytes("--size", "2GB")).isEqualTo(2_000_000_000L);
    assertThatThrownBy(() -> Sizes.bytes("--size", "10G")).hasMessageContaining("is no size");
    assertThatThrownBy(() -> Sizes.bytes("--size", "999999PiB")).hasMessageContaining("8 EiB");
    assertThat(Sizes.text(10 * GIB)).isEqualTo("10 GiB");
    assertThat(Sizes.text(1536)).isEqualTo("1.5 KiB");
    assertThat(Sizes.text(12)).isEqualTo("12 B");
  }

  private static void refused(
      int code,
      String words,
      VolumePlan.Shape shape,
      List<VolumePlan.Node> nodes,
      @Nullable Subject owner) {
    assertThatThrownBy(() -> VolumePlan.plan(shape, nodes, owner, List.of(), NOW))
        .isInstanceOfSatisfying(
            CommandFailure.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(code);
              assertThat(e).hasMessageContaining(words);
            });
  }

  private static VolumePlan.Shape shape(long bytes, int copies) {
    return new VolumePlan.Shape("v", "p1", bytes, GIB, 4096, copies, 1);
  }

  private static VolumePlan.Node node(
      String id, @Nullable String zone, @Nullable String rack, @Nullable Long freeBytes) {
    return new VolumePlan.Node(Subject.node(id), null, zone, rack, freeBytes);
  }

  private static String zone(List<VolumePlan.Node> nodes, Subject node) {
    for (VolumePlan.Node each : nodes) {
      if (each.node().equals(node) && each.zone() != null) {
        return each.zone();
      }
    }
    throw new AssertionError("no zone of " + node);
  }
}
