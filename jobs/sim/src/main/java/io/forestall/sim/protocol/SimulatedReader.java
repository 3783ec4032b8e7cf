package io.forestall.sim.protocol;

import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/**
 * One consumer of a partition: gets what was appended after a while, in order, some at a time. For
 * one thread.
 */
final class SimulatedReader<T> {
  private final ProtocolWorld world;
  private final SimulatedPartition<T> partition;
  private final LongSupplier blockedUntilMicros;
  private final SimulatedPartition.Listener<T> sink;
  private final ArrayDeque<Mark> marks = new ArrayDeque<>();
  private int next;
  private boolean pumping;
  private boolean closed;

  private record Mark(int end, Runnable reached) {}

  /**
   * A reader.
   *
   * @param from first offset that it reads
   * @param blockedUntilMicros until when the broker cannot be reached from here
   */
  SimulatedReader(
      ProtocolWorld world,
      SimulatedPartition<T> partition,
      long from,
      LongSupplier blockedUntilMicros,
      SimulatedPartition.Listener<T> sink) {
    this.world = world;
    this.partition = partition;
    this.next = (int) Math.min(from, partition.end());
    this.blockedUntilMicros = blockedUntilMicros;
    this.sink = sink;
    partition.subscribe(this);
  }

  int next() {
    return next;
  }

  void close() {
    closed = true;
    partition.unsubscribe(this);
  }

  void wake() {
    if (!pumping && !closed) {
      pumping = true;
      world.agenda.after(world.delayMicros(400), this::pump);
    }
  }

  private void pump() {
    if (closed) {
      return;
    }
    long until = blockedUntilMicros.getAsLong();
    if (until > world.agenda.nowMicros()) {
      // A consumer that was cut off comes back by its own patience.
      long patience = world.dice.chance(0.5) ? world.dice.between(1_000, 120_000) : 0;
      world.agenda.at(until + world.delayMicros(300) + patience, this::pump);
      return;
    }
    pumping = false;
    int available = partition.end() - next;
    int count =
        available > 1 && world.dice.chance(0.3) ? 1 + world.dice.below(available) : available;
    for (int i = 0; i < count && !closed; i++) {
      int offset = next++;
      sink.appended(offset, partition.get(offset));
    }
    reached();
    if (next < partition.end()) {
      wake();
    }
  }

  /** Asks the broker for the end and says when everything before it was read. */
  void readToEnd(Runnable reached) {
    world.agenda.after(world.delayMicros(300), () -> ask(reached));
  }

  private void ask(Runnable reached) {
    if (closed) {
      return;
    }
    long until = blockedUntilMicros.getAsLong();
    if (until > world.agenda.nowMicros()) {
      world.agenda.at(until + world.delayMicros(300), () -> ask(reached));
      return;
    }
    int end = world.bug.looksForTheEnd() ? partition.end() : 0;
    boolean slow = world.dice.chance(10 * world.value(ProtocolKnob.SLOW));
    world.agenda.after(
        world.delayMicros(300) + (slow ? world.dice.between(1_000, 60_000) : 0),
        () -> answered(end, reached));
  }

  private void answered(int end, Runnable reached) {
    if (closed) {
      return;
    }
    long until = blockedUntilMicros.getAsLong();
    if (until > world.agenda.nowMicros()) {
      // The answer was on its way when the cut came; it is sent again.
      world.agenda.at(until + world.delayMicros(300), () -> answered(end, reached));
      return;
    }
    marks.add(new Mark(end, reached));
    reached();
  }

  private void reached() {
    while (!marks.isEmpty() && marks.peek().end() <= next) {
      marks.remove().reached().run();
    }
  }
}
