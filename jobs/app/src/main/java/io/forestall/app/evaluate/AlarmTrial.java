package io.forestall.app.evaluate;

import io.forestall.app.evaluate.AlarmStream.Alarm;
import io.forestall.app.evaluate.AlarmStream.Fault;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentDecider;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.IncidentState;
import io.forestall.decisions.incident.OnsetDetector;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.SignalHistory;
import io.forestall.decisions.incident.Symptom;
import io.forestall.decisions.incident.SymptomRouter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One stream of alarms, with noise from a seed mixed in, through the rules and the incident decider
 * and through plain grouping by time. One pass in the order of the times; nothing of the future and
 * nothing of the labels is known to any of them.
 */
final class AlarmTrial {

  /** Mean time between two alarms of noise; milliseconds. */
  static final long NOISE_MILLIS = 120_000;

  /** One alarm of noise of so many is critical. */
  static final int NOISE_CRITICAL = 50;

  /** How far events are held back, so that the beginning of a storm stands before them. */
  static final long BOUND_MILLIS = 60_000;

  /** Width of the fixed windows of plain grouping; milliseconds. */
  static final long WINDOW_MILLIS = 600_000;

  /** Silence that ends a group of plain grouping, as long as the rules' quiet; milliseconds. */
  static final long GAP_MILLIS = 150_000;

  /** Time after its opening at which an incident's first answer is taken; milliseconds. */
  static final long EARLY_MILLIS = 120_000;

  private static final String POOL = "stream";

  /**
   * Alarms that were put together.
   *
   * @param alarms which, by their index in the trial
   * @param suspects possible causes, the likeliest first
   * @param early what was suspected {@link #EARLY_MILLIS} after the opening
   * @param swallowed true when a larger group speaks for it
   */
  record Group(BitSet alarms, List<Subject> suspects, List<Subject> early, boolean swallowed) {}

  final AlarmStream stream;
  final List<Alarm> alarms;
  final int noise;

  private final Map<String, Integer> indexes = new HashMap<>();
  private final RuleSet rules;

  private AlarmTrial(AlarmStream stream, RuleSet rules, List<Alarm> alarms, int noise) {
    this.stream = stream;
    this.rules = rules;
    this.alarms = alarms;
    this.noise = noise;
    for (int i = 0; i < alarms.size(); i++) {
      indexes.put(alarms.get(i).id(), i);
    }
  }

  /** A trial of a stream; noise is only mixed into streams that have alarms in faults alone. */
  static AlarmTrial of(AlarmStream stream, RuleSet rules, long seed) {
    List<Alarm> all = new ArrayList<>(stream.alarms());
    int noise = 0;
    if (!stream.faults().isEmpty() && !all.isEmpty()) {
      List<Alarm> like = new ArrayList<>();
      Set<List<Object>> known = new HashSet<>();
      for (Alarm alarm : all) {
        if (known.add(List.of(alarm.entity(), alarm.type(), alarm.signal()))) {
          like.add(alarm);
        }
      }
      Random random = new Random(seed);
      double time = all.get(0).timeMillis() - 3_600_000.0;
      long end = all.get(all.size() - 1).timeMillis() + 600_000;
      while (true) {
        time -= Math.log(1 - random.nextDouble()) * NOISE_MILLIS;
        if (time > end) {
          break;
        }
        Alarm one = like.get(random.nextInt(like.size()));
        all.add(
            new Alarm(
                "noise-" + noise++,
                (long) time,
                one.entity(),
                one.type(),
                one.signal(),
                random.nextInt(NOISE_CRITICAL) == 0 ? Severity.CRITICAL : Severity.WARNING,
                one.share(),
                null));
      }
      all.sort(Comparator.comparingLong(Alarm::timeMillis).thenComparing(Alarm::id));
    }
    return new AlarmTrial(stream, rules, all, noise);
  }

  /** Groups by rules, sessions, inhibition and suspects. */
  List<Group> incidents() {
    return new Run().groups();
  }

  /** Groups by windows of the clock; the thing with the most alarms is the suspect. */
  List<Group> windows(boolean earliest) {
    Map<Long, BitSet> windows = new LinkedHashMap<>();
    for (int i = 0; i < alarms.size(); i++) {
      windows
          .computeIfAbsent(
              Math.floorDiv(alarms.get(i).timeMillis(), WINDOW_MILLIS), any -> new BitSet())
          .set(i);
    }
    return windows.values().stream().map(group -> plain(group, earliest)).toList();
  }

