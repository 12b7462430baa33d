// Reads a workbook twice, as an upload does, writes it with results in a column of their own, and says how many products and images
// it has, and the most memory that took.
import { createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openInputTable, outputWorkbook } from '../../../dist/src/tables/tables.js';

const [, , file, output] = process.argv;
const table = await openInputTable(file);
let products = 0;
let images = 0;
for (let time = 0; time < 2; time++) {
  products = images = 0;
  for await (const { rows } of table.batches()) {
    products += rows.length;
    for (const { urls } of rows) images += urls.length;
  }
}
const texts = (rows) =>
  Promise.resolve(rows.map(({ urls }) => urls.map((url) => url.replace('img', 'results'))));
await pipeline(outputWorkbook(file, table.layout, 'added', texts), createWriteStream(output));
// `process.resourceUsage()` would count what the process that began this one had.
const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(JSON.stringify({ products, images, megabytes: Math.round(kilobytes / 1024) }));
