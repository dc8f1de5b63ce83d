import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc } from './auroc.js';
import { averagePrecision } from './average-precision.js';
import { pairedBootstrap } from './bootstrap.js';
import { summarize } from './estimate.js';
import { fixture } from './fixtures/load.js';
import { acceleration, jackknifeBlocks } from './jackknife.js';
import { MeasuredModel } from './measured-model.js';
import { rankScores } from './ranked-scores.js';
import { roomForProgress } from './replicate-batches.js';
import { measureReplicates } from './replicate-threads.js';
import { roomForValues } from './replicates.js';
import { Resampler } from './resampling.js';

interface Reference {
  intervals: {
    labels: number[];
    scores: number[][];
    cases: {
      metric: 'auroc' | 'averagePrecision';
      seeds: number;
      estimate: number;
      redraws: number[];
      acceleration: number;
      interval: [number, number];
    }[];
  };
}

describe('BCa intervals', () => {
  it('equal those of scipy on the same redraws, of one sample and of rows and seeds', () => {
    const { labels, scores, cases } = fixture<Reference>('bootstrap').intervals;
    const rows = labels.length;
    for (const { metric, seeds, estimate, redraws, acceleration: expected, interval } of cases) {
      const columns = 1 + rows;
      const blocks = jackknifeBlocks(new Resampler(rows).strata, 1);
      const ranked = scores
        .slice(0, seeds)
        .map((own) => [rankScores(Float32Array.from(own), Float32Array.from(labels), NaN)]);
      const model = {
        name: 'a',
        pretrainings: ranked.map(() => 0),
        ranked,
        hasThreshold: ranked.map(() => [false]),
        values: roomForValues(1, columns),
      };
      const progress = roomForProgress(columns);
      measureReplicates({ seed: 1, redraws: 1, rows, blocks, columns, models: [model], progress }, 1);
      const measured = new MeasuredModel(model, { redraws: 1, blocks, units: rows, estimable: [true] });
      const { estimate: own, jackknife } = measured.statistic(metric, 0);
      const a = acceleration([...jackknife!.units, ...jackknife!.seeds]);
      expect(Math.abs(own - estimate)).toBeLessThan(1e-12);
      expect(Math.abs(a - expected)).toBeLessThan(1e-10);
      const { low, high } = summarize(own, Float64Array.from(redraws), 0.9, a);
      expect(Math.abs(low - interval[0])).toBeLessThan(1e-10);
      expect(Math.abs(high - interval[1])).toBeLessThan(1e-10);
    }
  });

  it('are those of the redraws made by hand, stratified, by patient, of a difference', () => {
    const random = new Random(7);
    const [N, redraws] = [48, 160];
    const groups = Int32Array.from({ length: N }, (_, row) => row >> 1);
    const labels = Float32Array.from({ length: N }, (_, row) => (row % 8 < 2 ? 1 : 0));
    const strata = Int32Array.from(labels);
    const model = (name: string, signal: number, seeds: number) => ({
      name,
      seeds: Array.from({ length: seeds }, () => labels.map((label) => random.normal() + signal * label)),
    });
    const [a, b] = [model('a', 1.5, 1), model('b', 0.7, 1)];
    const options = { labels, findings: 1, models: [a, b], groups, strata, redraws, seed: 3, interval: 'bca' as const };
    const result = pairedBootstrap(options);

    const measured = (times: Uint16Array, metric: typeof auroc | typeof averagePrecision) => {
      const rows = [...times].flatMap((n, row) => Array<number>(n).fill(row));
      const own = rows.map((row) => labels[row]!);
      const [first, second] = [a, b].map(({ seeds }) => {
        const value = metric(
          rows.map((row) => seeds[0]![row]!),
          own,
        );
        return typeof value === 'number' ? value : value.auroc;
      });
      return first! - second!;
    };
    const resampler = new Resampler(N, groups, strata);
    for (const [name, metric] of [
      ['auroc', auroc],
      ['averagePrecision', averagePrecision],
    ] as const) {
      const draws = Float64Array.from({ length: redraws }, (_, redraw) =>
        measured(resampler.draw(Random.of(3, 'test set', redraw)), metric),
      );
      const without = (stratum: number) =>
        [...new Set(groups)]
          .filter((patient) => strata[2 * patient] === stratum)
          .map((patient) =>
            measured(
              Uint16Array.from(groups, (own) => (own === patient ? 0 : 1)),
              metric,
            ),
          );
      const samples = [without(1), without(0)].map((values) => Float64Array.from(values));
      const whole = measured(new Uint16Array(N).fill(1), metric);
      const expected = summarize(whole, draws, 0.95, acceleration(samples));
      const found = result.comparisons[0]!.means[name];
      for (const field of ['estimate', 'mean', 'sd', 'low', 'high'] as const) {
        expect(found[field]).toBeCloseTo(expected[field], 12);
      }
      expect(found.undefinedRedraws).toBe(0);
    }
    const percentile = pairedBootstrap({ ...options, interval: 'percentile' }).comparisons[0]!.meanAuroc;
    expect(percentile.mean).toBe(result.comparisons[0]!.meanAuroc.mean);
    expect(percentile.low).not.toBe(result.comparisons[0]!.meanAuroc.low);
  });

  it('hold the estimate where nothing varies, and are undefined where every redraw lies on one side', () => {
    expect(
      summarize(1, new Float64Array(100).fill(1), 0.95, acceleration([new Float64Array(9).fill(1)])),
    ).toMatchObject({
      low: 1,
      high: 1,
    });
    expect(summarize(2, Float64Array.of(0.5, 1), 0.95, 0)).toMatchObject({ low: NaN, high: NaN });
  });
});

