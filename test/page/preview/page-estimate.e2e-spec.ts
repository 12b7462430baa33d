import type { Page } from 'playwright-core';
import { describeInBrowser, dropFile, openPage } from '../../helpers/page/browser.js';
import { photo } from '../../helpers/servers/image-origin.js';
import { usePage } from '../../helpers/app/suite.js';

describeInBrowser('the page, estimating what the whole file will come to', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/mug.png': await photo(320, 240),
  }));

  /** A list of so many images, each with a URL of its own unless they are repeated. */
  const listOf = (images: number, different = images) =>
    [
      'Image URL',
      ...Array.from({ length: images }, (_, i) => suite.origin.url(`/mug.jpg?${i % different}`)),
    ].join('\n');

  /** Has the service's own answers say what they took; gives what was asked of the pictures. */
  const pretend = async (
    page: Page,
    times: (isMeasured: boolean, json: { input: object; output: object }) => Record<string, unknown>,
  ) => {
    const measures: string[] = [];
    await page.route('**/preview', async (route) => {
      const body = route.request().postDataBuffer()!.toString('latin1');
      const measure = /name="measure"\r\n\r\n(\w+)/.exec(body)?.[1] ?? 'similarity';
      measures.push(measure);
      const response = await route.fetch({ maxRetries: 3 }); // a connection that was kept may end as it is used again
      const json = (await response.json()) as { input: object; output: object };
      await route.fulfill({ response, json: { ...json, ...times(measure === 'similarity', json) } });
    });
    return measures;
  };
  /** Pictures may still be on their way. */
  const close = async (page: Page) => {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.close();
  };
  const estimate = (page: Page) => page.getByText(/drawn at random/);
  const atOnce = { images: 2, downloads: 128, downloads_per_host: 16 };

  it.each([
    ['the encoder', 1_000, { fetch_milliseconds: 400, milliseconds: 1_000 }, 'in about 8 minutes'],
    ['the host of the images', 1_000, { fetch_milliseconds: 8_000, milliseconds: 100 }, 'in about 8 minutes'],
    ['nothing', 20, { fetch_milliseconds: 100, milliseconds: 100 }, 'in less than a minute'],
    [
      'an encoder that is slow',
      2_000,
      { fetch_milliseconds: 100, milliseconds: 9_000 },
      'in about 2.5 hours',
    ],
  ])('tells the time where it is decided by %s', async (_, images, times, words) => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    await pretend(page, () => ({ ...times, at_once: atOnce }));

    await dropFile(page, 'list.csv', listOf(images));

    await estimate(page).waitFor();
    expect(await estimate(page).textContent()).toMatch(
      new RegExp(`^The whole file: about \\d+% smaller, ${words}\\. This is an estimate`),
    );
    expect(complaints).toEqual([]);
    await close(page);
  });

  it('counts pictures by their bytes, and says how much they differ', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    let count = 0;
    await pretend(page, (_, { input, output }) => {
      const after = [20_000, 60_000][count++ % 2];
      return { input: { ...input, bytes: 100_000 }, output: { ...output, bytes: after } };
    });

    await dropFile(page, 'differing.csv', listOf(1_000));
    await page.getByText(/estimate from 8 pictures/).waitFor();
    expect(await estimate(page).textContent()).toMatch(
      /^The whole file: about 60% smaller, .* from 8 pictures drawn at random, which became 40 to 80% smaller\.$/,
    );

    await dropFile(page, 'few.csv', listOf(4)); // all are looked at
    const ofAll = page.getByText(/All 4 pictures were looked at; they became 40 to 80% smaller\.$/);
    await ofAll.waitFor();
    expect(await ofAll.textContent()).toMatch(/^The whole file: about 60% smaller/);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator('.look-in-short').getByText('The whole file: about 60% smaller').waitFor();
    await close(page);
  });

  it('looks at pictures of each kind as often as the file has them', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = Array.from({ length: 20 }, (_, i) =>
      suite.origin.url(`/mug.${i < 12 ? 'jpg' : 'png'}?${i}`),
    );

    await dropFile(page, 'kinds.csv', ['Image URL', ...rows].join('\n'));
    await page.getByText(/estimate from 8 pictures/).waitFor();

    expect(suite.origin.hits['/mug.png']).toBe(3);
    await close(page);
  });

  it('counts an image that is repeated once, and says no time where no worker runs', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    let workers: typeof atOnce | null = atOnce;
    await pretend(page, () => ({ fetch_milliseconds: 1, milliseconds: 6_000, at_once: workers }));

    await dropFile(page, 'repeated.csv', listOf(2_000, 20));
    await estimate(page).getByText('in about 1 minute.').waitFor();
    workers = null;
    await dropFile(page, 'alone.csv', listOf(19));

    await page.getByText(/% smaller\. This is an estimate/).waitFor();
    await close(page);
  });

  it('does not count the comparing with sources for a file whose results will not be compared', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const measures = await pretend(page, (isMeasured) => ({
      fetch_milliseconds: 1,
      milliseconds: isMeasured ? 60_000 : 400,
      at_once: atOnce,
    }));

    await dropFile(page, 'many.csv', listOf(3_000));
    await page.getByText(/estimate from 8 pictures/).waitFor();
    const words = await estimate(page).textContent();
    await page.getByRole('button', { name: 'Another picture' }).click();
    await page.getByText(/% alike/).waitFor(); // the one that is shown is compared

    expect(words).toContain('in about 10 minutes');
    expect(measures).toEqual(['similarity', ...Array.from({ length: 7 }, () => 'none'), 'similarity']);
    await close(page);
  });
});