  /** Groups by silence between alarms. */
  List<Group> gaps(boolean earliest) {
    List<Group> groups = new ArrayList<>();
    BitSet group = new BitSet();
    long last = Long.MIN_VALUE;
    for (int i = 0; i < alarms.size(); i++) {
      long time = alarms.get(i).timeMillis();
      if (!group.isEmpty() && time - last > GAP_MILLIS) {
        groups.add(plain(group, earliest));
        group = new BitSet();
      }
      group.set(i);
      last = time;
    }
    if (!group.isEmpty()) {
      groups.add(plain(group, earliest));
    }
    return groups;
  }

  private Group plain(BitSet group, boolean earliest) {
    Map<Subject, Integer> counts = new LinkedHashMap<>();
    group.stream().forEach(i -> counts.merge(alarms.get(i).entity(), 1, Integer::sum));
    List<Subject> suspects = new ArrayList<>(counts.keySet());
    if (!earliest) {
      suspects.sort(
          Comparator.comparing((Subject one) -> -counts.getOrDefault(one, 0))
              .thenComparing(Subject::toString));
    }
    return new Group(group, suspects, suspects, false);
  }

  /** One pass of the product. */
  private final class Run {
    private final SymptomRouter router = new SymptomRouter(rules);
    private final Map<String, RuleMatcher> matchers = new HashMap<>();
    private final IncidentDecider decider = new IncidentDecider(() -> rules, stream.dependencies());
    private final IncidentState state = decider.empty(POOL);
    private final OnsetDetector onsets = new OnsetDetector();
    private final SignalHistory history = new SignalHistory();
    private final ArrayDeque<FleetEvent> held = new ArrayDeque<>();
    private final Map<String, Incident> last = new LinkedHashMap<>();
    private final Map<String, Incident> early = new HashMap<>();
    private int markers;

    List<Group> groups() {
      for (Alarm alarm : alarms) {
        long onsetMillis = onsets.take(alarm.entity(), alarm.timeMillis());
        held.add(event(alarm));
        if (onsetMillis != OnsetDetector.NONE) {
          mark(onsetMillis);
        }
        release(alarm.timeMillis() - BOUND_MILLIS);
      }
      release(Long.MAX_VALUE);
      wake(Long.MAX_VALUE - 1);
      List<Group> groups = new ArrayList<>();
      for (Incident incident : last.values()) {
        groups.add(group(incident));
      }
      return groups;
    }

    /** Puts the end of the storm before and the beginning of this one in front of its events. */
    private void mark(long onsetMillis) {
      List<FleetEvent> all = new ArrayList<>(held);
      long at = Math.max(onsetMillis, all.get(0).timeMillis());
      held.clear();
      boolean marked = false;
      for (FleetEvent event : all) {
        if (!marked && event.timeMillis() >= at) {
          held.add(marker("storm.ended", at));
          held.add(marker("storm.began", at));
          marked = true;
        }
        held.add(event);
      }
    }

    private FleetEvent marker(String type, long timeMillis) {
      return event(
          // Sorts before the alarms of the same time.
          "!" + markers++,
          type,
          Severity.INFO,
          new Subject(Subject.Kind.POOL, POOL),
          timeMillis,
          Map.of(SignalHistory.WEIGHT, 0.0),
          Map.of());
    }

    private FleetEvent event(Alarm alarm) {
      return event(
          alarm.id(),
          alarm.type(),
          alarm.severity(),
          alarm.entity(),
          alarm.timeMillis(),
          Map.of(),
          Map.of(SignalHistory.SIGNAL, alarm.signal()));
    }

    private FleetEvent event(
        String id,
        String type,
        Severity severity,
        Subject entity,
        long timeMillis,
        Map<String, Double> values,
        Map<String, String> labels) {
      return new FleetEvent(
          id,
          type,
          severity,
          false,
          entity,
          List.of(),
          timeMillis,
          null,
          1,
          0,
          null,
          null,
          null,
          null,
          null,
          "trial",
          type,
          values,
          labels);
    }

    private void release(long untilMillis) {
      while (!held.isEmpty() && held.peek().timeMillis() <= untilMillis) {
        FleetEvent event = held.remove();
        wake(event.timeMillis() - 1);
        take(weighed(event));
      }
    }

