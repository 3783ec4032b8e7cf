import { ask } from './ask.js';
import { $, h, mark, put, replace, themeChanged } from './dom.js';
import { showDecisions } from './decisions.js';
import { aboveEntity, leaveEntity, showEntity } from './entity.js';
import { above, showFleet } from './fleet.js';
import { TIERS, compact, integer, link, percent, span, title, when } from './format.js';
import { showApprovals, showGuard, showGuardStrip, showPolicies } from './guard.js';
import { showIncidents } from './incidents.js';
import { showAnomalies, showDead, showLate, showModels, showRisks } from './lists.js';
import { showSagas, showVolumes } from './volumes.js';

const EVERY_MILLIS = 2000;
const VIEWS = { fleet: showFleet, risks: showRisks, anomalies: showAnomalies, late: showLate, 'dead-letters': showDead, models: showModels, entity: showEntity,
  incidents: showIncidents, decisions: showDecisions, approvals: showApprovals, guard: showGuard, policies: showPolicies,
  volumes: showVolumes, failovers: showSagas, sagas: showSagas };
const TABS = { approvals: 'decisions', guard: 'decisions', policies: 'decisions', failovers: 'volumes', sagas: 'volumes' };
let route = null;
let status = null;
let timer = 0;
let round = 0;
let first = true;

