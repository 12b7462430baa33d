import type { Response } from 'express';

/** The client closed its connection before it had its answer: nobody is left to be answered. */
export class ClientLeftError extends Error {
  constructor() {
    super('The client left');
  }
}

/**
 * Hands `work` a signal that is aborted when the client leaves before its answer.
 * @throws ClientLeftError where `work` ends because of that; what else `work` throws, unchanged
 */
export async function whileThere<T>(
  response: Response,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leaving = new AbortController();
  const left = new ClientLeftError();
  const onClose = () => {
    if (!response.writableFinished) leaving.abort(left);
  };
  response.once('close', onClose);
  if (response.closed) onClose();
  try {
    return await work(leaving.signal);
  } catch (error) {
    throw leaving.signal.aborted && isStop(error) ? left : error;
  } finally {
    response.off('close', onClose);
  }
}

/** What streams throw, of Node's own, when a signal or the end of the connection stops them. */
function isStop(error: unknown): boolean {
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
