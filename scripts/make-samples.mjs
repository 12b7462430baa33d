// Draws the sample product images in src/samples/ and writes their CSV file. The same bytes in each run: npm run samples.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const FOLDER = fileURLToPath(new URL('../src/samples/', import.meta.url));
const MAX_BYTES = 150_000;
const GLAZE = ['#123a72', '#2c6cc0', '#7fb2ee', '#3b7dd2', '#1f58a8', '#0c2b59'];

const PRODUCTS = [
  ['Blue Mug', ['blue-mug-front.jpg', 'blue-mug-side.jpg', 'blue-mug-top.jpg']],
  ['Desk Lamp', ['desk-lamp.png']],
  ['Leather Notebook', ['notebook-cover.jpg', 'notebook-pages.jpg']],
  ['Home Decor Set', ['glass-vase.webp', 'wall-clock.gif']],
];

const IMAGES = {
  'blue-mug-front.jpg': () => photograph(studio(960, 720, mugFront())).then(jpeg),
  // Taken with the camera on its side, as phones do: the pixels lie, the tag says how to turn them.
  'blue-mug-side.jpg': async () => {
    const lying = await sharp(await photograph(studio(720, 960, mugSide()))).rotate(270);
    return jpeg(await lying.png().toBuffer(), { IFD0: { Make: 'Sample', Model: 'Sample Camera' } }, 6);
  },
  'blue-mug-top.jpg': () => photograph(studio(800, 800, mugTop(), false)).then(jpeg),
  'desk-lamp.png': () =>
    sharp(svg(440, 520, lamp()))
      .png({ compressionLevel: 9 })
      .toBuffer(),
  'notebook-cover.jpg': () => photograph(studio(960, 720, notebookCover(), false)).then(jpeg),
  'notebook-pages.jpg': () => photograph(studio(960, 720, notebookPages(), false), 800).then(jpeg),
  'glass-vase.webp': async () =>
    sharp(await photograph(studio(840, 1000, vase())))
      .webp({ quality: 90 })
      .toBuffer(),
  'wall-clock.gif': ticking,
};

await mkdir(FOLDER, { recursive: true });
for (const [name, make] of Object.entries(IMAGES)) {
  const image = await make();
  if (image.length > MAX_BYTES) throw new Error(`${name} has ${image.length} bytes`);
  await writeFile(FOLDER + name, image);
  console.log(name, image.length);
}
await writeFile(FOLDER + 'products.csv', csv());

// {{ORIGIN}} becomes the address of the service when it hands the file out.
function csv() {
  const lines = PRODUCTS.map(([name, images], index) => {
    const urls = images.map((image) => `{{ORIGIN}}/samples/${image}`).join(',');
    return `${index + 1},${name},"${urls}"`;
  });
  return ['S. No.,Product Name,Input Image Urls', ...lines, ''].join('\n');
}

function jpeg(image, exif = {}, orientation = 1) {
  return sharp(image)
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .withExif({ ...exif, IFD0: { ...exif.IFD0, Software: 'make-samples' } })
    .withMetadata({ orientation })
    .toBuffer();
}

// What a sensor adds to a drawing: grain, stronger in the shadows.
async function photograph(drawing, width) {
  const { data, info } = await sharp(drawing)
    .resize(width)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const random = numbers(20_260);
  for (let at = 0; at < data.length; at += 3) {
    const grain = (random() + random() + random() - 1.5) * (7 - data[at + 1] / 60);
    for (let channel = 0; channel < 3; channel += 1) {
      data[at + channel] = Math.max(0, Math.min(255, data[at + channel] + grain + (random() - 0.5) * 2));
    }
  }
  return sharp(data, { raw: info }).png().toBuffer();
}

