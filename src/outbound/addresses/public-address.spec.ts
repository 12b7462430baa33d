import { isPublicAddress } from './public-address.js';

/** For each block: the address before it, its first, its last, and the address after it. */
const IPV4_EDGES: [before: string | null, first: string, last: string, after: string | null][] = [
  [null, '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.1'],
  ['126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['168.63.129.15', '168.63.129.16', '168.63.129.16', '168.63.129.17'],
  ['169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.1'],
  ['191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['192.0.1.255', '192.0.2.0', '192.0.2.255', '192.0.3.0'],
  ['192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
  ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0'],
  ['203.0.112.255', '203.0.113.0', '203.0.113.255', '203.0.114.0'],
  ['223.255.255.255', '224.0.0.0', '239.255.255.255', null],
  [null, '240.0.0.0', '255.255.255.255', null],
];

const IPV6_EDGES: typeof IPV4_EDGES = [
  [null, '::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2000::'],
  [
    '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001::',
    '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:200::1',
  ],
  ['2001:db7:ffff::1', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::1'],
  ['2001:ffff:ffff::1', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::1'],
  ['3ffe:ffff::1', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::1'],
  ['3fff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
];

describe('isPublicAddress', () => {
  it.each([...IPV4_EDGES, ...IPV6_EDGES])(
    'ends exactly at the edges: %s | %s … %s | %s',
    (before, first, last, after) => {
      expect([first, last].map(isPublicAddress)).toEqual([false, false]);
      for (const outside of [before, after]) if (outside) expect(isPublicAddress(outside)).toBe(true);
    },
  );

  it.each([
    ['::ffff:8.8.8.8', 'mapped'],
    ['::ffff:127.0.0.1', 'mapped loopback'],
    ['::127.0.0.1', 'compatible'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b::808:808', 'NAT64 of a public address'],
    ['64:ff9b:1::a00:1', 'local NAT64'],
    ['2002:7f00:1::', '6to4'],
    ['2001:0:7f00:1::', 'Teredo'],
    ['2600:1f18::5efe:7f00:1', 'ISATAP'],
    ['2600:1f18::200:5efe:127.0.0.1', 'ISATAP with the universal bit'],
    ['2600:0:0:1:0:5efe:a00:1', 'ISATAP without zeros to shorten'],
    ['fd00:ec2::254', 'unique local: a metadata service'],
    ['fe80::1', 'link local'],
    ['fe80::1%eth0', 'link local with a zone'],
    ['2606:4700::1%eth0', 'a zone where none belongs'],
    ['fec0::1', 'site local'],
    ['ff02::1', 'multicast'],
    ['5f00::1', 'segment routing'],
    ['100::1', 'discard'],
  ])('refuses %s (%s)', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '2600:1f18::5eff:7f00:1',
    '2600:5efe::1',
  ])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(['', 'example.com', '8.8.8', '08.8.8.8', '[2606:4700::1]', '8.8.8.8 ', '2606:4700::g'])(
    'refuses what is no address: "%s"',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
