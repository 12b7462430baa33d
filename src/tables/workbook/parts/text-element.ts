/** How letters are written that XML can't have. */
const ESCAPES = /_x([0-9a-fA-F]{4})_/g;

/**
 * Collects the text of a cell or of a shared text: that of its `t`, also where several have formats of their own, without the
 * readings of Japanese letters beside it.
 */
export class TextElement {
  private collected = '';
  private isInside = false;
  private readings = 0;
  /** Whether there was more than is kept. */
  isCut = false;

  constructor(private readonly maxLength: number) {}

  get value(): string {
    return unescaped(this.collected);
  }

  clear(): void {
    this.collected = '';
    this.isInside = false;
    this.isCut = false;
    this.readings = 0;
  }

  open(name: string): void {
    if (name === 'rPh') this.readings++;
    else if (name === 't') this.isInside = this.readings === 0;
  }

  close(name: string): void {
    if (name === 'rPh') this.readings--;
    else if (name === 't') this.isInside = false;
  }

  add(text: string): void {
    if (!this.isInside) return;
    this.isCut ||= this.collected.length + text.length > this.maxLength;
    if (!this.isCut) this.collected += text;
  }
}

/** `_x000D_` stands for a carriage return, `_x005F_` for the line of such a word itself. */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(ESCAPES, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
