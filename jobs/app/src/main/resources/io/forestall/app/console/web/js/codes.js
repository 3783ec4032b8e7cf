// Codes of the contract in words. A test holds the list against the enum.
const CODES = {
  UNKNOWN: 'A reason that this console does not know.',
  OK: 'Every guard let it pass.',
  ADVISE_MODE: 'Advise mode: it would have been done, but nothing is executed.',
  APPROVAL_NEEDED: 'It waits for a person or a rule to approve it.',
  APPROVAL_DENIED: 'A person denied it.',
  MAINTENANCE: 'What it touches is in a maintenance window.',
  SILENCED: 'An operator silenced what it is about.',
  OVERRIDDEN: 'An operator said that the risk is to be taken for another.',
  PINNED: 'An operator pinned what it would move.',
  HALTED: 'An operator halted automation.',
  BUDGET_SPENT: 'As many acts as are allowed at once are under way.',
  RATE_LIMITED: 'There were as many acts as are allowed in this time.',
  UNIT_LOCKED: 'Another act holds one of its units.',
  BELOW_REPLICATION_MINIMUM: 'Too few copies would be left.',
  REPLICA_SET_AT_RISK: 'All healthy copies together are too likely to fail.',
  NO_SAFE_TARGET: 'No target is safe.',
  TARGET_AT_RISK: 'The target is itself at risk.',
  TARGET_IN_ZONE: 'The target stands in a failure zone.',
  TARGET_IN_MAINTENANCE: 'The target is in a maintenance window.',
  TARGET_FULL: 'The target has no room.',
  TARGET_IN_SAME_DOMAIN: 'The target shares a failure domain with another copy.',
  TARGET_USED_RECENTLY: 'The target took something a short while ago.',
  TARGET_UNREACHABLE: 'The target does not answer.',
  STORM: 'Too much of the pool is at risk at once: automation is stopped.',
  BLIND_WATERMARK: 'The newest sample of the pool is too old to act on.',
  BLIND_LAG: 'The guard itself is behind.',
  STALE_MODEL: 'The model behind it is too old.',
  STALE_TELEMETRY: 'Nothing was heard of what it touches for too long.',
  LOW_CONFIDENCE: 'The trust in it is too low.',
  LOW_RISK: 'The risk is too low for this act.',
  DWELL: 'It has not lasted long enough, or something was done here a short while ago.',
  DUPLICATE: 'The same was decided already.',
  EXPIRED: 'It expired before it could be decided.',
  SUPERSEDED: 'A newer proposal took its place.',
  WRONG_EPOCH: 'The unit has another epoch than it names.',
  NODE_LEVEL_TOO_LOW: 'A node speaks too old a version of the protocol.',
  COST_TOO_HIGH: 'It would move more than is allowed.',
  TOO_LATE: 'It would be done after the failure.',
  UNKNOWN_SUBJECT: 'What it is about is not in the fleet.',
  INVALID: 'It makes no sense.',
  CANCELLED: 'An operator ended it.',
  COMPLETED: 'It was done.',
  GIVEN_BACK: 'It was given back before anything was handed over.',
};

const ACTS = {
  unknown: 'Unknown act', none: 'Nothing', investigate: 'Investigate', prefetch: 'Prefetch metadata', shadow: 'Build a shadow',
  retire_shadow: 'Retire a shadow', migrate: 'Migrate', failover: 'Fail over', switchover: 'Switch over', failback: 'Fail back',
  drain: 'Drain', return: 'Let return', repair: 'Repair a copy',
};

export const OUTCOMES = { admitted: 'Admitted', refused: 'Refused', advised: 'Advised', waiting: 'Waiting', ended: 'Ended', unknown: 'Unknown' };

export const inWords = (code) => CODES[code] || 'A reason that this console does not know.';
export const actName = (act) => ACTS[act] || act;

/** A name with dashes or underscores, for people. */
export function plain(name) {
  const text = name.replace(/[-_]+/g, ' ').trim();
  return text ? text.charAt(0).toUpperCase() + text.slice(1) : name;
}
