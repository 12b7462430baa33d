import { RepeatedUrls } from './repeated-urls.js';

/** What the second reading says of each URL, by its number from 1. */
function firsts(urls: string[], fileBytes = urls.join().length): (number | null)[] {
  const repeated = new RepeatedUrls(fileBytes);
  for (const url of urls) repeated.note(url);
  return urls.map((url, index) => repeated.firstOf(url, index + 1));
}

describe('repeated URLs', () => {
  it('are answered with the number under which they came first', () => {
    expect(firsts(['/a', '/b', '/a', '/c', '/b', '/a'])).toEqual([null, null, 1, null, 2, 1]);
  });

  it('are told apart by every character', () => {
    expect(firsts(['/a', '/A', '/a?', '/a#', 'a', '/ä', '/ä'])).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      6,
    ]);
  });

  it('are found among a hundred thousand, and no other is', () => {
    const urls = Array.from({ length: 100_000 }, (_, index) => `https://shop.example/${index}.jpg`);
    const found = firsts([...urls, ...urls.slice(0, 1_000)]);

    expect(found.slice(0, urls.length).every((first) => first === null)).toBe(true);
    expect(found.slice(urls.length)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it('are found although the bit fields are far too small', () => {
    const urls = Array.from({ length: 50_000 }, (_, index) => `https://shop.example/${index % 25_000}.jpg`);

    expect(firsts(urls, 1)).toEqual(urls.map((_, index) => (index < 25_000 ? null : index - 24_999)));
  });
});
