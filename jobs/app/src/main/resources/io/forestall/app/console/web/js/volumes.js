import { ask } from './ask.js';
import { actName, plain } from './codes.js';
import { h, replace } from './dom.js';
import { binaryBytes, integer, link, span, when, whenExactly } from './format.js';
import { pager, pick, table } from './table.js';

const STATES = { ok: 'in order', degraded: 'degraded', unclaimed: 'nobody took it', 'in-doubt': 'in doubt' };
const SHADOW_STATES = { copying: 'being copied', 'catching-up': 'catching up', 'in-sync': 'in sync', diverged: 'bytes wrong', retiring: 'going' };
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

const shadowState = (state) => h('span', { class: `outcome ${state === 'in-sync' ? 'admitted' : state === 'diverged' ? 'refused' : 'waiting'}` }, SHADOW_STATES[state] || plain(state).toLowerCase());

function sagaState(saga) {
  const kind = saga.open ? 'waiting' : ['confirmed', 'done'].includes(saga.state) ? 'admitted' : 'refused';
  return h('span', { class: `outcome ${kind}` }, BAD_ENDS[saga.state] || plain(saga.state).toLowerCase());
}

const millis = (value) => (value === null || value === undefined ? '–' : value < 10000 ? `${integer(value)} ms` : span(value));
const act = (saga) => actName(saga.act.replaceAll('-', '_'));
const moves = (saga) => !['shadow', 'retire-shadow'].includes(saga.act);
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
      { name: 'Copies', number: true, cell: (one) => integer(one.copies), hint: (one) => `Of the segment that has fewest in sync; an act never leaves fewer than ${integer(one.minReplicas)}` },
      { name: 'Lag', number: true, cell: (one) => deltas(one.lagDeltas), hint: () => 'Writes that the owner has and its slowest copy has not' },
      { name: 'Shadows', cell: (one) => shadowsInShort(one), hint: (one) => (one.shadows.count ? `${integer(one.shadows.lagRecords)} writes behind at most` : 'Warm copies that follow every write') },
      { name: 'Newest failover', cell: (one) => moved(one.newestSaga, one.volume) },
      { name: 'Why', wide: true, cell: (one) => one.degraded || (one.asynchronousSegments ? `${integer(one.asynchronousSegments)} of its segments acknowledge writes before the log has them` : '') },
    ], page.items, { label: 'Volumes', empty: Object.keys(route.query).length ? 'Nothing matches.' : 'There is no volume yet: forestall volume create makes one.' }),
    pager(page, query, go))]);
}

function shadowsInShort(volume) {
  const of = volume.shadows;
  return [volume.missingShadows ? h('span', { class: 'outcome refused', title: 'So many segments are at risk and have too few copies that are not' }, `${integer(volume.missingShadows)} missing`) : null,
    of.count ? h('span', { class: 'num' }, `${volume.missingShadows ? ' ' : ''}${integer(of.inSync)} of ${integer(of.count)} in sync`) : null,
    of.missingBytes ? h('span', { class: 'soft' }, `, ${binaryBytes(of.missingBytes)} to copy`) : of.lagMillis >= 1000 ? h('span', { class: 'soft' }, `, ${span(of.lagMillis)} behind`) : null].filter(Boolean);
}

/** How each shadow follows, and what it still lacks. */
function shadowTable(segments) {
  const rows = segments.flatMap((segment) => segment.copies.filter((copy) => copy.role === 'shadow').map((copy) => ({ segment, copy, is: copy.shadow })));
  const told = (row, text) => (row.is ? text(row.is) : h('span', { class: 'soft' }, '–'));
  return table([
    { name: 'State', cell: (row) => shadowState(row.copy.state) },
    { name: 'Segment', cell: (row) => h('span', { class: 'id' }, row.segment.unit) },
    { name: 'On', cell: (row) => h('a', { class: 'go', href: link('node', row.copy.node.slice(row.copy.node.indexOf('/') + 1)), 'data-key': `shadow-${row.segment.unit}-${row.copy.node}` }, row.copy.node.slice(row.copy.node.indexOf('/') + 1)) },
    { name: 'Lag', number: true, cell: (row) => told(row, (is) => integer(is.lagRecords)), hint: () => 'Writes that were sent to it and that it has not said to have' },
    { name: 'Bytes', number: true, cell: (row) => told(row, (is) => binaryBytes(is.lagBytes)), hint: () => 'Their payloads as they travel' },
    { name: 'Behind', number: true, cell: (row) => told(row, (is) => millis(is.lagMillis)), hint: () => 'Age of the oldest of them' },
    { name: 'To copy', number: true, cell: (row) => told(row, (is) => (is.missingBytes ? `${binaryBytes(is.missingBytes)}${is.fetchBytesPerSecond ? `, ${binaryBytes(is.fetchBytesPerSecond)}/s` : ''}` : 'nothing')), hint: () => 'What its initial copy has still to fetch' },
    { name: 'Verified', cell: (row) => told(row, (is) => (is.verifiedMillis === null ? 'never' : [whenExactly(is.verifiedMillis), h('span', { class: 'soft' }, is.verifiedRound ? `, pass ${integer(is.verifiedRound)}` : ', first pass')])), hint: () => 'When its bytes were last found to agree, and the last pass over all of them in which every digest did' },
    { name: 'Wrong', number: true, cell: (row) => told(row, (is) => integer(is.divergences)), hint: () => 'Digests that did not agree' },
    { name: 'How', wide: true, cell: (row) => (row.is ? row.is.text : 'Nothing was said of it yet.') },
  ], rows, { label: 'Shadows', empty: 'It has no shadow: one is built when its copies are at risk.' });
}

