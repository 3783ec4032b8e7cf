import { ask } from './ask.js';
import { actName, plain } from './codes.js';
import { h, replace } from './dom.js';
import { binaryBytes, integer, link, span, when, whenExactly } from './format.js';
import { pager, pick, table } from './table.js';

const STATES = { ok: 'in order', degraded: 'degraded', unclaimed: 'nobody took it', 'in-doubt': 'in doubt' };
const SAGA_STATES = ['open', 'ended'];
const FORWARD = ['admitted', 'checking', 'preparing', 'instructed', 'fenced', 'drained', 'promoted', 'mapped', 'confirmed'];
const BAD_ENDS = { 'given-back': 'given back', cancelled: 'cancelled', expired: 'expired' };
const volumeLink = (name) => `#/volumes/${encodeURIComponent(name)}`;
const sagaLink = (id) => `#/failovers/${encodeURIComponent(id)}`;

function named(key) {
  if (!key) return h('span', { class: 'soft' }, '–');
  const slash = key.indexOf('/');
  return h('a', { href: link(key.slice(0, slash), key.slice(slash + 1)) }, key.slice(slash + 1));
}

const volumeState = (state) => h('span', { class: `outcome ${state === 'ok' ? 'admitted' : state === 'degraded' ? 'waiting' : 'refused'}` }, STATES[state] || state);

function sagaState(saga) {
  const kind = saga.open ? 'waiting' : ['confirmed', 'done'].includes(saga.state) ? 'admitted' : 'refused';
  return h('span', { class: `outcome ${kind}` }, BAD_ENDS[saga.state] || plain(saga.state).toLowerCase());
}

const millis = (value) => (value === null || value === undefined ? '–' : value < 10000 ? `${integer(value)} ms` : span(value));
const deltas = (value) => (value === null || value === undefined ? '–' : integer(value));

function tabs(now, status) {
  const open = status.acts.openSagas;
  return h('nav', { class: 'subtabs', 'aria-label': 'Volumes' }, [['volumes', 'Volumes', ''], ['failovers', 'Failovers', open ? integer(open) : '']]
    .map(([view, name, count]) => h('a', { href: `#/${view}`, 'aria-current': view === now ? 'page' : null, 'data-key': `sub-${view}` }, name, count ? h('b', {}, count) : null)));
}

const fact = (name, value, small) => h('div', {}, h('dt', {}, name), h('dd', {}, value, small ? h('small', {}, ` ${small}`) : null));

/** All volumes with their owners; one of them when the address names it. */
export async function showVolumes(host, route, context) {
  if (route.parts.length) {
    await showVolume(host, route, context);
    return;
  }
  const query = { limit: 50, ...route.query };
  const page = await ask('volumes', query);
  if (!context.current()) return;
  const go = context.go;
  replace(host, [tabs('volumes', context.status), h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Volumes'), h('p', { class: 'note' }, `${integer(page.total)} by name`),
      h('div', { class: 'picks' }, pick('State', 'state', route.query.state, [['', 'all'], ...Object.entries(STATES)], go))),
    table([
      { name: 'State', cell: (one) => volumeState(one.state) },
      { name: 'Volume', cell: (one) => h('a', { class: 'go', href: volumeLink(one.volume), 'data-key': `volume-${one.volume}` }, one.volume) },
      { name: 'Pool', cell: (one) => one.pool },
      { name: 'Size', number: true, cell: (one) => binaryBytes(one.bytes) },
      { name: 'Segments', number: true, cell: (one) => integer(one.segments) },
      { name: 'Owners', cell: (one) => [one.owners.slice(0, 3).map((owner, i) => [i ? ', ' : '', named(owner.node)]), one.owners.length > 3 ? h('span', { class: 'soft' }, ` and ${integer(one.owners.length - 3)} more`) : null].flat(2).filter(Boolean) },
      { name: 'Epoch', number: true, cell: (one) => integer(one.epoch), hint: () => 'Grows each time a segment changes hands; who wrote under an older one is not believed' },
      { name: 'Copies', number: true, cell: (one) => `${integer(one.copies)}, never under ${integer(one.minReplicas)}` },
      { name: 'Lag', number: true, cell: (one) => deltas(one.lagDeltas), hint: () => 'Writes that the owner has and its slowest copy has not' },
      { name: 'Newest failover', cell: (one) => moved(one.newestSaga, one.volume) },
      { name: 'Why', wide: true, cell: (one) => one.degraded || '' },
    ], page.items, { label: 'Volumes', empty: Object.keys(route.query).length ? 'Nothing matches.' : 'There is no volume yet: forestall volume create makes one.' }),
    pager(page, query, go))]);
}

