package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.ModeModel;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.symptom.NodeRiskPolicy;
import io.forestall.risk.symptom.StandardSymptomEngine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SenseSettingsTest {

  private static final Path PAGE = Path.of("OPTIONS.md");

  @Test
  void defaultsAreTheStatedOnes() {
    SenseSettings settings = SenseSettings.defaults();

    assertThat(settings.topicPrefix()).isEqualTo("forestall");
    assertThat(settings.kafka()).isEqualTo(Map.of("bootstrap.servers", "localhost:9092"));
    assertThat(settings.groupId()).isEqualTo("forestall-sense");
    assertThat(settings.outOfOrdernessMillis()).isEqualTo(60_000);
    assertThat(settings.peerWindowMillis()).isEqualTo(300_000);
    assertThat(settings.nodePolicy()).isEqualTo(NodeRiskPolicy.defaults());
    assertThat(settings.volumePolicy()).isEqualTo(NodeRiskPolicy.volumes());
    assertThat(settings.nodePolicy().risk().staleAfterMillis()).isEqualTo(300_000);
    assertThat(settings.nodePolicy().risk().unknownAfterMillis()).isEqualTo(1_800_000);
    assertThat(settings.stateTtlMillis()).isEqualTo(90 * TestingDisks.DAY_MILLIS);
    assertThat(settings.quietAfterMillis()).isEqualTo(10_000);
    assertThat(settings.unknownEntityGraceMillis()).isEqualTo(3_600_000);
    assertThat(settings.lane()).isEqualTo(SenseLane.ADVISE);
    assertThat(settings.adviseShare()).isEqualTo(1);
    assertThat(settings.modes().toBytes()).isEqualTo(TrainedModels.nodeModes().toBytes());
    assertThat(settings.policy()).isEqualTo(RiskPolicy.defaults());
  }

  @Test
  void everyOptionReachesItsSetting() {
    Configuration configuration = new Configuration();
    set(configuration, "forestall.topic-prefix", "replay-1");
    set(configuration, "forestall.kafka.bootstrap.servers", "k1:9092,k2:9092");
    set(configuration, "forestall.kafka.security.protocol", "SSL");
    set(configuration, "forestall.sense.group-id", "g");
    set(configuration, "forestall.sense.out-of-orderness", "1 min");
    set(configuration, "forestall.sense.quiet-after", "2 s");
    set(configuration, "forestall.sense.arrival-delay", "3 s");
    set(configuration, "forestall.sense.fleet-quiet", "4 s");
    set(configuration, "forestall.sense.start-wait", "5 s");
    set(configuration, "forestall.sense.unknown-entity-grace", "6 h");
    set(configuration, "forestall.sense.unknown-entity-limit", "7");
    set(configuration, "forestall.sense.lane", "dl4j");
    set(configuration, "forestall.sense.mode-model", "none");
    set(configuration, "forestall.sense.advise-share", "0.25");
    set(configuration, "forestall.sense.lane-share", "0.5");
    set(configuration, "forestall.sense.lane-batch-size", "32");
    set(configuration, "forestall.sense.lane-flush-interval", "250 ms");
    set(configuration, "forestall.sense.watch-enter", "41");
    set(configuration, "forestall.sense.watch-exit", "31");
    set(configuration, "forestall.sense.warning-enter", "61");
    set(configuration, "forestall.sense.warning-exit", "51");
    set(configuration, "forestall.sense.critical-enter", "81");
    set(configuration, "forestall.sense.critical-exit", "71");
    set(configuration, "forestall.sense.enter-dwell", "1 d");
    set(configuration, "forestall.sense.exit-dwell", "2 d");
    set(configuration, "forestall.sense.stale-after", "3 d");
    set(configuration, "forestall.sense.unknown-after", "4 d");
    set(configuration, "forestall.sense.machine-stale-after", "8 min");
    set(configuration, "forestall.sense.machine-unknown-after", "9 min");
    set(configuration, "forestall.sense.machine-exit-dwell", "10 min");
    set(configuration, "forestall.sense.disks-tolerated", "2");
    set(configuration, "forestall.sense.peer-window", "11 min");
    set(configuration, "forestall.sense.peer-wait-limit", "13");
    set(configuration, "forestall.sense.baseline-interval", "14 min");
    set(configuration, "forestall.sense.blame-window", "15 s");
    set(configuration, "forestall.sense.state-ttl", "16 d");
    assertThat(configuration.keySet())
        .as("a new option needs its line here")
        .containsAll(SenseOptions.all().stream().map(ConfigOption::key).toList());

    assertThat(SenseSettings.from(configuration))
        .isEqualTo(
            new SenseSettings(
                "replay-1",
                Map.of("bootstrap.servers", "k1:9092,k2:9092", "security.protocol", "SSL"),
                "g",
                60_000,
                2000,
                3000,
                4000,
                5000,
                6 * 3_600_000,
                7,
                SenseLane.DL4J,
                "none",
                0.25,
                0.5,
                32,
                250,
                new SenseSettings.Tiers(
                    41,
                    31,
                    61,
                    51,
                    81,
                    71,
                    TestingDisks.DAY_MILLIS,
                    2 * TestingDisks.DAY_MILLIS,
                    3 * TestingDisks.DAY_MILLIS,
                    4 * TestingDisks.DAY_MILLIS),
                new SenseSettings.Machines(480_000, 540_000, 600_000, 2),
                new SenseSettings.Windows(660_000, 13, 840_000, 15_000),
                16 * TestingDisks.DAY_MILLIS));
  }

  @Test
  void everyErrorIsShownAtOnceWithWhatToDo() {
    Configuration configuration = new Configuration();
    set(configuration, "forestall.topic-prefix", "a.b");
    set(configuration, "forestall.sense.quiet-after", "ten");
    set(configuration, "forestall.sense.lane", "gpu");
    set(configuration, "forestall.sense.advise-share", "-1");
    set(configuration, "forestall.sense.lane-share", "1.5");
    set(configuration, "forestall.sense.lane-batch-size", "0");
    set(configuration, "forestall.sense.laen", "off");

    assertThatThrownBy(() -> SenseSettings.from(configuration))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall.topic-prefix is 'a.b': give 1 to 64 letters")
        .hasMessageContaining(
            "forestall.sense.quiet-after is 'ten': give a duration with its unit, for example '10"
                + " s'")
        .hasMessageContaining("forestall.sense.lane is 'gpu': give one of off, advise, dl4j")
        .hasMessageContaining("forestall.sense.advise-share is -1.0: give a number from 0.0 to 1.0")
        .hasMessageContaining("forestall.sense.lane-share is 1.5: give a number from 0.0 to 1.0")
        .hasMessageContaining("forestall.sense.lane-batch-size is 0: give a number from 1 to 4096")
        .hasMessageContaining("forestall.sense.laen is no option of the sense job");
  }

  @Test
  void thresholdsMustBeInOrder() {
    Configuration configuration = new Configuration();
    set(configuration, "forestall.sense.warning-exit", "60");

    assertThatThrownBy(() -> SenseSettings.from(configuration))
        .hasMessageContaining(
            "forestall.sense.warning-exit (60.0) must be below forestall.sense.warning-enter"
                + " (60.0)");
  }

  @Test
  void silencesMustBeInOrderAndStateOutlivesThem() {
    Configuration configuration = new Configuration();
    set(configuration, "forestall.sense.machine-stale-after", "1 h");
    set(configuration, "forestall.sense.state-ttl", "13 d");
    set(configuration, "forestall.sense.peer-window", "0 s");

    assertThatThrownBy(() -> SenseSettings.from(configuration))
        .hasMessageContaining(
            "forestall.sense.machine-unknown-after is not longer than"
                + " forestall.sense.machine-stale-after")
        .hasMessageContaining(
            "forestall.sense.state-ttl is not longer than forestall.sense.unknown-after")
        .hasMessageContaining("forestall.sense.peer-window is 0");
    set(configuration, "forestall.sense.machine-stale-after", "5 min");
    set(configuration, "forestall.sense.peer-window", "5 min");
    set(configuration, "forestall.sense.state-ttl", "0 s");
    assertThat(SenseSettings.from(configuration).stateTtlMillis()).isZero();
  }

  @Test
  void anOperatorsModelOfModesWins(@TempDir Path folder) throws Exception {
    ModeModel own =
        new ModeModel(
            "mine",
            4,
            StandardSymptomEngine.MODEL,
            StandardSymptomEngine.MODEL_VERSION,
            Map.of(),
            List.of());
    Path file = Files.write(folder.resolve("own.txt"), own.toBytes());
    Configuration configuration = new Configuration();
    set(configuration, "forestall.sense.mode-model", file.toString());
    SenseSettings settings = SenseSettings.from(configuration);
    Files.delete(file); // read where the job is submitted; the machines that run it have no file
    SenseSettings there = InstantiationUtil.clone(settings);
    assertThat(there.modes().id()).isEqualTo("mine");
    assertThat(there.modes().toBytes()).isEqualTo(own.toBytes());
    set(configuration, "forestall.sense.mode-model", "none");
    assertThat(SenseSettings.from(configuration).modes().curves()).isEmpty();
  }

  @Test
  void aModelOfModesThatCannotBeUsedIsRefusedAtTheStart(@TempDir Path folder) throws Exception {
    byte[] whole = TrainedModels.nodeModes().toBytes();
    Path cut = Files.write(folder.resolve("cut.txt"), Arrays.copyOf(whole, whole.length - 9));
    Path large = Files.write(folder.resolve("large.txt"), new byte[ModeModel.MAXIMUM_BYTES + 1]);
    ModeModel older =
        new ModeModel("old", 1, "other-symptoms", 1, Map.of(), TrainedModels.nodeModes().curves());
    Path other = Files.write(folder.resolve("other.txt"), older.toBytes());
    for (Map.Entry<Path, String> each :
        Map.of(
                cut,
                "cut short or damaged",
                large,
                "larger than",
                other,
                "symptoms of another version",
                folder.resolve("none.txt"),
                "there is no such file",
                folder,
                "cannot be used")
            .entrySet()) {
      Configuration configuration = new Configuration();
      set(configuration, "forestall.sense.mode-model", each.getKey().toString());
      assertThatThrownBy(() -> SenseSettings.from(configuration))
          .hasMessageContaining("forestall.sense.mode-model is '" + each.getKey() + "'")
          .hasMessageContaining(each.getValue())
          .hasMessageContaining("shipped or none");
    }
    Configuration configuration = new Configuration();
    set(configuration, "forestall.sense.mode-model", " ");
    assertThatThrownBy(() -> SenseSettings.from(configuration)).hasMessageContaining("is empty");
  }

  @Test
  void settingsTravelWithTheJob() throws Exception {
    assertThat(InstantiationUtil.clone(SenseSettings.defaults()))
        .isEqualTo(SenseSettings.defaults());
  }

  /** Write the page anew with {@code -Dforestall.write=true}. */
  @Test
  void pageOfOptionsIsUpToDate() throws Exception {
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(PAGE, OptionsPage.markdown(), StandardCharsets.UTF_8);
    }
    assertThat(PAGE).content(StandardCharsets.UTF_8).isEqualTo(OptionsPage.markdown());
  }

  private static void set(Configuration configuration, String key, String value) {
    configuration.setString(key, value);
  }
}
