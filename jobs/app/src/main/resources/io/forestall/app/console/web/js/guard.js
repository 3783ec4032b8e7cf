import { ask, tell } from './ask.js';
import { actName, plain } from './codes.js';
import { $, h, replace } from './dom.js';
import { bytes, integer, link, percent, quantity, span, title, when } from './format.js';
import { chipsOf, guardTable, subTabs } from './decisions.js';
import { decisionLink, incidentLink, severityMark } from './incidents.js';
import { pager, pick, table } from './table.js';

const TOKEN = 'forestall-token';
const subjectText = (entity) => `${entity.kind} ${entity.id}`;
const entityLink = (entity) => h('a', { href: link(entity.kind, entity.id) }, subjectText(entity));
// What was answered here and is not yet read back from the topics.
const answered = new Map();
const drafts = new Map();

/** Mode, halts and storms, on every page. */
export function showGuardStrip(acts) {
  const lines = [];
  for (const halt of acts.halts) {
    lines.push(h('p', { class: 'guard-line halt' }, h('b', {}, `Halted: ${halt.scope}`), halt.act ? ` (${actName(halt.act).toLowerCase()})` : '', ` by ${halt.author} since ${when(halt.timeMillis)}`,
      halt.expiresMillis === null ? '' : `, until ${when(halt.expiresMillis)}`, halt.reason ? `: ${halt.reason}` : ''));
  }
  for (const storm of acts.storms) {
    lines.push(h('p', { class: 'guard-line storm' }, h('b', {}, `Storm in pool ${storm.pool}: automation is stopped`), ` since ${when(storm.timeMillis)}. ${storm.text}`));
  }
  const mode = { advise: 'Advise: nothing is executed', mixed: 'Some acts are executed', act: 'Acts are executed' }[acts.mode];
  lines.push(h('p', { class: `guard-line mode-${acts.mode}` }, h('a', { href: '#/guard', 'data-key': 'guard-mode' }, mode),
    acts.inFlight ? ` · ${integer(acts.inFlight)} ${acts.inFlight === 1 ? 'act' : 'acts'}${acts.mode === 'advise' ? ' admitted before' : ''} in flight` : '',
    acts.waiting ? [' · ', h('a', { href: '#/approvals', 'data-key': 'guard-waiting' }, `${integer(acts.waiting)} ${acts.waiting === 1 ? 'waits' : 'wait'} for approval`)] : ''));
  const text = JSON.stringify([acts.halts, acts.storms, acts.mode, acts.inFlight, acts.waiting]);
  const strip = $('guard');
  if (strip.dataset.text !== text) {
    strip.dataset.text = text;
    replace(strip, lines);
  }
}

// The token is kept for this tab only, and sent only with what an operator writes.
const tokenNow = () => { try { return sessionStorage.getItem(TOKEN) || ''; } catch { return ''; } };
function keepToken(token) {
  try { if (token) sessionStorage.setItem(TOKEN, token); else sessionStorage.removeItem(TOKEN); } catch { /* Storage may be forbidden. */ }
}

