import { RequestDraft } from '../../src/requests/intake/request-draft.js';
import { RequestsService } from '../../src/requests/requests.service.js';
import { UploadsService } from '../../src/uploads/uploads.service.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { useUploads } from '../helpers/app/suite.js';
import { photo } from '../helpers/servers/image-origin.js';
import { deferred, until } from '../helpers/wait.js';

const HEADER = 'S. No.,Product Name,Input Image Urls';

describeOnEachEngine('the upload of a CSV file', (engine) => {
  const suite = useUploads(engine, async () => ({ '/a.jpg': await photo(64, 48) }));
  let a: string;

  beforeAll(() => {
    a = suite.origin.url('/a.jpg');
  });

  describe('again with the same Idempotency-Key', () => {
    const file = () => `${HEADER}\n1,Mug,${a}\n`;
    const upload = (key: string, csv = file(), fields = {}) =>
      suite.post('/upload', csv, { headers: { 'idempotency-key': key }, fields });

    it('gives the first request again, also when both come at once', async () => {
      const before = await suite.countRequests();
      const answers = await Promise.all([upload('one'), upload('one'), upload('one')]);
      const again = await upload('one');

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(new Set([...answers, again].map(({ json }) => json.request_id)).size).toBe(1);
      expect(await suite.countRequests()).toBe(before + 1);
    });

    it('is refused if it is another file, or is to be read in another way', async () => {
      await upload('two');

      const other = await upload('two', `${HEADER}\n1,Lamp,${a}\n`);
      const otherwise = await upload('two', file(), { on_invalid: 'skip' });

      expect([other.status, other.json.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      expect(otherwise.status).toBe(409);
    });

    it('is another request under another key, and after a refusal', async () => {
      const refused = await upload('three', 'hello\n');
      const accepted = await upload('three');
      const other = await upload('Three');

      expect([refused.status, accepted.status, other.status]).toEqual([400, 200, 200]);
      expect(other.json.request_id).not.toBe(accepted.json.request_id);
    });

    it('gives the id of the first request also where that was not found at first', async () => {
      const first = await upload('four');
      const find = jest.spyOn(suite.app.nest.get(RequestsService), 'findByIdempotencyKey');
      find.mockResolvedValueOnce(null).mockResolvedValueOnce(null);

      const { status, json } = await upload('four');
      find.mockRestore();

      expect([status, json]).toEqual([200, first.json]);
    });

    it('wants a key of at most 255 characters', async () => {
      expect((await upload('k'.repeat(255))).status).toBe(200);
      expect((await upload('k'.repeat(256))).json).toMatchObject({ code: 'IDEMPOTENCY_KEY_INVALID' });
    });
  });

  describe('whose client goes away', () => {
    const bad = Buffer.from(`${HEADER}\n${'a\n'.repeat(4_000_000)}`);
    const good = () => `${HEADER}\n${`1,Mug,${a}\n`.repeat(20_000)}`;

    const leave = (path: string, csv: Buffer | string, hasBegun: () => boolean) => {
      const leaving = new AbortController();
      const form = new FormData();
      form.append('on_invalid', 'skip');
      form.append('file', new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)]), 'products.csv');
      const answer = fetch(suite.app.client.url + path, {
        method: 'POST',
        body: form,
        signal: leaving.signal,
      });
      const left = until(hasBegun).then(() => leaving.abort());
      return Promise.all([left, expect(answer).rejects.toThrow('abort')]);
    };

    it.each<['survey' | 'accept', string]>([
      ['survey', '/upload?dry_run=true'],
      ['accept', '/upload'],
    ])('is read no further (%s)', async (method, path) => {
      const before = await suite.countRequests();
      const called = jest.spyOn(suite.app.nest.get(UploadsService), method);

      await leave(path, bad, () => called.mock.calls.length > 0);

      await expect(called.mock.results[0].value).rejects.toThrow('The client left');
      expect(await suite.countRequests()).toBe(before);
      called.mockRestore();
    });

    it('is stored no further', async () => {
      const before = await suite.countRequests();
      const accept = jest.spyOn(suite.app.nest.get(UploadsService), 'accept');
      const added = jest.spyOn(RequestDraft.prototype, 'add');
      const { add } = RequestDraft.prototype;
      const hasLeft = deferred();
      added.mockImplementationOnce(async function (this: RequestDraft, ...rows) {
        await hasLeft.promise;
        return add.apply(this, rows);
      });

      await leave('/upload', good(), () => added.mock.calls.length > 0);
      hasLeft.resolve();

      await expect(accept.mock.results[0].value).rejects.toThrow('The client left');
      expect(await suite.countRequests()).toBe(before);
      accept.mockRestore();
      added.mockRestore();
    });
  });
});
