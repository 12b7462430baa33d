import { DEFAULT_CSV_LIMITS } from './csv-faults.js';
import { readUrlList } from './csv-url-list.js';

const read = (text: string) => readUrlList(text, DEFAULT_CSV_LIMITS);

describe('an address', () => {
  it.each([
    'http://example.com',
    'HTTPS://EXAMPLE.COM/A.JPG',
    'https://example.com:8443/a.jpg?size=1,2&x=[1]#top',
    'http://192.168.0.1/a.jpg',
    'http://localhost:3000/a.jpg',
    'http://[::1]/a.jpg',
    'https://bücher.example/größe.jpg',
    'https://xn--bcher-kva.example/a.jpg',
    "https://example.com/it's(1).jpg",
    'https://example.com/a.jpg;width=100',
  ])('is %s', (url) => {
    expect(read(url)).toEqual({ urls: [url], invalid: [], repair: null });
  });

  it.each([
    'example.com/a.jpg',
    '//example.com/a.jpg',
    'ftp://example.com/a.jpg',
    'data:image/png;base64,AAAA',
    'http:example.com',
    'https:///a.jpg',
    'http://999.1.1.1/',
    'http://example.com:99999/',
    'https://exa mple.com/',
    'https://xn--a/',
    'https://user@example.com/',
    'https://user:secret@example.com/',
    'https://example.com\\a.jpg',
    'https://example.com/\u0085.jpg',
    'https://example.com/<b>.jpg',
  ])('is not %s', (text) => {
    expect(read(text)).toMatchObject({ urls: [], invalid: [{ text }] });
  });

  it('has 2,048 characters at most', () => {
    const longest = `https://example.com/${'a'.repeat(2_028)}`;

    expect(read(longest).urls).toEqual([longest]);
    expect(read(`${longest}a,${longest}`)).toMatchObject({
      urls: [longest],
      invalid: [{ text: `${longest}a` }],
    });
  });
});

describe('a list', () => {
  const [a, b, c] = [
    'https://example.com/a.jpg',
    'http://example.com/w_1,h_1/b.jpg',
    'https://example.com/c',
  ];

  it.each([
    [`${a},${c}`, [a, c], null],
    [`${a}, ${c}`, [a, c], null],
    [`${a} ,\n${b}, ,${c},`, [a, b, c], null],
    [`${a}|${b}`, [a, b], 'URL_SEPARATOR'],
    [`${a};${b} ; ${c}`, [a, b, c], 'URL_SEPARATOR'],
    [`${a}\n${b}\t${c}`, [a, b, c], 'URL_SEPARATOR'],
    [`['${a}', '${b}']`, [a, b], 'URL_LIST_TEXT'],
    [`('${a}','')`, [a], 'URL_LIST_TEXT'],
    [`[${a}, ${b}]`, [a, b], 'URL_LIST_TEXT'],
    [JSON.stringify([a, b]), [a, b], 'URL_LIST_TEXT'],
    [`"${a}", "${b}"`, [a, b], 'URL_LIST_TEXT'],
    ['[]', [], 'URL_LIST_TEXT'],
  ])('%s is read', (text, urls, repair) => {
    expect(read(text)).toEqual({ urls, invalid: [], repair });
  });

  it.each([
    [`${a},b.jpg`, [], 'b.jpg'],
    [`${a}, b.jpg,${c}`, [c], 'b.jpg'],
    [`${a},ftp://example.com/b.jpg`, [a], 'ftp://example.com/b.jpg'],
    [`n/a,${a}`, [a], 'n/a'],
    [`${a} n/a`, [], `${a} n/a`],
    [`['${a}', 'b.jpg']`, [a], 'b.jpg'],
    [`['${a}', None]`, [], `'${a}', None`],
  ])('%s has something else in it', (text, urls, invalid) => {
    expect(read(text)).toMatchObject({ urls, invalid: [{ text: invalid }] });
  });

  it('far beyond the limit is not read to its end', () => {
    const { urls } = read(Array.from({ length: 5_000 }, () => b).join(','));

    expect(urls.length).toBe(1_001);
  });
});
