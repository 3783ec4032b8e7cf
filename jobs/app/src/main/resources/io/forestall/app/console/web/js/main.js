import { $, h, onTheme, replace } from './dom.js';
import { compact, integer, title, when } from './format.js';
import { redrawFleet, showFleet, showTiers } from './fleet.js';
import { showDead, showHead, showRisks } from './risks.js';
import { hideDetail, showDetail, showMissing } from './detail.js';

const EVERY_MILLIS = 2000;
const state = { tier: null, rack: null, find: '', sort: 'score', order: 'desc', limit: 50, selected: null, fleetOrder: 'worst' };
let status = null;
let racks = [];
let timer = 0;
let round = 0;

async function ask(path) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), 10000);
  try {
    const response = await fetch(path, { signal: stop.signal });
    if (response.status === 404) return null;
    const body = await response.json();
    if (!response.ok) throw new Error(body.error || `the console answered ${response.status}`);
    return body;
  } finally {
    clearTimeout(late);
  }
}

function riskPath() {
  const query = new URLSearchParams({ sort: state.sort, order: state.order, limit: String(state.limit) });
  if (state.tier) query.set('tier', state.tier);
  // What was never scored has no place among the risks, unless it is asked for.
  if (state.tier !== 'unknown' && !state.find) query.set('minScore', '0');
  if (state.rack !== null) query.set('rack', state.rack);
  if (state.find) query.set('q', state.find);
  return `/api/v1/risk?${query}`;
}

const MODES = {
  none: () => 'No telemetry yet',
  simulated: () => 'Simulated fleet: no disk here is real',
  mixed: () => 'Simulated and real telemetry mixed',
  data: (sources) => `Data: ${sources.join(', ')}`,
};

function showStatus() {
  $('mode').dataset.mode = status.mode;
  $('mode').textContent = MODES[status.mode](Object.keys(status.rowsInBySource));
  document.title = status.tiers.critical ? `(${status.tiers.critical}) Forestall` : 'Forestall';
  $('placement').hidden = !status.syntheticPlacement;
  $('event-time').textContent = status.newestTelemetryMillis === null ? when(status.newestRiskMillis) : when(status.newestTelemetryMillis);
  $('rows-in').textContent = compact(status.rowsIn);
  $('rows-in').title = integer(status.rowsIn);
  $('rows-scored').textContent = compact(status.rowsScored);
  $('rows-scored').title = integer(status.rowsScored);
  $('dead-total').textContent = compact(status.deadLetters);
  const models = Object.entries(status.scoredByModel).sort((a, b) => b[1] - a[1]);
  $('model').textContent = models.length ? models.map(([name]) => name.replace('/', ' ')).join(', ') : '–';
  $('model').title = models.map(([name, count]) => `${name}: ${integer(count)} disks`).join('\n');
  feed(status.ready ? 'live' : 'wait', status.ready ? 'Live' : 'Reading the topics');
  $('trouble').hidden = !status.trouble;
  $('trouble').textContent = status.trouble || '';
  showTiers(status.tiers, state.tier, (tier) => change({ tier: state.tier === tier ? null : tier }));
}

function feed(kind, text) {
  $('feed').dataset.state = kind;
  if ($('feed').textContent !== text) $('feed').textContent = text;
}

function showFilters() {
  const chips = [];
  if (state.tier) chips.push(h('button', { class: 'chip', type: 'button', onclick: () => change({ tier: null }) }, `Tier ${title(state.tier)}`));
  if (state.rack !== null) chips.push(h('button', { class: 'chip', type: 'button', onclick: () => change({ rack: null }) }, `Rack ${state.rack || 'none'}`));
  replace($('filters'), chips);
  $('filters').hidden = !chips.length;
}

const actions = {
  chooseRack: (rack) => change({ rack: state.rack === rack ? null : rack }),
  openCell: async (node, index) => {
    const page = await ask(`/api/v1/risk?${new URLSearchParams({ kind: 'disk', node, sort: 'id', offset: String(index), limit: '1' })}`);
    if (page && page.items.length) location.hash = `#/disk/${encodeURIComponent(page.items[0].id)}`;
  },
};

const closeDetail = () => { location.hash = '#/'; };

async function refresh() {
  clearTimeout(timer);
  const mine = ++round;
  try {
    const [nextStatus, page, fleet, dead, detail] = await Promise.all([
      ask('/api/v1/status'),
      ask(riskPath()),
      ask('/api/v1/fleet'),
      ask('/api/v1/dead-letters'),
      state.selected ? ask(`/api/v1/risk/${encodeURIComponent(state.selected.kind)}/${encodeURIComponent(state.selected.id)}`) : null,
    ]);
    if (mine !== round) return;
    status = nextStatus;
    racks = fleet.racks;
    showStatus();
    showFilters();
    showHead(state, (sort, order) => change({ sort, order }));
    showRisks(page, status.newestRiskMillis || 0, state.selected && `${state.selected.kind}/${state.selected.id}`);
    showFleet(racks, state.rack, state.fleetOrder, actions);
    showDead(dead);
    if (detail) showDetail(detail, closeDetail);
    else if (state.selected) showMissing(state.selected.kind, state.selected.id, closeDetail);
    else hideDetail();
    document.documentElement.dataset.shown = 'true';
  } catch (error) {
    if (mine !== round) return;
    feed('lost', 'Not connected');
    $('trouble').hidden = false;
    $('trouble').textContent = `The console does not answer (${error.message}). What is shown may be old; it is asked again every ${EVERY_MILLIS / 1000} seconds.`;
  } finally {
    if (mine === round && !document.hidden) timer = setTimeout(refresh, EVERY_MILLIS);
  }
}

function change(part) {
  Object.assign(state, part, { limit: 50 });
  refresh();
}

function route() {
  const parts = location.hash.split('/');
  state.selected = null;
  if (parts.length === 3) {
    try {
      state.selected = { kind: decodeURIComponent(parts[1]), id: decodeURIComponent(parts[2]) };
    } catch {
      // A broken address shows the overview.
    }
  }
  refresh();
}

addEventListener('hashchange', route);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && state.selected) closeDetail();
});
let typing = 0;
$('find').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => change({ find: $('find').value.trim() }), 200);
});
$('fleet-order').addEventListener('change', () => {
  state.fleetOrder = $('fleet-order').value;
  showFleet(racks, state.rack, state.fleetOrder, actions);
});
$('more').addEventListener('click', () => {
  state.limit = Math.min(1000, state.limit * 2);
  refresh();
});
onTheme(redrawFleet);
let resizing = 0;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(redrawFleet, 120);
});
route();
