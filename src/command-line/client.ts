import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** The service will not do what was asked, now or later. The message is for the person who asked. */
export class Refusal extends Error {}

/** The service can't be reached, or has failed; the same command may succeed later. The message is for the person who asked. */
export class ServiceAway extends Error {}

/** A line of what is wrong, or odd, in a file. */
export interface Finding {
  line: number;
  column: string | null;
  value?: string;
  code: string;
  hint?: string;
}

interface Findings {
  total: number;
  items: Finding[];
}

/** What a dry run tells. */
export interface DryRun {
  rows: number;
  images: number;
  distinct_urls: number;
  rows_without_images: number;
  hosts: { total: number; items: { host: string; images: number }[] };
  /** How the file is written; the sheet of a workbook that is read. */
  layout: { sheet: string | null } | null;
  faults: Findings;
  repairs: Findings;
  warnings: Findings;
}

/** As much of a request as this program reads; `--json` prints all of it. */
export interface Request {
  id: string;
  is_final: boolean;
  counts: { images: number; done: number; failed: number; cancelled: number };
  bytes: { input: number; output: number; renditions: number; saved_percent: number | null };
}

/** As much of an image as this program reads. */
export interface Image {
  /** In each form; none where it is not done. */
  outputs: { url: string }[];
}

const PAGE = 500;
const POLL_MS = 300;
/** A service that is started again is there within seconds. */
const MAX_FAILED_POLLS = 40;

/** Calls of a service's API. */
export class Client {
  constructor(
    private readonly url: string,
    private readonly key: string | null,
  ) {}

  /** Stores nothing. @throws Refusal */
  async dryRun(file: string, fields: Record<string, string>): Promise<DryRun> {
    return (await this.send(file, { ...fields, on_invalid: 'skip', dry_run: 'true' })) as unknown as DryRun;
  }

  /** The id of the request. The same file with the same fields is the same request, also after a crash. @throws Refusal */
  async upload(file: string, fields: Record<string, string>): Promise<string> {
    const preset = fields.preset && (await this.preset(fields.preset));
    const key = await digestOf(file, JSON.stringify(preset ? { ...fields, preset } : fields));
    return (await this.send(file, fields, { 'Idempotency-Key': key })).request_id as string;
  }

  /** The request each time that it was asked for, the last time when nothing will change any more. @throws Refusal */
  async *follow(id: string): AsyncGenerator<Request> {
    for (let failed = 0; ; await setTimeout(POLL_MS)) {
      try {
        const request = await this.json<Request>(`/requests/${id}`);
        failed = 0;
        yield request;
        if (request.is_final) return;
      } catch (error) {
        if (error instanceof Refusal || ++failed > MAX_FAILED_POLLS) throw error;
      }
    }
  }

  async *images(id: string): AsyncGenerator<Image> {
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: Image[]; next_cursor: string | null } = await this.json(
        `/requests/${id}/images?status=done&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      yield* page.items;
      cursor = page.next_cursor;
    }
  }

  /** A path of the service, or a whole URL. @throws Refusal where the answer is an error */
  async bytes(where: string): Promise<Buffer> {
    return Buffer.from(await (await this.call(where)).arrayBuffer());
  }

  /** It may have become another one: then an upload with it is another request. Null where there is none, which the upload explains. */
  private preset(name: string): Promise<unknown> {
    return this.json(`/presets/${encodeURIComponent(name)}`).catch((error: unknown) => {
      if (error instanceof Refusal) return null;
      throw error;
    });
  }

  private async json<T>(where: string): Promise<T> {
    return (await this.call(where)).json() as Promise<T>;
  }

  private async send(
    file: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Record<string, unknown>> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', await openAsBlob(file), path.basename(file));
    return (await this.call('/upload', { method: 'POST', body: form, headers })).json() as Promise<never>;
  }

  private async call(where: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(where, `${this.url}/`);
    const isOurs = url.href.startsWith(`${this.url}/`);
    const key: Record<string, string> = this.key && isOurs ? { Authorization: `Bearer ${this.key}` } : {};
    const headers = { ...key, ...(init.headers as object) };
    const response = await fetch(url, { ...init, headers }).catch((error: Error) => {
      throw new ServiceAway(`${url.origin} does not answer: ${reasonOf(error)}.`, { cause: error });
    });
    if (response.ok) return response;
    const words = await wordsOf(response);
    throw response.status < 500 ? new Refusal(words) : new ServiceAway(words);
  }
}

/** `fetch` has what happened in the cause of its error. */
function reasonOf({ message, cause }: Error): string {
  return (cause instanceof Error && cause.message) || message;
}

/** The sentence of an error, and a line for each of its details. */
async function wordsOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error, code, details } = JSON.parse(text) as {
      error: string;
      code?: string;
      details?: Finding[];
    };
    const lines = (details ?? []).filter(({ line }) => line !== undefined).map(lineOf);
    return [`${error}${code ? ` (${code})` : ''}`, ...lines].join('\n');
  } catch {
    return `The server answered ${response.status}: ${text.slice(0, 200)}`;
  }
}

/** A finding in a line. */
export function lineOf({ line, column, value, code, hint }: Finding): string {
  const where = `line ${line}${column ? `, ${column}` : ''}`;
  return [`  ${where}: ${code}`, value && JSON.stringify(value), hint].filter(Boolean).join(' ');
}

async function digestOf(file: string, more: string): Promise<string> {
  const hash = createHash('sha256').update(more);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
