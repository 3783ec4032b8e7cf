import { ask } from './ask.js';
import { chart, dropCharts } from './charts.js';
import { decisionsOf } from './decisions.js';
import { color, h, mark, onTheme, put, replace } from './dom.js';
import { MODES, attribute, bytes, integer, link, measured, percent, placeLink, span, title, when } from './format.js';
import { incidentsOf } from './incidents.js';

const BAND = 3;
const MAX_ATTRIBUTES = 12;
let shown = null;

function fact(name, value, small) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value, small ? h('small', {}, ` ${small}`) : null));
}

function build(host, key) {
  dropCharts();
  const part = (name) => h('div', { 'data-part': name });
  const parts = Object.fromEntries(['head', 'modes', 'score', 'probability', 'strip', 'signals', 'attributes', 'anomalies', 'related', 'incidents', 'decisions'].map((name) => [name, part(name)]));
  parts.signals.className = 'charts';
  parts.attributes.className = 'charts';
  shown = { key, host, parts, text: '', seriesText: '', actsText: '', hosts: new Map() };
  const section = (id, heading, ...children) => h('section', { class: 'panel', 'aria-labelledby': id }, h('h2', { id }, heading), ...children);
  host.replaceChildren(
    h('div', { class: 'panel entity-head' }, parts.head),
    h('div', { class: 'entity-grid' },
      section('why', 'Why: failure modes', parts.modes),
      section('past', 'Failure score', parts.score, parts.strip, h('h3', {}, 'Probability of failure'), parts.probability)),
    h('div', { class: 'entity-grid' }, section('happened', 'Incidents that speak of it', parts.incidents), section('decided', 'Decisions about it', parts.decisions)),
    h('section', { class: 'panel', 'aria-labelledby': 'signals-title' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'signals-title' }, 'Signals'),
        h('p', { class: 'legend' }, h('span', { class: 'key line' }, 'value'), h('span', { class: 'key band' }, `usual, ± ${BAND} spreads`),
          h('span', { class: 'key peers' }, 'median of its peers'), h('span', { class: 'key odd' }, 'anomaly'))),
      parts.signals),
    h('section', { class: 'panel', 'aria-labelledby': 'attributes-title', 'data-part': 'attributes-panel' },
      h('h2', { id: 'attributes-title' }, 'SMART attributes'), parts.attributes),
    h('div', { class: 'entity-grid' }, section('odd', 'Anomalies of it', parts.anomalies), section('beside', 'Around it', parts.related)));
}