function askForToken(why) {
  return new Promise((resolve) => {
    const field = h('input', { type: 'password', id: 'token-field', autocomplete: 'off', spellcheck: 'false', required: true });
    const finish = (token) => {
      dialog.close();
      dialog.remove();
      resolve(token);
    };
    const dialog = h('dialog', { class: 'token', 'aria-labelledby': 'token-title', oncancel: () => finish('') },
      h('form', { onsubmit: (event) => { event.preventDefault(); finish(field.value.trim()); } },
        h('h2', { id: 'token-title' }, 'Your token'),
        h('p', { class: 'soft' }, why || 'What you write is signed with the name that stands beside your token. It is kept until this tab is closed.'),
        h('p', {}, h('label', { for: 'token-field' }, 'Token '), field),
        h('p', { class: 'buttons' }, h('button', { class: 'tool primary', type: 'submit' }, 'Go on'), h('button', { class: 'tool', type: 'button', onclick: () => finish('') }, 'Leave it'))));
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}

async function answer(one, verb, reason, context) {
  let token = tokenNow() || await askForToken();
  for (let tries = 0; token; tries++) {
    keepToken(token);
    answered.set(one.proposal, { state: 'sending', text: 'Writing…' });
    context.again();
    try {
      const written = await tell(`proposals/${encodeURIComponent(one.proposal)}/${verb}`, { reason }, token);
      answered.set(one.proposal, { state: 'done', text: `${verb === 'approve' ? 'Approved' : 'Denied'}${written.author ? ` as ${written.author}` : ''}. The guard decides again when it has read it.` });
      drafts.delete(one.proposal);
      break;
    } catch (error) {
      if (error.status === 401) {
        keepToken('');
        answered.delete(one.proposal);
        context.again();
        token = tries < 3 ? await askForToken(`The console did not take that token: ${error.message}.`) : '';
        continue;
      }
      answered.set(one.proposal, { state: 'failed', text: `It was not written: ${error.message}` });
      break;
    }
  }
  context.again();
}

function approval(one, writable, context) {
  const newest = one.decisions[one.decisions.length - 1];
  const what = one.asked || newest;
  const now = context.status.acts.nowMillis;
  const state = answered.get(one.proposal);
  const key = one.proposal;
  const reason = h('input', {
    type: 'text', maxlength: '1024', placeholder: 'Reason, for the audit trail', 'aria-label': `Reason about ${subjectText(what.subject)}`, 'data-key': `reason-${key}`,
    oninput: (event) => drafts.set(key, event.target.value),
  });
  reason.value = drafts.get(key) || '';
  const say = (verb) => {
    if (!reason.value.trim()) {
      reason.setAttribute('aria-invalid', 'true');
      reason.focus();
      return;
    }
    answer(one, verb, reason.value.trim(), context);
  };
  const left = one.untilMillis === null ? null : one.untilMillis - now;
  return h('li', { class: `approval${one.expired ? ' over' : ''}`, 'data-proposal': key },
    h('div', { class: 'approval-head' }, h('h3', {}, `${actName(what.act)} `, entityLink(what.subject), what.target ? [' to ', entityLink(what.target)] : ''),
      h('span', { class: `state ${one.expired ? 'over' : left !== null && left < 600000 ? 'worse' : 'odd'}` }, left === null ? 'until unknown' : one.expired ? 'expired' : `${span(left)} left`)),
    one.asked ? h('p', {}, one.asked.reason) : h('p', { class: 'soft' }, 'Its proposal was not read.'),
    one.incident ? h('p', {}, severityMark(one.incident.severity), ' ', h('a', { href: incidentLink(one.incident.id), 'data-key': `of-${key}` }, one.incident.summary)) : null,
    one.asked ? h('dl', { class: 'detail-facts' },
      h('div', {}, h('dt', {}, 'Probability'), h('dd', {}, percent(one.asked.probability), h('small', {}, ` within ${span(one.asked.horizonMillis)}`))),
      h('div', {}, h('dt', {}, 'Trust'), h('dd', {}, percent(one.asked.confidence))),
      h('div', {}, h('dt', {}, 'To move'), h('dd', {}, one.asked.costBytes ? bytes(one.asked.costBytes) : 'nothing')),
      h('div', {}, h('dt', {}, 'Pool'), h('dd', {}, one.asked.pool)),
      h('div', {}, h('dt', {}, 'Waits since'), h('dd', {}, when(newest.timeMillis))),
      h('div', {}, h('dt', {}, 'Until'), h('dd', {}, when(one.untilMillis)))) : null,
    h('p', {}, h('a', { href: decisionLink(newest.id), 'data-key': `why-${key}` }, `Every guard's answer: ${newest.guardsPassed} of ${newest.guardsAsked} passed`)),
    state && state.state !== 'failed' ? h('p', { class: `answer ${state.state}`, role: 'status' }, state.text)
      : !writable || one.expired ? null
        : h('div', { class: 'approve' }, reason,
          h('button', { class: 'tool primary', type: 'button', 'data-key': `approve-${key}`, onclick: () => say('approve') }, 'Approve'),
          h('button', { class: 'tool deny', type: 'button', 'data-key': `deny-${key}`, onclick: () => say('deny') }, 'Deny'),
          state ? h('p', { class: 'answer failed', role: 'alert' }, state.text) : null));
}

/** What waits for an approval, until when, and the answer to it. */
export async function showApprovals(host, route, context) {
  const query = { limit: 50, ...route.query };
  delete query.proposal;
  const page = await ask('approvals', query);
  if (!context.current()) return;
  const waits = page.items.filter((one) => !one.expired);
  const over = page.items.filter((one) => one.expired);
  for (const key of answered.keys()) if (!page.items.some((one) => one.proposal === key)) answered.delete(key);
  // Whoever writes a reason must not lose a letter to a refresh: the text is a draft, the place of the cursor is kept.
  const active = document.activeElement;
  const at = active && active.tagName === 'INPUT' && host.contains(active) ? active.selectionStart : null;
  const sort = (list) => [...list].sort((a, b) => (a.proposal === route.query.proposal ? -1 : 0) - (b.proposal === route.query.proposal ? -1 : 0) || (a.untilMillis || Infinity) - (b.untilMillis || Infinity));
  replace(host, [subTabs('approvals', context.status), h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Waiting for approval'), h('p', { class: 'note' }, `${integer(context.status.acts.waiting)} wait`),
      tokenNow() ? h('div', { class: 'picks' }, h('button', { class: 'tool', type: 'button', 'data-key': 'forget', onclick: () => { keepToken(''); context.again(); } }, 'Forget my token')) : null),
    page.writable ? null : h('p', { class: 'explain' }, 'This console only reads: it was started without a token file. Start it with ', h('code', {}, '--token-file'), ', or use ', h('code', {}, 'forestall approve'), ' and ', h('code', {}, 'forestall deny'), '.'),
    waits.length ? h('ul', { class: 'approvals' }, sort(waits).map((one) => approval(one, page.writable, context)))
      : h('p', { class: 'empty' }, context.status.acts.mode === 'advise' ? 'Nothing waits. In advise mode nothing needs an approval, because nothing is executed.' : 'Nothing waits.'),
    pager(page, query, context.go)),
  over.length ? h('section', { class: 'panel', 'aria-label': 'Expired' }, h('h2', {}, 'Expired while they waited'), h('ul', { class: 'approvals' }, over.map((one) => approval(one, false, context)))) : null]);
  if (at !== null && document.activeElement.tagName === 'INPUT') document.activeElement.setSelectionRange(at, at);
}

