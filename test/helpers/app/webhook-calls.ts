import { WebhookReceiver } from '../servers/webhook-receiver.js';
import { type ImageOrigin, photo, serveImages } from '../servers/image-origin.js';
import { until } from '../wait.js';
import { type Client, csvOf } from './client.js';
import type { Engine, Installation } from './engines.js';
import { startApp, type TestApp } from './test-app.js';

/** An application with one image to compress, and a receiver of webhooks that each test has for itself. */
export class WebhookCalls {
  app!: TestApp;
  client!: Client;
  receiver!: WebhookReceiver;
  private installation!: Installation;
  origin!: ImageOrigin;

  async start(engine: Engine): Promise<void> {
    this.installation = await engine.install();
    this.app = await startApp(this.installation);
    this.client = this.app.client;
    this.origin = await serveImages({ '/1.jpg': await photo(64, 48) });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.origin.close();
    await this.installation.remove();
  }

  async begin(): Promise<void> {
    this.receiver = await WebhookReceiver.start();
  }

  /** Ends a test: no webhook is left. */
  async end(): Promise<void> {
    const { json } = await this.client.get('/webhooks?limit=100');
    for (const { id } of json.items) await this.client.send('DELETE', `/webhooks/${id}`);
    await this.receiver.close();
  }

  oneImage = (name = 'Mug') => csvOf([[name, [this.origin.url('/1.jpg')]]]);

  uploadWith = async (
    fields: Record<string, string>,
    { csv = this.oneImage(), query = '', fileName = 'products.csv', headers = {} } = {},
  ) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([csv]), fileName);
    const response = await fetch(`${this.client.url}/upload${query}`, {
      method: 'POST',
      body: form,
      headers,
    });
    return { status: response.status, json: (await response.json()) as any };
  };

  /** @returns the new webhook, with its secret */
  subscribe = async (body: object = {}) => {
    const url = this.receiver.url('/hook');
    const { status, json } = await this.client.send('POST', '/webhooks', { url, ...body });
    expect(status).toBe(201);
    return json;
  };

  /** The deliveries that `path` lists, once `count` of them have ended. */
  settledDeliveries = async (path: string, count = 1) => {
    let items: any[] = [];
    await until(async () => {
      items = (await this.client.get(path)).json.items;
      const settled = items.filter(({ status }) => status === 'delivered' || status === 'failed');
      return settled.length >= count;
    });
    return items;
  };
}

/** The application of a suite, and for each of its tests a receiver. */
export function useWebhooks(engine: Engine): WebhookCalls {
  const calls = new WebhookCalls();
  beforeAll(() => calls.start(engine));
  afterAll(() => calls.stop());
  beforeEach(() => calls.begin());
  afterEach(() => calls.end());
  return calls;
}
