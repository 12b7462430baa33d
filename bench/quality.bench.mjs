// What the engine's bytes are worth, judged from outside: method and last table in bench/README.md.
// `CORPUS=<folder> npm run bench -- quality`; without it, the samples are used.
import sharp from 'sharp';
import { openSource } from '../dist/src/compression/compress.js';
import { toCompressionOptions } from '../dist/src/compression/options.js';
import { lookOf, scoreOf, similarity } from '../dist/src/compression/search/similarity.js';
import { drawnGraphics, readPictures } from './helpers/bench-pictures.mjs';
import { butteraugli, has, pixelsOf, pngquant, rankCorrelation, score } from './helpers/judges.mjs';

const FOLDER = process.env.CORPUS ?? new URL('../src/samples/', import.meta.url).pathname;
const MAX_PIXELS = 50_000_000;
const QUALITIES = [35, 50, 75];
/** The curve of plain sharp, to which the engine's bytes are compared. */
const PLAIN_QUALITIES = [15, 25, 35, 50, 65, 75, 85, 93];
const METHODS = [
  ['default', {}],
  ['best', { effort: 'best' }],
  ['auto', { format: 'auto' }],
];
/** Every second photo is judged by butteraugli, too: it takes its time. */
const BUTTERAUGLI_EVERY = 2;

/** Pairs of a picture and a result, for the correlation: our score and that of SSIMULACRA2. */
const pairs = [];

const { photos, graphics } = await readPictures(FOLDER);
graphics.push(...drawnGraphics());
console.log(`${FOLDER}: ${photos.length} photos, ${graphics.length} graphics (drawn ones among them)`);
await bytesAtEqualScore();
await pngBesidePngquant();
await correlation();
await efforts();

async function bytesAtEqualScore() {
  const found = new Map();
  const add = (key, value) => found.set(key, [...(found.get(key) ?? []), value]);
  const isSecondJudge = has('butteraugli');
  for (const [index, photo] of photos.entries()) {
    const source = await raw(photo).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    const picture = { ...(await pixelsOf(source)), name: photo.name };
    const judges = [['SSIMULACRA2', (other) => judged(picture, other)]];
    if (isSecondJudge && index % BUTTERAUGLI_EVERY === 0) {
      judges.push(['butteraugli', async (other) => -(await butteraugli(picture, other))]);
    }
    const plain = await Promise.all(
      PLAIN_QUALITIES.map((quality) => raw(picture).jpeg({ quality }).toBuffer()),
    );
    const results = [];
    for (const quality of QUALITIES) {
      for (const [method, fields] of METHODS) {
        const { data, output } = await compress(source, { ...fields, quality: String(quality) });
        results.push({ method, quality, data, output });
      }
    }
    for (const [judge, judgeIt] of judges) {
      const curve = [];
      for (const data of plain)
        curve.push({ bytes: data.length, value: await judgeIt(await pixelsOf(data)) });
      const values = new Map();
      for (const { method, quality, data } of results) {
        const value = await judgeIt(await pixelsOf(data));
        values.set(`${method} ${quality}`, value);
        add(`${judge} ${method} ${quality}`, data.length / bytesAt(curve, value));
      }
      if (judge !== 'SSIMULACRA2') continue;
      for (const method of ['best', 'auto']) {
        const lost = values.get('default 50') - values.get(`${method} 50`);
        add(`lost by ${method}`, lost);
        add(`own of ${method}`, [values.get('default 50'), values.get(`${method} 50`)]);
      }
    }
  }
  console.log('\nBytes at equal score, plain sharp JPEG = 1 (mean, range), sources JPEG of quality 95:');
  for (const judge of isSecondJudge ? ['SSIMULACRA2', 'butteraugli'] : ['SSIMULACRA2']) {
    for (const [method] of METHODS) {
      const columns = QUALITIES.map((quality) => {
        const ratios = found.get(`${judge} ${method} ${quality}`);
        return `quality ${quality}: ${geometricMean(ratios).toFixed(3)} (${range(ratios, 2)})`;
      });
      console.log(`  ${judge.padEnd(12)} ${method.padEnd(8)} ${columns.join('; ')}`);
    }
  }
  for (const method of ['best', 'auto']) {
    const scores = found.get(`own of ${method}`);
    const [keep, other] = [scores.map(([one]) => one), scores.map(([, two]) => two)];
    const lost = found.get(`lost by ${method}`);
    console.log(
      `  ${method} beside the default, quality 50, SSIMULACRA2: mean ${mean(other).toFixed(1)} and ${mean(keep).toFixed(1)}, ` +
        `lowest tenth ${lowestTenth(other).toFixed(1)} and ${lowestTenth(keep).toFixed(1)}, ` +
        `loses ${range(lost, 1)}, more than 2 in ${lost.filter((one) => one > 2).length} of ${lost.length}`,
    );
  }
}

async function pngBesidePngquant() {
  if (!has('pngquant')) return console.log('\npngquant: not installed, left out');
  console.log('\nPNG, quality 50: bytes and score, and the score of pngquant at these bytes:');
  const differences = [];
  for (const graphic of graphics) {
    const source = await raw(graphic).png({ compressionLevel: 1 }).toBuffer();
    const began = process.cpuUsage();
    const { data, outcome } = await compress(source, {});
    const ms = cpuMs(began);
    const bareFrom = process.cpuUsage();
    await sharp(source).png({ palette: true, quality: 50 }).toBuffer();
    const bareMs = cpuMs(bareFrom);
    const value = judged(graphic, await pixelsOf(data));
    const curve = [];
    for (const colours of [2, 4, 8, 16, 32, 64, 128, 256]) {
      const other = await pngquant(graphic, colours);
      curve.push({ bytes: other.length, value: judged(graphic, await pixelsOf(other)) });
    }
    const theirs = valueAt(curve, data.length);
    differences.push(value - theirs);
    console.log(
      `  ${graphic.name.padEnd(40)} ${String(data.length).padStart(7)} ${value.toFixed(1).padStart(6)} ${theirs.toFixed(1).padStart(6)}` +
        `  ${ms.toFixed(0)} ms of CPU, bare sharp ${bareMs.toFixed(0)}${outcome === 'kept_original' ? ', the original' : ''}`,
    );
  }
  const lower = differences.filter((one) => one < -2).length;
  console.log(
    `  lower by more than 2: ${lower} of ${differences.length}; differences ${range(differences, 1)}`,
  );
}

