import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { compiledUrl, Random } from '../base/index.js';
import { jackknifeBlocks } from './jackknife.js';
import { rankScores } from './ranked-scores.js';
import { measureReplicates, type Replicates, roomForProgress, roomForValues } from './replicates.js';
import { Resampler } from './resampling.js';

/** Two findings, three training seeds, patients in two strata. */
function work(): Replicates {
  const random = new Random(1);
  const [rows, redraws] = [90, 70];
  const groups = Int32Array.from({ length: rows }, (_, row) => row >> 1);
  const strata = groups.map((patient) => patient % 2);
  const resampler = new Resampler(rows, groups, strata);
  const blocks = jackknifeBlocks(resampler.strata, 1);
  const columns = redraws + blocks.count;
  const ranked = Array.from({ length: 3 }, () =>
    [0.5, 0.1].map((prevalence) => {
      const labels = new Float32Array(rows).map(() => (random.uniform() < prevalence ? 1 : 0));
      return rankScores(
        labels.map(() => random.uniform()),
        labels,
        0.5,
        resampler.unitOfRow,
      );
    }),
  );
  const hasThreshold = ranked.map(() => [true, false]);
  const model = { name: 'a', pretrainings: [0, 0, 1], ranked, hasThreshold, values: roomForValues(2, columns) };
  return {
    seed: 4,
    redraws,
    rows,
    groups,
    strata,
    blocks,
    columns,
    models: [model],
    progress: roomForProgress(columns),
  };
}

describe('measureReplicates', () => {
  const alone = work();
  measureReplicates(alone, 1);

  it('has the same bits where other threads do the work', async () => {
    const shared = work();
    const threads = [1, 2].map(() => {
      const url = compiledUrl('./replicates-thread.js', import.meta.url);
      return once(new Worker(url, { workerData: shared }), 'exit');
    });
    await Promise.all(threads);
    expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
    expect(new Set(shared.progress.subarray(2))).toEqual(new Set([1]));
  });

  it('has them with threads of its own', () => {
    const shared = work();
    measureReplicates(shared, 3);
    expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
  });

  it('does what a thread took that died', () => {
    const shared = work();
    shared.progress[0] = 2;
    measureReplicates(shared, 1, 10);
    expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
  });
});
