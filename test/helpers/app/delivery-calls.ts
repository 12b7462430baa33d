import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../../src/database/database-clock.js';
import { WebhookDispatcher } from '../../../src/webhooks/delivery/webhook-dispatcher.js';
import { type ImageOrigin, photo, serveImages } from '../servers/image-origin.js';
import { WebhookReceiver } from '../servers/webhook-receiver.js';
import { until } from '../wait.js';
import { type Client, csvOf } from './client.js';
import type { Engine, Installation } from './engines.js';
import { startApp, type TestApp } from './test-app.js';

/** An application and a receiver of webhooks that each test has for itself, whose clock and deliveries it controls. */
export class DeliveryCalls {
  app!: TestApp;
  client!: Client;
  origin!: ImageOrigin;
  receiver!: WebhookReceiver;
  private installation!: Installation;

  async begin(engine: Engine): Promise<void> {
    this.installation = await engine.install();
    await this.open();
    this.receiver = await WebhookReceiver.start();
  }

  async end(): Promise<void> {
    jest.restoreAllMocks();
    await this.app.close();
    await this.receiver.close();
    await this.installation.remove();
  }

  /** Starts the application, after {@link TestApp.close} once more, with the same data. */
  open = async (environment: Record<string, string> = {}): Promise<void> => {
    this.app = await startApp(this.installation, environment);
    this.client = this.app.client;
  };

  /** The database's clock, put forward by what the test adds. One that stands moves by that alone. */
  ownClock = (stands = false): { aheadMs: number; now: () => number } => {
    const clock = this.app.nest.get(DatabaseClock);
    const start = clock.now();
    const real = stands ? () => start : clock.now.bind(clock);
    const own = { aheadMs: 0, now: () => real() + own.aheadMs };
    jest.spyOn(clock, 'now').mockImplementation(own.now);
    return own;
  };

  oneImage = () => csvOf([['Mug', [this.origin.url('/1.jpg')]]]);

  manager = () => this.app.nest.get(DataSource).manager;

  dispatcher = () => this.app.nest.get(WebhookDispatcher);

  subscribe = async (path: string, event_types = ['request.completed'], from = this.receiver) => {
    const { json } = await this.client.send('POST', '/webhooks', { url: from.url(path), event_types });
    return json as { id: string; secret: string };
  };

  deliveriesOf = async ({ id }: { id: string }): Promise<any[]> =>
    (await this.client.get(`/webhooks/${id}/deliveries`)).json.items;

  /** The one delivery of a subscription when it has been tried so often. */
  tried = async (subscription: { id: string }, tries = 1): Promise<any> => {
    let delivery: any;
    await until(async () => {
      [delivery] = await this.deliveriesOf(subscription);
      return delivery?.tries.length >= tries && delivery.status !== 'sending';
    });
    return delivery;
  };
}

/** An application and a receiver for each test of a suite. */
export function useDeliveries(engine: Engine): DeliveryCalls {
  const calls = new DeliveryCalls();
  beforeAll(async () => {
    calls.origin = await serveImages({ '/1.jpg': await photo(8, 8) });
  });
  afterAll(() => calls.origin.close());
  beforeEach(() => calls.begin(engine));
  afterEach(() => calls.end());
  return calls;
}
