import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';

/** A bucket of a test's own, on the server that TEST_S3_URL names. */
export class TestBucket {
  readonly name = `test-${randomUUID()}`;
  private readonly client: S3Client;

  private constructor(private readonly endpoint: string) {
    this.client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  }

  static async open(endpoint: string): Promise<TestBucket> {
    const bucket = new TestBucket(endpoint);
    await bucket.client.send(new CreateBucketCommand({ Bucket: bucket.name }));
    return bucket;
  }

  /** What a process of the service needs to use the bucket; credentials are in the environment. */
  settings(): { S3_BUCKET: string; S3_ENDPOINT: string } {
    return { S3_BUCKET: this.name, S3_ENDPOINT: this.endpoint };
  }

  head(key: string): Promise<HeadObjectCommandOutput> {
    return this.client.send(new HeadObjectCommand({ Bucket: this.name, Key: key }));
  }

  async keys(): Promise<string[]> {
    const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket: this.name }));
    return Contents.map(({ Key }) => Key!);
  }

  /** Removes every file. A container of Swift shows what was deleted a moment ago; that is gone already. */
  async empty(): Promise<void> {
    for (let keys = await this.keys(); keys.length > 0; keys = await this.keys())
      for (const Key of keys)
        await this.client.send(new DeleteObjectCommand({ Bucket: this.name, Key })).catch(() => undefined);
  }

  async remove(): Promise<void> {
    await this.empty();
    await this.client.send(new DeleteBucketCommand({ Bucket: this.name }));
    this.client.destroy();
  }
}

/** A suite on a real object storage; skipped where there is none, which is a failure with CI=true (scripts/test.mjs). */
export function describeOnS3(name: string, tests: (open: () => Promise<TestBucket>) => void): void {
  const endpoint = process.env.TEST_S3_URL;
  if (endpoint) describe(`${name} (S3)`, () => tests(() => TestBucket.open(endpoint)));
  else describe.skip(`${name} (S3)`, () => it('needs TEST_S3_URL', () => undefined));
}
