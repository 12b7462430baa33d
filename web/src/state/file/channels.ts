import { api, outcomeOf } from '../../api/client.ts';
import { current, update } from '../store.ts';

/** Reads what shops and marketplaces ask for, once. */
export async function listChannels(): Promise<void> {
  if (current().channels.length > 0) return;
  const { data } = await outcomeOf(api.GET('/channels'));
  if (data) update({ channels: data.items });
}
