import { $, color, h, mark, onTheme } from './dom.js';
import { bytes, integer, percent, quantity, span, title, when } from './format.js';

const LINES = 5;
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [4, 2]];
let shown = null;
let charts = [];
let text = '';

const seconds = (point) => point.timeMillis / 1000;

function axes(unit) {
  const base = { stroke: color('soft'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return [{ ...base, size: 22, space: 74, values: (_, stamps) => days(stamps) }, { ...base, size: 46, values: (_, values) => values.map(unit) }];
}

const DAY = new Intl.DateTimeFormat('en', { timeZone: 'UTC', month: 'short', day: 'numeric' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' });

/** Days in UTC, or times where the marks stand closer than a day. */
function days(stamps) {
  const close = stamps.length > 1 && stamps[1] - stamps[0] < 86400;
  return stamps.map((stamp) => (close && stamp % 86400 ? TIME : DAY).format(new Date(stamp * 1000)));
}

/** Shows the values under the pointer. */
function tip(label) {
  let box;
  return {
    hooks: {
      init: (plot) => {
        box = h('div', { class: 'tip', hidden: true });
        plot.over.append(box);
      },
      setCursor: (plot) => {
        const { idx, left } = plot.cursor;
        if (idx === null || idx === undefined || left < 0) {
          box.hidden = true;
          return;
        }
        box.hidden = false;
        box.textContent = label(idx);
        const free = plot.over.clientWidth - box.offsetWidth - 8;
        box.style.left = `${Math.max(0, Math.min(left + 10, free))}px`;
        box.style.top = '4px';
      },
    },
  };
}

function plot(host, points, series, options) {
  const width = Math.max(200, host.clientWidth);
  const chart = new uPlot({
    width,
    height: options.height,
    padding: [6, 22, 0, 0],
    tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), 'Etc/UTC'),
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 6 }, sync: { key: 'forestall' } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: options.range } },
    axes: axes(options.unit),
    series: [{}, ...series.map((line) => ({
      stroke: line.stroke, width: 1.6, dash: line.dash, fill: line.fill, spanGaps: false,
      points: { show: points.length < 40, size: 4, fill: line.stroke },
    }))],
    plugins: [tip(options.label)],
  }, [points.map(seconds), ...series.map((line) => line.values)], host);
  charts.push({ chart, host });
}

function strip(points) {
  const canvas = h('canvas', { class: 'strip', width: 600, height: 8, role: 'img', 'aria-label': 'Tier over time' });
  const pen = canvas.getContext('2d');
  const first = points[0].timeMillis;
  const length = Math.max(1, points[points.length - 1].timeMillis - first);
  const width = Math.max(200, shown.width);
  const left = 46 / width;
  const full = 1 - 22 / width;
  points.forEach((point, i) => {
    const from = (point.timeMillis - first) / length;
    const to = i + 1 < points.length ? (points[i + 1].timeMillis - first) / length : 1;
    pen.fillStyle = color(point.tier === 'healthy' ? 'healthy' : point.tier);
    pen.fillRect(600 * (left + from * (full - left)), 0, Math.max(2, 600 * (to - from) * (full - left)), 8);
  });
  return canvas;
}

/** The metrics that spoke most, summed over the whole history. */
function loudest(points) {
  const sums = new Map();
  for (const point of points) {
    for (const reason of point.reasons) sums.set(reason.metric, (sums.get(reason.metric) || 0) + Math.abs(reason.contribution));
  }
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, LINES).map(([metric]) => metric);
}

const partOf = (point, metric) => point.reasons.find((reason) => reason.metric === metric);

function fact(name, value, small) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value, small ? h('small', {}, ` ${small}`) : null));
}

