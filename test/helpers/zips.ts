import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureZip, writeZip, type ZipEntry, type ZipSource } from '../../src/requests/downloads/zip.js';

/** Python's `zipfile` compares each file that it reads with its checksum. */
const LISTED = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for each in archive.infolist()[-int(sys.argv[2]):]:
    archive.read(each)
print(json.dumps([[each.filename, each.file_size, each.CRC] for each in archive.infolist()]))
`;

/**
 * Whether a Java is there whose `jar` reads a ZIP as a stream (`ZipInputStream`), from its first byte to its last. In CI it must be: a
 * test fails there rather than being left out.
 */
export const hasJava = Boolean(process.env.CI) || isThere('jar', ['--version']);

/** Has Info-ZIP's `unzip` check each file of a ZIP against its checksum. @throws Error with what it says */
export function testWithUnzip(file: string): void {
  execFileSync('unzip', ['-tqq', file], { stdio: 'pipe' });
}

/** Name, length and checksum of each file, after Python has read the last `read` of them, or all. */
export function listWithPython(file: string, read = 0): [name: string, bytes: number, checksum: number][] {
  return JSON.parse(
    execFileSync('python3', ['-c', LISTED, file, String(read)], {
      maxBuffer: 2 ** 28,
      stdio: 'pipe',
    }).toString(),
  );
}

/** The content of each file by its name, as Java's `ZipInputStream` gives it. */
export function readWithJava(file: string): Record<string, Buffer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'read-with-java-'));
  const input = openSync(file, 'r'); // no pipe: it ends before the directory, and does not read the rest
  try {
    execFileSync('jar', ['x'], { cwd: folder, stdio: [input, 'pipe', 'pipe'] });
    return Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]),
    );
  } finally {
    closeSync(input);
    rmSync(folder, { recursive: true });
  }
}

function isThere(program: string, options: string[]): boolean {
  try {
    execFileSync(program, options, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A file of a ZIP that is in memory. */
export interface HeldFile extends ZipEntry {
  content: Buffer;
}

export const fileOf = (name: string, content: Buffer): HeldFile => ({ name, bytes: content.length, content });

/** Gives `files` in pages of `pageSize`. */
export function sourceOf(files: HeldFile[], pageSize = 100): ZipSource<HeldFile> {
  return {
    async *pages() {
      for (let at = 0; at < files.length; at += pageSize) yield files.slice(at, at + pageSize);
    },
    async *contents(entries) {
      for (const { content } of entries) yield content;
    },
    modifiedAt: new Date('2026-01-31T12:34:56Z'),
  };
}

/** The whole ZIP, which is as long as was said. */
export async function zipOf(source: ZipSource<HeldFile>): Promise<Buffer> {
  const { entries, bytes } = await measureZip(source);
  const chunks: Buffer[] = [];
  for await (const chunk of writeZip(source, entries)) chunks.push(chunk);
  const zip = Buffer.concat(chunks);
  expect(zip.length).toBe(bytes);
  return zip;
}
