import { Turns } from './turns.js';

describe('turns', () => {
  it('come one at a time, urgent ones first, and go on after one that fails', async () => {
    const turns = new Turns();
    const order: string[] = [];
    let running = 0;
    const work = (name: string) => async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
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
});
