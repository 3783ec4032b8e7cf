package io.forestall.app.volume;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Command;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of sagas, the admitted acts that give units another owner, or a shadow: each with
 * the steps it went, the commands it gave, what was answered, and the pauses that clients saw. For
 * looking only: signatures are not checked. Bounded; thread-safe. Rows C1 to C6, G11.
 */
public final class SagaView {

  /** Type of the events that tell of steps. */
  public static final String STEP_EVENT = "saga.step";

  /** Type of the events in which clients tell how long they had no answer. */
  public static final String PAUSE_EVENT = "volume.paused";

  private static final String ACT_PREFIX = "act/";
  private static final String PAUSE_MILLIS = "pause-millis";
  private static final int MAX_SAGAS = 5_000;
  private static final int MAX_STEPS = 200;
  private static final int MAX_ORDERS = 300;
  private static final int MAX_ANSWERS = 50;
  private static final int MAX_COMMANDS = 50_000;
  private static final int MAX_VOLUMES = 20_000;
  private static final int MAX_PAUSES = 50;
  private static final int HEAD_BYTES = 1_200;

  /** A dead owner's pause begins so long before its act at most; milliseconds. */
  private static final long PAUSE_BEFORE_MILLIS = 60_000;

  /** A pause that begins so long after its act ended is another's: clocks differ; milliseconds. */
  private static final long PAUSE_AFTER_MILLIS = 2_000;

  private static final Set<ActKind> ACTS =
      EnumSet.of(
          ActKind.MIGRATE,
          ActKind.FAILOVER,
          ActKind.SWITCHOVER,
          ActKind.FAILBACK,
          ActKind.DRAIN,
          ActKind.RETURN,
          ActKind.SHADOW,
          ActKind.RETIRE_SHADOW);
  private static final Set<String> PAST_FENCE =
      Set.of("FENCED", "DRAINED", "PROMOTED", "MAPPED", "CONFIRMED");

  /**
   * A step of a saga.
   *
   * @param state where it stood from then on, such as CHECKING or FENCED
   */
  public record Step(String state, String text, long timeMillis) {}

  /** What was answered to a command. */
  public record Answer(
      Subject from, String status, String code, String text, boolean duplicate, long timeMillis) {}

  /** A command of a saga, with its answers in the order in which they came. */
  public record Order(
      String command,
      String kind,
      String addressee,
      int attempt,
      String reason,
      long timeMillis,
      List<Answer> answers) {}

  /** What one client saw: no request of it was answered so long. */
  public record Pause(String volume, String client, long pauseMillis, long timeMillis) {}

  /**
   * A saga.
   *
   * @param state its newest step, or how it ended
   * @param open whether it goes on
   * @param pastFence whether units changed hands: it can only be completed
   * @param lastMillis when something was last heard of it; milliseconds since 1970-01-01 UTC
   * @param endedMillis null while it is open
   * @param pauseMillis longest pause of its units as the new owner measured it, null when unknown
   * @param clientPauseMillis longest pause that a client told of, null when none did
   */
  public record Saga(
      String admission,
      String proposal,
      ActKind act,
      Subject subject,
      String pool,
      boolean predicted,
      @Nullable Subject source,
      @Nullable Subject target,
      List<UnitStep> units,
      String state,
      boolean open,
      boolean pastFence,
      String text,
      long issuedMillis,
      long expiresMillis,
      long lastMillis,
      @Nullable Long endedMillis,
      @Nullable Long pauseMillis,
      @Nullable Long clientPauseMillis) {

    /** True when it gives units another owner; an act on shadows does not. */
    public boolean moves() {
      return act != ActKind.SHADOW && act != ActKind.RETIRE_SHADOW;
    }
  }

  /** A saga with all that is held of it. */
  public record Detail(Saga saga, List<Step> steps, List<Order> orders, List<Pause> pauses) {}

  private static final class Held {
    final Admission admission;
    final Set<String> volumes = new HashSet<>();
    final List<Step> steps = new ArrayList<>();
    final LinkedHashMap<String, Asked> orders = new LinkedHashMap<>();
    AdmissionState state;
    String text;
    long lastMillis;
    @Nullable Long endedMillis;
    @Nullable Long pauseMillis;

    /** What its clients felt, kept beyond the newest pauses of the volumes. */
    final List<Pause> felt = new ArrayList<>();

    Held(Admission admission, AdmissionState state) {
      this.admission = admission;
      this.state = state;
      this.text = admission.text();
      this.lastMillis = admission.timeMillis();
      for (UnitStep unit : admission.units()) {
        int slash = unit.unit().lastIndexOf('/');
        volumes.add(slash < 0 ? unit.unit() : unit.unit().substring(0, slash));
      }
    }
  }

  private static final class Asked {
    final Command command;
    final List<Answer> answers = new ArrayList<>();

