import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { clientKey } from '../config/process-environment.js';

/** What the words of the command line ask for. */
export interface Wish {
  command: 'compress' | 'check' | 'help';
  /** The CSV file or the Excel workbook. */
  file: string;
  /** Where the file with the new addresses goes. */
  output: string;
  /** Where images go; null: they stay on the server, and the output has their URLs. */
  imageFolder: string | null;
  /** Where a service of our own keeps its state; null: in a folder beside the output that is removed at the end. */
  data: string | null;
  /** Address of a running service; null: one of our own is started. */
  server: string | null;
  key: string | null;
  isJson: boolean;
  /** Form fields of the upload. */
  fields: Record<string, string>;
}

/** The words can't be understood. The message says what to do. */
export class UsageError extends Error {}

/** Fields of the upload that are no options of a picture, and what the program gives itself. */
const NO_OPTIONS = ['file', 'dry_run'];
const FIELDS = uploadFields().filter((name) => !NO_OPTIONS.includes(name));

export const USAGE = `image-processing compress FILE [-o OUT] [options]   compresses every image of a CSV file or Excel workbook
image-processing check FILE [options]               says what would happen, without any download

  -o, --output FILE   the file with the new addresses (default: FILE-output.csv, of a workbook FILE-output.xlsx)
  --out-dir FOLDER    where the images go (default: FILE-output-images; with --server: they stay there)
  --data FOLDER       keeps what was done, for the next run (default: a folder that is removed at the end)
  --server URL        uses a running service instead of starting one; --key KEY, or API_KEY in the environment: its key
  --json              prints the result as JSON

Options of the upload (README, "Options"):
  ${wrapped(FIELDS.map((name) => `--${dashed(name)}`))}

Ends with 0 when all images are done, 2 when some failed, 1 when the file was refused or the service does not
answer, 130 after Ctrl+C. Run it again after a crash or Ctrl+C: it goes on.`;

const OPTIONS: ParseArgsConfig['options'] = {
  output: { type: 'string', short: 'o' },
  'out-dir': { type: 'string' },
  data: { type: 'string' },
  server: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  ...Object.fromEntries(FIELDS.map((name) => [dashed(name), { type: 'string' as const }])),
};

/**
 * @param words those behind the name of the program
 * @throws UsageError where they can't be understood
 */
export function readArguments(words: string[]): Wish {
  const { values, positionals } = parsed(words);
  const [command, file, ...others] = positionals;
  const asked = { command: 'help' as const, ...where('', values), fields: {} };
  if (values.help || command === undefined || command === 'help') return { ...asked, file: '' };
  if (command !== 'compress' && command !== 'check')
    throw new UsageError(`There is no command "${command}": use compress or check; --help shows all.`);
  if (file === undefined) throw new UsageError(`Name the file: image-processing ${command} products.csv`);
  if (others.length > 0) throw new UsageError(`One file at a time: "${others[0]}" is too much.`);
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const fields = Object.fromEntries(
    FIELDS.filter((name) => values[dashed(name)] !== undefined).map((name) => [name, values[dashed(name)]!]),
  );
  return { command, file, ...where(file, values), fields };
}

type Values = Record<string, string | undefined> & { json?: boolean; help?: boolean };

function parsed(words: string[]): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (error) {
    // Behind the first sentence it explains how to name a file that begins with a dash.
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. --help shows all options.`);
  }
}

function where(file: string, values: Values): Omit<Wish, 'command' | 'file' | 'fields'> {
  const { dir, name } = path.parse(file);
  const output = values.output ?? path.join(dir, `${name}-output${usualEnding(file)}`);
  if (isWorkbook(output) && file !== '' && !beginsAsZip(file))
    throw new UsageError(`${file} is no Excel workbook: name a CSV file with -o.`);
  const server = values.server?.replace(/\/+$/, '') ?? null;
  const beside = `${withoutExtension(output)}-images`;
  return {
    output,
    server,
    imageFolder: values['out-dir'] ?? (server === null ? beside : null),
    data: values.data ?? null,
    key: values.key ?? clientKey(),
    isJson: values.json ?? false,
  };
}

/** Whether a file is to be an Excel workbook, by its name. */
export function isWorkbook(file: string): boolean {
  return /\.xls[xm]$/i.test(file);
}

/** A workbook with macros can't be opened under another ending. */
function usualEnding(file: string): string {
  return isWorkbook(file) && beginsAsZip(file) ? path.extname(file) : '.csv';
}

function beginsAsZip(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(2);
    readSync(handle, start, 0, start.length, 0);
    return start.toString('latin1') === 'PK';
  } finally {
    closeSync(handle);
  }
}

/** A file's path without `.csv` or the like. */
export function withoutExtension(file: string): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, name);
}

/** Those that the API describes, so that each new option is one here as well. */
function uploadFields(): string[] {
  const text = readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8');
  const { paths, components } = JSON.parse(text);
  const { schema } = paths['/upload'].post.requestBody.content['multipart/form-data'];
  const name = (schema.$ref as string | undefined)?.split('/').at(-1);
  return Object.keys((name ? components.schemas[name] : schema).properties);
}

function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

function wrapped(words: string[]): string {
  const lines = [''];
  for (const word of words) {
    const last = lines.length - 1;
    if (lines[last].length + word.length > 100) lines.push(word);
    else lines[last] += lines[last] === '' ? word : ` ${word}`;
  }
  return lines.join('\n  ');
}
