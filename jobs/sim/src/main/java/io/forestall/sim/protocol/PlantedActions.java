package io.forestall.sim.protocol;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.OwnershipEntry;
import org.jspecify.annotations.Nullable;

/** What a node does, by way of the planted bug where one may want to do it otherwise. */
record PlantedActions(ProtocolBug bug, NodeLife life) implements NodeActions {

  @Override
  public void journal(long ticket, Delta delta) {
    bug.journal(life, ticket, delta);
  }

  @Override
  public void append(Delta delta) {
    bug.append(life, delta);
  }

  @Override
  public void appendOwnership(OwnershipEntry entry) {
    life.appendOwnership(entry);
  }

  @Override
  public void apply(Delta delta, long deltaOffset) {
    life.apply(delta, deltaOffset);
  }

  @Override
  public void read(NodeRequest request) {
    life.read(request);
  }

  @Override
  public void answer(NodeAnswer answer) {
    bug.answer(life, answer);
  }

  @Override
  public void ack(CommandAck ack) {
    bug.ack(life, ack);
  }

  @Override
  public void remember(CommandAck last, long keepUntilMillis) {
    life.remember(last, keepUntilMillis);
  }

  @Override
  public void rememberCancelled(String admission, long keepUntilMillis) {
    life.rememberCancelled(admission, keepUntilMillis);
  }

  @Override
  public void reach(Command probe) {
    life.reach(probe);
  }

  @Override
  public void letGo(String unit) {
    life.letGo(unit);
  }

  @Override
  public @Nullable Delta whole(Delta found) {
    return life.whole(found);
  }

  @Override
  public void setAside(Delta delta, String why) {
    life.setAside(delta, why);
  }
}
