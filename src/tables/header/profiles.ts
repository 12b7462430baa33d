import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { recogniseColumns, STANDARD_NAMES, type TableColumn } from './columns.js';
import type { FileProfile, KnownProfile, ProfileFile } from './file-profile.js';

/** The id of the profile of our own tables, which is also that of files of which nothing else is known. */
export const STANDARD_PROFILE = 'standard';

const FOLDER = path.join(import.meta.dirname, '../profiles');

/** Every profile, ours first. */
export const PROFILES: KnownProfile[] = readProfiles();

/** A header that a profile fits. */
export interface RecognisedHeader {
  profile: KnownProfile;
  columns: TableColumn[];
  /** How many of its columns the profile names: what decides between several lines. */
  score: number;
}

const byId = new Map(PROFILES.map((profile) => [profile.id, profile]));

/** The profile of this id; that of our own tables where there is none. */
export function profileOf(id: string | undefined): KnownProfile {
  return byId.get(id ?? STANDARD_PROFILE) ?? byId.get(STANDARD_PROFILE)!;
}

/**
 * The profile of a shop or marketplace that a header fits best, and the roles of its columns; null where it is none of theirs.
 * @param only the id of the one profile that may be taken
 */
export function recogniseHeader(names: string[], only?: string): RecognisedHeader | null {
  const plain = names.map(plainName);
  if (only === undefined && plain.includes(plainName(STANDARD_NAMES.input))) return null;
  const known = new Set(plain);
  let best: { profile: KnownProfile; score: number } | null = null;
  for (const profile of PROFILES) {
    if (profile.id === STANDARD_PROFILE || (only !== undefined && profile.id !== only)) continue;
    const score = scoreOf(profile, plain, known);
    if (score > (best?.score ?? 0)) best = { profile, score };
  }
  return best && { ...best, columns: columnsOf(best.profile, names, plain) };
}

/** Of a header that the profile fits: how much speaks for it; 0 where it does not fit. */
function scoreOf(profile: FileProfile, plain: string[], known: Set<string>): number {
  const has = (pattern: string) =>
    isLiteral(pattern) ? known.has(plainName(pattern)) : plain.some((name) => fits(pattern, name));
  const fitsAll = profile.required.every((one) => (Array.isArray(one) ? one.some(has) : has(one)));
  if (!fitsAll || profile.without?.some(has)) return 0;
  const begins = profile.begins?.every((name, place) => plain[place] === plainName(name)) ? 2 : 0;
  return profile.required.length + begins + (profile.hints?.filter(has).length ?? 0);
}

function columnsOf(profile: FileProfile, names: string[], plain: string[]): TableColumn[] {
  const output = recogniseColumns(names).findIndex(({ role }) => role === 'output');
  const columns: TableColumn[] = names.map((name, place) => {
    const isImage = profile.images.some((pattern) => fits(pattern, plain[place]));
    return { name, role: place === output ? 'output' : isImage ? 'input' : 'extra' };
  });
  for (const role of ['product', 'serial'] as const) {
    const place = placeOf(profile[role] ?? [], plain);
    if (place !== -1 && columns[place].role === 'extra') columns[place].role = role;
  }
  return columns;
}

/** The place of the first of these columns that a header has, or -1. */
export function placeOf(patterns: string[], plain: string[]): number {
  for (const pattern of patterns) {
    const place = plain.findIndex((name) => fits(pattern, name));
    if (place !== -1) return place;
  }
  return -1;
}

/** As names of columns are compared. */
export function plainName(name: string): string {
  return name
    .replace(/^[\s*\ufeff]+/, '')
    .trimEnd()
    .replace(/[\s_]+/g, ' ')
    .toLowerCase();
}

const PLACEHOLDER = /\{(?:n|any)\}/;
const patterns = new Map<string, RegExp>();

function isLiteral(pattern: string): boolean {
  return !PLACEHOLDER.test(pattern);
}

function fits(pattern: string, plain: string): boolean {
  if (isLiteral(pattern)) return plainName(pattern) === plain;
  let known = patterns.get(pattern);
  if (!known) {
    const text = plainName(pattern).replace(/[.*+?^$()|[\]\\]/g, '\\$&');
    known = new RegExp(`^${text.replaceAll('{n}', '\\d{1,3}').replaceAll('{any}', '.*')}$`, 's');
    patterns.set(pattern, known);
  }
  return known.test(plain);
}

function readProfiles(): KnownProfile[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  const known = files.sort().flatMap((file) => {
    const { profiles, ...origin } = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as ProfileFile;
    return profiles.map((profile) => ({ ...profile, ...origin }));
  });
  const isOurs = ({ id }: KnownProfile) => id === STANDARD_PROFILE;
  return [...known.filter(isOurs), ...known.filter((profile) => !isOurs(profile))];
}
