export type ColumnRole = 'serial' | 'product' | 'input' | 'output' | 'extra';

export interface TableColumn {
  /** As the user wrote it in the header, without blanks around it. */
  name: string;
  role: ColumnRole;
}

/** Places of the columns in a row; -1 where there is no such column. */
export interface ColumnPlaces {
  serial: number;
  product: number;
  output: number;
  inputs: number[];
  extras: number[];
}

/** How the columns of the contract are called. */
export const STANDARD_NAMES: Record<Exclude<ColumnRole, 'extra'>, string> = {
  serial: 'S. No.',
  product: 'Product Name',
  input: 'Input Image Urls',
  output: 'Output Image Urls',
};

/** Some of the other names that are taken for it, to be listed where there is none. */
export const INPUT_NAME_EXAMPLES =
  '"Image URL", "Images", "Picture", "Photo", "Image 1", "Image 2" and "URL"';

/** A picture in other languages, and in ours beside them, without the marks on its letters. */
const PICTURE =
  '(?:bild(?:er)?|fotos?|photos?|imagen(?:es)?|imagem|imagens|immagin[ei]|afbeelding(?:en)?|images?)';

/**
 * Names of columns with all but letters and digits taken out, the surest first: a column `url` holds the images
 * only if no column is called `image_url`. Each pattern is bound to the beginning of the name.
 */
const KNOWN_NAMES: Record<Exclude<ColumnRole, 'extra'>, RegExp[]> = {
  serial: [
    /^(s|sr|sl|ser|serial)(no|nr|num|number|nos)$|^(sn|serial|serialid)$/,
    /^(no|nr|num|number|id|index|row|rowno|rownumber|item(no|number))$/,
  ],
  product: [
    /^products?names?$/,
    /^(product|name|itemname|producttitle|title)$/,
    // What else merchants call it, those who write German among them.
    /^(headline|itemtitle|listingtitle|produktname|artikelname|(artikel)?bezeichnung|titel|uberschrift|ueberschrift)$/,
    /^(product)?(sku|id|code)$|^(item|productsku)$/,
  ],
  input: [
    /^input(image|img|picture|photo)s?(url|link|uri)?s?\d*$|^input(url|link|uri)s?\d*$|^inputimages?(url|link)/,
    /^(product)?(image|img|picture|photo)s?(url|link|uri)s?\d*$/,
    /^(product)?(image|img|picture|photo)s?\d*$/,
    // In other languages those that say that it is the address; a column called `Foto` can hold anything.
    new RegExp(`^(?:produkt|artikel)?${PICTURE}(?:url|link|adresse)s?\\d*$`),
    new RegExp(`^(?:url|link|lien|enlace)s?(?:d[aeo]l?)?(?:las?|l|zum)?${PICTURE}\\d*$`),
    /^(url|link|input)s?\d*$/,
  ],
  // Not `Output` alone: that can be a fact about the product, and would be lost.
  output: [/^output(image|img|picture|photo)s?(url|link|uri)?s?$|^output(url|link|uri)s?$/],
};

/** The role of each column by its name. Columns called Image 1, Image 2 … are all `input`; any other role occurs once. */
export function recogniseColumns(names: string[]): TableColumn[] {
  const plain = names.map(plainName);
  const columns: TableColumn[] = names.map((name) => ({ name, role: 'extra' }));
  for (const role of ['input', 'output', 'serial', 'product'] as const) {
    const place = surestPlace(plain, KNOWN_NAMES[role]);
    if (place === -1) continue;
    columns[place].role = role;
    if (role !== 'input') continue;
    const base = withoutNumber(plain[place]);
    plain.forEach((name, i) => withoutNumber(name) === base && (columns[i].role = 'input'));
  }
  return columns;
}

/** The columns of the contract that a table lacks although its output needs them. */
export function missingColumns(columns: TableColumn[]): TableColumn[] {
  return (['serial', 'product'] as const)
    .filter((role) => !columns.some((column) => column.role === role))
    .map((role) => ({ name: STANDARD_NAMES[role], role }));
}

export function placesOf(columns: TableColumn[]): ColumnPlaces {
  const places = (role: ColumnRole) => columns.flatMap((column, i) => (column.role === role ? [i] : []));
  return {
    serial: places('serial')[0] ?? -1,
    product: places('product')[0] ?? -1,
    output: places('output')[0] ?? -1,
    inputs: places('input'),
    extras: places('extra'),
  };
}

function surestPlace(plain: string[], known: RegExp[]): number {
  for (const pattern of known) {
    const place = plain.findIndex((name) => pattern.test(name));
    if (place !== -1) return place;
  }
  return -1;
}

function plainName(name: string): string {
  if (name === '#') return 'no';
  const letters = name.normalize('NFKD').toLowerCase();
  return letters.replace(/[^a-z0-9]/g, '');
}

/** By hand: `/\d+$/` begins anew at each digit of a long number that letters follow. */
function withoutNumber(plain: string): string {
  let end = plain.length;
  while (end > 0 && isDigit(plain.charCodeAt(end - 1))) end--;
  return plain.slice(0, end);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
