package io.forestall.sim.world;

import java.util.List;

/** Random choices from one seed, the same on every machine and Java. For one thread. */
public final class Dice {
  private long state;

  /** Dice whose every throw the seed decides. */
  public Dice(long seed) {
    state = mixed(seed + 0x9e3779b97f4a7c15L);
  }

  /** Dice of their own, so that more throws here change nothing there. */
  public Dice fork(String name) {
    return new Dice(next() ^ name.hashCode() * 0x9e3779b97f4a7c15L);
  }

  /** The next 64 bits. */
  public long next() {
    state += 0x9e3779b97f4a7c15L;
    return mixed(state);
  }

  private static long mixed(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** From 0 to the bound, without it. */
  public int below(int bound) {
    return (int) ((next() >>> 33) % bound);
  }

  /** From the first to the last, both included. */
  public long between(long first, long last) {
    return last <= first ? first : first + (next() >>> 1) % (last - first + 1);
  }

  /** From 0 to 1, without 1. */
  public double unit() {
    return (next() >>> 11) * 0x1.0p-53;
  }

  /** True with this probability. */
  public boolean chance(double probability) {
    return unit() < probability;
  }

  /** A waiting time with this mean, for what happens at any moment alike; at least 1 ms. */
  public long waitMillis(double meanMillis) {
    return Math.max(1, (long) (-Math.log(1 - unit()) * meanMillis));
  }

  /** One of these. */
  public <T> T pick(List<T> from) {
    return from.get(below(from.size()));
  }
}
