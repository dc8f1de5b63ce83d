import type { WriteStream } from 'node:tty';

/** Where progress is drawn; `process.stderr` fits. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** How far one of the running parts is. */
export interface Task {
  /** Sets what is done, in the task's unit, and what to say beside it, e.g. `loss 0.412`; `total`, where it is another now. */
  update(done: number, note?: string, total?: number): void;
  /** Takes the task off the screen and leaves one plain line. */
  end(note?: string): void;
}

/** Starts a task of whatever is counted with `onProgress`, when it is counted first. */
export function counting(progress: Progress, options: Pick<TaskOptions, 'name' | 'unit'>) {
  let task: Task | undefined;
  return {
    onProgress: (done: number, total: number) => {
      task ??= progress.start({ ...options, total });
      task.update(done);
      if (done === total) task.end();
    },
  };
}

interface Line extends Required<TaskOptions> {
  done: number;
  note: string;
  /** Recent (time in ms, done) pairs, from which the rate comes. */
  history: { at: number; done: number }[];
  printedAt: number;
}

export interface TaskOptions {
  name: string;
  /** How many units it has in all. */
  total: number;
  /** The unit in the plural, e.g. `images`. */
  unit: string;
  /** Units done before this process began (a resumed run): they do not count for the rate. */
  done?: number;
}

/** The rate is that of the last minute, so that it follows a machine that others load. */
const RATE_WINDOW = 60_000;
const REDRAW_EVERY = 100;
const PLAIN_EVERY = 10_000;

/**
 * Progress of tasks that run side by side: one redrawn line each on a terminal, a plain line about every ten seconds
 * where it is none. Lines printed by others meanwhile go through `print`, which keeps them apart.
 */
export class Progress {
  private readonly lines = new Set<Line>();
  private drawn = 0;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stream: ProgressStream = process.stderr as WriteStream,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(options: TaskOptions): Task {
    const at = this.now();
    const done = options.done ?? 0;
    const line: Line = { ...options, done, note: '', history: [{ at, done }], printedAt: at };
    this.lines.add(line);
    this.show(line);
    return {
      update: (done, note = line.note, total = line.total) => {
        line.done = done;
        line.note = note;
        line.total = total;
        this.remember(line);
        this.show(line);
      },
      end: (note) => {
        if (!this.lines.delete(line)) return;
        const took = duration((this.now() - at) / 1000);
        this.print(`${line.name}: ${note ?? `${line.done} ${line.unit}`} (${took})`);
      },
    };
  }

  /** Prints a line above the running tasks. */
  print(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
    this.draw();
  }

  /** Takes the drawn lines away, e.g. before an error message. */
  clear(): void {
    if (this.drawn > 0) this.stream.write(`\x1b[${this.drawn}A\x1b[0J`);
    this.drawn = 0;
  }

  private remember(line: Line): void {
    const at = this.now();
    line.history.push({ at, done: line.done });
    while (line.history.length > 2 && line.history[1]!.at < at - RATE_WINDOW) line.history.shift();
  }

  private show(line: Line): void {
    const now = this.now();
    if (this.stream.isTTY) {
      if (now - this.drawnAt < REDRAW_EVERY) return;
      this.clear();
      this.draw();
    } else if (now - line.printedAt >= PLAIN_EVERY) {
      line.printedAt = now;
      this.stream.write(`${describe(line)}\n`);
    }
  }

  private draw(): void {
    if (!this.stream.isTTY) return;
    this.drawnAt = this.now();
    const width = (this.stream.columns ?? 80) - 1;
    for (const line of this.lines) this.stream.write(`${describe(line).slice(0, width)}\n`);
    this.drawn = this.lines.size;
  }
}

/** `ViT 3/5: 1,200/9,600 images (13 %), 85.1 images/s, 1 min 39 s left, loss 0.41` */
function describe({ name, done, total, unit, note, history }: Line): string {
  const [first, last] = [history[0]!, history[history.length - 1]!];
  const rate = last.at > first.at ? ((last.done - first.done) / (last.at - first.at)) * 1000 : 0;
  const parts = [
    `${name}: ${count(done)}/${count(total)} ${unit} (${Math.floor((100 * done) / Math.max(total, 1))} %)`,
  ];
  if (rate > 0) parts.push(`${rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3)} ${unit}/s`);
  if (rate > 0 && done < total) parts.push(`${duration((total - done) / rate)} left`);
  if (note) parts.push(note);
  return parts.join(', ');
}

const count = (n: number) => n.toLocaleString('en-US');

/** A duration in seconds, for people: `7 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
