/** Shares the machine's cores among parts: a part waits until its threads are free. First come, first served. */
export class Scheduler {
  private free: number;
  private readonly queue: { threads: number; start: () => void }[] = [];

  constructor(readonly cores: number) {
    this.free = cores;
  }

  /** Runs `work` once `threads` cores are free; more than there are count as all. */
  async run<T>(threads: number, work: () => Promise<T>): Promise<T> {
    const needed = Math.min(threads, this.cores);
    await new Promise<void>((start) => {
      this.queue.push({ threads: needed, start });
      this.next();
    });
    try {
      return await work();
    } finally {
      this.free += needed;
      this.next();
    }
  }

  private next(): void {
    for (let first = this.queue[0]; first && first.threads <= this.free; first = this.queue[0]) {
      this.queue.shift();
      this.free -= first.threads;
      first.start();
    }
  }
}
