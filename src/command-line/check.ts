import type { Wish } from './arguments.js';
import { type DryRun, lineOf } from './client.js';
import { withService } from './service.js';

/** Prints what an upload of the file would do; no image is asked for. `refused` where the file has faults. */
export async function check(wish: Wish): Promise<'done' | 'refused'> {
  const dryRun = await withService(wish, (client) => client.dryRun(wish.file, wish.fields));
  console.log(wish.isJson ? JSON.stringify(dryRun) : textOf(dryRun));
  return dryRun.faults.total === 0 ? 'done' : 'refused';
}

function textOf(dryRun: DryRun): string {
  const { rows, images, distinct_urls: urls, rows_without_images: without, hosts } = dryRun;
  const lines = [
    `${rows} rows, ${images} images (${urls} different addresses, ${hosts.total} hosts)`,
    ...(without > 0 ? [`${without} rows without an image`] : []),
    ...hosts.items.map(({ host, images: count }) => `  ${host}: ${count}`),
  ];
  for (const kind of ['faults', 'warnings', 'repairs'] as const) {
    const { total, items } = dryRun[kind];
    if (total === 0) continue;
    lines.push(`${total} ${kind}${total > items.length ? `, the first ${items.length}` : ''}:`);
    lines.push(...items.map(lineOf));
  }
  return lines.join('\n');
}
