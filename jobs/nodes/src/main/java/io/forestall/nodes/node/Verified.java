package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.nodes.node.Medium.MediumException;
import java.util.Arrays;
import java.util.List;

/** Digests that a holder takes where a VERIFY stands in the order of deltas (E5). */
final class Verified {

  /** SHA-256 over the big-endian CRC-32C of each block. */
  static final String ALGORITHM = "sha256-crc32c";

  /** Algorithm of a report without digests. */
  static final String NONE = "none";

  private Verified() {}

  /** True when what was digested is what was written. */
  static boolean isSound(HolderReport report) {
    return report.ranges().stream()
        .allMatch(each -> Arrays.equals(each.digest(), each.storedDigest()));
  }

  /**
   * Takes the digest of the range that a VERIFY names; its batch is the number of the pass.
   *
   * @param owner true when the holder owns the unit
   */
  static HolderReport report(Subject node, boolean owner, UnitFiles files, Delta verify)
      throws MediumException {
    UnitFiles.Digests digests = files.digests(verify.offset(), verify.length());
    return new HolderReport(
        verify.unit(),
        node,
        owner,
        verify.epoch(),
        verify.sequence(),
        ALGORITHM,
        List.of(
            new HolderReport.RangeDigest(
                verify.offset(), verify.length(), digests.is(), digests.was())),
        verify.batch(),
        0,
        false,
        null,
        System.currentTimeMillis());
  }
}
