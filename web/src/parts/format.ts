const WHOLE = new Intl.NumberFormat('en');
const ONE_DECIMAL = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const MINUTE = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const SECOND = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** `1,204` */
export const count = (value: number): string => WHOLE.format(value);

/** `41.9 MB`; as file managers count, in thousands. */
export function bytes(value: number): string {
  if (value < 1000) return `${WHOLE.format(value)} bytes`;
  if (value < 999_500) return `${WHOLE.format(Math.round(value / 1000))} KB`;
  if (value < 999_500_000) return `${ONE_DECIMAL.format(value / 1e6)} MB`;
  return `${ONE_DECIMAL.format(value / 1e9)} GB`;
}

/** `78.2%` */
export const percent = (value: number): string => `${ONE_DECIMAL.format(value)}%`;

/** What a result saves of its source, in percent; negative where it is larger. */
export const savedPercent = (input: number, output: number): number =>
  input > 0 ? 100 * (1 - output / input) : 0;

/** Bytes of the results themselves: those of further forms are no saving and no loss. */
export const resultBytes = ({ output, renditions }: { output: number; renditions: number }): number =>
  output - renditions;

/** At least a second: `12 s`, `3 min`, `2 h 5 min` */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export const day = (time: string): string => DAY.format(new Date(time));
export const minute = (time: string): string => MINUTE.format(new Date(time));
export const second = (time: string): string => SECOND.format(new Date(time));

/** The host of an address, with its port. */
export function hostOf(url: string): string {
  return /^https?:\/\/([^/?#]+)/i.exec(url)?.[1].toLowerCase() ?? '';
}