function reasonsOf(detail) {
  const reasons = detail.modes.flatMap((mode) => mode.reasons.map((reason) => ({ ...reason, mode })));
  const most = Math.max(0.001, ...reasons.map((reason) => Math.abs(reason.contribution)));
  if (!reasons.length) {
    return [h('p', { class: 'note' }, detail.scored ? 'Nothing speaks for a failure now.' : 'This disk has not been scored yet.')];
  }
  return [h('ul', { class: 'reasons' }, reasons.map((reason) => h('li', {},
    h('span', { class: 'line' }, h('span', {}, reason.metric), h('span', {}, `${reason.contribution >= 0 ? '+' : '−'}${Math.abs(reason.contribution).toFixed(2)} nats`)),
    h('span', {
      class: 'meter', 'aria-hidden': 'true',
      style: { '--w': `${(100 * Math.abs(reason.contribution)) / most}%`, '--c': reason.contribution >= 0 ? 'var(--warning)' : 'var(--healthy-deep)' },
    }),
    h('p', {}, reason.text))))];
}

function build(detail, close) {
  const host = $('detail');
  for (const { chart } of charts) chart.destroy();
  charts = [];
  const disk = title(detail.kind);
  const scored = detail.scored;
  const place = [detail.node, detail.rack, detail.zone, detail.region].filter(Boolean).join(' · ');
  const points = detail.history;
  const scoreHost = h('div', {});
  const probabilityHost = h('div', {});
  const partsHost = h('div', {});
  const valuesHost = h('div', {});
  const stripHost = h('div', {});
  const metrics = loudest(points);
  const legend = () => h('p', { class: 'legend' }, metrics.map((metric, i) => h('span', {
    style: { '--c': `var(--series-${i + 1})`, '--dash': i === 0 ? 'solid' : 'dashed' },
  }, metric)));
  const models = detail.modes.map((mode) => `${mode.model} ${mode.modelVersion}`).join(', ');
  host.replaceChildren(
    h('div', { class: 'detail-head' },
      h('h2', { id: 'detail-title' }, `${disk} ${detail.id}`),
      h('span', { class: 'badge' }, mark(detail.tier), title(detail.tier)),
      detail.stale ? h('span', { class: 'stale' }, 'silent: this score was made by time, not by a sample') : null,
      h('button', { class: 'close', type: 'button', onclick: close }, 'Close (Esc)')),
    h('dl', { class: 'detail-facts' },
      scored ? fact('Score', detail.score.toFixed(1), 'of 100') : fact('Score', 'none yet'),
      scored ? fact('Probability of failure', percent(detail.probability), `within ${span(detail.horizonMillis)}`) : null,
      scored ? fact('Confidence', percent(detail.confidence)) : null,
      scored ? fact('In tier since', when(detail.tierSinceMillis)) : null,
      scored ? fact('Newest sample', when(detail.timeMillis), `${integer(detail.samples)} scored`) : null,
      models ? fact('Model and version', models) : null,
      fact('Place', place || 'unknown', detail.synthetic ? '(synthetic)' : ''),
      detail.hardware ? fact('Hardware', detail.hardware, bytes(detail.capacityBytes)) : null),
    points.length ? h('div', { class: 'detail-grid' },
      h('div', {},
        h('div', { class: 'chart' }, h('h3', {}, 'Failure score and tier'), scoreHost, stripHost),
        h('div', { class: 'chart' }, h('h3', {}, `Probability within ${scored ? span(detail.horizonMillis) : 'the horizon'}`), probabilityHost)),
      h('div', {},
        h('div', { class: 'chart' }, h('h3', {}, 'Reasons: part of the log-odds'), metrics.length ? legend() : null, partsHost),
        h('div', { class: 'chart' }, h('h3', {}, 'Their values, each as a share of its largest'), valuesHost)),
      h('div', {}, h('h3', {}, 'Why now'), reasonsOf(detail)))
      : h('p', { class: 'note' }, 'No history is held for this one: it is healthy for long, or not scored yet.'));
  host.hidden = false;
  if (!points.length) return;
  shown.width = scoreHost.clientWidth;
  stripHost.append(strip(points));
  const at = (index) => when(points[index].timeMillis);
  plot(scoreHost, points, [{ values: points.map((p) => p.score), stroke: color('text'), fill: null }], {
    height: 150, range: [0, 100], unit: (v) => v, label: (i) => `${at(i)}  score ${points[i].score.toFixed(1)}, ${points[i].tier}`,
  });
  const top = Math.max(...points.map((p) => p.probability));
  plot(probabilityHost, points, [{ values: points.map((p) => p.probability * 100), stroke: color('accent'), fill: null }], {
    height: 130, range: [0, Math.min(100, Math.max(1, top * 110))], unit: (v) => `${v}%`, label: (i) => `${at(i)}  ${percent(points[i].probability)}, confidence ${percent(points[i].confidence)}`,
  });
  if (!metrics.length) {
    partsHost.append(h('p', { class: 'note' }, 'No sample in this history had a reason: it was healthy throughout.'));
    valuesHost.append(h('p', { class: 'note' }, '–'));
    return;
  }
  const line = (values, i) => ({ values, stroke: color(`series-${i + 1}`), dash: DASHES[i] });
  const parts = metrics.map((metric) => points.map((p) => { const part = partOf(p, metric); return part ? part.contribution : 0; }));
  const low = Math.min(0, ...parts.flat());
  const high = Math.max(0.5, ...parts.flat());
  plot(partsHost, points, parts.map(line), {
    height: 132, range: [low * 1.1, high * 1.1], unit: (v) => v,
    label: (i) => `${at(i)}  ${points[i].reasons.slice(0, 3).map((r) => `${r.metric} ${r.contribution.toFixed(2)}`).join(', ') || 'no reason'}`,
  });
  const values = metrics.map((metric) => {
    const raw = points.map((p) => { const part = partOf(p, metric); return part ? part.value : null; });
    const largest = Math.max(...raw.filter((v) => v !== null).map(Math.abs)) || 1;
    return raw.map((v) => (v === null ? null : (100 * v) / largest));
  });
  plot(valuesHost, points, values.map(line), {
    height: 130, range: [Math.min(0, ...values.flat().filter((v) => v !== null)), 105], unit: (v) => `${v}%`,
    label: (i) => `${at(i)}  ${points[i].reasons.slice(0, 3).map((r) => `${r.metric} = ${quantity(r.value)}`).join(', ') || 'no reason'}`,
  });
}

