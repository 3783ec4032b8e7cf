import { h } from './dom.js';

/**
 * A table of rows: columns have a name, a cell(item), and may have sort, down (sorts downwards first), number, wide.
 * Arrow keys go from row to row, because each row holds one link with class "go".
 */
export function table(columns, items, options) {
  const head = h('tr', { role: 'row' }, columns.map((column) => h('th', {
    scope: 'col', role: 'columnheader',
    class: [column.number ? 'num' : '', column.wide ? 'why' : '', column.narrow ? 'narrow' : ''].join(' ').trim() || null,
    'aria-sort': options.sort && options.sort === column.sort ? (options.order === 'asc' ? 'ascending' : 'descending') : null,
  }, column.sort && options.onSort ? h('button', {
    type: 'button', 'data-key': `sort-${column.sort}`,
    onclick: () => options.onSort(column.sort, options.sort === column.sort
      ? (options.order === 'asc' ? 'desc' : 'asc') : (column.down ? 'desc' : 'asc')),
  }, column.name) : column.name)));
  const rows = items.length
    ? items.map((item) => h('tr', { role: 'row' }, columns.map((column) => {
      const cell = column.cell(item);
      return h('td', {
        class: [column.number ? 'num' : '', column.wide ? 'why' : '', column.narrow ? 'narrow' : ''].join(' ').trim() || null,
        role: 'cell', 'data-label': column.name, title: column.hint ? column.hint(item) : null,
      }, Array.isArray(cell) ? cell : [cell]);
    })))
    : [h('tr', {}, h('td', { colspan: columns.length, class: 'empty' }, options.empty || 'Nothing matches.'))];
  return h('div', {
    class: 'scroll', tabindex: '0', role: 'region', 'aria-label': options.label, 'data-key': `table-${options.label}`,
    onkeydown: (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      const links = [...event.currentTarget.querySelectorAll('a.go')];
      if (!links.length) return;
      const at = links.indexOf(document.activeElement);
      const next = at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)));
      event.preventDefault();
      links[next].focus();
    },
  }, h('table', { class: 'list', role: 'table' }, h('thead', { role: 'rowgroup' }, head), h('tbody', { role: 'rowgroup' }, rows)));
}

/** A choice that changes one parameter of the address. */
export function pick(label, name, value, choices, onChange) {
  return h('label', { class: 'pick' }, label, ' ', h('select', {
    'data-key': `pick-${name}`, onchange: (event) => onChange(name, event.target.value),
  }, choices.map(([key, text]) => h('option', { value: key, selected: key === (value || '') }, text))));
}

/** Where a list goes on. */
export function pager(page, parameters, onChange) {
  const from = page.total ? page.offset + 1 : 0;
  const to = Math.min(page.total, page.offset + page.limit);
  if (page.total <= page.limit && !page.offset) return null;
  return h('nav', { class: 'pager', 'aria-label': 'Pages' },
    h('button', { type: 'button', 'data-key': 'page-back', disabled: page.offset <= 0, onclick: () => onChange('offset', Math.max(0, page.offset - page.limit) || '') }, 'Back'),
    h('span', {}, `${from.toLocaleString('en')} to ${to.toLocaleString('en')} of ${page.total.toLocaleString('en')}`),
    h('button', { type: 'button', 'data-key': 'page-on', disabled: to >= page.total, onclick: () => onChange('offset', page.offset + page.limit) }, 'On'));
}
