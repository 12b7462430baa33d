import { makeOutputKey, storedKeyOf, tagOfOutput } from './output-key.js';

const REQUEST = '0b8a3c1e-52f4-4f0e-9a51-6f1f4d1c2b3a';
const DIGEST = 'b9d4c1fb1e12f6b4a2a4a1e1a0f0f6d3';

describe('the key of an output', () => {
  it('is of the content and of the owner', () => {
    const key = makeOutputKey('salt', Buffer.from('abc'), 'jpeg');

    expect(key).toMatch(/^[0-9a-f]{32}\/image\.jpg$/);
    expect(makeOutputKey('salt', Buffer.from('abc'), 'jpeg')).toBe(key);
    expect(makeOutputKey('salt', Buffer.from('abd'), 'jpeg')).not.toBe(key);
    expect(makeOutputKey('pepper', Buffer.from('abc'), 'jpeg')).not.toBe(key);
    expect(makeOutputKey('salt', Buffer.from('abc'), 'webp')).toBe(key.replace('.jpg', '.webp'));
    expect(tagOfOutput(key)).toBe(key.slice(0, 32));
  });

  it.each([
    [`${DIGEST}/blue-mug-2.jpg`, `${DIGEST}/image.jpg`],
    [`${DIGEST}/image.webp`, `${DIGEST}/image.webp`],
    [`${REQUEST}/12-ba7816bf8f01cfea.jpg`, `${REQUEST}/12-ba7816bf8f01cfea.jpg`],
  ])('is the same whatever name stands in the address: %s', (named, stored) => {
    expect(storedKeyOf(named)).toBe(stored);
  });

  it('of an earlier version says the image and the content', () => {
    expect(tagOfOutput(`${REQUEST}/12-ba7816bf8f01cfea.jpg`)).toBe('12-ba7816bf8f01cfea');
  });

  it.each([
    '',
    `${REQUEST}/12.jpg`,
    `${REQUEST}/12-ba7816bf8f01cfea.jpg/../x`,
    `../${REQUEST}/12-ba7816bf8f01cfea.jpg`,
    `${REQUEST}/12-BA7816BF8F01CFEA.jpg`,
    `nope/12-ba7816bf8f01cfea.jpg`,
    `uploads/${DIGEST}.gz`,
    `${DIGEST}/..`,
    `${DIGEST}/a/b.jpg`,
    `${DIGEST.slice(1)}/image.jpg`,
    `${DIGEST.toUpperCase()}/image.jpg`,
  ])('is not what somebody else made up: %j', (text) => {
    expect(tagOfOutput(text)).toBeNull();
  });
});
