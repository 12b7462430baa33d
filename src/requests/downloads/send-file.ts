import { Logger } from '@nestjs/common';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { shownRequestStatus } from '../request-reader.js';
import { attachment, savedName } from './attachment.js';

const logger = new Logger('Downloads');

/** A file that is made while it is sent. */
export interface SentFile {
  /** What it is, with the extension: `output.csv`. */
  ending: string;
  type: string;
  content: AsyncIterable<string | Buffer>;
  /** Its length, where that is known beforehand. */
  bytes?: number;
}

/**
 * Sends a file of a request to be saved; nothing of it is made where only its headers were asked for. Never rejects: an answer
 * that can't be ended is cut off, and logged.
 */
export async function sendFile(
  response: Response,
  request: RequestEntity,
  { ending, type, content, bytes }: SentFile,
): Promise<void> {
  response.set({
    'Content-Type': type,
    'Content-Disposition': attachment(savedName(request, ending)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Status': shownRequestStatus(request),
    ...(bytes === undefined ? {} : { 'Content-Length': String(bytes) }),
  });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(content, { highWaterMark: 1 }), response);
  } catch (error) {
    // Once the answer has begun it can't become an error: cut off, it at least can't be taken for whole.
    response.destroy();
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return; // the client left
    logger.warn(`request ${request.id}: ${ending} was cut off`, error);
  }
}
