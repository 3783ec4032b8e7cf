package io.forestall.app.console;

import io.forestall.schemas.Admission;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the console knows of incidents, of decisions about them, of admitted acts, and of what
 * operators said: one view each. Each is bounded and keeps its own lock. Thread-safe. Row G20.
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
  private final Map<String, Notice> notices = new TreeMap<>();
  private final LongSupplier wallMillis;

  /** Empty views with the usual limits that go by the clock of this machine. */
  public ActViews() {
    this(IncidentView.Limits.DEFAULT, DecisionView.Limits.DEFAULT, System::currentTimeMillis);
  }

  /**
   * Empty views.
   *
   * @param wallMillis what expires is held against it; milliseconds since 1970-01-01 UTC
   */
  ActViews(IncidentView.Limits incidents, DecisionView.Limits decisions, LongSupplier wallMillis) {
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
