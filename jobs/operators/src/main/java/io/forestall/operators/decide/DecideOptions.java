package io.forestall.operators.decide;

import io.forestall.operators.SenseOptions;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of the decide job. {@link DecideSettings#from} maps them once to an immutable record
 * and refuses what makes no sense; OPTIONS.md is generated from here. Keys never change: a renamed
 * option keeps its old key as a deprecated one.
 */
public final class DecideOptions {

  /** First words of the keys of this job alone. */
  public static final String PREFIX = "forestall.decide.";

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key(PREFIX + "group-id")
          .stringType()
          .defaultValue("forestall-decide")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint.");

  public static final ConfigOption<String> SIGNING_KEY_FILE =
      ConfigOptions.key(PREFIX + "signing-key-file")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File with the guard's private key (forestall keys generate), read on every"
                  + " TaskManager. Empty: the guard has no key, advises and admits nothing,"
                  + " whatever the policies say.");

  public static final ConfigOption<String> TRUSTED_KEYS =
      ConfigOptions.key(PREFIX + "trusted-keys")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File or folder with the public keys whose admissions count, the guard's own and its"
                  + " former ones: an admission of a key that is missing here counts for nothing"
                  + " after a restore. Empty: the guard's own key alone.");

  public static final ConfigOption<String> OPERATOR_KEYS =
      ConfigOptions.key(PREFIX + "operator-keys")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File or folder with the public keys of operators. When set, policies that let more"
                  + " happen, and halts, count only with the signature of one of them. Empty:"
                  + " whoever may write the policies topic is believed.");

  public static final ConfigOption<Duration> HISTORY =
      ConfigOptions.key(PREFIX + "history")
          .durationType()
          .defaultValue(Duration.ofDays(1))
          .withDescription(
              "How far back incidents and proposals are read when there is no checkpoint. What is"
                  + " older is past acting on. Admissions are always read from the first on.");

  public static final ConfigOption<Duration> RISK_HISTORY =
      ConfigOptions.key(PREFIX + "risk-history")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription(
              "How far back scores are read when there is no checkpoint. A thing without a score"
                  + " since then is unknown, which is never taken for healthy.");

  public static final ConfigOption<Duration> PLACE_GRACE =
      ConfigOptions.key(PREFIX + "place-grace")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription(
              "How long, by the wall clock, a score waits for the fleet entry of its thing, and the"
                  + " end of an act for its admission.");

  public static final ConfigOption<Duration> FLUSH_INTERVAL =
      ConfigOptions.key(PREFIX + "flush-interval")
          .durationType()
          .defaultValue(Duration.ofMillis(1))
          .withDescription(
              "How long a record waits at most in a buffer between two steps; part of the time from"
                  + " an incident to its decision. 0 s sends each at once.");

  private DecideOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        SenseOptions.TOPIC_PREFIX,
        SenseOptions.KAFKA_BOOTSTRAP_SERVERS,
        GROUP_ID,
        SIGNING_KEY_FILE,
        TRUSTED_KEYS,
        OPERATOR_KEYS,
        HISTORY,
        RISK_HISTORY,
        PLACE_GRACE,
        FLUSH_INTERVAL);
  }
}
