import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, openPage, overflowOf } from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

describeInBrowser('the page, changing chosen pictures together', (engine) => {
  const suite = usePage(engine, async () => {
    const pictures = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => photo(240, 180, seed)));
    return Object.fromEntries(pictures.map((picture, index) => [`/${index + 1}.jpg`, picture]));
  });

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const box = (page: Page, name: string) =>
    page.getByRole('checkbox', { name: `Choose ${name}`, exact: true });
  /** A cup for each picture; the last has none. */
  const uploaded = async (...pictures: number[]) => {
    const rows = pictures.map((picture, index): [string, string[]] => [
      `Cup ${index + 1}`,
      [suite.origin.url(`/${picture}.jpg`)],
    ]);
    const id = await suite.app.client.accepted(csvOf([...rows, ['Plate', [suite.origin.url('/gone.jpg')]]]));
    await suite.app.client.completed(id);
    return id;
  };
  const openResult = async (id: string, options = {}) => {
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`, options);
    await box(page, 'Cup 1').waitFor();
    await toResults(page);
    return page;
  };
  /** Only the rows in the window are drawn. */
  const toResults = (page: Page) =>
    page.evaluate(`document.getElementById('results-title').scrollIntoView()`);
  /** Which images were asked to be made anew. */
  const callsOf = (page: Page) => {
    const seen = { redone: [] as string[] };
    page.on('request', (request) => {
      const [, number] = /\/images\/(\d+)\/redo$/.exec(request.url()) ?? [];
      if (number) seen.redone.push(number);
    });
    return seen;
  };
  /** How many calls about single images were under way at once. Each has ended here before the page hears of it, and asks the next. */
  const countAtOnce = async (page: Page) => {
    const seen = { most: 0 };
    let open = 0;
    await page.route(/\/requests\/[^/]+\/images\/\d+/, async (route) => {
      seen.most = Math.max(seen.most, ++open);
      const response = await route.fetch({ maxRetries: 3 }); // a connection that was kept may end as it is used again
      open--;
      await route.fulfill({ response });
    });
    return seen;
  };
  const heightOf = async (page: Page) => (await page.locator('.chosen-bar').boundingBox())!.height;
  const topOf = async (page: Page) => (await box(page, 'Cup 1').boundingBox())!.y;
  const sizesOf = async (id: string) =>
    (await suite.app.client.images(id)).map(({ output }) => output?.bytes as number | undefined);

  it('chooses ranges in what is listed, betters all of them, each picture once, and takes that back', async () => {
    const id = await uploaded(1, 2, 3, 4, 5, 1);
    const before = await sizesOf(id);
    const page = await openResult(id);
    const bar = page.locator('.chosen-bar');

    const top = await topOf(page);
    await box(page, 'Cup 1').click();
    await bar.waitFor();
    expect(await topOf(page)).toBe(top);
    await box(page, 'Cup 4').click({ modifiers: ['Shift'] });
    await bar.getByText('4 of 7 chosen').waitFor();
    await box(page, 'Cup 3').click();
    await box(page, 'Cup 5').click({ modifiers: ['Shift'] });
    await bar.getByText('4 of 7 chosen').waitFor();
    expect(await box(page, 'Cup 3').isChecked()).toBe(false);
    await page.getByRole('combobox', { name: 'Order' }).selectOption({ label: 'Largest result first' });
    await page.getByRole('searchbox').fill('Plate');
    await box(page, 'Cup 1').waitFor({ state: 'detached' });
    await box(page, 'Plate').click({ modifiers: ['Shift'] });
    await bar.getByText('5 of 7 chosen').waitFor();
    await page.getByRole('searchbox').fill('');
    await page.getByRole('combobox', { name: 'Order' }).selectOption({ label: 'As in the file' });
    await toResults(page);
    await box(page, 'Cup 6').click({ modifiers: ['Shift'] });
    await bar.getByText('6 of 7 chosen, 4 different pictures').waitFor();
    await button(page, 'Try 1 failed again').waitFor();
    expect(await barriersOf(page)).toEqual([]);

    const calls = callsOf(page);
    const atOnce = await countAtOnce(page);
    await listen(page);
    await button(page, 'Better quality for 4').click();
    await page.getByText('4 of 4 pictures changed.').waitFor();

    expect(calls.redone.sort()).toEqual(['1', '2', '4', '5', '6']);
    expect(atOnce.most).toBeLessThanOrEqual(4);
    const after = await suite.app.client.images(id);
    expect(after.map(({ redo }) => redo?.state ?? null)).toEqual([
      ...['done', 'done', null, 'done', 'done', 'done', null],
    ]);
    expect(after[0].quality).toBeGreaterThan(50);
    expect((await spokenOn(page)).filter((text) => text.includes('change'))).toEqual([
      '4 pictures are being changed.',
      expect.stringContaining(
        '4 of 4 pictures changed. Cup 1 and Cup 6 share one picture, and change together. ' +
          'In a shop, 5 images keep their old links until you import the file again.',
      ),
    ]);
    expect(await barriersOf(page)).toEqual([]);
    await page.keyboard.press('ControlOrMeta+z');
    await page.getByText('4 of 4 pictures taken back.').waitFor();
    expect(await sizesOf(id)).toEqual(before);
    await bar.getByText('6 of 7 chosen').waitFor();
    await page.close();
  });

  it.each([1200, 360])('covers nothing that has the focus, %d pixels wide', async (width) => {
    const id = await uploaded(...Array.from({ length: 24 }, (_, index) => (index % 8) + 1));
    const page = await openResult(id, { width });
    await box(page, 'Cup 1').click();
    await page.locator('.chosen-bar').waitFor();
    /** Of the boxes and pictures that get the focus, what covers some. */
    const coveredBy = async (key: string, count: number) => {
      const covered: string[] = [];
      for (let pressed = 0; pressed < count; pressed++) {
        await page.keyboard.press(key);
        const by = await page.evaluate<string | null>(`(() => {
          const focused = document.activeElement;
          const { x, y, width, height } = focused.getBoundingClientRect();
          const top = document.elementFromPoint(x + width / 2, y + height / 2);
          return focused.contains(top) || !focused.closest('.table-row') ? null : top?.className ?? 'nothing';
        })()`);
        if (by !== null) covered.push(by);
      }
      return covered;
    };

    expect(await coveredBy('Tab', 44)).toEqual([]);
    expect(await coveredBy('Shift+Tab', 44)).toEqual([]);
    await page.close();
  });

  it('shows what is chosen, switched on and done in the colours that the system gives', async () => {
    const page = await openResult(await uploaded(1, 2));
    await page.emulateMedia({ forcedColors: 'active' });
    const styleOf = (selector: string, name: string) =>
      page.evaluate<string>(
        `getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${name}')`,
      );
    await box(page, 'Cup 1').click();
    await page.locator('.chosen-bar').waitFor();

    expect(await styleOf('.table-row:has(:checked)', 'outline-style')).toBe('solid');
    expect(await styleOf('.table-row:not(:has(:checked))', 'outline-style')).toBe('none');
    expect(await styleOf('.switch [aria-pressed=true]', 'background-color')).not.toBe(
      await styleOf('.switch [aria-pressed=false]', 'background-color'),
    );
    expect(await styleOf('.saving-after', 'background-color')).not.toBe(
      await styleOf('.saving-before', 'background-color'),
    );
    await button(page, /^Compare/)
      .first()
      .click();
    await page.getByRole('slider').waitFor();
    expect(await styleOf('.pair-line', 'box-shadow')).not.toBe('none');
    await page.close();
  });

  it('lists what was changed when its message has gone, and takes that back', async () => {
    const id = await uploaded(1, 2, 3);
    const before = await sizesOf(id);
    const page = await openResult(id);
    await box(page, 'Cup 1').click();
    await box(page, 'Cup 2').click();
    await button(page, 'Better quality for 2').click();
    const message = page.getByText('2 of 2 pictures changed.');
    await message.waitFor();
    await page.evaluate(`location.hash = '#/requests'`); // elsewhere it would be about something else
    await message.waitFor({ state: 'detached' });
    await page.goBack();
    await page.reload();

    await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Changed afterwards' });
    await page.getByText('2 of 4 images').waitFor();
    expect(await page.locator('.cell-state').allTextContents()).toEqual(['made again', 'made again']);
    await box(page, 'Cup 1').click();
    await button(page, 'All listed').click();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await button(page, 'Take back 2 changes').click();

    await page.getByText('2 of 2 pictures taken back.').waitFor();
    await page.getByText('No image fits this filter.').waitFor();
    expect(await sizesOf(id)).toEqual(before);
    await page.close();
  });

  it('takes a second change back to the first, says so, and then to what was made at first', async () => {
    const id = await uploaded(1, 2);
    const before = await sizesOf(id);
    const page = await openResult(id);
    const first = async () => (await suite.app.client.images(id))[0];
    const better = async (quality: number) => {
      await button(page, 'Better quality for 1').click();
      await until(async () => (await first()).quality === quality);
      await page.getByText('1 of 1 picture changed.').waitFor();
    };
    await box(page, 'Cup 1').click();
    await better(65);
    await better(80);

    await button(page, 'Take back 1 change').click();
    await page
      .getByText('1 of 1 picture taken back. One is as a change before made it: take that back, too')
      .waitFor();
    expect(await first()).toMatchObject({ quality: 65, redo: { state: 'done', can_undo: false } });
    await button(page, 'Take back 1 change').click();
    await button(page, 'Take back 1 change').waitFor({ state: 'detached' });

    expect(await sizesOf(id)).toEqual(before);
    await page.locator('.cell-state').getByText('made again as at first').waitFor();
    await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Changed afterwards' });
    await page.getByText('No image fits this filter.').waitFor();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });

  it('uses the originals from the tiles of a phone', async () => {
    const id = await uploaded(6, 7);
    const page = await openResult(id, { width: 360, isTouched: true });
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await button(page, 'Tiles').tap();
    await toResults(page);
    await box(page, 'Cup 2').tap();
    await button(page, 'All listed').tap();
    await page.locator('.chosen-bar').getByText('3 of 3 chosen').waitFor();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);

    await button(page, 'Use the original for 2').tap();
    await page.getByText('2 of 2 pictures changed.').waitFor();

    const images = await suite.app.client.images(id);
    expect(images.map(({ redo }) => redo?.options.original ?? null)).toEqual([true, true, null]);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    // They are so already: nothing is changed, and nothing can be taken back.
    await button(page, 'Better quality for 2').tap();
    await page
      .getByText('0 of 2 pictures changed. 2 pictures stay as they were: nothing better came of them.')
      .waitFor();
    await button(page, 'None').tap();
    await page.locator('.chosen-bar').waitFor({ state: 'detached' });
    await page.close();
  });

  it('stops when it is told to, finishes what is under way, and takes that back', async () => {
    const id = await uploaded(1, 2, 3, 4, 5, 6, 7, 8);
    const before = await sizesOf(id);
    const page = await openResult(id);
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await page.route(/\/images\/\d+\/redo$/, async (route) => {
      await held;
      await route.continue();
    });
    await box(page, 'Cup 1').click();
    await button(page, 'All listed').click();
    const calls = callsOf(page);
    await listen(page);
    const height = await heightOf(page);

    await button(page, 'Better quality for 8').click();
    await until(() => calls.redone.length === 4);
    expect(await heightOf(page)).toBe(height);
    await page.setViewportSize({ width: 360, height: 800 });
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.evaluate(`location.hash = '#/history'`);
    await button(page, 'Stop').waitFor({ state: 'detached' });
    await page.goBack();
    await button(page, 'Stop').press('Enter');
    await button(page, 'Stopping …').press('Enter');
    goOn();
    await page.getByText('Stopped: 4 of 8 pictures changed.').waitFor();

    expect(calls.redone.sort()).toEqual(['1', '2', '3', '4']);
    expect((await spokenOn(page)).filter((text) => text.startsWith('Stop'))).toEqual([
      'Stopping: the pictures that are being changed now are still finished.',
      expect.stringContaining('Stopped: 4 of 8 pictures changed.'),
    ]);
    expect(await page.evaluate('document.activeElement === document.body')).toBe(false);
    await button(page, 'Undo').click();
    await page.getByText('4 of 4 pictures taken back.').waitFor();
    expect(await sizesOf(id)).toEqual(before);
    await page.close();
  });

  it('stops at the first that is refused, says why, and takes back what was changed', async () => {
    const id = await uploaded(1, 2, 3, 4, 5, 6, 7, 8);
    const before = await sizesOf(id);
    const page = await openResult(id);
    const sentence = 'The source of the image was fetched with headers, and neither is kept any more.';
    const body = JSON.stringify({ error: sentence, code: 'SOURCE_GONE', details: [] });
    await page.route(/\/images\/2\/redo$/, (route) =>
      route.fulfill({ status: 409, contentType: 'application/json', body }),
    );

    await box(page, 'Cup 1').click();
    await button(page, 'All listed').click();
    const calls = callsOf(page);
    await button(page, 'Better quality for 8').click();
    await page
      .getByText(
        `Stopped, because one change was refused: 3 of 8 pictures changed. Cup 2 stays as it was. ${sentence}`,
      )
      .waitFor();

    expect(calls.redone.sort()).toEqual(['1', '2', '3', '4']);
    await button(page, 'Undo').click();
    await page.getByText('3 of 3 pictures taken back.').waitFor();
    await until(async () => (await sizesOf(id)).join() === before.join());
    await page.close();
  });
});
