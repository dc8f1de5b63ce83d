/** A part that fails, such as a training that diverges, takes along what needs it and nothing else. */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, experiment, phantoms, random, supervised, Workbench } from '../../test/tiny-experiment.js';
import { checkExperiment } from './config/config.js';
import { type Finished, runExperiment, runNodes } from './experiment.js';
import { Unfinished } from './parts/failure.js';
import { readResult } from './result/index.js';
import { experimentStatus } from './status.js';

const bench = new Workbench();
beforeAll(() => bench.draw());
afterAll(() => bench.remove());

const said: string[] = [];
const progress = { start: () => ({ update: () => {}, end: () => {} }), print: (text: string) => said.push(text) };

const options = (document: Document, out: string) => ({
  config: checkExperiment(document, 'test'),
  dataRoot: bench.folder,
  folder: bench.path(out),
  progress,
  strict: true,
});
const run = (document: Document, out: string) => runExperiment(options(document, out)).done;

async function failing(work: Promise<unknown>): Promise<Unfinished<Finished | undefined>> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(Unfinished);
  return error;
}

const made = (out: string) =>
  Object.fromEntries(
    readdirSync(bench.path(out, 'parts')).map((part) => [
      part,
      statSync(bench.path(out, 'parts', part, 'config.json')).mtimeMs,
    ]),
  );

describe('a learning rate that diverges', () => {
  const searching = (rates: number[], seeds: number[]) =>
    experiment([random], (it) => Object.assign(it.finetuning, { epochs: 1, learningRate: rates, seeds }));

  it('is a candidate without a score; it is not trained again', async () => {
    const { result, report } = await run(searching([1e6, 0.001], [1, 2]), 'search');
    const [cell] = result.cells;
    expect(cell).toMatchObject({ learningRate: 0.001, runs: [{ seed: 1 }, { seed: 2 }] });
    expect(cell!.learningRateSearch).toEqual([
      { learningRate: 1e6, validationAuroc: null, note: expect.stringMatching(/^diverged: a loss of \S+ at step \d/) },
      { learningRate: 0.001, validationAuroc: expect.any(Number) },
    ]);
    expect(result.failed).toBeUndefined();
    expect(readFileSync(report.markdown, 'utf8')).toMatch(/^\| random \| diverged \| \*\*0\.\d+\*\* \|$/m);
    const before = made('search');
    expect(Object.keys(before)).toHaveLength(4);
    expect((await run(searching([1e6, 0.001], [1, 2]), 'search')).result).toEqual(result);
    expect(made('search')).toEqual(before);
  });

  it('fails the experiment where it is the only one, or all others diverge too; a lower one then helps', async () => {
    const alone = await failing(run(searching([1e6], [1, 2]), 'search'));
    expect(alone).toMatchObject({ exitCode: 1, made: undefined });
    expect(alone.failures.map(({ id }) => id)).toEqual([1, 2].map((seed) => `finetune/phantoms/random/seed-${seed}`));
    expect(alone.message).toMatch(
      /seed-2: random on phantoms: found a (validation )?loss of \S+ \w+ \w+ \d+ with learning rate 1000000 and seed 2; expected a finite one\. Lower finetuning\.learningRate, or set finetuning\.clip\./,
    );
    const all = await failing(run(searching([1e6, 1e30], [1, 2]), 'search'));
    expect(all.failures.map(({ id }) => id)).toEqual(['finetune/phantoms/random']);
    expect(all.message).toMatch(
      /random on phantoms: found that every learning rate diverges \(1000000: a .*; 1e\+30: a .*\); expected one whose loss stays finite\. Add lower ones/,
    );
    const { result } = await run(searching([1e6, 1e30, 0.001], [1, 2]), 'search');
    expect(result.cells[0]!.learningRate).toBe(0.001);
  });
});

