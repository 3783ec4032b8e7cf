import { ask } from './ask.js';
import { color, h, mark, onTheme, put, replace } from './dom.js';
import { TIERS, compact, integer, link, measured, percent, placeLink, placeName, span, title } from './format.js';

// The map of one place: its racks as tiles, or the disks of one rack. What the server sends is merged here, so
// that a poll brings only what has changed.
let shown = null;

// What border and padding of a tile take from its width, see .tile.
const TILE_FRAME = 14;

const worstFirst = [...TIERS].reverse();
const AT_RISK = ['critical', 'warning', 'watch'];
const tierOf = (cell) => (cell === '-' ? 'unscored' : TIERS[cell >= 'a' ? cell.charCodeAt(0) - 97 : cell >= 'A' ? cell.charCodeAt(0) - 65 : Number(cell)]);
const blindOf = (cell) => cell >= 'a' && cell <= 'e';
const oddOf = (cell) => cell >= 'A' && cell <= 'E';
const words = (cell) => (cell === '-' ? 'never scored' : `${tierOf(cell)}${blindOf(cell) ? ', late or silent' : oddOf(cell) ? ', behaves unusually' : ''}`);

/** One cell: every tier has its own shape, so that it is told without colour. */
function paint(pen, cell, x, y, size, colors) {
  const tier = tierOf(cell);
  if (tier === 'unscored' || tier === 'unknown') {
    pen.strokeStyle = colors.mark;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
    if (tier === 'unscored') pen.fillRect(x + size / 2 - 0.5, y + size / 2 - 0.5, 1, 1);
  } else {
    pen.fillStyle = colors.healthy;
    if (tier === 'healthy') {
      pen.fillRect(x, y, size, size);
    } else if (tier === 'watch') {
      pen.fillRect(x, y, size, size);
      pen.fillStyle = colors.watch;
      pen.fillRect(x, y + size * 0.28, size, size * 0.44);
    } else if (tier === 'warning') {
      pen.fillRect(x, y, size, size);
      pen.fillStyle = colors.warning;
      pen.beginPath();
      pen.moveTo(x + size / 2, y);
      pen.lineTo(x + size, y + size);
      pen.lineTo(x, y + size);
      pen.fill();
    } else {
      pen.fillStyle = colors.critical;
      pen.fillRect(x, y, size, size);
      pen.strokeStyle = colors.onCritical;
      pen.lineWidth = Math.max(1, size / 8);
      pen.beginPath();
      pen.moveTo(x + size * 0.25, y + size * 0.25);
      pen.lineTo(x + size * 0.75, y + size * 0.75);
      pen.moveTo(x + size * 0.75, y + size * 0.25);
      pen.lineTo(x + size * 0.25, y + size * 0.75);
      pen.stroke();
    }
  }
  if (oddOf(cell)) {
    pen.strokeStyle = colors.text;
    pen.lineWidth = size > 9 ? 1.5 : 1;
    pen.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
  }
  if (blindOf(cell)) {
    pen.fillStyle = colors.text;
    pen.beginPath();
    pen.moveTo(x + size * 0.45, y);
    pen.lineTo(x + size, y);
    pen.lineTo(x + size, y + size * 0.55);
    pen.fill();
  }
}

function colorsNow() {
  return {
    healthy: color('healthy'), watch: color('watch'), warning: color('warning'), critical: color('critical'),
    onCritical: color('on-critical'), mark: color('unknown-mark'), text: color('text'),
  };
}

/** Disks of the node with the most. */
const widest = (rack) => Math.max(4, ...rack.rows.map((row) => row.cells.length));

