import type { Browser, Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import {
  barriersOf,
  describeInBrowser,
  dropFile,
  launchBrowser,
  openPage,
  overflowOf,
} from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import type { Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { freePort } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';

describeInBrowser('the page in a browser', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let browser: Browser;
  let port: string;
  let isHolding = true;
  const held: (() => void)[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    port = String(await freePort());
    app = await startApp(installation, { PORT: port });
    origin = await serveImages({
      '/mug.jpg': await photo(320, 240),
      '/vase.jpg': await photo(300, 400, 2),
      '/held.jpg': (_request, response) => {
        if (isHolding) held.push(() => response.writeHead(404).end());
        else response.writeHead(404).end();
      },
    });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    for (const release of held) release();
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const open = async (hash = '', options = {}) => openPage(browser, `${app.client.url}/${hash}`, options);
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const mixed = () =>
    csvOf([
      ['Blue Mug', [origin.url('/mug.jpg'), origin.url('/gone.jpg')]],
      ['Vase', [origin.url('/vase.jpg')]],
    ]);
  /** Uploads by the API, and gives the address of the page about it. */
  const uploaded = async (csv: string) => {
    const id = await app.client.accepted(csv);
    await app.client.completed(id);
    return `#/requests/${id}`;
  };

  it('leads from the sample to the downloaded file', async () => {
    const { page, complaints } = await open();

    await button(page, 'Try the sample').click();
    await page.getByText('This is a preview: nothing is made yet.').waitFor();
    await button(page, 'Compress 8 images').click();
    await page.getByText(/% smaller$/).waitFor();
    await page.getByText('8 images', { exact: true }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Spreadsheet with new links' }).click(),
    ]);

    const [zip] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'All images (ZIP)' }).click(),
    ]);

    expect(zip.suggestedFilename()).toBe('products-images.zip');
    expect((await readFile(await zip.path())).subarray(0, 2).toString()).toBe('PK');
    const text = await readFile(await download.path(), 'utf8');
    expect(text.split('\n')[0]).toBe('S. No.,Product Name,Input Image Urls,Output Image Urls');
    expect(text.match(/\/images\/[^",]+/g)).toHaveLength(8);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('takes a file that is dropped anywhere, and stores nothing before the start', async () => {
    const { page } = await open();
    const before = (await app.client.get('/requests?limit=100')).json.items.length;

    await dropFile(page, 'drop.csv', mixed());
    await button(page, 'Compress 3 images').waitFor();

    expect((await app.client.get('/requests?limit=100')).json.items).toHaveLength(before);
    await button(page, 'Compress 3 images').dblclick();
    await page.getByRole('heading', { name: '1 image failed' }).waitFor();
    expect((await app.client.get('/requests?limit=100')).json.items).toHaveLength(before + 1);
    await page.close();
  });

  it('takes rows that are pasted, shows the faults, and goes on without them', async () => {
    const { page } = await open();
    const rows = ['Product\tImage URL', `Mug\t${origin.url('/mug.jpg')}`, 'Towel\tphotos/towel.jpg'];

    await button(page, 'Paste rows').click();
    await page.getByRole('textbox').fill(rows.join('\n'));
    await button(page, 'Look at these rows').click();
    await page.getByText('1 row with faults').waitFor();
    await page.getByRole('cell', { name: /only a part of an address/ }).waitFor(); // which is one
    await button(page, 'Compress 1 image, skip 1 faulty row').click();
    await page.getByRole('link', { name: 'List of errors' }).waitFor();
    await page.close();
  });

  it('takes rows that are pasted without the line of column names, and loses none', async () => {
    const { page } = await open();
    const rows = ['a', 'b'].map((name) => `Mug ${name}\t12.50\t${origin.url('/mug.jpg')}`);

    await button(page, 'Paste rows').click();
    await page.getByRole('textbox').fill(rows.join('\n'));
    await button(page, 'Look at these rows').click();

    await button(page, 'Compress 2 images').waitFor();
    await page.getByText('Image URL 3').first().waitFor();
    await page.close();
  });

  it('says in words why a file is refused', async () => {
    const { page } = await open();

    await dropFile(page, 'page.csv', '<!doctype html><html><body>Please log in</body></html>');

    await page
      .getByRole('alert')
      .getByText(/web page/)
      .waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('groups failures by reason and host, and shows those of a group', async () => {
    const { page } = await open(await uploaded(mixed()));

    await page.getByText('Not found').first().waitFor();
    await button(page, 'Show it').click();
    await page.getByText('1 of 3 images').waitFor();

    expect(new URL(page.url()).hash).toMatch(/show=failed&code=HTTP_404&host=127/);
    await page.reload();
    await page.getByText('1 of 3 images').waitFor();
    await page.getByText('Only: Not found').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await button(page, 'Show all reasons').click();
    await page.getByText('Only: Not found').waitFor({ state: 'detached' });
    expect(new URL(page.url()).hash).not.toMatch(/code=|host=/);
    await page.close();
  });

  it('shows the true state after a reload and after a restart of the service, and cancels', async () => {
    const { page } = await open();
    await dropFile(page, 'held.csv', csvOf([['A', [origin.url('/mug.jpg'), origin.url('/held.jpg')]]]));
    await button(page, 'Compress 2 images').click();
    await page.getByText('50%', { exact: true }).waitFor();

    await page.reload();
    await page.getByText('50%', { exact: true }).waitFor();
    await app.close();
    await page.getByText(/does not answer/).waitFor();
    app = await startApp(installation, { PORT: port });
    await page.getByText(/does not answer/).waitFor({ state: 'detached' });
    const cancelled = page.waitForResponse(/cancel$/); // else the held image may be done first
    await button(page, 'Cancel held.csv').click();
    await cancelled;
    isHolding = false;
    for (const release of held.splice(0)) release();

    await page.getByText('Cancelled. 1 of 2 images were done and are kept.').waitFor();
    await listen(page);
    await button(page, 'Go on with the rest').click();
    // The one that was held has failed meanwhile, or was cancelled.
    const isGoingOn = (text: string) => text.startsWith('Going on with 1 image');
    await until(async () => (await spokenOn(page)).some(isGoingOn));
    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();
    await page.close();
  });

  it('compares results, the worst first, by keys alone', async () => {
    const { page } = await open(`${await uploaded(mixed())}?sort=worst`);
    await button(page, /^Compare/)
      .first()
      .focus();
    const heading = page.getByRole('dialog').getByRole('heading');

    await page.keyboard.press('Enter');
    const slider = page.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    const text = await slider.getAttribute('aria-valuetext');
    const first = await heading.textContent();
    await page.keyboard.press('j');
    const second = await heading.textContent();
    await page.keyboard.press('k');
    const third = await heading.textContent();
    await page.keyboard.press('1');
    const isFull = await button(page, '100% (1)').getAttribute('aria-pressed');
    await page.keyboard.press('Escape');

    expect(text).toBe('51% original, 49% result');
    expect(new Set([first, second])).toEqual(new Set(['Blue Mug, picture 1 of 2, line 2', 'Vase']));
    expect(third).toBe(first);
    expect(isFull).toBe('true');
    await until(async () => (await page.evaluate('document.activeElement.className')) === 'thumbnail');
    await page.close();
  });

  it('takes keys that come faster than the screen is drawn', async () => {
    const { page } = await open(`${await uploaded(mixed())}?sort=worst`);
    await button(page, /^Compare/)
      .first()
      .click();
    await page.getByText('1 of 2', { exact: true }).waitFor();
    const places: string[] = await page.evaluate(`(async () => {
      const places = [];
      for (const key of ['j', 'k', 'j']) {
        dispatchEvent(new KeyboardEvent('keydown', { key }));
        await null; // what has changed is drawn into the page, and not yet onto the screen
        await null;
        places.push(document.querySelector('.compare-head .quiet').textContent);
      }
      return places;
    })()`);

    expect(places).toEqual(['2 of 2', '1 of 2', '2 of 2']);
    await page.close();
  });

  it('draws only what is seen of 2,000 images, and finds one of them', async () => {
    const urls = Array.from({ length: 2000 }, (_, index) => origin.url(`/mug.jpg?${index % 7}`));
    const rows = Array.from({ length: 400 }, (_, i): [string, string[]] => [
      `Mug ${i}`,
      urls.slice(5 * i, 5 * i + 5),
    ]);
    const { page } = await open(await uploaded(csvOf(rows)));
    await page.getByText('2,000 images', { exact: true }).waitFor();

    const drawn = await page.getByRole('row').count();
    await page.getByRole('searchbox').fill('mug 399');
    await page.getByText('5 of 2,000 images').waitFor();

    expect(drawn).toBeLessThan(60);
    await page.close();
  });

  it('goes from the file to the result by the keyboard alone', async () => {
    const { page } = await open();
    const reach = async (name: RegExp) => {
      for (let count = 0; count < 150; count++) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate<string>('document.activeElement.textContent');
        if (name.test(focused)) return;
      }
      throw new Error(`not reached: ${name}`);
    };

    await reach(/^Try the sample/);
    await page.keyboard.press('Enter');
    await button(page, 'Compress 8 images').waitFor();
    await reach(/^Compress 8/);
    await page.keyboard.press('Enter');
    await button(page, 'Judge the worst first').waitFor();
    await reach(/^Spreadsheet with new links/);
    const spoken = /^Finished: 8 of 8 images done, 0 failed, \d/;
    await page.locator('.unseen').filter({ hasText: spoken }).waitFor({ state: 'attached' });
    await page.close();
  });

  it.each([
    ['wide and light', { width: 1200 }],
    ['wide and dark', { width: 1200, isDark: true }],
    ['360 pixels wide', { width: 360 }],
  ])('has no barrier that axe finds, and no sideways scrolling, %s', async (_, options) => {
    const hash = await uploaded(mixed());
    const { page } = await open('', options);
    const found: Record<string, unknown> = {};
    const look = async (name: string) => {
      const barriers = await barriersOf(page);
      const overflow = await overflowOf(page);
      if (barriers.length > 0 || overflow > 0) found[name] = { barriers, overflow };
    };

    await page.getByText('Recent files').waitFor();
    await look('start');
    await button(page, 'Paste rows').click();
    await look('paste');
    await page.keyboard.press('Escape');
    await dropFile(page, 'faults.csv', `${mixed()}3,Towel,photos/towel.jpg\n`);
    await page.getByText('1 row with faults').waitFor();
    await page.getByText('Numbers and more settings').click();
    await look('preview');
    await page.goto(`${app.client.url}/${hash}`);
    await button(page, /^Compare/)
      .first()
      .waitFor();
    await look('result');
    await page.goto(`${app.client.url}/${hash}?view=tiles`);
    await button(page, /^Compare/)
      .first()
      .waitFor();
    await look('tiles');
    expect(await page.getByRole('list', { name: 'Results' }).getByRole('listitem').count()).toBe(3);
    await button(page, /^Compare/)
      .first()
      .click();
    await page.getByRole('slider').waitFor();
    await look('compare');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(`${app.client.url}/#/requests`);
    await page.getByText('products.csv').first().waitFor();
    await look('history');
    await page.goto(`${app.client.url}/#/requests/none`);
    await page.getByRole('alert').waitFor();
    await look('missing');

    expect(found).toEqual({});
    await page.close();
  });
});