function copies(segment) {
  return segment.copies.slice(1).map((copy, i) => [i ? ', ' : '', named(copy.node), copy.state === 'in-sync' ? null : h('span', { class: 'soft' }, ` ${plain(copy.state).toLowerCase()}`),
    copy.lagDeltas ? h('b', { class: 'num' }, ` −${integer(copy.lagDeltas)}`) : null]).flat(2).filter(Boolean);
}

function steps(history) {
  if (history.length < 2) return '';
  return history.filter((step) => step.kind !== 'release').slice(-5).map((step, i) => [i ? ' → ' : '', h('span', { title: `${plain(step.kind)} at ${whenExactly(step.timeMillis)}` }, `${step.owner.slice(step.owner.indexOf('/') + 1)} (${step.epoch})`)]).flat();
}

/** How the newest act on a volume stands: its step while it goes on, then the pause that it cost. */
function moved(saga, volume) {
  if (!saga) return '';
  const pause = saga.clientPauseMillis === null ? saga.pauseMillis : saga.clientPauseMillis;
  return [h('a', { class: 'go', href: sagaLink(saga.admission), 'data-key': `moved-${volume}` }, sagaState(saga)),
    h('span', { class: 'soft' }, saga.open ? ` to ${saga.target ? saga.target.slice(saga.target.indexOf('/') + 1) : 'nobody yet'}` : ` ${when(saga.endedMillis)}${pause === null ? '' : `, pause ${millis(pause)}`}`)];
}

function pauseList(pauses, inSaga) {
  if (!pauses.length) return h('p', { class: 'empty' }, 'No client told of a pause.');
  const most = Math.max(...pauses.map((pause) => pause.pauseMillis), 1);
  return h('ul', { class: 'pauses' }, pauses.slice(-20).reverse().map((pause) => h('li', {}, h('span', { class: 'soft num' }, whenExactly(pause.timeMillis)), h('span', {}, inSaga ? `${pause.volume} for ${pause.client}` : pause.client, !inSaga && pause.admission ? [', ', h('a', { href: sagaLink(pause.admission) }, 'failover')] : null),
    h('span', { class: !inSaga && pause.admission ? 'pause-bar moved' : 'pause-bar', 'aria-hidden': 'true' }, h('i', { style: { '--w': `${Math.max(2, (100 * pause.pauseMillis) / most)}%` } })), h('b', { class: 'num' }, millis(pause.pauseMillis)))));
}

function sagaTable(sagas, empty, narrow) {
  const columns = [
    { name: 'State', cell: (one) => sagaState(one) },
    { name: 'Act', cell: (one) => h('a', { class: 'go', href: sagaLink(one.admission), 'data-key': `saga-${one.admission}` }, actName(one.act)) },
    { name: 'From', cell: (one) => named(one.source) },
    { name: 'To', cell: (one) => named(one.target) },
    { name: 'Units', number: true, cell: (one) => integer(one.units) },
    { name: 'Began', cell: (one) => whenExactly(one.issuedMillis) },
    { name: 'Took', number: true, cell: (one) => millis((one.endedMillis === null ? one.lastMillis : one.endedMillis) - one.issuedMillis) },
    { name: 'Pause', number: true, cell: (one) => millis(one.clientPauseMillis === null ? one.pauseMillis : one.clientPauseMillis), hint: () => 'Longest time without an answer, as a client saw it, else as the new owner measured it' },
    { name: 'Pool', cell: (one) => one.pool },
    { name: 'Why', wide: true, cell: (one) => one.text },
  ];
  return table(narrow ? columns.filter((column) => !['Units', 'Took', 'Pool', 'Why'].includes(column.name)) : columns, sagas, { label: 'Failovers', empty });
}

