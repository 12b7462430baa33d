import type { ServerResponse } from 'node:http';
import Papa from 'papaparse';
import sharp from 'sharp';
import { type ImageOrigin, photo, serveImages } from '../servers/image-origin.js';
import { until } from '../wait.js';
import { type Client, csvOf } from './client.js';

const ROWS = 30;
const IMAGES_PER_ROW = 3;
const IMAGES = ROWS * IMAGES_PER_ROW;

/** An origin that answers as many requests as the test allows, and holds the others: work stands still in between. */
export class GatedOrigin {
  private readonly held: (() => void)[] = [];
  private origin!: ImageOrigin;
  private allowed = 0;
  private answered = 0;

  /** Every image is another; those whose number is a multiple of ten are a 404. */
  static async start(): Promise<GatedOrigin> {
    const gate = new GatedOrigin();
    const pictures = await Promise.all([1, 2, 3, 4].map((seed) => photo(320, 240, seed)));
    const replies = Array.from({ length: IMAGES }, (_, image) => [
      `/${image}.jpg`,
      (_request: unknown, response: ServerResponse) => {
        gate.hold(response, () => {
          if (image % 10 === 0) response.writeHead(404).end();
          else response.end(pictures[image % pictures.length]);
        });
      },
    ]);
    gate.origin = await serveImages(Object.fromEntries(replies));
    return gate;
  }

  url(path: string): string {
    return this.origin.url(path);
  }

  /** Answers so many more requests, and returns when it has, and at least one more is held. */
  async allow(count: number): Promise<void> {
    this.allowed += count;
    this.answer();
    await until(() => this.answered === this.allowed && this.held.length > 0);
  }

  /** Answers all requests from now on. */
  open(): void {
    this.allowed = Infinity;
    this.answer();
  }

  close(): Promise<void> {
    return this.origin.close();
  }

  private hold(response: ServerResponse, reply: () => void): void {
    this.held.push(reply);
    // A request of a process that was killed is no longer held.
    response.once('close', () => {
      const index = this.held.indexOf(reply);
      if (index >= 0) this.held.splice(index, 1);
    });
    this.answer();
  }

  private answer(): void {
    while (this.held.length > 0 && this.answered < this.allowed) {
      this.answered++;
      this.held.shift()!();
    }
  }
}

/** The file whose images that origin has, three a row. */
export function inputOf(origin: GatedOrigin): string {
  return csvOf(
    Array.from({ length: ROWS }, (_, row) => [
      `Product ${row}`,
      Array.from({ length: IMAGES_PER_ROW }, (_, position) =>
        origin.url(`/${row * IMAGES_PER_ROW + position}.jpg`),
      ),
    ]),
  );
}

/** Every image in its place, none lost, none counted twice, and what is said to be there is there. */
export async function expectExact(client: Client, id: string, input: string): Promise<void> {
  const { json } = await client.get(`/requests/${id}`);
  const failed = Math.ceil(IMAGES / 10);
  expect(json.counts).toEqual({
    products: ROWS,
    images: IMAGES,
    pending: 0,
    processing: 0,
    done: IMAGES - failed,
    failed,
    cancelled: 0,
  });
  const { text } = await client.get(`/requests/${id}/output.csv`);
  const rows = Papa.parse<string[]>(text.trim()).data;
  expect(rows.map((row) => row.slice(0, 3))).toEqual(Papa.parse<string[]>(input.trim()).data);
  const outputs = rows.slice(1).flatMap((row) => row[3].split(','));
  expect(outputs).toHaveLength(IMAGES);

  const images = await client.images(id);
  let bytes = 0;
  for (const [index, url] of outputs.entries()) {
    expect([index, url === '']).toEqual([index, index % 10 === 0]);
    if (url === '') continue;
    const content = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(await sharp(content).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    expect(content.length).toBe(images[index].output.bytes);
    bytes += content.length;
  }
  expect(json.bytes.output).toBe(bytes);
}
