import type { Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { barriersOf, describeInBrowser, dropFile, openPage, overflowOf } from '../../helpers/page/browser.js';
import { listen, spokenOn } from '../../helpers/page/live-regions.js';
import { shopExport } from '../../helpers/page/shop-export.js';
import { photo } from '../../helpers/servers/image-origin.js';
import { usePage } from '../../helpers/app/suite.js';
import { until } from '../../helpers/wait.js';
import { rowOf, workbookOf } from '../../helpers/tables/workbooks.js';

describeInBrowser('the page, before a file is uploaded', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
  }));

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

  it('mends the faults of an export in place, and gives the corrected file back', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'export.csv', shopExport(suite.origin));
    await page.getByText('2 rows with faults').waitFor();
    await listen(page);

    await page.keyboard.press('F8');
    await page.keyboard.type('typed by mistake');
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.value')).toBe('photos/towel.jpg');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('photos/cloth.jpg');
    await page.keyboard.press('Enter');
    const wrong = (text: string) => /^Image URL on line 3 is still wrong\. .*address/.test(text);
    await until(async () => (await spokenOn(page)).some(wrong));
    await page.keyboard.press('F8');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(suite.origin.url('/mug.jpg'));
    await page.keyboard.press('Enter');
    await page.getByText('1 row with faults').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(suite.origin.url('/vase.jpg'));
    await page.keyboard.press('Enter');
    await button(page, /^Compress \d images$/).waitFor();
    // The focus is not lost with its cell.
    await until(() => page.evaluate(`document.activeElement.matches('.mended')`));

    expect(await page.getByText('with faults').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('takes a workbook, mends its cells, and gives it back mended and with the results', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    const rows =
      rowOf(1, 'S. No.', 'Product Name', 'Image URL') +
      rowOf(2, '1', 'Mug', suite.origin.url('/mug.jpg')) +
      rowOf(3, '2', 'Vase', 'photos/vase.jpg') +
      rowOf(4, '3', 'Lamp', 'photos/lamp.jpg');
    await dropFile(page, 'spring.xlsx', await workbookOf({ sheets: [{ name: 'Spring', rows }] }));
    const cell = page.getByLabel('Image URL on row 3');
    await cell.waitFor();
    await button(page, 'Remove row 3').waitFor();
    expect(await barriersOf(page)).toEqual([]);

    await cell.fill(suite.origin.url('/vase.jpg'));
    await cell.press('Enter');
    await button(page, 'Remove row 4').click();
    await page.getByText('a row that you remove stays as an empty row').waitFor();
    await button(page, 'Compress 2 images').waitFor();
    const save = button(page, 'Download the corrected file');
    const [mended] = await Promise.all([page.waitForEvent('download'), save.click()]);
    expect(mended.suggestedFilename()).toBe('spring.xlsx');
    expect((await readFile(await mended.path())).subarray(0, 2).toString()).toBe('PK');

    await button(page, 'Compress 2 images').click();
    const link = page.getByRole('link', { name: 'Spreadsheet with new links' });
    await link.waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);

    await page.getByText(/^row 3 · http/).waitFor();
    await button(page, 'Compare before and after: Vase, row 3').waitFor();
    expect(download.suggestedFilename()).toBe('spring-output.xlsx');
    expect((await readFile(await download.path())).subarray(0, 2).toString()).toBe('PK');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('gives the corrected file as a download', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'export.csv', shopExport(suite.origin));
    await button(page, /^Put https/).click();
    await page.getByText('1 row with faults').waitFor();

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Download the corrected file').click(),
    ]);

    const text = await readFile(await download.path(), 'utf8');
    expect(text).toContain('lamp,Lamp,https://www.example.com/lamp.jpg\r\n');
    expect(text).toContain('towel,"Towel, white",photos/towel.jpg\r\n');
    await page.close();
  });

  it('makes no link of a word when others are made links by what is put before them', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = ['a,A,n/a', 'b,B,127.0.0.1:9/mug.jpg', 'c,C,127.0.0.1:9/vase.jpg'];
    await dropFile(page, 'words.csv', ['Handle,Title,Image URL', ...rows, ''].join('\n'));
    await page.getByText('3 rows with faults').waitFor();

    for (let times = 0; times < 3; times++) await page.keyboard.press('F8');
    await page.keyboard.press('Home');
    await page.keyboard.type('http://');
    await page.keyboard.press('Enter');
    await button(page, 'Do this to the other one').click();

    await page.getByText('1 row with faults').waitFor();
    expect(await page.locator('.mendable').inputValue()).toBe('n/a');
    await page.getByText('1 cell changed.').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Z');
    await page.getByText('is taken back by “Take back all changes”').waitFor({ state: 'attached' });
    await page.close();
  });

  it('offers for other cells nothing that did not mend the first one', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = ['a,A,photos/mug.jpg', 'b,B,photos/vase.jpg'];
    await dropFile(page, 'paths.csv', ['Handle,Title,Image URL', ...rows, ''].join('\n'));
    await page.getByText('2 rows with faults').waitFor();

    await page.keyboard.press('F8');
    await page.keyboard.press('Home');
    await page.keyboard.type('my/');
    await page.keyboard.press('Enter');

    await page.getByText(/is still wrong/).waitFor({ state: 'attached' });
    expect(await button(page, 'Do this to the other one').count()).toBe(0);
    await page.close();
  });

  it('shows in a cell what was done to it from elsewhere, and changes nothing when it is left', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'two.csv', 'Image URL\nphotos/c.jpg\nphotos/d.jpg\n');
    const [first, second] = [2, 3].map((line) => page.getByLabel(`Image URL on line ${line}`));
    await first.fill('ftp://example.com/photos/c.jpg');
    await first.press('Enter');
    await page.getByText('1 cell changed.').waitFor();

    await button(page, 'Take back all changes').click();
    await until(async () => (await first.inputValue()) === 'photos/c.jpg');
    await first.press('Enter');
    await second.fill('photos/e.jpg');
    await second.press('Enter');

    await page.getByText('1 cell changed.').waitFor();
    expect(await first.inputValue()).toBe('photos/c.jpg');
    await page.close();
  });

  it('does to all faults of a kind what was done to one, leaves a row out, and uploads the rest', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = Array.from({ length: 4 }, (_, index) => `p${index},Product ${index},mug.jpg?${index}`);
    const undo = (text: string) =>
      page.locator('.notice').filter({ hasText: text }).last().getByRole('button', { name: 'Undo' }).click();
    await dropFile(
      page,
      'paths.csv',
      ['Handle,Title,Image URL', ...rows, 'x,X,ftp://example.com/x.jpg', ''].join('\n'),
    );
    await page.getByText('5 rows with faults').waitFor();

    await page.keyboard.press('F8');
    await page.keyboard.press('Home');
    await page.keyboard.type(`${suite.origin.url('/')}`);
    await page.keyboard.press('Enter');
    await button(page, 'Do this to all 3 such').click();
    await page.getByText('1 row with faults').waitFor();
    await undo('3 cells changed.');
    await page.getByText('4 rows with faults').waitFor();
    await button(page, 'Do this to all 3 such').click();
    await page.getByText('1 row with faults').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await button(page, 'Remove line 6').click();
    await page.getByText('row with faults').waitFor({ state: 'detached' });
    await undo('1 row removed: the file that you get back comes without it.');
    await page.getByText('1 row with faults').waitFor();
    await button(page, 'Remove line 6').click();
    await button(page, 'Take line 6 in again').click();
    await page.getByText('1 row with faults').waitFor();
    await button(page, 'Remove line 6').click();
    await page.getByText('4 cells changed, 1 row removed.').waitFor();
    await button(page, 'Take back all changes').click();
    await page.getByText('5 rows with faults').waitFor();
    await undo('All changes were taken back.');
    await page.getByText('4 cells changed, 1 row removed.').waitFor();
    await button(page, 'Compress 4 images').click();
    await page.getByText('4 images', { exact: true }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /in place of the old/ }).click(),
    ]);

    const lines = (await readFile(await download.path(), 'utf8')).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'Handle,Title,Image URL',
      expect.stringMatching(/^p0,Product 0,http/),
    ]);
    expect(lines.slice(5)).toEqual(['']); // nothing of the row that was left out
    await page.close();
  });

  it('has no barrier and no sideways scrolling on a phone, with faults and without a known column', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url, { width: 360 });
    await dropFile(page, 'export.csv', shopExport(suite.origin));
    await page.getByText('2 rows with faults').waitFor();
    const found = [await barriersOf(page), await overflowOf(page)];
    const long = 'Erstes_Foto_des_Artikels_wie_es_im_Katalog_steht';
    const picture = suite.origin.url(`/mug.jpg?${'a-long-name-of-a-picture'.repeat(4)}`);
    await dropFile(page, 'july.csv', `Artikel;${long}\nBecher;${picture}\n`);
    await page.getByText('Which column holds the links').waitFor();

    expect([...found, await barriersOf(page), await overflowOf(page)]).toEqual([[], 0, [], 0]);
    const menu = page.getByRole('row', { name: long }).getByRole('combobox');
    const { x, width } = (await menu.boundingBox())!;
    expect(x + width).toBeLessThan(360);
    await menu.selectOption('Images');
    await page.getByText(/^A file needs a column of images/).waitFor();
    expect([await menu.isDisabled(), await menu.getAttribute('aria-describedby')]).toEqual([
      true,
      'columns-one-images',
    ]);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });

  it('asks for the column of images where none is known, and remembers it by the header', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const text = (path: string) => `Artikel;Foto;Preis\nBecher;${suite.origin.url(path)};4\n`;
    await dropFile(page, 'july.csv', text('/mug.jpg'));
    await page.getByText('Which column holds the links').waitFor();
    expect(await barriersOf(page)).toEqual([]);

    await page.getByLabel('Used for: Foto').selectOption('Images');
    await page.getByLabel('Used for: Artikel').selectOption('Name');
    await button(page, 'Compress 1 image').waitFor();
    await page.reload();
    await dropFile(page, 'august.csv', text('/vase.jpg'));
    await page.getByRole('heading', { name: 'august.csv' }).waitFor();
    await button(page, 'Compress 1 image').click();

    await page.getByText('Becher').waitFor();
    expect(await page.getByText('Which column holds the links').count()).toBe(0);
    await page.close();
  });
});
