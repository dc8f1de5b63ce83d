import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { entriesOf, fingerprint } from '../../../../test/original.js';
import { expectClose } from '../../../../test/reference.js';
import {
  liveTensors,
  noGrad,
  ones,
  readSafetensors,
  type StateDict,
  scope,
  toFloat32Array,
  withoutInitialization,
  writeSafetensors,
} from '../../../torch/index.js';
import { createBackbone } from '../../architectures.js';
import type { Backbone, Features } from '../../backbone.js';
import type { ModelConfig } from '../../config.js';
import type { ConvNextSize } from '../../convnext/config.js';
import type { Dinov3VitSize } from '../../dinov3-vit/config.js';
import { loadWeights } from '../load.js';
import { openWeights } from '../open.js';
import { convNext, convNextDinov3 } from './convnext.js';
import { convNextTimm } from './convnext-timm.js';
import { convNextDinov3Transformers, convNextTransformers } from './convnext-transformers.js';
import { dinov3Vit } from './dinov3-vit.js';
import { dinov3VitTimm } from './dinov3-vit-timm.js';
import { dinov3VitTransformers } from './dinov3-vit-transformers.js';
import { type Naming, toTheirNames } from './naming.js';
import { NAMINGS } from './namings.js';

/** About 1e-6 is reached. */
const TOLERANCE = 1e-5;
const FIXTURES = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'hilum-dinov3-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

const fixture = (file: string, variant: string): StateDict =>
  entriesOf(readSafetensors(join(FIXTURES, `${file}.safetensors`)).tensors, `${variant}`);

/** Loads the file, without statistics of the input: the originals were given the images as they are. */
function load(hints = {}) {
  const config = scope(() => ({ ...openWeights(path, { hints }).config, input: null }));
  return loadWeights(path, { config });
}

/** What neither shapes nor a width of published networks tell. */
const hintsOf = (file: string) => (file.startsWith('dinov3-vit') ? { heads: 2 } : {});

/** Holds a network to every size that the fixture has, and to the layers between. */
function expectSame(backbone: Backbone, stored: StateDict, tolerance = TOLERANCE) {
  const sizes = Object.keys(stored).flatMap((name) => /^(\d+x\d+)\/images$/.exec(name)?.[1] ?? []);
  expect(sizes.length).toBeGreaterThan(0);
  for (const size of sizes) {
    const expected = entriesOf(stored, `${size}`);
    const layers = backbone.config.architecture === 'convnext' ? [1, 2, 4, 5] : [1, 2];
    scope(() =>
      noGrad(() => {
        const images = expected.images!.to('float32');
        expectFeatures(size, backbone.features(images), expected, tolerance);
        if (!expected['layers/0/classToken']) return;
        for (const [i, features] of backbone.layers(images, layers).entries()) {
          expectFeatures(`${size}/${i}`, features, entriesOf(expected, `layers/${i}`), tolerance);
        }
      }),
    );
  }
}

function expectFeatures(name: string, features: Features, expected: StateDict, tolerance: number) {
  for (const [part, tensor] of Object.entries(features)) {
    if (expected[part]) expectClose(`${name}/${part}`, tensor, expected[part], tolerance);
  }
}

const VIT = { architecture: 'dinov3-vit', patchSize: 8, dim: 32, depth: 2, heads: 2 };
const SWIGLU = { ...VIT, feedForward: 'swiglu', hidden: 64 };
const CONVNEXT = { architecture: 'convnext', depths: [1, 2, 4, 1], dims: [8, 16, 24, 32] };
const FAMILIES: [file: string, variant: string, naming: Naming, config: object, dropped: string[]][] = [
  ['dinov3-vit', 'mlp', dinov3Vit, { ...VIT, registers: 4, queryBias: true, keyBias: false, hidden: 128 }, []],
  [
    'dinov3-vit',
    'swiglu',
    dinov3Vit,
    { ...SWIGLU, registers: 2, queryBias: false, untiedNorms: true },
    ['local_cls_norm.weight', 'local_cls_norm.bias'],
  ],
  ['dinov3-vit', 'bare', dinov3Vit, { ...VIT, registers: 0, queryBias: true, keyBias: true }, []],
  ['dinov3-vit-timm', 'mlp', dinov3VitTimm, { ...VIT, registers: 4, queryBias: false }, []],
  ['dinov3-vit-timm', 'qkvb', dinov3VitTimm, { ...VIT, queryBias: true }, []],
  ['dinov3-vit-timm', 'swiglu', dinov3VitTimm, { ...SWIGLU, hidden: 128 }, []],
  ['dinov3-vit-transformers', 'mlp', dinov3VitTransformers, { ...VIT, queryBias: true, hidden: 128 }, []],
  ['dinov3-vit-transformers', 'gated', dinov3VitTransformers, { ...SWIGLU, queryBias: false }, []],
  ['convnext', 'convnext', convNext, CONVNEXT, ['head.weight', 'head.bias']],
  ['convnext-dinov3', 'convnext', convNextDinov3, CONVNEXT, []],
  ['convnext-timm', 'convnext', convNextTimm, CONVNEXT, ['head.fc.weight', 'head.fc.bias']],
  ['convnext-transformers', 'convnext', convNextTransformers, { ...CONVNEXT, finalNormEpsilon: 1e-12 }, []],
  ['convnext-transformers', 'dinov3', convNextDinov3Transformers, CONVNEXT, []],
];

