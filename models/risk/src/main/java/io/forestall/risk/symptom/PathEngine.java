package io.forestall.risk.symptom;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.SignalState;
import java.io.DataInput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Watches what clients see of volumes and nodes of their peers: a baseline for each path, and what
 * the paths of one volume say together. Row A8. Pure. Not thread-safe.
 */
public final class PathEngine {
  private final SymptomPolicy policy;
  private final SymptomEngine engine;
  private final SignalDeriver deriver;

  /**
   * An engine.
   *
   * @param policy limits and weights
   * @param engine watches each path; used by this engine alone
   * @param deriver derives the signals of a path
   */
  public PathEngine(SymptomPolicy policy, SymptomEngine engine, SignalDeriver deriver) {
    this.policy = policy;
    this.engine = engine;
    this.deriver = deriver;
  }

  /**
   * What one sample of a path said.
   *
   * @param member what is remembered of the path now; to be stored under the path's key
   * @param report anomalies, baselines and modes of the path
   * @param group what the paths of the volume say together, null for the paths of a node and while
   *     nothing worth saying has changed
   * @param evicted keys of paths that are forgotten from now on; to be removed
   */
  public record PathReport(
      PathMember member,
      SymptomEngine.Report report,
      @Nullable Finding group,
      List<String> evicted) {
    public PathReport {
      evicted = List.copyOf(evicted);
    }
  }

  /**
   * Key of the group of a path: {@code volume/V} of {@code pair/V@C}, {@code node/A} of {@code
   * edge/A>B}.
   *
   * @throws IllegalArgumentException when it is no path
   */
  public static String group(String path) {
    throw new UnsupportedOperationException(path);
  }

  /** What is remembered of a path of which nothing is known. */
  public PathMember freshMember() {
    return new PathMember(SignalState.fresh(), engine.fresh());
  }

  /**
   * Reads what {@link PathMember#write} wrote.
   *
   * @throws IOException when the bytes are no member
   */
  public PathMember readMember(DataInput in) throws IOException {
    return new PathMember(SignalState.read(in), engine.read(in));
  }

  /**
   * Takes one sample in.
   *
   * @param group the group of the path; moved on
   * @param member what is remembered of the path, null when nothing is; moved on
   * @param sample of scope PATH
   * @return null when the sample is not newer than the one before it: nothing has changed then
   */
  public @Nullable PathReport observe(
      PathGroup group, @Nullable PathMember member, EntitySample sample) {
    throw new UnsupportedOperationException("" + policy + deriver);
  }

  /** What is usual for a path, one entry for each signal that is known. */
  public List<Baseline> baselines(PathMember member) {
    return engine.baselines(member.symptoms, null);
  }
}
