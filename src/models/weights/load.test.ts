import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/reference.js';
import { InputError } from '../../base/index.js';
import {
  liveTensors,
  manualSeed,
  ones,
  randn,
  readSafetensors,
  type StateDict,
  scope,
  toFloat32Array,
  writeSafetensors,
} from '../../torch/index.js';
import { Classifier } from '../classifier.js';
import { vitOptions } from '../vit/config.js';
import { interpolatePositions } from '../vit/position-embedding.js';
import { VisionTransformer } from '../vit/vision-transformer.js';
import { loadBackbone, saveBackbone } from './load.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

const models: VisionTransformer[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.free();
});
function backbone(imageSize = 32, more: { registers?: number; layerScale?: number; dim?: number } = {}) {
  const size = { size: 'tiny', patchSize: 8, dim: 16, depth: 2, heads: 2 } as const;
  const model = new VisionTransformer(vitOptions({ ...size, imageSize, ...more }));
  models.push(model);
  return model;
}

function fails(work: () => unknown): string {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InputError);
  expect((thrown as Error).message).toContain(path);
  return (thrown as Error).message;
}

describe('a backbone in a file', () => {
  it('comes back as it was, and gives the same features', () => {
    manualSeed(1);
    const [saved, loaded] = [
      backbone(32, { registers: 2, layerScale: 0.5 }),
      backbone(32, { registers: 2, layerScale: 1 }),
    ];
    saveBackbone(saved, path, { seed: '1' });
    const before = liveTensors();
    const report = loadBackbone(loaded, path);
    expect(liveTensors()).toBe(before);
    expect(report).toMatchObject({
      matched: Object.keys(saved.stateDict()).length,
      dropped: [],
      renamed: [],
      leftOver: [],
    });
    scope(() => {
      const image = randn([1, 3, 32, 32], 'float32');
      expect(toFloat32Array(loaded.forward(image))).toEqual(toFloat32Array(saved.forward(image)));
      expect(readSafetensors(path).metadata).toMatchObject({ seed: '1', model: JSON.stringify(saved.config) });
    });
  });

  it('trains after loading, without touching the file', () => {
    const model = backbone();
    saveBackbone(model, path, {});
    loadBackbone(model, path);
    scope(() => {
      const before = toFloat32Array(readSafetensors(path).tensors.cls_token!);
      model.cls_token.detach().add_(1);
      expect(model.cls_token.requiresGrad).toBe(true);
      expect(toFloat32Array(readSafetensors(path).tensors.cls_token!)).toEqual(before);
    });
  });

  it('may carry the prefix and the heads of its training', () => {
    manualSeed(2);
    const [trained, loaded] = [backbone(), backbone()];
    const classifier = new Classifier(trained, 5);
    const heads = { 'dino_head.last.weight': ones([2]), 'ibot_head.x': ones([1]), 'projector.0.weight': ones([3]) };
    writeSafetensors(path, { ...classifier.stateDict(), ...heads });
    const report = loadBackbone(loaded, path);
    expect(report.dropped.sort()).toEqual(['head.weight', 'head.bias', ...Object.keys(heads)].sort());
    expect(report.matched).toBe(Object.keys(trained.stateDict()).length);
    for (const [name, value] of trained.namedParameters()) expectClose(name, loaded.stateDict()[name]!, value, 0);
    classifier.head.free();
  });

  it('needs no mask token, which only pretraining uses', () => {
    const [saved, loaded] = [backbone(), backbone()];
    const { mask_token: _, ...rest } = saved.stateDict();
    writeSafetensors(path, rest);
    const own = toFloat32Array(loaded.mask_token);
    expect(loadBackbone(loaded, path).matched).toBe(Object.keys(rest).length);
    expect(toFloat32Array(loaded.mask_token)).toEqual(own);
  });

  it.each([
    [48, 32],
    [32, 48],
  ])('has its positions brought from %d px to %d px', (from, to) => {
    manualSeed(3);
    const [saved, loaded] = [backbone(from), backbone(to)];
    saveBackbone(saved, path, {});
    const report = loadBackbone(loaded, path);
    expect(report.interpolated).toBe(`${from / 8} x ${from / 8} to ${to / 8} x ${to / 8}`);
    scope(() => {
      const expected = interpolatePositions(saved.pos_embed, [to / 8, to / 8], loaded.options.interpolation);
      expectClose('pos_embed', loaded.pos_embed, expected, 0);
    });
    expect(toFloat32Array(loaded.cls_token)).toEqual(toFloat32Array(saved.cls_token));
  });

  it('may be of half precision', () => {
    manualSeed(4);
    const [saved, loaded] = [backbone(32), backbone(48)];
    scope(() => {
      const half = Object.entries(saved.stateDict()).map(([name, value]) => [name, value.to('bfloat16')] as const);
      writeSafetensors(path, Object.fromEntries(half));
    });
    loadBackbone(loaded, path);
    expect(loaded.pos_embed.dtype).toBe('float32');
    expectClose('weight', loaded.patch_embed.proj.weight, saved.patch_embed.proj.weight, 2 ** -8);
  });
});

