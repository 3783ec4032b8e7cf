package io.forestall.bench;

import com.sun.management.ThreadMXBean;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.risk.series.SeriesDetector.Reading;
import io.forestall.risk.series.SeriesState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * One step of the detector of one series, for many series in turn: time, allocation, bytes of
 * state, and what reading and writing the state around each step costs.
 */
public final class SeriesBenchmark {
  private static final int SERIES = 10_000;
  private static final int STEPS = 600;
  private static final int ROUNDS = 5;
  private static final long MINUTE_MILLIS = 60_000;

  private final EnsembleDetector detector = EnsembleDetector.standard();
  private final SeriesState[] states = new SeriesState[SERIES];
  private final Reading reading = new Reading();
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final SplittableRandom random = new SplittableRandom(1);
  private long minute;
  private double sum;

  private SeriesBenchmark() {}

  /** Prints one line for each round; the last are the warm ones. */
  public static void main(String[] args) throws IOException {
    new SeriesBenchmark().run();
  }

  private void run() throws IOException {
    for (int i = 0; i < SERIES; i++) {
      states[i] = detector.fresh();
    }
    steps(200);
    for (int round = 0; round < ROUNDS; round++) {
      long allocated = threads.getCurrentThreadAllocatedBytes();
      long began = threads.getCurrentThreadCpuTime();
      steps(STEPS / ROUNDS);
      long took = threads.getCurrentThreadCpuTime() - began;
      long bytes = threads.getCurrentThreadAllocatedBytes() - allocated;
      double count = (double) SERIES * STEPS / ROUNDS;
      System.out.printf(
          Locale.ROOT,
          "step over %,d series: %.0f ns, %.3f bytes allocated%n",
          SERIES,
          took / count,
          bytes / count);
    }
    keyed();
    System.out.printf(Locale.ROOT, "state: %d bytes (sum %.3f)%n", bytes(states[0]).length, sum);
  }

  private void steps(int steps) {
    for (int step = 0; step < steps; step++) {
      minute++;
      double day = 10 * Math.sin(2 * Math.PI * minute / 1440);
      for (SeriesState state : states) {
        detector.observe(state, minute * MINUTE_MILLIS, day + random.nextDouble(), reading);
        sum += reading.score;
      }
    }
  }

  /** As keyed state of a job does it: read, step, write. */
  private void keyed() throws IOException {
    byte[][] stored = new byte[SERIES][];
    for (int i = 0; i < SERIES; i++) {
      stored[i] = bytes(states[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
      long began = threads.getCurrentThreadCpuTime();
      int steps = 10;
      for (int step = 0; step < steps; step++) {
        minute++;
        for (int i = 0; i < SERIES; i++) {
          SeriesState state =
              detector.read(new DataInputStream(new ByteArrayInputStream(stored[i])));
          detector.observe(state, minute * MINUTE_MILLIS, random.nextDouble(), reading);
          stored[i] = bytes(state);
        }
      }
      System.out.printf(
          Locale.ROOT,
          "read, step, write: %.0f ns%n",
          (threads.getCurrentThreadCpuTime() - began) / (double) (SERIES * steps));
    }
  }

  private static byte[] bytes(SeriesState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    state.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
