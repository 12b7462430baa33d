import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import {
  barriersOf,
  describeInBrowser,
  launchBrowser,
  openPage,
  overflowOf,
} from '../helpers/page/browser.js';
import { csvOf } from '../helpers/app/client.js';
import type { Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { until } from '../helpers/wait.js';

const ADMIN = 'the-key-of-the-admin-of-the-page';

describeInBrowser('the page and who may do what', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let receiver: WebhookReceiver;
  let browser: Browser;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: ADMIN });
    receiver = await WebhookReceiver.start();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await receiver.close();
    await app.close();
    await installation.remove();
  });

  const call = async (method: string, path: string, body: string | FormData, type?: string) => {
    const headers = { 'x-api-key': ADMIN, ...(type ? { 'content-type': type } : {}) };
    return (await fetch(app.client.url + path, { method, body, headers })).json() as Promise<
      Record<string, string>
    >;
  };
  const openWith = async (key: string, hash = '', width = 1200) => {
    const { page, complaints } = await openPage(browser, `${app.client.url}/${hash}`, { width });
    await page.getByRole('textbox', { name: 'API key' }).fill(key);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    return { page, complaints };
  };

  /** Waits until a screen reader is given a text to read. */
  const said = (page: Page, text: string | RegExp) =>
    page.locator('[role=status].unseen', { hasText: text }).waitFor({ state: 'attached' });

  it('adds a webhook, tests it, sends again, and removes it', async () => {
    const { page } = await openWith(ADMIN, '#/webhooks', 360);
    await page.getByText('No webhooks yet: nobody is called.').waitFor();

    const address = page.getByLabel('Address that is called');
    await address.fill('shop.example.com/hook');
    await page.getByRole('button', { name: 'Add' }).click();
    expect(
      await address.evaluate((input) => (input as { validationMessage?: string }).validationMessage),
    ).toBe('Write the whole address. Begin with https://');
    await address.fill('http://10.1.2.3/hook');
    await page.getByRole('button', { name: 'Add' }).click();
    await until(async () => (await address.getAttribute('aria-invalid')) === 'true');
    const reason = (await address.getAttribute('aria-describedby'))!;
    expect(await page.locator(`[id="${reason}"]`).textContent()).toContain('not on the public internet');
    await address.fill(receiver.url('/hook'));
    await page.getByLabel('Note').fill('The shop');
    await page.getByRole('button', { name: 'Add' }).click();
    const secret = await page.locator('.webhook-secret .code').textContent();
    await page.getByRole('button', { name: /^Test/ }).click();
    await said(page, 'The test was delivered.');
    await page.getByRole('cell', { name: /^204, after/ }).waitFor();
    expect(await barriersOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    const table = page.getByRole('region', { name: 'Deliveries' });
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    const again = page.getByRole('button', { name: /^Send again: ping of .+:\d\d:\d\d/ });
    await again.click();
    await until(() => receiver.at('/hook').length === 2);
    await said(page, /^It was delivered: 204, after /);
    await again.waitFor();
    receiver.replies['/hook'] = 500;
    await page.getByRole('button', { name: /^Test/ }).click();
    await said(page, /^The test was not delivered: .*500/);
    await page.getByRole('button', { name: /^Stop/ }).click();
    await said(page, /^Stopped: nothing is sent to /);
    await page.getByRole('button', { name: /^Start again/ }).click();
    await said(page, /is called again from now on\.$/);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: /^Remove/ }).click();
    await page.getByText('No webhooks yet: nobody is called.').waitFor();
    await said(page, /hook was removed\.$/);

    const [first, second] = receiver.at('/hook');
    expect(verified(first, secret!)).toMatchObject({ type: 'ping' });
    expect(second.text).toBe(first.text);
    await page.close();
  });

  it('shows each secret on its own card until it is hidden, and copies it, or selects it where it may not', async () => {
    const { page, complaints } = await openWith(ADMIN, '#/webhooks', 360);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const card = (path: string) => page.getByRole('article', { name: receiver.url(path), exact: true });
    const secretOf = (path: string) => card(path).locator('.webhook-secret .code');
    for (const path of ['/one', '/two']) {
      await page.getByLabel('Address that is called').fill(receiver.url(path));
      await page.getByRole('button', { name: 'Add' }).click();
      await secretOf(path).waitFor();
    }
    await until(() => page.evaluate(`document.activeElement.matches('.webhook-secret')`));
    const [one, two] = [await secretOf('/one').textContent(), await secretOf('/two').textContent()];
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);

    await card('/one')
      .getByRole('button', { name: /^Copy the secret/ })
      .click();
    await page.getByText('The secret was copied.').waitFor();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    await card('/one')
      .getByRole('button', { name: /^Hide the secret/ })
      .click();
    await secretOf('/one').waitFor({ state: 'detached' });
    await until(() => page.evaluate(`document.activeElement.matches('article')`));
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await card('/two')
      .getByRole('button', { name: /^Copy the secret/ })
      .click();
    await page.getByText('The secret is selected').waitFor();

    expect([copied, await page.evaluate('String(getSelection())')]).toEqual([one, two]);
    page.on('dialog', (dialog) => void dialog.accept());
    const remove = (path: string) => page.getByRole('button', { name: `Remove ${receiver.url(path)}` });
    await remove('/one').click();
    await card('/one').waitFor({ state: 'detached' });
    const focused = () => page.evaluate('document.activeElement.title');
    await until(async () => (await focused()) === `Remove ${receiver.url('/two')}`);
    await page.keyboard.press('Enter');
    await card('/two').waitFor({ state: 'detached' });
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
    await page.close();
  });

  it('takes the events that a webhook is called for when it is added, and changes them later', async () => {
    const { page, complaints } = await openWith(ADMIN, '#/webhooks', 360);
    const event = (name: RegExp) => page.getByRole('checkbox', { name });
    const listed = async () => {
      const response = await fetch(`${app.client.url}/webhooks`, { headers: { 'x-api-key': ADMIN } });
      const { items } = (await response.json()) as {
        items: { event_types: string[]; description: string }[];
      };
      return items.map(({ event_types: types, description }) => [description, ...types]);
    };

    await page.getByLabel('Address that is called').fill(receiver.url('/events'));
    await event(/begins/).uncheck();
    await event(/image has failed/).check();
    expect(await barriersOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('A file is done · A file was cancelled · An image has failed').waitFor();
    expect(await listed()).toEqual([[null, 'request.completed', 'request.cancelled', 'image.failed']]);

    await page.getByRole('button', { name: /^Change/ }).click();
    const card = page.getByRole('article');
    await card.getByRole('checkbox', { name: /cancelled/ }).uncheck();
    await card.getByRole('checkbox', { name: /image has failed/ }).uncheck();
    await card.getByRole('checkbox', { name: /is done/ }).uncheck();
    await card.getByText('Choose at least one.').waitFor();
    expect(await card.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await card.getByRole('checkbox', { name: /is done/ }).check();
    await card.getByLabel('Note').fill('Only the end');
    expect(await barriersOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' });

    expect(await listed()).toEqual([['Only the end', 'request.completed']]);
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
    await page.close();
  });

  it('shows a key that may only look nothing but what it may do', async () => {
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', ['http://10.0.0.1/mug.jpg']]])]), 'products.csv');
    const { request_id: id } = await call('POST', '/upload', form);
    const body = JSON.stringify({ name: 'reader', role: 'read', owner: 'default' });
    const { key } = await call('POST', '/keys', body, 'application/json');

    const { page, complaints } = await openWith(key, `#/requests/${id}`);
    await page.getByRole('heading', { name: '1 image failed' }).waitFor();
    await page
      .getByRole('button', { name: /again|Delete|Correct/ })
      .first()
      .waitFor({ state: 'detached' });
    expect(await page.getByRole('checkbox').count()).toBe(0);
    await page.goto(`${app.client.url}/#/`);
    await page.getByText('With this key you can look at files').waitFor();
    const buttons = await page.getByRole('button').allTextContents();

    expect(buttons.filter(Boolean)).toEqual([]);
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('asks for a key once, and hands out files with it', async () => {
    const { page } = await openPage(browser, app.client.url);

    await page.getByRole('textbox', { name: 'API key' }).fill(ADMIN);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).click();
    await page.getByRole('button', { name: 'Compress 8 images' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Spreadsheet' }).click(),
    ]);

    expect(download.suggestedFilename()).toBe('products-output.csv');
    expect(await readFile(await download.path(), 'utf8')).toMatch(/Output Image Urls/);
    await page.close();
  });
});
