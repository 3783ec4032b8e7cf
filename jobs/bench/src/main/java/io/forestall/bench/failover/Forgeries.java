package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Topics;
import io.forestall.schemas.UnitEpoch;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Commands that nobody may obey, given while clients work: altered, replayed, expired, early,
 * without an admission, under an algorithm that is none. Each must be answered with its code, be
 * counted under it, and change nothing.
 */
final class Forgeries {

  private static final Duration SOON = Duration.ofSeconds(30);
  private static final long HOUR_MILLIS = 3_600_000L;

  /** Flink's JobManager asks for the metrics of tasks every ten seconds. */
  private static final Duration COUNTED = Duration.ofSeconds(60);

  /** What the decide job calls its count of answers, behind their status and code. */
  private static final String HEARD = "acksHeard";

  private static int number;

  private Forgeries() {}

  static void play(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    scene.leaves(act -> {});
    Tape.Seen real =
        scene
            .field()
            .tape()
            .await(
                mark,
                Command.class,
                "a command to promote",
                SOON,
                each -> each.getKind() == CommandKind.PROMOTE && each.getAdmission() != null);
    int forging = scene.now();
    Map<String, Long> before = scene.field().jobs().counted("decide", HEARD);

    refused(
        scene,
        real,
        "altered signature",
        List.of("BAD_SIGNATURE"),
        each -> admission(each).setSignature(flipped(admission(each).getSignature())));
    // One bit may leave a grant that reads as another, or none at all.
    refused(
        scene,
        real,
        "altered grant",
        List.of("BAD_SIGNATURE", "NO_ADMISSION"),
        each -> admission(each).setGrant(flipped(admission(each).getGrant())));
    refused(
        scene,
        real,
        "downgraded algorithm",
        List.of("BAD_SIGNATURE"),
        each -> admission(each).setAlgorithm("none"));
    refused(
        scene,
        real,
        "unknown key",
        List.of("UNKNOWN_KEY"),
        each -> admission(each).setKeyId("0123456789abcdef"));
    refused(scene, real, "no admission", List.of("NO_ADMISSION"), each -> each.setAdmission(null));
    refused(
        scene,
        real,
        "units that were not admitted",
        List.of("NO_ADMISSION"),
        each -> each.setUnits(List.of(new UnitEpoch(scene.unit(), 1L, 1_000L))));
    refused(
        scene,
        real,
        "expired",
        List.of("EXPIRED"),
        each -> {
          anew(scene, each, 0);
          each.setNotBeforeMillis(each.getTimeMillis() - 2 * HOUR_MILLIS);
          each.setExpiresMillis(each.getTimeMillis() - HOUR_MILLIS);
        });
    refused(
        scene,
        real,
        "expired admission",
        List.of("EXPIRED"),
        each -> anew(scene, each, -2 * HOUR_MILLIS));
    refused(
        scene,
        real,
        "too early",
        List.of("TOO_EARLY"),
        each -> {
          anew(scene, each, 0);
          each.setNotBeforeMillis(each.getTimeMillis() + HOUR_MILLIS);
          each.setExpiresMillis(each.getTimeMillis() + 2 * HOUR_MILLIS);
        });
    refused(
        scene,
        real,
        "another addressee",
        List.of("NO_ADMISSION"),
        each -> each.setAddressee(new EntityRef(EntityKind.NODE, owner)));
    // The very same bytes again: the answer of the first time, and nothing done.
    int replaying = scene.now();
    scene.pool().send(Topics.COMMANDS, real.key(), real.bytes());
    String id = ((Command) real.value()).getId();
    scene.await(
        replaying,
        Ack.class,
        "an answer to the replay",
        each ->
            each.getCommand().equals(id)
                && (each.getDuplicate() || each.getStatus() == AckStatus.REFUSED));
    int takeovers = scene.fences(forging).size();
    if (takeovers > 0) {
      scene.violated(takeovers + " takeovers by commands that nobody may obey");
    }
    counted(scene, forging, before);
    scene.note("11 forged commands refused");
    scene.served();
  }

