import type { Image } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { fullNameOf } from '../name-images.ts';
import { askedBytes, isLargerThanAsked } from './byte-target.ts';
import { betterThan, placeOf, type Redo, type RedoEnd, redoImage, showRequestOf } from './redo-image.ts';
import { rememberJudged } from './judged-ids.ts';
import { backInWords, takeImageBack } from './take-back.ts';
import { change, current, update } from '../store.ts';

/** A picture that was judged: the image that was shown, and the others that share it. */
interface Judgement {
  images: Image[];
  /** Gives those that were made anew, and are others now. */
  redone: Promise<Image[]> | null;
}

/** The latest at the end. */
const judgements: Judgement[] = [];

/** Says something in the comparison, in place of what was said before. */
export function say(text: string): void {
  update({ said: text });
}

/** Says something behind what was just said: a screen reader reads both, in this order. */
export function sayThen(text: string): void {
  say(`${current().said} ${text}`);
}

/** Says it, and keeps it in sight when other pictures are judged. */
function note(images: Image[], text: string, hasEnded: boolean): void {
  say(text);
  keepInSight(images, text, hasEnded);
}

function keepInSight(images: Image[], text: string, hasEnded: boolean): void {
  dropNote(images);
  update({ redoNotes: [...current().redoNotes, { id: images[0].id, text, hasEnded }] });
}

function dropNote(images: Image[]): void {
  const ids = new Set(images.map(({ id }) => id));
  update({ redoNotes: current().redoNotes.filter(({ id }) => !ids.has(id)) });
}

/** Marks a picture as judged and good. */
export function keep(images: Image[]): void {
  judge({ images, redone: null });
  dropNote(images);
  say(texts.judge.kept(fullNameOf(images[0])));
}

/** Has a picture made anew in a better quality; called again, in a better one still. */
export function better(images: Image[]): void {
  redo(images, betterThan(images[0]));
}

/** Puts the picture as its source has it in the place of the result. */
export function original(images: Image[]): void {
  redo(images, { original: true });
}

/**
 * Takes the last judgement in a request back, with what was made anew for it.
 * @param image any of the request
 * @returns the image that was judged; null where there is none
 */
export function undoJudgement(image: Image): Image | null {
  const { id } = placeOf(image);
  const last = judgements.findLast(({ images: [judged] }) => placeOf(judged).id === id);
  if (!last) return null;
  judgements.splice(judgements.indexOf(last), 1);
  const [picture] = last.images;
  mark(last.images, isJudged(picture)); // it may have been judged before that, too
  dropNote(last.images);
  if (last.redone) bringBack(picture, last.redone);
  return picture;
}

const isJudged = (picture: Image): boolean =>
  judgements.some(({ images }) => images.some(({ id }) => id === picture.id));

/** Forgets how pictures were judged that are no longer what was judged. */
export function forgetJudgements(images: Image[]): void {
  const ids = new Set(images.map(({ id }) => id));
  for (const judgement of judgements.filter((each) => each.images.some(({ id }) => ids.has(id)))) {
    judgements.splice(judgements.indexOf(judgement), 1);
    dropNote(judgement.images);
  }
  mark(images, false);
}

function redo(images: Image[], wish: Redo): void {
  note(images, texts.judge.redoing(fullNameOf(images[0]), wish), false);
  const redone = makeAnew(images, wish, () => judgements.some((each) => each.redone === redone));
  judge({ images, redone });
}

function judge(judgement: Judgement): void {
  judgements.push(judgement);
  mark(judgement.images, true);
}

function mark(images: Image[], isJudged: boolean): void {
  const judged = new Set(current().judged);
  for (const { id } of images)
    if (isJudged) judged.add(id);
    else judged.delete(id);
  update({ judged });
  rememberJudged(judged);
}

/** @param counts whether it was not undone meanwhile */
async function makeAnew(images: Image[], wish: Redo, counts: () => boolean): Promise<Image[]> {
  const ends = await Promise.all(images.map((image) => redoImage(image, wish, show)));
  const done = ends.filter(({ reason }) => reason === null).map(({ image }) => image);
  const failed = ends.find(({ reason }) => reason !== null);
  if (done.length > 0) await showRequestOf(done[0]);
  const text = failed ? failureText(failed) : successText(images[0], done[0]);
  if (counts()) note(images, text, true);
  return ends.filter(({ reason, isSame }) => reason === null && !isSame).map((end) => end.image);
}

const failureText = ({ image, reason }: Pick<RedoEnd, 'image' | 'reason'>): string =>
  texts.judge.failed(fullNameOf(image), reason ?? '');

function successText(before: Image, now: Image): string {
  const text = texts.judge.redone(fullNameOf(before), before, now);
  return isLargerThanAsked(now) ? `${text} ${texts.judge.isMore(askedBytes()!)}` : text;
}

/** What is being taken back, by the address of the picture. */
const returning = new Map<string, Promise<void>>();

/** Judgements of one picture are taken back one after the other: the service goes back by one redo, and then no further. */
function bringBack({ input_url: url }: Image, redone: Promise<Image[]>): void {
  const turn = (returning.get(url) ?? Promise.resolve()).then(async () => takeBack(await redone));
  returning.set(url, turn);
}

async function takeBack(images: Image[]): Promise<void> {
  if (images.length === 0) return;
  const ends = await Promise.all(images.map((image) => takeImageBack(image, show)));
  const failed = ends.find(({ reason }) => reason !== null);
  if (failed) note(images, failureText(failed), true);
  else {
    const text = backInWords(ends[0]);
    sayThen(text);
    keepInSight(images, text, true);
  }
  await showRequestOf(images[0]);
}

function show(image: Image): void {
  const { shown } = current();
  const { id } = placeOf(image);
  if (shown?.id !== id) return;
  change(id, { images: shown.images.map((each) => (each.id === image.id ? image : each)) });
}
