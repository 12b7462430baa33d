import { AppError, OutboundError } from '../../errors/app-error.js';
import type { MessagePoster } from '../../outbound/message-poster.js';

const MAX_LANE_LENGTH = 255;

/**
 * The URL of a receiver, checked as far as that goes without the network.
 * @throws AppError `WEBHOOK_URL_INVALID`; `WEBHOOK_URL_REFUSED` where it is an address that may not be called
 */
export function checkWebhookUrl(http: MessagePoster, url: string): URL {
  try {
    return http.checkCallable(url);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const code = error.code === 'ADDRESS_REFUSED' ? 'WEBHOOK_URL_REFUSED' : 'WEBHOOK_URL_INVALID';
    throw new AppError(code, `The webhook can't be called: ${decapitalized(error.message)}`);
  }
}

/** The host and port of a URL that {@link checkWebhookUrl} gave: its endpoints are slow together, and share a lane. */
export function laneOf(url: string): string {
  return new URL(url).host.slice(0, MAX_LANE_LENGTH);
}

function decapitalized(sentence: string): string {
  return sentence[0].toLowerCase() + sentence.slice(1);
}
