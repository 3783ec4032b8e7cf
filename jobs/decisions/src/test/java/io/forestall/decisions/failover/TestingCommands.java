package io.forestall.decisions.failover;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Commands to node n-1, and a shell that remembers what it was told to answer and to remember. */
class TestingCommands implements CommandActions {
  static final long NOW = 1_767_571_200_000L;
  static final long EXPIRES = NOW + 60_000;
  static final Subject ME = Subject.node("n-1");

  final List<CommandAck> acks = new ArrayList<>();
  final List<CommandAck> remembered = new ArrayList<>();
  final Map<String, Long> keptUntilMillis = new LinkedHashMap<>();
  final List<String> order = new ArrayList<>();

  @Override
  public void ack(CommandAck ack) {
    acks.add(ack);
    order.add("ack " + ack.command() + " " + ack.status());
  }

  @Override
  public void remember(CommandAck last, long keepUntilMillis) {
    remembered.add(last);
    keptUntilMillis.put(last.command(), keepUntilMillis);
    order.add("remember " + last.command());
  }

  @Override
  public void rememberCancelled(String admission, long keepUntilMillis) {
    keptUntilMillis.put(admission, keepUntilMillis);
    order.add("remember cancel of " + admission);
  }

  CommandAck last() {
    return acks.get(acks.size() - 1);
  }

  static Command command(String id, Command.Kind kind, @Nullable Admission admission) {
    return command(id, kind, admission, NOW, EXPIRES);
  }

  static Command command(
      String id,
      Command.Kind kind,
      @Nullable Admission admission,
      long notBeforeMillis,
      long expiresMillis) {
    return new Command(
        id,
        kind,
        ME,
        ME,
        "p",
        admission,
        0,
        0,
        List.of(),
        null,
        NOW,
        notBeforeMillis,
        expiresMillis,
        null,
        "",
        Map.of());
  }

  static Admission admission(ActKind act, Subject subject) {
    return admission("a-" + act, Admission.State.ADMITTED, act, subject, "p", NOW - 1_000, EXPIRES);
  }

  static Admission admission(
      String id,
      Admission.State state,
      ActKind act,
      Subject subject,
      String pool,
      long notBeforeMillis,
      long expiresMillis) {
    return new Admission(
        id,
        1,
        state,
        "p-1",
        act,
        subject,
        pool,
        null,
        true,
        List.of(),
        subject,
        null,
        List.of(),
        1,
        NOW,
        notBeforeMillis,
        expiresMillis,
        NOW,
        "",
        Map.of());
  }
}
