/** Runs one piece of work at a time, in the order of the calls, urgent work before other work. */
export class Turns {
  private readonly urgent: (() => Promise<void>)[] = [];
  private readonly others: (() => Promise<void>)[] = [];
  private isBusy = false;

  /** Runs `work` when its turn has come. @returns what `work` returns; rejects with what it throws */
  next<T>(work: () => Promise<T>, isUrgent: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // An async function, so that a `work` that throws before its first await does not stop the line.
      const turn = async () => work();
      (isUrgent ? this.urgent : this.others).push(() => turn().then(resolve, reject));
      if (!this.isBusy) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isBusy = true;
    for (let turn = this.take(); turn; turn = this.take()) await turn();
    this.isBusy = false;
  }

  private take(): (() => Promise<void>) | undefined {
    return this.urgent.shift() ?? this.others.shift();
  }
}