// mulberry32: a small generator whose numbers are the same everywhere.
function numbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function svg(width, height, content) {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
    <defs>
      <filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="18"/></filter>
      <filter id="blur" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="7"/></filter>
      <filter id="fine" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="2"/></filter>
    </defs>${content}</svg>`,
  );
}

// A seamless paper background with light from the upper left; with a table unless seen from above.
function studio(width, height, content, isFromFront = true) {
  const horizon = height * 0.66;
  const table = `<rect y="${horizon - 60}" width="${width}" height="120" fill="url(#edge)"/>
    <rect y="${horizon + 60}" width="${width}" height="${height}" fill="url(#table)"/>`;
  return svg(
    width,
    height,
    `${radial('light', '35%', '25%', '95%', '#f6f3ee', '#d9d4cc', '#aaa49b')}
    ${vertical('edge', '#cbc5bc', '#ddd8d0')}${vertical('table', '#ddd8d0', '#b9b2a8')}
    <rect width="${width}" height="${height}" fill="url(#light)"/>${isFromFront ? table : ''}${content}`,
  );
}

function vertical(id, ...colours) {
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stops(colours)}</linearGradient>`;
}

function across(id, ...colours) {
  return `<linearGradient id="${id}">${stops(colours)}</linearGradient>`;
}

function radial(id, cx, cy, r, ...colours) {
  return `<radialGradient id="${id}" cx="${cx}" cy="${cy}" r="${r}">${stops(colours)}</radialGradient>`;
}

function stops(colours) {
  return colours.map((c, i) => `<stop offset="${i / (colours.length - 1)}" stop-color="${c}"/>`).join('');
}

function shadow(cx, cy, rx, ry) {
  return `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="#3a332b" opacity=".5" filter="url(#soft)"/>
    <ellipse cx="${cx - 14}" cy="${cy - 6}" rx="${rx * 0.8}" ry="${ry * 0.5}" fill="#241d16" opacity=".55" filter="url(#blur)"/>`;
}

function mugBody(cx, top, width, height) {
  const [left, right, bottom] = [cx - width / 2, cx + width / 2, top + height];
  const [rx, ry] = [width / 2, width * 0.13];
  return `${across('glaze', ...GLAZE)}${across('inside', '#0a2145', '#1c4c8e', '#3d7cc9')}
    ${vertical('coffee', '#2b150a', '#5a3218')}
    <path d="M${left} ${top} C${left} ${top + height * 0.6} ${left + 6} ${bottom - 40} ${left + 26} ${bottom - 8}
      A${rx - 26} ${ry * 0.7} 0 0 0 ${right - 26} ${bottom - 8}
      C${right - 6} ${bottom - 40} ${right} ${top + height * 0.6} ${right} ${top} Z" fill="url(#glaze)"/>
    <ellipse cx="${cx}" cy="${top}" rx="${rx}" ry="${ry}" fill="#8dbcf2"/>
    <ellipse cx="${cx}" cy="${top + 3}" rx="${rx - 9}" ry="${ry - 7}" fill="url(#inside)"/>
    <ellipse cx="${cx}" cy="${top + 22}" rx="${rx - 22}" ry="${ry - 20}" fill="url(#coffee)"/>
    <rect x="${left + width * 0.26}" y="${top + 60}" width="22" height="${height * 0.62}" rx="11" fill="#fff" opacity=".55" filter="url(#blur)"/>
    <rect x="${left + width * 0.35}" y="${top + 80}" width="7" height="${height * 0.5}" rx="3" fill="#fff" opacity=".7" filter="url(#fine)"/>
    <path d="M${left + 9} ${top + height * 0.78} Q${cx} ${top + height * 0.78 + ry * 1.7} ${right - 9} ${top + height * 0.78}
      l-4 26 Q${cx} ${top + height * 0.78 + 28 + ry * 1.7} ${left + 13} ${top + height * 0.78 + 26} Z" fill="#f3efe6" opacity=".85"/>`;
}

function mugFront() {
  const handle = `<path d="M612 255 C760 235 770 470 590 478" fill="none" stroke="#0d2f61" stroke-width="46" stroke-linecap="round"/>
    <path d="M612 252 C748 236 756 462 592 470" fill="none" stroke="#2f6fc4" stroke-width="30" stroke-linecap="round"/>
    <path d="M620 246 C728 240 736 330 722 372" fill="none" stroke="#a9cdf7" stroke-width="8" stroke-linecap="round" filter="url(#fine)"/>`;
  return shadow(500, 592, 250, 36) + handle + mugBody(460, 190, 320, 400);
}

