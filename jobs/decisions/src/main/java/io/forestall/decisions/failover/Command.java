package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an addressee must do (C4, G11). Immutable. A command carries no authority of its own: what
 * changes anything stands on the signed admission inside, which names units, epochs and target.
 *
 * @param id derived from admission, step, attempt and addressee; a repeat has the same
 * @param kind what must be done
 * @param addressee who must do it
 * @param subject what it is done for; acks carry it as their key
 * @param pool pool of the act
 * @param admission admission it stands on, null for what changes nothing
 * @param step number of the step in the act, from 0
 * @param attempt number of the attempt of the step, from 0
 * @param units units concerned with their epochs
 * @param target the other side, null when there is none
 * @param timeMillis when it was given; milliseconds since 1970-01-01 UTC
 * @param notBeforeMillis it must not be begun before
 * @param expiresMillis it must not be begun after
 * @param credentialsRef reference to credentials, never the credentials
 * @param reason why, as a sentence
 * @param parameters parameters of the command
 */
public record Command(
    String id,
    Kind kind,
    Subject addressee,
    Subject subject,
    String pool,
    @Nullable Admission admission,
    int step,
    int attempt,
    List<UnitStep> units,
    @Nullable Subject target,
    long timeMillis,
    long notBeforeMillis,
    long expiresMillis,
    @Nullable String credentialsRef,
    String reason,
    Map<String, String> parameters) {

  /** Parameter of a PROBE: the entity that the addressee shall try to reach, {@code node/n-1}. */
  public static final String REACH = "reach";

  /** Copies the collections. */
  public Command {
    units = List.copyOf(units);
    parameters = Map.copyOf(parameters);
  }

  /** True when it stands on this admission. */
  public boolean isUnder(@Nullable Admission act) {
    return admission != null && act != null && admission.id().equals(act.id());
  }

  /** What must be done. The constants are those of the contract that this release knows. */
  public enum Kind {
    /** Not known here: answered UNSUPPORTED. */
    UNKNOWN(false),
    /** Say how you and these units stand; with {@link #REACH}, whether you reach that node. */
    PROBE(false),
    /** Get ready to own these units: follow their deltas closely, connect. Changes no ownership. */
    PREPARE(true),
    /** Take these units over: append the ownership record, barrier, drain, serve. */
    PROMOTE(true),
    /** These units will be taken from you, or were: read the ownership log now. */
    DEMOTE(true),
    /** To a client: the units' owner will be the target. */
    REDIRECT(true),
    /** Read your maps anew. */
    REFRESH_MAP(false),
    /** Level 1: stop giving work to yourself, move data off; the hook {@code drain}. */
    DRAIN(true),
    /** Level 1: leave the cluster; the hook {@code out}. */
    LEAVE(true),
    /** Level 1: come back; the hook {@code in}. */
    RETURN(true),
    /** Do not begin what you were told under this admission; past the fence it changes nothing. */
    CANCEL(true),
    /** Keep a shadow of each of these units: the maps say so. */
    CREATE_SHADOW(true),
    /**
     * Let your shadows of these units go: the maps say so. What you own by now, or are about to
     * take over, you keep, and refuse.
     */
    RETIRE_SHADOW(true);

    private final boolean needsAdmission;

    Kind(boolean needsAdmission) {
      this.needsAdmission = needsAdmission;
    }

    /** True when a signed admission must stand behind it. */
    public boolean needsAdmission() {
      return needsAdmission;
    }
  }
}
