package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;

/**
 * Chooses the act by the time that is left (G17): what takes longest is also gentlest, so the
 * longest that still fits is taken. Hours left: migrate; minutes: build a shadow; seconds: prefetch
 * the metadata; none: fail over now. Pure.
 */
public final class Ladder {

  private Ladder() {}

  /**
   * The act and why.
   *
   * @param act what to do
   * @param reason the choice as a sentence with its numbers
   */
  public record Choice(ActKind act, String reason) {}

  /** True when the ladder may choose another act in place of this one. */
  public static boolean refines(ActKind recommendation) {
    return recommendation == ActKind.PREFETCH
        || recommendation == ActKind.SHADOW
        || recommendation == ActKind.MIGRATE
        || recommendation == ActKind.FAILOVER;
  }

  /**
   * Chooses.
   *
   * @param recommendation what the rule recommends; acts that are no rung stay as they are
   * @param predicted false for a failure that has happened: the recommendation stays
   * @param severity of the incident: below the limit for failover no failover is chosen unless it
   *     was recommended
   * @param leftMillis predicted time to failure; milliseconds
   * @param bytes what would have to be copied; bytes
   * @param limits bandwidth and leads
   */
  public static Choice choose(
      ActKind recommendation,
      boolean predicted,
      Severity severity,
      long leftMillis,
      long bytes,
      GuardPolicy limits) {
    if (!refines(recommendation)) {
      return new Choice(recommendation, "The rule asks for " + recommendation + ".");
    }
    if (!predicted) {
      return new Choice(
          recommendation, "It has happened already, so " + recommendation + " as the rule asks.");
    }
    double copyMillis = 1000.0 * bytes / limits.copyBytesPerSecond() * limits.safetyFactor();
    String known =
        String.format(
            java.util.Locale.ROOT,
            "%s left; copying %.1f GiB takes %s with a safety factor of %.1f",
            words(leftMillis),
            bytes / (double) (1L << 30),
            words((long) copyMillis),
            limits.safetyFactor());
    String facts =
        bytes > 0 ? known : words(leftMillis) + " left; how many bytes to copy is not known";
    if (leftMillis >= limits.migrateLeadMillis() + copyMillis) {
      return new Choice(ActKind.MIGRATE, facts + ": time to migrate.");
    }
    if (leftMillis >= limits.shadowLeadMillis() + copyMillis) {
      return new Choice(ActKind.SHADOW, facts + ": time to build a shadow, not to migrate.");
    }
    if (leftMillis >= limits.prefetchLeadMillis()) {
      return new Choice(ActKind.PREFETCH, facts + ": time only to prefetch the metadata.");
    }
    boolean mayFailOver =
        recommendation == ActKind.FAILOVER || severity.compareTo(limits.failoverSeverity()) >= 0;
    return mayFailOver
        ? new Choice(ActKind.FAILOVER, facts + ": no time, fail over now.")
        : new Choice(
            ActKind.PREFETCH,
            facts + ": no time, but " + severity + " is too little for a failover; prefetch.");
  }

  /** A time as people say it. */
  static String words(long millis) {
    double seconds = millis / 1000.0;
    if (seconds < 120) {
      return String.format(java.util.Locale.ROOT, "%.0f s", seconds);
    }
    if (seconds < 7200) {
      return String.format(java.util.Locale.ROOT, "%.0f min", seconds / 60);
    }
    if (seconds < 172_800) {
      return String.format(java.util.Locale.ROOT, "%.1f h", seconds / 3600);
    }
    return String.format(java.util.Locale.ROOT, "%.1f d", seconds / 86_400);
  }
}
