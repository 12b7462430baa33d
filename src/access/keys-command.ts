import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { DatabaseClock } from '../database/database-clock.js';
import { AppError, CommandError } from '../errors/app-error.js';
import { type Quotas, type Role, ROLES } from '../http/guards/principal.js';
import { AuditLog } from './audit-log.js';
import { type KeyOfOwner, KeysService } from './keys.service.js';
import { Principals } from './principals.js';
import { Tokens } from './tokens.js';

const USAGE = `Usage:
  npm run keys -- create --name NAME --role read|write|admin [--owner OWNER]
                         [--images-per-day N] [--open-images N] [--stored-bytes N]
  npm run keys -- list
  npm run keys -- delete ID`;

const OPTIONS = {
  name: { type: 'string' },
  role: { type: 'string' },
  owner: { type: 'string' },
  'images-per-day': { type: 'string' },
  'open-images': { type: 'string' },
  'stored-bytes': { type: 'string' },
} as const;

const OPERATOR = { id: 'npm run keys', name: 'npm run keys' };

/**
 * Makes, lists and deletes keys from the command line, beside a running service or without one: so the first key is made, and
 * another where the last admin key was lost.
 * @param words what stands behind `npm run keys --`
 * @returns the lines to print
 * @throws CommandError where the words can't be understood, or the key can't be made
 */
export async function keysCommand(
  words: string[],
  dataSource: DataSource,
  values: Settings,
): Promise<string[]> {
  const keys = serviceOf(dataSource, values);
  try {
    const { positionals, values: given } = parseArgs({
      args: words,
      options: OPTIONS,
      allowPositionals: true,
    });
    const [action, id, ...more] = positionals;
    if (action === 'create' && id === undefined) return await create(keys, given);
    if (action === 'list' && id === undefined) return await list(keys);
    if (action === 'delete' && id !== undefined && more.length === 0) {
      await keys.remove(id, OPERATOR);
      return [`The key ${id} is deleted.`];
    }
  } catch (error) {
    if (error instanceof AppError) throw new CommandError(error.message);
    if ((error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS'))
      throw new CommandError(`${(error as Error).message}\n${USAGE}`);
    throw error;
  }
  throw new CommandError(USAGE);
}

async function create(
  keys: KeysService,
  given: Partial<Record<keyof typeof OPTIONS, string>>,
): Promise<string[]> {
  const { name, role, owner } = given;
  if (!name || name.length > 255 || !ROLES.includes(role as Role)) throw new CommandError(USAGE);
  if (owner !== undefined && !/^[\w.@-]{1,64}$/.test(owner))
    throw new CommandError('owner must be 1 to 64 letters, digits and . _ @ -');
  const quotas: Quotas = {};
  for (const quota of ['images_per_day', 'open_images', 'stored_bytes'] as const) {
    const text = given[quota.replaceAll('_', '-') as keyof typeof OPTIONS];
    if (text === undefined) continue;
    if (!/^\d{1,15}$/.test(text)) throw new CommandError(`${quota} must be a whole number\n${USAGE}`);
    quotas[quota] = Number(text);
  }
  const hasQuotas = Object.keys(quotas).length > 0;
  const made = await keys.create(
    { name, role: role as Role, owner, quotas: hasQuotas ? quotas : undefined },
    OPERATOR,
  );
  return [lineOf(made), `key: ${made.text}`, 'It is shown this once.'];
}

async function list(keys: KeysService): Promise<string[]> {
  const lines: string[] = [];
  for (let after = 0; ;) {
    const page = await keys.list(500, after);
    lines.push(...page.map(lineOf));
    if (page.length < 500) return lines;
    after = page.at(-1)!.key.key;
  }
}

function lineOf({ key, owner }: KeyOfOwner): string {
  return `${key.id} ${key.role} owner=${owner} ${key.name}`;
}

function serviceOf(dataSource: DataSource, values: Settings): KeysService {
  const database = new Database(dataSource);
  const clock = new DatabaseClock(database);
  const principals = new Principals(database, clock, new Tokens(clock, values), values);
  return new KeysService(database, clock, new AuditLog(database, clock), principals);
}
