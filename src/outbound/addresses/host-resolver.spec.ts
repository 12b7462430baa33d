import { SystemHostResolver } from './host-resolver.js';

describe('SystemHostResolver', () => {
  it('asks once for a name that many want at the same time', async () => {
    const resolver = new SystemHostResolver();

    const [first, second] = [resolver.resolve('localhost'), resolver.resolve('localhost')];

    expect(second).toBe(first);
    expect(await first).toContain('127.0.0.1');
    expect(resolver.resolve('localhost')).not.toBe(first);
  });
});
