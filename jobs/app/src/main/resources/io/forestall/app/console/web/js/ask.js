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

/** Writes what an operator says, with their token; an error has the status, and says what the console said. */
export async function tell(path, body, token) {
  const response = await fetch(`/api/v1/${path}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }, body: JSON.stringify(body), signal: AbortSignal.timeout(15000),
  });
  let said = {};
  try { said = await response.json(); } catch { /* No words. */ }
  if (!response.ok) {
    const error = new Error(said.what ? `${said.what}; ${said.whatToDo}` : `it answered ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return said;
}
