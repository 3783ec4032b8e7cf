import { ask, csvLink } from './ask.js';
import { h, mark, replace } from './dom.js';
import { MODES, TIERS, integer, link, measured, percent, span, title, when, words } from './format.js';
import { pager, pick, table } from './table.js';

const KINDS = ['disk', 'node', 'processor', 'head', 'volume', 'pair', 'edge'];
const BARS = { healthy: 'healthy-deep', unknown: 'unknown-mark' };

const kindChoices = [['', 'all'], ...KINDS.map((kind) => [kind, title(kind)])];
const tierChoices = [['', 'all'], ['critical,warning,watch', 'at risk'], ...[...TIERS].reverse().map((tier) => [tier, title(tier)])];
const modeChoices = [['', 'all'], ...['disk', 'network', 'software', 'fail_slow'].map((mode) => [mode, MODES[mode]])];

function chips(query, go) {
  const named = ['region', 'zone', 'rack', 'node', 'q', 'signal'].filter((name) => query[name] !== undefined && query[name] !== '');
  if (!named.length) return null;
  return h('p', { class: 'chips' }, named.map((name) => h('button', {
    class: 'chip', type: 'button', 'data-key': `chip-${name}`, 'aria-label': `Remove ${name} ${query[name]}`, onclick: () => go(name, ''),
  }, `${name === 'q' ? 'Name' : title(name)} ${query[name]}`)));
}

function panel(host, heading, note, tools, filters, body) {
  replace(host, [h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, heading), h('p', { class: 'note' }, note), h('div', { class: 'picks' }, tools)),
    filters, body)]);
}

const entityCell = (item, text) => h('a', { class: 'go', href: link(item.kind, item.id), 'data-key': `${item.kind}/${item.id}` }, text || item.id);
const place = (item) => [item.rack, item.zone, item.region].filter(Boolean).join(' · ') || '–';
const badge = (tier) => h('span', { class: 'badge' }, mark(tier), title(tier));

/** Highest risks, or whatever the filters ask for. */
export async function showRisks(host, route, context) {
  const query = { sort: 'score', limit: 50, ...route.query };
  // What was never scored has no place among the risks, unless it is asked for.
  const asked = { ...query, minScore: query.tier === 'unknown' || query.q || query.sort !== 'score' ? query.minScore : query.minScore || 0 };
  const page = await ask('risk', asked);
  if (!context.current()) return;
  const go = context.go;
  panel(host, 'Risks', `${integer(page.total)} match`,
    [pick('Kind', 'kind', route.query.kind, kindChoices, go), pick('Tier', 'tier', route.query.tier, tierChoices, go),
      pick('Mode', 'mode', route.query.mode, modeChoices, go), h('a', { class: 'tool', href: csvLink('risk', asked), download: 'risk.csv' }, 'CSV')],
    chips(route.query, go),
    [table([
      { name: 'Tier', sort: 'tier-none', cell: (item) => badge(item.tier) },
      { name: 'Score', sort: 'score', down: true, cell: (item) => (item.scored ? h('span', { class: 'score', style: { '--w': `${item.score}%`, '--c': `var(--${BARS[item.tier] || item.tier})` } }, h('i', { 'aria-hidden': 'true' }), item.score.toFixed(1)) : '–') },
      { name: 'Probability', sort: 'probability', down: true, number: true, cell: (item) => (item.scored ? percent(item.probability) : '–'), hint: (item) => (item.scored ? `within ${span(item.horizonMillis)}` : null) },
      { name: 'Trust', sort: 'confidence', number: true, cell: (item) => (item.scored ? percent(item.confidence) : '–') },
      { name: 'Kind', cell: (item) => item.kind },
      { name: 'Entity', sort: 'id', cell: (item) => entityCell(item) },
      { name: 'Node', sort: 'node', cell: (item) => (item.node && item.kind !== 'node' ? h('a', { href: link('node', item.node) }, item.node) : '–') },
      { name: 'Place', sort: 'rack', cell: place },
      { name: 'In tier', sort: 'since', down: true, number: true, cell: (item) => (item.scored ? span((context.status.fleetMillis || item.timeMillis) - item.tierSinceMillis) : '–'), hint: (item) => (item.scored ? `since ${when(item.tierSinceMillis)}` : null) },
      { name: 'Largest reason', wide: true, cell: (item) => [item.stale ? h('span', { class: 'stale' }, 'silent; ') : null, item.topReason || ''] },
    ].map((column) => (column.sort === 'tier-none' ? { ...column, sort: null } : column)), page.items,
    { label: 'Risks', sort: query.sort, order: query.order || (['id', 'rack', 'node'].includes(query.sort) ? 'asc' : 'desc'), onSort: (sort, order) => go({ sort, order }) }),
    pager(page, query, go)]);
}

