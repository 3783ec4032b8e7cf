package io.forestall.operators.train;

import io.forestall.decisions.guard.ModelLedger;
import io.forestall.operators.ModelInput;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.StoredModel;
import io.forestall.risk.learn.DriveLog;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTally;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.co.CoProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Joins what models foretold of disks with what became of them, and tells how each version keeps
 * its word (G16). A version that is often wrong is demoted: its record on the models topic says
 * why, and the guard then only advises what stands on its predictions. It is trusted again once its
 * alarms come true again; what an operator has said is never taken back. One instance.
 *
 * <p>Its own acts are no excuse: a disk that left the fleet after an alarm proves nothing either
 * way, and is not counted.
 */
public final class LedgerFunction extends CoProcessFunction<TrainInput, ModelInput, ModelTally>
    implements CheckpointedFunction {

  /** Name of the state of the ledger; a name in savepoints, never to change. */
  public static final String LEDGER = "train-ledger";

  /** Name of the state of the models it may have to demote; a name in savepoints. */
  public static final String MODELS = "train-ledger-models";

  private static final long serialVersionUID = 1L;
  private static final ModelLedger.Rules RULES = ModelLedger.Rules.DEFAULTS;

  /** A failure may be told so much later than it happened. */
  private static final long GRACE_MILLIS = TimeUnit.DAYS.toMillis(DriveLog.GRACE_DAYS);

  private static final long LOOK_EVERY_MILLIS = TimeUnit.HOURS.toMillis(1);

  /** Models that can be demoted by themselves; the oldest gives way, the champion never. */
  private static final int MOST_MODELS = 8;

  private final ShippedModel shipped;

  private transient ModelLedger ledger;
  private transient Set<String> demoted;
  private transient Map<String, byte[]> models;
  private transient Map<String, ModelRecord> records;
  private transient AvroCodec<ModelRecord> codec;
  private transient ListState<byte[]> ledgerState;
  private transient ListState<byte[]> modelState;
  private transient long lookedMillis;
  private transient volatile int openAlarms;

  /**
   * A function.
   *
   * @param shipped the model of which there may be no record
   */
  @SuppressWarnings("NullAway.Init") // initializeState() is Flink's constructor
  public LedgerFunction(ShippedModel shipped) {
    this.shipped = shipped;
  }

  // ---- state

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    codec = AvroCodec.of(ModelRecord.class);
    ledger = new ModelLedger(RULES);
    demoted = new TreeSet<>();
    models = new TreeMap<>();
    records = new TreeMap<>();
    lookedMillis = Long.MIN_VALUE;
    ledgerState = context.getOperatorStateStore().getListState(bytes(LEDGER));
    modelState = context.getOperatorStateStore().getListState(bytes(MODELS));
    for (byte[] each : ledgerState.get()) {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(each));
      ledger = ModelLedger.read(in, RULES);
      for (int i = in.readInt(); i > 0; i--) {
        demoted.add(in.readUTF());
      }
    }
    for (byte[] each : modelState.get()) {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(each));
      keep(in.readUTF(), in.readAllBytes());
    }
    openAlarms = ledger.open();
    getRuntimeContext()
        .getMetricGroup()
        .addGroup("forestall")
        .gauge("alarmsOpen", () -> openAlarms);
  }

  private static ListStateDescriptor<byte[]> bytes(String name) {
    return new ListStateDescriptor<>(name, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(all);
    ledger.write(out);
    out.writeInt(demoted.size());
    for (String each : demoted) {
      out.writeUTF(each);
    }
    ledgerState.update(List.of(all.toByteArray()));
    List<byte[]> kept = new ArrayList<>();
    for (Map.Entry<String, byte[]> each : models.entrySet()) {
      kept.add(model(each.getKey(), each.getValue()));
    }
    modelState.update(kept);
  }

  private static byte[] model(String key, byte[] record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeUTF(key);
    out.write(record);
    return bytes.toByteArray();
  }

  // ---- inputs

  @Override
  public void processElement1(TrainInput input, Context context, Collector<ModelTally> out) {
    switch (input.kind()) {
      case ALARM -> {
        TrainInput.Alarm alarm = input.foretold();
        ledger.alarm(
            input.disk(),
            alarm.model(),
            alarm.version(),
            alarm.probability(),
            alarm.horizonMillis(),
            input.timeMillis());
      }
      case FAILED -> ledger.failed(input.disk(), input.timeMillis());
      case LEFT -> ledger.left(input.disk());
      case SAMPLE, DESCRIBED, NOTHING -> {}
    }
    long mark = context.timerService().currentWatermark();
    if (mark > Long.MIN_VALUE + GRACE_MILLIS && mark - LOOK_EVERY_MILLIS >= lookedMillis) {
      lookedMillis = mark;
      ledger.passed(mark - GRACE_MILLIS);
    }
    long now = Math.max(mark, input.timeMillis());
    openAlarms = ledger.open();
    for (ModelLedger.Standing standing : ledger.news()) {
      out.collect(tally(standing, now));
      heed(standing, now, context);
    }
  }

  private ModelTally tally(ModelLedger.Standing standing, long nowMillis) {
    ModelTally tally = new ModelTally();
    tally.setMode(FailureMode.DISK);
    tally.setId(standing.model());
    tally.setVersion(standing.version());
    tally.setTimeMillis(nowMillis);
    tally.setJudged(standing.judged());
    tally.setCameTrue(standing.cameTrue());
    tally.setPromised(standing.promised());
    tally.setShare(standing.share());
    tally.setLowest(standing.low());
    tally.setHighest(standing.high());
    tally.setDemoted(standing.demoted());
    tally.setText(standing.text());
    return tally;
  }

  /** Demotes when the standing turns, and only then: what an operator says in between holds. */
  private void heed(ModelLedger.Standing standing, long nowMillis, Context context) {
    String key = Keys.model(FailureMode.DISK, standing.model(), standing.version());
    ModelRecord record = records.get(key);
    if (!standing.demoted()) {
      demoted.remove(key);
      // Also of a version that was born demoted, as a copy of one.
      if (record != null
          && !record.getDemoted().isEmpty()
          && record.getAuthor().equals(TrialRecords.AUTHOR)
          && standing.judged() >= RULES.leastJudged()
          && standing.share() >= RULES.restoredAt() * standing.promised()) {
        publish(record, "", "it keeps its word: " + standing.text(), nowMillis, context);
      }
    } else if (demoted.add(key)) {
      if (record == null) {
        record = shippedRecord(standing, nowMillis);
      }
      if (record != null && !record.getWithdrawn() && record.getDemoted().isEmpty()) {
        String why = "often wrong: " + standing.text();
        publish(record, why, why, nowMillis, context);
      }
    }
  }

  private @Nullable ModelRecord shippedRecord(ModelLedger.Standing standing, long nowMillis) {
    if (!standing.model().equals(shipped.id()) || standing.version() != shipped.version()) {
      return null;
    }
    String format;
    try {
      format = StoredModel.fromBytes(shipped.bytes()).format();
    } catch (ModelFormatException e) {
      return null;
    }
    // Jobs score it from the release; its record only says what is thought of it.
    return ModelRecord.newBuilder()
        .setId(shipped.id())
        .setVersion(shipped.version())
        .setMode(FailureMode.DISK)
        .setPublishedMillis(nowMillis)
        .setEffectiveFromMillis(Long.MIN_VALUE)
        .setRollbackUntilMillis(Long.MIN_VALUE)
        .setFormat(format)
        .setWeights(ByteBuffer.wrap(shipped.bytes()))
        .setCard("The model that ships; its card is in the release.")
        .build();
  }

  private void publish(
      ModelRecord before, String demotedBecause, String reason, long nowMillis, Context context) {
    ModelRecord record =
        ModelRecord.newBuilder(before)
            .setAuthor(TrialRecords.AUTHOR)
            .setReason(reason)
            .setChangedMillis(nowMillis)
            .setDemoted(demotedBecause)
            .build();
    keep(TrialRecords.key(record), codec.encode(record));
    context.output(TrainTags.MODELS, record);
  }

  @Override
  public void processElement2(ModelInput input, Context context, Collector<ModelTally> out) {
    byte[] value = input.value();
    if (value == null) {
      models.remove(input.key());
      records.remove(input.key());
    } else {
      keep(input.key(), value);
    }
  }

  /** Key of the published model that is or will be champion; null when all only advise. */
  private @Nullable String champion() {
    String best = null;
    long from = Long.MIN_VALUE;
    for (Map.Entry<String, ModelRecord> each : records.entrySet()) {
      long effective = each.getValue().getEffectiveFromMillis();
      if (effective != Long.MAX_VALUE
          && !each.getValue().getWithdrawn()
          && (best == null || effective >= from)) {
        best = each.getKey();
        from = effective;
      }
    }
    return best;
  }

  private void keep(String key, byte[] bytes) {
    try {
      ModelRecord record = codec.decode(bytes);
      if (record.getMode() != FailureMode.DISK) {
        return;
      }
      models.put(key, bytes);
      records.put(key, record);
      if (records.size() > MOST_MODELS) {
        String champion = champion();
        String oldest =
            records.entrySet().stream()
                .filter(each -> !each.getKey().equals(champion))
                .min(Comparator.comparingLong(each -> each.getValue().getPublishedMillis()))
                .orElseThrow()
                .getKey();
        records.remove(oldest);
        models.remove(oldest);
      }
    } catch (WireException e) {
      // The job that scores writes the dead letter.
      models.remove(key);
      records.remove(key);
    }
  }
}