/** Where the cells of a rack stand: rows of nodes with their disks, or a block of nodes. */
function grid(rack, kind, pitch) {
  if (kind === 'disks') {
    const columns = widest(rack);
    return { columns, rows: rack.rows.map((row) => row.cells), width: columns * pitch, height: rack.rows.length * pitch };
  }
  const count = rack.nodeCells.length;
  let columns = Math.max(3, Math.ceil(Math.sqrt(count * 1.3)));
  // A full last row looks like a rack; a torn one like a fault.
  for (const other of [columns, columns - 1, columns + 1, columns - 2]) if (other >= 3 && count % other === 0) { columns = other; break; }
  const rows = [];
  for (let i = 0; i < rack.nodeCells.length; i += columns) rows.push(rack.nodeCells.slice(i, i + columns));
  return { columns, rows, width: columns * pitch, height: rows.length * pitch };
}

function draw(tile, colors) {
  const { canvas, rack } = tile;
  const box = grid(rack, shown.cells, shown.pitch);
  const ratio = Math.max(1, devicePixelRatio || 1);
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  canvas.style.width = `${box.width}px`;
  canvas.style.height = `${box.height}px`;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  const size = shown.pitch - (shown.pitch > 9 ? 2 : 1) - (shown.pitch > 20 ? 1 : 0);
  box.rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) paint(pen, row[x], x * shown.pitch, y * shown.pitch, size, colors);
  });
  tile.box = box;
  tile.drawn = true;
}

const keyOf = (rack) => JSON.stringify([rack.region, rack.zone, rack.rack]);

function cellUnder(tile, event) {
  const at = tile.canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - at.left) / shown.pitch);
  const y = Math.floor((event.clientY - at.top) / shown.pitch);
  const row = tile.box && tile.box.rows[y];
  if (!row || x < 0 || x >= row.length) return null;
  if (shown.cells === 'disks') return { text: `${tile.rack.names[y]}, ${tile.rack.rows[y].ids[x]}: ${words(row[x])}` };
  return { text: `${tile.rack.names[y * tile.box.columns + x]}: ${words(row[x])}` };
}

function labelOf(rack) {
  const risks = AT_RISK.map((tier) => [tier, rack.tiers[tier] + rack.machineTiers[tier]]).filter(([, n]) => n);
  return [
    `Rack ${rack.rack || 'unknown'}`, `${integer(rack.nodes)} nodes`, `${integer(rack.disks)} disks`,
    ...risks.map(([tier, n]) => `${integer(n)} ${tier}`),
    rack.silent + rack.late ? `${integer(rack.silent + rack.late)} late or silent` : null,
    risks.length ? null : `worst is ${rack.worst}`,
  ].filter(Boolean).join(', ');
}

function tileFor(rack) {
  const key = keyOf(rack);
  let tile = shown.tiles.get(key);
  if (!tile) {
    const canvas = h('canvas', { 'aria-hidden': 'true' });
    const name = h('span', { class: 'name' });
    const element = h('a', {
      class: 'tile', href: placeLink(rack.region, rack.zone, rack.rack), tabindex: '-1', 'data-key': key,
    }, name, canvas);
    tile = { key, element, canvas, name, rack, drawn: false, near: false };
    element.addEventListener('mousemove', (event) => {
      const hit = cellUnder(tile, event);
      put(shown.hover, hit ? `${rack.rack || 'no rack'}: ${hit.text}` : labelOf(tile.rack));
    });
    shown.tiles.set(key, tile);
    shown.seen.observe(element);
    shown.byElement.set(element, tile);
  }
  return tile;
}

function counts(place) {
  const all = AT_RISK.map((tier) => [tier, place.tiers[tier] + place.machineTiers[tier]]).filter(([, n]) => n);
  return h('span', { class: 'counts' }, all.map(([tier, n]) => h('span', { title: `${integer(n)} ${tier}` }, mark(tier), integer(n))),
    place.silent + place.late ? h('span', { class: 'soft', title: 'late or silent' }, `${integer(place.silent + place.late)} blind`) : null);
}

