/** Invented predictions of the test of ChestX-ray14, and what is known of its radiographs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../src/base/index.js';
import type { Radiograph, Split } from '../src/datasets/index.js';
import { type TestingInput, writePredictions } from '../src/experiments/index.js';

/** Share of positives of ChestX-ray14's findings in its test split. */
const PREVALENCES = [0.128, 0.042, 0.104, 0.182, 0.069, 0.063, 0.022, 0.104, 0.071, 0.036, 0.043, 0.017, 0.045, 0.003];
const FINDINGS = PREVALENCES.map((_, f) => `finding ${f + 1}`);
export const F = FINDINGS.length;

/** Images of a patient in the test split; 25,596 of 2797 patients in ChestX-ray14. */
const OF_PATIENT = 9.15;

export interface Sizes {
  train: number;
  validate: number;
  test: number;
}

export function inventedRadiographs(sizes: Sizes): Radiograph[] {
  const random = new Random(1);
  const one = (split: Split, i: number): Radiograph => ({
    id: `${split}-${i}.png`,
    path: '',
    patient: `${split} ${Math.floor(i / OF_PATIENT)}`,
    split,
    view: random.uniform() < 0.6 ? 'PA' : 'AP',
    sex: random.integer(2) === 1 ? 'F' : 'M',
    ageYears: random.integer(95),
    scanner: `scanner ${random.integer(4)}`,
    site: `site ${random.integer(3)}`,
    labels: Float32Array.from(PREVALENCES, (share) => (random.uniform() < share ? 1 : 0)),
  });
  return (['train', 'validate', 'test'] as const).flatMap((split) =>
    Array.from({ length: sizes[split] }, (_, i) => one(split, i)),
  );
}

/** Probabilities of a model that is as good as `signal`. */
export const inventedProbabilities = (labels: Float32Array, random: Random, signal: number): Float32Array =>
  labels.map((label) => 1 / (1 + Math.exp(1 - random.normal() - signal * label)));

/** The test of so many initializations with so many training seeds, which writes its predictions below `folder`. */
export function inventedTest(
  folder: string,
  radiographs: Radiograph[],
  { models, seeds, redraws }: { models: number; seeds: number; redraws: number },
): TestingInput {
  const write = (name: string, rows: readonly Radiograph[], signal: number) => {
    const random = Random.of(1, name);
    mkdirSync(join(folder, name));
    writePredictions(
      join(folder, name, 'predictions.csv'),
      FINDINGS,
      rows.map((radiograph) => ({
        radiograph,
        probabilities: inventedProbabilities(radiograph.labels, random, signal),
      })),
    );
    return join(folder, name);
  };
  const test = radiographs.filter(({ split }) => split === 'test');
  const predicted = radiographs.filter(({ split }) => split !== 'train');
  const random = new Random(2);
  const labels = new Float32Array(radiographs.length * F);
  for (const [i, radiograph] of radiographs.entries()) labels.set(radiograph.labels, i * F);
  // A little of each value tells a finding.
  const values = (columns: number) =>
    new Float32Array(radiographs.length * columns).map(
      (_, i) => random.uniform() + 0.05 * labels[Math.floor(i / columns) * F + (i % F)]!,
    );
  const dataset = {
    name: 'ChestX-ray14',
    dataset: {
      name: 'ChestX-ray14',
      root: '',
      findings: [],
      radiographs: [],
      rowsWithoutImage: [],
      imagesWithoutRow: [],
      notes: [],
    },
    findings: FINDINGS,
    radiographs,
    unreadable: [],
    labels,
    fingerprint: '',
    pixels: { thumbnails: values(256), statistics: values(2), borders: values(60) },
  };
  const names = Array.from({ length: models }, (_, m) => `model ${m + 1}`);
  const cells = names.map((name, m) => ({
    dataset,
    start: { variants: [], summary: { name, kind: 'random' as const, description: '', network: '' } },
    learningRate: 0,
    search: [],
    runs: Array.from({ length: seeds }, (_, s) => {
      const run = write(`${name} ${s + 1}`, predicted, 1 + m / 20);
      return { seed: s + 1, folder: run, learningRate: 0, bestEpoch: 1, seconds: 0, imagesPerSecond: 0, curve: [] };
    }),
  }));
  const degradations = ['border', 'low-pass', 'high-pass', 'patch-shuffle'] as const;
  const degraded = names.flatMap((initialization) =>
    degradations.map((degradation) => ({
      initialization,
      degradation,
      description: '',
      run: { seed: 1 },
      plain: join(folder, `${initialization} 1`, 'predictions.csv'),
      predictions: join(write(`${initialization} ${degradation}`, test, 0.7), 'predictions.csv'),
    })),
  );
  const statistics = {
    redraws,
    unit: 'patient',
    stratified: true,
    confidence: 0.95,
    interval: 'percentile',
    threshold: 'youden',
    correction: 'holm',
    ageBands: [18, 40, 60, 80],
    smallestGroup: 10,
  };
  const config = { seed: 1, statistics } as unknown as TestingInput['config'];
  return {
    config,
    folder,
    threads: 1,
    test: 'dataset',
    dataset,
    cells,
    degraded,
    external: [],
    isReference: true,
  } as TestingInput;
}
