import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { SettingsError } from '../errors/app-error.js';
import { fileStorageContract } from '../../test/contracts/file-storage.contract.js';
import { cuttableProxy } from '../../test/helpers/servers/cuttable-proxy.js';
import { describeOnS3, type TestBucket } from '../../test/helpers/servers/test-bucket.js';
import { S3FileStorage, type S3Options } from './s3.file-storage.js';

const JPEG = { contentType: 'image/jpeg', cacheSeconds: 31_536_000 };
const KEY = '00112233445566778899aabbccddeeff/image.jpg';

const optionsFor = (options: Partial<S3Options>): S3Options => ({
  S3_BUCKET: 'bucket',
  S3_PREFIX: '',
  S3_REDIRECTS: 'off',
  publicUrl: () => 'https://images.example',
  ...options,
});

describeOnS3('files in a bucket', (openBucket) => {
  let bucket: TestBucket;

  beforeAll(async () => (bucket = await openBucket()));
  afterAll(() => bucket.remove());

  fileStorageContract(async () => {
    const proxy = await cuttableProxy(new URL(bucket.settings().S3_ENDPOINT));
    const storage = new S3FileStorage(optionsFor({ S3_BUCKET: bucket.name, S3_ENDPOINT: proxy.url.origin }));
    return {
      storage,
      breakDown: () => proxy.cut(),
      remove: async () => {
        await bucket.empty();
        await storage.onApplicationShutdown();
        await proxy.cut();
      },
    };
  });

  it('are stored with their type and how long they may be kept, behind the prefix', async () => {
    const storage = new S3FileStorage(optionsFor({ ...bucket.settings(), S3_PREFIX: 'shop/' }));

    await storage.put(KEY, Buffer.from('a'), JPEG);

    expect(await bucket.head(`shop/${KEY}`)).toMatchObject({
      ContentType: 'image/jpeg',
      CacheControl: 'public, max-age=31536000, immutable',
    });
    await bucket.empty();
    await storage.onApplicationShutdown();
  });

  it('of many megabytes are stored in parts', async () => {
    const storage = new S3FileStorage(optionsFor(bucket.settings()));
    const content = Buffer.alloc(12 * 1024 * 1024 + 7, 'abc');
    async function* chunks() {
      for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000);
    }
    await storage.put(KEY, Readable.from(chunks()), { contentType: 'application/gzip' });

    const stored = await storage.open(KEY);
    expect((await buffer(stored!.content)).equals(content)).toBe(true);
    await bucket.empty();
    await storage.onApplicationShutdown();
  });

  it('pass the check at the start, and leave nothing of it', async () => {
    const storage = new S3FileStorage(optionsFor(bucket.settings()));

    await storage.onModuleInit();

    for await (const { key } of storage.list()) expect(key).toBe('nothing');
    await storage.onApplicationShutdown();
  });

  it.each([
    ['S3_BUCKET', { S3_BUCKET: 'no-such-bucket' }, 'no such bucket'],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'http://127.0.0.1:9' }, "can't be reached"],
  ])('are refused at the start where %s is wrong', async (name, wrong, reason) => {
    const storage = new S3FileStorage(optionsFor({ ...bucket.settings(), ...wrong }));

    const failure = storage.onModuleInit();

    await expect(failure).rejects.toThrow(SettingsError);
    await expect(failure).rejects.toThrow(new RegExp(`${name}.*${reason}`));
    await storage.onApplicationShutdown();
  });
});

describe('the address of a file in a bucket', () => {
  it.each([
    [{}, `https://images.example/images/${KEY}`],
    [{ S3_PUBLIC_URL: 'https://cdn.example/' }, `https://cdn.example/${KEY}`],
    [{ S3_PUBLIC_URL: 'https://cdn.example', S3_PREFIX: 'shop/' }, `https://cdn.example/shop/${KEY}`],
  ])('with %j is %s', (options, url) => {
    expect(new S3FileStorage(optionsFor(options)).urlOf(KEY)).toBe(url);
  });

  it.each([
    [{}, 'https://images.example/images/00112233445566778899aabbccddeeff/blue-mug.jpg'],
    [
      { S3_PUBLIC_URL: 'https://cdn.example' },
      'https://cdn.example/00112233445566778899aabbccddeeff/image.jpg',
    ],
  ])('has another name only where it leads to us: %j', (options, url) => {
    const key = '00112233445566778899aabbccddeeff/image.jpg';

    expect(new S3FileStorage(optionsFor(options)).urlOf(key, 'blue-mug')).toBe(url);
  });
});

describe('a bucket whose server fails', () => {
  let server: Server;
  let storage: S3FileStorage;
  let calls: number;

  const start = async (listener: RequestListener) => {
    calls = 0;
    server = createServer((request, response) => {
      calls++;
      request.resume();
      listener(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    process.env.AWS_ACCESS_KEY_ID = 'test';
    process.env.AWS_SECRET_ACCESS_KEY = 'test';
    storage = new S3FileStorage(optionsFor({ S3_ENDPOINT: `http://127.0.0.1:${port}` }));
  };
  afterEach(async () => {
    await storage.onApplicationShutdown();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('for a moment is asked again: 503 SlowDown, a cut connection', async () => {
    await start((request, response) => {
      if (calls === 1)
        response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
      else if (calls === 2) request.socket.destroy();
      else response.writeHead(200, { 'content-length': '5', 'content-type': 'image/jpeg' }).end();
    });

    expect(await storage.head(KEY)).toEqual({ bytes: 5, contentType: 'image/jpeg' });
    expect(calls).toBe(3);
  });

  it.each([
    ['503', 503, '<Error><Code>SlowDown</Code></Error>'],
    ['403', 403, '<Error><Code>AccessDenied</Code></Error>'],
  ])('with %s for good is STORAGE_UNAVAILABLE', async (_name, status, body) => {
    await start((_request, response) => response.writeHead(status).end(body));

    await expect(storage.put(KEY, Buffer.from('a'), JPEG)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
  });

  it('is refused at the start where the credentials do not suffice', async () => {
    await start((_request, response) => response.writeHead(403).end());

    await expect(storage.onModuleInit()).rejects.toThrow(
      /S3_BUCKET: the credentials do not allow to find it/,
    );
  });

  it('in the middle of a file ends the stream with an error, never with half of it', async () => {
    await start((request, response) => {
      response.writeHead(200, { 'content-length': '1000', 'content-type': 'image/jpeg' });
      response.write('half', () => request.socket.destroy());
    });

    const stored = await storage.open(KEY);

    await expect(buffer(stored!.content)).rejects.toThrow();
  });
});
