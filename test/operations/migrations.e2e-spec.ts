import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { FaultEntity } from '../../src/database/entities/fault.entity.js';
import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { ProductEntity } from '../../src/database/entities/product.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { WebhookDeliveryEntity } from '../../src/database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { EventEntity } from '../../src/database/entities/event.entity.js';
import { WebhookTryEntity } from '../../src/database/entities/webhook-try.entity.js';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { until } from '../helpers/wait.js';

const connect = () => createConnection(process.env.TEST_MYSQL_URL!);
const WEBHOOKS = [WebhookEndpointEntity, EventEntity, WebhookDeliveryEntity, WebhookTryEntity];

describeOnEachEngine('the migrations', (engine) => {
  let installation: Installation;
  beforeEach(async () => (installation = await engine.install()));
  afterEach(() => installation.remove());

  const open = (migrationsRun = true) => {
    const options = dataSourceOptions(readSettings(installation.environment));
    return openDataSource({ ...options, migrationsRun });
  };

  const request = {
    id: '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8',
    status: 'Pending',
    fileName: '椅子🪑.csv',
    layout: '{}',
    options: '{}',
    productCount: 1,
    imageCount: 1,
    createdAt: 1_767_225_600_123,
  } as const;
  const product = {
    number: 1,
    line: 2,
    serialNumber: '1',
    productName: 'Стул 🪑',
    firstImage: 1,
    imageCount: 1,
  };
  const image = {
    number: 1,
    productNumber: 1,
    position: 1,
    inputUrl: 'http://a.example/1.jpg',
    status: 'pending',
  } as const;
  const fault = {
    number: 1,
    line: 3,
    column: null,
    value: 'ß',
    code: 'NO_URL' as const,
    hint: 'Every row needs one.',
  };

  const endpoint = {
    id: '0b7c6a3e-2d4f-4c1a-9e8b-7a6f5e4d3c2b',
    url: 'https://a.example/ü',
    host: 'a.example',
    eventTypes: 'request.completed',
    description: 'Магазин 🪑',
    secret: null,
    createdAt: 1_767_225_600_123,
  };
  const event = {
    id: 'evt_aB',
    type: 'request.completed',
    body: '{"name":"🪑"}',
    createdAt: 1_767_225_600_123,
  };
  const delivery = {
    id: '9d3f2a1b-5c6d-4e7f-8a9b-0c1d2e3f4a5b',
    endpointKey: 1,
    state: 'pending',
    dueAt: 1_767_225_600_123,
    createdAt: 1_767_225_600_123,
    deliveredAt: null,
  } as const;
  const webhookTry = {
    attempt: 1,
    triedAt: 1_767_225_600_123,
    durationMs: 5,
    status: 500,
    errorCode: 'HTTP_500' as const,
    errorMessage: 'ü',
    answer: 'пока 🪑',
  };

  it('lead to tables that take and give back every entity, to nothing, and there again', async () => {
    const dataSource = await open();
    try {
      for (const round of ['first', 'second']) {
        if (round === 'second') {
          for (let left = dataSource.migrations.length; left > 0; left--)
            await dataSource.undoLastMigration();
          await dataSource.runMigrations();
        }
        const { manager } = dataSource;
        const { identifiers } = await manager.insert(RequestEntity, request);
        const requestKey = Number(identifiers[0].key);
        await manager.insert(ProductEntity, { requestKey, ...product });
        await manager.insert(ImageEntity, { requestKey, ...image });
        await manager.insert(FaultEntity, { requestKey, ...fault });
        await manager.insert(WebhookEndpointEntity, { requestKey, ...endpoint });
        const { identifiers: events } = await manager.insert(EventEntity, { requestKey, ...event });
        const eventKey = Number(events[0].key);
        const { identifiers: deliveries } = await manager.insert(WebhookDeliveryEntity, {
          eventKey,
          ...delivery,
        });
        const deliveryKey = Number(deliveries[0].key);
        await manager.insert(WebhookTryEntity, { deliveryKey, ...webhookTry });

        expect(await manager.findOneBy(RequestEntity, { id: request.id })).toMatchObject(request);
        expect(await manager.findOneBy(ProductEntity, { requestKey })).toMatchObject({
          ...product,
          extra: null,
        });
        expect(await manager.findOneBy(ImageEntity, { requestKey })).toMatchObject({
          ...image,
          attempt: 0,
          dueAt: 0,
        });
        expect(await manager.findOneBy(FaultEntity, { requestKey })).toMatchObject(fault);
        expect(await manager.findOneBy(WebhookEndpointEntity, { requestKey })).toMatchObject(endpoint);
        expect(await manager.findOneBy(EventEntity, { requestKey })).toMatchObject(event);
        expect(await manager.findOneBy(WebhookDeliveryEntity, { eventKey })).toMatchObject(delivery);
        expect(await manager.findOneBy(WebhookTryEntity, { deliveryKey })).toMatchObject(webhookTry);
        expect(await manager.countBy(RequestEntity, { id: request.id.toUpperCase() })).toBe(0); // no case folding

        await manager.delete(RequestEntity, { key: requestKey });
        for (const entity of [ProductEntity, ImageEntity, FaultEntity, ...WEBHOOKS])
          expect(await manager.count(entity)).toBe(0);
      }
    } finally {
      await dataSource.destroy();
    }
  });

  it('are run once by many processes at once, and not at all where they are turned off', async () => {
    if (engine.isShared) {
      const opened = await Promise.all([open(), open(), open()]);
      await Promise.all(opened.map((dataSource) => dataSource.destroy()));
    } else {
      await expect(open(false)).rejects.toThrow('npm run migrate');
      await (await open()).destroy();
    }

    const dataSource = await open(false);
    const [{ count }] = await dataSource.query('SELECT COUNT(*) AS count FROM migrations');
    expect(Number(count)).toBe(dataSource.migrations.length);
    await dataSource.destroy();
  });

  const onServers = engine.isShared ? it : it.skip;
  onServers('keep their lock while one statement takes long', async () => {
    const before = await open();
    await before.undoLastMigration(); // it adds columns to `requests`
    await before.destroy();
    const database = new URL(installation.environment.DATABASE_URL).pathname.slice(1);
    const [other, looking] = await Promise.all([connect(), connect()]);
    const silentSeconds = async () => {
      const [[holder]] = await looking.query<RowDataPacket[]>(
        `SELECT time FROM information_schema.processlist WHERE id = IS_USED_LOCK('image_processing_migrations') AND db = ?`,
        [database],
      );
      return Number(holder?.time ?? NaN);
    };
    await other.query(`LOCK TABLES ${database}.requests READ`);

    const migrated = open();
    await until(async () => (await silentSeconds()) >= 3);
    // The server closes a connection that says nothing for half a minute, and another process would migrate as well.
    await until(async () => (await silentSeconds()) <= 1);
    await other.query('UNLOCK TABLES');
    const after = await migrated;

    expect(await after.showMigrations()).toBe(false);
    await Promise.all([after.destroy(), other.end(), looking.end()]);
  });
});
