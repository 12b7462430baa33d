import type { EntityManager } from 'typeorm';
import { type CompressionOptions, readCompressionOptions } from '../../compression/options.js';
import type { RequestStatus } from '../../database/entities/request.entity.js';
import { readRenditions, type Rendition } from '../../requests/renditions/renditions.js';

/** What of a request with open images does not change while these are worked on. */
export interface OpenRequest {
  key: number;
  /** What clients know it by. */
  id: string;
  /** Whose it is: results and their files are its owner's. */
  ownerKey: number;
  options: CompressionOptions;
  /** Further forms in which each image is made. */
  renditions: Rendition[];
  /** Whether every server is asked anew, and no earlier result is reused. */
  isFresh: boolean;
  /** For how many days what images are made of is kept; 0: not. */
  keepSourcesDays: number;
  /** Whether none of its images may have been worked on yet. */
  isNew: boolean;
  /** Whether some of its images have the same URL. */
  hasRepeats: boolean;
  imageCount: number;
}

/** A host with open images of a request. */
export interface OpenHost {
  /** In the request. */
  number: number;
  /** Its name; empty for a row that stands for several hosts, and for URLs without one. */
  server: string;
  /** Its open images when it was read. */
  open: number;
  /** Until then (`performance.now()`) none of its images is claimed. */
  restsUntil?: number;
}

const REQUEST = `
  SELECT request_key AS requestKey, id, owner_key AS ownerKey, options, renditions, status, is_fresh AS isFresh, keep_sources_days AS keepSourcesDays, repeat_count AS repeatCount,
    image_count AS imageCount
  FROM requests WHERE request_key = ? AND status IN ('Pending', 'Processing')`;

const HOSTS = `
  SELECT number, host AS server, open_count AS open FROM request_hosts
  WHERE request_key = ? AND number > ? AND open_count > 0 ORDER BY number LIMIT ?`;

interface RequestRow {
  requestKey: number;
  id: string;
  ownerKey: number;
  options: string;
  renditions: string | null;
  status: RequestStatus;
  isFresh: number;
  keepSourcesDays: number;
  repeatCount: number;
  imageCount: number;
}

/** The request, or null where it is not open. */
export async function readOpenRequest(
  manager: EntityManager,
  requestKey: number,
): Promise<OpenRequest | null> {
  const [row] = await manager.query<RequestRow[]>(REQUEST, [requestKey]);
  if (!row) return null;
  return {
    key: row.requestKey,
    id: row.id,
    ownerKey: row.ownerKey,
    options: readCompressionOptions(row.options),
    renditions: readRenditions(row.renditions),
    isFresh: row.isFresh === 1,
    keepSourcesDays: row.keepSourcesDays,
    isNew: row.status === 'Pending',
    hasRepeats: row.repeatCount > 0,
    imageCount: row.imageCount,
  };
}

/** Up to `limit` hosts with open images behind the one numbered `after`, in the order of the file. */
export function readOpenHosts(
  manager: EntityManager,
  requestKey: number,
  after: number,
  limit: number,
): Promise<OpenHost[]> {
  return manager.query<OpenHost[]>(HOSTS, [requestKey, after, limit]);
}
