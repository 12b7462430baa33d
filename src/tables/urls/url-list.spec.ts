import { DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import { readUrlList } from './url-list.js';

const read = (text: string) => readUrlList(text, { limits: DEFAULT_CSV_LIMITS, scheme: 'https:' });

describe('an address', () => {
  it.each([
    'http://example.com',
    'HTTPS://EXAMPLE.COM/A.JPG',
    'https://example.com:8443/a.jpg?size=1,2&x=[1]#top',
    'http://192.168.0.1/a.jpg',
    'http://localhost:3000/a.jpg',
    'http://[::1]/a.jpg',
    'https://xn--bcher-kva.example/a.jpg',
    "https://example.com/it's(1).jpg",
    'https://example.com/a.jpg;width=100',
  ])('is %s', (url) => {
    expect(read(url)).toEqual({ urls: [url], invalid: [], repairs: [] });
  });

  it.each([
    'example.com/a.jpg',
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
    '//server/share/a.jpg',
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

describe('an address as people paste it', () => {
  it.each([
    [
      'https://example.com/my photo (5).jpg',
      'https://example.com/my%20photo%20(5).jpg',
      'URL_CHARACTERS_ENCODED',
    ],
    ['https://example.com/a.jpg copy.jpg', 'https://example.com/a.jpg%20copy.jpg', 'URL_CHARACTERS_ENCODED'],
    [
      'https://example.com/größe.jpg?q=50% ab',
      'https://example.com/gr%C3%B6%C3%9Fe.jpg?q=50%%20ab',
      'URL_CHARACTERS_ENCODED',
    ],
    [
      'https://bücher.example:8443/図.jpg',
      'https://xn--bcher-kva.example:8443/%E5%9B%B3.jpg',
      'URL_CHARACTERS_ENCODED',
    ],
    ['https://example.com/a\u200db.jpg', 'https://example.com/a%E2%80%8Db.jpg', 'URL_CHARACTERS_ENCODED'],
    ['\u202ahttps://example.com/a.jpg\u00ad', 'https://example.com/a.jpg', 'INVISIBLE_CHARACTERS_REMOVED'],
    ['https://example.com/a.jpg\u2060', 'https://example.com/a.jpg', 'INVISIBLE_CHARACTERS_REMOVED'],
    ['<https://example.com/a.jpg>', 'https://example.com/a.jpg', 'URL_UNWRAPPED'],
    [
      '<a href="https://example.com/a.jpg">https://example.com/a.jpg</a>',
      'https://example.com/a.jpg',
      'URL_UNWRAPPED',
    ],
    [
      "<a href='https://shop.example/'><img alt='x' src='https://example.com/a.jpg'></a>",
      'https://example.com/a.jpg',
      'URL_UNWRAPPED',
    ],
    ['“https://example.com/a.jpg”', 'https://example.com/a.jpg', 'URL_LIST_TEXT'],
    ['«https://example.com/a.jpg»', 'https://example.com/a.jpg', 'URL_LIST_TEXT'],
    ['[Front](https://example.com/a_(1).jpg)', 'https://example.com/a_(1).jpg', 'URL_UNWRAPPED'],
    ['![](<https://example.com/a.jpg> "Front")', 'https://example.com/a.jpg', 'URL_UNWRAPPED'],
    [
      '[![x](https://example.com/a.jpg)](https://shop.example/a)',
      'https://example.com/a.jpg',
      'URL_UNWRAPPED',
    ],
    ['=IMAGE("https://example.com/a.jpg")', 'https://example.com/a.jpg', 'URL_UNWRAPPED'],
    [
      '= image( "https://example.com/it\'s.jpg", "Front", 1)',
      "https://example.com/it's.jpg",
      'URL_UNWRAPPED',
    ],
    [
      '=HYPERLINK("https://example.com/a.jpg";"https://shop.example")',
      'https://example.com/a.jpg',
      'URL_UNWRAPPED',
    ],
    ['=_xlfn.IMAGE(""https://example.com/a.jpg"")', 'https://example.com/a.jpg', 'URL_UNWRAPPED'],
    ['//example.com/a.jpg', 'https://example.com/a.jpg', 'URL_SCHEME_ADDED'],
    ['//localhost:3000/a.jpg', 'https://localhost:3000/a.jpg', 'URL_SCHEME_ADDED'],
    [
      'https://example.com/?w=1&amp;h=2&#38;q=3&#x26;x=4&amp;amp;y=5',
      'https://example.com/?w=1&h=2&q=3&x=4&y=5',
      'URL_ENTITY_DECODED',
    ],
    [
      'https://example.com/?u=1&amp;https://b.example/a.jpg',
      'https://example.com/?u=1&https://b.example/a.jpg',
      'URL_ENTITY_DECODED',
    ],
    ['http://https://example.com/a.jpg', 'https://example.com/a.jpg', 'URL_SCHEME_REPEATED'],
    ['https://HTTP://http://example.com/a.jpg', 'http://example.com/a.jpg', 'URL_SCHEME_REPEATED'],
  ])('%s is read', (text, url, repair) => {
    expect(read(text)).toEqual({ urls: [url], invalid: [], repairs: [repair] });
    expect(read(url)).toEqual({ urls: [url], invalid: [], repairs: [] });
  });

  it('keeps letters that would make it too long once they are encoded', () => {
    const url = `https://example.com/${'椅'.repeat(2_000)}`;

    expect(read(url)).toEqual({ urls: [url], invalid: [], repairs: [] });
  });

  it('takes the scheme of the addresses around it', () => {
    const { urls } = readUrlList('//example.com/a.jpg', { limits: DEFAULT_CSV_LIMITS, scheme: 'http:' });

    expect(urls).toEqual(['http://example.com/a.jpg']);
  });

  it('stays as it is where it is a share link', () => {
    const link = 'https://drive.google.com/file/d/1AbC/view?usp=sharing';

    expect(read(`${link}, ${link}`)).toEqual({
      urls: [link, link],
      invalid: [],
      repairs: ['SHARE_LINK_FOLLOWED'],
    });
  });

  it.each([
    ['C:\\photos\\a.jpg', 'on a computer'],
    ['\\\\server\\share\\a.jpg', 'on a computer'],
    ['file:///home/me/a.jpg', 'on a computer'],
    ['/Users/me/a.jpg', 'on a computer'],
    ['images/a.jpg', 'only a part'],
    ['a.jpg', 'only a part'],
    ['/media-files/a', 'only a part'],
    ['../a.jpg', 'only a part'],
    ['ftp://example.com/a.jpg', 'FTP'],
    ['data:image/png;base64,iVBORw0KGgo=', 'inside the cell'],
    ['s3://bucket/a.jpg', 'Only addresses that begin with http'],
    ['=A2', 'formula'],
    ['https://example.com\\a.jpg', '/ in place of'],
    ['https://example.com/a.jpg (front)', 'other text behind'],
    ['https://example.com/a\nb', 'line ends'],
  ])('%j is one fault that says what to do', (text, hint) => {
    expect(read(text)).toMatchObject({ urls: [], invalid: [{ text, hint: expect.stringContaining(hint) }] });
  });

  it.each(['www.example.com/a.jpg', 'example.com:8080/a.jpg', 'none'])('%s is one fault', (text) => {
    expect(read(text)).toEqual({ urls: [], invalid: [{ text, hint: undefined }], repairs: [] });
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
    [`${a}${b}`, [a, b], 'URL_SEPARATOR_MISSING'],
    [`${c}?v=1${b}, ${a}${c}`, [`${c}?v=1`, b, a, c], 'URL_SEPARATOR_MISSING'],
    [`['${a}', '${b}']`, [a, b], 'URL_LIST_TEXT'],
    [`('${a}','')`, [a], 'URL_LIST_TEXT'],
    [`[${a}, ${b}]`, [a, b], 'URL_LIST_TEXT'],
    [JSON.stringify([a, b]), [a, b], 'URL_LIST_TEXT'],
    [`"${a}", "${b}"`, [a, b], 'URL_LIST_TEXT'],
    ['[]', [], 'URL_LIST_TEXT'],
    [`![](${a}), ![](${b})`, [a, b], 'URL_UNWRAPPED'],
    [`<${a}> <${b}>`, [a, b], 'URL_UNWRAPPED'],
    [`![](${a}), ${b}`, [a, b], 'URL_UNWRAPPED'],
    [`front.jpg (${a}),back (1).jpg (${b})`, [a, b], 'URL_UNWRAPPED'],
    [`${a} ! alt : Front, left ! title : Mug | ${b} ! alt :`, [a, b], 'URL_UNWRAPPED'],
    [JSON.stringify([{ src: a }, { src: b, alt: 'Back' }]), [a, b], 'URL_LIST_TEXT'],
    [JSON.stringify({ name: 'front.jpg', thumbnail: b, url: a }), [a], 'URL_LIST_TEXT'],
    [JSON.stringify([{ id: 1, small: { url: b }, url: a }, { image: { src: c } }]), [a, c], 'URL_LIST_TEXT'],
    [JSON.stringify({ title: 'Mug', images: [a, b] }), [a, b], 'URL_LIST_TEXT'],
    [`{${a},${b}}`, [a, b], 'URL_LIST_TEXT'],
    [`{"${a}","${b}"}`, [a, b], 'URL_LIST_TEXT'],
    [`${a}\u200b, \ufeff${b}`, [a, b], null],
    [`//example.com/a.jpg, //example.com/c`, [a, c], 'URL_SCHEME_ADDED'],
    [`${a}, //example.com/c`, [a, c], 'URL_SCHEME_ADDED'],
  ])('%s is read', (text, urls, repair) => {
    expect(read(text)).toEqual({ urls, invalid: [], repairs: repair ? [repair] : [] });
  });

  it.each([
    `${c}?url=${a}`,
    `${c}/2026im_/${a}`,
    `${c}/fetch/w_100/${b}`,
    `${c}:${a}`,
    `${c}?url%3D${a}`,
    `${c}?to=https%3A%2F%2F${a.slice(8)}`,
  ])('%s is one address that names another one', (text) => {
    expect(read(text)).toEqual({ urls: [text], invalid: [], repairs: [] });
  });

  it('of two addresses in one pair of quotes, with nothing between them, is read', () => {
    expect(read(`"${a}${c}"`)).toEqual({
      urls: [a, c],
      invalid: [],
      repairs: ['URL_LIST_TEXT', 'URL_SEPARATOR_MISSING'],
    });
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