  /** Waits until the decide job's metrics show every refusal under its code. */
  private static void counted(Scene scene, int forging, Map<String, Long> before) throws Exception {
    Map<String, Long> refused = new TreeMap<>();
    for (Ack each : scene.field().tape().since(forging, Ack.class)) {
      if (each.getStatus() == AckStatus.REFUSED) {
        refused.merge("status.REFUSED.code." + each.getCode(), 1L, Long::sum);
      }
    }
    Await.until(
        COUNTED,
        "the decide job has counted " + refused,
        () -> {
          Map<String, Long> after = scene.field().jobs().counted("decide", HEARD);
          return refused.entrySet().stream()
              .allMatch(
                  each ->
                      after.getOrDefault(each.getKey(), 0L) - before.getOrDefault(each.getKey(), 0L)
                          >= each.getValue());
        });
  }

  private static Admission admission(Command command) {
    Admission admission = command.getAdmission();
    if (admission == null) {
      throw new IllegalStateException("a command to promote has no admission");
    }
    return admission;
  }

  /**
   * Another act that the guard's own key has signed and nobody has begun: past its fence an act is
   * completed whatever the time.
   */
  private static void anew(Scene scene, Command command, long shiftMillis) {
    Field.Owner owner = scene.field().owner(scene.unit());
    if (owner == null) {
      throw new IllegalStateException(scene.unit() + " has no owner");
    }
    String target = scene.third(owner.node(), null);
    try {
      AdmissionRecords records = new AdmissionRecords();
      io.forestall.decisions.guard.Admission real = records.checked(admission(command));
      long issuedMillis = System.currentTimeMillis() + shiftMillis;
      List<UnitStep> steps = List.of(new UnitStep(scene.unit(), owner.epoch(), owner.epoch() + 1));
      io.forestall.decisions.guard.Admission other =
          new io.forestall.decisions.guard.Admission(
              "a-trial-" + ++number,
              1,
              real.state(),
              "p-trial-" + number,
              real.act(),
              Subject.node(owner.node()),
              real.pool(),
              real.zone(),
              real.predicted(),
              steps,
              Subject.node(owner.node()),
              Subject.node(target),
              real.budget(),
              real.sequence() + 1_000,
              issuedMillis,
              issuedMillis,
              issuedMillis + HOUR_MILLIS,
              issuedMillis,
              "Admitted by the trial",
              real.parameters());
      command.setAdmission(records.of(other, Signatures.Signer.read(scene.field().privateKey())));
      command.setAdmissionId(other.id());
    } catch (WireException | Signatures.KeyFileException e) {
      throw new IllegalStateException("cannot sign another admission", e);
    }
    command.setUnits(List.of(new UnitEpoch(scene.unit(), owner.epoch(), owner.epoch() + 1)));
    command.setAddressee(new EntityRef(EntityKind.NODE, target));
    command.setSubject(new EntityRef(EntityKind.NODE, owner.node()));
    command.setTarget(new EntityRef(EntityKind.NODE, target));
    command.setTimeMillis(System.currentTimeMillis());
    command.setNotBeforeMillis(command.getTimeMillis() - 1);
    command.setExpiresMillis(command.getTimeMillis() + HOUR_MILLIS);
  }

  private static ByteBuffer flipped(ByteBuffer whole) {
    byte[] bytes = new byte[whole.remaining()];
    whole.duplicate().get(bytes);
    bytes[bytes.length / 2] ^= 1;
    return ByteBuffer.wrap(bytes);
  }

  private static void refused(
      Scene scene, Tape.Seen real, String what, List<String> codes, Consumer<Command> forge)
      throws Exception {
    AvroCodec<Command> codec = AvroCodec.of(Command.class);
    Command forged = codec.decode(real.bytes());
    forged.setId("forged-" + System.currentTimeMillis() + "-" + ++number);
    forge.accept(forged);
    int mark = scene.now();
    scene
        .pool()
        .send(Topics.COMMANDS, "node/" + forged.getAddressee().getId(), codec.encode(forged));
    Ack answer =
        scene.await(
            mark,
            Ack.class,
            "an answer to: " + what,
            each ->
                each.getCommand().equals(forged.getId())
                    && each.getStatus() != AckStatus.RECEIVED
                    && each.getStatus() != AckStatus.PROGRESS);
    if (answer.getStatus() != AckStatus.REFUSED || !codes.contains(answer.getCode().name())) {
      scene.violated(
          what
              + " was answered "
              + answer.getStatus()
              + " "
              + answer.getCode()
              + " and not REFUSED "
              + codes);
    }
  }
}
