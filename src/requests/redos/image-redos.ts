import { type EntityManager, In } from 'typeorm';
import { RedoEntity, type RedoWish } from '../../database/entities/redos/redo.entity.js';
import type { RedoResponse } from './redo.dto.js';

/** The latest redos of some images of a request, by the number of the image. */
export async function redosOf(
  manager: EntityManager,
  requestKey: number,
  numbers: number[],
): Promise<Map<number, RedoEntity>> {
  if (numbers.length === 0) return new Map();
  const redos = await manager.findBy(RedoEntity, { requestKey, number: In(numbers) });
  return new Map(redos.map((redo) => [redo.number, redo]));
}

/** What clients are told of a redo. */
export function redoResponse(redo: RedoEntity): RedoResponse {
  const { url = null, quality = null, target = null, original = false } = JSON.parse(redo.wish) as RedoWish;
  const { errorCode, errorMessage, errorRetryable } = redo;
  return {
    state: redo.state,
    error:
      redo.state === 'failed' && errorCode
        ? { code: errorCode, message: errorMessage ?? '', retryable: errorRetryable === 1 }
        : null,
    options: { url, quality, target, original },
    can_undo: redo.previous !== null,
  };
}
