import type { ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, dropFile, openPage } from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

describeInBrowser('what the page says, and for how long', (engine) => {
  const held: ServerResponse[] = [];
  const suite = usePage(engine, async () => ({
    '/held.jpg': (_, response) => void held.push(response),
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
    '/lamp.jpg': await photo(240, 240, 3),
    '/busy.jpg': (_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end(),
  }));

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const accepted = (...paths: string[]) =>
    suite.app.client.accepted(csvOf([['Mug', paths.map((path) => suite.origin.url(path))]]));
  const uploaded = async () => {
    const id = await accepted('/mug.jpg');
    await suite.app.client.completed(id);
    return id;
  };

  it('gives ten seconds to undo, which stand still while somebody is at the message', async () => {
    const id = await uploaded();
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`, { hasClock: true });
    const isThere = async () => (await suite.app.client.get(`/requests/${id}`)).status === 200;
    await button(page, /^Delete products\.csv/)
      .first()
      .click();
    const undo = button(page, 'Undo');
    await undo.waitFor();
    await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000);

    await page.clock.runFor(8_000);
    await undo.focus();
    await page.clock.runFor(60_000);
    await undo.hover();
    await undo.blur();
    await page.clock.runFor(60_000);
    expect([await undo.isVisible(), await isThere()]).toEqual([true, true]);
    await page.mouse.move(0, 0);
    await page.clock.runFor(10_000);

    await undo.waitFor({ state: 'detached' });
    await until(async () => !(await isThere()));
    await page.getByText('products.csv was deleted.').waitFor({ state: 'attached' });
    await page.close();
  });

  it('reads out with a message by which keys it is undone', async () => {
    await uploaded();
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`);
    await button(page, /^Delete products\.csv/)
      .first()
      .waitFor();
    await listen(page);

    await button(page, /^Delete products\.csv/)
      .first()
      .click();

    const said = /^products\.csv and its images will be deleted in ten seconds\.\s*Undo\s+Ctrl Z$/;
    await until(async () => (await spokenOn(page)).some((text) => said.test(text)));
    await page.keyboard.press('ControlOrMeta+z');
    await button(page, 'Undo').waitFor({ state: 'detached' });
    await page.close();
  });

  it('leaves most of a phone free, however many messages there are', async () => {
    for (let count = 0; count < 2; count++) await uploaded();
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests`, {
      width: 360,
      isTouched: true,
    });
    for (let count = 1; count <= 2; count++) {
      await button(page, /^Delete products\.csv/)
        .first()
        .tap();
      await button(page, 'Undo')
        .nth(count - 1)
        .waitFor();
    }

    expect((await page.locator('.notices').boundingBox())!.height).toBeLessThan(120);
    expect(await barriersOf(page)).toEqual([]);
    for (let count = 0; count < 2; count++) await button(page, 'Undo').first().tap();
    await page.close();
  });

  it('offers no undo for a file that was uploaded', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = ['/mug.jpg', '/vase.jpg'].map((path) => suite.origin.url(path));
    await dropFile(page, 'two.csv', ['Image URL', ...rows, ''].join('\n'));
    await button(page, 'Show all rows').click();
    await button(page, 'Remove line 3').click();
    await button(page, 'Undo').waitFor();

    await button(page, 'Compress 1 image').click();

    await page.getByRole('heading', { name: 'Results' }).waitFor();
    expect(await button(page, 'Undo').count()).toBe(0);
    await page.close();
  });

  it('says of a mended cell how many faults are left, and nothing of what is as it was', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = [suite.origin.url('/mug.jpg'), 'photos/vase.jpg', 'photos/lamp.jpg'];
    await dropFile(page, 'three.csv', ['Image URL', ...rows, ''].join('\n'));
    const status = page.locator('[role=status].unseen');
    await status.getByText(/ became /).waitFor({ state: 'attached' });
    await listen(page);
    const heard = async (text: RegExp) => {
      await until(async () => (await spokenOn(page)).some((each) => text.test(each)));
      await page.locator('.picture-facts[aria-busy=false]').waitFor();
    };

    for (const [index, text] of [/^Mended\. 1 fault left\.$/, /^Mended\. No faults left\.$/].entries()) {
      const cell = page.getByLabel(`Image URL on line ${index + 3}`);
      await cell.fill(suite.origin.url(['/vase.jpg', '/lamp.jpg'][index]));
      await cell.press('Enter');
      await heard(text);
    }
    await page.getByRole('radio', { name: /^Hardly visible/ }).check();
    await heard(/ became /);

    expect(await spokenOn(page)).toEqual([
      'Mended. 1 fault left.',
      'Mended. No faults left.',
      expect.stringMatching(/ became /),
    ]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('says of a removed row how many faults are left, and not that anything was mended', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const rows = [suite.origin.url('/mug.jpg'), 'photos/vase.jpg', 'photos/lamp.jpg'];
    await dropFile(page, 'three.csv', ['Image URL', ...rows, ''].join('\n'));
    await button(page, 'Remove line 3').waitFor();
    await listen(page);

    await button(page, 'Remove line 3').click();

    await until(async () => (await spokenOn(page)).some((text) => text.endsWith('1 fault left.')));
    expect((await spokenOn(page)).filter((text) => text.includes('left.'))).toEqual(['1 fault left.']);
    await page.close();
  });

  it('reads out how many images a search has found when nobody types any more', async () => {
    const id = await accepted('/mug.jpg', '/vase.jpg');
    await suite.app.client.completed(id);
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await page.getByText('2 images', { exact: true }).waitFor();
    await listen(page);
    const found = async () => (await spokenOn(page)).filter((text) => /^\d (of \d )?images?$/.test(text));

    await page.evaluate(`(async () => {
      const search = document.querySelector('[type=search]');
      for (const text of ['vas', 'vase', 'vase.png']) {
        search.value = text;
        search.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((resolve) => setTimeout(resolve, 50)); // it is drawn between two letters
      }
    })()`);
    await until(async () => (await found()).length > 0);
    expect(await found()).toEqual(['0 of 2 images']);
    await page.getByRole('searchbox').fill('');
    await until(async () => (await found()).length > 1);

    expect(await found()).toEqual(['0 of 2 images', '2 images']);
    await page.close();
  });

  it('says of a file that is cancelled what is still made, and offers to go on only where something is left', async () => {
    const id = await accepted('/mug.jpg', '/held.jpg?1', '/held.jpg?2');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);
    await until(() => held.length === 2);
    await page.getByText('33%', { exact: true }).waitFor();

    await button(page, /^Cancel/).click();

    await page
      .getByText('2 images are at work and will still be made, with all that have the same link.')
      .waitFor();
    const lamp = await photo(240, 240, 3);
    for (const response of held.splice(0))
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end(lamp);
    await page.getByText('Cancelled. 3 of 3 images were done and are kept.').waitFor();
    expect(await button(page, 'Go on with the rest').count()).toBe(0);
    await page.close();
  });

  it('says which host is waited for while its images are to be tried again, and no time', async () => {
    const id = await accepted('/mug.jpg', '/vase.jpg', '/busy.jpg');
    const { page } = await openPage(suite.browser, `${suite.app.client.url}/#/requests/${id}`);

    await page.getByText(`waiting for ${new URL(suite.origin.url('/')).host}, to try again`).waitFor();

    expect(await page.getByText(/^about /).count()).toBe(0);
    await button(page, /^Cancel/).click();
    await page.getByText(/^Cancelled\./).waitFor();
    await page.close();
  });

  it('says that of several files that are dropped only one was taken', async () => {
    const { page } = await openPage(suite.browser, suite.app.client.url);
    const data = await page.evaluateHandle(
      `(() => {
        const data = new DataTransfer();
        for (const name of ['one.csv', 'two.csv']) data.items.add(new File(['Image URL\\n'], name));
        return data;
      })()`,
    );

    await page.dispatchEvent('body', 'drop', { dataTransfer: data });

    await page.getByText('Only one.csv was taken: one file at a time.').waitFor();
    await page.close();
  });
});
