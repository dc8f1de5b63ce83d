import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { entriesOf, fingerprint } from '../../../../test/original.js';
import { expectClose } from '../../../../test/reference.js';
import { InputError } from '../../../base/index.js';
import {
  noGrad,
  ones,
  readSafetensors,
  type StateDict,
  scope,
  withoutInitialization,
  writeSafetensors,
} from '../../../torch/index.js';
import { createBackbone } from '../../architectures.js';
import type { Backbone, Features } from '../../backbone.js';
import { type VitConfig, type VitSize, vitOptions } from '../../vit/config.js';
import { loadWeights } from '../load.js';
import { openWeights } from '../open.js';
import { type Naming, toTheirNames } from './naming.js';
import { NAMINGS } from './namings.js';
import { vitDinov2 } from './vit-dinov2.js';
import { vitTimm, vitTimmGated } from './vit-timm.js';
import { dinov2Transformers, vitTransformers } from './vit-transformers.js';

/** Less than 1e-6 is reached. */
const TOLERANCE = 1e-5;
const FIXTURES = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'hilum-vit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

/** Loads a file, without statistics of the input: the originals were given the normalized images. */
function load(hints = { heads: 2 }) {
  const config = scope(() => ({ ...openWeights(path, { hints }).config, input: null }));
  return loadWeights(path, { config });
}

function expectFeatures(name: string, features: Features, expected: StateDict) {
  for (const [part, tensor] of Object.entries(features)) {
    if (part in expected) expectClose(`${name}/${part}`, tensor, expected[part], TOLERANCE);
  }
}

/** Holds a network to every size that the fixture has. */
function expectSame(backbone: Backbone, stored: StateDict) {
  const sizes = Object.keys(stored).flatMap((name) => /^(\d+x\d+)\/images$/.exec(name)?.[1] ?? []);
  expect(sizes.length).toBeGreaterThan(0);
  for (const size of sizes) {
    const expected = entriesOf(stored, `${size}`);
    noGrad(() => {
      const [first, last] = backbone.layers(expected.images!.to('float32'), [1, 2]) as [Features, Features];
      expectFeatures(size, last, expected);
      expectFeatures(`${size}/layer1`, first, entriesOf(expected, 'layer1'));
    });
  }
}

const FAMILIES: [file: string, variant: string, naming: Naming, config: Partial<VitConfig>][] = [
  ['vit-dinov2', 'mlp', vitDinov2, { layerScale: 1e-5, hidden: 64, interpolation: { offset: 0.1, antialias: false } }],
  ['vit-dinov2', 'swiglu', vitDinov2, { feedForward: 'swiglu', hidden: 48, layerScale: 1e-5 }],
  ['vit-dinov2', 'registers', vitDinov2, { registers: 3, interpolation: { offset: 0, antialias: true } }],
  ['vit-dinov2', 'chunked', vitDinov2, { depth: 2 }],
  ['vit-timm', 'augreg', vitTimm, { layerScale: null, interpolation: { offset: 0, antialias: true } }],
  ['vit-timm', 'giant', vitTimmGated, { feedForward: 'swiglu', hidden: 44 }],
  ['vit-timm', 'reg4', vitTimm, { registers: 4, layerScale: 1e-5 }],
  ['vit-timm', 'registers', vitTimm, { registers: 2, layerScale: null }],
  ['vit-timm', 'deit3', vitTimm, { registers: 0, layerScale: 1e-5 }],
  ['vit-timm', 'distilled', vitTimm, { registers: 1 }],
  ['vit-timm', 'miil', vitTimm, { qkvBias: false }],
  ['vit-transformers', 'vit', vitTransformers, { normEpsilon: 1e-12, interpolation: { offset: 0, antialias: false } }],
  ['vit-transformers', 'dinov2', dinov2Transformers, { normEpsilon: 1e-6, layerScale: 1e-5 }],
  ['vit-transformers', 'giant', dinov2Transformers, { feedForward: 'swiglu', hidden: 48 }],
  [
    'vit-transformers',
    'registers',
    dinov2Transformers,
    { registers: 3, interpolation: { offset: 0, antialias: true } },
  ],
];

