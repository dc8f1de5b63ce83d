import { join } from 'node:path';
import { ResumableFile } from './resumable-file.js';
import type { Metrics } from './task.js';
import { scalarRecord, versionRecord } from './tensorboard.js';

/** Lengths of a run's log files in bytes. */
export interface LogLengths {
  metrics: number;
  events: number;
}

/**
 * What a run says while it goes on: `metrics.jsonl`, one JSON object per line, and the same numbers for TensorBoard
 * (`tensorboard --logdir` at the run's folder, or at one above several runs).
 */
export class RunLog {
  private readonly metrics: ResumableFile;
  private readonly events: ResumableFile;

  /** Goes on after `lengths`: what an interrupted run wrote after its last checkpoint is cut off. */
  constructor(folder: string, lengths: LogLengths) {
    this.metrics = new ResumableFile(join(folder, 'metrics.jsonl'), lengths.metrics);
    this.events = new ResumableFile(join(folder, 'events.out.tfevents.hilum'), lengths.events);
    if (lengths.events === 0) this.events.append(versionRecord(Date.now() / 1000));
  }

  step(step: number, metrics: Metrics): void {
    this.write('step', step, metrics);
  }

  /** `epoch` counts from 1. */
  epoch(epoch: number, metrics: Metrics): void {
    this.write('epoch', epoch, metrics);
  }

  /** Brings both files onto the disk and says how long they are. */
  sync(): LogLengths {
    this.metrics.sync();
    this.events.sync();
    return { metrics: this.metrics.bytes, events: this.events.bytes };
  }

  [Symbol.dispose](): void {
    this.metrics.close();
    this.events.close();
  }

  private write(kind: 'step' | 'epoch', at: number, metrics: Metrics): void {
    this.metrics.append(`${JSON.stringify({ kind, [kind]: at, ...metrics })}\n`);
    const tagged = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${kind}/${name}`, value]));
    this.events.append(scalarRecord(at, Date.now() / 1000, tagged));
  }
}