/** Shows one disk; does nothing when nothing has changed, so that a reader's zoom stays. */
export function showDetail(detail, close) {
  const now = JSON.stringify(detail);
  if (shown && now === text) return;
  const first = !shown || shown.key !== `${detail.kind}/${detail.id}`;
  const hadClose = $('detail').contains(document.activeElement) && document.activeElement.tagName === 'BUTTON';
  text = now;
  shown = { key: `${detail.kind}/${detail.id}`, detail, close, width: 600 };
  build(detail, close);
  if (first) {
    $('detail').focus({ preventScroll: true });
    $('detail').scrollIntoView({ block: 'nearest' });
  } else if (hadClose) {
    $('detail').querySelector('.close').focus({ preventScroll: true });
  }
}

export function showMissing(kind, id, close) {
  hideDetail();
  $('detail').replaceChildren(h('div', { class: 'detail-head' }, h('h2', {}, `${title(kind)} ${id}`),
    h('button', { class: 'close', type: 'button', onclick: close }, 'Close (Esc)')),
  h('p', { class: 'note' }, 'The console knows nothing of it: it has no fleet entry and no score, or it was taken out of the fleet.'));
  $('detail').hidden = false;
}

export function hideDetail() {
  for (const { chart } of charts) chart.destroy();
  charts = [];
  shown = null;
  text = '';
  $('detail').hidden = true;
  $('detail').replaceChildren();
}

addEventListener('resize', () => {
  for (const { chart, host } of charts) chart.setSize({ width: Math.max(200, host.clientWidth), height: chart.height });
});
onTheme(() => { if (shown) build(shown.detail, shown.close); });
