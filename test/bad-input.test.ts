/** What a person can do wrong: exit code 2 and a message that names it, with what was found and what was expected. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ones, readSafetensors, scope, writeSafetensors } from '../src/torch/index.js';
import { hilum } from './command-line.js';
import {
  type Document,
  dinov2,
  experiment,
  type Outcome,
  partOf,
  phantoms,
  random,
  hilum as spawned,
  ssl,
  supervised,
  Workbench,
} from './tiny-experiment.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const bench = new Workbench(hilum);
afterAll(() => bench.remove());

let run: string;
beforeAll(async () => {
  await bench.draw();
  const good = await bench.run(experiment([supervised]), 'good');
  expect(good, good.err).toMatchObject({ code: 0 });
  run = partOf(bench.path('good'), 'phantoms-supervised');
});

function expectRefused({ code, out, err }: Outcome, ...words: (string | RegExp)[]): void {
  expect(code, err).toBe(2);
  expect(out).toBe('');
  const error = err.slice(err.indexOf('error: '));
  for (const word of [/expected /, ...words]) expect(error).toMatch(word);
  expect(err).not.toMatch(/^\s+at /m);
}

/** A copy of the drawn radiographs, spoiled. */
function spoiled(name: string, spoil: (folder: string) => void): Document {
  const folder = bench.path(name);
  cpSync(bench.path('radiographs'), folder, { recursive: true });
  spoil(folder);
  return { ...phantoms, root: name };
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

const TABLE = 'Data_Entry_2017_v2020.csv';

/** Runs an experiment of random starts on a data set. */
const runOn = (dataset: Document, out: string, ...args: string[]) =>
  bench.run(
    experiment([random], (it) => {
      it.datasets = [dataset];
    }),
    out,
    ...args,
  );

describe('an experiment is refused', () => {
  it('where its file is missing, no YAML, or not as the schema says', async () => {
    expectRefused(await hilum('experiment', 'run', bench.path('no.yaml')), 'no.yaml', 'no such file');
    expectRefused(await bench.run('name: [', 'x'), 'invalid YAML', 'line 1');
    const wrong = experiment([random], (it) => {
      it.finetuning.epochs = 'ten';
      it.finetuning.augmentation = { flipp: 0.5 };
    });
    const refused = await bench.run(wrong, 'x', '--json');
    expectRefused(refused, 'finetuning.epochs: found "ten"; expected a number', 'finetuning.augmentation.flipp');
    expect(refused.err).toContain('Did you mean "flip"?');
    expect(existsSync(bench.path('x'))).toBe(false);
    expectRefused(await spawned('experiment', 'run', bench.path('no.yaml'), '--json'), 'no.yaml', 'no such file');
  });

  it('where an option is wrong', async () => {
    const file = bench.write(experiment([random]));
    const refused = await hilum('experiment', 'run', file, '--cores', '0');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Expected an integer from 1') });
  });

  it('where its model makes no sense', async () => {
    const refused = await bench.run(
      experiment([random], (it) => {
        it.model.imageSize = 30;
      }),
      'x',
    );
    expectRefused(refused, 'model: imageSize: found 30', 'patchSize 8');
    const sizeless = experiment([random], (it) => {
      it.model = { imageSize: 32, patchSize: 8 };
    });
    expectRefused(await bench.run(sizeless, 'x'), 'model: found no dim', 'expected size, or dim');
  });

  it.each<[string, Document, object, RegExp]>([
    [
      'more frozen blocks than there are',
      {},
      { freeze: 13 },
      /finetuning\.freeze: found 13; expected 0 to 2, or backbone/,
    ],
    [
      'adapters of layers that are not there',
      {},
      { lora: { targets: ['q'] } },
      /lora\.targets: found q; .*: qkv, proj, fc1/,
    ],
    [
      'adapters in a convolutional network',
      { model: { architecture: 'resnet', size: 'resnet18', imageSize: 32, width: 4 } },
      { lora: {} },
      /finetuning\.lora: found a resnet .*convolutions/,
    ],
  ])('where its fine-tuning names %s, before anything runs', async (_, more, finetuning, message) => {
    const wrong = experiment([ssl], (it) =>
      Object.assign(it, more, { finetuning: { ...it.finetuning, ...finetuning } }),
    );
    expectRefused(await bench.run(wrong, 'untouched'), message);
    expect(existsSync(bench.path('untouched', 'parts'))).toBe(false);
  });

  it('where its weights do not suit its fine-tuning', async () => {
    const file = join(run, 'model.safetensors');
    const wrong = experiment([{ name: 'own', from: 'weights', file, input: 'none' }], (it) => {
      it.finetuning.freeze = 3;
    });
    expectRefused(await bench.run(wrong, 'own weights'), /finetuning\.freeze: found 3; expected 0 to 2/);
  });

  it('where the data are missing, or a file of them, or a column', async () => {
    expectRefused(await runOn({ ...phantoms, root: 'nowhere' }, 'x'), 'nowhere');
    expectRefused(await bench.run(experiment([random]), 'x', '--data', bench.path('elsewhere')), 'elsewhere');
    const noList = spoiled('no list', (folder) => rmSync(join(folder, 'train_val_list.txt')));
    expectRefused(await runOn(noList, 'x'), 'train_val_list.txt');
    const noColumn = spoiled('no column', (folder) =>
      edit(join(folder, TABLE), (text) => text.replace('Patient ID', 'Patient')),
    );
    expectRefused(await runOn(noColumn, 'x'), TABLE, 'a column "Patient ID"');
  });

  it('where a finding is unknown, or has one class only in training', async () => {
    expectRefused(
      await runOn({ ...phantoms, findings: ['Cardiomegali'] }, 'x'),
      '"Cardiomegali"',
      'Did you mean "Cardiomegaly"',
    );
    expectRefused(
      await runOn({ ...phantoms, findings: ['Effusion', 'Hernia'] }, 'x'),
      /phantoms.*training split, Hernia/,
      /Hernia: 0 positive, \d+ negative/,
    );
  });

  it('where a split is empty', async () => {
    const noTest = spoiled('no test', (folder) => writeFileSync(join(folder, 'test_list.txt'), ''));
    expectRefused(await runOn(noTest, 'x'), 'test');
    const brokenTest = spoiled('broken test', (folder) => {
      const ids = readFileSync(join(folder, 'test_list.txt'), 'utf8').trim().split('\n');
      for (const id of ids) writeFileSync(join(folder, 'images', id), 'broken');
    });
    expectRefused(await runOn(brokenTest, 'x'), 'phantoms: test split: found no readable radiograph');
  });

  it('where weights are missing, no safetensors, or have too much or too little, until that is allowed', async () => {
    const from = (file: string) => bench.run(experiment([{ name: 'own', from: 'weights', file }]), 'x');
    expectRefused(await from('no.safetensors'), 'no.safetensors', 'no such file');
    writeFileSync(bench.path('text.safetensors'), 'these are no weights, and longer than eight bytes');
    expectRefused(await from('text.safetensors'), 'text.safetensors', 'expected a safetensors file');
    scope(() => {
      const { tensors, metadata } = readSafetensors(join(run, 'backbone.safetensors'));
      writeSafetensors(bench.path('more.safetensors'), { ...tensors, 'rope.periods': ones([1]) }, metadata);
      const { 'norm.bias': _, ...less } = tensors;
      writeSafetensors(bench.path('less.safetensors'), less, metadata);
    });
    expectRefused(await from('more.safetensors'), 'more.safetensors', 'unexpected: rope.periods');
    expectRefused(await from('less.safetensors'), 'less.safetensors', 'missing: norm.bias');
    const heads = experiment([{ name: 'own', from: 'weights', file: join(run, 'backbone.safetensors'), heads: 7 }]);
    expectRefused(await bench.run(heads, 'x'), 'backbone.safetensors', 'the 7 heads asked for');
    const allow = ['rope.{i}', 'rope.*'];
    const allowed = experiment([{ name: 'own', from: 'weights', file: 'more.safetensors', allow }]);
    expect(await bench.run(allowed, 'allowed')).toMatchObject({ code: 0 });
  });

  it('where not one batch can be filled, before anything is trained', async () => {
    const large = await bench.run(
      experiment([ssl], (it) => {
        it.finetuning.batchSize = 64;
      }),
      'large batch',
    );
    expectRefused(large, /finetuning.batchSize: found 64; expected at most \d+, .*phantoms/);
    expect(() => partOf(bench.path('large batch'), 'pretrain')).toThrow();
    const largeSsl = await bench.run(
      experiment([ssl], (it) => {
        it.initializations[0].training.batchSize = 61;
      }),
      'x',
    );
    expectRefused(largeSsl, /ssl: training.batchSize: found 61; expected at most 60/);
  });

  it('where pictures are missing, or have no classes to learn', async () => {
    const on = (start: object, root: string) =>
      bench.run(experiment([{ ...start, pictures: [{ type: 'folder', root }] }]), 'x');
    expectRefused(await on(ssl, 'no pictures'), 'no pictures');
    expectRefused(await on(supervised, 'radiographs/images'), 'neither labels.csv nor class folders');
  });

  it('where the device is absent', async () => {
    const refused = await bench.run(
      experiment([random], (it) => {
        it.device = 'cuda:63';
      }),
      'x',
    );
    expectRefused(refused, 'device', 'cuda:63');
  });
});

describe('a broken image', () => {
  let broken: string;
  let dataset: Document;
  const firstTrained = (folder: string) =>
    readFileSync(join(folder, 'train_val_list.txt'), 'utf8').split('\n')[0] as string;
  beforeAll(() => {
    dataset = spoiled('broken', (folder) => {
      broken = firstTrained(folder);
      const path = join(folder, 'images', broken);
      writeFileSync(path, readFileSync(path).subarray(0, 200));
    });
  });

  it('is listed, counted and left out', async () => {
    const outcome = await runOn(dataset, 'broken run', '--json');
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    const [{ unreadable, splits }] = JSON.parse(outcome.out).datasets;
    expect(unreadable).toEqual([{ id: broken, reason: expect.any(String) }]);
    expect(splits.train.images + splits.validate.images + splits.test.images).toBe(59);
    expect(outcome.err).toContain(`1 of 60 images that cannot be read: ${broken}`);
    expect(readFileSync(bench.path('broken run', 'report.md'), 'utf8')).toContain(broken);
  });

  it('stops the experiment with --strict, also where it was left out before', async () => {
    expectRefused(await runOn(dataset, 'broken run', '--strict'), 'phantoms: found 1 of 60 images', broken);
  });

  it('takes part once it is repaired', async () => {
    cpSync(bench.path('radiographs', 'images', broken), bench.path('broken', 'images', broken));
    const outcome = await runOn(dataset, 'broken run', '--json', '--strict');
    expect(JSON.parse(outcome.out).datasets[0].unreadable).toEqual([]);
  });

  it('among the pictures of a pretraining is left out too', async () => {
    cpSync(bench.path('pictures'), bench.path('some pictures'), { recursive: true });
    writeFileSync(bench.path('some pictures', 'trees', '00001.png'), 'broken');
    const starts = [ssl, supervised, dinov2].map((start) => ({
      ...start,
      pictures: [{ type: 'folder', root: 'some pictures' }],
    }));
    const outcome = await bench.run(experiment(starts), 'some pictures run', '--json');
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    const { initializations } = JSON.parse(outcome.out);
    expect(initializations).toHaveLength(starts.length);
    for (const { pretrainings } of initializations) {
      const [pretraining] = pretrainings;
      expect(pretraining.unreadable).toEqual([{ id: 'trees/00001.png', reason: expect.any(String) }]);
      expect(pretraining.data).toMatch(/^59 /);
    }
    expectRefused(await bench.run(experiment(starts), 'some pictures run', '--strict'), 'trees/00001.png');
  });
});

describe('hilum predict refuses', () => {
  it('a folder that is no run, and a file that is no image', async () => {
    const image = bench.path(
      'radiographs',
      'images',
      readFileSync(bench.path('radiographs', 'test_list.txt'), 'utf8').split('\n')[0]!,
    );
    expectRefused(await hilum('predict', '--run', bench.path('pictures'), image), 'pictures', 'no model.json');
    expectRefused(await hilum('predict', '--run', bench.path('nowhere'), image), 'nowhere');
    writeFileSync(bench.path('text.png'), 'no image');
    expectRefused(await hilum('predict', '--run', run, image, bench.path('text.png'), '--json'), 'text.png');
    expectRefused(await hilum('predict', '--run', run, bench.path('missing.png')), 'missing.png', 'no such file');
  });
});

it('hilum experiment report refuses a folder without a result', async () => {
  expectRefused(await hilum('experiment', 'report', bench.path('pictures')), 'result.json', 'no such file');
});

it('a training that diverges fails with exit code 1, its step and what to do', async () => {
  const outcome = await bench.run(
    experiment([random], (it) => {
      it.finetuning.learningRate = 1e30;
    }),
    'diverged',
  );
  expect(outcome).toMatchObject({ code: 1, out: '' });
  expect(outcome.err).toMatch(/random lr 1e\+30 seed 1: diverged/);
  expect(outcome.err).toMatch(
    /error: .*: random on phantoms: found a loss of NaN at step \d+ with learning rate 1e\+30 and seed 1; expected a finite one\. Lower finetuning\.learningRate, or set finetuning\.clip\.\n.*To go on: hilum experiment run /,
  );
});
