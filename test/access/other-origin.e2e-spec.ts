import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Engine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const ADMIN = 'admin-key-0123456789';
const CHROMIUM = [process.env.TEST_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (file) => existsSync(file),
);

/** What a page of a shop does: it uploads with the token that its server made, and watches until the end. */
const PAGE = `<!doctype html><script type="module">
const { service, token, csv } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const headers = { Authorization: 'Bearer ' + token };
const result = { events: [] };
try {
  const form = new FormData();
  form.append('file', new Blob([csv]), 'a.csv');
  // As any page can send it: without a preflight, and without being told the answer.
  await fetch(service + '/upload', { method: 'POST', body: form, mode: 'no-cors' }).catch(() => {});
  const upload = await fetch(service + '/upload', { method: 'POST', body: form, headers });
  const id = (await upload.json()).request_id;
  result.location = upload.headers.get('location');
  result.limit = upload.headers.get('ratelimit-policy');
  const stream = await fetch(service + '/requests/' + id + '/events', { headers });
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = '', read; !(read = await reader.read()).done; ) {
    const events = (text + read.value).split('\\n\\n');
    text = events.pop();
    result.events.push(...events.map((event) => /^event: (.*)$/m.exec(event)?.[1]));
  }
  result.output = await (await fetch(service + '/requests/' + id + '/output.csv', { headers })).text();
} catch (error) {
  result.error = error.name;
}
await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
</script>`;

interface Shop {
  origin: string;
  server: Server;
  results: any[];
}

async function openShop(): Promise<Shop> {
  const results: any[] = [];
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.setHeader('content-type', 'text/html').end(PAGE);
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      results.push(JSON.parse(text));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, server, results };
}

/** Skipped where there is no browser. */
function describeWithBrowser(title: string, tests: (engine: Engine) => void): void {
  if (CHROMIUM) describeOnEachEngine(title, tests);
  else describe.skip(title, () => it('needs Chromium', () => undefined));
}

function visit(url: string, profile: string): ChildProcess {
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions'];
  return spawn(CHROMIUM!, [...options, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url], {
    stdio: 'ignore',
    detached: true, // Debian starts it by a script: its whole group is to end
  });
}

describeWithBrowser('a page of another origin in a browser', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let images: ImageOrigin;
  let listed: Shop;
  let foreign: Shop;
  let profile: string;
  const browsers: ChildProcess[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    [listed, foreign] = [await openShop(), await openShop()];
    app = await startApp(installation, { API_KEYS: ADMIN, CORS_ORIGINS: listed.origin });
    images = await serveImages({ '/mug.jpg': await photo(64, 48) });
    profile = mkdtempSync(path.join(tmpdir(), 'image-processing-browser-'));
  });
  afterAll(async () => {
    for (const browser of browsers) process.kill(-browser.pid!, 'SIGKILL');
    for (const { server } of [listed, foreign]) {
      server.close();
      server.closeAllConnections();
    }
    await app.close();
    await images.close();
    await installation.remove();
    rmSync(profile, { recursive: true, force: true, maxRetries: 50 }); // the browser's processes still write while they end
  });

  const resultOn = async ({ origin, results }: Shop, token: string) => {
    const task = { service: app.client.url, token, csv: csvOf([['Mug', [images.url('/mug.jpg')]]]) };
    const url = `${origin}/#${encodeURIComponent(JSON.stringify(task))}`;
    browsers.push(visit(url, path.join(profile, String(browsers.length))));
    await until(() => results.length > 0);
    return results[0];
  };
  const requests = async () => (await app.client.get('/requests')).json.items.length;

  it('does the main job with a token, and watches it live', async () => {
    const { json } = await app.client.send('POST', '/tokens', { origin: listed.origin });
    const result = await resultOn(listed, json.token);

    expect(result.error).toBeUndefined();
    expect(result.events.at(0)).toBe('request');
    expect(result.events.at(-1)).toBe('end');
    expect(result.output).toContain('/images/');
    expect(result.location).toMatch(/^\/requests\//);
    expect(result.limit).toContain('"uploads";q=60;w=60');
    expect(await requests()).toBe(1);
  });

  it('leaves nothing where its origin is not listed', async () => {
    const { json } = await app.client.send('POST', '/tokens');
    const before = await requests();
    const result = await resultOn(foreign, json.token);

    expect(result).toEqual({ events: [], error: 'TypeError' });
    expect(await requests()).toBe(before);
  });
});
