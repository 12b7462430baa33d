import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { csvOf } from '../helpers/app/client.js';
import type { Installation } from '../helpers/app/engines.js';
import { expectExact, GatedOrigin, inputOf } from '../helpers/app/gated-request.js';
import { freePort, Service } from '../helpers/app/service.js';
import { describeOnEachStorage } from '../helpers/app/storages.js';
import { until } from '../helpers/wait.js';

describeOnEachStorage('a process killed in mid-request', (engine) => {
  let installation: Installation;
  let origin: GatedOrigin;
  let services: Service[];

  beforeEach(async () => {
    installation = await engine.install();
    origin = await GatedOrigin.start();
    services = [];
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.kill()));
    await origin.close();
    await installation.remove();
  });

  async function start(environment: Record<string, string> = {}): Promise<Service> {
    const service = await Service.start({
      ...installation.environment,
      PORT: '0',
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      DOWNLOADS_IN_FLIGHT: '16',
      ...environment,
    });
    services.push(service);
    return service;
  }

  it('finishes exactly, however often the all-in-one process is killed', async () => {
    const PORT = String(await freePort());
    const input = inputOf(origin);
    let service = await start({ PORT });
    const id = await service.client.accepted(input);

    for (let kills = 0; kills < 4; kills++) {
      await origin.allow(5 + 10 * kills);
      await service.kill();
      service = await start({ PORT });
    }
    origin.open();

    await service.client.completed(id);
    await expectExact(service.client, id, input);
  });

  it('ends on SIGTERM in good order, and a later process goes on at once', async () => {
    const PORT = String(await freePort());
    const input = inputOf(origin);
    const first = await start({ PORT, LEASE_SECONDS: '600' });
    const id = await first.client.accepted(input);
    await origin.allow(20);

    const stopping = first.stop();
    origin.open();
    await stopping;
    expect(first.log).not.toMatch(/ERROR/);

    const second = await start({ PORT, LEASE_SECONDS: '600' });
    await second.client.completed(id); // with leases of ten minutes: they were given back
    await expectExact(second.client, id, input);
  });

  it('shows no request of which an upload was cut off, and leaves nothing of it', async () => {
    const PORT = String(await freePort());
    const service = await start({ PORT });
    const rows = Array.from({ length: 30_000 }, (_, row): [string, string[]] => [
      `Product ${row}`,
      [origin.url('/1.jpg')],
    ]);
    const upload = service.client.upload(csvOf(rows)).catch(() => null);
    const database = await openDataSource(dataSourceOptions(readSettings(installation.environment)));
    await until(async () => (await database.manager.count(ImageEntity)) > 0);
    await database.destroy();

    await service.kill();

    const answered = await upload;
    const again = await start({ PORT });
    if (answered === null) expect(again.log).not.toMatch(/ERROR/);
    else expect((await again.client.get(`/status/${answered.json.request_id}`)).status).toBe(200);
  });
});
