import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../base/index.js';
import { checkExperiment, loadExperiment } from './config.js';

// biome-ignore lint/suspicious/noExplicitAny: documents that the schema is to refuse
type Document = any;

const document = (): Document => ({
  name: 'tiny',
  model: { size: 'tiny' },
  datasets: [{ name: 'set', type: 'chestxray14', root: 'data' }],
  initializations: [{ name: 'random', from: 'random' }],
});

const ssl = { name: 'ssl', from: 'ssl', pictures: [{ type: 'folder', root: 'photos' }] };
const dinov2 = { ...ssl, method: 'dinov2' };

function faultOf(change: (it: Document) => void): string {
  const changed = document();
  change(changed);
  try {
    checkExperiment(changed, 'e.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('no fault was found');
}

describe('an experiment file', () => {
  it('gets the defaults of the study', () => {
    const { finetuning, preprocessing, statistics } = checkExperiment(document(), 'e.yaml');
    expect(finetuning).toMatchObject({ epochs: 100, batchSize: 32, learningRate: 1e-5, weightDecay: 0 });
    expect(finetuning).toMatchObject({ schedule: 'constant', augmentation: { flip: 0.5, rotation: 7 } });
    expect(finetuning).toMatchObject({
      preset: 'study-2024',
      accumulate: 1,
      mixup: 0,
      sampling: 'shuffled',
      ema: null,
    });
    expect(finetuning).toMatchObject({ loss: { type: 'cross-entropy', posWeight: true, smoothing: 0 } });
    expect(finetuning).toMatchObject({ select: 'loss', patience: null, testFlip: false });
    expect(preprocessing).toEqual({ minMax: true, equalize: true, fit: 'stretch', interpolation: 'lanczos' });
    expect(statistics).toEqual({
      redraws: 1000,
      permutations: 0,
      margin: null,
      unit: 'patient',
      stratified: false,
      interval: 'percentile',
      confidence: 0.95,
      correction: 'benjamini-hochberg',
      threshold: 'youden',
      ageBands: [18, 40, 60, 80],
      smallestGroup: 10,
    });
  });

  it('gets the values of a preset, above which stands what is said beside it', () => {
    const of = (finetuning: Document) => checkExperiment({ ...document(), finetuning }, 'e.yaml').finetuning;
    expect(of({ preset: 'study-2024' })).toEqual(of(undefined));
    const modern = of({ preset: 'modern' });
    expect(modern).toMatchObject({ preset: 'modern', schedule: 'cosine', warmup: 0.1, weightDecay: 0.05, ema: 0.999 });
    expect(modern).toMatchObject({
      learningRate: 1.25e-4,
      layerDecay: 0.75,
      dropPath: 0.1,
      epochs: 100,
      batchSize: 32,
    });
    expect(of({ preset: 'modern', ema: null, augmentation: { rotation: 3 }, loss: { type: 'focal' } })).toEqual({
      ...modern,
      ema: null,
      augmentation: { ...modern.augmentation, rotation: 3 },
      loss: { type: 'focal', gamma: 2, alpha: 0.25 },
    });
    expect(of({ preset: 'modern', freeze: 'backbone' })).toMatchObject({ layerDecay: 1, dropPath: 0, ema: 0.999 });
    expect(of(modern)).toEqual(modern);
  });

  it.each<[string, (it: Document) => void]>([
    [
      'finetuning.preset: found "modem"; expected one of: study-2024, modern. Did you mean "modern"?',
      (it) => (it.finetuning = { preset: 'modem' }),
    ],
    [
      'finetuning.layerDecay: found 0.5; expected 1, since freeze: backbone trains the head alone.',
      (it) => (it.finetuning = { preset: 'modern', freeze: 'backbone', layerDecay: 0.5 }),
    ],
    ['statistics.margin: found 0; expected a number more than 0.', (it) => (it.statistics = { margin: 0 })],
    ['statistics.margin: found 2; expected a number of at most 0.5.', (it) => (it.statistics = { margin: 2 })],
    [
      'statistics.permutations: found 50; expected none (0), or at least 100.',
      (it) => (it.statistics = { permutations: 50 }),
    ],
    ['finetuning.accumulate: found 0; expected a number more than 0.', (it) => (it.finetuning = { accumulate: 0 })],
    ['finetuning.accumulate: found 1.5; expected a whole number.', (it) => (it.finetuning = { accumulate: 1.5 })],
    [
      'finetuning.loss: found "focal"; expected a mapping of keys to values.',
      (it) => (it.finetuning = { loss: 'focal' }),
    ],
    [
      'finetuning.loss.type: found "focl"; expected one of: cross-entropy, focal, asymmetric. Did you mean "focal"?',
      (it) => (it.finetuning = { loss: { type: 'focl' } }),
    ],
    [
      'finetuning.loss.smoothing: found 1; expected a number less than 1.',
      (it) => (it.finetuning = { loss: { smoothing: 1 } }),
    ],
    [
      'finetuning.loss.gamma: found an unknown key; expected one of: type, posWeight, smoothing.',
      (it) => (it.finetuning = { loss: { gamma: 2 } }),
    ],
    [
      'finetuning.loss.posWeight: found an unknown key; expected one of: type, gamma, alpha.',
      (it) => (it.finetuning = { loss: { type: 'focal', posWeight: true } }),
    ],
    [
      'finetuning.loss.gamma: found -1; expected a number of at least 0.',
      (it) => (it.finetuning = { loss: { type: 'focal', gamma: -1 } }),
    ],
    [
      'finetuning.loss.alpha: found 2; expected a number of at most 1.',
      (it) => (it.finetuning = { loss: { type: 'focal', alpha: 2 } }),
    ],
    [
      'finetuning.loss.clip: found 1; expected a number less than 1.',
      (it) => (it.finetuning = { loss: { type: 'asymmetric', clip: 1 } }),
    ],
    ['finetuning.mixup: found -1; expected a number of at least 0.', (it) => (it.finetuning = { mixup: -1 })],
    [
      'finetuning.sampling: found "balanced"; expected one of: shuffled, square-root, class-balanced.',
      (it) => (it.finetuning = { sampling: 'balanced' }),
    ],
    ['finetuning.ema: found 1; expected a number less than 1.', (it) => (it.finetuning = { ema: 1 })],
    ['finetuning.ema: found 0; expected a number more than 0.', (it) => (it.finetuning = { ema: 0 })],
    [
      'finetuning.select: found "accuracy"; expected one of: loss, auroc.',
      (it) => (it.finetuning = { select: 'accuracy' }),
    ],
    ['finetuning.patience: found 0; expected a number more than 0.', (it) => (it.finetuning = { patience: 0 })],
    ['finetuning.testFlip: found "yes"; expected true or false.', (it) => (it.finetuning = { testFlip: 'yes' })],
    ['finetuning.epochs: found "ten"; expected a number.', (it) => (it.finetuning = { epochs: 'ten' })],
    ['finetuning.epochs: found 1.5; expected a whole number.', (it) => (it.finetuning = { epochs: 1.5 })],
    ['finetuning.epochs: found 0; expected a number more than 0.', (it) => (it.finetuning = { epochs: 0 })],
    [
      'finetuning.learningRate: found "fast"; expected a number or a list.',
      (it) => (it.finetuning = { learningRate: 'fast' }),
    ],
    [
      'finetuning.learningRate: found []; expected a list of at least 1 entry.',
      (it) => (it.finetuning = { learningRate: [] }),
    ],
    [
      'finetuning.learningRate[1]: found -1; expected a number more than 0.',
      (it) => (it.finetuning = { learningRate: [1, -1] }),
    ],
    [
      'finetuning.learningRate: found [1,1]; expected each value once; 1 stands there twice.',
      (it) => (it.finetuning = { learningRate: [1, 1] }),
    ],
    [
      'finetuning.seeds: found [3,3]; expected each value once; 3 stands there twice.',
      (it) => (it.finetuning = { seeds: [3, 3] }),
    ],
    [
      'initializations[1].seeds: found [2,2]; expected each value once; 2 stands there twice.',
      (it) => it.initializations.push({ ...ssl, seeds: [2, 2] }),
    ],
    [
      'initializations[1].seeds: found []; expected a list of at least 1 entry.',
      (it) => it.initializations.push({ ...ssl, seeds: [] }),
    ],
    [
      'initializations[1].pretraining.preset: found "smal"; expected one of: small, continue, paper. Did you mean "small"?',
      (it) => it.initializations.push({ ...dinov2, pretraining: { preset: 'smal' } }),
    ],
    [
      'initializations[1].pretraining.model: found {}; expected nothing here, but the model of the experiment, or "from".',
      (it) => it.initializations.push({ ...dinov2, pretraining: { model: {} } }),
    ],
    [
      'initializations[1].pretraining.training.epoch: found an unknown key; expected one of: epochs,',
      (it) => it.initializations.push({ ...dinov2, pretraining: { training: { epoch: 1 } } }),
    ],
    [
      'initializations[1].pretraining.objective.head.prototypes: found 7; expected at least training.batchSize, 32',
      (it) => it.initializations.push({ ...dinov2, pretraining: { objective: { head: { prototypes: 7 } } } }),
    ],
    [
      'initializations[1].training: found an unknown key; expected one of: name, datasets, imageSizes, from, pictures, radiographs, seeds, method, pretraining. Did you mean "pretraining"?',
      (it) => it.initializations.push({ ...dinov2, training: {} }),
    ],
    [
      'initializations[1].method: found "dino"; expected one of: simclr, dinov2.',
      (it) => it.initializations.push({ ...dinov2, method: 'dino' }),
    ],
    [
      'initializations[1].method: found "dinov2"; expected simclr, since DINOv2 masks the patches of a vit and the model is a resnet.',
      (it) => {
        it.model = { architecture: 'resnet' };
        it.initializations.push(dinov2);
      },
    ],
    [
      'finetuning.schedule: found "cosin"; expected one of: constant, cosine. Did you mean "cosine"?',
      (it) => (it.finetuning = { schedule: 'cosin' }),
    ],
    ['finetuning.layerDecay: found 0; expected a number more than 0.', (it) => (it.finetuning = { layerDecay: 0 })],
    [
      'finetuning.layerDecay: found 1.5; expected a number of at most 1.',
      (it) => (it.finetuning = { layerDecay: 1.5 }),
    ],
    ['finetuning.freeze: found -1; expected a number of at least 0.', (it) => (it.finetuning = { freeze: -1 })],
    [
      'model.input: found "imagenett"; expected weights or one of: none, imagenet, half or a mapping of keys to values.',
      (it) => (it.model.input = 'imagenett'),
    ],
    ['finetuning.freeze: found "all"; expected a number or backbone.', (it) => (it.finetuning = { freeze: 'all' })],
    [
      'finetuning.layerDecay: found 0.5; expected 1, since freeze: backbone trains the head alone.',
      (it) => (it.finetuning = { freeze: 'backbone', layerDecay: 0.5 }),
    ],
    [
      'finetuning.dropPath: found 0.1; expected 0, since freeze: backbone trains the head alone.',
      (it) => (it.finetuning = { freeze: 'backbone', dropPath: 0.1 }),
    ],
    [
      'finetuning.lora: found {}; expected null, since freeze: backbone trains the head alone.',
      (it) => (it.finetuning = { freeze: 'backbone', lora: {} }),
    ],
    [
      'finetuning.lora.targets: found []; expected a list of at least 1 entry.',
      (it) => (it.finetuning = { lora: { targets: [] } }),
    ],
    ['model.patchSize: found 15; expected one of: 8, 14, 16.', (it) => (it.model.patchSize = 15)],
    ['model: found nothing; expected a mapping of keys to values.', (it) => delete it.model],
    ['finetuning: found null; expected a mapping of keys to values.', (it) => (it.finetuning = null)],
    [
      'finetuning.augmentation.scale: found [1]; expected a list of at least 2 entries.',
      (it) => (it.finetuning = { augmentation: { scale: [1] } }),
    ],
    [
      'finetuning.augmentation.flip: found 2; expected a number of at most 1.',
      (it) => (it.finetuning = { augmentation: { flip: 2 } }),
    ],
    [
      'finetuning.augmentation.flipp: found an unknown key; expected one of: flip, rotation, scale, contrast, brightness. Did you mean "flip"?',
      (it) => (it.finetuning = { augmentation: { flipp: 1 } }),
    ],
    ['name: found "a b"; expected letters, digits', (it) => (it.name = 'a b')],
    ['device: found "gpu"; expected "cpu", "cuda" or "cuda:N".', (it) => (it.device = 'gpu')],
    ['seed: found Infinity; expected a', (it) => (it.seed = Number.POSITIVE_INFINITY)],
    ['preprocessing.minMax: found "yes"; expected true or false.', (it) => (it.preprocessing = { minMax: 'yes' })],
    ['datasets: found {}; expected a list.', (it) => (it.datasets = {})],
    [
      'datasets[0].type: found "chestxray15"; expected one of: chestxray14, chexpert,',
      (it) => (it.datasets[0].type = 'chestxray15'),
    ],
    ['datasets[0].findings[0]: found 1; expected text.', (it) => (it.datasets[0].findings = [1])],
    [
      'initializations[0].from: found "rnd"; expected one of: random, weights, ssl, supervised. Did you mean "random"?',
      (it) => (it.initializations[0].from = 'rnd'),
    ],
    ['initializations[0].file: found nothing; expected text.', (it) => (it.initializations[0].from = 'weights')],
    [
      'initializations[0]: found {"name":"random","from":"ssl"}; expected "pictures", "radiographs" or both',
      (it) => (it.initializations[0].from = 'ssl'),
    ],
    [
      'initializations[0].training.epoch: found an unknown key; expected one of: epochs, batchSize, learningRate,',
      (it) => Object.assign(it.initializations[0], { from: 'ssl', training: { epoch: 5 } }),
    ],
    [
      'initializations[0].training.batchSize: found 1; expected a number of at least 2.',
      (it) => Object.assign(it.initializations[0], { from: 'ssl', pictures: [], training: { batchSize: 1 } }),
    ],
    [
      'initializations[0].training.augmentation.x: found an unknown key; expected one of: flip',
      (it) => Object.assign(it.initializations[0], { from: 'supervised', training: { augmentation: { x: 5 } } }),
    ],
    [
      'initializations[1].name: found "random"; expected a name of its own',
      (it) => it.initializations.push({ name: 'random', from: 'random' }),
    ],
  ])('%s', (message, change) => {
    expect(faultOf(change)).toContain(`e.yaml: ${message}`);
  });

  it('is told all its faults at once, one per line', () => {
    const message = faultOf((it) => {
      it.nam = 1;
      it.model.size = 'smal';
    });
    expect(message.split('\n')).toHaveLength(2);
  });
});

describe('loading', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hilum-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names a file that is missing, and one that is no YAML, in one line', () => {
    const path = join(folder, 'e.yaml');
    expect(() => loadExperiment(path)).toThrow(`${path}: found no such file; expected a readable file`);
    writeFileSync(path, 'name: [1, 2\nmodel: {');
    expect(() => loadExperiment(path)).toThrow(
      /e\.yaml: found invalid YAML \([^\n]+line \d[^\n]+\); expected an experiment/,
    );
    writeFileSync(path, '');
    expect(() => loadExperiment(path)).toThrow('the document: found null; expected a mapping of keys to values.');
  });
});
