package io.forestall.app.model;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.model.ModelStandings.Model;
import io.forestall.app.model.ModelStandings.Standing;
import io.forestall.app.model.ModelStandings.State;
import io.forestall.app.operate.Times;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.RiskPolicy;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an operator can do with models, and what is checked before it is written (G16, A14). Every
 * change is one record on the models topic, so that the last of two who change the same model wins,
 * and whoever finds the other's record is told. Refusals are {@link CommandFailure}s. As
 * thread-safe as its store.
 */
final class ModelDesk {
  /** Largest record of the models topic, as the topic is made; bytes. */
  static final int MAXIMUM_RECORD_BYTES = 8 * 1024 * 1024;

  private static final int OVERHEAD_BYTES = 64 * 1024;
  private static final int MAXIMUM_CARD_CHARS = 1024 * 1024;

  private final ModelStore store;
  private final LongSupplier nowMillis;

  ModelDesk(ModelStore store, LongSupplier nowMillis) {
    this.store = store;
    this.nowMillis = nowMillis;
  }

  /**
   * Who changes something, and why.
   *
   * @param author name of the operator
   * @param reason a sentence
   * @param dryRun true checks everything and writes nothing
   */
  record Voice(String author, String reason, boolean dryRun) {}

  /**
   * One model and all that is known of it.
   *
   * @param standing how it stands
   * @param record its record, null when it is only shipped
   * @param facts what its weights say, null when nobody can read them
   * @param weightBytes length of the weights; bytes
   * @param card its card; Markdown
   */
  record Line(
      Standing standing,
      @Nullable ModelRecord record,
      @Nullable ModelFacts facts,
      long weightBytes,
      String card) {}

  /**
   * What there is.
   *
   * @param lines by mode, champion first
   * @param unreadable how many records nobody could read
   */
  record Board(List<Line> lines, long unreadable) {}

  /**
   * What was written, or would be.
   *
   * @param key of the record
   * @param record the record
   * @param offset its place, -1 when nothing was written
   * @param notes what it means, and what to know of it, a sentence each
   * @param warnings what may be unwanted of it, a sentence each
   */
  record Done(
      String key, ModelRecord record, long offset, List<String> notes, List<String> warnings) {}

  long now() {
    return nowMillis.getAsLong();
  }

  /** All models as they stand at an event time. */
  Board board(long timeMillis) {
    ModelStore.Standing read = store.read();
    List<Line> lines = new ArrayList<>();
    for (Standing standing : standings(read, timeMillis)) {
      lines.add(line(read, standing));
    }
    return new Board(lines, read.unreadable());
  }

  private Line line(ModelStore.Standing read, Standing standing) {
    ModelStore.Entry entry = read.newest().get(standing.model().key());
    if (standing.model().shipped()) {
      byte[] bytes = ShippedModel.bytes();
      return new Line(
          standing,
          entry == null ? null : entry.record(),
          ModelFacts.orNull(bytes),
          bytes.length,
          ShippedModel.card());
    }
    ModelRecord record = required(read, standing.model()).record();
    return new Line(
        standing,
        record,
        ModelFacts.orNull(weights(record)),
        record.getWeights().remaining(),
        record.getCard());
  }

  private static ModelStore.Entry required(ModelStore.Standing read, Model model) {
    ModelStore.Entry entry = read.newest().get(model.key());
    if (entry == null) {
      throw new IllegalStateException("no record is called " + model.key());
    }
    return entry;
  }

  private static byte[] weights(ModelRecord record) {
    byte[] bytes = new byte[record.getWeights().remaining()];
    record.getWeights().duplicate().get(bytes);
    return bytes;
  }

  /**
   * One model by its name.
   *
   * @param mode its failure mode, null when the name is enough
   * @throws CommandFailure when there is none, or more than one
   */
  Line show(String id, int version, @Nullable String mode, long timeMillis) {
    ModelStore.Standing read = store.read();
    return line(read, find(standings(read, timeMillis), id, version, mode));
  }

