import { GatheredReads } from './gathered-reads.js';

describe('GatheredReads', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('reads together what is asked for within the time, each id once, and the first at once', async () => {
    const statements: string[][] = [];
    const reads = new GatheredReads<string>(async (ids) => {
      statements.push(ids);
      return new Map(ids.filter((id) => id !== 'none').map((id) => [id, `row ${id}`]));
    }, 50);

    const first = reads.find('a');
    await jest.advanceTimersByTimeAsync(0);
    expect(await first).toBe('row a');
    const others = ['b', 'c', 'b', 'none'].map((id) => reads.find(id));
    await jest.advanceTimersByTimeAsync(49);
    expect(statements).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(1);

    expect(await Promise.all(others)).toEqual(['row b', 'row c', 'row b', null]);
    expect(statements).toEqual([['a'], ['b', 'c', 'none']]);
  });

  it('tells everybody of a statement that fails, and reads again', async () => {
    const read = jest
      .fn()
      .mockRejectedValueOnce(new Error('away'))
      .mockResolvedValue(new Map([['a', 1]]));
    const reads = new GatheredReads<number>(read, 0);

    const failing = Promise.allSettled([reads.find('a'), reads.find('b')]);
    await jest.advanceTimersByTimeAsync(0);
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = reads.find('a');
    await jest.advanceTimersByTimeAsync(0);

    expect(await again).toBe(1);
  });
});
