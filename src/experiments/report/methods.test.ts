import { describe, expect, it } from 'vitest';
import type { ExperimentResult } from '../result/index.js';
import { exampleResult } from './fixtures/result.js';
import { studyResult } from './fixtures/study.js';
import { methods } from './methods.js';

const result = exampleResult();

describe('methods', () => {
  it('name the network once where it is the same, and at each start where they differ', () => {
    expect(methods(result)[0]).toMatch(
      /^The same network \(vision transformer, .*\) was initialized in 3 ways: random \(/,
    );
    const mixed = structuredClone(result);
    mixed.initializations[0]!.network = 'ResNet-D, 3 + 4 + 6 + 3 bottleneck blocks';
    expect(methods(mixed)[0]).toMatch(
      /^3 starts of different networks were compared: random \(.*; ResNet-D, 3 \+ 4 \+ 6/,
    );
  });

  it.each<[string, object, RegExp]>([
    ['a frozen network', { freeze: 'backbone' }, /The network was frozen; the head alone was trained\. The weights/],
    [
      'frozen blocks and rates by layer',
      { freeze: 2, layerDecay: 0.75, dropPath: 0.1 },
      /The embedding and the first 2 blocks were frozen\. Each layer learned at 0\.75 times .* up to 0\.1\. The weights/,
    ],
    [
      'adapters',
      { freeze: 1, lora: { rank: 8, alpha: 16, targets: ['qkv', 'proj'] } },
      /adapters \(rank 8, alpha 16, beside qkv and proj\) and the head .* The embedding and the first block had no adapters\./,
    ],
  ])('say of what trained: %s', (_, finetuning, words) => {
    expect(methods({ ...result, configuration: { finetuning } })[1]).toMatch(words);
  });

  it.each<[string, object, RegExp]>([
    [
      'all epochs',
      { batchSize: 32, epochs: 30 },
      /for 30 epochs\. .* epoch with the lowest validation loss were tested/,
    ],
    [
      'patience',
      { batchSize: 32, epochs: 30, patience: 5 },
      /for at most 30 epochs, or until 5 epochs in a row were no/,
    ],
    ['what selects', { select: 'auroc' }, /epoch with the highest mean validation AUROC were tested/],
    ['a share of the labels', { labelFraction: 0.1 }, /The labels of 10 % of the training patients were used/],
    ['larger steps', { batchSize: 32, accumulate: 4, epochs: 2 }, /steps of 4 times 32 images/],
    ['averaged weights', { ema: 0.999 }, /exponential moving average, decay up to 0\.999/],
    ['mirror images', { testFlip: true }, /mean logit of each image and its mirror image/],
    ['clipping', { clip: 1 }, /clipped to a norm of 1\./],
    ['mixup', { mixup: 0.4 }, /mixup, alpha 0\.4/],
    ['sampling', { sampling: 'square-root' }, /drawn with replacement, with .* \(square root\)/],
    [
      'smoothing',
      { loss: { type: 'cross-entropy', posWeight: false, smoothing: 0.1 } },
      /without weights .* smoothed by 0\.1/,
    ],
    ['the focal loss', { loss: { type: 'focal', gamma: 2, alpha: null } }, /focal \(gamma 2, no alpha\)/],
    [
      'the asymmetric loss',
      { loss: { type: 'asymmetric', gammaNegative: 4, gammaPositive: 1, clip: 0.05 } },
      /gamma 1 for .* and 4 for .* at 0\.05/,
    ],
  ])('say how it trained: %s', (_, finetuning, words) => {
    expect(methods({ ...result, configuration: { finetuning } })[1]).toMatch(words);
  });

  it('say nothing of how it trained that the configuration does not say', () => {
    expect(methods({ ...result, configuration: {} })[1]).not.toMatch(
      /at most|mean validation AUROC|% of|AdamW|moving average|mirror image|clipped|mixup|replacement|The loss was/,
    );
  });

  it.each<[string, Partial<ExperimentResult['statistics']>, RegExp, RegExp]>([
    ['percentile', {}, /the 95 % percentile intervals of/, /BCa|apart/],
    [
      'BCa',
      { interval: 'bca' },
      /the 95 % intervals of .* accelerated \(BCa\), all others percentile/,
      /95 % percentile/,
    ],
    ['another level', { confidence: 0.99 }, /the 99 % percentile/, /95 %/],
    ['strata', { stratified: true }, /patients with and without a positive finding redrawn apart/, /images with/],
    ['images', { unit: 'image', stratified: true }, /by image .* images with and without/, /by patient/],
    ['a correction', { correction: 'holm' }, /corrected by Holm/, /not corrected|Benjamini/],
    ['no correction', { correction: 'none' }, /both directions, not corrected for the number/, /corrected by/],
    [
      'the threshold',
      { threshold: 'the largest F1 on the validation split' },
      /finding and run: the largest F1/,
      /Youden/,
    ],
  ])('say how it was tested: %s', (_, statistics, words, absent) => {
    const text = methods({ ...result, statistics: { ...result.statistics, ...statistics } })[2];
    expect(text).toMatch(words);
    expect(text).not.toMatch(absent);
  });

  it('say nothing of what trained where everything did', () => {
    const finetuning = { lora: null, freeze: 0, layerDecay: 1, dropPath: 0 };
    expect(methods({ ...result, configuration: { finetuning } })).toEqual(methods(result));
    expect(methods(result)[1]).not.toMatch(/frozen|adapters|the one after|dropped/);
  });

  it('say of every analysis what was done, and nothing of those that were not', () => {
    const text = (of: ExperimentResult) => methods(of)[3]!;
    const study = studyResult();
    expect(text(study)).toMatch(
      /in 18 settings, every combination of image size \(224, 336, 512 px\), share of labels \(100 %, 10 %, 1 %\) and tuning \(full, frozen\); .* reference, 224 px, 100 % of the labels, full\./,
    );
    expect(text(study)).toMatch(/drawn anew with each fine-tuning seed/);
    expect(text(study)).toMatch(/external validation every model .* No test radiograph was of a patient known/);
    expect(text(study)).toMatch(/within groups by sex and age, of at least 10 positives/);
    expect(text(study)).toMatch(/of the same view, age and sex \(after Janes/);
    expect(text(study)).toMatch(
      /degraded test images .* Brier score .* is below 0\.05; one that is not is no evidence of equality\./,
    );
    expect(text(result)).toMatch(/^A difference is called significant/);
    study.externalValidation!.find((it) => it.trainedOn !== it.testedOn)!.leftOut = 1234;
    expect(text(study)).toMatch(/left out, up to 1,234 of one test split\./);
  });

  it.each<[object | undefined, RegExp]>([
    [
      { minMax: true, equalize: true, fit: 'stretch', interpolation: 'lanczos' },
      /^Radiographs were stretched to a square of .* \(lanczos interpolation\), spread from .* and then equalized by histogram\. Each/,
    ],
    [
      { minMax: false, equalize: false, fit: 'pad', interpolation: 'bicubic' },
      /^Radiographs were padded to a square of the network’s input size \(bicubic interpolation\)\. Each/,
    ],
    [undefined, /^Each combination was/],
  ])('say how radiographs became input: %o', (preprocessing, words) => {
    expect(methods({ ...result, configuration: preprocessing ? { preprocessing } : {} })[1]).toMatch(words);
  });

  it('say which start was not fine-tuned on which data set, and leave out what was tested on alone', () => {
    const result = exampleResult();
    const names = result.datasets.map(({ name }) => name);
    expect(methods(result)[0]).toMatch(`${names[0]} (`);
    expect(methods(result)[0]).not.toMatch('not on');
    const [start] = result.initializations;
    const cells = result.cells.filter((it) => it.initialization !== start!.name || it.dataset !== names[0]);
    const external = { ...structuredClone(result.datasets[0]!), name: 'elsewhere' };
    const text = methods({ ...result, cells, datasets: [...result.datasets, external] })[0];
    expect(text).toMatch(new RegExp(`, but ${start!.name} not on ${names[0]}\\. Training`));
    expect(text).not.toContain('elsewhere');
  });
});
