/** What a piece of work keeps busy. */
export interface Demand {
  threads: number;
  /** Bytes. */
  memory?: number;
}

/** Cores taken beside those of a demand. */
export interface SpareCores {
  readonly count: number;
  /** May be called again, to no effect. */
  giveBack(): void;
}

/** Shares the machine's cores and memory among parts: a part waits until what it needs is free. First come, first served. */
export class Scheduler {
  private free: Required<Demand>;
  private readonly queue: { needed: Required<Demand>; start: () => void }[] = [];

  /** `memory` in bytes; without it, only cores are counted. */
  constructor(
    readonly cores: number,
    readonly memory = Number.POSITIVE_INFINITY,
  ) {
    this.free = { threads: cores, memory };
  }

  /** Runs `work` once its cores and memory are free; more than there are count as all. */
  async run<T>({ threads, memory = 0 }: Demand, work: () => Promise<T>): Promise<T> {
    // Whole bytes, so that what is given back is what was taken.
    const needed = { threads: Math.min(threads, this.cores), memory: Math.min(Math.ceil(memory), this.memory) };
    await new Promise<void>((start) => {
      this.queue.push({ needed, start });
      this.next();
    });
    try {
      return await work();
    } finally {
      this.free.threads += needed.threads;
      if (needed.memory > 0) this.free.memory += needed.memory;
      this.next();
    }
  }

  /** Takes the cores that are free, but at most so many, and none where somebody waits. */
  takeSpare(most: number): SpareCores {
    const count = this.queue.length > 0 ? 0 : Math.min(most, this.free.threads);
    this.free.threads -= count;
    let held = count;
    const giveBack = () => {
      this.free.threads += held;
      held = 0;
      this.next();
    };
    return { count, giveBack };
  }

  private next(): void {
    for (let first = this.queue[0]; first && this.fits(first.needed); first = this.queue[0]) {
      this.queue.shift();
      this.free.threads -= first.needed.threads;
      if (first.needed.memory > 0) this.free.memory -= first.needed.memory;
      first.start();
    }
  }

  private fits({ threads, memory }: Required<Demand>): boolean {
    return threads <= this.free.threads && memory <= this.free.memory;
  }
}