function head(detail, status) {
  const places = [];
  if (detail.region !== undefined) {
    const names = [detail.region, detail.zone, detail.rack];
    names.forEach((name, i) => places.push(h('a', { href: placeLink(...names.slice(0, i + 1)), 'data-key': `place-${i}` }, name || 'none'), h('span', { 'aria-hidden': 'true' }, '›')));
    if (detail.node && detail.kind !== 'node') places.push(h('a', { href: link('node', detail.node), 'data-key': 'place-node' }, detail.node), h('span', { 'aria-hidden': 'true' }, '›'));
  }
  const quiet = detail.silent ? 'silent: time made this score, not a sample' : detail.late ? 'late: nothing came for longer than usual' : detail.never ? 'never heard of' : '';
  const age = detail.newestMillis !== null && status.fleetMillis !== null ? Math.max(0, status.fleetMillis - detail.newestMillis) : null;
  const models = [...new Set(detail.modes.map((mode) => `${mode.model} ${mode.modelVersion}`))].join(', ');
  return [
    places.length ? h('nav', { class: 'crumbs', 'aria-label': 'Place' }, h('a', { href: '#/fleet', 'data-key': 'place-fleet' }, 'Fleet'), h('span', { 'aria-hidden': 'true' }, '›'), places.slice(0, -1)) : null,
    h('div', { class: 'entity-title' }, h('h2', {}, h('small', {}, title(detail.kind)), ' ', detail.id),
      h('span', { class: `badge big ${detail.tier}` }, mark(detail.tier), title(detail.tier)),
      quiet ? h('span', { class: 'state late' }, quiet) : null),
    h('dl', { class: 'detail-facts' },
      detail.scored ? fact('Score', detail.score.toFixed(1), 'of 100') : fact('Score', 'none yet'),
      detail.scored ? fact('Probability of failure', percent(detail.probability), `within ${span(detail.horizonMillis)}`) : null,
      detail.scored ? fact('Trust in it', percent(detail.confidence)) : null,
      detail.scored ? fact(`${title(detail.tier)} since`, when(detail.tierSinceMillis)) : null,
      detail.newestMillis !== null ? fact('Newest sample', when(detail.newestMillis), [age !== null && age > 0 ? `${span(age)} old` : '', detail.intervalMillis ? `usually every ${span(detail.intervalMillis)}` : ''].filter(Boolean).join(', ')) : null,
      detail.scored ? fact('Samples scored', integer(detail.samples)) : null,
      models ? fact('Models', models) : null,
      detail.challenger ? fact(`Challenger ${detail.challenger.model} ${detail.challenger.modelVersion}`, `${title(detail.challenger.tier)}, ${detail.challenger.score.toFixed(1)}`,
        detail.challenger.tier === detail.tier ? 'would say the same' : `would say ${detail.challenger.tier} for ${detail.tier}`) : null,
      detail.hardware ? fact('Hardware', detail.hardware, detail.capacityBytes ? bytes(detail.capacityBytes) : '') : null,
      detail.pool ? fact('Pool', detail.pool, [detail.storageTier, detail.synthetic ? 'place is synthetic' : ''].filter(Boolean).join(', ')) : null),
  ];
}

function modes(detail) {
  if (!detail.modes.length) return [h('p', { class: 'empty' }, detail.scored ? 'No mode was scored.' : 'It has not been scored yet.')];
  const sorted = [...detail.modes].sort((a, b) => b.probability - a.probability);
  const most = Math.max(0.001, ...sorted.flatMap((mode) => mode.reasons.map((reason) => Math.abs(reason.contribution))));
  return [h('ul', { class: 'modes' }, sorted.map((mode) => h('li', { class: mode.reasons.length ? 'spoken' : null },
    h('div', { class: 'mode-line' }, h('b', {}, MODES[mode.mode] || title(mode.mode)), h('span', { class: 'mode-p' }, percent(mode.probability)),
      h('span', { class: 'soft' }, `within ${span(mode.horizonMillis)}, ${mode.model} ${mode.modelVersion}`)),
    h('span', { class: 'meter', 'aria-hidden': 'true', style: { '--w': `${Math.max(0.5, 100 * mode.probability)}%`, '--c': mode.probability >= 0.5 ? 'var(--critical)' : mode.probability >= 0.1 ? 'var(--warning)' : 'var(--healthy-deep)' } }),
    mode.reasons.length ? h('ul', { class: 'reasons' }, mode.reasons.map((reason) => h('li', {},
      h('span', { class: 'push', 'aria-hidden': 'true', style: { '--w': `${(100 * Math.abs(reason.contribution)) / most}%`, '--c': reason.contribution >= 0 ? 'var(--warning)' : 'var(--healthy-deep)' } }),
      h('span', { class: 'reason-text' }, reason.text, ' ', h('small', {}, reason.metric)),
      h('span', { class: 'soft num' }, `${reason.contribution >= 0 ? '+' : '−'}${Math.abs(reason.contribution).toFixed(2)}`)))) : null)))];
}

function strip(points) {
  const names = ['unknown', 'healthy', 'watch', 'warning', 'critical'];
  const first = points[0].timeMillis;
  const length = Math.max(1, points[points.length - 1].timeMillis - first);
  const runs = [];
  for (const point of points) {
    const last = runs[runs.length - 1];
    if (!last || last.tier !== point.tier) runs.push({ tier: point.tier, from: (point.timeMillis - first) / length });
  }
  return h('div', { class: 'strip', role: 'img', 'aria-label': `Tier over time: ${runs.map((run) => run.tier).join(', then ')}` },
    runs.map((run, i) => {
      const to = i + 1 < runs.length ? runs[i + 1].from : 1;
      return h('span', { class: names.includes(run.tier) ? run.tier : 'unknown', style: { left: `${100 * run.from}%`, width: `${Math.max(0.4, 100 * (to - run.from))}%` } }, to - run.from > 0.12 ? run.tier : '');
    }));
}

