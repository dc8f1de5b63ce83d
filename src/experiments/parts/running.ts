/** What a process says of the part that it works on: other processes can tell how far it is. */
import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { inputError, messageOf, writeJson } from '../../base/index.js';
import type { ProgressSink } from './progress-sink.js';

/** `status.json` in the folder of a part that is worked on, or that failed; gone once it is finished or stopped in good order. */
export interface PartStatus {
  state: 'running' | 'failed';
  pid: number;
  host: string;
  /** Milliseconds since 1970; `updatedAt` moves on at least every 20 seconds while it runs. */
  startedAt: number;
  updatedAt: number;
  progress?: PartProgress;
  /** Why it failed. */
  error?: string;
}

export interface PartProgress {
  done: number;
  total: number;
  /** In the plural: `images`. */
  unit: string;
  /** Units a second, of the last minute; absent where it is too early to tell. */
  rate?: number;
  secondsLeft?: number;
  /** As progress lines have it: `epoch 3/20, loss 0.412`. */
  note?: string;
  /** Of a training: epochs and steps begun, from 1, and the loss of the last step. */
  epoch?: number;
  epochs?: number;
  step?: number;
  steps?: number;
  loss?: number;
}

type Figures = Pick<PartProgress, 'epoch' | 'epochs' | 'step' | 'steps' | 'loss'>;

const WRITE_EVERY = 2000;
const BEAT_EVERY = 15_000;
const RATE_WINDOW = 60_000;
/** A process of another machine that says nothing for so long is taken for dead, milliseconds. */
const SILENCE = 120_000;

export class Running {
  private status: PartStatus;
  private readonly beat: NodeJS.Timeout;
  private history: { at: number; done: number }[] = [];
  private figures: Figures = {};

  /** `path`: the file to keep. */
  constructor(
    private readonly path: string,
    private readonly shown: ProgressSink,
  ) {
    const now = Date.now();
    this.status = { state: 'running', pid: process.pid, host: hostname(), startedAt: now, updatedAt: 0 };
    this.write();
    this.beat = setInterval(() => this.write(), BEAT_EVERY).unref();
  }

  /** What is shown here is also what others see. */
  readonly progress: ProgressSink = {
    start: (task) => {
      const line = this.shown.start(task);
      this.history = [{ at: Date.now(), done: task.done ?? 0 }];
      return {
        update: (done, note, total = task.total) => {
          line.update(done, note, total);
          this.update({ done, total, unit: task.unit, ...(note !== undefined && { note }) });
        },
        end: (note) => line.end(note),
      };
    },
    print: (text) => this.shown.print(text),
  };

  /** Of the training, for the next update. */
  at(figures: Figures): void {
    this.figures = figures;
  }

  /** The work is done, or was stopped in good order. */
  end(): void {
    clearInterval(this.beat);
    rmSync(this.path, { force: true });
  }

  failed(error: unknown): void {
    clearInterval(this.beat);
    this.status = { ...this.status, state: 'failed', error: messageOf(error) };
    this.write();
  }

  private update(progress: Pick<PartProgress, 'done' | 'total' | 'unit' | 'note'>): void {
    const at = Date.now();
    const { done, total } = progress;
    this.history.push({ at, done });
    while (this.history.length > 2 && this.history[1]!.at < at - RATE_WINDOW) this.history.shift();
    if (at - this.status.updatedAt < WRITE_EVERY) return;
    const first = this.history[0]!;
    const rate = at > first.at ? ((done - first.done) * 1000) / (at - first.at) : 0;
    const speed = rate > 0 ? { rate, secondsLeft: Math.max(0, total - done) / rate } : {};
    this.status.progress = { ...progress, ...speed, ...this.figures };
    this.write();
  }

  private write(): void {
    this.status.updatedAt = Date.now();
    writeJson(this.path, this.status);
  }
}

/** Says that something failed that no process works on. */
export function markFailed(path: string, error: unknown): void {
  const [now, host] = [Date.now(), hostname()];
  writeJson(path, { state: 'failed', pid: process.pid, host, startedAt: now, updatedAt: now, error: messageOf(error) });
}

/** What is said of a part, and whether by a process that is still there. */
export function readPartStatus(path: string): (PartStatus & { alive: boolean }) | undefined {
  const status = readJsonIfThere<PartStatus>(path);
  if (!status) return undefined;
  const here = status.host === hostname();
  const alive = here ? isAlive(status.pid) : Date.now() - status.updatedAt < SILENCE;
  return { ...status, alive: status.state === 'running' && alive };
}

/**
 * Waits where a process of another machine, on which no lock of this one holds, says that it works on a part, until that
 * process has been silent for long enough to be dead. Throws an InputError where it is alive.
 */
export async function requireNoOtherHost(path: string, patience = 3 * BEAT_EVERY): Promise<void> {
  const first = readPartStatus(path);
  if (!first?.alive || first.host === hostname()) return;
  const until = Date.now() + patience;
  while (Date.now() < until) {
    await new Promise((wait) => setTimeout(wait, Math.min(1000, patience / 3)));
    const now = readPartStatus(path);
    if (!now?.alive || now.host === hostname()) return;
    if (now.updatedAt === first.updatedAt) continue;
    const found = `process ${now.pid} on ${now.host} works on it`;
    throw inputError({ what: dirname(path), found, expected: 'a part that nobody works on', fix: 'Wait for it.' });
  }
}

/** Of a file that another process may remove at any moment. */
export function readJsonIfThere<T>(path: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as T;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
