import type { Preview, Request } from './api/client.ts';
import { count } from './parts/format.ts';
import type { Channel } from './state/file/options.ts';
import type { Estimate } from './state/file/estimate.ts';
import { textsOfChosen } from './texts-of-chosen.ts';
import { textsOfForms } from './texts-of-forms.ts';
import { became, counted, images, savedInWords, textsOfRequests } from './texts-of-requests.ts';
import { textsOfRows } from './texts-of-rows.ts';
import { textsOfWebhooks } from './texts-of-webhooks.ts';

/** A time that is estimated, in steps that are no finer than that is. */
function inAbout(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes < 0.75) return 'in less than a minute';
  if (minutes < 10) return `in about ${counted(Math.round(minutes), 'minute')}`;
  if (minutes < 55) return `in about ${count(5 * Math.round(minutes / 5))} minutes`;
  const hours = minutes < 600 ? Math.round(minutes / 30) / 2 : Math.round(minutes / 60);
  return `in about ${hours === 1 ? 'an hour' : `${count(hours)} hours`}`;
}

const wholeFile = ({ saved: [least, most] }: Estimate): string =>
  `The whole file: ${savedInWords(Math.round(least), Math.round(most))}`;

/** Every text of the page, but for the sentences of the service itself and those about failures. */
export const texts = {
  name: 'Image Processing System',
  skip: 'Skip to the content',
  nav: {
    label: 'Main',
    start: 'New file',
    history: 'History',
    webhooks: 'Webhooks',
    api: 'API',
    theme: 'Colours',
  },
  themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  close: 'Close',
  cancel: 'Cancel',
  undo: 'Undo',
  undoKeys: 'Ctrl Z',
  nothingToUndo: 'There is nothing to undo.',
  startNow: 'Start now',
  again: 'Try again',
  loading: 'Loading …',
  offline: 'The service does not answer. This page goes on by itself as soon as it does.',
  unreachable: 'The service did not answer. Check that it is running, then try again.',
  dropHere: 'Drop the file anywhere',
  images,
  counted,

  key: {
    title: 'This service asks for an API key',
    hint: 'You get it from the operator of the service. It is kept until you close this tab.',
    label: 'API key',
    enter: 'Continue',
  },

  start: {
    title: 'Lighter product images, same spreadsheet.',
    lead: 'Choose the spreadsheet with your image links. Every image is fetched, compressed and stored, and you get the same spreadsheet back with the new links.',
    zone: 'Spreadsheet with image links, as CSV or Excel workbook: drop it here, or choose it',
    drop: 'Drop your spreadsheet here',
    or: 'or anywhere in this window',
    mayNot: 'With this key you can look at files, and not upload any.',
    choose: 'Choose a file',
    paste: 'Paste rows',
    accepted: 'Excel workbooks, and CSV files as shops export them. Nothing is stored before you say so.',
    pastedName: (time: string) => `pasted-rows-${time.replaceAll(':', '.')}.csv`,
    imageColumn: (place: number) => `Image URL ${place}`,
    otherColumn: (place: number) => `Column ${place}`,
    pasteTitle: 'Paste rows from your spreadsheet',
    pasteLabel: 'Rows, with or without the line of column names, or just one link a line',
    pasteExample: 'Product Name\tInput Image Urls\nBlue Mug\thttps://…/mug.jpg',
    pasteGo: 'Look at these rows',
    sampleTitle: 'No file at hand?',
    sampleLead: 'Four products, eight images, from this machine.',
    sampleGo: 'Try the sample',
    unfinished: (name: string) => `${name} is chosen, and not uploaded yet.`,
    goOn: 'Go on with it',
    recent: 'Recent files',
    all: 'All files',
  },

  preview: {
    announced: (rows: number, found: number, faults: number) =>
      `${counted(rows, 'row')} with ${images(found)} found, ${counted(faults, 'fault')}`,
    failed: 'This file can not be taken',
    reading: (name: string) => `Reading ${name} …`,
    title: (name: string) => name,
    nothingStored: 'Nothing is stored yet.',
    other: 'Choose another file',
    rows: 'Rows',
    rowsFaulty: (value: number) => `plus ${count(value)} with faults`,
    images: 'Images',
    distinct: (value: number) => `${count(value)} different`,
    hosts: 'Hosts',
    roles: { serial: 'number', product: 'product', input: 'images', output: 'replaced', extra: 'kept' },
    separators: { ',': 'commas', ';': 'semicolons', '\t': 'tabs' },
    sheet: (name: string) => `The sheet “${name}” of the workbook.`,
    written: (separator: string, encoding: string) => `Separated by ${separator}, written in ${encoding}.`,
    faults: (value: number) => `${counted(value, 'row')} with faults`,
    faultsLead: 'These rows can not be taken. Mend them here, or start without them.',
    noFaults: 'No faults',
    found: 'What was found in the file',
    warnings: (value: number) => counted(value, 'warning'),
    warningsLead: 'These rows are taken, but look at the links.',
    repairs: (value: number) => `${counted(value, 'note')} on how the file was read`,
    repairsLead: 'Your file itself stays as it is.',
    more: (value: number) => `and ${count(value)} more`,
    line: (isWorkbook: boolean) => (isWorkbook ? 'Row' : 'Line'),
    column: 'Column',
    value: 'Value',
    todo: 'What to do',
    start: (value: number) => `Compress ${images(value)}`,
    startWithout: (value: number, left: number) =>
      `Compress ${images(value)}, skip ${counted(left, 'faulty row')}`,
    starting: 'Uploading …',
    startKeys: 'Ctrl+Enter or ⌘+Enter',
    empty: 'No file is chosen.',
    measured: 'Each result is compared with its source, so that you can look at the worst first.',
    tooManyToMeasure:
      'With so many images, results are not compared with their sources: that would take twice the time.',
  },

  options: {
    heading: 'What the images become',
    title: 'How small?',
    channel: 'Where do they go?',
    channels: {
      any: 'Anywhere: I say how small',
      amazon: 'Amazon',
      ebay: 'eBay',
      google: 'Google Merchant Center',
      shopify: 'Shopify',
      walmart: 'Walmart Marketplace',
      meta: 'Facebook and Instagram',
      zalando: 'Zalando',
      otto: 'OTTO Market',
      etsy: 'Etsy',
      web: 'My own shop, as WebP',
    } satisfies Record<Channel, string>,
    notUsual: (choices: string[]) => `As at the last start: ${choices.join(', ')}.`,
    usual: 'Back to the usual options',
    makeFor: (channel: string) => `This file comes from ${channel}: make the images for ${channel}`,
    ofChannel:
      'Size, shape, background, format and quality are what it asks for; nothing is enlarged. Each result says whether it fits.',
    demands: (all: string[]) => `It asks for: ${all.join('; ')}.`,
    aims: {
      half: ['Half the quality', 'Much smaller, fine for shops. Quality 50 of 100.'],
      light: ['Hardly visible', 'Only what nobody sees is taken away. Similarity 0.99.'],
      bytes: ['At most …', 'The best picture that fits into the size you name, or comes nearest to it.'],
      quality: ['A quality …', 'The number that encoders take, from 1 to 100.'],
      similarity: ['A similarity …', 'The smallest file that is at least so alike, 0.9 to 1.'],
    },
    kilobytes: 'Kilobytes an image',
    quality: 'Quality, 1 to 100',
    similarity: 'Similarity, 0.9 to 1',
    numbers: 'Numbers and more settings',
    inNumbers: 'How small, in numbers?',
    format: 'Format',
    formats: {
      keep: 'As it is',
      auto: 'The smallest of all',
      jpeg: 'JPEG',
      png: 'PNG',
      webp: 'WebP',
      avif: 'AVIF',
    },
    side: 'Longest side',
    sides: (side: number) => (side === 0 ? 'As it is' : `${side} pixels`),
    effort: 'Time for an image',
    efforts: { fast: 'Little', balanced: 'Normal', best: 'Much, for smaller files' },
    metadata: 'Author and camera data',
    metadatas: { none: 'Leave out', copyright: 'Keep the copyright', all: 'Keep everything' },
  },

  columns: {
    title: 'How the columns are used',
    which: 'Which column holds the links of the images?',
    whichLead:
      'None of the names is known. Choose the column, or several, below; this is remembered for the next file like it.',
    noLinks: 'No column seems to hold links. If one does, choose it below; if not, choose another file.',
    all: (value: number) => `All ${counted(value, 'column')}, with what stands in them`,
    use: 'Used for',
    useOf: (name: string) => `Used for: ${name}`,
    samples: 'First values',
    unnamed: (number: number) => `Column ${count(number)}`,
    roles: {
      input: 'Images',
      product: 'Name',
      serial: 'Number',
      output: 'New links',
      extra: 'Kept as it is',
    },
    notOfShop: 'Read it as a plain table',
    asPlain: 'Read as a plain table, as you chose for files with these columns.',
    recognise: 'Recognise the shop',
  },

  mend: {
    table: 'Rows with faults',
    content: 'What stands there',
    leave: 'Remove',
    lines:
      'Lines are those of the file as a text, not the rows of a spreadsheet: a row whose cells have several lines takes as many.',
    cells: 'Write the right link into the cell: the file is checked again when you leave it.',
    keys: 'Enter or F8 goes to the next.',
    cell: (column: string, line: string) => `${column} on ${line}`,
    left: (faults: number, before: number) =>
      `${faults < before ? 'Mended. ' : ''}${faults === 0 ? 'No faults' : counted(faults, 'fault')} left.`,
    stillWrong: (cell: string, hint: string) => `${cell} is still wrong. ${hint}`,
    leaveOut: (line: string) => `Remove ${line}`,
    alike: (value: number) => `Do this to ${value === 1 ? 'the other one' : `all ${count(value)} such`}`,
    addHttps: (value: number) =>
      `Put https:// before ${value === 1 ? 'the one' : `all ${count(value)}`} without it`,
    changed: (cells: number, rows: number) =>
      [
        ...(cells > 0 ? [`${counted(cells, 'cell')} changed`] : []),
        ...(rows > 0 ? [`${counted(rows, 'row')} removed`] : []),
      ].join(', ') + '. Your own file stays as it is.',
    leftEmpty: 'In the workbook that you get back, a row that you remove stays as an empty row.',
    undo: 'Take back all changes',
    undoAll:
      'What was changed in the file is taken back by “Take back all changes”, a removed row alone by “Take … in again”.',
    takenBack: 'All changes were taken back.',
    done: (cells: number, rows: number) =>
      rows > 0
        ? `${counted(rows, 'row')} removed: the file that you get back comes without ${rows === 1 ? 'it' : 'them'}.`
        : `${counted(cells, 'cell')} changed.`,
    download: 'Download the corrected file',
  },

  look: {
    title: 'See it on your own pictures',
    another: 'Another picture',
    name: 'picture of this file',
    inShort: (numbers: string) => `One picture: ${numbers}`,
    busy: 'Compressing a picture of your file …',
    failed: (reason: string) => `This picture can not be shown: ${reason}`,
    /** Read aloud when the look has ended. */
    spoken: (name: string, { fits, broken_rules: rules, ...facts }: Preview, estimate: Estimate | null) =>
      `${name}: ${became(facts.input.bytes, facts.output.bytes, facts.similarity)}.` +
      (fits === false ? ` ${textsOfRequests.results.fitsNot(rules)}.` : '') +
      (estimate ? ` ${wholeFile(estimate)}.` : ''),
    estimate: (estimate: Estimate) =>
      `${wholeFile(estimate)}${estimate.seconds === null ? '' : `, ${inAbout(estimate.seconds)}`}. ` +
      `This is an estimate from ${counted(estimate.pictures, 'picture')} drawn at random.`,
    unread: (part: number, all: number, reason: string, url: string) =>
      `${count(part)} of ${counted(all, 'picture')} looked at can not be used. ${reason}: ${url}${part > 1 ? ', for one' : ''} – ` +
      'you can start all the same: links that fail can be corrected then, and tried again.',
    notReached: (format: string) =>
      `this is the nearest that ${format.toUpperCase()} can reach; another format or fewer pixels come nearer`,
  },

  status: {
    Pending: 'Waiting',
    Processing: 'Running',
    Completed: 'Finished',
    Cancelled: 'Cancelled',
    cancelling: 'Being cancelled',
    succeeded: 'Finished',
    partial: 'Finished, some failed',
    failed: 'Failed',
    cancelled: 'Cancelled',
  },

  ...textsOfRequests,
  webhooks: textsOfWebhooks,
  forms: textsOfForms,
  rows: textsOfRows,
  chosen: textsOfChosen,

  history: {
    title: 'History',
    lead: 'Every file that was uploaded to this service, the newest first.',
    search: 'Search name, file or label',
    show: 'Show',
    all: 'All files',
    from: 'From',
    to: 'To',
    none: 'Nothing here yet. Files that you upload are listed here.',
    noneFits: 'No file fits this filter.',
    found: (value: number, isMore: boolean) => `${counted(value, 'file')} found${isMore ? ', and more' : ''}`,
    more: 'Show more',
    delete: 'Delete',
    uploadOf: (name: string, time: string) => `${name} of ${time}`,
    deleteNamed: (name: string) => `Delete ${name}`,
    deleted: (name: string) => `${name} will be deleted in ten seconds.`,
    isBack: (name: string) => `${name} is back.`,
    runAgain: (name: string) => `Run ${name} again`,
    done: (request: Request) => `${count(request.counts.done)} of ${images(request.counts.images)}`,
  },
};
