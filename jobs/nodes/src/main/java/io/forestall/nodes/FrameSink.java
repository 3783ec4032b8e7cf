package io.forestall.nodes;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.TelemetryFrame;

/**
 * Where telemetry goes: the publisher sends it to Kafka, tests collect it. Calls may block while
 * the sink is full. Every method throws {@link PublishException} when something could not be handed
 * over, this or an earlier one.
 */
public interface FrameSink {

  /**
   * Says what stands where.
   *
   * @param member the node or disk
   * @param timeMillis when that was true; milliseconds since 1970-01-01 UTC
   */
  void member(FleetMember member, long timeMillis);

  /** Says that a subject is gone: its state ends everywhere. */
  void retire(Subject subject);

  /** Sends one scrape of one node. */
  void frame(TelemetryFrame frame);

  /**
   * Sends the event that a disk failed.
   *
   * @param failure the disk and the time
   * @param source what says so, as in the frames
   */
  void failure(DiskFailure failure, String source);

  /** Sends what could not be read. */
  void deadLetter(DeadLetter letter);

  /** Waits until all that was handed over has arrived. */
  void flush();
}
