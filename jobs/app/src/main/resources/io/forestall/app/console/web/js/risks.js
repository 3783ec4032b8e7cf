import { $, h, mark, replace } from './dom.js';
import { integer, link, percent, span, title, when } from './format.js';

const BARS = { healthy: 'healthy-deep', unknown: 'unknown-mark' };

const COLUMNS = [
  { name: 'Tier' },
  { name: 'Score', sort: 'score', down: true },
  { name: 'Probability', sort: 'probability', down: true, number: true },
  { name: 'Disk', sort: 'id' },
  { name: 'Node', sort: 'node' },
  { name: 'Rack', sort: 'rack' },
  { name: 'In tier', sort: 'since', down: true, number: true },
  { name: 'Largest reason' },
];

export function showHead(state, choose) {
  replace($('risk-head'), COLUMNS.map((column) => h('th', {
    scope: 'col', class: column.number ? 'num' : null,
    'aria-sort': state.sort === column.sort ? (state.order === 'asc' ? 'ascending' : 'descending') : null,
  }, column.sort ? h('button', {
    type: 'button', 'data-key': column.sort,
    onclick: () => choose(column.sort, state.sort === column.sort
      ? (state.order === 'asc' ? 'desc' : 'asc') : (column.down ? 'desc' : 'asc')),
  }, column.name) : column.name)));
}

/** Shows a page of /api/v1/risk; ages are told against the newest event time, not against the reader's clock. */
export function showRisks(page, nowMillis, current) {
  $('risks-note').textContent = page.total > page.items.length
    ? `${integer(page.items.length)} of ${integer(page.total)}` : `${integer(page.total)}`;
  $('more').hidden = page.total <= page.items.length || page.items.length >= 1000;
  if (!page.items.length) {
    replace($('risk-rows'), [h('tr', {}, h('td', { colspan: COLUMNS.length, class: 'empty' }, 'Nothing matches.'))]);
    return;
  }
  replace($('risk-rows'), page.items.map((item) => h('tr', { 'aria-current': String(`${item.kind}/${item.id}` === current) },
    h('td', {}, h('span', { class: 'badge' }, mark(item.tier), title(item.tier))),
    h('td', {}, item.scored ? h('span', {
      class: 'score', style: { '--w': `${item.score}%`, '--c': `var(--${BARS[item.tier] || item.tier})` },
    }, h('i', { 'aria-hidden': 'true' }), item.score.toFixed(1)) : '–'),
    h('td', { class: 'num' }, item.scored ? percent(item.probability) : '–'),
    h('td', {}, h('a', { href: link(item.kind, item.id), 'data-key': `${item.kind}/${item.id}` }, item.id)),
    h('td', {}, item.node || '–'),
    h('td', {}, item.rack || '–'),
    h('td', { class: 'num', title: item.scored ? `since ${when(item.tierSinceMillis)}` : null },
      item.scored ? span(nowMillis - item.tierSinceMillis) : '–'),
    h('td', { class: 'why', title: item.topReason }, item.stale ? h('span', { class: 'stale' }, 'silent; ') : null, item.topReason || ''))));
}

export function showDead(letters) {
  const reasons = Object.entries(letters.byReason).sort((a, b) => b[1] - a[1]);
  const most = reasons.length ? reasons[0][1] : 1;
  if (!reasons.length) {
    replace($('dead'), [h('p', { class: 'empty' }, 'None: everything that came in could be read.')]);
    return;
  }
  replace($('dead'), [
    h('ul', { class: 'bars' }, reasons.map(([reason, count]) => h('li', {},
      h('span', {}, title(reason.toLowerCase().replaceAll('_', ' '))), h('b', {}, integer(count)),
      h('span', { class: 'meter', 'aria-hidden': 'true', style: { '--w': `${(100 * count) / most}%` } })))),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Newest dead letters' }, h('table', { class: 'list' },
      h('thead', {}, h('tr', {}, ['Event time', 'Reason', 'Origin', 'Entity', 'Detail'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, letters.newest.slice(0, 8).map((letter) => h('tr', {},
        h('td', {}, when(letter.timeMillis)),
        h('td', {}, title(letter.reason.toLowerCase().replaceAll('_', ' '))),
        h('td', {}, letter.partition < 0 ? `${letter.origin}:${letter.offset}` : `${letter.origin}[${letter.partition}]@${letter.offset}`),
        h('td', {}, letter.id ? `${letter.kind}/${letter.id}` : '–'),
        h('td', { class: 'why', title: letter.detail }, letter.detail)))))),
  ]);
}
