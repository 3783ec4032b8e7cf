import { color, h } from './dom.js';
import { when } from './format.js';

const charts = new Map();
const DAY = new Intl.DateTimeFormat('en', { timeZone: 'UTC', month: 'short', day: 'numeric' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' });

/** Days in UTC, or times where the marks stand closer than a day. */
function days(stamps) {
  const close = stamps.length > 1 && stamps[1] - stamps[0] < 86400;
  return stamps.map((stamp) => (close && stamp % 86400 ? TIME : DAY).format(new Date(stamp * 1000)));
}

function axes(unit, tight) {
  const base = { stroke: color('soft'), grid: { stroke: color('grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return [
    { ...base, grid: { show: false }, size: 20, space: 64, values: (_, stamps) => days(stamps) },
    { ...base, size: tight ? 56 : 44, space: tight ? 26 : 30, values: (_, values) => values.map(unit).map((label, i, all) => (i > 0 && label === all[i - 1] ? '' : label)) },
  ];
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
        const free = plot.over.clientWidth - box.offsetWidth - 4;
        box.style.left = `${Math.max(0, Math.min(left + 10, free))}px`;
        box.style.top = '2px';
      },
    },
  };
}

/** Shades what was unusual, behind the lines; a bar above it is seen without colour too. */
function shade(spans) {
  return {
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        for (const span of spans()) {
          const from = Math.max(bbox.left, plot.valToPos(span.from / 1000, 'x', true));
          const to = Math.min(bbox.left + bbox.width, Math.max(plot.valToPos(span.to / 1000, 'x', true), from + 3 * devicePixelRatio));
          if (to < bbox.left || from > bbox.left + bbox.width) continue;
          ctx.fillStyle = color(span.worse ? 'shade' : 'shade-soft');
          ctx.fillRect(from, bbox.top, to - from, bbox.height);
          ctx.fillStyle = color(span.worse ? 'critical' : 'soft');
          ctx.fillRect(from, bbox.top, to - from, 3 * devicePixelRatio);
        }
        ctx.restore();
      },
    },
  };
}

/**
 * Draws a chart into a host, or moves one that is there on to new values, so that a reader's zoom stays.
 * options: key, height, range, unit(value), label(index), series, bands, spans.
 */
export function chart(host, times, columns, options) {
  const data = [times.map((millis) => millis / 1000), ...columns];
  const known = charts.get(options.key);
  if (known && known.host === host && host.isConnected && known.width === columns.length) {
    known.options = options;
    known.plot.setData(data, !known.zoomed);
    if (known.zoomed) known.plot.redraw();
    return;
  }
  if (known) known.plot.destroy();
  const entry = { host, options, width: columns.length, zoomed: false };
  entry.plot = new uPlot({
    width: Math.max(180, host.clientWidth),
    height: options.height,
    padding: [8, 10, 0, 0],
    tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), 'Etc/UTC'),
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 6 }, sync: { key: 'forestall' } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (plot, min, max) => entry.options.range(min, max) } },
    axes: axes((value) => entry.options.unit(value), options.tight),
    series: [{}, ...options.series.map((line) => ({
      stroke: line.stroke, width: line.width ?? 1.6, dash: line.dash, fill: line.fill, spanGaps: Boolean(line.spanGaps),
      points: { show: line.points ?? (times.length < 3), size: 4, fill: line.stroke },
    }))],
    bands: options.bands,
    plugins: [shade(() => entry.options.spans || []), tip((index) => entry.options.label(index))],
    hooks: {
      setSelect: [(plot) => { if (plot.select.width > 0) entry.zoomed = true; }],
    },
  }, data, host);
  entry.plot.over.addEventListener('dblclick', () => {
    entry.zoomed = false;
    entry.plot.setData(entry.plot.data, true);
  });
  charts.set(options.key, entry);
}

/** Takes away the charts that are not wanted any more. */
export function dropCharts(keep = () => false) {
  for (const [key, entry] of [...charts]) {
    if (!keep(key) || !entry.host.isConnected) {
      entry.plot.destroy();
      charts.delete(key);
    }
  }
}

export const chartTime = (millis) => when(millis);

let resizing = 0;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    for (const { plot, host } of charts.values()) plot.setSize({ width: Math.max(180, host.clientWidth), height: plot.height });
  }, 120);
});