function budgetBar(budget) {
  const limit = budget.limit || 0;
  const share = limit ? Math.min(1, budget.inFlight / limit) : budget.inFlight ? 1 : 0;
  return h('li', {}, h('div', { class: 'mode-line' }, h('b', {}, budget.scope), h('span', {}, `${quantity(budget.inFlight)} of ${budget.limit === null ? 'no limit' : quantity(budget.limit)}`),
    h('span', { class: 'soft' }, budget.limit === null ? '' : `${quantity(budget.left)} left`, { policy: ', set by a policy', admission: ', as the newest admission shows', shipped: ', as shipped' }[budget.source] || '')),
  h('span', { class: 'meter', 'aria-hidden': 'true', style: { '--w': `${100 * share}%`, '--c': share >= 1 ? 'var(--critical)' : share >= 0.67 ? 'var(--warning)' : 'var(--healthy-deep)' } }));
}

function poolPanel(pool, now) {
  const stopped = pool.storm && pool.storm.stopped;
  return h('section', { class: 'panel', 'aria-label': `Pool ${pool.pool}` },
    h('div', { class: 'panel-head' }, h('h2', {}, `Pool ${pool.pool}`),
      stopped ? h('span', { class: 'state worse' }, 'stopped by a storm') : pool.storm ? h('span', { class: 'state' }, `automation went on ${when(pool.storm.timeMillis)}`) : null,
      h('p', { class: 'note' }, pool.sequence ? `${integer(pool.sequence)} admitted in all` : 'nothing was ever admitted', pool.startedMillis === null ? '' : `; the guard started ${when(pool.startedMillis)}`)),
    h('div', { class: 'entity-grid' },
      h('div', {}, h('h3', {}, 'Budget'), h('ul', { class: 'modes budgets' }, pool.budgets.map(budgetBar)),
        h('h3', {}, 'In flight'), pool.inFlight.length ? h('ul', { class: 'events' }, pool.inFlight.slice(0, 20).map((act) => h('li', {}, h('b', {}, actName(act.act)), entityLink(act.subject), act.target ? [h('span', { class: 'soft' }, 'to'), entityLink(act.target)] : null,
          h('span', { class: 'soft' }, `since ${when(act.issuedMillis)}, ${act.expiresMillis > now ? `begins within ${span(act.expiresMillis - now)} or not at all` : 'expired before its fence unless it is past it'}`))),
        pool.inFlight.length > 20 ? h('li', { class: 'soft' }, `and ${integer(pool.inFlight.length - 20)} more`) : null) : h('p', { class: 'empty' }, 'No act is in flight.'),
        h('h3', {}, 'Mode'), h('ul', { class: 'chips-list' }, pool.modes.map((mode) => h('li', {}, h('span', { class: `entity-chip mode-chip ${mode.mode}` }, actName(mode.act), h('b', {}, mode.mode)))))),
      h('div', {}, h('h3', {}, pool.guarded ? ['What the guards said last, ', h('a', { href: decisionLink(pool.guarded.decision) }, when(pool.guarded.timeMillis))] : 'What the guards said last'),
        pool.guarded ? guardTable(pool.guarded.guards, pool.guarded.guards.findIndex((guard) => !guard.passed)) : h('p', { class: 'empty' }, 'Nothing was decided here yet.'))));
}

