import { parseUrl } from './parse-url.js';

describe('parseUrl', () => {
  it('takes an address with letters outside ASCII, however often it is asked', () => {
    for (let times = 0; times < 30_000; times++) {
      const url = parseUrl('https://bücher.example/größe.jpg');
      if (url?.hostname !== 'xn--bcher-kva.example') throw new Error(`refused after ${times} times`);
    }
  });

  it('has null for what is no URL', () => {
    expect(parseUrl('no url')).toBeNull();
    expect(parseUrl('/path', 'https://a.example/b')?.href).toBe('https://a.example/path');
  });
});
