import { whyNoShopFetches } from './image-address.js';

const why = (publicUrl: string) => whyNoShopFetches({ publicUrl });

describe('the start of the addresses of images', () => {
  it.each(['https://images.example.com', 'https://images.example.com:8443/shop', 'https://8.8.8.8'])(
    '%s is one that shops fetch from',
    (url) => expect(why(url)).toBeNull(),
  );

  it.each([
    [
      'http://127.0.0.1:3000',
      'leads to this machine or a private network, is not https and has the port 3000',
    ],
    ['http://images.example.com', 'is not https'],
    ['https://images.example.com:8444', 'has the port 8444'],
    ['https://10.1.2.3', 'leads to this machine or a private network'],
    [`https://images.example.com/${'a'.repeat(200)}`, 'is too long'],
  ])('%s is none: %s', (url, reason) => {
    expect(why(url)).toBe(`Shops and marketplaces will not fetch the images: PUBLIC_URL ${reason}.`);
  });

  it('is that of the bucket where there is one', () => {
    const settings = { publicUrl: 'http://127.0.0.1:3000', S3_PUBLIC_URL: 'https://cdn.example.com' };

    expect(whyNoShopFetches(settings)).toBeNull();
  });
});
