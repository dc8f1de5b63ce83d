import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compiledUrl } from '../base/index.js';
import { type MadeFeed, startTraining, type Training } from './training.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-interruption-'));
afterAll(() => rmSync(folder, { recursive: true }));

const STEPS = 3;
const train: MadeFeed = {
  images: STEPS,
  batchSize: 1,
  async *read(_, start) {
    for (let i = start; i < STEPS; i++) {
      yield { indices: Int32Array.of(i), images: new Uint8Array(1), shape: [1, 1, 1, 1] };
    }
  },
};

it('a stop reaches a thread that computes between two epochs, and the run goes on there', {
  timeout: 40_000,
}, async () => {
  let asked = 0;
  const start = (milliseconds: number, stopAt?: number): Training<number> => {
    const training = startTraining<number>(
      {
        taskModule: compiledUrl('./fixtures/long-judgement.js', import.meta.url).href,
        config: { milliseconds },
        folder,
        feeds: { train },
        epochs: 2,
        seed: 1,
        device: 'cpu',
        threads: 1,
      },
      ({ at }) => {
        if (at.step !== stopAt) return;
        setTimeout(() => {
          asked = performance.now();
          training.stop();
        }, 200);
      },
    );
    return training;
  };
  // The first step is always told of; soon after it the judgement of the first epoch is under way.
  expect(await start(15_000, 0).outcome).toEqual({ status: 'interrupted' });
  expect(performance.now() - asked).toBeLessThan(2_000);
  expect(await start(0).outcome).toMatchObject({ status: 'done', result: 2 * STEPS });
});
