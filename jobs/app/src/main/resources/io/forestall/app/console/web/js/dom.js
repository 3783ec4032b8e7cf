// Elements are only ever made from text, never from markup, so no answer of the server can become code.

export const $ = (id) => document.getElementById(id);

/** Makes an element: properties that start with "on" are listeners, "style" sets custom properties, the rest attributes. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  critical: 'M6 1 11 6 6 11 1 6Z',
  warning: 'M6 1.5 11 10.5H1Z',
  watch: 'M2 2H10V10H2Z',
  healthy: 'M6 2.2A3.8 3.8 0 1 1 6 9.8 3.8 3.8 0 1 1 6 2.2Z',
  unknown: 'M6 1.8A4.2 4.2 0 1 1 6 10.2 4.2 4.2 0 1 1 6 1.8Z',
};

/** The tier's own shape in its colour; the word always stands beside it or in its label. */
export function mark(tier) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('class', `mark ${tier}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', SHAPES[tier] || SHAPES.unknown);
  svg.append(path);
  return svg;
}

/** The value of a custom property of the style sheet. */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Calls back when the reader switches between light and dark. */
export function onTheme(callback) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', callback);
}

/** Replaces the children of an element, and gives the focus back to the child that had it. */
export function replace(element, children) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children);
  if (key !== undefined) {
    const again = element.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (again) again.focus({ preventScroll: true });
  }
}
