import { ask, csvLink } from './ask.js';
import { OUTCOMES, actName, inWords, plain } from './codes.js';
import { h, mark, onTheme, put, replace } from './dom.js';
import { brief, integer, link, percent, span, title, when, whenExactly } from './format.js';
import { pager, pick, table } from './table.js';
import { timeline, timelineLegend } from './timeline.js';

// Severities take the shapes of the tiers, so that they are told without colour.
const SHAPE = { critical: 'critical', error: 'warning', warning: 'watch', info: 'healthy', unknown: 'unknown' };
const SEVERITIES = ['critical', 'error', 'warning', 'info', 'unknown'];
const STATES = { opened: 'open', updated: 'open', resolved: 'over', unknown: 'unknown' };
const FIRST_EVENTS = 60;
const FIRST_CHIPS = 40;
let shown = null;

export const severityMark = (severity) => mark(SHAPE[severity] || 'unknown');
export const severityBadge = (severity, big) => h('span', { class: `badge sev-${severity}${big ? ' big' : ''}` }, severityMark(severity), title(severity));
export const incidentLink = (id) => `#/incidents/${encodeURIComponent(id)}`;
const open = (incident) => incident.state !== 'resolved';
const entityLink = (entity, text) => h('a', { href: link(entity.kind, entity.id) }, text || `${entity.kind} ${entity.id}`);
const subjectText = (entity) => `${entity.kind} ${entity.id}`;

/** Incidents live in event time: a replay of old data has its own now, the newest of the fleet. */
const eventNow = (status) => (status.fleetMillis === null ? status.acts.nowMillis : status.fleetMillis);

/** How long it lasts or lasted. */
function lasts(incident, now) {
  return open(incident) ? `for ${span(Math.max(now, incident.updatedMillis) - incident.openedMillis)}` : `lasted ${span((incident.resolvedMillis || incident.updatedMillis) - incident.openedMillis)}`;
}

function card(incident, chosen, now, query) {
  return h('li', {}, h('a', {
    class: `card-link go${open(incident) ? '' : ' over'}`, href: `${incidentLink(incident.id)}${query}`, 'aria-current': chosen ? 'true' : null, 'data-key': `incident-${incident.id}`,
  }, severityMark(incident.severity),
  h('span', { class: 'card-text' },
    h('span', { class: 'card-line' }, h('b', {}, `${title(incident.severity)}: ${subjectText(incident.subject)}`), h('span', { class: 'soft num' }, open(incident) ? span(Math.max(0, now - incident.updatedMillis)) : 'over')),
    h('span', { class: 'card-summary' }, incident.summary || plain(incident.rule)),
    h('span', { class: 'soft card-small' },
      `${integer(incident.eventCount)} ${incident.eventCount === 1 ? 'event' : 'events'}`, incident.predicted ? ' · all predicted' : '', incident.inhibitedBy ? ' · swallowed' : '',
      ['none', 'unknown'].includes(incident.recommendation) ? '' : ` · ${actName(incident.recommendation).toLowerCase()}`))));
}

function keepQuery(query) {
  const rest = new URLSearchParams(query);
  rest.delete('all');
  const text = rest.toString();
  return text ? `?${text}` : '';
}

const CHIPS = { pool: 'Pool', subject: 'Subject', entity: 'Speaks of', rule: 'Rule', q: 'Text' };

function chips(query, go) {
  const named = Object.keys(CHIPS).filter((name) => query[name]);
  return named.length ? h('p', { class: 'chips' }, named.map((name) => h('button', {
    class: 'chip', type: 'button', 'data-key': `chip-${name}`, 'aria-label': `Remove ${CHIPS[name]} ${query[name]}`, onclick: () => go(name, ''),
  }, `${CHIPS[name]} ${query[name]}`))) : null;
}

