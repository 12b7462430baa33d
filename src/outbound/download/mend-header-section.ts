import { OutboundError } from '../../errors/app-error.js';

/** A field name (RFC 9110, section 5.1). */
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const STATUS_LINE = /^HTTP\/(\d)(?:\.(\d))?[ \t]+(\d{3})(?:[ \t]+(.*))?$/i;

/** Characters of a faulty line that an error quotes. */
const MAX_QUOTED = 60;

interface Field {
  name: string;
  value: string;
}

/**
 * Rewrites the header section of an answer as browsers and curl would read it, so that a strict parser takes it:
 * any line end; no control bytes; folded lines joined; lines without a colon, or whose name is none, left out; one length
 * where the same is given twice, none beside `chunked` (RFC 9112, section 6.3). The connection is closed behind it, so
 * that a doubtful length can't turn a part of the body into the next answer.
 *
 * @param section the header section in Latin-1, without the empty line at its end
 * @throws OutboundError `RESPONSE_INVALID`, quoting what can't be read
 */
export function mendHeaderSection(section: string): string {
  const [first, ...lines] = section.split('\n').map(withoutControls);
  const fields = withOneLength(fieldsOf(lines)).filter(({ name }) => !/^connection$/i.test(name));
  const mended = [statusLine(first), ...fields.map(({ name, value }) => `${name}: ${value}`)];
  return [...mended, 'Connection: close', '', ''].join('\r\n');
}

/** Without carriage returns, too. */
function withoutControls(line: string): string {
  return line.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '');
}

function statusLine(line: string): string {
  const [, major, minor, status, reason = ''] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined)
    throw new OutboundError('RESPONSE_INVALID', `The server did not answer in HTTP: ${quoted(line)}.`);
  return `HTTP/1.${major === '1' && minor === '0' ? 0 : 1} ${status} ${reason}`;
}

function fieldsOf(lines: string[]): Field[] {
  const fields: Field[] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (/^[ \t]/.test(line)) {
      if (last) last.value += ` ${line.trim()}`; // a folded line (RFC 9112, section 5.2)
    } else if (FIELD_NAME.test(name)) fields.push({ name, value: line.slice(colon + 1).trim() });
  }
  return fields;
}

function withOneLength(fields: Field[]): Field[] {
  const lengths = new Set(
    fields
      .filter(isLength)
      .flatMap(({ value }) => value.split(',').map((text) => text.trim()))
      .filter((text) => /^\d+$/.test(text)),
  );
  const others = fields.filter((field) => !isLength(field));
  const isChunked = others.some(
    ({ name, value }) => /^transfer-encoding$/i.test(name) && /\bchunked\b/i.test(value),
  );
  if (isChunked) return others.map(withPlainChunking);
  if (lengths.size > 1) {
    const message = `The server gave more than one length: ${quoted([...lengths].join(', '))}.`;
    throw new OutboundError('RESPONSE_INVALID', message);
  }
  return [...others, ...[...lengths].map((value) => ({ name: 'Content-Length', value }))];
}

function isLength({ name }: Field): boolean {
  return /^content-length$/i.test(name);
}

/** `identity, chunked` or a second `chunked` is refused by strict parsers, and means no more than `chunked`. */
function withPlainChunking(field: Field): Field {
  return /^transfer-encoding$/i.test(field.name) ? { ...field, value: 'chunked' } : field;
}

function quoted(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return `"${printable.slice(0, MAX_QUOTED)}${printable.length > MAX_QUOTED ? '…' : ''}"`;
}
