import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, dropFile, openPage, overflowOf } from '../helpers/page/browser.js';
import { usePage } from '../helpers/app/suite.js';
import { photo } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';

describeInBrowser('the page, about forms and names of pictures', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(640, 480),
    '/vase.jpg': await photo(300, 400, 2),
  }));

  const csv = () =>
    `Product Name,Image URL\nBlue Mug,${suite.origin.url('/mug.jpg')}\nVase,${suite.origin.url('/vase.jpg')}\n`;
  const opened = async (width = 1200): Promise<{ page: Page; complaints: string[] }> => {
    const found = await openPage(suite.browser, suite.app.client.url, { width });
    await dropFile(found.page, 'mugs.csv', csv());
    await found.page
      .locator('.picture-facts')
      .getByText(/% smaller/)
      .first()
      .waitFor();
    return found;
  };
  const newest = async () => (await suite.app.client.get('/requests?limit=1')).json.items[0];
  const started = async (page: Page) => {
    await page.getByRole('button', { name: /^Compress 2 images$/ }).click();
    await page.waitForURL(/#\/requests\//);
    const { id } = await newest();
    await suite.app.client.completed(id);
    return id as string;
  };

  it('shows each width of a picture before the start, and makes them under the names that were chosen', async () => {
    const { page, complaints } = await opened();
    await page.getByLabel('Also in other widths?').selectOption('Other widths …');
    const widths = page.getByLabel('Widths in pixels, with commas');
    await widths.fill('80, 900'); // wider than any of the pictures
    await page.keyboard.press('Tab');
    await page.getByText(/^(640|300) wide, not 900: nothing is enlarged$/).waitFor();
    await widths.fill('80, 160');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: /^Name them after the products/ }).click();
    await until(() => page.evaluate(`document.activeElement.value === '{product}-{n}'`));
    await page.getByText(/^Also in widths 80, 160, beside the picture itself\./).waitFor();

    const forms = page.locator('.picture-forms li');
    await forms
      .filter({ hasText: '80 wide' })
      .getByText(/^80 × \d+ · .* · JPEG$/)
      .waitFor();
    expect(await forms.count()).toBe(2);
    expect(await barriersOf(page)).toEqual([]);
    const [first] = await suite.app.client.images(await started(page));
    await page.getByRole('button', { name: 'Compare before and after: Blue Mug' }).click();
    const form = page
      .getByRole('dialog')
      .getByRole('listitem')
      .filter({ hasText: /^80 wide JPEG 80 × \d+, \d/ });
    expect(await form.getByRole('link').getAttribute('href')).toBe(first.outputs[1].url);
    expect(await page.getByRole('dialog').getByRole('listitem').count()).toBe(2);
    expect(await barriersOf(page)).toEqual([]);

    expect(first.outputs.map(({ rendition, width }: any) => [rendition, width])).toEqual([
      ['image', 640],
      ['80', 80],
      ['160', 160],
    ]);
    expect(first.output_url).toMatch(/\/blue-mug-1\.jpg$/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('keeps options under a name, uses them again, and deletes them, with undo', async () => {
    const { page, complaints } = await opened();
    await page.getByText('Numbers and more settings').click();
    await page.getByLabel('Format').selectOption('webp');
    await page.getByText('Keep these options under a name').click();
    await page.getByLabel('Name', { exact: true }).fill('My Shop');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('Kept as my-shop.').waitFor();
    expect((await suite.app.client.get('/presets/my-shop')).json.options).toEqual({
      quality: '50',
      format: 'webp',
    });

    await page.reload();
    await dropFile(page, 'mugs.csv', csv());
    await page.getByLabel('Where do they go?').selectOption('my-shop');
    await page.getByText('format webp').waitFor();
    await page.locator('.picture-facts').getByText('WEBP').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    const id = await started(page);
    expect((await suite.app.client.get(`/requests/${id}`)).json.options).toMatchObject({
      format: 'webp',
      quality: 50,
    });

    await page.goBack();
    await page.goto(suite.app.client.url);
    await dropFile(page, 'mugs.csv', csv());
    await page.getByRole('button', { name: 'Delete the kept options my-shop' }).click();
    await page.getByText('my-shop is deleted.').waitFor();
    expect((await suite.app.client.get('/presets')).json.items).toEqual([]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('option', { hasText: 'my-shop' }).waitFor({ state: 'attached' });
    expect((await suite.app.client.get('/presets/my-shop')).json.options).toEqual({
      quality: '50',
      format: 'webp',
    });
    expect(complaints).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('says before the start what a channel takes, and why not, also on a phone', async () => {
    const { page } = await opened(360);
    await page.getByLabel('Where do they go?').selectOption('eBay');

    await page
      .locator('.picture-facts')
      .getByText(/1 of 2 pictures looked at fit/)
      .waitFor();
    const reason = page.locator('.picture-facts').getByText('Does not fit: too small (400, at least 500)');
    // Pictures are drawn: either may be the first.
    if (!(await reason.isVisible())) await page.getByRole('button', { name: 'Another picture' }).click();
    await reason.waitFor();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });
});