/** Read, and written in another form of the same names: without chunks, or with positions where the originals have none. */
const FOLDED = ['vit-dinov2/chunked', 'vit-timm/registers', 'vit-timm/deit3', 'vit-timm/distilled'];

describe.each(FAMILIES)('%s: %s', (file, variant, naming, config) => {
  it('computes what the original computes, at its own and at other sizes', () => {
    scope(() => {
      const stored = entriesOf(readSafetensors(join(FIXTURES, `${file}.safetensors`)).tensors, `${variant}`);
      writeSafetensors(path, entriesOf(stored, 'weights'));
      expect(openWeights(path, { hints: { heads: 2 } })).toMatchObject({ naming, config });
      const { backbone, report } = load();
      expect(report).toMatchObject({ naming: naming.title, leftOver: [] });
      expect(report.dropped.every((name) => name.startsWith('head'))).toBe(true);
      expect(report.initialized.every((name) => name === 'mask_token')).toBe(true);
      expectSame(backbone, stored);
      backbone.free();
    });
  });

  const plain = FOLDED.includes(`${file}/${variant}`) ? [] : [naming];
  it.each(plain)('is written as the original had it, name by name', () => {
    scope(() => {
      const stored = entriesOf(readSafetensors(join(FIXTURES, `${file}.safetensors`)).tensors, `${variant}/weights`);
      writeSafetensors(path, stored);
      const { backbone } = load();
      const written = noGrad(() => toTheirNames(backbone.stateDict(), naming));
      const expected = Object.keys(stored).filter((name) => !name.startsWith('head.'));
      expect(Object.keys(written).sort()).toEqual(expected.sort());
      for (const [name, tensor] of Object.entries(written)) expectClose(name, tensor, stored[name], 0);
      backbone.free();
    });
  });

  it('is the same network after it was written under the other names that can hold it', () => {
    scope(() => {
      const stored = entriesOf(readSafetensors(join(FIXTURES, `${file}.safetensors`)).tensors, `${variant}`);
      writeSafetensors(path, entriesOf(stored, 'weights'));
      const { backbone } = load();
      const [able, unable] = [true, false].map((can) =>
        NAMINGS.filter((to) => to.architecture === 'vit' && (to.refuses?.(backbone.config) === undefined) === can),
      ) as [Naming[], Naming[]];
      expect(unable.length).toBeGreaterThan(0);
      expect(able).toContain(naming);
      for (const to of able) {
        writeSafetensors(
          path,
          noGrad(() => toTheirNames(backbone.stateDict(), to)),
        );
        expect(openWeights(path, { hints: { heads: 2 } }).naming).toBe(to);
        // How positions are interpolated, and the norms' epsilon, are no part of the weights: they stay the network's.
        const again = loadWeights(path, { config: backbone.config });
        expect(again.report.leftOver).toEqual([]);
        expectSame(again.backbone, stored);
        again.backbone.free();
      }
      backbone.free();
    });
  });
});

