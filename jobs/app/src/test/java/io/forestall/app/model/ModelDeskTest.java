package io.forestall.app.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.model.ModelDesk.Done;
import io.forestall.app.model.ModelDesk.Voice;
import io.forestall.risk.FailureMode;
import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;
import io.forestall.schemas.ModelRecord;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ModelDeskTest {
  private static final long DAY = 86_400_000L;
  private static final long NOW = 1_767_225_600_000L; // 2026-01-01T00:00:00Z
  private static final Voice MARA = new Voice("mara", "it is better", false);
  private static final Voice JO = new Voice("jo", "I think otherwise", false);
  private static final String SHIPPED = TrainedModels.defaultDiskModelFile().id();
  private static final int SHIPPED_VERSION = TrainedModels.defaultDiskModelFile().version();

  private final TestingModelStore store = new TestingModelStore();
  private long now = NOW;
  private final ModelDesk desk = new ModelDesk(store, () -> now);

  private Done publish(int version) {
    return publish(TestingModelFiles.disk("m", version).toBytes(), ModelStandings.ADVISE);
  }

  private Done publish(byte[] bytes, long from) {
    return desk.publish("model.bin", bytes, "# a card", now, from, 14 * DAY, MARA);
  }

  private List<String> board(long time) {
    return desk.board(time).lines().stream()
        .map(
            line ->
                line.standing().model().name()
                    + " "
                    + line.standing().state()
                    + (line.standing().challenger() ? "*" : ""))
        .toList();
  }

  private static void refused(int code, String words, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).as("exit code").isEqualTo(code))
        .hasMessageContaining(words);
  }

  @Test
  void aModelIsPublishedToAdvisePromotedAndRolledBack() {
    Done published = publish(2);
    assertThat(published.key()).isEqualTo("disk/m/2");
    assertThat(published.notes().get(0)).contains("says on topic risk.lane").contains("promoted");
    assertThat(published.warnings()).isEmpty();
    String shipped = SHIPPED + " version " + SHIPPED_VERSION;
    assertThat(board(NOW)).containsExactly(shipped + " CHAMPION", "m version 2 ADVISE*");

    now = NOW + 40 * DAY;
    Done promoted = desk.promote("m", 2, null, now, 14 * DAY, JO);
    assertThat(promoted.warnings()).as("40 days are enough to warm it").isEmpty();
    assertThat(promoted.notes())
        .contains("champion of disk from 2026-02-10 00:00:00Z")
        .anySatisfy(
            note ->
                assertThat(note).contains(shipped + " is kept warm until 2026-02-24 00:00:00Z"));
    assertThat(board(now)).containsExactly("m version 2 CHAMPION", shipped + " FORMER");
    ModelRecord record = store.record("disk/m/2");
    assertThat(record.getPublishedMillis()).isEqualTo(NOW);
    assertThat(record.getAuthor()).isEqualTo("jo");
    assertThat(record.getReason()).isEqualTo("I think otherwise");
    assertThat(record.getChangedMillis()).isEqualTo(now);
    assertThat(record.getCard()).isEqualTo("# a card");

    now += DAY;
    Done back = desk.rollback("DISK", now, false, MARA);
    assertThat(back.notes())
        .containsExactly("m version 2 is withdrawn", shipped + " is the champion of disk again");
    assertThat(board(now)).containsExactly(shipped + " CHAMPION", "m version 2 WITHDRAWN");
    assertThat(store.record("disk/m/2").getWithdrawn()).isTrue();

    refused(
        ExitCodes.REFUSED, "there is none before it", () -> desk.rollback("disk", now, true, JO));
    Done again = desk.promote("m", 2, null, now, DAY, MARA);
    assertThat(store.record("disk/m/2").getPublishedMillis())
        .as("its memory is gone")
        .isEqualTo(now);
    assertThat(again.warnings().get(0)).contains("0 of 30 steps").contains("none is scored cold");
    assertThat(store.record("disk/m/2").getWithdrawn()).isFalse();
  }

  @Test
  void aPromotionBeforeItsMemoryIsWarmSaysWhenItWouldBe() {
    publish(2);
    Done early = desk.promote("m", 2, null, NOW + 10 * DAY, DAY, MARA);
    assertThat(early.warnings())
        .containsExactly(
            "its memory of a disk will have seen 12 of 30 steps by then: disks with a longer past"
                + " are scored by the one before it until it has, none is scored cold; --from"
                + " 2026-01-26T00:00:00Z would be late enough");
    assertThat(desk.promote("m", 2, null, NOW + 25 * DAY, DAY, MARA).warnings()).isEmpty();
    assertThat(desk.promote("m", 2, null, NOW + 25 * DAY, Long.MAX_VALUE, MARA).warnings())
        .isEmpty();
  }

  @Test
  void aFormerChampionThatIsColdIsRefusedUnlessForced() {
    publish(2);
    desk.promote("m", 2, null, NOW + 30 * DAY, DAY, MARA);
    long late = NOW + 40 * DAY;
    refused(
        ExitCodes.REFUSED,
        "is not warm: its memory was kept until 2026-02-01 00:00:00Z; promote it",
        () -> desk.rollback("disk", late, false, MARA));
    assertThat(desk.rollback("disk", late, true, MARA).warnings().get(0))
        .contains("a memory that begins anew");
  }

  @Test
  void whatCannotRunIsRefusedAndNothingIsWritten() {
    byte[] whole = TestingModelFiles.disk("m", 2).toBytes();
    refused(
        ExitCodes.USAGE,
        "model.bin: Model of " + (whole.length - 9) + " bytes is cut short or damaged",
        () -> publish(Arrays.copyOf(whole, whole.length - 9), ModelStandings.ADVISE));
    refused(
        ExitCodes.USAGE,
        "they do not begin with forestall-lstm-1",
        () -> publish(new byte[] {1, 2, 3}, ModelStandings.ADVISE));
    refused(
        ExitCodes.USAGE,
        "model.bin takes 23 inputs; the features of this release are 24",
        () ->
            publish(
                TestingModelFiles.file("m", 2, FailureMode.DISK, 23).toBytes(),
                ModelStandings.ADVISE));
    refused(
        ExitCodes.USAGE,
        "model.bin scores FAIL_SLOW",
        () ->
            publish(
                TestingModelFiles.file("m", 2, FailureMode.FAIL_SLOW, 24).toBytes(),
                ModelStandings.ADVISE));
    refused(
        ExitCodes.USAGE,
        "Model is larger than",
        () -> publish(new byte[StoredModel.MAXIMUM_BYTES + 1], ModelStandings.ADVISE));
    refused(ExitCodes.USAGE, "before it is published", () -> publish(whole, NOW - 1));
    refused(
        ExitCodes.REFUSED,
        "ships with this release",
        () ->
            publish(
                TestingModelFiles.disk(SHIPPED, SHIPPED_VERSION).toBytes(), ModelStandings.ADVISE));
    assertThat(store.written()).isZero();
    publish(2);
    refused(ExitCodes.REFUSED, "m version 2 is there already", () -> publish(2));
    assertThat(store.written()).isEqualTo(1);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    refused(
        ExitCodes.FOUND,
        "no model is called m version 9",
        () -> desk.promote("m", 9, null, NOW, DAY, MARA));
    refused(
        ExitCodes.REFUSED,
        "ships with the release",
        () -> desk.promote(SHIPPED, SHIPPED_VERSION, null, NOW, DAY, MARA));
    refused(
        ExitCodes.FOUND,
        "no model is champion of network",
        () -> desk.rollback("network", NOW, false, MARA));
    publish(2);
    desk.promote("m", 2, null, NOW, DAY, MARA);
    refused(
        ExitCodes.FOUND,
        "is the champion of disk at 2026-01-01 00:00:00Z already",
        () -> desk.promote("m", 2, "disk", NOW, DAY, MARA));
    refused(ExitCodes.REFUSED, "rollback disk", () -> desk.withdraw("m", 2, null, NOW, MARA));
    refused(
        ExitCodes.REFUSED, "stays", () -> desk.withdraw(SHIPPED, SHIPPED_VERSION, null, NOW, MARA));
    publish(3);
    desk.withdraw("m", 3, null, NOW, MARA);
    refused(ExitCodes.FOUND, "withdrawn already", () -> desk.withdraw("m", 3, null, NOW, MARA));
  }

  @Test
  void aPromotionBehindAnotherOneSaysSo() {
    publish(2);
    publish(3);
    desk.promote("m", 3, null, NOW + 50 * DAY, DAY, MARA);
    assertThat(desk.promote("m", 2, null, NOW + 30 * DAY, DAY, MARA).warnings())
        .containsExactly("m version 3 becomes champion after it, at 2026-02-20 00:00:00Z");
    assertThat(desk.promote("m", 2, null, NOW + 50 * DAY, DAY, MARA).warnings())
        .containsExactly(
            "m version 3 is before it at that time: it will not score; give another --from");
  }

  @Test
  void aModelThatIsOftenWrongIsDemotedAndTrustedAgain() {
    publish(2);
    Done demoted = desk.demote("m", 2, null, true, MARA);
    assertThat(demoted.notes().get(0)).contains("goes on scoring").contains("only advises");
    assertThat(store.record("disk/m/2").getDemoted()).isEqualTo("it is better");
    assertThat(board(NOW)).contains("m version 2 ADVISE*");
    refused(ExitCodes.FOUND, "demoted already", () -> desk.demote("m", 2, null, true, MARA));
    desk.demote("m", 2, null, false, JO);
    assertThat(store.record("disk/m/2").getDemoted()).isEmpty();
    refused(ExitCodes.FOUND, "is not demoted", () -> desk.demote("m", 2, null, false, JO));

    // The one that ships can be wrong too; it stays what it is.
    desk.demote(SHIPPED, SHIPPED_VERSION, null, true, MARA);
    ModelRecord record = store.record("disk/" + SHIPPED + "/" + SHIPPED_VERSION);
    assertThat(record.getDemoted()).isEqualTo("it is better");
    assertThat(record.getWeights().remaining())
        .isEqualTo(TrainedModels.defaultDiskModelFile().toBytes().length);
    assertThat(board(NOW)).contains(SHIPPED + " version " + SHIPPED_VERSION + " CHAMPION");
  }

  @Test
  void aDryRunWritesNothing() {
    Voice dry = new Voice("mara", "try", true);
    Done done =
        desk.publish(
            "model.bin",
            TestingModelFiles.disk("m", 2).toBytes(),
            "",
            NOW,
            ModelStandings.ADVISE,
            DAY,
            dry);
    assertThat(done.offset()).isEqualTo(-1);
    assertThat(store.written()).isZero();
  }

  @Test
  void ofTwoWhoChangeModelsAtOnceTheLastWinsAndTheOtherIsTold() {
    publish(2);
    publish(3);
    ModelDesk other = new ModelDesk(store, () -> now);
    Done[] theirs = new Done[1];
    store.after = () -> theirs[0] = other.withdraw("m", 2, null, NOW, JO);
    Done mine = desk.promote("m", 2, null, NOW + 30 * DAY, DAY, MARA);
    assertThat(mine.warnings())
        .containsExactly(
            "jo changed m version 2 at the same time, after this: theirs holds; look with"
                + " forestall model list");
    assertThat(store.record("disk/m/2").getWithdrawn()).as("the last record wins").isTrue();
    assertThat(theirs[0].warnings()).as("they read what was there").isEmpty();

    store.before = () -> other.promote("m", 3, null, NOW + 31 * DAY, DAY, JO);
    Done second = desk.promote("m", 2, null, NOW + 30 * DAY, DAY, MARA);
    assertThat(second.warnings())
        .contains(
            "jo changed m version 3 at the same time: look with forestall model list whether this"
                + " is what you both want");
  }

  @Test
  void figuresStandFirstAndWithoutThemTheAgeOfTheData() throws Exception {
    assertThat(ModelFacts.of(TestingModelFiles.disk("m", 2).toBytes()).headline())
        .isEqualTo("auc-30-days 0.812");
    assertThat(ModelFacts.of(TrainedModels.defaultDiskModelFile().toBytes()).headline())
        .isNotEqualTo("-");
  }

  @Test
  void aModelWhoseWeightsNobodyCanReadIsListedAndNotPromoted() {
    publish(2);
    ModelRecord broken =
        ModelRecord.newBuilder(store.record("disk/m/2"))
            .setWeights(java.nio.ByteBuffer.wrap(new byte[] {1}))
            .build();
    store.write("disk/m/2", broken);
    assertThat(board(NOW)).hasSize(2);
    refused(
        ExitCodes.REFUSED,
        "nobody can read the weights",
        () -> desk.promote("m", 2, null, NOW + DAY, DAY, MARA));
  }
}
