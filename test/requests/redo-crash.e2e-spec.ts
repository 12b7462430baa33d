import type { ServerResponse } from 'node:http';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { freePort, Service } from '../helpers/app/service.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';

describeOnEachEngine('a process killed while it makes an image anew', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let held: ServerResponse[];
  let port: number;
  const services: Service[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    held = [];
    port = await freePort();
    const picture = await photo(160, 120, 1);
    origin = await serveImages({
      '/mug.jpg': picture,
      '/held.jpg': (_request, response) => void held.push(response),
    });
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.kill()));
    await origin.close();
    await installation.remove();
  });

  const start = async () => {
    const common = { ALLOW_PRIVATE: '127.0.0.1', LEASE_SECONDS: '600', ...installation.environment };
    const service = await Service.start({ ...common, PORT: String(port) });
    services.push(service);
    return service;
  };

  it('loses nothing: another one makes it, once, and the killed one changes nothing', async () => {
    let service = await start();
    const id = await service.client.accepted(csvOf([['Mug', [origin.url('/mug.jpg')]]]));
    await service.client.completed(id);
    const path = `/requests/${id}/images/1`;
    const [before, request] = [await service.client.get(path), await service.client.get(`/requests/${id}`)];
    await service.client.send('POST', `${path}/redo`, { url: origin.url('/held.jpg'), quality: 85 });

    for (let kills = 1; kills <= 3; kills++) {
      await until(() => held.length === kills);
      await service.kill();
      // Its lease runs out now, and no other ever does.
      await withDatabase(installation, (db) =>
        db.query("UPDATE redos SET due_at = 1 WHERE state = 'processing'"),
      );
      service = await start();
      const { json } = await service.client.get(path);
      expect({ ...json, redo: null }).toEqual({ ...before.json, redo: null });
    }
    await until(() => held.length === 4);
    held[3].end(await photo(200, 100, 2));
    await until(async () => (await service.client.get(path)).json.redo.state === 'done');

    const { json } = await service.client.get(path);
    expect(json).toMatchObject({
      status: 'done',
      quality: 85,
      input: { width: 200 },
      redo: { can_undo: true },
    });
    const { bytes, ...after } = (await service.client.get(`/requests/${id}`)).json;
    expect({ ...request.json, bytes }).toEqual({ ...after, bytes });
    expect(bytes).toMatchObject({ input: json.input.bytes, output: json.output.bytes });
    const { status } = await service.client.send('POST', `${path}/redo`, { undo: true });
    expect(status).toBe(200);
    await withDatabase(installation, async (db) => expect(await faultsOf(db)).toEqual({}));
    expect(held).toHaveLength(4);
  });
});
