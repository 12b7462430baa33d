import { Inject, Injectable } from '@nestjs/common';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { settings, type Settings } from '../config/settings.js';
import { DatabaseClock } from '../database/database-clock.js';
import { type Principal, TOKEN_PREFIX, type TokenBounds } from '../http/guards/principal.js';
import { derivedKey } from '../secrets/derived-key.js';
import { secretKey } from '../secrets/secret-key.js';

const SECOND = 1000;

/** What a token says. */
export interface Token {
  /** Of the key that it was made with ({@link Principal.signer}). */
  signer: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  bounds: TokenBounds;
}

/** Short names, since it travels in a header. */
interface Payload {
  k: string;
  x: number;
  i: string;
  o: Record<string, unknown> | null;
  m: number | null;
  w: string | null;
}

/**
 * Upload tokens: what they allow stands in them, signed by a key derived from `SECRET_KEY`. They are not stored, so one that
 * was given out is void only by its time, or together with its key.
 */
@Injectable()
export class Tokens {
  private readonly key: Buffer;

  /** @throws SettingsError as {@link secretKey} */
  constructor(
    private readonly clock: DatabaseClock,
    @Inject(settings.KEY) values: Settings,
  ) {
    this.key = derivedKey(secretKey(values), 'signatures of upload tokens');
  }

  /** A token of the key, and when it ends (milliseconds since 1970). */
  make(
    { signer }: Pick<Principal, 'signer'>,
    seconds: number,
    { options, maxBytes, origin }: Omit<TokenBounds, 'id'>,
  ): { token: string; expiresAt: number } {
    const expiresAt = this.clock.now() + seconds * SECOND;
    const id = randomBytes(12).toString('base64url');
    const payload: Payload = { k: signer, x: expiresAt, i: id, o: options, m: maxBytes, w: origin };
    const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
    return { token: `${TOKEN_PREFIX}${text}.${this.sign(text).toString('base64url')}`, expiresAt };
  }

  /** What a token says, expired or not; null where its signature is not ours. */
  open(token: string): Token | null {
    const [text, signature, ...more] = token.slice(TOKEN_PREFIX.length).split('.');
    if (!signature || more.length > 0) return null;
    const given = Buffer.from(signature, 'base64url');
    const right = this.sign(text);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    const { k, x, i, o, m, w } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Payload;
    return { signer: k, expiresAt: x, bounds: { id: i, options: o, maxBytes: m, origin: w } };
  }

  private sign(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
