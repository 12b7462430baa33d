/** Most URLs that are drawn. */
const MOST = 20;

/**
 * Draws twenty of the different URLs of a file, each with the same chance, wherever and however often it stands: those
 * with the lowest fingerprints. The same file gives the same ones.
 */
export class SampleUrls {
  /** The lowest first. */
  private drawn: { url: string; print: number }[] = [];

  /** `print`: the fingerprint of the URL. */
  note(url: string, print: number): void {
    const { drawn } = this;
    if (drawn.length === MOST && print >= drawn[MOST - 1].print) return;
    if (drawn.some((each) => each.print === print)) return;
    // Copied: as a slice it would keep a piece of the file alive.
    drawn.push({ url: Buffer.from(url).toString(), print });
    drawn.sort((a, b) => a.print - b.print);
    if (drawn.length > MOST) drawn.pop();
  }

  get urls(): string[] {
    return this.drawn.map(({ url }) => url);
  }
}
