import { join } from 'node:path';
import { expect, it } from 'vitest';
import { expectClose, references } from '../../test/reference.js';
import { BatchNorm2d, Linear, noGrad, rand, scope, setThreads, toBytes } from '../torch/index.js';
import { averageDecay, moveAverage } from './averaged-weights.js';

setThreads(1);

it.each(references(join(import.meta.dirname, 'fixtures'), 'objective'))(
  "the averages of timm's ModelEmaV3 ($source)",
  ({ tensors: reference }) => {
    const [average, model] = [new Linear(5, 1, false), new Linear(5, 1, false)];
    const weights = (step: number) => reference['average/weights']!.select(0, step).view([1, 5]);
    scope(() => {
      noGrad(() => average.weight.copy_(weights(0)));
      for (let step = 1; step <= 6; step++) {
        noGrad(() => model.weight.copy_(weights(step)));
        moveAverage(average, model, averageDecay(0.5, step));
        const expected = reference['average/averages']!.select(0, step - 1).view([1, 5]);
        expectClose(`after ${step}`, average.weight, expected, 1e-6);
      }
    });
  },
);

it('keeps the bits of weights that stay, averages running statistics and copies counts', () => {
  scope(() => {
    const [average, model] = [new BatchNorm2d(3), new BatchNorm2d(3)];
    noGrad(() => model.weight.copy_(rand([3])));
    average.loadStateDict(model.stateDict());
    const before = toBytes(average.weight);
    model.train().forward(rand([4, 3, 2, 2]));
    const mean = model.running_mean.clone();
    moveAverage(average, model, 0.9);
    expect(toBytes(average.weight)).toEqual(before);
    expectClose('running mean', average.running_mean, mean.mul(0.1));
    expect(average.num_batches_tracked.item()).toBe(1);
  });
});

it('decays little at first, and never more than it may', () => {
  expect([1, 2, 1000, 31_623].map((step) => averageDecay(1, step))).toEqual(
    [0, 1 - 2 ** (-2 / 3), 0.99, 0.999].map((value) => expect.closeTo(value, 6)),
  );
  expect(averageDecay(0.999, 1e9)).toBe(0.999);
});
