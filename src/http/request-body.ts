import type { Request } from 'express';

/** Whether a body comes with the request, as its headers say. */
export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Asks for the body where the client waits for that (`Expect: 100-continue`, RFC 9110, section 10.1.1). */
export function askForBody({ headers, res }: Request): void {
  if (headers.expect?.toLowerCase() === '100-continue') res?.writeContinue();
}
