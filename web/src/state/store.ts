import { useEffect, useRef, useState } from 'preact/hooks';
import type { Channel, DryRun, Image, Preset, Request } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';
import type { ColumnChoice } from './file/columns.ts';
import type { Looks } from './file/look-at-pictures.ts';
import type { Change, Patch } from './file/mend-file.ts';
import type { ShownRows } from './file/list-rows.ts';
import { rememberedOptions, type Options } from './file/options.ts';
import { hasSingleKeys } from './judging/single-keys.ts';
import { rememberedJudged } from './judging/judged-ids.ts';
import { readRoute, type Route } from './route.ts';
import { NO_WEBHOOKS, type Webhooks } from './webhooks/no-webhooks.ts';

/** The file that the user has chosen and not uploaded yet. */
export interface Chosen {
  file: File;
  columns: ColumnChoice;
  patches: Patch[];
  /** What was done last to a cell by hand, to be done to others as well. */
  lastChange: Change | null;
  survey: DryRun | null;
  error: CallError | null;
}

/** The request that is shown, as far as it has been read. */
export interface Shown {
  id: string;
  request: Request | null;
  error: CallError | null;
  images: Image[];
  /** Whether all images of the request are in `images`. */
  hasAllImages: boolean;
  failures: Image[];
  /** Images that were tried again from here, while that lasts; else 0. */
  triedAgain: number;
  /** Ids of images that were chosen, to have something done with all of them at once. */
  chosen: ReadonlySet<string>;
  /** Of the image that was chosen last, or no longer: a range goes from it. */
  lastClicked: string | null;
  /** Images a second, over the last half minute. */
  rate: number | null;
  /** Of several hosts that still have images, the one whose downloads take longest. */
  slowest: { host: string; milliseconds: number } | null;
  /** Hosts of which images wait for another try, while nothing else is left to do. */
  waitingFor: string[];
}

export interface Listed {
  items: Request[];
  cursor: string | null;
  isLoading: boolean;
  error: CallError | null;
}

/** A message that goes by itself; with `undo`, what takes it back, and with `start` what does it before its time. */
export interface Notice {
  id: number;
  text: string;
  undo?: () => void;
  start?: () => void;
}

/** What was asked for a picture that was judged not good enough, and then what came of it. */
export interface RedoNote {
  /** Of its image. */
  id: string;
  text: string;
  hasEnded: boolean;
}

/** How far a change of chosen pictures is. */
export interface Changing {
  /** Of their request. */
  id: string;
  text: string;
  /** Whether it can be stopped, or has been and what is under way still ends; null where it can't be. */
  stop: 'possible' | 'asked' | null;
}

export interface State {
  route: Route;
  chosen: Chosen | null;
  /** Rows of the chosen file; null where only those with faults are shown. */
  shownRows: ShownRows | null;
  options: Options;
  /** Options that are kept under names, in this service. */
  presets: Preset[];
  /** What shops and marketplaces ask for; empty until one is chosen. */
  channels: Channel[];
  /** Pictures of the chosen file, before and after. */
  looks: Looks;
  /** Which products they show, by their addresses, as far as that is known. */
  lookNames: ReadonlyMap<string, string>;
  isStarting: boolean;
  startError: CallError | null;
  shown: Shown | null;
  list: Listed;
  /** Requests that are about to be deleted. */
  hidden: ReadonlySet<string>;
  /** Requests of which failed images are about to be tried again. */
  retried: ReadonlySet<string>;
  /** The change of chosen pictures; null where none is under way. */
  changing: Changing | null;
  /** Read aloud by screen readers. */
  announcement: string;
  notices: Notice[];
  isOffline: boolean;
  needsKey: boolean;
  /** Whether the key may do more than look. */
  mayWrite: boolean;
  webhooks: Webhooks;
  /** Whether a letter alone does something while pictures are compared. */
  singleKeys: boolean;
  /** Ids of images that were judged. */
  judged: ReadonlySet<string>;
  /** Links of failed images as they were typed here, by the ids of the images: kept while nothing is done with them. */
  typedUrls: Readonly<Record<string, string>>;
  /** Read aloud while pictures are compared: nothing outside of a dialog is read then. */
  said: string;
  /** The latest at the end, one for each picture. */
  redoNotes: RedoNote[];
}

const state: State = {
  route: readRoute(),
  chosen: null,
  shownRows: null,
  options: rememberedOptions(),
  presets: [],
  channels: [],
  looks: { urls: [], at: 0, results: new Map(), isBusy: false },
  lookNames: new Map(),
  isStarting: false,
  startError: null,
  shown: null,
  list: { items: [], cursor: null, isLoading: true, error: null },
  hidden: new Set(),
  retried: new Set(),
  changing: null,
  announcement: '',
  notices: [],
  isOffline: false,
  needsKey: false,
  mayWrite: true,
  webhooks: NO_WEBHOOKS,
  singleKeys: hasSingleKeys(),
  judged: rememberedJudged(),
  typedUrls: {},
  said: '',
  redoNotes: [],
};

/** Changes what is shown of a request, unless the user has gone on to another one. */
export function change(id: string, changes: Partial<Shown>): void {
  if (state.shown?.id === id) update({ shown: { ...state.shown, ...changes } });
}

const listeners = new Set<() => void>();

/** The state of the page as it is now; it is changed by {@link update} only. */
export function current(): Readonly<State> {
  return state;
}

/** Changes parts of the state, and draws what depends on them. */
export function update(changes: Partial<State>): void {
  Object.assign(state, changes);
  for (const listener of [...listeners]) listener();
}

/** A part of the state, for a component: it is drawn again when the part has become another. */
export function useStore<T>(select: (state: Readonly<State>) => T): T {
  const [, redraw] = useState({});
  const part = select(state);
  // What is selected can depend on the component's own values: the last function counts.
  const drawn = useRef({ select, part });
  drawn.current = { select, part };
  useEffect(() => {
    const listen = (): void => {
      if (drawn.current.select(state) !== drawn.current.part) redraw({});
    };
    listeners.add(listen);
    listen();
    return () => void listeners.delete(listen);
  }, []);
  return part;
}
