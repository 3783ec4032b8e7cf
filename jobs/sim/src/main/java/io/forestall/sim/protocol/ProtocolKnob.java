package io.forestall.sim.protocol;

import java.util.Locale;

/** One number of a {@link ProtocolScenario}: how much of a workload or of a fault there is. */
public enum ProtocolKnob {
  /** Nodes; count. */
  NODES(4),
  /** Units, with a copy on every node; count. */
  UNITS(2),
  /** Blocks of each unit that clients contend for; count. */
  BLOCKS(2),
  /** Clients; count. */
  CLIENTS(4),
  /** Requests of all clients; count. */
  REQUESTS(60),
  /** Share of the requests that read. */
  READS(0.5),
  /** Share of the requests with which all clients write to the same unit at once. */
  BURSTS(0.1),
  /** Share of the worlds in which the product's own saga carries out what a guard admits. */
  SAGA(0),
  /** Crashes of the job that runs the saga, restored from a checkpoint, often an old one; count. */
  JOB_CRASHES(1.5),
  /** Share of the acks that are lost, and as many that come twice, where the saga reads them. */
  LOST_ACKS(0.05),
  /** Share of the witnesses that do not reach a node though it lives. */
  FALSE_WITNESSES(0.1),
  /** How long the world lives before it comes to rest; milliseconds. */
  LIFE_MILLIS(1200),
  /** Acts that move units to another owner; count. */
  MOVES(4),
  /** Share of the moves that are followed by another before the new owner serves. */
  CHAINS(0.15),
  /** Share of the moves that a second admission for the same epochs contests. */
  RACES(0.15),
  /** Share of the moves whose source is killed first. */
  DEATHS(0.25),
  /** Share of the moves whose target is killed meanwhile. */
  TARGET_DEATHS(0.15),
  /** Share of the moves that are cancelled. */
  CANCELS(0.1),
  /** Crashes of nodes; count. */
  CRASHES(1.5),
  /** Pauses of nodes, as by SIGSTOP, at any action; count. */
  PAUSES(3),
  /** Share of the moves whose source is paused meanwhile. */
  PAUSED_SOURCES(0.3),
  /** Times at which a node is cut from the broker while clients reach it; count. */
  CUTS(0.7),
  /** Share of the moves whose source is cut from the broker meanwhile. */
  CUT_SOURCES(0.15),
  /** Share of the clients that do not follow the ownership log, but ask who was the owner. */
  DEAF_CLIENTS(0.4),
  /** Times at which the broker stalls; count. */
  STALLS(0.3),
  /** Connections between clients and nodes that break; count. */
  BREAKS(4),
  /** Share of the appends that fail, with the record in the log, or not, or late. */
  UNKNOWN_APPENDS(0.01),
  /** Share of everything sent that takes up to a hundred times longer. */
  SLOW(0.02),
  /** Disks that are full for a while; count. */
  FULL_DISKS(0.15),
  /** Disks that fail; count. */
  FAILED_DISKS(0.1),
  /** Commands and ownership records that nobody signed; count. */
  FORGERIES(0.7),
  /** Commands that come again later; count. */
  REPLAYS(1.5),
  /** Times at which the saga is restored and says everything again; count. */
  RESTORES(0.3),
  /** Share of the worlds in which the signing key changes and some nodes learn it late. */
  ROTATIONS(0.15),
  /** Halts; count. */
  HALTS(0.2),
  /** Times at which a node's wall clock jumps; count. */
  JUMPS(0.3),
  /** Share of the worlds that begin in asynchronous mode. */
  ASYNCHRONOUS(0),
  /** Times at which the volume's write mode changes; count. */
  MODES(0),
  /** Share of the requests that flush, where something was accepted. */
  FLUSHES(0.1),
  /** Clients that die and start again; count. */
  CLIENT_CRASHES(0.4),
  /** Shadows that are created; in a world without them each node holds a copy of all; count. */
  SHADOWS(0),
  /** Shadows that are taken away; count. */
  RETIREMENTS(0),
  /** Blocks that a medium changes; count. */
  ROT(0),
  /** Crashes of the job that feeds shadows, restored from a checkpoint, often an old one; count. */
  MOVE_CRASHES(0),
  /** Share of the deltas that the job which feeds shadows never sees, ten times that at starts. */
  LOST_DELTAS(0),
  /** Share of the deltas that it cannot read. */
  DAMAGED_DELTAS(0),
  /** Share of the starts of a shadow at which steps are gone; a 20th of it cannot be read. */
  LOST_STEPS(0),
  /** Share of what holders fetch from each other that does not come, or not in time. */
  LOST_FETCHES(0);

  private final double usual;

  ProtocolKnob(double usual) {
    this.usual = usual;
  }

  /** The value of a scenario that says nothing of it. */
  public double usual() {
    return usual;
  }

  /** Its name: words with dashes. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