    Asked(Command command) {
      this.command = command;
    }
  }

  private final AdmissionRecords admissions = new AdmissionRecords();
  private final LinkedHashMap<String, Held> sagas = new LinkedHashMap<>();
  private final LinkedHashMap<String, String> byCommand =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
          return size() > MAX_COMMANDS;
        }
      };
  private final Map<String, ArrayDeque<Pause>> pauses = new LinkedHashMap<>();

  // What came before its admission or command: topics are read in no order.
  private final LinkedHashMap<String, List<Object>> early =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, List<Object>> eldest) {
          return size() > MAX_SAGAS;
        }
      };

  private long changes;

  /** Knows nothing yet. */
  public SagaView() {}

  /**
   * Whether the bytes of an event are worth decoding here or by a {@link VolumeView}: steps, pauses
   * and wrong bytes are few among many. Looks at its begin only, where identifier and type stand.
   */
  public static boolean speaksOfVolumes(byte[] event) {
    return holds(event, STEP_EVENT)
        || holds(event, PAUSE_EVENT)
        || holds(event, VolumeView.DIVERGED_EVENT);
  }

  private static boolean holds(byte[] bytes, String word) {
    byte[] wanted = word.getBytes(StandardCharsets.US_ASCII);
    int end = Math.min(bytes.length, HEAD_BYTES) - wanted.length;
    for (int at = 0; at <= end; at++) {
      int i = 0;
      while (i < wanted.length && bytes[at + i] == wanted[i]) {
        i++;
      }
      if (i == wanted.length) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes in a record of the admissions log.
   *
   * @throws WireException when its grant cannot be read
   */
  public synchronized void admission(io.forestall.schemas.Admission record) throws WireException {
    if (record.getState() == AdmissionState.STARTED) {
      return;
    }
    Held held = sagas.get(record.getId());
    if (held == null) {
      if (record.getState() != AdmissionState.ADMITTED) {
        // The end of an act that is not held.
        return;
      }
      Admission admission = admissions.checked(record);
      if (!ACTS.contains(admission.act())) {
        return;
      }
      if (sagas.size() >= MAX_SAGAS) {
        sagas.remove(sagas.keySet().iterator().next());
      }
      held = new Held(admission, record.getState());
      sagas.put(admission.id(), held);
      for (String volume : held.volumes) {
        for (Pause pause : pauses.getOrDefault(volume, new ArrayDeque<>())) {
          feel(held, pause);
        }
      }
      List<Object> before = early.remove(admission.id());
      if (before != null) {
        for (Object each : before) {
          if (each instanceof Event event) {
            step(held, event);
          } else if (each instanceof Command command) {
            order(held, command);
          } else if (each instanceof Ack ack) {
            ended(held, ack);
          }
        }
      }
    }
    changes++;
    held.lastMillis = Math.max(held.lastMillis, record.getTimeMillis());
    if (record.getState() != AdmissionState.ADMITTED) {
      held.state = record.getState();
      held.text = record.getText();
      held.endedMillis = record.getTimeMillis();
    }
  }

  /** Takes in an event; only steps and pauses change anything. */
  public synchronized void event(Event event) {
    if (event.getType().equals(STEP_EVENT)) {
      String id = event.getLabels().get("admission");
      if (id == null) {
        return;
      }
      Held held = sagas.get(id);
      if (held == null) {
        early(id, event);
      } else {
        step(held, event);
      }
    } else if (event.getType().equals(PAUSE_EVENT)) {
      pause(event);
    }
  }

  /** Takes in a command. */
  public synchronized void command(Command command) {
    String id = command.getAdmissionId();
    if (id == null) {
      id = ofProbe(command);
    }
    if (id == null) {
      return;
    }
    byCommand.put(command.getId(), id);
    Held held = sagas.get(id);
    if (held == null) {
      early(id, command);
    } else {
      order(held, command);
    }
    List<Object> before = early.remove("command " + command.getId());
    if (before != null) {
      for (Object each : before) {
        if (each instanceof Ack ack) {
          answer(id, ack);
        }
      }
    }
  }

  /**
   * Takes in an answer.
   *
   * @throws WireException when it makes no sense
   */
  public synchronized void ack(Ack ack) throws WireException {
    CommandAck checked = AckRecords.ack(ack);
    if (checked.command().startsWith(ACT_PREFIX)) {
      String id = checked.command().substring(ACT_PREFIX.length());
      Held held = sagas.get(id);
      if (held == null) {
        early(id, ack);
      } else {
        ended(held, ack);
      }
      return;
    }
    String id = byCommand.get(checked.command());
    if (id == null) {
      early("command " + checked.command(), ack);
    } else {
      answer(id, ack);
    }
  }

  private void early(String key, Object what) {
    List<Object> kept = early.computeIfAbsent(key, k -> new ArrayList<>(2));
    if (kept.size() < MAX_STEPS) {
      kept.add(what);
    }
  }

  /** A probe carries no admission: it belongs to the open act about the same thing. */
  private @Nullable String ofProbe(Command command) {
    String found = null;
    for (Held held : sagas.values()) {
      Admission admission = held.admission;
      if (admission.pool().equals(command.getPool())
          && same(command.getSubject(), admission.subject())
          && admission.issuedMillis() <= command.getTimeMillis()
          && (held.endedMillis == null || held.endedMillis >= command.getTimeMillis())) {
        found = admission.id();
      }
    }
    return found;
  }

  private static boolean same(EntityRef entity, Subject subject) {
    return entity.getId().equals(subject.id())
        && entity.getKind().name().equals(subject.kind().name());
  }

  private void step(Held held, Event event) {
    changes++;
    Step step =
        new Step(
            event.getLabels().getOrDefault("state", "UNKNOWN"),
            event.getSummary(),
            event.getTimeMillis());
    // A restored job may tell a step again.
    if (!held.steps.contains(step) && held.steps.size() < MAX_STEPS) {
      held.steps.add(step);
    }
    held.lastMillis = Math.max(held.lastMillis, step.timeMillis());
    pauseOf(held, event.getValues().get(SagaValues.TAKEOVER_MILLIS));
  }

  private static void pauseOf(Held held, @Nullable Double millis) {
    if (millis != null && millis >= 0) {
      long rounded = Math.round(millis);
      held.pauseMillis = held.pauseMillis == null ? rounded : Math.max(held.pauseMillis, rounded);
    }
  }

  private void order(Held held, Command command) {
    if (held.orders.size() < MAX_ORDERS) {
      changes++;
      held.orders.putIfAbsent(command.getId(), new Asked(command));
      held.lastMillis = Math.max(held.lastMillis, command.getTimeMillis());
    }
  }

  private void answer(String id, Ack ack) {
    Held held = sagas.get(id);
    Asked asked = held == null ? null : held.orders.get(ack.getCommand());
    if (held == null || asked == null || asked.answers.size() >= MAX_ANSWERS) {
      return;
    }
    changes++;
    asked.answers.add(
        new Answer(
            new Subject(
                Subject.Kind.valueOf(ack.getFrom().getKind().name()), ack.getFrom().getId()),
            ack.getStatus().name(),
            ack.getCode().name(),
            ack.getText(),
            ack.getDuplicate(),
            ack.getTimeMillis()));
    pauseOf(held, ack.getValues().get(SagaValues.TAKEOVER_MILLIS));
  }

  private void ended(Held held, Ack ack) {
    changes++;
    pauseOf(held, ack.getValues().get(PAUSE_MILLIS));
    held.lastMillis = Math.max(held.lastMillis, ack.getTimeMillis());
  }

  private void pause(Event event) {
    Double millis = event.getValues().get("pauseMillis");
    int at = event.getEntity().getId().lastIndexOf('@');
    if (millis == null
        || !Double.isFinite(millis)
        || event.getEntity().getKind() != EntityKind.PAIR
        || at <= 0) {
      return;
    }
    String volume = event.getEntity().getId().substring(0, at);
    ArrayDeque<Pause> of = pauses.get(volume);
    if (of == null) {
      if (pauses.size() >= MAX_VOLUMES) {
        pauses.remove(pauses.keySet().iterator().next());
      }
      of = new ArrayDeque<>();
      pauses.put(volume, of);
    }
    if (of.size() == MAX_PAUSES) {
      of.removeFirst();
    }
    changes++;
    Pause pause =
        new Pause(
            volume,
            event.getEntity().getId().substring(at + 1),
            Math.round(millis),
            event.getTimeMillis());
    of.addLast(pause);
    for (Held held : sagas.values()) {
      if (held.volumes.contains(volume)) {
        feel(held, pause);
      }
    }
  }

  private static void feel(Held held, Pause pause) {
    if (!isOf(held, pause)) {
      return;
    }
    held.felt.add(pause);
    if (held.felt.size() > MAX_PAUSES) {
      // The longest is what is asked for; of others some are enough.
      held.felt.remove(Collections.min(held.felt, Comparator.comparingLong(Pause::pauseMillis)));
    }
  }

  /** True when the act was under way during the pause, or the pause led to it. */
  private static boolean isOf(Held held, Pause pause) {
    long from = held.admission.issuedMillis();
    Long ended = held.endedMillis;
    long began = pause.timeMillis() - pause.pauseMillis();
    return pause.timeMillis() >= from
        && (ended == null || began <= ended + PAUSE_AFTER_MILLIS)
        // What began long before the act has another cause, but a dead owner's pause does not.
        && began >= from - PAUSE_BEFORE_MILLIS;
  }

  /** Grows with whatever is taken in. */
  public synchronized long version() {
    return changes;
  }

  /** Sagas that go on; count. */
  public synchronized int open() {
    int open = 0;
    for (Held held : sagas.values()) {
      open += held.state == AdmissionState.ADMITTED ? 1 : 0;
    }
    return open;
  }

  /** All sagas, the newest first. */
  public synchronized List<Saga> sagas() {
    List<Saga> all = new ArrayList<>(sagas.size());
    for (Held held : sagas.values()) {
      all.add(saga(held));
    }
    all.sort((a, b) -> Long.compare(b.issuedMillis(), a.issuedMillis()));
    return all;
  }

  /** One saga by its admission or proposal, null when none is held. */
  public synchronized @Nullable Detail saga(String id) {
    Held held = sagas.get(id);
    if (held == null) {
      for (Held each : sagas.values()) {
        held = each.admission.proposal().equals(id) ? each : held;
      }
    }
    if (held == null) {
      return null;
    }
    List<Order> orders = new ArrayList<>(held.orders.size());
    for (Asked asked : held.orders.values()) {
      Command command = asked.command;
      orders.add(
          new Order(
              command.getId(),
              command.getKind().name(),
              Keys.of(command.getAddressee()),
              command.getAttempt(),
              command.getReason(),
              command.getTimeMillis(),
              List.copyOf(asked.answers)));
    }
    return new Detail(saga(held), List.copyOf(held.steps), orders, pauses(held));
  }

  /** Sagas that concern a volume, the newest first. */
  public synchronized List<Saga> ofVolume(String volume) {
    List<Saga> all = new ArrayList<>();
    for (Held held : sagas.values()) {
      if (held.volumes.contains(volume)) {
        all.add(saga(held));
      }
    }
    all.sort((a, b) -> Long.compare(b.issuedMillis(), a.issuedMillis()));
    return all;
  }

  /**
   * The newest saga that gave units of each of these volumes another owner.
   *
   * @return by volume; without those that nothing moved
   */
  public synchronized Map<String, Saga> newestOf(Set<String> volumes) {
    Map<String, Held> newest = new HashMap<>();
    for (Held held : sagas.values()) {
      for (String volume : saga(held).moves() ? held.volumes : Set.<String>of()) {
        if (volumes.contains(volume)) {
          newest.merge(
              volume,
              held,
              (a, b) -> b.admission.issuedMillis() >= a.admission.issuedMillis() ? b : a);
        }
      }
    }
    Map<String, Saga> all = new HashMap<>();
    newest.forEach((volume, held) -> all.put(volume, saga(held)));
    return all;
  }

  /** Pauses that clients of a volume saw, in the order in which they were told. */
  public synchronized List<Pause> pauses(String volume) {
    ArrayDeque<Pause> of = pauses.get(volume);
    return of == null ? List.of() : List.copyOf(of);
  }

  /** The newest act that a pause of a volume belongs to, null when it has another cause. */
  public synchronized @Nullable String actOf(Pause pause) {
    Held found = null;
    for (Held held : sagas.values()) {
      if (held.volumes.contains(pause.volume())
          && isOf(held, pause)
          && (found == null || held.admission.issuedMillis() > found.admission.issuedMillis())) {
        found = held;
      }
    }
    return found == null ? null : found.admission.id();
  }

  /** Its end may have been told after a pause that came later. */
  private static List<Pause> pauses(Held held) {
    return held.felt.stream().filter(pause -> isOf(held, pause)).toList();
  }

  private Saga saga(Held held) {
    Admission admission = held.admission;
    boolean open = held.state == AdmissionState.ADMITTED;
    Step newest = held.steps.isEmpty() ? null : held.steps.get(held.steps.size() - 1);
    boolean pastFence = held.steps.stream().anyMatch(step -> PAST_FENCE.contains(step.state()));
    String state;
    if (open) {
      state = newest == null ? "ADMITTED" : newest.state();
    } else {
      state =
          newest != null && held.state == AdmissionState.DONE && newest.state().equals("CONFIRMED")
              ? newest.state()
              : held.state.name();
    }
    Long clientPause = null;
    for (Pause pause : pauses(held)) {
      clientPause = Math.max(clientPause == null ? 0 : clientPause, pause.pauseMillis());
    }
    return new Saga(
        admission.id(),
        admission.proposal(),
        admission.act(),
        admission.subject(),
        admission.pool(),
        admission.predicted(),
        admission.source(),
        admission.target(),
        admission.units(),
        state,
        open,
        pastFence,
        open && newest != null ? newest.text() : held.text,
        admission.issuedMillis(),
        admission.expiresMillis(),
        held.lastMillis,
        held.endedMillis,
        held.pauseMillis,
        clientPause);
  }

  /** The word of a state as people write it. */
  static String lower(String state) {
    return state.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