const periodsOf = (backbone: Backbone): StateDict => {
  const name = 'rope_embed.periods';
  return { [name]: backbone.stateDict()[name]! };
};

/** What a file may lack: hilum keeps it, and the other code computes it or has it for pretraining alone. */
const UNSTORED = /^(mask_token|rope_embed\.periods|blocks\.\d+\.attn\.qkv\.bias_mask)$/;

describe.each(FAMILIES)('%s: %s', (file, variant, naming, config, dropped) => {
  it('computes what the original computes, at its own and at other sizes', () => {
    const before = liveTensors();
    scope(() => {
      const stored = fixture(file, variant);
      writeSafetensors(path, entriesOf(stored, 'weights'));
      expect(openWeights(path, { hints: hintsOf(file) })).toMatchObject({ naming, config });
      const { backbone, report } = load(hintsOf(file));
      expect(report).toMatchObject({ naming: naming.title, leftOver: [], dropped });
      expect(report.initialized.filter((name) => !UNSTORED.test(name))).toEqual([]);
      expectSame(backbone, stored);
      backbone.free();
    });
    expect(liveTensors()).toBe(before);
  });

  it('is the same network after it was written under all names that can hold it, and the same entries under its own', () => {
    scope(() => {
      const stored = fixture(file, variant);
      const weights = entriesOf(stored, 'weights');
      writeSafetensors(path, weights);
      const { backbone } = load(hintsOf(file));
      const able = NAMINGS.filter(
        (to) => to.architecture === naming.architecture && to.refuses?.(backbone.config) === undefined,
      );
      expect(able).toContain(naming);
      for (const to of able) {
        const written = noGrad(() => toTheirNames(backbone.stateDict(), to));
        if (to === naming) {
          const kept = Object.keys(weights).filter((name) => !dropped.includes(name));
          expect(Object.keys(written).sort()).toEqual(kept.sort());
          for (const name of kept) expectClose(name, written[name]!, weights[name]!.to('float32'), 0);
        }
        writeSafetensors(path, written);
        expect(openWeights(path, { hints: hintsOf(file) }).naming).toBe(to);
        const again = loadWeights(path, { config: backbone.config });
        expect(again.report.leftOver).toEqual([]);
        // Only DINOv3's own files store the periods, and those of the fixture are not the usual ones.
        if (stored['weights/rope_embed.periods'] && to !== dinov3Vit) {
          noGrad(() => again.backbone.loadStateDict({ ...again.backbone.stateDict(), ...periodsOf(backbone) }));
        }
        expectSame(again.backbone, stored);
        again.backbone.free();
      }
      backbone.free();
    });
  });
});

describe('at full size, names and shapes are those of the published files', () => {
  const PLUS = { s: 'small', b: 'base', l: 'large', h: 'huge', '7b': '7b' } as Record<string, string>;

  function ofVit(name: string): ModelConfig {
    const timm = /^vit_(7b|small|base|large|huge)(_plus)?_patch16_dinov3(_qkvb)?$/.exec(name);
    const [, of, plus] = timm ?? /vit(s|b|l|h|7b)16(plus)?/.exec(name)!;
    const size = `${PLUS[of!] ?? of}${plus ? '-plus' : ''}` as Dinov3VitSize;
    return { architecture: 'dinov3-vit', size, imageSize: 224, ...(timm && { queryBias: timm[3] !== undefined }) };
  }

  function ofConvNext(name: string): ModelConfig {
    const [size] = /tiny|small|base|xlarge|large/.exec(name)!;
    const shape =
      size === 'xlarge' ? { depths: [3, 3, 27, 3], dims: [256, 512, 1024, 2048] } : { size: size as ConvNextSize };
    const finalNormEpsilon = name.startsWith('facebook/convnext') ? 1e-12 : 1e-6;
    return { architecture: 'convnext', imageSize: 224, finalNormEpsilon, ...shape };
  }

  const namings: [file: string, of: (name: string) => ModelConfig, naming: (name: string) => Naming][] = [
    ['dinov3-vit', ofVit, () => dinov3Vit],
    ['dinov3-vit-timm', ofVit, () => dinov3VitTimm],
    ['dinov3-vit-transformers', ofVit, () => dinov3VitTransformers],
    ['convnext', ofConvNext, () => convNext],
    ['convnext-dinov3', ofConvNext, () => convNextDinov3],
    ['convnext-timm', ofConvNext, () => convNextTimm],
    [
      'convnext-transformers',
      ofConvNext,
      (name) => (name.includes('dinov3') ? convNextDinov3Transformers : convNextTransformers),
    ],
  ];
  const published = namings.flatMap(([file, of, naming]) =>
    Object.entries<object>(JSON.parse(readFileSync(join(FIXTURES, `${file}-names.json`), 'utf8'))).map(
      ([name, expected]) => [name, file, of(name), naming(name), expected] as const,
    ),
  );

  it.each(published)('%s, %s', (name, _, config, naming, expected) => {
    const backbone = withoutInitialization(() => createBackbone(config));
    scope(() => {
      const state = noGrad(() => toTheirNames(backbone.stateDict(), naming));
      // The norm of small crops in pretraining, which the 7B files alone still have, is no part of the network here.
      const local = name === 'dinov3_vit7b16' ? { 'local_cls_norm.weight': [4096], 'local_cls_norm.bias': [4096] } : {};
      const shapes = new Map<string, readonly number[]>([
        ...Object.entries(state).map(([entry, { shape }]) => [entry, shape] as const),
        ...Object.entries(local),
      ]);
      const sha256 = fingerprint(Object.fromEntries([...shapes].map(([entry, shape]) => [entry, { shape }])));
      const parameters = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect({ parameters, sha256 }).toEqual(expected);
      expect(NAMINGS.filter(({ recognizes }) => recognizes(shapes))).toEqual([naming]);
      const again = withoutInitialization(() => createBackbone(naming.describe(shapes, {})));
      expect(again.config).toEqual(backbone.config);
      again.free();
    });
    backbone.free();
  });
});

