import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HilumError, messageOf, unpackError } from '../../base/index.js';
import { pixelsOf } from '../decode.js';
import { ImageError, type ImageSource, nameOf } from '../image.js';
import type { Answer, PlainSource } from './messages.js';

export interface PoolOptions {
  /** Threads at most. The number of cores unless said. */
  size?: number;
  /** After this time without an answer an image counts as unreadable, and its thread is ended. 60 unless said. */
  secondsPerImage?: number;
  /** JavaScript memory of a thread, in MiB; pixels lie outside it. 512 unless said. */
  heapMegabytes?: number;
  /** The compiled module of a thread, which calls `serve`; for tests. */
  thread?: URL;
}

interface Job<Request, Result> {
  source: ImageSource;
  request(source: PlainSource): Request;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Seat<Request, Result> {
  worker: Worker;
  /** At work on the first; the next lies ready, so that the thread never waits for this one. */
  jobs: Job<Request, Result>[];
  ready: boolean;
  /** Ticks since the first job began. */
  ticks: number;
  /** Why the thread died, where it said so. */
  cause: string;
}

const JOBS_PER_THREAD = 2;
const TICKS_PER_DEADLINE = 10;
/** A thread that has not started by then never will. */
const SECONDS_TO_START = 60;

/**
 * Threads that work on images, one image after the other each: decoders hold up the thread that they run in. Threads start when there is
 * work for them, images begin in the order of their calls, and idle threads keep no process alive. An image on which a thread hangs or
 * dies is an ImageError, and costs no other image.
 */
export class ThreadPool<Request, Result> {
  readonly size: number;
  readonly #options: Required<PoolOptions>;
  readonly #waiting: Job<Request, Result>[] = [];
  readonly #seats = new Set<Seat<Request, Result>>();
  #clock: NodeJS.Timeout | undefined;
  #over: HilumError | undefined;

  constructor(options: PoolOptions & { thread: URL }) {
    this.#options = { size: availableParallelism(), secondsPerImage: 60, heapMegabytes: 512, ...options };
    this.size = this.#options.size;
  }

  /**
   * What a thread answers to the request, which is made when a thread is free for it. Rejects with an ImageError where the image cannot
   * be read.
   */
  submit(source: ImageSource, request: (source: PlainSource) => Request): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      this.#waiting.push({ source, request, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the threads. What was not done rejects with a HilumError, and so does every later call. */
  async close(): Promise<void> {
    this.#end(new HilumError('the image pool is closed'));
    const seats = [...this.#seats];
    this.#seats.clear();
    await Promise.all(seats.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const seat = this.#freeSeat();
      if (!seat) return;
      const job = this.#waiting.shift()!;
      try {
        const source = plain(job.source);
        const transfer = source.kind === 'pixels' ? [source.image.data.buffer as ArrayBuffer] : [];
        seat.worker.postMessage(job.request(source), transfer);
      } catch (error) {
        job.reject(error);
        continue;
      }
      if (seat.jobs.push(job) === 1) seat.ticks = 0;
      seat.worker.ref();
      this.#clock ??= setInterval(() => this.#tick(), (1000 * this.#options.secondsPerImage) / TICKS_PER_DEADLINE);
    }
  }

  /** An idle thread, else a new one, else the one with the fewest jobs. */
  #freeSeat(): Seat<Request, Result> | undefined {
    let best: Seat<Request, Result> | undefined;
    for (const seat of this.#seats) if (!best || seat.jobs.length < best.jobs.length) best = seat;
    if (best?.jobs.length === 0) return best;
    if (this.#seats.size < this.size) return this.#start();
    return best && best.jobs.length < JOBS_PER_THREAD ? best : undefined;
  }

  #start(): Seat<Request, Result> {
    const worker = new Worker(this.#options.thread, {
      execArgv: [], // Not those of a caller that is no file: node --input-type=module --eval
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMegabytes },
    });
    const seat: Seat<Request, Result> = { worker, jobs: [], ready: false, ticks: 0, cause: '' };
    worker.on('message', (answer: Answer<Result>) => this.#take(seat, answer));
    worker.on('error', (error) => {
      seat.cause = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : messageOf(error);
    });
    worker.on('exit', () => this.#lose(seat, reasonOfDeath(seat.cause)));
    this.#seats.add(seat);
    return seat;
  }

  #take(seat: Seat<Request, Result>, answer: Answer<Result>): void {
    if (answer.type === 'ready') {
      seat.ready = true;
      seat.ticks = 0;
      return;
    }
    const job = this.#seats.has(seat) ? seat.jobs.shift() : undefined;
    if (!job) return;
    seat.ticks = 0;
    if (answer.type === 'done') job.resolve(answer.result);
    else if (!answer.image) job.reject(unpackError(answer.error));
    else job.reject(new ImageError(answer.image.image, answer.image.reason, answer.image.expected));
    if (seat.jobs.length === 0) seat.worker.unref();
    this.#dispatch();
    this.#rest();
  }

  /** A thread that ended, or is ended now: its image is unreadable, what lay behind that begins again elsewhere. */
  #lose(seat: Seat<Request, Result>, reason: string): void {
    if (!this.#seats.delete(seat)) return;
    const [job, ...behind] = seat.jobs;
    this.#waiting.unshift(...behind);
    if (!seat.ready) {
      const error = new HilumError(`the threads that decode images cannot start: ${seat.cause || 'no message'}`);
      job?.reject(error);
      this.#end(error);
    } else {
      job?.reject(new ImageError(nameOf(job.source), reason));
      this.#dispatch();
    }
    this.#rest();
  }

  /** Time is counted in ticks of this thread, so that a thread is not blamed while this one was held up itself. */
  #tick(): void {
    const toStart = (TICKS_PER_DEADLINE * SECONDS_TO_START) / this.#options.secondsPerImage;
    for (const seat of [...this.#seats]) {
      const ticks = seat.ready ? TICKS_PER_DEADLINE : toStart;
      if (seat.jobs.length === 0 || ++seat.ticks <= ticks) continue;
      this.#lose(seat, `an image that takes more than ${this.#options.secondsPerImage} s to decode`);
      void seat.worker.terminate();
    }
  }

  #rest(): void {
    if ([...this.#seats].some(({ jobs }) => jobs.length > 0)) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }

  #end(error: HilumError): void {
    this.#over ??= error;
    clearInterval(this.#clock);
    for (const seat of this.#seats) for (const job of seat.jobs.splice(0)) job.reject(error);
    for (const job of this.#waiting.splice(0)) job.reject(error);
  }
}

function reasonOfDeath(cause: string): string {
  if (cause === 'memory') return 'an image that takes more memory to decode than one may';
  return `an image on which the decoder broke down${cause ? ` (${cause})` : ''}`;
}

function plain(source: ImageSource): PlainSource {
  if (source.kind !== 'pixels') return source;
  const image = pixelsOf(source);
  return { kind: 'pixels', image: { ...image, data: image.data.slice() } };
}
