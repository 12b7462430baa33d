import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, dropFile, openPage, overflowOf } from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

describeInBrowser('the page on a phone', (engine) => {
  const suite = usePage(engine, async () => ({
    '/poster.jpg': await photo(900, 1200),
    '/mug.jpg': await photo(1000, 800, 2),
    '/lamp.jpg': await photo(240, 240, 3),
  }));

  const LONG = 'Concert poster of the summer festival in the old town signed by all of the band';
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const boxOf = async (page: Page, selector: string) => (await page.locator(selector).first().boundingBox())!;
  const uploaded = async (rows: [string, string[]][], fields: object = {}) => {
    const csv = csvOf(rows.map(([name, paths]) => [name, paths.map((path) => suite.origin.url(path))]));
    const { json } = await suite.app.client.form('/upload', csv, { measure: 'similarity', ...fields });
    await suite.app.client.completed(json.request_id);
    return json.request_id as string;
  };
  const open = async (id: string, [width, height] = [360, 740]) => {
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`, {
      width,
      isTouched: true,
    });
    await page.setViewportSize({ width, height });
    return page;
  };

  it('shows the middle of a large picture at 100%, with the divider on what is seen', async () => {
    const page = await open(await uploaded([['Poster', ['/poster.jpg', '/mug.jpg']]]));
    await button(page, 'Judge the worst first').tap();
    await button(page, '100%').tap();
    const stage = page.locator('.stage');
    const scrolled = () => stage.evaluate(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop]);
    const isSeen = async (selector: string) => {
      const [part, whole] = [await boxOf(page, selector), await boxOf(page, '.stage')];
      return part.x >= whole.x && part.x + part.width <= whole.x + whole.width;
    };
    const [left, top] = await scrolled();
    expect(Math.min(left, top)).toBeGreaterThan(100);
    const line = await boxOf(page, '.pair-line');

    const { x, y } = await boxOf(page, '.stage');
    await page.mouse.move(x + 100, y + 80);
    await page.mouse.down();
    await page.mouse.move(x + 40, y + 50, { steps: 3 });
    await page.mouse.up();

    expect(await scrolled()).toEqual([left + 60, top + 30]);
    expect((await boxOf(page, '.pair-line')).x).toBe(line.x);
    for (const part of ['.pair-label-before', '.pair-label-after', '.pair-line'])
      expect(await isSeen(part)).toBe(true);
    await page.mouse.move(line.x, line.y + line.height / 2);
    await page.mouse.down();
    await page.mouse.move(line.x + 80, line.y + line.height / 2, { steps: 3 });
    await page.mouse.up();
    expect(Math.round((await boxOf(page, '.pair-line')).x - line.x)).toBeCloseTo(80, -1);
    expect(await scrolled()).toEqual([left + 60, top + 30]);
    await page.close();
  });

  it('keeps the buttons at their place while pictures are judged', async () => {
    const page = await open(
      await uploaded([
        ['Poster', ['/poster.jpg']],
        [LONG, ['/mug.jpg', '/lamp.jpg']],
      ]),
    );
    await button(page, 'Judge the worst first').tap();
    const better = page.getByRole('button', { name: 'Better quality', exact: true });
    const place = await better.boundingBox();

    for (let count = 1; count <= 2; count++) {
      await better.tap();
      await page.getByText(`${count} of 3 judged`).waitFor();
      expect(await better.boundingBox()).toEqual(place);
    }
    await page.locator('.redo-notes li').nth(1).waitFor();
    expect(await better.boundingBox()).toEqual(place);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });

  it('shows picture and buttons together where the phone lies on its side', async () => {
    const id = await uploaded([['Poster', ['/poster.jpg', '/mug.jpg']]]);
    const page = await open(id, [740, 360]);
    await button(page, 'Judge the worst first').tap();
    await until(async () => (await boxOf(page, 'dialog .pair')).height > 300);

    for (const name of ['Keep', 'Better quality', 'Use the original', 'Undo']) {
      const { y, height } = (await page.getByRole('button', { name, exact: true }).boundingBox())!;
      expect(y + height).toBeLessThan(360);
    }
    const numbers = page.locator('.compare-numbers');
    expect(await numbers.textContent()).toMatch(/ became .+% alike\.$/);
    const { y, height } = (await numbers.boundingBox())!;
    expect(height).toBeGreaterThan(10);
    expect(y + height).toBeLessThan(360);
    expect(await numbers.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });

  it('says that a better quality is larger than the bytes that were asked for, and marks it', async () => {
    const id = await uploaded([['Poster', ['/poster.jpg', '/mug.jpg']]], { target: 'bytes:50000' });
    const page = await open(id);
    await button(page, 'Judge the worst first').tap();
    const better = page.getByRole('button', { name: 'Better quality', exact: true });
    await page.getByText(/can have more than the 50 KB that you asked for\.$/).waitFor();
    expect(await better.getAttribute('aria-describedby')).toBe('judge-exceeds');

    await better.tap();

    await page
      .getByText(/→ .+\. That is more than the 50 KB that you asked for\./)
      .first()
      .waitFor();
    await button(page, 'Close').tap();
    await page.getByText('larger than asked for').waitFor();
    expect(await page.getByText('larger than asked for').count()).toBe(1);
    await page.close();
  });

  it('shows in the list what tells images apart, and opens them by their names', async () => {
    const page = await open(await uploaded([[LONG, ['/poster.jpg', '/mug.jpg', '/lamp.jpg']]]));
    await page.locator('.cut-address').first().waitFor();
    const [after, saved] = [await boxOf(page, '.cell-after'), await boxOf(page, '.cell-saved')];
    expect(after.x + after.width).toBeLessThanOrEqual(saved.x);
    // What has no room is still read aloud.
    for (const role of ['columnheader', 'cell'] as const)
      expect(await page.locator('.table').getByRole(role).count()).toBeGreaterThan(6);
    await page.getByRole('columnheader', { name: 'Before' }).waitFor({ state: 'attached' });

    await button(page, 'Tiles').tap();
    const number = page.locator('.tile-name').getByText('picture 2 of 3');
    await number.waitFor();
    const [end, tile] = [(await number.boundingBox())!, await page.locator('.tile').nth(1).boundingBox()];
    expect(end.y + end.height).toBeLessThan(tile!.y + tile!.height);
    await number.tap();
    await page.getByRole('dialog').getByRole('heading', { name: 'picture 2 of 3' }).waitFor();
    await page.close();
  });

  it('begins at the left of all rows where the first faulty cell is seen', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url, { width: 360, isTouched: true });
    const rows = [`${suite.origin.url('/mug.jpg')},Mug,4,white`, 'photos/lamp.jpg,Lamp,9,black'];
    await dropFile(page, 'rows.csv', ['Image URL,Title,Price,Colour', ...rows, ''].join('\n'));
    await button(page, 'All rows').tap();
    await page.getByRole('cell', { name: 'white' }).waitFor();

    const table = page.getByRole('region', { name: 'Rows of the file' });
    expect(await table.evaluate(({ scrollLeft }) => scrollLeft)).toBe(0);
    expect((await boxOf(page, '.faulty-cell')).x).toBeLessThan(180);
    await page.close();
  });

  it('is read without sideways scrolling, and without bars above it, magnified four times', async () => {
    const gone = '/gone/a-picture-with-a-rather-long-name.jpg';
    const id = await uploaded([[LONG, ['/poster.jpg', '/mug.jpg', gone]]]);
    const { page } = await openPage(suite.browser, suite.app.client.url, { width: 320 });
    await page.setViewportSize({ width: 320, height: 256 });
    const wide: string[] = [];
    const look = async (name: string) => {
      if ((await overflowOf(page)) > 0) wide.push(name);
    };
    const goTo = async (hash: string, heading: string) => {
      await page.goto(`${suite.app.client.url}/#/${hash}`);
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    };

    await page.getByText('Recent files').waitFor();
    await look('start');
    const urls = [suite.origin.url('/mug.jpg'), 'photos/lamp.jpg'];
    await dropFile(page, 'long.csv', csvOf(urls.map((url) => [LONG, [url]])));
    await button(page, /^Compress/).waitFor();
    await look('preview');
    const bar = await boxOf(page, '.start-bar');
    await button(page, 'All rows').click();
    await page.getByRole('region', { name: 'Rows of the file' }).waitFor();
    await look('all rows');
    await goTo(`requests/${id}`, 'Results');
    await look('request');
    await page.getByRole('checkbox', { name: /picture 2 of 3/ }).check();
    const [chosen, table] = [await boxOf(page, '.chosen-bar'), await boxOf(page, '.table')];
    await look('chosen');
    await button(page, 'Tiles').click();
    await look('tiles');
    await goTo('requests', 'History');
    await button(page, /^Delete/)
      .first()
      .waitFor();
    await look('history');
    await goTo('webhooks', 'Webhooks');
    await look('webhooks');

    expect(wide).toEqual([]);
    expect(bar.y).toBeGreaterThan(256);
    expect(chosen.y + chosen.height).toBeLessThanOrEqual(table.y);
    await page.close();
  });

  it('leaves the last of the chosen images and every button free', async () => {
    const gone = Array.from({ length: 12 }, (_, i) => `/gone/a-picture-with-a-rather-long-name-${i}.jpg`);
    const page = await open(await uploaded([['Mug', ['/mug.jpg', ...gone]]]));
    await button(page, /^Correct the links/).tap();
    const link = page.getByRole('textbox', { name: /^Mug, picture 2/ });
    const hidden = await link.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight);
    expect(hidden).toBeLessThanOrEqual(0);
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await page.getByRole('checkbox', { name: 'Choose Mug, picture 13 of 13' }).tap();
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    const [row, bar] = [
      await page.locator('.table-row').last().boundingBox(),
      await boxOf(page, '.chosen-bar'),
    ];
    expect(row!.y + row!.height).toBeLessThanOrEqual(bar.y);
    expect(bar.height).toBeLessThan(100);

    await button(page, 'Delete').first().tap();
    await button(page, 'Undo').waitFor();
    await dropFile(page, 'next.csv', csvOf([['Mug', [suite.origin.url('/mug.jpg')]]]));
    await button(page, 'Compress 1 image').waitFor();
    const [notice, start] = [await boxOf(page, '.notice'), await boxOf(page, '.start-bar')];
    expect(notice.y + notice.height).toBeLessThanOrEqual(start.y);
    await button(page, 'Undo').tap();
    await page.close();
  });
});
