import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { MAIN_RENDITION } from '../../database/entities/output.entity.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { FileStorage } from '../../storage/file-storage.js';
import { namedKey } from '../../storage/named-key.js';
import { measureZip, writeZip, type ZipEntry, type ZipLength, type ZipSource } from './zip.js';

/** Images read from the database at a time: a millisecond or two of the event loop with SQLite. */
const PAGE = 500;

/** Files read ahead of the one that is being sent: a bucket answers each after some hundredths of a second … */
const FILES_AHEAD = 16;
/** … as long as they are no larger than this in all; it is what a client holds that reads nothing. */
const BYTES_AHEAD = 4 * 1024 * 1024;

interface ImageRow {
  number: number;
  line: number;
  position: number;
  /** Of the rendition. */
  name: string;
  fileKey: string;
  outputName: string | null;
  bytes: number;
}

interface ImageFile extends ZipEntry {
  key: string;
}

// `settled_no` holds the list still: images that end later, or in a later run, are not among them.
const DONE_IMAGES = `
  SELECT images.number AS number, products.line AS line, images.position AS position, outputs.name AS name,
    outputs.file_key AS fileKey, images.output_name AS outputName, outputs.bytes AS bytes
  FROM (SELECT request_key, number, product_number, position, output_name FROM images
      WHERE request_key = ? AND status = 'done' AND number > ? AND settled_no <= ? ORDER BY number LIMIT ${PAGE}) AS images
    JOIN outputs ON outputs.request_key = images.request_key AND outputs.image_number = images.number
    JOIN products ON products.request_key = images.request_key AND products.number = images.product_number
  ORDER BY images.number, outputs.name`;

/** The results of a request that there are at one moment, as one ZIP. */
export interface RequestZip extends ZipLength {
  /** Reads the files as it goes, and holds none open; it may be left at any time. Throws where one of them has gone. */
  write(): AsyncGenerator<Buffer>;
}

/** Puts the results of requests into ZIPs. */
@Injectable()
export class RequestZips {
  constructor(
    private readonly database: Database,
    private readonly storage: FileStorage,
  ) {}

  /** What the ZIP of a request is to become: its images that are done, named `<line>-<position>-<name of the output>`, in a folder for each further rendition. */
  async of(request: RequestEntity): Promise<RequestZip> {
    const source: ZipSource<ImageFile> = {
      pages: () => this.pages(request),
      contents: (files) => this.contents(files),
      modifiedAt: new Date(request.createdAt),
    };
    const length = await measureZip(source);
    return { ...length, write: () => writeZip(source, length.entries) };
  }

  private async *pages({ key, settledNo }: RequestEntity): AsyncGenerator<ImageFile[]> {
    for (let after = 0; ;) {
      const rows = await this.database.manager.query<ImageRow[]>(DONE_IMAGES, [key, after, settledNo]);
      if (rows.length === 0) return;
      yield rows.map(({ line, position, name, fileKey, outputName, bytes }) => {
        const fileName = namedKey(fileKey, outputName).replace(/^.*\//, '');
        const folder = name === MAIN_RENDITION ? '' : `${name}/`;
        return { key: fileKey, name: `${folder}${line}-${position}-${fileName}`, bytes };
      });
      after = rows[rows.length - 1].number;
    }
  }

  /** The next files are being read while one is sent. */
  private async *contents(files: ImageFile[]): AsyncGenerator<Buffer> {
    const ahead: Promise<Buffer>[] = [];
    let bytesAhead = 0;
    let next = 0;
    const hasRoom = () =>
      ahead.length === 0 || (ahead.length < FILES_AHEAD && bytesAhead + files[next].bytes <= BYTES_AHEAD);
    for (const { bytes } of files) {
      while (next < files.length && hasRoom()) {
        const content = this.read(files[next].key);
        content.catch(() => undefined); // it is awaited below, unless the reader has left by then
        ahead.push(content);
        bytesAhead += files[next++].bytes;
      }
      yield await ahead.shift()!;
      bytesAhead -= bytes;
    }
  }

  private async read(key: string): Promise<Buffer> {
    const content = await this.storage.read(key);
    if (!content) throw new Error(`the file ${key} is not in the storage`);
    return content;
  }
}
