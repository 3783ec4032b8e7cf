package io.forestall.nodes.client;

import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.PayloadCodec.Codec;

/**
 * Which compression pays on the data of one unit: for each codec running figures of the bytes that
 * it saves and of the time that it takes, and of these what a byte of data gains. The best one is
 * used, or none when none gains. Another takes its place only when it is better by a margin, so
 * that data on the edge does not swing it. What is not in use is tried now and then, the less often
 * the longer nothing came of it: data that does not compress is left as it is, at the price of one
 * try in {@value #RAREST_PROBE}. Has no clock: it is told what a try took. For one thread.
 */
final class CodecChoice {

  /**
   * What it is worth that a byte is not sent, journaled, kept three times and read back by every
   * copy: some ten passages, of which each carries 400 MB/s; nanoseconds.
   */
  static final double WORTH_NANOS = 25;

  /** By how much another must be better; share of what a byte is worth. */
  static final double MARGIN = 0.05;

  /** Payloads between two tries of what is not in use, at first and at most; count. */
  static final int SOONEST_PROBE = 16;

  static final int RAREST_PROBE = 512;

  /** Weight of the newest try. */
  private static final double WEIGHT = 0.125;

  /** Tries of which the quickest counts: the first ones of a process are slow; count. */
  private static final int WARMING = 8;

  /** A try that took so many times the usual was interrupted by something else. */
  private static final double OUTLIER = 8;

  private static final Codec[] TRIED = {Codec.LZ4, Codec.ZSTD};

  /** What is known of one codec, for a byte of data before compression. */
  private static final class Figures {
    private double saved;
    private double nanos;
    private long tries;

    void add(double savedShare, double nanosPerByte) {
      saved += (tries == 0 ? 1 : WEIGHT) * (savedShare - saved);
      if (tries < WARMING) {
        nanos = tries == 0 ? nanosPerByte : Math.min(nanos, nanosPerByte);
      } else {
        // Down at once and up slowly: a process takes long to warm up, and nothing is ever too
        // quick.
        double weight = nanosPerByte < nanos ? 0.5 : WEIGHT;
        nanos += weight * (Math.min(nanosPerByte, OUTLIER * nanos) - nanos);
      }
      tries++;
    }

    double gain() {
      return saved * WORTH_NANOS - nanos;
    }
  }

  private final Figures[] figures = {new Figures(), new Figures()};
  private Codec chosen = Codec.LZ4;
  private int probeEvery = SOONEST_PROBE;
  private int sinceProbe;
  private int probed;

  /** What to try for the next payload. */
  Codec next(int plainBytes) {
    if (plainBytes < PayloadCodec.LEAST_BYTES || ++sinceProbe < probeEvery) {
      return chosen;
    }
    sinceProbe = 0;
    do {
      probed = (probed + 1) % TRIED.length;
    } while (TRIED[probed] == chosen);
    return TRIED[probed];
  }

  /**
   * What came of a try.
   *
   * @param nanos that the processor took for it, its checksums included
   */
  void tried(Codec codec, int plainBytes, int encodedBytes, long nanos) {
    if (codec == Codec.NONE || plainBytes < PayloadCodec.LEAST_BYTES) {
      return;
    }
    double savedShare = 1 - (double) encodedBytes / plainBytes;
    double nanosPerByte = (double) nanos / plainBytes;
    figures[codec == Codec.LZ4 ? 0 : 1].add(savedShare, nanosPerByte);
    Codec before = chosen;
    choose();
    boolean promising = savedShare * WORTH_NANOS - nanosPerByte > gain(chosen) + margin();
    if (chosen != before || (codec != chosen && promising)) {
      probeEvery = SOONEST_PROBE;
    } else if (codec != chosen) {
      probeEvery = Math.min(2 * probeEvery, RAREST_PROBE);
    }
  }

  private void choose() {
    Codec best = chosen;
    double least = gain(chosen) + margin();
    for (Codec each : Codec.values()) {
      if (each != chosen && isKnown(each) && gain(each) > least) {
        best = each;
        least = gain(each);
      }
    }
    chosen = best;
  }

  private static double margin() {
    return MARGIN * WORTH_NANOS;
  }

  private double gain(Codec codec) {
    return switch (codec) {
      case NONE -> 0;
      case LZ4 -> figures[0].gain();
      case ZSTD -> figures[1].gain();
    };
  }

  private boolean isKnown(Codec codec) {
    return codec == Codec.NONE || figures[codec == Codec.LZ4 ? 0 : 1].tries > 0;
  }

  /** What is in use. */
  Codec chosen() {
    return chosen;
  }
}
