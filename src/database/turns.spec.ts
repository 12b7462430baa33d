import { Turns } from './turns.js';

describe('Turns', () => {
  it('runs one at a time, urgent work first, and goes on after work that fails', async () => {
    const turns = new Turns();
    const order: string[] = [];
    let running = 0;
    const work = (name: string) => async () => {
      expect(++running).toBe(1);
      await new Promise(setImmediate);
      running--;
      order.push(name);
      if (name === 'fails') throw new Error(name);
      return name;
    };

    const results = await Promise.allSettled([
      turns.next(work('first'), false),
      turns.next(work('fails'), false),
      turns.next(work('last'), false),
      turns.next(work('urgent'), true),
    ]);

    expect(order).toEqual(['first', 'urgent', 'fails', 'last']);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('goes on after work that throws before it returns a promise', async () => {
    const turns = new Turns();
    const throwing = turns.next(() => {
      throw new Error('on purpose');
    }, false);
    const next = turns.next(async () => 'ran', false);

    await expect(throwing).rejects.toThrow('on purpose');
    await expect(next).resolves.toBe('ran');
  });
});
