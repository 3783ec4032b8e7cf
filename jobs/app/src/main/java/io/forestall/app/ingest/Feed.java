package io.forestall.app.ingest;

import io.forestall.nodes.FrameSink;
import java.io.IOException;

/**
 * Something that tells of a fleet: files, or a simulation. It sends fleet entries before the frames
 * that need them, and frames in time order. The demo and {@code forestall ingest} run the same
 * feeds:
 *
 * <pre>{@code
 * StopSignal stop = new StopSignal();
 * Feed feed = new SimulatedFeed(SimulatedFeed.Options.demo(System.currentTimeMillis()), progress);
 * try (TelemetryPublisher publisher = TelemetryPublisher.open(...)) {
 *   FeedSummary summary = feed.run(publisher, stop); // returns after stop.stop()
 * }
 * }</pre>
 */
public interface Feed {

  /** What it is, as one sentence for the page and the console. */
  String description();

  /** True when nothing of it is real: then every page that shows it must say so. */
  boolean simulated();

  /**
   * Sends everything, until the end or until told to stop, and waits until it has arrived. Run it
   * once, in a thread of its own.
   *
   * @param sink where to send it
   * @param stop tells it to stop; it then ends at the next whole batch
   * @return exact counts
   * @throws IOException when a file vanishes or cannot be opened
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  FeedSummary run(FrameSink sink, StopSignal stop) throws IOException, InterruptedException;
}
