/** What went wrong with a call, for people: the service's own sentence, or that it could not be reached. */
export interface CallError {
  /** A stable code of the service; `UNREACHABLE` where it did not answer. */
  code: string;
  message: string;
  details: unknown[];
}

export const UNREACHABLE: CallError = { code: 'UNREACHABLE', message: '', details: [] };

/** The error of an answer's body, whatever that is. */
export function errorOf(body: unknown, status: number): CallError {
  const { error, code, details } = (body ?? {}) as { error?: string; code?: string; details?: unknown[] };
  return { code: code ?? `HTTP_${status}`, message: error ?? `HTTP ${status}`, details: details ?? [] };
}