function mugSide() {
  return shadow(385, 740, 220, 34) + mugBody(360, 330, 330, 410);
}

function mugTop() {
  return `${radial('rim', '40%', '35%', '75%', '#9cc6f6', '#3b7dd2', '#12386e')}
    ${radial('brew', '38%', '34%', '80%', '#8a5a33', '#4a2912', '#221006')}
    <circle cx="420" cy="425" r="255" fill="#3a332b" opacity=".55" filter="url(#soft)"/>
    <path d="M560 470 l120 92" stroke="#123a72" stroke-width="58" stroke-linecap="round"/>
    <path d="M560 466 l118 90" stroke="#3f82d6" stroke-width="34" stroke-linecap="round"/>
    <circle cx="395" cy="390" r="240" fill="url(#rim)"/><circle cx="395" cy="390" r="214" fill="#0d2c5a"/>
    <circle cx="397" cy="394" r="200" fill="url(#brew)"/>
    <path d="M250 330 A170 170 0 0 1 420 230" fill="none" stroke="#fff" stroke-width="16" opacity=".35" stroke-linecap="round" filter="url(#blur)"/>
    ${bubbles()}`;
}

function bubbles() {
  const random = numbers(7);
  return Array.from({ length: 60 }, () => {
    const angle = random() * 6.283;
    const away = 192 - random() ** 2 * 60;
    const at = [397 + Math.cos(angle) * away, 394 + Math.sin(angle) * away].map((value) => value.toFixed(1));
    return `<circle cx="${at[0]}" cy="${at[1]}" r="${(1 + random() * 4).toFixed(1)}" fill="#c99a6b" opacity=".7"/>`;
  }).join('');
}

function lamp() {
  return `${across('metal', '#5c6166', '#e9ecef', '#9aa1a8', '#4c5157')}${vertical('shade', '#f4b63f', '#d9861c', '#a35a0c')}
    ${radial('glow', '50%', '0%', '100%', '#fff4c4', '#ffe08a')}
    <ellipse cx="190" cy="490" rx="150" ry="20" fill="#000" opacity=".35" filter="url(#blur)"/>
    <path d="M215 232 L110 470 L390 470 L345 215 Z" fill="url(#glow)" opacity=".22" filter="url(#blur)"/>
    <path d="M70 478 q0 -30 100 -30 t100 30 q0 14 -100 14 t-100 -14 Z" fill="url(#metal)"/>
    <path d="M170 455 L120 260" stroke="url(#metal)" stroke-width="14"/><path d="M170 455 L118 258" stroke="#d7dce0" stroke-width="4"/>
    <path d="M120 258 L262 118" stroke="#777d84" stroke-width="14" stroke-linecap="round"/>
    <path d="M118 254 L258 116" stroke="#dfe3e7" stroke-width="4" stroke-linecap="round"/>
    <circle cx="120" cy="258" r="17" fill="#3d4247"/><circle cx="117" cy="254" r="7" fill="#9aa1a8"/>
    <path d="M244 92 L300 80 C350 110 372 160 374 208 L208 242 C200 190 214 130 244 92 Z" fill="url(#shade)"/>
    <path d="M258 106 C232 140 226 190 232 226" fill="none" stroke="#fff" stroke-width="10" opacity=".5" filter="url(#fine)"/>
    <ellipse cx="291" cy="225" rx="84" ry="14" transform="rotate(-11.5 291 225)" fill="#fff6d0"/>`;
}

function leather(x, y, width, height) {
  const random = numbers(99);
  const pores = Array.from({ length: 1500 }, () => {
    const at = `cx="${(x + random() * width).toFixed(1)}" cy="${(y + random() * height).toFixed(1)}"`;
    return `<ellipse ${at} rx="${(0.6 + random() * 1.6).toFixed(1)}" ry="${(0.5 + random()).toFixed(1)}" fill="${random() > 0.5 ? '#2a1208' : '#a9683c'}" opacity=".35"/>`;
  });
  return `${radial('hide', '30%', '20%', '110%', '#a65f33', '#7d4020', '#4b2310')}
    <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="16" fill="url(#hide)"/>${pores.join('')}`;
}

