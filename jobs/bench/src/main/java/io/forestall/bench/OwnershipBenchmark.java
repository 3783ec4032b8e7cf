package io.forestall.bench;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.UnitSpec;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the ownership protocol itself costs, without disk and log: a whole write at its owner
 * (request, journal, append, read-back, answer) and a delta at a copy, with many units on the node.
 * The unit is writes, or deltas, per second on one thread; the journal and the log of {@code
 * scripts/bench write} take some hundred times as long.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx1g", "-XX:+UseSerialGC"})
public class OwnershipBenchmark {

  @Param({"1", "1000"})
  public int units = 1;

  private final Loop loop = new Loop();
  private NodeProtocol owner = new NodeProtocol(settings("n-1"), loop);
  private NodeProtocol copy = new NodeProtocol(settings("n-2"), new Loop());
  private String[] names = new String[0];
  private final byte[] payload = new byte[4096];
  private long number;
  private long offset;

  /** An owner that serves all units, and a node that follows them. */
  @Setup
  public void start() {
    owner = new NodeProtocol(settings("n-1"), loop);
    copy = new NodeProtocol(settings("n-2"), new Loop());
    names = new String[units];
    for (int index = 0; index < units; index++) {
      names[index] = "v/" + index;
      UnitSpec spec = new UnitSpec(names[index], "v", "p", 1L << 30, 4096);
      owner.follow(spec, true, new DeltaFold(), 0, 0);
      copy.follow(spec, new DeltaFold(), 0, 0);
    }
    owner.ownershipReadToEnd(0, 0, 0);
    owner.tick(0, 0);
    long records = 0;
    for (OwnershipEntry entry = loop.ownership.poll();
        entry != null;
        entry = loop.ownership.poll()) {
      owner.ownershipRead(0, records++, entry, 0);
    }
    drain(true);
  }

  /** One write at its owner, from the request to the answer. */
  @Benchmark
  public long writeAtOwner() {
    request();
    drain(false);
    return loop.answers;
  }

  /** The same write, and what each copy of the unit does about it. */
  @Benchmark
  public long writeAtOwnerAndCopy() {
    request();
    drain(true);
    return loop.answers;
  }

  private void request() {
    long request = number++;
    owner.request(
        new NodeRequest(
            request,
            "c-1/1",
            request,
            names[(int) (request % units)],
            1,
            NodeRequest.Kind.WRITE,
            request % 1024 * 4096,
            4096,
            "NONE",
            payload,
            0,
            0),
        0,
        0);
    owner.journaled(loop.lastTicket, 0);
  }

  private void drain(boolean withCopy) {
    for (Delta delta = loop.log.poll(); delta != null; delta = loop.log.poll()) {
      owner.deltaRead(delta, offset, 0);
      if (withCopy) {
        copy.deltaRead(delta, offset, 0);
      }
      offset++;
    }
  }

  private static NodeSettings settings(String node) {
    return NodeSettings.of(Subject.node(node), 1);
  }

  /** A shell whose journal and log are done at once. */
  private static final class Loop implements NodeActions {
    private final ArrayDeque<Delta> log = new ArrayDeque<>();
    private final ArrayDeque<OwnershipEntry> ownership = new ArrayDeque<>();
    private long lastTicket;
    private long answers;

    @Override
    public void journal(long ticket, Delta delta) {
      lastTicket = ticket;
    }

    @Override
    public void append(Delta delta) {
      log.add(delta);
    }

    @Override
    public void appendOwnership(OwnershipEntry entry) {
      ownership.add(entry);
    }

    @Override
    public void apply(Delta delta, long deltaOffset) {}

    @Override
    public void read(NodeRequest request) {}

    @Override
    public void answer(NodeAnswer answer) {
      if (answer.outcome() != NodeAnswer.Outcome.DONE) {
        throw new IllegalStateException("not done: " + answer);
      }
      answers++;
    }

    @Override
    public void ack(CommandAck ack) {}

    @Override
    public void remember(CommandAck last, long keepUntilMillis) {}

    @Override
    public void rememberCancelled(String admission, long keepUntilMillis) {}

    @Override
    public void reach(Command probe) {}

    @Override
    public void letGo(String unit) {}

    @Override
    public Delta whole(Delta found) {
      return found;
    }

    @Override
    public void setAside(Delta delta, String why) {}
  }
}
