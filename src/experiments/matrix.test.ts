import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, experiment, random, ssl, Workbench } from '../../test/tiny-experiment.js';
import { checkExperiment } from './config/config.js';
import { settingsOf } from './config/settings.js';
import { runExperiment } from './experiment.js';
import { writeAllPredictions } from './export/predictions-table.js';
import { experimentGraph } from './parts/graph.js';
import { planExperiment } from './planning/plan.js';
import type { ExperimentResult } from './result/index.js';
import { experimentStatus } from './status.js';

const bench = new Workbench();
afterAll(() => bench.remove());

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

const document = (change?: (it: Document) => void): Document =>
  experiment([random, { ...ssl, imageSizes: [32] }], (it) => {
    it.finetuning.epochs = 1;
    it.matrix = {
      imageSize: [16, 32],
      labelFraction: [0.5, 1],
      tuning: { full: null, frozen: { freeze: 'backbone', dropPath: 0, learningRate: 0.01 } },
    };
    change?.(it);
  });

const check = (change?: (it: Document) => void) => checkExperiment(document(change), 'test');

const folder = bench.path('run');

async function run(given: Document): Promise<ExperimentResult> {
  const config = checkExperiment(given, 'test');
  return (await runExperiment({ config, dataRoot: bench.folder, folder, progress: silent }).done).result;
}

const partsOf = () =>
  readdirSync(join(folder, 'parts')).map((part) => ({
    part,
    made: statSync(join(folder, 'parts', part, 'result.json')).mtimeMs,
  }));

describe('the settings of a matrix', () => {
  it('are all combinations; the reference has the most labels, the size of the model and the first tuning', () => {
    const settings = settingsOf(check());
    expect(settings).toHaveLength(8);
    expect(settings[0]).toMatchObject({ slug: '32px_labels-1_full', name: '32 px, 100 % of the labels, full' });
    expect(settings[0].values).toEqual({ imageSize: 32, labelFraction: 1, tuning: 'full' });
    for (const { values, config } of settings) {
      expect(config.model.imageSize).toBe(values.imageSize);
      expect(config.finetuning.labelFraction).toBe(values.labelFraction);
      expect(config.finetuning).toMatchObject(
        values.tuning === 'full' ? { freeze: 0, learningRate: 0.001 } : { freeze: 'backbone', learningRate: 0.01 },
      );
      expect(config.finetuning.epochs).toBe(1);
      expect(config.matrix).toBeUndefined();
    }
  });

  it('pretrain once, read each size once, and fine-tune each start where it says', () => {
    const nodes = experimentGraph(check());
    const of = (kind: string) => nodes.filter((node) => node.kind === kind);
    expect(of('pretraining')).toHaveLength(1);
    expect(of('dataset').map(({ id }) => id)).toEqual(['dataset/phantoms/32px', 'dataset/phantoms/16px']);
    expect(of('finetuning')).toHaveLength(8 + 4);
    expect(of('test')).toHaveLength(8 + 1);
    const before = new Set<string>();
    for (const { id, needs } of nodes) {
      for (const need of needs) expect(before.has(need), `${id} needs ${need}`).toBe(true);
      before.add(id);
    }
  });

  it('keep their keys when others come', () => {
    const keys = (change?: (it: Document) => void) =>
      new Map(experimentGraph(check(change)).map(({ id, key }) => [id, key]));
    const [plain, more] = [keys(), keys((it) => it.matrix.labelFraction.push(0.2))];
    for (const [id, key] of plain) if (!id.endsWith('between-settings')) expect(more.get(id), id).toBe(key);
    expect(more.size).toBeGreaterThan(plain.size);
  });

  it('are refused by name where they cannot be', () => {
    expect(() => check((it) => (it.matrix = {}))).toThrow(/matrix.*imageSize, labelFraction or tuning/s);
    expect(() => check((it) => (it.matrix.labelFraction = [0, 2]))).toThrow(/matrix\.labelFraction\[0\]/);
    expect(() => check((it) => it.matrix.imageSize.push(16))).toThrow(/each value once; 16/);
    expect(() => check((it) => (it.matrix.tuning.frozen = { freeze: 'all' }))).toThrow(
      /matrix\.tuning\.frozen\.freeze/,
    );
    expect(() => check((it) => (it.initializations[1].imageSizes = [64]))).toThrow(/imageSizes.*16, 32/s);
    expect(() => check((it) => (it.initializations[0].imageSizes = [32]))).toThrow(/phantoms at 16 px has none/);
    expect(() => check((it) => (it.initializations[1].datasets = ['phantom']))).toThrow(/"phantom" is none/);
  });
});

