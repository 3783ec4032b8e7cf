// Elements are only ever made from text, never from markup, so no answer of the server can become code.

export const $ = (id) => document.getElementById(id);

/** Makes an element: properties that start with "on" are listeners, "style" sets properties, the rest attributes. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  critical: 'M1 1H11V11H1Z M3.4 3.4 8.6 8.6 M8.6 3.4 3.4 8.6',
  warning: 'M6 1 11.4 11H.6Z',
  watch: 'M1.5 3.5H10.5V8.5H1.5Z',
  healthy: 'M6 2.2A3.8 3.8 0 1 1 6 9.8 3.8 3.8 0 1 1 6 2.2Z',
  unknown: 'M6 1.8A4.2 4.2 0 1 1 6 10.2 4.2 4.2 0 1 1 6 1.8Z',
};

/** The tier's own shape in its colour; the word always stands beside it or in its label. */
export function mark(tier) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('class', `mark ${SHAPES[tier] ? tier : 'unknown'}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', SHAPES[tier] || SHAPES.unknown);
  svg.append(path);
  return svg;
}

/** The value of a custom property of the style sheet. */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const themeListeners = [];
export const onTheme = (callback) => themeListeners.push(callback);
export const themeChanged = () => themeListeners.forEach((callback) => callback());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', themeChanged);

/** Replaces the children of an element, and gives the focus back to the child that had it. */
export function replace(element, children) {
  const active = document.activeElement;
  const key = active && element.contains(active) ? active.dataset.key : undefined;
  element.replaceChildren(...children.flat(2).filter(Boolean));
  if (key !== undefined) {
    const again = element.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (again) again.focus({ preventScroll: true });
  }
}

/** Sets the text of an element, and touches nothing when it is the same. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