function notebookCover() {
  return `<g transform="rotate(-7 480 360)">
    <rect x="300" y="130" width="400" height="520" rx="16" fill="#2d241c" opacity=".7" filter="url(#soft)"/>
    <rect x="292" y="102" width="392" height="522" rx="10" fill="#efe7d6"/><path d="M676 112 v500" stroke="#c9bda4" stroke-width="3"/>
    ${leather(280, 96, 388, 520)}
    <rect x="296" y="112" width="356" height="488" rx="10" fill="none" stroke="#d9a679" stroke-width="3" stroke-dasharray="11 7" opacity=".8"/>
    <rect x="596" y="96" width="20" height="520" fill="#1e1a17"/><rect x="599" y="96" width="5" height="520" fill="#5a524b"/>
    <path d="M420 330 q34 -66 68 0 q-34 66 -68 0 Z M454 280 v100" fill="none" stroke="#4a220f" stroke-width="7"/>
    <rect x="330" y="610" width="14" height="64" fill="#a32121"/></g>`;
}

function notebookPages() {
  const random = numbers(31);
  const line = (x, y) => {
    const words = Array.from(
      { length: 5 },
      (_, i) =>
        `q${6 + random() * 8} ${-12 + random() * 4} 24 0 t${16 + random() * 16} ${random() * 2} m${i < 4 ? 9 : 0} 0`,
    );
    return `<path d="M${x} ${y} ${words.join(' ')}" fill="none" stroke="#26406e" stroke-width="2.6" stroke-linecap="round"/>`;
  };
  const rows = Array.from({ length: 14 }, (_, row) => 150 + row * 30);
  const rules = rows.map(
    (y) => `<path d="M150 ${y + 6} h300 M510 ${y + 6} h300" stroke="#b9c7d8" stroke-width="1.5"/>`,
  );
  return `${across('left', '#fdf8ec', '#f7f0df', '#c9bfa8')}${across('right', '#bfb59d', '#f3ecda', '#fbf6ea')}
    <g transform="rotate(4 480 360)"><rect x="100" y="100" width="770" height="540" rx="14" fill="#2d241c" opacity=".7" filter="url(#soft)"/>
    ${leather(98, 84, 764, 536)}
    <path d="M116 98 Q300 84 480 104 V606 Q300 586 116 602 Z" fill="url(#left)"/>
    <path d="M844 98 Q660 84 480 104 V606 Q660 586 844 602 Z" fill="url(#right)"/>
    ${rules.join('')}${rows
      .slice(0, 12)
      .map((y) => line(160, y))
      .join('')}${rows
      .slice(0, 5)
      .map((y) => line(520, y))
      .join('')}
    <path d="M560 560 L800 380" stroke="#222" stroke-width="19" stroke-linecap="round" opacity=".35" filter="url(#blur)"/>
    <path d="M548 548 L790 366" stroke="#20242b" stroke-width="17" stroke-linecap="round"/><path d="M560 532 L784 364" stroke="#7c8694" stroke-width="4"/>
    <path d="M548 548 l-18 15 l10 -22 Z" fill="#d8b04a"/></g>`;
}

