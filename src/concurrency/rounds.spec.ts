import { Rounds } from './rounds.js';

describe('Rounds', () => {
  let begun: number;
  let end: (delayMs: number) => void;
  let fail: (error: Error) => void;
  let errors: string[];
  let rounds: Rounds;

  beforeEach(() => {
    jest.useFakeTimers();
    begun = 0;
    errors = [];
    const round = () => {
      begun++;
      return new Promise<number>((resolve, reject) => ([end, fail] = [resolve, reject]));
    };
    rounds = new Rounds(5_000, round, ({ message }) => errors.push(message));
  });
  afterEach(() => jest.useRealTimers());

  const wait = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

  it('begin one round after the end of the other, when that one asked for it', async () => {
    rounds.start(10);
    await wait(10);
    await wait(60_000);
    expect(begun).toBe(1); // it still runs

    end(2_000);
    await wait(1_999);
    expect(begun).toBe(1);
    await wait(1);
    expect(begun).toBe(2);
  });

  it('go on after a round that fails', async () => {
    rounds.start();
    await wait(0);
    fail(new Error('away'));
    await wait(5_000);

    expect([begun, errors]).toEqual([2, ['away']]);
  });

  it('can be hurried while they wait and while one runs, and not before the start', async () => {
    rounds.hurry(0);
    await wait(100);
    expect(begun).toBe(0);

    rounds.start(60_000);
    rounds.hurry(50);
    await wait(50);
    expect(begun).toBe(1);
    rounds.hurry(50);
    end(60_000);
    await wait(50);
    expect(begun).toBe(2);
  });

  it('are stopped when the round under way has ended', async () => {
    rounds.start();
    await wait(0);
    let isStopped = false;
    const stopping = rounds.stop().then(() => (isStopped = true));
    await wait(1_000);
    expect(isStopped).toBe(false);

    end(0);
    await stopping;
    await wait(1_000);

    expect(begun).toBe(1);
  });
});
