export const TIERS = ['unknown', 'healthy', 'watch', 'warning', 'critical'];

const count = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const integer = (value) => count.format(value);
export const compact = (value) => (value < 100000 ? count.format(value) : short.format(value));
export const title = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** An event time in UTC; the time of day only where it says something. */
export function when(millis) {
  if (millis === null || millis === undefined) return '–';
  const text = new Date(millis).toISOString();
  return millis % 86400000 === 0 ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

/** A length of time in its largest unit. */
export function span(millis) {
  const seconds = Math.max(0, millis) / 1000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** A probability as a percentage with two digits that mean something. */
export function percent(probability) {
  if (probability === null || probability === undefined) return '–';
  const value = probability * 100;
  if (value === 0) return '0%';
  if (value < 0.01) return '<0.01%';
  if (value < 1) return `${value.toFixed(2)}%`;
  if (value < 10) return `${value.toFixed(1)}%`;
  return `${value.toFixed(value > 99 && value < 100 ? 1 : 0)}%`;
}

export function quantity(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e6) return short.format(value);
  if (Number.isInteger(value)) return count.format(value);
  return value.toPrecision(size < 1 ? 2 : 4).replace(/\.?0+$/, '');
}

export function bytes(value) {
  if (!value) return '';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${(value / 10 ** (3 * at)).toPrecision(2)} ${units[at]}`.replace(/^(\d+)\.0 /, '$1 ');
}

export const link = (kind, id) => `#/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
