import { count } from './parts/format.ts';
import { ruleText } from './texts-of-failures.ts';
import { counted } from './texts-of-requests.ts';

/** Texts about widths, own presets and names of results. Pixels are written without commas, as in lists of them. */
export const textsOfForms = {
  own: 'Kept by you',
  ofPreset: (options: string) => `What was kept under this name: ${options || 'the usual'}.`,
  keep: 'Keep these options under a name',
  keepName: 'Name',
  keepHint: 'Up to 40 small letters, digits, - and _. Everybody who shares your files can choose it.',
  keepGo: 'Keep',
  kept: (name: string) => `Kept as ${name}.`,
  delete: (name: string) => `Delete the kept options ${name}`,
  deleted: (name: string) => `${name} is deleted. Files that were made with it stay as they are.`,

  sizes: 'Also in other widths?',
  sizeChoices: {
    '': 'No, this one only',
    '400,800,1600': 'For a shop: 400, 800, 1600',
    '320,640,960,1280,1600,2048': 'For every screen: 320 to 2048',
    own: 'Other widths …',
  } satisfies Record<string, string>,
  ownSizes: 'Widths in pixels, with commas',
  wrongSizes: 'Write whole numbers with commas between them, each once, such as 400,800.',
  inWords: (widths: number[]) =>
    `Also in ${widths.length === 1 ? 'the width' : 'widths'} ${widths.join(', ')}, beside the picture itself. No picture is enlarged.`,

  imageName: 'What are the new pictures called?',
  imageNames: {
    '': 'image',
    '{product}-{n}': 'Product name and number',
    '{sku}-{n}': 'SKU and number',
    '{original}': 'As their source',
    own: 'Another name …',
  } satisfies Record<string, string>,
  byProduct:
    'Name them after the products, as blue-mug-1.jpg for a Blue Mug (in the ZIP with the row before it)',
  ownImageName: 'Name, such as {product}-{n}',

  forms: 'All forms of this picture',
  /** A width that was asked for, or what came of it where the picture is smaller. */
  form: (name: string, width: number) => {
    if (!/^\d+$/.test(name)) return name;
    return width < Number(name) ? `${width} wide, not ${name}: nothing is enlarged` : `${name} wide`;
  },
  pixels: (width: number, height: number) => `${width} × ${height}`,
  fitting: (fit: number, judged: number, rule: string | undefined) =>
    fit === judged
      ? `All ${counted(judged, 'picture')} looked at fit.`
      : `${count(fit)} of ${counted(judged, 'picture')} looked at ${fit === 1 ? 'fits' : 'fit'}. Most often: ${ruleText(rule ?? '', false)}.`,
};
