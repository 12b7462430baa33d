import { randomBytes } from 'node:crypto';
import { open, seal } from './secret-box.js';

const KEY = randomBytes(32);

describe('a sealed secret', () => {
  it('opens under its key and context', () => {
    expect(open(KEY, seal(KEY, 'whsec_ü', 'row 1'), 'row 1')).toBe('whsec_ü');
  });

  it('shows nothing of the text, and never looks the same', () => {
    const sealed = seal(KEY, 'whsec_secret', 'row 1');

    expect(sealed).not.toBe(seal(KEY, 'whsec_secret', 'row 1'));
    expect(Buffer.from(sealed.split('.')[1], 'base64').toString('latin1')).not.toContain('secret');
  });

  it('does not open under another key, in another row, or where it was changed', () => {
    const sealed = seal(KEY, 'whsec_secret', 'row 1');
    const bytes = Buffer.from(sealed.split('.')[1], 'base64');
    const changed = Array.from(bytes, (_, at) => {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1;
      return `v1.${copy.toString('base64')}`;
    });

    expect(open(randomBytes(32), sealed, 'row 1')).toBeNull();
    expect(open(KEY, sealed, 'row 2')).toBeNull();
    for (const other of [...changed, `v1.${bytes.subarray(0, 27).toString('base64')}`, 'v1.', '', 'v2.AAAA'])
      expect(open(KEY, other, 'row 1')).toBeNull();
  });
});
