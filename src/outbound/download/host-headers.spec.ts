import { headersFor, hostKey } from './host-headers.js';

const url = (text: string) => new URL(text);

describe('the name of a host', () => {
  it.each([
    ['Images.Example.com', 'images.example.com'],
    ['images.example.com:8443', 'images.example.com:8443'],
    ['images.example.com:443', 'images.example.com'],
    ['images.example.com:80', 'images.example.com'],
    ['https://images.example.com/', 'images.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['[::1]:8080', '[::1]:8080'],
    ['a.example/b', null],
    ['user@a.example', null],
    ['a b', null],
    ['', null],
  ])('%j is %j', (text, key) => expect(hostKey(text)).toBe(key));
});

describe('the headers for a URL', () => {
  const first = url('https://a.example:8443/1.jpg');

  it('are those of its host and port', () => {
    const headers = { 'a.example:8443': { cookie: '1' }, 'b.example': { cookie: '2' } };

    expect(headersFor(first, first, headers)).toEqual({ cookie: '1' });
    expect(headersFor(url('https://b.example/'), first, headers)).toEqual({ cookie: '2' });
    expect(headersFor(url('https://a.example/'), first, headers)).toEqual({});
  });

  it('without a port are for the port that the user names, and for no other', () => {
    const headers = { 'a.example': { cookie: '1' } };

    expect(headersFor(first, first, headers)).toEqual({ cookie: '1' });
    expect(headersFor(url('https://a.example:9443/'), first, headers)).toEqual({});
    expect(headersFor(url('https://sub.a.example:8443/'), first, headers)).toEqual({});
  });

  it('are none for names that every object has', () => {
    expect(headersFor(url('http://constructor/'), url('http://constructor/'), {})).toEqual({});
  });
});
