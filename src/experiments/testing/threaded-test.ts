import { Worker } from 'node:worker_threads';
import { compiledUrl, Interrupted, type PackedError, unpackError } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { ExperimentContext } from '../parts/context.js';
import type { ProgressSink } from '../parts/progress-sink.js';
import { type Analysis, analysesOf, joined, type Told } from './analyses.js';
import type { TestingInput } from './testing-input.js';

const NONE = new Float32Array(0);

/** What a testing thread is given: a test, and the numbers of the analyses to do. */
export interface TestingWork {
  input: TestingInput;
  analyses: readonly number[];
}

/** `redrawn`: from here on one core is enough. */
export type TestingOutput = { redrawn: true } | { analysis: number; told: Told } | { error: PackedError };

/** Where threads run: an experiment's cores. */
export type Cores = Pick<ExperimentContext, 'onCores' | 'spareCores' | 'stoppable' | 'all'>;

/**
 * A test in threads of its own, each as soon as a core is free: redraws and shortcuts of a large data set take minutes, in which Ctrl-C
 * must be heard. Throws Interrupted where the experiment was stopped.
 */
export class ThreadedTest {
  /** The numbers of all analyses. */
  readonly all: number[];
  private readonly analyses: Analysis[];
  private readonly told: Told[] = [];
  private readonly line: ReturnType<ProgressSink['start']>;
  private done = 0;
  private lean: Radiograph[] | undefined;

  constructor(
    private readonly context: Cores,
    private readonly input: TestingInput,
    name: string,
    progress: ProgressSink,
  ) {
    this.analyses = analysesOf(input);
    this.all = [...this.analyses.keys()];
    this.line = progress.start({ name, total: this.all.length, unit: 'analyses' });
  }

  /** When this work is done. */
  async result(work: Promise<unknown>): Promise<ReturnType<typeof joined>> {
    try {
      await work;
      this.line.end('done');
    } catch (error) {
      this.line.end(error instanceof Interrupted ? 'stopped' : 'failed');
      throw error;
    }
    return joined(this.input, this.told);
  }

  /** The first analysis, the redraws of the models, on all free cores; then each of the others in a thread of its own. */
  async sideBySide(): Promise<void> {
    const [first, ...others] = this.all;
    await this.analyse([first!], true);
    await this.context.all(others.map((number) => this.analyse([number], true)));
  }

  /** Some analyses in one thread. What is large redraws on the other free cores too. */
  analyse(numbers: readonly number[], isLarge: boolean): Promise<void> {
    const { context } = this;
    const takesThreads = isLarge && this.analyses[numbers[0]!]!.takesThreads;
    return context.onCores(1, async () => {
      const spare = context.spareCores(takesThreads ? Number.POSITIVE_INFINITY : 0);
      const input = this.inputOf(numbers, 1 + spare.count);
      const workerData: TestingWork = { input, analyses: numbers };
      const worker = new Worker(compiledUrl('./testing-thread.js', import.meta.url), { workerData });
      const left = new Set(numbers);
      const tested = new Promise<void>((resolve, reject) => {
        worker.on('message', (output: TestingOutput) => {
          if ('redrawn' in output) spare.giveBack();
          else if ('error' in output) reject(unpackError(output.error));
          else {
            this.keep(output.analysis, output.told);
            left.delete(output.analysis);
            if (left.size === 0) resolve();
          }
        });
        worker.on('error', reject);
        worker.on('exit', () =>
          reject(new Interrupted('stopped while testing; run the same command again to go on from here')),
        );
      });
      return context.stoppable(() => worker.terminate(), tested.finally(spare.giveBack));
    });
  }

  private keep(analysis: number, told: Told): void {
    this.told[analysis] = told;
    this.done++;
    this.line.update(this.done, this.analyses[analysis]!.title);
  }

  /** What these analyses need: a thread gets a copy. */
  private inputOf(numbers: readonly number[], threads: number): TestingInput {
    const { input } = this;
    if (input.test === 'settings') return { ...input, threads };
    const looks = new Set(numbers.map((number) => this.analyses[number]!.looksAt));
    const { pixels, lungs, ...rest } = input.dataset;
    const dataset = {
      ...rest,
      dataset: { ...rest.dataset, radiographs: [] },
      ...(looks.has('pixels') ? { pixels, lungs } : { pixels: { thumbnails: NONE, statistics: NONE, borders: NONE } }),
      radiographs: looks.has('radiographs') || looks.has('pixels') ? this.radiographs() : [],
    };
    return { ...input, threads, dataset, cells: input.cells.map((cell) => ({ ...cell, dataset })) };
  }

  /** Without what no analysis looks at: a copy of all labels in arrays of their own would be slow and large. */
  private radiographs(): Radiograph[] {
    const { input } = this;
    if (input.test === 'settings') return [];
    this.lean ??= input.dataset.radiographs.map(({ patient, split, view, sex, ageYears, scanner, site }) => {
      return { id: '', path: '', labels: NONE, patient, split, view, sex, ageYears, scanner, site };
    });
    return this.lean;
  }
}
