/** Hands out a fixed amount of something (slots, pixels), first come first served, so that a large demand is not starved. */
export class Semaphore {
  private free: number;
  private readonly queue: { amount: number; admit: () => void }[] = [];

  constructor(private readonly capacity: number) {
    this.free = capacity;
  }

  /** Runs `work` once `amount` is free, and gives it back however `work` ends. More than there is counts as all. */
  async use<T>(amount: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(amount, this.capacity);
    await this.take(taken);
    try {
      return await work();
    } finally {
      this.free += taken;
      this.admitNext();
    }
  }

  private take(amount: number): Promise<void> {
    if (this.queue.length === 0 && amount <= this.free) {
      this.free -= amount;
      return Promise.resolve();
    }
    return new Promise((admit) => this.queue.push({ amount, admit }));
  }

  private admitNext(): void {
    while (this.queue.length > 0 && this.queue[0].amount <= this.free) {
      const { amount, admit } = this.queue.shift()!;
      this.free -= amount;
      admit();
    }
  }
}
