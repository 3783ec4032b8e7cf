export const TIERS = ['unknown', 'healthy', 'watch', 'warning', 'critical'];
export const MODES = { disk: 'Disk', network: 'Network', software: 'Software', fail_slow: 'Fail-slow', unknown: 'Unknown' };

const count = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const integer = (value) => count.format(value);
export const compact = (value) => (value < 100000 ? count.format(value) : short.format(value));
export const brief = (value) => (value < 1000 ? count.format(value) : short.format(value));
export const title = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const words = (text) => title(text.toLowerCase().replaceAll('_', ' '));

/** An event time in UTC; the time of day only where it says something. */
export function when(millis) {
  if (millis === null || millis === undefined) return '–';
  if (Math.abs(millis) > 8.64e15) return 'no date';
  const text = new Date(millis).toISOString();
  return millis % 86400000 === 0 ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

/** The same to the second. */
export function whenExactly(millis) {
  return Math.abs(millis) > 8.64e15 ? 'no date' : new Date(millis).toISOString().replace('T', ' ').replace(/\.\d+Z$/, '');
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
  if (Math.abs(value) < 0.01) return '<0.01%';
  if (Math.abs(value) < 1) return `${value.toFixed(2)}%`;
  if (Math.abs(value) < 10) return `${value.toFixed(1)}%`;
  return `${value.toFixed(value > 99 && value < 100 ? 1 : 0)}%`;
}

export function quantity(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e5) return short.format(value);
  if (Number.isInteger(value)) return count.format(value);
  if (size >= 1000) return count.format(Math.round(value));
  const text = value.toPrecision(size < 1 ? 2 : 3);
  return text.includes('e') ? text : text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

export function bytes(value) {
  if (value === null || value === undefined) return '';
  if (!value) return '0 B';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const at = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(Math.abs(value)) / 3)));
  return `${(value / 10 ** (3 * at)).toPrecision(3).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')} ${units[at]}`;
}

/** A size that people chose in powers of two, such as that of a volume. */
export function binaryBytes(value) {
  if (value === null || value === undefined) return '';
  if (!value) return '0 B';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const at = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(Math.abs(value)) / 10)));
  return `${(value / 2 ** (10 * at)).toPrecision(4).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')} ${units[at]}`;
}

function time(value) {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${quantity(value * 1e6)} µs`;
  if (size < 1) return `${quantity(value * 1e3)} ms`;
  return `${quantity(value)} s`;
}

/** A value in the unit that the end of its name tells. */
export function measured(name, value) {
  if (value === null || value === undefined) return '–';
  if (name.endsWith('_ratio')) return percent(value);
  if (name.endsWith('_bytes_per_second')) return `${bytes(value)}/s`;
  if (name.endsWith('_bytes')) return bytes(value);
  if (name.endsWith('_per_second')) return `${quantity(value)}/s`;
  if (name.endsWith('_per_hour')) return `${quantity(value)}/h`;
  if (name.endsWith('_seconds')) return time(value);
  return quantity(value);
}

export const link = (kind, id) => `#/entity/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
export const placeLink = (...names) => `#/fleet${names.map((name) => `/${encodeURIComponent(name === '' ? '-none-' : name)}`).join('')}`;
export const placeName = (name) => (name === '-none-' ? '' : name);

const SMART = {
  1: 'read errors', 4: 'starts and stops', 5: 'reallocated sectors', 7: 'seek errors', 9: 'power-on hours', 10: 'spin retries',
  12: 'power cycles', 183: 'downshifts', 184: 'end-to-end errors', 187: 'uncorrectable reads', 188: 'command timeouts',
  189: 'high flies', 190: 'airflow temperature', 192: 'emergency retracts', 193: 'load cycles', 194: 'temperature',
  196: 'reallocations', 197: 'pending sectors', 198: 'offline uncorrectable', 199: 'CRC errors', 240: 'head flying hours',
  241: 'sectors written', 242: 'sectors read',
};

/** A SMART attribute for people, its number beside it. */
export function attribute(name) {
  const number = /^smart_(\d+)_raw$/.exec(name);
  return number ? `${SMART[number[1]] || 'attribute'} (${number[1]})` : name;
}
