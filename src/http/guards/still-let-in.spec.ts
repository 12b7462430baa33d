import { AppError, UnavailableError } from '../../errors/app-error.js';
import { FindPrincipal, type Principal } from './principal.js';
import { StillLetIn } from './still-let-in.js';

const KEY = { id: 'key 1', role: 'write' } as Principal;

/** Answers one after the other. */
class Answers extends FindPrincipal {
  asked = 0;
  constructor(private readonly answer: () => Promise<Principal | null>) {
    super();
  }
  anonymous(): Promise<Principal | null> {
    return Promise.resolve(null);
  }
  find(): Promise<Principal | null> {
    this.asked++;
    return this.answer();
  }
}

describe('the caller of a long call', () => {
  it.each<[string, () => Promise<Principal | null>, boolean]>([
    ['goes on with a key that is as it was', () => Promise.resolve({ ...KEY }), true],
    ['does not with one that is gone', () => Promise.resolve(null), false],
    ['does not with another role', () => Promise.resolve({ ...KEY, role: 'read' as const }), false],
    ['does not with an expired token', () => Promise.reject(new AppError('TOKEN_EXPIRED')), false],
    [
      'goes on while the database is away',
      () => Promise.reject(new UnavailableError('DATABASE_UNAVAILABLE')),
      true,
    ],
    ['goes on where looking fails', () => Promise.reject(new Error('bug')), true],
  ])('%s', async (_, answer, isStill) => {
    expect(await new StillLetIn(new Answers(answer)).has('text', KEY)).toBe(isStill);
  });

  it('is looked up once for many calls at one time', async () => {
    const answers = new Answers(() => Promise.resolve(KEY));
    const stillLetIn = new StillLetIn(answers);

    await Promise.all(Array.from({ length: 1_000 }, () => stillLetIn.has('text', KEY)));

    expect(answers.asked).toBe(1);
    expect(await stillLetIn.has(undefined, KEY)).toBe(false);
  });
});
