import path from 'node:path';
import { WorkbookError } from '../workbook-error.js';
import type { WorkbookZip } from './workbook-zip.js';
import { readXml } from './xml-reader.js';

/** What a part of a workbook refers to. */
export interface Relationship {
  id: string;
  /** The last word of its type: `worksheet`, `hyperlink`. The types of the strict format are other addresses with the same words. */
  type: string;
  /** The name of the other part, or an address outside of the file. */
  target: string;
}

const MAX_RELATIONSHIPS = 200_000;

/** Of the name of a part: longer ones are of no part that anybody wrote, and to resolve their `..` takes its time. */
const MAX_NAME_LENGTH = 1_024;

/** The part that says what this one refers to. */
export function relationshipsPart(part: string): string {
  const { dir, base } = path.posix.parse(part);
  return path.posix.join(dir, '_rels', `${base}.rels`);
}

/** The name of a part, from how another one in that folder refers to it; of none where there is no such name. */
function partName(folder: string, target: string): string {
  return target.length > MAX_NAME_LENGTH ? '' : path.posix.resolve('/', folder, target).slice(1);
}

/** What a part refers to; nothing where that is said nowhere. @throws WorkbookError */
export async function readRelationships(
  zip: WorkbookZip,
  part: string,
  signal?: AbortSignal,
): Promise<Relationship[]> {
  const found: Relationship[] = [];
  const own = relationshipsPart(part);
  if (!zip.has(own)) return found;
  const folder = path.posix.dirname(part);
  await readXml(
    zip.read(own),
    {
      open(name, { Id: id = '', Type: type = '', Target: target = '', TargetMode: mode }) {
        if (name !== 'Relationship') return;
        if (found.length === MAX_RELATIONSHIPS) throw new WorkbookError('WORKBOOK_TOO_LARGE');
        const isOutside = mode === 'External';
        found.push({
          id,
          type: type.slice(type.lastIndexOf('/') + 1),
          target: isOutside ? target : partName(folder, target),
        });
      },
    },
    signal,
  );
  return found;
}
