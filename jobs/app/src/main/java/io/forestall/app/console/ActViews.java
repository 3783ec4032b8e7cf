package io.forestall.app.console;

import io.forestall.app.volume.SagaView;
import io.forestall.app.volume.VolumeView;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the console knows of incidents, of decisions about them, of admitted acts, of what operators
 * said, of volumes and of sagas: one view each. Each is bounded and keeps its own lock.
 * Thread-safe. Row G20.
 */
public final class ActViews {
  private static final int MAX_POOLS = 1000;
  private static final String STOPPED = "pool.automation.stopped";
  private static final String RESUMED = "pool.automation.resumed";

  /** Automation of a pool was stopped or went on, as the guard said in an event. */
  record Notice(String pool, boolean stopped, long timeMillis, String text) {}

  private final IncidentView incidents;
  private final DecisionView decisions;
  private final AdmissionView admissions = new AdmissionView();
  private final PolicyView policies = new PolicyView();
  private final VolumeView volumes;
  private final SagaView sagas = new SagaView();
  private final Map<String, Long> refusals = new TreeMap<>();
  private final Map<String, Notice> notices = new TreeMap<>();
  private final LongSupplier wallMillis;

  /** Empty views with the usual limits that go by the clock of this machine. */
  public ActViews() {
    this(Trusted.NONE);
  }

  /**
   * Empty views with the usual limits that go by the clock of this machine.
   *
   * @param trusted whose signatures count in the log of ownership; nobody's means that they are not
   *     looked at
   */
  public ActViews(Trusted trusted) {
    this(
        IncidentView.Limits.DEFAULT,
        DecisionView.Limits.DEFAULT,
        trusted,
        System::currentTimeMillis);
  }

  ActViews(IncidentView.Limits incidents, DecisionView.Limits decisions, LongSupplier wallMillis) {
    this(incidents, decisions, Trusted.NONE, wallMillis);
  }

  /**
   * Empty views.
   *
   * @param wallMillis what expires is held against it; milliseconds since 1970-01-01 UTC
   */
  ActViews(
      IncidentView.Limits incidents,
      DecisionView.Limits decisions,
      Trusted trusted,
      LongSupplier wallMillis) {
    this.volumes = new VolumeView(trusted);
    this.incidents = new IncidentView(incidents);
    this.decisions = new DecisionView(decisions);
    this.wallMillis = wallMillis;
  }

  /** Takes in one record of the incidents topic; null forgets the incident. */
  public void incident(String id, @Nullable Incident incident) {
    incidents.incident(id, incident);
  }

  /** Takes in one record of the proposals topic. */
  public void proposal(Proposal proposal) {
    decisions.proposal(proposal);
  }

  /** Takes in one record of the decisions topic. */
  public void decision(Decision decision) {
    decisions.decision(decision);
  }

  /**
   * Takes in one record of the admissions log.
   *
   * @throws WireException when its grant cannot be read
   */
  public void admission(Admission admission) throws WireException {
    admissions.admission(admission);
    sagas.admission(admission);
  }

  /** Takes in one record of the policies topic; null takes the policy back. */
  public void policy(String key, @Nullable Policy policy) {
    policies.policy(key, policy);
  }

  /** Takes in an event about a pool; those that say nothing of its automation change nothing. */
  public void poolEvent(Event event) {
    boolean stopped = event.getType().equals(STOPPED);
    if (!stopped && !event.getType().equals(RESUMED)) {
      return;
    }
    String pool = event.getEntity().getId();
    synchronized (notices) {
      Notice before = notices.get(pool);
      if (before == null
          ? notices.size() < MAX_POOLS
          : before.timeMillis() <= event.getTimeMillis()) {
        notices.put(pool, new Notice(pool, stopped, event.getTimeMillis(), event.getSummary()));
      }
    }
  }

  /**
   * Takes in an event about a step of a saga, a pause that a client saw, or a copy whose bytes were
   * found to be wrong; others change nothing.
   *
   * @throws WireException when it makes no sense
   */
  public void volumeEvent(Event event) throws WireException {
    sagas.event(event);
    volumes.event(event);
  }

  /** Takes in one record of the commands topic. */
  public void command(Command command) {
    sagas.command(command);
  }

  /**
   * Takes in one record of the acks topic; refusals are counted by their code.
   *
   * @throws WireException when it makes no sense
   */
  public void ack(Ack ack) throws WireException {
    sagas.ack(ack);
    if (ack.getStatus() == AckStatus.REFUSED && !ack.getDuplicate()) {
      synchronized (refusals) {
        refusals.merge(ack.getCode().name(), 1L, Long::sum);
      }
    }
  }

  /**
   * Takes in one record of the maps topic; null forgets the slice.
   *
   * @throws WireException when it makes no sense
   */
  public void map(String key, @Nullable VolumeMap map) throws WireException {
    volumes.map(key, map);
  }

  /**
   * Takes in one record of the ownership log, in the order of its partition.
   *
   * @param timeMillis when the log took it; milliseconds since 1970-01-01 UTC
   * @throws WireException when it makes no sense
   */
  public void ownership(int partition, long offset, Ownership ownership, long timeMillis)
      throws WireException {
    volumes.ownership(partition, offset, ownership, timeMillis);
  }

  /**
   * Takes in what a copy says of its progress.
   *
   * @throws WireException when it names no node
   */
  public void digest(Digest digest) throws WireException {
    volumes.digest(digest);
  }

  /**
   * Takes in how a shadow stands; null forgets it.
   *
   * @throws WireException when it makes no sense
   */
  public void shadow(String key, @Nullable ShadowStatus status) throws WireException {
    volumes.shadow(key, status);
  }

  VolumeView volumes() {
    return volumes;
  }

  SagaView sagas() {
    return sagas;
  }

  /** Commands that nodes refused, by code. */
  Map<String, Long> refusals() {
    synchronized (refusals) {
      return new TreeMap<>(refusals);
    }
  }

  /** Pools whose automation stands still because of a storm, by name. */
  List<Notice> storms() {
    List<Notice> storms = new ArrayList<>();
    synchronized (notices) {
      for (Notice notice : notices.values()) {
        if (notice.stopped()) {
          storms.add(notice);
        }
      }
    }
    return storms;
  }

  /** The newest word about the automation of a pool, null when there was none. */
  @Nullable Notice notice(String pool) {
    synchronized (notices) {
      return notices.get(pool);
    }
  }

  IncidentView incidents() {
    return incidents;
  }

  DecisionView decisions() {
    return decisions;
  }

  AdmissionView admissions() {
    return admissions;
  }

  PolicyView policies() {
    return policies;
  }

  long nowMillis() {
    return wallMillis.getAsLong();
  }
}
