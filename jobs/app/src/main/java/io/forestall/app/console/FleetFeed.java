package io.forestall.app.console;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What fills a {@link FleetView}. Implementations are thread-safe. */
public interface FleetFeed extends AutoCloseable {
  /**
   * How far a feed has come.
   *
   * @param ready true when everything that was there at the start has been read, and reading goes
   *     on
   * @param trouble one line on what is wrong and what to do, null when nothing is
   * @param recordsByNoun records read by the noun of their topic
   * @param undecodable records that could not be decoded
   * @param lagRecords records between the feed and the ends of its topics
   */
  record Progress(
      boolean ready,
      @Nullable String trouble,
      Map<String, Long> recordsByNoun,
      long undecodable,
      long lagRecords) {
    /** A feed with nothing left to read. */
    public static final Progress DONE = new Progress(true, null, Map.of(), 0, 0);
  }

  /** How far this feed has come. */
  Progress progress();

  /** Stops feeding. */
  @Override
  void close();
}
