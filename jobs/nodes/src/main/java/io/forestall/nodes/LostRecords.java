package io.forestall.nodes;

import io.forestall.schemas.Topics;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells of records that the broker did not take: the first of a topic at once, then one line in ten
 * seconds with their number. A broker that is away for a minute would else fill the disk that its
 * nodes write to with lines. Safe for threads.
 */
public final class LostRecords {

  static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Consumer<String> say;
  private final LongSupplier nanoTime;
  private final Map<Topics, Told> told = new EnumMap<>(Topics.class);

  private static final class Told {
    long nanos;
    long silent;
    long all;
  }

  /**
   * @param say where lines go to
   * @param nanoTime a clock that never goes back; nanoseconds
   */
  public LostRecords(Consumer<String> say, LongSupplier nanoTime) {
    this.say = say;
    this.nanoTime = nanoTime;
  }

  /** Counts a record, and tells of it when its topic was not told of just now. */
  public void lost(Topics topic, String key, Exception problem) {
    String line;
    synchronized (told) {
      long now = nanoTime.getAsLong();
      Told of = told.get(topic);
      if (of == null) {
        of = new Told();
        told.put(topic, of);
      } else if (now - of.nanos < QUIET_NANOS) {
        of.silent++;
        of.all++;
        return;
      }
      of.nanos = now;
      of.all++;
      line =
          String.format(
              "The broker did not take the record of %s for %s (%d such since the last line, %d in"
                  + " all): %s",
              key, topic.noun(), of.silent, of.all, problem.getMessage());
      of.silent = 0;
    }
    say.accept(line);
  }
}
