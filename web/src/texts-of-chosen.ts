import { count } from './parts/format.ts';
import { counted } from './texts-of-requests.ts';

const pictures = (value: number): string => counted(value, 'picture');
const asItWas = (value: number): string => (value === 1 ? 'stays as it was' : 'stay as they were');

/** Texts about images that were chosen, and what is done with all of them at once. */
export const textsOfChosen = {
  choose: (name: string) => `Choose ${name}`,
  bar: 'What is done with the chosen images',
  count: (value: number, all: number) => `${count(value)} of ${count(all)} chosen`,
  /** Read aloud; where the first are chosen, with where the buttons are that have come. */
  announced: (value: number, all: number, isFirst: boolean) =>
    `${count(value)} of ${count(all)} chosen${isFirst ? '. What can be done with them stands before the list.' : ''}`,
  unlisted: (value: number) => `, ${count(value)} of them not listed now`,
  pictures: (value: number) => `, ${counted(value, 'different picture')}`,
  none: 'None chosen.',
  chooseListed: 'All listed',
  chooseNone: 'None',
  better: (value: number) => `Better quality for ${count(value)}`,
  original: (value: number) => `Use the original for ${count(value)}`,
  retry: (value: number) => `Try ${count(value)} failed again`,
  undo: (value: number) => `Take back ${counted(value, 'change')}`,

  begun: (value: number) => `${pictures(value)} ${value === 1 ? 'is' : 'are'} being changed.`,
  changed: (part: number, all: number) => `${count(part)} of ${count(all)} changed`,
  ended: (part: number, all: number) => `${count(part)} of ${pictures(all)} changed.`,
  stop: 'Stop',
  stopping: 'Stopping …',
  stopAsked: 'Stopping: the pictures that are being changed now are still finished.',
  stopped: (part: number, all: number) => `Stopped: ${count(part)} of ${pictures(all)} changed.`,
  refused: (part: number, all: number) =>
    `Stopped, because one change was refused: ${count(part)} of ${pictures(all)} changed.`,
  same: (value: number) =>
    `${pictures(value)} ${asItWas(value)}: nothing better came of ${value === 1 ? 'it' : 'them'}.`,
  others: (value: number) => `${count(value)} more ${asItWas(value)}.`,

  takingBack: (value: number) => `${pictures(value)} ${value === 1 ? 'is' : 'are'} being taken back.`,
  takenBack: (part: number, all: number) => `${count(part)} of ${count(all)} taken back`,
  isBack: (part: number, all: number) => `${count(part)} of ${pictures(all)} taken back.`,
  notBack: (name: string, reason: string) => `${name} can not be taken back. ${reason}`,
};
