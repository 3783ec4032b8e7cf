package io.forestall.decisions.shadow;

import io.forestall.decisions.Decider;
import io.forestall.decisions.ownership.UnitSpec;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which range an owner has verified next (E5, A17): one chunk at a time, of each of its units in
 * turn, from the first to the last chunk and then from the beginning. The number of a pass is the
 * time at which it began, so that it grows from owner to owner although nobody hands it over. Pure;
 * for one thread.
 */
public final class VerifyTurn {

  /**
   * A range to verify.
   *
   * @param offset first byte within the unit; bytes
   * @param length length; bytes
   * @param round number of the pass over the unit, growing
   */
  public record Next(String unit, long offset, long length, long round) {}

  /** How far the pass over one unit is. */
  private static final class Pass {
    private long offset;
    private long round;
    private long turn;
  }

  private final long everyMillis;
  private final Map<String, Pass> passes = new HashMap<>();
  private long nextMillis;
  private long turns;

  /**
   * Nothing was verified yet.
   *
   * @param everyMillis how often one chunk is verified; milliseconds, 0 for never
   */
  public VerifyTurn(long everyMillis) {
    this.everyMillis = everyMillis;
  }

  /** When something is to be verified next; monotonic, milliseconds, without end for never. */
  public long dueMillis() {
    return everyMillis > 0 ? nextMillis : Decider.NO_ALARM;
  }

  /**
   * What is verified now, null when the owner serves nothing.
   *
   * @param served the units that it serves; what it serves no more is forgotten
   * @param nowMillis monotonic; milliseconds
   * @param wallMillis milliseconds since 1970-01-01 UTC
   */
  public @Nullable Next next(List<UnitSpec> served, long nowMillis, long wallMillis) {
    nextMillis = nowMillis + everyMillis;
    Map<String, Pass> still = new HashMap<>();
    for (UnitSpec each : served) {
      still.put(each.unit(), passes.getOrDefault(each.unit(), new Pass()));
    }
    passes.clear();
    passes.putAll(still);
    UnitSpec spec =
        served.stream()
            .min(
                Comparator.comparingLong((UnitSpec each) -> turnOf(each))
                    .thenComparing(UnitSpec::unit))
            .orElse(null);
    Pass pass = spec == null ? null : passes.get(spec.unit());
    if (spec == null || pass == null) {
      return null;
    }
    if (pass.offset == 0) {
      pass.round = Math.max(pass.round + 1, wallMillis);
    }
    long offset = pass.offset;
    long length = Math.min(ShadowCopy.CHUNK_BYTES, spec.bytes() - offset);
    pass.offset = offset + length >= spec.bytes() ? 0 : offset + length;
    pass.turn = ++turns;
    return new Next(spec.unit(), offset, length, pass.round);
  }

  private long turnOf(UnitSpec spec) {
    Pass pass = passes.get(spec.unit());
    return pass == null ? 0 : pass.turn;
  }
}