async function showVolume(host, route, context) {
  const name = route.parts[0];
  const query = { limit: 200, ...route.query };
  const one = await ask(`volumes/${encodeURIComponent(name)}`, query);
  if (!context.current()) return;
  if (!one) {
    replace(host, [tabs('volumes', context.status), h('section', { class: 'panel' }, h('h2', { id: 'view-title' }, 'Volume'), h('p', { class: 'empty' }, 'No such volume is known. ', h('a', { href: '#/volumes' }, 'All volumes')))]);
    return;
  }
  const volume = one.volume;
  replace(host, [tabs('volumes', context.status),
    h('section', { class: 'panel entity-head', 'aria-labelledby': 'view-title' },
      h('p', { class: 'back' }, h('a', { href: '#/volumes', 'data-key': 'back' }, '‹ All volumes')),
      h('div', { class: 'entity-title' }, volumeState(volume.state), h('h2', { id: 'view-title' }, volume.volume)),
      volume.degraded ? h('p', { class: 'verdict-text' }, volume.degraded) : null,
      h('dl', { class: 'detail-facts' }, fact('Size', binaryBytes(volume.bytes), `in blocks of ${integer(volume.blockBytes)} B`), fact('Segments', integer(volume.segments), `of ${binaryBytes(volume.segmentBytes)}`),
        fact('Pool', volume.pool), fact('Copies', integer(volume.copies), `never under ${integer(volume.minReplicas)} by an act`), fact('Lag', deltas(volume.lagDeltas), 'writes'), fact('Map', `version ${integer(volume.version)}`, when(volume.timeMillis)))),
    h('section', { class: 'panel', 'aria-labelledby': 'segments-title' }, h('h2', { id: 'segments-title' }, 'Who owns what'),
      table([
        { name: 'Segment', cell: (segment) => h('span', { class: 'id' }, segment.unit) },
        { name: 'State', cell: (segment) => volumeState(segment.state) },
        { name: 'Owner', cell: (segment) => h('a', { class: 'go', href: link('node', segment.owner.slice(segment.owner.indexOf('/') + 1)), 'data-key': `owner-${segment.unit}` }, segment.owner.slice(segment.owner.indexOf('/') + 1)) },
        { name: 'Epoch', number: true, cell: (segment) => integer(segment.epoch) },
        { name: 'Since', cell: (segment) => (segment.sinceMillis === null ? '–' : whenExactly(segment.sinceMillis)) },
        { name: 'Writes', number: true, cell: (segment) => deltas(segment.copies[0].sequence) },
        { name: 'Copies', cell: (segment) => copies(segment) },
        { name: 'Owners before', wide: true, cell: (segment) => steps(segment.history) },
      ], one.segments, { label: 'Segments', empty: 'Its map names no segment.' }),
      pager(one, query, context.go)),
    h('div', { class: 'entity-grid' },
      h('section', { class: 'panel', 'aria-labelledby': 'pauses-title' }, h('h2', { id: 'pauses-title' }, 'What its clients felt'), pauseList(one.pauses, false)),
      h('section', { class: 'panel', 'aria-labelledby': 'sagas-title' }, h('h2', { id: 'sagas-title' }, 'Failovers'), sagaTable(one.sagas, 'No act moved it.', true)))]);
}

