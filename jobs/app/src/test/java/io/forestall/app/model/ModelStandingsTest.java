package io.forestall.app.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.model.ModelStandings.Model;
import io.forestall.app.model.ModelStandings.Standing;
import io.forestall.app.model.ModelStandings.State;
import io.forestall.risk.CompiledLstm;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModelSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ModelStandingsTest {

  private static Model model(int version, long published, long from, long rollback) {
    return new Model("DISK", "m", version, published, from, rollback, false, false);
  }

  private static String at(long time, Model... models) {
    return ModelStandings.at(time, List.of(models)).stream()
        .map(
            each ->
                each.model().version()
                    + " "
                    + each.state()
                    + (each.challenger() ? "*" : "")
                    + (each.warmUntilMillis() == null ? "" : " " + each.warmUntilMillis()))
        .collect(Collectors.joining(", "));
  }

  @Test
  void eachStandsWhereTheTableSays() {
    Model shipped =
        new Model("disk", "m", 1, Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE, false, true);
    Model two = model(2, 10, 20, 30);
    Model three = model(3, 12, 40, 50);
    Model four = model(4, 14, ModelStandings.ADVISE, Long.MIN_VALUE);
    Model five = model(5, 16, ModelStandings.ADVISE, Long.MIN_VALUE);
    assertThat(at(5, shipped)).isEqualTo("1 CHAMPION");
    assertThat(at(9, shipped, two)).isEqualTo("1 CHAMPION, 2 WARMING");
    assertThat(at(10, shipped, two)).isEqualTo("1 CHAMPION, 2 WARMING*");
    assertThat(at(20, shipped, two)).isEqualTo("2 CHAMPION, 1 FORMER 30");
    assertThat(at(30, shipped, two)).isEqualTo("2 CHAMPION, 1 PAST");
    assertThat(at(25, shipped, two, three, four))
        .isEqualTo("2 CHAMPION, 1 FORMER 30, 4 ADVISE, 3 WARMING*");
    assertThat(at(45, shipped, two, three, four, five))
        .isEqualTo("3 CHAMPION, 2 FORMER 50, 1 PAST, 5 ADVISE*, 4 ADVISE");
    Model withdrawn = new Model("disk", "m", 3, 12, 40, 50, true, false);
    assertThat(at(45, shipped, two, withdrawn)).isEqualTo("2 CHAMPION, 1 PAST, 3 WITHDRAWN");
  }

  @Test
  void modesDoNotMeet() {
    Model other = new Model("FAIL_SLOW", "m", 1, 0, 0, 0, false, false);
    assertThat(ModelStandings.at(5, List.of(model(2, 0, 1, 2), other)))
        .extracting(each -> each.model().key() + " " + each.state())
        .containsExactly("disk/m/2 CHAMPION", "fail_slow/m/1 CHAMPION");
  }

  /** The job's own rules, on models with weights. */
  @Test
  void theChampionIsTheOneOfTheJob() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      List<Model> models = new ArrayList<>();
      List<ModelSet.Entry> entries = new ArrayList<>();
      for (int version = 1; version <= 5; version++) {
        long published = random.nextInt(20);
        long from = random.nextInt(4) == 0 ? ModelSet.ADVISE : published + random.nextInt(10);
        Model model = model(version, published, from, random.nextInt(40));
        models.add(model);
        entries.add(
            new ModelSet.Entry(
                new CompiledLstm(TestingModelFiles.disk("m", version)),
                published,
                from,
                model.rollbackUntilMillis()));
      }
      ModelSet set = ModelSet.of(entries);
      for (long time = -1; time < 35; time++) {
        ModelSet.Entry expected = set.champion(FailureMode.DISK, time);
        List<Integer> champions =
            ModelStandings.at(time, models).stream()
                .filter(each -> each.state() == State.CHAMPION)
                .map(Standing::model)
                .map(Model::version)
                .toList();
        assertThat(champions)
            .as("seed %s at %s", seed, time)
            .isEqualTo(expected == null ? List.of() : List.of(expected.model().version()));
      }
    }
  }
}