function past(detail) {
  const points = detail.history;
  if (!points.length) {
    const why = 'No history is held: it was healthy for long, or is not scored yet.';
    for (const name of ['score', 'strip', 'probability']) replace(shown.parts[name], name === 'score' ? [h('p', { class: 'empty' }, why)] : []);
    return;
  }
  const times = points.map((point) => point.timeMillis);
  const top = Math.max(...points.map((point) => point.probability));
  chart(shown.parts.score, times, [points.map((point) => point.score)], {
    key: 'score', height: 130, range: () => [0, 100], unit: (v) => v, tight: true,
    series: [{ stroke: color('text') }], label: (i) => `${when(times[i])}  score ${points[i].score.toFixed(1)}, ${points[i].tier}${points[i].stale ? ', silent' : ''}`,
  });
  replace(shown.parts.strip, [strip(points)]);
  chart(shown.parts.probability, times, [points.map((point) => point.probability * 100)], {
    key: 'probability', height: 100, range: () => [0, Math.min(100, Math.max(1, top * 112))], unit: (v) => `${v}%`, tight: true,
    series: [{ stroke: color('accent') }], label: (i) => `${when(times[i])}  ${percent(points[i].probability)}, trust ${percent(points[i].confidence)}`,
  });
}

/** The band that held at a time: the newest one that is not later, or the first. */
function bandAt(times, at) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function hostFor(name, container) {
  let entry = shown.hosts.get(name);
  if (!entry) {
    const plot = h('div', { class: 'plot' });
    const label = h('b', {});
    const value = h('span', { class: 'now' });
    const usual = h('small', { class: 'soft' });
    entry = { plot, label, value, usual, element: h('figure', { class: 'chart', role: 'group' }, h('figcaption', {}, label, value, usual), plot) };
    shown.hosts.set(name, entry);
  }
  if (entry.element.parentElement !== container) container.append(entry.element);
  return entry;
}

function signalChart(name, label, metric, band, anomalies, series, container) {
  const times = metric ? series.timesMillis : series.bandTimesMillis;
  const values = metric ? metric.values : band.last;
  const last = values.findLastIndex((value) => value !== null);
  if (last < 0) return;
  const entry = hostFor(name, container);
  const columns = [];
  const lines = [];
  let bands = null;
  const usualAt = (i) => {
    if (!band) return null;
    const at = metric ? bandAt(series.bandTimesMillis, times[i]) : i;
    return band.level[at] === null ? null : { level: band.level[at], spread: band.spread[at] ?? 0, peers: band.peerMedian ? band.peerMedian[at] : null };
  };
  if (band) {
    const usual = times.map((_, i) => usualAt(i));
    const hasPeers = usual.some((one) => one && one.peers !== null && one.peers !== undefined);
    const positive = values.every((value) => value === null || value >= 0);
    columns.push(usual.map((one) => (one ? one.level + BAND * one.spread : null)), usual.map((one) => (one ? (positive ? Math.max(0, one.level - BAND * one.spread) : one.level - BAND * one.spread) : null)));
    lines.push({ stroke: 'transparent', width: 0, points: false }, { stroke: 'transparent', width: 0, points: false });
    bands = [{ series: [1, 2], fill: color('band') }];
    if (hasPeers) {
      columns.push(usual.map((one) => (one ? one.peers : null)));
      lines.push({ stroke: color('soft'), width: 1, dash: [3, 3], points: false });
    }
  }
  columns.push(values);
  lines.push({ stroke: color('series-1'), width: 1.6, spanGaps: true });
  const all = columns.flat().filter((value) => value !== null && Number.isFinite(value));
  let low = Math.min(...all);
  let high = Math.max(...all);
  const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  low = low >= 0 && (low < high * 0.5 || low - room < 0) ? 0 : low - room;
  high += room;
  const end = times[times.length - 1];
  const odd = anomalies.filter((one) => one.signal === name).map((one) => ({ from: one.sinceMillis, to: one.ended ? one.timeMillis : Math.max(end, one.timeMillis), worse: one.worse }));
  const usualNow = usualAt(last);
  put(entry.label, label);
  put(entry.value, measured(name, values[last]));
  put(entry.usual, usualNow ? `usual ${measured(name, usualNow.level)} ± ${measured(name, BAND * usualNow.spread)}` : '');
  const open = anomalies.find((one) => one.signal === name && !one.ended && one.worse);
  entry.element.classList.toggle('odd', Boolean(open));
  entry.element.setAttribute('aria-label', `${label}: now ${measured(name, values[last])}${usualNow ? `, usual ${measured(name, usualNow.level)}` : ''}${open ? `; anomaly since ${when(open.sinceMillis)}` : ''}`);
  chart(entry.plot, times, columns, {
    key: `signal-${name}`, height: 118, tight: true, series: lines, bands, spans: odd,
    range: () => [low, high], unit: (value) => measured(name, value).replace(' ', '\u00a0'),
    label: (i) => {
      const usual = usualAt(i);
      return `${when(times[i])}  ${measured(name, values[i])}${usual ? `, usual ${measured(name, usual.level)}` : ''}${usual && usual.peers ? `, peers ${measured(name, usual.peers)}` : ''}`;
    },
  });
  return entry;
}

