package io.forestall.risk;

import io.forestall.risk.symptom.Evidence;
import io.forestall.risk.symptom.Finding;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the I/O of a disk said last, and what its counters said then: the part of a disk's state
 * that lets either speak while the other is silent. Bounded: reasons have a budget of bytes.
 */
final class DiskSymptoms {
  /** Most bytes of the encoding. */
  static final int MAXIMUM_BYTES = 400;

  /** Bytes that all reasons may take. */
  private static final int REASON_BYTES = 330;

  private static final int MAXIMUM_TEXT_BYTES = 150;
  private static final int MAXIMUM_SLOW_REASONS = 2;
  private static final int MAXIMUM_DISK_REASONS = 3;
  private static final int VERSION = 1;

  /** Event time of the newest finding; epoch milliseconds. */
  final long timeMillis;

  /** Probability of mode FAIL_SLOW, and its horizon. */
  final double slowProbability;

  final long horizonMillis;
  final double confidence;

  /** Log-odds that slowness adds, the largest of late, and when that was. */
  final double slowNats;

  final long slowMillis;

  /** Log-odds that I/O errors add. */
  final double errorNats;

  final List<ReasonPart> slowReasons;

  /** Probability of all modes that models tell, without this finding; moved on by each sample. */
  double base;

  /** Reasons of mode DISK at the last sample, within the budget. */
  List<ReasonPart> diskReasons = List.of();

  private DiskSymptoms(
      long timeMillis,
      double slowProbability,
      long horizonMillis,
      double confidence,
      double slowNats,
      long slowMillis,
      double errorNats,
      List<ReasonPart> slowReasons) {
    this.timeMillis = timeMillis;
    this.slowProbability = slowProbability;
    this.horizonMillis = horizonMillis;
    this.confidence = confidence;
    this.slowNats = slowNats;
    this.slowMillis = slowMillis;
    this.errorNats = errorNats;
    this.slowReasons = slowReasons;
  }

  /** The finding, after what was known before; null when it does not tell mode FAIL_SLOW. */
  static @Nullable DiskSymptoms of(Finding finding, @Nullable DiskSymptoms before) {
    for (ModeAssessment mode : finding.modes()) {
      if (mode.mode() != FailureMode.FAIL_SLOW) {
        continue;
      }
      double slow = 0;
      double errors = 0;
      for (ReasonPart reason : mode.reasons()) {
        if (reason.metric().equals(Evidence.SLOW_IO.metric())
            || reason.metric().equals(Evidence.SLOW_IO_PEERS.metric())) {
          slow += reason.contribution();
        } else if (reason.metric().equals(Evidence.IO_ERRORS.metric())) {
          errors += reason.contribution();
        }
      }
      long slowMillis = finding.timeMillis();
      if (before != null) {
        double left =
            CrossSignal.remembered(
                before.slowNats, (double) finding.timeMillis() - before.slowMillis);
        if (left > slow) {
          slow = before.slowNats;
          slowMillis = before.slowMillis;
        }
      }
      DiskSymptoms now =
          new DiskSymptoms(
              finding.timeMillis(),
              Math.max(0, Math.min(1, mode.probability())),
              mode.horizonMillis(),
              Math.max(0, Math.min(1, finding.confidence())),
              slow,
              slowMillis,
              errors,
              within(mode.reasons(), MAXIMUM_SLOW_REASONS, REASON_BYTES));
      if (before != null) {
        now.base = before.base;
        now.keep(before.diskReasons);
      }
      return now;
    }
    return null;
  }

  /** Keeps reasons of mode DISK, as many as the budget has room for. */
  void keep(List<ReasonPart> reasons) {
    diskReasons = within(reasons, MAXIMUM_DISK_REASONS, REASON_BYTES - bytes(slowReasons));
  }

