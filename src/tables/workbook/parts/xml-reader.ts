import { setImmediate } from 'node:timers/promises';
import { SaxesParser } from 'saxes';
import { WorkbookError } from '../workbook-error.js';

/** Is told of what an XML file holds, in its order. Names come without their prefix. */
export interface XmlHandler {
  open?(name: string, attributes: Record<string, string>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** Characters in which something has to begin, end, or stand: no cell of a sheet is longer, nor any tag. */
const MAX_QUIET_LENGTH = 4 * 1024 * 1024;
const MAX_DEPTH = 100;
const MAX_ATTRIBUTES = 1_000;

/** Reads an XML file piece by piece. Refuses what is no XML, DTDs, and whatever would have to be kept in memory without end. */
export class XmlReader {
  private readonly parser = new SaxesParser({ xmlns: false, position: false });
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private depth = 0;
  private length = 0;
  /** Where the last thing was that the handler was told of. */
  private lastAt = 0;

  constructor(handler: XmlHandler) {
    const { parser } = this;
    parser.on('error', (error) => {
      throw new WorkbookError('WORKBOOK_DAMAGED', { cause: error });
    });
    parser.on('doctype', () => {
      throw new WorkbookError('WORKBOOK_DAMAGED');
    });
    let attributesOfTag = 0;
    parser.on('attribute', () => {
      if (++attributesOfTag > MAX_ATTRIBUTES) throw new WorkbookError('WORKBOOK_DAMAGED');
    });
    parser.on('opentag', ({ name, attributes }) => {
      attributesOfTag = 0;
      if (++this.depth > MAX_DEPTH) throw new WorkbookError('WORKBOOK_DAMAGED');
      this.lastAt = this.length;
      handler.open?.(localName(name), attributes);
    });
    parser.on('closetag', ({ name }) => {
      this.depth--;
      this.lastAt = this.length;
      handler.close?.(localName(name));
    });
    const onText = (text: string) => {
      this.lastAt = this.length;
      handler.text?.(text);
    };
    parser.on('text', onText);
    parser.on('cdata', onText);
  }

  /** Characters of the file up to the end of the tag that the handler is being told of. */
  get position(): number {
    return this.parser.position;
  }

  /**
   * @param onText is given the text of the bytes before the handler is told of what is in it
   * @throws WorkbookError
   */
  write(bytes: Buffer, onText?: (text: string) => void): void {
    const text = this.decode(bytes);
    onText?.(text);
    this.length += text.length;
    this.parser.write(text);
    if (this.length - this.lastAt > MAX_QUIET_LENGTH) throw new WorkbookError('WORKBOOK_TOO_LARGE');
  }

  /** @throws WorkbookError where the file is not at its end */
  end(): void {
    this.decode();
    this.parser.close();
  }

  private decode(bytes?: Buffer): string {
    try {
      return bytes ? this.decoder.decode(bytes, { stream: true }) : this.decoder.decode();
    } catch (error) {
      throw new WorkbookError('WORKBOOK_DAMAGED', { cause: error });
    }
  }
}

/**
 * Reads a whole XML file. Others get their turn after each piece.
 * @throws WorkbookError; what the handler throws; the reason of `signal`
 */
export async function readXml(
  content: AsyncIterable<Buffer>,
  handler: XmlHandler,
  signal?: AbortSignal,
): Promise<void> {
  const reader = new XmlReader(handler);
  for await (const bytes of content) {
    signal?.throwIfAborted();
    reader.write(bytes);
    await setImmediate();
  }
  reader.end();
}

/** The value of an attribute, whatever its prefix. */
export function attributeOf(attributes: Record<string, string>, name: string): string | undefined {
  if (attributes[name] !== undefined) return attributes[name];
  const found = Object.keys(attributes).find((each) => localName(each) === name);
  return found === undefined ? undefined : attributes[found];
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}
