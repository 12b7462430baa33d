/** Most characters that Excel takes in a cell, in a text in a formula, and in a formula. */
export const MAX_CELL_TEXT = 32_767;
export const MAX_FORMULA_TEXT = 255;
const MAX_FORMULA = 8_192;

/** The start of an element: its name with its prefix, and its attributes. */
const START = /^<((?:[\w.-]+:)?)[\w.-]+/;
/** One blank before it: tried from each of many, a pattern of several would look at all of them again each time. */
const ATTRIBUTE = /\s([\w.:-]+)\s*=\s*("[^"]*"|'[^']*')/g;

/** What a cell becomes: a text, or a formula with its result. */
export type CellContent = { text: string } | { formula: string; type: string; value: string };

/** A formula that is a text alone: cells that had one keep one, since a list of those that have one stands elsewhere. Null where it is too long. */
export function textAsFormula(text: string): string | null {
  const pieces = text.match(new RegExp(`.{1,${MAX_FORMULA_TEXT}}`, 'gsu')) ?? [''];
  const formula = pieces.map((piece) => `"${piece.replaceAll('"', '""')}"`).join('&');
  return formula.length <= MAX_FORMULA && pieces.every(({ length }) => length <= MAX_FORMULA_TEXT)
    ? formula
    : null;
}

/** A new cell, with the number of a style. */
export function newCell(prefix: string, cell: string, style: number, content: CellContent): string {
  return cellXml(prefix, ` r="${cell}"${style > 0 ? ` s="${style}"` : ''}`, content);
}

/** A cell as it stands, with another content: its place and style stay. @param keeps further attributes that stay */
export function changedCell(xml: string, content: CellContent, keeps: string[] = []): string {
  const [start, prefix] = START.exec(xml)!;
  const tag = xml.slice(start.length, endOfTag(xml));
  const kept = [...tag.matchAll(ATTRIBUTE)].filter(([, name]) => ['r', 's', ...keeps].includes(name));
  return cellXml(prefix, kept.map(([whole]) => whole).join(''), content);
}

/** The prefix of the names in an element. */
export function prefixOf(xml: string): string {
  return START.exec(xml)?.[1] ?? '';
}

/** Where the tag ends that an element begins with, without its last characters. */
export function endOfTag(xml: string): number {
  let quote = '';
  for (let at = 1; at < xml.length; at++) {
    const letter = xml[at];
    if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '>') return xml[at - 1] === '/' ? at - 1 : at;
  }
  return xml.length;
}

function cellXml(prefix: string, attributes: string, content: CellContent): string {
  const name = (each: string) => prefix + each;
  if ('text' in content) {
    if (content.text === '') return `<${name('c')}${attributes}/>`;
    const text = `<${name('t')} xml:space="preserve">${asXml(content.text)}</${name('t')}>`;
    return `<${name('c')}${attributes} t="inlineStr"><${name('is')}>${text}</${name('is')}></${name('c')}>`;
  }
  const { formula, type, value } = content;
  return (
    `<${name('c')}${attributes} t="${type}"><${name('f')}>${escaped(formula)}</${name('f')}>` +
    `<${name('v')}>${asXml(value)}</${name('v')}></${name('c')}>`
  );
}

/** A text as cells have it: what XML can't hold is spelt, and so is what looks like such a spelling. */
function asXml(text: string): string {
  return escaped(text.replace(/_(?=x[0-9a-fA-F]{4}_)/g, '_x005F_')).replace(
    /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g,
    (letter) => `_x${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
  );
}

/** A text in XML, also inside an attribute. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
