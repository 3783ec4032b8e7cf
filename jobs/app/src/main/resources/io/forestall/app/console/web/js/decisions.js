import { ask, csvLink } from './ask.js';
import { OUTCOMES, actName, inWords, plain } from './codes.js';
import { h, replace } from './dom.js';
import { bytes, integer, link, percent, quantity, span, when } from './format.js';
import { decisionLink, incidentLink, outcomeBadge, severityBadge } from './incidents.js';
import { pager, pick, table } from './table.js';

const ACTS = ['prefetch', 'shadow', 'migrate', 'failover', 'switchover', 'failback', 'drain', 'return', 'repair', 'retire_shadow'];
const CHIPS = { pool: 'Pool', subject: 'Subject', incident: 'Incident', proposal: 'Proposal', rule: 'Rule', code: 'Code', q: 'Text', since: 'Since' };
const subjectText = (entity) => `${entity.kind} ${entity.id}`;
const entityLink = (entity) => h('a', { href: link(entity.kind, entity.id) }, subjectText(entity));

/** The pages about decisions, as a second row of tabs. */
export function subTabs(now, status) {
  const waiting = status.acts.waiting;
  return h('nav', { class: 'subtabs', 'aria-label': 'Decisions' }, [
    ['decisions', 'Decisions', ''], ['approvals', 'Waiting for approval', waiting ? integer(waiting) : ''], ['guard', 'Budget, locks, mode', ''], ['policies', 'Policies', '']]
    .map(([view, name, count]) => h('a', { href: `#/${view}`, 'aria-current': view === now ? 'page' : null, 'data-key': `sub-${view}` }, name, count ? h('b', {}, count) : null)));
}

export function chipsOf(names, query, go) {
  const named = Object.keys(names).filter((name) => query[name]);
  return named.length ? h('p', { class: 'chips' }, named.map((name) => h('button', {
    class: 'chip', type: 'button', 'data-key': `chip-${name}`, 'aria-label': `Remove ${names[name]} ${query[name]}`, onclick: () => go(name, ''),
  }, `${names[name]} ${query[name]}`))) : null;
}

/** The newest decisions, or whatever the filters ask for; one of them when the address names it. */
export async function showDecisions(host, route, context) {
  if (route.parts.length) {
    await showDecision(host, route, context);
    return;
  }
  const query = { limit: 50, ...route.query };
  const page = await ask('decisions', query);
  if (!context.current()) return;
  const go = context.go;
  const filtered = Object.keys(route.query).some((name) => !['offset', 'limit'].includes(name));
  replace(host, [subTabs('decisions', context.status), h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Decisions'), h('p', { class: 'note' }, `${integer(page.total)} ${filtered ? 'match' : 'are held'}, the newest first`),
      h('div', { class: 'picks' },
        pick('Outcome', 'outcome', route.query.outcome, [['', 'all'], ...Object.keys(OUTCOMES).slice(0, 5).map((outcome) => [outcome, outcome])], go),
        pick('Act', 'act', route.query.act, [['', 'all'], ...ACTS.map((act) => [act, actName(act).toLowerCase()])], go),
        h('a', { class: 'tool', href: csvLink('decisions', query), download: 'decisions.csv' }, 'CSV'))),
    chipsOf(CHIPS, route.query, go),
    table([
      { name: 'Time', cell: (one) => when(one.timeMillis) },
      { name: 'State', cell: (one) => h('span', { class: `outcome ${one.outcome}` }, OUTCOMES[one.outcome] || one.outcome) },
      { name: 'Code', cell: (one) => h('a', { class: 'go code', href: decisionLink(one.id), 'data-key': `decision-${one.id}`, title: inWords(one.code) }, one.code) },
      { name: 'Act', cell: (one) => actName(one.act) },
      { name: 'Entity', cell: (one) => entityLink(one.subject) },
      { name: 'Target', cell: (one) => (one.target ? subjectText(one.target) : '–') },
      { name: 'Pool', cell: (one) => one.pool },
      { name: 'Guards', number: true, cell: (one) => `${one.guardsPassed} of ${one.guardsAsked}` },
      { name: 'Why', wide: true, cell: (one) => one.text || inWords(one.code) },
    ], page.items, { label: 'Decisions', empty: filtered ? 'Nothing matches.' : 'Nothing was decided yet: decisions follow incidents that recommend an act.' }),
    pager(page, query, go))]);
}

