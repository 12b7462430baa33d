import { ruleText } from './texts-of-failures.ts';
import type { Image, Request } from './api/client.ts';
import { bytes, count, percent, resultBytes } from './parts/format.ts';

/** `1 image`, `1,204 images` */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
export const images = (value: number): string => counted(value, 'image');

/** `16 KB became 5 KB, 98.8% alike`: the numbers by which a picture is judged. */
export const became = (before: number, after: number, similarity: number | null): string =>
  `${bytes(before)} became ${bytes(after)}` +
  (similarity === null ? '' : `, ${percent(similarity * 100)} alike`);

/** `about 48% smaller`, `40 to 75% smaller`, `between 5% larger and 20% smaller` */
export function savedInWords(least: number, most: number): string {
  if (least === most) return `about ${count(Math.abs(most))}% ${most < 0 ? 'larger' : 'smaller'}`;
  if (least < 0 && most > 0) return `between ${count(-least)}% larger and ${count(most)}% smaller`;
  const [low, high] = [Math.abs(least), Math.abs(most)].map(count);
  return most > 0 ? `${low} to ${high}% smaller` : `${high} to ${low}% larger`;
}

function result({ bytes: sizes }: Request): string {
  const { input, saved_percent: saved } = sizes;
  if (input === 0) return 'nothing was compressed';
  return `${saved < 0 ? `${percent(-saved)} larger` : `${percent(saved)} smaller`}: ${bytes(input)} became ${bytes(resultBytes(sizes))}`;
}

/** Where a row of the file is: `line 4`, or as programs for spreadsheets number it in a workbook, `row 4`. */
export const lineText = (line: number, isWorkbook: boolean): string =>
  `${isWorkbook ? 'row' : 'line'} ${count(line)}`;

