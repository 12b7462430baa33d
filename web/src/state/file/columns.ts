import type { DryRun } from '../../api/client.ts';
import { current } from '../store.ts';
import { checkAgain } from './take-file.ts';

/** What the user says of the columns of a file; what is left out is recognised by the service. */
export interface ColumnChoice {
  images?: string[];
  name?: string;
  profile?: string;
}

const STORED_AS = 'image-processing.columns';

/** Headers that are remembered; the oldest is forgotten first. */
const REMEMBERED = 50;

/** What was said the last time of a file with this header. */
export function rememberedChoice(columns: DryRun['columns']): ColumnChoice {
  return new Map(remembered()).get(headerOf(columns)) ?? {};
}

/** Takes a choice for the chosen file, checks it again, and remembers it for files with the same header. */
export function chooseColumns(changes: ColumnChoice): void {
  const { chosen } = current();
  if (!chosen?.survey) return;
  const columns = { ...chosen.columns, ...changes };
  const header = headerOf(chosen.survey.columns);
  const others = remembered().filter(([name]) => name !== header);
  remember([...others, [header, columns] as const].slice(-REMEMBERED));
  void checkAgain({ columns });
}

/** Says what a column is for: images, the name, or nothing. */
export function chooseRole(name: string, role: 'input' | 'product' | 'extra'): void {
  const columns = current().chosen?.survey?.columns ?? [];
  const images = columns.filter((column) => column.role === 'input' && column.name !== name);
  const names = images.map((column) => column.name);
  if (role === 'input') chooseColumns({ images: [...names, name] });
  else if (role === 'product') chooseColumns({ ...(names.length > 0 ? { images: names } : {}), name });
  else chooseColumns({ images: names });
}

/** The fields of an upload that say it. */
export function fieldsOfColumns({ images, name, profile }: ColumnChoice): Record<string, string> {
  return {
    ...(images && images.length > 0 ? { image_columns: JSON.stringify(images) } : {}),
    ...(name ? { name_column: name } : {}),
    ...(profile ? { profile } : {}),
  };
}

const headerOf = (columns: DryRun['columns']): string => columns.map(({ name }) => name).join('\n');

type Remembered = (readonly [header: string, choice: ColumnChoice])[];

function remembered(): Remembered {
  try {
    return JSON.parse(localStorage.getItem(STORED_AS) ?? '[]') as Remembered;
  } catch {
    return [];
  }
}

function remember(choices: Remembered): void {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(choices));
  } catch {
    // Without storage it is said anew the next time.
  }
}
