import { searchQuality } from './quality-search.js';

describe('searchQuality', () => {
  // An encoder whose file has ten bytes for each step of quality.
  const tenBytes = (quality: number) => quality * 10;
  const search = async (
    wanted: 'lowest' | 'highest',
    threshold: number,
    { maxTrials = 7, maxTrialsWhileMissed = 7, bytesOf = tenBytes, usualSlope = 10, far = Infinity } = {},
  ) => {
    const tried: number[] = [];
    const { quality, isReached } = await searchQuality({
      ...{ wanted, firstGuess: 50, target: threshold, usualSlope, maxTrials, maxTrialsWhileMissed, far },
      tryQuality: async (quality) => {
        tried.push(quality);
        const value = bytesOf(quality);
        const isReached = wanted === 'lowest' ? quality * 10 >= threshold : value <= threshold;
        return { quality, data: Buffer.alloc(value), value, isReached };
      },
    });
    return { quality, isReached, tried };
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

  it('returns what comes nearest where nothing reaches the target', async () => {
    expect(await search('lowest', 2_000)).toMatchObject({ quality: 100, isReached: false });
    expect(await search('highest', 5)).toMatchObject({ quality: 1, isReached: false });
  });

  it('tries what it expects where there are too few trials for bisection, and returns the best of them', async () => {
    expect(await search('lowest', 600, { maxTrials: 2 })).toEqual({
      quality: 60,
      isReached: true,
      tried: [50, 60],
    });
    expect(await search('highest', 600, { maxTrials: 1, maxTrialsWhileMissed: 1 })).toEqual({
      quality: 50,
      isReached: true,
      tried: [50],
    });
  });

  it('learns from the trials where the encoder is not as expected', async () => {
    for (const wanted of ['lowest', 'highest'] as const) {
      const found = await search(wanted, 820, { maxTrials: 3, usualSlope: 30 });

      expect(found).toEqual({ quality: 82, isReached: true, tried: [50, expect.any(Number), 82] });
    }
  });

  it('goes on in large steps for a size that is still missed', async () => {
    const options = { maxTrials: 1, maxTrialsWhileMissed: 4 };

    expect(await search('highest', 40, options)).toEqual({ quality: 3, isReached: true, tried: [50, 12, 3] });
    expect(await search('highest', 5, options)).toMatchObject({ isReached: false, tried: [50, 12, 3, 1] });
    expect(await search('highest', 5, { ...options, maxTrialsWhileMissed: 2 })).toMatchObject({
      isReached: false,
      tried: [50, 12],
    });
  });

  it('skips a step where the size is missed by far', async () => {
    const options = { maxTrials: 1, maxTrialsWhileMissed: 4, far: 400 };

    expect(await search('highest', 40, options)).toMatchObject({ isReached: true, tried: [50, 3] });
    expect(await search('highest', 120, options)).toMatchObject({ isReached: true, tried: [50, 12] });
  });

  it('returns the smallest of the trials that are similar enough, not that of the lowest quality', async () => {
    const bytesOf = (quality: number): number => (quality < 30 ? 900 : quality * 10);

    expect(await search('lowest', 200, { bytesOf })).toMatchObject({ quality: 50, isReached: true });
  });
});
