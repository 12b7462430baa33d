import type {
  GetObjectCommandOutput,
  PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Settings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';
import { storageUnavailable } from '../files/on-disk.js';
import {
  type ByteRange,
  type FileDetails,
  type FileHead,
  FileStorage,
  type ListedFile,
  type StoredFile,
} from './file-storage.js';
import { namedKey } from './named-key.js';

const SECOND = 1000;
const MEBIBYTE = 1024 * 1024;

/** Tries of one call, with pauses in between that the SDK chooses: for `503 SlowDown`, cut connections and the like. */
const MAX_TRIES = 4;
const CONNECT_WITHIN_MS = 5 * SECOND;
const ANSWER_WITHIN_MS = 30 * SECOND;
/** Sockets to the server: uploads and downloads of all images at work, and clients that read through the API. */
const MAX_SOCKETS = 256;

/** For how long an address holds to which clients are sent: three times as long as they may remember it. */
const EXPIRES_AFTER_SECONDS = 3600;

/** The least that S3 allows for a part of a large file; a stream shorter than it is one call. */
const PART_BYTES = 5 * MEBIBYTE;
/**
 * Files removed at once, one call each: `DeleteObjects` takes a thousand, but Google's and Swift's S3 refuse it, and removing
 * costs no money.
 */
const REMOVED_AT_ONCE = 16;

/** Where the bucket is, and what clients are told. */
export type S3Options = Pick<
  Settings,
  'S3_BUCKET' | 'S3_REDIRECTS' | 'S3_ENDPOINT' | 'S3_REGION' | 'S3_PATH_STYLE' | 'S3_PREFIX' | 'S3_PUBLIC_URL'
> & {
  /** Called at each use: with `PORT=0` the address is known only after the start. */
  publicUrl: () => string;
};

type Sdk = typeof import('@aws-sdk/client-s3') & typeof import('@aws-sdk/lib-storage');

/**
 * Files in a bucket of Amazon S3, or of any server that speaks its protocol. Clients get them from `S3_PUBLIC_URL` (a CDN, or
 * the bucket itself), or else through the API. Credentials are found as the AWS SDK does: in its environment variables, its
 * files, or the role of the machine. They need `GetObject`, `PutObject`, `DeleteObject`, `AbortMultipartUpload` and, so that a
 * missing file is told from a forbidden one, `ListBucket`.
 */
export class S3FileStorage extends FileStorage {
  private loaded?: Promise<{ sdk: Sdk; client: S3Client }>;

  constructor(private readonly options: S3Options) {
    super();
  }

  /**
   * Tries everything that the work needs, so that a wrong setting is known at the start and not at the first image.
   * @throws SettingsError that names the setting; UnavailableError `STORAGE_UNAVAILABLE` where the server does not answer
   */
  async onModuleInit(): Promise<void> {
    const { sdk, client } = await this.connect();
    const Bucket = this.options.S3_BUCKET;
    const Key = this.nameOf(`check/${crypto.randomUUID()}`);
    const steps = [
      ['find it', () => client.send(new sdk.HeadBucketCommand({ Bucket }))],
      [
        'write to it',
        () => client.send(new sdk.PutObjectCommand({ Bucket, Key, Body: Buffer.from('check') })),
      ],
      ['read from it', () => client.send(new sdk.HeadObjectCommand({ Bucket, Key }))],
      ['delete from it', () => client.send(new sdk.DeleteObjectCommand({ Bucket, Key }))],
    ] as const;
    for (const [what, step] of steps) {
      try {
        await step();
      } catch (error) {
        throw wrongSetting(what, error) ?? storageUnavailable(error);
      }
    }
  }

  async put(key: string, content: Buffer | Readable, details: FileDetails): Promise<void> {
    const object = {
      Bucket: this.options.S3_BUCKET,
      Key: this.nameOf(key),
      ContentType: details.contentType,
      ...(details.cacheSeconds === undefined
        ? {}
        : { CacheControl: `public, max-age=${details.cacheSeconds}, immutable` }),
    };
    if (Buffer.isBuffer(content)) {
      await this.call(({ sdk, client }) =>
        client.send(new sdk.PutObjectCommand({ ...object, Body: content, ContentLength: content.length })),
      );
    } else await this.putStream(object, content);
  }

  async open(key: string, range?: ByteRange): Promise<StoredFile | null> {
    const found = await this.find(({ sdk, client }) =>
      client.send(
        new sdk.GetObjectCommand({
          Bucket: this.options.S3_BUCKET,
          Key: this.nameOf(key),
          ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
        }),
      ),
    );
    return found && { ...headOf(found), content: found.Body as Readable };
  }

  async read(key: string): Promise<Buffer | null> {
    const found = await this.open(key);
    return found && this.call(() => buffer(found.content));
  }

  async head(key: string): Promise<FileHead | null> {
    const found = await this.find(({ sdk, client }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: this.options.S3_BUCKET, Key: this.nameOf(key) })),
    );
    return found && headOf(found);
  }

  async copy(from: string, to: string): Promise<boolean> {
    const { S3_BUCKET } = this.options;
    const copied = await this.find(({ sdk, client }) =>
      client.send(
        new sdk.CopyObjectCommand({
          Bucket: S3_BUCKET,
          Key: this.nameOf(to),
          CopySource: `${S3_BUCKET}/${encodeURI(this.nameOf(from))}`,
        }),
      ),
    );
    return copied !== null;
  }

  async deleteMany(keys: string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE)
      await Promise.all(keys.slice(at, at + REMOVED_AT_ONCE).map((key) => this.delete(key)));
  }

  /** In the bucket itself a file has one name. */
  urlOf(key: string, name: string | null = null): string {
    const { S3_PUBLIC_URL, publicUrl } = this.options;
    return S3_PUBLIC_URL
      ? `${S3_PUBLIC_URL.replace(/\/+$/, '')}/${this.nameOf(key)}`
      : `${publicUrl()}/images/${namedKey(key, name)}`;
  }

  override temporaryUrlOf(key: string): Promise<string | null> {
    if (this.options.S3_REDIRECTS === 'off') return Promise.resolve(null);
    return this.call(async ({ sdk, client }) => {
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      const command = new sdk.GetObjectCommand({ Bucket: this.options.S3_BUCKET, Key: this.nameOf(key) });
      return getSignedUrl(client, command, { expiresIn: EXPIRES_AFTER_SECONDS });
    });
  }

  async *list(): AsyncGenerator<ListedFile> {
    const { S3_BUCKET, S3_PREFIX } = this.options;
    for (let token: string | undefined, isFirst = true; isFirst || token; isFirst = false) {
      const page = await this.call(({ sdk, client }) =>
        client.send(
          new sdk.ListObjectsV2Command({ Bucket: S3_BUCKET, Prefix: S3_PREFIX, ContinuationToken: token }),
        ),
      );
      for (const { Key = '', Size = 0 } of page.Contents ?? [])
        yield { key: Key.slice(S3_PREFIX.length), bytes: Size };
      token = page.NextContinuationToken;
    }
  }

  async ping(): Promise<void> {
    await this.call(({ sdk, client }) =>
      client.send(new sdk.HeadBucketCommand({ Bucket: this.options.S3_BUCKET })),
    );
  }

  /** Closes the connections; called by Nest when everything has ended. */
  async onApplicationShutdown(): Promise<void> {
    if (this.loaded) (await this.loaded).client.destroy();
  }

  private async delete(key: string): Promise<void> {
    // S3 says yes where there is no such file; Swift says 404.
    await this.find(({ sdk, client }) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.options.S3_BUCKET, Key: this.nameOf(key) })),
    );
  }

  /** In parts, so that its length need not be known; nothing is stored before the last part has arrived. */
  private async putStream(object: Omit<PutObjectCommandInput, 'Body'>, content: Readable): Promise<void> {
    let sourceFault: unknown;
    content.once('error', (error) => (sourceFault = error));
    await this.call(async ({ sdk, client }) => {
      const upload = new sdk.Upload({
        client,
        params: { ...object, Body: content },
        partSize: PART_BYTES,
        queueSize: 2,
      });
      await upload.done();
    }).catch((error: unknown) => {
      content.destroy();
      throw sourceFault ?? error;
    });
  }

  private nameOf(key: string): string {
    return this.options.S3_PREFIX + key;
  }

  /** As {@link call}, but null where there is no such file. */
  private find<T>(call: (connection: { sdk: Sdk; client: S3Client }) => Promise<T>): Promise<T | null> {
    return this.call((connection) =>
      call(connection).catch((error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      }),
    );
  }

  private async call<T>(work: (connection: { sdk: Sdk; client: S3Client }) => Promise<T>): Promise<T> {
    const connection = await this.connect();
    try {
      return await work(connection);
    } catch (error) {
      throw storageUnavailable(error);
    }
  }

  private connect(): Promise<{ sdk: Sdk; client: S3Client }> {
    return (this.loaded ??= this.load());
  }

  /** Only where it is used: reading the SDK takes some tenths of a second. */
  private async load(): Promise<{ sdk: Sdk; client: S3Client }> {
    const sdk = { ...(await import('@aws-sdk/client-s3')), ...(await import('@aws-sdk/lib-storage')) };
    const { S3_ENDPOINT, S3_REGION, S3_PATH_STYLE } = this.options;
    const client = new sdk.S3Client({
      ...(S3_ENDPOINT ? { endpoint: S3_ENDPOINT, region: S3_REGION ?? 'us-east-1' } : {}),
      ...(S3_REGION ? { region: S3_REGION } : {}),
      forcePathStyle: S3_PATH_STYLE ? S3_PATH_STYLE === 'on' : Boolean(S3_ENDPOINT),
      maxAttempts: MAX_TRIES,
      // The checksums that newer SDKs add by themselves are refused by servers that do not know them yet.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_WITHIN_MS,
        requestTimeout: ANSWER_WITHIN_MS,
        httpAgent: { maxSockets: MAX_SOCKETS },
        httpsAgent: { maxSockets: MAX_SOCKETS },
      },
    });
    return { sdk, client };
  }
}

