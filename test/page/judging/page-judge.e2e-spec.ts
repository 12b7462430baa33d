import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser, overflowOf } from '../../helpers/page/browser.js';
import { heard, listenInDialog, useJudging } from '../../helpers/page/judging.js';
import { csvOf } from '../../helpers/app/client.js';
import { until } from '../../helpers/wait.js';

describeInBrowser('the page, judging the worst first', (engine) => {
  const { suite, uploadedFile, uploaded, openResult } = useJudging(engine);
  const judged = (page: Page, text: string) => page.getByText(text).waitFor();

  it('takes at most 60 keys for the 20 worst of 1,000', async () => {
    const urls = Array.from({ length: 1000 }, (_, i) =>
      suite.origin.url(`/${['mug', 'vase', 'lamp'][i % 3]}.jpg?${i}`),
    );
    const id = await uploaded(urls.map((url, index) => [`Product ${index}`, [url]]));
    const { page, complaints } = await openResult(id);
    await page.getByRole('button', { name: 'Judge the worst first' }).waitFor();
    let keys = 0;
    const press = async (key: string) => {
      keys++;
      await page.keyboard.press(key);
    };

    while ((await page.evaluate('document.activeElement.textContent')) !== 'Judge the worst first')
      await press('Tab');
    await press('Enter');
    await judged(page, '0 of 1,000 judged');
    for (let count = 1; count <= 20; count++) {
      await press('a');
      await judged(page, `${count} of 1,000 judged`);
    }

    expect(keys).toBeLessThanOrEqual(60);
    expect(complaints).toEqual([]);
    await page.reload(); // what was judged is remembered
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await judged(page, '20 of 1,000 judged');
    await page.getByText('21 of 1,000', { exact: true }).waitFor();
    await page.close();
  });

  it('names the pictures of a product so that each is told apart', async () => {
    const shop = [
      'Handle,Title,Image Src',
      `mug,Blue Mug,${suite.origin.url('/mug.jpg')}`,
      `mug,,${suite.origin.url('/vase.jpg')}`,
      `lamp,Lamp,${suite.origin.url('/lamp.jpg')}`,
      '',
    ].join('\n');
    const { page } = await openResult(await uploadedFile(shop));
    const heading = page.getByRole('dialog').getByRole('heading');

    await page
      .getByRole('button', { name: 'Compare before and after: Blue Mug, picture 1 of 2, line 2' })
      .click();
    const names = [await heading.textContent()];
    for (let count = 0; count < 2; count++) {
      await page.keyboard.press('j');
      names.push(await heading.textContent());
    }

    expect(names).toEqual(['Blue Mug, picture 1 of 2, line 2', 'Blue Mug, picture 2 of 2, line 3', 'Lamp']);
    await page.close();
  });

  it('says what was done with a picture, then which is the next, and what a key shows', async () => {
    const { page } = await openResult(
      await uploaded(['mug', 'vase', 'lamp'].map((name) => [name, [suite.origin.url(`/${name}.jpg`)]])),
    );
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    const heading = page.getByRole('dialog').getByRole('heading');
    const first = await heading.textContent();
    await listenInDialog(page);

    await page.keyboard.press('1');
    await page.keyboard.press('f');
    await heard(page, 'Fitted to the window.');
    await page.keyboard.down('h');
    await heard(page, 'The original alone is shown.');
    await page.keyboard.up('h');
    await page.keyboard.press('a');
    const second = await heading.textContent();
    await page.keyboard.press('k');
    await heard(page, `${first}, 1 of 3.`);
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    const third = await heading.textContent();
    await heard(page, `${second} is the original now`);
    await page.keyboard.press('a');
    await heard(page, `${third} is kept. That was the last one.`);
    await page.keyboard.press('k');
    await page.keyboard.press('a');
    await heard(page, `${second} is kept. All 3 are judged.`);
    await page.keyboard.press('z');
    await heard(page, `${second} is judged as before, and shown again.`);
    await page.keyboard.press('z');
    await heard(page, `${third} is not judged any more, and shown again.`);
    await page.keyboard.press('z');
    await heard(page, `${second} is not judged any more, and shown again. ${second} is as it was before.`);
    await page.keyboard.press('Escape');
    await page.evaluate(`new MutationObserver(() => {
      globalThis.first ??= document.querySelector('dialog [role=status]')?.textContent;
    }).observe(document.body, { childList: true, subtree: true })`);
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await judged(page, '1 of 3 judged');
    expect(await page.evaluate('first')).toBe('');
    const numbersOfTitle = page.locator(`[id="${await heading.getAttribute('aria-describedby')}"]`);
    expect(await numbersOfTitle.textContent()).toMatch(/^\d+ KB became \d+ KB, [\d.]+% alike\.$/);

    const texts: string[] = await page.evaluate('heard');
    expect(texts.slice(0, 4)).toEqual([
      ...['Shown at 100%.', 'Fitted to the window.'],
      ...['The original alone is shown.', 'Original and result are shown.'],
    ]);
    const saidWith = (start: string) => texts.find((text) => text.startsWith(start))?.slice(start.length);
    const numbers = expect.stringMatching(/^ \d+ KB became \d+ KB, [\d.]+% alike\.$/);
    expect(saidWith(`${first}, 1 of 3.`)).toMatch(
      /^ \d+ KB became \d+ KB, [\d.]+% alike\. This one is judged\.$/,
    );
    expect(saidWith(`${first} is kept. Next: ${second}.`)).toEqual(numbers);
    expect(saidWith(`${second}: the original is being put in place. Next: ${third}.`)).toEqual(numbers);
    await page.close();
  });

  it('says among the facts and aloud what a picture has lost', async () => {
    const rows = ['mug.jpg', 'glass.png'].map((name): [string, string[]] => [
      name,
      [suite.origin.url(`/${name}`)],
    ]);
    const { page } = await openResult(await uploadedFile(csvOf(rows), { format: 'jpeg' }));
    await page.getByRole('button', { name: 'Compare before and after: mug.jpg' }).click();
    await listenInDialog(page);

    await page.keyboard.press('j');

    await heard(page, 'glass.png, 2 of 2.');
    expect(await page.evaluate('heard.at(-1)')).toMatch(/ alike\. Transparency put on white\.$/);
    await page.locator('.compare-facts .bad').getByText('transparency put on white').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('shows the original alone by its button, which Space and Enter switch on and off', async () => {
    const { page } = await openResult(await uploaded([['Mug', [suite.origin.url('/mug.jpg')]]]));
    await page.getByRole('button', { name: 'Compare before and after: Mug' }).click();
    await listenInDialog(page);
    const hold = page.getByRole('button', { name: 'Hold for the original (H)' });
    const held = async () => [await page.evaluate('heard.at(-1)'), await hold.getAttribute('aria-pressed')];

    await hold.press('Space');
    expect(await held()).toEqual(['The original alone is shown.', 'true']);
    await hold.press('Enter');
    expect(await held()).toEqual(['Original and result are shown.', 'false']);
    await hold.click();
    expect(await held()).toEqual(['Original and result are shown.', 'false']);
    await page.close();
  });

  it('judges a picture once that several products share, for all of them', async () => {
    const [mug, vase] = ['mug', 'vase'].map((name) => suite.origin.url(`/${name}.jpg`));
    const id = await uploaded([
      ...['Blue Mug', 'Red Mug', 'Green Mug'].map((name): [string, string[]] => [name, [mug]]),
      ['Vase', [vase]],
    ]);
    const images = () => suite.app.client.images(id);
    const before = (await images()).map(({ output }) => output.bytes);
    const { page } = await openResult(id);
    await page.getByRole('button', { name: 'Compare before and after: Red Mug' }).click();
    await page.getByText('1 of 2 different pictures', { exact: true }).waitFor();
    await page.getByText(/judged · used by 3 products/).waitFor();
    await listenInDialog(page);
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await heard(page, 'Red Mug, 1 of 2.');
    expect(await page.evaluate('heard.at(-1)')).toMatch(/% alike, used by 3 products\.$/);

    await page.keyboard.press('u');
    await judged(page, '1 of 2 judged');
    await until(async () => (await images()).filter(({ redo }) => redo?.state === 'done').length === 3);
    expect((await images())[3]).toMatchObject({ redo: null, product_name: 'Vase' });
    await page.keyboard.press('z');
    await judged(page, '0 of 2 judged');

    await until(async () => (await images()).every(({ output }, index) => output.bytes === before[index]));
    await page.close();
  });

  it.each([
    [1280, 800],
    [960, 600],
    [800, 900],
    [701, 600],
  ])('keeps the size of the picture while notes about others come, at %d × %d', async (width, height) => {
    const id = await uploaded(
      ['mug', 'vase', 'lamp'].map((name) => [name, [suite.origin.url(`/${name}.jpg`)]]),
    );
    const { page } = await openResult(id);
    await page.setViewportSize({ width, height });
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await judged(page, '0 of 3 judged');
    const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const before = await boxOf('.stage');

    for (const key of ['u', 'o', 'u']) await page.keyboard.press(key);
    await until(async () => (await page.getByRole('button', { name: /^Look at it/ }).count()) === 3);

    expect(await boxOf('.stage')).toEqual(before);
    const notes = await boxOf('.redo-notes');
    for (const other of ['.judge', '.compare-foot > .buttons', '.compare-facts']) {
      const { x, y, width, height } = await boxOf(other);
      const isBeside = notes.x >= x + width || notes.y >= y + height || notes.y + notes.height <= y;
      expect([other, isBeside]).toEqual([other, true]);
    }
    expect(await barriersOf(page)).toEqual([]);
    await page.close();
  });

  it('keeps the buttons at their place, whether little or much is said of a picture', async () => {
    const id = await uploaded(['mug', 'vase'].map((name) => [name, [suite.origin.url(`/${name}.jpg`)]]));
    const { page } = await openResult(id);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await judged(page, '0 of 2 judged');
    const before = await page.locator('.judge').boundingBox();

    const remark = ` · ${'a remark that is not short '.repeat(3)}`;
    await page.evaluate(
      `document.querySelector('.compare-facts > :nth-child(2) > dd').append(${JSON.stringify(remark)})`,
    );

    expect(await page.locator('.judge').boundingBox()).toEqual(before);
    await page.close();
  });

  it('shows no letters of keys where there is no keyboard', async () => {
    const id = await uploaded(['mug', 'vase'].map((name) => [name, [suite.origin.url(`/${name}.jpg`)]]));
    const { page } = await openResult(id, { width: 360, isTouched: true });
    await page.getByRole('button', { name: 'Judge the worst first' }).tap();

    await page.getByRole('button', { name: 'Keep', exact: true }).waitFor();
    expect(await page.getByRole('dialog').getByRole('button', { name: /\(.\)/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'Better quality', exact: true }).tap();
    await judged(page, '1 of 2 judged');
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.close();
  });

  it('makes a result anew in a better quality or as its original by a key, and undoes it', async () => {
    const id = await uploaded([['Mug', [suite.origin.url('/mug.jpg'), suite.origin.url('/vase.jpg')]]]);
    const sizes = async () =>
      (await suite.app.client.images(id)).map(({ output }) => output.bytes as number).sort();
    const before = await sizes();
    const { page, complaints } = await openResult(id, { width: 360 });
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await judged(page, '0 of 2 judged');

    await page.keyboard.press('?');
    await page.getByText('make it again in a better quality').waitFor();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.keyboard.press('u');
    const note = page
      .getByRole('listitem')
      .filter({ hasText: /^Mug, picture \d of 2, line 2 was made again/ });
    await note
      .filter({ hasText: / in quality 65: .+ → .+, [\d.]+% → [\d.]+% alike\. Look at it$/ })
      .waitFor();
    await page.getByText('2 of 2', { exact: true }).waitFor();
    await note.getByRole('button', { name: /^Look at it: Mug, picture \d of 2, line 2$/ }).click();
    await page.getByText('1 of 2', { exact: true }).waitFor();
    expect([await barriersOf(page), await overflowOf(page)]).toEqual([[], 0]);
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await judged(page, '2 of 2 judged');
    await until(async () => {
      const redos = (await suite.app.client.images(id)).map(({ redo }) => redo?.state);
      return redos.every((state) => state === 'done');
    });
    expect((await sizes()).reduce((a, b) => a + b)).toBeGreaterThan(before.reduce((a, b) => a + b));
    await page.keyboard.press('z');
    await judged(page, '1 of 2 judged');
    await page.keyboard.press('z');
    await judged(page, '0 of 2 judged');

    await until(async () => (await sizes()).join() === before.join());
    expect(complaints).toEqual([]);
    await page.close();
  });
});
