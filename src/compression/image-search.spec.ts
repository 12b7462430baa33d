import { searchQuality } from './image-search.js';

describe('searchQuality', () => {
  // An encoder whose file has ten bytes for each step of quality.
  const tenBytes = (quality: number) => quality * 10;
  const search = async (
    wanted: 'lowest' | 'highest',
    threshold: number,
    { trials = 7, trialsForSize = 7, bytesOf = tenBytes } = {},
  ) => {
    const tried: number[] = [];
    const { trial, isReached } = await searchQuality({
      ...{ wanted, firstGuess: 50 },
      hasTime: () => tried.length < trials,
      hasTimeForSize: () => tried.length < trialsForSize,
      tryQuality: async (quality) => {
        tried.push(quality);
        return { quality, data: Buffer.alloc(bytesOf(quality)) };
      },
      isReached: ({ quality }) =>
        wanted === 'lowest' ? quality * 10 >= threshold : bytesOf(quality) <= threshold,
    });
    return { quality: trial.quality, isReached, tried };
  };

  it('finds each quality exactly in at most 7 trials', async () => {
    for (let quality = 1; quality <= 100; quality += 1) {
      const lowest = await search('lowest', quality * 10);
      const highest = await search('highest', quality * 10);

      expect(lowest).toMatchObject({ quality, isReached: true });
      expect(highest).toMatchObject({ quality, isReached: true });
      expect(Math.max(lowest.tried.length, highest.tried.length)).toBeLessThanOrEqual(7);
    }
  });

  it('gives what comes nearest where nothing reaches the target', async () => {
    expect(await search('lowest', 2_000)).toMatchObject({ quality: 100, isReached: false });
    expect(await search('highest', 5)).toMatchObject({ quality: 1, isReached: false });
  });

  it('stops when the time is over, with the best so far', async () => {
    expect(await search('lowest', 600, { trials: 2 })).toEqual({
      quality: 75,
      isReached: true,
      tried: [50, 75],
    });
    expect(await search('highest', 600, { trials: 1 })).toEqual({
      quality: 50,
      isReached: true,
      tried: [50],
    });
  });

  it('goes on in large steps for a size that is still missed', async () => {
    expect(await search('highest', 40, { trials: 1 })).toEqual({
      quality: 3,
      isReached: true,
      tried: [50, 12, 3],
    });
    expect(await search('highest', 5, { trials: 1 })).toMatchObject({
      isReached: false,
      tried: [50, 12, 3, 1],
    });
    expect(await search('highest', 5, { trials: 1, trialsForSize: 2 })).toMatchObject({
      isReached: false,
      tried: [50, 12],
    });
  });

  it('takes the smallest of those tried that are similar enough, not that of the least quality', async () => {
    const bytesOf = (quality: number): number => (quality < 30 ? 900 : quality * 10);

    expect(await search('lowest', 200, { bytesOf })).toMatchObject({ quality: 50, isReached: true });
  });
});
