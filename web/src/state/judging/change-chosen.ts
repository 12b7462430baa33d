import type { Image } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { addImages, showGathered } from '../images.ts';
import { fullNameOf } from '../name-images.ts';
import { announce, dismiss, notify } from '../notices.ts';
import { current, type Notice, update } from '../store.ts';
import { forgetJudgements } from './judge-images.ts';
import {
  betterThan,
  isInWork,
  isOriginal,
  placeOf,
  type Redo,
  type RedoEnd,
  redoImage,
  showRequestOf,
} from './redo-image.ts';
import { picturesOf } from './shared-pictures.ts';
import { type BackEnd, takeImageBack } from './take-back.ts';

/** What the judging of one picture offers, too. */
const WISHES: Record<'better' | 'original', (picture: Image) => Redo> = {
  better: betterThan,
  original: () => ({ original: true }),
};

/** The done pictures among chosen images, each with all images of the request that share it: it is changed once. */
export function chosenPictures(images: Image[], chosen: ReadonlySet<string>): Image[][] {
  const done = images.filter(({ status }) => status === 'done');
  const byId = new Map(done.map((image) => [image.id, image]));
  const listed = done.filter(({ id }) => chosen.has(id));
  return picturesOf(listed, done, '').map((ids) => ids.map((id) => byId.get(id)!));
}

/** The message by which the latest change is undone: the service goes back by one redo, so an earlier one can't be undone any more. */
let latest: Notice | null = null;

/** Where the request is left, its message would seem to be about what is shown then. What was changed can be taken back in the list, too. */
export function dropUndo(): void {
  if (latest) dismiss(latest);
}

/** Changes pictures, some at a time, until the service refuses one or the user stops it; then all that were changed can be taken back at once. */
export async function changePictures(given: Image[][], kind: keyof typeof WISHES): Promise<void> {
  const pictures = given.filter(([image]) => !isInWork(image));
  if (current().changing || pictures.length === 0) return;
  dropUndo();
  const tell = progressOf(pictures[0][0], texts.chosen.changed, pictures.length, true);
  announce(texts.chosen.begun(pictures.length));
  const changed: Image[][] = [];
  const failed: RedoEnd[] = [];
  let part = 0;
  let same = 0;
  let begun = 0;
  await inLanes(pictures, async (picture) => {
    begun++;
    const ends = await redoAll(picture, WISHES[kind](picture[0]));
    const done = ends.filter(({ reason, isSame }) => reason === null && !isSame);
    if (done.length > 0) changed.push(done.map(({ image }) => image));
    const fault = ends.find(({ reason }) => reason !== null);
    if (fault) failed.push(fault);
    else if (done.length > 0) tell(++part);
    else same++;
    return !fault?.isRefused && !isStopping();
  });
  const isStopped = isStopping() && begun < pictures.length;
  await end(pictures[0][0]);
  const undo = changed.length > 0 ? () => void takeBack(changed) : undefined;
  latest = notify(endText({ kind, part, same, failed, isStopped, changed }, pictures.length), undo);
}

/** Ends the change that is under way: no picture more is begun. */
export function stopChanging(): void {
  const { changing } = current();
  if (changing?.stop !== 'possible') return;
  update({ changing: { ...changing, stop: 'asked' } });
  announce(texts.chosen.stopAsked);
}

const isStopping = (): boolean => current().changing?.stop === 'asked';

/** Of all images that share a picture, one after the other; where one is refused, the others would be, too. */
async function redoAll(picture: Image[], wish: Redo): Promise<RedoEnd[]> {
  const ends: RedoEnd[] = [];
  for (const image of picture) {
    ends.push(await redoImage(image, wish, show));
    if (ends.at(-1)!.isRefused) break;
  }
  return ends;
}

interface ChangeEnd {
  kind: keyof typeof WISHES;
  /** Pictures that were changed. */
  part: number;
  /** Pictures of which nothing else came. */
  same: number;
  failed: RedoEnd[];
  isStopped: boolean;
  /** Those that were changed, with all images that share them. */
  changed: Image[][];
}

