/** `hilum pretrain dinov2`, the compiled binary: with a folder alone, killed and taken up again, stopped, used. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadWeights } from '../src/models/index.js';
import { writePhantomSet, writePictureSet } from '../src/phantoms/index.js';
import { checkPretraining, PRESETS } from '../src/pretraining/index.js';
import { readSafetensors, scope, toBytes } from '../src/torch/index.js';
import { experiment, hilum, start } from './tiny-experiment.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-pretrain-'));
const path = (...names: string[]) => join(folder, ...names);
const tiny = {
  precision: 'fp32',
  threads: 1,
  crops: { globalSize: 16, localSize: 8, locals: 2 },
  model: { patchSize: 4, dim: 16, depth: 2, heads: 2, registers: 1 },
  objective: {
    head: { prototypes: 32, hidden: 24, bottleneck: 12 },
    centering: 'centering',
    gram: { start: 0.4, every: 0.3 },
  },
  training: { epochs: 3, batchSize: 8, dropPath: 0.2 },
  evaluation: { every: 1, k: 5 },
};
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = path('cache');
  await writePictureSet(path('pictures'), { images: 100, size: 24, seed: 1 });
  writeFileSync(path('tiny.yaml'), stringify(tiny));
});
afterAll(() => rmSync(folder, { recursive: true }));

const command = (out: string, ...more: string[]) =>
  [
    'pretrain',
    'dinov2',
    path('tiny.yaml'),
    '--data',
    path('pictures'),
    '--evaluate',
    path('pictures'),
    '--out',
    path(out),
  ].concat(more);

const FILES = ['backbone.safetensors', 'student.safetensors', 'teacher_checkpoint.pth'];
const written = (out: string) => FILES.map((name) => readFileSync(path(out, name)).toString('base64'));

/** Epochs and steps of metrics.jsonl without what the clock says. */
const curves = (out: string) =>
  readFileSync(path(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (/^(imagesPerSecond|secondsLeft)$/.test(key) ? undefined : value)));

const until = async (condition: () => boolean) => {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 30_000) throw new Error('waited for 30 s');
    await new Promise((done) => setTimeout(done, 5));
  }
};

/** Whether the weights that the folder offers are those with which the run goes on. */
const weightsInCheckpoint = (out: string) =>
  scope(() => {
    const { tensors } = readSafetensors(path(out, 'checkpoint', 'state.safetensors'));
    const { backbone } = loadWeights(path(out));
    const entries = Object.entries(backbone.stateDict());
    const same = entries.map(([name, value]) =>
      Buffer.from(toBytes(value)).equals(toBytes(tensors[`task.networks.teacher.backbone.${name}`]!)),
    );
    backbone.free();
    return same.every(Boolean);
  });

describe('hilum pretrain dinov2', () => {
  it('killed, and stopped, it goes on to the same bits', { timeout: 180_000 }, async () => {
    const whole = await hilum(...command('whole', '--json'));
    expect(whole.code, whole.err).toBe(0);
    expect(JSON.parse(whole.out)).toMatchObject({ images: 100, steps: 36, epochs: 3 });
    expect(whole.err).toMatch(/epoch 3\/3: k-NN \d+\.\d %, loss/);

    const state = path('broken', 'checkpoint', 'state.safetensors');
    const killed = start(...command('broken', '--checkpoint-seconds', '0'));
    await until(() => existsSync(state));
    killed.child.kill('SIGKILL');
    expect((await killed.outcome).code).toBe(null);
    expect(existsSync(path('broken', 'result.json'))).toBe(false);
    const before = readFileSync(state);
    const stopped = start(...command('broken', '--checkpoint-seconds', '0'));
    await until(() => !readFileSync(state).equals(before));
    stopped.child.kill('SIGINT');
    const outcome = await stopped.outcome;
    expect(outcome.err).toContain('stopped; run the same command again to go on from here');
    expect(outcome.code).toBe(130);
    expect(weightsInCheckpoint('broken')).toBe(true);
    const last = await hilum(...command('broken'));
    expect(last.code, last.err).toBe(0);
    expect(written('broken')).toEqual(written('whole'));
    expect(curves('broken')).toEqual(curves('whole'));
  });

  it('gives a network that experiments, features and conversions take', { timeout: 180_000 }, async () => {
    const inspected = await hilum('weights', 'inspect', path('whole'), '--json');
    expect(inspected.code, inspected.err).toBe(0);
    const converted = await hilum('weights', 'convert', path('whole'), '--out', path('dinov2.pth'), '--to', 'dinov2');
    expect(converted.code, converted.err).toBe(0);
    const probe = await hilum(
      'probe',
      'folder',
      '--root',
      path('pictures'),
      '--weights',
      path('whole'),
      '--knn',
      '5',
      '--no-cache',
      '--seed',
      '1',
      '--redraws',
      '100',
      '--json',
    );
    expect(probe.code, probe.err).toBe(0);
    const [{ neighbors }] = JSON.parse(probe.out).weights;
    const { scores } = JSON.parse(readFileSync(path('whole', 'result.json'), 'utf8'));
    expect(neighbors.score.estimate).toBeCloseTo(scores.at(-1).knn, 6);

    await writePhantomSet(path('radiographs'), { images: 40, size: 16, seed: 1 });
    const start = { name: 'mine', from: 'weights', file: 'whole' };
    const document = experiment([start], (it) => {
      it.model = { imageSize: 16 };
      it.finetuning = { ...it.finetuning, epochs: 1, dropPath: 0 };
    });
    writeFileSync(path('experiment.yaml'), stringify(document));
    const run = await hilum('experiment', 'run', path('experiment.yaml'), '--out', path('experiment'), '--cores', '1');
    expect(run.code, run.err).toBe(0);
    const { initializations } = JSON.parse(readFileSync(path('experiment', 'result.json'), 'utf8'));
    expect(initializations[0].network).toMatch(/2 blocks of width 16, patches of 4 px, 1 register.*mean 0.485/);
  });

  it('shows the complete configuration, which says the same again', async () => {
    const { out, code } = await hilum('pretrain', 'dinov2', '--data', path('pictures'), '--show-config');
    expect(code).toBe(0);
    const config = parse(out);
    expect(config.training).toEqual(PRESETS.small.training);
    expect(checkPretraining(config, 'shown')).toEqual(
      checkPretraining({ data: [{ source: path('pictures') }] }, 'short'),
    );
  });

  it('refuses with exit code 2 what cannot be', async () => {
    const none = await hilum('pretrain', 'dinov2', '--out', path('none'));
    expect(none.code).toBe(2);
    expect(none.err).toContain('Give --data FOLDER.');
    const other = await hilum(...command('whole', '--epochs', '4'));
    expect(other.code).toBe(2);
    expect(other.err).toContain('a pretraining with other config.training.epochs (3, now 4)');
  });
});
