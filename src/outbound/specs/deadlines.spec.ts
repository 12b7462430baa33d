import { failureOf } from '../../../test/helpers/outbound/clients.js';
import { useRawOrigin } from '../../../test/helpers/outbound/raw-origin-calls.js';
import { turns, until } from '../../../test/helpers/wait.js';
import { HostResolver } from '../addresses/host-resolver.js';

const calls = useRawOrigin();

describe('the timeouts inside the deadline', () => {
  // Node's sockets keep their real clock; our own timers stand still until moved.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance', 'Date'],
    });
  });
  afterEach(() => jest.useRealTimers());

  it('gives a body up that sends nothing for 10 s', async () => {
    const failure = failureOf(calls.download('/stall', { timeoutMs: 60_000 }));
    await calls.untilAsked();
    await jest.advanceTimersByTimeAsync(10_000);

    expect(await failure).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server sent nothing for 10 s.',
    });
  });

  it('gives headers up after 10 s', async () => {
    const failure = failureOf(calls.download('/silent', { timeoutMs: 60_000 }));
    await calls.untilAsked();
    await jest.advanceTimersByTimeAsync(10_000);

    expect(await failure).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server did not answer in time.',
    });
  });

  it('gives a name server up after 5 s', async () => {
    class SilentResolver extends HostResolver {
      resolve(): Promise<string[]> {
        return new Promise(() => undefined);
      }
    }
    const failure = failureOf(
      calls.clients(new SilentResolver()).downloader.download('http://slow.test/', {
        maxBytes: 9,
        timeoutMs: 60_000,
      }),
    );
    await turns(200);
    await jest.advanceTimersByTimeAsync(5_000);

    expect(await failure).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server did not accept a connection within 5 s.',
    });
  });
});

describe('an abort by the caller', () => {
  const reason = new Error('shutting down');

  it.each([
    ['a download without headers', (signal: AbortSignal) => calls.download('/silent', { signal })],
    ['a download in mid-body', (signal: AbortSignal) => calls.download('/stall-large', { signal })],
    ['a post', (signal: AbortSignal) => calls.post('/silent', { signal })],
  ])('ends %s with its own reason', async (_case, call) => {
    const controller = new AbortController();
    const failure = failureOf(call(controller.signal));
    await until(() => calls.targets.length === 1);

    controller.abort(reason);

    expect(await failure).toBe(reason);

    await calls.untilOpenConnectionsAre(0);
  });

  it('asks nothing where it came before', async () => {
    expect(await failureOf(calls.download('/small', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await failureOf(calls.post('/small', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(calls.targets).toEqual([]);
  });
});