function fact(name, value, small) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value, small ? h('small', {}, ` ${small}`) : null));
}

const DURATION = /(^|-)(age|lag|dwell|watermark|window|lateness|duration|delay|expired|telemetry|horizon|pause)($|-)/;
const SEVERITIES = ['unknown', 'info', 'warning', 'error', 'critical'];
const SHARE = /(share|probability|confidence|storm|risk|ratio)/;

/** A number of a guard or input in the unit that its name tells. */
export function figure(name, value, limit) {
  if (value === null || value === undefined) return '–';
  const word = name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
  if (word === 'severity' && SEVERITIES[value]) return SEVERITIES[value];
  if (/bytes|space|cost/.test(word)) return bytes(value);
  if (/millis/.test(word) || (DURATION.test(word) && Math.max(Math.abs(value), Math.abs(limit || 0)) >= 1000)) return Math.abs(value) < 1000 ? `${quantity(Math.round(value))} ms` : span(value);
  if (SHARE.test(word) && Math.abs(value) <= 1 && Math.abs(limit === null || limit === undefined ? 0 : limit) <= 1) return percent(value);
  return quantity(value);
}

/** What was seen against what is allowed: the line in the middle is the limit. */
function against(guard) {
  if (guard.observed === null && guard.limit === null) return h('span', { class: 'soft' }, '–');
  const texts = h('span', { class: 'against-text' }, h('b', {}, figure(guard.guard, guard.observed, guard.limit)),
    guard.limit === null ? null : h('span', { class: 'soft' }, ` limit ${figure(guard.guard, guard.limit, guard.observed)}`));
  if (guard.observed === null || guard.limit === null) return texts;
  const most = Math.max(Math.abs(guard.limit) * 2, Math.abs(guard.observed), 1e-12);
  return h('span', { class: 'against' }, h('i', {
    class: guard.passed ? 'pass' : 'fail', 'aria-hidden': 'true',
    style: { '--w': `${Math.max(1.5, (100 * Math.abs(guard.observed)) / most)}%`, '--l': `${(100 * Math.abs(guard.limit)) / most}%` },
  }), texts);
}

/** Every guard's answer in the order in which they were asked. */
export function guardTable(guards, first) {
  if (!guards.length) return h('p', { class: 'empty' }, 'No guard was asked.');
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Guards' }, h('table', { class: 'list guards', role: 'table' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ['', 'Guard', 'Seen and allowed', 'Its answer'].map((name) => h('th', { scope: 'col', role: 'columnheader', class: name === 'Its answer' ? 'why' : null }, name || h('span', { class: 'sr' }, 'Result'))))),
    h('tbody', { role: 'rowgroup' }, guards.map((guard, i) => h('tr', { role: 'row', class: guard.passed ? 'passed' : `failed${i === first ? ' first' : ''}${guard.code === 'ADVISE_MODE' ? ' only-mode' : ''}` },
      h('td', { role: 'cell', class: 'verdict' }, guard.passed ? h('span', { class: 'yes' }, h('span', { 'aria-hidden': 'true' }, '✓'), h('span', { class: 'sr' }, 'passed')) : h('span', { class: 'no' }, h('span', { 'aria-hidden': 'true' }, guard.code === 'ADVISE_MODE' ? '○' : '✕'), h('span', { class: 'sr' }, 'refused'))),
      h('td', { role: 'cell', class: 'guard-name' }, plain(guard.guard)),
      h('td', { role: 'cell', class: 'guard-figure' }, against(guard)),
      h('td', { role: 'cell', class: 'why' }, guard.passed ? null : h('code', {}, guard.code), ' ', guard.text || inWords(guard.code)))))));
}

function verdicts(guards) {
  const failed = guards.filter((guard) => !guard.passed);
  if (!guards.length) return '';
  if (!failed.length) return `all ${guards.length} let it pass`;
  if (failed.every((guard) => guard.code === 'ADVISE_MODE')) return 'all but the mode let it pass: in act mode it would have been done';
  return `${failed.length} of ${guards.length} ${failed.length === 1 ? 'speaks' : 'speak'} against it; the first gives the code`;
}