/** Adds pairs of graphics, transparency and changed colours to those above. */
async function correlation() {
  for (const picture of [...graphics, ...photos.filter((_, i) => i % 4 === 0)]) {
    const changes = {
      webp: (pipeline) => pipeline.webp({ quality: 40 }),
      avif: (pipeline) => pipeline.avif({ quality: 45, effort: 1 }),
      palette: (pipeline) => pipeline.png({ palette: true, colours: 16, dither: 0 }),
      hue: (pipeline) => pipeline.modulate({ hue: 25 }).png(),
      paler: (pipeline) => pipeline.modulate({ saturation: 0.7 }).png(),
      soft: (pipeline) => pipeline.blur(0.8).png(),
    };
    for (const change of Object.values(changes)) {
      judged(picture, await pixelsOf(await change(raw(picture)).toBuffer()));
    }
    if (picture.channels === 4) judged(picture, withFewLevels(picture, 12));
  }
  const counts = new Map();
  for (const { kind } of pairs) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  console.log(
    `\nOur measure and SSIMULACRA2, rank correlation over ${pairs.length} pairs: ${correlated(pairs).toFixed(3)}`,
  );
  for (const kind of counts.keys()) {
    const some = pairs.filter((pair) => pair.kind === kind);
    console.log(`  ${kind}: ${correlated(some).toFixed(3)} over ${some.length}`);
  }
}

async function efforts() {
  console.log('\nEffort and format: bytes (fast = 1) and CPU, quality 50, photos as JPEG of quality 95:');
  const some = photos.filter((_, i) => i % 4 === 0);
  for (const format of ['jpeg', 'png', 'webp', 'avif']) {
    const columns = [];
    let first;
    for (const effort of ['fast', 'balanced', 'best']) {
      let [bytes, ms, megapixels] = [0, 0, 0];
      for (const photo of some) {
        const source = await raw(photo).tiff({ compression: 'none' }).toBuffer();
        const began = process.cpuUsage();
        bytes += (await compress(source, { format, effort })).data.length;
        ms += cpuMs(began);
        megapixels += (photo.width * photo.height) / 1e6;
      }
      first ??= bytes;
      columns.push(`${effort} ${(bytes / first).toFixed(3)}, ${(ms / megapixels).toFixed(0)} ms a megapixel`);
    }
    console.log(`  ${format.padEnd(5)} ${columns.join('; ')}`);
  }
}

/** The score of SSIMULACRA2; the pair is kept for the correlation. */
function judged(picture, other) {
  const theirs = score(picture, other);
  const ours = scoreOf(similarity(lookOf(picture), lookOf(other)));
  const kind =
    picture.channels === 4
      ? 'transparency'
      : photos.some(({ name }) => name === picture.name)
        ? 'photos'
        : 'graphics';
  pairs.push({ ours, theirs, kind });
  return theirs;
}

function correlated(some) {
  return rankCorrelation(
    some.map(({ ours }) => ours),
    some.map(({ theirs }) => theirs),
  );
}

function withFewLevels(picture, levels) {
  const data = Buffer.from(picture.data);
  for (let i = 3; i < data.length; i += 4)
    data[i] = Math.round((Math.round((data[i] / 255) * levels) * 255) / levels);
  return { ...picture, data };
}

function raw({ data, width, height, channels }) {
  return sharp(data, { raw: { width, height, channels } });
}

async function compress(source, fields) {
  return (await openSource(source, MAX_PIXELS)).compress(toCompressionOptions(fields, 50));
}

/** The bytes at which the curve reaches the value, on straight lines through the logarithms of the bytes. */
function bytesAt(curve, value) {
  const sorted = [...curve].sort((one, other) => one.value - other.value);
  const [one, other] = around(sorted, (point) => point.value >= value);
  const share = (value - one.value) / (other.value - one.value || 1);
  return Math.exp(Math.log(one.bytes) + share * Math.log(other.bytes / one.bytes));
}

/** The best value of the curve at so many bytes; not beyond its ends. */
function valueAt(curve, bytes) {
  const sorted = [...curve].sort((one, other) => one.bytes - other.bytes);
  if (bytes <= sorted[0].bytes) return sorted[0].value;
  if (bytes >= sorted.at(-1).bytes) return Math.max(...sorted.map(({ value }) => value));
  const [one, other] = around(sorted, (point) => point.bytes >= bytes);
  const share = Math.log(bytes / one.bytes) / Math.log(other.bytes / one.bytes || Math.E);
  return one.value + share * (other.value - one.value);
}

function around(sorted, isBeyond) {
  const found = sorted.findIndex(isBeyond);
  const above = found < 0 ? sorted.length - 1 : Math.max(1, found);
  return [sorted[above - 1], sorted[above]];
}

function cpuMs(from) {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function geometricMean(values) {
  return Math.exp(mean(values.map(Math.log)));
}

function lowestTenth(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return mean(sorted.slice(0, Math.max(1, Math.round(sorted.length / 10))));
}

function range(values, digits) {
  return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
}
