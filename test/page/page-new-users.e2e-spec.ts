import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { barriersOf, describeInBrowser, dropFile, openPage } from '../helpers/page/browser.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';
import { photo } from '../helpers/servers/image-origin.js';
import { csvOf } from '../helpers/app/client.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

/** A pattern of black and white: few bytes as a PNG, and many as a JPEG. */
function drawing(side: number): Promise<Buffer> {
  const isBlack = (x: number, y: number) => x % 8 < 4 === y % 6 < 3;
  const pixels = Array.from({ length: side * side }, (_, i) =>
    isBlack(i % side, Math.floor(i / side)) ? 0 : 255,
  );
  return sharp(Buffer.from(pixels), { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toBuffer();
}

/** What people stumbled over who had the page before them for the first time. */
describeInBrowser('the page before new users', (engine) => {
  const suite = usePage(engine, async () => ({
    '/fern.jpg': await photo(700, 700),
    '/mug.jpg': await photo(600, 450, 2),
    '/drawing.png': await drawing(640),
    '/leaf.webp': await sharp(await photo(700, 700, 3))
      .webp()
      .toBuffer(),
  }));

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const imageColumns = Array.from({ length: 10 }, (_, i) => `IMAGE${i + 1}`);
  const etsyExport = () => {
    const row = (title: string, ...urls: string[]) => {
      const cells = [...urls, ...Array.from({ length: 10 - urls.length }, () => '')];
      return `"${title}",A print,16.00,USD,5,"art,print",paper,${cells.join(',')},,,,SKU`;
    };
    return [
      `TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,${imageColumns.join(',')},` +
        'VARIATION 1 TYPE,VARIATION 1 NAME,VARIATION 1 VALUES,SKU',
      row('Fern Print', suite.origin.url('/fern.jpg'), suite.origin.url('/drawing.png')),
      row('Mug', suite.origin.url('/mug.jpg'), suite.origin.url('/gone.jpg')),
      row('Bookmark', 'photos/bookmark.jpg'),
      '',
    ].join('\n');
  };

  it('takes an export of Etsy to results for Etsy, in words', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'EtsyListingsDownload.csv', etsyExport());
    await page.getByText('Etsy listings export').waitFor();

    // Rows with faults are not counted as rows; without a word they seem to be lost.
    await page.getByText('plus 1 with faults').waitFor();
    await page.getByText('and 6 more').waitFor();
    // About the service and no row: no table of a line, and no name of a setting without its meaning.
    await page.getByText(/will not be able to load the new images from this service/).waitFor();
    expect(await page.getByRole('region', { name: 'What to do' }).count()).toBe(0);
    await button(page, 'This file comes from Etsy: make the images for Etsy').click();
    const destination = page.getByLabel('Where do they go?');
    expect(await destination.inputValue()).toBe('etsy');
    expect(await destination.evaluate((field) => field.matches(':focus'))).toBe(true); // the button is gone
    await page.getByText(/^It asks for: longest side at least 635 pixels; /).waitFor();
    await destination.selectOption('amazon');
    await page.getByText(/^It asks for: longest side at least 500 pixels; /).waitFor();
    await destination.selectOption('etsy');
    await page.getByText(/^It asks for: longest side at least 635 pixels; /).waitFor();
    await page.getByText(/of 3 pictures looked at fit.* Most often: too small \(at least 635\)\.$/).waitFor();
    // Whichever of them is not there, another one is shown.
    expect(await page.getByText('This picture can not be shown').count()).toBe(0);
    await page
      .getByText(
        /^1 of 4 pictures looked at can not be used\. Not found: .+gone\.jpg – you can start all the same/,
      )
      .waitFor();
    await button(page, 'Compress 4 images, skip 1 faulty row').click();

    await page.getByRole('heading', { name: '1 image failed' }).waitFor();
    await page.getByText(/will not be able to load the new images from this service/).waitFor();
    const unfit = page.getByText('Does not fit: too small (600, at least 635)');
    await unfit.waitFor();
    await button(page, 'Tiles').click();
    await page.locator('.tile').filter({ has: unfit }).getByRole('button').click();
    await page.getByRole('dialog').filter({ has: unfit }).waitFor();
    await page.keyboard.press('Escape');
    await button(page, 'Table').click();
    // A result that is larger says so, and why.
    await page.getByText(/^\+[\d,.]+%$/).waitFor();
    const grown = page.getByText('as JPEG for Etsy larger than its source');
    await grown.waitFor();
    const larger = page.locator('.remark', { hasText: /^1 image is larger than before: another format/ });
    await larger.getByRole('button', { name: 'Show it' }).click();
    await unfit.waitFor({ state: 'detached' });
    // On a phone, too, all of it can be read.
    await page.setViewportSize({ width: 360, height: 740 });
    const state = page.locator('.cell-state', { has: grown });
    await until(() =>
      state.evaluate((cell) => cell.clientHeight > 20 && cell.scrollHeight <= cell.clientHeight),
    );
    const border = `getComputedStyle(document.querySelector('.cell-state .quiet')).borderTopWidth`;
    expect(await page.evaluate(border)).toBe('0px'); // it is no box
    await page.setViewportSize({ width: 1200, height: 800 });
    expect(await button(page, 'Try all of them again').count()).toBe(0);
    const spreadsheets = page.getByRole('link', { name: /new links/ });
    await spreadsheets.first().waitFor();
    expect(await spreadsheets.allTextContents()).toEqual([
      'Your own file with new links in place of the old ones',
      'Spreadsheet with new links in a column of their own',
    ]);
    await button(page, /^Try again: Not found/).click();
    const latest = async () => (await suite.app.client.get('/requests?limit=1')).json.items[0];
    await until(async () => (await latest()).run === 2);
    await page.close();
  });

  it('says beforehand that a marketplace does not take an original', async () => {
    const urls = ['/leaf.webp', '/fern.jpg'].map((path) => suite.origin.url(path));
    const { json } = await suite.app.client.form('/upload', csvOf([['Leaf', urls]]), { for: 'etsy' });
    await suite.app.client.completed(json.request_id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${json.request_id}`);
    const original = page.getByRole('dialog').getByRole('button', { name: /^Use the original/ });
    await button(page, /^Compare before and after: Leaf, picture 1/).click();

    await page.getByText('Etsy does not take the original: it is WEBP.').waitFor();
    expect(await original.getAttribute('aria-describedby')).toBe('judge-refused');
    await page.keyboard.press('j');
    await until(async () => (await original.getAttribute('aria-describedby')) === null);
    await page.close();
  });

  it('tells links apart that have nothing between them, and changes a link that is no fault', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const both = suite.origin.url('/fern.jpg') + suite.origin.url('/mug.jpg');
    await dropFile(page, 'glued.csv', `Handle,Image URL\na,${both}\nb,${suite.origin.url('/gone.jpg')}\n`);
    await page.getByText('Links with nothing between them were told apart').waitFor();
    await button(page, 'Compress 3 images').waitFor();

    await button(page, 'Show all rows').click();
    const link = page.getByLabel('Image URL on line 3');
    await link.fill(suite.origin.url('/mug.jpg'));
    await link.press('Enter');
    await page.getByText('1 cell changed. Your own file stays as it is.').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await button(page, 'Compress 3 images').click();

    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();
    const { items } = (await suite.app.client.get('/requests?limit=1')).json;
    expect(items[0].counts).toMatchObject({ images: 3, done: 3 });
    await page.close();
  });

  it('shows the picture that is judged on the screen of a phone', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url, { width: 360 });
    await dropFile(page, 'phone.csv', etsyExport());
    await button(page, /^Compress 4 images/).click();
    await button(page, 'Judge the worst first').click();
    await button(page, 'Keep (A)').waitFor();

    const pair = page.locator('dialog .pair');
    await until(async () => (await pair.boundingBox())!.height > 200); // both have come
    const picture = (await pair.boundingBox())!;
    const close = (await button(page, 'Close').boundingBox())!;
    expect(picture.width).toBeGreaterThan(200);
    expect(close.x + close.width).toBeLessThanOrEqual(360);
    expect((await button(page, 'Keep (A)').boundingBox())!.y).toBeLessThan(800);
    await page.close();
  });

  it('says what became of a size that a format can not reach, and goes to those images', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'small.csv', `Image URL\n${suite.origin.url('/mug.jpg')}\n`);
    await page.getByRole('radio', { name: /^At most/ }).check();
    // What is no number of kilobytes starts nothing, and is not replaced by the last one that was.
    await page.getByLabel('Kilobytes an image').fill('0');
    await button(page, 'Compress 1 image').click();
    expect(await page.getByLabel('Kilobytes an image').evaluate((field) => field.matches(':focus'))).toBe(
      true,
    );
    expect(new URL(page.url()).hash).toBe('#/new');
    await page.getByLabel('Kilobytes an image').fill('1');
    await page.getByText(/this is the nearest that JPEG can reach/).waitFor();
    await button(page, 'Compress 1 image').click();

    await page.getByText(/^1 image is not as you asked for/).waitFor();
    await button(page, 'Show it').click();

    expect(new URL(page.url()).hash).toMatch(/show=noted$/);
    const title = page.getByRole('heading', { name: 'Results' });
    expect(await title.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('keeps the file with its corrections through a reload, until it is uploaded', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'reload.csv', `Image URL\n${suite.origin.url('/mug.jpg')}\nphotos/a.jpg\n`);
    await page.getByLabel('Image URL on line 3').fill(suite.origin.url('/fern.jpg'));
    await page.getByLabel('Image URL on line 3').press('Enter');
    await button(page, 'Compress 2 images').waitFor();

    await page.getByRole('radio', { name: /^Hardly visible/ }).check();
    await page.reload();
    await page.getByText('1 cell changed. Your own file stays as it is.').waitFor();
    expect(await page.getByRole('radio', { name: /^Hardly visible/ }).isChecked()).toBe(true);
    await page.goto(`${suite.app.client.url}/#/requests`);
    await page.getByRole('link', { name: 'New file' }).click();
    await page.getByRole('link', { name: 'Go on with it' }).click();
    await button(page, 'Compress 2 images').click();
    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();
    await page.goto(`${suite.app.client.url}/#/new`);
    await page.reload();

    await page.getByText('No file is chosen.').waitFor();
    await page.close();
  });

  it('shows names and pictures on a phone that lies on its side', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await page.setViewportSize({ width: 740, height: 360 });
    await dropFile(page, 'landscape.csv', etsyExport());
    await button(page, /^Compress 4 images/).click();
    const name = page.locator('.table-row .cell-product').first();
    await name.waitFor();
    expect((await name.boundingBox())!.width).toBeGreaterThan(200);

    await button(page, 'Judge the worst first').click();
    const pair = page.locator('dialog .pair');
    await until(async () => (await pair.boundingBox())!.height > 150);
    await page.keyboard.press('a');
    await button(page, 'Undo (Z)').scrollIntoViewIfNeeded();

    const undo = (await button(page, 'Undo (Z)').boundingBox())!;
    expect(undo.x + undo.width).toBeLessThanOrEqual(740);
    await page.close();
  });

  it('says whether there is a column of links to choose', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'prices.csv', 'Ware;Preis\nMug;4\n');
    await page.getByText('No column seems to hold links.').waitFor();

    await dropFile(
      page,
      'links.csv',
      `Ware;Vorne;Hinten\nMug;${suite.origin.url('/mug.jpg')};${suite.origin.url('/fern.jpg')}\n`,
    );

    await page.getByText('Choose the column, or several, below').waitFor();
    await page.close();
  });

  it('says once that a picture fits, and writes pixels in one way', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'one.csv', `Image URL\n${suite.origin.url('/fern.jpg')}\n`);
    await page.getByLabel('Where do they go?').selectOption('Etsy');
    await page.getByLabel('Also in other widths?').selectOption('400,800,1600');
    await page.getByText(/^Also in widths 400, 800, 1600, beside the picture itself\./).waitFor();
    await page.locator('.picture-facts').getByText('Fits', { exact: true }).waitFor();

    expect(await page.getByText(/picture fits|looked at fit/).count()).toBe(0);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('leaves out rows that have no fault', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = ['Mug', 'Fern', 'Cup'].map((name) => `${name},${suite.origin.url('/mug.jpg')}`);
    await dropFile(page, 'three.csv', ['Product Name,Image URL', ...rows, ''].join('\n'));
    await button(page, 'Compress 3 images').waitFor();
    await button(page, 'Show all rows').click();

    await button(page, 'Remove line 3').click();

    await button(page, 'Compress 2 images').waitFor();
    await until(async () => (await button(page, /^Remove line/).count()) === 2);
    await page.keyboard.press('ControlOrMeta+z');
    await button(page, 'Compress 3 images').waitFor();
    await page.close();
  });

  it('says which options are as at the last start, and sets them back', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const file = `Image URL\n${suite.origin.url('/mug.jpg')}\n`;
    await dropFile(page, 'first.csv', file);
    await page.getByText('At most …').click();
    await page.getByLabel('Also in other widths?').selectOption('400,800,1600');
    await button(page, 'Compress 1 image').click();
    await page.waitForURL(/#\/requests\//);

    await page.goto(suite.app.client.url);
    await listen(page);
    await dropFile(page, 'second.csv', file);
    const last = 'As at the last start: at most 100 KB an image, also in 400, 800, 1600 wide.';
    await page.locator('.options').getByText(last).waitFor();
    expect(await spokenOn(page)).toContain(`1 row with 1 image found, 0 faults. ${last}`);
    await button(page, 'Back to the usual options').click();

    await page.getByText('As at the last start').waitFor({ state: 'detached' });
    expect(await page.getByLabel('Half the quality').isChecked()).toBe(true);
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SELECT');
    await page.evaluate('localStorage.clear()');
    await page.close();
  });
});
