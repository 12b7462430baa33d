import { WrongKeys } from './wrong-keys.js';

const MINUTE_MS = 60_000;

describe('the count of wrong API keys', () => {
  let now: number;
  let keys: WrongKeys;
  const wrong = (address: string, times: number) => {
    for (let count = 0; count < times; count++) keys.wrong(address);
  };

  beforeEach(() => {
    now = 1_000;
    keys = new WrongKeys(() => now);
  });

  it('makes an address wait after ten within a minute, until that is over', () => {
    wrong('192.0.2.1', 9);
    expect(keys.waitMs('192.0.2.1')).toBe(0);

    now += 20_000;
    wrong('192.0.2.1', 1);
    expect(keys.waitMs('192.0.2.1')).toBe(MINUTE_MS - 20_000);

    now += MINUTE_MS - 20_000;
    expect(keys.waitMs('192.0.2.1')).toBe(0);
    wrong('192.0.2.1', 1);
    expect(keys.waitMs('192.0.2.1')).toBe(0);
  });

  it('lets no other address wait', () => {
    wrong('192.0.2.1', 10);

    expect(keys.waitMs('192.0.2.2')).toBe(0);
  });

  it.each([
    ['the same IPv6 network, written in another way', '2001:db8::1', '2001:0DB8:0:0:ffff::', true],
    ['another IPv6 network', '2001:db8::1', '2001:db8:0:1::1', false],
    ['an IPv4 address and its IPv6 form', '192.0.2.1', '::ffff:192.0.2.1', true],
    ['a network with its zone', 'fe80::1%eth0', 'fe80::2', true],
  ])('knows %s', (_name, first, second, isSame) => {
    wrong(first, 10);

    expect(keys.waitMs(second) > 0).toBe(isSame);
  });

  it('remembers which keys an address has used', () => {
    keys.right('192.0.2.1', 'three');

    expect(keys.isUsed('192.0.2.1', 'three')).toBe(true);
    expect(keys.isUsed('192.0.2.1', 'four')).toBe(false);
    expect(keys.isUsed('192.0.2.2', 'three')).toBe(false);
  });

  it('remembers five thousand addresses, the latest', () => {
    for (let index = 0; index <= 5_000; index++) wrong(`10.0.${index >> 8}.${index & 255}`, 10);

    expect(keys.waitMs('10.0.0.0')).toBe(0);
    expect(keys.waitMs('10.0.0.1')).toBe(MINUTE_MS);
    expect(keys.waitMs('10.0.19.136')).toBe(MINUTE_MS);
  });
});