function list(page, route, context) {
  const { query } = route;
  const now = eventNow(context.status);
  const chosen = route.parts[0];
  const counts = context.status.acts.openIncidents;
  const empty = Object.keys(query).some((name) => CHIPS[name] || ['severity', 'state'].includes(name))
    ? 'No incident matches.' : 'No incident is open. Events that belong together become one here.';
  return [
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Incidents'),
      h('p', { class: 'note' }, `${integer(page.total)} ${query.state === 'resolved' ? 'are over' : query.state === 'all' ? 'in all' : 'open'}`),
      h('div', { class: 'picks' }, h('a', { class: 'tool', href: csvLink('incidents', asked(query)), download: 'incidents.csv' }, 'CSV'))),
    h('p', { class: 'severities', role: 'group', 'aria-label': 'Open incidents by severity' }, SEVERITIES.slice(0, 4).map((severity) => h('button', {
      type: 'button', class: `sev-pick sev-${severity}`, 'data-key': `sev-${severity}`, 'aria-pressed': String(query.severity === severity),
      onclick: () => context.go('severity', query.severity === severity ? '' : severity),
    }, severityMark(severity), h('b', {}, brief(counts[severity])), ` ${severity}`))),
    h('div', { class: 'picks filters' },
      pick('State', 'state', query.state, [['', 'open'], ['resolved', 'over'], ['all', 'all']], context.go),
      pick('Order', 'sort', query.sort, [['', 'severity'], ['updated', 'newest event'], ['opened', 'opened last'], ['events', 'most events']], context.go),
      pick('Swallowed', 'swallowed', query.swallowed, [['', 'left out'], ['true', 'only those'], ['both', 'too']], context.go)),
    chips(query, context.go),
    page.items.length ? h('ul', { class: 'cards' }, page.items.map((incident) => card(incident, incident.id === chosen, now, keepQuery(query)))) : h('p', { class: 'empty' }, empty),
    pager(page, { limit: page.limit }, context.go)];
}

function asked(query) {
  const rest = { limit: 50, swallowed: 'false', ...query };
  delete rest.all;
  if (rest.swallowed === 'both' || rest.entity) delete rest.swallowed;
  return rest;
}

function fact(name, value, small) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value, small ? h('small', {}, ` ${small}`) : null));
}

function head(incident, now) {
  const predicted = incident.predicted;
  return [
    h('p', { class: 'back' }, h('a', { href: '#/incidents', 'data-key': 'back' }, '‹ All incidents')),
    h('div', { class: 'entity-title' }, severityBadge(incident.severity, true),
      h('span', { class: `state ${open(incident) ? 'odd' : 'over'}` }, STATES[incident.state]),
      predicted ? h('span', { class: 'state predicted' }, 'predicted: nothing of it has happened yet') : null,
      incident.inhibitedBy ? h('span', { class: 'state' }, 'swallowed by ', h('a', { href: incidentLink(incident.inhibitedBy) }, incident.swallower ? subjectText(incident.swallower.subject) : incident.inhibitedBy)) : null),
    h('h2', { class: 'sentence', id: 'incident-title' }, incident.whole || plain(incident.rule)),
    h('dl', { class: 'detail-facts' },
      fact('About', entityLink(incident.subject)),
      fact('Opened', when(incident.openedMillis), lasts(incident, now)),
      fact('Newest event', when(incident.updatedMillis)),
      incident.resolvedMillis !== null ? fact('Over since', when(incident.resolvedMillis)) : null,
      fact('Events', integer(incident.eventCount)),
      fact('Trust', percent(incident.confidence)),
      incident.horizonMillis ? fact('Expected', `within ${span(incident.horizonMillis)}`) : null,
      fact('Rule', `${incident.rule}`, `version ${incident.ruleVersion}`),
      fact('Joined by', incident.correlationKey),
      incident.pool ? fact('Pool', incident.pool) : null),
    h('p', { class: 'soft card-small' }, `${incident.id}, revision ${incident.revision}`)];
}

export const decisionLink = (id) => `#/decisions/${encodeURIComponent(id)}`;

/** How a proposal ended, as a word that leads to the whole decision. */
export function outcomeBadge(decision, withLink) {
  const inside = [h('span', { class: `outcome ${decision.outcome}` }, OUTCOMES[decision.outcome] || decision.outcome),
    ['OK', 'COMPLETED'].includes(decision.code) ? null : h('code', {}, decision.code)];
  return withLink ? h('a', { class: 'outcome-link', href: decisionLink(decision.id), 'data-key': `decision-${decision.id}` }, inside) : h('span', { class: 'outcome-link' }, inside);
}

