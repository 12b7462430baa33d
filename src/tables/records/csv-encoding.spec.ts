import iconv from 'iconv-lite';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { detectEncoding } from './csv-encoding.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'csv-encoding-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Of a file with some names of products. */
async function encodingOf(names: string, encoding: string) {
  const file = path.join(folder, 'names.csv');
  const rows = names.split(';').map((name, i) => `${i},${name},https://a.example/${i}.jpg\n`);
  await writeFile(file, iconv.encode(`S. No.,Product Name,Input Image Urls\n${rows.join('')}`, encoding));
  return detectEncoding(file);
}

describe('letters that are not in UTF-8', () => {
  it.each([
    ['Чашка голубая;Стул', 'windows-1251'],
    ['Чашка', 'koi8-r'],
    ['Μπλε κύπελλο;Καρέκλα', 'windows-1253'],
    ['ספל כחול', 'windows-1255'],
    ['كوب أزرق', 'windows-1256'],
    ['茶碗;青いマグカップ', 'shift_jis'],
    ['コーヒー', 'shift_jis'],
    ['あおいコップ;きのいす', 'shift_jis'],
    ['茶碗;木の椅子', 'euc-jp'],
    ['蓝色马克杯', 'gbk'],
    ['藍色馬克杯', 'big5'],
    ['파란 머그컵', 'euc-kr'],
  ])('are hardly those of Windows-1252: %s in %s', async (names, encoding) => {
    expect(await encodingOf(names, encoding)).toMatchObject({ encoding: 'windows-1252', isUnsure: true });
  });

  it.each([
    'Blaue Tasse groß;Weiße Schüssel für Müsli;Stühle – 5 €;Löffel „Frühling“',
    'Crème brûlée;Théière à l’ancienne;Œuf;Créée',
    'Taza de café;¿Qué?;¡¡¡Niño!!!',
    'Blå kop;Kødgryde;Ærø;Äiti;Þór',
    'Mug 10×12 cm;25 °C;½ l;® ™;———————;•••••',
    'Ä;öß;é',
  ])('are those of Windows-1252: %s', async (names) => {
    expect(await encodingOf(names, 'windows-1252')).toMatchObject({
      encoding: 'windows-1252',
      isUnsure: false,
    });
  });
});
