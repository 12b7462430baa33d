import { setImmediate } from 'node:timers/promises';
import { EventLoopTurns } from './event-loop-turns.js';

describe('EventLoopTurns', () => {
  it('admits one caller in each round of the event loop, in their order', async () => {
    const turns = new EventLoopTurns();
    const admitted: number[] = [];
    const callers = Array.from({ length: 5 }, (_, caller) => turns.next().then(() => admitted.push(caller)));

    const counts = [];
    for (let round = 0; round < 6; round++) {
      counts.push(admitted.length);
      await setImmediate();
    }
    await Promise.all(callers);

    // Each round admits one at most; the first one begins when the test first waits.
    for (let round = 1; round < counts.length; round++) {
      expect(counts[round] - counts[round - 1]).toBeLessThanOrEqual(1);
    }
    expect(counts[0]).toBe(0);
    expect(admitted).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes on for those who come after all have been admitted', async () => {
    const turns = new EventLoopTurns();

    await turns.next();
    await turns.next();

    expect(
      await Promise.race([turns.next().then(() => 'admitted'), setImmediate('late').then(setImmediate)]),
    ).toBe('admitted');
  });
});