function recommendation(incident) {
  const nothing = ['none', 'unknown'].includes(incident.recommendation);
  return [h('h2', {}, 'Recommendation'),
    h('p', { class: 'advice' }, nothing ? 'Nothing is recommended.' : actName(incident.recommendation)),
    incident.recommendationReason ? h('p', { class: 'soft' }, incident.recommendationReason) : null,
    incident.cases.length ? h('ul', { class: 'events cases' }, incident.cases.map((one) => {
      const newest = one.decisions[one.decisions.length - 1];
      const what = one.asked || newest;
      return h('li', {},
        newest ? outcomeBadge(newest, true) : h('span', { class: 'outcome waiting' }, 'Proposed'),
        h('b', {}, what ? `${actName(what.act)} ${subjectText(what.subject)}` : one.proposal),
        what && what.target ? h('span', { class: 'soft' }, `to ${subjectText(what.target)}`) : null,
        h('p', {}, newest ? newest.text || inWords(newest.code) : 'Nothing was decided yet.'));
    })) : h('p', { class: 'empty' }, nothing ? 'No act was proposed.' : 'No act was proposed yet.')];
}

function suspects(incident) {
  if (!incident.suspects.length) return [h('h2', {}, 'Possible causes'), h('p', { class: 'empty' }, 'None stands out.')];
  return [h('h2', {}, 'Possible causes'), h('ol', { class: 'suspects' }, incident.suspects.map((suspect) => h('li', {},
    h('div', { class: 'mode-line' }, entityLink(suspect.entity), h('b', { class: 'num' }, percent(suspect.weight))),
    h('span', { class: 'meter', 'aria-hidden': 'true', style: { '--w': `${Math.max(0.5, Math.min(100, 100 * (suspect.weight || 0)))}%`, '--c': 'var(--warning)' } }),
    suspect.text ? h('p', { class: 'soft' }, suspect.text) : null)))];
}

function marksOf(incident) {
  const marks = [];
  for (const one of incident.cases) {
    for (const decision of one.decisions) marks.push({ at: decision.timeMillis, name: (OUTCOMES[decision.outcome] || decision.outcome).toLowerCase(), kind: 'decided' });
  }
  // Event time and the clock of the decisions may lie far apart in a replay: such marks would squeeze the events.
  const first = incident.openedMillis;
  const length = Math.max(600000, incident.updatedMillis - first);
  const near = marks.filter((one) => one.at >= first - length && one.at <= incident.updatedMillis + 2 * length).slice(0, 12);
  if (incident.resolvedMillis !== null) near.push({ at: incident.resolvedMillis, name: 'over', kind: 'end' });
  return near;
}

function drawTimeline(incident) {
  const host = shown.parts.timeline;
  const width = Math.max(280, Math.floor(host.clientWidth || shown.host.clientWidth - 40));
  shown.width = width;
  host.replaceChildren(incident.events.length ? timeline(incident.events, marksOf(incident), width, incident.updatedMillis)
    : h('p', { class: 'empty' }, 'It lists no event.'));
}

function eventTable(incident, query, go) {
  const all = query.all === 'true';
  const events = all ? incident.events : incident.events.slice(0, FIRST_EVENTS);
  const missing = incident.eventCount - incident.events.length;
  return [h('div', { class: 'panel-head' }, h('h2', {}, 'Original events'), h('p', { class: 'note' }, missing > 0
    ? `${integer(incident.events.length)} of ${integer(incident.eventCount)} are listed` : `${integer(incident.events.length)}, in order`)),
  table([
    { name: 'Event time', cell: (event) => whenExactly(event.timeMillis) },
    { name: 'State', cell: (event) => h('span', { class: `tl-key ${event.predicted ? 'predicted' : 'real'}` }, event.predicted ? 'predicted' : 'happened') },
    { name: 'Type', cell: (event) => event.type },
    { name: 'Entity', cell: (event) => h('a', { class: 'go', href: link(event.entity.kind, event.entity.id) }, subjectText(event.entity)) },
    { name: 'Id', wide: true, cell: (event) => h('span', { class: 'id' }, event.id) },
  ], events, { label: 'Original events', empty: 'None is listed.' }),
  events.length < incident.events.length ? h('p', {}, h('button', { class: 'tool', type: 'button', 'data-key': 'all-events', onclick: () => go('all', 'true') }, `Show all ${integer(incident.events.length)}`)) : null];
}