function headOf(found: Pick<GetObjectCommandOutput, 'ContentLength' | 'ContentType'>): FileHead {
  return {
    bytes: found.ContentLength ?? 0,
    contentType: found.ContentType ?? 'application/octet-stream',
  };
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException> | null)?.$metadata?.httpStatusCode;
}

function isMissing(error: unknown): boolean {
  const { name } = error as Error;
  return name === 'NoSuchKey' || name === 'NotFound' || (statusOf(error) === 404 && name !== 'NoSuchBucket');
}

/** What the operator has to change, or null where nothing is wrong with the settings. */
function wrongSetting(what: string, error: unknown): SettingsError | null {
  const { name, message, code } = error as Error & { code?: string };
  const status = statusOf(error);
  if (name === 'CredentialsProviderError')
    return new SettingsError(
      'There are no credentials for S3_BUCKET: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.',
    );
  if (/region is missing/i.test(message)) return new SettingsError('S3_REGION is not set, nor AWS_REGION.');
  if (status === 404)
    return new SettingsError('S3_BUCKET: there is no such bucket; make it, or correct the name.');
  if (status === 403 || status === 401)
    return new SettingsError(`S3_BUCKET: the credentials do not allow to ${what} (${name}).`);
  if (status === 301 || name === 'PermanentRedirect')
    return new SettingsError('S3_REGION: the bucket lies in another region.');
  const [unreachable] = /ENOTFOUND|ECONNREFUSED|EAI_AGAIN/.exec(`${code} ${message}`) ?? [];
  return unreachable ? new SettingsError(`S3_ENDPOINT can't be reached (${unreachable}).`) : null;
}