function signals(series, detail) {
  const bandOf = new Map(series.bands.map((band) => [band.name, band]));
  const metricOf = new Map(series.metrics.map((metric) => [metric.name, metric]));
  const names = [...new Set([...bandOf.keys(), ...metricOf.keys()])];
  const attributes = names.filter((name) => name.startsWith('smart_'));
  const rest = names.filter((name) => !name.startsWith('smart_'));
  const openNow = new Set(detail.anomalies.filter((one) => !one.ended && one.worse).map((one) => one.signal));
  rest.sort((a, b) => (openNow.has(b) ? 1 : 0) - (openNow.has(a) ? 1 : 0));
  for (const name of rest) {
    const band = bandOf.get(name);
    const metric = metricOf.get(name);
    signalChart(name, (metric || band).label, metric, band, detail.anomalies, series, shown.parts.signals);
  }
  let note = shown.parts.signals.querySelector('.empty');
  if (!rest.length && !note) shown.parts.signals.append(h('p', { class: 'empty' }, 'No signal of it is held yet: values are held from now on, while somebody looks.'));
  else if (rest.length && note) note.remove();
  const changing = attributes.filter((name) => {
    const values = metricOf.get(name).values.filter((value) => value !== null);
    return values.some((value) => value !== values[0]);
  });
  for (const name of changing.slice(0, MAX_ATTRIBUTES)) signalChart(name, attribute(name), metricOf.get(name), null, detail.anomalies, series, shown.parts.attributes);
  const steady = attributes.filter((name) => !changing.slice(0, MAX_ATTRIBUTES).includes(name));
  let list = shown.parts.attributes.querySelector('.steady');
  if (!list) {
    list = h('p', { class: 'steady' });
    shown.parts.attributes.append(list);
  }
  put(list, steady.length ? `Steady: ${steady.map((name) => `${attribute(name)} ${measured(name, metricOf.get(name).values.findLast((value) => value !== null))}`).join(', ')}` : '');
  shown.host.querySelector('[data-part="attributes-panel"]').hidden = !attributes.length;
  note = null;
}

function anomalyList(detail) {
  if (!detail.anomalies.length) return [h('p', { class: 'empty' }, 'None was seen.')];
  return [h('ul', { class: 'events' }, detail.anomalies.slice(0, 20).map((one) => h('li', {},
    h('span', { class: `state ${one.ended ? 'over' : one.worse ? 'worse' : 'odd'}` }, one.ended ? 'over' : one.worse ? 'worse' : 'unusual'),
    h('b', {}, one.label), h('span', { class: 'soft' }, `${when(one.sinceMillis)}, ${one.ended ? `for ${span(one.timeMillis - one.sinceMillis)}` : 'lasts'}`),
    h('p', {}, one.text || `${measured(one.signal, one.value)} where ${measured(one.signal, one.expected)} is usual`))))];
}

