package io.forestall.decisions.ownership;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Units, admissions, commands, deltas and requests for tests. */
final class Cast {

  static final UnitSpec UNIT = new UnitSpec("v/0", "v", "p", 1 << 20, 4096);
  static final UnitStep STEP = new UnitStep("v/0", 1, 2);
  static final long EXPIRES = 10_000;

  private Cast() {}

  /** An admission for a failover of {@code v/0} from n-1 to n-2. */
  static Admission admission(String id, UnitStep... steps) {
    return admission(id, Admission.State.ADMITTED, ActKind.FAILOVER, steps);
  }

  static Admission admission(String id, Admission.State state, ActKind act, UnitStep... steps) {
    return admission(id, state, act, "n-1", "n-2", steps);
  }

  /** An admission for a failover of {@code v/0} from n-2 to n-1. */
  static Admission back(String id, UnitStep... steps) {
    return admission(id, Admission.State.ADMITTED, ActKind.FAILOVER, "n-2", "n-1", steps);
  }

  private static Admission admission(
      String id,
      Admission.State state,
      ActKind act,
      String source,
      String target,
      UnitStep... steps) {
    return new Admission(
        id,
        1,
        state,
        "proposal",
        act,
        Subject.node(source),
        "p",
        null,
        true,
        List.of(steps),
        Subject.node(source),
        Subject.node(target),
        List.of(),
        1,
        0,
        5,
        EXPIRES,
        0,
        "admitted",
        Map.of());
  }

  /** The order to n-2 to take {@code v/0} over from n-1. */
  static Command promote() {
    return command("c", Command.Kind.PROMOTE, "n-2", admission("a", STEP));
  }

  static Command command(
      String id, Command.Kind kind, String addressee, @Nullable Admission admission) {
    return command(
        id,
        kind,
        addressee,
        admission,
        admission == null ? List.of(STEP) : admission.units(),
        Map.of());
  }

  static Command command(
      String id,
      Command.Kind kind,
      String addressee,
      @Nullable Admission admission,
      List<UnitStep> units,
      Map<String, String> parameters) {
    return new Command(
        id,
        kind,
        Subject.node(addressee),
        Subject.node("n-1"),
        "p",
        admission,
        2,
        0,
        units,
        null,
        0,
        5,
        EXPIRES,
        null,
        "because",
        parameters);
  }

  static OwnershipEntry entry(
      OwnershipEntry.Kind kind, String owner, long incarnation, UnitStep... steps) {
    return new OwnershipEntry(
        "p",
        kind,
        List.of(steps),
        Subject.node(owner),
        incarnation,
        null,
        Authority.NONE,
        owner,
        0);
  }

  static OwnershipEntry takeover(
      String owner, Authority authority, Admission admission, UnitStep... steps) {
    return new OwnershipEntry(
        "p",
        OwnershipEntry.Kind.TAKEOVER,
        List.of(steps),
        Subject.node(owner),
        1,
        admission,
        authority,
        owner,
        0);
  }

  static Delta delta(long epoch, long sequence, String client, long request) {
    return new Delta(
        "v/0",
        epoch,
        sequence,
        Delta.Kind.WRITE,
        0,
        4096,
        "NONE",
        new byte[0],
        0,
        0,
        "n-1",
        client,
        request,
        0,
        0);
  }

  static NodeRequest request(long token, String client, long number, NodeRequest.Kind kind) {
    return request(token, client, number, kind, 0, 0, 4096);
  }

  static NodeRequest request(
      long token,
      String client,
      long number,
      NodeRequest.Kind kind,
      long epoch,
      long offset,
      long length) {
    return new NodeRequest(
        token,
        client,
        number,
        "v/0",
        epoch,
        kind,
        offset,
        length,
        "NONE",
        new byte[kind == NodeRequest.Kind.WRITE ? 16 : 0],
        0,
        0);
  }
}
