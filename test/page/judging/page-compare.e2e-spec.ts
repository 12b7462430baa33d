import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, openPage, overflowOf } from '../../helpers/page/browser.js';
import { csvOf } from '../../helpers/app/client.js';
import { photo } from '../../helpers/servers/image-origin.js';
import { usePage } from '../../helpers/app/suite.js';
import { until } from '../../helpers/wait.js';

describeInBrowser('the page, comparing pictures', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
    '/lamp.jpg': await photo(240, 240, 3),
  }));

  const NAMES = ['Mug', 'Vase', 'Lamp'];
  const dialog = (page: Page) => page.getByRole('dialog');
  const closed = (page: Page) => dialog(page).waitFor({ state: 'detached' });
  const compare = (page: Page, name: string) =>
    page.getByRole('button', { name: `Compare before and after: ${name}` });
  const at = (page: Page, place: number) => page.getByText(`${place} of 3`, { exact: true }).waitFor();
  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.title || document.activeElement.textContent');
  const uploaded = async () => {
    const csv = csvOf(NAMES.map((name) => [name, [suite.origin.url(`/${name.toLowerCase()}.jpg`)]]));
    const { json } = await suite.app.client.form('/upload', csv, { measure: 'similarity' });
    await suite.app.client.completed(json.request_id);
    return json.request_id as string;
  };
  const open = async (options = {}) => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url, options);
    await page.evaluate(`location.hash = '#/requests/${await uploaded()}'`);
    await compare(page, 'Lamp').waitFor();
    return { page, complaints };
  };

  it('closes by the way back of the browser, and leaves the page by the next', async () => {
    const { page, complaints } = await open();
    const hash = new URL(page.url()).hash;
    await compare(page, 'Mug').click();
    await at(page, 1);

    await page.goBack();
    await closed(page);
    expect(new URL(page.url()).hash).toBe(hash);
    // What was closed in another way leaves no step behind.
    for (let count = 0; count < 2; count++) {
      await compare(page, 'Vase').click();
      await at(page, 2);
      await page.keyboard.press('Escape');
      await closed(page);
    }
    await page.goForward();
    await compare(page, 'Vase').click();
    await at(page, 2);
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await closed(page);
    expect(new URL(page.url()).hash).toBe(hash);
    await page.goBack();
    await page.getByRole('heading', { name: /^Lighter product images/ }).waitFor();

    expect(complaints).toEqual([]);
    await page.close();
  });

  it('leaves no step behind when the page is loaded again with a comparison open', async () => {
    const { page } = await open();
    await compare(page, 'Mug').click();
    await at(page, 1);
    await page.reload();
    await compare(page, 'Lamp').waitFor();
    await until(() => page.evaluate('history.state === null'));

    await page.goBack();

    await page.getByRole('heading', { name: /^Lighter product images/ }).waitFor();
    await page.close();
  });

  it.each(['Table', 'Tiles'])('goes on in the list at the picture that was shown last: %s', async (view) => {
    const { page } = await open();
    await page.getByRole('button', { name: view }).click();
    await compare(page, 'Mug').click();
    await at(page, 1);
    await page.keyboard.press('j');
    await at(page, 2);
    await page.keyboard.press('Escape');
    await until(async () => (await focused(page)).startsWith('Compare before and after: Vase'));

    await compare(page, 'Mug').click();
    await at(page, 1);
    await page.keyboard.press('j');
    // Its row is not drawn.
    await page.evaluate(`document.querySelector('button[title*="Vase"]').remove()`);
    await page.keyboard.press('Escape');

    await until(async () => (await focused(page)).startsWith('Compare before and after: Mug'));
    await page.close();
  });

  it('shows the row in the window to which it goes back', async () => {
    const csv = csvOf(
      Array.from({ length: 40 }, (_, i) => [`Mug ${i}`, [suite.origin.url(`/mug.jpg?${i}`)]]),
    );
    const id = await suite.app.client.accepted(csv);
    await suite.app.client.completed(id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await compare(page, 'Mug 0,').click();
    const last = (await page.locator('.table-row .thumbnail').count()) - 1;
    for (let count = 0; count < last; count++) await page.keyboard.press('j');
    await page.getByText(`${last + 1} of 40`, { exact: true }).waitFor();

    await page.keyboard.press('Escape');

    await until(async () => (await focused(page)).includes(`Mug ${last},`));
    const { y, height } = (await compare(page, `Mug ${last},`).boundingBox())!;
    expect(y).toBeGreaterThan(0);
    expect(y + height).toBeLessThan(800);
    await page.close();
  });

  it('closes the list of keys by Escape, and the comparison by the next', async () => {
    const { page } = await open();
    await compare(page, 'Mug').click();
    await page.keyboard.press('?');
    const keys = page.getByText('make it again in a better quality');
    await keys.waitFor();
    const slider = page.getByRole('slider');
    await slider.focus();

    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    expect(await slider.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: /^Single keys/ }).focus();
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Keys (?)');
    await page.keyboard.press('Escape');
    await closed(page);
    await page.close();
  });

  it('takes no letters where single keys are switched off, also the next time', async () => {
    const { page } = await open();
    await compare(page, 'Mug').click();
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: /^Single keys/ }).uncheck();
    expect(await page.locator('kbd').allTextContents()).toEqual(['→', '←', '← →', 'Esc']);
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.keyboard.press('Escape');
    await page.reload();

    await compare(page, 'Mug').click();
    await at(page, 1);
    for (const key of ['j', 'a', 'u', 'o', 'z', '1', 'h', '?']) await page.keyboard.press(key);
    await page.getByText('0 of 3 judged').waitFor();
    expect(await page.getByRole('button', { name: '100%', exact: true }).getAttribute('aria-pressed')).toBe(
      'false',
    );
    await page.keyboard.press('ArrowRight');
    await at(page, 2);
    await page.getByRole('button', { name: 'Keep', exact: true }).press('Enter');
    await page.getByText('1 of 3 judged').waitFor();
    await at(page, 3);
    await page.getByRole('button', { name: 'Keys', exact: true }).press('Enter');
    await page.getByRole('checkbox', { name: /^Single keys/ }).check();
    await page.keyboard.press('z');

    await page.getByText('0 of 3 judged').waitFor();
    expect(await page.getByRole('button', { name: 'Keep (A)' }).count()).toBe(1);
    await page.close();
  });

  it('goes to the next and the previous picture by arrows, and moves the divider where that has the focus', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await at(page, 1);

    await page.keyboard.press('ArrowRight');
    await at(page, 2);
    await page.keyboard.press('ArrowLeft');
    await at(page, 1);
    const slider = page.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('ArrowRight');

    expect(await slider.getAttribute('aria-valuetext')).toBe('51% original, 49% result');
    expect(await page.getByText('1 of 3', { exact: true }).count()).toBe(1);
    await page.close();
  });
});
