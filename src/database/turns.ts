/** Lets one piece of work run at a time, in the order in which they came, urgent ones before the others. */
export class Turns {
  private readonly urgent: (() => Promise<void>)[] = [];
  private readonly others: (() => Promise<void>)[] = [];
  private isBusy = false;

  /** Runs `work` when its turn has come, and gives what it gives. */
  next<T>(work: () => Promise<T>, isUrgent: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      (isUrgent ? this.urgent : this.others).push(() => work().then(resolve, reject));
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