describe('at full size, names and shapes are those of the published files', () => {
  const size = (name: string) => ({ s: 'small', b: 'base', l: 'large', g: 'giant' })[name] as VitSize;

  const OF_DINOV2 = (name: string): VitConfig => {
    const [, letter, registers] = /^dinov2_vit(.)14(_reg)?$/.exec(name)!;
    return { size: size(letter!), patchSize: 14, imageSize: 518, layerScale: 1, registers: registers ? 4 : 0 };
  };

  const OF_TIMM = (name: string): VitConfig => {
    const [, of, patch, rest] = /^(?:vit|deit)_(\w+?)_patch(\d+)_(.*)$/.exec(name)!;
    const dinov2 = rest!.endsWith('dinov2');
    return {
      size: of as VitSize,
      patchSize: Number(patch),
      imageSize: dinov2 ? 518 : Number.parseInt(rest!, 10),
      layerScale: dinov2 ? 1e-5 : null,
      registers: rest!.startsWith('reg4') ? 4 : 0,
      qkvBias: !rest!.endsWith('miil'),
    };
  };

  const OF_TRANSFORMERS = (name: string): VitConfig => {
    const google = /^google\/vit-(\w+)-patch(\d+)-(\d+)/.exec(name);
    if (google) return { size: google[1] as VitSize, patchSize: Number(google[2]), imageSize: Number(google[3]) };
    const of = (name === 'microsoft/rad-dino' ? 'base' : name.split('-').at(-1)) as VitSize;
    const registers = name.includes('registers') ? 4 : 0;
    return { size: of, patchSize: 14, imageSize: 518, layerScale: 1, registers };
  };

  const FAMILY = [
    ['dinov2', OF_DINOV2],
    ['timm', OF_TIMM],
    ['transformers', OF_TRANSFORMERS],
  ] as const;
  const published = FAMILY.flatMap(([family, of]) => {
    const names = JSON.parse(readFileSync(join(FIXTURES, `vit-${family}-names.json`), 'utf8'));
    return Object.entries<Record<string, unknown>>(names).map(
      ([name, expected]) => [name, family, of(name), expected] as const,
    );
  });

  it.each(published)('%s', (_, family, config, expected) => {
    const backbone = withoutInitialization(() => createBackbone({ architecture: 'vit', ...config }));
    scope(() => {
      const naming = NAMINGS.find((each) => each.name === family && each.refuses?.(backbone.config) === undefined)!;
      const state = noGrad(() => toTheirNames(backbone.stateDict(), naming));
      const sha256 = fingerprint(state);
      const parameters = Object.values(state).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect({ parameters, sha256 }).toEqual(expected);
      const shapes = new Map(Object.entries(state).map(([name, { shape }]) => [name, shape]));
      expect(NAMINGS.find(({ recognizes }) => recognizes(shapes))).toBe(naming);
      const {
        interpolation: _i,
        normEpsilon: _e,
        layerScale: _l,
        ...found
      } = vitOptions(naming.describe(shapes, {}) as VitConfig);
      expect(vitOptions(config)).toMatchObject(found);
    });
    backbone.free();
  });
});

