import { AppLogger } from './app-logger.js';

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
  const text = (LOG_LEVEL: 'error' | 'warn' | 'info' | 'debug' = 'info') =>
    new AppLogger({ LOG_LEVEL, LOG_FORMAT: 'text' });
  const json = () => new AppLogger({ LOG_LEVEL: 'info', LOG_FORMAT: 'json' });
  const privateError = () =>
    Object.assign(new Error('outer', { cause: new Error('inner') }), { query: 'a secret' });

  it.each([
    ['error', ['an error']],
    ['warn', ['an error', 'a warning']],
    ['info', ['an error', 'a warning', 'a message']],
    ['debug', ['an error', 'a warning', 'a message', 'a detail']],
  ] as const)('has at LOG_LEVEL=%s %j', (level, expected) => {
    const logger = text(level);

    const lines = printed(() => {
      logger.error('an error');
      logger.warn('a warning');
      logger.log('a message');
      logger.debug('a detail');
    });

    expect(lines.match(/an error|a warning|a message|a detail/g)).toEqual(expected);
  });

  it('has the stack of an error and of its cause, and no other property', () => {
    for (const logger of [text(), json()]) {
      const line = printed(() => logger.warn('it failed', privateError(), 'Context'));

      expect(line).toMatch(/Error: outer[^]*caused by Error: inner/);
      expect(line).not.toContain('a secret');
    }
  });

  it('as text has neither colours where nobody watches, nor fields', () => {
    const line = printed(() => text().log('request 17 accepted', { request_id: '17' }, 'Uploads'));

    expect(line).toMatch(/LOG \[Uploads\] request 17 accepted *\n$/);
    expect(line).not.toContain('\u001b');
  });

  it('as JSON has an object a line, with the time in UTC and the fields of the message', () => {
    const logger = json();

    const lines = printed(() => {
      logger.log('request 17 accepted', { request_id: '17', message: 'not this' }, 'Uploads');
      logger.error('it failed', privateError(), { call_id: 'x' }, 'Calls');
    })
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

    expect(lines).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'log',
        pid: process.pid,
        context: 'Uploads',
        message: 'request 17 accepted',
        request_id: '17',
      },
      expect.objectContaining({
        level: 'error',
        context: 'Calls',
        message: 'it failed',
        call_id: 'x',
        error: { name: 'Error', message: 'outer', stack: expect.stringContaining('caused by Error: inner') },
      }),
    ]);
  });
});