describe('a file of these families', () => {
  it('of transformers 5, and of a classifier, is read as well', () => {
    scope(() => {
      const vit = fixture('dinov3-vit-transformers', 'gated');
      const renamed = Object.entries(entriesOf(vit, 'weights')).map(([name, tensor]) => [
        name.replace(/^layer\./, 'model.layer.'),
        tensor,
      ]);
      writeSafetensors(path, Object.fromEntries(renamed));
      const { backbone } = load({ heads: 2 });
      expectSame(backbone, vit);
      backbone.free();
      const convnext = fixture('convnext-transformers', 'convnext');
      const prefixed = Object.entries(entriesOf(convnext, 'weights')).map(([name, tensor]) => [
        `convnext.${name}`,
        tensor,
      ]);
      writeSafetensors(path, { ...Object.fromEntries(prefixed), 'classifier.weight': ones([2, 32]) });
      const classifier = load();
      expect(classifier.report.dropped).toEqual(['classifier.weight']);
      expectSame(classifier.backbone, convnext);
      classifier.backbone.free();
    });
  });

  it('has its epsilon and its heads from config.json, and is refused where that tells of another network', () => {
    const config = join(folder, 'config.json');
    scope(() => {
      writeSafetensors(path, entriesOf(fixture('convnext-transformers', 'convnext'), 'weights'));
      writeFileSync(config, JSON.stringify({ layer_norm_eps: 1e-6 }));
      expect(openWeights(path).config).toMatchObject({ finalNormEpsilon: 1e-6 });
      writeSafetensors(path, entriesOf(fixture('dinov3-vit-transformers', 'gated'), 'weights'));
      writeFileSync(config, JSON.stringify({ num_attention_heads: 4, image_size: 64, hidden_act: 'silu' }));
      expect(openWeights(path).config).toMatchObject({ heads: 4, imageSize: 64 });
      writeFileSync(config, JSON.stringify({ rope_theta: 10000 }));
      expect(() => openWeights(path)).toThrow('config.json: rope_theta: found 10000; expected 100');
      rmSync(config);
    });
  });

  it('without heads told by anything is refused', () => {
    scope(() => {
      writeSafetensors(path, entriesOf(fixture('dinov3-vit-timm', 'mlp'), 'weights'));
      expect(() => loadWeights(path)).toThrow('found no heads');
    });
  });

  it('keeps the periods of DINOv3’s own files, which are rounded, and computes the others', () => {
    scope(() => {
      const weights = entriesOf(fixture('dinov3-vit', 'mlp'), 'weights');
      writeSafetensors(path, weights);
      const { backbone } = load();
      expectClose(
        'periods',
        backbone.stateDict()['rope_embed.periods']!,
        weights['rope_embed.periods']!.to('float32'),
        0,
      );
      backbone.free();
      writeSafetensors(path, entriesOf(fixture('dinov3-vit-timm', 'mlp'), 'weights'));
      const timm = load({ heads: 2 });
      const periods = toFloat32Array(timm.backbone.stateDict()['rope_embed.periods']!);
      for (const [i, period] of periods.entries()) expect(period).toBeCloseTo(100 ** (i / 4), 5);
      timm.backbone.free();
    });
  });
});
