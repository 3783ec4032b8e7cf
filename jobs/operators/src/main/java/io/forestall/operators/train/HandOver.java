package io.forestall.operators.train;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.learn.DriveLog;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * A disk's history on its way to the trainer.
 *
 * @param log the history; not to be written to
 * @param trialMillis event time of the trial that it is for; milliseconds since 1970-01-01 UTC
 * @param reports true when the disk reports and has not failed, as far as is known
 * @param newFailure true when its failure is told for the first time
 */
public record HandOver(DriveLog log, long trialMillis, boolean reports, boolean newFailure) {

  /** All go to the one trainer of the mode; a key in savepoints, never to change. */
  public static final String MODE = "DISK";

  /** Type information with a serializer of its own. */
  public static TypeInformation<HandOver> type() {
    return RecordFormat.HAND_OVER.info(HandOver.class);
  }

  /** Writes it. */
  public static void write(HandOver handOver, DataOutputView out) throws IOException {
    out.writeLong(handOver.trialMillis);
    out.writeByte((handOver.reports ? 1 : 0) | (handOver.newFailure ? 2 : 0));
    handOver.log.write(out);
  }

  /** Reads what {@link #write} wrote. */
  public static HandOver read(DataInputView in) throws IOException {
    long trialMillis = in.readLong();
    int flags = in.readUnsignedByte();
    return new HandOver(DriveLog.read(in), trialMillis, (flags & 1) != 0, (flags & 2) != 0);
  }
}
