import { setTimeout as sleep } from 'node:timers/promises';

const COMPLETED_WITHIN_MS = 400_000;
const EVERY_MS = 50;

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  text: string;
  json: T;
}

/** What a user does with the service, at whatever address it runs. */
export class Client {
  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  async get<T = any>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return answer(await fetch(this.url + path, { headers: { ...this.headers, ...headers } }));
  }

  /** Any other call, with a JSON body. */
  async send<T = any>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const headers = { ...this.headers, 'content-type': 'application/json' };
    return answer(await fetch(this.url + path, { method, headers, body: JSON.stringify(body) }));
  }

  async upload(
    csv: string | Buffer,
    fileName = 'products.csv',
    part = 'file',
  ): Promise<Answer<{ request_id: string }>> {
    const form = new FormData();
    form.append(
      part,
      new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)], { type: 'text/csv' }),
      fileName,
    );
    return answer(await fetch(`${this.url}/upload`, { method: 'POST', body: form, headers: this.headers }));
  }

  /** Sends a form with a file and other fields. */
  async form<T = any>(
    path: string,
    csv: string | Buffer,
    fields: object = {},
    { fileName = 'products.csv', headers = {} }: { fileName?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append('file', new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)]), fileName);
    return answer(
      await fetch(this.url + path, { method: 'POST', body, headers: { ...this.headers, ...headers } }),
    );
  }

  /** Uploads, and gives the id. */
  async accepted(csv: string | Buffer): Promise<string> {
    const { status, text, json } = await this.upload(csv);
    if (status !== 200) throw new Error(`upload refused: ${status} ${text}`);
    return json.request_id;
  }

  /** Asks for the status until it is `Completed`. */
  async completed(requestId: string, withinMs = COMPLETED_WITHIN_MS): Promise<void> {
    for (const deadline = Date.now() + withinMs; ; await sleep(EVERY_MS)) {
      const { status, json } = await this.get(`/status/${requestId}`);
      if (status === 200 && json.status === 'Completed') return;
      if (Date.now() > deadline)
        throw new Error(`not completed: ${(await this.get(`/requests/${requestId}`)).text}`);
    }
  }

  /** All images of a request, through all pages. */
  async images(requestId: string): Promise<any[]> {
    const items: any[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { json }: Answer<any> = await this.get(
        `/requests/${requestId}/images?limit=1000${cursor && `&cursor=${cursor}`}`,
      );
      items.push(...json.items);
      cursor = json.next_cursor;
    }
    return items;
  }
}

/** A CSV file of the contract's three columns. */
export function csvOf(rows: [name: string, urls: string[]][]): string {
  const lines = rows.map(([name, urls], index) => `${index + 1},${name},"${urls.join(',')}"`);
  return ['S. No.,Product Name,Input Image Urls', ...lines, ''].join('\n');
}

async function answer(response: Response): Promise<Answer<any>> {
  const text = Buffer.from(await response.arrayBuffer()).toString(); // response.text() drops a byte order mark
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}
