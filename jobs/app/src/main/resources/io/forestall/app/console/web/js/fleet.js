import { $, color, h, mark, replace } from './dom.js';
import { TIERS, integer, title } from './format.js';

const CELL = 6;
const MAX_COLUMNS = 60;
const cards = new Map();

/** Draws a rack: a row for each node, a cell for each disk; those at risk longest to see, the unknown only as a dot. */
function draw(canvas, rack, columns) {
  const width = columns * CELL;
  let rows = 0;
  for (const node of rack.nodes) rows += Math.ceil(node.cells.length / columns);
  const height = rows * CELL;
  const ratio = Math.max(1, Math.round(devicePixelRatio || 1)) * (canvas.clientWidth > width * 1.3 ? 2 : 1);
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  const paint = {
    1: color('healthy'), deep: color('healthy-deep'), 2: color('watch'), 3: color('warning'), 4: color('critical'),
    unknown: color('unknown'), mark: color('unknown-mark'), outline: color('outline'),
  };
  let row = 0;
  for (const node of rack.nodes) {
    for (let i = 0; i < node.cells.length; i++) {
      const x = (i % columns) * CELL;
      const y = (row + Math.floor(i / columns)) * CELL;
      const tier = node.cells[i];
      if (tier === '-' || tier === '0') {
        pen.fillStyle = paint.unknown;
        pen.fillRect(x, y, CELL - 1, CELL - 1);
        pen.fillStyle = paint.mark;
        pen.fillRect(x + 2, y + 2, 1, 1);
      } else {
        pen.fillStyle = tier === '1' && node.deciles[i] !== '0' ? paint.deep : paint[tier];
        pen.fillRect(x, y, CELL - 1, CELL - 1);
        if (tier === '4') {
          pen.strokeStyle = paint.outline;
          pen.lineWidth = 1;
          pen.strokeRect(x - 0.5, y - 0.5, CELL, CELL);
        }
      }
    }
    row += Math.ceil(node.cells.length / columns);
  }
}

function cellAt(canvas, rack, columns, event) {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
  let y = Math.floor((event.clientY - box.top) / (box.width / columns));
  for (const node of rack.nodes) {
    const rows = Math.ceil(node.cells.length / columns);
    if (y < rows) {
      const index = y * columns + x;
      return index >= 0 && index < node.cells.length ? { node, index } : null;
    }
    y -= rows;
  }
  return null;
}

function card(name, actions) {
  const top = h('span', { class: 'top' });
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const entry = { name, canvas, top, rack: null, columns: 1, text: '' };
  entry.button = h('button', {
    class: 'rack', type: 'button', 'data-key': name,
    onclick: (event) => {
      const hit = event.target === canvas ? cellAt(canvas, entry.rack, entry.columns, event) : null;
      if (hit && '234'.includes(hit.node.cells[hit.index])) actions.openCell(hit.node.node, hit.index);
      else actions.chooseRack(name);
    },
  }, top, canvas);
  canvas.addEventListener('mousemove', (event) => {
    const hit = cellAt(canvas, entry.rack, entry.columns, event);
    const tier = hit ? TIERS[Number(hit.node.cells[hit.index])] || 'not scored' : '';
    canvas.title = hit ? `${hit.node.node || 'no node'}, disk ${hit.index + 1} of ${hit.node.cells.length}: ${tier}` : '';
  });
  entry.item = h('li', {}, entry.button);
  return entry;
}

const worse = (a, b) => {
  for (let i = TIERS.length - 1; i > 1; i--) {
    const difference = b.tiers[TIERS[i]] - a.tiers[TIERS[i]];
    if (difference) return difference;
  }
  return b.maxScore - a.maxScore || a.rack.localeCompare(b.rack);
};

/** Shows the racks of an answer of /api/v1/fleet. */
export function showFleet(racks, chosen, order, actions) {
  const sorted = [...racks].sort(order === 'name' ? (a, b) => a.rack.localeCompare(b.rack, 'en', { numeric: true }) : worse);
  const seen = new Set();
  let nodes = 0;
  let disks = 0;
  for (const rack of sorted) {
    seen.add(rack.rack);
    nodes += rack.nodes.length;
    disks += rack.disks;
    let entry = cards.get(rack.rack);
    if (!entry) {
      entry = card(rack.rack, actions);
      cards.set(rack.rack, entry);
    }
    entry.button.setAttribute('aria-pressed', String(chosen === rack.rack));
    const text = JSON.stringify(rack);
    if (text !== entry.text) {
      entry.text = text;
      entry.rack = rack;
      entry.columns = Math.min(MAX_COLUMNS, Math.max(45, ...rack.nodes.map((node) => node.cells.length)));
      const counts = ['critical', 'warning', 'watch'].filter((tier) => rack.tiers[tier] > 0)
        .map((tier) => h('span', { title: `${rack.tiers[tier]} ${tier}` }, mark(tier), integer(rack.tiers[tier])));
      entry.top.replaceChildren(
        h('b', {}, rack.rack || 'No rack'),
        h('span', { class: 'where' }, [rack.zone, `${integer(rack.disks)} disks`].filter(Boolean).join(' · ')),
        h('span', { class: 'counts' }, counts));
      entry.button.setAttribute('aria-label', `Rack ${rack.rack || 'unknown'}: ${rack.disks} disks, `
        + [...TIERS].reverse().filter((tier) => rack.tiers[tier] > 0).map((tier) => `${rack.tiers[tier]} ${tier}`).join(', '));
      entry.dirty = true;
    }
  }
  for (const name of [...cards.keys()]) if (!seen.has(name)) cards.delete(name);
  const list = $('racks');
  const items = sorted.map((rack) => cards.get(rack.rack).item);
  if (!items.length) replace(list, [h('li', { class: 'empty' }, 'No disk is known yet.')]);
  else if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) replace(list, items);
  for (const rack of sorted) {
    const entry = cards.get(rack.rack);
    if (entry.dirty) {
      entry.dirty = false;
      draw(entry.canvas, rack, entry.columns);
    }
  }
  $('fleet-note').textContent = racks.length
    ? `${integer(racks.length)} racks, ${integer(nodes)} nodes, ${integer(disks)} disks; a row is a node, a cell a disk` : '';
}

export function redrawFleet() {
  for (const entry of cards.values()) if (entry.rack) draw(entry.canvas, entry.rack, entry.columns);
}

/** The five tiers as buttons that filter the list. */
export function showTiers(counts, chosen, choose) {
  replace($('tiers'), [...TIERS].reverse().map((tier) => h('button', {
    class: 'tier', type: 'button', 'data-key': tier, 'aria-pressed': String(chosen === tier), onclick: () => choose(tier),
  }, mark(tier), h('b', {}, integer(counts[tier])), h('span', {}, title(tier)))));
}