function vase() {
  const outline = `M360 330 C350 430 250 520 250 680 C250 830 330 880 430 880 C530 880 610 830 610 680 C610 520 510 430 500 330 Z`;
  const stem = (
    x,
    y,
    bend,
  ) => `<path d="M430 800 Q${430 + bend} 500 ${x} ${y}" fill="none" stroke="#4d7a36" stroke-width="9"/>
    <path d="M${(430 + x) / 2 + bend / 3} ${y + 190} q40 -60 96 -40 q-40 50 -96 40 Z" fill="#6b9c48"/>`;
  return `${across('glass', '#4f8f8b', '#b8e0dc', '#8cc5c0', '#d9f2ef', '#5d9f9a')}${vertical('water', '#7fb8bd', '#3f7f88')}
    ${shadow(470, 872, 230, 34)}${stem(300, 170, -60)}${stem(440, 110, 10)}${stem(580, 190, 70)}
    <path d="${outline}" fill="url(#glass)" opacity=".55"/>
    <path d="M262 620 C240 830 330 880 430 880 C530 880 620 830 598 620 Q430 650 262 620 Z" fill="url(#water)" opacity=".6"/>
    <ellipse cx="430" cy="330" rx="70" ry="15" fill="#e5f6f4" opacity=".5" stroke="#4f8f8b" stroke-width="4"/>
    <path d="M305 560 Q272 640 292 760" fill="none" stroke="#fff" stroke-width="20" opacity=".75" stroke-linecap="round" filter="url(#blur)"/>
    <path d="M560 600 Q584 680 566 770" fill="none" stroke="#fff" stroke-width="8" opacity=".7" stroke-linecap="round" filter="url(#fine)"/>
    ${flower(300, 170, 74, '#e0587c', '#f7b3c5')}${flower(440, 110, 84, '#e8793a', '#fcd08c')}${flower(580, 190, 70, '#b04fa8', '#e9b4e2')}`;
}

function flower(x, y, size, dark, pale) {
  const petals = Array.from({ length: 26 }, (_, i) => {
    const ring = i < 14 ? 1 : 0.62;
    const turn = i * (i < 14 ? 25.7 : 30) + (i < 14 ? 0 : 15);
    return `<ellipse cx="0" cy="${-size * 0.55 * ring}" rx="${size * 0.2 * ring}" ry="${size * 0.5 * ring}" fill="${i % 2 ? dark : pale}" stroke="${dark}" stroke-width="1.5" transform="rotate(${turn})"/>`;
  });
  return `<g transform="translate(${x} ${y})">${petals.join('')}<circle r="${size * 0.2}" fill="#6b4315"/><circle r="${size * 0.12}" cx="-3" cy="-3" fill="#c98f2e"/></g>`;
}

async function ticking() {
  const size = 240;
  const frames = await Promise.all(
    Array.from({ length: 12 }, (_, second) =>
      sharp(svg(size, size, clock(second * 30)))
        .removeAlpha()
        .png()
        .toBuffer(),
    ),
  );
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: Array(12).fill(250), loop: 0, dither: 0.8 })
    .toBuffer();
}

function clock(angle) {
  const marks = Array.from({ length: 12 }, (_, hour) => {
    const isQuarter = hour % 3 === 0;
    return `<rect x="-${isQuarter ? 3 : 1.5}" y="-78" width="${isQuarter ? 6 : 3}" height="${isQuarter ? 16 : 10}" fill="#2b2b2b" transform="rotate(${hour * 30})"/>`;
  });
  const hand = (width, length, colour, turn) =>
    `<rect x="${-width / 2}" y="${-length}" width="${width}" height="${length + 14}" rx="${width / 2}" fill="${colour}" transform="rotate(${turn})"/>`;
  return `${radial('wall', '30%', '20%', '110%', '#e8ece6', '#c3ccc2', '#9aa79b')}${radial('dial', '40%', '30%', '80%', '#ffffff', '#f3efe6', '#d8d0c0')}
    ${vertical('wood', '#b9824d', '#8a5527', '#5e3714')}<rect width="240" height="240" fill="url(#wall)"/>
    <circle cx="128" cy="132" r="101" fill="#1f241f" opacity=".5" filter="url(#blur)"/>
    <circle cx="120" cy="120" r="102" fill="url(#wood)"/><circle cx="120" cy="120" r="87" fill="url(#dial)" stroke="#4a2c10" stroke-width="2"/>
    <g transform="translate(120 120)">${marks.join('')}${hand(7, 44, '#1d1d1d', 305)}${hand(5, 66, '#1d1d1d', 54)}${hand(2, 72, '#c8201f', angle)}
    <circle r="6" fill="#c8201f"/></g>`;
}
