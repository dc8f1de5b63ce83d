import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWeights } from '../src/models/index.js';
import { scope } from '../src/torch/index.js';
import { hilum as inThisProcess } from './command-line.js';
import { python } from './reference.js';
import {
  type Document,
  dinov2,
  experiment,
  fingerprints,
  numbersOf,
  type Outcome,
  partOf,
  phantoms,
  random,
  ssl,
  supervised,
  Workbench,
} from './tiny-experiment.js';

const READ_EVENTS = resolve(import.meta.dirname, '../src/training/fixtures/read_events.py');

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const bench = new Workbench();
/** Without the binary's start. */
const run = (document: Document, out: string, ...args: string[]) =>
  inThisProcess('experiment', 'run', bench.write(document), '--out', bench.path(out), ...args);

beforeAll(() => bench.draw());
afterAll(() => bench.remove());

/** Trainings that a run has done, by the lines of its progress. */
const trained = ({ err }: Outcome) =>
  err
    .split('\n')
    .flatMap((line) => /^(.*): done \(/.exec(line)?.[1] ?? [])
    .sort();

describe('an experiment, end to end', () => {
  const out = () => bench.path('main');
  let document: Document;
  let first: Outcome;

  beforeAll(async () => {
    // The weights of a pretraining of their own, as a user would bring them.
    const donor = await run(experiment([supervised]), 'donor');
    expect(donor, donor.err).toMatchObject({ code: 0 });
    const file = join(partOf(bench.path('donor'), 'pretrain-supervised'), 'backbone.safetensors');
    document = experiment([random, ssl, supervised, { name: 'own weights', from: 'weights', file }], (it) => {
      it.finetuning.testFlip = true; // which `hilum predict` must do as well
    });
    first = await bench.run(document, 'main', '--json');
  });

  it('prints one JSON document on standard output, and that is the result', () => {
    expect(first.err).not.toMatch(/error/);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.out)).toEqual(JSON.parse(readFileSync(join(out(), 'result.json'), 'utf8')));
  });

  it('compares every initialization with every other', () => {
    const result = JSON.parse(first.out);
    const names = ['random', 'ssl', 'supervised', 'own weights'];
    expect(result.initializations.map(({ name }: Document) => name)).toEqual(names);
    expect(result.cells.map(({ initialization }: Document) => initialization)).toEqual(names);
    expect(result.comparisons).toHaveLength(6);
    expect(result.comparisons.every(({ mean }: Document) => mean.p > 0 && mean.p <= mean.pAdjusted)).toBe(true);
    for (const { meanAuroc, findings, runs } of result.cells) {
      expect(findings.map(({ finding }: Document) => finding)).toEqual(phantoms.findings);
      expect(meanAuroc.low).toBeLessThanOrEqual(meanAuroc.estimate);
      expect(meanAuroc.estimate).toBeLessThanOrEqual(meanAuroc.high);
      expect(runs[0].curve).toHaveLength(2);
    }
    expect(result.shortcuts.map(({ predictor }: Document) => predictor)).toContain('16 x 16 thumbnail');
    expect(result.verdict.length).toBeGreaterThan(0);
  });

  it('gives the weights that were pretrained here the same result as the pretraining itself', () => {
    const { cells } = JSON.parse(first.out);
    expect(cells[3].findings).toEqual(cells[2].findings);
    const distinct = new Set(cells.map(({ runs }: Document) => runs[0].curve[0].trainLoss));
    expect(distinct.size).toBe(3);
  });

  it('leaves the report in three forms, and each run as a folder by the contract', () => {
    const files = { 'report.html': 20_000, 'report.md': 2000, 'comparison.csv': 500, 'config.json': 500 };
    for (const [file, bytes] of Object.entries(files)) {
      expect(statSync(join(out(), file)).size, file).toBeGreaterThan(bytes);
    }
    const run = JSON.parse(first.out).cells[1].runs[0].folder;
    expect(readdirSync(join(out(), run)).sort()).toEqual([
      'MODEL_CARD.md',
      'backbone.safetensors',
      'checkpoint',
      'config.json',
      'events.out.tfevents.hilum',
      'metrics.jsonl',
      'model.json',
      'model.safetensors',
      'predictions.csv',
      'result.json',
    ]);
    const lines = readFileSync(join(out(), run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        kind: 'epoch',
        epoch: 1,
        loss: expect.any(Number),
        validationLoss: expect.any(Number),
      }),
      expect.objectContaining({ kind: 'epoch', epoch: 2, 'validation.auroc': expect.any(Number) }),
    ]);
  });

  it('says the same to TensorBoard as in metrics.jsonl', (context) => {
    const part = partOf(out(), 'pretrain-ssl');
    const text = python(READ_EVENTS, join(part, 'events.out.tfevents.hilum'));
    if (text === undefined) return context.skip('no Python to read the events with');
    const [version, ...events] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(version).toMatchObject({ file_version: 'brain.Event:2' });
    const lines = readFileSync(join(part, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const expected = lines.map((line) => {
      const { kind, step, epoch, ...metrics } = JSON.parse(line);
      const scalars = Object.entries(metrics).map(([name, value]) => [`${kind}/${name}`, Math.fround(value as number)]);
      return { step: step ?? epoch, scalars: Object.fromEntries(scalars) };
    });
    expect(events.map(({ step, scalars }) => ({ step, scalars }))).toEqual(expected);
  });

  it('trains nothing when run again, and says the same, date included', async () => {
    const before = readFileSync(join(out(), 'result.json'));
    const again = await bench.run(document, 'main');
    expect(again.code).toBe(0);
    expect(trained(again)).toEqual([]);
    expect(again.out).toMatch(/^Verdict\n[\s\S]*Report: .*report\.html\n$/);
    expect(readFileSync(join(out(), 'result.json')).equals(before)).toBe(true);
  });

  it('writes the report again from the result alone', async () => {
    const { code, out: text } = await inThisProcess('experiment', 'report', out(), '--json');
    expect(code).toBe(0);
    for (const path of Object.values(JSON.parse(text) as Record<string, string>)) expect(existsSync(path)).toBe(true);
  });

  it('runs only what is new when seeds are added, and its intervals then hold the variance of seeds', async () => {
    const more = structuredClone(document);
    more.finetuning.seeds = [1, 2];
    more.initializations[1].seeds = [1, 5];
    const prints = fingerprints(out());
    const outcome = await run(more, 'main', '--json');
    expect(trained(outcome)).toEqual([
      'phantoms own weights lr 0.001 seed 2',
      'phantoms random lr 0.001 seed 2',
      'phantoms ssl lr 0.001 seed 2',
      'phantoms ssl pretraining seed 5 lr 0.001 seed 1',
      'phantoms ssl pretraining seed 5 lr 0.001 seed 2',
      'phantoms supervised lr 0.001 seed 2',
      'pretrain ssl pretraining seed 5',
    ]);
    expect(fingerprints(out())).toMatchObject(prints);
    const result = JSON.parse(outcome.out);
    expect(result.statistics.seedsRedrawn).toEqual({ pretraining: true, finetuning: true });
    const runs = (cell: number) =>
      result.cells[cell].runs.map(({ pretrainingSeed, seed }: Document) => [pretrainingSeed, seed]);
    expect(runs(0)).toEqual([1, 2].map((seed) => [undefined, seed]));
    expect(runs(1)).toEqual([1, 5].flatMap((pretraining) => [1, 2].map((seed) => [pretraining, seed])));
    expect(new Set(result.cells[1].runs.map(({ testMeanAuroc }: Document) => testMeanAuroc)).size).toBe(4);
    expect(result.initializations[1].pretrainings.map(({ seed }: Document) => seed)).toEqual([1, 5]);
    expect(result.initializations[0].pretrainings).toBeUndefined();
  });

  it('predicts what predictions.csv says', async () => {
    const run = join(out(), JSON.parse(first.out).cells[1].runs[0].folder);
    const [header, ...rows] = readFileSync(join(run, 'predictions.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const images = rows.map(([id]) => bench.path('radiographs', 'images', id!));
    const { code, out: text } = await inThisProcess('predict', '--run', run, '--json', ...images);
    expect(code).toBe(0);
    const predictions = JSON.parse(text) as { image: string; probabilities: Record<string, number> }[];
    expect(predictions.map(({ image }) => image)).toEqual(images);
    for (const [i, { probabilities }] of predictions.entries()) {
      expect(Object.keys(probabilities)).toEqual(phantoms.findings);
      for (const [finding, probability] of Object.entries(probabilities)) {
        const stored = Number(rows[i]![header!.indexOf(`probability ${finding}`)]);
        expect(Math.abs(probability - stored), `${images[i]} ${finding}`).toBeLessThan(1e-6);
      }
    }
  });
});

describe('an experiment', () => {
  it('takes several data sets, and the learning rate that is best on validation, then the other seeds', async () => {
    const rates = [1e-5, 3e-3, 1e-3];
    const document = experiment([random], (it) => {
      it.datasets.push({ ...phantoms, name: 'two findings', findings: ['Cardiomegaly', 'No Finding'] });
      Object.assign(it.finetuning, { learningRate: rates, seeds: [1, 2] });
    });
    const outcome = await run(document, 'search', '--json');
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    const { cells } = JSON.parse(outcome.out);
    expect(cells.map(({ dataset }: Document) => dataset)).toEqual(['phantoms', 'two findings']);
    expect(cells[1].findings).toHaveLength(2);
    for (const { dataset, learningRate, learningRateSearch, runs } of cells) {
      expect(learningRateSearch.map((trial: Document) => trial.learningRate)).toEqual(rates);
      const best = Math.max(...learningRateSearch.map((trial: Document) => trial.validationAuroc));
      expect(learningRateSearch.find((trial: Document) => trial.learningRate === learningRate).validationAuroc).toBe(
        best,
      );
      const epochs = JSON.parse(readFileSync(join(bench.path('search'), runs[0].folder, 'result.json'), 'utf8')).curve;
      expect(epochs[runs[0].bestEpoch - 1].quality.auroc).toBe(best);
      const tried = trained(outcome).filter((name) => name.startsWith(`${dataset} random`));
      expect(tried).toHaveLength(4);
      expect(tried).toContain(`${dataset} random lr ${learningRate} seed 2`);
    }
  });

  it('has the same bits with one core and with four', async () => {
    const document = experiment([random, ssl, dinov2]);
    const one = await run(document, 'one', '--cores', '1');
    const four = await run(document, 'four', '--cores', '4');
    expect([one.code, four.code]).toEqual([0, 0]);
    expect(fingerprints(bench.path('one'))).toEqual(fingerprints(bench.path('four')));
    expect(numbersOf(bench.path('one'))).toEqual(numbersOf(bench.path('four')));
  });

  it('has a whole pretraining as the part of a DINOv2 start, at the size of its own crops', () => {
    const [, , start] = numbersOf(bench.path('four')).initializations;
    expect(start.description).toBe('self-supervised (DINOv2) on 60 images (pictures), without labels');
    expect(start.network).toMatch(/^vision transformer, 2 blocks of width 32, patches of 8 px; input 32 x 32 px/);
    expect(start.pretrainings).toEqual([
      expect.objectContaining({ seed: 1, epochs: 2, steps: 14, images: 112, data: '60 images (pictures)' }),
    ]);
    expect(start.pretrainings[0].metric.name).toMatch(/of nearest neighbours on pictures$/);
    const part = partOf(bench.path('four'), 'pretrain-dinov2');
    const result = JSON.parse(readFileSync(join(part, 'result.json'), 'utf8'));
    expect(start.pretrainings[0].metric.value).toBe(result.scores.at(-1).knn);
    expect(result).toMatchObject({ format: 'hilum pretraining', recipe: 'natural', unreadable: [] });
    expect(readdirSync(join(part, 'evaluations'))).toEqual(['epoch-0000.html', 'epoch-0002.html']);
    scope(() => expect(openWeights(part).config).toMatchObject({ imageSize: 16, dim: 32, patchSize: 8 }));
  });
});
