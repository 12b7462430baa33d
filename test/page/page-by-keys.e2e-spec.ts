import type { Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { ScreenReader } from '../helpers/page/accessibility-tree.js';
import { describeInBrowser, openPage } from '../helpers/page/browser.js';
import { listen, spokenOn } from '../helpers/page/live-regions.js';
import { photo } from '../helpers/servers/image-origin.js';
import { usePage } from '../helpers/app/suite.js';
import { until } from '../helpers/wait.js';

/** Nothing here clicks, and nothing asks the page for its elements: only keys act, and only the accessibility tree is read. */
const FIRST_CHOSEN = '1 of 4 chosen. What can be done with them stands before the list.';

describeInBrowser('the page by keys and by the accessibility tree alone', (engine) => {
  const suite = usePage(engine, async () => ({
    '/mug.jpg': await photo(320, 240),
    '/vase.jpg': await photo(300, 400, 2),
    '/lamp.jpg': await photo(240, 240, 3),
  }));

  const sheet = () =>
    [
      'Handle,Title,Image URL',
      `mug,Blue Mug,${suite.origin.url('/mug.jpg')}`,
      `vase,Vase,${suite.origin.url('/vase.jpg')}`,
      'towel,Towel,photos/towel.jpg',
      `gone,Plate,${suite.origin.url('/gone.jpg')}`,
      `lost,Bowl,${suite.origin.url('/lost.jpg')}`,
      '',
    ].join('\r\n');

  /** Chooses the file by keys; the dialog of the operating system is not the page's. */
  const choose = async (page: Page, reader: ScreenReader, name: string) => {
    await reader.goTo('button', /^Choose a file$/);
    page.on('filechooser', (chooser) => {
      void chooser.setFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(sheet()) });
    });
    await reader.tree(); // by then the suite.browser knows that somebody waits for its dialog
    await reader.press('Enter');
    await reader.isOn('heading', name);
  };
  const open = async () => {
    const { page, complaints } = await openPage(suite.browser, suite.app.client.url);
    /** But for pictures that are not there. */
    const faults = () => complaints.filter((text) => !text.includes('422'));
    return { page, faults, reader: await ScreenReader.of(page) };
  };

  it('goes from the file to the start: faults, options, estimate', async () => {
    const { page, faults, reader } = await open();
    await reader.hear('heading', /^Lighter product images/);
    await reader.hear('region', /CSV or Excel workbook: drop it here, or choose it$/);
    await choose(page, reader, 'keys.csv');
    await reader.hear('button', /^Compress 4 images, skip 1 faulty row$/);
    await reader.hear('StaticText', /^4 rows with 4 images found, 1 fault$/);

    await reader.press('F8');
    await reader.isOn('textbox', 'Image URL on line 4');
    await reader.press('ControlOrMeta+a');
    await reader.type(suite.origin.url('/lamp.jpg'));
    await reader.press('Enter');
    await reader.hear('button', /^Compress 5 images$/);
    await reader.isOn('region', /^1 cell changed/);

    await reader.goTo('combobox', /^Where do they go\?$/);
    await reader.goTo('radio', /^Half the quality/);
    await reader.press('ArrowDown');
    await reader.isOn('radio', /^Hardly/);
    await reader.goTo('DisclosureTriangle', /^Numbers and more settings$/);
    await reader.press('Enter');
    await reader.goTo('radio', /^A quality/);
    await reader.press('Space');
    await reader.hear('spinbutton', /^Quality, 1 to 100$/);
    await reader.goTo('radio', /^At most/, 'Shift+Tab');
    await reader.press('ArrowUp');
    await reader.isOn('radio', /^Hardly/);
    await reader.goTo('DisclosureTriangle', /^Numbers and more settings$/);
    await reader.press('Enter');
    await reader.goTo('combobox', /^Format$/);
    await reader.type('WebP');
    await reader.hear('StaticText', /^WEBP$/);
    await reader.goTo('slider', /^Share of the original/);
    await reader.press('ArrowRight');
    await reader.hear('StaticText', /^The whole file: about \d+% (smaller|larger), in less than a minute\./);
    await reader.goTo('button', /^Compress 5 images$/);
    await reader.press('Enter');

    await reader.hear('heading', /^2 images failed$/);
    await reader.isOn('heading', 'keys.csv');
    await reader.hear('StaticText', /^Finished: 3 of 5 images done, 2 failed, /);
    const { options } = (await suite.app.client.get('/requests?limit=1')).json.items[0];
    expect(options).toMatchObject({ target: 'ssim:0.99', format: 'webp' });
    expect(faults()).toEqual([]);
    await page.evaluate('localStorage.clear()');
    await page.close();
  });

  it('stays where rows are shown, hidden and taken back', async () => {
    const { page, faults, reader } = await open();
    await choose(page, reader, 'rows.csv');
    await reader.hear('textbox', /^Image URL on line 4$/);
    await reader.press('F8', 'ControlOrMeta+a');
    await reader.type(suite.origin.url('/lamp.jpg'));
    await reader.press('Enter');
    await reader.isOn('region', /^1 cell changed/);

    await reader.goTo('button', /^Show all rows$/);
    await reader.press('Enter');
    await reader.isOn('button', 'All rows');
    expect((await reader.hear('button', /^Remove line 2$/)).description).toBe('');
    expect(await reader.saidTwice()).toEqual([]);
    await reader.goTo('button', /^Hide the rows$/, 'Shift+Tab');
    await reader.press('Enter');
    await reader.isOn('button', 'Show all rows');
    await reader.goTo('button', /^Take back all changes$/, 'Shift+Tab');
    await reader.press('Enter');
    await reader.hear('textbox', /^Image URL on line 4$/);
    await reader.isOn('region', 'What was found in the file');
    const spoken = async () =>
      (await reader.tree()).map(({ name }) => name).filter((name) => /^\d rows with| became /.test(name));
    await until(async () => (await spoken()).length > 0);
    await reader.goTo('link', /^History$/, 'Shift+Tab');
    await reader.press('Enter');
    await reader.isOn('heading', 'History');
    expect(await spoken()).toEqual([]);

    expect(faults()).toEqual([]);
    await page.close();
  });

  it('goes down a column of all rows by Enter, and changes only cells that became others', async () => {
    const { page, faults, reader } = await open();
    await choose(page, reader, 'cells.csv');
    await reader.goTo('button', /^All rows$/);
    await reader.press('Enter');
    await reader.goTo('textbox', /^Image URL on line 2$/);

    await reader.press('ControlOrMeta+a');
    await reader.type(suite.origin.url('/lamp.jpg'));
    await reader.press('Enter');
    await reader.isOn('textbox', 'Image URL on line 3');
    await reader.hear('region', /^1 cell changed/);
    await reader.isOn('textbox', 'Image URL on line 3');
    await reader.press('End');
    await reader.type(' ');
    await reader.press('Enter', 'Enter');
    await reader.isOn('textbox', 'Image URL on line 5');
    await reader.press('ControlOrMeta+a');
    await reader.type(suite.origin.url('/vase.jpg?2'));
    await reader.press('Shift+Enter');
    await reader.isOn('textbox', 'Image URL on line 4');
    await reader.hear('region', /^2 cells changed/);

    expect((await reader.hear('textbox', /^Image URL on line 3$/)).value).toBe(suite.origin.url('/vase.jpg'));
    await reader.isOn('textbox', 'Image URL on line 4');
    expect(faults()).toEqual([]);
    await page.close();
  });

  it('judges the worst first, and keeps the place of whoever judges', async () => {
    const { page, faults, reader } = await open();
    await choose(page, reader, 'judge.csv');
    await reader.goTo('button', /^Compress 4 images, skip 1 faulty row$/);
    await reader.press('Enter');
    await reader.goTo('button', /^Judge the worst first$/);
    expect(await reader.saidTwice()).toEqual([]);

    await reader.press('Enter');
    await reader.hear('dialog', /^Before and after: /);
    await reader.isOn('heading', /^(Blue Mug|Vase)$/);
    await reader.hear('StaticText', /^1 of 2$/);
    await reader.press('?');
    await reader.hear('StaticText', /^make it again in a better quality$/);
    await reader.goTo('slider', /^Share of the original/);
    await reader.press('j');
    await reader.hear('StaticText', /^2 of 2$/);
    await reader.isOn('slider', /^Share of the original/);
    await reader.press('k');
    await reader.hear('StaticText', /^1 of 2$/);
    await reader.goTo('button', /^Better quality \(U\)$/);
    await reader.press('Enter');
    await reader.hear('StaticText', /was made again in quality 65: .+ → .+\.$/);
    await reader.isOn('button', 'Better quality (U)');
    await reader.goTo('button', /^Use the original \(O\)$/);
    await reader.press('Enter');
    await reader.isOn('button', 'Use the original (O)');
    await reader.hear('StaticText', /^2 of 2 judged/);
    await reader.hear('StaticText', /is the original now: .+ → .+\.$/);
    await reader.goTo('button', /^Undo \(Z\)$/);
    await reader.press('Enter', 'Enter');
    await reader.hear('StaticText', /^0 of 2 judged/);
    await reader.isOn('button', 'Undo (Z)');
    await reader.press('Escape'); // the list of keys
    await reader.isOn('button', 'Undo (Z)');
    await reader.press('Escape');
    await reader.isOn('button', /^Compare before and after: (Blue Mug|Vase), line \d$/);

    expect(faults()).toEqual([]);
    await page.close();
  });

  it('goes to the name of the picture when what had the focus is gone', async () => {
    const { page, faults, reader } = await open();
    await page.route(suite.origin.url('/vase.jpg'), (route) => route.abort()); // its source has gone
    await choose(page, reader, 'gone.csv');
    await reader.goTo('button', /^Compress 4 images, skip 1 faulty row$/);
    await reader.press('Enter');
    await reader.goTo('button', /^Judge the worst first$/);

    await reader.press('Enter');
    await reader.isOn('heading', /^(Blue Mug|Vase)$/);
    if ((await reader.focused()).name === 'Vase') await reader.press('j');
    await reader.goTo('slider', /^Share of the original/);
    await reader.press((await reader.tree()).some(({ name }) => name === '1 of 2') ? 'j' : 'k');
    await reader.isOn('heading', 'Vase');
    await reader.press('1', 'Tab', 'Tab');
    await until(async () => (await reader.focused()).role === 'generic'); // the picture, to be scrolled
    await reader.press('f');
    await reader.isOn('heading', 'Vase');

    expect(faults().filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
    await page.close();
  });

  it('chooses failed images, tries them again, undoes that, and takes the files away', async () => {
    const { page, faults, reader } = await open();
    await choose(page, reader, 'failed.csv');
    await reader.goTo('button', /^Compress 4 images, skip 1 faulty row$/);
    await reader.press('Enter');
    await reader.hear('StaticText', /^Finished: /);

    await reader.goTo('checkbox', /^Choose Plate$/);
    await reader.press('Space');
    await reader.hear('StaticText', /^1 of 4 chosen$/);
    await reader.press('Space');
    await reader.hear('StaticText', /^None chosen\.$/);
    await listen(page);
    await reader.press('Space');
    await until(async () => (await spokenOn(page)).join() === FIRST_CHOSEN);
    await reader.goTo('checkbox', /^Choose Bowl$/);
    await reader.press('Shift+Space');
    await reader.hear('StaticText', /^2 of 4 chosen$/);
    await reader.goTo('button', /^Try 2 failed again$/, 'Shift+Tab');
    await reader.press('Enter');
    await reader.hear('StaticText', /^2 images will be tried again in ten seconds\.$/);
    await reader.hasFocus();
    await reader.press('ControlOrMeta+z');
    await reader.hear('StaticText', /^Nothing is tried again\.$/);
    await reader.hear('button', /^Try all of them again$/);
    await reader.hasFocus();
    await reader.press('ControlOrMeta+z');
    await reader.hear('StaticText', /^There is nothing to undo\.$/);

    await reader.goTo('link', /^Spreadsheet with new links in a column of their own$/, 'Shift+Tab');
    const [download] = await Promise.all([page.waitForEvent('download'), reader.press('Enter')]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/Handle,Title,Image URL,Output Image Urls/);
    await reader.goTo('link', /^All images \(ZIP\)$/);
    const [zip] = await Promise.all([page.waitForEvent('download'), reader.press('Enter')]);
    expect(zip.suggestedFilename()).toBe('failed-images.zip');

    await reader.goTo('button', /^Try all of them again$/);
    await reader.press('Enter');
    await reader.goTo('button', /^Start now$/);
    await listen(page);
    await reader.press('Enter');
    await reader.isOn('region', 'Progress');
    await until(async () => (await spokenOn(page)).includes('2 images are being tried again.'));
    expect(faults()).toEqual([]);
    await page.close();
  });

  it('finds a file in the history, deletes it, and has it back', async () => {
    const { page, faults, reader } = await open();
    await suite.app.client.accepted(`Image URL\n${suite.origin.url('/mug.jpg')}\n`);
    await reader.goTo('link', /^History$/);
    await reader.press('Enter');
    await reader.hear('heading', /^History$/);
    await reader.hasFocus();
    await reader.goTo('searchbox', /^Search name, file or label$/);
    await reader.type('products');
    await reader.goTo('button', /^Delete products\.csv of /);
    const before = (await reader.tree()).filter(({ name }) =>
      name.startsWith('Delete products.csv of '),
    ).length;

    await reader.press('Enter');
    await reader.hear('StaticText', /^products\.csv and its images will be deleted in ten seconds\.$/);
    await reader.hasFocus();
    await reader.press('ControlOrMeta+z');

    await reader.hear('StaticText', /^products\.csv is back\.$/);
    await until(async () => {
      const names = (await reader.tree()).map(({ name }) => name);
      return names.filter((name) => name.startsWith('Delete products.csv of ')).length === before;
    });
    await reader.hasFocus();
    expect(faults()).toEqual([]);
    await page.close();
  });
});
