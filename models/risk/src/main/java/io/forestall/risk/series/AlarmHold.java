package io.forestall.risk.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Joins the samples of one trouble to one alarm. An alarm begins with the first sample above the
 * threshold and is held a while after the last one, the longer the longer the trouble lasts: a
 * single spike is a short alarm, and hours of bursts are one alarm and not fifty. Uses nothing
 * later than the sample at hand. Mutable, not thread-safe.
 */
public final class AlarmHold {
  /** Samples that an alarm is held at least. */
  private static final int LEAST = 2;

  /** Samples held for each sample of the trouble so far. */
  private static final int FOR_EACH = 2;

  private static final int MOST = LEAST + 60;

  private boolean raised;
  private int age;
  private int left;

  /** No alarm yet. */
  public AlarmHold() {}

  /**
   * Takes one sample in.
   *
   * @param above true when its score is at or above the threshold
   * @return true while there is an alarm
   */
  public boolean observe(boolean above) {
    if (above) {
      age = raised ? Math.min(MOST, age + 1) : 0;
      raised = true;
      left = Math.min(MOST, LEAST + FOR_EACH * age);
    } else if (raised) {
      age = Math.min(MOST, age + 1);
      raised = left-- > 0;
    }
    return raised;
  }

  void write(DataOutput out) throws IOException {
    out.writeBoolean(raised);
    out.writeByte(age);
    out.writeByte(left);
  }

  static AlarmHold read(DataInput in) throws IOException {
    AlarmHold hold = new AlarmHold();
    hold.raised = in.readBoolean();
    hold.age = in.readByte();
    hold.left = in.readByte();
    return hold;
  }
}
