import type { DryRun } from '../../api/client.ts';
import { isLook, type Look, type Looks } from './look-at-pictures.ts';
import { isMeasured } from './take-file.ts';

/** What the whole file will probably come to. */
export interface Estimate {
  /**
   * In percent of all bytes. It comes without an interval: of a few pictures of unlike sizes, such as a file has them, none
   * that is narrow enough to tell anything holds as often as it would say.
   */
  saved: number;
  /** In percent, of the pictures that were looked at: how unlike they are. */
  single: [least: number, most: number];
  /** Null where no worker runs, or the service does not say what it does at once. */
  seconds: number | null;
  /** From how many pictures it comes. */
  pictures: number;
  /** Whether these are all of the file. */
  isWhole: boolean;
}

/** From the pictures looked at so far; null before there are three, or all. */
export function estimateOf({ results }: Looks, survey: DryRun): Estimate | null {
  const looks = [...results.values()].filter(isLook);
  const isSeen = results.size >= survey.distinct_urls;
  if (looks.length < (isSeen ? 2 : 3)) return null;
  const seconds = secondsOf(looks, survey);
  const isWhole = isSeen && looks.length === results.size;
  return { saved: savedOf(looks), single: singleOf(looks), seconds, pictures: looks.length, isWhole };
}

/** Each picture counts by its bytes, as it does in the file. */
function savedOf(looks: Look[]): number {
  const input = sumOf(looks, ({ facts }) => facts.input.bytes);
  return 100 * (1 - sumOf(looks, ({ facts }) => facts.output.bytes) / input);
}

/** The least and the most of a single picture. */
function singleOf(looks: Look[]): Estimate['single'] {
  const saved = looks.map(({ facts }) => 100 * (1 - facts.output.bytes / facts.input.bytes));
  return [Math.min(...saved), Math.max(...saved)];
}

/**
 * Downloads and compressing go on side by side, so the slower of both decides; the first image goes through one after the
 * other. Of a URL that occurs several times, only the first costs time. What the network can carry, and what other files
 * take meanwhile, is not known.
 */
function secondsOf(looks: Look[], survey: DryRun): number | null {
  const { images, distinct_urls: distinct, hosts } = survey;
  const atOnce = looks.at(-1)!.facts.at_once;
  const fetched = looks.filter(({ fetchMs }) => fetchMs !== null);
  const asRun = looks.filter((look) => look.isMeasured === isMeasured(survey));
  if (!atOnce || fetched.length === 0 || asRun.length === 0) return null;
  const fetching = sumOf(fetched, ({ fetchMs }) => fetchMs!) / fetched.length;
  const compressing = sumOf(asRun, compressMs) / asRun.length;
  const largestHost = Math.max(...hosts.items.map((host) => host.images)) / images;
  const milliseconds = Math.max(
    (distinct * fetching) / atOnce.downloads,
    (distinct * largestHost * fetching) / atOnce.downloads_per_host,
    (distinct * compressing) / atOnce.images,
  );
  return (fetching + compressing + milliseconds) / 1000;
}

/** Of all its forms. */
const compressMs = ({ facts }: Look): number =>
  (facts.milliseconds ?? 0) + facts.renditions.reduce((sum, form) => sum + form.milliseconds, 0);

const sumOf = (looks: Look[], of: (look: Look) => number): number =>
  looks.reduce((total, each) => total + of(each), 0);

/** How the channels take the pictures that were looked at. */
export interface Fitting {
  /** Taken in all their forms. */
  fit: number;
  judged: number;
  /** The rule that is broken most often, as it is broken first. */
  rule?: string;
}

/** Null where no picture is for a channel. */
export function fitOf({ results }: Looks): Fitting | null {
  const looks = [...results.values()].filter(isLook);
  const judged = looks
    .map(({ facts }) => [facts, ...facts.renditions].filter(({ fits }) => fits !== null))
    .filter((forms) => forms.length > 0);
  if (judged.length === 0) return null;
  const fit = judged.filter((forms) => forms.every(({ fits }) => fits)).length;
  return { fit, judged: judged.length, rule: mostOften(judged.flat().flatMap((form) => form.broken_rules)) };
}

/** Rules as the service names them, such as `too_small: 430 < 500`. */
function mostOften(rules: string[]): string | undefined {
  const timesOf = (rule: string): number => rules.filter((each) => nameOf(each) === nameOf(rule)).length;
  return rules.reduce<string | undefined>(
    (most, rule) => (most === undefined || timesOf(rule) > timesOf(most) ? rule : most),
    undefined,
  );
}

const nameOf = (rule: string): string => rule.split(':')[0];
