package io.forestall.app.conformance;

import io.forestall.app.conformance.Finding.Verdict;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The questions of the contract to one running node (G11). It speaks to the node by its topics
 * only, as the decide job does, and at level 2 plays the rival that takes a unit and gives it back.
 * The unit is without an owner that serves for a moment: never ask this of a volume that is in use.
 * Not safe for threads.
 */
final class Conformance {
  private static final long MAX_CLOCK_ERROR_MILLIS = 5 * 60_000L;
  private static final String LEVEL_LABEL = "forestall.level";

  private final NodeWires wires;
  private final Subject node;
  private final Signatures.@Nullable Signer signer;
  private final @Nullable String unit;
  private final long patienceMillis;
  private final String run;
  private final List<Finding> findings = new ArrayList<>();

  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final DeltaRecords deltas = new DeltaRecords();
  private final MapRecords maps = new MapRecords();
  private int commandCount;
  private String pool = "";

  /**
   * A conversation.
   *
   * @param signer a key that the node trusts; null when levels above 0 are not asked
   * @param unit unit of level 2 that the node owns; null for the first of its own
   * @param patienceMillis how long an answer may take; milliseconds
   * @param run makes the identifiers of this run its own
   */
  Conformance(
      NodeWires wires,
      Subject node,
      Signatures.@Nullable Signer signer,
      @Nullable String unit,
      long patienceMillis,
      String run) {
    this.wires = wires;
    this.node = node;
    this.signer = signer;
    this.unit = unit;
    this.patienceMillis = patienceMillis;
    this.run = run;
  }

  /** Asks everything up to a level, and says what was found, in the order it was asked. */
  List<Finding> ask(int level) {
    int declared = levelZero();
    if (level >= 1) {
      found(
          1,
          "The node declares this level in its fleet entry.",
          declared >= level,
          "declares " + declared + ", asked for " + level);
      levelOne(level);
    }
    if (level >= 2) {
      levelTwo();
    }
    return List.copyOf(findings);
  }

  private void found(int level, String question, boolean holds, String text) {
    findings.add(new Finding(level, question, holds ? Verdict.PASSED : Verdict.FAILED, text));
  }

  private void skipped(int level, String question, String why) {
    findings.add(new Finding(level, question, Verdict.SKIPPED, why));
  }

  // ---- level 0

  private int levelZero() {
    AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
    FleetEntry[] newest = new FleetEntry[1];
    try (NodeWires.Ear ear = wires.listen(Topics.FLEET, node.toString(), true)) {
      ear.drain(
          record -> {
            if (isKey(record, node.toString())) {
              newest[0] =
                  record.value() == null ? null : decoded(() -> codec.decode(record.value()));
            }
          });
    }
    FleetEntry entry = newest[0];
    String question = "A fleet entry says where the node stands.";
    if (entry == null) {
      found(0, question, false, "topic fleet has no entry of key " + node);
    } else {
      pool = entry.getPool();
      found(
          0,
          question,
          !entry.getPool().isEmpty() && !entry.getZone().isEmpty() && !entry.getRack().isEmpty(),
          String.format(
              Locale.ROOT,
              "pool '%s', zone '%s', rack '%s'",
              entry.getPool(),
              entry.getZone(),
              entry.getRack()));
    }
    frames();
    return entry == null ? 0 : level(entry.getLabels().get(LEVEL_LABEL));
  }

  private static int level(@Nullable String label) {
    return label != null && label.matches("[0-2]") ? Integer.parseInt(label) : 0;
  }

