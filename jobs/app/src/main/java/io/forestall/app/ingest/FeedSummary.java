package io.forestall.app.ingest;

/**
 * What a feed sent, in exact counts: {@code rows == samples + refused}, and {@code deadLetters ==
 * refused + brokenFiles}. Immutable.
 *
 * @param batches whole batches (days) sent
 * @param rows rows read
 * @param samples samples sent in frames
 * @param frames frames sent
 * @param refused rows refused
 * @param brokenFiles files that were refused or broke off
 * @param members fleet entries sent
 * @param failures events of failed disks sent
 * @param lastMillis event time of the last batch; milliseconds since 1970-01-01 UTC, 0 without one
 */
public record FeedSummary(
    long batches,
    long rows,
    long samples,
    long frames,
    long refused,
    long brokenFiles,
    long members,
    long failures,
    long lastMillis) {

  /** Nothing sent. */
  public static final FeedSummary NONE = new FeedSummary(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Dead letters sent: refused rows and broken files. */
  public long deadLetters() {
    return refused + brokenFiles;
  }

  /** True when every row is accounted for. */
  public boolean reconciles() {
    return rows == samples + refused;
  }
}
