import { readSettings } from '../config/settings.js';
import { SealingKey } from './sealing-key.js';

const OLD = 'the old key '.repeat(4);
const NEW = 'the new key '.repeat(4);
const keyOf = (environment: Record<string, string>, use = 'a use') =>
  new SealingKey(readSettings(environment), use);

describe('a sealing key', () => {
  const old = keyOf({ SECRET_KEY: OLD });
  const both = keyOf({ SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD });
  const young = keyOf({ SECRET_KEY: NEW });

  it('opens what was sealed under SECRET_KEY_PREVIOUS, and seals under SECRET_KEY', () => {
    const sealed = old.seal('text', 'row 1');

    expect([both.open(sealed, 'row 1'), young.open(sealed, 'row 1')]).toEqual(['text', null]);
    expect(young.open(both.seal('text', 'row 1'), 'row 1')).toBe('text');
  });

  it('seals anew what opens under the previous key only', () => {
    const resealed = both.reseal(old.seal('text', 'row 1'), 'row 1');

    expect(young.open(resealed!, 'row 1')).toBe('text');
    expect(both.reseal(young.seal('text', 'row 1'), 'row 1')).toBeNull();
    expect(both.reseal('nonsense', 'row 1')).toBeNull();
    expect(young.reseal(old.seal('text', 'row 1'), 'row 1')).toBeNull();
  });

  it('opens nothing that was sealed for another use', () => {
    expect(keyOf({ SECRET_KEY: OLD }, 'another use').open(old.seal('text', 'row 1'), 'row 1')).toBeNull();
  });
});