/** Whose bytes were not what they should be; nothing while all agreed. */
function wrongBytes(segments) {
  const rows = segments.flatMap((segment) => segment.divergences.map((found) => ({ segment, found }))).sort((a, b) => b.found.timeMillis - a.found.timeMillis);
  if (!rows.length) return null;
  return h('section', { class: 'panel', 'aria-labelledby': 'wrong-title' }, h('h2', { id: 'wrong-title' }, 'Bytes that were wrong'),
    table([
      { name: 'Found', cell: (row) => whenExactly(row.found.timeMillis) },
      { name: 'Segment', cell: (row) => h('span', { class: 'id' }, row.segment.unit) },
      { name: 'On', cell: (row) => h('a', { class: 'go', href: link('node', row.found.holder.slice(row.found.holder.indexOf('/') + 1)), 'data-key': `wrong-${row.segment.unit}-${row.found.holder}-${row.found.offset}-${row.found.round}` }, row.found.holder.slice(row.found.holder.indexOf('/') + 1)) },
      { name: 'Whose fault', cell: (row) => (row.found.attributed ? h('b', {}, 'its own') : h('span', { class: 'soft' }, 'cannot be told')), hint: (row) => (row.found.attributed ? 'Its bytes are not those whose checksums it recorded when it wrote them' : 'Two copies differ, though each is what it recorded') },
      { name: 'Range', number: true, cell: (row) => `${binaryBytes(row.found.bytes)} at ${integer(row.found.offset)}` },
      { name: 'What', wide: true, cell: (row) => row.found.text },
    ], rows, { label: 'Bytes that were wrong' }));
}

