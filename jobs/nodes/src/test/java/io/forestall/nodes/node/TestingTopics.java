package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.Signatures.Trusted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Topics as lists in memory, which several nodes of a test read and write. */
final class TestingTopics {
  private static final int PARTITIONS = MapRecords.OWNERSHIP_PARTITIONS;

  private final List<List<OwnershipEntry>> ownership = new ArrayList<>();
  private final List<List<Delta>> deltas = new ArrayList<>();
  private final List<MapSlice> maps = new ArrayList<>();
  private final Map<Subject, FleetEntry> fleet = new LinkedHashMap<>();
  private final List<Object[]> fleetLog = new ArrayList<>();
  private final List<PolicyRecord> policies = new ArrayList<>();
  private final List<Object[]> commands = new ArrayList<>();
  private final List<CommandAck> acks = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private final List<Digest> digests = new ArrayList<>();
  private final List<TelemetryFrame> frames = new ArrayList<>();
  private final List<ShadowStep> steps = new ArrayList<>();
  private long deltasBegin;
  private boolean deltasHeld;
  private long stepsBegin;

  TestingTopics() {
    for (int i = 0; i < PARTITIONS; i++) {
      ownership.add(new ArrayList<>());
      deltas.add(new ArrayList<>());
    }
  }

  static int partition(String key) {
    return FixedPartitioner.partition(key, PARTITIONS);
  }

  synchronized void map(MapSlice slice) {
    maps.add(slice);
    notifyAll();
  }

  synchronized void policy(PolicyRecord record) {
    policies.add(record);
    notifyAll();
  }

  synchronized void command(Command command, Authority authority) {
    Admission signed = new Admission();
    signed.setId(command.admission() == null ? "none" : command.admission().id());
    commands.add(new Object[] {command, authority, signed});
    notifyAll();
  }

  /** Deltas are appended, and nobody reads any, until they are let go again. */
  synchronized void holdDeltas(boolean hold) {
    deltasHeld = hold;
    notifyAll();
  }

  synchronized void deltasBeginAt(long offset) {
    deltasBegin = offset;
  }

  /** What the move job writes. */
  synchronized void step(ShadowStep step) {
    steps.add(step);
    notifyAll();
  }

  /** All steps that stand in the topic are lost by retention. */
  synchronized void loseSteps() {
    stepsBegin = steps.size();
  }

  synchronized void ownership(OwnershipEntry entry) {
    ownership.get(partition(entry.pool())).add(entry);
    notifyAll();
  }

  synchronized List<Event> events(String type) {
    return events.stream().filter(event -> event.getType().equals(type)).toList();
  }

  synchronized List<CommandAck> acks(String command) {
    return acks.stream().filter(ack -> ack.command().equals(command)).toList();
  }

  synchronized List<Delta> deltas(String unit) {
    return deltas.get(partition(unit)).stream().filter(d -> d.unit().equals(unit)).toList();
  }

  synchronized List<Digest> digests() {
    return List.copyOf(digests);
  }

  synchronized List<TelemetryFrame> frames() {
    return List.copyOf(frames);
  }

