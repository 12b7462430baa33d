import { BlockList, isIP } from 'node:net';

/**
 * IPv4 blocks that are not the public internet. Source, where no other is given: IANA IPv4 Special-Purpose
 * Address Registry (RFC 6890), https://www.iana.org/assignments/iana-ipv4-special-registry.
 */
const SPECIAL_IPV4 = blockList('ipv4', [
  '0.0.0.0/8', // "this network", RFC 791; Linux takes 0.0.0.0 for the machine itself
  '10.0.0.0/8', // private use, RFC 1918
  '100.64.0.0/10', // shared by carriers, RFC 6598; holds the metadata service of one cloud (100.100.100.200)
  '127.0.0.0/8', // loopback, RFC 1122
  '168.63.129.16/32', // the wire server of Azure virtual machines: a public number that never leaves the host
  '169.254.0.0/16', // link local, RFC 3927; the metadata service of most clouds (169.254.169.254)
  '172.16.0.0/12', // private use, RFC 1918
  '192.0.0.0/24', // IETF protocol assignments, RFC 6890
  '192.0.2.0/24', // documentation, RFC 5737
  '192.88.99.0/24', // relays of 6to4, deprecated by RFC 7526
  '192.168.0.0/16', // private use, RFC 1918
  '198.18.0.0/15', // benchmarks between networks, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112, and broadcast, RFC 919
]);

/**
 * All of IPv6 that is given out as public, RFC 4291. An address that embeds one of IPv4 in another form lies outside
 * it: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`, RFC 6052; `64:ff9b:1::/48`, RFC 8215).
 */
const GLOBAL_UNICAST_IPV6 = blockList('ipv6', ['2000::/3']);

/** What is special inside 2000::/3. Source: https://www.iana.org/assignments/iana-ipv6-special-registry. */
const SPECIAL_IPV6 = blockList('ipv6', [
  '2001::/23', // IETF protocol assignments, RFC 2928: Teredo (an IPv4 address inside), benchmarks, ORCHID
  '2001:db8::/32', // documentation, RFC 3849
  '2002::/16', // 6to4, RFC 3056: an IPv4 address inside
  '3fff::/20', // documentation, RFC 9637
]);

/**
 * Whether an IP address (v4 or v6 as text, without brackets) belongs to a machine on the public internet.
 * False for text that is no address at all: what we can't read, we don't dial.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !SPECIAL_IPV4.check(address, 'ipv4');
    case 6:
      return isPublicIpv6(address);
    default:
      return false;
  }
}

function isPublicIpv6(address: string): boolean {
  // A zone ("%eth0") belongs to link-local addresses, and BlockList can't read it.
  if (address.includes('%')) return false;
  return (
    GLOBAL_UNICAST_IPV6.check(address, 'ipv6') && !SPECIAL_IPV6.check(address, 'ipv6') && !isIsatap(address)
  );
}

/** ISATAP (RFC 5214) hides an IPv4 address behind the interface id `[02]00:5efe`, under any prefix. */
function isIsatap(address: string): boolean {
  const groups = ipv6Groups(address);
  return (groups[4] === 0x0000 || groups[4] === 0x0200) && groups[5] === 0x5efe;
}

function ipv6Groups(address: string): number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1); // hexadecimal groups only
  const [head, tail] = canonical.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail ? Array<string>(8 - head.length - tail.length).fill('0') : [];
  return [...head, ...zeros, ...(tail ?? [])].map((group) => parseInt(group, 16));
}

function blockList(family: 'ipv4' | 'ipv6', blocks: string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [network, prefix] = block.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}
