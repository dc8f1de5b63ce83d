import { describe, expect, it } from 'vitest';
import { Random } from '../../base/index.js';
import type { Radiograph } from '../../datasets/index.js';
import type { TestedDataset } from '../data/prepare.js';
import { shortcutsOf } from './shortcuts.js';

/** 120 radiographs with 4 x 4 thumbnails; `change` says what goes with the label. */
function tested(change: (label: number, random: Random) => { radiograph?: Partial<Radiograph>; dark?: number }) {
  const random = new Random(6);
  const labels = Float32Array.from({ length: 120 }, () => random.integer(2));
  const changes = Array.from(labels, (label) => change(label, random));
  const radiographs = changes.map(({ radiograph }, i) => ({
    ...{ patient: `${i}`, split: i < 80 ? 'train' : 'test', view: 'PA', sex: null, ageYears: Number.NaN },
    ...radiograph,
  }));
  const thumbnails = Float32Array.from(changes.flatMap(({ dark = 4 }) => thumbnail(dark, random)));
  const pixels = { thumbnails, statistics: new Float32Array(240), borders: new Float32Array(120) };
  return { name: 'set', findings: ['Mass'], labels, radiographs, pixels } as unknown as TestedDataset;
}

/** 16 cells, so many of them dark, in a random order; always the same sum. */
function thumbnail(dark: number, random: Random): number[] {
  return random.shuffle(Array.from({ length: 16 }, (_, i) => (i < dark ? 0 : 8 / (16 - dark))));
}

const aurocs = (dataset: TestedDataset) =>
  Object.fromEntries(
    shortcutsOf(dataset, { redraws: 50, seed: 1, confidence: 0.95 }).map(({ predictor, meanAuroc }) => [
      predictor,
      meanAuroc?.estimate,
    ]),
  );

it('a site or scanner that goes with the finding predicts it; what is the same everywhere is no predictor', () => {
  const found = aurocs(
    tested((label, random) => ({
      radiograph: { site: label ? 'north' : 'south', scanner: random.integer(2) ? 'A' : 'B' },
    })),
  );
  expect(found.site).toBe(1);
  expect(Math.abs(found.scanner! - 0.5)).toBeLessThan(0.2);
  expect(found).not.toHaveProperty('view position');
});

describe('the lungs', () => {
  /** What predicts sits in a cell outside the lungs. */
  const outside = (label: number, free: boolean) =>
    Array.from({ length: 4 }, (_, i) => (i === 0 && free ? label : 0.5));
  const withLungs = () => {
    const dataset = tested(() => ({}));
    const lungs = (free: boolean) => Float32Array.from([...dataset.labels].flatMap((label) => outside(label, free)));
    return { ...dataset, lungs: { lungFree: lungs(true), lungOnly: lungs(false) } };
  };

  it('what lies outside them predicts from the lung-free thumbnail, and not from the lung-only one', () => {
    const found = aurocs(withLungs());
    expect(found['lung-free thumbnail']).toBe(1);
    expect(found['lung-only thumbnail']).toBe(0.5);
  });

  it('without masks there is a reason in place of the two; where nobody looked, nothing', () => {
    const results = (lungs?: TestedDataset['lungs']) =>
      shortcutsOf({ ...withLungs(), lungs }, { redraws: 50, seed: 1, confidence: 0.95 });
    const without = results({ reason: 'no masks' }).filter(({ reason }) => reason !== undefined);
    const nothing = { columns: 0, findings: [], meanAuroc: null, meanOver: [], reason: 'no masks', dataset: 'set' };
    expect(without).toEqual([
      { ...nothing, predictor: 'lung-free thumbnail' },
      { ...nothing, predictor: 'lung-only thumbnail' },
    ]);
    expect(results().some(({ predictor }) => predictor.startsWith('lung'))).toBe(false);
  });
});

it('gray values predict without their places, where mean and places do not', () => {
  const found = aurocs(tested((label) => ({ dark: label ? 8 : 4 })));
  expect(found['gray values without their places']).toBe(1);
  expect(found['pixel mean and deviation']).toBe(0.5);
  expect(found['16 x 16 thumbnail']).toBeLessThan(0.8);
});