/** How many were changed, and in the words of the judging why others were not; first why it was stopped. */
function endText({ kind, part, same, failed, isStopped, changed }: ChangeEnd, all: number): string {
  const refused = failed.find(({ isRefused }) => isRefused);
  const first = refused ?? failed[0];
  const { refused: ofRefused, stopped, ended } = texts.chosen;
  return [
    (refused ? ofRefused : isStopped ? stopped : ended)(part, all),
    ...(same > 0 ? [texts.chosen.same(same)] : []),
    ...(first ? [texts.judge.failed(fullNameOf(first.image), first.reason ?? '')] : []),
    ...(failed.length > 1 ? [texts.chosen.others(failed.length - 1)] : []),
    ...(kind === 'better' ? originalsAmong(changed.flat()) : []),
    ...together(changed),
    ...(changed.length > 0 ? [texts.judging.oldLinks(changed.flat().length)] : []),
  ].join(' ');
}

/** A better quality was asked for, and the original is what was left. */
function originalsAmong(images: Image[]): string[] {
  const originals = images.filter(isOriginal).length;
  return originals > 0 ? [texts.judging.becameOriginal(originals)] : [];
}

/** So many of the rows that share a picture are named. */
const NAMED = 3;

/** Which rows change with others, of which not all may have been chosen. */
function together(pictures: Image[][]): string[] {
  const shared = pictures.filter(({ length }) => length > 1);
  if (shared.length === 0) return [];
  const names = shared[0].slice(0, NAMED).map(fullNameOf);
  return [texts.judging.together(names, shared[0].length - names.length, shared.length - 1)];
}

/** Brings what pictures were before their latest change back; where one image can't be taken back, the others are. */
export async function takeBack(pictures: Image[][]): Promise<void> {
  if (current().changing) return;
  dropUndo();
  const tell = progressOf(pictures[0][0], texts.chosen.takenBack, pictures.length);
  announce(texts.chosen.takingBack(pictures.length));
  const failed: string[] = [];
  let part = 0;
  let earlier = 0;
  await inLanes(pictures, async (picture) => {
    const ends: BackEnd[] = [];
    for (const image of picture) ends.push(await takeImageBack(image, show));
    const fault = ends.find(({ reason }) => reason !== null);
    forgetJudgements(ends.filter(({ reason }) => reason === null).map(({ image }) => image));
    if (fault) failed.push(texts.chosen.notBack(fullNameOf(fault.image), fault.reason!));
    else tell(++part);
    if (!fault && ends[0].isEarlier) earlier++;
    return true;
  });
  await end(pictures[0][0]);
  const areEarlier = earlier > 0 ? [texts.judging.areEarlier(earlier)] : [];
  notify([texts.chosen.isBack(part, pictures.length), ...areEarlier, ...failed.slice(0, 1)].join(' '));
}

/** Shows how far a change is: nobody else begins one meanwhile. It is not read aloud. */
function progressOf(image: Image, text: (part: number, all: number) => string, all: number, mayStop = false) {
  const { id } = placeOf(image);
  update({ changing: { id, text: text(0, all), stop: mayStop ? 'possible' : null } });
  return (part: number): void => update({ changing: { ...current().changing!, text: text(part, all) } });
}

async function end(image: Image): Promise<void> {
  await showRequestOf(image);
  const { id } = placeOf(image);
  if (current().shown?.id === id) showGathered(id); // what is done next begins with the images as they are
  update({ changing: null });
}

const AT_ONCE = 4;

/** Does something for each, so many at a time, until it says that it is not to go on; what is under way then ends. */
async function inLanes<T>(items: T[], act: (item: T) => Promise<boolean>): Promise<void> {
  const waiting = items.values();
  let goesOn = true;
  const lane = async (): Promise<void> => {
    for (const item of waiting) {
      if (!(await act(item))) goesOn = false;
      if (!goesOn) return;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Images are gathered before they are drawn: with a change of many, the list is not drawn anew for each. */
function show(image: Image): void {
  const { id } = placeOf(image);
  if (current().shown?.id === id) addImages(id, [image]);
}
