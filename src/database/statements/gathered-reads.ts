interface Waiting<Row> {
  id: string;
  resolve: (row: Row | null) => void;
  reject: (error: unknown) => void;
}

/** Ids of one statement. */
const MAX_AT_ONCE = 500;

/** Looks rows up by their id, many in one statement: those that are asked for within some milliseconds are read together. */
export class GatheredReads<Row> {
  private waiting: Waiting<Row>[] = [];
  private timer?: NodeJS.Timeout;
  private readAt = -Infinity;

  /**
   * @param read gives the rows of some hundred different ids, by their id; those that there are
   * @param everyMs the least time between two statements; the first one after a pause is made at once
   */
  constructor(
    private readonly read: (ids: string[]) => Promise<Map<string, Row>>,
    private readonly everyMs: number,
  ) {}

  /** The row, or null where there is none. Rejects as `read` does. */
  find(id: string): Promise<Row | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, resolve, reject });
      this.timer ??= setTimeout(
        () => void this.readAll(),
        Math.max(0, this.readAt + this.everyMs - performance.now()),
      );
    });
  }

  /** Never rejects. */
  private async readAll(): Promise<void> {
    this.timer = undefined;
    this.readAt = performance.now();
    const waiting = this.waiting.splice(0);
    for (let at = 0; at < waiting.length; at += MAX_AT_ONCE)
      await this.readSome(waiting.slice(at, at + MAX_AT_ONCE));
  }

  private async readSome(waiting: Waiting<Row>[]): Promise<void> {
    try {
      const rows = await this.read([...new Set(waiting.map(({ id }) => id))]);
      for (const { id, resolve } of waiting) resolve(rows.get(id) ?? null);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
