import { Injectable, Logger } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { DatabaseClock } from '../../database/database-clock.js';
import type { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import type { EventEntity } from '../../database/entities/event.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { MessagePoster, type PostAnswer } from '../../outbound/message-poster.js';
import { parseRetryAfter } from '../../outbound/retry-after.js';
import { webhookHeaders } from './sign-webhook.js';
import { WebhookSecrets } from '../subscriptions/webhook-secrets.js';

const SECOND = 1000;

/** How long a receiver may take for one try, from the look-up of its name to the start of its answer's body. */
export const SEND_WITHIN_MS = 15 * SECOND;

/** The outcome of one try. */
export interface SendResult {
  triedAt: number;
  durationMs: number;
  /** HTTP status, or null where there was no answer. */
  status: number | null;
  /** Null where it succeeded: with a 2xx. `HTTP_<status>`, or a code of {@link MessagePoster.post}, or `INTERNAL`. */
  error: { code: ErrorCode; message: string } | null;
  /** The first 1,024 bytes of the body, or null. */
  answer: string | null;
  /** What the receiver asked to wait, at most an hour; 0 where it did not. */
  retryAfterMs: number;
}

/** Thrown by a try that is ended because the process stops. */
export class SendingStopped extends Error {}

/** Sends an event to an endpoint, signed. */
@Injectable()
export class WebhookSender {
  private readonly logger = new Logger(WebhookSender.name);
  private readonly shutdown = new AbortController();

  constructor(
    private readonly http: MessagePoster,
    private readonly clock: DatabaseClock,
    private readonly secrets: WebhookSecrets,
  ) {
    setMaxListeners(0, this.shutdown.signal); // one per try under way
  }

  /**
   * One try. Every failure of the receiver's is a result, none is thrown.
   * @returns null where the endpoint's secret can't be read with this `SECRET_KEY`; then nothing has been sent
   * @throws SendingStopped after {@link abort}; then it may have been sent or not
   */
  async send(endpoint: WebhookEndpointEntity, event: EventEntity): Promise<SendResult | null> {
    const triedAt = this.clock.now();
    const secrets = this.secrets.signing(endpoint, triedAt);
    if (secrets === null) return null;
    const timestamp = Math.floor(triedAt / SECOND);
    const headers = {
      'Content-Type': 'application/json',
      ...webhookHeaders(secrets, { id: event.id, timestamp, body: event.body }),
    };
    const startedAt = performance.now();
    try {
      const options = { timeoutMs: SEND_WITHIN_MS, signal: this.shutdown.signal };
      const answer = await this.http.post(endpoint.url, event.body, headers, options);
      return { triedAt, ...resultOf(answer) };
    } catch (error) {
      if (error instanceof SendingStopped) throw error;
      const durationMs = Math.round(performance.now() - startedAt);
      const { code, message } = this.expected(event, error);
      return { triedAt, durationMs, status: null, error: { code, message }, answer: null, retryAfterMs: 0 };
    }
  }

  /** Ends the tries under way. */
  abort(): void {
    this.shutdown.abort(new SendingStopped());
  }

  private expected(event: EventEntity, error: unknown): AppError {
    if (error instanceof AppError) return error;
    this.logger.error(`webhook ${event.id}: unexpected`, error);
    return new AppError('INTERNAL');
  }
}

function resultOf({ status, headers, body, durationMs }: PostAnswer): Omit<SendResult, 'triedAt'> {
  const isSuccess = status >= 200 && status < 300;
  return {
    status,
    durationMs,
    error: isSuccess
      ? null
      : { code: `HTTP_${status}`, message: `The receiver answered with status ${status}.` },
    answer: body,
    retryAfterMs: isSuccess ? 0 : (parseRetryAfter(headers['retry-after']) ?? 0),
  };
}
