import { api, outcomeOf } from '../api/client.ts';
import { update } from './store.ts';

/** Finds out what the user's key may do, so that the page shows nothing else. Without keys everybody may do everything. */
export async function learnRole(): Promise<void> {
  const { data } = await outcomeOf(api.GET('/usage', {}));
  if (data) update({ mayWrite: data.role !== 'read' });
}