/** The newest failovers; one of them, step by step, when the address names it. */
export async function showSagas(host, route, context) {
  if (route.parts.length) {
    await showSaga(host, route, context);
    return;
  }
  const query = { limit: 50, ...route.query };
  const page = await ask('sagas', query);
  if (!context.current()) return;
  const go = context.go;
  replace(host, [tabs('failovers', context.status), h('section', { class: 'panel', 'aria-labelledby': 'view-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'view-title' }, 'Failovers'), h('p', { class: 'note' }, `${integer(page.total)}, the newest first`),
      h('div', { class: 'picks' }, pick('Which', 'state', route.query.state, [['', 'all'], ...SAGA_STATES.map((state) => [state, state === 'open' ? 'going on' : 'over'])], go))),
    sagaTable(page.items, Object.keys(route.query).length ? 'Nothing matches.' : 'Nothing was moved yet: an act begins when the guard admits it.'),
    pager(page, query, go))]);
}

/** The way from admitted to confirmed; where it stands, and what is behind the point of no return. */
function track(saga, steps) {
  const been = new Map(steps.map((step) => [step.state, step.timeMillis]));
  been.set('admitted', saga.issuedMillis);
  if (['confirmed', 'done'].includes(saga.state)) been.set('confirmed', saga.endedMillis === null ? saga.lastMillis : saga.endedMillis);
  const hooks = steps.some((step) => ['draining', 'leaving', 'returning'].includes(step.state));
  const way = hooks ? ['admitted', ...new Set(steps.map((step) => step.state))] : FORWARD;
  const ended = !saga.open && BAD_ENDS[saga.state];
  // What was passed so quickly that nobody told of it was passed all the same.
  const reached = Math.max(...way.map((name, i) => (been.has(name) ? i : -1)));
  return h('ol', { class: 'track', 'aria-label': 'Steps of the act' }, way.map((name, i) => h('li', {
    class: [i <= reached ? 'been' : '', name === 'fenced' ? 'fence' : ''].join(' ').trim() || null, 'aria-current': saga.open && name === saga.state ? 'step' : null,
  }, h('b', {}, plain(name)), h('span', { class: 'soft num' }, been.has(name) ? `${integer(Math.max(0, been.get(name) - saga.issuedMillis))} ms` : ''))),
  ended ? h('li', { class: 'been back' }, h('b', {}, plain(saga.state)), h('span', { class: 'soft num' }, `${integer(Math.max(0, (saga.endedMillis || saga.lastMillis) - saga.issuedMillis))} ms`)) : null);
}

