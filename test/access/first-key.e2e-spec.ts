import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from '../helpers/app/client.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { startApp } from '../helpers/app/test-app.js';
import { MAIN } from '../helpers/paths.js';

describeOnEachEngine('the command for keys', (engine) => {
  it('makes, lists and deletes keys beside a running service, and says how it is used', async () => {
    const installation = await engine.install();
    const app = await startApp(installation);
    const run = async (...words: string[]) => {
      const env = { PATH: process.env.PATH, ...installation.environment };
      const options = { env, encoding: 'utf8' as const };
      return promisify(execFile)(process.execPath, [MAIN, '--keys', ...words], options).then(
        ({ stdout }) => stdout,
        ({ stderr, code }: { stderr: string; code: number }) => `${code} ${stderr}`,
      );
    };
    const made = await run('create', '--name', 'Boss', '--role', 'admin', '--open-images', '5');
    const [, id, key] = /^([0-9a-f-]{36}) admin owner=default Boss\nkey: (ipk_\S+)\n/.exec(made) ?? [];
    const open = await app.client.get('/keys', { 'x-api-key': key });
    const listed = await run('list');
    const odd = await run('create', '--name', 'x', '--role', 'boss');
    const orphan = await run('create', '--name', 'x', '--role', 'read');
    const removed = await run('delete', id);
    const again = await app.client.get('/keys');
    await app.close();
    await installation.remove();

    expect(open.json.items).toMatchObject([{ id, name: 'Boss', quotas: { open_images: 5 } }]);
    expect(listed).toBe(`${id} admin owner=default Boss\n`);
    expect(odd).toMatch(/^1 [^]*Usage:/);
    expect(orphan).toMatch(/^1 [^]*Name the owner/);
    expect(removed).toContain('is deleted');
    expect(again.json.items).toEqual([]);
  });
});

describeOnEachEngine('a service whose keys are all named', (engine) => {
  it('is open to its machine until the first key is made, which is an admin key', async () => {
    const installation = await engine.install();
    const app = await startApp(installation);
    const first = await app.client.send('POST', '/keys', { name: 'x', role: 'write' });
    const token = await app.client.send('POST', '/tokens');
    const usage = await app.client.get('/usage');
    const { json } = await app.client.send('POST', '/keys', { name: 'Boss', role: 'admin' });
    const closed = await app.client.get('/requests');
    const open = await app.client.get('/requests', { 'x-api-key': json.key });
    const boss = new Client(app.client.url, { 'x-api-key': json.key });
    const removed = await boss.send('DELETE', `/keys/${json.id}`);
    const again = await app.client.get('/requests');
    await app.close();
    await installation.remove();

    expect([first.status, first.json.code]).toEqual([409, 'FIRST_KEY_NOT_ADMIN']);
    expect([token.status, token.json.code]).toEqual([409, 'NO_KEY_FOR_TOKEN']);
    expect(usage.json).toMatchObject({ owner: 'default', items: [] });
    expect([closed.status, open.status, removed.status, again.status]).toEqual([401, 200, 204, 200]);
  });
});
