interface Demand {
  amount: number;
  admit: () => void;
}

/**
 * Hands out a fixed amount of something (slots, pixels). Those who ask belong to groups, such as the images of a request: the
 * groups take turns, so that a small one waits for no large one, and within a group it goes first come first served. The
 * next in turn is waited for however much it asks, so that a large demand is not starved.
 */
export class Semaphore {
  private free: number;
  /** What waits, by group; the group whose turn is next comes first. */
  private readonly waiting = new Map<number, Demand[]>();

  constructor(private readonly capacity: number) {
    this.free = capacity;
  }

  /** How much is handed out. */
  get used(): number {
    return this.capacity - this.free;
  }

  /** Runs `work` once `amount` is free, and gives it back however `work` ends. More than there is counts as all. */
  async use<T>(amount: number, group: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(amount, this.capacity);
    await this.take(taken, group);
    try {
      return await work();
    } finally {
      this.free += taken;
      this.admitNext();
    }
  }

  private take(amount: number, group: number): Promise<void> {
    if (this.waiting.size === 0 && amount <= this.free) {
      this.free -= amount;
      return Promise.resolve();
    }
    return new Promise((admit) => {
      const demands = this.waiting.get(group);
      if (demands) demands.push({ amount, admit });
      else this.waiting.set(group, [{ amount, admit }]);
    });
  }

  private admitNext(): void {
    for (const [group, demands] of this.waiting) {
      if (demands[0].amount > this.free) return;
      const { amount, admit } = demands.shift()!;
      this.waiting.delete(group);
      if (demands.length > 0) this.waiting.set(group, demands); // behind the others
      this.free -= amount;
      admit();
    }
  }
}
