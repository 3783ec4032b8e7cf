package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.WireException;
import io.forestall.wire.rules.RuleFiles;
import io.forestall.wire.rules.RulesException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an operator can say, and what is checked before it is written (G1 to G3, G12, G13). The same
 * for the command line and for HTTP. Refusals are {@link CommandFailure}s, whose exit code says of
 * what sort. As thread-safe as its store.
 */
final class Words {
  private static final long APPROVAL_MILLIS = Duration.ofHours(24).toMillis();
  private static final long DENIAL_MILLIS = Duration.ofDays(7).toMillis();
  private static final int SHOWN = 5;

  private final PolicyStore store;
  private final ActLookup acts;
  private final LongSupplier nowMillis;

  Words(PolicyStore store, ActLookup acts, LongSupplier nowMillis) {
    this.store = store;
    this.acts = acts;
    this.nowMillis = nowMillis;
  }

  /**
   * Who speaks, why, and whether it is only tried.
   *
   * @param author name of the operator
   * @param reason a sentence
   * @param dryRun true checks everything and writes nothing
   */
  record Voice(String author, String reason, boolean dryRun) {}

  long now() {
    return nowMillis.getAsLong();
  }

  /**
   * Writes a word as it is, one version above what stands there.
   *
   * @throws CommandFailure when it makes no sense or cannot be written
   */
  Written say(PolicyDraft draft, boolean dryRun) {
    if (draft.kind() == Kind.UNKNOWN || draft.kind() == Kind.SYNC) {
      throw CommandFailure.usage("no operator says " + lower(draft.kind()));
    }
    if (draft.kind() == Kind.MODE
        && "act".equals(draft.parameters().get(PolicyParameters.MODE))
        && draft.act() == ActKind.UNKNOWN) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "acting is switched on for one kind of act at a time: name it (failover, migrate, ...)");
    }
    long now = now();
    PolicyRecord probe;
    try {
      probe = draft.record(1, now);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(
          e.getMessage() + "; a scope is all, pool/ID, zone/ID or kind/id of an entity");
    }
    checked(probe);
    return store.write(draft.record(next(store.read(), probe.key()), now), dryRun);
  }

  private static void checked(PolicyRecord record) {
    try {
      PolicyRecords.check(record);
      if (record.kind() == Kind.RULE && !record.body().isBlank()) {
        RuleFiles.read(record);
      }
    } catch (RulesException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    } catch (WireException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  private static long next(PolicyStore.Standing standing, String key) {
    PolicyStore.Entry before = standing.newest().get(key);
    return before == null ? 1 : before.record().version() + 1;
  }

  /** Approves one proposal (G3). */
  Written approve(String proposal, Span span, boolean early, Voice voice) {
    proposalOpen(proposal, early, "approved");
    Span limited = span.otherwise(now(), APPROVAL_MILLIS);
    return say(about(Kind.APPROVAL, proposal, limited, voice), voice.dryRun());
  }

  /** Denies one proposal (G3). */
  Written deny(String proposal, Span span, boolean early, Voice voice) {
    proposalOpen(proposal, early, "denied");
    Span limited = span.otherwise(now(), DENIAL_MILLIS);
    return say(about(Kind.DENIAL, proposal, limited, voice), voice.dryRun());
  }

  /** Ends a proposal that waits (G13). */
  Written cancelProposal(String proposal, Span span, boolean early, Voice voice) {
    proposalOpen(proposal, early, "cancelled");
    Span limited = span.otherwise(now(), DENIAL_MILLIS);
    return say(about(Kind.CANCEL, proposal, limited, voice), voice.dryRun());
  }

  /** Ends an admitted act before its fence (G13). */
  Written cancelAdmission(String admission, Span span, boolean early, Voice voice) {
    if (!early) {
      ActLookup.Found found = acts.admission(admission);
      if (found == null) {
        throw unknown("admission", admission);
      }
      if (found.over()) {
        throw over("admission", admission, found, "cancelled");
      }
    }
    Span limited = span.otherwise(now(), DENIAL_MILLIS);
    return say(
        new PolicyDraft(
            Kind.CANCEL,
            PolicyRecords.ALL,
            null,
            ActKind.UNKNOWN,
            null,
            voice.author(),
            voice.reason(),
            limited.fromMillis(),
            limited.expiresMillis(),
            Map.of(PolicyParameters.ADMISSION, admission),
            ""),
        voice.dryRun());
  }

  /** Ends whatever the identifier names: an admission, or else a proposal. */
  Written cancel(String id, Span span, boolean early, Voice voice) {
    return acts.admission(id) != null
        ? cancelAdmission(id, span, early, voice)
        : cancelProposal(id, span, early, voice);
  }

  /** Says a word of this kind about a scope. */
  Written scoped(
      Kind kind,
      String scope,
      ActKind act,
      @Nullable String id,
      Span span,
      Map<String, String> parameters,
      Voice voice) {
    if (kind == Kind.SILENCE
        || kind == Kind.MAINTENANCE
        || kind == Kind.OVERRIDE
        || kind == Kind.PIN) {
      span.ending("a " + lower(kind));
    }
    return say(
        new PolicyDraft(
            kind,
            scope,
            id,
            act,
            null,
            voice.author(),
            voice.reason(),
            span.fromMillis(),
            span.expiresMillis(),
            parameters,
            ""),
        voice.dryRun());
  }

  /** Takes the halt of exactly this scope and kind of act back. */
  Written resume(String scope, ActKind act, Voice voice) {
    List<Written> taken =
        takeBack(
            record ->
                record.kind() == Kind.HALT && record.scope().equals(scope) && record.act() == act,
            "no halt of " + scope + " is in force",
            Kind.HALT,
            voice);
    return taken.get(taken.size() - 1);
  }

  /** Switches the record of a key off. */
  Written takeBack(String key, Voice voice) {
    PolicyStore.Entry entry = store.read().newest().get(key);
    if (entry == null || entry.record().kind() == Kind.SYNC) {
      throw new CommandFailure(
          ExitCodes.FOUND, "no policy is called '" + key + "': forestall policies list shows all");
    }
    if (!entry.record().enabled()) {
      throw new CommandFailure(
          ExitCodes.FOUND, "policy '" + key + "' was taken back by " + entry.record().author());
    }
    return switchedOff(entry.record(), voice);
  }

  /**
   * Switches off every record that is wanted and not over yet.
   *
   * @param none what to say when there is none
   * @param kind kind of those to name instead
   */
  List<Written> takeBack(Predicate<PolicyRecord> wanted, String none, Kind kind, Voice voice) {
    long now = now();
    List<Written> taken = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (PolicyStore.Entry entry : store.read().newest().values()) {
      PolicyRecord record = entry.record();
      if (isOver(record, now)) {
        continue;
      }
      if (wanted.test(record)) {
        taken.add(switchedOff(record, voice));
      } else if (record.kind() == kind) {
        others.add(record.key());
      }
    }
    if (taken.isEmpty()) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          none
              + (others.isEmpty()
                  ? "; nor is any other"
                  : "; there is "
                      + String.join(", ", others.subList(0, Math.min(SHOWN, others.size())))));
    }
    return taken;
  }

  /** True when the record can never hold again. */
  static boolean isOver(PolicyRecord record, long nowMillis) {
    Long expires = record.expiresMillis();
    return !record.enabled() || (expires != null && expires <= nowMillis);
  }

  private Written switchedOff(PolicyRecord record, Voice voice) {
    PolicyRecord off =
        new PolicyRecord(
            record.key(),
            record.id(),
            record.kind(),
            record.version() + 1,
            false,
            record.scope(),
            record.entity(),
            record.act(),
            record.proposal(),
            voice.author(),
            voice.reason(),
            now(),
            record.notBeforeMillis(),
            record.expiresMillis(),
            record.parameters(),
            record.body());
    checked(off);
    return store.write(off, voice.dryRun());
  }

  private void proposalOpen(String proposal, boolean early, String done) {
    if (early) {
      return;
    }
    ActLookup.Found found = acts.proposal(proposal);
    if (found == null) {
      throw unknown("proposal", proposal);
    }
    if (found.over()) {
      throw over("proposal", proposal, found, done);
    }
    if (found.expiresMillis() <= now()) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "proposal "
              + proposal
              + " ("
              + found.title()
              + ") expired at "
              + Times.utc(found.expiresMillis())
              + ": it cannot be "
              + done
              + " any more");
    }
  }

  private static CommandFailure unknown(String what, String id) {
    return new CommandFailure(
        ExitCodes.REFUSED,
        "no "
            + what
            + " "
            + id
            + " is known (yet): check the identifier with forestall decisions list, or say it"
            + " ahead with --early");
  }

  private static CommandFailure over(String what, String id, ActLookup.Found found, String done) {
    return new CommandFailure(
        ExitCodes.REFUSED,
        what
            + " "
            + id
            + " ("
            + found.title()
            + ") has ended already ("
            + found.state()
            + "): it cannot be "
            + done
            + " any more");
  }

  private static PolicyDraft about(Kind kind, String proposal, Span span, Voice voice) {
    return new PolicyDraft(
        kind,
        PolicyRecords.ALL,
        null,
        ActKind.UNKNOWN,
        proposal,
        voice.author(),
        voice.reason(),
        span.fromMillis(),
        span.expiresMillis(),
        Map.of(),
        "");
  }

  /** A word of the contract as people write it. */
  static String lower(Enum<?> word) {
    return word.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
