import type { Preview } from './api/client.ts';
import { count } from './parts/format.ts';
import type { Estimate } from './state/file/estimate.ts';
import { lossSentence } from './texts-of-judging.ts';
import { became, counted, savedInWords, textsOfRequests } from './texts-of-requests.ts';

/** A time that is estimated, in steps that are no finer than that is. */
function inAbout(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes < 0.75) return 'in less than a minute';
  if (minutes < 10) return `in about ${counted(Math.round(minutes), 'minute')}`;
  if (minutes < 55) return `in about ${count(5 * Math.round(minutes / 5))} minutes`;
  const hours = minutes < 600 ? Math.round(minutes / 30) / 2 : Math.round(minutes / 60);
  return `in about ${hours === 1 ? 'an hour' : `${count(hours)} hours`}`;
}

/** What is left of a file is more than nothing. */
const rounded = (percent: number): number => Math.min(Math.round(percent), 99);

const wholeFile = ({ saved }: Estimate): string =>
  `The whole file: ${savedInWords(rounded(saved), rounded(saved))}`;

/** Where all became nearly the same, the one figure says it. */
const DIFFERS = 5;

/** From what an estimate comes: the pictures that were looked at, and how much they differ. */
function drawn({ pictures, isWhole, single: [least, most] }: Estimate): string {
  const range = most - least < DIFFERS ? '' : ` became ${savedInWords(rounded(least), rounded(most))}`;
  if (isWhole) return `All ${counted(pictures, 'picture')} were looked at${range && `; they${range}`}.`;
  return `This is an estimate from ${counted(pictures, 'picture')} drawn at random${range && `, which${range}`}.`;
}

/** The texts about pictures of the chosen file, and what they become. */
export const textsOfLooks = {
  title: 'See it on your own pictures',
  another: 'Another picture',
  name: 'picture of this file',
  /** Of the whole file as soon as that is known. */
  inShort: (numbers: string, estimate: Estimate | null) =>
    estimate ? wholeFile(estimate) : `One picture: ${numbers}`,
  busy: 'Compressing a picture of your file …',
  failed: (reason: string) => `This picture can not be shown: ${reason}`,
  /** Read aloud when the look has ended. */
  spoken: (name: string, { fits, broken_rules: rules, ...facts }: Preview, estimate: Estimate | null) =>
    `${name}: ${became(facts.input.bytes, facts.output.bytes, facts.similarity)}.` +
    lossSentence(facts.notes) +
    (fits === false ? ` ${textsOfRequests.results.fitsNot(rules)}.` : '') +
    (estimate ? ` ${wholeFile(estimate)}.` : ''),
  estimate: (estimate: Estimate) =>
    `${wholeFile(estimate)}${estimate.seconds === null ? '' : `, ${inAbout(estimate.seconds)}`}. ${drawn(estimate)}`,
  unread: (part: number, all: number, reason: string, url: string) =>
    `${count(part)} of ${counted(all, 'picture')} looked at can not be used. ${reason}: ${url}${part > 1 ? ', for one' : ''} – ` +
    'you can start all the same: links that fail can be corrected then, and tried again.',
  notReached: (format: string) =>
    `this is the nearest that ${format.toUpperCase()} can reach; another format or fewer pixels come nearer`,
};
