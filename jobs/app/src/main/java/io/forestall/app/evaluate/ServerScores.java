package io.forestall.app.evaluate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.evaluate.ServerSet.Rows;
import io.forestall.app.evaluate.ServerSet.Server;
import io.forestall.risk.series.AlarmHold;
import io.forestall.risk.series.EwmaDetector;
import io.forestall.risk.series.MultiSeriesDetector;
import io.forestall.risk.series.MultiSeriesState;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.series.SeriesState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Scores of one server's test rows by each variant of the detector.
 *
 * @param server the server
 * @param stepMillis time from a row to the next; milliseconds
 * @param scores by variant, one for each test row
 */
record ServerScores(Server server, long stepMillis, Map<Variant, double[]> scores) {

  /** What is compared. */
  enum Variant {
    /** Mean over the metrics of the distance from a moving mean, and nothing else. */
    EWMA("plain EWMA", 2.0 / 3, false),
    /** The same with alarms held, to see what holding adds. */
    EWMA_HELD("EWMA, alarms held", 2.0 / 3, true),
    /** Sudden evidence alone. */
    SUDDEN("sudden evidence alone", MultiSeriesDetector.threshold(), true),
    /** Lasting evidence alone. */
    LASTING("lasting evidence alone", MultiSeriesDetector.threshold(), true),
    /** All but what peers say. */
    PEER_FREE("without peers", MultiSeriesDetector.threshold(), true),
    /** All of it. */
    FULL("full", MultiSeriesDetector.threshold(), true);

    final String label;
    final double threshold;
    private final boolean held;

    Variant(String label, double threshold, boolean held) {
      this.label = label;
      this.threshold = threshold;
      this.held = held;
    }

    /** Rows with alarm at a threshold. */
    boolean[] alarms(double[] scores, double atThreshold) {
      boolean[] alarms = new boolean[scores.length];
      AlarmHold hold = new AlarmHold();
      for (int row = 0; row < alarms.length; row++) {
        boolean above = scores[row] >= atThreshold;
        alarms[row] = held ? hold.observe(above) : above;
      }
      return alarms;
    }
  }

  /** Part of each value that the plain mean takes over. */
  private static final double EWMA_SHARE = 0.002;

  private static final double EWMA_MOST_SIGMAS = 20;

  /** Fewest other servers for a word of the peers. */
  private static final int LEAST_PEERS = 3;

  /** Any midnight: the time of the first row is not known. */
  private static final long START_MILLIS = 0;

  /**
   * Runs the detectors over all servers of a set, row by row at the same time, so that each row has
   * the peers' row before it: the last closed window. Nothing later is looked at.
   */
  static List<ServerScores> of(ServerSet set) throws IOException {
    List<Stream> streams = new ArrayList<>();
    try {
      for (Server server : set.servers()) {
        streams.add(new Stream(server));
      }
      double[] peers = new double[streams.size()];
      double[] others = new double[streams.size()];
      boolean some = true;
      for (long row = 0; some; row++) {
        for (int i = 0; i < peers.length; i++) {
          peers[i] = median(streams, i, others);
        }
        some = false;
        for (int i = 0; i < peers.length; i++) {
          some |= streams.get(i).step(START_MILLIS + row * set.stepMillis(), peers[i]);
        }
      }
      return streams.stream().map(stream -> stream.scores(set.stepMillis())).toList();
    } finally {
      for (Stream stream : streams) {
        stream.close();
      }
    }
  }

  /** Median evidence of the others of the group at the row before, NaN when they are few. */
  private static double median(List<Stream> streams, int one, double[] others) {
    int n = 0;
    String group = streams.get(one).server.group();
    for (int i = 0; i < streams.size(); i++) {
      Stream other = streams.get(i);
      if (i != one && other.server.group().equals(group) && !other.ended) {
        others[n++] = other.evidence;
      }
    }
    if (n < LEAST_PEERS) {
      return Double.NaN;
    }
    Arrays.sort(others, 0, n);
    return (others[(n - 1) / 2] + others[n / 2]) / 2;
  }

  /** One server's rows and what is remembered of them. */
  private static final class Stream {
    final Server server;
    double evidence;
    boolean ended;

    private final MultiSeriesDetector detector = new MultiSeriesDetector();
    private final MultiSeriesDetector.Reading reading = new MultiSeriesDetector.Reading();
    private final SeriesDetector plain = new EwmaDetector(EWMA_SHARE);
    private final SeriesDetector.Reading plainReading = new SeriesDetector.Reading();
    private final Map<Variant, double[]> scores = new EnumMap<>(Variant.class);
    private Rows rows;
    private boolean testing;
    private int scored;
    private @Nullable MultiSeriesState state;
    private SeriesState[] plainStates = new SeriesState[0];

    Stream(Server server) throws IOException {
      this.server = server;
      for (Variant variant : Variant.values()) {
        scores.put(variant, new double[server.labels().length]);
      }
      rows = new Rows(server.train());
    }

    /** Takes the next row in; false when there is none. */
    boolean step(long timeMillis, double peersEvidence) throws IOException {
      double[] row = ended ? null : rows.next();
      if (row == null && !testing) {
        testing = true;
        rows.close();
        rows = new Rows(server.test());
        row = rows.next();
      }
      if (row == null) {
        if (!ended && scored != server.labels().length) {
          throw wrongLength(scored + " rows");
        }
        ended = true;
        return false;
      }
      MultiSeriesState known = state;
      if (known == null) {
        known = detector.fresh(row.length);
        state = known;
        plainStates = new SeriesState[row.length];
        Arrays.setAll(plainStates, i -> plain.fresh());
      }
      if (row.length != known.metrics()) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            server.test()
                + " has rows of "
                + row.length
                + " numbers, "
                + server.train()
                + " of "
                + known.metrics());
      }
      detector.observe(known, timeMillis, row, peersEvidence, reading);
      evidence = reading.evidence;
      double sigmas = plainSigmas(row, timeMillis);
      if (testing) {
        if (scored == server.labels().length) {
          throw wrongLength("more rows");
        }
        put(Variant.EWMA, sigmas / (1 + sigmas));
        put(Variant.EWMA_HELD, sigmas / (1 + sigmas));
        put(Variant.SUDDEN, reading.sudden / (1 + reading.sudden));
        put(Variant.LASTING, reading.lasting / (1 + reading.lasting));
        put(Variant.PEER_FREE, reading.evidence / (1 + reading.evidence));
        put(Variant.FULL, reading.score);
        scored++;
      }
      return true;
    }

    private void put(Variant variant, double score) {
      scores.getOrDefault(variant, new double[0])[scored] = score;
    }

    private double plainSigmas(double[] row, long timeMillis) {
      double sum = 0;
      for (int metric = 0; metric < row.length; metric++) {
        if (Double.isFinite(row[metric])) {
          plain.observe(plainStates[metric], timeMillis, row[metric], plainReading);
          sum += Math.min(EWMA_MOST_SIGMAS, Math.abs(plainReading.deviation));
        }
      }
      return sum / row.length;
    }

    private CommandFailure wrongLength(String rowsThere) {
      return new CommandFailure(
          ExitCodes.FOUND,
          server.test() + " has " + rowsThere + " for " + server.labels().length + " labels");
    }

    ServerScores scores(long stepMillis) {
      return new ServerScores(server, stepMillis, scores);
    }

    void close() throws IOException {
      rows.close();
    }
  }
}
