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
    `${counted(rows, 'row')}, ${counted(images, 'image')} (${counted(urls, 'different address', 'es')}, ${counted(hosts.total, 'host')})`,
    ...(without > 0 ? [`${counted(without, 'row')} without an image`] : []),
    ...hosts.items.map(({ host, images: count }) => `  ${host}: ${count}`),
  ];
  for (const kind of ['fault', 'warning', 'repair'] as const) {
    const { total, items } = dryRun[`${kind}s`];
    if (total === 0) continue;
    lines.push(`${counted(total, kind)}${total > items.length ? `, the first ${items.length}` : ''}:`);
    lines.push(...items.map(lineOf));
  }
  return lines.join('\n');
}

function counted(count: number, noun: string, plural = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : plural}`;
}
