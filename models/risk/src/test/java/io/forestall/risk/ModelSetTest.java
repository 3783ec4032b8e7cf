package io.forestall.risk;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ModelSetTest {
  private static ModelSet.Entry entry(int version, long published, long effective, long rollback) {
    return new ModelSet.Entry(new TestingScriptedModel(version), published, effective, rollback);
  }

  private static int champion(ModelSet set, long time) {
    ModelSet.Entry champion = set.champion(FailureMode.DISK, time);
    return champion == null ? 0 : champion.model().version();
  }

  @Test
  void championIsTheNewestEffectiveOne() {
    ModelSet set =
        ModelSet.of(new TestingScriptedModel(1))
            .with(entry(2, 100, 200, 300))
            .with(entry(3, 150, 250, 350));
    assertThat(champion(set, Long.MIN_VALUE)).isEqualTo(1);
    assertThat(champion(set, 199)).isEqualTo(1);
    assertThat(champion(set, 200)).isEqualTo(2);
    assertThat(champion(set, 250)).isEqualTo(3);
    assertThat(champion(set.without("scripted", 3), 260)).as("rollback").isEqualTo(2);
    assertThat(champion(set.without("other", 3), 260)).isEqualTo(3);
    assertThat(set.champion(FailureMode.NETWORK, 260)).isNull();
  }

  @Test
  void anEntryOfTheSameNameIsReplaced() {
    ModelSet set =
        ModelSet.of(new TestingScriptedModel(1))
            .with(entry(2, 100, 200, 300))
            .with(entry(2, 100, 400, 500));
    assertThat(set.entries()).hasSize(2);
    assertThat(champion(set, 300)).isEqualTo(1);
    assertThatThrownBy(() -> ModelSet.of(List.of(entry(2, 1, 2, 3), entry(2, 4, 5, 6))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theOrderOfAddingChangesNothing() {
    List<ModelSet.Entry> entries =
        new ArrayList<>(
            List.of(
                entry(1, 0, 0, 0), entry(2, 10, 20, 30), entry(3, 10, 20, 30), entry(4, 5, 20, 9)));
    for (int seed = 0; seed < 24; seed++) {
      Collections.shuffle(entries, new Random(seed));
      ModelSet set = ModelSet.of(entries);
      assertThat(set.entries().stream().map(e -> e.model().version())).containsExactly(3, 2, 4, 1);
      assertThat(champion(set, 25)).isEqualTo(3);
    }
  }

  @Test
  void aScheduleHoldsExactlyWhereItSays() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<ModelSet.Entry> entries = new ArrayList<>();
      for (int version = 1; version <= 4; version++) {
        int published = random.nextInt(20);
        int effective = published + random.nextInt(10);
        FailureMode mode = random.nextInt(3) == 0 ? FailureMode.FAIL_SLOW : FailureMode.DISK;
        entries.add(
            new ModelSet.Entry(
                new TestingScriptedModel("m", version, mode, null),
                published,
                effective,
                effective + random.nextInt(5)));
      }
      ModelSet set = ModelSet.of(entries);
      for (long time = -1; time < 35; time++) {
        ModelSet.Schedule schedule = set.schedule(time);
        assertThat(schedule.holdsAt(time)).isTrue();
        for (long other = -1; other < 35; other++) {
          if (schedule.holdsAt(other)) {
            assertThat(set.schedule(other))
                .as("seed %s, %s and %s", seed, time, other)
                .isEqualTo(schedule);
          }
        }
        for (FailureMode mode : List.of(FailureMode.DISK, FailureMode.FAIL_SLOW)) {
          ModelSet.Entry champion = set.champion(mode, time);
          assertThat(
                  schedule.rankings().stream()
                      .filter(r -> r.mode() == mode)
                      .map(ModelSet.Ranking::champion))
              .isEqualTo(champion == null ? List.of() : List.of(champion));
        }
      }
    }
  }

  @Test
  void theNextToBecomeChampionIsTheOneWarmed() {
    ModelSet set =
        ModelSet.of(List.of(entry(1, 0, 0, 0), entry(2, 10, 40, 0), entry(3, 10, 30, 0)));
    assertThat(set.schedule(5).rankings().get(0).warming()).isNull();
    ModelSet.Entry warming = requireNonNull(set.schedule(15).rankings().get(0).warming());
    assertThat(warming.model().version()).isEqualTo(3);
  }

  @Test
  void aModelThatOnlyAdvisesIsWarmedAndIsNeverChampion() {
    ModelSet set = ModelSet.of(new TestingScriptedModel(1)).with(entry(2, 10, ModelSet.ADVISE, 0));
    assertThat(set.schedule(9).rankings().get(0).warming()).isNull();
    for (long time : new long[] {10, 1_000_000, Long.MAX_VALUE - 1, Long.MAX_VALUE}) {
      ModelSet.Ranking ranking = set.schedule(time).rankings().get(0);
      assertThat(ranking.byRank()).as("at %s", time).hasSize(1);
      assertThat(requireNonNull(ranking.warming()).model().version()).isEqualTo(2);
      assertThat(champion(set, time)).isEqualTo(1);
    }
    assertThat(set.schedule(10).holdsAt(Long.MAX_VALUE)).isTrue();
    assertThat(set.schedule(10).holdsAt(9)).isFalse();
  }

  @Test
  void theNewestThatAdvisesIsAskedAndTheNextChampionBeforeIt() {
    ModelSet set =
        ModelSet.of(new TestingScriptedModel(1))
            .with(entry(2, 10, ModelSet.ADVISE, 0))
            .with(entry(3, 12, ModelSet.ADVISE, 0));
    assertThat(warming(set, 11)).isEqualTo(2);
    assertThat(warming(set, 12)).isEqualTo(3);
    assertThat(warming(set.with(entry(4, 12, 20, 30)), 12)).as("the next champion").isEqualTo(4);
    assertThat(warming(set.with(entry(4, 12, 20, 30)), 20)).as("it is champion").isEqualTo(3);
    ModelSet twins = set.with(entry(5, 12, 20, 30)).with(entry(4, 13, 20, 30));
    assertThat(warming(twins, 15)).as("who will be before the other").isEqualTo(4);
    assertThat(champion(twins, 20)).isEqualTo(4);
  }

  private static int warming(ModelSet set, long time) {
    ModelSet.Entry warming = set.schedule(time).rankings().get(0).warming();
    return warming == null ? 0 : warming.model().version();
  }

  @Test
  void aModelThatCannotReadTheFeaturesIsRefused() {
    CompiledLstm narrow = new CompiledLstm(TestingModels.file(1, "narrow", 1, 23, 4));
    assertThatThrownBy(() -> ModelSet.of(narrow))
        .hasMessage("Model narrow version 1 reads 23 inputs, there are 24");
    assertThatThrownBy(
            () -> ModelSet.of(new TestingScriptedModel("u", 1, FailureMode.UNKNOWN, null)))
        .hasMessageContaining("mode UNKNOWN");
  }
}