describe('an experiment with a matrix', () => {
  let result: ExperimentResult;
  beforeAll(async () => {
    await bench.draw();
    result = await run(document((it) => delete it.matrix.tuning));
  }, 240_000);

  it('has every start in every setting, and the reference as its result', () => {
    const { factors, settings } = result.matrix!;
    expect(factors).toEqual([
      { factor: 'imageSize', values: [32, 16] },
      { factor: 'labelFraction', values: [1, 0.5] },
    ]);
    expect(settings.map(({ values, cells }) => [values.imageSize, values.labelFraction, cells.length])).toEqual([
      [32, 1, 2],
      [32, 0.5, 2],
      [16, 1, 1],
      [16, 0.5, 1],
    ]);
    expect(settings[0]!.cells.map(({ meanAuroc }) => meanAuroc)).toEqual(
      result.cells.map(({ meanAuroc }) => meanAuroc),
    );
    const folders = settings.flatMap(({ cells }) => cells.flatMap(({ runs }) => runs.map((it) => it.folder)));
    expect(new Set(folders).size).toBe(6);
    expect(result.comparisons).toEqual(settings[0]!.comparisons);
  });

  it('compares settings that differ in one factor, on the same redraws', () => {
    const { settings, comparisons } = result.matrix!;
    const own = comparisons.filter(({ initialization }) => initialization === 'random');
    expect(own.map(({ factor, first, second }) => [factor, first, second])).toEqual([
      ['labelFraction', '32 px, 100 % of the labels', '32 px, 50 % of the labels'],
      ['imageSize', '32 px, 100 % of the labels', '16 px, 100 % of the labels'],
      ['imageSize', '32 px, 50 % of the labels', '16 px, 50 % of the labels'],
      ['labelFraction', '16 px, 100 % of the labels', '16 px, 50 % of the labels'],
    ]);
    expect(comparisons.filter(({ initialization }) => initialization === 'ssl')).toHaveLength(1);
    const auroc = (name: string) =>
      settings.find((it) => it.name === name)!.cells.find((it) => it.initialization === 'random')!.meanAuroc!;
    for (const { first, second, mean } of own) {
      expect(mean.difference!.estimate).toBeCloseTo(auroc(first).estimate - auroc(second).estimate, 12);
      expect(mean.difference!.mean!).toBeCloseTo(auroc(first).mean! - auroc(second).mean!, 12);
    }
  });

  it('trains with fewer labels on fewer images', () => {
    const images = (fraction: number) => {
      const cell = result.matrix!.settings.find(({ values }) => values.labelFraction === fraction)!.cells[0]!;
      const [own] = cell.runs;
      return own!.imagesPerSecond * own!.seconds;
    };
    expect(images(0.5)).toBeLessThan(0.8 * images(1));
  });

  it('leaves a model card beside every model, and all predictions in one table', () => {
    for (const { name, cells } of result.matrix!.settings.slice(1)) {
      const card = readFileSync(join(folder, cells[0]!.runs[0]!.folder, 'MODEL_CARD.md'), 'utf8');
      expect(card).toContain(`here ${name}`);
      expect(card).not.toMatch(/NaN|undefined/);
    }
    const path = bench.path('predictions.csv');
    expect(writeAllPredictions(path, folder, result)).toEqual([]);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines[0]).toContain('seed,setting,split');
    const rows = 6 * (result.datasets[0]!.splits.validate.images + result.datasets[0]!.splits.test.images);
    expect(lines).toHaveLength(1 + rows);
  });

  it('is planned part by part, and known to be finished', async () => {
    const config = checkExperiment(
      document((it) => delete it.matrix.tuning),
      'test',
    );
    const plan = await planExperiment({ config, dataRoot: bench.folder, folder, probe: false });
    const parts = plan.nodes.filter(({ kind }) => kind !== 'test');
    expect(parts.map(({ finished, disk }) => finished && disk >= 0)).not.toContain(false);
    expect(experimentStatus(folder).nodes.map(({ state }) => state)).not.toContain('waiting');
  });

  it('shows tables and curves', () => {
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
    expect(markdown).toContain('## Image size, labels and tuning');
    expect(markdown).toContain('16 px, 50 % of the labels');
    const html = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(html.match(/Mean AUROC on phantoms over the/g)).toHaveLength(2);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('runs only what is new when a value is added, and finds the parts of the experiment without a matrix', async () => {
    const before = new Map(partsOf().map(({ part, made }) => [part, made]));
    const plain = await run(
      document((it) => {
        delete it.matrix;
        delete it.initializations[1].imageSizes;
      }),
    );
    expect(plain.matrix).toBeUndefined();
    expect(plain.cells).toEqual(result.cells);
    expect(partsOf().every(({ part, made }) => before.get(part) === made)).toBe(true);
    await run(
      document((it) => {
        delete it.matrix.tuning;
        it.initializations.pop();
        it.matrix.labelFraction.push(0.8);
      }),
    );
    const fresh = partsOf().filter(({ part, made }) => before.get(part) !== made);
    expect(fresh.map(({ part }) => part.replace(/-\w+$/, ''))).toEqual(
      Array(2).fill('phantoms-random-lr-0.001-seed-1'),
    );
  }, 120_000);
});
