import { DataSource } from 'typeorm';
import { readSettings } from '../src/config.js';
import { dataSourceOptions, openDataSource } from '../src/database/data-source.js';
import { FaultEntity } from '../src/database/fault.entity.js';
import { ImageEntity } from '../src/database/image.entity.js';
import { ProductEntity } from '../src/database/product.entity.js';
import { RequestEntity } from '../src/database/request.entity.js';
import { describeOnEachEngine, type Installation } from './helpers/engines.js';

describeOnEachEngine('the migrations', (engine) => {
  let installation: Installation;
  beforeEach(async () => (installation = await engine.install()));
  afterEach(() => installation.remove());

  const open = (migrationsRun = true) => {
    const options = dataSourceOptions(readSettings(installation.environment));
    return openDataSource(new DataSource({ ...options, migrationsRun }));
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
    code: 'NO_URL',
    hint: 'Every row needs one.',
  };

  it('lead to tables that take and give back every entity, to nothing, and there again', async () => {
    const dataSource = await open();
    try {
      for (const round of ['first', 'second']) {
        if (round === 'second') {
          await dataSource.undoLastMigration();
          await dataSource.runMigrations();
        }
        const { manager } = dataSource;
        const { identifiers } = await manager.insert(RequestEntity, request);
        const requestKey = Number(identifiers[0].key);
        await manager.insert(ProductEntity, { requestKey, ...product });
        await manager.insert(ImageEntity, { requestKey, ...image });
        await manager.insert(FaultEntity, { requestKey, ...fault });

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
        expect(await manager.countBy(RequestEntity, { id: request.id.toUpperCase() })).toBe(0); // no case folding

        await manager.delete(RequestEntity, { key: requestKey });
        for (const entity of [ProductEntity, ImageEntity, FaultEntity])
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
});
