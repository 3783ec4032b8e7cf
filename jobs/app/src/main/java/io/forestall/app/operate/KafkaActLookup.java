package io.forestall.app.operate;

import io.forestall.app.KafkaOptions;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionGrant;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks acts up in the topics themselves, as far back as an act can be open. Thread-safe: each call
 * has its own client.
 */
public final class KafkaActLookup implements ActLookup {
  private static final long PROPOSALS_MILLIS = Duration.ofDays(7).toMillis();
  private static final long ADMISSIONS_MILLIS = Duration.ofDays(30).toMillis();
  private static final Set<DecisionOutcome> ENDED =
      EnumSet.of(DecisionOutcome.ADMITTED, DecisionOutcome.ENDED);
  private static final Set<DecisionCode> FINAL =
      EnumSet.of(
          DecisionCode.APPROVAL_DENIED,
          DecisionCode.EXPIRED,
          DecisionCode.SUPERSEDED,
          DecisionCode.CANCELLED);

  private final KafkaOptions kafka;
  private final LongSupplier nowMillis;

  /**
   * A lookup.
   *
   * @param kafka where the topics are
   * @param nowMillis the time; milliseconds since 1970-01-01 UTC
   */
  public KafkaActLookup(KafkaOptions kafka, LongSupplier nowMillis) {
    this.kafka = kafka;
    this.nowMillis = nowMillis;
  }

  @Override
  public @Nullable Found proposal(String id) {
    AvroCodec<Proposal> proposals = AvroCodec.of(Proposal.class);
    Proposal[] found = new Proposal[1];
    scan(
        Topics.PROPOSALS,
        id,
        value -> {
          Proposal proposal = proposals.decode(value);
          if (proposal.getId().equals(id)) {
            found[0] = proposal;
          }
        });
    if (found[0] == null) {
      return null;
    }
    AvroCodec<Decision> decisions = AvroCodec.of(Decision.class);
    Decision[] newest = new Decision[1];
    scan(
        Topics.DECISIONS,
        id,
        value -> {
          Decision decision = decisions.decode(value);
          if (decision.getProposal().equals(id)
              && (newest[0] == null || decision.getTimeMillis() >= newest[0].getTimeMillis())) {
            newest[0] = decision;
          }
        });
    Decision last = newest[0];
    return new Found(
        title(found[0].getAct(), Keys.of(found[0].getSubject())),
        found[0].getPool(),
        found[0].getExpiresMillis(),
        last == null ? null : Words.lower(last.getOutcome()) + ", " + Words.lower(last.getCode()),
        last != null
            && (ENDED.contains(last.getOutcome())
                || (last.getOutcome() == DecisionOutcome.REFUSED
                    && FINAL.contains(last.getCode()))));
  }

  @Override
  public @Nullable Found admission(String id) {
    AvroCodec<Admission> admissions = AvroCodec.of(Admission.class);
    Admission[] newest = new Admission[1];
    scan(
        Topics.ADMISSIONS,
        id,
        value -> {
          Admission admission = admissions.decode(value);
          if (admission.getId().equals(id)
              && admission.getState() != AdmissionState.STARTED
              && (newest[0] == null || admission.getRevision() >= newest[0].getRevision())) {
            newest[0] = admission;
          }
        });
    Admission last = newest[0];
    if (last == null) {
      return null;
    }
    return new Found(
        title(last.getAct(), Keys.of(last.getSubject())),
        last.getPool(),
        expires(last),
        Words.lower(last.getState()),
        last.getState() != AdmissionState.ADMITTED);
  }

  private static long expires(Admission admission) {
    byte[] grant = new byte[admission.getGrant().remaining()];
    admission.getGrant().duplicate().get(grant);
    try {
      return AvroCodec.of(AdmissionGrant.class).decode(grant).getExpiresMillis();
    } catch (WireException e) {
      // Only shown; whoever acts on a grant checks it.
      return 0;
    }
  }

  private static String title(Enum<?> act, String subject) {
    return Words.lower(act) + " of " + subject;
  }

  /** What cannot be read is a dead letter of its readers and no reason to say nothing. */
  private void scan(Topics topic, String id, TopicScan.Values reading) {
    long since = topic == Topics.ADMISSIONS ? ADMISSIONS_MILLIS : PROPOSALS_MILLIS;
    var unused = TopicScan.values(kafka, topic, nowMillis.getAsLong() - since, id, reading);
  }
}