/** The racks in sections by region and zone. */
function sections(host) {
  const racks = [...shown.racks.values()];
  const groups = new Map();
  for (const rack of racks) {
    const key = JSON.stringify([rack.region, rack.zone]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(rack);
  }
  const children = [];
  for (const members of groups.values()) {
    const { region, zone } = members[0];
    const sum = { tiers: {}, machineTiers: {}, silent: 0, late: 0, nodes: 0 };
    for (const tier of TIERS) {
      sum.tiers[tier] = members.reduce((n, rack) => n + rack.tiers[tier], 0);
      sum.machineTiers[tier] = members.reduce((n, rack) => n + rack.machineTiers[tier], 0);
    }
    for (const name of ['silent', 'late', 'nodes']) sum[name] = members.reduce((n, rack) => n + rack[name], 0);
    const sorted = shown.order === 'worst' ? [...members].sort(worse) : members;
    children.push(h('section', { class: 'zone', 'aria-label': `${region || 'no region'}, ${zone || 'no zone'}` },
      h('h3', {}, h('a', { href: placeLink(region), 'data-key': `r-${region}-${zone}` }, region || 'No region'), ' ',
        h('a', { href: placeLink(region, zone), 'data-key': `z-${region}-${zone}` }, zone || 'no zone'),
        h('small', {}, `${integer(members.length)} ${members.length === 1 ? 'rack' : 'racks'}, ${integer(sum.nodes)} nodes`), counts(sum)),
      h('div', { class: 'tiles', style: { '--label': shown.pitch < 10 ? '10px' : '11px' } }, sorted.map((rack) => tileFor(rack).element))));
  }
  replace(host, children.length ? children : [h('p', { class: 'empty' }, 'No disk or node is known yet.')]);
  rove(host);
}

const worse = (a, b) => {
  for (const tier of AT_RISK) {
    const difference = b.tiers[tier] + b.machineTiers[tier] - a.tiers[tier] - a.machineTiers[tier];
    if (difference) return difference;
  }
  return (b.silent + b.late) - (a.silent + a.late) || (b.maxScore || 0) - (a.maxScore || 0);
};

/** Exactly one thing on the map is in the order of Tab; the arrow keys go on from there. */
function rove(host) {
  const all = [...host.querySelectorAll('.tile, .cell')];
  const now = all.find((element) => element.tabIndex === 0 && element.isConnected);
  if (!now && all.length) all[0].tabIndex = 0;
}

function moveTo(from, to) {
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

/** The nearest thing in the direction of an arrow key. */
function nearest(host, from, key) {
  const all = [...host.querySelectorAll('.tile, .cell')];
  const at = all.indexOf(from);
  if (key === 'Home') return all[0];
  if (key === 'End') return all[all.length - 1];
  if (key === 'ArrowRight') return all[at + 1];
  if (key === 'ArrowLeft') return all[at - 1];
  const me = from.getBoundingClientRect();
  const middle = me.left + me.width / 2;
  let best = null;
  let least = Infinity;
  const down = key === 'ArrowDown';
  for (let i = at + (down ? 1 : -1); i >= 0 && i < all.length; i += down ? 1 : -1) {
    const box = all[i].getBoundingClientRect();
    const away = down ? box.top - me.top : me.top - box.top;
    if (away < 4) continue;
    if (away > least + 40) break;
    const distance = away + Math.abs(box.left + box.width / 2 - middle) * 0.5;
    if (distance < least) {
      least = distance;
      best = all[i];
    }
  }
  return best;
}

function keys(event) {
  const from = event.target.closest('.tile, .cell');
  if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return;
  event.preventDefault();
  moveTo(from, nearest(event.currentTarget, from, event.key));
  const tile = shown.byElement.get(document.activeElement);
  put(shown.hover, tile ? labelOf(tile.rack) : document.activeElement.getAttribute('aria-label') || '');
}

/** One rack: a row for each node, a link for each disk. */
function rackGrid(host, rack) {
  const columns = Math.max(1, ...rack.rows.map((row) => row.cells.length));
  const rows = rack.rows.map((row, y) => {
    const node = rack.names[y];
    const cell = rack.nodeCells[y];
    const risky = [...row.cells].filter((c) => ['critical', 'warning', 'watch'].includes(tierOf(c))).length;
    return h('div', { class: 'node-row', role: 'row' },
      h('a', {
        class: `cell node${oddOf(cell) ? ' odd' : ''}`, role: 'gridcell', href: node ? link('node', node) : '#/fleet', tabindex: '-1', 'data-key': `node-${node}`,
        'aria-label': `Node ${node || 'unknown'}, worst ${words(cell)}${risky ? `, ${risky} disks at risk` : ''}`,
      }, mark(tierOf(cell)), node || 'no node'),
      [...row.cells].map((disk, x) => h('a', {
        class: `cell disk ${tierOf(disk)}${blindOf(disk) ? ' blind' : oddOf(disk) ? ' odd' : ''}`, role: 'gridcell', href: link('disk', row.ids[x]), tabindex: '-1',
        'data-key': `disk-${row.ids[x]}`, 'aria-label': `Disk ${row.ids[x]}, ${words(disk)}`, title: `${row.ids[x]}: ${words(disk)}`,
      }, mark(tierOf(disk)))));
  });
  replace(host, [h('div', { class: `rack-grid${columns > 20 ? ' many' : ''}`, role: 'grid', 'aria-label': `Disks of rack ${rack.rack || 'unknown'} by node`, style: { '--columns': columns } }, rows)]);
  rove(host);
}

function build(host, route) {
  const place = route.parts.map(placeName);
  const zoneTitle = ['Fleet', ...place.map((name) => name || 'none')];
  const crumbs = h('nav', { class: 'crumbs', 'aria-label': 'Place' }, zoneTitle.map((name, i) => (i === zoneTitle.length - 1
    ? h('span', { 'aria-current': 'page' }, name)
    : [h('a', { href: placeLink(...place.slice(0, i)), 'data-key': `crumb-${i}` }, name), h('span', { 'aria-hidden': 'true' }, '›')])));
  const tiers = h('nav', { class: 'tiers', 'aria-label': 'Disks and machines by tier; each leads to their list' });
  const map = h('div', { class: 'map', onkeydown: keys });
  const hover = h('p', { class: 'hover', 'aria-live': 'off' });
  const note = h('p', { class: 'note' });
  const order = h('select', { onchange: (event) => { shown.order = event.target.value; sections(map); observeAll(); } },
    h('option', { value: 'name' }, 'by name'), h('option', { value: 'worst' }, 'worst first'));
  const risks = h('div', {});
  const anomalies = h('div', {});
  host.replaceChildren(
    h('h2', { class: 'sr' }, `Fleet map: ${zoneTitle.join(', ')}`),
    tiers,
    h('div', { class: 'columns' },
      h('section', { class: 'panel map-panel', 'aria-label': 'Map' },
        h('div', { class: 'panel-head' }, crumbs, note, place.length < 3 ? h('label', { class: 'pick' }, 'Racks ', order) : null),
        map, hover),
      h('div', { class: 'side' },
        h('section', { class: 'panel', 'aria-labelledby': 'side-risks' }, h('h2', { id: 'side-risks' }, 'Highest risks here'), risks),
        h('section', { class: 'panel', 'aria-labelledby': 'side-anomalies' }, h('h2', { id: 'side-anomalies' }, 'Unusual here now'), anomalies))));
  if (shown && shown.seen) shown.seen.disconnect();
  shown = {
    key: route.parts.join('/'), place, host, map, tiers, note, hover, risks, anomalies, order: 'name', version: -1,
    racks: new Map(), tiles: new Map(), byElement: new Map(), cells: 'nodes', pitch: 12, text: '',
  };
  shown.seen = new IntersectionObserver((entries) => {
    const colors = colorsNow();
    for (const entry of entries) {
      const tile = shown.byElement.get(entry.target);
      if (!tile) continue;
      tile.near = entry.isIntersecting;
      if (tile.near && !tile.drawn) draw(tile, colors);
    }
  }, { rootMargin: '300px' });
}

function observeAll() {
  for (const tile of shown.tiles.values()) {
    if (!tile.drawn) sizeOnly(tile);
  }
}

/** A tile that is far away takes its room before it is drawn. */
function sizeOnly(tile) {
  const box = grid(tile.rack, shown.cells, shown.pitch);
  tile.canvas.style.width = `${box.width}px`;
  tile.canvas.style.height = `${box.height}px`;
}

function showTiers(place) {
  const query = (more) => {
    const parameters = new URLSearchParams(more);
    ['region', 'zone', 'rack'].forEach((name, i) => { if (shown.place[i] !== undefined) parameters.set(name, shown.place[i]); });
    return parameters;
  };
  const buttons = worstFirst.map((tier) => h('a', { class: 'tier', href: `#/risks?${query({ tier })}`, 'data-key': tier },
    mark(tier), h('b', { title: `${integer(place.tiers[tier])} disks` }, compact(place.tiers[tier])), h('span', {}, title(tier), ' disks'),
    h('small', {}, `+ ${integer(place.machineTiers[tier])} ${place.machineTiers[tier] === 1 ? 'machine' : 'machines'}`)));
  const blind = place.silent + place.late + place.never;
  buttons.push(h('a', { class: 'tier blindness', href: `#/late?${query({})}`, 'data-key': 'blind' },
    h('span', { class: 'mark blind-mark', 'aria-hidden': 'true' }), h('b', {}, integer(blind)), h('span', {}, 'Late or silent'),
    h('small', {}, `${integer(place.never)} never heard`)));
  replace(shown.tiers, buttons);
}

function merge(answer) {
  const full = answer.full;
  if (full) shown.racks.clear();
  const changed = new Set();
  for (const rack of answer.racks) {
    const key = keyOf(rack);
    const before = shown.racks.get(key);
    if (!rack.names && before) rack.names = before.names;
    if (rack.rows && before && before.rows) rack.rows.forEach((row, i) => { if (!row.ids && before.rows[i]) row.ids = before.rows[i].ids; });
    shown.racks.set(key, rack);
    changed.add(key);
  }
  shown.version = answer.version;
  const newCells = answer.cells !== shown.cells;
  shown.cells = answer.cells;
  shown.nodes = answer.place.nodes;
  const before = shown.pitch;
  shown.pitch = pitchNow();
  if (before !== shown.pitch) for (const key of shown.racks.keys()) changed.add(key);
  return { full: full || newCells, changed };
}

/** From one cell to the next: large where there is room, and never so large that the last disks of a node are cut off. */
function pitchNow() {
  const { nodes } = shown;
  if (shown.cells !== 'disks') return nodes > 2500 ? 8 : nodes > 800 ? 11 : 13;
  const usual = nodes <= 24 ? 24 : nodes <= 60 ? 15 : 10;
  const room = shown.map.clientWidth - TILE_FRAME;
  const most = Math.max(...[...shown.racks.values()].map((rack) => (rack.rows ? widest(rack) : 0)));
  return room > 0 && most > 0 ? Math.max(3, Math.min(usual, Math.floor(room / most))) : usual;
}

addEventListener('resize', () => {
  if (!shown || !shown.map.isConnected || !shown.racks.size) return;
  const pitch = pitchNow();
  if (pitch === shown.pitch) return;
  shown.pitch = pitch;
  redraw();
});

/** Draws every tile that can be seen anew, the others when they come near. */
function redraw() {
  const colors = colorsNow();
  for (const tile of shown.tiles.values()) {
    tile.drawn = false;
    if (tile.near) draw(tile, colors);
    else sizeOnly(tile);
  }
}

/** Shows a place, or brings what is shown up to date. */
export async function showFleet(host, route) {
  if (!shown || shown.host !== host || shown.key !== route.parts.join('/') || !shown.map.isConnected) build(host, route);
  const mine = shown;
  const [region, zone, rack] = mine.place;
  const where = { region, zone, rack };
  const [answer, risks, anomalies] = await Promise.all([
    ask('fleet/map', { ...where, since: mine.version >= 0 ? mine.version : null }),
    ask('risk', { ...where, limit: 12, minScore: 20 }),
    ask('anomalies', { ...where, limit: 8, worse: true, sort: 'score' }),
  ]);
  if (mine !== shown) return;
  if (!answer) {
    replace(mine.map, [h('p', { class: 'empty' }, 'No such place is known: it is empty, or was never there. ', h('a', { href: '#/fleet' }, 'The whole fleet'))]);
    return;
  }
  const { full, changed } = merge(answer);
  showTiers(answer.place);
  const place = answer.place;
  put(mine.note, `${integer(place.nodes)} nodes, ${integer(place.disks)} disks${place.machines > place.nodes ? `, ${integer(place.machines)} machines` : ''}; `
    + (answer.cells === 'disks' ? 'a row is a node, a cell a disk' : 'a cell is a node'));
  if (mine.place.length === 3 || (mine.racks.size === 1 && answer.cells === 'disks')) {
    const only = mine.racks.values().next().value;
    if (only && (full || changed.size) && only.rows) rackGrid(mine.map, only);
    else if (only && !only.rows) sections(mine.map);
  } else {
    if (full) {
      for (const [key, tile] of mine.tiles) if (!mine.racks.has(key)) { mine.seen.unobserve(tile.element); mine.tiles.delete(key); }
      for (const one of mine.racks.values()) tileFor(one).rack = one;
    }
    const colors = colorsNow();
    for (const key of changed) {
      const tile = tileFor(mine.racks.get(key));
      tile.rack = mine.racks.get(key);
      put(tile.name, tile.rack.rack || 'no rack');
      tile.element.setAttribute('aria-label', labelOf(tile.rack));
      tile.element.dataset.worst = tile.rack.worst;
      tile.drawn = false;
      if (tile.near) draw(tile, colors);
      else sizeOnly(tile);
    }
    if (full || mine.order === 'worst') sections(mine.map);
    else if (changed.size) sectionCounts();
  }
  replace(mine.risks, [risks.items.length ? h('ul', { class: 'brief' }, risks.items.map((item) => h('li', {},
    mark(item.tier), h('a', { href: link(item.kind, item.id), 'data-key': `risk-${item.kind}/${item.id}` }, item.id),
    h('b', {}, item.score.toFixed(0)), h('span', { class: 'soft' }, item.topReason || `${percent(item.probability)} within ${span(item.horizonMillis)}`))))
    : h('p', { class: 'empty' }, 'Nobody here is at risk.')]);
  replace(mine.anomalies, [anomalies.items.length ? h('ul', { class: 'brief' }, anomalies.items.map((item) => h('li', {},
    h('span', { class: 'kind' }, item.kind), h('a', { href: link(item.kind, item.id), 'data-key': `anomaly-${item.kind}/${item.id}/${item.signal}` }, item.id),
    h('b', {}, measured(item.signal, item.value)), h('span', { class: 'soft' }, `${item.label}, usual ${measured(item.signal, item.expected)}`))))
    : h('p', { class: 'empty' }, 'Everything behaves as usual.')]);
}

/** The sums over the racks of each zone, without touching the tiles. */
function sectionCounts() {
  for (const section of shown.map.querySelectorAll('.zone')) {
    const sum = { tiers: {}, machineTiers: {}, silent: 0, late: 0 };
    for (const tier of TIERS) { sum.tiers[tier] = 0; sum.machineTiers[tier] = 0; }
    for (const element of section.querySelectorAll('.tile')) {
      const { rack } = shown.byElement.get(element);
      for (const tier of TIERS) { sum.tiers[tier] += rack.tiers[tier]; sum.machineTiers[tier] += rack.machineTiers[tier]; }
      sum.silent += rack.silent;
      sum.late += rack.late;
    }
    section.querySelector('.counts').replaceWith(counts(sum));
  }
}

onTheme(() => {
  if (shown) redraw();
});

/** The place above the one that is shown. */
export function above(route) {
  return placeLink(...route.parts.slice(0, -1).map(placeName));
}
