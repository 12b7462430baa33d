import { relationshipsPart } from '../parts/relationships.js';
import { Workbook } from '../workbook.js';
import { WorkbookZip } from '../parts/workbook-zip.js';
import { escaped } from './cell-xml.js';
import { rewrittenZip } from './rewritten-zip.js';

/** A URL in XML, up to what ends it there or in a list. Those of results hold nothing that XML spells otherwise. */
const ADDRESS = /https?:\/\/[^\s,;"'|<>()[\]&]+/g;

/**
 * A workbook with the paths of files in the place of URLs, in the cells of one sheet and behind their links; all else byte for byte.
 * @param paths by URL, relative to the folder of the workbook, with `/` between their parts
 * @throws WorkbookError
 */
export async function* workbookWithPaths(
  file: string,
  sheetName: string,
  paths: ReadonlyMap<string, string>,
): AsyncGenerator<Buffer> {
  const sheet = (await Workbook.open(file)).sheets.find(({ name }) => name === sheetName);
  if (!sheet) throw new Error(`the workbook has no sheet ${sheetName}`);
  const zip = await WorkbookZip.open(file);
  try {
    const links = relationshipsPart(sheet.part);
    const linksTo = new Map([...paths].map(([url, path]) => [url, encodeURI(path)]));
    yield* rewrittenZip(
      zip,
      new Map([
        [sheet.part, () => withPaths(zip.read(sheet.part), paths)],
        [links, () => withPaths(zip.read(links), linksTo)],
      ]),
    );
  } finally {
    zip.close();
  }
}

async function* withPaths(
  content: AsyncIterable<Buffer>,
  paths: ReadonlyMap<string, string>,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const changed = (text: string) =>
    Buffer.from(text.replace(ADDRESS, (url) => escaped(paths.get(url) ?? url)));
  let text = '';
  for await (const bytes of content) {
    text += decoder.decode(bytes, { stream: true });
    const end = text.lastIndexOf('>') + 1; // no address goes on behind it
    yield changed(text.slice(0, end));
    text = text.slice(end);
  }
  yield changed(text + decoder.decode());
}
