import { HostNumbers, MAX_HOSTS } from './host-numbers.js';

describe('HostNumbers', () => {
  it('numbers hosts as they come, one server one number, and counts their images', () => {
    const hosts = new HostNumbers();
    const numbers = [
      hosts.add('https://a.example/1.jpg', true),
      hosts.add('http://b.example:8080?x', true),
      hosts.add('HTTPS://A.example:443/2.jpg', false),
      hosts.add('https://a.example:8443/', true),
      hosts.add('https://bücher.example/', true),
      hosts.add('https://xn--bcher-kva.example/1', true),
    ];

    expect(numbers).toEqual([1, 2, 1, 3, 4, 4]);
    expect([...hosts.hosts]).toEqual([
      { number: 1, host: 'a.example', images: 2, open: 1 },
      { number: 2, host: 'b.example:8080', images: 1, open: 1 },
      { number: 3, host: 'a.example:8443', images: 1, open: 1 },
      { number: 4, host: 'xn--bcher-kva.example', images: 2, open: 2 },
    ]);
  });

  it('puts what has no host, and all hosts behind the first hundred thousand, under one number', () => {
    const hosts = new HostNumbers();
    for (let number = 1; number <= MAX_HOSTS; number++) hosts.add(`http://${number}.example/`, true);

    expect(hosts.add('http://further.example/', true)).toBe(MAX_HOSTS + 1);
    expect(hosts.add('http://another.example/', true)).toBe(MAX_HOSTS + 1);
    expect(hosts.add('no address', true)).toBe(MAX_HOSTS + 1);
    expect(hosts.add('http://7.example/', true)).toBe(7);
    expect([...hosts.hosts].at(-1)).toEqual({ number: MAX_HOSTS + 1, host: '', images: 3, open: 3 });
  });
});