function swallowed(incident) {
  const children = [];
  if (incident.swallower) {
    children.push(h('h3', {}, 'Swallowed by'), h('p', {}, severityMark(incident.swallower.severity), ' ', h('a', { href: incidentLink(incident.swallower.id) }, incident.swallower.summary || incident.swallower.id)));
  }
  if (incident.swallowed.length) {
    children.push(h('h3', {}, `It swallowed ${integer(incident.swallowed.length)}`), h('ul', { class: 'events' }, incident.swallowed.slice(0, 30).map((one) => h('li', {},
      severityBadge(one.severity), h('a', { href: incidentLink(one.id), 'data-key': `swallowed-${one.id}` }, subjectText(one.subject)), h('span', { class: 'soft' }, `${integer(one.eventCount)} events`),
      h('p', {}, one.summary)))));
    if (incident.swallowed.length > 30) children.push(h('p', { class: 'soft' }, `and ${integer(incident.swallowed.length - 30)} more`));
  }
  return [h('h2', {}, 'Larger and smaller incidents'), children.length ? children : h('p', { class: 'empty' }, 'It stands alone: it swallowed none and none swallowed it.')];
}

function affected(incident) {
  const entities = incident.affectedEntities;
  return [h('h2', {}, 'What its events speak of'), entities.length ? h('ul', { class: 'chips-list' }, entities.slice(0, FIRST_CHIPS).map((entity) => h('li', {},
    h('a', { class: 'entity-chip', href: link(entity.kind, entity.id), 'data-key': `affected-${entity.kind}/${entity.id}` }, h('span', { class: 'soft' }, entity.kind), entity.id))),
  entities.length > FIRST_CHIPS ? h('li', { class: 'soft' }, `and ${integer(entities.length - FIRST_CHIPS)} more`) : null) : h('p', { class: 'empty' }, 'Nothing is named.')];
}

function revisions(incident) {
  return [h('h2', {}, 'How it grew'), h('ol', { class: 'steps' }, incident.revisions.map((one) => h('li', {},
    h('span', { class: 'soft num' }, when(one.updatedMillis)), h('span', {}, severityMark(one.severity), ` ${title(one.severity)}`),
    h('span', {}, `${integer(one.eventCount)} ${one.eventCount === 1 ? 'event' : 'events'}`),
    h('span', { class: 'soft' }, one.state === 'resolved' ? 'over' : ['none', 'unknown'].includes(one.recommendation) ? one.state : `${one.state}: ${actName(one.recommendation).toLowerCase()}`)))),
  incident.revision > incident.revisions.length ? h('p', { class: 'soft' }, `Of ${integer(incident.revision)} records ${integer(incident.revisions.length)} are kept here.`) : null];
}

function build(host) {
  const names = ['list', 'head', 'recommendation', 'suspects', 'timeline', 'swallowed', 'affected', 'revisions', 'events'];
  const parts = Object.fromEntries(names.map((name) => [name, h('div', { 'data-part': name })]));
  const section = (part, label) => h('section', { class: 'panel', 'aria-label': label }, part);
  const detail = h('div', { class: 'detail-pane' },
    h('section', { class: 'panel entity-head', 'aria-labelledby': 'incident-title' }, parts.head),
    h('div', { class: 'entity-grid' }, section(parts.recommendation, 'Recommendation and decisions'), section(parts.suspects, 'Possible causes')),
    h('section', { class: 'panel', 'aria-labelledby': 'timeline-title' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'timeline-title' }, 'Timeline'), timelineLegend()), parts.timeline),
    h('div', { class: 'entity-grid' }, section(parts.swallowed, 'Larger and smaller incidents'), section(parts.revisions, 'How it grew')),
    section(parts.affected, 'Affected'), section(parts.events, 'Original events'));
  const nothing = h('section', { class: 'panel detail-none' }, h('p', { class: 'empty' }, 'Choose an incident to see its events, possible causes and what was decided.'));
  shown = { host, parts, detail, nothing, listText: '', text: '', incident: null, width: 0 };
  host.replaceChildren(h('div', { class: 'master' }, h('section', { class: 'panel master-list', 'aria-labelledby': 'view-title' }, parts.list), detail, nothing));
}

