import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError, Random } from '../../base/index.js';
import { openRadiographs, type Radiograph } from '../../datasets/index.js';
import { auroc } from '../../evaluation/index.js';
import { type ImageShape, radiographPreprocessing } from '../../imaging/index.js';
import { drawPatient, lungMask, renderPhantom, writePhantomSet } from '../../phantoms/index.js';
import { checkExperiment } from '../config/config.js';
import { type Masks, maskPath, openMasks } from '../data/masks.js';
import { runExperiment } from '../experiment.js';
import { readPredictions } from '../finetuning/predictions.js';
import { assertFinite, DEGRADATIONS, type Degradation } from '../result/index.js';
import { imageDegradation } from './degraded-images.js';

const SIZE = 56;
const shape: ImageShape = [1, SIZE, SIZE];

describe('what a predictor still tells from degraded phantoms', () => {
  const phantoms = Array.from({ length: 60 }, (_, i) => {
    const [phantom] = drawPatient(Random.of(4, 'patient', i), { confounding: 0 });
    const effusion = i % 2 === 0 ? { side: 'left' as const, heightCm: 17 } : undefined;
    const findings = { ...phantom!.findings, effusion, pneumothorax: undefined, consolidation: undefined };
    const acquisition = { ...phantom!.acquisition, marker: undefined, collimation: [0, 0, 0, 0] as const };
    return { ...phantom!, findings, acquisition };
  });
  const labels = phantoms.map(({ findings }) => (findings.effusion ? 1 : 0));
  const images = phantoms.map((phantom) => renderPhantom(phantom, SIZE));
  const lungs = phantoms.map((phantom) => lungMask(phantom, SIZE).map((value) => value / 255));
  const masks: Masks = { key: 'truth', read: async (i) => lungs[i]! };

  /** AUROC of a predictor on one degradation of pictures; a letter in the upper right corner is in those of sick patients alone. */
  async function left(predict: (pixels: Uint8Array) => number, degradation: Degradation, marked = false) {
    const { degrade } = imageDegradation(degradation, shape, { seed: 1, idOf: String, masks });
    const scores = images.map(async (image, i) => {
      const own = image.map((value, at) => {
        const [row, column] = [Math.floor(at / SIZE), at % SIZE];
        const inCorner = row < 4 && column >= SIZE - 4;
        if (!inCorner || !marked) return value;
        return labels[i] === 1 ? 255 : 0;
      });
      return predict(await degrade(own, i));
    });
    return auroc(await Promise.all(scores), labels).auroc;
  }

  it('a letter in the corner: all of it on the border and beside the lungs, none in the centre and in the lungs', async () => {
    const corner = (pixels: Uint8Array) => pixels[2 * SIZE - 2]!;
    const brightest = (pixels: Uint8Array) => pixels.subarray(0, 4 * SIZE).filter((value) => value === 255).length;
    expect(await left(corner, 'border', true)).toBe(1);
    expect(await left(corner, 'centre', true)).toBe(0.5);
    expect(await left(corner, 'lung-free', true)).toBe(1);
    expect(await left(corner, 'lung-only', true)).toBe(0.5);
    expect(await left(corner, 'shuffled', true)).toBeLessThan(0.8);
    expect(await left(brightest, 'border', true)).toBe(1);
  });

  it('fluid in the lung: none of it on the border and beside the lungs, nearly all in the lungs and in coarse means', async () => {
    /** How bright the lower left chest is beside the right one. */
    const asymmetry = (pixels: Uint8Array) => {
      let sum = 0;
      for (let row = 28; row < 40; row++) {
        for (let column = 6; column < 14; column++) {
          sum += pixels[row * SIZE + (SIZE - 1 - column)]! - pixels[row * SIZE + column]!;
        }
      }
      return sum;
    };
    expect(await left(asymmetry, 'centre')).toBeGreaterThan(0.85);
    expect(await left(asymmetry, 'lung-only')).toBeGreaterThan(0.85);
    expect(await left(asymmetry, 'low-pass')).toBeGreaterThan(0.85);
    expect(await left(asymmetry, 'border')).toBe(0.5);
    const shuffled = await left(asymmetry, 'shuffled');
    expect(shuffled).toBeGreaterThan(0.3);
    expect(shuffled).toBeLessThan(0.7);
  });
});

