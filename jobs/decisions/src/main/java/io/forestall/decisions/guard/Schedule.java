package io.forestall.decisions.guard;

import io.forestall.decisions.Decider;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What is due when, by name. Not kept: made anew from the rows. For one thread. */
public final class Schedule {

  private record Due(long millis, String name) {}

  private final TreeSet<Due> byTime =
      new TreeSet<>(Comparator.comparingLong(Due::millis).thenComparing(Due::name));
  private final Map<String, Due> byName = new HashMap<>();

  /** Nothing is due. */
  public Schedule() {}

  /** Something is due at this time, and at no other; {@link Decider#NO_ALARM} takes it off. */
  public void at(String name, long millis) {
    Due before = byName.get(name);
    if (before != null) {
      if (before.millis == millis) {
        return;
      }
      byTime.remove(before);
      byName.remove(name);
    }
    if (millis != Decider.NO_ALARM) {
      Due due = new Due(millis, name);
      byTime.add(due);
      byName.put(name, due);
    }
  }

  /** It is not due any more. */
  public void off(String name) {
    at(name, Decider.NO_ALARM);
  }

  /** When the next thing is due. */
  public long nextMillis() {
    return byTime.isEmpty() ? Decider.NO_ALARM : byTime.first().millis;
  }

  /** Takes off what is due by now, the earliest first, equal times by name. */
  public List<String> takeDue(long nowMillis) {
    List<String> names = new ArrayList<>();
    while (!byTime.isEmpty() && byTime.first().millis <= nowMillis) {
      @Nullable Due due = byTime.pollFirst();
      if (due != null) {
        byName.remove(due.name);
        names.add(due.name);
      }
    }
    return names;
  }
}
