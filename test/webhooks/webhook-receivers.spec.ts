import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { webhookHeaders } from '../../src/webhooks/delivery/sign-webhook.js';
import { webhookSecret } from '../../src/webhooks/subscriptions/webhook-secret.js';
import { freePort } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';
import { ROOT } from '../helpers/paths.js';

const BODY = JSON.stringify({ type: 'request.completed', timestamp: '', data: { file_name: '椅子🪑.csv' } });

/** The block of the README in that language that is a receiver. */
function example(language: string): string {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)![1];
}

const hasPython = spawnSync('python3', ['-c', 'import hmac']).status === 0;

const RECEIVERS: [name: string, command: string, parameters: string[], language: string][] = [
  ['Node', process.execPath, ['--input-type=module', '-e'], 'js'],
  ...(hasPython ? ([['Python', 'python3', ['-c'], 'python']] as any) : []),
];

describe.each(RECEIVERS)('the receiver in the README for %s', (_name, command, parameters, language) => {
  const secret = webhookSecret();
  let child: ChildProcess;
  let url: string;
  let output = '';

  beforeAll(async () => {
    const port = await freePort();
    const code = example(language).replace('4000', String(port));
    child = spawn(command, [...parameters, code], { cwd: ROOT, env: { ...process.env, SECRET: secret } });
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk));
    url = `http://127.0.0.1:${port}/`;
    await until(() => fetch(url).then(Boolean, () => false));
  });
  afterAll(() => child.kill());

  const post = (headers: Record<string, string>, body = BODY) =>
    fetch(url, { method: 'POST', headers, body }).then(({ status }) => status);
  const now = () => Math.floor(Date.now() / 1000);

  it('takes what we sign, with one secret or during a rotation', async () => {
    const message = { id: 'evt_1', timestamp: now(), body: BODY };

    expect(await post(webhookHeaders([secret], message))).toBe(204);
    expect(await post(webhookHeaders([webhookSecret(), secret], { ...message, id: 'evt_2' }))).toBe(204);
    await until(() => /evt_1 request\.completed[\s\S]*evt_2 request\.completed/.test(output));
  });

  it('refuses what was signed by another, changed, or kept for later', async () => {
    const message = { id: 'evt_3', timestamp: now(), body: BODY };
    const headers = webhookHeaders([secret], message);

    expect(await post(webhookHeaders([webhookSecret()], message))).toBe(400);
    expect(await post(headers, BODY.replace('completed', 'cancelled'))).toBe(400);
    expect(await post({ ...headers, 'webhook-id': 'evt_4' })).toBe(400);
    expect(await post(webhookHeaders([secret], { ...message, timestamp: now() - 301 }))).toBe(400);
    expect(output).not.toMatch(/evt_[34]/);
  });
});
