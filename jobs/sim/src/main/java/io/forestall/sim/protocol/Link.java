package io.forestall.sim.protocol;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client to a node: in order both ways while it lasts; what is under way when
 * it breaks may still reach the node. For one thread.
 */
final class Link {
  private final ProtocolWorld world;
  private final ClientLife client;
  private final SimulatedNode node;
  private @Nullable NodeLife other;
  private long lastToNodeMicros;
  private long lastToClientMicros;
  private boolean broken;

  Link(ProtocolWorld world, ClientLife client, SimulatedNode node) {
    this.world = world;
    this.client = client;
    this.node = node;
  }

  SimulatedNode node() {
    return node;
  }

  void send(NodeRequest request) {
    lastToNodeMicros =
        Math.max(world.agenda.nowMicros() + world.delayMicros(150), lastToNodeMicros + 1);
    world.agenda.at(lastToNodeMicros, () -> arrive(request));
  }

  private void arrive(NodeRequest request) {
    NodeLife there = node.life;
    if (there == null || other != null && other != there) {
      tellClient();
      return;
    }
    if (other == null) {
      other = there;
    }
    there.asked(this, request);
  }

  void answer(NodeRequest asked, NodeAnswer answer, long @Nullable [] read) {
    if (broken) {
      return;
    }
    lastToClientMicros =
        Math.max(world.agenda.nowMicros() + world.delayMicros(150), lastToClientMicros + 1);
    world.agenda.at(
        lastToClientMicros,
        () -> {
          if (!broken) {
            client.answered(
                node.self,
                new NodeAnswer(asked.token(), answer.outcome(), answer.owned(), answer.text()),
                read);
          }
        });
  }

  /** The connection ends; both sides hear of it, each in its time. */
  void breakNow() {
    if (broken) {
      return;
    }
    broken = true;
    world.agenda.after(world.delayMicros(500), this::tellClient);
    NodeLife there = other;
    if (there != null) {
      lastToNodeMicros =
          Math.max(world.agenda.nowMicros() + world.delayMicros(500), lastToNodeMicros + 1);
      world.agenda.at(lastToNodeMicros, () -> there.gone(this));
    }
  }

  private void tellClient() {
    broken = true;
    client.lost(this);
  }

  @Override
  public String toString() {
    return "the connection of " + client;
  }
}