describe('a file that does not fit is refused, by its name, and changes nothing', () => {
  const cases: [string, (state: StateDict) => StateDict, string][] = [
    [
      'of another width',
      () => backbone(32, { dim: 24 }).stateDict(),
      'of another shape: cls_token [1,1,24], expected [1,1,16]',
    ],
    ['with LayerScale', () => backbone(32, { layerScale: 1 }).stateDict(), 'unexpected: blocks.0.ls1.gamma'],
    ['with registers', () => backbone(32, { registers: 4 }).stateDict(), 'unexpected: register_tokens'],
    ['without a part', ({ 'norm.bias': _, ...rest }) => rest, 'missing: norm.bias'],
    [
      'with positions that are no grid',
      (state) => ({ ...state, pos_embed: ones([1, 9, 16]) }),
      'pos_embed: found [1,9,16]',
    ],
    [
      'with the position of the class token alone',
      (state) => ({ ...state, pos_embed: ones([1, 1, 16]) }),
      'pos_embed: found [1,1,16]',
    ],
    [
      'with positions of another kind',
      (state) => ({ ...state, pos_embed: ones([17, 16]) }),
      'pos_embed [17,16], expected [1,17,16]',
    ],
    ['with flat positions', (state) => ({ ...state, pos_embed: ones([16]) }), 'pos_embed [16], expected [1,17,16]'],
    [
      'with positions of no dimension',
      (state) => ({ ...state, pos_embed: ones([]) }),
      'pos_embed [], expected [1,17,16]',
    ],
    ['with nothing in it', () => ({}), 'found no tensors'],
    [
      'with a name such as __proto__',
      (state) => Object.fromEntries([...Object.entries(state), ['__proto__', ones([1])]]),
      'unexpected: __proto__',
    ],
  ];
  it.each(cases)('%s', (_, change, expected) => {
    const [model, other] = [backbone(), backbone()];
    scope(() => writeSafetensors(path, change(other.stateDict())));
    const before = model.parameters().map(toFloat32Array);
    const live = liveTensors();
    expect(fails(() => loadBackbone(model, path))).toContain(expected);
    expect(model.parameters().map(toFloat32Array)).toEqual(before);
    expect(liveTensors()).toBe(live);
  });

  it('that is no safetensors file', () => {
    writeFileSync(path, 'PK\u0003\u0004 a checkpoint of another kind');
    expect(fails(() => loadBackbone(backbone(), path))).toContain('expected a safetensors file');
    rmSync(path);
    expect(fails(() => loadBackbone(backbone(), path))).toContain('no such file');
  });
});

describe('a configuration', () => {
  it('has the number of parameters of the published DINOv2 of its size', () => {
    const model = new VisionTransformer(vitOptions({ size: 'small', patchSize: 14, imageSize: 518, layerScale: 1 }));
    expect(model.parameterCount()).toBe(22_056_576);
    model.free();
  });

  it('that does not fit is refused with what would', () => {
    expect(() => vitOptions({ size: 'small', imageSize: 100, patchSize: 14 })).toThrow(
      'model: imageSize: found 100; expected a multiple of patchSize 14. Use 98.',
    );
    expect(() => vitOptions({ size: 'small', imageSize: 96, heads: 5 })).toThrow('model: dim: found 384');
  });

  it('interpolates as the published checkpoints: with an offset, or, with registers, with antialias', () => {
    expect(vitOptions({ size: 'tiny', imageSize: 96 }).interpolation).toEqual({ offset: 0.1, antialias: false });
    expect(vitOptions({ size: 'tiny', imageSize: 96, registers: 4 }).interpolation).toEqual({
      offset: 0,
      antialias: true,
    });
  });
});

it('a classifier gives the same first predictions from every start: its head is zero', () => {
  const classifier = new Classifier(backbone(), 3);
  scope(() => {
    const logits = classifier.forward(randn([2, 3, 32, 32], 'float32'));
    expect([...logits.shape]).toEqual([2, 3]);
    expect(new Set(toFloat32Array(logits))).toEqual(new Set([0]));
  });
  classifier.head.free();
});
