package io.forestall.sim.protocol;

import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A way to be wrong that the simulator must notice: a shell or wrapper around the product's own
 * nodes and clients that breaks one rule of the protocol. Each hook says what is done right when it
 * is not overridden. Stateless: what it remembers is in the {@link NodeLife}.
 */
public abstract class ProtocolBug {

  /** No bug. */
  static final ProtocolBug NONE = new ProtocolBug("none", "Nothing is planted.", "everything") {};

  private final String name;
  private final String sentence;
  private final String scenario;
  private final List<ProtocolInvariant> caughtBy;

  /**
   * A bug.
   *
   * @param name words with dashes
   * @param sentence what is wrong
   * @param scenario the scenario in which it shows soonest
   * @param caughtBy the invariants one of which must notice it, the one it is planted for first
   */
  protected ProtocolBug(
      String name, String sentence, String scenario, ProtocolInvariant... caughtBy) {
    this.name = name;
    this.sentence = sentence;
    this.scenario = scenario;
    this.caughtBy = List.of(caughtBy);
  }

  /** Words with dashes. */
  public final String name() {
    return name;
  }

  /** What is wrong. */
  public final String sentence() {
    return sentence;
  }

  /** The scenario in which it shows soonest. */
  public final ProtocolScenario scenario() {
    return ProtocolScenario.named(scenario);
  }

  /** The invariants one of which must notice it, the one it is planted for first. */
  public final List<ProtocolInvariant> caughtBy() {
    return caughtBy;
  }

  @Override
  public String toString() {
    return name;
  }

  /** A node journals a delta. */
  void journal(NodeLife life, long ticket, Delta delta) {
    life.journal(ticket, delta);
  }

  /** A node appends a delta. */
  void append(NodeLife life, Delta delta) {
    life.append(delta);
  }

  /** A node answers a client. */
  void answer(NodeLife life, NodeAnswer answer) {
    life.answer(answer);
  }

  /** A node answers a command. */
  void ack(NodeLife life, CommandAck ack) {
    life.ack(ack);
  }

  /** What a node is set to. */
  NodeSettings settings(NodeSettings settings) {
    return settings;
  }

  /** True when the shell compares what it has read with the end of the log. */
  boolean looksForTheEnd() {
    return true;
  }

  /** From when the lease runs. */
  long leaseFromMillis(long askedMillis, long answeredMillis) {
    return askedMillis;
  }

  /** True when a node knows the longest L of its pool. */
  boolean tellsLeases() {
    return true;
  }

  /** True when a restarted node is told which commands it has done. */
  boolean remembersCommands() {
    return true;
  }

  /** True when a restarted node reads its journal. */
  boolean readsItsJournal() {
    return true;
  }

  /** True when the journal keeps what was accepted and is not in the log. */
  boolean keepsWhatItOwes() {
    return true;
  }

  /** True when each start has a number of its own. */
  boolean countsStarts() {
    return true;
  }

  /** What the check of a signature is said to have found. */
  Authority authority(Authority found) {
    return found;
  }

  /** A request as it reaches the node's side of the protocol. */
  NodeRequest request(NodeLife life, NodeRequest request) {
    return request;
  }

  /** True when the bug answers the request itself. */
  boolean answers(NodeLife life, NodeRequest request) {
    return false;
  }

  /** An ownership record as this node reads it. */
  OwnershipEntry ownership(NodeLife life, OwnershipEntry entry) {
    return entry;
  }

  /** After a node has read an ownership record. */
  void afterOwnership(NodeLife life, OwnershipEntry entry) {}

  /** After a delta of this process came into the log. */
  void afterAppend(NodeLife life, Delta delta) {}

  /** After a node has read a delta. */
  void afterDelta(NodeLife life, Delta delta) {}

  /** Witnesses that the saga asks for before it takes a node for dead. */
  int witnesses() {
    return 2;
  }

  /** True when reads wait for the applies that were asked for before them. */
  boolean appliesBeforeReads() {
    return true;
  }

  /** True when a checkpoint covers only what is on the medium. */
  boolean savesWhatItCovers() {
    return true;
  }

  /** A step as the job that feeds shadows sends it. */
  ShadowStep sent(ShadowStep step) {
    return step;
  }

  /** A step as a shadow takes it, null when it passes it over. */
  @Nullable ShadowStep step(NodeLife life, ShadowStep step) {
    return step;
  }

  /** True when a shadow applies a delta also where its order of deltas does not let it. */
  boolean appliesAnything() {
    return false;
  }

  /** True when maps let go of shadows that are about to take over. */
  boolean retiresTakers() {
    return false;
  }

  /** True when a node keeps what it takes over, whatever maps say. */
  boolean keepsTakers() {
    return true;
  }

  /** True when a damaged block is written as it comes, from a place that is not reached yet. */
  boolean repairsAtOnce() {
    return false;
  }

  /** True when digests are taken of what is on the medium. */
  boolean digestsTheMedium() {
    return true;
  }

  /** True when what was fetched is written over what steps wrote since. */
  boolean overwrites() {
    return false;
  }

  /** True when a shadow takes over that is not in sync. */
  boolean promotesAnything(ShadowCopy copy) {
    return false;
  }

  /** True when holders give what they cannot vouch for. */
  boolean givesAnything() {
    return false;
  }

  /** True when a holder gives bytes that are older than was asked for. */
  boolean givesOlder() {
    return false;
  }

  /** True when what holders give is what they say. */
  boolean givesRight() {
    return true;
  }

  /** True when a shadow takes its digests a while behind the VERIFY. */
  boolean digestsLate() {
    return false;
  }

  /** True when a shadow's bytes are on the medium before what says so. */
  boolean syncsShadows() {
    return true;
  }
}
