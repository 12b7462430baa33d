import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { workbookWithPaths } from '../tables/tables.js';
import { isWorkbook, type Wish, withoutExtension } from './arguments.js';
import type { Client, Request } from './client.js';
import { Progress } from './progress.js';
import { withService } from './service.js';

const DOWNLOADS = 8;
/** Of a digest of 128 bits, in file names. */
const DIGEST_LENGTH = 16;
/** What a URL of a result has no part of. */
const ADDRESS = /https?:\/\/[^\s,;"'|<>()[\]]+/g;

/** Compresses the images of a file and writes the file with their new addresses. */
export async function compress(wish: Wish): Promise<'done' | 'imagesFailed'> {
  return withService(wish, async (client) => {
    const id = await client.upload(wish.file, wish.fields);
    const request = await follow(client, id);
    await writeOutput(client, request, wish);
    if (request.counts.failed > 0)
      await write(errorsFile(wish), await client.bytes(`/requests/${id}/errors.csv`));
    console.log(wish.isJson ? JSON.stringify(result(request, wish)) : summary(request, wish));
    return request.counts.failed > 0 ? 'imagesFailed' : 'done';
  });
}

async function follow(client: Client, id: string): Promise<Request> {
  const progress = new Progress();
  let last: Request | undefined;
  for await (const request of client.follow(id)) progress.show((last = request));
  progress.end();
  return last!;
}

async function writeOutput(client: Client, { id }: Request, wish: Wish): Promise<void> {
  const { output, imageFolder } = wish;
  const isBook = isWorkbook(output);
  const content = await client.bytes(`/requests/${id}/output.${isBook ? 'xlsx' : 'csv'}`);
  if (imageFolder === null) return write(output, content);
  const names = await download(client, id, imageFolder);
  const folder = path.relative(path.dirname(output), imageFolder).split(path.sep).join('/');
  const paths = new Map([...names].map(([url, name]) => [url, folder === '' ? name : `${folder}/${name}`]));
  if (!isBook) return write(output, csvWithPaths(content, paths));
  const { layout } = await client.dryRun(wish.file, wish.fields);
  await writeWorkbook(output, content, layout!.sheet!, paths);
}

/** Stores the results in the folder, but those that are there already. @returns their names by URL */
async function download(client: Client, id: string, folder: string): Promise<Map<string, string>> {
  await mkdir(folder, { recursive: true });
  const names = new Map<string, string>();
  const running = new Set<Promise<void>>();
  for await (const { outputs } of client.images(id))
    for (const { url } of outputs) {
      if (names.has(url)) continue;
      const name = nameOf(url);
      names.set(url, name);
      const task = store(client, url, path.join(folder, name)).finally(() => running.delete(task));
      running.add(task);
      if (running.size >= DOWNLOADS) await Promise.race(running);
    }
  await Promise.all(running);
  return names;
}

async function store(client: Client, url: string, file: string): Promise<void> {
  const isThere = await stat(file).catch(() => null);
  if (!isThere) await write(file, await client.bytes(url));
}

/** `…/<digest>/mug.jpg` is `mug-<digest>.jpg`: one folder for all, and equal pictures are one file. */
function nameOf(url: string): string {
  const [digest, file] = new URL(url).pathname.split('/').slice(-2);
  const { name, ext } = path.parse(decodeURIComponent(file));
  return `${name}-${digest.slice(0, DIGEST_LENGTH)}${ext}`;
}

/** The text of a file with paths in place of URLs; every other byte stays, whatever its encoding is. */
function csvWithPaths(csv: Buffer, paths: Map<string, string>): Buffer {
  const encoding = csv[0] === 0xff && csv[1] === 0xfe ? 'utf16le' : 'latin1';
  const text = csv.toString(encoding).replace(ADDRESS, (url) => {
    const file = paths.get(url);
    return file === undefined ? url : Buffer.from(file).toString(encoding === 'latin1' ? 'latin1' : 'utf8');
  });
  return Buffer.from(text, encoding);
}

/** A workbook is read from the disk, part by part. */
async function writeWorkbook(
  output: string,
  content: Buffer,
  sheet: string,
  paths: Map<string, string>,
): Promise<void> {
  const source = `${output}.downloaded`;
  try {
    await write(source, content);
    await write(output, workbookWithPaths(source, sheet, paths));
  } finally {
    await rm(source, { force: true });
  }
}

/** A reader never sees half of a file, and a crash leaves none. */
async function write(file: string, content: Buffer | AsyncIterable<Buffer>): Promise<void> {
  await writeFile(`${file}.partial`, content);
  await rename(`${file}.partial`, file);
}

function errorsFile({ output }: Wish): string {
  return `${withoutExtension(output)}-errors.csv`;
}

/** The links of a request lead nowhere once a service of our own has ended. */
function result(request: Request, { server }: Wish): object {
  return server === null ? { ...request, links: undefined } : request;
}

function summary({ counts, bytes }: Request, wish: Wish): string {
  const { output, imageFolder } = wish;
  const saved = bytes.saved_percent === null ? '' : `, ${bytes.saved_percent} % saved`;
  const lines = [
    `${counts.done} of ${counts.images} images done: ${megabytes(bytes.input)} became ${megabytes(bytes.output - bytes.renditions)}${saved}.`,
    `${output} has the new addresses${imageFolder === null ? '' : `, ${imageFolder} the images`}.`,
  ];
  if (counts.failed > 0) lines.push(`${counts.failed} failed: ${errorsFile(wish)} says why.`);
  return lines.join('\n');
}

function megabytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