  private void frames() {
    AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
    List<TelemetryFrame> seen = new ArrayList<>();
    long beforeMillis = System.currentTimeMillis();
    try (NodeWires.Ear ear = wires.listen(Topics.TELEMETRY, node.id(), false)) {
      var unused =
          ear.await(
              Math.max(patienceMillis, 65_000),
              record -> {
                TelemetryFrame frame =
                    isKey(record, node.id()) && record.value() != null
                        ? decoded(() -> codec.decode(record.value()))
                        : null;
                if (frame != null) {
                  seen.add(frame);
                }
                return seen.size() == 2 ? seen : null;
              });
    }
    found(
        0,
        "Telemetry comes at least once a minute.",
        !seen.isEmpty(),
        seen.size() + " frames in " + (System.currentTimeMillis() - beforeMillis) + " ms");
    if (seen.size() == 2) {
      found(
          0,
          "Frames are numbered one after the other.",
          seen.get(1).getSequence() > seen.get(0).getSequence(),
          seen.get(0).getSequence() + " then " + seen.get(1).getSequence());
    }
    if (!seen.isEmpty()) {
      long offMillis = seen.get(0).getTimeMillis() - System.currentTimeMillis();
      found(
          0,
          "The node's clock is right within five minutes.",
          Math.abs(offMillis) < MAX_CLOCK_ERROR_MILLIS,
          "off by " + offMillis + " ms");
      found(
          0,
          "Frames hold measurements, each a number.",
          seen.get(0).getSamples().stream()
              .anyMatch(
                  sample ->
                      !sample.getMetrics().isEmpty()
                          && sample.getMetrics().values().stream().allMatch(Double::isFinite)),
          seen.get(0).getSamples().size() + " samples");
    }
  }

  // ---- level 1

  private void levelOne(int level) {
    Signatures.Signer key = signer;
    if (key == null) {
      skipped(1, "Commands are checked and obeyed.", "no key: name one with --key-file");
      return;
    }
    Command probe = command(Command.Kind.PROBE, null, List.of());
    answered(1, "A probe is answered.", probe, null, CommandAck.Status.DONE, null);

    Command.Kind kind = level >= 2 ? Command.Kind.PREPARE : Command.Kind.DRAIN;
    Admission drain = admission(ActKind.DRAIN, List.of(), null, node, in(60_000));
    answered(
        1,
        "A command without an admission is refused.",
        command(kind, null, List.of()),
        null,
        CommandAck.Status.REFUSED,
        CommandAck.Code.NO_ADMISSION);
    io.forestall.schemas.Admission forged = admissions.of(drain, key);
    forged.setSignature(flipped(forged.getSignature()));
    answered(
        1,
        "A forged signature is refused.",
        command(kind, drain, List.of()),
        forged,
        CommandAck.Status.REFUSED,
        CommandAck.Code.BAD_SIGNATURE);
    io.forestall.schemas.Admission stranger = admissions.of(drain, key);
    stranger.setKeyId("0123456789abcdef");
    answered(
        1,
        "A key that is not trusted is refused.",
        command(kind, drain, List.of()),
        stranger,
        CommandAck.Status.REFUSED,
        CommandAck.Code.UNKNOWN_KEY);
    io.forestall.schemas.Admission downgraded = admissions.of(drain, key);
    downgraded.setAlgorithm("none");
    answered(
        1,
        "Another algorithm than Ed25519 is refused.",
        command(kind, drain, List.of()),
        downgraded,
        CommandAck.Status.REFUSED,
        CommandAck.Code.BAD_SIGNATURE);
    Admission others =
        admission(ActKind.DRAIN, List.of(), null, Subject.node("conformance-other"), in(60_000));
    answered(
        1,
        "An admission for another node is refused.",
        command(kind, others, List.of()),
        admissions.of(others, key),
        CommandAck.Status.REFUSED,
        CommandAck.Code.NO_ADMISSION);
    Admission expired = admission(ActKind.DRAIN, List.of(), null, node, in(-60_000));
    answered(
        1,
        "An expired admission is refused.",
        command(kind, expired, List.of()),
        admissions.of(expired, key),
        CommandAck.Status.REFUSED,
        CommandAck.Code.EXPIRED);
    if (level == 1) {
      hooks(key, drain);
    }
  }

  private void hooks(Signatures.Signer key, Admission drain) {
    for (Command.Kind kind : List.of(Command.Kind.DRAIN, Command.Kind.LEAVE, Command.Kind.RETURN)) {
      Admission standsOn =
          kind == Command.Kind.RETURN
              ? admission(ActKind.RETURN, List.of(), null, node, in(60_000))
              : drain;
      Command order = command(kind, standsOn, List.of());
      io.forestall.schemas.Admission signed = admissions.of(standsOn, key);
      answered(1, "The hook of " + kind + " is run.", order, signed, CommandAck.Status.DONE, null);
      repeated(1, order, signed);
    }
  }