  /**
   * Publishes the bytes of a model: it is warmed, and unless a time is given it only advises.
   *
   * @param where what the bytes are called, such as a file
   * @param card its card; Markdown
   * @param publishedMillis event time from which it is warmed; epoch milliseconds
   * @param fromMillis event time from which it is champion, {@link ModelStandings#ADVISE} for never
   * @param windowMillis how long the champion before it is kept warm then; milliseconds
   * @throws CommandFailure when no job could run it, or its version is taken
   */
  Done publish(
      String where,
      byte[] bytes,
      String card,
      long publishedMillis,
      long fromMillis,
      long windowMillis,
      Voice voice) {
    ModelFacts facts;
    try {
      facts = ModelFacts.of(bytes);
    } catch (ModelFormatException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          where + ": " + e.getMessage() + "; give a model.bin of forestall train, whole",
          e);
    } catch (RuntimeException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, where + " is no model that can run: " + e.getMessage(), e);
    }
    facts.requireScorable(where);
    if (bytes.length + card.length() * 3L + OVERHEAD_BYTES > MAXIMUM_RECORD_BYTES
        || card.length() > MAXIMUM_CARD_CHARS) {
      throw CommandFailure.usage(
          where
              + " and its card are larger than the "
              + MAXIMUM_RECORD_BYTES
              + " bytes that the topic takes");
    }
    if (fromMillis < publishedMillis) {
      throw CommandFailure.usage(
          "it would be champion before it is published, at "
              + Times.utc(publishedMillis)
              + ": give a later --from, or an earlier --at");
    }
    ModelStore.Standing read = store.read();
    Model model =
        new Model(
            facts.mode().name(),
            facts.id(),
            facts.version(),
            publishedMillis,
            fromMillis,
            rollbackUntil(fromMillis, windowMillis),
            false,
            false);
    if (ShippedModel.isIt(facts.id(), facts.version())) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          model.name()
              + " ships with this release and stays what it is: give what you publish a higher"
              + " version");
    }
    ModelStore.Entry there = read.newest().get(model.key());
    if (there != null) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          model.name()
              + " is there already, published "
              + Times.utc(there.record().getPublishedMillis())
              + (there.record().getWithdrawn() ? " and withdrawn" : "")
              + ": a version is never written over; promote brings it back, other weights need a"
              + " higher version");
    }
    ModelRecord record =
        ModelRecord.newBuilder()
            .setId(facts.id())
            .setVersion(facts.version())
            .setMode(FailureMode.valueOf(facts.mode().name()))
            .setPublishedMillis(publishedMillis)
            .setEffectiveFromMillis(fromMillis)
            .setRollbackUntilMillis(model.rollbackUntilMillis())
            .setFormat(facts.format())
            .setWeights(ByteBuffer.wrap(bytes))
            .setCard(card)
            .setAuthor(voice.author())
            .setReason(voice.reason())
            .setChangedMillis(now())
            .setWithdrawn(false)
            .build();
    List<String> notes = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    if (fromMillis == ModelStandings.ADVISE) {
      notes.add(
          "it is warmed and says on topic risk.lane what it would say; nothing is done because of"
              + " it until it is promoted");
    } else {
      becomes(read, model, facts, notes, warnings);
    }
    return write(read, model.key(), record, notes, warnings, voice);
  }

  /**
   * Makes a model champion from a time on; the champion before it is kept warm for the window.
   *
   * @throws CommandFailure when there is no such model, it is champion then already, or it ships
   */
  Done promote(
      String id,
      int version,
      @Nullable String mode,
      long fromMillis,
      long windowMillis,
      Voice voice) {
    ModelStore.Standing read = store.read();
    Standing standing = find(standings(read, fromMillis), id, version, mode);
    Model model = standing.model();
    if (model.shipped()) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          model.name()
              + " ships with the release and scores when nothing before it does: forestall model"
              + " rollback "
              + model.mode()
              + " takes back the champion");
    }
    if (standing.state() == State.CHAMPION && model.effectiveFromMillis() <= now()) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          model.name()
              + " is the champion of "
              + model.mode()
              + " at "
              + Times.utc(fromMillis)
              + " already: nothing was written");
    }
    ModelRecord before = required(read, model).record();
    ModelFacts facts = ModelFacts.orNull(weights(before));
    if (facts == null) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "nobody can read the weights of " + model.name() + ": publish it anew, whole");
    }
    facts.requireScorable(model.name());
    // Its memory was dropped when it was withdrawn: it is warmed from now on.
    long published =
        before.getWithdrawn() ? Math.min(now(), fromMillis) : before.getPublishedMillis();
    if (fromMillis < published) {
      throw CommandFailure.usage(
          model.name()
              + " is warmed only from "
              + Times.utc(published)
              + ": give a --from that is later");
    }
    Model after =
        new Model(
            model.mode(),
            id,
            version,
            published,
            fromMillis,
            rollbackUntil(fromMillis, windowMillis),
            false,
            false);
    List<String> notes = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    becomes(read, after, facts, notes, warnings);
    ModelRecord record =
        changed(before, voice)
            .setPublishedMillis(published)
            .setEffectiveFromMillis(fromMillis)
            .setRollbackUntilMillis(after.rollbackUntilMillis())
            .setWithdrawn(false)
            .build();
    return write(read, model.key(), record, notes, warnings, voice);
  }

  /** Says what it means that a model becomes champion, and what may be unwanted of it. */
  private void becomes(
      ModelStore.Standing read,
      Model model,
      ModelFacts facts,
      List<String> notes,
      List<String> warnings) {
    long from = model.effectiveFromMillis();
    notes.add(
        "champion of "
            + model.mode()
            + " from "
            + Times.utc(from)
            + (from > now() ? ", in " + Times.length(from - now()) : ""));
    List<Model> others = models(read);
    others.removeIf(other -> other.key().equals(model.key()));
    Standing former = champion(ModelStandings.at(from, others), model.mode());
    if (former != null) {
      notes.add(
          former.model().name()
              + " is kept warm until "
              + Times.utc(model.rollbackUntilMillis())
              + ": until then forestall model rollback "
              + model.mode()
              + " finds it ready");
    }
    others.add(model);
    Standing then = champion(ModelStandings.at(from, others), model.mode());
    if (then != null && !then.model().key().equals(model.key())) {
      warnings.add(
          then.model().name()
              + " is before it at that time: it will not score; give another --from");
    }
    for (Model other : others) {
      if (other.mode().equals(model.mode())
          && !other.withdrawn()
          && other.effectiveFromMillis() > from
          && other.effectiveFromMillis() != ModelStandings.ADVISE) {
        warnings.add(
            other.name()
                + " becomes champion after it, at "
                + Times.utc(other.effectiveFromMillis()));
      }
    }
    int steps = RiskPolicy.defaults().warmSteps();
    long warmed = (from - model.publishedMillis()) / facts.stepMillis();
    if (warmed < steps) {
      warnings.add(
          "its memory of a disk will have seen "
              + warmed
              + " of "
              + steps
              + " steps by then: disks with a longer past are scored by the one before it until"
              + " it has, none is scored cold; --from "
              + Times.utc(saturated(model.publishedMillis(), steps * facts.stepMillis()))
                  .replace(' ', 'T')
              + " would be late enough");
    }
  }

  /**
   * Takes the champion of a mode back: the one before it scores again.
   *
   * @param timeMillis event time at which it is looked who that is; epoch milliseconds
   * @param force whether the one before it may score though its memory is not kept warm
   * @throws CommandFailure when there is none to go back to
   */
  Done rollback(String mode, long timeMillis, boolean force, Voice voice) {
    ModelStore.Standing read = store.read();
    String wanted = mode.toLowerCase(Locale.ROOT);
    List<Standing> standings =
        standings(read, timeMillis).stream()
            .filter(each -> each.model().mode().equals(wanted))
            .toList();
    Standing champion = champion(standings, wanted);
    if (champion == null) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "no model is champion of "
              + wanted
              + " at "
              + Times.utc(timeMillis)
              + ": forestall model list shows all");
    }
    if (champion.model().shipped()) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "the champion of "
              + wanted
              + " is "
              + champion.model().name()
              + ", which ships with the release: there is none before it");
    }
    Standing former = standings.size() < 2 ? null : standings.get(1);
    if (former == null || (former.state() != State.FORMER && former.state() != State.PAST)) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "there is no model of " + wanted + " before " + champion.model().name());
    }
    List<String> warnings = new ArrayList<>();
    if (former.state() != State.FORMER) {
      String cold =
          former.model().name()
              + " is not warm: its memory was kept until "
              + Times.utc(champion.model().rollbackUntilMillis());
      if (!force) {
        throw new CommandFailure(
            ExitCodes.REFUSED,
            cold
                + "; promote it with a --from that leaves time to warm it, or give --force to score"
                + " with a memory that begins anew");
      }
      warnings.add(cold + "; it scores with a memory that begins anew, and with less confidence");
    }
    ModelRecord before = required(read, champion.model()).record();
    ModelRecord record = changed(before, voice).setWithdrawn(true).build();
    return write(
        read,
        champion.model().key(),
        record,
        List.of(
            champion.model().name() + " is withdrawn",
            former.model().name() + " is the champion of " + wanted + " again"),
        warnings,
        voice);
  }

  /**
   * Takes back a model that is not champion.
   *
   * @throws CommandFailure when there is no such model, or it is champion
   */
  Done withdraw(String id, int version, @Nullable String mode, long timeMillis, Voice voice) {
    ModelStore.Standing read = store.read();
    Standing standing = find(standings(read, timeMillis), id, version, mode);
    Model model = standing.model();
    if (model.shipped()) {
      throw new CommandFailure(
          ExitCodes.REFUSED, model.name() + " ships with the release and stays");
    }
    if (standing.state() == State.CHAMPION) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          model.name()
              + " is the champion: forestall model rollback "
              + model.mode()
              + " says who scores instead");
    }
    if (standing.state() == State.WITHDRAWN) {
      throw new CommandFailure(
          ExitCodes.FOUND, model.name() + " is withdrawn already: nothing was written");
    }
    List<String> warnings =
        standing.state() == State.FORMER
            ? List.of("there is no longer a warm model to roll back to")
            : List.of();
    ModelRecord record = changed(required(read, model).record(), voice).setWithdrawn(true).build();
    return write(
        read,
        model.key(),
        record,
        List.of(model.name() + " is withdrawn: it neither scores nor is warmed"),
        warnings,
        voice);
  }

  /**
   * Says that a model is often wrong: it goes on scoring, and its predictions only advise. Or takes
   * that back.
   *
   * @param demote true to say so, false to take it back
   * @throws CommandFailure when there is no such model, or nothing would change
   */
  Done demote(String id, int version, @Nullable String mode, boolean demote, Voice voice) {
    ModelStore.Standing read = store.read();
    Model model = find(standings(read, now()), id, version, mode).model();
    ModelStore.Entry entry = read.newest().get(model.key());
    boolean demoted = entry != null && !entry.record().getDemoted().isEmpty();
    if (demote == demoted) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          model.name()
              + (demoted ? " is demoted already" : " is not demoted")
              + ": nothing was written");
    }
    // Of the one that ships there is a record only to say this; jobs score it from the release.
    ModelRecord.Builder record =
        entry == null ? shippedRecord() : ModelRecord.newBuilder(entry.record());
    return write(
        read,
        model.key(),
        record
            .setAuthor(voice.author())
            .setReason(voice.reason())
            .setChangedMillis(now())
            .setDemoted(demote ? voice.reason() : "")
            .build(),
        List.of(
            demote
                ? model.name()
                    + " goes on scoring; the guard only advises what stands on its predictions"
                : model.name() + " is trusted again: what stands on its predictions may be done"),
        List.of(),
        voice);
  }

  private ModelRecord.Builder shippedRecord() {
    Model model = ShippedModel.standing();
    byte[] bytes = ShippedModel.bytes();
    return ModelRecord.newBuilder()
        .setId(model.id())
        .setVersion(model.version())
        .setMode(FailureMode.valueOf(model.mode().toUpperCase(Locale.ROOT)))
        .setPublishedMillis(now())
        .setEffectiveFromMillis(Long.MIN_VALUE)
        .setRollbackUntilMillis(Long.MIN_VALUE)
        .setFormat(ShippedModel.format())
        .setWeights(ByteBuffer.wrap(bytes))
        .setCard(ShippedModel.card())
        .setWithdrawn(false);
  }

  private ModelRecord.Builder changed(ModelRecord before, Voice voice) {
    return ModelRecord.newBuilder(before)
        .setAuthor(voice.author())
        .setReason(voice.reason())
        .setChangedMillis(now());
  }

  /** Writes, looks who wrote meanwhile, and tells of it. */
  private Done write(
      ModelStore.Standing read,
      String key,
      ModelRecord record,
      List<String> notes,
      List<String> warnings,
      Voice voice) {
    if (voice.dryRun()) {
      return new Done(key, record, -1, List.copyOf(notes), List.copyOf(warnings));
    }
    long offset = store.write(key, record);
    List<String> told = new ArrayList<>(warnings);
    for (var other : store.read().newest().entrySet()) {
      ModelStore.Entry entry = other.getValue();
      if (entry.offset() < read.nextOffset() || entry.offset() == offset) {
        continue;
      }
      String who =
          (entry.record().getAuthor().isEmpty() ? "somebody" : entry.record().getAuthor())
              + " changed "
              + entry.record().getId()
              + " version "
              + entry.record().getVersion()
              + " at the same time";
      told.add(
          other.getKey().equals(key) && entry.offset() > offset
              ? who + ", after this: theirs holds; look with forestall model list"
              : who + ": look with forestall model list whether this is what you both want");
    }
    return new Done(key, record, offset, List.copyOf(notes), List.copyOf(told));
  }

  private List<Standing> standings(ModelStore.Standing read, long timeMillis) {
    return ModelStandings.at(timeMillis, models(read));
  }

  private List<Model> models(ModelStore.Standing read) {
    List<Model> models = new ArrayList<>();
    models.add(ShippedModel.standing());
    for (ModelStore.Entry entry : read.newest().values()) {
      Model model = ModelStandings.of(entry.record());
      if (!ShippedModel.isIt(
          model.id(), model.version())) { // the job leaves it what it is, whatever the topic says
        models.add(model);
      }
    }
    return models;
  }

  private static @Nullable Standing champion(List<Standing> standings, String mode) {
    for (Standing standing : standings) {
      if (standing.state() == State.CHAMPION && standing.model().mode().equals(mode)) {
        return standing;
      }
    }
    return null;
  }

  private static Standing find(
      List<Standing> standings, String id, int version, @Nullable String mode) {
    List<Standing> fit =
        standings.stream()
            .filter(
                each ->
                    each.model().id().equals(id)
                        && each.model().version() == version
                        && (mode == null || each.model().mode().equalsIgnoreCase(mode)))
            .toList();
    if (fit.isEmpty()) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "no model is called "
              + id
              + " version "
              + version
              + (mode == null ? "" : " of mode " + mode)
              + ": forestall model list shows all");
    }
    if (fit.size() > 1) {
      throw CommandFailure.usage(
          id + " version " + version + " is there for more than one mode: give --mode");
    }
    return fit.get(0);
  }

  private static long rollbackUntil(long fromMillis, long windowMillis) {
    return fromMillis == ModelStandings.ADVISE
        ? Long.MIN_VALUE
        : saturated(fromMillis, windowMillis);
  }

  private static long saturated(long millis, long more) {
    long sum = millis + more;
    return more > 0 && sum < millis ? Long.MAX_VALUE : sum;
  }
}
