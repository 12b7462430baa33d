import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { csvOf } from '../app/client.js';
import type { Engine } from '../app/engines.js';
import { usePage } from '../app/suite.js';
import { photo } from '../servers/image-origin.js';
import { until } from '../wait.js';
import { openPage } from './browser.js';

/** As `usePage`, with pictures to be judged, and what is done with a request whose results are. */
export function useJudging(engine: Engine) {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
    '/lamp.jpg': await photo(240, 240, 3),
    '/glass.png': await sharp(randomBytes(160 * 120 * 4), { raw: { width: 160, height: 120, channels: 4 } })
      .png()
      .toBuffer(),
  }));
  const uploadedFile = async (csv: string, fields: object = {}) => {
    const { json } = await suite.app.client.form('/upload', csv, { measure: 'similarity', ...fields });
    await suite.app.client.completed(json.request_id);
    return json.request_id as string;
  };
  return {
    suite,
    uploadedFile,
    uploaded: (rows: [string, string[]][]) => uploadedFile(csvOf(rows)),
    openResult: (id: string, options = {}) =>
      openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`, options),
  };
}

/** Notes whatever is read aloud in the comparison: the next text may replace it at once. */
export const listenInDialog = (page: Page) =>
  page.evaluate(`{
    globalThis.heard = [];
    const region = document.querySelector('dialog [role=status]');
    const listen = () => heard.push(region.textContent);
    new MutationObserver(listen).observe(region, { childList: true, characterData: true, subtree: true });
  }`);

/** Returns when a text that begins so was read aloud since {@link listenInDialog}. */
export const heard = (page: Page, text: string) =>
  until(() => page.evaluate(`heard.some((each) => each.startsWith(${JSON.stringify(text)}))`));