describe('what fails', () => {
  /** A start, a setting and a data set that fail, and one of each that does not. */
  const document = (rate: number): Document =>
    experiment([random, { ...supervised, training: { ...supervised.training, learningRate: rate } }], (it) => {
      it.finetuning.epochs = 1;
      it.datasets.push({ ...phantoms, name: 'second', root: 'second' });
      it.externalValidation = true;
      it.matrix = { tuning: { full: {}, hot: { learningRate: rate } } };
    });
  const missing = () => bench.path('second', 'images', readdirSync(bench.path('second', 'images'))[0]!);

  it('takes along what needs it; all else is finished and reported, and not made again', async () => {
    cpSync(bench.path('radiographs'), bench.path('second'), { recursive: true });
    const image = missing();
    const bytes = readFileSync(image);
    writeFileSync(image, 'no image');
    const error = await failing(run(document(1e30), 'partly'));
    expect(error.exitCode).toBe(1);
    expect(error.failures.map(({ id }) => id).sort()).toEqual([
      'dataset/second',
      'finetune/phantoms/random/hot/seed-1',
      'pretrain/supervised/seed-1',
    ]);
    for (const { id, message } of error.failures) expect(said).toContain(`failed: ${id}: ${message}`);
    const { result, report } = error.made!;
    expect(readResult(bench.path('partly', 'result.json'))).toEqual(result);
    expect(result.cells.map(({ dataset, initialization }) => [dataset, initialization])).toEqual([
      ['phantoms', 'random'],
    ]);
    expect(result.matrix!.settings.map(({ name, cells }) => [name, cells.length])).toEqual([
      ['full', 1],
      ['hot', 0],
    ]);
    expect(result.failed).toHaveLength(3);
    expect(result.verdict.slice(0, 4)).toEqual([
      expect.stringMatching(/^Not finished: /),
      expect.stringMatching(/^Not finished: /),
      expect.stringMatching(/^Not finished: /),
      expect.stringMatching(/^phantoms: mean AUROC .* of random: 0\.\d+/),
    ]);
    expect(readFileSync(report.markdown, 'utf8')).toContain('Not finished: pretrain supervised, seed 1');
    expect(readFileSync(report.html, 'utf8')).toContain('<dt>Not finished</dt>');

    const { nodes, finished } = experimentStatus(bench.path('partly'));
    expect(finished).toBe(false);
    const states = Object.fromEntries(nodes.map(({ id, state }) => [id, state]));
    expect(states).toMatchObject({
      'dataset/second': 'failed',
      'pretrain/supervised/seed-1': 'failed',
      'finetune/phantoms/random/full/seed-1': 'finished',
      'finetune/phantoms/random/hot/seed-1': 'failed',
      'finetune/phantoms/supervised/full/pretraining-1/seed-1': 'waiting',
      'finetune/second/random/full/seed-1': 'waiting',
      'test/phantoms/full': 'failed',
      'test/second/full': 'waiting',
    });
    expect(nodes.find(({ id }) => id === 'test/phantoms/full')!.error).toMatch(
      /without .*pretrain\/supervised\/seed-1/,
    );

    writeFileSync(image, bytes);
    const before = made('partly');
    const whole = await run(document(0.001), 'partly');
    expect(whole.result.failed).toBeUndefined();
    expect(whole.result.cells).toHaveLength(4);
    expect(made('partly')).toMatchObject(before);
    expect(experimentStatus(bench.path('partly')).finished).toBe(true);
  });

  it('of parts that are run alone ends them alone; what is finished can be reported meanwhile', async () => {
    const only = ['dataset/phantoms', 'finetune/phantoms/random/hot/seed-1', 'finetune/phantoms/random/full/seed-1'];
    const error = await failing(runNodes({ ...options(document(1e30), 'alone'), only }).done);
    expect(error.message).toMatch(/^finetune\/phantoms\/random\/hot\/seed-1 failed: random on phantoms, hot: found /);
    const states = new Map(experimentStatus(bench.path('alone')).nodes.map(({ id, state }) => [id, state]));
    expect(only.map((id) => states.get(id))).toEqual(['finished', 'failed', 'finished']);
    expect(readdirSync(join(bench.path('alone'))).sort()).not.toContain('result.json');
    const before = made('alone');
    const soFar = await failing(runExperiment({ ...options(document(1e30), 'alone'), finishedOnly: true }).done);
    expect(made('alone')).toEqual(before);
    const { result } = soFar.made!;
    expect(result.cells.map(({ dataset, initialization }) => [dataset, initialization])).toEqual([
      ['phantoms', 'random'],
    ]);
    expect(result.verdict[0]).toBe(
      'Not finished: read second. What needs it is missing here. dataset/second: not finished',
    );
    expect(result.verdict.filter((text) => text.startsWith('Not finished'))).toHaveLength(soFar.failures.length);
  });
});
