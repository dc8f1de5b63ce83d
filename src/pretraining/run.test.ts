import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadWeights, openWeights } from '../models/index.js';
import { readSafetensors, scope, toBytes, toFloat32Array } from '../torch/index.js';
import { type Document, IMAGES, PretrainingBench } from './fixtures/tiny-pretraining.js';

vi.mock('../training/index.js', async (actual) => ({
  ...(await actual<typeof import('../training/index.js')>()),
  startTraining: (await import('../../test/training-here.js')).startTrainingHere,
}));

const bench = new PretrainingBench();
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = bench.path('cache');
  await bench.draw();
});
beforeEach(() => void bench.printed.splice(0));
afterAll(() => bench.remove());

const lines = (out: string): Document[] =>
  readFileSync(bench.path(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const backboneOf = (out: string) => readFileSync(bench.path(out, 'backbone.safetensors'));

/** A folder of the first pictures, and files that are none. */
function folderOf(name: string, pictures: number, broken = 0): string {
  const folder = bench.path(name);
  mkdirSync(folder, { recursive: true });
  const [first] = readdirSync(bench.path('pictures'));
  const files = readdirSync(bench.path('pictures'), { recursive: true, encoding: 'utf8' }).filter((it) =>
    it.endsWith('.png'),
  );
  expect(first).toBeDefined();
  for (const [i, file] of files.slice(0, pictures).entries()) {
    copyFileSync(bench.path('pictures', file), join(folder, `${i}.png`));
  }
  for (let i = 0; i < broken; i++) writeFileSync(join(folder, `broken-${i}.png`), 'no picture');
  return folder;
}

describe('a pretraining', () => {
  it('leaves teacher and student, curves, and how good the features were', async () => {
    const result = await bench.run('whole', (it) => {
      it.evaluation.linear = true;
    });
    expect(result).toMatchObject({
      images: IMAGES,
      epochs: 2,
      steps: 24,
      seen: 192,
      recipe: 'natural',
      unreadable: [],
    });
    expect(result.scores.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    for (const { knn, linear } of result.scores) {
      for (const accuracy of [knn, linear!]) {
        expect(accuracy).toBeGreaterThanOrEqual(0);
        expect(accuracy).toBeLessThanOrEqual(1);
      }
    }
    expect(readdirSync(bench.path('whole')).sort()).toEqual([
      'backbone.safetensors',
      'checkpoint',
      'config.json',
      'evaluations',
      'events.out.tfevents.hilum',
      'index.html',
      'metrics.jsonl',
      'result.json',
      'student.safetensors',
      'student_checkpoint.pth',
      'teacher_checkpoint.pth',
    ]);
    const epochs = lines('whole').filter(({ kind }) => kind === 'epoch');
    expect(epochs.map(({ knn, linear }) => ({ knn, linear }))).toEqual(
      result.scores.map(({ knn, linear }) => ({ knn, linear })),
    );
    for (const name of [
      'loss',
      'dinoGlobal',
      'dinoLocal',
      'ibot',
      'koleo',
      'featureSpread',
      'prototypesUsed',
      'imagesPerSecond',
    ]) {
      expect(epochs[2][name], name).toBeGreaterThan(-10);
    }
    expect(epochs[2].secondsLeft).toBe(0);
    expect(bench.printed.filter((text) => text.startsWith('epoch 2/2: k-NN'))).toHaveLength(1);
    expect(bench.printed).toContainEqual(
      expect.stringMatching(
        /^epoch 0\/2: k-NN \d+\.\d % \(random weights\), linear probe \d+\.\d %, raw pixels \d+\.\d %$/,
      ),
    );
    expect(epochs[0].knnPixels).toBe(result.pixels?.knn);
    scope(() => {
      const { backbone } = loadWeights(bench.path('whole'));
      expect(backbone.config).toMatchObject({ architecture: 'vit', imageSize: 16, patchSize: 4, dim: 16 });
      backbone.free();
    });
    expect(readdirSync(bench.path('whole', 'evaluations'))).toEqual([
      'epoch-0000.html',
      'epoch-0001.html',
      'epoch-0002.html',
    ]);
    const html = readFileSync(bench.path('whole', 'evaluations', 'epoch-0002.html'), 'utf8');
    expect(html).toContain(`k-NN ${(100 * result.scores[2]!.knn).toFixed(1)} % (k 5; before the training`);
    expect(html.match(/class="row"/g)).toHaveLength(8);
    expect(html.match(/src="data:image\/webp;base64,/g)).toHaveLength(8 * (1 + 2 + 5));
    expect(html.match(/<figure class="same">/g)?.length ?? 0).toBeGreaterThan(0);
    const overview = readFileSync(bench.path('whole', 'index.html'), 'utf8');
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    const [before, , last] = result.scores;
    expect(overview).toContain(
      `of training; k-NN ${percent(last!.knn)} (${percent(before!.knn)} before, raw pixels ${percent(result.pixels!.knn)})`,
    );
    expect(overview.match(/<svg role="img"/g)).toHaveLength(2 + 5 + 4 + 6);
    expect(overview.match(/href="evaluations\/epoch-000[012].html"/g)).toHaveLength(3);
    const config = JSON.parse(readFileSync(bench.path('whole', 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      method: 'dinov2',
      recipe: 'natural',
      threads: 1,
      precision: 'fp32',
      images: IMAGES,
    });
  });

  it('gives its weights with each evaluation, while it goes on', async () => {
    const open = () => scope(() => openWeights(bench.path('under way')).config);
    const seen: Buffer[] = [];
    bench.onPrint = (text) => {
      const epoch = /^epoch (\d)\/3/.exec(text)?.[1];
      if (epoch === '0') {
        expect(open).toThrow('under way: found a pretraining that has not written its weights yet; expected one after');
      } else if (epoch) {
        expect(open()).toMatchObject({ architecture: 'vit', dim: 16 });
        seen.push(backboneOf('under way'));
      }
    };
    await bench.run('under way', (it) => {
      it.training.epochs = 3;
    });
    bench.onPrint = () => {};
    const [first, second, third] = seen; // those of the last epoch come when all is done
    expect(first!.equals(second!)).toBe(false);
    expect(third!.equals(second!)).toBe(true);
    expect(backboneOf('under way').equals(third!)).toBe(false);
  });

  it('is found done, and refuses to be another one in the same folder', async () => {
    const first = await bench.run('twice', (it) => {
      it.evaluation.source = null;
    });
    const again = await bench.run('twice', (it) => {
      it.evaluation.source = null;
    });
    expect(again).toEqual(JSON.parse(JSON.stringify(first)));
    expect(bench.printed.at(-1)).toBe(`${bench.path('twice')}: done already`);
    const other = bench.run('twice', (it) => {
      it.evaluation.source = null;
      it.training.epochs = 3;
    });
    await expect(other).rejects.toThrow(
      `${bench.path('twice')}: found a pretraining with other config.training.epochs (2, now 3); expected a new folder`,
    );
  });

  it('goes on from weights, with their network at the size of the crops', async () => {
    await bench.run('donor', (it) => {
      it.evaluation.source = null;
    });
    await bench.run('further', (it) => {
      it.evaluation.source = null;
      delete it.model;
      it.from = { weights: bench.path('donor') };
      it.crops.globalSize = 24;
      it.training = { ...it.training, epochs: 1, dropPath: 0.2 };
    });
    scope(() => {
      const { backbone } = loadWeights(bench.path('further'));
      expect(backbone.config).toMatchObject({ imageSize: 24, patchSize: 4, dim: 16, dropPath: [0.2, 0.2] });
      backbone.free();
    });
  });

  it('takes gray images as radiographs, and says so', async () => {
    const { writePhantomSet } = await import('../phantoms/index.js');
    await writePhantomSet(bench.path('radiographs'), { images: 16, size: 32, seed: 1 });
    const result = await bench.run('gray', (it) => {
      it.evaluation.source = null;
      it.data = [{ source: bench.path('radiographs'), kind: 'folder' }];
      it.training.epochs = 1;
    });
    expect(result.recipe).toBe('radiographs');
    expect(bench.printed).toContain(
      'crops: the recipe for radiographs, since none of 16 images looked at are coloured (crops.recipe)',
    );
  });

  it('counts an epoch in steps, over several passes through all sources', async () => {
    const result = await bench.run('steps', (it) => {
      it.evaluation.source = null;
      it.data.push({ source: folderOf('more', 4) });
      it.training.epochSteps = 7;
    });
    expect(result).toMatchObject({ images: IMAGES + 4, steps: 14, seen: 112 });
  });
});

describe('what cannot be trained on', () => {
  const only = (source: string, change: (it: Document) => void = () => {}) =>
    bench.run('refused', (it) => {
      it.evaluation.source = null;
      it.data = [{ source }];
      change(it);
    });

  it('an empty folder', async () => {
    await expect(only(folderOf('empty', 0))).rejects.toThrow(
      /empty: found neither pictures nor shards; expected a folder/,
    );
  });

  it('no source, and one that is not there', async () => {
    const none = bench.run('refused', (it) => {
      it.data = [];
    });
    await expect(none).rejects.toThrow('data: found no source of images; expected one at least. Give --data FOLDER.');
    await expect(only(bench.path('nowhere'))).rejects.toThrow('nowhere');
  });

  it('one image, and fewer images than a batch has', async () => {
    await expect(only(folderOf('one', 1))).rejects.toThrow(
      'training.batchSize: found 8, of 1 image; expected at most as many as there are images. Give more images.',
    );
    await expect(only(folderOf('five', 5))).rejects.toThrow('found 8, of 5 images; expected at most as many');
  });

  it('images that are all broken', async () => {
    await expect(only(folderOf('broken', 0, 12))).rejects.toThrow(
      /data: found none that can be read among 12 of 12 images \(the first: broken-0.png: .*\); expected images/,
    );
  });

  it('some broken images are replaced, and listed', async () => {
    const result = await bench.run('some', (it) => {
      it.evaluation.source = null;
      it.data = [{ source: folderOf('mixed', 14, 2) }];
      it.training.epochs = 1;
    });
    expect(result.unreadable.map(({ id }) => id).sort()).toEqual(['broken-0.png', 'broken-1.png']);
    expect(bench.printed.some((text) => /broken-\d.png: .*; another comes in its place/.test(text))).toBe(true);
  });

  it('crops larger than the images are said, and made', async () => {
    await bench.run('enlarged', (it) => {
      it.evaluation.source = null;
      it.crops.globalSize = 32;
      it.training.epochs = 1;
    });
    expect(bench.printed).toContain(
      'warning: 24 of 24 images looked at are smaller than the global crops of 32 px, which enlarge them; ' +
        'crops.globalSize (and localSize) may be lower',
    );
  });

  it('crops that are no multiple of the patches', async () => {
    const odd = only(bench.path('pictures'), (it) => {
      it.crops.localSize = 10;
    });
    await expect(odd).rejects.toThrow(
      "crops.localSize: found 10; expected a multiple of the network's patch size 4, 4 at least. Use 12.",
    );
  });

  it('fewer prototypes than images in a batch', async () => {
    const few = async () =>
      only(bench.path('pictures'), (it) => {
        it.objective.head.prototypes = 7;
      });
    await expect(few()).rejects.toThrow('objective.head.prototypes: found 7; expected at least training.batchSize, 8');
  });

  it('more neighbours than labelled pictures, and pictures without labels', async () => {
    const many = bench.run('refused', (it) => {
      it.evaluation.k = 1000;
    });
    await expect(many).rejects.toThrow('evaluation.k: found 1000; expected 1 to 70, the training pictures of');
    const flat = bench.run('refused', (it) => {
      it.evaluation.source = folderOf('flat', 20);
    });
    await expect(flat).rejects.toThrow('found neither labels.csv nor class folders');
  });

  it('a file in place of the folder', async () => {
    writeFileSync(bench.path('taken'), '');
    await expect(bench.run('taken')).rejects.toThrow(/taken: found a file; expected a folder/);
  });

  it('a GPU that is not there', async () => {
    const gpu = only(bench.path('pictures'), (it) => {
      it.device = 'cuda:99';
    });
    await expect(gpu).rejects.toThrow('device: found cuda:99; expected');
  });
});

describe('a training that fails', () => {
  it('a loss that is not finite names the step, and leaves the last checkpoint whole', async () => {
    const exploded = bench.run(
      'exploded',
      (it) => {
        it.evaluation.source = null;
        Object.assign(it.training, { learningRate: [1e30, 1], warmup: 0, weightDecay: [0, 0], epochs: 20 });
      },
      0,
    );
    await expect(exploded).rejects.toThrow(
      /pretraining: step \d+: found loss .*; expected finite numbers. No weight was changed/,
    );
    const path = bench.path('exploded', 'checkpoint', 'state.safetensors');
    expect(existsSync(path)).toBe(true);
    expect(existsSync(bench.path('exploded', 'result.json'))).toBe(false);
    expect(readFileSync(bench.path('exploded', 'index.html'), 'utf8')).toMatch(/\d+ of 20 epochs so far/);
    scope(() => {
      for (const [name, tensor] of Object.entries(readSafetensors(path).tensors)) {
        if (name !== 'generator') expect(toFloat32Array(tensor.to('float32')).every(Number.isFinite), name).toBe(true);
      }
      const { tensors } = readSafetensors(path);
      const { backbone } = loadWeights(bench.path('exploded'));
      for (const [name, value] of Object.entries(backbone.stateDict())) {
        expect(toBytes(value), name).toEqual(toBytes(tensors[`task.networks.teacher.backbone.${name}`]!));
      }
      backbone.free();
    });
  });

  it('a collapse is said with advice', async () => {
    const flat = bench.run('collapsed', (it) => {
      it.evaluation.source = null;
      Object.assign(it.training, { teacherTemperature: [50, 50], epochs: 1, epochSteps: 80 });
    });
    await expect(flat).rejects.toThrow(
      /pretraining: collapsed: at step 51, .* the teacher's assignments say nothing of the image .* Lower learningRate/,
    );
  });
});