describe('a file of a vision transformer', () => {
  const dinov2 = () => entriesOf(readSafetensors(join(FIXTURES, 'vit-dinov2.safetensors')).tensors, 'mlp');
  const ofTransformers = () =>
    entriesOf(readSafetensors(join(FIXTURES, 'vit-transformers.safetensors')).tensors, 'vit');
  const withPrefix = (state: StateDict, prefix: string): StateDict =>
    Object.fromEntries(Object.entries(state).map(([name, tensor]) => [prefix + name, tensor]));

  it('may be the teacher of a training, beside its student and its heads', () => {
    scope(() => {
      const weights = entriesOf(dinov2(), 'weights');
      writeSafetensors(path, {
        ...withPrefix(
          Object.fromEntries(Object.entries(weights).map(([k, v]) => [k, v.zerosLike()])),
          'student.backbone.',
        ),
        ...withPrefix(weights, 'teacher.backbone.'),
        'teacher.dino_head.mlp.0.weight': ones([2]),
        'teacher.ibot_head.mlp.0.weight': ones([2]),
      });
      const { backbone, report } = load();
      expect(report.dropped.length).toBe(2);
      expectSame(backbone, dinov2());
      backbone.free();
    });
  });

  it('may be the classifier of the hub or of transformers', () => {
    scope(() => {
      writeSafetensors(path, {
        ...withPrefix(entriesOf(dinov2(), 'weights'), 'backbone.'),
        'linear_head.weight': ones([3, 32]),
        'linear_head.bias': ones([3]),
      });
      const classifier = load();
      expect(classifier.report.dropped).toEqual(['linear_head.weight', 'linear_head.bias']);
      expectSame(classifier.backbone, dinov2());
      classifier.backbone.free();
      writeSafetensors(path, {
        ...withPrefix(entriesOf(ofTransformers(), 'weights'), 'vit.'),
        'vit.pooler.dense.weight': ones([16, 16]),
        'classifier.weight': ones([3, 16]),
      });
      const { backbone, report } = load();
      expect(report.dropped.sort()).toEqual(['classifier.weight', 'pooler.dense.weight']);
      expectSame(backbone, ofTransformers());
      backbone.free();
    });
  });

  it('of transformers has its heads and its epsilon from config.json', () => {
    const config = join(folder, 'config.json');
    const hints = { num_attention_heads: 4, layer_norm_eps: 1e-5, hidden_act: 'gelu' };
    scope(() => {
      writeSafetensors(path, entriesOf(ofTransformers(), 'weights'));
      writeFileSync(config, JSON.stringify(hints));
      expect(openWeights(path).config).toMatchObject({ heads: 4, normEpsilon: 1e-5 });
      expect(openWeights(path, { hints: { heads: 2 } }).config).toMatchObject({ heads: 2 });
      writeFileSync(config, JSON.stringify({ ...hints, hidden_act: 'quick_gelu' }));
      expect(() => openWeights(path)).toThrow('config.json: hidden_act: found "quick_gelu"; expected "gelu"');
      rmSync(config);
      expect(() => loadWeights(path)).toThrow('found no heads');
    });
  });

  const timm = () => entriesOf(readSafetensors(join(FIXTURES, 'vit-timm.safetensors')).tensors, 'augreg/weights');
  const refused: [string, () => StateDict, string][] = [
    ['CLIP', () => ({ ...timm(), 'norm_pre.weight': ones([16]) }), 'norm_pre.weight: found a norm before the blocks'],
    ['pooled', () => ({ ...timm(), 'fc_norm.weight': ones([16]) }), 'fc_norm.weight: found a norm after the mean'],
    ['of no grid', () => ({ ...timm(), pos_embed: ones([1, 7, 16]) }), 'pos_embed: found [1,7,16]'],
    [
      'without a class token',
      () => Object.fromEntries(Object.entries(timm()).filter(([name]) => name !== 'cls_token')),
      'missing: cls_token',
    ],
    ['of more', () => ({ ...timm(), 'blocks.0.attn.rope.freqs': ones([4]) }), 'unexpected: blocks.0.attn.rope.freqs'],
  ];
  it.each(refused)('is refused with the reason: %s', (_, state, message) => {
    scope(() => {
      writeSafetensors(path, state());
      const build = () => loadWeights(path, { hints: { heads: 2 } });
      expect(build).toThrow(InputError);
      expect(build).toThrow(message);
    });
  });

  const base: VitConfig = { size: 'base', imageSize: 224 };
  const reasons: [Naming, Partial<VitConfig>, string | undefined][] = [
    [vitDinov2, { normEpsilon: 1e-12 }, "its norms have an epsilon of 1e-12, and DINOv2's code always has 1e-6"],
    [vitDinov2, {}, undefined],
    [vitTimm, { feedForward: 'swiglu' }, 'its feed-forward layers are gated'],
    [vitTimmGated, {}, 'its feed-forward layers are not gated'],
    [vitTransformers, { registers: 4 }, 'ViTModel has no registers'],
    [vitTransformers, { feedForward: 'swiglu' }, 'ViTModel has no gated feed-forward layers'],
    [vitTransformers, { layerScale: 1 }, 'ViTModel has no LayerScale'],
    [dinov2Transformers, {}, 'Dinov2Model has LayerScale in every block'],
    [
      dinov2Transformers,
      { layerScale: 1, feedForward: 'swiglu', hidden: 100 },
      "Dinov2Model's gated layers have another width than 100 beside 768",
    ],
  ];
  it.each(reasons)('%#: is not written where the network does not fit the names', (naming, config, reason) => {
    expect(naming.refuses!({ architecture: 'vit', ...base, ...config })).toBe(reason);
  });

  it('of transformers comes with the config.json that its code reads', () => {
    expect(vitTransformers.configFile!({ architecture: 'vit', ...base, normEpsilon: 1e-12 })).toEqual({
      architectures: ['ViTModel'],
      model_type: 'vit',
      hidden_size: 768,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      intermediate_size: 3072,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      qkv_bias: true,
      image_size: 224,
      patch_size: 16,
      num_channels: 3,
    });
    const giant = { size: 'giant', imageSize: 518, patchSize: 14, layerScale: 1, registers: 4 } as const;
    expect(dinov2Transformers.configFile!({ architecture: 'vit', ...giant })).toMatchObject({
      architectures: ['Dinov2WithRegistersModel'],
      model_type: 'dinov2_with_registers',
      hidden_size: 1536,
      mlp_ratio: 4,
      use_swiglu_ffn: true,
      num_register_tokens: 4,
    });
  });
});