    /** The event with what it says of the cause, by what was learnt from incidents before. */
    private FleetEvent weighed(FleetEvent event) {
      Integer index = indexes.get(event.id());
      if (index == null) {
        return event;
      }
      Alarm alarm = alarms.get(index);
      double weight = alarm.share() * history.surprise(alarm.entity(), signal(alarm));
      return event(
          event.id(),
          event.type(),
          event.severity(),
          event.entity(),
          event.timeMillis(),
          Map.of(SignalHistory.WEIGHT, weight),
          event.labels());
    }

    private void take(FleetEvent event) {
      List<IncidentInput> inputs = new ArrayList<>();
      router.route(
          event,
          place(event.entity()),
          symptom -> {
            matcher(symptom).take(symptom, inputs::add);
            inputs.add(new IncidentInput.Seen(symptom));
          });
      for (IncidentInput input : inputs) {
        decider.decide(state, input, event.timeMillis(), this::record);
      }
    }

    private RuleMatcher matcher(Symptom symptom) {
      return matchers.computeIfAbsent(
          symptom.rule() + "/" + symptom.key(),
          any -> new RuleMatcher(Objects.requireNonNull(rules.rule(symptom.rule()))));
    }

    private void wake(long untilMillis) {
      while (decider.alarmMillis(state) != Decider.NO_ALARM
          && decider.alarmMillis(state) <= untilMillis) {
        decider.wake(state, decider.alarmMillis(state), this::record);
      }
    }

    private void record(Incident incident) {
      last.put(incident.id(), incident);
      if (incident.updatedMillis() <= incident.openedMillis() + EARLY_MILLIS) {
        early.put(incident.id(), incident);
      }
      if (incident.state() == Incident.State.RESOLVED && incident.inhibitedBy() == null) {
        learn(incident);
      }
    }

    private void learn(Incident incident) {
      Map<Subject, Set<String>> signals = new HashMap<>();
      members(incident).stream()
          .forEach(
              i ->
                  signals
                      .computeIfAbsent(alarms.get(i).entity(), any -> new HashSet<>())
                      .add(signal(alarms.get(i))));
      if (signals.size() >= 10) {
        history.learn(signals);
      }
    }

    private String signal(Alarm alarm) {
      return alarm.type() + "/" + alarm.signal();
    }

    private Place place(Subject entity) {
      String node =
          entity.kind() == Subject.Kind.NODE
              ? entity.id()
              : stream.hosts().getOrDefault(entity, "");
      return new Place(node, "", "", "", POOL);
    }

    private BitSet members(Incident incident) {
      BitSet members = new BitSet();
      for (Incident.Original original : incident.events()) {
        Integer index = indexes.get(original.id());
        if (index != null) {
          members.set(index);
        }
      }
      if (incident.eventCount() > incident.events().size() && !members.isEmpty()) {
        // A record lists the first thousand; those of its key after them are in it too.
        Rule rule = Objects.requireNonNull(rules.rule(incident.rule()));
        for (int i = members.length(); i < alarms.size(); i++) {
          Alarm alarm = alarms.get(i);
          if (alarm.timeMillis() > incident.updatedMillis()) {
            break;
          }
          FleetEvent event = event(alarm);
          new SymptomRouter(new RuleSet(0, List.of(rule)))
              .route(
                  event,
                  place(alarm.entity()),
                  symptom -> {
                    if (symptom.key().equals(incident.correlationKey())) {
                      members.set(Objects.requireNonNull(indexes.get(event.id())));
                    }
                  });
        }
      }
      return members;
    }

    private Group group(Incident incident) {
      Incident first = early.getOrDefault(incident.id(), incident);
      return new Group(
          members(incident),
          incident.suspects().stream().map(Incident.Suspect::entity).toList(),
          first.suspects().stream().map(Incident.Suspect::entity).toList(),
          incident.inhibitedBy() != null);
    }
  }

  /** The group that holds the most of a fault's alarms, null when none holds any. */
  static @Nullable Group main(List<Group> groups, BitSet fault) {
    Group main = null;
    int most = 0;
    for (Group group : groups) {
      int shared = shared(group, fault);
      if (!group.swallowed && shared > most) {
        most = shared;
        main = group;
      }
    }
    return main;
  }

  static int shared(Group group, BitSet fault) {
    BitSet both = (BitSet) group.alarms.clone();
    both.and(fault);
    return both.cardinality();
  }

  /** The alarms of a fault. */
  BitSet of(Fault fault) {
    BitSet mine = new BitSet();
    for (int i = 0; i < alarms.size(); i++) {
      if (fault.id().equals(alarms.get(i).fault())) {
        mine.set(i);
      }
    }
    return mine;
  }
}
