// Takes the screenshots of docs/screenshots with Chromium: `npm run screenshots`. It starts the service and a server of
// pictures, both on free ports of this machine, and removes what they kept.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MAIN, prepare, ROOT } from './prepare.mjs';

prepare();
const { chromium } = await import('playwright-core');
const { default: sharp } = await import('sharp');
const FOLDER = process.argv[2] ?? path.join(ROOT, 'docs/screenshots');
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
// The others are for looking at while one works on the page: `npm run screenshots -- /tmp/pictures`.
const KEPT = ['preview', 'compare', 'result', 'start', 'failures', 'dark', 'phone'];
const DESKTOP = { width: 1200, height: 800 };
const PHONE = { width: 360, height: 740 };

if (!existsSync(CHROMIUM)) throw new Error('Install chromium, or name it in CHROMIUM.');
mkdirSync(FOLDER, { recursive: true });
const data = mkdtempSync(path.join(tmpdir(), 'screenshots-'));
const pictures = await servePictures();
const service = await startService();
const browser = await chromium.launch({ executablePath: CHROMIUM });
try {
  await takeAll();
} finally {
  await browser.close();
  service.kill('SIGTERM');
  await new Promise((resolve) => service.once('exit', resolve));
  pictures.close();
  rmSync(data, { recursive: true, force: true });
}

async function takeAll() {
  const page = await open(DESKTOP);
  await page.getByRole('button', { name: 'Try the sample' }).click();
  await page.getByText(/All 8 pictures were looked at/).waitFor();
  await page.getByRole('button', { name: 'Another picture' }).click();
  await page.setViewportSize({ width: 1200, height: 1110 });
  await take(page, 'preview');
  await page.setViewportSize(DESKTOP);
  await page.getByRole('button', { name: /^Compress/ }).click();
  await page.getByRole('button', { name: 'Judge the worst first' }).waitFor();
  await page
    .getByRole('button', { name: /^Compare/ })
    .first()
    .waitFor();
  await take(page, 'result');
  await page.getByRole('button', { name: 'Tiles' }).click();
  await page.waitForTimeout(500);
  await take(page, 'tiles');
  await page
    .getByRole('button', { name: /^Compare/ })
    .first()
    .click();
  await page.getByRole('slider').waitFor();
  await page.waitForTimeout(500);
  await take(page, 'compare');
  await page.keyboard.press('Escape');
  await upload(page, catalogue());
  await page.getByRole('button', { name: /^Compress/ }).waitFor();
  await take(page, 'faults');
  await page.getByRole('button', { name: /^Compress/ }).click();
  await page.getByText('Time left').waitFor();
  await page.waitForTimeout(2500);
  await take(page, 'running');
  await page.getByRole('button', { name: 'Judge the worst first' }).waitFor({ timeout: 60_000 });
  await page.waitForTimeout(500);
  await take(page, 'failures');
  await page.goto(`${address}/#/requests`);
  await page.waitForTimeout(500);
  await take(page, 'history');
  await page.goto(`${address}/#/`);
  await page.waitForTimeout(500);
  await take(page, 'start');
  const dark = await open(DESKTOP, 'dark');
  await dark.goto(`${address}/#/requests`);
  await dark.locator('.request-card').first().click();
  await dark.waitForTimeout(800);
  await take(dark, 'dark');
  const phone = await open(PHONE);
  await take(phone, 'phone-start');
  await phone.goto(`${address}/#/requests`);
  await phone.locator('.request-card').first().click();
  await phone.waitForTimeout(800);
  await take(phone, 'phone');
}

async function open(viewport, colorScheme = 'light') {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
  page.on('pageerror', (error) => console.error(error));
  await page.goto(address);
  await page.getByRole('button', { name: 'Choose a file' }).waitFor();
  return page;
}

/** In 256 colours, at most 150 kB each. */
async function take(page, name) {
  if (!process.argv[2] && !KEPT.includes(name)) return;
  const picture = sharp(await page.screenshot());
  await picture.png({ palette: true, quality: 90, effort: 10 }).toFile(path.join(FOLDER, `${name}.png`));
}

async function upload(page, text) {
  await page.goto(`${address}/#/`);
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Choose a file' }).click(),
  ]);
  await chooser.setFiles({ name: 'autumn-catalogue.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
}

/** A shop's file with the faults that such files have. */
function catalogue() {
  const names = ['Blue Mug', 'Desk Lamp', 'Leather Notebook', 'Glass Vase', 'Wall Clock'];
  const files = [
    'blue-mug-front.jpg',
    'desk-lamp.png',
    'notebook-cover.jpg',
    'glass-vase.webp',
    'notebook-pages.jpg',
  ];
  const origin = `http://127.0.0.1:${pictures.address().port}`;
  const rows = Array.from({ length: 60 }, (_, i) => {
    const missing = i % 13 === 7 ? `${origin}/gone/${i}.jpg` : `${origin}/${i}/${files[(i + 1) % 5]}`;
    return `SKU-${1000 + i};${names[i % 5]};"${origin}/${i}/${files[i % 5]}|${missing}"`;
  });
  rows.splice(
    12,
    0,
    'SKU-2000;Tea Towel;images/tea-towel.jpg',
    'SKU-2001;Oven Mitt;www.example.com/mitt.jpg',
  );
  return ['SKU;Title;Image URL', ...rows, ''].join('\n');
}

async function servePictures() {
  const server = createServer((request, response) => {
    const file = path.join(ROOT, 'src/samples', path.basename(request.url));
    if (request.url.startsWith('/gone/') || !existsSync(file)) return response.writeHead(404).end();
    setTimeout(() => response.end(readFileSync(file)), 400);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

var address;
async function startService() {
  const env = {
    ...process.env,
    PORT: '0',
    DATA_DIR: data,
    ALLOW_PRIVATE: '127.0.0.1',
    CACHE_RESULTS: '0',
  };
  const child = spawn(process.execPath, [MAIN], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  address = await new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const ready = /ready at (http:\/\/[^\s/]+)/.exec(text);
      if (ready) resolve(ready[1]);
    });
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
  });
  return child;
}
