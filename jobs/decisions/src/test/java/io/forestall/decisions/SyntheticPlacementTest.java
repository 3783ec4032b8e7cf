package io.forestall.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SyntheticPlacementTest {

  @Test
  void aSerialStandsInTheSamePlaceForEver() {
    SyntheticPlacement placement = SyntheticPlacement.ofNodes(303);
    // Written down once: these may never change, or a replay would move every disk.
    assertThat(placement.place("PLACE-0001").node()).isEqualTo(GOLDEN_1);
    assertThat(placement.place("PLACE-0002").node()).isEqualTo(GOLDEN_2);
    assertThat(placement.place("PLACE-0001")).isEqualTo(placement.place("PLACE-0001"));
  }

  private static final String GOLDEN_1 = "n-0084";
  private static final String GOLDEN_2 = "n-0091";

  @Test
  void spreadsDisksEvenly() {
    SyntheticPlacement placement = SyntheticPlacement.forDisks(13_500);
    assertThat(placement.nodes()).isEqualTo(300);
    Map<String, Integer> disks = new HashMap<>();
    for (int i = 0; i < 13_500; i++) {
      disks.merge(placement.place("Z" + i).node(), 1, Integer::sum);
    }
    assertThat(disks).hasSize(300);
    assertThat(disks.values()).allMatch(count -> count > 15 && count < 85);
  }

  @Test
  void stacksNodesIntoRacksAndRacksIntoZones() {
    SyntheticPlacement placement = SyntheticPlacement.ofNodes(130);
    assertThat(placement.nodeAt(0))
        .isEqualTo(new Place("n-0001", "r-01", "z-1", "region-1", "pool-1"));
    assertThat(placement.nodeAt(8).rack()).isEqualTo("r-02");
    assertThat(placement.nodeAt(63).zone()).isEqualTo("z-1");
    assertThat(placement.nodeAt(64).zone()).isEqualTo("z-2");
    assertThat(placement.members()).hasSize(130).allMatch(FleetMember::synthetic);
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> SyntheticPlacement.ofNodes(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Subject.disk("")).isInstanceOf(IllegalArgumentException.class);
    assertThat(SyntheticPlacement.forDisks(0).nodes()).isEqualTo(1);
  }
}
