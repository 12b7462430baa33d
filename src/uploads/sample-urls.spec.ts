import { fingerprint } from '../requests/intake/repeated-urls.js';
import { SampleUrls } from './sample-urls.js';

describe('SampleUrls', () => {
  const drawn = (urls: string[]) => {
    const sample = new SampleUrls();
    for (const url of urls) sample.note(url, fingerprint(url));
    return sample.urls;
  };
  const urls = (count: number) =>
    Array.from({ length: count }, (_, index) => `http://a.example/${index}.jpg`);

  it('is all of a few, each once', () => {
    expect(drawn([...urls(3), ...urls(3)]).sort()).toEqual(urls(3));
  });

  it('is twenty of many, the same in any order, from all parts of the file', () => {
    const sample = drawn(urls(10_000));

    expect(new Set(sample).size).toBe(20);
    expect(drawn(urls(10_000).reverse())).toEqual(sample);
    const numbers = sample.map((url) => Number(/(\d+)\.jpg$/.exec(url)![1]));
    expect(numbers.filter((number) => number < 5_000).length).toBeGreaterThan(3);
    expect(numbers.filter((number) => number >= 5_000).length).toBeGreaterThan(3);
  });
});