/** The address after the #: a view, names of what it shows, and its filters. */
function parse() {
  const [path, query] = location.hash.replace(/^#/, '').split('?');
  let parts = [];
  try {
    parts = path.split('/').slice(1).filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    // A broken address shows the fleet.
  }
  let view = parts.shift() || 'fleet';
  if (!VIEWS[view]) {
    // Addresses of the first console named a disk at once.
    if (parts.length === 1) parts = [view, ...parts];
    view = parts.length === 2 ? 'entity' : 'fleet';
    if (view === 'fleet') parts = [];
  }
  if (view === 'entity' && parts.length !== 2) {
    view = 'fleet';
    parts = [];
  }
  return { view, parts: parts.slice(0, 3), query: Object.fromEntries(new URLSearchParams(query || '')) };
}

function go(name, value) {
  const query = { ...route.query };
  const changes = typeof name === 'object' ? name : { [name]: value };
  if (!('offset' in changes)) delete query.offset;
  Object.assign(query, changes);
  for (const key of Object.keys(query)) if (query[key] === '' || query[key] === null) delete query[key];
  const text = new URLSearchParams(query).toString();
  const path = route.parts.map((part) => `/${encodeURIComponent(part)}`).join('');
  location.hash = `#/${route.view}${path}${text ? `?${text}` : ''}`;
}

const SOURCES = {
  none: () => 'No telemetry yet',
  simulated: () => 'Simulated fleet: these machines are not real',
  mixed: () => 'Simulated and real telemetry mixed',
  data: (sources) => `Data: ${sources.join(', ')}`,
};

function feed(kind, text) {
  $('feed').dataset.state = kind;
  put($('feed'), text);
}

function showStatus() {
  $('mode').dataset.mode = status.mode;
  put($('mode'), SOURCES[status.mode](Object.keys(status.rowsInBySource)));
  $('placement').hidden = !status.syntheticPlacement;
  const critical = status.tiers.critical + status.machineTiers.critical;
  document.title = critical ? `(${critical}) Forestall` : 'Forestall';
  showGuardStrip(status.acts);
  const worst = status.acts.openIncidents.critical;
  put($('count-incidents'), worst ? compact(worst) : '');
  $('count-incidents').title = worst ? `${worst} critical incidents are open` : '';
  put($('count-sagas'), status.acts.openSagas ? compact(status.acts.openSagas) : '');
  $('count-sagas').title = status.acts.openSagas ? `${status.acts.openSagas} failovers go on` : '';
  put($('count-waiting'), status.acts.waiting ? compact(status.acts.waiting) : '');
  $('count-waiting').title = status.acts.waiting ? `${status.acts.waiting} wait for an approval` : '';
  put($('event-time'), when(status.newestTelemetryMillis === null ? status.newestRiskMillis : status.newestTelemetryMillis));
  put($('quiet'), status.quietMillis === null ? '–' : status.quietMillis < 2500 ? 'now' : `${span(status.quietMillis)} ago`);
  $('quiet').classList.toggle('bad', status.quietMillis !== null && status.quietMillis > 120000);
  put($('lag'), `${compact(status.lagRecords)} records`);
  $('lag').classList.toggle('bad', status.lagRecords > 50000);
  put($('rows-in'), compact(status.rowsIn));
  $('rows-in').title = integer(status.rowsIn);
  put($('rows-scored'), compact(status.rowsScored));
  $('rows-scored').title = integer(status.rowsScored);
  put($('dead-rows'), compact(status.deadRows));
  const known = status.disks + Object.values(status.machineTiers).reduce((a, b) => a + b, 0);
  const blind = status.silent + status.late + status.never;
  put($('blind'), known ? `${percent(blind / known)} (${compact(blind)})` : '–');
  $('blind').classList.toggle('bad', known > 0 && blind / known > 0.05);
  const risky = ['critical', 'warning', 'watch'].reduce((sum, tier) => sum + status.tiers[tier] + status.machineTiers[tier], 0);
  put($('count-risks'), risky ? compact(risky) : '');
  put($('count-anomalies'), status.openAnomalies ? compact(status.openAnomalies) : '');
  put($('count-late'), blind ? compact(blind) : '');
  put($('count-dead'), status.deadLetters ? compact(status.deadLetters) : '');
  feed(status.ready ? 'live' : 'wait', status.ready ? 'Live' : 'Reading the topics');
  $('trouble').hidden = !status.trouble;
  put($('trouble'), status.trouble || '');
}

async function refresh() {
  clearTimeout(timer);
  const mine = ++round;
  const now = route;
  try {
    status = await ask('status');
    if (mine !== round) return;
    showStatus();
    await VIEWS[now.view]($('main'), now, { status, go, current: () => mine === round, again: refresh });
    if (mine !== round) return;
    if (first) {
      first = false;
      performance.mark('shown');
      document.documentElement.dataset.shown = 'true';
    }
    document.documentElement.dataset.view = now.view;
  } catch (error) {
    if (mine !== round) return;
    feed('lost', 'Not connected');
    $('trouble').hidden = false;
    put($('trouble'), `The console does not answer (${error.message}). What is shown may be old; it is asked again every ${EVERY_MILLIS / 1000} seconds.`);
  } finally {
    if (mine === round && !document.hidden) timer = setTimeout(refresh, EVERY_MILLIS);
  }
}

function follow() {
  const before = route;
  route = parse();
  if (before && before.view === 'entity' && (route.view !== 'entity' || before.parts.join() !== route.parts.join())) leaveEntity();
  for (const tab of document.querySelectorAll('.tabs a')) {
    if (tab.dataset.view === (TABS[route.view] || route.view)) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  if (before && (before.view !== route.view || before.parts.join() !== route.parts.join())) {
    $('main').focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  refresh();
}

// Finding.
let found = [];
let chosen = -1;
let typing = 0;

function showFound() {
  const open = found.length > 0 || $('find').value.trim() !== '';
  $('found').hidden = !open;
  $('find').setAttribute('aria-expanded', String(open));
  replace($('found'), found.length ? found.map((item, i) => h('li', {
    role: 'option', id: `found-${i}`, 'aria-selected': String(i === chosen), onmousedown: (event) => { event.preventDefault(); pickFound(i); },
  }, mark(item.tier), h('span', { class: 'soft' }, item.kind), h('b', {}, item.id), h('span', { class: 'soft' }, [item.node, item.rack].filter(Boolean).join(' · '))))
    : [h('li', { class: 'soft', role: 'option', 'aria-disabled': 'true' }, 'Nothing is called that.')]);
  if (chosen >= 0) $('find').setAttribute('aria-activedescendant', `found-${chosen}`);
  else $('find').removeAttribute('aria-activedescendant');
}

function hideFound() {
  found = [];
  chosen = -1;
  $('found').hidden = true;
  $('find').setAttribute('aria-expanded', 'false');
}

function pickFound(i) {
  const item = found[i];
  const text = $('find').value.trim();
  hideFound();
  $('find').value = '';
  $('find').blur();
  if (item) location.hash = link(item.kind, item.id);
  else if (text) location.hash = `#/risks?q=${encodeURIComponent(text)}`;
}

$('find').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const text = $('find').value.trim();
    if (!text) {
      hideFound();
      return;
    }
    try {
      const page = await ask('entities', { q: text, limit: 8 });
      if ($('find').value.trim() !== text) return;
      found = page ? page.items : [];
      chosen = -1;
      showFound();
    } catch {
      hideFound();
    }
  }, 150);
});
$('find').addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    if (!found.length) return;
    event.preventDefault();
    chosen = (chosen + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length;
    showFound();
  } else if (event.key === 'Escape') {
    event.stopPropagation();
    hideFound();
    $('find').value = '';
    $('find').blur();
  }
});
$('find').addEventListener('blur', () => { if (!$('find').value) hideFound(); else $('found').hidden = true; });
$('finder').addEventListener('submit', (event) => {
  event.preventDefault();
  pickFound(chosen);
});

