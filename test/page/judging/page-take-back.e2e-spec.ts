import type { Page } from 'playwright-core';
import { barriersOf, describeInBrowser } from '../../helpers/page/browser.js';
import { heard, listenInDialog, useJudging } from '../../helpers/page/judging.js';
import { csvOf } from '../../helpers/app/client.js';

describeInBrowser('the page, taking back what was judged', (engine) => {
  const { suite, uploadedFile, uploaded, openResult } = useJudging(engine);
  const judged = (page: Page, text: string) => page.getByText(text).waitFor();

  it('goes back step by step where a picture was made again twice, and says each time what it is', async () => {
    const id = await uploaded([['Mug', [suite.origin.url('/mug.jpg')]]]);
    const image = async () => (await suite.app.client.images(id))[0];
    const run = await image();
    const { page, complaints } = await openResult(id);
    await page.getByRole('button', { name: 'Compare before and after: Mug' }).click();
    await listenInDialog(page);
    const facts = page.locator('.compare-facts');
    const redone = (quality: number) =>
      page
        .getByRole('listitem')
        .filter({ hasText: `Mug was made again in quality ${quality}:` })
        .waitFor();
    await page.keyboard.press('u');
    await redone(65);
    const first = await image();
    await page.keyboard.press('u');
    await redone(80);

    await page.keyboard.press('z');
    await heard(
      page,
      'Mug is judged as before, and shown again. Mug is as the change before made it: in quality 65.',
    );
    expect(await image()).toEqual({ ...first, redo: { ...first.redo, can_undo: false } });
    await facts.getByText('made again · quality 65').waitFor();
    await page.keyboard.press('z');
    await heard(page, 'Mug is not judged any more, and shown again. Mug is made as at first again.');

    expect((await image()).output_url).toBe(run.output_url);
    await facts.getByText('made again as at first · quality 50').waitFor();
    expect(await barriersOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('offers the original where there is no better quality', async () => {
    const id = await uploadedFile(csvOf([['Mug', [suite.origin.url('/mug.jpg')]]]), { quality: '95' });
    const { page } = await openResult(id);
    await page.getByRole('button', { name: 'Compare before and after: Mug' }).click();
    await listenInDialog(page);

    await page.getByRole('button', { name: 'Best: the original (U)' }).click();

    await heard(page, 'Mug: the original is being put in place.');
    await page.close();
  });

  it('undoes what was judged in this file, and nothing of another', async () => {
    const rows = ['mug', 'vase'].map((name): [string, string[]] => [
      name,
      [suite.origin.url(`/${name}.jpg`)],
    ]);
    const [id, other] = [await uploaded(rows), await uploaded([...rows, ['lamp', rows[0][1]]])];
    const { page } = await openResult(id);
    const judge = page.getByRole('button', { name: 'Judge the worst first' });
    await judge.click();
    await page.keyboard.press('a');
    await judged(page, '1 of 2 judged');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.goto(`${suite.app.client.url}/#/requests/${other}`);
    await page.getByText('lamp', { exact: true }).waitFor();
    await judge.click();
    await listenInDialog(page);
    await page.keyboard.press('z');
    await heard(page, 'There is nothing to undo.');

    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByText('lamp', { exact: true }).waitFor({ state: 'detached' });
    await judge.click();
    await judged(page, '1 of 2 judged');
    await page.close();
  });

  it('forgets how a picture was judged whose change is taken back', async () => {
    const id = await uploaded([
      ['mug', [suite.origin.url('/mug.jpg')]],
      ['vase', [suite.origin.url('/vase.jpg')]],
    ]);
    const { page } = await openResult(id);
    await page.getByRole('button', { name: 'Judge the worst first' }).click();
    await page.keyboard.press('o');
    await page
      .getByText(/ is the original now/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'All listed' }).click();
    await page.getByRole('button', { name: 'Take back 1 change' }).click();
    await page.getByText(/^1 of 1 pictures? taken back\.$/).waitFor();

    await page.getByRole('button', { name: 'Judge the worst first' }).click();

    await judged(page, '0 of 2 judged');
    expect(await page.getByText(/ is the original now/).count()).toBe(0);
    await page.close();
  });

  it('undoes each judgement of a picture, and asks for nothing better than the original', async () => {
    const { page } = await openResult(await uploaded([['Mug', [suite.origin.url('/mug.jpg')]]]));
    await page.getByRole('button', { name: 'Compare before and after: Mug' }).click();
    await listenInDialog(page);
    const button = (name: string) => page.getByRole('button', { name });
    const isDisabled = async (name: string) => (await button(name).getAttribute('aria-disabled')) === 'true';
    const note = (text: string) => page.getByRole('listitem').filter({ hasText: text }).waitFor();
    await page.keyboard.press('u');
    await note('Mug was made again in quality 65:');
    await page.keyboard.press('o');
    await note('Mug is the original now:');

    expect([await isDisabled('Best: the original (U)'), await isDisabled('Use the original (O)')]).toEqual([
      true,
      true,
    ]);
    await page.keyboard.press('u');
    await heard(page, 'Mug is the original: nothing is better.');
    await page.keyboard.press('ControlOrMeta+z');
    await heard(page, 'Mug is judged as before, and shown again.');
    await note('Mug is as the change before made it: in quality 65.');
    expect(await isDisabled('Undo (Z)')).toBe(false);
    await button('Undo (Z)').click();

    await note('Mug is made as at first again.');
    expect(await isDisabled('Undo (Z)')).toBe(true);
    await page.close();
  });
});
