import type { Page } from 'playwright-core';
import {
  barriersOf,
  coverOfFocus,
  describeInBrowser,
  dropFile,
  openPage,
  overflowOf,
} from '../../helpers/page/browser.js';
import { listen, spokenOn } from '../../helpers/page/live-regions.js';
import { photo } from '../../helpers/servers/image-origin.js';
import { usePage } from '../../helpers/app/suite.js';
import { until } from '../../helpers/wait.js';

describeInBrowser('the rows of a file on the page, before it is uploaded', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
  }));

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

  it('shows only faulty rows or all, a hundred lines at a time, and mends cells in either', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url, { width: 360 });
    const row = (index: number) => `p${index},Product ${index},${suite.origin.url(`/mug.jpg?${index}`)}`;
    const rows = Array.from({ length: 120 }, (_, index) =>
      index === 2 ? 'p2,Product 2,mug.jpg' : row(index),
    );
    await dropFile(page, 'many.csv', ['Handle,Title,Image URL', ...rows, ''].join('\n'));
    await page.getByText('1 row with faults').waitFor();
    expect(await page.getByRole('cell', { name: 'Product 3' }).count()).toBe(0);

    await button(page, 'All rows').click();
    await page.getByRole('cell', { name: 'Product 98', exact: true }).waitFor();
    const cell = (await page.locator('.faulty-cell').boundingBox())!;
    expect(cell.x + cell.width).toBeLessThanOrEqual(360);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.keyboard.press('F8');
    await page.keyboard.press('Home');
    await page.keyboard.type(suite.origin.url('/'));
    await page.keyboard.press('Enter');
    await button(page, 'Compress 120 images').waitFor();
    await page.getByRole('cell', { name: suite.origin.url('/mug.jpg'), exact: true }).waitFor();
    await button(page, 'The next 100 lines').click();
    await page.getByRole('cell', { name: 'Product 119', exact: true }).waitFor();
    await button(page, 'Hide the rows').click();
    await button(page, 'Show all rows').waitFor();

    expect(await page.getByText('with faults').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each([1200, 360])('covers nothing that has the focus, %d pixels wide', async (width) => {
    const { page } = await openPage(suite.browser, suite.app.client.url, { width });
    const cup = (index: number) => `Cup ${index},${suite.origin.url(`/mug.jpg?${index}`)},0.3 l`;
    const rows = Array.from({ length: 40 }, (_, index) => cup(index));
    await dropFile(page, 'covered.csv', ['Title,Image URL,Size', ...rows, ''].join('\n'));
    await button(page, 'Show all rows').click();
    await page.getByLabel('Image URL on line 41').focus();
    const coveredBy = async (key: string, count: number) => {
      const covered: string[] = [];
      for (let pressed = 0; pressed < count; pressed++) {
        await page.keyboard.press(key);
        const cover = await coverOfFocus(page);
        if (cover !== null) covered.push(cover);
      }
      return covered;
    };

    expect(await coveredBy('Shift+Tab', 78)).toEqual([]);
    await button(page, 'Remove line 20').press('Enter');
    await button(page, 'Undo').waitFor();
    await button(page, 'Remove line 20').waitFor({ state: 'detached' });
    expect(await coveredBy('Tab', 70)).toEqual([]);
    await page.close();
  });

  it('leads past the rows to the options by one key', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const cup = (index: number) => `Cup ${index},${suite.origin.url(`/mug.jpg?${index}`)}`;
    const rows = Array.from({ length: 40 }, (_, index) => cup(index));
    await dropFile(page, 'past.csv', ['Title,Image URL', ...rows, ''].join('\n'));
    await button(page, 'Show all rows').click();

    await button(page, /^All rows$/).focus();
    await page.keyboard.press('Tab');
    const skip = (await button(page, 'Skip these rows').boundingBox())!;
    expect(skip.width).toBeGreaterThan(60);
    expect(await coverOfFocus(page)).toBeNull();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.labels[0].textContent')).toMatch(/^Where do they go/);
    await page.close();
  });

  it('says what lines are where cells have several, and what was not read of a cell', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = [` ${suite.origin.url('/mug.jpg')} ,"Mug,\nblue"`, `${suite.origin.url('/vase.jpg')},Vase`];
    await dropFile(page, 'long.csv', ['Image URL,Title', ...rows, ''].join('\n'));
    await page.getByText('Cells were read without the blanks around them').waitFor({ state: 'attached' });

    await button(page, 'Show all rows').click();

    await page.getByText(/ Lines are those of the file as a text, not the rows of a spreadsheet: /).waitFor();
    await dropFile(page, 'short.csv', ['Image URL,Title', rows[1], ''].join('\n'));
    await page.getByRole('heading', { name: 'short.csv' }).waitFor();
    await button(page, 'Show all rows').click();
    await page.getByRole('cell', { name: 'Vase', exact: true }).waitFor();
    expect(await page.getByText(/not the rows of a spreadsheet/).count()).toBe(0);
    await page.close();
  });

  it('names the rows without images by their lines, shows them alone, and leaves them out', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url, { width: 360 });
    const cup = (index: number) => `c${index},Cup ${index},${suite.origin.url(`/mug.jpg?${index}`)}`;
    const rows = Array.from({ length: 16 }, (_, index) =>
      index % 2 ? `p${index},Plate ${index},` : cup(index),
    );
    const shown = () => page.getByRole('rowheader').allTextContents();
    await dropFile(page, 'cups.csv', ['Handle,Title,Image URL', ...rows, ''].join('\n'));
    await page.getByText('8 of them without images (lines 3, 5, 7, 9, 11 and 3 more)').waitFor();
    await button(page, 'Show all rows').waitFor();

    await button(page, 'Show 8 rows without images').click();
    await page.getByRole('cell', { name: 'Plate 15', exact: true }).waitFor();
    expect(await shown()).toEqual(['3', '5', '7', '9', '11', '13', '15', '17']);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Without images');
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await button(page, 'Remove line 5').click();
    await page.getByText('7 of them without images (lines 3, 7, 9, 11, 13 and 2 more)').waitFor();
    await until(async () => (await shown()).join() === '3,7,9,11,13,15,17');
    expect(await page.evaluate('document.activeElement.title')).toBe('Remove line 7');
    await button(page, 'All rows').click();
    await page.getByRole('cell', { name: 'Cup 2', exact: true }).waitFor();
    await button(page, 'Without images').click();
    await page.getByRole('cell', { name: 'Cup 2', exact: true }).waitFor({ state: 'detached' });
    await button(page, 'Hide the rows').click();
    await button(page, 'Show 7 rows without images').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Show 7 rows without images');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('says which row is back, and keeps in sight what has the focus when a row of a wide table is removed', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const extra = Array.from({ length: 20 }, (_, index) => `Further column ${index}`);
    const row = (name: string, url: string) => [name, ...extra.map(() => 'some text'), url].join(',');
    const rows = [row('a', suite.origin.url('/mug.jpg')), row('b', 'photos/b.jpg'), row('c', 'photos/c.jpg')];
    await dropFile(page, 'wide.csv', [['Title', ...extra, 'Image URL'].join(','), ...rows, ''].join('\n'));
    await button(page, 'All rows').click();
    await button(page, 'Remove line 2').waitFor();
    await listen(page);

    await button(page, 'Remove line 2').press('Enter');
    await page.getByText('1 row removed.').waitFor();
    await button(page, 'Remove line 2').waitFor({ state: 'detached' });
    const { x } = (await page.locator(':focus').boundingBox())!;
    expect(x).toBeGreaterThan(0);
    await page.keyboard.press('ControlOrMeta+z');

    const isBack = (text: string) => text.startsWith('Line 2 is taken in again. 2 faults left.');
    await until(async () => (await spokenOn(page)).some(isBack));
    await page.close();
  });
});
