import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { jackknifeBlocks } from './jackknife.js';
import { rankScores } from './ranked-scores.js';
import { type Replicates, roomForProgress, waitForAll } from './replicate-batches.js';
import { measureReplicates, startThreads } from './replicate-threads.js';
import { roomForValues } from './replicates.js';
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

  it('has the same bits where other threads do the work', () => {
    const shared = work();
    for (const thread of startThreads(3)) thread.postMessage(shared);
    expect(waitForAll(shared, 20_000)).toBe(true);
    expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
    expect(new Set(shared.progress.subarray(2))).toEqual(new Set([1]));
  });

  it('has them with threads beside this one, one work after the other', () => {
    for (const threads of [3, 2, 3]) {
      const shared = work();
      measureReplicates(shared, threads);
      expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
    }
  });

  it('does what a thread took that died', () => {
    const shared = work();
    shared.progress[0] = 2;
    measureReplicates(shared, 1, 10);
    expect(shared.models[0]!.values).toEqual(alone.models[0]!.values);
  });
});

describe('startThreads', () => {
  it('keeps threads for the next work, and replaces one that ended', async () => {
    const [first, second] = startThreads(3);
    measureReplicates(work(), 3);
    expect(startThreads(2)).toHaveLength(1);
    expect(startThreads(3)[0]).toBe(first);
    expect(startThreads(3)[1]).toBe(second);
    const ended = once(first!, 'exit');
    void first!.terminate();
    await ended;
    const after = startThreads(3);
    expect(after).toHaveLength(2);
    expect(after[0]).toBe(second);
  });

  it('keeps none that would hold much memory', async () => {
    const threads = startThreads(2);
    const done = { ...work(), progress: roomForProgress(8).fill(1) };
    const models = [{ ...done.models[0]!, values: roomForValues(2, 500_000) }];
    measureReplicates({ ...done, models }, 2);
    await once(threads[0]!, 'exit');
    expect(startThreads(2)).not.toContain(threads[0]);
  });
});