  /** The same command again: the same answer, marked as a repeat. */
  private void repeated(int level, Command order, io.forestall.schemas.@Nullable Admission signed) {
    CommandAck again = send(order, signed);
    found(
        level,
        "A repeated " + order.kind() + " is answered and not done again.",
        again != null && again.duplicate() && again.status() == CommandAck.Status.DONE,
        said(again));
  }

  // ---- level 2

  private void levelTwo() {
    Signatures.Signer key = signer;
    if (key == null) {
      skipped(2, "Epochs are kept.", "no key: name one with --key-file");
      return;
    }
    MapSlice slice = slice();
    if (slice == null) {
      skipped(
          2,
          "Epochs are kept.",
          unit == null
              ? "no map names the node as an owner: create a volume on it"
              : "no map has the unit " + unit + " with the node as its owner");
      return;
    }
    String name = unit == null ? owned(slice) : unit;
    Subject rival = Subject.node("conformance-" + run);
    try (NodeWires.Ear log = wires.listen(Topics.OWNERSHIP, slice.pool(), true)) {
      OwnershipFold fold = new OwnershipFold();
      log.drain(record -> fold(fold, record, key));
      Owned before = fold.owned(name);
      if (before == null || !before.owner().equals(node)) {
        found(2, "The node owns the unit by the log.", false, name + ": " + before);
        return;
      }
      pool = slice.pool();
      stale(key, name, before, rival);
      takeAway(key, log, fold, name, before, rival);
      giveBack(key, log, fold, name, rival);
    }
  }

  private void stale(Signatures.Signer key, String name, Owned before, Subject rival) {
    UnitStep wrong = new UnitStep(name, before.epoch() + 7, before.epoch() + 8);
    Admission admission = admission(ActKind.FAILOVER, List.of(wrong), rival, node, in(60_000));
    answered(
        2,
        "A takeover of an epoch that is not there is refused.",
        command(Command.Kind.PROMOTE, admission, List.of(wrong)),
        admissions.of(admission, key),
        CommandAck.Status.REFUSED,
        CommandAck.Code.WRONG_EPOCH);
    UnitStep step = new UnitStep(name, before.epoch(), before.epoch() + 1);
    Admission toRival = admission(ActKind.FAILOVER, List.of(step), node, rival, in(60_000));
    answered(
        2,
        "A takeover that was admitted for another target is refused.",
        command(Command.Kind.PROMOTE, toRival, List.of(step)),
        admissions.of(toRival, key),
        CommandAck.Status.REFUSED,
        CommandAck.Code.NO_ADMISSION);
  }

  private void takeAway(
      Signatures.Signer key,
      NodeWires.Ear log,
      OwnershipFold fold,
      String name,
      Owned before,
      Subject rival) {
    UnitStep step = new UnitStep(name, before.epoch(), before.epoch() + 1);
    Admission admission = admission(ActKind.FAILOVER, List.of(step), node, rival, in(60_000));
    append(key, OwnershipEntry.Kind.TAKEOVER, List.of(step), rival, admission);
    wires.send(
        Topics.DELTAS,
        name,
        deltas.encode(
            Delta.barrier(name, step.newEpoch(), rival.id(), System.currentTimeMillis())));
    Owned released =
        log.await(
            patienceMillis,
            record -> {
              fold(fold, record, key);
              Owned now = fold.owned(name);
              return now != null && now.epoch() == step.newEpoch() && now.released() ? now : null;
            });
    found(
        2,
        "A deposed owner that was serving says that it answers no more (RELEASE).",
        released != null,
        released == null
            ? "no RELEASE within " + patienceMillis + " ms"
            : "released epoch " + before.epoch());
  }