/** Budgets, locks and modes of each pool. */
export async function showGuard(host, route, context) {
  const board = await ask('budget', { pool: route.query.pool });
  if (!context.current()) return;
  const now = context.status.acts.nowMillis;
  replace(host, [subTabs('guard', context.status), chipsOf({ pool: 'Pool' }, route.query, context.go),
    h('h2', { class: 'sr', id: 'view-title' }, 'Budget, locks, mode'),
    board.pools.length ? board.pools.map((pool) => poolPanel(pool, now)) : h('section', { class: 'panel' }, h('p', { class: 'empty' }, 'No pool has a guard yet: the decide job has written nothing. As shipped it advises, and when it acts, one predicted act per pool at a time.')),
    h('section', { class: 'panel', 'aria-labelledby': 'locks-title' }, h('div', { class: 'panel-head' }, h('h2', { id: 'locks-title' }, 'Locked units'),
      h('p', { class: 'note' }, board.lockCount > board.locks.length ? `${integer(board.locks.length)} of ${integer(board.lockCount)}` : board.lockCount ? integer(board.lockCount) : '')),
    table([
      { name: 'Unit', cell: (lock) => h('span', { class: 'id' }, lock.unit) },
      { name: 'Held by', cell: (lock) => lock.admission },
      { name: 'Act', cell: (lock) => actName(lock.act) },
      { name: 'Entity', cell: (lock) => h('a', { class: 'go', href: link(lock.subject.kind, lock.subject.id) }, subjectText(lock.subject)) },
      { name: 'Pool', cell: (lock) => lock.pool },
      { name: 'Epoch', number: true, cell: (lock) => `${lock.expectedEpoch} → ${lock.newEpoch}` },
      { name: 'Since', cell: (lock) => when(lock.sinceMillis), hint: (lock) => `for ${span(now - lock.sinceMillis)}` },
    ], board.locks, { label: 'Locked units', empty: 'No unit is locked.' }))]);
}

const KINDS = ['mode', 'budget', 'halt', 'maintenance', 'silence', 'override', 'pin', 'approval', 'denial', 'cancel', 'write-mode', 'threshold', 'rule'];

/** The newest record of each policy. */
export async function showPolicies(host, route, context) {
  const query = { limit: 50, holds: 'true', ...route.query };
  if (query.holds === 'both') delete query.holds;
  const page = await ask('policies', query);
  if (!context.current()) return;
  const now = context.status.acts.nowMillis;
  const ends = (one) => (one.expiresMillis === null ? 'no end' : one.expiresMillis > now ? `in ${span(one.expiresMillis - now)}` : `${span(now - one.expiresMillis)} ago`);
  replace(host, [subTabs('policies', context.status), h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Policies'), h('p', { class: 'note' }, `${integer(page.total)} ${query.holds === 'true' ? 'in force' : 'match'}`),
      h('div', { class: 'picks' }, pick('Kind', 'kind', route.query.kind, [['', 'all'], ...KINDS.map((kind) => [kind, kind])], context.go),
        pick('In force', 'holds', route.query.holds, [['', 'now'], ['false', 'not now'], ['both', 'all']], context.go),
        h('a', { class: 'tool', href: `/api/v1/policies?format=csv&limit=1000`, download: 'policies.csv' }, 'CSV'))),
    chipsOf({ scope: 'Scope', q: 'Text' }, route.query, context.go),
    table([
      { name: 'Kind', cell: (one) => title(one.kind) },
      { name: 'Scope', cell: (one) => (/^(disk|node|processor|head|volume|rack|zone|pool)\//.test(one.scope) && !/^(pool|zone|rack)\//.test(one.scope) ? h('a', { class: 'go', href: link(one.scope.slice(0, one.scope.indexOf('/')), one.scope.slice(one.scope.indexOf('/') + 1)) }, one.scope) : one.scope) },
      { name: 'Act', cell: (one) => (one.act ? actName(one.act) : 'all') },
      { name: 'Says', cell: (one) => (Object.keys(one.parameters).length ? Object.entries(one.parameters).map(([name, value]) => `${plain(name).toLowerCase()} ${value}`).join(', ') : one.proposal ? `proposal ${one.proposal}` : one.body ? 'a rule' : one.enabled ? 'on' : 'off') },
      { name: 'State', cell: (one) => h('span', { class: `state ${one.holds ? 'odd' : 'over'}` }, one.holds ? 'in force' : one.enabled ? one.notBeforeMillis > now ? 'not yet' : 'expired' : 'off') },
      { name: 'Ends', cell: ends, hint: (one) => (one.expiresMillis === null ? null : when(one.expiresMillis)) },
      { name: 'By', cell: (one) => one.author, hint: (one) => (one.keyId ? `signed with ${one.keyId}; not checked here` : 'not signed') },
      { name: 'Written', cell: (one) => when(one.timeMillis) },
      { name: 'Reason', wide: true, cell: (one) => one.reason },
    ], page.items, { label: 'Policies', empty: 'None: it works as shipped. Advise mode, one predicted act per pool at a time.' }), pager(page, query, context.go))]);
}
