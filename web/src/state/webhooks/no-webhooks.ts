import type { Delivery, Webhook } from '../../api/client.ts';
import type { CallError } from '../../api/errors.ts';

/** The webhooks of the user, and what was sent to the one that is looked at. */
export interface Webhooks {
  items: Webhook[];
  isLoading: boolean;
  error: CallError | null;
  /** Secrets of those that were added here, by their ids, until they are put away: the service never gives them again. */
  secrets: ReadonlyMap<string, string>;
  opened: { id: string; deliveries: Delivery[] } | null;
}

/** Before they are listed. */
export const NO_WEBHOOKS: Webhooks = {
  items: [],
  isLoading: true,
  error: null,
  secrets: new Map(),
  opened: null,
};
