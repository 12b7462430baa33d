import type { Delivery, Webhook } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';

/** The webhooks of the user, and what was sent to the one that is looked at. */
export interface Webhooks {
  items: Webhook[];
  isLoading: boolean;
  error: CallError | null;
  /** Of the one that was added last: it is shown this once. */
  secret: { id: string; secret: string } | null;
  opened: { id: string; deliveries: Delivery[] } | null;
}

/** Before they are listed. */
export const NO_WEBHOOKS: Webhooks = { items: [], isLoading: true, error: null, secret: null, opened: null };
