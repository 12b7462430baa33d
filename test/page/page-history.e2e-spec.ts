import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, openPage, overflowOf } from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';
import { rowOf, workbookOf } from '../helpers/tables/workbooks.js';

describeInBrowser('the history of the page', (engine) => {
  const suite = usePage(engine, async () => ({ '/mug.jpg': await photo(320, 240) }));

  const uploaded = async (fileName: string, fields = {}, file?: Buffer) => {
    const csv = csvOf([['Mug', [suite.origin.url('/mug.jpg')]]]);
    const { json } = await suite.app.client.form('/upload', file ?? csv, fields, { fileName });
    await suite.app.client.completed(json.request_id);
    return json.request_id as string;
  };
  const card = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });

  it('does not say that nothing is here while the last entry can be taken back', async () => {
    await uploaded('only.csv');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`);
    await page.getByRole('button', { name: 'Delete only.csv' }).click();
    await card(page, 'only.csv').waitFor({ state: 'detached' });

    expect(await page.getByText('Nothing here yet').count()).toBe(0);
    await page.close();
  });

  it('reads out how many files a search has found, once and after the answer', async () => {
    await uploaded('plate.csv');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`);
    await card(page, 'plate.csv').waitFor();
    await listen(page);
    const found = async () => (await spokenOn(page)).filter((text) => text.endsWith(' found'));
    const search = page.getByRole('searchbox');

    await search.fill('plate');
    await until(async () => (await found()).length > 0);
    await search.fill('plateau');
    await until(async () => (await found()).length > 1);

    expect(await found()).toEqual(['1 file found', '0 files found']);
    await page.close();
  });

  it('finds files by words in their name or labels, and shows their options', async () => {
    await uploaded('spring-catalogue.csv', { for: 'amazon' });
    await uploaded('july.csv', { labels: '{"season":"spring"}', quality: '60', format: 'webp' });
    await uploaded('autumn.csv', { target: 'bytes:100000', max_width: '800', max_height: '800' });
    const { page, complaints } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`);
    await card(page, 'autumn.csv').waitFor();

    await page.getByRole('searchbox', { name: 'Search name, file or label' }).pressSequentially('SPRING');
    await card(page, 'autumn.csv').waitFor({ state: 'detached' });

    await card(page, 'spring-catalogue.csv').getByText('For Amazon').waitFor();
    await card(page, 'july.csv').getByText('Quality 60, format WEBP · season: spring').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await page.reload(); // the address holds the search
    await card(page, 'july.csv').waitFor();
    expect(await card(page, 'autumn.csv').count()).toBe(0);
    await page.getByRole('searchbox').fill('winter');
    await page.getByText('No file fits this filter.').waitFor();
    await page.getByLabel('Show').selectOption('Running');
    await page.getByRole('button', { name: 'Show all' }).click();
    await until(() => page.evaluate(`document.activeElement.matches('[type=search]')`));
    expect(new URL(page.url()).hash).toBe('#/requests');
    expect(await page.getByRole('button', { name: 'Show all' }).count()).toBe(0);
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
    await card(page, 'autumn.csv')
      .getByText('Size at most 100 KB an image, longest side 800 pixels')
      .waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await overflowOf(page)).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('runs a file again with its options, also a workbook', async () => {
    const rows = [rowOf(1, 'Product Name', 'Image URL'), rowOf(2, 'Mug', suite.origin.url('/mug.jpg'))];
    const workbook = await workbookOf({ sheets: [{ name: 'Winter', rows: rows.join('') }] });
    const id = await uploaded('winter.xlsx', { format: 'webp', quality: '50' }, workbook);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('Options used: Quality 50, format WEBP').waitFor();
    await page.goto(`${suite.app.client.url}/#/requests`);

    await page.getByRole('button', { name: /^Run winter\.xlsx of .+ again$/ }).click();
    await page.getByText('The sheet “Winter” of the workbook.').waitFor();
    await page.getByRole('button', { name: 'Compress 1 image' }).click();
    await page.getByText('Options used: Quality 50, format WEBP').waitFor();
    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();

    expect(new URL(page.url()).hash).not.toContain(id);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('names two uploads of one file within a minute differently', async () => {
    await uploaded('twice.csv');
    const second = () => Math.floor(Date.now() / 1000);
    const first = second();
    await until(() => second() > first);
    await uploaded('twice.csv');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests?search=twice`);
    await page
      .getByRole('button', { name: /^Delete twice\.csv/ })
      .nth(1)
      .waitFor();

    const names: string[] = await page.evaluate(
      `[...document.querySelectorAll('[title*="twice.csv of"]')].map(({ title }) => title)`,
    );

    expect(names).toHaveLength(4);
    expect(new Set(names).size).toBe(4);
    await page.close();
  });

  it('goes to the next entry when one is deleted, not to its Delete, then to the one before, and to the title where none is left', async () => {
    for (const name of ['bowl-1.csv', 'bowl-2.csv', 'bowl-3.csv']) await uploaded(name);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests?search=bowl`);
    const hasFocus = (label: string) =>
      until(async () =>
        (
          await page.evaluate<string>(
            'document.activeElement.ariaLabel ?? document.activeElement.textContent',
          )
        ).startsWith(label),
      );
    const remove = async (name: string) => {
      await page.getByRole('button', { name: `Delete ${name}` }).focus();
      await page.keyboard.press('Enter');
    };

    await remove('bowl-2.csv');
    await hasFocus('bowl-1.csv');
    await remove('bowl-1.csv');
    await hasFocus('bowl-3.csv');
    await remove('bowl-3.csv');
    await hasFocus('History');
    await page.close();
  });

  it('reads each message once, whichever others come and go', async () => {
    for (const name of ['cup-1.csv', 'cup-2.csv', 'cup-3.csv']) await uploaded(name);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests?search=cup`);
    const remove = (name: string) => page.getByRole('button', { name: `Delete ${name}` }).click();
    const message = (name: string) => page.locator('.notice', { hasText: name });
    await page.getByRole('button', { name: 'Delete cup-3.csv' }).waitFor();
    await listen(page);

    await remove('cup-1.csv');
    await remove('cup-2.csv');
    await message('cup-1.csv').getByRole('button', { name: 'Undo' }).click();
    await message('cup-1.csv').waitFor({ state: 'detached' });
    await remove('cup-3.csv');
    await message('cup-3.csv').waitFor();

    const read = (await spokenOn(page)).filter((text) => text.includes('will be deleted'));
    expect(read.map((text) => text.slice(0, 9))).toEqual(['cup-1.csv', 'cup-2.csv', 'cup-3.csv']);
    await page.close();
  });

  it('says on a phone that nothing is left, with the whole of what undoes it', async () => {
    await uploaded('a-file-with-a-rather-long-name-2026-11.csv');
    const { page, complaints } = await openPage(
      suite.browser,
      `${suite.app.client.url}/#/requests?search=rather`,
      { width: 360 },
    );
    await page.getByRole('button', { name: /^Delete a-file/ }).click();

    await page.getByText('No file fits this filter.').waitFor();
    const box = (await page.locator('.notice').boundingBox())!;
    expect([box.x >= 0, box.x + box.width <= 360]).toEqual([true, true]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await card(page, 'a-file').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});