  /** Waits until something holds; woken by every write. */
  void await(String what, BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!holds.getAsBoolean()) {
      synchronized (this) {
        wait(20);
      }
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("still not true after a minute: " + what);
      }
    }
  }

  /** One node's way to the topics. */
  final class Link implements NodeLog {
    private final Subject node;
    private int firstCommand;
    private volatile boolean closed;
    private volatile boolean cut;
    private volatile boolean failAppends;
    private @Nullable Listener listener;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, Long> followed = new HashMap<>();
    private final Set<String> catchingUp = new HashSet<>();
    private final Map<String, Long> streams = new HashMap<>();
    private final Set<String> streamsCatchingUp = new HashSet<>();

    Link(String node) {
      this.node = Subject.node(node);
    }

    /** From now on nothing arrives and nothing gets away. */
    void cut(boolean nowCut) {
      cut = nowCut;
      synchronized (TestingTopics.this) {
        TestingTopics.this.notifyAll();
      }
    }

    /** Appends of data fail, and are not in the log. */
    void failAppends(boolean fail) {
      failAppends = fail;
    }

    @Override
    public void start(Listener told) {
      listener = told;
      synchronized (TestingTopics.this) {
        firstCommand = commands.size();
      }
      thread("test-read-" + node.id(), this::read);
      thread("test-ends-" + node.id(), this::ends);
    }

    private void thread(String name, Runnable body) {
      Thread thread = new Thread(body, name);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }

    private void ends() {
      Listener told = listener;
      while (!closed && told != null) {
        long asked = EventLoop.nowMillis();
        long[] ends = new long[PARTITIONS];
        synchronized (TestingTopics.this) {
          for (int i = 0; i < PARTITIONS; i++) {
            ends[i] = ownership.get(i).size();
          }
        }
        for (int i = 0; i < PARTITIONS && !cut; i++) {
          told.ownershipEnd(i, ends[i], asked);
        }
        synchronized (TestingTopics.this) {
          try {
            TestingTopics.this.wait(20);
          } catch (InterruptedException e) {
            return;
          }
        }
      }
    }

    private void read() {
      Listener told = listener;
      int[] ownershipAt = new int[PARTITIONS];
      int mapAt = 0;
      int policyAt = 0;
      int commandAt = firstCommand;
      int fleetAt = 0;
      boolean caughtUp = false;
      while (!closed && told != null) {
        List<Runnable> batch = new ArrayList<>();
        synchronized (TestingTopics.this) {
          if (!cut) {
            for (int i = 0; i < PARTITIONS; i++) {
              List<OwnershipEntry> log = ownership.get(i);
              for (; ownershipAt[i] < log.size(); ownershipAt[i]++) {
                int partition = i;
                int offset = ownershipAt[i];
                OwnershipEntry entry = log.get(offset);
                batch.add(() -> told.ownership(partition, offset, entry));
              }
            }
            for (; mapAt < maps.size(); mapAt++) {
              MapSlice slice = maps.get(mapAt);
              batch.add(() -> told.map(slice));
            }
            for (; fleetAt < fleetLog.size(); fleetAt++) {
              Object[] entry = fleetLog.get(fleetAt);
              batch.add(() -> told.fleet((Subject) entry[0], (FleetEntry) entry[1]));
            }
            for (; policyAt < policies.size(); policyAt++) {
              PolicyRecord record = policies.get(policyAt);
              batch.add(() -> told.policy(record.key(), record));
            }
            if (!caughtUp) {
              caughtUp = true;
              batch.add(told::caughtUp);
            }
            for (; commandAt < commands.size(); commandAt++) {
              Object[] each = commands.get(commandAt);
              Command command = (Command) each[0];
              if (command.addressee().equals(node)) {
                batch.add(() -> told.command(command, (Authority) each[1], (Admission) each[2]));
              }
            }
            deltas(batch, told);
            steps(batch, told);
          }
          if (batch.isEmpty()) {
            try {
              TestingTopics.this.wait(100);
            } catch (InterruptedException e) {
              return;
            }
          }
        }
        batch.forEach(Runnable::run);
      }
    }

    private void deltas(List<Runnable> batch, Listener told) {
      if (deltasHeld) {
        return;
      }
      Map<String, Long> begun = new HashMap<>(followed);
      for (Map.Entry<String, Long> each : begun.entrySet()) {
        String unit = each.getKey();
        long from = each.getValue();
        if (from >= 0 && from < deltasBegin) {
          followed.remove(unit);
          batch.add(() -> told.deltasLost(unit, from, deltasBegin));
          continue;
        }
        List<Delta> log = deltas.get(partition(unit));
        long next = Math.max(from, deltasBegin);
        for (; next < log.size(); next++) {
          Delta delta = log.get((int) next);
          long offset = next;
          if (delta.unit().equals(unit)) {
            batch.add(() -> told.delta(delta, offset));
          }
        }
        followed.put(unit, next);
        if (catchingUp.remove(unit)) {
          batch.add(() -> told.deltasCaughtUp(unit));
        }
      }
    }

    private void steps(List<Runnable> batch, Listener told) {
      for (Map.Entry<String, Long> each : Map.copyOf(streams).entrySet()) {
        String unit = each.getKey();
        long next = each.getValue();
        if (next < stepsBegin) {
          batch.add(() -> told.stepsLost(unit, "as the test wants"));
          next = stepsBegin;
        }
        for (; next < steps.size(); next++) {
          ShadowStep step = steps.get((int) next);
          long offset = next;
          if (step.unit().equals(unit) && step.shadow().equals(node)) {
            batch.add(() -> told.step(step, offset));
          }
        }
        streams.put(unit, next);
        if (streamsCatchingUp.remove(unit)) {
          long end = next;
          batch.add(() -> told.stepsRead(unit, end));
          batch.add(() -> told.stepsCaughtUp(unit));
        }
      }
    }

    @Override
    public void followSteps(String unit, long fromOffset) {
      synchronized (TestingTopics.this) {
        streams.put(unit, fromOffset < 0 ? steps.size() : fromOffset);
        streamsCatchingUp.add(unit);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void unfollowSteps(String unit) {
      synchronized (TestingTopics.this) {
        streams.remove(unit);
      }
    }

    @Override
    public void trust(Trusted trusted) {
      throw new UnsupportedOperationException("keys are not looked at here");
    }

    @Override
    public void follow(String unit, long fromOffset) {
      synchronized (TestingTopics.this) {
        followed.put(unit, fromOffset);
        catchingUp.add(unit);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void unfollow(String unit) {
      synchronized (TestingTopics.this) {
        followed.remove(unit);
      }
    }

    @Override
    public void append(Delta delta) {
      Listener told = listener;
      if (cut) {
        return;
      }
      if (failAppends && delta.kind() != Delta.Kind.BARRIER && told != null) {
        told.appendFailed(delta, "as the test wants");
        return;
      }
      synchronized (TestingTopics.this) {
        deltas.get(partition(delta.unit())).add(delta);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void appendOwnership(OwnershipEntry entry, @Nullable Admission signed) {
      if (!cut) {
        ownership(entry);
      }
    }

    @Override
    public void ack(CommandAck ack) {
      synchronized (TestingTopics.this) {
        acks.add(ack);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void event(Event event) {
      synchronized (TestingTopics.this) {
        events.add(event);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void digest(Digest digest) {
      synchronized (TestingTopics.this) {
        digests.add(digest);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void frame(TelemetryFrame frame) {
      synchronized (TestingTopics.this) {
        frames.add(frame);
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void member(FleetEntry entry) {
      synchronized (TestingTopics.this) {
        fleet.put(Subject.node(entry.getEntity().getId()), entry);
        fleetLog.add(new Object[] {Subject.node(entry.getEntity().getId()), entry});
        TestingTopics.this.notifyAll();
      }
    }

    @Override
    public void close() {
      closed = true;
      synchronized (TestingTopics.this) {
        TestingTopics.this.notifyAll();
      }
      for (Thread thread : threads) {
        try {
          thread.join(5_000);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }
}
