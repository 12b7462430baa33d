import { gifWith } from '../../../test/helpers/pictures/hostile-parts.js';
import { GIF } from './gif.js';

const COMMENT = 0xfe;
const CONTROL = 0xf9;
const TOO_MANY = { code: 'FORMAT_NOT_SUPPORTED' };

describe('a GIF in blocks of one byte', () => {
  it('is refused where a part has millions of them', async () => {
    await expect(guarded(gifWith(16, 1, extension(COMMENT, 1_100_000)))).rejects.toMatchObject(TOO_MANY);
  });

  it('is refused where what is kept has millions of them, as that is walked through at once', async () => {
    await expect(guarded(gifWith(16, 3, extension(CONTROL, 400_000)))).rejects.toMatchObject(TOO_MANY);
  });

  it('lets others have their turns while it is looked through', async () => {
    const comments = Buffer.concat(Array<Buffer>(8).fill(extension(COMMENT, 900_000)));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);

    const { source } = await guarded(gifWith(16, 1, comments));
    clearImmediate(turn);

    expect(source).toEqual(gifWith(16, 1, Buffer.alloc(0)));
    expect(turns).toBeGreaterThanOrEqual(7);
  });
});

async function guarded(source: Buffer) {
  return GIF.guard(source);
}

function extension(label: number, blocks: number): Buffer {
  return Buffer.concat([Buffer.from([0x21, label]), Buffer.alloc(2 * blocks, 1), Buffer.alloc(1)]);
}