function copies(segment) {
  return segment.copies.slice(1).map((copy, i) => [i ? ', ' : '', named(copy.node), copy.role === 'shadow' ? h('span', { class: 'soft' }, ' shadow') : null, copy.state === 'in-sync' ? null : h('span', { class: 'soft' }, ` ${plain(copy.state).toLowerCase()}`),
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

function sagaTable(sagas, empty, narrow, label = 'Failovers') {
  const columns = [
    { name: 'State', cell: (one) => sagaState(one) },
    { name: 'Act', cell: (one) => h('a', { class: 'go', href: sagaLink(one.admission), 'data-key': `saga-${one.admission}` }, act(one)) },
    { name: 'From', cell: (one) => named(one.source) },
    { name: 'To', cell: (one) => named(one.target) },
    { name: 'Units', number: true, cell: (one) => integer(one.units) },
    { name: 'Began', cell: (one) => whenExactly(one.issuedMillis) },
    { name: 'Took', number: true, cell: (one) => millis((one.endedMillis === null ? one.lastMillis : one.endedMillis) - one.issuedMillis) },
    { name: 'Pause', number: true, cell: (one) => millis(one.clientPauseMillis === null ? one.pauseMillis : one.clientPauseMillis), hint: () => 'Longest time without an answer, as a client saw it, else as the new owner measured it' },
    { name: 'Pool', cell: (one) => one.pool },
    { name: 'Why', wide: true, cell: (one) => one.text },
  ];
  return table(narrow ? columns.filter((column) => !['Units', 'Took', 'Pool', 'Why'].includes(column.name)) : columns, sagas, { label, empty });
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
  const lacking = one.segments.filter((segment) => segment.missingShadow);
  replace(host, [tabs('volumes', context.status),
    h('section', { class: 'panel entity-head', 'aria-labelledby': 'view-title' },
      h('p', { class: 'back' }, h('a', { href: '#/volumes', 'data-key': 'back' }, '‹ All volumes')),
      h('div', { class: 'entity-title' }, volumeState(volume.state), h('h2', { id: 'view-title' }, volume.volume)),
      volume.degraded ? h('p', { class: 'verdict-text' }, volume.degraded) : null,
      lacking.length ? h('p', { class: 'verdict-text' }, `${lacking.length === 1 ? 'A segment lacks' : `${integer(lacking.length)} segments lack`} a shadow: ${lacking[0].missingShadow}`) : null,
      h('dl', { class: 'detail-facts' }, fact('Size', binaryBytes(volume.bytes), `in blocks of ${integer(volume.blockBytes)} B`), fact('Segments', integer(volume.segments), `of ${binaryBytes(volume.segmentBytes)}`),
        fact('Pool', volume.pool), fact('Copies', integer(volume.copies), `never under ${integer(volume.minReplicas)} by an act`), fact('Lag', deltas(volume.lagDeltas), 'writes'),
        fact('Writes', volume.asynchronousSegments ? 'asynchronous' : 'synchronous', volume.asynchronousSegments ? `in ${integer(volume.asynchronousSegments)} of its segments` : 'in the log before they are acknowledged'),
        fact('Shadows', volume.shadows.count ? `${integer(volume.shadows.inSync)} of ${integer(volume.shadows.count)}` : 'none', volume.shadows.count ? `in sync, ${millis(volume.shadows.lagMillis)} behind at most` : null), fact('Map', `version ${integer(volume.version)}`, when(volume.timeMillis)))),
    h('section', { class: 'panel', 'aria-labelledby': 'segments-title' }, h('h2', { id: 'segments-title' }, 'Who owns what'),
      table([
        { name: 'Segment', cell: (segment) => h('span', { class: 'id' }, segment.unit) },
        { name: 'State', cell: (segment) => [volumeState(segment.state), segment.missingShadow ? [' ', h('span', { class: 'outcome refused', title: segment.missingShadow }, 'no shadow')] : null, segment.mode === 'asynchronous' ? [' ', h('span', { class: 'outcome waiting', title: `An acknowledged write may be missing from the log for ${millis(segment.asyncBoundMillis)}` }, 'asynchronous')] : null].flat().filter(Boolean) },
        { name: 'Owner', cell: (segment) => h('a', { class: 'go', href: link('node', segment.owner.slice(segment.owner.indexOf('/') + 1)), 'data-key': `owner-${segment.unit}` }, segment.owner.slice(segment.owner.indexOf('/') + 1)) },
        { name: 'Epoch', number: true, cell: (segment) => integer(segment.epoch) },
        { name: 'Since', cell: (segment) => (segment.sinceMillis === null ? '–' : whenExactly(segment.sinceMillis)) },
        { name: 'Writes', number: true, cell: (segment) => deltas(segment.copies[0].sequence) },
        { name: 'Copies', cell: (segment) => copies(segment) },
        { name: 'Owners before', wide: true, cell: (segment) => steps(segment.history) },
      ], one.segments, { label: 'Segments', empty: 'Its map names no segment.' }),
      pager(one, query, context.go)),
    h('section', { class: 'panel', 'aria-labelledby': 'shadows-title' }, h('h2', { id: 'shadows-title' }, 'Shadows'), shadowTable(one.segments)),
    wrongBytes(one.segments),
    h('div', { class: 'entity-grid' },
      h('section', { class: 'panel', 'aria-labelledby': 'pauses-title' }, h('h2', { id: 'pauses-title' }, 'What its clients felt'), pauseList(one.pauses, false)),
      h('section', { class: 'panel', 'aria-labelledby': 'sagas-title' }, h('h2', { id: 'sagas-title' }, 'Switchovers and failovers'), sagaTable(one.sagas.filter(moves), 'No act moved it.', true),
        one.sagas.every(moves) ? null : [h('h3', {}, 'Shadows built and retired'), sagaTable(one.sagas.filter((saga) => !moves(saga)), '', true, 'Shadows built and retired')]))]);
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
  const hooks = steps.some((step) => ['draining', 'leaving', 'returning', 'building', 'retiring'].includes(step.state));
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
      h('h2', { class: 'sentence', id: 'view-title' }, `${act(saga)} ${saga.subject}${saga.target ? ` to ${saga.target}` : ''}`),
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
