import { apiKey } from './client.ts';

/** An event of a stream, with its data as text. */
export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/**
 * The events of one connection, as they come; it ends when the server ends it. `EventSource` can't send a key. The caller
 * goes on with the id of the last event that it had.
 * @throws Response where the server refuses; TypeError where it does not answer; AbortError
 */
export async function* eventsOf(
  path: string,
  lastId: string,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (apiKey()) headers['X-API-Key'] = apiKey();
  if (lastId) headers['Last-Event-ID'] = lastId;
  const response = await fetch(path, { headers, signal, cache: 'no-store' });
  if (!response.ok) throw response;
  if (response.status === 204 || !response.body) return yield { id: lastId, type: 'end', data: '{}' };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value.replaceAll('\r\n', '\n')).split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const event = readEvent(block, lastId);
      lastId = event.id;
      if (event.data) yield event;
    }
  }
}

/** An event without an id of its own keeps that of the one before. */
function readEvent(block: string, lastId: string): ServerEvent {
  const event: ServerEvent = { id: lastId, type: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? []; // comments begin with a colon
    if (name === 'id') event.id = value;
    if (name === 'event') event.type = value;
    if (name === 'data') event.data += (event.data && '\n') + value;
  }
  return event;
}