/** The list of incidents, and beside it the one that the address names. */
export async function showIncidents(host, route, context) {
  const [id] = route.parts;
  const [page, incident] = await Promise.all([ask('incidents', asked(route.query)), id ? ask(`incidents/${encodeURIComponent(id)}`) : null]);
  if (!context.current()) return;
  if (!shown || shown.host !== host || !shown.parts.list.isConnected) build(host);
  const { parts } = shown;
  shown.host.firstElementChild.classList.toggle('chosen', Boolean(id));
  const now = eventNow(context.status);
  const listText = JSON.stringify([page, route, context.status.acts.openIncidents, Math.floor(now / 30000)]);
  if (listText !== shown.listText) {
    shown.listText = listText;
    const top = parts.list.scrollTop;
    replace(parts.list, list(page, route, context));
    parts.list.scrollTop = top;
  }
  shown.detail.hidden = !incident;
  shown.nothing.hidden = Boolean(incident);
  put(shown.nothing.firstElementChild, id && !incident ? 'No such incident is held: the oldest that are over are forgotten. SQL asks the whole topic.'
    : page.total ? 'Choose an incident to see its events, possible causes and what was decided.' : 'When something happens or is expected, it is told here.');
  if (!incident) {
    shown.text = '';
    return;
  }
  const text = JSON.stringify([incident, route.query, Math.floor(now / 30000)]);
  if (text === shown.text) return;
  const other = !shown.incident || shown.incident.id !== incident.id;
  shown.text = text;
  shown.incident = incident;
  replace(parts.head, head(incident, now));
  replace(parts.recommendation, recommendation(incident));
  replace(parts.suspects, suspects(incident));
  drawTimeline(incident);
  replace(parts.swallowed, swallowed(incident));
  replace(parts.revisions, revisions(incident));
  replace(parts.affected, affected(incident));
  replace(parts.events, eventTable(incident, route.query, context.go));
  if (other) {
    const chosen = parts.list.querySelector('[aria-current]');
    if (chosen) chosen.scrollIntoView({ block: 'nearest' });
  }
}

function again() {
  if (!shown || !shown.incident || !shown.parts.timeline.isConnected || shown.detail.hidden) return;
  if (Math.abs(shown.parts.timeline.clientWidth - shown.width) > 2) drawTimeline(shown.incident);
}
addEventListener('resize', again);
onTheme(() => { if (shown && shown.incident && shown.parts.timeline.isConnected) drawTimeline(shown.incident); });

/** Incidents that speak of an entity, for its own page. */
export function incidentsOf(page, key) {
  if (!page.items.length) return [h('p', { class: 'empty' }, 'No incident speaks of it.')];
  return [h('ul', { class: 'events' }, page.items.map((incident) => h('li', {},
    severityBadge(incident.severity), h('span', { class: `state ${open(incident) ? 'odd' : 'over'}` }, STATES[incident.state]),
    h('a', { href: incidentLink(incident.id), 'data-key': `incident-${incident.id}` }, `${incident.subject.kind}/${incident.subject.id}` === key ? plain(incident.rule) : subjectText(incident.subject)),
    h('span', { class: 'soft' }, when(incident.updatedMillis)), h('p', {}, incident.summary)))),
  page.total > page.items.length ? h('p', {}, h('a', { href: `#/incidents?state=all&entity=${encodeURIComponent(key)}` }, `All ${integer(page.total)}`)) : null];
}
