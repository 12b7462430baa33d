import { QuietLogger } from './quiet-logger.js';

describe('the log', () => {
  const printed = (log: () => void): string => {
    const lines: string[] = [];
    const writes = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation((chunk) => lines.push(String(chunk)) > 0),
    );
    log();
    for (const write of writes) write.mockRestore();
    return lines.join('');
  };

  it.each([
    ['error', ['an error']],
    ['warn', ['an error', 'a warning']],
    ['info', ['an error', 'a warning', 'a message']],
    ['debug', ['an error', 'a warning', 'a message', 'a detail']],
  ] as const)('has at LOG_LEVEL=%s %j', (level, expected) => {
    const logger = new QuietLogger(level);

    const text = printed(() => {
      logger.error('an error');
      logger.warn('a warning');
      logger.log('a message');
      logger.debug('a detail');
    });

    expect(text.match(/an error|a warning|a message|a detail/g)).toEqual(expected);
  });

  it('has the stack of an error and of its cause, and no other property', () => {
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { query: 'a secret' });

    const text = printed(() => new QuietLogger('info').warn('it failed', error, 'Context'));

    expect(text).toMatch(/Error: outer[^]*caused by Error: inner/);
    expect(text).not.toContain('a secret');
  });
});