function course(decision) {
  const steps = [];
  if (decision.proposed) steps.push({ at: decision.proposed.timeMillis, name: 'Proposed', text: `by ${decision.proposed.decider}` });
  for (const one of decision.sameProposal) steps.push({ at: one.timeMillis, name: OUTCOMES[one.outcome] || one.outcome, text: one.code, id: one.id, kind: one.outcome });
  if (decision.admitted && decision.admitted.state !== 'admitted' && !decision.sameProposal.some((one) => one.outcome === 'ended')) {
    steps.push({ at: decision.admitted.timeMillis, name: plain(decision.admitted.state), text: decision.admitted.text, kind: 'ended' });
  }
  if (steps.length < 2) return null;
  return h('ol', { class: 'course', 'aria-label': 'What became of the proposal' }, steps.map((step) => h('li', { class: step.kind || '', 'aria-current': step.id === decision.id ? 'step' : null },
    step.id && step.id !== decision.id ? h('a', { href: decisionLink(step.id) }, step.name) : h('b', {}, step.name), h('span', { class: 'soft' }, `${when(step.at)} ${step.text}`))));
}

async function showDecision(host, route, context) {
  const id = route.parts[0];
  const one = await ask(`decisions/${encodeURIComponent(id)}`);
  if (!context.current()) return;
  if (!one) {
    replace(host, [subTabs('decisions', context.status), h('section', { class: 'panel' }, h('h2', { id: 'view-title' }, 'Decision'),
      h('p', { class: 'empty' }, 'No such decision is held: only the newest are. All of them are on the topic decisions, which SQL asks. ', h('a', { href: '#/decisions' }, 'The newest')))]);
    return;
  }
  const proposed = one.proposed;
  const first = one.guards.findIndex((guard) => !guard.passed);
  const model = one.model ? `${one.model}${one.modelVersion === null ? '' : ` ${one.modelVersion}`}` : null;
  const inputs = one.inputs.length ? one.inputs : proposed ? proposed.inputs : [];
  replace(host, [subTabs('decisions', context.status),
    h('section', { class: 'panel entity-head', 'aria-labelledby': 'view-title' },
      h('p', { class: 'back' }, h('a', { href: '#/decisions', 'data-key': 'back' }, '‹ All decisions')),
      h('div', { class: 'entity-title' }, h('span', { class: `outcome big ${one.outcome}` }, OUTCOMES[one.outcome] || one.outcome), h('code', {}, one.code),
        one.mode === 'advise' ? h('span', { class: 'state' }, 'advise: nothing was executed') : null,
        one.lane === 'live' ? null : h('span', { class: 'state' }, `lane ${one.lane}`)),
      h('h2', { class: 'sentence', id: 'view-title' }, `${actName(one.act)} ${subjectText(one.subject)}${one.target ? ` to ${subjectText(one.target)}` : ''}`),
      h('p', { class: 'verdict-text' }, one.whole || inWords(one.code)),
      one.whole && one.code !== 'OK' ? h('p', { class: 'soft' }, inWords(one.code)) : null,
      h('dl', { class: 'detail-facts' },
        fact('About', entityLink(one.subject)),
        one.target ? fact('Target', entityLink(one.target)) : null,
        fact('Decided', when(one.timeMillis), `inputs ${one.lagMillis < 1500 ? `${integer(one.lagMillis)} ms` : span(one.lagMillis)} behind`),
        fact('Pool', one.pool, one.zone ? `zone ${one.zone}` : ''),
        fact('Approved by', one.approvedBy || (one.outcome === 'waiting' ? 'nobody yet' : 'nobody had to')),
        one.rule ? fact('Rule', one.rule, one.ruleVersion === null ? '' : `version ${one.ruleVersion}`) : null,
        model ? fact('Model', model) : null,
        fact('Policies', `up to ${integer(one.policyVersion)}`),
        one.admission ? fact('Admission', one.admission, one.admitted ? plain(one.admitted.state).toLowerCase() : '') : null,
        one.lockOwner ? fact('Lock held by', one.lockOwner, one.lock ? `${actName(one.lock.act).toLowerCase()} ${subjectText(one.lock.subject)} since ${when(one.lock.issuedMillis)}` : '') : null),
      course(one),
      one.outcome === 'waiting' && one.sameProposal[one.sameProposal.length - 1].id === one.id ? h('p', {}, h('a', { class: 'tool', href: `#/approvals?proposal=${encodeURIComponent(one.proposal)}` }, 'Approve or deny')) : null,
      h('p', { class: 'soft card-small' }, `${one.id}, proposal ${one.proposal}`)),
    h('section', { class: 'panel', 'aria-labelledby': 'guards-title' }, h('div', { class: 'panel-head' }, h('h2', { id: 'guards-title' }, 'Guards'),
      h('p', { class: 'note' }, verdicts(one.guards))), guardTable(one.guards, first)),
    h('div', { class: 'entity-grid' },
      h('section', { class: 'panel', 'aria-labelledby': 'inputs-title' }, h('h2', { id: 'inputs-title' }, 'Made from'),
        proposed && proposed.reason ? h('p', { class: 'soft' }, proposed.reason) : null,
        inputs.length ? h('dl', { class: 'inputs' }, inputs.map((input) => h('div', {}, h('dt', {}, input.text || plain(input.name)), h('dd', {}, input.value === null ? '' : figure(input.name, input.value), h('small', { class: 'soft' }, ` ${input.name}`))))) : h('p', { class: 'empty' }, 'No input is named.'),
        proposed ? h('dl', { class: 'detail-facts' },
          fact('Probability', percent(proposed.probability), `within ${span(proposed.horizonMillis)}`), fact('Trust', percent(proposed.confidence)),
          fact('To move', proposed.costBytes ? bytes(proposed.costBytes) : 'nothing'), proposed.expectedPauseMillis ? fact('Pause', `${integer(proposed.expectedPauseMillis)} ms`) : null,
          fact('Expires', when(proposed.expiresMillis))) : h('p', { class: 'soft' }, 'Its proposal was not read.')),
      h('section', { class: 'panel', 'aria-labelledby': 'behind-title' }, h('h2', { id: 'behind-title' }, 'Behind it'),
        one.incidentInShort ? h('p', {}, severityBadge(one.incidentInShort.severity), ' ', h('a', { href: incidentLink(one.incident) }, one.incidentInShort.summary || one.incident))
          : one.incident ? h('p', { class: 'soft' }, 'Incident ', one.incident, ', which is not held any more') : h('p', { class: 'empty' }, 'No incident: another decider proposed it.'),
        proposed && proposed.candidates.length ? [h('h3', {}, 'Targets that were looked at'), h('ul', { class: 'candidates' }, proposed.candidates.map((candidate) => h('li', {},
          h('div', { class: 'mode-line' }, entityLink(candidate.entity), candidate.refusal ? h('code', {}, candidate.refusal) : h('span', { class: 'yes' }, '✓ fits'), h('b', { class: 'num' }, quantity(candidate.score))),
          candidate.text ? h('p', { class: 'soft' }, candidate.text) : null)))] : null,
        proposed && proposed.units.length ? [h('h3', {}, `Units, all or none: ${integer(proposed.units.length)}`), h('ul', { class: 'units' }, proposed.units.slice(0, 12).map((unit) => h('li', {}, h('span', { class: 'id' }, unit.unit), h('span', { class: 'soft' }, ` epoch ${unit.expectedEpoch} → ${unit.newEpoch}`))),
          proposed.units.length > 12 ? h('li', { class: 'soft' }, `and ${integer(proposed.units.length - 12)} more`) : null)] : null))]);
}

/** Decisions about an entity, for its own page. */
export function decisionsOf(page, key) {
  if (!page.items.length) return [h('p', { class: 'empty' }, 'Nothing was decided about it.')];
  return [h('ul', { class: 'events' }, page.items.map((one) => h('li', {}, outcomeBadge(one, true), h('b', {}, actName(one.act)), h('span', { class: 'soft' }, when(one.timeMillis)), h('p', {}, one.text || inWords(one.code))))),
    page.total > page.items.length ? h('p', {}, h('a', { href: `#/decisions?subject=${encodeURIComponent(key)}` }, `All ${integer(page.total)}`)) : null];
}

