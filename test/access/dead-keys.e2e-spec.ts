import type { ServerResponse } from 'node:http';
import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { EventStream } from '../helpers/app/event-stream.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { type ImageOrigin, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';

const ADMIN = 'admin-key-0123456789';

describeOnEachEngine('a stream of events', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  const held: ServerResponse[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: ADMIN });
    origin = await serveImages({ '/held.jpg': (_request, response) => void held.push(response) });
  });
  afterAll(async () => {
    held.forEach((response) => response.writeHead(404).end());
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const makeKey = async (role = 'write') =>
    (await app.client.send('POST', '/keys', { name: 'shop', role, owner: 'shop' })).json as Record<
      'id' | 'key',
      string
    >;
  const as = (key: string) => new Client(app.client.url, { authorization: `Bearer ${key}` });
  const watch = (id: string, key: string) =>
    EventStream.open(`${app.client.url}/requests/${id}/events`, undefined, {
      authorization: `Bearer ${key}`,
    });

  it('ends soon after its key is deleted or replaced, or that of its token; others go on', async () => {
    const [deleted, replaced, living] = [await makeKey(), await makeKey('read'), await makeKey('read')];
    const { token } = (await as(deleted.key).send('POST', '/tokens', {})).json;
    const id = await as(token).accepted(csvOf([['Mug', [origin.url('/held.jpg')]]]));
    const streams = await Promise.all(
      [deleted.key, token, replaced.key, living.key, ADMIN].map((key) => watch(id, key)),
    );
    await until(() => held.length > 0 && streams.every((stream) => stream.of('request').length > 0));

    await app.client.send('DELETE', `/keys/${deleted.id}`);
    await app.client.send('POST', `/keys/${replaced.id}/rotate`);

    const [ofDeleted, ofToken, ofReplaced, ofLiving, ofAdmin] = streams;
    await until(() => ofDeleted.hasEnded && ofToken.hasEnded && ofReplaced.hasEnded);
    expect(ofDeleted.of('end')).toEqual([]);
    expect((await watch(id, deleted.key)).status).toBe(401);
    expect([ofLiving.hasEnded, ofAdmin.hasEnded]).toEqual([false, false]);
    await app.client.send('POST', `/requests/${id}/cancel`);
    held.splice(0).forEach((response) => response.writeHead(404).end());
    await Promise.all([ofLiving.ended(), ofAdmin.ended()]);
    expect(ofLiving.of('end')).toHaveLength(1);
  });
});
