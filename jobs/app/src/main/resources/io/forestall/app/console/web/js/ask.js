/** Asks the interface; null when there is no such thing. An error says what the console said. */
export async function ask(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters || {})) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), 15000);
  try {
    const response = await fetch(`/api/v1/${path}${text ? `?${text}` : ''}`, { signal: stop.signal });
    if (response.status === 404) return null;
    const body = await response.json();
    if (!response.ok) throw new Error(body.what ? `${body.what}; ${body.whatToDo}` : `it answered ${response.status}`);
    return body;
  } finally {
    clearTimeout(late);
  }
}

/** The address of a list as comma-separated values. */
export function csvLink(path, parameters) {
  const query = new URLSearchParams({ format: 'csv', limit: '1000' });
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '' && name !== 'limit' && name !== 'offset') query.set(name, String(value));
  }
  return `/api/v1/${path}?${query}`;
}
