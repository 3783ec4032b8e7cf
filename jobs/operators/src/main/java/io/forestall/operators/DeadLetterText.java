package io.forestall.operators;

import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;

/**
 * The sentences of the sense job's dead letters: what, where, what to do.
 *
 * @param topic topic that the samples came from
 */
record DeadLetterText(String topic) implements Serializable {

  String duplicate() {
    return "a sample of this thing and time was scored before: a repeat, nothing to do";
  }

  String late(long lastMillis) {
    return "older than the last scored sample of this thing, "
        + Instant.ofEpochMilli(lastMillis)
        + ": send the samples of a thing in the order of their times";
  }

  String unknown(long graceMillis) {
    return "the fleet topic has not described it within "
        + Duration.ofMillis(graceMillis)
        + " of event time: write its entry, then send the sample again";
  }

  String tooManyWaiting(int limit) {
    return "more than "
        + limit
        + " samples wait for its entry in the fleet topic: write the entry first";
  }

  String ended() {
    return "the fleet topic ended it before it described it";
  }
}