async function showSaga(host, route, context) {
  const one = await ask(`sagas/${encodeURIComponent(route.parts[0])}`);
  if (!context.current()) return;
  if (!one) {
    replace(host, [tabs('failovers', context.status), h('section', { class: 'panel' }, h('h2', { id: 'view-title' }, 'Failover'), h('p', { class: 'empty' }, 'No such act is held. ', h('a', { href: '#/failovers' }, 'All failovers')))]);
    return;
  }
  const saga = one.saga;
  const answers = one.commands.flatMap((command) => [{ command, answer: null }, ...command.answers.map((answer) => ({ command, answer }))])
    .sort((a, b) => (a.answer || a.command).timeMillis - (b.answer || b.command).timeMillis);
  const volumes = [...new Set(one.units.map((unit) => unit.unit.slice(0, unit.unit.lastIndexOf('/'))))];
  replace(host, [tabs('failovers', context.status),
    h('section', { class: 'panel entity-head', 'aria-labelledby': 'view-title' },
      h('p', { class: 'back' }, h('a', { href: '#/failovers', 'data-key': 'back' }, '‹ All failovers')),
      h('div', { class: 'entity-title' }, sagaState(saga), h('span', { class: 'state' }, saga.predicted ? 'before it fails' : saga.act === 'failover' ? 'after it failed' : 'while it serves'), saga.open && saga.pastFence ? h('span', { class: 'state' }, 'past the point of no return') : null),
      h('h2', { class: 'sentence', id: 'view-title' }, `${actName(saga.act)} ${saga.subject}${saga.target ? ` to ${saga.target}` : ''}`),
      h('p', { class: 'verdict-text' }, saga.text),
      track(saga, one.steps),
      h('dl', { class: 'detail-facts' }, fact('From', named(saga.source)), fact('To', named(saga.target)), fact('Units', integer(saga.units), 'all or none'),
        fact('Pause', millis(saga.clientPauseMillis), 'as clients felt it'), fact('Takeover', millis(saga.pauseMillis), 'as the new owner measured it'),
        fact('Began', whenExactly(saga.issuedMillis)), fact(saga.open ? 'Last heard' : 'Ended', whenExactly(saga.open ? saga.lastMillis : saga.endedMillis)), fact('Pool', saga.pool)),
      h('p', { class: 'soft card-small' }, `admission ${saga.admission}, `, h('a', { href: `#/decisions?proposal=${encodeURIComponent(saga.proposal)}` }, `proposal ${saga.proposal}`))),
    h('section', { class: 'panel', 'aria-labelledby': 'words-title' }, h('h2', { id: 'words-title' }, 'Commands and answers'),
      table([
        { name: 'After', number: true, cell: (row) => `${integer(Math.max(0, (row.answer || row.command).timeMillis - saga.issuedMillis))} ms` },
        { name: 'Word', cell: (row) => (row.answer ? h('span', { class: `outcome ${row.answer.status === 'done' ? 'admitted' : ['refused', 'failed'].includes(row.answer.status) ? 'refused' : 'waiting'}` }, row.answer.status) : h('b', {}, plain(row.command.kind).toLowerCase())) },
        { name: 'From, to', cell: (row) => (row.answer ? ['‹ ', named(row.answer.from)] : ['› ', named(row.command.addressee)]) },
        { name: 'About', cell: (row) => (row.answer ? h('span', { class: 'soft' }, plain(row.command.kind).toLowerCase()) : row.command.attempt ? `try ${integer(row.command.attempt + 1)}` : '') },
        { name: 'Code', cell: (row) => (row.answer && row.answer.code !== 'NONE' ? h('code', {}, row.answer.code) : '') },
        { name: 'What', wide: true, cell: (row) => (row.answer ? row.answer.text : row.command.reason) },
      ], answers, { label: 'Commands and answers', empty: 'No command was read.' })),
    h('div', { class: 'entity-grid' },
      h('section', { class: 'panel', 'aria-labelledby': 'steps-title' }, h('h2', { id: 'steps-title' }, 'Step by step'),
        one.steps.length ? h('ol', { class: 'steps' }, one.steps.map((step) => h('li', {}, h('span', { class: 'soft num', title: whenExactly(step.timeMillis) }, `${integer(Math.max(0, step.timeMillis - saga.issuedMillis))} ms`), h('b', {}, plain(step.state)), h('span', {}, step.text)))) : h('p', { class: 'empty' }, 'No step was told yet.')),
      h('section', { class: 'panel', 'aria-labelledby': 'felt-title' }, h('h2', { id: 'felt-title' }, 'What clients felt'), pauseList(one.pauses, true),
        h('h3', {}, `Units of ${volumes.length === 1 ? 'one volume' : `${integer(volumes.length)} volumes`}`),
        h('ul', { class: 'units' }, one.units.slice(0, 12).map((unit) => h('li', {}, h('a', { class: 'id', href: volumeLink(unit.unit.slice(0, unit.unit.lastIndexOf('/'))) }, unit.unit), h('span', { class: 'soft' }, ` epoch ${unit.expectedEpoch} → ${unit.newEpoch}`))),
          one.units.length > 12 ? h('li', { class: 'soft' }, `and ${integer(one.units.length - 12)} more`) : null)))]);
}
