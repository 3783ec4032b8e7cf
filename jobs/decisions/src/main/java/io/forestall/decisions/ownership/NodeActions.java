package io.forestall.decisions.ownership;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandActions;
import org.jspecify.annotations.Nullable;

/**
 * What the node's side of the protocol lets its shell do: real files and Kafka in the product,
 * simulated ones in the simulator. Calls return at once; what comes of them is told to {@link
 * NodeProtocol} later, on its own thread.
 */
public interface NodeActions extends CommandActions {

  /**
   * Puts a delta into the journal. {@link NodeProtocol#journaled} follows once it is on the medium
   * (fsync), in the order of tickets; or {@link NodeProtocol#journalFailed}.
   */
  void journal(long ticket, Delta delta);

  /**
   * Appends a delta to the log (acks=all), in order for one unit. Only a failure is told, by {@link
   * NodeProtocol#appendFailed}: success is read back.
   */
  void append(Delta delta);

  /**
   * Appends a record to the ownership log (acks=all); success is read back, failure or doubt is
   * told by {@link NodeProtocol#ownershipAppendFailed}.
   */
  void appendOwnership(OwnershipEntry entry);

  /**
   * Applies a delta to the node's copy. For one unit applies and reads happen in the order they are
   * asked for.
   *
   * @param deltaOffset place of the delta in the log
   */
  void apply(Delta delta, long deltaOffset);

  /**
   * Reads bytes of the node's copy, after all applies asked for before; {@link
   * NodeProtocol#readDone} follows.
   */
  void read(NodeRequest request);

  /** Answers a request; with DONE for a read, the bytes that were read go with it. */
  void answer(NodeAnswer answer);

  /**
   * Tries to reach the node that a PROBE names in its parameter {@link Command#REACH}; {@link
   * NodeProtocol#reached} follows.
   */
  void reach(Command probe);

  /**
   * Lets the shadow of a unit go, with its bytes, whatever it has become since: it is not followed,
   * fed or served from any more.
   */
  void letGo(String unit);

  /**
   * The data of a delta that was found in the journal at the start, which comes without it.
   *
   * @return the delta with its data, null when it cannot be read
   */
  @Nullable Delta whole(Delta found);

  /**
   * Keeps aside what the log lacks: a delta of the journal that never happened, for an operator.
   */
  void setAside(Delta delta, String why);
}