  private void giveBack(
      Signatures.Signer key, NodeWires.Ear log, OwnershipFold fold, String name, Subject rival) {
    long epoch = Objects.requireNonNull(fold.owned(name)).epoch();
    UnitStep step = new UnitStep(name, epoch, epoch + 1);
    Admission admission = admission(ActKind.FAILBACK, List.of(step), rival, node, in(60_000));
    io.forestall.schemas.Admission signed = admissions.of(admission, key);
    Command promote = command(Command.Kind.PROMOTE, admission, List.of(step));
    try (NodeWires.Ear log2 = wires.listen(Topics.DELTAS, name, false)) {
      CommandAck[] done = new CommandAck[1];
      try (NodeWires.Ear ear = wires.listen(Topics.ACKS, node.toString(), false)) {
        wires.send(Topics.COMMANDS, node.toString(), commands.encode(promote, signed));
        Owned taken =
            log.await(
                patienceMillis,
                record -> {
                  fold(fold, record, key);
                  Owned now = fold.owned(name);
                  return now != null && now.epoch() == step.newEpoch() && now.owner().equals(node)
                      ? now
                      : null;
                });
        found(
            2,
            "An admitted takeover is appended to the ownership log and counts.",
            taken != null,
            taken == null ? "nothing within " + patienceMillis + " ms" : "epoch " + taken.epoch());
        if (taken == null) {
          return;
        }
        append(key, OwnershipEntry.Kind.RELEASE, List.of(step), rival, null);
        done[0] = ear.await(patienceMillis, record -> ended(record, promote.id()));
      }
      Delta barrier =
          log2.await(
              patienceMillis,
              record -> {
                Delta delta =
                    isKey(record, name) ? decoded(() -> deltas.decode(record.value())) : null;
                return delta != null
                        && delta.kind() == Delta.Kind.BARRIER
                        && delta.epoch() == step.newEpoch()
                    ? delta
                    : null;
              });
      found(
          2,
          "A new epoch begins with its barrier.",
          barrier != null,
          barrier == null ? "no barrier of epoch " + step.newEpoch() : "epoch " + barrier.epoch());
      found(
          2,
          "The takeover is done once the unit serves.",
          done[0] != null && done[0].status() == CommandAck.Status.DONE,
          said(done[0]));
      repeated(2, promote, signed);
      long[] later = {0};
      log.drain(
          record -> {
            OwnershipEntry entry = entry(record, key);
            if (entry != null
                && entry.owner().equals(node)
                && entry.steps().stream().anyMatch(each -> each.unit().equals(name))
                && entry.kind() == OwnershipEntry.Kind.TAKEOVER) {
              later[0]++;
            }
          });
      found(
          2, "The repeat took nothing over again.", later[0] == 0, later[0] + " further takeovers");
    }
  }

  private void append(
      Signatures.Signer key,
      OwnershipEntry.Kind kind,
      List<UnitStep> steps,
      Subject owner,
      @Nullable Admission admission) {
    OwnershipEntry entry =
        new OwnershipEntry(
            pool,
            kind,
            steps,
            owner,
            1,
            admission,
            admission == null
                ? io.forestall.decisions.ownership.Authority.NONE
                : io.forestall.decisions.ownership.Authority.VALID,
            owner.id(),
            System.currentTimeMillis());
    wires.send(
        Topics.OWNERSHIP,
        pool,
        ownership.encode(entry, admission == null ? null : admissions.of(admission, key)));
  }

  private @Nullable MapSlice slice() {
    for (MapSlice slice : wires.newest(Topics.MAPS, value -> decoded(() -> maps.decode(value)))) {
      if (slice.segments().stream().anyMatch(this::mine)) {
        return slice;
      }
    }
    return null;
  }

  private boolean mine(MapSegment segment) {
    return segment.owner().equals(node) && (unit == null || unit.equals(segment.unit()));
  }

  private String owned(MapSlice slice) {
    return slice.segments().stream().filter(this::mine).findFirst().orElseThrow().unit();
  }

  private void fold(
      OwnershipFold fold, ConsumerRecord<byte[], byte[]> record, Signatures.Signer key) {
    OwnershipEntry entry = entry(record, key);
    if (entry != null) {
      var unused = fold.take(record.offset(), entry);
    }
  }