/** What behaves unusually. */
export async function showAnomalies(host, route, context) {
  const query = { limit: 50, ...route.query };
  const page = await ask('anomalies', query);
  if (!context.current()) return;
  const go = context.go;
  const now = context.status.fleetMillis;
  panel(host, 'Anomalies', `${integer(page.total)} ${route.query.state === 'ended' ? 'are over' : route.query.state === 'all' ? 'in all' : 'last'}`,
    [pick('State', 'state', route.query.state, [['', 'lasting'], ['ended', 'over'], ['all', 'all']], go),
      pick('Kind', 'kind', route.query.kind, kindChoices, go),
      pick('Side', 'worse', route.query.worse, [['', 'both'], ['true', 'worse only']], go),
      h('a', { class: 'tool', href: csvLink('anomalies', query), download: 'anomalies.csv' }, 'CSV')],
    chips(route.query, go),
    [table([
      { name: 'State', cell: (item) => h('span', { class: `state ${item.ended ? 'over' : item.worse ? 'worse' : 'odd'}` }, item.ended ? 'over' : item.worse ? 'worse' : 'unusual') },
      { name: 'Kind', cell: (item) => item.kind },
      { name: 'Entity', cell: (item) => entityCell(item) },
      { name: 'Signal', cell: (item) => h('a', { href: `#/anomalies?signal=${encodeURIComponent(item.signal)}`, title: item.signal }, item.label) },
      { name: 'Value', number: true, cell: (item) => measured(item.signal, item.value) },
      { name: 'Usual', number: true, cell: (item) => measured(item.signal, item.expected), hint: (item) => `give or take ${measured(item.signal, item.spread)}` },
      { name: 'Certain', number: true, cell: (item) => percent(item.score) },
      { name: 'Against', cell: (item) => (item.byPeers ? 'its peers' : 'its past') },
      { name: 'Lasts', number: true, cell: (item) => span((item.ended ? item.timeMillis : Math.max(now || 0, item.timeMillis)) - item.sinceMillis), hint: (item) => `since ${when(item.sinceMillis)}` },
      { name: 'In words', wide: true, cell: (item) => item.text },
    ], page.items, { label: 'Anomalies', empty: 'Everything behaves as usual.' }), pager(page, query, go)]);
}

/** What is late, silent, or was never heard of. */
export async function showLate(host, route, context) {
  const query = { limit: 50, ...route.query };
  const page = await ask('late', query);
  if (!context.current()) return;
  const go = context.go;
  const { status } = context;
  panel(host, 'Late and silent', `${integer(page.total)} match; ages are told against the fleet's time, ${when(page.fleetMillis)}`,
    [pick('State', 'state', route.query.state, [['', 'all'], ['silent', 'silent'], ['late', 'late'], ['never', 'never heard of']], go),
      pick('Kind', 'kind', route.query.kind, kindChoices.slice(0, 5), go),
      h('a', { class: 'tool', href: csvLink('late', query), download: 'late.csv' }, 'CSV')],
    [h('p', { class: 'explain' }, h('b', {}, integer(status.silent)), ' silent: the scoring job gave up waiting and lowers its trust. ',
      h('b', {}, integer(status.late)), ' late: more than three of their usual intervals without a word. ',
      h('b', {}, integer(status.never)), ' in the fleet, never heard of.'), chips(route.query, go)],
    [table([
      { name: 'State', cell: (item) => h('span', { class: `state ${item.state}` }, item.state) },
      { name: 'Kind', cell: (item) => item.kind },
      { name: 'Entity', cell: (item) => entityCell(item) },
      { name: 'Node', cell: (item) => (item.node && item.kind !== 'node' ? h('a', { href: link('node', item.node) }, item.node) : '–') },
      { name: 'Place', cell: place },
      { name: 'Newest sample', cell: (item) => when(item.newestMillis) },
      { name: 'Age', number: true, cell: (item) => (item.ageMillis === null ? '–' : span(item.ageMillis)) },
      { name: 'Usually every', number: true, cell: (item) => (item.intervalMillis === null ? '–' : span(item.intervalMillis)) },
      { name: 'Tier', cell: (item) => badge(item.tier) },
      { name: 'Trust', number: true, cell: (item) => (item.scored ? percent(item.confidence) : '–') },
    ], page.items, { label: 'Late and silent', empty: 'Everybody is heard of as usual.' }), pager(page, query, go)]);
}