// Themes: as the system has it, light, dark.
const THEMES = ['auto', 'light', 'dark'];
const themeNow = () => document.documentElement.dataset.theme || 'auto';
function nameTheme() {
  const now = themeNow();
  put($('theme'), now === 'auto' ? 'Auto' : title(now));
  $('theme').setAttribute('aria-label', `Colours: ${now === 'auto' ? 'as the system has them' : now}; change`);
  $('theme').title = 'Light, dark, or as the system has it (t)';
}
function nextTheme() {
  const next = THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length];
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem('forestall-theme', next); } catch { /* Storage may be forbidden. */ }
  nameTheme();
  themeChanged();
}
$('theme').addEventListener('click', nextTheme);

// Help.
const MEANING = {
  critical: 'a square with a cross', warning: 'a triangle', watch: 'a bar', healthy: 'a plain square, a dot in lists', unknown: 'an empty frame: no score to trust',
};
$('legend').replaceChildren(...[...TIERS].reverse().map((tier) => h('li', {}, mark(tier), h('b', {}, title(tier)), h('span', { class: 'soft' }, MEANING[tier]))),
  h('li', {}, h('span', { class: 'mark blind-mark', 'aria-hidden': 'true' }), h('b', {}, 'Late or silent'), h('span', { class: 'soft' }, 'a dark corner on the map')),
  h('li', {}, h('span', { class: 'mark odd-mark', 'aria-hidden': 'true' }), h('b', {}, 'Unusual'), h('span', { class: 'soft' }, 'an outline: an anomaly lasts there')));
const showHelp = () => $('keys').showModal();
$('help').addEventListener('click', showHelp);
$('keys-close').addEventListener('click', () => $('keys').close());
$('skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});

// Keys.
let pending = 0;
const GO = { f: 'fleet', r: 'risks', a: 'anomalies', l: 'late', d: 'dead-letters', m: 'models', i: 'incidents', c: 'decisions', w: 'approvals', b: 'guard', v: 'volumes', s: 'failovers' };
document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || $('keys').open) return;
  const field = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (field) return;
  if (pending && Date.now() - pending < 1200 && GO[event.key]) {
    pending = 0;
    location.hash = `#/${GO[event.key]}`;
    return;
  }
  pending = 0;
  if (event.key === '/') {
    event.preventDefault();
    $('find').focus();
    $('find').select();
  } else if (event.key === '?') showHelp();
  else if (event.key === 't') nextTheme();
  else if (event.key === 'g') pending = Date.now();
  else if (event.key === 'u' || event.key === 'Escape') {
    if (route.view === 'entity') location.hash = aboveEntity();
    else if (route.view === 'fleet' && route.parts.length) location.hash = above(route);
    else if (['models', 'incidents', 'decisions', 'volumes', 'failovers', 'sagas'].includes(route.view) && route.parts.length) location.hash = `#/${route.view}`;
  }
});

addEventListener('hashchange', follow);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
nameTheme();
follow();
