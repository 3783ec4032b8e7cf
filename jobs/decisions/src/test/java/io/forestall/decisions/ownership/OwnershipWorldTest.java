package io.forestall.decisions.ownership;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Nodes and clients over simulated logs, in random order and with faults: crashes, pauses, lost,
 * late and doubled messages, appends whose fate is unknown and that come late, clocks that drift.
 * The order of the log is the order that must explain what every client saw.
 */
class OwnershipWorldTest {

  private static final int NODES = 3;
  private static final int CLIENTS = 3;
  private static final int UNITS = 2;
  private static final int BLOCKS = 2;

  /** Short, so that a world of a few seconds sees many leases end. */
  private static final long LEASE_MILLIS = 80;

  @Test
  void everyHistoryIsExplainedByTheLogAndNothingAcknowledgedIsLost() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    int worlds = Integer.getInteger("forestall.test.worlds", 80);
    long operations = 0;
    long takeovers = 0;
    long merged = 0;
    for (int number = 0; number < worlds; number++) {
      World world = new World(seed + number);
      try {
        world.run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(
            "-Dforestall.test.seed=" + (seed + number) + " -Dforestall.test.worlds=1", e);
      }
      operations += world.finished;
      takeovers += world.takeovers;
      merged += world.merged;
    }
    assertThat(operations).as("operations that ended").isGreaterThan(worlds * 20L);
    assertThat(takeovers).as("takeovers that counted").isGreaterThan(worlds);
    assertThat(merged).as("requests settled by the delta of another").isGreaterThan(worlds / 2);
  }

  /** One operation of a user. */
  private static final class Operation {
    String block = "";
    boolean write;
    long value;
    String client = "";
    long request;
    long began;
    long ended = -1;
    long position = -1;
  }

  private static final class Message {
    @Nullable Shell toNode;
    int toClient = -1;
    Subject node = Subject.node("none");
    @Nullable NodeRequest request;
    @Nullable NodeAnswer answer;
    long value;
  }

  private static final class World {
    final Random random;
    final List<OwnershipEntry> ownershipLog = new ArrayList<>();
    final List<Delta> deltaLog = new ArrayList<>();
    final List<Delta> lateDeltas = new ArrayList<>();
    final List<OwnershipEntry> lateOwnership = new ArrayList<>();
    final Shell[] nodes = new Shell[NODES];
    final ClientProtocol[] clients = new ClientProtocol[CLIENTS];
    final int[] clientRead = new int[CLIENTS];
    final double[] clientCutUntilMillis = new double[CLIENTS];
    final OwnershipFold[] clientFolds = new OwnershipFold[CLIENTS];
    final List<Message> network = new ArrayList<>();
    final Map<Long, Operation> byUserToken = new HashMap<>();
    final List<Operation> history = new ArrayList<>();

    /** The fold of the log as it stands: position of each value and the epochs of each unit. */
    final Map<String, DeltaFold> truth = new HashMap<>();

    final OwnershipFold ownershipTruth = new OwnershipFold();
    final Map<Long, Long> positionOfValue = new HashMap<>();
    final Set<String> counted = new HashSet<>();
    final Map<String, Operation> writes = new HashMap<>();
    long merged;
    int truthRead;
    int ownershipTruthRead;
    double timeMillis;
    long step;
    long nextValue = 1;
    long nextToken = 1;
    long finished;
    long takeovers;
    boolean calm;

    World(long seed) {
      random = new Random(seed);
      for (int unit = 0; unit < UNITS; unit++) {
        truth.put("v/" + unit, new DeltaFold());
      }
      for (int node = 0; node < NODES; node++) {
        nodes[node] = new Shell(this, node);
        nodes[node].start();
      }
      for (int client = 0; client < CLIENTS; client++) {
        int number = client;
        clientFolds[client] = new OwnershipFold();
        clients[client] =
            new ClientProtocol(
                new ClientProtocol.Settings("c-" + client + "/1", 100, 5, 12),
                new ClientActions() {
                  @Override
                  public void send(Subject node, NodeRequest request) {
                    Message message = new Message();
                    message.toNode = nodeOf(node);
                    message.toClient = number;
                    message.request = request;
                    network.add(message);
                  }

                  @Override
                  public void complete(NodeRequest request, NodeAnswer answer) {
                    finish(request, answer);
                  }

                  @Override
                  public void prepare(Subject node) {}
                });
      }
    }

    Shell nodeOf(Subject node) {
      for (Shell each : nodes) {
        if (each.subject.equals(node)) {
          return each;
        }
      }
      throw new IllegalStateException("no node " + node);
    }

    long now() {
      return (long) timeMillis;
    }

    void run() {
      for (step = 0; step < 3_000; step++) {
        timeMillis += random.nextDouble() * (random.nextInt(1_000) == 0 ? 100 : 1);
        act();
        fold();
      }
      calm = true;
      for (Shell each : nodes) {
        each.pausedSteps = 0;
        if (each.dead) {
          each.start();
        }
      }
      for (int left = 100_000; left > 0 && !isQuiet(); left--) {
        step++;
        timeMillis += random.nextDouble();
        act();
        fold();
      }
      assertThat(isQuiet())
          .as("everything comes to its end once nothing fails any more: %s", this)
          .isTrue();
      check();
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder("world at " + now());
      for (ClientProtocol each : clients) {
        text.append("\nclient: ").append(each.open()).append(" open, knows ").append(each.map());
      }
      for (Shell each : nodes) {
        text.append("\n").append(each.subject).append(each.dead ? " dead " : " alive ");
        text.append(each.ownershipRead).append("/").append(ownershipLog.size()).append(" ");
        text.append(each.deltasRead).append("/").append(deltaLog.size()).append(" ");
        text.append(each.appends.size()).append(" ").append(each.ownershipAppends.size());
        text.append(" ").append(each.running().status());
      }
      return text.append("\nnetwork: ").append(network.size()).toString();
    }

    boolean isQuiet() {
      for (ClientProtocol each : clients) {
        if (each.open() > 0) {
          return false;
        }
      }
      return true;
    }

    void act() {
      Shell node = nodes[random.nextInt(NODES)];
      int client = random.nextInt(CLIENTS);
      int dice = random.nextInt(100);
      if (dice < 45) {
        for (int left = 1 + random.nextInt(8); left > 0; left--) {
          node.act();
        }
      } else if (dice < 75) {
        for (int left = 1 + random.nextInt(4); left > 0; left--) {
          deliver();
        }
      } else if (dice < 84) {
        readAsClient(client);
        clients[client].tick(now());
      } else if (dice < 92) {
        if (!calm && clients[client].open() < 12) {
          submit(client);
        }
      } else if (calm) {
        node.act();
      } else if (dice < 95) {
        if (random.nextInt(12) == 0) {
          promote();
        }
      } else if (dice == 95 && random.nextInt(4) == 0) {
        node.crash();
      } else if (dice == 96) {
        if (random.nextInt(3) == 0) {
          node.pausedSteps = random.nextInt(800);
        } else if (random.nextInt(3) > 0) {
          // Cut off from the logs, while clients still reach it.
          node.cutUntilMillis = timeMillis + random.nextInt(400);
        } else {
          clientCutUntilMillis[client] = timeMillis + random.nextInt(400);
        }
      } else if (dice == 97 && !lateDeltas.isEmpty()) {
        deltaLog.add(lateDeltas.remove(random.nextInt(lateDeltas.size())));
      } else if (dice == 98 && !lateOwnership.isEmpty()) {
        ownershipLog.add(lateOwnership.remove(random.nextInt(lateOwnership.size())));
      } else if (node.dead) {
        node.start();
      }
    }

    void submit(int client) {
      Operation operation = new Operation();
      int unit = random.nextInt(UNITS);
      int block = random.nextInt(BLOCKS);
      operation.block = "v/" + unit + "#" + block;
      operation.write = random.nextInt(3) == 0;
      operation.value = operation.write ? nextValue++ : 0;
      operation.began = step;
      operation.client = "c-" + client + "/1";
      history.add(operation);
      long token = nextToken++;
      byUserToken.put(token, operation);
      operation.request =
          clients[client].submit(
              token,
              "v/" + unit,
              operation.write ? NodeRequest.Kind.WRITE : NodeRequest.Kind.READ,
              block * 4096L,
              4096,
              "NONE",
              operation.write
                  ? ByteBuffer.allocate(8).putLong(operation.value).array()
                  : new byte[0],
              0,
              (int) operation.value,
              now());
      if (operation.write) {
        writes.put(operation.client + "#" + operation.request, operation);
      }
    }

    void finish(NodeRequest request, NodeAnswer answer) {
      assertThat(answer.outcome()).isEqualTo(NodeAnswer.Outcome.DONE);
      Operation operation = byUserToken.remove(request.token());
      if (operation == null) {
        throw new IllegalStateException("completed twice: " + request);
      }
      operation.ended = step;
      if (!operation.write) {
        operation.value = lastAnswerValue;
      } else {
        assertThat(positionOfValue)
            .as("an acknowledged write is in the log")
            .containsKey(operation.value);
      }
      finished++;
    }

    long lastAnswerValue;

    void deliver() {
      if (network.isEmpty()) {
        return;
      }
      int index = random.nextInt(network.size());
      Message message = network.get(index);
      int fate = calm ? 50 : random.nextInt(100);
      if (fate < 3) {
        network.remove(index);
        return;
      }
      if (fate >= 6) {
        network.remove(index);
      }
      NodeAnswer answer = message.answer;
      NodeRequest request = message.request;
      if (answer != null) {
        lastAnswerValue = message.value;
        clients[message.toClient].answered(message.node, answer, now());
      } else if (request != null && message.toNode != null) {
        message.toNode.arrived(message.toClient, request);
      }
    }

    void readAsClient(int client) {
      if (clientRead[client] < ownershipLog.size()
          && (calm || timeMillis >= clientCutUntilMillis[client])) {
        int offset = clientRead[client]++;
        for (OwnershipFold.Change each :
            clientFolds[client].take(offset, ownershipLog.get(offset))) {
          if (each.epochStepped()) {
            clients[client].learned(each.after(), now());
          }
        }
      }
    }

    /** Somebody is allowed to take units over, and is told, sometimes with epochs that are over. */
    void promote() {
      Shell target = nodes[random.nextInt(NODES)];
      List<UnitStep> steps = new ArrayList<>();
      Subject source = Subject.node("n-0");
      for (int unit = 0; unit < UNITS; unit++) {
        Owned owned = ownershipTruth.owned("v/" + unit);
        if (owned != null && random.nextInt(3) > 0) {
          long epoch = Math.max(1, owned.epoch() - (random.nextInt(10) == 0 ? 1 : 0));
          steps.add(new UnitStep("v/" + unit, epoch, epoch + 1));
          source = owned.owner();
        }
      }
      if (steps.isEmpty() || target.dead) {
        return;
      }
      String id = "a-" + step;
      Admission admission =
          new Admission(
              id,
              1,
              Admission.State.ADMITTED,
              "proposal",
              ActKind.FAILOVER,
              source,
              "p",
              null,
              true,
              steps,
              source,
              target.subject,
              List.of(),
              1,
              0,
              0,
              Long.MAX_VALUE / 2,
              0,
              "admitted",
              Map.of());
      Command command =
          new Command(
              id + "/promote",
              Command.Kind.PROMOTE,
              target.subject,
              source,
              "p",
              admission,
              2,
              0,
              steps,
              source,
              0,
              0,
              Long.MAX_VALUE / 2,
              null,
              "because",
              Map.of());
      target.running().command(command, Authority.VALID, target.now(), now());
    }

    /** Folds the logs as they stand now. */
    void fold() {
      for (; truthRead < deltaLog.size(); truthRead++) {
        Delta delta = deltaLog.get(truthRead);
        DeltaFold fold = truth.get(delta.unit());
        if (fold != null && fold.take(delta) == DeltaFold.Verdict.COUNTS) {
          counts(delta.client() + "#" + delta.request());
          for (Delta.Request each : delta.merged()) {
            merged++;
            counts(each.client() + "#" + each.number());
          }
        }
      }
      for (; ownershipTruthRead < ownershipLog.size(); ownershipTruthRead++) {
        OwnershipEntry entry = ownershipLog.get(ownershipTruthRead);
        for (OwnershipFold.Change each : ownershipTruth.take(ownershipTruthRead, entry)) {
          if (each.epochStepped() && entry.kind() == OwnershipEntry.Kind.TAKEOVER) {
            takeovers++;
          }
        }
      }
    }

    /** A request stands in the log, by itself or settled by the delta of another. */
    void counts(String request) {
      assertThat(counted.add(request)).as("%s counts once", request).isTrue();
      Operation operation = writes.get(request);
      if (operation == null) {
        throw new IllegalStateException("nobody asked for " + request);
      }
      positionOfValue.put(operation.value, (long) truthRead);
    }

    /**
     * The order of the log explains the history: what ended before another began stands before it,
     * or is the same.
     */
    void check() {
      Map<String, List<Operation>> byBlock = new LinkedHashMap<>();
      for (Operation each : history) {
        if (each.ended < 0) {
          continue;
        }
        Long position = each.value == 0 ? Long.valueOf(-1) : positionOfValue.get(each.value);
        assertThat(position).as("the log holds what %s saw", each.client).isNotNull();
        each.position = position == null ? -1 : position;
        byBlock.computeIfAbsent(each.block, block -> new ArrayList<>()).add(each);
      }
      for (List<Operation> operations : byBlock.values()) {
        for (Operation later : operations) {
          for (Operation earlier : operations) {
            if (earlier.ended < later.began) {
              assertThat(earlier.position)
                  .as(
                      "%s of %s/%d began at step %d, after %s of %s/%d had ended at step %d",
                      later.write ? "write" : "read",
                      later.client,
                      later.request,
                      later.began,
                      earlier.write ? "write" : "read",
                      earlier.client,
                      earlier.request,
                      earlier.ended)
                  .isLessThanOrEqualTo(later.position);
            }
          }
        }
      }
    }
  }

  /** A node's shell that does what it is asked for whenever chance says so. */
  private static final class Shell implements NodeActions {
    final World world;
    final Subject subject;
    final double rate;
    final Random random;
    @Nullable NodeProtocol protocol;
    long incarnation;
    boolean dead = true;
    int pausedSteps;
    double cutUntilMillis;

    final List<Delta> journalOnMedium = new ArrayList<>();
    final ArrayDeque<Long> tickets = new ArrayDeque<>();
    final ArrayDeque<Delta> ticketDeltas = new ArrayDeque<>();
    final ArrayDeque<Delta> appends = new ArrayDeque<>();
    final ArrayDeque<OwnershipEntry> ownershipAppends = new ArrayDeque<>();
    final List<NodeRequest> reads = new ArrayList<>();
    final Map<Long, Long> readValues = new HashMap<>();
    final Map<Long, long[]> tokens = new HashMap<>();
    final Map<Long, NodeRequest> requestOf = new HashMap<>();
    final Map<String, Long> copy = new HashMap<>();
    int ownershipRead;
    int deltasRead;
    long askedMillis = -1;
    int askedEnd;
    long nextToken;

    Shell(World world, int number) {
      this.world = world;
      this.random = world.random;
      this.subject = Subject.node("n-" + number);
      this.rate = 1 + (number - 1) * 0.02;
    }

    long now() {
      return (long) (world.timeMillis * rate) + subject.id().hashCode() % 1_000;
    }

    NodeProtocol running() {
      if (protocol == null) {
        throw new IllegalStateException("not started");
      }
      return protocol;
    }

    void start() {
      dead = false;
      incarnation++;
      NodeProtocol started =
          new NodeProtocol(
              new NodeSettings(subject, incarnation, LEASE_MILLIS, 8, 64, 1_000), this);
      protocol = started;
      ownershipRead = 0;
      deltasRead = 0;
      askedMillis = -1;
      copy.clear();
      journalOnMedium.forEach(started::foundInJournal);
      for (int unit = 0; unit < UNITS; unit++) {
        started.follow(
            new UnitSpec("v/" + unit, "v", "p", 1 << 20, 4096),
            subject.id().equals("n-0"),
            new DeltaFold(),
            0,
            now());
      }
    }

    void crash() {
      if (dead) {
        return;
      }
      dead = true;
      for (Delta each : appends) {
        lose(each);
      }
      for (OwnershipEntry each : ownershipAppends) {
        lose(each);
      }
      for (Delta each : ticketDeltas) {
        if (random.nextBoolean()) {
          journalOnMedium.add(each);
        }
      }
      appends.clear();
      ownershipAppends.clear();
      tickets.clear();
      ticketDeltas.clear();
      reads.clear();
      tokens.clear();
      requestOf.clear();
      readValues.clear();
      for (ClientProtocol each : world.clients) {
        each.lost(subject, world.now());
      }
    }

    void lose(Delta delta) {
      int fate = random.nextInt(3);
      if (fate == 0) {
        world.deltaLog.add(delta);
      } else if (fate == 1) {
        world.lateDeltas.add(delta);
      }
    }

    void lose(OwnershipEntry entry) {
      int fate = random.nextInt(3);
      if (fate == 0) {
        world.ownershipLog.add(entry);
      } else if (fate == 1) {
        world.lateOwnership.add(entry);
      }
    }

    void arrived(int client, NodeRequest request) {
      if (dead) {
        world.clients[client].lost(subject, world.now());
        return;
      }
      long token = nextToken++;
      tokens.put(token, new long[] {client, request.token()});
      NodeRequest own = request.withToken(token);
      requestOf.put(token, own);
      running().request(own, now(), world.now());
    }

    void act() {
      if (dead) {
        if (world.calm) {
          start();
        }
        return;
      }
      if (pausedSteps > 0) {
        pausedSteps--;
        return;
      }
      NodeProtocol node = running();
      boolean fails = !world.calm && random.nextInt(40) == 0;
      boolean cut = !world.calm && world.timeMillis < cutUntilMillis;
      switch (cut ? 6 + random.nextInt(2) : random.nextInt(8)) {
        case 0 -> {
          Long ticket = null;
          for (int left = 1 + random.nextInt(3); left > 0 && !tickets.isEmpty(); left--) {
            ticket = tickets.poll();
            Delta delta = ticketDeltas.poll();
            if (delta != null) {
              journalOnMedium.add(delta);
            }
          }
          if (ticket != null && !fails) {
            node.journaled(ticket, now());
          } else if (ticket != null) {
            node.journalFailed(ticket, true, now());
          }
        }
        case 1 -> {
          Delta delta = appends.poll();
          if (delta != null && fails) {
            lose(delta);
            node.appendFailed(delta, now());
          } else if (delta != null) {
            world.deltaLog.add(delta);
          }
        }
        case 2 -> {
          OwnershipEntry entry = ownershipAppends.poll();
          if (entry != null && fails) {
            lose(entry);
            node.ownershipAppendFailed(entry, now());
          } else if (entry != null) {
            world.ownershipLog.add(entry);
          }
        }
        case 3, 4 -> {
          if (askedMillis < 0) {
            askedMillis = now();
            askedEnd = world.ownershipLog.size();
          } else {
            for (int left = 1 + random.nextInt(3);
                left > 0 && ownershipRead < world.ownershipLog.size();
                left--) {
              node.ownershipRead(0, ownershipRead, world.ownershipLog.get(ownershipRead++), now());
            }
            if (ownershipRead >= askedEnd) {
              node.ownershipReadToEnd(0, askedMillis, now());
              askedMillis = -1;
            }
          }
        }
        case 5 -> {
          for (int left = 1 + random.nextInt(4);
              left > 0 && deltasRead < world.deltaLog.size();
              left--) {
            node.deltaRead(world.deltaLog.get(deltasRead), deltasRead++, now());
          }
        }
        case 6 -> {
          for (int left = random.nextInt(4); left > 0 && !reads.isEmpty(); left--) {
            NodeRequest read = reads.remove(random.nextInt(reads.size()));
            node.readDone(read, false, now());
          }
        }
        default -> node.tick(now(), world.now());
      }
    }

    @Override
    public void journal(long ticket, Delta delta) {
      tickets.add(ticket);
      ticketDeltas.add(delta);
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
      copy.put(delta.unit() + "#" + delta.offset() / 4096, (long) delta.plainCrc());
    }

    @Override
    public void read(NodeRequest request) {
      reads.add(request);
      readValues.put(
          request.token(), copy.getOrDefault(request.unit() + "#" + request.offset() / 4096, 0L));
    }

    @Override
    public void answer(NodeAnswer answer) {
      long[] from = tokens.remove(answer.token());
      NodeRequest request = requestOf.remove(answer.token());
      Long value = readValues.remove(answer.token());
      if (from == null || request == null) {
        throw new IllegalStateException("answered twice: " + answer);
      }
      Message message = new Message();
      message.toClient = (int) from[0];
      message.node = subject;
      message.value = value == null ? 0 : value;
      message.answer = new NodeAnswer(from[1], answer.outcome(), answer.owned(), answer.text());
      world.network.add(message);
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
    public void letGo(String unit) {
      throw new IllegalStateException("this world has no shadows");
    }

    @Override
    public Delta whole(Delta found) {
      return found;
    }

    @Override
    public void setAside(Delta delta, String why) {}
  }
}