  /** What slowness and errors together add to the log-odds of mode DISK at a time. */
  double lift(long nowMillis, long lastRiseMillis) {
    return CrossSignal.lift(
        CrossSignal.remembered(slowNats, (double) nowMillis - slowMillis),
        nowMillis - timeMillis <= CrossSignal.WITHIN_MILLIS ? errorNats : 0,
        lastRiseMillis == Long.MIN_VALUE ? Long.MAX_VALUE : nowMillis - lastRiseMillis);
  }

  /** True while mode FAIL_SLOW can be told from it. */
  boolean isFresh(long nowMillis) {
    return nowMillis - timeMillis <= horizonMillis;
  }

  private static List<ReasonPart> within(List<ReasonPart> reasons, int most, int budget) {
    List<ReasonPart> kept = new ArrayList<>(most);
    int left = budget;
    for (ReasonPart reason : reasons) {
      String text = cut(reason.text());
      ReasonPart each =
          text.equals(reason.text())
              ? reason
              : new ReasonPart(reason.metric(), reason.value(), reason.contribution(), text);
      left -= bytes(each);
      if (kept.size() == most || left < 0) {
        break;
      }
      kept.add(each);
    }
    return List.copyOf(kept);
  }

  private static String cut(String text) {
    String cut = text;
    while (cut.getBytes(StandardCharsets.UTF_8).length > MAXIMUM_TEXT_BYTES) {
      cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
    }
    return cut;
  }

  private static int bytes(List<ReasonPart> reasons) {
    int bytes = 0;
    for (ReasonPart reason : reasons) {
      bytes += bytes(reason);
    }
    return bytes;
  }

  private static int bytes(ReasonPart reason) {
    return 18
        + reason.metric().getBytes(StandardCharsets.UTF_8).length
        + reason.text().getBytes(StandardCharsets.UTF_8).length;
  }

  /** Appends the encoding; the buffer is little-endian and has {@link #MAXIMUM_BYTES} left. */
  void put(ByteBuffer to) {
    to.put((byte) VERSION)
        .putLong(timeMillis)
        .putDouble(slowProbability)
        .putLong(horizonMillis)
        .putDouble(confidence)
        .putDouble(slowNats)
        .putLong(slowMillis)
        .putDouble(errorNats)
        .putDouble(base);
    put(to, slowReasons);
    put(to, diskReasons);
  }

  /**
   * Reads what {@link #put} wrote; null when it is of a version that is not known.
   *
   * @throws IndexOutOfBoundsException when it is cut short
   */
  static @Nullable DiskSymptoms get(ByteBuffer from) {
    try {
      if (from.get() != VERSION) {
        return null;
      }
      long timeMillis = from.getLong();
      double probability = from.getDouble();
      long horizonMillis = from.getLong();
      double confidence = from.getDouble();
      double slowNats = from.getDouble();
      long slowMillis = from.getLong();
      double errorNats = from.getDouble();
      double base = from.getDouble();
      DiskSymptoms symptoms =
          new DiskSymptoms(
              timeMillis,
              probability,
              horizonMillis,
              confidence,
              slowNats,
              slowMillis,
              errorNats,
              reasons(from));
      symptoms.base = base;
      symptoms.diskReasons = reasons(from);
      return symptoms;
    } catch (BufferUnderflowException shorter) {
      throw new IndexOutOfBoundsException("symptoms of a disk are cut short");
    }
  }

  private static void put(ByteBuffer to, List<ReasonPart> reasons) {
    to.put((byte) reasons.size());
    for (ReasonPart reason : reasons) {
      put(to, reason.metric());
      to.putDouble(reason.value()).putDouble(reason.contribution());
      put(to, reason.text());
    }
  }

  private static void put(ByteBuffer to, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    to.put((byte) bytes.length).put(bytes);
  }

  private static List<ReasonPart> reasons(ByteBuffer from) {
    List<ReasonPart> reasons = new ArrayList<>();
    for (int count = from.get() & 0xFF; count > 0; count--) {
      reasons.add(new ReasonPart(text(from), from.getDouble(), from.getDouble(), text(from)));
    }
    return List.copyOf(reasons);
  }

  private static String text(ByteBuffer from) {
    byte[] bytes = new byte[from.get() & 0xFF];
    from.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
