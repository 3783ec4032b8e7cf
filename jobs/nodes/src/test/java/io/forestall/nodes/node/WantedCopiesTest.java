package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WantedCopiesTest {
  private static final Subject ME = Subject.node("n1");
  private static final Subject OTHER = Subject.node("n2");

  private final WantedCopies copies = new WantedCopies(ME);

  @Test
  void saysOnlyWhatASliceChanged() {
    for (int volume = 0; volume < 1000; volume++) {
      copies.take(slice("v" + volume, 0, 1, replicated(OTHER, 0, "v" + volume + "/0")));
    }

    WantedCopies.Change moved = copies.take(slice("v7", 0, 2, replicated(ME, 2, "v7/0")));

    assertThat(moved.wanted()).as("the owner and its epoch change nothing here").isEmpty();
    assertThat(moved.unwanted()).isEmpty();
    assertThat(copies.all()).hasSize(1000);
  }

  @Test
  void whoIsOwnerAtEpochZeroBeginsAndNobodyElse() {
    WantedCopies.Change first = copies.take(slice("v", 0, 1, replicated(ME, 0, "v/0")));
    WantedCopies.Change next = copies.take(slice("v", 0, 2, replicated(ME, 1, "v/0")));

    assertThat(first.wanted()).extracting(WantedCopies.Wanted::firstOwner).containsExactly(true);
    assertThat(next.wanted()).extracting(WantedCopies.Wanted::firstOwner).containsExactly(false);
  }

  @Test
  void whatASliceNamesNoMoreIsUnwanted() {
    copies.take(slice("v", 0, 1, replicated(ME, 0, "v/0", "v/1")));

    WantedCopies.Change change = copies.take(slice("v", 0, 2, replicated(ME, 0, "v/1")));

    assertThat(change.unwanted()).containsExactly("v/0");
    assertThat(copies.contains("v/0")).isFalse();
    assertThat(copies.contains("v/1")).isTrue();
    assertThat(copies.gone("v/0").unwanted()).as("the slice by its key").containsExactly("v/1");
    assertThat(copies.all()).isEmpty();
  }

  @Test
  void aUnitThatMovesFromOneSliceToAnotherIsNeverUnwanted() {
    copies.take(slice("v", 0, 1, replicated(ME, 0, "v/0", "v/1")));

    WantedCopies.Change later = copies.take(slice("v", 1, 2, replicated(ME, 0, "v/1")));
    WantedCopies.Change shorter = copies.take(slice("v", 0, 2, replicated(ME, 0, "v/0")));

    assertThat(later.unwanted()).isEmpty();
    assertThat(shorter.unwanted()).isEmpty();
    assertThat(copies.contains("v/1")).isTrue();
  }

  @Test
  void archivesAndCopiesOfOthersAreNotHeldHere() {
    MapSegment archived =
        new MapSegment("v/0", 0, OTHER, 1, List.of(new MapCopy(ME, "ARCHIVE", "IN_SYNC", 0)));
    MapSegment foreign = new MapSegment("v/1", 1, OTHER, 1, List.of());

    WantedCopies.Change change = copies.take(slice("v", 0, 1, List.of(archived, foreign)));

    assertThat(change.wanted()).isEmpty();
    assertThat(copies.all()).isEmpty();
  }

  @Test
  void aShadowKnowsFromWhomItFetches() {
    MapCopy shadow = new MapCopy(ME, "SHADOW", "COPYING", -1);
    MapCopy behind = new MapCopy(Subject.node("n3"), "REPLICA", "CATCHING_UP", 0);
    MapCopy replica = new MapCopy(Subject.node("n4"), "REPLICA", "IN_SYNC", 0);
    MapCopy archive = new MapCopy(Subject.node("n5"), "ARCHIVE", "IN_SYNC", 0);
    MapSegment segment =
        new MapSegment("v/0", 0, OTHER, 1, List.of(shadow, behind, archive, replica));

    WantedCopies.Change change = copies.take(slice("v", 0, 1, List.of(segment)));

    assertThat(change.wanted()).singleElement().matches(WantedCopies.Wanted::shadow);
    assertThat(change.wanted().get(0).holders())
        .as("a replica in sync, the owner, the others; no archive")
        .containsExactly(Subject.node("n4"), OTHER, Subject.node("n3"));

    MapSegment without = new MapSegment("v/0", 0, OTHER, 1, List.of(shadow));
    assertThat(copies.take(slice("v", 0, 2, List.of(without))).wanted())
        .as("whom it asks has changed")
        .singleElement()
        .matches(each -> each.holders().equals(List.of(OTHER)));
  }

  private static List<MapSegment> replicated(Subject owner, long epoch, String... units) {
    List<MapSegment> segments = new ArrayList<>();
    for (String unit : units) {
      segments.add(
          new MapSegment(
              unit,
              segments.size(),
              owner,
              epoch,
              List.of(new MapCopy(ME, "REPLICA", "IN_SYNC", 0))));
    }
    return segments;
  }

  private static MapSlice slice(String volume, int slice, long version, List<MapSegment> segments) {
    return new MapSlice(volume, "p1", slice, 2, version, 0, 2 << 20, 1 << 20, 4096, 2, segments, 0);
  }
}
