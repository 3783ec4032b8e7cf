package io.forestall.operators.train;

import io.forestall.operators.types.Wired;
import io.forestall.risk.Recalibration;
import io.forestall.risk.learn.InputDrift;
import io.forestall.risk.learn.LabelWatch;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/** What the trainer of a mode remembers beside the histories and the models. For one thread. */
public final class TrainMemory {

  private static final int VERSION = 2;

  /** Stands for "none". */
  static final long NONE = Long.MIN_VALUE;

  /** Failures by day, and how many disks report. */
  LabelWatch watch = new LabelWatch();

  /** Spread of the inputs at the last accepted trial, or at the first one; null before that. */
  @Nullable InputDrift reference;

  /** Event time of the newest trial that has ended; milliseconds, {@link #NONE} without one. */
  long lastTrialMillis = NONE;

  /** Event time of the trial whose training goes on; milliseconds, {@link #NONE} without one. */
  long runningMillis = NONE;

  /** Highest version of a model that was ever seen or given. */
  int highestVersion;

  /** Disks that report, as heard for the trial of {@link #countedMillis}; count. */
  long counted;

  /** Event time of the newest trial that a disk was handed over for; milliseconds. */
  long countedMillis = NONE;

  /** Failures expected of the champion and observed; of the one named beside it. */
  Recalibration recalibration = new Recalibration();

  /** Whose {@link #recalibration} is, as {@link #name} says it; empty before any trial. */
  String recalibrated = "";

  /** One version of a model as a name. */
  static String name(String id, int version) {
    return id + "/" + version;
  }

  /** Writes it. */
  public static void write(TrainMemory memory, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(memory.lastTrialMillis);
    out.writeLong(memory.runningMillis);
    out.writeInt(memory.highestVersion);
    out.writeLong(memory.counted);
    out.writeLong(memory.countedMillis);
    memory.watch.write(out);
    InputDrift reference = memory.reference;
    out.writeBoolean(reference != null);
    if (reference != null) {
      reference.write(out);
    }
    out.writeUTF(memory.recalibrated);
    memory.recalibration.write(out);
  }

  /** Reads what {@link #write} wrote. */
  public static TrainMemory read(DataInputView in) throws IOException {
    int version = Wired.version(in, VERSION, "memory of the trainer");
    TrainMemory memory = new TrainMemory();
    memory.lastTrialMillis = in.readLong();
    memory.runningMillis = in.readLong();
    memory.highestVersion = in.readInt();
    memory.counted = in.readLong();
    memory.countedMillis = in.readLong();
    memory.watch = LabelWatch.read(in);
    memory.reference = in.readBoolean() ? InputDrift.read(in) : null;
    if (version >= 2) {
      memory.recalibrated = in.readUTF();
      memory.recalibration = Recalibration.read(in);
    }
    return memory;
  }
}
