import { deferred, turns } from '../../../test/helpers/wait.js';
import { Semaphore } from './semaphore.js';

describe('Semaphore', () => {
  /** Who was admitted, in order; each holds what it took until it is told to end. */
  function observed(semaphore: Semaphore) {
    const admitted: string[] = [];
    const ends = new Map<string, () => void>();
    const use = (name: string, amount: number, group: number) => {
      const end = deferred();
      ends.set(name, end.resolve);
      return semaphore.use(amount, group, async () => {
        admitted.push(name);
        await end.promise;
      });
    };
    const end = async (name: string) => {
      ends.get(name)!();
      await turns(3);
    };
    return { admitted, use, end };
  }

  it('gives groups their turns: a small one waits for one of each other, however many these have', async () => {
    const { admitted, use, end } = observed(new Semaphore(1));
    for (let image = 1; image <= 5; image++) void use(`large ${image}`, 1, 17);
    void use('small 1', 1, 18);
    void use('small 2', 1, 18);
    await turns(3);

    for (let ended = 0; ended < 7; ended++) await end(admitted[ended]);

    expect(admitted).toEqual(['large 1', 'large 2', 'small 1', 'large 3', 'small 2', 'large 4', 'large 5']);
  });

  it('does not starve a large demand, and takes more than there is for all', async () => {
    const { admitted, use, end } = observed(new Semaphore(3));
    void use('one', 1, 1);
    void use('all', 9, 2);
    void use('two', 1, 3);
    await turns(3);
    expect(admitted).toEqual(['one']);

    await end('one');
    expect(admitted).toEqual(['one', 'all']);
    await end('all');
    expect(admitted).toEqual(['one', 'all', 'two']);
  });

  it('goes on after work that throws', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.use(1, 1, () => Promise.reject(new Error('on purpose')));
    const next = semaphore.use(1, 1, async () => 'ran');

    await expect(failing).rejects.toThrow('on purpose');
    await expect(next).resolves.toBe('ran');
  });
});