/** The texts of the page of a request. */
export const textsOfRequests = {
  request: {
    announcedStart: (name: string, value: number) => `${name}: ${images(value)} are being compressed`,
    announcedProgress: (value: number) => `${value}% done`,
    announcedEnd: (request: Request) =>
      `${request.status === 'Cancelled' ? 'Cancelled' : 'Finished'}: ${count(request.counts.done)} of ` +
      `${images(request.counts.images)} done, ${count(request.counts.failed)} failed, ${result(request)}`,
    uploaded: (time: string) => `Uploaded ${time}`,
    progress: 'Progress',
    done: 'Done',
    failed: 'Failed',
    left: 'Left',
    atWork: 'At work',
    rate: 'Speed',
    perSecond: (rate: number) => `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} a second`,
    timeLeft: 'Time left',
    about: (time: string) => `about ${time}`,
    waitingFor: ([host, ...others]: string[]) =>
      `waiting for ${host}${others.length > 0 ? ` and ${count(others.length)} more` : ''}, to try again`,
    slowest: 'Slowest host',
    takes: (host: string, seconds: number) => `${host}, ${seconds.toFixed(1)} s an image`,
    unknown: '–',
    saved: 'Saved',
    smaller: 'smaller',
    larger: 'larger',
    furtherForms: 'Further forms',
    before: 'Before',
    after: 'After',
    time: 'Time',
    cancelNamed: (name: string) => `Cancel ${name}`,
    cancelling: 'It is being cancelled. What is done is kept.',
    cancelledHint: (done: number, all: number) =>
      `Cancelled. ${count(done)} of ${images(all)} were done and are kept.`,
    ending: (atWork: number) =>
      `${images(atWork)} ${atWork === 1 ? 'is' : 'are'} at work and will still be made, with all that have the same link. The others are left out.`,
    missing: 'Not found',
    goOn: 'Go on with the rest',
    notFound: 'There is no such file here. It may have been deleted, or the link is not whole.',
    downloads: 'Downloads',
    outputSoFar: 'Spreadsheet so far',
    forms: {
      added: 'Spreadsheet with new links in a column of their own',
      replaced: 'Your own file with new links in place of the old ones',
      csv: 'Spreadsheet as CSV',
      source: 'Your own file with the corrected links',
    },
    correctedIn: (form: string) =>
      `“${form}” has no new links: it is your file as you sent it, but for the links that you corrected here.`,
    formsDiffer:
      'To import the new links into a shop, take your own file: all else in it is as you sent it. The spreadsheet with a column of their own has only the rows that were taken, with all new links of a row in one cell.',
    errors: (hasUnfit: boolean) => (hasUnfit ? 'List of errors, and of what does not fit' : 'List of errors'),
    zip: 'All images (ZIP)',
    copyLink: 'Copy link to this page',
    copied: 'The link was copied.',
    missedTarget: (value: number) =>
      `${images(value)} ${value === 1 ? 'is' : 'are'} not as you asked for, but as near as the format allows. ` +
      'Run the file again with another format, or with fewer pixels, to come nearer.',
    leftOut: (value: number, isWorkbook: boolean) =>
      `${counted(value, 'row')} with faults ${value === 1 ? 'was' : 'were'} skipped: no image of ${value === 1 ? 'it' : 'them'} was made. ` +
      `Your own file with new links keeps ${value === 1 ? 'it as it is' : 'them as they are'}` +
      `${isWorkbook ? '' : `; the one with a column for the links comes without ${value === 1 ? 'it' : 'them'}`}. The list of errors says why.`,
    unlike: (value: number, percent: number) =>
      `${images(value)} ${value === 1 ? 'looks' : 'look'} different from ${value === 1 ? 'its original' : 'their originals'}: less than ${percent}% alike. Give ${value === 1 ? 'it' : 'them'} a better quality, or use the originals.`,
    unfit: (value: number) =>
      `${images(value)} ${value === 1 ? 'does' : 'do'} not fit where ${value === 1 ? 'it goes' : 'they go'}: too few pixels, for example. The list says why of each.`,
    grown: (value: number) =>
      `${images(value)} ${value === 1 ? 'is' : 'are'} larger than before: another format or quality was asked for. The list has ${value === 1 ? 'it' : 'them'}.`,
    runAgain: 'Run again',
    optionsUsed: 'Options used',
    pictures: (name: string) => `Before and after: ${name}`,
  },

  failures: {
    title: (value: number) => `${images(value)} failed`,
    lead: 'Grouped by reason and host. All other images are done as usual; in your own file these keep the links that they have.',
    showWorst: 'Show the worst first',
    at: (host: string) => `at ${host}`,
    show: (value: number) => `Show ${value === 1 ? 'it' : `all ${count(value)}`}`,
    showNamed: (value: number, reason: string, host: string) =>
      `Show ${value === 1 ? 'it' : `all ${count(value)}`}: ${reason} at ${host}`,
    more: (value: number) => `… and ${count(value)} more`,
    retryAll: 'Try all of them again',
    retry: 'Try again',
    retrying: (value: number) => `${images(value)} will be tried again in ten seconds.`,
    retryingNow: (value: number) => `${images(value)} are being tried again.`,
    notRetried: 'Nothing is tried again.',
    retryingOne: 'The image is being tried again.',
    goingOn: (left: number, failed: number) =>
      `Going on with ${images(left + failed)}${failed > 0 ? `: ${count(failed)} of them failed before` : ''}.`,
    retryNamed: (reason: string, host: string) => `Try again: ${reason} at ${host}`,
    noAddress: 'Write the whole link, beginning with http:// or https://, without blanks.',
    oneAddress: 'Write one link here: this is one picture.',
    mend: 'Correct the links',
    mendNamed: (reason: string, host: string) => `Correct the links: ${reason} at ${host}`,
    noneMended: 'Correct a link first: each one that you change is tried again.',
    retryMended: (value: number) =>
      value < 2
        ? `Try the corrected ${value === 1 ? 'link' : 'links'}`
        : `Try ${count(value)} corrected links`,
    first: (value: number) => `The first ${count(value)} are grouped here; the list of errors has all.`,
  },

  results: {
    title: 'Results',
    search: 'Search product, number or link',
    filter: 'Show',
    filters: {
      all: 'All images',
      done: 'Done',
      failed: 'Failed',
      kept: 'Picture unchanged',
      unfit: 'Not fitting',
      larger: 'Larger than before',
      noted: 'With notes',
      changed: 'Changed afterwards',
      open: 'Not done yet',
    },
    host: 'Host',
    anyHost: 'All hosts',
    format: 'Format',
    anyFormat: 'All formats',
    sort: 'Order',
    sorts: {
      file: 'As in the file',
      worst: 'Worst first',
      saved: 'Most saved first',
      least: 'Least saved first',
      size: 'Largest result first',
    },
    view: 'View',
    table: 'Table',
    tiles: 'Tiles',
    shown: (part: number, all: number) => (part === all ? images(all) : `${count(part)} of ${images(all)}`),
    listing: 'Reading the images …',
    listedAtEnd: 'So many images are listed when the work has ended.',
    none: 'No image fits this filter.',
    clear: 'Show all',
    only: (reason: string) => `Only: ${reason}`,
    allReasons: 'Show all reasons',
    product: 'Product',
    picture: 'Picture',
    before: 'Before',
    after: 'After',
    saved: 'Saved',
    similarity: 'Alike',
    state: 'State',
    nth: (picture: number, all?: number) => `picture ${count(picture)}${all ? ` of ${count(all)}` : ''}`,
    open: (name: string, line: string) => `Compare before and after: ${name}, ${line}`,
    states: {
      pending: 'Waiting',
      processing: 'Working',
      done: 'Done',
      failed: 'Failed',
      cancelled: 'Cancelled',
    },
    kept: 'Picture unchanged',
    fits: 'Fits',
    fitsNot: (rules: string[]) => `Does not fit: ${rules.map((rule) => ruleText(rule)).join(', ')}`,
    larger: 'larger than asked for',
    asFor: (format: string, channel: string) => `as ${format.toUpperCase()} for ${channel}`,
    changed: (isOriginal: boolean, isSmaller: boolean) => {
      if (!isOriginal) return 'made again';
      return isSmaller
        ? 'original put in place, but for data such as of the camera'
        : 'original put in place';
    },
    judge: 'Judge the worst first',
  },

  judge: {
    title: 'Judge this picture',
    keep: ['Keep', 'A'] as const,
    better: ['Better quality', 'U'] as const,
    original: ['Use the original', 'O'] as const,
    undo: ['Undo', 'Z'] as const,
    count: (part: number, all: number) =>
      `${count(part)} of ${count(all)} judged${part === all ? ': that was the last one' : ''}`,
    isJudged: 'this one is judged',
    isRedone: 'being made again',
    exceeds: (asked: number) =>
      `A better quality or the original can have more than the ${bytes(asked)} that you asked for.`,
    refused: (format: string, channel: string) =>
      `${channel} does not take the original: it is ${format.toUpperCase()}.`,
    isMore: (asked: number) => `That is more than the ${bytes(asked)} that you asked for.`,
    usedBy: (products: number) => `used by ${count(products)} products, and judged for all of them`,
    kept: (name: string) => `${name} is kept.`,
    redoing: (name: string, wish: { quality?: string; target?: string; original?: true }) => {
      if (wish.original) return `${name}: the original is being put in place.`;
      const alike = percent(100 * Number(wish.target?.split(':')[1]));
      return `${name} is being made again${wish.quality ? ` in quality ${wish.quality}` : `, at least ${alike} alike`}.`;
    },
    look: 'Look at it',
    lookNamed: (name: string) => `Look at it: ${name}`,
    redone: (name: string, before: Image, now: Image) => {
      const alike = [before, now].flatMap(({ similarity }) =>
        similarity === null ? [] : percent(similarity * 100),
      );
      const sizes =
        `${bytes(before.output!.bytes)} → ${bytes(now.output!.bytes)}` +
        (alike.length === 2 ? `, ${alike.join(' → ')} alike` : '');
      const rules =
        now.fits === false
          ? ` It does not fit: ${now.broken_rules.map((rule) => ruleText(rule)).join(', ')}.`
          : '';
      if (now.redo?.options?.original) return `${name} is the original now: ${sizes}.${rules}`;
      const quality = now.quality === null ? '' : ` in quality ${now.quality}`;
      return `${name} was made again${quality}: ${sizes}.${rules}`;
    },
    failed: (name: string, reason: string) => `${name} stays as it was. ${reason}`,
    undone: (name: string, isShown: boolean, isJudged: boolean) =>
      `${name} is ${isJudged ? 'judged as before' : 'not judged any more'}${isShown ? ', and shown again' : ''}.`,
    back: (name: string) => `${name} is as it was before.`,
    next: (name: string) => `Next: ${name}.`,
    numbers: (before: number, after: number, similarity: number | null, products: number) =>
      `${became(before, after, similarity)}${products > 1 ? `, used by ${count(products)} products` : ''}.`,
    last: 'That was the last one.',
    all: (value: number) => `All ${count(value)} are judged.`,
  },

  compare: {
    slider: 'Share of the original that is shown',
    value: (share: number) => `${share}% original, ${100 - share}% result`,
    original: 'Original',
    unchanged: 'the picture itself is unchanged; only data about it, such as of the camera, was left out',
    result: 'Result',
    previous: ['Previous picture', 'K'] as const,
    next: ['Next picture', 'J'] as const,
    shown: (name: string, index: number, all: number) => `${name}, ${count(index + 1)} of ${count(all)}.`,
    shownFitted: 'Fitted to the window.',
    shownFull: 'Shown at 100%.',
    shownOriginal: 'The original alone is shown.',
    shownBoth: 'Original and result are shown.',
    /** Images of several products can be one picture: then there are fewer than the list has images. */
    place: (index: number, all: number, areShared: boolean) =>
      `${count(index + 1)} of ${count(all)}${areShared ? ' different pictures' : ''}`,
    fit: ['Fit to the window', 'F'] as const,
    full: ['100%', '1'] as const,
    hold: ['Hold for the original', 'H'] as const,
    keys: [
      ['J →', 'next picture'],
      ['K ←', 'previous picture'],
      ['A', 'keep the result, and on to the next that is not judged'],
      ['U', 'make it again in a better quality'],
      ['O', 'take the original'],
      ['Z', 'undo the last judgement'],
      ['F', 'fit to the window'],
      ['1', '100%'],
      ['H', 'original, while held'],
      ['← →', 'move the divider, where it has the focus'],
      ['?', 'these keys'],
      ['Esc', 'close'],
    ] satisfies [key: string, meaning: string][],
    showKeys: ['Keys', '?'] as const,
    singleKeys: 'Single keys: a letter alone acts. Buttons, arrows and Esc work in any case.',
    gone: 'The original can not be loaded from its host any more. This is the result.',
    openResult: 'Open the result',
    alike: (value: number) => `${percent(value * 100)} alike`,
    smaller: (value: number) => (value >= 0 ? `${percent(value)} smaller` : `${percent(-value)} larger`),
    quality: (value: number) => `quality ${value}`,
  },
};
