package io.forestall.app.evaluate;

import io.forestall.app.evaluate.ServerScores.Variant;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What the score of the detector of many metrics is worth on servers whose trouble people have
 * labelled: learned on every other server and the earlier half of its rows, measured on the others
 * and the later half, and the other way round. Row A9.
 *
 * @param name of the set
 * @param servers count
 * @param rows measured; count
 * @param segments labelled segments that were measured; count
 * @param auc how well the score tells labelled rows from others
 * @param aucLow end of the middle 95 % of a bootstrap over servers
 * @param aucHigh other end
 * @param levels by score, lowest first
 */
public record ServerTrouble(
    String name,
    int servers,
    long rows,
    long segments,
    double auc,
    double aucLow,
    double aucHigh,
    List<Level> levels) {

  /**
   * Rows with scores between two quantiles of the rows that were learned from.
   *
   * @param fromQuantile share of the learning rows with lower scores
   * @param rows measured; count
   * @param labelled labelled rows among them; count
   * @param expected labelled rows that the learning part lets expect; count
   * @param ratio how much likelier the level is in labelled trouble than outside
   */
  public record Level(
      double fromQuantile, long rows, long labelled, double expected, double ratio) {}

  private static final double[] QUANTILES = {0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999};
  private static final int RESAMPLES = 200;

  /** Steps of the score, for areas under curves. */
  private static final int STEPS = 1000;

  public ServerTrouble {
    levels = List.copyOf(levels);
  }

  /**
   * Reads a set and measures.
   *
   * @param folder as {@code forestall evaluate servers} reads
   * @param seed of the bootstrap
   * @throws IOException when a file cannot be read
   */
  public static ServerTrouble of(Path folder, long seed) throws IOException {
    ServerSet set = ServerSet.open(folder, null);
    List<ServerScores> all = ServerScores.of(set);
    long[] rows = new long[QUANTILES.length];
    long[] labelled = new long[QUANTILES.length];
    double[] expected = new double[QUANTILES.length];
    List<long[][]> counts = new ArrayList<>();
    long segments = 0;
    for (int fold = 0; fold < 2; fold++) {
      double[] edges = edges(all, fold);
      double[] shares = shares(all, fold, edges);
      for (int i = 1 - fold; i < all.size(); i += 2) {
        long[][] steps = new long[2][STEPS];
        double[] scores = scores(all.get(i));
        boolean[] labels = all.get(i).server().labels();
        for (int row = scores.length / 2; row < scores.length; row++) {
          int level = level(edges, scores[row]);
          rows[level]++;
          labelled[level] += labels[row] ? 1 : 0;
          expected[level] += shares[level];
          steps[labels[row] ? 1 : 0][(int) Math.min(STEPS - 1, scores[row] * STEPS)]++;
          segments += labels[row] && (row == 0 || !labels[row - 1]) ? 1 : 0;
        }
        counts.add(steps);
      }
    }
    long allRows = Arrays.stream(rows).sum();
    long allLabelled = Arrays.stream(labelled).sum();
    List<Level> levels = new ArrayList<>();
    for (int level = 0; level < QUANTILES.length; level++) {
      double in = (double) labelled[level] / allLabelled;
      double out = (double) (rows[level] - labelled[level]) / (allRows - allLabelled);
      levels.add(
          new Level(QUANTILES[level], rows[level], labelled[level], expected[level], in / out));
    }
    double[] draws = new double[RESAMPLES];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < RESAMPLES; i++) {
      List<long[][]> drawn = new ArrayList<>();
      for (int k = 0; k < counts.size(); k++) {
        drawn.add(counts.get(random.nextInt(counts.size())));
      }
      draws[i] = auc(drawn);
    }
    Arrays.sort(draws);
    return new ServerTrouble(
        set.name(),
        all.size(),
        allRows,
        segments,
        auc(counts),
        draws[(int) (0.025 * RESAMPLES)],
        draws[(int) (0.975 * (RESAMPLES - 1))],
        levels);
  }

  private static double[] scores(ServerScores server) {
    return server.scores().getOrDefault(Variant.FULL, new double[0]);
  }

  /** Lower ends of the levels, from the rows that are learned from. */
  private static double[] edges(List<ServerScores> all, int fold) {
    double[] pooled = new double[0];
    for (int i = fold; i < all.size(); i += 2) {
      double[] scores = scores(all.get(i));
      int before = pooled.length;
      pooled = Arrays.copyOf(pooled, before + scores.length / 2);
      System.arraycopy(scores, 0, pooled, before, scores.length / 2);
    }
    Arrays.sort(pooled);
    double[] edges = new double[QUANTILES.length];
    edges[0] = Double.NEGATIVE_INFINITY;
    for (int level = 1; level < edges.length; level++) {
      edges[level] =
          pooled.length == 0 ? 1 : pooled[(int) (QUANTILES[level] * (pooled.length - 1))];
    }
    return edges;
  }

  /** Share of labelled rows by level, never falling, from the rows that are learned from. */
  private static double[] shares(List<ServerScores> all, int fold, double[] edges) {
    double[] rows = new double[edges.length];
    double[] labelled = new double[edges.length];
    for (int i = fold; i < all.size(); i += 2) {
      double[] scores = scores(all.get(i));
      boolean[] labels = all.get(i).server().labels();
      for (int row = 0; row < scores.length / 2; row++) {
        int level = level(edges, scores[row]);
        rows[level]++;
        labelled[level] += labels[row] ? 1 : 0;
      }
    }
    double[] shares = new double[edges.length];
    for (int level = 0; level < shares.length; level++) {
      double share = (labelled[level] + 0.5) / (rows[level] + 1);
      shares[level] = level == 0 ? share : Math.max(share, shares[level - 1]);
    }
    return shares;
  }

  private static int level(double[] edges, double score) {
    int level = edges.length - 1;
    while (level > 0 && score < edges[level]) {
      level--;
    }
    return level;
  }

  private static double auc(List<long[][]> counts) {
    double below = 0;
    double won = 0;
    double positives = 0;
    for (int step = 0; step < STEPS; step++) {
      double with = 0;
      double without = 0;
      for (long[][] each : counts) {
        with += each[1][step];
        without += each[0][step];
      }
      won += with * (below + 0.5 * without);
      below += without;
      positives += with;
    }
    return won / (positives * below);
  }
}
