package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One node's shell for tests: it writes down what the protocol asks for and does it when the test
 * says so, against logs that several nodes may share.
 */
final class TestingNode implements NodeActions {

  static final int PARTITION = 3;

  final Subject node;
  final List<OwnershipEntry> ownershipLog;
  final List<Delta> deltaLog;
  final NodeProtocol protocol;
  final NodeSettings settings;

  final ArrayDeque<Long> tickets = new ArrayDeque<>();
  final List<Delta> journal = new ArrayList<>();
  final List<Delta> appends = new ArrayList<>();
  final List<OwnershipEntry> ownershipAppends = new ArrayList<>();
  final List<NodeRequest> reads = new ArrayList<>();
  final List<NodeAnswer> answers = new ArrayList<>();
  final List<CommandAck> acks = new ArrayList<>();
  final List<CommandAck> remembered = new ArrayList<>();
  final Map<String, Long> rememberedCancelled = new HashMap<>();
  final List<String> gone = new ArrayList<>();
  final List<Delta> aside = new ArrayList<>();
  final List<Command> probes = new ArrayList<>();
  final List<Delta> applied = new ArrayList<>();

  int ownershipRead;
  int deltasRead;

  TestingNode(
      String name, long incarnation, List<OwnershipEntry> ownershipLog, List<Delta> deltaLog) {
    this(NodeSettings.of(Subject.node(name), incarnation), ownershipLog, deltaLog);
  }

  TestingNode(NodeSettings settings, List<OwnershipEntry> ownershipLog, List<Delta> deltaLog) {
    this.settings = settings;
    this.node = settings.node();
    this.ownershipLog = ownershipLog;
    this.deltaLog = deltaLog;
    this.protocol = new NodeProtocol(settings, this);
  }

  /** Puts all journal tickets on the medium. */
  void fsync(long nowMillis) {
    Long last = tickets.pollLast();
    tickets.clear();
    if (last != null) {
      protocol.journaled(last, nowMillis);
    }
  }

  /** The broker takes what was appended. */
  void flush() {
    deltaLog.addAll(appends);
    appends.clear();
    ownershipLog.addAll(ownershipAppends);
    ownershipAppends.clear();
  }

  void readOwnership(long nowMillis) {
    while (ownershipRead < ownershipLog.size()) {
      protocol.ownershipRead(
          PARTITION, ownershipRead, ownershipLog.get(ownershipRead++), nowMillis);
    }
    protocol.ownershipReadToEnd(PARTITION, nowMillis, nowMillis);
  }

  void readDeltas(long nowMillis) {
    while (deltasRead < deltaLog.size()) {
      protocol.deltaRead(deltaLog.get(deltasRead), deltasRead++, nowMillis);
    }
  }

  /** Ends all that was read of the copy. */
  void finishReads(long nowMillis) {
    List<NodeRequest> all = List.copyOf(reads);
    reads.clear();
    all.forEach(each -> protocol.readDone(each, false, nowMillis));
  }

  /** Everything that can happen without waiting happens. */
  void settle(long nowMillis) {
    for (int round = 0; round < 10; round++) {
      protocol.tick(nowMillis, nowMillis);
      fsync(nowMillis);
      flush();
      readOwnership(nowMillis);
      readDeltas(nowMillis);
      finishReads(nowMillis);
    }
  }

  NodeProtocol.Role role(String unit) {
    return Objects.requireNonNull(protocol.status(unit)).role();
  }

  List<NodeAnswer> takeAnswers() {
    List<NodeAnswer> taken = List.copyOf(answers);
    answers.clear();
    return taken;
  }

  List<CommandAck> takeAcks() {
    List<CommandAck> taken = List.copyOf(acks);
    acks.clear();
    return taken;
  }

  @Override
  public void journal(long ticket, Delta delta) {
    tickets.add(ticket);
    journal.add(delta);
  }

  @Override
  public void append(Delta delta) {
    appends.add(delta);
  }

  @Override
  public void appendOwnership(OwnershipEntry entry) {
    ownershipAppends.add(entry);
  }

  @Override
  public void apply(Delta delta, long deltaOffset) {
    applied.add(delta);
  }

  @Override
  public void read(NodeRequest request) {
    reads.add(request);
  }

  @Override
  public void answer(NodeAnswer answer) {
    answers.add(answer);
  }

  @Override
  public void ack(CommandAck ack) {
    acks.add(ack);
  }

  @Override
  public void remember(CommandAck last, long keepUntilMillis) {
    remembered.add(last);
  }

  @Override
  public void rememberCancelled(String admission, long keepUntilMillis) {
    rememberedCancelled.put(admission, keepUntilMillis);
  }

  @Override
  public void reach(Command probe) {
    probes.add(probe);
  }

  @Override
  public void letGo(String unit) {
    gone.add(unit);
  }

  @Override
  public @Nullable Delta whole(Delta found) {
    for (Delta each : journal) {
      if (each.unit().equals(found.unit())
          && each.epoch() == found.epoch()
          && each.sequence() == found.sequence()) {
        return each;
      }
    }
    return found;
  }

  @Override
  public void setAside(Delta delta, String why) {
    aside.add(delta);
  }
}
