import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { vitDinov2 } from './namings/vit-dinov2.js';
import { vitTimm } from './namings/vit-timm.js';
import { publishedInput } from './published-input.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-input-'));
const path = join(folder, 'model.safetensors');
const beside = join(folder, 'preprocessor_config.json');
afterEach(() => rmSync(beside, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const statistics = { mean: [0.5307, 0.5307, 0.5307], std: [0.2583, 0.2583, 0.2583] };
const ofTransformers = (more: object) => {
  writeFileSync(beside, JSON.stringify({ image_mean: statistics.mean, image_std: statistics.std, ...more }));
  return publishedInput(path, undefined, vitTimm, undefined);
};
const source = 'preprocessor_config.json';

describe('what weights expect of their images', () => {
  it('is what the table of published weights says, before all else', () => {
    const row = { statistics: null, size: 224, interpolation: 'bicubic', fit: 'crop', crop: 0.9 } as const;
    expect(ofTransformers({})).toMatchObject({ statistics });
    expect(publishedInput(path, undefined, vitTimm, row)).toEqual({ ...row, source: 'the table of published weights' });
  });

  it.each<[string, object, object]>([
    [
      "Dinov2's: the shorter side resized, the centre cut out",
      { size: { shortest_edge: 256 }, do_center_crop: true, crop_size: { height: 224, width: 224 }, resample: 3 },
      { size: 224, crop: 224 / 256, fit: 'crop', interpolation: 'bicubic' },
    ],
    [
      "ViT's: both sides resized",
      { size: { height: 224, width: 224 }, resample: 2 },
      { size: 224, crop: 1, fit: 'stretch', interpolation: 'bilinear' },
    ],
    ['that of old releases: one number', { size: 224 }, { size: 224, crop: 1, fit: 'stretch' }],
    ['one with sizes of another kind', { size: { longest_edge: 300 }, resample: 9 }, {}],
  ])('is read from %s', (_, config, expected) => {
    expect(ofTransformers(config)).toEqual({ statistics, source, ...expected });
  });

  it('is 0..1 where nothing is normalized', () => {
    expect(ofTransformers({ do_normalize: false })).toEqual({ statistics: null, source });
  });

  it("is read from timm's pretrained_cfg", () => {
    const pretrained_cfg = { ...statistics, input_size: [3, 256, 256], interpolation: 'bicubic', crop_pct: 0.95 };
    expect(publishedInput(path, { pretrained_cfg }, vitTimm, undefined)).toEqual({
      statistics,
      size: 256,
      interpolation: 'bicubic',
      crop: 0.95,
      fit: 'crop',
      source: 'config.json (pretrained_cfg)',
    });
  });

  it('is what holds for the whole naming, or unknown, where no file says it', () => {
    expect(publishedInput(path, undefined, vitDinov2, undefined)).toEqual({
      statistics: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      source: vitDinov2.title,
    });
    expect(publishedInput(path, undefined, vitTimm, undefined)).toEqual({ statistics: undefined, source: '' });
    expect(ofTransformers({ image_mean: ['0.5'], image_std: null })).toEqual({ statistics: undefined, source: '' });
  });
});
