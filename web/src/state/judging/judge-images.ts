import { api, type Image, outcomeOf, type Request } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { fullNameOf } from '../name-images.ts';
import { rememberJudged } from './judged.ts';
import { change, current, update } from '../store.ts';

/** How an image is to become that was judged not good enough. */
type Redo = { quality: string } | { target: string } | { original: true };

/** What was judged, the latest at the end; with the end of what is made anew. Gives whether that succeeded. */
const judgements: { image: Image; redone: Promise<boolean> | null }[] = [];

/** Says something in the comparison, in place of what was said before. */
export function say(text: string): void {
  update({ said: text });
}

/** Says something behind what was just said: a screen reader reads both, in this order. */
export function sayThen(text: string): void {
  say(`${current().said} ${text}`);
}

/** Marks an image as judged and good. */
export function keep(image: Image): void {
  judge(image, null);
  say(texts.judge.kept(fullNameOf(image)));
}

const STEP = 15;
const BEST = 95;
const ALIKE = 'ssim:0.99';

/** Has an image made anew in a better quality; called again, in a better one still. */
export function better(image: Image): void {
  const { quality } = image;
  redo(image, quality === null ? { target: ALIKE } : { quality: String(Math.min(BEST, quality + STEP)) });
}

/** Puts the image as its source has it in the place of the result. */
export function original(image: Image): void {
  redo(image, { original: true });
}

/** Takes the last judgement back, with what was made anew for it. @returns the id of the image; null where there is none */
export function undoJudgement(): string | null {
  const last = judgements.pop();
  if (!last) return null;
  mark(last.image.id, false);
  say(texts.judge.undone(fullNameOf(last.image)));
  if (last.redone) void bringBack(last.image, last.redone);
  return last.image.id;
}

function redo(image: Image, wish: Redo): void {
  say(texts.judge.redoing(fullNameOf(image)));
  const redone = makeAnew(image, wish, () => judgements.some((each) => each.redone === redone));
  judge(image, redone);
}

function judge(image: Image, redone: Promise<boolean> | null): void {
  judgements.push({ image, redone });
  mark(image.id, true);
}

function mark(id: string, isJudged: boolean): void {
  const judged = new Set(current().judged);
  if (isJudged) judged.add(id);
  else judged.delete(id);
  update({ judged });
  rememberJudged(judged);
}

/** @param counts whether it was not undone meanwhile */
async function makeAnew(image: Image, wish: Redo, counts: () => boolean): Promise<boolean> {
  const name = fullNameOf(image);
  const { data, error } = await send(image, wish);
  const ended = data && (await settled(data));
  const reason = error?.message ?? ended?.redo?.error?.message;
  const isDone = ended?.redo?.state === 'done';
  if (isDone) await showRequest(image);
  if (counts())
    say(isDone ? texts.judge.redone(name, image, ended) : texts.judge.failed(name, reason ?? ''));
  return isDone;
}

async function bringBack(image: Image, redone: Promise<boolean>): Promise<void> {
  if (!(await redone)) return;
  const { error } = await send(image, { undo: true });
  if (error) say(texts.judge.failed(fullNameOf(image), error.message));
  else await showRequest(image);
}

/** Asks for it, and shows the image as the service has it then. */
async function send(image: Image, body: Redo | { undo: true }) {
  const call = api.POST('/requests/{id}/images/{number}/redo', { params: { path: placeOf(image) }, body });
  const result = await outcomeOf<Image>(call);
  if (result.data) show(result.data);
  return result;
}

const ASKED_EVERY_MS = 500;

/** The image when a worker has made it anew, or could not. */
async function settled(image: Image): Promise<Image> {
  for (let last = image; ;) {
    if (last.redo?.state !== 'pending' && last.redo?.state !== 'processing') return last;
    await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS));
    const call = api.GET('/requests/{id}/images/{number}', { params: { path: placeOf(image) } });
    const { data, error } = await outcomeOf<Image>(call);
    if (error && error.code !== 'UNREACHABLE') return last;
    if (data) show((last = data));
  }
}

function placeOf({ id }: Image): { id: string; number: string } {
  const at = id.lastIndexOf('-');
  return { id: id.slice(0, at), number: id.slice(at + 1) };
}

function show(image: Image): void {
  const { shown } = current();
  const { id } = placeOf(image);
  if (shown?.id !== id) return;
  change(id, { images: shown.images.map((each) => (each.id === image.id ? image : each)) });
}

/** Its bytes have changed with the image. */
async function showRequest(image: Image): Promise<void> {
  const { id } = placeOf(image);
  const { data } = await outcomeOf<Request>(api.GET('/requests/{id}', { params: { path: { id } } }));
  if (data) change(id, { request: data });
}