/** What could not be taken in, and why. */
export async function showDead(host, route, context) {
  const query = { limit: 50, ...route.query };
  const letters = await ask('dead-letters', query);
  if (!context.current()) return;
  const go = context.go;
  const reasons = Object.entries(letters.byReason).sort((a, b) => b[1] - a[1]);
  const most = reasons.length ? reasons[0][1] : 1;
  panel(host, 'Dead letters', letters.total ? `${integer(letters.total)} in all; the newest ${integer(letters.held)} are held` : 'What could not be taken in, and why',
    [h('a', { class: 'tool', href: csvLink('dead-letters', query), download: 'dead-letters.csv' }, 'CSV')], null,
    !reasons.length ? [h('p', { class: 'empty' }, 'None: everything that came in could be read.')]
      : [h('div', { class: 'dead' },
        h('ul', { class: 'bars' }, reasons.map(([reason, count]) => h('li', {}, h('button', {
          type: 'button', class: 'bar-pick', 'data-key': reason, 'aria-pressed': String((route.query.reason || '').toUpperCase() === reason),
          onclick: () => go('reason', (route.query.reason || '').toUpperCase() === reason ? '' : reason.toLowerCase()),
        }, h('span', {}, words(reason)), h('b', {}, integer(count)),
        h('span', { class: 'meter', 'aria-hidden': 'true', style: { '--w': `${(100 * count) / most}%` } }))))),
        h('div', {}, table([
          { name: 'Event time', cell: (letter) => when(letter.timeMillis) },
          { name: 'Reason', cell: (letter) => words(letter.reason) },
          { name: 'Origin', cell: (letter) => (letter.partition < 0 ? `${letter.origin}:${letter.offset}` : `${letter.origin}[${letter.partition}]@${letter.offset}`) },
          { name: 'Entity', cell: (letter) => (letter.id ? h('a', { class: 'go', href: link(letter.kind, letter.id) }, `${letter.kind}/${letter.id}`) : '–') },
          { name: 'Detail', wide: true, cell: (letter) => letter.detail },
        ], letters.newest, { label: 'Newest dead letters' }), pager({ total: route.query.reason ? letters.newest.length : letters.held, offset: letters.offset, limit: letters.limit }, query, go)))]);
}

const STATES = { champion: 'Champion', former: 'Former, kept warm', past: 'Past', warming: 'Warming', advise: 'Advises', withdrawn: 'Withdrawn' };

function forever(millis, low) {
  if (low && millis >= 9e15) return 'never: it advises';
  if (millis <= -9e15 || millis >= 9e15) return low ? 'from the beginning' : 'for ever';
  return when(millis);
}

/** Models on the topic, and what scores without one; a model's card when the address names it. */
export async function showModels(host, route, context) {
  const [models, card] = await Promise.all([
    ask('models'), route.parts.length === 3 ? ask(`models/${route.parts.map(encodeURIComponent).join('/')}`) : null]);
  if (!context.current()) return;
  const named = new Set(models.items.map((model) => `${model.id}/${model.version}`));
  const others = Object.entries(models.scoredByModel).filter(([name]) => !named.has(name));
  replace(host, [h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Models'), h('p', { class: 'note' }, 'What scores, since when, and what stands ready')),
    table([
      { name: 'Model', cell: (model) => h('a', { class: 'go', href: `#/models/${model.mode}/${encodeURIComponent(model.id)}/${model.version}`, 'data-key': `${model.id}/${model.version}` }, `${model.id} ${model.version}`) },
      { name: 'Mode', cell: (model) => MODES[model.mode] || model.mode },
      { name: 'State', cell: (model) => `${STATES[model.state] || model.state}${model.challenger ? ', asked beside the champion' : ''}${model.shipped ? ', shipped' : ''}${model.demoted ? `, demoted: ${model.demoted}` : ''}` },
      { name: 'Entities scored', number: true, cell: (model) => integer(model.entities) },
      { name: 'Published', cell: (model) => when(model.publishedMillis) },
      { name: 'In effect', cell: (model) => forever(model.effectiveFromMillis, true) },
      { name: 'Former one kept until', cell: (model) => (model.effectiveFromMillis >= 9e15 ? '' : forever(model.rollbackUntilMillis, false)) },
      { name: 'Changed by', cell: (model) => (model.author ? `${model.author}: ${model.reason}` : '') },
      { name: 'Format', cell: (model) => model.format },
      { name: 'Weights', number: true, cell: (model) => `${integer(Math.ceil(model.weightBytes / 1024))} KiB` },
    ], models.items, { label: 'Models', empty: 'No model is on the models topic: what ships with the jobs scores.' }),
    others.length ? h('p', { class: 'explain' }, 'Not on the models topic, such as what ships with the jobs: ',
      others.map(([name, count], i) => [i ? ', ' : '', h('b', {}, name.replace('/', ' ')), ` (${integer(count)} entities)`])) : null),
  card ? h('section', { class: 'panel', 'aria-label': 'Model card' }, h('div', { class: 'panel-head' }, h('h2', {}, `Card of ${card.id} ${card.version}`)),
    h('pre', { class: 'card', tabindex: '0' }, card.card || 'It came without a card.')) : null,
  route.parts.length === 3 && !card ? h('p', { class: 'empty' }, 'No such model is on the topic; it may have been retired.') : null]);
}
