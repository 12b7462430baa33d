/** Kinds of live events. */
export type LiveEventType = 'request' | 'image' | 'end';

/** A comment: it shows everybody between us and the client that the stream is in use. */
export const COMMENT = ': nothing new\n\n';

/** What was written of something that many are told of. */
const WRITTEN = new WeakMap<object, string>();

/** A server-sent event. JSON has no line ends, so its data is one line. `data` is not changed afterwards: it is written once. */
export function eventText(type: LiveEventType, id: string, data: object): string {
  const json = WRITTEN.get(data) ?? JSON.stringify(data);
  WRITTEN.set(data, json);
  return `event: ${type}\nid: ${id}\ndata: ${json}\n\n`;
}