describe('jackknifeBlocks', () => {
  it('leaves each of few units out alone, and of many about 2000 blocks of one size in each stratum', () => {
    const few = jackknifeBlocks([Int32Array.of(3, 1), Int32Array.of(0, 2)], 1);
    expect(few).toEqual({
      ofUnit: Int32Array.of(2, 1, 3, 0),
      count: 4,
      ofStratum: [
        [0, 2],
        [2, 4],
      ],
    });
    const strata = new Int32Array(10_000).map((_, unit) => (unit < 999 ? 0 : 1));
    const many = jackknifeBlocks(new Resampler(10_000, undefined, strata).strata, 1);
    expect(many.ofStratum).toEqual([
      [0, 200],
      [200, 2000],
    ]);
    const sizes = new Int32Array(many.count);
    for (const block of many.ofUnit) sizes[block]!++;
    expect(new Set(sizes)).toEqual(new Set([4, 5, 6]));
    expect(strata.every((stratum, unit) => many.ofUnit[unit]! < 200 === (stratum === 0))).toBe(true);
  });

  it('yields the acceleration of a mean from blocks as from single units', () => {
    const random = new Random(5);
    const values = Float64Array.from({ length: 20_000 }, () => -Math.log(1 - random.uniform()));
    const total = values.reduce((sum, value) => sum + value, 0);
    const { ofUnit, count } = jackknifeBlocks(new Resampler(values.length).strata, 1);
    const [left, size] = [new Float64Array(count), new Float64Array(count)];
    for (const [unit, block] of ofUnit.entries()) {
      left[block]! += values[unit]!;
      size[block]!++;
    }
    const blocked = acceleration([left.map((sum, block) => (total - sum) / (values.length - size[block]!))]);
    const single = acceleration([values.map((value) => (total - value) / (values.length - 1))]);
    // The skewness of exponential values is 2: 2 / (6 sqrt(20000)).
    expect(single).toBeCloseTo(1 / (3 * Math.sqrt(20_000)), 3);
    expect(Math.abs(blocked - single)).toBeLessThan(8e-4);
  });
});
