package io.forestall.decisions.ownership;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a node of level 2 measures into its answers: how a command's units stand here, who asks for
 * them, how much room there is, how far the logs were read. For one thread.
 */
final class AckMeasurements {

  private final NodeUnits units;
  private @Nullable Long freeBytes;
  private @Nullable Long lagDeltas;
  private long lagBytes;
  private Map<String, HeldShadow> shadows = Map.of();

  AckMeasurements(NodeUnits units) {
    this.units = units;
  }

  /** Free space. */
  void freeBytes(long bytes) {
    freeBytes = bytes;
  }

  /** How many deltas of its units were not read yet, and about how many bytes those are. */
  void lag(long deltas, long bytes) {
    lagDeltas = deltas;
    lagBytes = bytes;
  }

  /** The shadows of the next command's units. */
  void shadows(Map<String, HeldShadow> held) {
    shadows = held;
  }

  /** Which clients asked for the command's units, and how long ago. */
  CommandAck withClients(CommandAck ack, Command command, long nowMillis) {
    Map<String, Double> values = new HashMap<>(ack.values());
    for (UnitStep step : command.units()) {
      NodeUnit unit = units.unit(step.unit());
      if (unit == null) {
        continue;
      }
      for (Map.Entry<String, long[]> each : unit.clientsSeen.entrySet()) {
        int slash = each.getKey().lastIndexOf('/');
        String client = slash > 0 ? each.getKey().substring(0, slash) : each.getKey();
        values.merge(
            SagaValues.CLIENT_PREFIX + client,
            (double) (nowMillis - each.getValue()[0]),
            Math::min);
      }
    }
    return ack.withValues(values);
  }

  /** Adds the sums over the command's units, and one unit's own numbers when it is alone. */
  CommandAck withUnits(Command command, CommandAck ack) {
    int held = 0;
    int fenced = 0;
    int drained = 0;
    int serving = 0;
    long longestMillis = 0;
    Long offset = null;
    for (UnitStep step : command.units()) {
      NodeUnit unit = units.unit(step.unit());
      HeldShadow shadow = shadows.get(step.unit());
      if (unit == null && shadow != null && shadow.state() == HeldShadow.State.IN_SYNC) {
        held++;
      }
      if (unit == null) {
        continue;
      }
      Long read = units.ownershipOffset(unit);
      if (read != null) {
        offset = offset == null ? read : Long.valueOf(Math.min(offset, read));
      }
      if (unit.role != Role.FAILED) {
        held++;
      }
      if (!units.isFenced(step) || !units.isMine(unit)) {
        // A probe asks how it is: an owner that is about to lose the unit serves it all the same.
        if (command.kind() == Command.Kind.PROBE
            && units.isMine(unit)
            && unit.role == Role.SERVING) {
          serving++;
        }
        continue;
      }
      fenced++;
      if (unit.role == Role.WAITING || unit.role == Role.SERVING) {
        drained++;
      }
      if (unit.role == Role.SERVING) {
        serving++;
        longestMillis = Math.max(longestMillis, unit.servingMillis - unit.claimedMillis);
      }
    }
    Map<String, Double> values = new HashMap<>();
    values.put(SagaValues.UNITS_HELD, (double) held);
    values.put(SagaValues.UNITS_FENCED, (double) fenced);
    values.put(SagaValues.UNITS_DRAINED, (double) drained);
    values.put(SagaValues.UNITS_SERVING, (double) serving);
    if (fenced > 0 && serving > 0) {
      values.put(SagaValues.TAKEOVER_MILLIS, (double) longestMillis);
    }
    if (lagDeltas != null) {
      values.put(SagaValues.LAG_DELTAS, (double) lagDeltas);
      values.put(SagaValues.LAG_BYTES, (double) lagBytes);
    }
    NodeUnit alone = command.units().size() == 1 ? units.unit(command.units().get(0).unit()) : null;
    Owned owned = alone == null ? null : alone.owned;
    return new CommandAck(
        ack.command(),
        ack.from(),
        ack.subject(),
        ack.pool(),
        ack.status(),
        ack.code(),
        ack.text(),
        ack.duplicate(),
        alone == null ? null : alone.id(),
        owned == null ? null : owned.epoch(),
        alone == null ? null : alone.fold.lastSequence(),
        alone == null ? null : checksum(alone),
        offset,
        freeBytes,
        values,
        ack.incarnation(),
        ack.sequence(),
        ack.timeMillis());
  }

  /** What two copies that stand at the same sequence must have alike. */
  private static int checksum(NodeUnit unit) {
    CRC32C crc = new CRC32C();
    crc.update(unit.id().getBytes(StandardCharsets.UTF_8));
    crc.update(
        ByteBuffer.allocate(16)
            .putLong(unit.fold.lastSequence())
            .putLong(unit.fold.chain())
            .flip());
    return (int) crc.getValue();
  }
}
