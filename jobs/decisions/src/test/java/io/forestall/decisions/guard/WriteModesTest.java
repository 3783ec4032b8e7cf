package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Write modes: what operators may say of a volume, and what it means. */
class WriteModesTest {

  private static final Map<String, String> SYNCHRONOUS = Map.of("write-mode", "synchronous");
  private static final Map<String, String> ASYNCHRONOUS =
      Map.of("write-mode", "asynchronous", "async-bound", "500 ms");

  @Test
  void aModeHasItsBoundAndNothingElse() {
    assertThat(PolicyProblems.of(record("volume/v", "mode", true, SYNCHRONOUS))).isEmpty();
    assertThat(PolicyProblems.of(record("volume/v", "mode", true, ASYNCHRONOUS))).isEmpty();
    refused("has a bound", "volume/v", "mode", Map.of("write-mode", "asynchronous"));
    refused(
        "a synchronous one none",
        "volume/v",
        "mode",
        Map.of("write-mode", "synchronous", "async-bound", "1 s"));
    refused("says write-mode", "volume/v", "mode", Map.of());
    refused("is no write mode", "volume/v", "mode", Map.of("write-mode", "sometimes"));
    refused(
        "not between",
        "volume/v",
        "mode",
        Map.of("write-mode", "asynchronous", "async-bound", "2 min"));
    refused("that of a volume", "pool/p1", "mode", SYNCHRONOUS);
    refused("one write mode", "volume/v", "other", SYNCHRONOUS);
  }

  @Test
  void theBoundHoldsWhileTheRecordIsSwitchedOn() {
    assertThat(WriteModes.asyncBoundMillis(record("volume/v", "mode", true, ASYNCHRONOUS)))
        .isEqualTo(500);
    assertThat(WriteModes.asyncBoundMillis(record("volume/v", "mode", false, ASYNCHRONOUS)))
        .isZero();
    assertThat(WriteModes.asyncBoundMillis(record("volume/v", "mode", true, SYNCHRONOUS))).isZero();
  }

  private static void refused(String why, String scope, String id, Map<String, String> parameters) {
    assertThat(PolicyProblems.of(record(scope, id, true, parameters)))
        .as(parameters.toString())
        .anyMatch(problem -> problem.contains(why));
  }

  private static PolicyRecord record(
      String scope, String id, boolean enabled, Map<String, String> parameters) {
    return new PolicyRecord(
        scope + "/write_mode/" + id,
        id,
        PolicyRecord.Kind.WRITE_MODE,
        1,
        enabled,
        scope,
        scope.startsWith("pool/") ? null : Subject.parse(scope),
        ActKind.UNKNOWN,
        null,
        "somebody",
        "a test",
        1,
        1,
        null,
        parameters,
        "");
  }
}