  private @Nullable OwnershipEntry entry(
      ConsumerRecord<byte[], byte[]> record, Signatures.Signer key) {
    return record.value() == null
        ? null
        : decoded(() -> ownership.decode(record.value(), key.trusted()));
  }

  // ---- commands

  private void answered(
      int level,
      String question,
      Command command,
      io.forestall.schemas.@Nullable Admission signed,
      CommandAck.Status status,
      CommandAck.@Nullable Code code) {
    CommandAck ack = send(command, signed);
    found(
        level,
        question,
        ack != null && ack.status() == status && (code == null || ack.code() == code),
        said(ack) + (code == null ? "" : ", wanted " + status + " " + code));
  }

  private @Nullable CommandAck send(
      Command command, io.forestall.schemas.@Nullable Admission signed) {
    try (NodeWires.Ear ear = wires.listen(Topics.ACKS, node.toString(), false)) {
      wires.send(Topics.COMMANDS, node.toString(), commands.encode(command, signed));
      return ear.await(patienceMillis, record -> ended(record, command.id()));
    }
  }

  private @Nullable CommandAck ended(ConsumerRecord<byte[], byte[]> record, String command) {
    CommandAck ack = record.value() == null ? null : decoded(() -> acks.decode(record.value()));
    return ack != null && ack.command().equals(command) && ack.ends() && ack.from().equals(node)
        ? ack
        : null;
  }

  private static String said(@Nullable CommandAck ack) {
    return ack == null
        ? "no answer"
        : ack.status()
            + " "
            + ack.code()
            + (ack.duplicate() ? " (repeat)" : "")
            + (ack.text().isEmpty() ? "" : ": " + ack.text());
  }

  private Command command(Command.Kind kind, @Nullable Admission admission, List<UnitStep> units) {
    long nowMillis = System.currentTimeMillis();
    return new Command(
        "conformance/" + run + "/" + commandCount++,
        kind,
        node,
        node,
        pool,
        admission,
        0,
        0,
        units,
        admission == null ? null : admission.target(),
        nowMillis,
        nowMillis - 1_000,
        nowMillis + 60_000,
        null,
        "A question of forestall conformance.",
        Map.of());
  }

  private Admission admission(
      ActKind act,
      List<UnitStep> units,
      @Nullable Subject source,
      Subject target,
      long expiresMillis) {
    long nowMillis = System.currentTimeMillis();
    return new Admission(
        "conformance/" + run + "/a" + commandCount++,
        1,
        Admission.State.ADMITTED,
        "conformance/" + run,
        act,
        target,
        pool,
        null,
        false,
        units,
        act.changesOwner() && act != ActKind.DRAIN ? source : target,
        act.changesOwner() && act != ActKind.DRAIN ? target : null,
        List.of(),
        1,
        Math.min(nowMillis, expiresMillis) - 1_000,
        Math.min(nowMillis, expiresMillis) - 1_000,
        expiresMillis,
        nowMillis,
        "A question of forestall conformance.",
        Map.of());
  }

  private static long in(long millis) {
    return System.currentTimeMillis() + millis;
  }

  private static ByteBuffer flipped(ByteBuffer signature) {
    byte[] bytes = new byte[signature.remaining()];
    signature.duplicate().get(bytes);
    bytes[0] ^= 1;
    return ByteBuffer.wrap(bytes);
  }

  private static boolean isKey(ConsumerRecord<byte[], byte[]> record, String key) {
    return record.key() != null
        && new String(record.key(), java.nio.charset.StandardCharsets.UTF_8).equals(key);
  }

  /** A decoder of bytes that may be anybody's. */
  interface Decoding<T> {
    T decode() throws WireException;
  }

  private static <T> @Nullable T decoded(Decoding<T> decoding) {
    try {
      return decoding.decode();
    } catch (WireException e) {
      return null;
    }
  }

  /** True when nothing failed. */
  static boolean keeps(List<Finding> findings) {
    Predicate<Finding> failed = finding -> finding.verdict() == Verdict.FAILED;
    return findings.stream().noneMatch(failed);
  }
}