function related(detail) {
  const groups = { node: 'Node', disk: 'Disks of the node', processor: 'Event processors', head: 'Head nodes', path: 'Paths', end: 'Ends' };
  const children = [];
  for (const [as, name] of Object.entries(groups)) {
    const members = detail.related.filter((one) => one.as === as);
    if (!members.length) continue;
    children.push(h('h3', {}, name), h('ul', { class: 'chips-list' }, members.map((one) => h('li', {}, h('a', {
      class: `entity-chip${one.anomalous ? ' anomalous' : ''}`, href: link(one.kind, one.id), 'data-key': `${one.kind}/${one.id}`,
      title: `${one.kind} ${one.id}: ${one.scored ? one.tier : 'not scored'}${one.anomalous ? ', behaves unusually' : ''}${one.silent || one.late ? ', late or silent' : ''}`,
    }, mark(one.scored || one.as === 'path' ? (one.anomalous && one.tier === 'unknown' ? 'watch' : one.tier) : 'unknown'), one.id,
    one.scored && one.score >= 20 ? h('b', {}, one.score.toFixed(0)) : null)))));
  }
  return children.length ? children : [h('p', { class: 'empty' }, 'Nothing stands beside it.')];
}

/** Shows one entity, or brings what is shown up to date; does nothing when nothing has changed. */
export async function showEntity(host, route, context) {
  const [kind, id] = route.parts;
  const key = `${kind}/${id}`;
  const path = `entities/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
  const [detail, series, incidents, decisions] = await Promise.all([ask(path), ask(`${path}/series`),
    ask('incidents', { entity: key, state: 'all', limit: 5 }), ask('decisions', { subject: key, limit: 5 })]);
  if (!context.current()) return;
  if (!detail) {
    dropCharts();
    shown = null;
    replace(host, [h('section', { class: 'panel' }, h('h2', {}, `${title(kind)} ${id}`),
      h('p', { class: 'empty' }, 'The console has no fleet entry and no score of it, or it was taken out of the fleet.')),
    h('div', { class: 'entity-grid' }, h('section', { class: 'panel' }, h('h2', {}, 'Incidents that speak of it'), incidentsOf(incidents, key)),
      h('section', { class: 'panel' }, h('h2', {}, 'Decisions about it'), decisionsOf(decisions, key)))]);
    return;
  }
  if (!shown || shown.key !== key || shown.host !== host || !shown.parts.head.isConnected) build(host, key);
  shown.last = [detail, series, context.status];
  const text = JSON.stringify(detail) + context.status.fleetMillis;
  if (text !== shown.text) {
    shown.text = text;
    replace(shown.parts.head, head(detail, context.status));
    replace(shown.parts.modes, modes(detail));
    past(detail);
    replace(shown.parts.anomalies, anomalyList(detail));
    replace(shown.parts.related, related(detail));
  }
  const actsText = JSON.stringify([incidents, decisions]);
  if (actsText !== shown.actsText) {
    shown.actsText = actsText;
    replace(shown.parts.incidents, incidentsOf(incidents, key));
    replace(shown.parts.decisions, decisionsOf(decisions, key));
  }
  const seriesText = JSON.stringify(series);
  if (seriesText !== shown.seriesText) {
    shown.seriesText = seriesText;
    signals(series, detail);
  }
}

export function leaveEntity() {
  dropCharts();
  shown = null;
}

/** Where the entity that is shown stands. */
export function aboveEntity() {
  if (!shown || !shown.last) return '#/fleet';
  const [detail] = shown.last;
  return detail.region !== undefined ? placeLink(detail.region, detail.zone, detail.rack) : '#/fleet';
}

onTheme(() => {
  if (!shown || !shown.last) return;
  dropCharts();
  const [detail, series] = shown.last;
  past(detail);
  signals(series, detail);
});
