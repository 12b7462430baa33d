import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { barriersOf, describeInBrowser, openPage } from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

/** A line of pixels: none may have more than 100,000. */
const ribbon = (width: number): Promise<Buffer> =>
  sharp({ create: { width, height: 1, channels: 3, background: 'white' } })
    .png()
    .toBuffer();

describeInBrowser('the page, after a file is done', (engine) => {
  let isAway = true;
  let isLate = true;
  let isOver = false;
  const held: ServerResponse[] = [];
  const suite = usePage(engine, async () => {
    const mug = await photo(320, 240);
    return {
      '/mug.jpg': mug,
      ...Object.fromEntries(
        [1, 2, 3, 4].map((number) => [
          `/late/${number}.jpg`,
          (_request: unknown, response: ServerResponse) =>
            void (isLate ? response.writeHead(404).end() : response.end(mug)),
        ]),
      ),
      ...Object.fromEntries(
        [1, 2].map((number) => [
          `/later/${number}.jpg`,
          (_request: unknown, response: ServerResponse) => {
            if (!isOver) response.writeHead(404).end();
            else if (number === 1) response.end(mug);
            else held.push(response);
          },
        ]),
      ),
      '/here/1.jpg': mug,
      '/here/2.jpg': mug,
      '/broken.jpg': Buffer.from('no picture'),
      '/ribbon.png': await ribbon(100_001),
      '/away.jpg': (_request, response) => void (isAway ? response.writeHead(404).end() : response.end(mug)),
    };
  });

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const uploaded = async (...paths: string[]) => {
    const id = await suite.app.client.accepted(csvOf([['Mug', paths.map((path) => suite.origin.url(path))]]));
    await suite.app.client.completed(id);
    return id;
  };

  const hasEnded = (id: string) =>
    until(async () => {
      const { json } = await suite.app.client.get(`/requests/${id}`);
      return json.run === 2 && json.is_final;
    });

  it('tries failed images again, and shows the results in their places', async () => {
    const id = await uploaded('/mug.jpg', '/away.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('Not found').first().waitFor();
    isAway = false;

    await button(page, /^Try again: Not found/).click();
    await page.getByRole('heading', { name: '1 image failed' }).waitFor({ state: 'detached' });
    await button(page, 'Compare before and after: Mug, picture 2 of 2, line 2').waitFor();
    expect(await page.getByText(/^line 2 · http/).count()).toBe(2);

    expect((await suite.app.client.get(`/requests/${id}`)).json).toMatchObject({
      run: 2,
      outcome: 'succeeded',
    });
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('says while images are tried again how many of them have ended', async () => {
    const id = await uploaded('/mug.jpg', '/later/1.jpg', '/later/2.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('Not found').first().waitFor();
    isOver = true;

    await button(page, /^Try again: Not found/).click();
    await button(page, 'Start now').click();

    await page.locator('.progress').getByText('1 of 2 have ended').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await until(() => held.length === 1);
    held[0].end(await photo(320, 240));
    await hasEnded(id);
    await page.locator('.progress').getByText('have ended').waitFor({ state: 'detached' });
    await page.close();
  });

  it('tries images of one reason again at corrected addresses, and leaves the others', async () => {
    const id = await uploaded('/mug.jpg', '/gone/1.jpg', '/gone/2.jpg', '/broken.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('Not found').first().waitFor();

    await button(page, /^Correct the links: Not found/).click();
    const link = page.getByRole('textbox', { name: 'Mug, picture 2' });
    expect(await link.evaluate((field) => field.matches(':focus'))).toBe(true);
    await button(page, 'Try the corrected links').click();
    await page.getByText('Correct a link first').first().waitFor();
    await link.fill((await link.inputValue()).replace('gone', 'here'));
    await button(page, 'Do this to the other one').click();
    expect(await barriersOf(page)).toEqual([]);
    await page.goto(`${suite.app.client.url}/#/requests`);
    await link.waitFor({ state: 'detached' });
    await page.goBack();
    await button(page, /^Correct the links: Not found/).click();
    expect(await link.inputValue()).toContain('/here/1.jpg');
    await button(page, 'Try 2 corrected links').click();
    await button(page, 'Start now').click();
    await page.getByRole('heading', { name: '1 image failed' }).waitFor();
    await button(page, 'Compare before and after: Mug, picture 3 of 4, line 2').waitFor();
    await hasEnded(id);

    expect(
      (await suite.app.client.images(id)).map(({ input_url: url, status }) => [
        new URL(url).pathname,
        status,
      ]),
    ).toEqual([
      ['/mug.jpg', 'done'],
      ['/here/1.jpg', 'done'],
      ['/here/2.jpg', 'done'],
      ['/broken.jpg', 'failed'],
    ]);
    await page.close();
    // In another browser, too: the service knows what was corrected.
    const { page: other } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await other.getByText('“Your own file with the corrected links” has no new links').waitFor();
    const source = other.getByRole('link', { name: 'Your own file with the corrected links' });
    const [download] = await Promise.all([other.waitForEvent('download'), source.click()]);
    expect(download.suggestedFilename()).toBe('products-source.csv');
    expect(await readFile(await download.path(), 'utf8')).toContain('/here/1.jpg');
    expect(await barriersOf(other)).toEqual([]);
    await other.close();
  });

  it('runs a file again with the addresses that were corrected and the names of its results', async () => {
    const csv = csvOf([['Mug', ['/mug.jpg', '/gone/3.jpg'].map((path) => suite.origin.url(path))]]);
    const fields = { image_name: '{product}-{n}' };
    const { request_id: id } = (await suite.app.client.form('/upload', csv, fields)).json;
    await suite.app.client.completed(id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await button(page, /^Correct the links: Not found/).click();
    const link = page.getByRole('textbox', { name: 'Mug, picture 2' });
    await link.fill('gone/3.jpg');
    await page.getByText('Write the whole link').waitFor();
    expect(await link.getAttribute('aria-invalid')).toBe('true');
    // A field is one picture: two links in it start nothing, and stay to be corrected.
    const two = ['/here/1.jpg', '/here/2.jpg'].map((path) => suite.origin.url(path)).join(', ');
    await link.fill(two);
    await button(page, 'Try the corrected link').click();
    await page.getByText('Write one link here: this is one picture.').first().waitFor();
    expect(await link.inputValue()).toBe(two);
    expect((await suite.app.client.get(`/requests/${id}`)).json.run).toBe(1);
    await link.fill(suite.origin.url('/here/1.jpg'));
    await button(page, 'Try the corrected link').click();
    await button(page, 'Compare before and after: Mug, picture 2 of 2, line 2').waitFor();

    await button(page, 'Run again').click();
    await button(page, 'Compress 2 images').click();
    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();
    await page.getByText('Options used: Quality 50, named by product and number').waitFor();

    const again = new URL(page.url()).hash.split('/').at(-1)!;
    expect(again).not.toBe(id);
    const urls = (await suite.app.client.images(again)).map(({ input_url: url }) => new URL(url).pathname);
    expect(urls).toEqual(['/mug.jpg', '/here/1.jpg']);
    expect((await suite.app.client.get(`/requests/${again}`)).json.image_name).toBe('{product}-{n}');
    const output = await suite.app.client.get(`/requests/${again}/output.csv`);
    expect(output.text.split('\n')[0].match(/Output Image Urls/g)).toHaveLength(1);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('chooses a range of failed images, deselects one, and tries the others again', async () => {
    const id = await uploaded('/mug.jpg', '/late/1.jpg', '/late/2.jpg', '/late/3.jpg', '/late/4.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}?show=failed`);
    const box = (name: string) => page.getByRole('checkbox', { name: `Choose ${name}` });

    await box('Mug, picture 2 of 5, line 2').click();
    await box('Mug, picture 5 of 5, line 2').click({ modifiers: ['Shift'] });
    const bar = page.locator('.chosen-bar');
    await bar.getByText('4 of 5 chosen').waitFor();
    await box('Mug, picture 3 of 5, line 2').click();
    await bar.getByText('3 of 5 chosen').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    isLate = false;
    const again = bar.getByRole('button', { name: 'Try 3 failed again' });
    await again.click();
    await page.getByText('3 images will be tried again in ten seconds.').waitFor();
    expect(await again.count()).toBe(0);
    expect(await barriersOf(page)).toEqual([]);
    await button(page, 'Undo').click();
    await again.waitFor();
    expect((await suite.app.client.get(`/requests/${id}`)).json.run).toBe(1);
    await again.click();
    await button(page, 'Start now').click();
    await page.getByRole('heading', { name: '1 image failed' }).waitFor();
    await hasEnded(id);

    expect((await suite.app.client.images(id)).map(({ status }) => status)).toEqual([
      ...['done', 'done', 'failed', 'done', 'done'],
    ]);
    await page.close();
  });

  it('offers nothing that was tried again until the service has answered', async () => {
    const id = await uploaded('/gone/1.jpg', '/gone/2.jpg', '/broken.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    const asked: string[] = [];
    await page.route(/\/retry$/, async (route) => {
      asked.push(route.request().postData() ?? '');
      await held;
      await route.continue();
    });

    await button(page, /^Try again: Not a picture/).click();
    await until(() => asked.length === 1);
    // With the one that is being tried, that would be three.
    await button(page, 'Try all of them again').waitFor({ state: 'detached' });
    expect(await button(page, /^Try again: /).count()).toBe(0);
    answer();
    await hasEnded(id);

    await button(page, 'Try all of them again').click();
    await page.getByText('3 images will be tried again in ten seconds.').waitFor();
    await page.close();
  });

  it('says once what to do about a reason at several hosts, and what is taken of images with numbers', async () => {
    const csv = csvOf([
      ['Mug', [suite.origin.url('/broken.jpg'), 'http://10.1.1.1/a.jpg', 'http://10.1.1.2/b.jpg']],
      ['Ribbon', [suite.origin.url('/ribbon.png')]],
    ]);
    const id = await suite.app.client.accepted(csv);
    await suite.app.client.completed(id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('A side of the image has 100,001 pixels; at most 100,000 are taken.').waitFor();

    expect(await page.locator('.failure h3').allTextContents()).toEqual([
      '1 Not a public address at 10.1.1.1',
      '1 Not a public address at 10.1.1.2',
      expect.stringContaining('Too many pixels'),
      expect.stringContaining('Not a picture'),
    ]);
    expect(await page.getByText('These addresses are not on the public internet.').count()).toBe(1);
    await page.close();
  });

  it('finds a product by its name without accents', async () => {
    const id = await suite.app.client.accepted(
      csvOf(['Café Mug', 'Tea Mug', 'CAFE\u0301 CUP'].map((name) => [name, [suite.origin.url('/mug.jpg')]])),
    );
    await suite.app.client.completed(id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('3 images', { exact: true }).waitFor();

    for (const text of ['cafe', 'CAFÉ', 'cafe\u0301']) {
      await page.getByRole('searchbox').fill('');
      await page.getByText('3 images', { exact: true }).waitFor();
      await page.getByRole('searchbox').fill(text);
      await page.getByText('2 of 3 images').waitFor();
    }
    await page.close();
  });

  it('tries many images again although the page is left before', async () => {
    const id = await uploaded('/gone/1.jpg', '/gone/2.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);

    await button(page, 'Try all of them again').click();
    await page.getByText('2 images will be tried again').waitFor();
    await page.goto('about:blank');

    await hasEnded(id);
    await page.close();
  });

  it('deletes a file, which can be undone for ten seconds', async () => {
    const id = await uploaded('/mug.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`);
    const link = page.locator(`a[href="#/requests/${id}"]`);
    const card = page.getByRole('listitem').filter({ has: link });
    const remove = card.getByRole('button', { name: 'Delete products.csv' });

    await remove.click();
    await link.waitFor({ state: 'detached' });
    await button(page, 'Undo').click();
    await link.waitFor();
    expect((await suite.app.client.get(`/requests/${id}`)).status).toBe(200);
    await remove.click();
    await page.goto('about:blank'); // whoever leaves has seen that it is deleted

    await until(async () => (await suite.app.client.get(`/requests/${id}`)).status === 404);
    await page.close();
  });
});
