import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { barriersOf, describeInBrowser, dropFile, openPage } from '../../helpers/page/browser.js';
import { listen, spokenOn } from '../../helpers/page/live-regions.js';
import { shopExport } from '../../helpers/page/shop-export.js';
import { photo } from '../../helpers/servers/image-origin.js';
import { usePage } from '../../helpers/app/suite.js';
import { until } from '../../helpers/wait.js';

describeInBrowser('the pictures of the page, before a file is uploaded', (engine) => {
  const suite = usePage(engine, async () => {
    const vase = await photo(300, 400, 2);
    const glass = sharp(randomBytes(160 * 120 * 4), { raw: { width: 160, height: 120, channels: 4 } });
    const others = { '/only.jpg': vase, '/glass.png': await glass.png().toBuffer() };
    return { '/mug.jpg': await photo(320, 240), '/vase.jpg': vase, ...others };
  });

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

  it('names a picture by its product, and starts by Ctrl and Enter, whatever is being written', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'keys.csv', shopExport(suite.origin));
    const named = /^Result: (Blue Mug, mug\.jpg|Vase, vase\.jpg)$/;
    await page.getByRole('img', { name: named }).waitFor();
    await page.getByLabel('Image URL on line 3').press('ControlOrMeta+Enter');
    await page.getByRole('combobox', { name: 'Also in other widths?' }).selectOption('own');
    await page.getByRole('textbox', { name: 'Widths in pixels, with commas' }).fill('64');
    await page.keyboard.press('ControlOrMeta+Enter');

    await page.getByRole('link', { name: 'Spreadsheet with new links' }).waitFor();
    const { renditions } = (await suite.app.client.get('/requests?limit=1')).json.items[0];
    expect(renditions.map(({ name }: { name: string }) => name)).toEqual(['64']);
    expect(complaints.filter((text) => !text.includes('422'))).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('shows a picture of the file before and after, anew with each option, and fetches it once', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'one.csv', `Image URL\n${suite.origin.url('/only.jpg')}\n`);

    const facts = page.locator('.picture-facts');
    await facts.getByText(/% smaller/).waitFor();
    const before = await facts.textContent();
    await page.getByText('Numbers and more settings').click();
    await page.getByLabel('Format').selectOption('webp');
    await facts.getByText('WEBP').waitFor();
    const slider = page.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('End');

    expect(await slider.getAttribute('aria-valuetext')).toBe('100% original, 0% result');
    expect(before).toMatch(/^\d+ KB → \d+ KB JPEG/);
    expect(suite.origin.hits['/only.jpg']).toBe(1);
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('reads out what came of a look at the pictures once, when it has ended', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(
      page,
      'two.csv',
      `Image URL\n${['/mug.jpg', '/vase.jpg'].map(suite.origin.url).join('\n')}\n`,
    );
    await listen(page);
    const looks = async () =>
      (await spokenOn(page)).filter((text) => / became .+ The whole file: about /.test(text));
    await until(async () => (await looks()).length === 1);

    await page.getByText('Numbers and more settings').click();
    await page.getByRole('radio', { name: /^A quality/ }).check();
    await page.getByLabel('Quality, 1 to 100').fill('3');
    await page.getByLabel('Quality, 1 to 100').fill('35');
    await until(async () => (await looks()).length === 2);

    expect((await looks())[1]).toMatch(
      /^(mug|vase)\.jpg: \d+ KB became \d+ KB, [\d.]+% alike\. The whole file: about \d+% smaller\.$/,
    );
    expect((await spokenOn(page)).filter((text) => text.includes('drawn at random'))).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('says beside a picture and aloud what it has lost', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'one.csv', `Image URL\n${suite.origin.url('/glass.png')}\n`);
    const facts = page.locator('.picture-facts');
    await facts.getByText('PNG').waitFor();
    expect(await facts.getByText('transparency put on white').count()).toBe(0);
    await listen(page);

    await page.getByText('Numbers and more settings').click();
    await page.getByLabel('Format').selectOption('jpeg');

    await facts.getByText('transparency put on white').waitFor();
    await until(async () =>
      (await spokenOn(page)).some((text) => /^glass\.png: .+ Transparency put on white\./.test(text)),
    );
    expect(await barriersOf(page)).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('takes the marketplace that images go to, and says of each whether it fits', async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    await dropFile(page, 'one.csv', `Image URL\n${suite.origin.url('/mug.jpg')}\n`);
    await page
      .locator('.picture-facts')
      .getByText(/% smaller/)
      .waitFor();

    await page.getByLabel('Where do they go?').selectOption('Amazon');
    await page.getByText('nothing is enlarged').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await button(page, /^Compress 1 image$/).click();

    await page
      .getByText(/^Does not fit: too small \(\d+, at least 500\)$/)
      .first()
      .waitFor();
    expect(complaints).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('estimates the whole file from several pictures', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = Array.from({ length: 30 }, (_, index) => `${suite.origin.url('/mug.jpg')}?${index}`);

    await dropFile(page, 'many.csv', ['Image URL', ...rows, ''].join('\n'));

    await page
      .getByText(/about \d+% smaller, in less than a minute\. This is an estimate from 8 pictures/)
      .waitFor();
    await page.close();
  });
});
