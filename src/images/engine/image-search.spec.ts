import { searchQuality } from './image-search.js';

describe('searchQuality', () => {
  // An encoder whose file has ten bytes for each step of quality.
  const search = (wanted: 'lowest' | 'highest', threshold: number, mostTrials = 7) => {
    const tried: number[] = [];
    const result = searchQuality({
      ...{ wanted, mostTrials, firstGuess: 50 },
      tryQuality: async (quality) => {
        tried.push(quality);
        return { quality, data: Buffer.alloc(quality * 10) };
      },
      isReached: ({ data }) => (wanted === 'lowest' ? data.length >= threshold : data.length <= threshold),
    });
    return result.then(({ trial, isReached }) => ({ quality: trial.quality, isReached, tried }));
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

  it('stops after as many trials as it may take, with the best so far', async () => {
    expect(await search('lowest', 600, 2)).toEqual({ quality: 75, isReached: true, tried: [50, 75] });
    expect(await search('highest', 600, 1)).toEqual({ quality: 50, isReached: true, tried: [50] });
  });
});
