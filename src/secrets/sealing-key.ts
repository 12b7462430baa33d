import type { Settings } from '../config/settings.js';
import { derivedKey } from './derived-key.js';
import { open, seal } from './secret-box.js';
import { secretKey } from './secret-key.js';

/** Seals texts for one use under `SECRET_KEY`, and opens those that were sealed under it or under `SECRET_KEY_PREVIOUS`. */
export class SealingKey {
  private readonly key: Buffer;
  private readonly previous: Buffer | null;

  /**
   * @param use what it is for: a text that was sealed for one use does not open for another
   * @throws SettingsError as {@link secretKey}
   */
  constructor(settings: Settings, use: string) {
    this.key = derivedKey(secretKey(settings), use);
    const { SECRET_KEY_PREVIOUS } = settings;
    this.previous = SECRET_KEY_PREVIOUS ? derivedKey(SECRET_KEY_PREVIOUS, use) : null;
  }

  /** As {@link seal}. */
  seal(text: string, context: string): string {
    return seal(this.key, text, context);
  }

  /** What was sealed, or null as {@link open}. */
  open(sealed: string, context: string): string | null {
    return open(this.key, sealed, context) ?? (this.previous && open(this.previous, sealed, context));
  }

  /** The same text under the present key, where it opens under the previous one only; else null. */
  reseal(sealed: string, context: string): string | null {
    if (!this.previous || open(this.key, sealed, context) !== null) return null;
    const text = open(this.previous, sealed, context);
    return text === null ? null : this.seal(text, context);
  }
}
