import { makeOutputKey, readOutputKey } from './output-key.js';

const REQUEST = '0b8a3c1e-52f4-4f0e-9a51-6f1f4d1c2b3a';

describe('the key of an output', () => {
  it('says the request, the image and the content, and can be read back', () => {
    const key = makeOutputKey(REQUEST, 12, Buffer.from('abc'), 'jpeg');

    expect(key).toBe(`${REQUEST}/12-ba7816bf8f01cfea.jpg`);
    expect(readOutputKey(key)).toEqual({ requestId: REQUEST, imageNumber: 12, digest: 'ba7816bf8f01cfea' });
  });

  it.each([
    '',
    `${REQUEST}/12.jpg`,
    `${REQUEST}/12-ba7816bf8f01cfea.jpg/../x`,
    `../${REQUEST}/12-ba7816bf8f01cfea.jpg`,
    `${REQUEST}/12-BA7816BF8F01CFEA.jpg`,
    `nope/12-ba7816bf8f01cfea.jpg`,
  ])('is not what somebody else made up: %j', (text) => {
    expect(readOutputKey(text)).toBeNull();
  });
});
