/** A whole experiment in seconds: drawn radiographs and pictures of 32 px, a very small model, the compiled binary. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { writePhantomSet, writePictureSet } from '../src/phantoms/index.js';

const BINARY = resolve(import.meta.dirname, '../bin/hilum.js');

// biome-ignore lint/suspicious/noExplicitAny: tests change any of its fields, to wrong types too
export type Document = any;

export interface Outcome {
  /** The exit code; null after a signal. */
  code: number | null;
  out: string;
  err: string;
}

/** A folder of its own with the drawn data in `radiographs/` and `pictures/`. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), 'hilum-experiment-'));
  private files = 0;

  /** `call` runs a command line: the compiled binary, or something that is quicker. */
  constructor(readonly call: (...args: string[]) => Promise<Outcome> = hilum) {}

  async draw(): Promise<void> {
    await writePhantomSet(this.path('radiographs'), { images: 60, size: 32, seed: 1 });
    await writePictureSet(this.path('pictures'), { images: 60, size: 32, seed: 1 });
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes an experiment file and returns its path. */
  write(experiment: Document): string {
    const path = this.path(`experiment-${this.files++}.yaml`);
    writeFileSync(path, typeof experiment === 'string' ? experiment : stringify(experiment));
    return path;
  }

  /** `hilum experiment run` to its end. */
  run(experiment: Document, out: string, ...args: string[]): Promise<Outcome> {
    return this.call('experiment', 'run', this.write(experiment), '--out', this.path(out), '--cores', '2', ...args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export const random = { name: 'random', from: 'random' };
export const ssl = {
  name: 'ssl',
  from: 'ssl',
  pictures: [{ type: 'folder', root: 'pictures' }],
  training: { epochs: 3, batchSize: 16, learningRate: 0.0003, projector: { hidden: 32, output: 16 } },
};
export const dinov2 = {
  name: 'dinov2',
  from: 'ssl',
  method: 'dinov2',
  pictures: [{ type: 'folder', root: 'pictures' }],
  pretraining: {
    crops: { globalSize: 16, localSize: 8, locals: 2 },
    objective: { head: { prototypes: 32, hidden: 24, bottleneck: 12 } },
    training: { epochs: 2, batchSize: 8 },
    evaluation: { source: 'pictures', every: 2, k: 5 },
  },
};
export const supervised = {
  name: 'supervised',
  from: 'supervised',
  pictures: [{ type: 'folder', root: 'pictures' }],
  training: { epochs: 2, batchSize: 16 },
};
export const phantoms = {
  name: 'phantoms',
  type: 'chestxray14',
  root: 'radiographs',
  findings: ['Cardiomegaly', 'Effusion', 'No Finding'],
};

/** The experiment of these tests; `change` may alter anything in it. */
export function experiment(initializations: object[], change: (document: Document) => void = () => {}): Document {
  const document = structuredClone({
    name: 'tiny',
    model: { size: 'tiny', imageSize: 32, patchSize: 8, dim: 32, depth: 2, heads: 2 },
    datasets: [phantoms],
    initializations,
    finetuning: { epochs: 2, batchSize: 8, learningRate: 0.001, dropPath: 0.1 },
    // Predictions of degraded images have a test of their own.
    statistics: { redraws: 100, degraded: [] },
  });
  change(document);
  return document;
}

/** Starts the compiled binary. */
export function start(...args: string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn(process.execPath, [BINARY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome = { code: null, out: '', err: '' } as Outcome;
  child.stdout.on('data', (text) => (outcome.out += text));
  child.stderr.on('data', (text) => (outcome.err += text));
  return { child, outcome: new Promise((done) => child.on('close', (code) => done({ ...outcome, code }))) };
}

/** Runs the compiled binary to its end. */
export const hilum = (...args: string[]): Promise<Outcome> => start(...args).outcome;

/** Folder of the part whose name begins so. Throws where there is not exactly one. */
export function partOf(out: string, name: string): string {
  const found = readdirSync(join(out, 'parts')).filter((folder) => folder.startsWith(name));
  if (found.length !== 1) throw new Error(`${found.length} parts of ${out} begin with '${name}'`);
  return join(out, 'parts', found[0]!);
}

const WRITTEN = ['predictions.csv', 'model.safetensors', 'backbone.safetensors', 'metrics.jsonl', 'model.json'];

/** What a DINOv2 pretraining says of its speed. */
const BY_THE_CLOCK = /,"(imagesPerSecond|secondsLeft)":[^,}]+/g;

/** SHA-256 of everything that the parts of an experiment must reproduce bit for bit. */
export function fingerprints(out: string): Record<string, string> {
  const prints: Record<string, string> = {};
  for (const part of readdirSync(join(out, 'parts')).sort()) {
    for (const file of WRITTEN) {
      const path = join(out, 'parts', part, file);
      if (!existsSync(path)) continue;
      const bytes = file.endsWith('.jsonl') ? readFileSync(path, 'utf8').replace(BY_THE_CLOCK, '') : readFileSync(path);
      prints[`${part}/${file}`] = createHash('sha256').update(bytes).digest('hex');
    }
  }
  return prints;
}

const OF_THE_CLOCK = new Set(['createdAt', 'seconds', 'imagesPerSecond']);

/** The experiment's `result.json` without what the clock decides. */
export function numbersOf(out: string): Document {
  return JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'), (key, value) =>
    OF_THE_CLOCK.has(key) ? undefined : value,
  );
}
