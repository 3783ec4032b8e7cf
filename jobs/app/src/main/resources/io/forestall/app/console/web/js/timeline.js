import { h } from './dom.js';
import { integer, when } from './format.js';

const NS = 'http://www.w3.org/2000/svg';
const MAX_ROWS = 10;
const ROW = 24;
const HEAD = 22;
const FAR = 8e15;
const STEPS = [1e3, 5e3, 15e3, 30e3, 60e3, 300e3, 900e3, 1800e3, 3600e3, 3 * 3600e3, 6 * 3600e3, 12 * 3600e3, 86400e3, 2 * 86400e3, 7 * 86400e3, 30 * 86400e3];
const DAY = new Intl.DateTimeFormat('en', { timeZone: 'UTC', month: 'short', day: 'numeric' });

function s(tag, attributes, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

function tick(at, step) {
  const iso = new Date(at).toISOString();
  if (step < 60e3) return iso.slice(11, 19);
  if (step >= 300 * 86400e3) return when(at).slice(0, 10);
  return step < 86400e3 && at % 86400e3 ? iso.slice(11, 16) : DAY.format(new Date(at));
}

/** Rows of a timeline: the entities with most events, in the order of their first one; the rest together. */
export function lanes(events) {
  const byEntity = new Map();
  for (const event of events) {
    const key = `${event.entity.kind}/${event.entity.id}`;
    if (!byEntity.has(key)) byEntity.set(key, { name: key, entity: event.entity, events: [] });
    byEntity.get(key).events.push(event);
  }
  const all = [...byEntity.values()];
  if (all.length <= MAX_ROWS) return all;
  const most = new Set([...all].sort((a, b) => b.events.length - a.events.length).slice(0, MAX_ROWS - 1));
  const rest = all.filter((lane) => !most.has(lane));
  return [...all.filter((lane) => most.has(lane)), { name: `${rest.length} others`, entity: null, events: rest.flatMap((lane) => lane.events) }];
}

/**
 * Events on a time axis, a row for each entity: a disc is real, a hollow diamond predicted. Marks are vertical lines with a
 * name: {at, name, kind}. Width is in pixels.
 */
export function timeline(events, marks, width, now) {
  const rows = lanes(events);
  // What lies outside of what a date can say is put at its edge.
  const clamp = (at) => Math.max(-FAR, Math.min(FAR, at));
  const times = [...events.map((event) => clamp(event.timeMillis)), ...marks.map((mark) => clamp(mark.at))];
  let from = Math.min(...times);
  let to = Math.max(...times);
  const narrow = width < 560;
  const left = narrow ? 6 : Math.min(190, Math.round(width * 0.24));
  const right = 14;
  const pad = to === from ? 60000 : Math.max((to - from) * 0.02, 1);
  from -= pad;
  to += pad;
  const x = (at) => left + ((clamp(at) - from) / (to - from)) * (width - left - right);
  const rowHeight = narrow ? ROW + 12 : ROW;
  const foot = marks.length ? 34 : 20;
  const height = HEAD + rows.length * rowHeight + foot;
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'timeline', role: 'img' });
  const predicted = events.filter((event) => event.predicted).length;
  svg.setAttribute('aria-label', `${integer(events.length)} events of ${rows.length} rows from ${when(times.length ? Math.min(...times) : now)}: ${integer(events.length - predicted)} real, ${integer(predicted)} predicted. The table below lists them.`);
  const step = STEPS.find((one) => (to - from) / one <= (width - left) / 84) || Math.ceil((to - from) / 6 / 86400e3) * 86400e3;
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    svg.append(s('line', { x1: x(at), x2: x(at), y1: HEAD - 4, y2: HEAD + rows.length * rowHeight, class: 'tl-grid' }));
    svg.append(s('text', { x: x(at), y: 12, class: 'tl-tick', 'text-anchor': 'middle' }, tick(at, step)));
  }
  rows.forEach((lane, i) => {
    const top = HEAD + i * rowHeight;
    const y = top + (narrow ? rowHeight - ROW / 2 + 2 : rowHeight / 2);
    svg.append(s('line', { x1: left, x2: width - right, y1: y, y2: y, class: 'tl-row' }));
    const name = s('text', narrow ? { x: left, y: top + 12, class: 'tl-name' } : { x: left - 10, y: y + 4, class: 'tl-name', 'text-anchor': 'end' });
    const most = Math.floor((narrow ? width - 20 : left - 14) / 6.4);
    name.textContent = lane.name.length > most ? `${lane.name.slice(0, most - 1)}…` : lane.name;
    name.append(s('title', {}, lane.name));
    svg.append(name);
    for (const event of lane.events) {
      const at = x(event.timeMillis);
      const mark = event.predicted
        ? s('path', { d: `M${at} ${y - 6}L${at + 6} ${y}L${at} ${y + 6}L${at - 6} ${y}Z`, class: 'tl-predicted' })
        : s('circle', { cx: at, cy: y, r: 4.5, class: 'tl-real' });
      mark.append(s('title', {}, `${when(event.timeMillis)} ${event.type}${event.predicted ? ', predicted' : ''}: ${event.entity.kind} ${event.entity.id}`));
      svg.append(mark);
    }
  });
  const base = HEAD + rows.length * rowHeight;
  let free = -Infinity;
  let line = 0;
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const at = x(mark.at);
    svg.append(s('line', { x1: at, x2: at, y1: HEAD - 4, y2: base + 6, class: `tl-mark ${mark.kind}` }));
    const length = mark.name.length * 6 + 8;
    const start = Math.max(2, Math.min(width - length, at - length / 2));
    line = start < free ? 1 - line : 0;
    free = start + length;
    svg.append(s('text', { x: start + 4, y: base + 16 + line * 13, class: `tl-label ${mark.kind}` }, mark.name));
  }
  return svg;
}

/** What the marks mean. */
export const timelineLegend = () => h('p', { class: 'legend' },
  h('span', { class: 'tl-key real' }, 'happened'), h('span', { class: 'tl-key predicted' }, 'predicted'), h('span', { class: 'tl-key decided' }, 'decided'));
