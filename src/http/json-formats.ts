const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether `id` can be the id of a request or a webhook: a UUID in lower case. */
export function isUuid(id: string): boolean {
  return UUID.test(id);
}

/** Milliseconds since 1970 as the API writes an instant, such as `2026-01-31T12:00:00.000Z`; null stays null. */
export function isoTime(instant: number): string;
export function isoTime(instant: number | null): string | null;
export function isoTime(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