describe('maskPath', () => {
  it('replaces the ending of an image, and nothing else', () => {
    expect(maskPath('m', '00000001_000.png')).toBe(join('m', '00000001_000.png'));
    expect(maskPath('m', 'p10/s5/a.JPG')).toBe(join('m', 'p10/s5/a.png'));
    expect(maskPath('m', '1.2.840.3')).toBe(join('m', '1.2.840.3.png'));
  });
});

describe('an experiment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-degraded-'));
  beforeAll(() => writePhantomSet(join(folder, 'set'), { images: 60, size: 32, seed: 1, masks: true }));
  afterAll(() => rmSync(folder, { recursive: true }));

  const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };
  const run = async (masks: string, degraded: Degradation[], out = 'run') => {
    const document = {
      name: 'tiny',
      model: { size: 'tiny', imageSize: 32, patchSize: 8, dim: 24, depth: 1, heads: 2 },
      datasets: [{ name: 'phantoms', type: 'chestxray14', root: 'set', findings: ['Effusion'], masks }],
      initializations: [{ name: 'random', from: 'random' }],
      finetuning: { epochs: 1, batchSize: 8, learningRate: 0.01 },
      statistics: { redraws: 100, degraded },
    };
    const options = { dataRoot: folder, folder: join(folder, out), progress: silent };
    return (await runExperiment({ ...options, config: checkExperiment(document, 'test') }).done).result;
  };
  const parts = () => readdirSync(join(folder, 'run', 'parts'));
  const part = (degradation: string) =>
    join(folder, 'run', 'parts', parts().find((name) => name.startsWith(`${degradation}-of-phantoms-random`))!);

  it('predicts degraded test images with the model of its first run, once', async () => {
    const asked: Degradation[] = ['border', 'lung-only'];
    const { degraded, cells, shortcuts } = await run('set/masks', asked);
    assertFinite(degraded);
    const ofLungs = shortcuts.filter(({ predictor }) => predictor.startsWith('lung'));
    expect(ofLungs.map(({ predictor, columns }) => `${predictor} ${columns}`)).toEqual([
      'lung-free thumbnail 256',
      'lung-only thumbnail 256',
    ]);
    for (const { meanAuroc, reason } of ofLungs)
      expect([meanAuroc!.estimate, reason]).toEqual([expect.any(Number), undefined]);
    expect(parts().filter((name) => name.startsWith('masks-of-phantoms'))).toHaveLength(1);
    expect(degraded!.map(({ degradation }) => degradation)).toEqual(asked);
    expect(degraded![0]).toMatchObject({
      dataset: 'phantoms',
      initialization: 'random',
      description: 'the outer 3 of 32 pixels on each side; the rest is black',
      run: { seed: 1 },
      meanOver: ['Effusion'],
    });
    expect(degraded![0]!.mean!.plain!.estimate).toBeCloseTo(cells[0]!.meanAuroc!.estimate, 12);
    const own = readPredictions(join(folder, 'run', cells[0]!.runs[0]!.folder, 'predictions.csv'));
    const border = readPredictions(join(part('border'), 'predictions.csv'));
    const test = own.ids.filter((_, row) => own.splits[row] === 'test');
    expect(border.ids).toEqual(test);
    expect(border.labels).toEqual(own.labels.slice(-test.length));
    expect(border.probabilities).not.toEqual(own.probabilities.slice(-test.length));
    const expected = auroc(border.probabilities, border.labels).auroc;
    expect(degraded![0]!.mean!.auroc!.estimate).toBeCloseTo(expected, 12);

    const written = asked.map((it) => statSync(join(part(it), 'predictions.csv')).mtimeMs);
    const before = parts().length;
    unlinkSync(join(folder, 'run', 'result.json'));
    const again = await run('set/masks', asked);
    expect(again.degraded).toEqual(degraded);
    expect(parts()).toHaveLength(before);
    expect(asked.map((it) => statSync(join(part(it), 'predictions.csv')).mtimeMs)).toEqual(written);
  });

  /** A copy of the masks, changed. */
  const masksWith = (name: string, change: (path: (id: string) => string, masks: string) => void) => {
    const masks = join(folder, name);
    cpSync(join(folder, 'set', 'masks'), masks, { recursive: true });
    change((id) => maskPath(masks, id), masks);
    return name;
  };
  const idsOf = async (split: Radiograph['split']) => {
    const { radiographs } = await openRadiographs('chestxray14', { root: join(folder, 'set'), seed: 1 });
    return radiographs.filter((it) => it.split === split).map(({ id }) => id);
  };

  it.each(['test', 'train'] as const)(
    'is refused before it trains where %s radiographs have no mask, with their names',
    async (split) => {
      const ids = await idsOf(split);
      const lacking = ids.slice(0, 7);
      const masks = masksWith(`without ${split}`, (path) => {
        for (const id of lacking) unlinkSync(path(id));
      });
      const role = split === 'train' ? 'training' : 'test';
      const error = await run(masks, ['border'], `run without ${split}`).catch((error) => error);
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toContain(`phantoms: masks: found no mask of 7 of ${ids.length} ${role} radiographs`);
      for (const id of lacking.slice(0, 5)) expect(error.message).toContain(id);
      expect(error.message).not.toContain(lacking[5]);
      expect(error.message).toMatch(/2 more; expected one PNG.*Add the files, or leave out masks of phantoms\./);
      expect(existsSync(join(folder, `run without ${split}`, 'parts'))).toBe(false);
    },
  );

  it('names masks that cannot be read, before it trains', async () => {
    const [id] = (await idsOf('train')) as [string];
    const masks = masksWith('broken', (path) => writeFileSync(path(id), 'no image'));
    await expect(run(masks, [], 'run broken')).rejects.toThrow(new RegExp(`1 of \\d+ that cannot be read: .*${id}`));
    expect(readdirSync(join(folder, 'run broken', 'parts')).some((name) => name.includes('random'))).toBe(false);
  });

  it('without a mask of any training radiograph has none of the lung predictors, and says why', async () => {
    const ids = await idsOf('train');
    const masks = masksWith('test alone', (path) => {
      for (const id of ids) unlinkSync(path(id));
    });
    const { shortcuts } = await run(masks, []);
    const ofLungs = shortcuts.filter(({ predictor }) => predictor.startsWith('lung'));
    expect(ofLungs.map(({ reason }) => reason)).toEqual(
      Array(2).fill(expect.stringMatching(/^\d+ of \d+ radiographs have no mask, such as .* \(train\)/)),
    );
  });

  it('stops at once where the folder of masks is not there', async () => {
    await expect(async () => run('no masks', [])).rejects.toThrow('phantoms: masks: found no folder');
  });

  it('says which radiograph has no mask', () => {
    const ids = ['00000001_000.png', '7.png'];
    const radiographs = ids.map((id) => ({ id, split: 'test' })) as Radiograph[];
    const masks = openMasks(join(folder, 'set', 'masks'), radiographs, Int32Array.of(0, 1), radiographPreprocessing);
    expect(masks).toEqual({ reason: '1 of 2 radiographs have no mask, such as 7.png (test)' });
  });

  it('reads masks as the network sees its images: 1 in the lungs, 0 elsewhere', async () => {
    const radiographs = [{ id: '7.png' }, { id: '00000001_000.png' }] as Radiograph[];
    const rows = Int32Array.of(1);
    const options = { ...radiographPreprocessing, size: 16 };
    const masks = openMasks(join(folder, 'set', 'masks'), radiographs, rows, options) as Masks;
    const mask = await masks.read(1);
    expect(mask).toHaveLength(256);
    expect([...new Set(mask)].sort()).toEqual([0, 1]);
    expect([mask[0], mask[7 * 16 + 3]]).toEqual([0, 1]);
  });
});

it('every degradation has its own description', () => {
  const masks: Masks = { key: '', read: async () => new Uint8Array() };
  const all = DEGRADATIONS.map((it) => imageDegradation(it, shape, { seed: 1, idOf: String, masks }).description);
  expect(new Set(all).size).toBe(DEGRADATIONS.length);
});
