import { SettingsError } from '../../errors/app-error.js';
import { AllowedPrivate } from './allowed-private.js';

const target = (host: string, port = 80, address = host) => ({ host, port, address });

describe('AllowedPrivate', () => {
  it.each([
    ['10.1.2.3', target('10.1.2.3', 8080)],
    ['10.1.2.3', target('intranet.test', 80, '10.1.2.3')],
    ['10.1.2.3:8080', target('10.1.2.3', 8080)],
    ['10.0.0.0/8', target('10.255.255.255', 9000)],
    ['0x7f.1', target('127.0.0.1')],
    ['::1', target('::1', 3000)],
    ['[::1]', target('::1', 3000)],
    ['[::1]:3000', target('::1', 3000)],
    ['fd00::/8', target('fd12:3456::1', 443)],
    ['fe80::/10', target('printer.test', 80, 'fe80::1%eth0')],
    ['Intranet.Test', target('intranet.test', 8080, '10.0.0.9')],
    ['intranet.test', target('intranet.test.', 80, '10.0.0.9')],
    ['intranet.test:8080', target('intranet.test', 8080, '10.0.0.9')],
    ['minio', target('minio', 9000, '172.18.0.2')],
    ['bücher.test', target('xn--bcher-kva.test', 80, '10.0.0.9')],
  ])('%s admits %j', (entry, dialled) => {
    expect(new AllowedPrivate(['192.0.2.1', entry]).admits(dialled)).toBe(true);
  });

  it.each([
    ['10.1.2.3:8080', target('10.1.2.3', 80)],
    ['10.1.2.3', target('10.1.2.4')],
    ['10.0.0.0/8', target('11.0.0.0')],
    ['[::1]:3000', target('::1', 3001)],
    ['intranet.test:8080', target('intranet.test', 80, '10.0.0.9')],
    ['intranet.test', target('evil.intranet.test', 80, '10.0.0.9')],
    ['intranet.test', target('notintranet.test', 80, '10.0.0.9')],
    ['::1', target('127.0.0.1')],
  ])('%s does not admit %j', (entry, dialled) => {
    expect(new AllowedPrivate([entry]).admits(dialled)).toBe(false);
  });

  it.each([
    '',
    '*',
    '*.test',
    'http://intranet.test',
    'intranet.test:',
    'intranet.test:0',
    'intranet.test:65536',
    'intranet.test:http',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    '10.0.0.0/8:80',
    '10.0.0.256',
    '[::1',
    '[intranet.test]',
    'user@intranet.test',
    'two words',
    'intranet.test?x',
  ])('refuses the entry "%s", naming the variable and not the value', (entry) => {
    const parse = () => new AllowedPrivate(['10.0.0.1', entry]);

    expect(parse).toThrow(SettingsError);
    expect(parse).toThrow(/^ALLOW_PRIVATE: entry 2 is none of: host name, address/);
  });
});
