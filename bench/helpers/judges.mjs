// What judges pictures from outside: SSIMULACRA2 (calc-s2-rust), and butteraugli and pngquant where they are installed (Debian has both).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';

const PACKAGE = new URL('../../node_modules/calc-s2-rust/', import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-judges-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const { calculator, memory } = await loadSsimulacra2();

/** The package is a module for browsers: its code is an ES module without a type, and its WebAssembly a file beside it. */
async function loadSsimulacra2() {
  const copy = path.join(folder, 'calculator.mjs');
  writeFileSync(copy, readFileSync(new URL('calc_s2_rust.js', PACKAGE)));
  const calculator = await import(pathToFileURL(copy).href);
  const wasm = readFileSync(new URL('calc_s2_rust_bg.wasm', PACKAGE));
  return { calculator, memory: silently(() => calculator.initSync(wasm)).memory };
}

/** The pixels of an image, upright, in sRGB: `{ data, width, height, channels }`, with 3 or 4 channels. */
export async function pixelsOf(image) {
  const pipeline = sharp(image, { failOn: 'none' }).autoOrient().toColourspace('srgb');
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels >= 3) return { data, width, height, channels };
  const colours = Buffer.alloc(width * height * (channels + 2));
  for (let i = 0, to = 0; i < data.length; i += channels, to += channels + 2) {
    colours.fill(data[i], to, to + 3);
    if (channels === 2) colours[to + 3] = data[i + 1];
  }
  return { data: colours, width, height, channels: channels + 2 };
}

/** 100 for the same picture, 90 where nobody sees a difference, 50 for a low quality; below 0 for another picture. With transparency the lower one of the scores on white and on black. */
export function score(one, other) {
  const mayHide = one.channels === 4 || other.channels === 4;
  return Math.min(
    ...(mayHide ? [255, 0] : [255]).map((background) =>
      silently(() => {
        const { width, height } = one;
        put('one', laidOn(one, background));
        put('other', laidOn(other, background));
        const result = calculator.calc_s2('one', 'other', width, height);
        calculator.remove_buffer('one');
        calculator.remove_buffer('other');
        return result;
      }),
    ),
  );
}

function put(name, data) {
  const at = calculator.new_buffer(name, data.length);
  new Uint8Array(memory.buffer, at, data.length).set(data);
}

function laidOn({ data, channels }, background) {
  if (channels === 3) return data;
  const colours = Buffer.alloc((data.length / 4) * 3);
  for (let i = 0, to = 0; i < data.length; i += 4, to += 3) {
    const share = data[i + 3] / 255;
    for (let c = 0; c < 3; c++) colours[to + c] = Math.round(data[i + c] * share + background * (1 - share));
  }
  return colours;
}

// The package prints each buffer that it makes.
function silently(work) {
  const { log } = console;
  console.log = () => {};
  try {
    return work();
  } finally {
    console.log = log;
  }
}

/** Whether the program is installed. */
export function has(program) {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** How far apart butteraugli sees two opaque images: about 1 where a difference begins to be seen. */
export async function butteraugli(one, other) {
  const names = ['one.png', 'other.png'].map((name) => path.join(folder, name));
  for (const [index, { data, width, height, channels }] of [one, other].entries()) {
    writeFileSync(
      names[index],
      await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 1 }).toBuffer(),
    );
  }
  return Number(execFileSync('butteraugli', names).toString());
}

/** The image as pngquant makes it, with so many colours at most. */
export async function pngquant({ data, width, height, channels }, colours) {
  const png = await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 1 }).toBuffer();
  return execFileSync('pngquant', [String(colours), '-'], { input: png, maxBuffer: 1e9 });
}

/** Spearman's rank correlation. */
export function rankCorrelation(ones, others) {
  const [a, b] = [ranks(ones), ranks(others)];
  const mean = (ones.length - 1) / 2;
  const product = (x, y) => x.reduce((sum, rank, i) => sum + (rank - mean) * (y[i] - mean), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function ranks(values) {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const result = [];
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) result[order[i]] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}
